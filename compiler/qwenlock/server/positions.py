"""Converts lines and columns in characters to an editor's positions, and back.

An editor counts in code units of the encoding that it has negotiated, by default UTF-16. A line
ends with CR LF, LF or CR, and with nothing else.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

from lsprotocol.types import Position, PositionEncodingKind, Range, TextEdit

from qwenlock.text.pattern import pattern

if TYPE_CHECKING:
    from qwenlock.text import locate

_NEWLINE = pattern(r"\r\n|\r|\n")


def _units(text: str, encoding: str | None) -> int:
    """Return how many units a text has in an encoding."""
    if encoding == PositionEncodingKind.Utf32 or text.isascii():
        return len(text)
    if encoding == PositionEncodingKind.Utf8:
        return len(text.encode(errors="surrogatepass"))
    return len(text.encode("utf-16-le", errors="surrogatepass")) // 2


def _splits(text: str, at: int) -> bool:
    """Tell whether an offset is between CR and LF, where an editor has no position."""
    return text[at - 1 : at + 1] == "\r\n"


class Lines:
    """The lines of a text, in an editor's encoding.

    Args:
        text: the text, as the editor has it.
        encoding: `utf-8`, `utf-16` or `utf-32`; the second if it is None.
    """

    def __init__(self, text: str, encoding: str | None) -> None:
        self._text, self._encoding = text, encoding
        breaks = [found.span() for found in _NEWLINE.finditer(text)]
        self._starts = [0, *(end for _, end in breaks)]
        self._ends = [*(start for start, _ in breaks), len(text)]

    def offset(self, position: Position) -> int:
        """Return the offset of a position; one beyond its line is at the line's end."""
        if position.line >= len(self._starts):
            return len(self._text)
        line = self._line(position.line)
        if line.isascii():
            return self._starts[position.line] + min(position.character, len(line))
        units = 0
        for column, character in enumerate(line):
            units += _units(character, self._encoding)
            if units > position.character:
                return self._starts[position.line] + column
        return self._starts[position.line] + len(line)

    def position(self, offset: int) -> Position:
        """Return the position of an offset."""
        line = bisect_right(self._starts, offset) - 1
        before = self._text[self._starts[line] : offset]
        return Position(line, _units(before, self._encoding))

    def range(self, start: int, end: int) -> Range:
        """Return the range between two offsets."""
        return Range(self.position(start), self.position(end))

    def of(self, place: locate.Position) -> Range:
        """Return the range of a stretch of a line, which counts from 1 and in characters.

        A place beyond the text is at its end.
        """
        number = min(place.line, len(self._starts)) - 1
        line = self._line(number)
        start = min(place.column - 1 + self._mark(number), len(line))
        end = min(start + place.width, len(line))
        return self.range(self._starts[number] + start, self._starts[number] + end)

    def edit(self, after: str) -> TextEdit | None:
        """Return the one edit that makes the text `after`; None if it is the same."""
        before = self._text
        if before == after:
            return None
        shortest = min(len(before), len(after))
        start = next((at for at in range(shortest) if before[at] != after[at]), shortest)
        if _splits(before, start) or _splits(after, start):
            start -= 1
        most = shortest - start
        same = next((at for at in range(most) if before[-1 - at] != after[-1 - at]), most)
        if _splits(before, len(before) - same) or _splits(after, len(after) - same):
            same -= 1
        end = len(before) - same
        return TextEdit(self.range(start, end), after[start : len(after) - same])

    def _line(self, number: int) -> str:
        """Return a line, counted from 0, without its ending."""
        return self._text[self._starts[number] : self._ends[number]]

    def _mark(self, line: int) -> int:
        """Return the width of a byte-order mark, which places do not count."""
        return 1 if line == 0 and self._text.startswith("\ufeff") else 0
