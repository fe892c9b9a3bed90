"""Repairs: from a subject to a change of the user's and the project's files."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from qwenlock.clients.scopes import WRITABLE
from qwenlock.findings.file_changes import FileChange, ProjectChange
from qwenlock.findings.repair import Repair, repaired
from qwenlock.lint.lint import lint
from qwenlock.text.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from qwenlock.clients.scopes import ScopeName
    from qwenlock.findings.finding import Finding
    from qwenlock.lint.subject import Subject

    Wanted = Callable[[Finding], bool]

_ROUNDS = 10  # one repair may make another possible; no settings need nearly so many


@dataclass(frozen=True, slots=True)
class Fixed:
    """The result of repairing.

    Attributes:
        subject: what was linted, as it is afterwards.
        findings: those that were repaired, with their places before that.
    """

    subject: Subject
    findings: tuple[Finding, ...]


def can_repair(finding: Finding, subject: Subject, *, unsafe: bool) -> bool:
    """Tell whether `fix` would repair `finding`."""
    source = subject.source_of(finding) if finding.repair else None
    if finding.repair is None or source is None or source.scope not in WRITABLE:
        return False
    return finding.repair.safe or unsafe


def fix(subject: Subject, wanted: Wanted, *, unsafe: bool = False) -> Fixed:
    """Return `subject` with all `wanted` findings repaired, round by round.

    Args:
        subject: what is linted.
        wanted: tells which findings to repair.
        unsafe: also make repairs that may change what the client does.
    """
    done: list[Finding] = []
    for _ in range(_ROUNDS):
        by_scope: dict[ScopeName, list[Repair]] = defaultdict(list)
        found = [
            finding
            for finding in lint(subject)
            if wanted(finding) and can_repair(finding, subject, unsafe=unsafe)
        ]
        for finding in found:
            source = subject.source_of(finding)
            if source is not None and finding.repair is not None:
                by_scope[source.scope].append(finding.repair)
        texts = {
            source.scope: repaired(source.document, by_scope[source.scope])
            for source in subject.sources
            if source.scope in by_scope
        }
        if not texts:
            break
        done += found
        subject = subject.with_texts(texts)
    return Fixed(subject, tuple(done))


def change_of(before: Subject, fixed: Fixed, files: Mapping[ScopeName, Path]) -> ProjectChange:
    """Return the change that writes what was repaired."""
    pairs = zip(before.sources, fixed.subject.sources, strict=True)
    changes = {  # one for a file, be it that of two scopes
        files[old.scope]: FileChange(
            files[old.scope], old.document.label, old.document.original, new.document.original
        )
        for old, new in pairs
        if old.document.original != new.document.original
    }
    return ProjectChange(
        files=tuple(changes.values()),
        reasons=tuple(f"{each.code}: {each.message}" for each in fixed.findings),
    )
