"""The selection as keys of the settings: what is selected, and how another model is.

Guide, "Selection Persistence and Recommendations"; How Qwen Code reads settings,
"Selection" (`model.baseUrl`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from qwenlock.change.target import dotted
from qwenlock.compile.selection import AUTH_TYPE, MODEL, MODEL_URL
from qwenlock.settings.scopes import highest, merged
from qwenlock.text.credentials import shown
from qwenlock.text.operations import Remove, Set, get

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qwenlock.clients.scopes import ScopeName
    from qwenlock.settings.scopes import Sources
    from qwenlock.settings.script_api import Draft
    from qwenlock.text.operations import Path

PATHS: tuple[Path, ...] = (AUTH_TYPE, MODEL, MODEL_URL)


class Choice(NamedTuple):
    """A model of an auth type; `base_url` where the client tells by it which entry is meant."""

    auth_type: str
    model: str
    base_url: str | None = None

    def __str__(self) -> str:
        """Return the model as messages and reports name it."""
        return f"{shown(self.auth_type)}/{shown(self.model)}"

    def values(self) -> dict[Path, str | None]:
        """Return what the settings hold where this is selected, by path."""
        return dict(zip(PATHS, self, strict=True))


def chosen(sources: Sources) -> Choice | None:
    """Return what the settings select by name, or None where they name no model."""
    auth_type, model, url = (_text(merged(sources, path)) for path in PATHS)
    return Choice(auth_type, model, url) if auth_type and model else None


def choose(draft: Draft, choice: Choice) -> None:
    """Select `choice`; a base URL that belongs to another selection goes."""
    for path, value in choice.values().items():
        if value is not None:
            draft.do(Set(path, value))
        elif get(draft.settings, path) is not None:
            draft.do(Remove(path))


def overridden(sources: Sources, scope: ScopeName, choice: Choice) -> Iterator[str]:
    """Say which scope above `scope` selects something else, so that `choice` has no effect."""
    for path, value in choice.values().items():
        source = highest(sources, path)
        if source and source.scope != scope and merged(sources, path) != value:
            name, label = dotted(path), source.document.label
            yield f"{name} of the {source.scope} scope ({label}) wins: change or remove it there"


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
