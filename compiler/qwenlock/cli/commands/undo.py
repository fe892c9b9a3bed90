"""`qwenlock undo`: takes back a change that a command in this project made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from qwenlock.cli import declared as typer
from qwenlock.cli.change import DryRunOption, YesOption

if TYPE_CHECKING:
    from pathlib import Path

    from qwenlock.edge.writer import FileEdit
    from qwenlock.findings.file_changes import FileChange, ProjectChange

app = typer.Typer(add_completion=False)


@app.command()
def undo(
    change: Annotated[
        str | None,
        typer.Argument(
            metavar="[ID]",
            help="A change that `qwenlock history --all` lists. By default, this project's last.",
            show_default=False,
        ),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Undo even if a file has changed since.")
    ] = False,
    dry_run: DryRunOption = False,
    yes: YesOption = False,
) -> int:
    """Undo the last change that a command in this project made.

    Run it again for the change before, or with the id of an undo to take that back. It restores all
    files that the command wrote: settings, the user's too, the lock, and new folders. It refuses if
    a file has changed since; --force overwrites the file and keeps a backup.

    Examples: `qwenlock undo --dry-run`, `qwenlock undo 12 --yes`
    """
    from qwenlock.cli.change import agreed, show
    from qwenlock.cli.console import say
    from qwenlock.cli.options import project_directory
    from qwenlock.cli.progress import waiting
    from qwenlock.edge.history import History
    from qwenlock.findings.diffs import unified
    from qwenlock.text.foreign import clean

    directory = project_directory(None)
    records = History(project=directory)
    found = records.reversal(change, force=force)
    if found is None:
        say("nothing to undo")
        if len(History().history()) > len(records.history()):
            say("`qwenlock history --all` lists the changes of other projects")
        return 0
    taken_back = _as_change(found.edits, directory)
    shown = [each for each in taken_back.files if each.path.suffix != ".lock"]
    show(taken_back, "".join(map(unified, shown)))
    if dry_run or not (yes or agreed("Undo this?")):
        say("nothing was written")
        return 0
    with waiting("writing"):  # another qwenlock may be at it
        number = records.revert(found)
    names = ", ".join(clean(file.label) for file in taken_back.files)
    say(f"undid `{clean(found.entry.reason)}`: {names}; `qwenlock undo {number}` reverts it")
    return 0


def _as_change(edits: tuple[FileEdit, ...], directory: Path) -> ProjectChange:
    """Return edits as a change whose diff can be shown; a lock is only named."""
    from qwenlock.findings.file_changes import ProjectChange

    files = tuple(_as_file(edit, directory) for edit in edits)
    reasons = [f"{'delete' if file.deletes else 'restore'} {file.label}" for file in files]
    return ProjectChange(files, tuple(reasons))


def _as_file(edit: FileEdit, directory: Path) -> FileChange:
    from qwenlock.edge.places import from_project
    from qwenlock.findings.file_changes import FileChange

    return FileChange(
        edit.path,
        from_project(edit.path, directory),
        None if edit.before is None else edit.before.decode(errors="surrogateescape"),
        (edit.after or b"").decode(errors="surrogateescape"),
        is_backup=True,
        deletes=edit.after is None,
    )
