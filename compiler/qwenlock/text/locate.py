"""Locates values in a text by line and column, and shows excerpts without secrets.

It is slower than parsing values, so it is used only to report findings.
"""

from __future__ import annotations

from bisect import bisect_right
from functools import cached_property
from itertools import accumulate, count
from operator import add
from typing import TYPE_CHECKING, NamedTuple

from qwenlock.text.mask import Mask
from qwenlock.text.pattern import pattern
from qwenlock.text.tree import Container, SourceValue, opened, parse, root_start

if TYPE_CHECKING:
    from qwenlock.text.mask import Piece
    from qwenlock.text.operations import Path
    from qwenlock.text.tree import Item

_NEWLINE = pattern(r"\r\n|\r|\n")
_BEFORE, _WITHIN, _AFTER = 120, 80, 80  # how much of a long line an excerpt shows, in characters


class Position(NamedTuple):
    """A stretch of one line: `line` and `column` from 1, in code points; `width` at least 1."""

    line: int
    column: int
    width: int


class Excerpt(NamedTuple):
    """A line of a document with its secrets masked, and the column (from 1) where a caret goes."""

    text: str
    column: int
    width: int


class _Span(NamedTuple):
    """The place of a member of an object or element of an array; an element's key is empty."""

    key: int
    key_end: int
    start: int
    end: int


class Locator:
    """The positions of one document's values.

    Args:
        text: the text of a document without a byte-order mark; valid unless only excerpts are
            asked for.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._mask = Mask(text)

    def position(self, path: Path, *, on_key: bool = False) -> Position:
        """Return the place of the value at `path`, or of its key; else of its nearest parent."""
        start = root_start(self._text)
        if start == len(self._text):  # nothing but comments
            return self.stretch(start, start)
        holder, item = self._document, self._document.items[0]
        for step in path:
            inner = opened(holder, item)
            found = inner.at(step) if inner else []
            if inner is None or not found:
                on_key = False
                break
            holder, item = inner, found[-1]
        span = _span(item)
        return self._key(span) if on_key else self.stretch(span.start, span.end)

    def keys(self, path: Path) -> list[Position]:
        """Return the place of every key at `path`: several if it is a duplicate."""
        if root_start(self._text) == len(self._text):
            return []
        holder, items = self._document, self._document.items
        for step in path:
            inner = opened(holder, items[-1])
            items = inner.at(step) if inner else []
            if inner is None or not items:
                return []
            holder = inner
        return [self._key(_span(item)) for item in items]

    def stretch(self, start: int, end: int) -> Position:
        """Return the place of the text from offset `start` to `end`, as far as its line goes."""
        line = bisect_right(self._line_starts, start)
        begin, line_end = self._line_span(line)
        first_line = self._text[start : min(end, line_end)]
        return Position(line, start - begin + 1, max(1, len(first_line.rstrip())))

    def excerpt(self, line: int, column: int, width: int) -> Excerpt:
        """Return line `line` with every string masked that could be a secret.

        Comments are left out. A long line is cut to the part around the place; a line beyond the
        end of the text is empty.
        """
        if line > len(self._line_starts):
            return Excerpt("", 1, 1)
        begin, end = self._line_span(line)
        caret, width = begin + column - 1, min(width, _WITHIN)
        start, stop = max(begin, caret - _BEFORE), min(end, caret + width + _AFTER)
        pieces = self._mask.pieces(start, stop)
        start, stop = _shown_offset(pieces, caret), _shown_offset(pieces, caret + width)
        text = "".join(piece.shown for piece in pieces)
        return Excerpt(text, start + 1, max(1, stop - start))

    def start_of(self, line: int) -> int:
        """Return the offset where `line`, counted from 1, begins."""
        return self._line_starts[line - 1]

    def masked(self) -> str:
        """Return the whole text with every string masked that an excerpt would mask.

        Comments stay, with what looks like a key in them masked.
        """
        pieces = self._mask.pieces(0, len(self._text), comments=True)
        return "".join(piece.shown for piece in pieces)

    def masked_lines(self, first: int, last: int) -> list[str]:
        """Return the masked lines from `first` to `last`, counted from 1, without line endings."""
        return self._mask.lines(self._line_span(first)[0], self._line_span(last)[1])

    @cached_property
    def _document(self) -> Container:
        return parse(self._text)

    @cached_property
    def lines(self) -> list[str]:
        """The text's lines, without line endings."""
        return _NEWLINE.split(self._text) if "\r" in self._text else self._text.split("\n")

    @cached_property
    def _line_starts(self) -> list[int]:
        if "\r" in self._text:
            return [0, *(match.end() for match in _NEWLINE.finditer(self._text))]
        lengths = accumulate(map(len, self.lines[:-1]), initial=0)
        return list(map(add, lengths, count()))  # with a line break for each line before

    def _line_span(self, line: int) -> tuple[int, int]:
        """Return the offsets where `line` begins and ends, without its line ending."""
        begin = self._line_starts[line - 1]
        if line == len(self._line_starts):
            return begin, len(self._text)
        end = self._line_starts[line]
        return begin, end - (2 if self._text.endswith("\r\n", begin, end) else 1)

    def _key(self, span: _Span) -> Position:
        """Return the place of a member's key, or of an element."""
        if span.key == span.key_end:
            return self.stretch(span.start, span.end)
        return self.stretch(span.key, span.key_end)


def _span(item: Item) -> _Span:
    """Return the place of an item in the text that its tree was read from."""
    value = item.value.source if isinstance(item.value, Container) else item.value
    assert isinstance(value, SourceValue)  # noqa: S101  (nothing was written into the tree)
    key_end = value.start - len(item.colon)
    return _Span(key_end - len(item.key), key_end, value.start, value.end)


def _shown_offset(pieces: list[Piece], at: int) -> int:
    """Return where the text's offset `at` is in what `pieces` show."""
    before = 0
    for piece in pieces:
        if at < piece.stop:
            return before + max(0, min(at - piece.start, len(piece.shown)))
        before += len(piece.shown)
    return before
