"""Locates values in a text by line and column, and shows excerpts without secrets.

This is slower than parsing values, so it is used only to report findings.
"""

from __future__ import annotations

import json
import re
from array import array
from bisect import bisect_right
from functools import cached_property
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

from qwenlock.text.mask import Mask
from qwenlock.text.tree import root_start
from qwenlock.text.trivia import COMMENT, STRING, TRIVIA

if TYPE_CHECKING:
    from qwenlock.text.mask import Piece
    from qwenlock.text.operations import Path

_NEWLINE = re.compile(r"\r\n|\r|\n")
_BEFORE, _WITHIN, _AFTER = 120, 80, 80  # how much of a long line an excerpt shows, in characters
_MEMBER = re.compile(
    rf"{TRIVIA}(?:({STRING}){TRIVIA}:{TRIVIA})?(?:({STRING}|[\w.+-]+){TRIVIA},?)?", re.DOTALL
)
_AFTER_VALUE = re.compile(rf"{TRIVIA},?", re.DOTALL)
_FLAT = rf"[^\[\]{{}}\"/]+|{STRING}|{COMMENT}"
_BRACKET = re.compile(rf"(?>(?:{_FLAT})*)(?:([\[{{])|[\]}}])", re.DOTALL)


def _nested(levels: int) -> str:
    """Return a pattern for an object or array with so many levels of others inside."""
    inside = f"{_FLAT}|{_nested(levels - 1)}" if levels else _FLAT
    return rf"[\[{{](?>(?:{inside})*)[\]}}]"


_SHALLOW = re.compile(_nested(5), re.DOTALL)


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


class _Members:
    """The places of the members of one container. Compact, because there may be millions."""

    def __init__(self, text: str, start: int) -> None:
        self._offsets = array("Q")  # four a member, see _Span
        self._last: dict[str, int] = {}
        self._earlier = array("q")  # for each member, the one before of the same name, or -1
        self._is_object = text[start] == "{"
        self._read(text, start + 1)

    def _read(self, text: str, at: int) -> None:
        offsets, last, earlier = self._offsets, self._last, self._earlier
        index = 0
        while True:
            found = _MEMBER.match(text, at)
            assert found is not None  # noqa: S101  (it matches nothing, too)
            at = found.end()
            begin, end = found.span(2)
            if end < 0:
                if text[at] in "]}":
                    return
                begin, end = at, _container_end(text, at)
                comma = _AFTER_VALUE.match(text, end)
                at = comma.end() if comma else end
            key = found[1]
            offsets.extend((*(found.span(1) if key else (begin, begin)), begin, end))
            if self._is_object:
                name = json.loads(key) if "\\" in key else key[1:-1]
                earlier.append(last.get(name, -1))
                last[name] = index
            index += 1

    def at(self, step: str | int) -> list[_Span]:
        """Return the members that a step of a path names: several if a key is duplicate."""
        if isinstance(step, int) == self._is_object:
            return []
        if isinstance(step, int):
            return [self._span(step)] if 0 <= step < len(self._offsets) // 4 else []
        spans = []
        index = self._last.get(step, -1)
        while index >= 0:
            spans.append(self._span(index))
            index = self._earlier[index]
        return spans[::-1]

    def last(self, step: str | int) -> _Span | None:
        """Return the member that a step of a path names: the last if a key is duplicate."""
        if isinstance(step, str) and self._is_object:
            index = self._last.get(step, -1)
            return self._span(index) if index >= 0 else None
        return next(iter(self.at(step)), None)

    def _span(self, index: int) -> _Span:
        return _Span(*self._offsets[4 * index : 4 * index + 4])


class Locator:
    """The positions of one document's values.

    Args:
        text: the text of a document without a byte-order mark; valid unless only excerpts are
            asked for.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._mask = Mask(text)
        self._opened: dict[int, _Members] = {}

    def position(self, path: Path, *, on_key: bool = False) -> Position:
        """Return the place of the value at `path`, or of its key; else of its nearest parent."""
        start = root_start(self._text)
        span = _Span(start, start, start, len(self._text))
        for step in path:
            inner = self._members(span)
            found = inner.last(step) if inner else None
            if found is None:
                return self.stretch(span.start, span.end)
            span = found
        return self._key(span) if on_key else self.stretch(span.start, span.end)

    def keys(self, path: Path) -> list[Position]:
        """Return the place of every key at `path`: several if it is a duplicate."""
        start = root_start(self._text)
        spans = [_Span(start, start, start, len(self._text))]
        for step in path:
            inner = self._members(spans[-1])
            spans = inner.at(step) if inner else []
            if not spans:
                return []
        return [self._key(span) for span in spans]

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
    def lines(self) -> list[str]:
        """The text's lines, without line endings."""
        return _NEWLINE.split(self._text) if "\r" in self._text else self._text.split("\n")

    @cached_property
    def _line_starts(self) -> list[int]:
        if "\r" in self._text:
            return [0, *(match.end() for match in _NEWLINE.finditer(self._text))]
        return list(accumulate((len(line) + 1 for line in self.lines[:-1]), initial=0))

    def _line_span(self, line: int) -> tuple[int, int]:
        """Return the offsets where `line` begins and ends, without its line ending."""
        begin = self._line_starts[line - 1]
        if line == len(self._line_starts):
            return begin, len(self._text)
        end = self._line_starts[line]
        return begin, end - (2 if self._text.endswith("\r\n", begin, end) else 1)

    def _members(self, span: _Span) -> _Members | None:
        """Return the members of a value; None if it is neither an object nor an array."""
        if self._text[span.start] not in "[{":
            return None
        if span.start not in self._opened:
            self._opened[span.start] = _Members(self._text, span.start)
        return self._opened[span.start]

    def _key(self, span: _Span) -> Position:
        """Return the place of a member's key, or of an element."""
        if span.key == span.key_end:
            return self.stretch(span.start, span.end)
        return self.stretch(span.key, span.key_end)


def _container_end(text: str, start: int) -> int:
    """Return the end of the object or array that starts at `start`."""
    shallow = _SHALLOW.match(text, start)
    if shallow:
        return shallow.end()
    depth, at = 0, start
    while True:
        found = _BRACKET.match(text, at)
        assert found is not None  # noqa: S101  (the text is valid)
        at = found.end()
        depth += 1 if found[1] else -1
        if not depth:
            return at


def _shown_offset(pieces: list[Piece], at: int) -> int:
    """Return where the text's offset `at` is in what `pieces` show."""
    before = 0
    for piece in pieces:
        if at < piece.stop:
            return before + max(0, min(at - piece.start, len(piece.shown)))
        before += len(piece.shown)
    return before
