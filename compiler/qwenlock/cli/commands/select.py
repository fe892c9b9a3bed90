"""`qwenlock select`: selects the model that a run starts with."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Literal

from qwenlock.cli import declared as typer
from qwenlock.cli.change import DryRunOption, LockOption, Writing, YesOption, carry_out, relocking
from qwenlock.cli.completion import offered_models
from qwenlock.cli.options import (
    SCOPED,
    ClientOption,
    Format,
    FormatOption,
    flags_of,
    project_directory,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qwenlock.change.selection import Choice
    from qwenlock.settings.project import Project

app = typer.Typer(add_completion=False)


@app.command(cls=SCOPED)
def select(
    context: typer.Context,
    model: Annotated[
        str | None,
        typer.Argument(
            autocompletion=offered_models,
            metavar="[MODEL]",
            help="A model's id; without one, you choose from a list.",
            show_default=False,
        ),
    ] = None,
    auth_type: Annotated[
        str | None,
        typer.Option(
            "--auth-type", metavar="T", help="The model's auth type, if several have this id."
        ),
    ] = None,
    base_url: Annotated[
        str | None,
        typer.Option(
            "--base-url", metavar="URL", help="The model's base URL, if several have this id."
        ),
    ] = None,
    scope: Annotated[
        Literal["user", "project"] | None,
        typer.Option("--scope", help="Where to write; by default, where modelProviders is."),
    ] = None,
    lock: LockOption = False,
    dry_run: DryRunOption = False,
    yes: YesOption = False,
    client: ClientOption = None,
    format: FormatOption = Format.text,  # noqa: A002
) -> int:
    """Select the model that a run starts with.

    Without MODEL, you choose from a list. It is written to the nearest scope that has
    modelProviders, otherwise to the user's, or to the one that --scope names.

    Examples: `qwenlock select`, `qwenlock select claude-3-opus --auth-type anthropic`,
    `qwenlock select gpt-4o --scope user`
    """
    from qwenlock.change.select import offered
    from qwenlock.change.select import select as change_for
    from qwenlock.cli.client import read_project

    flags = flags_of(context)
    directory = project_directory(None)
    there = read_project(directory, flags, client)
    if model is None:
        choices = offered(there, scope)
        model, auth_type, base_url = _choose(choices, there, may_ask=format is Format.text)
    change = change_for(there, model, auth_type, base_url=base_url, scope=scope)

    relock = relocking(directory, flags, client) if lock else None
    writing = Writing(dry_run, yes, format is Format.json, relock)
    return carry_out(change, "select", there, writing)


def _choose(
    choices: Sequence[Choice], project: Project, *, may_ask: bool
) -> tuple[str, str, str | None]:
    """Ask for a model of a list; return its id, its auth type and its base URL."""
    from qwenlock.change.selection import selected_by
    from qwenlock.cli.console import say
    from qwenlock.findings.errors import UsageError
    from qwenlock.text.credentials import shown
    from qwenlock.text.foreign import clean

    if not choices:
        raise UsageError("no model is offered", "run `qwenlock lint` to see why")
    if not may_ask or sys.stdin is None or not sys.stdin.isatty():
        names = list(dict.fromkeys(clean(shown(each.model)) for each in choices))
        more = ", …" if names[5:] else ""
        raise UsageError("no model was named", f"name one: {', '.join(names[:5])}{more}")
    selected = selected_by(project.sources)
    current = selected.index_in(choices, project.client) if selected else None
    for number, choice in enumerate(choices, 1):
        mark = "*" if number - 1 == current else " "
        at = f"  {shown(choice.base_url)}" if choice.base_url else ""
        say(f"{mark} {number:{len(str(len(choices)))}}  {clean(f'{choice}{at}')}")
    while True:
        answer = typer.prompt("Select a number", type=int, err=True, prompt_suffix=" ")
        if 1 <= answer <= len(choices):
            choice = choices[answer - 1]
            return choice.model, choice.auth_type, choice.base_url
