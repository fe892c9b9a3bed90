"""`qwenlock uninstall`: removes a plan's models and record, and its key if wanted."""

from __future__ import annotations

import sys
from typing import Annotated, Literal

from qwenlock.cli import declared as typer
from qwenlock.cli.change import DryRunOption, LockOption, Writing, YesOption, carry_out, relocking
from qwenlock.cli.completion import plans
from qwenlock.cli.options import (
    SCOPED,
    ClientOption,
    Format,
    FormatOption,
    ProjectArgument,
    flags_of,
    project_directory,
)

app = typer.Typer(add_completion=False)


@app.command(cls=SCOPED)
def uninstall(
    context: typer.Context,
    plan: Annotated[
        str,
        typer.Option(
            "--plan",
            autocompletion=plans,
            metavar="ID",
            help="The plan to uninstall.",
        ),
    ],
    project: ProjectArgument = None,
    scope: Annotated[
        Literal["user", "project"] | None,
        typer.Option("--scope", help="The scope to remove it from; by default, both."),
    ] = None,
    remove_key: Annotated[
        bool | None,
        typer.Option(
            "--remove-key/--keep-key",
            help="Also remove the plan's key from settings and .env. By default, you are asked on "
            "a terminal, and elsewhere it is kept.",
        ),
    ] = None,
    lock: LockOption = False,
    dry_run: DryRunOption = False,
    yes: YesOption = False,
    client: ClientOption = None,
    format: FormatOption = Format.text,  # noqa: A002
) -> int:
    """Remove a plan: its models and what the client recorded of it.

    Every other model stays. The plan's key can be removed, too, unless another model uses its
    variable.

    Examples: `qwenlock uninstall --plan ID`, `qwenlock uninstall --plan ID --remove-key --yes`
    """
    from qwenlock.change.uninstall import uninstall as change_for
    from qwenlock.cli.client import read_project
    from qwenlock.edge.environment import with_variables
    from qwenlock.text.foreign import clean

    flags = flags_of(context)
    directory = project_directory(project)
    there = with_variables(read_project(directory, flags, client))
    as_json = format is Format.json
    change = change_for(there, plan, scope, with_key=bool(remove_key))
    may_ask = not yes and not dry_run and not as_json and sys.stdin and sys.stdin.isatty()
    if remove_key is None and change.files and change.report["key"] and may_ask:
        where = clean(" and ".join(change.report["key"]))
        if typer.confirm(f"Also remove the plan's key from {where}?", err=True):
            change = change_for(there, plan, scope, with_key=True)

    relock = relocking(directory, flags, client) if lock else None
    return carry_out(change, "uninstall", there, Writing(dry_run, yes, as_json, relock))
