"""Several results of `check` merged into one."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, NamedTuple

from qwenlock.cli.console import emit_words, painted
from qwenlock.cli.views.differences import summary
from qwenlock.cli.views.markdown import table
from qwenlock.cli.views.picture import SYMBOLS
from qwenlock.findings.errors import InputError
from qwenlock.lint.gate import EXIT
from qwenlock.lock.diff import ABSENT, LockChange
from qwenlock.text.foreign import clean, code, prose

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

STATUSES = {**EXIT, "unset": 1, "failed": 2}
"""The exit code of each status; `unset`: variables are missing, `failed`: not checked at all."""
_SERIOUS = ("failed", "invalid", "drift", "edited", "missing", "unset", "ok")
"""The statuses, most urgent first."""


_SYMBOLS = {**SYMBOLS, "unset": "⚠️", "failed": "❌"}


class ProjectResult(NamedTuple):
    """The result of checking one project.

    Attributes:
        project: as its check names it.
        status: one of `STATUSES`.
        exit_code: the exit code of its check.
        source: the file that holds the result.
        words: what is wrong, on one line.
    """

    project: str
    status: str
    exit_code: int
    source: str
    words: str


def merged(documents: Iterable[tuple[str, dict[str, Any]]]) -> list[ProjectResult]:
    """Return the outcomes in documents of `check`, most urgent first, otherwise in their order.

    Raises:
        InputError: a document is not a result of `check`.
    """
    found = [each for source, document in documents for each in _outcomes(source, document)]
    return sorted(found, key=lambda each: _SERIOUS.index(each.status))


def _outcomes(source: str, document: dict[str, Any]) -> list[ProjectResult]:
    try:
        if "projects" not in document:
            error = document["error"]
            return [
                ProjectResult(
                    source, "failed", int(error["exit-code"]), source, str(error["message"])
                )
            ]
        return [_outcome(source, project) for project in document["projects"]]
    except (LookupError, TypeError, ValueError, AttributeError):
        message = f"{source} is not a result of `qwenlock check --format json`"
        raise InputError(message, "name a file that this command printed") from None


def _outcome(source: str, project: dict[str, Any]) -> ProjectResult:
    status = str(project["status"])
    errors = [each for each in project["findings"] if each["severity"] == "error"]
    if status == "ok" and errors:
        status = "unset"
    words = [summary([_change(each) for each in project["changes"]])] if project["changes"] else []
    words += [f"{each['code']} {each['message']}" for each in errors]
    if "error" in project:
        words.append(str(project["error"]["message"]))
    return ProjectResult(
        str(project["project"]), status, STATUSES[status], source, "; ".join(words)
    )


def _change(change: dict[str, Any]) -> LockChange:
    return LockChange(
        change["kind"],
        change["action"],
        str(change["name"]),
        change["field"] or "",
        change.get("old", ABSENT),
        change.get("new", ABSENT),
    )


def counts(outcomes: Sequence[ProjectResult]) -> dict[str, int]:
    """Return the number of projects by status, without zeros."""
    numbers = dict.fromkeys(reversed(_SERIOUS), 0)
    for outcome in outcomes:
        numbers[outcome.status] += 1
    return {status: number for status, number in numbers.items() if number}


def exit_code(outcomes: Sequence[ProjectResult]) -> int:
    """Return the highest exit code."""
    return max((outcome.exit_code for outcome in outcomes), default=0)


def heading(outcomes: Sequence[ProjectResult]) -> str:
    """Summarize the outcomes on one line: `3 projects: 2 ok, 1 drift`."""
    number = len(outcomes)
    said = ", ".join(f"{count} {status}" for status, count in counts(outcomes).items())
    return f"{number} project{'s' * (number != 1)}" + (f": {said}" if said else "")


def wrong(outcomes: Sequence[ProjectResult]) -> list[ProjectResult]:
    """Return the outcomes that are not ok."""
    return [outcome for outcome in outcomes if outcome.status != "ok"]


def as_json(outcomes: Sequence[ProjectResult]) -> dict[str, Any]:
    """Return the outcomes as a JSON document."""
    return {
        "counts": {status: counts(outcomes).get(status, 0) for status in reversed(_SERIOUS)},
        "projects": [
            {
                "project": each.project,
                "status": each.status,
                "exit-code": each.exit_code,
                "source": each.source,
                "message": each.words or None,
            }
            for each in outcomes
        ],
    }


def print_text(outcomes: Sequence[ProjectResult]) -> None:
    """Print the outcomes that are not ok, one per line, and the summary."""
    for each in wrong(outcomes):
        status = painted(each.status, "error", sys.stdout)
        words = f": {clean(each.words)}" if each.words else ""
        emit_words(f"{status}: {clean(each.project)} ({clean(each.source)}){words}")
    emit_words(heading(outcomes))


def as_markdown(outcomes: Sequence[ProjectResult]) -> str:
    """Return the outcomes for a job summary: the summary line, and a table of what is not ok."""
    first = outcomes[0].status if outcomes else "ok"
    text = f"## {_SYMBOLS[first]} {heading(outcomes)}\n"
    rows = [
        [each.status, code(each.project), code(each.source), prose(each.words)]
        for each in wrong(outcomes)
    ]
    return f"{text}\n{table(['', 'project', 'result', 'what is wrong'], rows)}" if rows else text
