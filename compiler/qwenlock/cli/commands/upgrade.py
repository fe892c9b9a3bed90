"""`qwenlock upgrade`: updates a plan's models and keeps the user's own."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any, Literal

from qwenlock.cli import declared as typer
from qwenlock.cli.change import DryRunOption, LockOption, Writing, YesOption, carry_out, relocking
from qwenlock.cli.completion import plans, regions, versions
from qwenlock.cli.console import say
from qwenlock.cli.options import (
    SCOPED,
    ClientOption,
    Format,
    FormatOption,
    command_again,
    flags_of,
)
from qwenlock.cli.projects import ProjectsArgument, RecursiveOption, chosen, for_each
from qwenlock.text.record import replace

if TYPE_CHECKING:
    from pathlib import Path

    from qwenlock.change.upgrade_data import Decision, UpgradeWishes
    from qwenlock.findings.file_changes import ProjectChange
    from qwenlock.settings.project import Project

app = typer.Typer(add_completion=False)

CLIENT = "client"
"""What `--to` says for the lists that the installed client has."""


@app.command(cls=SCOPED)
def upgrade(
    context: typer.Context,
    projects: ProjectsArgument = None,
    recursive: RecursiveOption = False,
    to: Annotated[
        str | None,
        typer.Option(
            "--to",
            autocompletion=versions,
            metavar="VERSION",
            help="The version to install; by default, the newest. `client` stands for the lists "
            "that the installed client has.",
        ),
    ] = None,
    region: Annotated[
        str | None,
        typer.Option(
            "--region",
            autocompletion=regions,
            metavar="R",
            help="Install the plan in this region, or move it there.",
        ),
    ] = None,
    scope: Annotated[
        Literal["user", "project"] | None,
        typer.Option("--scope", help="Where to write; by default, where modelProviders is."),
    ] = None,
    plan: Annotated[
        list[str] | None,
        typer.Option(
            "--plan",
            autocompletion=plans,
            metavar="ID",
            help="A plan to upgrade; by default, every installed one.",
        ),
    ] = None,
    keep_selection: Annotated[
        bool | None,
        typer.Option(
            "--keep-selection/--no-keep-selection",
            help="Keep the selected model if it is still offered.",
        ),
    ] = None,
    on_edited: Annotated[
        Literal["replace", "keep", "abort"] | None,
        typer.Option(
            "--on-edited",
            help="What to do with edited models. By default, you are asked for each.",
        ),
    ] = None,
    adopt: Annotated[
        bool, typer.Option("--adopt", help="Also upgrade plan models that were configured by hand.")
    ] = False,
    client_command: Annotated[
        str | None,
        typer.Option(
            "--client-command",
            metavar="C",
            help="The client's command for `--to client`. By default, it is qwen.",
        ),
    ] = None,
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
    """Upgrade every installed plan, and keep everything else.

    A plan's models of every region are replaced; custom models, models that you added to a plan,
    and comments stay. An edited model is replaced only if you say so. The first model of the plan
    that the selection belongs to is selected. --plan with --region installs a plan that is not
    installed yet. --check ignores an update that was dismissed in the client.

    Examples: `qwenlock upgrade`, `qwenlock upgrade --on-edited keep`, `qwenlock upgrade --check`
    """
    from qwenlock.change.upgrade import upgrade as change_for
    from qwenlock.change.upgrade_data import UpgradeWishes
    from qwenlock.cli.client import read_project
    from qwenlock.edge.captured_templates import with_captured
    from qwenlock.edge.installed_client import release
    from qwenlock.findings.errors import UsageError
    from qwenlock.plans.collection import Plans

    if client_command is not None and to != CLIENT:
        fix = "add --to client, or leave it out"
        raise UsageError("--client-command is only for the lists of the client", fix)
    flags = flags_of(context)
    as_json = format is Format.json

    def upgrade_one(directory: Path) -> int:
        there = read_project(directory, flags, client)
        there = replace(there, plans=with_captured(Plans.of(there.plans)))
        kept = there.configuration.keep_selection if keep_selection is None else keep_selection
        wishes = UpgradeWishes(
            plans=tuple(plan or ()),
            to=None if to == CLIENT else to,
            region=region,
            scope=scope,
            keep_selection=kept or False,
            on_edited=on_edited,
            adopt=adopt,
            allow_downgrade=allow_downgrade,
        )
        if to == CLIENT:
            command = client_command or "qwen"
            writes = not (check or dry_run)
            there, wishes = _as_the_client_has_it(there, wishes, command, writes=writes)
        change = change_for(there, wishes, release())
        if check:
            again = "qwenlock upgrade"
            if not found.several:
                again = command_again(context, "--check", "--dry-run")
            return _report(change, there, again, as_json=as_json)
        if change.report["status"] == "edited" and on_edited is None and _may_ask(yes, as_json):
            decided = _decisions(change)
            if decided is None:
                say("nothing was written")
                return 1
            change = change_for(there, replace(wishes, decided=decided), release())
        relock = relocking(directory, flags, client) if lock else None
        code = carry_out(change, "upgrade", there, Writing(dry_run, yes, as_json, relock))
        return 1 if change.report["status"] == "edited" else code

    found = chosen(projects, flags, recursive=recursive)
    return for_each(found, upgrade_one, as_json=as_json)


def _as_the_client_has_it(
    project: Project, wishes: UpgradeWishes, command: str, *, writes: bool
) -> tuple[Project, UpgradeWishes]:
    """Ask the installed client for its lists of the plans that are meant."""
    from qwenlock.change.upgrade import regions_of
    from qwenlock.cli.client import captured_lists
    from qwenlock.edge.capturing import keep
    from qwenlock.plans.collection import Plans

    wanted = regions_of(project, wishes)
    if not wanted:
        return project, wishes
    _, found = captured_lists(command, Plans.of(project.plans), wanted)
    if writes:
        keep(found)
    lists = {(each.plan, each.region): each.digest for each in found.lists}
    return replace(project, plans=found.plans), replace(wishes, lists=lists)


def _may_ask(yes: bool, as_json: bool) -> bool:
    return not yes and not as_json and sys.stdin is not None and sys.stdin.isatty()


def _decisions(change: ProjectChange) -> dict[tuple[str, str], Decision] | None:
    """Ask what becomes of each edited model; None if the user stops."""
    from itertools import groupby

    from qwenlock.text.foreign import clean

    decided: dict[tuple[str, str], Decision] = {}
    for plan in change.report["plans"]:
        edits = [each for each in plan["edited"] if not each["kept"] and each["what"] != "moved"]
        for model, about in groupby(edits, key=lambda each: each["model"]):
            found = list(about)
            say(f"{clean(plan['plan'])} {clean(model)} was edited:")
            for edit in found:
                say(clean(f"  {edit['what']}{_sides(edit)}"))
            answer = _answer(retired=found[0]["retired"])
            if answer is None:
                return None
            decided[plan["plan"], model] = answer
    return decided


def _sides(edit: dict[str, Any]) -> str:
    from qwenlock.change.three_way import brief

    sides = [edit["template"], edit["yours"], edit["new"]]
    if sides == [None, None, None]:
        return ""
    template, yours, new = map(brief, sides)
    return f": template {template}, yours {yours}, new {new}"


def _answer(*, retired: bool) -> Decision | None:
    """Ask about one model; a retired one cannot be kept."""
    choices: dict[str, Decision | None] = {"k": "keep", "r": "replace", "s": None}
    question = "Keep your edit, replace it, or stop? [k/r/s]"
    if retired:
        del choices["k"]
        question = "The plan no longer has this model. Remove it, or stop? [r/s]"
    while True:
        answer = str(typer.prompt(question, err=True, prompt_suffix=" ")).strip().lower()[:1]
        if answer in choices:
            return choices[answer]


def _report(change: ProjectChange, project: Project, again: str, *, as_json: bool) -> int:
    """Report whether an update is due; `again` is the command that makes it."""
    status = change.report["status"]
    writing = Writing(dry_run=True, yes=False, as_json=as_json)
    carry_out(change, "upgrade", project, writing)
    plans = change.report["plans"]
    due = [each["plan"] for each in plans if each["status"] in ("due", "edited")]
    if due:
        many = f" for {len(due)} of {len(plans)} plans ({', '.join(due)})" if plans[1:] else ""
        say(f"an update is due{many}: run `{again}`")
    elif status == "dismissed":
        say("nothing is due: the available update was dismissed in the client")
    return 1 if due else 0
