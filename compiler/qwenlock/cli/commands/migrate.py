"""`qwenlock migrate`: replaces deprecated settings with what clients read now."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

from qwenlock.cli import declared as typer
from qwenlock.cli.change import (
    DryRunOption,
    LockOption,
    Writing,
    YesOption,
    agreed,
    carry_out,
    is_asked,
    relocking,
)
from qwenlock.cli.completion import migrations
from qwenlock.cli.options import (
    SCOPED,
    ClientOption,
    Format,
    FormatOption,
    command_again,
    flags_of,
)
from qwenlock.cli.projects import ProjectsArgument, RecursiveOption, chosen, for_each
from qwenlock.clients.scopes import WRITABLE
from qwenlock.text.record import replace

if TYPE_CHECKING:
    from pathlib import Path

    from qwenlock.migrate.migration import MigrationOutcome

app = typer.Typer(add_completion=False)


class MigratedScope(StrEnum):
    """Which files to migrate."""

    user = "user"
    project = "project"
    all = "all"


@app.command(cls=SCOPED)
def migrate(
    context: typer.Context,
    projects: ProjectsArgument = None,
    recursive: RecursiveOption = False,
    scope: Annotated[
        MigratedScope, typer.Option("--scope", help="The scope whose file is migrated.")
    ] = MigratedScope.all,
    only: Annotated[
        list[str] | None,
        typer.Option(
            "--only",
            autocompletion=migrations,
            metavar="NAME",
            help="Run only this group (see --list). Repeatable.",
        ),
    ] = None,
    to_settings_version: Annotated[
        int | None,
        typer.Option(
            "--to-settings-version",
            metavar="3|4",
            help="The settings version to write. By default, that of the client, or 3 for the "
            "guide.",
            show_default=False,
        ),
    ] = None,
    env_secrets: Annotated[
        bool, typer.Option("--env-secrets", help="Also move the keys in settings.env to .env.")
    ] = False,
    drop_unused_key: Annotated[
        bool,
        typer.Option(
            "--drop-unused-key",
            help="Delete an apiKey that the client does not send.",
        ),
    ] = False,
    lock: LockOption = False,
    list_: Annotated[
        bool, typer.Option("--list", help="List what would change, and why. Nothing is written.")
    ] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit 1 if a migration is due.")
    ] = False,
    dry_run: DryRunOption = False,
    yes: YesOption = False,
    client: ClientOption = None,
    format: FormatOption = Format.text,  # noqa: A002
) -> int:
    """Migrate deprecated settings, and move keys out of the settings.

    Only the user's and the project's files are migrated, never those of the system. Comments and
    layout are kept. A migration that would change the client's requests is refused, with advice.

    Examples: `qwenlock migrate --list`, `qwenlock migrate --only settings-version --yes`
    """
    from qwenlock.cli.client import read_project
    from qwenlock.edge.environment import with_variables
    from qwenlock.edge.git import ask
    from qwenlock.migrate.change import change_of
    from qwenlock.migrate.migration import migrate as migrated
    from qwenlock.migrate.situation import Situation

    flags = flags_of(context)
    as_json = format is Format.json

    def migrate_one(directory: Path) -> int:
        there = with_variables(read_project(directory, flags, client))
        situation = Situation(
            project=there,
            writable=tuple(each for each in WRITABLE if scope in (each, MigratedScope.all)),
            env_secrets=env_secrets or "env-secrets" in (only or ()),
            drop_unused_key=drop_unused_key,
        )
        version = to_settings_version or there.client.settings_version
        outcome = migrated(situation, version, only or ())
        if list_ or check:
            again = "qwenlock migrate"
            if not found.several:
                again = command_again(context, "--list", "--check")
            _report(outcome, again, as_json=as_json)
            return 1 if check and outcome.steps else 0
        if outcome.refused and not (dry_run or yes or as_json) and is_asked():
            without = replace(situation, drop_unused_key=True)
            outcome = _offered(outcome, migrated(without, version, only or ()))
        change = change_of(outcome, ask)
        relock = relocking(directory, flags, client) if lock else None
        return carry_out(change, "migrate", there, Writing(dry_run, yes, as_json, relock))

    found = chosen(projects, flags, recursive=recursive, every=True)
    return for_each(found, migrate_one, as_json=as_json)


def _offered(refused: MigrationOutcome, without_key: MigrationOutcome) -> MigrationOutcome:
    """Return what the user chooses, if all that is in the way is a key that the client never sends.

    Args:
        refused: what is refused.
        without_key: the same with the unused key deleted.
    """
    from qwenlock.cli.console import say
    from qwenlock.text.foreign import clean

    if without_key.refused or refused.refused is None:
        return refused
    say(clean(refused.refused.message))
    question = "Delete security.auth.apiKey, which the client does not send?"
    return without_key if agreed(question) else refused


def _report(outcome: MigrationOutcome, again: str, *, as_json: bool) -> None:
    """Print what would change in which file, and why; `again` is the command that does it."""
    from qwenlock.cli.console import emit_json, emit_words, say
    from qwenlock.cli.findings import error_as_text
    from qwenlock.migrate.change import described
    from qwenlock.text.foreign import clean

    if as_json:
        emit_json(described(outcome))
        return
    for step in outcome.steps:
        emit_words(f"{step.script.name}: {clean(step.label)}: {step.script.title}")
        emit_words(f"  why: {step.script.reason}")
    count = len(outcome.steps)
    due = f"{count} migration{' is' if count == 1 else 's are'} due"
    if outcome.refused:
        say(error_as_text(outcome.refused))
        say(f"{due}, but nothing can be written yet")
    else:
        say(f"{due}: run `{again}`" if count else "nothing to migrate")
