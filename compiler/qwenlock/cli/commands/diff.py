"""`qwenlock diff`: two locks, or two projects, compared by meaning."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qwenlock.cli.options import PageFormat, PageFormatOption

if TYPE_CHECKING:
    from qwenlock.lock.diff import LockChange
    from qwenlock.lock.model import Lock

app = typer.Typer(add_completion=False)


@app.command()
def diff(
    old: Annotated[
        Path, typer.Argument(metavar="OLD", help="A lock, or a project that has a lock.")
    ],
    new: Annotated[
        Path, typer.Argument(metavar="NEW", help="The lock, or project, to compare with.")
    ],
    format: PageFormatOption = PageFormat.text,  # noqa: A002
) -> int:
    """Compare two locks by meaning, not line by line.

    Exits 1 if they differ.
    """
    from qwenlock.lock.diff import diff as compare

    changes = compare(_read(old), _read(new))
    if format is PageFormat.json:
        from qwenlock.cli.console import emit_json
        from qwenlock.cli.report import changes_as_json

        emit_json({"old": str(old), "new": str(new), "changes": changes_as_json(changes)})
    elif format is PageFormat.markdown:
        from qwenlock.cli.console import emit_raw
        from qwenlock.cli.views.differences import as_markdown

        emit_raw(as_markdown(changes))
    else:
        _print(changes)
    return 1 if changes else 0


def _print(changes: list[LockChange]) -> None:
    """Print differences: as a tree on a terminal, otherwise one line each."""
    from qwenlock.cli.views.terminal import is_terminal

    if changes and is_terminal():
        from qwenlock.cli.views.differences import draw_differences

        draw_differences(changes)
        return
    from qwenlock.cli.console import emit
    from qwenlock.cli.views.differences import changes_as_text

    for line in changes_as_text(changes):
        emit(line)


def _read(path: Path) -> Lock:
    from qwenlock.edge.reader import read_lock
    from qwenlock.lock import NAME

    return read_lock(path / NAME if path.is_dir() else path)
