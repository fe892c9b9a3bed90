"""`qwenlock init`: asks, then writes the files that a project needs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from qwenlock.change.init_wishes import HOSTS, Host, InitWishes
from qwenlock.cli import declared as typer
from qwenlock.cli.change import DryRunOption, Writing, YesOption, carry_out, relocking
from qwenlock.cli.completion import regions
from qwenlock.cli.options import (
    SCOPED,
    ClientOption,
    Format,
    FormatOption,
    directory_of,
    flags_of,
)
from qwenlock.edge.places import Flags

if TYPE_CHECKING:
    from collections.abc import Callable

    from qwenlock.change.init import Found
    from qwenlock.cli.change import Relock

app = typer.Typer(add_completion=False)


@app.command(cls=SCOPED)
def init(
    context: typer.Context,
    project: Annotated[
        Path,
        typer.Argument(
            metavar="[PROJECT]",
            help="The project's directory; by default, the current one.",
            show_default=False,
        ),
    ] = Path(),
    from_env: Annotated[
        bool | None,
        typer.Option(
            "--from-env/--no-from-env",
            help="Write missing settings from variables that are set.",
            show_default=False,
        ),
    ] = None,
    region: Annotated[
        str | None,
        typer.Option(
            "--region",
            autocompletion=regions,
            metavar="R",
            help="The region of a plan, with --from-env.",
        ),
    ] = None,
    from_user: Annotated[
        bool | None,
        typer.Option(
            "--from-user/--no-from-user",
            help="Copy the models that you use to the project. The selection is copied, too; a "
            "key never is.",
            show_default=False,
        ),
    ] = None,
    all_models: Annotated[
        bool, typer.Option("--all-models", help="With --from-user: copy all of your models.")
    ] = False,
    with_user: Annotated[
        bool,
        typer.Option("--with-user", help="Include each user's own settings in the lock."),
    ] = False,
    ci: Annotated[
        Literal["github", "gitlab", "none"] | None,
        typer.Option("--ci", help="Add a CI job that checks the lock."),
    ] = None,
    pre_commit: Annotated[
        bool | None,
        typer.Option(
            "--pre-commit/--no-pre-commit",
            help="Add a pre-commit hook that checks the lock.",
            show_default=False,
        ),
    ] = None,
    dry_run: DryRunOption = False,
    yes: YesOption = False,
    client: ClientOption = None,
    format: FormatOption = Format.text,  # noqa: A002
) -> int:
    """Set up a project: settings, git files, a CI job, and its lock.

    On a terminal, it asks for every choice that no option makes; --yes takes the defaults. Scope
    options and --client are written to qwenlock.toml. Existing files are never overwritten. Keys
    are never written: the settings only name the variable that holds a key.

    At the end it checks the lock with an empty home, as CI will, and warns if that fails.

    Examples: `qwenlock init`, `qwenlock init --from-user --ci github --yes`
    """
    from qwenlock.change.init import begin
    from qwenlock.edge.init import look
    from qwenlock.findings.errors import UsageError

    flags = flags_of(context)
    if with_user and flags.user is not None:
        raise UsageError(
            "--with-user cannot be combined with --user or --no-user", "remove one of them"
        )
    directory = directory_of(project)
    found = look(directory, flags, client)
    below = _projects_below(directory, found)
    ask = _ask if _may_ask(yes=yes or dry_run, as_json=format is Format.json) else _default
    wanted = below if found.configured or not below else _workspace(below, ask)
    from_env = False if wanted else _from_env(found, from_env, ask)
    asks_user = not (from_env or with_user or wanted)
    from_user = _from_user(found, from_user, ask, asks=asks_user)
    region = region or _region(found, ask) if from_env else None
    without_user = from_user and found.configured is None and not with_user
    if not (with_user or from_user):
        own = from_env or found.owns_models or bool(wanted)
        without_user = _without_user(found, flags, ask, own=own)
    wishes = InitWishes(
        from_env=from_env,
        from_user=from_user,
        all_models=all_models,
        region=region,
        without_user=without_user,
        ci=_ci(ci, ask),
        pre_commit=pre_commit if pre_commit is not None else ask("Add a pre-commit hook?"),
        projects=() if found.configured else tuple(wanted),
    )
    change = begin(found, wishes)
    lock_options = (Flags(), None) if found.configured else (flags, client)
    relock = relocking(directory, *lock_options)
    if wanted:
        relock = _relocking_each([directory / each for each in wanted], *lock_options)
    writing = Writing(dry_run, yes, format is Format.json, relock)
    code = carry_out(change, "init", found.project, writing)
    if dry_run:
        return code
    if not change.files:
        code = relock(None)
    fix = "add --from-user to copy the models that you use to the project"
    if not found.only_user_has_models:
        fix = "`qwenlock lock --no-user` leaves your settings out"
    if code == 0:
        for each in wanted or (".",):
            _gate(directory / each, fix)
    return code


def _gate(directory: Path, fix: str) -> None:
    """Check the lock as on a machine that has nothing of the user; warn if that fails."""
    from qwenlock.cli.console import painted, say
    from qwenlock.compile.compiler import compile_project
    from qwenlock.compile.verdict import judge
    from qwenlock.edge.fresh import fresh_machine
    from qwenlock.edge.project import label_of, read
    from qwenlock.findings.errors import InputError
    from qwenlock.text.foreign import clean

    try:
        with fresh_machine():
            project = read(directory, Flags())
            verdict = judge(project.stored, label_of(directory), compile_project(project))
            status = verdict.status
    except InputError:
        status = "invalid"
    if status == "missing":  # the user said no
        return
    if status == "ok":
        say(f"{painted('ok', 'good')}: the check passes on a machine that has only this project")
        return
    from qwenlock.cli.views.differences import summary

    said = f" ({clean(summary(verdict.changes))})" if status == "drift" else ""
    warning = f"{painted('warning', 'warning')}: elsewhere, such as in CI, the check fails"
    say(f"{warning}{said}: the lock depends on settings outside of the project")
    say(f"  {painted('help', 'good')}: {fix}")


def _may_ask(*, yes: bool, as_json: bool) -> bool:
    return not yes and not as_json and sys.stdin is not None and sys.stdin.isatty()


def _ask(question: str, *, default: bool = False) -> bool:
    return typer.confirm(question, default=default, err=True)


def _default(question: str, *, default: bool = False) -> bool:  # noqa: ARG001
    return default


def _from_env(found: Found, said: bool | None, ask: Callable[..., bool]) -> bool:
    """Tell whether to create settings from variables.

    By default it does if no scope has models, nor selects one: what is made would overrule that.
    """
    from qwenlock.change.init_settings import usable

    names = usable(found.variables, found.project.client, found.project.plans)
    if said is not None or found.has_settings or not names:
        return bool(said)
    question = f"Create .qwen/settings.json with models for {', '.join(names)}?"
    return ask(question, default=not found.has_models and not found.selects)


def _region(found: Found, ask: Callable[..., bool]) -> str | None:
    """Return the region of the first plan whose key is set and that the user wants."""
    for plan in found.project.plans:
        if found.variables.get(plan.env_key):
            for region in plan.regions:
                if ask(f"Install {plan.title} ({region})?"):
                    return region
    return None


def _from_user(found: Found, said: bool | None, ask: Callable[..., bool], *, asks: bool) -> bool:
    """Tell whether to copy the user's models; by default, only if the user agrees."""
    if said is not None or not asks or not found.only_user_has_models:
        return bool(said)
    return ask("Only you have the models. Copy those that you use to the project, for the team?")


