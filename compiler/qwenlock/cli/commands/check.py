"""`qwenlock check`: the gate in CI. Is there a lock, unedited, that matches the settings?"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from qwenlock.cli.options import (
    ClientOption,
    GateFormat,
    GateFormatOption,
    ScopedCommand,
    flags_of,
    project_directory,
)
from qwenlock.edge.places import Flags, relative
from qwenlock.lock import NAME

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from qwenlock.cli.views.annotations import Annotation
    from qwenlock.edge.reader import Reader
    from qwenlock.findings.errors import InputError
    from qwenlock.findings.finding import Finding
    from qwenlock.lock.diff import LockChange
    from qwenlock.settings.project import Project

app = typer.Typer(add_completion=False)

SENTENCES = {
    "ok": "{lock} is up to date",
    "drift": "{lock} differs from its settings: run `{command}`",
    "edited": "{lock} was edited by hand: run `{command}`",
    "missing": "{lock} is missing: run `{command}`",
    "invalid": "{lock} cannot be checked",
    "unset": "{lock} needs variables that are not set",
}
"""What is printed about a project, by its status."""
EXIT = {"ok": 0, "drift": 1, "edited": 1, "missing": 1, "invalid": 3}
"""The exit code of each status."""
_NO_USER = (
    "the lock was made with user settings, and {file} is not on this machine: to copy the models "
    "to the project, run `qwenlock init --from-user` where the lock was made"
)
_WORTH_A_PROCESS, _PARTS = 64, 4
"""Projects per worker process, and how many parts a worker's share is split into."""


@app.command(cls=ScopedCommand)
def check(
    context: typer.Context,
    projects: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[PROJECT]...",
            help="Project directories; by default, the same one as for `qwenlock lock`.",
        ),
    ] = None,
    recursive: Annotated[
        bool,
        typer.Option("--recursive", help="Check every directory below that holds a qwen.lock."),
    ] = False,
    env: Annotated[
        bool, typer.Option("--env", help="Also check that every variable the lock needs is set.")
    ] = False,
    client: ClientOption = None,
    format: GateFormatOption = GateFormat.text,  # noqa: A002
) -> int:
    """Check that qwen.lock exists, is unedited, and matches the settings.

    Exits 1 on drift and on a missing or hand-edited lock, and 3 if the settings or the lock are
    invalid. With several projects, the highest exit code counts.

    Examples: `qwenlock check`, `qwenlock check --recursive --format json .`
    """
    flags = flags_of(context)
    given: list[Path | None] = [*projects] if projects else [None]
    directories = [project_directory(each) for each in given]
    if recursive:
        from qwenlock.edge.walk import projects_below

        directories = [found for each in directories for found in projects_below(each)]
        if not directories:
            from qwenlock.findings.errors import QwenlockError

            raise QwenlockError("no qwen.lock found", "run `qwenlock lock` in a project")
    reports = _reports(directories, _Question(flags, client, env, len(directories) > 1))
    _say_clients(reports)
    if format is GateFormat.json:
        from qwenlock.cli.console import emit_json

        emit_json({"projects": [report.as_json() for report in reports]})
    elif format is not GateFormat.text:
        from qwenlock.cli.views.annotations import emit_annotations

        emit_annotations([each for report in reports for each in report.annotations()], format)
        for report in reports:
            report.say_verdict()
    else:
        for report in reports:
            report.say()
    return max((report.exit_code for report in reports), default=0)


def _say_clients(reports: Sequence[_Report]) -> None:
    """Print the client that each project is for, but each line only once."""
    from qwenlock.cli.console import say

    for line in dict.fromkeys(report.line for report in reports if report.line):
        say(line)


class _Report(NamedTuple):
    """The report on one project, prepared once so that a passed check can be remembered."""

    project: str
    status: str
    client: str = "{}"
    line: str = ""
    exit_code: int = 0
    changes: tuple[LockChange, ...] = ()
    findings: str = "[]"
    words: str = ""
    error: InputError | None = None
    hint: str = ""

    def as_json(self) -> dict[str, Any]:
        import json

        from qwenlock.cli.report import changes_as_json

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
        import json

        from qwenlock.cli.report import changes_as_text
        from qwenlock.cli.views.annotations import of_findings, of_status

        directory = Path(self.project)
        yield from of_findings(json.loads(self.findings), directory)
        if self.error is not None:
            fix = f"\nhelp: {self.error.fix}" if self.error.fix else ""
            yield of_status("invalid", f"{self.error.message}{fix}", directory)
        elif self.status in {"drift", "missing"}:
            changes = "".join(f"\n{line}" for line in changes_as_text(self.changes))
            yield of_status(self.status, f"{self._sentence(self.status)}{changes}", directory)

    def say(self) -> None:
        from qwenlock.cli.console import emit, say
        from qwenlock.cli.foreign import clean

        if self.words:
            say(self.words)
        if self.changes:
            from qwenlock.cli.report import changes_as_text

            for line in changes_as_text(self.changes):
                emit(f"{clean(self.project)}: {line}")
        self.say_verdict()

    def say_verdict(self) -> None:
        from qwenlock.cli.console import painted, say
        from qwenlock.cli.foreign import clean

        verdict = "unset" if self.status == "ok" and self.exit_code else self.status
        colour = "good" if verdict == "ok" else "error"
        say(f"{painted(verdict, colour)}: {clean(self._sentence(verdict))}")
        if self.hint:
            say(f"  {painted('help', 'good')}: {clean(self.hint)}")

    def _sentence(self, verdict: str) -> str:
        if self.project == ".":
            return SENTENCES[verdict].format(lock=NAME, command="qwenlock lock")
        import shlex

        command = f"qwenlock lock {shlex.quote(self.project)}"
        return SENTENCES[verdict].format(lock=f"{self.project}/{NAME}", command=command)


