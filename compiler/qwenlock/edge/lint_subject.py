"""Gathers what `lint` checks: the project and its surroundings."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from qwenlock.clients.scopes import WRITABLE
from qwenlock.edge.captured_templates import with_captured
from qwenlock.edge.environment import with_variables
from qwenlock.edge.git import all_tracked, tracked
from qwenlock.edge.places import as_typed
from qwenlock.edge.project import read
from qwenlock.edge.trust import trust
from qwenlock.lint.subject import Subject, World
from qwenlock.plans.collection import Plans

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from qwenlock.edge.places import Flags
    from qwenlock.edge.reader import Reader
    from qwenlock.settings.project import Places, Project


def gather(
    directory: Path,
    flags: Flags,
    client: str | None,
    *,
    env: bool,
    opened: Mapping[Path, str] | None = None,
    reader: Reader | None = None,
) -> Subject:
    """Return the subject of `lint` for the project in `directory`.

    Args:
        directory: the project.
        flags: the scope options of the command line.
        client: the client whose rules apply; None for that of the lock.
        env: also look for the variables that the settings need.
        opened: the texts that an editor has open, by path, in place of what is on the disk.
        reader: what other projects of the same command have read, if it changes no file.

    Raises:
        InputError: a settings file, a template, or a lock of another version is invalid.
        UsageError: there is no such client.
    """
    project = with_variables(read(directory, flags, client, reader, opened=opened))
    return Subject(project, _world(project, reader, env=env))


def _world(project: Project, reader: Reader | None, *, env: bool) -> World:
    places = project.places
    labels = {path: places.labels[scope] for scope, path in places.files.items()}
    labels |= {file.path: file.label for file in project.env_files if file.text}
    said = trust(places.project, project.client)
    return World(
        in_ci=os.environ.get("CI", "").lower() not in ("", "0", "false"),
        trusted=said.trusted,
        trust_file=said.label,
        tracked={labels[path]: said for path, said in _tracked(labels, reader).items()},
        unread=tuple(as_typed(path) for path in _local_settings(places) if path.is_file()),
        env=env,
        captured=_captured(project, reader),
    )


def _captured(project: Project, reader: Reader | None) -> Plans:
    def added() -> Plans:
        return with_captured(Plans.of(project.plans))

    if reader is None:
        return added()
    return reader.once(("captured", *project.places.templates), added)


def _tracked(paths: Iterable[Path], reader: Reader | None) -> dict[Path, bool | None]:
    """Return whether git tracks files; with a reader, git lists each repository once."""
    if reader is None:
        return tracked(paths)
    return tracked(paths, lambda root: reader.once(("tracked", root), lambda: all_tracked(root)))


def _local_settings(places: Places) -> Iterator[Path]:
    """Yield where other tools look for local settings, beside the user's and the project's."""
    for scope, path in places.files.items():
        if scope in WRITABLE:
            yield path.with_name("settings.local.json")
