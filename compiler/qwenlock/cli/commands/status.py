"""`qwenlock status`: a project on one screen, and what to do next."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import TYPE_CHECKING

from qwenlock.cli import declared as typer
from qwenlock.cli.advice import given_options
from qwenlock.cli.console import emit
from qwenlock.cli.options import (
    SCOPED,
    ClientOption,
    Format,
    FormatOption,
    flags_of,
)
from qwenlock.cli.projects import ProjectsArgument, RecursiveOption, chosen, for_each
from qwenlock.settings.values import SETTINGS_VERSION
from qwenlock.text.record import as_dict, dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from qwenlock.compile.roles import ScopeFile
    from qwenlock.compile.verdict import VerdictStatus
    from qwenlock.edge.enforcement import InForce
    from qwenlock.edge.places import Flags
    from qwenlock.edge.reader import Reader
    from qwenlock.findings.finding import Finding
    from qwenlock.lint.subject import Subject
    from qwenlock.lock.diff import LockChange
    from qwenlock.lock.model import Lock
    from qwenlock.migrate.migration import Step
    from qwenlock.settings.project import Project

app = typer.Typer(add_completion=False)

_LEVELS = ("error", "warning", "note")
_MOST = 4
"""How many plans, and how many variables, get a line of their own."""
_VERSION = ("QL106", "QL125")
"""The findings about settings of an old version."""


@app.command(cls=SCOPED)
def status(
    context: typer.Context,
    projects: ProjectsArgument = None,
    recursive: RecursiveOption = False,
    client: ClientOption = None,
    format: FormatOption = Format.text,  # noqa: A002
) -> int:
    """Show a project on one screen, and which commands to run next.

    The client and why, the selected model, the lock, the settings files, plans with updates,
    migrations that are due, and how many findings there are. `qwenlock` alone shows this in a
    project. Exits 3 if the settings or the lock are invalid.
    """
    from qwenlock.edge.reader import Reader

    flags, as_json = flags_of(context), format is Format.json
    found = chosen(projects, flags, recursive=recursive)
    reader = Reader() if found.several else None
    one = partial(_status_of, flags=flags, client=client, reader=reader, as_json=as_json)
    return for_each(found, one, as_json=as_json, apart=True)


def _status_of(
    directory: Path, flags: Flags, client: str | None, reader: Reader | None, *, as_json: bool
) -> int:
    from qwenlock.edge.lint_subject import gather

    given_options(flags, client)  # this may be a process of its own
    subject = gather(directory, flags, client, env=False, reader=reader)
    found = _look(subject, directory)
    if as_json:
        _emit(found, subject.project)
    else:
        _draw(found, subject.project)
    return 3 if found.lock == "invalid" else 0


@dataclass(frozen=True, slots=True)
class _Plan:
    """An installed plan, and whether an update is due."""

    plan: str
    region: str | None
    status: str
    version: str | None
    newest: str | None


@dataclass(frozen=True, slots=True)
class _Overview:
    """What there is to say about a project.

    Attributes:
        lock: the status of the lock, as `check` has it.
        changes: what locking would change.
        compiled: what the settings compile to; None if they have errors.
        scopes: the settings files and what they contribute.
        plans: the installed plans.
        migrations: the migrations that are due.
        refused: why they cannot be run, if they cannot.
        levels: how many findings there are of each severity.
        enforced: the lock that a client started here obeys; None if it obeys none.
        unset: the variables that the lock needs and that are not set here.
        lacks_user: whether the lock was made with user settings that are not on this machine.
    """

    lock: VerdictStatus
    changes: tuple[LockChange, ...]
    compiled: Lock | None
    scopes: tuple[ScopeFile, ...]
    plans: tuple[_Plan, ...]
    migrations: tuple[str, ...]
    refused: str | None
    levels: Counter[str]
    enforced: InForce | None
    unset: tuple[str, ...]
    lacks_user: bool

    def next(self) -> Iterator[tuple[str, str]]:
        """Yield the commands to run next, each with what it does."""
        if self.lock == "missing" and all(each.role == "no such file" for each in self.scopes):
            yield "qwenlock init", "set up the project"
            return
        if self.levels["error"] or self.levels["warning"]:
            yield "qwenlock lint", "show the findings, their reasons and fixes"
        if self.migrations:
            listing = " --list" if self.refused else ""
            does = "say what must be done first" if self.refused else "replace what is deprecated"
            yield f"qwenlock migrate{listing}", does
        if len(self.unset) > _MOST:
            number = len(self.unset)
            yield "qwenlock lint --env", f"show the {number} variables that are not set"
        elif self.unset:
            does = "set what the models need, or put it into .env"
            yield " ".join(["export", *(f"{name}=…" for name in self.unset)]), does
        if any(plan.status == "due" for plan in self.plans):
            yield "qwenlock upgrade --keep-selection", "upgrade the plans"
        if self.lacks_user:
            yield "qwenlock check", "show what the lock needs that is not on this machine"
        elif self.lock in ("missing", "drift", "edited"):
            yield "qwenlock lock", "write qwen.lock"
        if self.lock == "ok" and not self.enforced:
            yield "qwenlock run -- qwen", "start the client with the lock enforced"


def _look(subject: Subject, directory: Path) -> _Overview:
    from qwenlock.compile.roles import scope_files
    from qwenlock.compile.verdict import judge
    from qwenlock.edge.enforcement import in_force
    from qwenlock.edge.project import label_of
    from qwenlock.lint.gate import lacks_user
    from qwenlock.lint.lint import configured_findings
    from qwenlock.migrate.migration import migrate
    from qwenlock.migrate.situation import Situation

    project, compilation = subject.project, subject.compilation
    verdict = judge(project.stored, label_of(directory), compilation)
    due = migrate(Situation(project=project), project.client.settings_version)
    findings = [*configured_findings(subject), *verdict.of_lock]
    steps = [step for step in due.steps if _is_reported(step, findings)]
    return _Overview(
        verdict.status,
        verdict.changes,
        compilation.lock,
        tuple(scope_files(project, compilation.lock)),
        tuple(_plans(subject)),
        tuple(step.script.name for step in steps),
        due.refused.message if steps and due.refused else None,
        Counter(finding.level for finding in findings),
        in_force(project),
        _unset(project, compilation.lock),
        lacks_user(project, verdict.changes),
    )


def _is_reported(step: Step, findings: Sequence[Finding]) -> bool:
    """Tell whether a migration is worth advising.

    Every client records its settings version when it starts. If nothing else changes in the file,
    and git does not track it, there is nothing to do.
    """
    if step.script.name != SETTINGS_VERSION:
        return True
    about = {each.place.document.label for each in findings if each.place and each.code in _VERSION}
    return step.label in about


def _unset(project: Project, lock: Lock | None) -> tuple[str, ...]:
    """Return the variables that a client started here would not have."""
    from qwenlock.edge.environment import with_variables
    from qwenlock.lint.variables import missing

    if lock is None:
        return ()
    return tuple(each.name for each in missing(lock, with_variables(project)))


def _plans(subject: Subject) -> Iterator[_Plan]:
    from qwenlock.change.upgrade import upgrade
    from qwenlock.change.upgrade_data import UpgradeWishes
    from qwenlock.findings.errors import QwenlockError
    from qwenlock.text.record import replace

    project = replace(subject.project, plans=subject.world.captured)
    for plan in project.plans:
        try:
            report = upgrade(project, UpgradeWishes(plans=(plan.id,), on_edited="keep")).report
        except QwenlockError:
            yield _Plan(plan.id, None, "unknown", None, None)
            continue
        if report["status"] != "not-installed":
            yield _Plan(plan.id, *(report[name] for name in ("region", "status", "from", "to")))


def _emit(found: _Overview, project: Project) -> None:
    from qwenlock.cli.client import client_as_json
    from qwenlock.cli.console import emit_json
    from qwenlock.cli.findings import changes_as_json

    selection = found.compiled.selection if found.compiled else None
    emit_json(
        {
            "project": str(project.places.project),
            **client_as_json(project),
            "installed": project.installed,
            "lock": {"status": found.lock, "changes": changes_as_json(found.changes)},
            "selection": as_dict(selection) if selection else None,
            "scopes": [each._asdict() for each in found.scopes],
            "plans": [as_dict(plan) for plan in found.plans],
            "migrations": {"due": list(found.migrations), "refused": found.refused},
            "findings": {f"{level}s": found.levels[level] for level in _LEVELS},
            "unset": list(found.unset),
            "enforced": found.enforced.lock if found.enforced else None,
            "next": [{"command": _typed(command), "does": does} for command, does in found.next()],
        }
    )


def _draw(found: _Overview, project: Project) -> None:
    """Draw the overview: on a terminal folded at words, otherwise a line for each row."""
    from qwenlock.cli.views.terminal import draw, is_terminal, plain, text

    rows = list(_rows(found, project))
    if not is_terminal():  # rich takes as long as reading the project
        width = max(len(name) for name, _, _ in rows)
        for name, value, _ in rows:
            emit(f"{name:{width}}  {plain(value)}".rstrip())
        return
    from rich.table import Table

    table = Table.grid(padding=(0, 2))
    for _ in range(2):
        table.add_column(overflow="fold")
    for name, value, style in rows:
        table.add_row(text(name, "bold"), text(value, style))
    draw(table)


def _rows(found: _Overview, project: Project) -> Iterator[tuple[str, str, str]]:
    """Yield each line: its heading, what it says, and its colour."""
    from qwenlock.cli.client import client_line
    from qwenlock.cli.views.catalogue import selection
    from qwenlock.edge.places import from_project

    directory = project.places.project
    yield "project", from_project(directory, type(directory)(directory.anchor)), ""
    yield "client", client_line(project).removeprefix("for "), ""
    if found.compiled is not None:
        yield "model", selection(found.compiled), ""
    yield "lock", _lock(found), "good" if found.lock == "ok" else "error"
    if found.enforced is not None:
        yield "enforced", str(found.enforced), ""
    for number, file in enumerate(each for each in found.scopes if each.role != "no such file"):
        yield "" if number else "settings", f"{file.scope} {file.label}: {file.role}", ""
    for number, (said, style) in enumerate(_plans_in_lines(found.plans)):
        yield "" if number else "plans", said, style
    if found.migrations:
        yield "migrations", f"due: {', '.join(dict.fromkeys(found.migrations))}", "warning"
    yield "findings", *_findings(found.levels)
    for number, (command, does) in enumerate(found.next()):
        yield "" if number else "next", f"{_typed(command)}: {does}", ""


def _typed(command: str) -> str:
    """Return a command as it can be typed here, with the project and the options."""
    from qwenlock.cli.advice import advised

    return advised(f"`{command}`").strip("`")


def _lock(found: _Overview) -> str:
    from qwenlock.cli.views.differences import summary

    if found.lock == "ok":
        assert found.compiled is not None  # noqa: S101  (else it would be invalid)
        count = len(found.compiled.models)
        return f"up to date, {count} model{'s' * (count != 1)}"
    words = {
        "drift": "differs from the settings",
        "edited": "was edited by hand",
        "invalid": "none: the settings have errors",
    }
    said = words.get(found.lock, found.lock)
    if found.lacks_user:
        return f"{said}, which lack the user settings that it was made with"
    return f"{said}: {summary(found.changes)}" if found.changes else said


def _plans_in_lines(plans: Sequence[_Plan]) -> Iterator[tuple[str, str]]:
    """Yield a line for each plan; of many, for those that have an update, and for the others."""
    if len(plans) <= _MOST:
        yield from map(_plan, plans)
        return
    for is_due, said in ((True, "updates are available for"), (False, "no update for")):
        names = [each.plan for each in plans if (each.status == "due") is is_due]
        if names:
            yield f"{said} {', '.join(names)}", "warning" if is_due else ""


def _plan(plan: _Plan) -> tuple[str, str]:
    name = " ".join(filter(None, [plan.plan, plan.region, plan.version]))
    if plan.status == "due":
        return f"{name}, {plan.newest} is available", "warning"
    if plan.status == "current" and plan.version is None:
        return f"{name}, a list that this qwenlock does not know", ""
    words = {"current": "up to date", "dismissed": "an update was dismissed in the client",
             "manual": "configured by hand"}  # fmt: skip
    return f"{name}, {words.get(plan.status, plan.status)}", ""


def _findings(levels: Counter[str]) -> tuple[str, str]:
    counts = [
        f"{levels[level]} {level}{'s' * (levels[level] > 1)}" for level in _LEVELS if levels[level]
    ]
    worst = next((level for level in _LEVELS if levels[level]), "")
    return ", ".join(counts) or "none", "" if worst == "note" else worst
