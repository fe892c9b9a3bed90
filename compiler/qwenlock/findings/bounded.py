"""How many findings of one kind are shown to a person; programs get all."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST = 20
"""How many findings with the same code are shown."""


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


def bounded(findings: Iterable[T]) -> tuple[list[T], list[Rest]]:
    """Return the findings to show, and what is left out of each kind."""
    seen: Counter[str] = Counter()
    shown = []
    for finding in findings:
        seen[finding.code] += 1
        if seen[finding.code] <= MOST:
            shown.append(finding)
    return shown, [Rest(code, count - MOST) for code, count in seen.items() if count > MOST]
