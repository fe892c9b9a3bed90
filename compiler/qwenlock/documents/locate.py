"""Where values stand in a text: lines and columns, and excerpts that show no secret.

Built on tree-sitter, which is slower than the value parser: only findings and edits come here.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import cached_property
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

import jsonyx
import tree_sitter
import tree_sitter_json

from qwenlock.credentials import MASK, is_credential, is_variable_name, names_a_credential

if TYPE_CHECKING:
    from tree_sitter import Node

    from qwenlock.documents.operations import Path

LANGUAGE = tree_sitter.Language(tree_sitter_json.language())

_EXPONENT_SIGN = re.compile(rb"(?<=[0-9][eE])\+(?=[0-9])")
_NEWLINE = r"\r\n|\r|\n"
_TOKEN = re.compile(
    r"""  "(?:[^"\\\r\n]|\\.)*"?                      # a string, perhaps unterminated
        | //[^\r\n]* | /\*[\s\S]*?(?:\*/|\Z)        # a comment
        | [^\s{}\[\],:"/]+ | /                      # a word: a number, true, or an error
    """,
    re.VERBOSE,
)
_BEFORE, _WITHIN, _AFTER = 120, 80, 80  # how much of a long line an excerpt shows, in characters
_KEY_LIKE = re.compile(r"(?=[A-Za-z_\-]*\d)[A-Za-z0-9_\-]{16,}|(?<=[:=])\s*\S{8,}")
_BLOCK = 4096  # characters
_SIBLINGS = 20  # how far back in an array a number's key is looked for
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
        self._source = text.encode()
        self._members: dict[int, dict[str | int, Node]] = {}

    def position(self, path: Path, *, on_key: bool = False) -> Position:
        """Return where the value at `path` stands, or its key; else its nearest parent."""
        node = self._root
        for step in path:
            member = self._members_of(node).get(step)
            if member is None:
                return self._position_of(node)
            last = member
            node = _value_of(member)
        if on_key and path and last.type == "pair":
            return self._position_of(last.children[0])
        return self._position_of(node)

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
    def _root(self) -> Node:
        # The grammar knows no plus sign in an exponent; here only places count, not what is there.
        source = _EXPONENT_SIGN.sub(b"-", self._source)
        tree = tree_sitter.Parser(LANGUAGE).parse(source)
        return next(
            (node for node in tree.root_node.named_children if node.type != "comment"),
            tree.root_node,
        )

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
    def _blocks(self) -> list[int]:
        """Return the byte at which each block of `_BLOCK` characters begins."""
        starts = range(0, len(self._text), _BLOCK)
        sizes = (len(self._text[start : start + _BLOCK].encode()) for start in starts)
        return list(accumulate(sizes, initial=0))

    def _offset(self, byte: int) -> int:
        """Return which character of the text begins at `byte`, at the cost of one block."""
        block = bisect_right(self._blocks, byte) - 1
        return block * _BLOCK + len(self._source[self._blocks[block] : byte].decode())

    def _members_of(self, node: Node) -> dict[str | int, Node]:
        if node.id not in self._members:
            parts = [child for child in node.named_children if child.type != "comment"]
            self._members[node.id] = (
                {self._key_of(pair): pair for pair in parts if pair.type == "pair"}
                if node.type == "object"
                else dict(enumerate(parts))
            )
        return self._members[node.id]

    def _key_of(self, pair: Node) -> str:
        key = pair.children[0]
        return _content(self._source[key.start_byte : key.end_byte].decode()) or ""

    def _position_of(self, node: Node) -> Position:
        start = self._offset(node.start_byte)
        line = bisect_right(self._line_starts, start)
        begin, end = self._line_span(line)
        first_line = self._text[start : min(self._offset(node.end_byte), end)]
        return Position(line, start - begin + 1, max(1, len(first_line.rstrip())))

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
            else _may_be_shown(content, self._key_before(index))
        )
        return text if shown else f'"{MASK}"'

    def _is_plain_number(self, index: int, text: str) -> bool:
        """Tell whether a word is a number that stands under a key which names no credential."""
        key = self._key_before(index, siblings=_SIBLINGS)
        return key is not None and not names_a_credential(key) and bool(_NUMBER.fullmatch(text))

    def _is_key(self, index: int) -> bool:
        """Tell whether a colon follows, and none stands before: that would be a broken value."""
        stop = self._tokens[index][1]
        follows = self._text[stop : stop + 80].lstrip().startswith(":")
        return follows and not self._gap(index)[1].endswith(":")

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
        return None, ""


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


def _value_of(member: Node) -> Node:
    if member.type != "pair":
        return member
    value = member.child_by_field_name("value")
    return member if value is None else value
