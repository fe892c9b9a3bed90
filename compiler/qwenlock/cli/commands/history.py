"""`qwenlock history`: lists what qwenlock changed, and when."""

from __future__ import annotations

from collections import Counter
from typing import Annotated

from qwenlock.cli import declared as typer
from qwenlock.cli.options import Format, FormatOption

app = typer.Typer(add_completion=False)


@app.command()
def history(
    prune: Annotated[
        bool, typer.Option("--prune", help="Delete backups that are older than 30 days.")
    ] = False,
    everywhere: Annotated[
        bool, typer.Option("--all", help="List the changes of all projects.")
    ] = False,
    format: FormatOption = Format.text,  # noqa: A002
) -> int:
    """List what commands in this project changed, newest first.

    Backups are kept for 90 days. A damaged backup is listed as such;
    `qwenlock undo` does not restore it.
    """
    from qwenlock.cli.console import emit_json, say
    from qwenlock.cli.options import project_directory
    from qwenlock.cli.table import emit_table
    from qwenlock.edge.history import History
    from qwenlock.edge.places import as_typed, from_project
    from qwenlock.text.foreign import clean

    directory = project_directory(None)
    records = History(project=None if everywhere else directory)
    if prune:
        count = records.prune()
        say(f"removed {count} backup{'' if count == 1 else 's'}")
    entries = records.history()
    if format is Format.json:
        changes = [
            {
                "id": entry.id,
                "time": entry.time.isoformat(timespec="seconds"),
                "command": entry.reason,
                "project": str(entry.projects[0]) if entry.projects else None,
                "files": [str(path) for path in entry.paths],
                "state": str(entry.state),
            }
            for entry in entries
        ]
        emit_json({"changes": changes})
        return 0
    numbers = Counter(entry.number for entry in entries)
    rows = [
        [
            entry.number if numbers[entry.number] == 1 else entry.id,
            f"{entry.time:%Y-%m-%d %H:%M:%S}",
            str(entry.state),
            clean(entry.reason),
            *([clean(as_typed(entry.projects[0])) if entry.projects else ""] if everywhere else []),
            clean(
                ", ".join(from_project(path, directory) for path in entry.paths)
                or f"({entry.backup})"
            ),
        ]
        for entry in entries
    ]
    if rows:
        project = ["project"] if everywhere else []
        emit_table(["id", "time (UTC)", "state", "command", *project, "files"], rows)
    elif everywhere:
        say("qwenlock has changed nothing yet")
    else:
        say("no command in this project has changed anything yet; --all lists the other projects")
    return 0
