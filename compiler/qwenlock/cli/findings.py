"""Findings, changes and errors as text and as JSON, the same in every command.

Text is in the style of rustc and Ruff: code, place, excerpt with a caret, reason, help.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from qwenlock.cli.advice import advised
from qwenlock.cli.console import cells, emit, emit_json, painted, say, width_of
from qwenlock.findings.bounded import bounded
from qwenlock.findings.errors import InputError, QwenlockError
from qwenlock.findings.finding import Finding
from qwenlock.text.foreign import clean

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from qwenlock.cli.views.annotations import Annotation
    from qwenlock.lock.diff import LockChange
    from qwenlock.text.locate import Excerpt


_PLACE = ("file", "line", "column")


def error_as_text(error: QwenlockError) -> str:
    """Return an error without findings as text: the message and the fix."""
    text = f"{painted('error', 'error')}: {clean(error.message)}"
    return f"{text}\n  {painted('help', 'good')}: {clean(error.fix)}" if error.fix else text


def print_error(error: QwenlockError, format: str | None = None) -> None:  # noqa: A002
    """Print an error in the given `format`: its findings, or its message and fix.

    An error without findings has no place that could be annotated.
    """
    findings = error.findings if isinstance(error, InputError) else ()
    if format == "json":
        fix = advised(error.fix) if error.fix else error.fix
        body = {"message": error.message, "fix": fix, "exit-code": error.exit_code}
        emit_json({"error": body, "findings": findings_as_json(findings)})
        return
    if findings and format in {"github", "gitlab", "sarif"}:
        from pathlib import Path

        from qwenlock.cli.views.annotations import emit_annotations

        emit_annotations(list(error_as_annotations(error, Path.cwd())), format)
    elif findings and format == "concise":
        for line in findings_in_lines(findings_as_json(findings)):
            emit(line)
    elif findings:
        print_findings(findings)
    else:
        say(error_as_text(error))


def error_as_annotations(error: QwenlockError, project: Path) -> Iterator[Annotation]:
    """Yield the annotations for an error that stops a command in a project."""
    from qwenlock.cli.views.annotations import of_findings, of_status

    findings = error.findings if isinstance(error, InputError) else ()
    if findings:
        yield from of_findings(findings_as_json(findings), project)
    else:
        fix = f"\nhelp: {error.fix}" if error.fix else ""
        yield of_status("invalid", f"{error.message}{fix}", project)


def print_findings(findings: Iterable[Finding], *, notes: bool = True) -> None:
    """Print findings on stderr, in the order of their places; notes only if asked for."""
    text = findings_as_text(findings, notes=notes)
    if text:
        say(text)


def findings_as_text(findings: Iterable[Finding], *, notes: bool = True) -> str:
    """Return findings as text, in the order of their places; notes only if asked for.

    Of many with the same code, some are shown.
    """
    wanted = [each for each in in_order(findings) if notes or each.level != "note"]
    shown, rest = bounded(wanted)
    told: set[tuple[str, str | None]] = set()
    texts = [finding_as_text(finding, told) for finding in shown]
    return "\n".join([*texts, *(f"{each}\n" for each in rest)])


def findings_in_lines(findings: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Yield a line for each finding, given as JSON: the place, the code, and the message."""
    for each in findings:
        place = "".join(f"{clean(str(each[part]))}:" for part in _PLACE if each[part] is not None)
        head = f"{place} " if place else ""
        yield f"{head}{each['severity']}[{each['code']}] {clean(each['message'])}"


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """Return findings sorted by file, line and column; those without a place come last."""
    return sorted(findings, key=_position)


