"""A project as it was read, once: everything that commands need to decide.

Reading is done in `edge.project`.
"""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from qwenlock.clients.profile import Profile, profile
from qwenlock.clients.scopes import SCOPES
from qwenlock.lock import NAME
from qwenlock.lock.options import Options
from qwenlock.settings.configuration import Configuration
from qwenlock.settings.scopes import owner
from qwenlock.settings.variables import (
    EnvFile,
    Variable,
    alike,
    definitions,
    filling,
    read_files,
    variables,
)
from qwenlock.text.record import dataclass, field, replace

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from qwenlock.clients.scopes import ScopeName
    from qwenlock.lock.model import Merge
    from qwenlock.lock.previous import RecordedLock
    from qwenlock.plans.plan import Plan
    from qwenlock.settings.scopes import Source


ClientFrom: TypeAlias = Literal["option", "configuration", "lock", "installed", "newest"]
"""What says which client a project is for; the newest one known where nothing else does."""


class Places(NamedTuple):
    """The files of one project.

    Attributes:
        project: the project's directory, absolute.
        files: the settings file of each scope that counts, low to high; it need not exist.
        labels: what messages call each of them: relative to the working directory, or to `~`.
        recorded: what a lock calls each of them: relative to the project, or to `~`.
        options: what a lock records of how the files were chosen.
        templates: folders of plan templates of the user's own.
        home_is_project: the project is the home directory, whose settings are the user scope.
        outside: files outside of the checkout that its configuration or lock names: they are read,
            but not written.
    """

    project: Path = Path()
    files: Mapping[ScopeName, Path] = MappingProxyType({})
    labels: Mapping[ScopeName, str] = MappingProxyType({})
    recorded: Mapping[ScopeName, str] = MappingProxyType({})
    options: Options = Options()
    templates: tuple[Path, ...] = ()
    home_is_project: bool = False
    outside: tuple[Path, ...] = ()

    @property
    def lock(self) -> Path:
        """Return where the lock is, or would be."""
        return self.project / NAME


class View(NamedTuple):
    """The settings and variables of a client that is started in the project, or elsewhere.

    Attributes:
        place: where it is started, as messages name it.
        sources: the settings that count there, low to high.
        files: the `.env` files that are read there, the strongest first.
        variables: the variables it has; never to be shown.
        filling: those of them that it puts in the place of `$NAME` in settings.
    """

    place: str
    sources: Sequence[Source]
    files: Sequence[EnvFile]
    variables: Mapping[str, str]
    filling: Mapping[str, str]

    def owner(self) -> Source | None:
        """Return the source that owns the catalogue."""
        return owner(self.sources)


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A project as it is on the disk.

    Attributes:
        places: its files.
        client: the client that it is for.
        client_from: what says so.
        installed: the release of the client that is installed here, where it can be told.
        merge: how scopes' modelProviders become one.
        sources: the scopes that have a file, low to high.
        plans: the plans that are known.
        configuration: a team's choices; their files are relative to the project.
        configured_in: the file that names the client, or else the nearest with choices; or None.
        stored: the bytes of its lock, or None if there is none.
        previous: what that lock records, or None if it cannot be read.
        environment: the variables that are set here; never to be shown.
        env_files: where a client in the project looks for a `.env`, in its order; none where the
            command does not ask for variables.
        left_out: the user's settings, if the lock leaves them out and the command asks for
            variables; see `here`.
        states: the files that this depends on, as they were before they were read (see
            `edge.file_states`).
    """

    places: Places = field(default_factory=Places)
    client: Profile = field(default_factory=profile)
    client_from: ClientFrom = "option"
    installed: str | None = None
    merge: Merge = "replace"
    sources: tuple[Source, ...] = ()
    plans: Sequence[Plan] = ()
    configuration: Configuration = field(default_factory=Configuration)
    configured_in: Path | None = None
    stored: bytes | None = None
    previous: RecordedLock | None = None
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    env_files: tuple[EnvFile, ...] = ()
    left_out: Source | None = None
    states: tuple[str, ...] = ()

    def source(self, scope: ScopeName) -> Source | None:
        """Return the settings of `scope`, or None if it has no file."""
        return next((source for source in self.sources if source.scope == scope), None)

    def with_sources(self, changed: Iterable[Source]) -> Project:
        """Return the project with `changed` in place of the settings of their scopes."""
        sources = {source.scope: source for source in (*self.sources, *changed)}
        ordered = sorted(sources.values(), key=lambda source: SCOPES.index(source.scope))
        return replace(self, sources=tuple(ordered))

    def here(self) -> Project:
        """Return the project as a client reads it that is started here.

        It reads the user's settings even if the lock leaves them out, so it has their variables.
        """
        return self if self.left_out is None else self.with_sources([self.left_out])

    def variables(self) -> dict[str, Variable]:
        """Return the variables that the client has when it is started in the project."""
        return self._variables(self.sources, read_files(self.env_files, self.client))

    def values(self) -> dict[str, str]:
        """Return the values of `variables`."""
        there = self.variables()
        return alike(there, {name: each.value for name, each in there.items()})

    def filling(self) -> dict[str, str]:
        """Return the variables that the client puts in the place of `$NAME` in settings."""
        read = read_files(self.env_files, self.client)
        return filling(read, self.environment, self.client)

    def definitions(self, name: str) -> list[Variable]:
        """Return everything that sets a variable for the client, the strongest first."""
        read = read_files(self.env_files, self.client)
        return definitions(name, self.sources, read, self.environment, self.client)

    def views(self) -> tuple[View, View]:
        """Return the views of a client in the project, and in a directory without settings."""
        outside = [source for source in self.sources if source.scope != "project"]
        at_home = [file for file in self.env_files if file.at == "home"]
        return (
            self._view("here", self.sources, self.env_files),
            self._view("in other directories", outside, at_home),
        )

    def _view(self, place: str, sources: Sequence[Source], files: Sequence[EnvFile]) -> View:
        read = read_files(files, self.client)
        there = self._variables(sources, read)
        values = alike(there, {name: each.value for name, each in there.items()})
        filled = filling(read, self.environment, self.client)
        return View(place, sources, read, values, filled)

    def _variables(self, sources: Sequence[Source], read: Sequence[EnvFile]) -> dict[str, Variable]:
        return variables(sources, read, self.environment, self.client)
