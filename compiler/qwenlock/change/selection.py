"""The selection in the settings: reads it and changes it.

Guide, "Selection Persistence and Recommendations"; How Qwen Code reads settings,
"Selection" (`model.baseUrl`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from qwenlock.change.target import dotted
from qwenlock.clients.route import Route, chosen
from qwenlock.compile.selection import AUTH_TYPE, MODEL, MODEL_URL
from qwenlock.settings.scopes import highest, merged
from qwenlock.text.credentials import shown
from qwenlock.text.operations import Remove, Set, get

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from qwenlock.clients.profile import Profile
    from qwenlock.clients.scopes import ScopeName
    from qwenlock.settings.scopes import Sources
    from qwenlock.settings.script_api import Draft
    from qwenlock.text.operations import Path

SELECTION_PATHS: tuple[Path, ...] = (AUTH_TYPE, MODEL, MODEL_URL)


class Choice(NamedTuple):
    """A model of an auth type; `base_url` is set if the client needs it to identify the entry."""

    auth_type: str
    model: str
    base_url: str | None = None

    def __str__(self) -> str:
        """Return the model's name in messages and reports."""
        return f"{shown(self.auth_type)}/{shown(self.model)}"

    def values(self) -> dict[Path, str | None]:
        """Return the settings that select this model, by path."""
        return {AUTH_TYPE: self.auth_type, MODEL: self.model, MODEL_URL: self.base_url}

    def index_in(self, choices: Sequence[Choice], client: Profile) -> int | None:
        """Return the index of what `client` uses of `choices` if this is selected, or None."""
        return chosen([Route(*each) for each in choices], Route(*self), client)


def selected_by(sources: Sources) -> Choice | None:
    """Return the model that the settings select by name, or None if they name none."""
    auth_type, model, url = (_text(merged(sources, path)) for path in SELECTION_PATHS)
    return Choice(auth_type, model, url) if auth_type and model else None


def choose(draft: Draft, choice: Choice) -> None:
    """Select `choice`; the base URL of another selection is removed."""
    for path, value in choice.values().items():
        if value is not None:
            draft.do(Set(path, value))
        elif get(draft.settings, path) is not None:
            draft.do(Remove(path))


def overridden(sources: Sources, scope: ScopeName, choice: Choice) -> Iterator[str]:
    """Yield a warning for each higher scope whose selection overrides `choice`."""
    for path, value in choice.values().items():
        source = highest(sources, path)
        if source and source.scope != scope and merged(sources, path) != value:
            place = f"{source.document.label} ({source.scope} scope)"
            yield f"{dotted(path)} in {place} overrides it: change or remove it there"


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
