"""Codes as users write them: `QL203`, or the beginning of codes, such as `QL2`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwenlock.findings.errors import UsageError
from qwenlock.findings.rules import RULES

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable


def codes(given: Iterable[str]) -> tuple[str, ...]:
    """Return the codes, or beginnings of codes, in texts that separate them with commas.

    Raises:
        UsageError: no code begins like that; the fix names the nearest one.
    """
    named = tuple(name for text in given for each in text.split(",") if (name := each.strip()))
    for name in named:
        if not is_known(name):
            raise _unknown(name)
    return named


def check(code: str) -> str:
    """Return `code` if there is such a code.

    Raises:
        UsageError: there is none; the fix names the nearest one.
    """
    if code not in RULES:
        raise _unknown(code)
    return code


def is_known(name: str) -> bool:
    """Tell whether `name` is a code, or the beginning of one."""
    return name[:2] == "QL" and any(code.startswith(name) for code in RULES)


def is_among(code: str, named: Iterable[str]) -> bool:
    """Tell whether `code` is one of those that `named` contains, whole or by their beginning."""
    return any(code.startswith(name) for name in named)


def _unknown(name: str) -> UsageError:
    from difflib import get_close_matches

    alike = [code for code in RULES if code[:3] == name[:3].upper()]
    near = get_close_matches(name.upper(), alike or RULES, cutoff=0.8)
    fix = f"did you mean {near[0]}? " if near else ""
    return UsageError(f"unknown finding {name!r}", f"{fix}`qwenlock explain` lists them")


def is_wanted(code: str, selected: Collection[str], ignored: Collection[str]) -> bool:
    """Tell whether `code` is `selected` and not `ignored`; an empty selection selects all."""
    return (not selected or is_among(code, selected)) and not is_among(code, ignored)
