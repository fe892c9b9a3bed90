"""Globs of directories: `*` and `?` in one name, `**` for any number of them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_NOTHING = "(?!)"


def pattern(globs: Iterable[str]) -> re.Pattern[str]:
    """Return an expression that matches the paths that any of `globs` does, with `/` between names.

    `.` stands for the empty path.
    """
    return re.compile("|".join(map(_one, globs)) or _NOTHING)


def is_literal(glob: str) -> bool:
    """Tell whether a glob names one path."""
    return "*" not in glob and "?" not in glob


def _one(glob: str) -> str:
    names = [each for each in glob.split("/") if each not in ("", ".")]
    parts = []
    for name in names:
        if name == "**":
            parts.append("(?:[^/]+/)*")
        else:
            inner = re.escape(name).replace(r"\*", "[^/]*").replace(r"\?", "[^/]")
            parts.append(f"{inner}/")
    return f"(?:{''.join(parts)})"
