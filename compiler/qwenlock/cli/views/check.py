"""The report of `check` on a project: in words, in lines, as JSON and as annotations."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from qwenlock.cli.advice import advised
from qwenlock.lock import NAME

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from qwenlock.cli.views.annotations import Annotation
    from qwenlock.findings.errors import InputError
    from qwenlock.findings.finding import Finding
    from qwenlock.lock.diff import LockChange

_SENTENCES = {
    "ok": "{lock} is up to date",
    "drift": "{lock} differs from its settings: run {command}",
    "edited": "{lock} was edited by hand: run {command}",
    "missing": "{lock} is missing: run {command}",
    "no project": "{lock} is missing; for the projects below, run {below}",
    "invalid": "{lock} cannot be checked",
    "unset": "{lock} needs variables that are not set",
    "absent": "the settings of {lock} are not here: check them out or, if deleted, run {command}",
    "endings": "{lock} has other line endings: run {command}",
    "key": "the settings of {lock} hold a key, and git tracks them",
    "conflict": "{lock} or its settings have an unresolved merge conflict",
}
"""What is printed about a project, by its status."""
LOCK = "`qwenlock lock`"


class CheckReport(NamedTuple):
    """The report on one project, prepared once so that a passed check can be remembered.

    Attributes:
        project: the project, as it is named here.
        status: the status of its lock.
        client: the fields of the client, as JSON.
        line: which client it is for, and why; empty if that is not known.
        exit_code: the exit code.
        changes: from the lock to what the settings compile to.
        findings: the findings, as JSON.
        words: the findings as text.
        error: why the project cannot be read, if no finding says so.
        command: the command that locks the project.
        trouble: the key of a sentence that says more than the status does; empty for the status.
        hint: what else helps.
        unset: the variables that are not set, if they are said once for all projects.
    """

    project: str
    status: str
    client: str = "{}"
    line: str = ""
    exit_code: int = 0
    changes: tuple[LockChange, ...] = ()
    findings: str = "[]"
    words: str = ""
    error: InputError | None = None
    command: str = LOCK
    trouble: str = ""
    hint: str = ""
    unset: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return the document of this project."""
        from qwenlock.cli.findings import changes_as_json

        document = {
            "project": self.project,
            "status": self.status,
            **json.loads(self.client),
            "changes": changes_as_json(self.changes),
            "findings": json.loads(self.findings),
        }
        if self.hint:
            document["help"] = self.hint
        if self.error is not None:
            document["error"] = {"message": self.error.message, "fix": self.error.fix}
        return document

    def annotations(self) -> Iterator[Annotation]:
        """Yield the annotations of this project."""
        from qwenlock.cli.findings import error_as_annotations
        from qwenlock.cli.views.annotations import of_findings, of_status
        from qwenlock.cli.views.differences import changes_as_text

        directory = Path(self.project)
        yield from of_findings(json.loads(self.findings), directory)
        if self.error is not None:
            yield from error_as_annotations(self.error, directory)
        elif self.status in {"drift", "missing"}:
            changes = "".join(f"\n{line}" for line in changes_as_text(self.changes))
            yield of_status(self.status, f"{self._sentence(self.status)}{changes}", directory)

    def say_lines(self) -> None:
        """Print a line for each finding, and one for a lock that is not up to date."""
        from qwenlock.cli.console import emit
        from qwenlock.cli.findings import findings_in_lines
        from qwenlock.text.foreign import clean

        for line in findings_in_lines(json.loads(self.findings)):
            emit(line)
        if self.status != "ok":
            lock = NAME if self.project == "." else f"{self.project}/{NAME}"
            emit(f"{clean(lock)}: error[{self.status}] {clean(self._sentence(self.status))}")

    def say(self) -> None:
        """Print what is wrong, what would change, and the verdict."""
        from qwenlock.cli.console import emit_words, say
        from qwenlock.text.foreign import clean

        if self.words:
            say(self.words)
        if self.changes:
            from qwenlock.cli.views.differences import first_changes_as_text

            for line in first_changes_as_text(self.changes):
                emit_words(f"{clean(self.project)}: {line}")
        self.say_verdict()

    def say_verdict(self) -> None:
        """Print the verdict, and what helps."""
        from qwenlock.cli.console import painted, say
        from qwenlock.text.foreign import clean

        if self.trouble == "key" and self.status == "invalid":
            self._say_verdict("invalid")
        self._say_verdict(self.trouble or self.status)
        if self.hint:
            say(f"  {painted('help', 'good')}: {clean(self.hint)}")

    def _say_verdict(self, verdict: str) -> None:
        from qwenlock.cli.console import painted, say
        from qwenlock.text.foreign import clean

        colour = "good" if verdict == "ok" else "error"
        say(f"{painted(verdict, colour)}: {clean(self._sentence(verdict))}")

    def _sentence(self, verdict: str) -> str:
        lock = NAME if self.project == "." else f"{self.project}/{NAME}"
        below = self.command.replace("qwenlock lock", "qwenlock check --recursive", 1)
        return _SENTENCES[verdict].format(lock=lock, command=self.command, below=below)


