"""A plain table for the terminal, aligned by the width of characters on screen."""

from __future__ import annotations

import re
import sys
from operator import gt
from typing import TYPE_CHECKING

from qwenlock.cli.console import cells, emit, painted, width_of
from qwenlock.text.pattern import pattern

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_PIECES = (pattern(r"[^ /]*(?:://[^ /]*)?/|[^ /]* ?"), pattern(r"[^ /_.-]*(?:://)?[ /_.-]?"))
"""What stays on one line: words and parts of paths; where that is too wide, smaller parts."""


def emit_table(
    head: Sequence[str],
    rows: Sequence[Sequence[str]],
    dimmed: Callable[[Sequence[str]], bool] = lambda _: False,
) -> None:
    """Print a table on stdout, folded to the width of a terminal; `dimmed` rows are dim.

    Raises:
        WriteError: it cannot be printed.
    """
    width = width_of(sys.stdout) if sys.stdout.isatty() else None
    for row, text in zip([head, *rows], as_lines(head, rows, width), strict=True):
        emit(painted(text, "dim", sys.stdout) if dimmed(row) else text)


def as_lines(
    head: Sequence[str], rows: Sequence[Sequence[str]], width: int | None = None
) -> list[str]:
    """Return a table as text: one for `head` and one for each of `rows`, columns aligned.

    Args:
        head: the names of the columns.
        rows: a cell for each column.
        width: the columns of the screen: a row that is wider takes several lines, if its words
            allow it; None for any.
    """
    table = [head, *([cell.replace("\t", "\\x09") for cell in row] for row in rows)]
    columns = [*zip(*table, strict=True)]
    widths, piece = [max(map(cells, column)) for column in columns], _PIECES[0]
    if width is not None:
        width -= 2 * (len(columns) - 1)
        for piece in _PIECES:
            if sum(widths) > width:
                widths = _narrowed(widths, columns, width, piece)
    return [
        _row([_folded(cell, each, piece) for cell, each in zip(row, widths, strict=True)], widths)
        for row in table
    ]


def _narrowed(
    widths: list[int], columns: Sequence[Sequence[str]], width: int, piece: re.Pattern[str]
) -> list[int]:
    """Return widths that are `width` together, if their cells can be folded so."""
    widths = [*widths]
    least = [
        max(cells(part.rstrip()) for cell in column for part in piece.findall(cell))
        for column in columns
    ]
    while sum(widths) > width and any(map(gt, widths, least)):
        at = max(range(len(widths)), key=lambda at: (widths[at] > least[at], widths[at]))
        widths[at] -= 1
    return widths


def _folded(cell: str, width: int, piece: re.Pattern[str]) -> list[str]:
    """Return the lines of a cell."""
    lines = [""]
    for part in piece.findall(cell):
        if cells((lines[-1] + part).rstrip()) > width and lines[-1]:
            lines.append("")
        lines[-1] += part
    return [line.rstrip() for line in lines]


def _row(columns: Sequence[Sequence[str]], widths: Sequence[int]) -> str:
    from itertools import zip_longest

    return "\n".join(
        "  ".join(
            cell + " " * (width - cells(cell)) for cell, width in zip(line, widths, strict=True)
        ).rstrip()
        for line in zip_longest(*columns, fillvalue="")
    )
