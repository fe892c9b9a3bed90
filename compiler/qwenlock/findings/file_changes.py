"""A change: what a command wants written, as data, before anybody is asked or any file touched.

Upgrading, migrating and selecting are functions from documents to a change. Showing it is done in
`cli`, writing it in `edge.writer`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class FileChange:
    """One file's text before and after; `before` is None for a file that is to be made.

    Attributes:
        path: the file.
        label: the file as messages name it.
        before: its text as it was read, with byte-order mark and line endings.
        after: its text as it shall be.
        mode: the permissions it gets; None keeps them.
    """

    path: Path
    label: str
    before: str | None = field(repr=False)
    after: str = field(repr=False)
    mode: int | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """Files to write, in the order in which no state in between loses anything.

    Attributes:
        files: what is written; empty where there is nothing to do.
        reasons: what is done and why, a sentence each.
        warnings: what the user should know before saying yes, a sentence each.
        report: the same for programs: the fields of the command's JSON document.
        secrets: texts that are shown nowhere, not even in a comment that holds one.
    """

    files: tuple[FileChange, ...] = ()
    reasons: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    report: dict[str, Any] = field(default_factory=dict)
    secrets: tuple[str, ...] = field(default=(), repr=False)