def say_all(reports: Sequence[CheckReport], loudness: int) -> None:
    """Say what is wrong, and sum up what is not.

    Args:
        reports: the results.
        loudness: 1 to name every project, -1 for what is wrong alone.
    """
    from qwenlock.cli.console import painted, say

    sums_up = loudness < 0 or (loudness == 0 and len(reports) > 1)
    for report in reports:
        if report.exit_code or not sums_up:
            report.say()
    fine = [each for each in reports if each.exit_code == 0]
    if loudness < 0 or not sums_up or not fine:
        return
    more = " more" if len(fine) < len(reports) else ""
    are = "project is" if len(fine) == 1 else "projects are"
    warned = sum(bool(each.words) for each in fine)
    warnings = f"; {warned} with warnings, which -v shows" if warned else ""
    say(f"{painted('ok', 'good')}: {len(fine)}{more} {are} up to date{warnings}")


def say_unset(reports: Sequence[CheckReport]) -> None:
    """Print each variable that several projects lack once, with the projects."""
    from qwenlock.cli.console import painted, say
    from qwenlock.text.foreign import clean

    users: dict[str, list[str]] = {}
    for report in reports:
        for name in report.unset:
            users.setdefault(name, []).append(report.project)
    for name, projects in users.items():
        users_here = clean(", ".join(projects))
        say(f"{painted('unset', 'error')}: {name} is not set; needed by {users_here}")


def say_clients(reports: Sequence[CheckReport]) -> None:
    """Print the client that each project is for, but each line only once."""
    from qwenlock.cli.console import say

    for line in dict.fromkeys(report.line for report in reports if report.line):
        say(line)


def invalid(name: str, error: InputError, keys: Sequence[Finding] = ()) -> CheckReport:
    """Return the report on a project that cannot be read, and on the keys that it holds."""
    from qwenlock.cli.findings import error_as_text

    report = CheckReport(name, "invalid", exit_code=3)
    if error.findings:
        is_conflict = any("merge conflict" in each.message for each in error.findings)
        report = report._replace(trouble="conflict" if is_conflict else "")
        return with_findings(report, (*error.findings, *keys))
    report = with_findings(report, keys)
    return report._replace(words=f"{report.words}{advised(error_as_text(error))}", error=error)


def with_findings(
    report: CheckReport, findings: Sequence[Finding], users: str | None = None
) -> CheckReport:
    """Return `report` with findings; the warnings about the file `users` are only counted."""
    from qwenlock.cli.findings import findings_as_json, findings_as_text

    def is_the_users(finding: Finding) -> bool:
        place = finding.place
        return finding.level == "warning" and place is not None and place.document.label == users

    count = sum(map(is_the_users, findings))
    words = findings_as_text([each for each in findings if not is_the_users(each)], notes=False)
    if count:
        words += f"{count} warning{'s' * (count > 1)} about {users}: run `qwenlock lint`"
    return report._replace(findings=json.dumps(findings_as_json(findings)), words=advised(words))
