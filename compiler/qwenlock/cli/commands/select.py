"""`qwenlock select`: selects the model that a run starts with."""

from __future__ import annotations

from typing import Annotated

import typer

from qwenlock.cli.change import DryRunOption, LockOption, YesOption, carry_out, relocking
from qwenlock.cli.options import (
    ClientOption,
    Format,
    FormatOption,
    ScopedCommand,
    flags_of,
    project_directory,
)

app = typer.Typer(add_completion=False)


@app.command(cls=ScopedCommand)
def select(
    context: typer.Context,
    model: Annotated[str, typer.Argument(metavar="MODEL", help="The id of an offered model.")],
    auth_type: Annotated[
        str | None,
        typer.Option(
            "--auth-type", metavar="T", help="The model's auth type, if several have this id."
        ),
    ] = None,
    lock: LockOption = False,
    dry_run: DryRunOption = False,
    yes: YesOption = False,
    client: ClientOption = None,
    format: FormatOption = Format.text,  # noqa: A002
) -> int:
    """Select the model that a run starts with.

    It is written to the nearest scope that has modelProviders, otherwise to the user's.

    Examples: `qwenlock select gpt-4o`, `qwenlock select claude-3-opus --auth-type anthropic`
    """
    from qwenlock.change.select import select as change_for
    from qwenlock.cli.client import read_project

    flags = flags_of(context)
    directory = project_directory(None)
    there = read_project(directory, flags, client)
    change = change_for(there, model, auth_type)

    return carry_out(
        change,
        "select",
        directory,
        dry_run=dry_run,
        yes=yes,
        as_json=format is Format.json,
        relock=relocking(directory, flags, client) if lock else None,
        project=there,
    )
