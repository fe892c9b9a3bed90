"""The situation that a migration is decided in: every scope, the client, and the `.env` files.

All of it is data, gathered at the edge. How Qwen Code reads settings, "Files" and "Variables", says
what the client reads; `request`, what it would send.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

from qwenlock.clients.profile import Profile, profile
from qwenlock.clients.scopes import WRITABLE
from qwenlock.settings.scopes import CURRENT_VERSION, owner
from qwenlock.settings.variables import EnvFile, read_files, variables

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from qwenlock.clients.scopes import ScopeName
    from qwenlock.plans.plan import Plan
    from qwenlock.settings.scopes import Source

_GROUPS = ("model", "modelProviders", "security", "env")


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
        from qwenlock.settings.versions import migrate

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

    def _view(self, place: str, sources: Sequence[Source], files: Sequence[EnvFile]) -> View:
        read = read_files(files, self.client)
        found = variables(sources, read, self.environment, self.client)
        values = {name: each.value for name, each in found.items()}
        return View(place, sources, read, values)
