"""A finding: what is said about the settings, with a stable code, a place and a fix."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from qwenlock.findings.rules import RULES

if TYPE_CHECKING:
    from qwenlock.findings.repair import Repair
    from qwenlock.findings.rules import Severity
    from qwenlock.text.document import Place


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
