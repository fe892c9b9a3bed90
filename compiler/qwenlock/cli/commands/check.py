"""`qwenlock check`: the gate in CI. Is there a lock, unedited, that matches the settings?"""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from qwenlock.cli import declared as typer
from qwenlock.cli.advice import about, advised, forget, from_here, given_options
from qwenlock.cli.options import (
    OUTPUT,
    ClientOption,
    GateFormat,
    GateFormatOption,
    ScopedCommand,
    flags_of,
)
from qwenlock.cli.projects import ProjectsArgument, RecursiveOption, chosen, in_processes
from qwenlock.edge.places import Flags
from qwenlock.lock import NAME

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from qwenlock.cli.views.annotations import Annotation
    from qwenlock.compile.compiler import Compilation
    from qwenlock.compile.verdict import Verdict
    from qwenlock.edge.reader import Reader
    from qwenlock.findings.errors import InputError
    from qwenlock.findings.finding import Finding
    from qwenlock.lock.diff import LockChange
    from qwenlock.settings.project import Project

app = typer.Typer(add_completion=False)

SENTENCES = {
    "ok": "{lock} is up to date",
    "drift": "{lock} differs from its settings: run {command}",
    "edited": "{lock} was edited by hand: run {command}",
    "missing": "{lock} is missing: run {command}",
    "no project": "{lock} is missing; for the projects below, run {below}",
    "invalid": "{lock} cannot be checked",
    "unset": "{lock} needs variables that are not set",
    "absent": "the settings of {lock} are absent: check them out; or, if deleted, run {command}",
    "endings": "{lock} has other line endings: run {command}",
    "key": "the settings of {lock} hold a key, and git tracks them",
    "conflict": "{lock} or its settings have an unresolved merge conflict",
}
"""What is printed about a project, by its status."""
EXIT = {"ok": 0, "drift": 1, "edited": 1, "missing": 1, "invalid": 3}
"""The exit code of each status."""
_LOCK = "`qwenlock lock`"
_NO_USER = (
    "the lock was made with user settings, and {file} is not on this machine: to copy the models "
    "to the project, run `qwenlock init --from-user` where the lock was made"
)


@app.command(cls=ScopedCommand)
def check(
    context: typer.Context,
    projects: ProjectsArgument = None,
    recursive: RecursiveOption = False,
    env: Annotated[
        bool, typer.Option("--env", help="Also check that every variable the lock needs is set.")
    ] = False,
    quiet: Annotated[
        bool,
        typer.Option("--quiet", "-q", help="Say only what is wrong.", rich_help_panel=OUTPUT),
    ] = False,
    verbose: Annotated[
        bool,
        typer.Option(
            "--verbose",
            "-v",
            help="Name every project that is up to date.",
            rich_help_panel=OUTPUT,
        ),
    ] = False,
    client: ClientOption = None,
    format: GateFormatOption = GateFormat.text,  # noqa: A002
) -> int:
    """Check that qwen.lock matches the settings, and is unedited.

    --recursive checks every directory below that has a lock, or whose settings have models, or
    that the configuration lists as one of the `projects`.

    Exits 1 on drift, on a missing or hand-edited lock, and on a key in settings that git tracks,
    and 3 if the settings or the lock are invalid. With several projects, the highest exit code
    counts.

    Examples: `qwenlock check`, `qwenlock check --recursive --format json .`
    """
    from qwenlock.cli.console import in_colour
    from qwenlock.edge import file_states

    flags, loudness = flags_of(context), verbose - quiet
    directories, several = chosen(projects, flags, recursive=recursive)
    request = f"{file_states.request(flags, client)} {in_colour(sys.stderr)}"
    question = _Question(flags, client, env, several, request)
    reports = in_processes(partial(_reports, question=question), directories)
    forget()  # each report has its own advice
    if loudness >= 0:
        _say_clients(reports)
    if format is GateFormat.json:
        from qwenlock.cli.console import emit_json

        emit_json({"projects": [report.as_json() for report in reports]})
    elif format is GateFormat.concise:
        for report in reports:
            report.say_lines()
    elif format is not GateFormat.text:
        from qwenlock.cli.views.annotations import emit_annotations

        emit_annotations([each for report in reports for each in report.annotations()], format)
        for report in reports:
            report.say_verdict()
    else:
        _say_all(reports, loudness)
        _say_unset(reports)
    return max((report.exit_code for report in reports), default=0)


def _say_all(reports: Sequence[_Report], loudness: int) -> None:
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


