"""Whether a project's lock matches its settings: the verdict of `check` and `lock --check`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

from qwenlock.findings.reading import decode
from qwenlock.lock import text
from qwenlock.text.record import dataclass

if TYPE_CHECKING:
    from qwenlock.compile.compiler import Compilation
    from qwenlock.findings.finding import Finding
    from qwenlock.lock.diff import LockChange

VerdictStatus: TypeAlias = Literal["ok", "drift", "edited", "missing", "invalid"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a lock matches the settings.

    Attributes:
        status: the status.
        changes: what locking again would change.
        of_settings: the findings of compiling.
        of_lock: the findings about the lock.
    """

    status: VerdictStatus
    changes: tuple[LockChange, ...]
    of_settings: tuple[Finding, ...]
    of_lock: tuple[Finding, ...] = ()

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Return all findings."""
        return (*self.of_settings, *self.of_lock)


def judge(stored: bytes | None, label: str, compilation: Compilation) -> Verdict:
    """Return whether a lock matches what its settings compile to.

    Args:
        stored: the bytes of the lock, or None if there is none.
        label: the lock as messages name it.
        compilation: what the settings compile to.

    Raises:
        InputError: the lock cannot be read.
    """
    from qwenlock.lock.diff import diff

    new, findings = compilation.lock, compilation.findings
    if new is None:
        return Verdict("invalid", (), findings)
    if stored is None:
        return Verdict("missing", (), findings)
    if stored == text.dump(new):
        return Verdict("ok", (), findings)
    old = text.load(decode(stored, label), label)
    changes = tuple(diff(old, new))
    of_lock = (text.outdated(old, label),) if old.is_old else ()
    if not text.is_unedited(stored):
        message = "the lock was edited by hand: its digest does not match"
        if text.is_unedited_but_for_line_endings(stored):
            rule = "`qwen.lock text eol=lf` to .gitattributes"
            message = f"the line endings of the lock were changed; add {rule} for git"
        edited = text.unusable("QL114", message, label, (2, 1))
        return Verdict("edited", changes, findings, (*of_lock, *edited.findings))
    return Verdict("drift" if changes else "ok", changes, findings, of_lock)
