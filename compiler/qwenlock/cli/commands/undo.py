"""`qwenlock undo`: take back the last change that qwenlock wrote."""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer(add_completion=False)


@app.command()
def undo(
    force: Annotated[
        bool, typer.Option("--force", help="Also where a file has changed since.")
    ] = False,
) -> int:
    """Take back the last change that qwenlock wrote; again for the one before.

    Refused where a file has changed since; with --force it is overwritten, and kept as a backup.
    """
    from qwenlock.cli.console import clean, say
    from qwenlock.edge.history import History

    entry = History().undo(force=force)
    if entry is None:
        say("there is nothing to undo")
        return 0
    names = ", ".join(clean(str(path)) for path in entry.paths)
    say(f"took back `{clean(entry.reason)}`: {names}")
    return 0
