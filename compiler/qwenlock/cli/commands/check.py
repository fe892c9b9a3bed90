"""`qwenlock check`: the gate in CI. Is there a lock, unedited, that matches the settings?"""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

from qwenlock.cli import declared as typer
from qwenlock.cli.advice import about, advised, forget, from_here, given_options
from qwenlock.cli.options import (
    OUTPUT,
    SCOPED,
    ClientOption,
    GateFormat,
    GateFormatOption,
    flags_of,
)
from qwenlock.cli.projects import ProjectsArgument, RecursiveOption, chosen, in_processes
from qwenlock.cli.views.check import (
    LOCK,
    CheckReport,
    invalid,
    say_all,
    say_clients,
    say_unset,
    with_findings,
)
from qwenlock.edge.places import Flags
from qwenlock.lock import NAME

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qwenlock.compile.compiler import Compilation
    from qwenlock.compile.verdict import Verdict
    from qwenlock.edge.reader import Reader
    from qwenlock.findings.finding import Finding
    from qwenlock.settings.project import Project

app = typer.Typer(add_completion=False)

_NO_USER = (
    "the lock was made with user settings, and {file} is not on this machine: to copy the models "
    "to the project, run `qwenlock init --from-user` where the lock was made"
)


@app.command(cls=SCOPED)
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
        say_clients(reports)
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
        say_all(reports, loudness)
        say_unset(reports)
    return max((report.exit_code for report in reports), default=0)


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


def _reports(directories: Sequence[Path], question: _Question) -> list[CheckReport]:
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
                report = report._replace(command=advised(LOCK))
            reports.append(report)
    seen = file_states.States()
    for one in passed:
        file_states.record(*one, seen)
    return reports


def _report_or_error(
    directory: Path, question: _Question, reader: Reader, passed: list[_Passed]
) -> CheckReport:
    """Check one project; whatever is wrong with it must not hide the others."""
    from qwenlock.cli.start import BUG
    from qwenlock.findings.errors import InputError, UsageError, from_system

    try:
        return _report(directory, question, reader, passed)
    except InputError as error:
        return invalid(from_here(directory), error)
    except UsageError as error:
        said = InputError(error.message, error.fix)
        return invalid(from_here(directory), said)._replace(exit_code=2)
    except OSError as error:
        return invalid(from_here(directory), from_system(error))
    except Exception as error:  # noqa: BLE001  (the others must be judged all the same)
        words = f"qwenlock has a bug: {type(error).__name__}"
        fix = "run `qwenlock --debug check` on this project alone, and please report it"
        return invalid(from_here(directory), InputError(words, fix))._replace(exit_code=BUG)


def _report(
    directory: Path, question: _Question, reader: Reader, passed: list[_Passed]
) -> CheckReport:
    """Check one project; if it passes, add what to remember of it to `passed`."""
    import json

    from qwenlock.edge import file_states

    name = from_here(directory)
    _refuse_link(directory)
    asked = file_states.request_about(directory, question.request)
    said = None if question.env else file_states.passed(asked, reader.states)
    if said is not None:
        about, line, findings, words = said.split("\n", 3)
        return CheckReport(name, "ok", about, line, findings=findings, words=words)
    from qwenlock.cli.client import client_as_json, client_line
    from qwenlock.compile.compiler import compile_project
    from qwenlock.compile.verdict import judge
    from qwenlock.edge.project import label_of, read
    from qwenlock.findings.errors import InputError
    from qwenlock.lint.gate import Gate, lacks_user

    try:
        project = read(directory, question.flags, question.client, reader)
        compilation = compile_project(project)
        verdict = judge(project.stored, label_of(directory), compilation)
    except InputError as error:
        return invalid(name, error, _key_anyway(directory))
    client, line = json.dumps(client_as_json(project)), client_line(project)
    key, is_tracked = _literal_key(project)
    unset = _unset(compilation, project) if question.env else {}
    may_be_tracked = key if is_tracked is not False else None
    gate = Gate(project, verdict, may_be_tracked, is_tracked is True, unset)
    of_user = _users_file(project)
    report = CheckReport(name, verdict.status, client, line, gate.exit_code, verdict.changes)
    report = with_findings(report, (*gate.findings, *unset.values()), of_user)
    report = report._replace(trouble=gate.trouble or _trouble_at_root(verdict, project))
    if question.several and unset:
        words = with_findings(report, gate.findings, of_user).words
        report = report._replace(words=words, unset=tuple(unset))
    if lacks_user(project, verdict.changes):
        report = report._replace(hint=_NO_USER.format(file=project.places.labels["user"]))
    is_recorded = project.client_from not in ("installed", "newest")  # else PATH has a say
    if verdict.status == "ok" and not question.env and is_recorded and key is None:
        said = "\n".join((client, line, report.findings, report.words))
        passed.append(_Passed([*project.states], asked, said))
    return report


def _unset(compilation: Compilation, project: Project) -> dict[str, Finding]:
    """Return the finding for each variable of the lock that a client here would not have."""
    from qwenlock.edge.environment import with_variables
    from qwenlock.lint.variables import missing, unset

    if compilation.lock is None:
        return {}
    there = with_variables(project)
    names = [each.name for each in missing(compilation.lock, there)]
    return dict(zip(names, unset(compilation.lock, there), strict=True))


def _trouble_at_root(verdict: Verdict, project: Project) -> str:
    """Return "no project" for a root that needs no lock, as the projects are below it."""
    from qwenlock.edge.walk import projects_below

    directory = project.places.lock.parent
    is_root = verdict.status == "missing" and (directory / ".git").exists()
    if is_root and project.source("project") is None:
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
    from qwenlock.edge.places import SETTINGS, as_typed
    from qwenlock.findings.errors import InputError
    from qwenlock.lint.credentials import tracked_key_of

    path = directory / SETTINGS
    label = as_typed(path)
    try:
        text = read_text(path, label)
    except InputError:
        return []
    said = False if text is None else tracked([path]).get(path, False)
    if text is None or said is False:
        return []
    return [*tracked_key_of(text, label, is_known=said is True)]


def _users_file(project: Project) -> str | None:
    """Return the user's own settings of a project that has settings too, as messages name them."""
    return project.places.labels.get("user") if project.source("project") else None