def finding_as_text(finding: Finding, told: set[tuple[str, str | None]] | None = None) -> str:
    """Return a finding as text, with a masked excerpt of its line.

    `told` collects the reasons and fixes of a list, so that each is given once.
    """
    told = set() if told is None else told
    head = painted(f"{finding.level}[{finding.code}]", finding.level)
    lines = [f"{head}: {painted(clean(finding.message), 'bold')}"]
    margin = ""
    if finding.place is not None:
        position, excerpt = finding.place.position(), finding.place.excerpt()
        number = str(position.line)
        margin = " " * len(number)
        bar = painted("|", "dim")
        place = f"{finding.place.document.label}:{position.line}:{position.column}"
        lines.append(f"{margin}{painted('-->', 'dim')} {clean(place)}")
        if excerpt.text.strip():
            if sys.stderr.isatty():
                excerpt = cropped(excerpt, width_of(sys.stderr) - len(number) - 3)
            lead, carets = underline(excerpt)
            lines += [
                f"{margin} {bar}",
                f"{number} {bar} {clean(excerpt.text)}",
                f"{margin} {bar} {lead}{painted(carets, finding.level)}",
            ]
    equals = painted("=", "dim")
    if (finding.reason, None) not in told:
        lines.append(f"{margin} {equals} why: {finding.reason}")
    if finding.fix and (finding.code, finding.fix) not in told:
        lines.append(f"{margin} {equals} help: {clean(finding.fix)}")
    told |= {(finding.reason, None), (finding.code, finding.fix)}
    return "\n".join(lines) + "\n"


def cropped(excerpt: Excerpt, room: int) -> Excerpt:
    """Return the part of an excerpt that a screen with `room` columns shows, with its place."""
    before, length = excerpt.column - 1, room
    while True:
        start = max(0, min(before - length // 3, len(excerpt.text) - length))
        text = excerpt.text[start : start + length]
        if cells(clean(text)) <= room or length <= 1:
            break
        length -= 1  # some characters are wide
    width = max(1, min(excerpt.width, length - before + start))
    return excerpt._replace(text=text, column=excerpt.column - start, width=width)


def underline(excerpt: Excerpt) -> tuple[str, str]:
    """Return the space before the carets and the carets, by the width of characters on screen."""
    from qwenlock.cli.console import cells

    start = excerpt.column - 1
    before = clean(excerpt.text[:start])
    place = clean(excerpt.text[start : start + excerpt.width])
    lead = "".join("\t" if each == "\t" else " " * cells(each) for each in before)
    return lead, "^" * min(max(1, cells(place)), 80)


def findings_as_json(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    """Return findings in the form that all JSON documents of qwenlock use."""
    return [_as_json(finding) for finding in in_order(findings)]


def changes_as_json(changes: Iterable[LockChange]) -> list[dict[str, Any]]:
    """Return the differences of two locks for a JSON document.

    `old` and `new` are left out if there is no value, because null is a value.
    """
    return [_change_as_json(change) for change in changes]


def _change_as_json(change: LockChange) -> dict[str, Any]:
    from qwenlock.lock.diff import ABSENT

    values = {"old": change.old, "new": change.new}
    return {
        "kind": change.kind,
        "action": change.action,
        "name": change.name,
        "field": change.field or None,
        **{name: value for name, value in values.items() if value is not ABSENT},
    }


def _as_json(finding: Finding) -> dict[str, Any]:
    place = finding.place
    position = place.position() if place else None
    return {
        "code": finding.code,
        "severity": finding.level,
        "message": finding.message,
        "file": place.document.label if place else None,
        "line": position.line if position else None,
        "column": position.column if position else None,
        "reason": finding.reason,
        "fix": advised(finding.fix) if finding.fix else finding.fix,
    }


def _position(finding: Finding) -> tuple[bool, str, int, int]:
    if finding.place is None:
        return True, "", 0, 0
    position = finding.place.position()
    return False, finding.place.document.label, position.line, position.column


def value_as_text(value: Any) -> str:
    """Return a value as JSON on one line; `(none)` if there is no value."""
    import json

    from qwenlock.lock.diff import ABSENT

    return "(none)" if value is ABSENT else clean(json.dumps(value, ensure_ascii=False))