def _say_unset(reports: Sequence[_Report]) -> None:
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
    command: str = _LOCK
    trouble: str = ""
    hint: str = ""
    unset: tuple[str, ...] = ()

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

        from qwenlock.cli.report import error_as_annotations
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
        import json

        from qwenlock.cli.console import emit
        from qwenlock.cli.report import findings_in_lines
        from qwenlock.text.foreign import clean

        for line in findings_in_lines(json.loads(self.findings)):
            emit(line)
        if self.status != "ok":
            lock = NAME if self.project == "." else f"{self.project}/{NAME}"
            emit(f"{clean(lock)}: error[{self.status}] {clean(self._sentence(self.status))}")

    def say(self) -> None:
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
        return SENTENCES[verdict].format(lock=lock, command=self.command, below=below)


class _Question(NamedTuple):
    """What is checked in each project, and whether there are several.

    Attributes:
        flags: the scope options.
        client: the client that is asked for.
        env: whether variables are checked.
        several: whether there are several projects.
        request: what the answers depend on besides files, in one line.
    """

    flags: Flags
    client: str | None
    env: bool
    several: bool
    request: str


class _Passed(NamedTuple):
    """A check that passed: the states of the files it read, the request, and the report."""

    states: list[str]
    asked: str
    said: str


def _reports(directories: Sequence[Path], question: _Question) -> list[_Report]:
    """Check projects; compile only those that changed since they last passed."""
    from qwenlock.edge import file_states
    from qwenlock.edge.reader import Reader

    reader = Reader()
    passed: list[_Passed] = []
    judge = _report_or_error if question.several else _report
    reports = []
    given_options(question.flags, question.client)
    for each in directories:
        with about(each):
            report = judge(each, question, reader, passed)
            if report.exit_code:
                report = report._replace(command=advised(_LOCK))
            reports.append(report)
    seen = file_states.States()
    for one in passed:
        file_states.record(*one, seen)
    return reports


def _report_or_error(
    directory: Path, question: _Question, reader: Reader, passed: list[_Passed]
) -> _Report:
    """Check one project; whatever is wrong with it must not hide the others."""
    from qwenlock.cli.start import BUG
    from qwenlock.findings.errors import InputError, UsageError, from_system

    try:
        return _report(directory, question, reader, passed)
    except InputError as error:
        return _invalid(from_here(directory), error)
    except UsageError as error:
        said = InputError(error.message, error.fix)
        return _invalid(from_here(directory), said)._replace(exit_code=2)
    except OSError as error:
        return _invalid(from_here(directory), from_system(error))
    except Exception as error:  # noqa: BLE001  (the others must be judged all the same)
        words = f"qwenlock has a bug: {type(error).__name__}"
        fix = "run `qwenlock --debug check` on this project alone, and please report it"
        return _invalid(from_here(directory), InputError(words, fix))._replace(exit_code=BUG)


def _report(directory: Path, question: _Question, reader: Reader, passed: list[_Passed]) -> _Report:
    """Check one project; if it passes, add what to remember of it to `passed`."""
    import json

    from qwenlock.edge import file_states

    name = from_here(directory)
    _refuse_link(directory)
    asked = file_states.request_about(directory, question.request)
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
        return _invalid(name, error, _key_anyway(directory))
    client, line = json.dumps(client_as_json(project)), client_line(project)
    absent = _absent(compilation, project) if question.env else {}
    key, is_tracked = _literal_key(project)
    tracks_key = key is not None and is_tracked is True
    exit_code = 1 if tracks_key else max(EXIT[verdict.status], 1 if absent else 0)
    trouble = _trouble(verdict, project)
    if tracks_key and verdict.status in ("ok", "invalid"):
        trouble = "key"
    elif verdict.status == "ok" and absent:
        trouble = "unset"
    keys = (key,) if key is not None and is_tracked is not False else ()
    said_once = (*verdict.findings, *keys)
    of_user = _users_file(project)
    report = _Report(name, verdict.status, client, line, exit_code, verdict.changes)
    report = _with_findings(report, (*said_once, *absent.values()), of_user)
    report = report._replace(trouble=trouble)
    if question.several and absent:
        words = _with_findings(report, said_once, of_user).words
        report = report._replace(words=words, unset=tuple(absent))
    if lacks_user(project, verdict.changes):
        report = report._replace(hint=_NO_USER.format(file=project.places.labels["user"]))
    is_recorded = project.client_from not in ("installed", "newest")  # else PATH has a say
    if verdict.status == "ok" and not question.env and is_recorded and key is None:
        said = "\n".join((client, line, report.findings, report.words))
        passed.append(_Passed([*project.states], asked, said))
    return report


def _absent(compilation: Compilation, project: Project) -> dict[str, Finding]:
    """Return the finding for each variable of the lock that a client here would not have."""
    from qwenlock.edge.environment import with_variables
    from qwenlock.lint.variables import missing, unset

    if compilation.lock is None:
        return {}
    there = with_variables(project)
    names = [each.name for each in missing(compilation.lock, there)]
    return dict(zip(names, unset(compilation.lock, there), strict=True))


