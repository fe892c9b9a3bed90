"""Merges two changed versions of a settings file, model by model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qwenlock.settings.scopes import PROVIDERS
from qwenlock.text.merge import Merged, Side, merge

if TYPE_CHECKING:
    from collections.abc import Hashable

    from qwenlock.text.operations import Path


def merged_settings(base: str, ours: str, theirs: str, prefer: Side = "ours") -> Merged:
    """Return `ours` with the changes of `theirs`; two models are the same if a client says so.

    Args:
        base: the settings that both come from.
        ours: the settings of the current branch.
        theirs: the settings of the other one.
        prefer: the side that counts where both changed one value.

    Raises:
        TextError: one of them is not valid.
    """
    return merge(base, ours, theirs, _identity, prefer)


def _identity(path: Path, entry: Any) -> Hashable | None:
    """Return what tells a model from others: id, base URL and API."""
    is_models = len(path) == len(PROVIDERS) + 1 and path[: len(PROVIDERS)] == PROVIDERS
    if not is_models or not isinstance(entry, dict) or not isinstance(entry.get("id"), str):
        return None
    return entry["id"], str(entry.get("baseUrl")), str(entry.get("wireApi"))
