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
    r"""(?P<string>"(?:[^"\\\r\n]|\\.)*"?)"""
    r"""|(?P<comment>//[^\r\n]*|/\*[\s\S]*?(?:\*/|\Z))"""
    r"""|(?P<word>[^\s{}\[\],:"/]+|/)"""
)
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
        `baseUrl`, …), unless they look like a credential; comments are left out.
        """
        begin = self._text_line_starts[line - 1]
        text = _LINE.match(self._text, begin).group()
        pieces, caret, caret_end = [], column, column + width
        shown = done = 0
        for start, end, replacement in self._masked_tokens(begin, begin + len(text)):
            start, end = start - begin, end - begin
            pieces.append(text[done:start] + replacement)
            caret = _shifted(caret, column - 1, start, end, shown, len(replacement))
            caret_end = _shifted(caret_end, column - 1 + width, start, end, shown, len(replacement))
            shown += len(replacement) - (end - start)
            done = end
        pieces.append(text[done:])
        return Excerpt("".join(pieces), caret, max(1, caret_end - caret))

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
    def _tokens(self) -> list[re.Match[str]]:
        return list(_TOKEN.finditer(self._text))

    def _masked_tokens(self, begin: int, end: int) -> list[tuple[int, int, str]]:
        first = bisect_right(self._tokens, begin, key=lambda token: token.end())
        masked = []
        for index in range(first, len(self._tokens)):
            token = self._tokens[index]
            if token.start() >= end:
                break
            replacement = self._shown_as(index)
            if replacement != token.group():
                masked.append((max(token.start(), begin), min(token.end(), end), replacement))
        return masked

    def _shown_as(self, index: int) -> str:
        token = self._tokens[index]
        text = token.group()
        if token["comment"]:
            return "// …" if text.startswith("//") else "/* … */"
        key = self._key_before(index)
        if token["word"]:
            plain = _PLAIN_WORD.fullmatch(text) and not (key and names_a_credential(key))
            return text if plain else MASK
        content = text.strip('"')
        if self._is_key(index):
            return text if not is_credential(content) else f'"{MASK}"'
        hidden = (
            key not in _SHOWN
            or is_credential(content, key)
            or (key == "envKey" and not is_variable_name(content))
        )
        return f'"{MASK}"' if hidden else text

    def _is_key(self, index: int) -> bool:
        rest = self._text[self._tokens[index].end() :][:80]
        return rest.lstrip()[:1] == ":"

    def _key_before(self, index: int) -> str | None:
        if index == 0:
            return None
        before, token = self._tokens[index - 1], self._tokens[index]
        between = self._text[before.end() : token.start()]
        is_pair = before["string"] and between.strip() == ":"
        return before.group().strip('"') if is_pair else None


def _value_of(member: Node) -> Node:
    if member.type != "pair":
        return member
    value = member.child_by_field_name("value")
    return member if value is None else value


def _key_of(pair: Node) -> str:
    raw = (pair.children[0].text or b'""').decode()
    key = jsonyx.loads(raw, allow=jsonyx.allow.SURROGATES) if "\\" in raw else raw[1:-1]
    return str(key)


def _shifted(caret: int, at: int, start: int, end: int, shown: int, length: int) -> int:
    """Move a caret (from 1) for the token at `start` to `end` now shown with another length."""
    if at >= end:
        return caret + length - (end - start)
    if at > start:
        return start + shown + 1 + min(at - start, length)
    return caret
