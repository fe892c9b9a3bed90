"""Reads what enforcing a lock needs from this machine: the lock, and the settings of every scope.

A client started here reads its own four files, whatever options the lock was compiled with, so all
of them are read. Starting the client is done in `launch` and `client`.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from qwenlock.clients.profile import NEWEST, profile
from qwenlock.edge.enforcing_marks import as_without, mark_of
from qwenlock.edge.files import MAX_LOCK_BYTES, read_bytes, read_document
from qwenlock.edge.places import Flags, as_typed, locate, system_file
from qwenlock.edge.reader import Reader
from qwenlock.enforce.enforcing import enforcing_settings, over
from qwenlock.findings.errors import QwenlockError
from qwenlock.lock import NAME, text
from qwenlock.lock.options import Options
from qwenlock.settings.enforced import marked
from qwenlock.settings.project import Project
from qwenlock.settings.versions import source_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qwenlock.clients.profile import Profile
    from qwenlock.lock.model import Lock
    from qwenlock.settings.project import Places
    from qwenlock.settings.scopes import Source


class Machine(NamedTuple):
    """The settings of every scope that a client started in a project could read.

    Attributes:
        places: where the client keeps its files.
        found: the settings of the files that exist, by their paths.
        files: every file that was looked for.
    """

    places: Places
    found: Mapping[Path, Source]
    files: tuple[Path, ...]

    def enforcing(self, lock: Lock, directory: Path, over: str | None = None) -> dict[str, Any]:
        """Return the settings that enforce `lock` on this machine, marked as such.

        Args:
            lock: the lock.
            directory: its project.
            over: the system file that the settings will be merged over.
        """
        settings = enforcing_settings(lock, [each.settings for each in self.found.values()])
        return marked(settings, os.path.abspath(directory / NAME), over)  # noqa: PTH100

    def enforcing_file(self, lock: Lock, directory: Path) -> dict[str, Any]:
        """Return the settings that enforce `lock`, merged over the client's own system file."""
        own = str(self.places.files["system"])
        return over(self.system(), self.enforcing(lock, directory, own))

    def project(self, client: Profile | None = None) -> Project:
        """Return the project as a client reads it, ignoring the options of the lock."""
        sources = Reader().sources(self.places)
        return Project(places=self.places, sources=sources, client=client or profile())

    def system(self) -> dict[str, Any]:
        """Return the client's own system file, migrated to the current settings version."""
        found = self.found.get(self.places.files["system"])
        return found.settings if found else {}


class InForce(NamedTuple):
    """A lock that is enforced on this machine, or in this process.

    Attributes:
        file: the system file that enforces it.
        lock: the lock, as an absolute path.
        source: the settings of the system file.
    """

    file: Path
    lock: str
    source: Source

    def __str__(self) -> str:
        """Return it as a sentence."""
        return f"{as_typed(Path(self.lock))} is enforced here, by {as_typed(self.file)}"


def in_force(project: Project) -> InForce | None:
    """Return the lock that a client started here obeys, whatever the project says.

    Raises:
        InputError: the system file is invalid.
    """
    if project.places.options.system is not None:  # another file is asked about
        return None
    path = system_file()
    document = read_document(path, as_typed(path))
    mark = mark_of(document.value, path) if document is not None else None
    if document is None or mark is None:
        return None
    return InForce(path, mark.lock, source_of("system", document))


def trusted_lock(project: Path) -> Lock:
    """Return the lock of `project`.

    Raises:
        QwenlockError: there is none, or it was edited by hand.
        InputError: it cannot be read.
    """
    from qwenlock.findings.reading import decode

    label = as_typed(project / NAME)
    data = read_bytes(project / NAME, label, MAX_LOCK_BYTES)
    if data is None:
        raise QwenlockError(f"{label} is missing", "run `qwenlock lock`")
    lock = text.load(decode(data, label), label)
    if not text.is_unedited(data):
        what = "was edited by hand"
        if text.is_unedited_but_for_line_endings(data):
            what = "has other line endings"
        raise QwenlockError(f"{label} {what}", "run `qwenlock lock`")
    return lock


def refuse_changed_request(
    directory: Path, flags: Flags, lock: Lock, here: Machine, release: str | None
) -> None:
    """Refuse to enforce a lock with which the client would use another model than without it.

    This can happen in two ways: the lock means something else for the installed release, or it
    leaves the choice to the client and hides the model that the client would choose here.

    Args:
        directory: the project.
        flags: the scope options of the command line.
        lock: what would be enforced.
        here: the settings of this machine, where the client looks.
        release: the release of the client that is used; None if that is not known.

    Raises:
        QwenlockError: the client would use another model, endpoint or key.
        InputError: for that release the settings have errors.
    """
    from qwenlock.compile.compiler import compile_project
    from qwenlock.edge.environment import with_variables
    from qwenlock.edge.project import read
    from qwenlock.enforce.harmless import refuse_other_client, refuse_other_request

    if release not in (None, lock.client):
        project = read(directory, flags, release, merge=lock.merge)
        way_out = "run `qwenlock lock --client installed`"
        if project.configuration.client is not None and project.configured_in is not None:
            way_out = (
                f"set client to {release} in {as_typed(project.configured_in)}, and lock again"
            )
        scopes = [each.settings for each in here.found.values()]
        refuse_other_client(lock, str(release), compile_project(project), scopes, way_out)
    client = profile(release or lock.client)
    if lock.selection.kind == "undecided" and client.is_release:
        there = with_variables(here.project(client))
        enforcing = here.enforcing_file(lock, directory)
        values, filling = there.values(), there.filling()
        refuse_other_request(there.sources, enforcing, values, filling, client)


def machine(project: Path, flags: Flags, recorded: Options) -> Machine:
    """Return the settings of this machine for `project`.

    Args:
        project: its directory.
        flags: files that the command line names for scopes, besides the client's own.
        recorded: files that a lock names for them.

    Raises:
        InputError: a settings file is invalid; a client would fail on it, or reset it.
    """
    own = locate(project, Flags(), Options(), profile(NEWEST))
    older = locate(project, Flags(), Options(), profile())
    named = locate(project, flags, recorded, profile())
    files = {
        path: (scope, places.labels[scope])
        for places in (own, older, named)
        for scope, path in places.files.items()
    }
    found = {}
    for path, (scope, label) in files.items():
        document = read_document(path, label)
        if document is not None:
            source = source_of(scope, document)
            found[path] = as_without(source, path) if scope == "system" else source
    return Machine(own, found, tuple(files))
