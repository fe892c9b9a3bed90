"""`qwenlock undo`: undoes the last change that qwenlock wrote."""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer(add_completion=False)


@app.command()
def undo(
    force: Annotated[
        bool, typer.Option("--force", help="Undo even if a file has changed since.")
    ] = False,
) -> int:
    """Undo the last change that qwenlock wrote; run it again to undo the one before.

    Refused if a file has changed since; --force overwrites the file and keeps a backup of it.
    """
    from qwenlock.cli.console import say
    from qwenlock.cli.foreign import clean
    from qwenlock.edge.history import History

    entry = History().undo(force=force)
    if entry is None:
        say("nothing to undo")
        return 0
    names = ", ".join(clean(str(path)) for path in entry.paths)
    say(f"undid `{clean(entry.reason)}`: {names}")
    return 0
