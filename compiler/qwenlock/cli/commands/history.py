"""`qwenlock history`: lists what qwenlock changed, and when."""

from __future__ import annotations

from typing import Annotated

import typer

from qwenlock.cli.options import Format, FormatOption

app = typer.Typer(add_completion=False)


@app.command()
def history(
    prune: Annotated[
        bool, typer.Option("--prune", help="Delete backups that are older than 30 days.")
    ] = False,
    format: FormatOption = Format.text,  # noqa: A002
) -> int:
    """List what qwenlock changed, newest first. Backups are kept for 90 days.

    A damaged backup is listed as such; `qwenlock undo` does not restore it.
    """
    from qwenlock.cli.console import emit, emit_json, say
    from qwenlock.cli.foreign import clean
    from qwenlock.cli.table import as_text
    from qwenlock.edge.history import History

    records = History()
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
                "files": [str(path) for path in entry.paths],
                "state": str(entry.state),
            }
            for entry in entries
        ]
        emit_json({"changes": changes})
        return 0
    rows = [
        [
            f"{entry.time:%Y-%m-%d %H:%M:%S}",
            str(entry.state),
            clean(entry.reason),
            clean(", ".join(str(path) for path in entry.paths) or f"({entry.backup})"),
        ]
        for entry in entries
    ]
    if rows:
        emit(as_text(["time (UTC)", "state", "command", "files"], rows))
    else:
        say("qwenlock has changed nothing yet")
    return 0
