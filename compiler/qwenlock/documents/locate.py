"""Where values stand in a text: lines and columns, and excerpts that show no secret.

Slower than the parser of values: only findings come here, when they are said.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import jsonyx

from qwenlock.credentials import MASK, is_credential, is_variable_name, names_a_credential
from qwenlock.documents.tree import Container, Item, Source, opened, parse, root_start

if TYPE_CHECKING:
    from qwenlock.documents.operations import Path

_NEWLINE = r"\r\n|\r|\n"
_TOKEN = re.compile(
    r"""  "(?:[^"\\\r\n]|\\.)*"?                      # a string, perhaps unterminated
        | //[^\r\n]* | /\*[\s\S]*?(?:\*/|\Z)        # a comment
        | [^\s{}\[\],:"/]+ | /                      # a word: a number, true, or an error
    """,
    re.VERBOSE,
)
_BEFORE, _WITHIN, _AFTER = 120, 80, 80  # how much of a long line an excerpt shows, in characters
_IGNORE = r"(?<=qwenlock:)\s*ignore(?:\[[QL\d, ]*\])?(?=\s|\*/|\Z)"
_KEY_LIKE = re.compile(
    rf"(?=[A-Za-z_\-]*\d)[A-Za-z0-9_\-]{{16,}}|(?!{_IGNORE})(?<=[:=])\s*\S{{8,}}"
)
_SIBLINGS = 20  # how far back in an array a number's key is looked for
_LOOKED_BACK = 500  # how far back an object's beginning is looked for, in tokens
_CONSTANTS = frozenset({"true", "false", "null"})
_NUMBER = re.compile(r"-?\d{1,17}(?:\.\d{1,17})?(?:[eE][+-]?\d+)?")
# Keys whose strings an excerpt may show; every other string is masked.
_SHOWN = frozenset({
    "id", "name", "description", "baseUrl", "envKey", "selectedType", "region", "version", "model",
    "selectedAuthType", "theme", "schemaCompliance",
})  # fmt: skip


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


class Locator:
    """The positions of one document's values.

    Args:
        text: the text of a document without a byte-order mark; valid unless only excerpts are
            asked for.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._spans: dict[Item, tuple[int, int]] = {}

    def position(self, path: Path, *, on_key: bool = False) -> Position:
        """Return where the value at `path` stands, or its key; else its nearest parent."""
        if not path:  # also of a text that is not valid
            return self.stretch(root_start(self._text), len(self._text))
        items, found = self._found(path)
        if not found:
            return self.stretch(*self._spans[items[-1]])
        return self._key(items[-1]) if on_key else self.stretch(*self._spans[items[-1]])

    def keys(self, path: Path) -> list[Position]:
        """Return where every key at `path` stands: several where it is a duplicate."""
        items, found = self._found(path)
        return [self._key(item) for item in items] if found else []

    def stretch(self, start: int, end: int) -> Position:
        """Return the place of the text from offset `start` to `end`, as far as its line goes."""
        line = bisect_right(self._line_starts, start)
        begin, line_end = self._line_span(line)
        first_line = self._text[start : min(end, line_end)]
        return Position(line, start - begin + 1, max(1, len(first_line.rstrip())))

    def excerpt(self, line: int, column: int, width: int) -> Excerpt:
        """Return line `line` with every string masked that could be a secret.

        Shown are keys, numbers, and the strings of a few fields that name things (`id`,
        `baseUrl`, …), unless they look like a credential; comments are left out. A long line is
        cut to what stands around the place; a line that the text does not have is empty.
        """
        if line > len(self._line_starts):
            return Excerpt("", 1, 1)
        begin, end = self._line_span(line)
        caret, width = begin + column - 1, min(width, _WITHIN)
        pieces = self._pieces(max(begin, caret - _BEFORE), min(end, caret + width + _AFTER))
        start, stop = _shown_offset(pieces, caret), _shown_offset(pieces, caret + width)
        text = "".join(piece.shown for piece in pieces)
        return Excerpt(text, start + 1, max(1, stop - start))

    def masked(self) -> str:
        """Return the whole text with every string masked that an excerpt would mask.

        Comments stay, with what looks like a key in them masked.
        """
        pieces = self._pieces(0, len(self._text))
        return "".join(
            _masked_comment(self._text[piece.start : piece.stop])
            if self._text.startswith(("//", "/*"), piece.start)
            else piece.shown
            for piece in pieces
        )

    @cached_property
    def _root(self) -> Container:
        document = parse(self._text)
        self._remember(document)
        return document

    def _found(self, path: Path) -> tuple[list[Item], bool]:
        """Return the items at `path`, or else its nearest parent; and whether they were found."""
        holder, items = self._root, self._root.items
        for step in path:
            members = self._opened(holder, items[-1])
            named = members.at(step) if members else []
            if members is None or not named:
                return items, False
            holder, items = members, named
        return items, True

    def _key(self, item: Item) -> Position:
        """Return where the key of `item` stands; of an element, where that does."""
        start, end = self._spans[item]
        if item.name is not None:
            end = start - len(item.colon)
            start = end - len(item.key)
        return self.stretch(start, end)

    def _opened(self, holder: Container, item: Item) -> Container | None:
        """Return the members of `item`; where they stand is remembered when it is taken apart."""
        new = isinstance(item.value, Source)
        members = opened(holder, item)
        if members is not None and new:
            self._remember(members)
        return members

    def _remember(self, container: Container) -> None:
        self._spans |= {
            item: (item.value.start, item.value.end)
            for item in container.items
            if isinstance(item.value, Source)
        }

    @cached_property
    def _line_starts(self) -> list[int]:
        return [0, *(match.end() for match in re.finditer(_NEWLINE, self._text))]

    def _line_span(self, line: int) -> tuple[int, int]:
        """Return where in the text `line` begins and ends, without what ends it."""
        begin = self._line_starts[line - 1]
        if line == len(self._line_starts):
            return begin, len(self._text)
        end = self._line_starts[line]
        return begin, end - (2 if self._text.endswith("\r\n", begin, end) else 1)

    @cached_property
    def _tokens(self) -> list[tuple[int, int]]:
        return [match.span() for match in _TOKEN.finditer(self._text)]

    def _pieces(self, begin: int, end: int) -> list[_Piece]:
        """Return what to show of the text from `begin` to `end`, whole tokens at both ends."""
        pieces = []
        index = bisect_right(self._tokens, begin, key=lambda token: token[1])
        done = begin
        while index < len(self._tokens) and self._tokens[index][0] < end:
            start, stop = self._tokens[index]
            pieces.append(_Piece(done, max(done, start), self._text[done:start]))
            pieces.append(_Piece(start, stop, self._shown_as(index)))
            done = stop
            index += 1
        return [*pieces, _Piece(done, max(done, end), self._text[done:end])]

    def _shown_as(self, index: int) -> str:
        start, stop = self._tokens[index]
        text = self._text[start:stop]
        if text.startswith("//"):
            return "// …"
        if text.startswith("/*"):
            return "/* … */"
        if not text.startswith('"'):
            return text if text in _CONSTANTS or self._is_plain_number(index, text) else MASK
        content = _content(text)
        shown = content is not None and (
            not is_credential(content)
            if self._is_key(index)
            else _may_be_shown(content, self._key_before(index)) and not self._is_variable(index)
        )
        return text if shown else f'"{MASK}"'

    def _is_plain_number(self, index: int, text: str) -> bool:
        """Tell whether a word is a number that stands under a key which names no credential."""
        if not _NUMBER.fullmatch(text) or self._is_variable(index):
            return False
        key = self._key_before(index, siblings=_SIBLINGS)
        return key is not None and not names_a_credential(key)

    def _is_variable(self, index: int) -> bool:
        """Tell whether a value stands in `env`, whose keys are what variables are called.

        It does too where the object around it begins too far back to be looked for.
        """
        depth = 0
        for _ in range(_LOOKED_BACK):
            before, gap = self._gap(index)
            for spot in reversed(range(len(gap))):
                if gap[spot] in "}]":
                    depth += 1
                elif gap[spot] in "{[":
                    if depth == 0:
                        return before is not None and gap[:spot] == ":" and self._says_env(before)
                    depth -= 1
            if before is None:
                return False
            index = before
        return True

    def _says_env(self, index: int) -> bool:
        start, stop = self._tokens[index]
        return _content(self._text[start:stop]) == "env"

    def _is_key(self, index: int) -> bool:
        """Tell whether a colon follows, and before stands none: that would be a broken value."""
        stop = self._tokens[index][1]
        follows = self._text[stop : stop + 80].lstrip().startswith(":")
        return follows and not self._gap(index)[1].endswith((":", "["))

    def _key_before(self, index: int, *, siblings: int = 0) -> str | None:
        """Return the key whose value stands at `index`, or None where that is not plain to see.

        With `siblings`, so many elements before it in the same array are passed over.
        """
        for _ in range(siblings + 1):
            before, gap = self._gap(index)
            if before is None or gap != ",":
                break
            index = before
        if before is None or gap.rstrip("[" if siblings else "") != ":":
            return None
        start, stop = self._tokens[before]
        key = self._text[start:stop]
        return _content(key) if key.startswith('"') else None

    def _gap(self, index: int) -> tuple[int | None, str]:
        """Return the token before `index` that is no comment, and the signs in between."""
        gap = ""
        while index > 0:
            start, stop = self._tokens[index - 1]
            gap = self._text[stop : self._tokens[index][0]] + gap
            index -= 1
            if not self._text.startswith(("//", "/*"), start):
                return index, "".join(gap.split())
        return None, "".join(gap.split())


def _may_be_shown(content: str, key: str | None) -> bool:
    if key == "envKey":
        return is_variable_name(content)
    return key in _SHOWN and not is_credential(content, key)


def _content(token: str) -> str | None:
    """Return what a string token says, or None where that cannot be told."""
    if "\\" not in token:
        return token.strip('"')
    try:
        return str(jsonyx.loads(token, allow=jsonyx.allow.SURROGATES))
    except jsonyx.JSONSyntaxError:
        return None


def _masked_comment(text: str) -> str:
    if is_credential(text):
        return f"// {MASK}" if text.startswith("//") else f"/* {MASK} */"
    return _KEY_LIKE.sub(MASK, text)


class _Piece(NamedTuple):
    """A stretch of the text, and what an excerpt shows of it."""

    start: int
    stop: int
    shown: str


def _shown_offset(pieces: list[_Piece], at: int) -> int:
    """Return where the text's offset `at` is in what `pieces` show."""
    before = 0
    for piece in pieces:
        if at < piece.stop:
            return before + max(0, min(at - piece.start, len(piece.shown)))
        before += len(piece.shown)
    return before