def _trouble(verdict: Verdict, project: Project) -> str:
    """Return the key of `SENTENCES` that says more than the status does, or nothing."""
    from qwenlock.lock.text import is_unedited_but_for_line_endings

    if verdict.status == "edited" and is_unedited_but_for_line_endings(project.stored or b""):
        return "endings"
    if verdict.status == "drift" and _lacks_settings(project, verdict.changes):
        return "absent"
    directory = project.places.lock.parent
    is_root = verdict.status == "missing" and (directory / ".git").exists()
    if is_root and project.source("project") is None:
        from qwenlock.edge.walk import projects_below

        return "no project" if next(projects_below(directory), None) is not None else ""
    return ""


def _refuse_link(directory: Path) -> None:
    """Refuse a lock that is a link, or a project behind one: what a link leads to is not reviewed.

    Raises:
        InputError: it is one, or the project does not exist.
    """
    from qwenlock.cli.projects import not_there
    from qwenlock.edge.files import unusable

    if not directory.is_dir():
        raise not_there(directory)
    for path in (directory / NAME, directory):
        if path.is_symlink():
            fix = "replace it with what it leads to"
            raise unusable("QL105", from_here(path), "it is a symbolic link", fix)


def _lacks_settings(project: Project, changes: Sequence[LockChange]) -> bool:
    """Tell whether the lock was made from the project's settings, and they are not here."""
    gone = any((each.kind, each.action) == ("input", "removed") for each in changes)
    file = project.places.files.get("project")
    return gone and file is not None and not file.exists()


def _literal_key(project: Project) -> tuple[Finding | None, bool | None]:
    """Return the finding for a key in the project's own settings, and whether git tracks those."""
    from qwenlock.edge.git import tracked
    from qwenlock.lint.credentials import tracked_key

    own = project.source("project")
    if own is None or next(tracked_key(own.document), None) is None:
        return None, False
    file = project.places.files["project"]
    said = tracked([file]).get(file, False)
    return next(tracked_key(own.document, is_known=said is not None)), said


def _key_anyway(directory: Path) -> list[Finding]:
    """Return the finding for a key in tracked settings of a project that cannot be read."""
    from qwenlock.edge.files import read_text
    from qwenlock.edge.git import tracked
    from qwenlock.edge.places import SETTINGS, shown
    from qwenlock.findings.errors import InputError
    from qwenlock.lint.credentials import tracked_key_of

    path = directory / SETTINGS
    label = shown(path)
    try:
        text = read_text(path, label)
    except InputError:
        return []
    said = False if text is None else tracked([path]).get(path, False)
    if text is None or said is False:
        return []
    return [*tracked_key_of(text, label, is_known=said is True)]


def lacks_user(project: Project, changes: Sequence[LockChange]) -> bool:
    """Tell whether a lock was made with user settings that are not on this machine."""
    had = any(
        (each.kind, each.name, each.action) == ("input", "user", "removed") for each in changes
    )
    return had and project.source("user") is None and "user" in project.places.labels


def _invalid(name: str, error: InputError, keys: Sequence[Finding] = ()) -> _Report:
    """Return the report on a project that cannot be read, and on the keys that it holds."""
    from qwenlock.cli.report import error_as_text

    report = _Report(name, "invalid", exit_code=3)
    if error.findings:
        is_conflict = any("merge conflict" in each.message for each in error.findings)
        report = report._replace(trouble="conflict" if is_conflict else "")
        return _with_findings(report, (*error.findings, *keys))
    report = _with_findings(report, keys)
    return report._replace(words=f"{report.words}{advised(error_as_text(error))}", error=error)


def _users_file(project: Project) -> str | None:
    """Return the user's own settings of a project that has settings too, as messages name them."""
    return project.places.labels.get("user") if project.source("project") else None


def _with_findings(
    report: _Report, findings: Sequence[Finding], users: str | None = None
) -> _Report:
    """Return `report` with findings; the warnings about the file `users` are only counted."""
    import json

    from qwenlock.cli.report import findings_as_json, findings_as_text

    def is_the_users(finding: Finding) -> bool:
        place = finding.place
        return finding.level == "warning" and place is not None and place.document.label == users

    count = sum(map(is_the_users, findings))
    words = findings_as_text([each for each in findings if not is_the_users(each)], notes=False)
    if count:
        words += f"{count} warning{'s' * (count > 1)} about {users}: run `qwenlock lint`"
    return report._replace(findings=json.dumps(findings_as_json(findings)), words=advised(words))
