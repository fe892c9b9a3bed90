"""Changes: what a command wants to write, as data, before it asks or touches a file.

Upgrading, migrating and selecting are functions from documents to a change. Showing it is done in
`cli`, writing it in `edge.writer`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qwenlock.text.record import dataclass, field

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class FileChange:
    """One file's text before and after; `before` is None for a new file.

    Attributes:
        path: the file.
        label: the file as messages name it.
        before: its text as it was read, with byte-order mark and line endings.
        after: its new text.
        mode: the permissions it gets; None keeps them.
        target: the name of the file that is written; None for `label`, where no link leads on.
        is_backup: `after` is an older text, which is masked like any other that is not ours.
        deletes: the file is deleted; then `after` is empty.
    """

    path: Path
    label: str
    before: str | None = field(repr=False)
    after: str = field(repr=False)
    mode: int | None = None
    target: str | None = None
    is_backup: bool = False
    deletes: bool = False

    @property
    def name(self) -> str:
        """Return the name of the file that is written."""
        return self.target or self.label


@dataclass(frozen=True, slots=True)
class ProjectChange:
    """Files to write, in an order in which nothing is lost in between.

    Attributes:
        files: what to write; empty if there is nothing to do.
        reasons: what happens and why, in sentences.
        warnings: what the user should know before saying yes, in sentences.
        report: the same for programs: the fields of the command's JSON document.
        secrets: texts that are never shown, not even in a comment that contains one.
        summary: what is shown last, below the differences, in sentences.
    """

    files: tuple[FileChange, ...] = ()
    reasons: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    report: dict[str, Any] = field(default_factory=dict)
    secrets: tuple[str, ...] = field(default=(), repr=False)
    summary: tuple[str, ...] = ()