class _Question(NamedTuple):
    """What is checked in each project, and whether there are several."""

    flags: Flags
    client: str | None
    env: bool
    several: bool


class _Passed(NamedTuple):
    """A check that passed: the states of the files it read, the request, and the report."""

    states: list[str]
    asked: str
    said: str


def _reports(directories: Sequence[Path], question: _Question) -> list[_Report]:
    """Check projects, in their order; if there are many, in several processes."""
    from functools import partial

    processes = min(os.cpu_count() or 1, len(directories) // _WORTH_A_PROCESS)
    if processes < 2:
        return _reports_of(directories, question)
    from concurrent.futures import ProcessPoolExecutor

    size = -(-len(directories) // (processes * _PARTS))
    parts = [directories[start : start + size] for start in range(0, len(directories), size)]
    with ProcessPoolExecutor(processes) as pool:
        found = pool.map(partial(_reports_of, question=question), parts)
        return [report for reports in found for report in reports]


def _reports_of(directories: Sequence[Path], question: _Question) -> list[_Report]:
    """Check projects; compile only those that changed since they last passed."""
    from qwenlock.edge import file_states
    from qwenlock.edge.reader import Reader

    reader = Reader()
    passed: list[_Passed] = []
    judge = _report_or_error if question.several else _report
    reports = [judge(each, question, reader, passed) for each in directories]
    seen = file_states.States()
    for each in passed:
        file_states.record(*each, seen)
    return reports


def _report_or_error(
    directory: Path, question: _Question, reader: Reader, passed: list[_Passed]
) -> _Report:
    """Check one project; whatever is wrong with it must not hide the others."""
    from qwenlock.cli.app import BUG
    from qwenlock.findings.errors import InputError, UsageError, from_system

    name = _from_here(directory)
    try:
        return _report(directory, question, reader, passed)
    except InputError as error:
        return _invalid(name, error)
    except UsageError as error:
        return _invalid(name, InputError(error.message, error.fix))._replace(exit_code=2)
    except OSError as error:
        return _invalid(name, from_system(error))
    except Exception as error:  # noqa: BLE001  (the others must be judged all the same)
        words = f"qwenlock has a bug: {type(error).__name__}"
        fix = "run `qwenlock --debug check` on this project alone, and please report it"
        return _invalid(name, InputError(words, fix))._replace(exit_code=BUG)


def _report(directory: Path, question: _Question, reader: Reader, passed: list[_Passed]) -> _Report:
    """Check one project; if it passes, add what to remember of it to `passed`."""
    import json

    from qwenlock.cli.console import in_colour
    from qwenlock.edge import file_states

    name = _from_here(directory)
    asked = file_states.request(directory, question.flags, question.client)
    asked = f"{asked} {in_colour(sys.stderr)}"
    said = None if question.env else file_states.passed(asked, reader.states)
    if said is not None:
        about, line, findings, words = said.split("\n", 3)
        return _Report(name, "ok", about, line, findings=findings, words=words)
    from qwenlock.cli.client import client_as_json, client_line
    from qwenlock.compile.compiler import compile_project
    from qwenlock.compile.verdict import judge
    from qwenlock.edge.project import label_of, read
    from qwenlock.findings.errors import InputError

    try:
        project = read(directory, question.flags, question.client, reader)
        compilation = compile_project(project)
        verdict = judge(project.stored, label_of(directory), compilation)
    except InputError as error:
        return _invalid(name, error)
    found = verdict.findings
    client, line = json.dumps(client_as_json(project)), client_line(project)
    exit_code = EXIT[verdict.status]
    if question.env and compilation.lock is not None:
        from qwenlock.edge.environment import with_variables
        from qwenlock.lint.variables import unset

        missing = tuple(unset(compilation.lock, with_variables(project)))
        found = (*found, *missing)
        exit_code = max(exit_code, 1 if missing else 0)
    report = _Report(name, verdict.status, client, line, exit_code, verdict.changes)
    if _lacks_user(project, verdict.changes):
        report = report._replace(hint=_NO_USER.format(file=project.places.labels["user"]))
    report = _with_findings(report, found)
    is_recorded = project.client_from not in ("installed", "newest")  # else PATH has a say
    if verdict.status == "ok" and not question.env and is_recorded:
        said = "\n".join((client, line, report.findings, report.words))
        passed.append(_Passed([*project.states], asked, said))
    return report


def _lacks_user(project: Project, changes: Sequence[LockChange]) -> bool:
    """Tell whether a lock was made with user settings that are not on this machine."""
    had = any(
        (each.kind, each.name, each.action) == ("input", "user", "removed") for each in changes
    )
    return had and project.source("user") is None and "user" in project.places.labels


def _invalid(name: str, error: InputError) -> _Report:
    from qwenlock.cli.report import error_as_text

    if error.findings:
        return _with_findings(_Report(name, "invalid", exit_code=3), error.findings)
    return _Report(name, "invalid", exit_code=3, words=error_as_text(error), error=error)


def _with_findings(report: _Report, findings: Sequence[Finding]) -> _Report:
    import json

    from qwenlock.cli.report import findings_as_json, findings_as_text

    return report._replace(
        findings=json.dumps(findings_as_json(findings)),
        words=findings_as_text(findings, notes=False),
    )


def _from_here(directory: Path) -> str:
    """Return a directory as the user would name it from here."""
    name = relative(os.path.abspath(directory), os.getcwd())  # noqa: PTH100, PTH109
    return str(directory) if name.startswith("../..") else name
