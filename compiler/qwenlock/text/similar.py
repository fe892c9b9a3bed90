"""Finds the known name that a misspelt name is closest to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwenlock.text.credentials import shown

if TYPE_CHECKING:
    from collections.abc import Mapping


def suggestion(name: str, known: Mapping[str, object] | tuple[str, ...]) -> str | None:
    """Return `did you mean …?` for the nearest of the `known` names, or None."""
    near = nearest(name, known)
    return f'did you mean "{shown(near)}"?' if near else None


def nearest(
    name: str, known: Mapping[str, object] | tuple[str, ...], cutoff: float = 0.6
) -> str | None:
    """Return the `known` name nearest to `name`, or None if none reaches `cutoff`."""
    from difflib import get_close_matches

    by_lower = {candidate.lower(): candidate for candidate in known}
    near = get_close_matches(name.lower(), by_lower, cutoff=cutoff)
    return by_lower[near[0]] if near else None
