"""Findings about the settings, each with a stable code, a place and a fix."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from qwenlock.findings.rules import RULES
from qwenlock.text.record import dataclass

if TYPE_CHECKING:
    from qwenlock.findings.repair import Repair
    from qwenlock.findings.rules import Client, Severity
    from qwenlock.text.document import Place


class Related(NamedTuple):
    """Another place that a finding is about, and what is there, in a few words."""

    place: Place
    message: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding about the settings.

    Attributes:
        code: the rule's code.
        message: what is wrong; it never holds a value that could be a secret.
        place: where; None if it is about no single place.
        fix: what to do; like `message`, it never holds a secret.
        severity: how serious this case is, if that is not what the rule says.
        repair: what `lint --fix` does about it.
        client: the client that it is about, if that is known; its reason depends on it.
        related: other places that it is about, for editors.
    """

    code: str
    message: str
    place: Place | None = None
    fix: str | None = None
    severity: Severity | None = None
    repair: Repair | None = None
    client: Client | None = None
    related: tuple[Related, ...] = ()

    @property
    def reason(self) -> str:
        """Return why the client behaves so."""
        return RULES[self.code].reason_for(self.client)

    @property
    def level(self) -> Severity:
        """Return the severity: the finding's own, or else its rule's."""
        return self.severity or RULES[self.code].severity
