"""The situation that a migration is decided in: every scope, the client, and the `.env` files.

All of it is data, gathered at the edge. What the client reads of it follows CLIENT.md, Settings
files; what it would send, `request`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from qwenlock.clients.profile import Profile, profile
from qwenlock.compile.scopes import CURRENT_VERSION, merged, owner

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from typing import Any

    from qwenlock.compile.scopes import Source
    from qwenlock.lockfile.model import ScopeName
    from qwenlock.plans.plan import Plan

Location: TypeAlias = Literal["project", "above", "home"]
"""Where a `.env` is: in the project's directory, in one above it, or in the home directory."""

WRITABLE: tuple[ScopeName, ...] = ("project", "user")
"""The scopes that are migrated, in this order: what a project has of its own goes first."""

_READS_HOME_TOO = "0.21.2"  # the release from which a project's `.env` does not hide that of home
_NOT_FROM_PROJECTS = ("DEBUG", "DEBUG_MODE")
_GROUPS = ("model", "modelProviders", "security", "env")


@dataclass(frozen=True, slots=True)
class EnvFile:
    """A place where the client looks for a `.env`.

    Attributes:
        path: the file.
        label: the file as messages name it.
        at: where it is.
        text: what it holds; None where there is no file.
        mode: its permissions, where there is one.
    """

    path: Path
    label: str
    at: Location
    text: str | None = field(default=None, repr=False)
    mode: int | None = None

    def variables(self) -> dict[str, str]:
        """Return the variables it sets; one that is empty is not set."""
        from qwenlock.documents import dotenv

        read = dotenv.parse(self.text or "")
        return {name: value for name, value in read.items() if value}


class View(NamedTuple):
    """What a client started somewhere goes by: in the project, or in any other directory.

    Attributes:
        place: where that is, as messages say it.
        sources: the settings that count there, low to high.
        files: the `.env` files that are read there, the strongest first.
        variables: the variables it has; never to be shown.
    """

    place: str
    sources: Sequence[Source]
    files: Sequence[EnvFile]
    variables: Mapping[str, str]

    def owner(self) -> Source | None:
        """Return the source that owns the catalogue."""
        return owner(self.sources)


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What a script can decide by, besides the settings it changes.

    Attributes:
        sources: the scopes that have a file, low to high.
        client: the client that the project is for.
        plans: the plans that are known.
        environment: the variables that are set here; never to be shown.
        env_files: where a client in the project looks for a `.env`, in its order.
        writable: the scopes that may be changed.
        env_secrets: keys in `settings.env` shall be moved.
        changed: the settings of the files that have been changed so far, as they will be written.
    """

    sources: tuple[Source, ...] = ()
    client: Profile = field(default_factory=profile)
    plans: tuple[Plan, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    env_files: tuple[EnvFile, ...] = ()
    writable: tuple[ScopeName, ...] = WRITABLE
    env_secrets: bool = False
    changed: Mapping[ScopeName, dict[str, Any]] = field(default_factory=dict)

    def views(self) -> tuple[View, View]:
        """Return what a client goes by in the project, and in a directory without settings."""
        outside = [source for source in self.sources if source.scope != "project"]
        at_home = [file for file in self.env_files if file.at == "home"]
        return (
            self._view("here", self.sources, self.env_files),
            self._view("in other directories", outside, at_home),
        )

    def source(self, scope: ScopeName) -> Source | None:
        """Return the settings of `scope`, or None where it has no file."""
        return next((source for source in self.sources if source.scope == scope), None)

    def written(self, source: Source) -> dict[str, Any]:
        """Return the settings of `source` as its file has them so far, in their own version."""
        return self.changed.get(source.scope, source.document.value)

    def is_current(self, source: Source) -> bool:
        """Tell whether models and credentials stand in the file where the client has them now."""
        written = self.written(source)
        return all(written.get(name) == source.settings.get(name) for name in _GROUPS)

    def with_settings(self, scope: ScopeName, settings: dict[str, Any]) -> Situation:
        """Return the situation where the file of `scope` holds `settings`."""
        if self.source(scope) is None:
            return self
        from qwenlock.migrating.settings_version import migrate

        current = migrate(settings, CURRENT_VERSION).settings
        sources = tuple(
            replace(source, settings=current) if source.scope == scope else source
            for source in self.sources
        )
        return replace(self, sources=sources, changed={**self.changed, scope: settings})

    def with_file(self, changed: EnvFile) -> Situation:
        """Return the situation where `changed` stands in place of the file at its path."""
        files = tuple(changed if each.path == changed.path else each for each in self.env_files)
        return replace(self, env_files=files)

    def read_files(self, files: Sequence[EnvFile]) -> list[EnvFile]:
        """Return those of `files` that the client reads, the strongest first."""
        there = [file for file in files if file.text is not None]
        if not self.client.knows(_READS_HOME_TOO):
            return there[:1]
        home = [file for file in there if file.at == "home"]
        below_home = there[: there.index(home[0])] if home else there
        return [file for file in below_home if file.at != "home"][:1] + home

    def _view(self, place: str, sources: Sequence[Source], files: Sequence[EnvFile]) -> View:
        read = self.read_files(files)
        return View(place, sources, read, self._variables(sources, read))

    def _variables(self, sources: Sequence[Source], read: Sequence[EnvFile]) -> dict[str, str]:
        """Return the variables: the environment wins, then the first file, then `settings.env`."""
        in_settings = merged(sources, ("env",))
        named = in_settings.items() if isinstance(in_settings, dict) else ()
        result = {name: value for name, value in named if isinstance(value, str) and value}
        configured = merged(sources, ("advanced", "excludedEnvVars"))
        excluded = configured if isinstance(configured, list) else _NOT_FROM_PROJECTS
        for file in reversed(read):
            skipped = () if file.path.parent.name == ".qwen" else excluded
            result |= {
                name: value for name, value in file.variables().items() if name not in skipped
            }
        return result | {name: value for name, value in self.environment.items() if value}
