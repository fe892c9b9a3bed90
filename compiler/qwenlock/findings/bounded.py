"""Limits how many findings of a kind are shown: few to a person, more in a review, all in JSON."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST = 20
"""How many findings with the same code are shown to a person."""

MOST_IN_REVIEW = 1_000
"""The same in a report that a code review shows, and in an editor."""


class HasCode(Protocol):
    """Something with the code of a finding."""

    @property
    def code(self) -> str:
        """Return the code."""


T = TypeVar("T", bound=HasCode)


class Rest(NamedTuple):
    """The findings of one kind that are not shown."""

    code: str
    number: int

    def __str__(self) -> str:
        return f"… and {self.number:,} more {self.code}: `--format json` lists all"


def bounded(findings: Iterable[T], most: int = MOST) -> tuple[list[T], list[Rest]]:
    """Return the findings to show, at most `most` of a kind, and what is left out of each."""
    seen: Counter[str] = Counter()
    shown = []
    for finding in findings:
        seen[finding.code] += 1
        if seen[finding.code] <= most:
            shown.append(finding)
    return shown, [Rest(code, count - most) for code, count in seen.items() if count > most]
