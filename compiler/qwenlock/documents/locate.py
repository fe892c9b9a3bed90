"""Where values stand in a text: lines and columns, and excerpts that show no secret.

Built on tree-sitter, which is slower than the value parser: only findings and edits come here.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import jsonyx
import tree_sitter
import tree_sitter_json

from qwenlock.credentials import is_credential, is_variable_name, names_a_credential

if TYPE_CHECKING:
    from tree_sitter import Node

    from qwenlock.documents.operations import Path

LANGUAGE = tree_sitter.Language(tree_sitter_json.language())
MASK = "***"

_NEWLINE = r"\r\n|\r|\n"
_LINE = re.compile(r"[^\r\n]*")
_TOKEN = re.compile(
    r"""  "(?:[^"\\\r\n]|\\.)*"?                      # a string, perhaps unterminated
        | //[^\r\n]* | /\*[\s\S]*?(?:\*/|\Z)        # a comment
        | [^\s{}\[\],:"/]+ | /                      # a word: a number, true, or an error
    """,
    re.VERBOSE,
)
_BEFORE, _AFTER = 120, 80  # how much of a long line an excerpt shows, in characters
_KEY_LIKE = re.compile(r"(?=[A-Za-z_\-]*\d)[A-Za-z0-9_\-]{16,}|(?<=[:=])\s*\S{8,}")
_PLAIN_WORD = re.compile(r"true|false|null|-?\d{1,17}(?:\.\d{1,17})?(?:[eE][+-]?\d+)?")
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
        if line > len(self._text_line_starts):
            return Excerpt("", 1, 1)
        begin = self._text_line_starts[line - 1]
        end = _LINE.match(self._text, begin).end()  # type: ignore[union-attr]  # it always matches
        caret = begin + column - 1
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
        tree = tree_sitter.Parser(LANGUAGE).parse(self._source)
        return next(
            (node for node in tree.root_node.named_children if node.type != "comment"),
            tree.root_node,
        )

    @cached_property
    def _line_starts(self) -> list[int]:
        return [0, *(match.end() for match in re.finditer(_NEWLINE.encode(), self._source))]

    @cached_property
    def _text_line_starts(self) -> list[int]:
        return [0, *(match.end() for match in re.finditer(_NEWLINE, self._text))]

    def _members_of(self, node: Node) -> dict[str | int, Node]:
        if node.id not in self._members:
            parts = [child for child in node.named_children if child.type != "comment"]
            self._members[node.id] = (
                {_key_of(pair): pair for pair in parts if pair.type == "pair"}
                if node.type == "object"
                else dict(enumerate(parts))
            )
        return self._members[node.id]

    def _position_of(self, node: Node) -> Position:
        line = bisect_right(self._line_starts, node.start_byte)
        begin = self._line_starts[line - 1]
        column = len(self._source[begin : node.start_byte].decode()) + 1
        next_line = self._line_starts[line] if line < len(self._line_starts) else node.end_byte
        first_line = self._source[node.start_byte : min(node.end_byte, next_line)]
        return Position(line, column, max(1, len(first_line.decode().rstrip())))

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
        key = self._key_before(index)
        if not text.startswith('"'):
            plain = _PLAIN_WORD.fullmatch(text) and not (key and names_a_credential(key))
            return text if plain else MASK
        content = text.strip('"')
        if self._is_key(stop):
            return text if not is_credential(content) else f'"{MASK}"'
        hidden = (
            key not in _SHOWN
            or is_credential(content, key)
            or (key == "envKey" and not is_variable_name(content))
        )
        return f'"{MASK}"' if hidden else text

    def _is_key(self, stop: int) -> bool:
        return self._text[stop : stop + 80].lstrip().startswith(":")

    def _key_before(self, index: int) -> str | None:
        """Return the key of the value at `index`, where a key and a colon stand before it."""
        if index == 0:
            return None
        begin, stop = self._tokens[index - 1]
        between = self._text[stop : self._tokens[index][0]]
        key = self._text[begin:stop]
        return key.strip('"') if key.startswith('"') and between.strip() == ":" else None


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


def _key_of(pair: Node) -> str:
    raw = (pair.children[0].text or b'""').decode()
    key = jsonyx.loads(raw, allow=jsonyx.allow.SURROGATES) if "\\" in raw else raw[1:-1]
    return str(key)
