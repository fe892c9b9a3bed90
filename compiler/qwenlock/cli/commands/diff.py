"""`qwenlock diff`: two locks, or two projects, compared by meaning."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from qwenlock.lockfile.model import Lock

app = typer.Typer(add_completion=False)


class DiffFormat(StrEnum):
    """How differences are reported."""

    text = "text"
    json = "json"
    markdown = "markdown"


@app.command()
def diff(
    old: Annotated[Path, typer.Argument(metavar="OLD", help="A lock, or a project that has one.")],
    new: Annotated[Path, typer.Argument(metavar="NEW", help="Another.")],
    format: Annotated[  # noqa: A002
        DiffFormat, typer.Option("--format", help="How to report.")
    ] = DiffFormat.text,
) -> int:
    """Compare two locks by meaning: models field by field, the selection, variables, inputs.

    Exits 1 where they differ.
    """
    from qwenlock.cli.console import emit, emit_json, emit_raw
    from qwenlock.cli.report import changes_as_json, changes_as_markdown, changes_as_text
    from qwenlock.lockfile.diff import diff as compare

    changes = compare(_read(old), _read(new))
    if format is DiffFormat.json:
        emit_json({"old": str(old), "new": str(new), "changes": changes_as_json(changes)})
    elif format is DiffFormat.markdown:
        emit_raw(changes_as_markdown(changes))
    else:
        for line in changes_as_text(changes):
            emit(line)
    return 1 if changes else 0


def _read(path: Path) -> Lock:
    from qwenlock.edge.reader import read_lock
    from qwenlock.lockfile import NAME

    return read_lock(path / NAME if path.is_dir() else path)