def _without_user(found: Found, flags: Flags, ask: Callable[..., bool], *, own: bool) -> bool:
    """Tell whether the lock excludes the user scope: by default, if the project has models."""
    if flags.user is not None or found.configured is not None or not own:
        return flags.user is False
    return ask("Leave each user's own settings out of the lock?", default=True)


def _projects_below(directory: Path, found: Found) -> list[str]:
    """Return the projects below, relative to a directory that is not a project itself.

    Where the configuration there lists projects, they are those.
    """
    from qwenlock.cli.progress import waiting
    from qwenlock.edge.places import relative
    from qwenlock.edge.walk import projects_below, workspace_at

    if found.has_settings or found.project.stored is not None:
        return []
    if found.configured and workspace_at(directory) is None:
        return []
    with waiting("looking for projects"):
        return [relative(str(each), str(directory)) for each in projects_below(directory)]


def _workspace(below: list[str], ask: Callable[..., bool]) -> list[str]:
    """Ask which of the projects below make a workspace: by default, all of them."""
    if ask(f"Make a workspace of {', '.join(below)}?", default=True):
        return below
    return [each for each in below if ask(f"Is {each} one of its projects?", default=False)]


def _relocking_each(directories: list[Path], flags: Flags, client: str | None) -> Relock:
    """Return a function that locks each project, and not the root of their workspace."""
    from qwenlock.cli.projects import Chosen, for_each

    def relock(part_of: str | None) -> int:
        locks = {each: relocking(each, flags, client) for each in directories}
        return for_each(Chosen(tuple(directories), several=True), lambda one: locks[one](part_of))

    return relock


def _ci(said: str | None, ask: Callable[..., bool]) -> Host | None:
    if said is None and ask is _ask:
        names = "/".join([*HOSTS, "none"])
        while said not in (*HOSTS, "none"):
            said = typer.prompt(f"Add a CI job? [{names}]", default="none", show_default=False,
                                err=True, prompt_suffix=" ")  # fmt: skip
    return next((host for host in HOSTS if host == said), None)
