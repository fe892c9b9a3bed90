"""A plain table for the terminal, aligned by the width of characters on screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def as_text(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table with a line for `head` and one for each of `rows`, columns aligned."""
    from rich.cells import cell_len

    lines = [head, *([cell.replace("\t", "\\x09") for cell in row] for row in rows)]
    widths = [max(cell_len(line[column]) for line in lines) for column in range(len(head))]
    return "\n".join(
        "  ".join(
            cell + " " * (width - cell_len(cell)) for cell, width in zip(line, widths, strict=True)
        ).rstrip()
        for line in lines
    )
