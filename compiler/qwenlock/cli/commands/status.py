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
from qwenlock.text.record import as_dict

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from qwenlock.edge.enforcement import InForce
    from qwenlock.edge.places import Flags
    from qwenlock.edge.reader import Reader
    from qwenlock.lint.overview import Overview, PlanUpdate
    from qwenlock.settings.project import Project

app = typer.Typer(add_completion=False)

_LEVELS = ("error", "warning", "note")


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
    from qwenlock.edge.enforcement import in_force
    from qwenlock.edge.environment import with_variables
    from qwenlock.edge.lint_subject import gather
    from qwenlock.edge.project import label_of
    from qwenlock.lint.overview import overview

    given_options(flags, client)  # this may be a process of its own
    subject = gather(directory, flags, client, env=False, reader=reader)
    project = subject.project
    enforced = in_force(project)
    there = with_variables(project) if subject.compilation.lock else project
    found = overview(subject, label_of(directory), there, is_enforced=enforced is not None)
    if as_json:
        _emit(found, project, enforced)
    else:
        _draw(found, project, enforced)
    return 3 if found.lock == "invalid" else 0


def _emit(found: Overview, project: Project, enforced: InForce | None) -> None:
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
            "enforced": enforced.lock if enforced else None,
            "next": [{"command": _typed(command), "does": does} for command, does in found.next()],
        }
    )


def _draw(found: Overview, project: Project, enforced: InForce | None) -> None:
    """Draw the overview: on a terminal folded at words, otherwise a line for each row."""
    from qwenlock.cli.views.terminal import draw, is_terminal, plain, text

    rows = list(_rows(found, project, enforced))
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


def _rows(
    found: Overview, project: Project, enforced: InForce | None
) -> Iterator[tuple[str, str, str]]:
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
    if enforced is not None:
        yield "enforced", str(enforced), ""
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


def _lock(found: Overview) -> str:
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


def _plans_in_lines(plans: Sequence[PlanUpdate]) -> Iterator[tuple[str, str]]:
    """Yield a line for each plan; of many, for those that have an update, and for the others."""
    from qwenlock.lint.overview import MOST

    if len(plans) <= MOST:
        yield from map(_plan, plans)
        return
    for is_due, said in ((True, "updates are available for"), (False, "no update for")):
        names = [each.plan for each in plans if (each.status == "due") is is_due]
        if names:
            yield f"{said} {', '.join(names)}", "warning" if is_due else ""


def _plan(plan: PlanUpdate) -> tuple[str, str]:
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
