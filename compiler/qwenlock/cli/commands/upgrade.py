"""`qwenlock upgrade`: updates a plan's models and keeps the user's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from qwenlock.cli.change import DryRunOption, LockOption, YesOption, carry_out, relocking
from qwenlock.cli.options import (
    ClientOption,
    Format,
    FormatOption,
    ProjectArgument,
    ScopedCommand,
    flags_of,
    project_directory,
)

if TYPE_CHECKING:
    from qwenlock.findings.file_changes import ProjectChange
    from qwenlock.settings.project import Project

app = typer.Typer(add_completion=False)


@app.command(cls=ScopedCommand)
def upgrade(
    context: typer.Context,
    project: ProjectArgument = None,
    to: Annotated[
        str | None,
        typer.Option(
            "--to", metavar="VERSION", help="The template version; by default, the newest."
        ),
    ] = None,
    region: Annotated[
        str | None,
        typer.Option(
            "--region", metavar="R", help="Install the plan in this region, or move it there."
        ),
    ] = None,
    scope: Annotated[
        Literal["user", "project"] | None,
        typer.Option(
            "--scope", help="The scope to write to; by default, the one that has modelProviders."
        ),
    ] = None,
    plan: Annotated[
        str | None,
        typer.Option("--plan", metavar="ID", help="The plan; required if several could be meant."),
    ] = None,
    keep_selection: Annotated[
        bool,
        typer.Option("--keep-selection", help="Keep the selected model if it is still offered."),
    ] = False,
    on_edited: Annotated[
        Literal["replace", "keep", "abort"] | None,
        typer.Option("--on-edited", help="What to do with edits of plan models; default: replace."),
    ] = None,
    adopt: Annotated[
        bool, typer.Option("--adopt", help="Replace plan models that were configured by hand, too.")
    ] = False,
    allow_downgrade: Annotated[
        bool, typer.Option("--allow-downgrade", help="Allow going back to an older version.")
    ] = False,
    lock: LockOption = False,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit 1 if an update is due.")
    ] = False,
    dry_run: DryRunOption = False,
    yes: YesOption = False,
    client: ClientOption = None,
    format: FormatOption = Format.text,  # noqa: A002
) -> int:
    """Upgrade a plan's models to its newest template, and keep everything else.

    The plan's models of every region are replaced; custom models and comments stay. The plan's
    first model is selected. If the plan is not installed, --region installs it. --check ignores an
    update that was dismissed in the client.

    Examples: `qwenlock upgrade`, `qwenlock upgrade --region global`, `qwenlock upgrade --check`
    """
    from qwenlock.change.upgrade import UpgradeWishes
    from qwenlock.change.upgrade import upgrade as change_for
    from qwenlock.cli.client import read_project
    from qwenlock.edge.installed_client import release

    flags = flags_of(context)
    directory = project_directory(project)
    there = read_project(directory, flags, client)
    wishes = UpgradeWishes(
        plan=plan,
        to=to,
        region=region,
        scope=scope,
        keep_selection=keep_selection,
        on_edited=on_edited,
        adopt=adopt,
        allow_downgrade=allow_downgrade,
    )
    change = change_for(there, wishes, release())
    if check:
        return _report(change, there, as_json=format is Format.json)

    code = carry_out(
        change,
        "upgrade",
        dry_run=dry_run,
        yes=yes,
        as_json=format is Format.json,
        relock=relocking(directory, flags, client) if lock else None,
        project=there,
    )
    return 1 if change.report["status"] == "edited" else code


def _report(change: ProjectChange, project: Project, *, as_json: bool) -> int:
    """Report whether an update is due."""
    from qwenlock.cli.console import say

    status = change.report["status"]
    carry_out(change, "upgrade", dry_run=True, yes=False, as_json=as_json, project=project)
    if status == "due":
        say("an update is due: run `qwenlock upgrade`")
    elif status == "dismissed":
        say("nothing is due: the available update was dismissed in the client")
    return 1 if status in ("due", "edited") else 0
