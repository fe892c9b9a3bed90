"""The gate: whether a project passes `check`, and what is said first if it does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwenlock.lock.text import is_unedited_but_for_line_endings
from qwenlock.text.record import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from qwenlock.compile.verdict import Verdict
    from qwenlock.findings.finding import Finding
    from qwenlock.lock.diff import LockChange
    from qwenlock.settings.project import Project

EXIT = {"ok": 0, "drift": 1, "edited": 1, "missing": 1, "invalid": 3}
"""The exit code of each status of a lock."""


@dataclass(frozen=True, slots=True)
class Gate:
    """What decides whether a project passes.

    Attributes:
        project: the project.
        verdict: whether its lock matches its settings.
        key: the finding for a key in its own settings, unless git does not track those.
        tracks_key: whether git has said that it tracks them; False also if git has failed.
        unset: the findings for the variables that the lock needs and a client here would not have,
            by name; empty if nobody asks for them.
    """

    project: Project
    verdict: Verdict
    key: Finding | None = None
    tracks_key: bool = False
    unset: Mapping[str, Finding] = field(default_factory=dict)

    @property
    def exit_code(self) -> int:
        """Return the exit code: 0 if the project passes."""
        return 1 if self.tracks_key else max(EXIT[self.verdict.status], 1 if self.unset else 0)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Return what is found, besides the variables that are not set."""
        return (*self.verdict.findings, *((self.key,) if self.key else ()))

    @property
    def trouble(self) -> str:
        """Return what is in the way, if the status of the lock does not say it; otherwise ""."""
        status = self.verdict.status
        if self.tracks_key and status in ("ok", "invalid"):
            return "key"
        if status == "ok" and self.unset:
            return "unset"
        stored = self.project.stored or b""
        if status == "edited" and is_unedited_but_for_line_endings(stored):
            return "endings"
        if status == "drift" and lacks_settings(self.project, self.verdict.changes):
            return "absent"
        return ""


def lacks_settings(project: Project, changes: Sequence[LockChange]) -> bool:
    """Tell whether a lock was made from the project's settings, and they are not here.

    Args:
        project: the project.
        changes: from its lock to what its settings compile to.
    """
    gone = any((each.kind, each.action) == ("input", "removed") for each in changes)
    return gone and "project" in project.places.files and project.source("project") is None


def lacks_user(project: Project, changes: Sequence[LockChange]) -> bool:
    """Tell whether a lock was made with user settings that are not on this machine.

    Args:
        project: the project.
        changes: from its lock to what its settings compile to.
    """
    had = any(
        (each.kind, each.name, each.action) == ("input", "user", "removed") for each in changes
    )
    return had and project.source("user") is None and "user" in project.places.labels
