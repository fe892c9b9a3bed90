"""Masks the strings of a text that could be secrets.

It works on tokens, so that invalid text is masked too. Values are located in `locate`.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_left, bisect_right
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, NamedTuple

from qwenlock.text.credentials import MASK, is_credential, is_variable_name, names_a_credential

if TYPE_CHECKING:
    from collections.abc import Iterator

_ONE = r"""
    "[^"\\\r\n]*(?:\\.[^"\\\r\n]*)*"?     # a string, perhaps unterminated
    | //[^\r\n]* | /\*[\s\S]*?(?:\*/|\Z)    # a comment
    | [^\s{}\[\],:"/]+ | /                  # a word: a number, true, or an error
"""
_TOKEN = re.compile(_ONE, re.VERBOSE)
_STRIDE = re.compile(rf"(?>(?:{_ONE} | [\s{{}}\[\],:]+){{1,2000}})", re.VERBOSE)
_REMEMBERED = 64  # of how many such stretches the tokens are kept
_LINE_BREAK = re.compile(r"\r\n|\r|\n")
_IGNORE = r"(?<=qwenlock:)\s*ignore(?:\[[QL\d, ]*\])?(?=\s|\*/|\Z)"
_KEY_LIKE = re.compile(
    rf"(?<![A-Za-z0-9_\-])(?=[A-Za-z_\-]*\d)[A-Za-z0-9_\-]{{16,}}|(?!{_IGNORE})(?<=[:=])\s*\S{{8,}}"
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


class Piece(NamedTuple):
    """A part of a text, and its masked form."""

    start: int
    stop: int
    shown: str


class Mask:
    """The masked form of one text.

    Args:
        text: the text of a document without a byte-order mark; it need not be valid.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = lru_cache(_REMEMBERED)(self._tokens_of)

    def pieces(self, begin: int, end: int, *, comments: bool = False) -> list[Piece]:
        """Return the masked text from `begin` to `end`, in whole tokens.

        Keys, numbers, and the strings of a few fields that name things (`id`, `baseUrl`, …) are
        shown unless they look like a credential.

        Args:
            begin: an offset.
            end: another.
            comments: also show comments, with possible keys in them masked.
        """
        window = self._window(begin, end)
        done = begin
        pieces = []
        for index in window.between(begin, end):
            start, stop = window.tokens[index]
            pieces.append(Piece(done, max(done, start), self._text[done:start]))
            is_comment = comments and self._text.startswith(("//", "/*"), start)
            shown = _masked_comment(self._text[start:stop]) if is_comment else window.shown(index)
            pieces.append(Piece(start, stop, shown))
            done = stop
        return [*pieces, Piece(done, max(done, end), self._text[done:end])]

    def lines(self, begin: int, end: int) -> list[str]:
        """Return the masked lines of the text from `begin` to `end`, with their comments.

        Args:
            begin: the start of a line.
            end: the end of a line, before its line ending.
        """
        pieces = self.pieces(begin, end, comments=True)
        before = min(piece.start for piece in pieces)
        behind = max(piece.stop for piece in pieces)
        lines = _LINE_BREAK.split("".join(piece.shown for piece in pieces))
        first = len(_LINE_BREAK.findall(self._text, before, begin))  # of a comment that began there
        last = len(lines) - len(_LINE_BREAK.findall(self._text, end, behind))
        return lines[first:last]

    def _window(self, begin: int, end: int) -> _Window:
        """Return the tokens up to `end`, from far enough before `begin` to decide what to mask."""
        first = max(0, bisect_right(self._strides, begin) - 2)
        last = bisect_left(self._strides, end)
        tokens = [token for stride in range(first, last) for token in self._tokens(stride)]
        return _Window(self._text, tokens, is_whole=not first)

    @cached_property
    def _strides(self) -> list[int]:
        """Where the first of every so many tokens starts."""
        return [found.start() for found in _STRIDE.finditer(self._text)]

    def _tokens_of(self, stride: int) -> list[tuple[int, int]]:
        start, *following = self._strides[stride : stride + 2]
        end = following[0] if following else len(self._text)
        return [found.span() for found in _TOKEN.finditer(self._text, start, end)]


class _Window:
    """Tokens of a text, from some of which on it is known what may be shown."""

    def __init__(self, text: str, tokens: list[tuple[int, int]], *, is_whole: bool) -> None:
        self._text = text
        self.tokens = tokens
        self._is_whole = is_whole
        self._variables: dict[int, bool] = {}

    def between(self, begin: int, end: int) -> Iterator[int]:
        """Yield the tokens that overlap the range between two offsets."""
        first = bisect_right(self.tokens, begin, key=lambda token: token[1])
        behind = bisect_left(self.tokens, end, key=lambda token: token[0])
        yield from range(first, behind)

    def shown(self, index: int) -> str:
        """Return the masked form of a token."""
        start, stop = self.tokens[index]
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
        """Tell whether a word is a number whose key does not name a credential."""
        if not _NUMBER.fullmatch(text) or self._is_variable(index):
            return False
        key = self._key_before(index, siblings=_SIBLINGS)
        return key is not None and not names_a_credential(key)

    def _is_variable(self, index: int) -> bool:
        """Tell whether a value stands in `env`, whose keys are what variables are called.

        So it is taken to where the object around it begins too far back to be looked for, unless
        it has been told of a value before it in the same object.
        """
        if index not in self._variables:
            self._variables[index] = self._stands_in_env(index)
        return self._variables[index]

    def _stands_in_env(self, index: int) -> bool:
        depth = 0
        for _ in range(_LOOKED_BACK):
            if depth == 0 and index in self._variables:
                return self._variables[index]
            before, gap = self._gap(index)
            for spot in reversed(range(len(gap))):
                if gap[spot] in "}]":
                    depth += 1
                elif gap[spot] in "{[":
                    if depth == 0:
                        return before is not None and gap[:spot] == ":" and self._says_env(before)
                    depth -= 1
            if before is None:
                return not self._is_whole
            index = before
        return True

    def _says_env(self, index: int) -> bool:
        start, stop = self.tokens[index]
        return _content(self._text[start:stop]) == "env"

    def _is_key(self, index: int) -> bool:
        """Tell whether a colon follows, and before stands none: that would be a broken value."""
        stop = self.tokens[index][1]
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
        start, stop = self.tokens[before]
        key = self._text[start:stop]
        return _content(key) if key.startswith('"') else None

    def _gap(self, index: int) -> tuple[int | None, str]:
        """Return the last token before `index` that is not a comment, and the signs in between."""
        before: int | None = None
        gaps = []
        while index > 0 and before is None:
            start, stop = self.tokens[index - 1]
            gaps.append(self._text[stop : self.tokens[index][0]])
            index -= 1
            before = None if self._text.startswith(("//", "/*"), start) else index
        return before, "".join("".join(reversed(gaps)).split())


def _may_be_shown(content: str, key: str | None) -> bool:
    if key == "envKey":
        return is_variable_name(content)
    return key in _SHOWN and not is_credential(content, key)


def _content(token: str) -> str | None:
    """Return the value of a string token, or None if it is invalid."""
    if "\\" not in token:
        return token.strip('"')
    try:
        return str(json.loads(token))
    except ValueError:
        return None


def masked_words(text: str) -> str:
    """Return any text, such as a comment, without possible keys, in the same number of lines."""
    if is_credential(text):
        return MASK + "".join(_LINE_BREAK.findall(text))
    return _KEY_LIKE.sub(lambda found: "".join(_LINE_BREAK.findall(found[0])) + MASK, text)


def _masked_comment(text: str) -> str:
    if not is_credential(text):
        return masked_words(text)
    return f"// {MASK}" if text.startswith("//") else f"/* {masked_words(text)} */"
