"""Carries out a change: shows it, asks, writes it, and says what was done and how to undo it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, NamedTuple, TypeAlias

from qwenlock.cli import declared as typer
from qwenlock.cli.client import client_as_json
from qwenlock.cli.console import emit, emit_json, painted, say
from qwenlock.text.foreign import clean

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from qwenlock.edge.places import Flags
    from qwenlock.findings.file_changes import ProjectChange
    from qwenlock.settings.project import Project

    Relock: TypeAlias = Callable[[str | None], int]
    """Locks a project again, as a part of the recorded change whose id it gets."""

_WRITING = "Writing"

DryRunOption: TypeAlias = Annotated[
    bool,
    typer.Option("--dry-run", help="Show the diff and write nothing.", rich_help_panel=_WRITING),
]
YesOption: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--yes",
        "-y",
        help="Do not ask; required without a terminal.",
        rich_help_panel=_WRITING,
    ),
]
LockOption: TypeAlias = Annotated[
    bool,
    typer.Option("--lock", help="Run `qwenlock lock` afterwards.", rich_help_panel=_WRITING),
]


class Writing(NamedTuple):
    """How a command carries out a change.

    Attributes:
        dry_run: only show the change.
        yes: do not ask.
        as_json: print the change's report as JSON, with the diff, instead of text.
        relock: locks the project again afterwards, if the user wants that.
    """

    dry_run: bool
    yes: bool
    as_json: bool
    relock: Relock | None = None


def relocking(directory: Path, flags: Flags, client: str | None) -> Relock:
    """Return a function for `Writing` that locks the project again."""
    from functools import partial

    from qwenlock.cli.locking import relock

    return partial(relock, directory, flags, client)


def carry_out(change: ProjectChange, command: str, project: Project, writing: Writing) -> int:
    """Show `change`, ask, and write all of it or nothing; return the exit code.

    Args:
        change: what to write.
        command: the command, as the history names it; must not hold a secret.
        project: the project that changes; the JSON document names its client.
        writing: whether to write, to ask, and to lock afterwards, and how to report it.

    Raises:
        UsageError: it needs confirmation, but there is no terminal, and no `--yes`.
        WriteError: nothing was written; the message says why.
    """
    from qwenlock.edge.changes import diff_of, to_show
    from qwenlock.edge.places import as_typed

    change = to_show(change, project.places.outside)
    diff = diff_of(change)
    to_write = bool(change.files) and not writing.dry_run
    if not writing.as_json:
        show(change, diff)
    elif to_write and not writing.yes:
        from qwenlock.findings.errors import UsageError

        raise UsageError(
            "--format json cannot ask for confirmation",
            "add --yes to write, or --dry-run to preview",
        )
    if to_write and not writing.yes and not agreed("Write this?"):
        say("nothing was written")
        return 0
    backup = _write(change, command, project.places.project) if to_write else None
    if writing.as_json:
        warnings = list(change.warnings)
        said = {"written": to_write, "warnings": warnings, "diff": diff}
        emit_json({**client_as_json(project), **change.report, **said})
    if backup is None:
        return 0
    if writing.relock is not None:
        return writing.relock(backup.stem)
    say(f"run `qwenlock lock` to update {clean(as_typed(project.places.lock))}")
    return 0


def show(change: ProjectChange, diff: str) -> None:
    """Print what a change does, its `diff`, its warnings, and its summary."""
    for reason in change.reasons:
        say(clean(reason))
    for line in diff.splitlines():
        colour = {"+": "good", "-": "error", "@": "dim"}.get(line[:1])
        emit(painted(clean(line), colour, sys.stdout) if colour else clean(line))
    for warning in change.warnings:
        say(f"{painted('warning', 'warning')}: {clean(warning)}")
    for line in change.summary:
        say(clean(line))


def is_asked() -> bool:
    """Tell whether somebody is at a terminal to answer a question."""
    return sys.stdin is not None and sys.stdin.isatty()


def agreed(question: str) -> bool:
    """Ask whether to write; return the answer.

    Raises:
        UsageError: there is no terminal.
    """
    from qwenlock.findings.errors import UsageError

    if not is_asked():
        raise UsageError(
            "confirmation needs a terminal", "add --yes to write, or --dry-run to preview"
        )
    return typer.confirm(question, err=True)


def _write(change: ProjectChange, command: str, directory: Path) -> Path:
    from qwenlock.cli.progress import waiting
    from qwenlock.edge.changes import write_all

    with waiting("writing"):  # another qwenlock may be at it
        backup = write_all(change, command, directory)
    names = ", ".join(clean(file.name) for file in change.files)
    say(f"{painted('wrote', 'good')} {names}; `qwenlock undo` reverts it (backup: {backup})")
    return backup
