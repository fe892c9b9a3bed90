"""The state of a migration: the project, what may be changed, and what has changed so far.

`settings` decides what the client reads, and `request` what it would send.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwenlock.clients.scopes import WRITABLE
from qwenlock.settings.project import Project
from qwenlock.settings.scopes import CURRENT_VERSION
from qwenlock.text.record import dataclass, field, replace

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import Any

    from qwenlock.clients.scopes import ScopeName
    from qwenlock.settings.scopes import Source
    from qwenlock.settings.variables import EnvFile

_GROUPS = ("model", "modelProviders", "security", "env")


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What a script may know, besides the settings that it changes.

    Attributes:
        project: the project after the changes so far.
        writable: the scopes that may be changed.
        env_secrets: whether to move keys in `settings.env`.
        drop_unused_key: whether to delete a key that the client does not send.
        changed: the new settings of the files changed so far.
        created: the `.env` files that are new.
    """

    project: Project = field(default_factory=Project)
    writable: tuple[ScopeName, ...] = WRITABLE
    env_secrets: bool = False
    drop_unused_key: bool = False
    changed: Mapping[ScopeName, dict[str, Any]] = field(default_factory=dict)
    created: frozenset[Path] = frozenset()

    def written(self, source: Source) -> dict[str, Any]:
        """Return the current settings of the file of `source`, in their own version."""
        return self.changed.get(source.scope, source.document.value)

    def is_current(self, source: Source) -> bool:
        """Tell whether the file keeps models and credentials where current clients do."""
        written = self.written(source)
        return all(written.get(name) == source.settings.get(name) for name in _GROUPS)

    def with_settings(self, scope: ScopeName, settings: dict[str, Any]) -> Situation:
        """Return the situation with `settings` in the file of `scope`."""
        source = self.project.source(scope)
        if source is None:
            return self
        from qwenlock.settings.versions import migrate

        current = migrate(settings, CURRENT_VERSION).settings
        project = self.project.with_sources([replace(source, settings=current)])
        return replace(self, project=project, changed={**self.changed, scope: settings})

    def with_file(self, changed: EnvFile) -> Situation:
        """Return the situation with `changed` in place of the file at its path."""
        there = self.project.env_files
        files = tuple(changed if each.path == changed.path else each for each in there)
        created = {each.path for each in there if each.path == changed.path and each.text is None}
        project = replace(self.project, env_files=files)
        return replace(self, project=project, created=self.created | created)
