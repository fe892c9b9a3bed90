"""A finding: what is said about the settings, with a stable code, a place and a fix."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from qwenlock.findings.rules import RULES

if TYPE_CHECKING:
    from qwenlock.findings.repair import Repair
    from qwenlock.findings.rules import Severity
    from qwenlock.text.document import Document
    from qwenlock.text.locate import Excerpt, Position
    from qwenlock.text.operations import Path


@dataclass(frozen=True, slots=True)
class Place:
    """A value in a document, or the key it stands under; found in the text only when asked.

    `at` is the line and column (from 1), and perhaps the width, where no path leads: a syntax
    error, an earlier one of equal keys, a comment.
    """

    document: Document
    path: Path = ()
    on_key: bool = False
    at: tuple[int, int] | Position | None = None

    def position(self) -> Position:
        """Return the line, column and width of the place; parses the text on first use."""
        if self.at is not None:
            from qwenlock.text.locate import Position

            return Position(*self.at) if len(self.at) == 3 else Position(*self.at, 1)
        return self.document.locator.position(self.path, on_key=self.on_key)

    def excerpt(self) -> Excerpt:
        """Return the line of the place, with every possible secret masked."""
        return self.document.locator.excerpt(*self.position())


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to say about the settings.

    `message` and `fix` never hold a value that could be a secret. `place` is None where a finding
    is about no one place; `severity` differs from the rule's where the case is lighter; `repair` is
    what `lint --fix` would do about it.
    """

    code: str
    message: str
    place: Place | None = None
    fix: str | None = None
    severity: Severity | None = None
    repair: Repair | None = None

    @property
    def level(self) -> Severity:
        """Return the severity: the finding's own, or else its rule's."""
        return self.severity or RULES[self.code].severity
