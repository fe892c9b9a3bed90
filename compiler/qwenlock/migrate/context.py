"""The context of scripts that move credentials or a plan's state: the whole project."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from qwenlock.migrate.env_files import add
from qwenlock.migrate.situation import Situation
from qwenlock.settings.script_api import Context
from qwenlock.text import operations
from qwenlock.text.record import dataclass, field, replace

if TYPE_CHECKING:
    from qwenlock.clients.scopes import ScopeName
    from qwenlock.settings.script_api import SettingsChange


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectContext(Context):
    """A context that also knows the other scopes.

    Attributes:
        scope: the scope of the file.
        situation: every scope, and everything else that the client reads.
    """

    scope: ScopeName = "user"
    situation: Situation = field(default_factory=Situation)

    def after(self, change: SettingsChange) -> Self:
        """Return the context after `change`.

        Raises:
            RefusedError: a variable cannot be written.
        """
        settings = operations.apply(self.settings, list(change.operations))
        situation = self.situation.with_settings(self.scope, settings)
        for scope, elsewhere in change.elsewhere.items():
            source = situation.project.source(scope)
            assert source is not None  # noqa: S101  (a script changes files that are there)
            changed = operations.apply(situation.written(source), list(elsewhere))
            situation = situation.with_settings(scope, changed)
        if change.variables:
            situation = add(situation, self.scope, change.variables)
        return replace(self, settings=settings, situation=situation)
