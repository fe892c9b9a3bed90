"""Parses TOML and locates its keys, which the parser does not report."""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import cached_property
from typing import TYPE_CHECKING, Any

from qwenlock.text.document import BOM
from qwenlock.text.pattern import pattern

if TYPE_CHECKING:
    from collections.abc import Iterator

_HEAD = r"""(?xa) (?> [ \t]* \[{0,2} [ \t]* )
    (?P<key> (?: "(?:\\.|[^"\\\n])*" | '[^'\n]*' | [\w.\-] | [ \t]+(?=[.\w"'\-]) )+ )
    [ \t]* (?P<end> [\]=] )
"""
MAX_PARTS = 100
"""The largest number of parts in a dotted key: the parser takes quadratic time."""
_LONG_KEY = pattern(
    rf"""(?xm)^ (?> [ \t]* \[{{0,2}} [ \t]* )
    (?> (?: (?> "(?:\\.|[^"\\\n])*" | '[^'\n]*' | [\w\-]+ ) [ \t]* \. [ \t]* ){{{MAX_PARTS}}} )
    """
)
_PIECE = r"""(?xs)
      \"{3} (?:\\.|[^\\])*? \"{3,5} | '{3} .*? '{3,5}  # a string of several lines
    | "(?:\\.|[^"\\\n])*" | '[^'\n]*' | \#[^\n]*     # a string, a comment
    | [\[\]{}\n] | [^\[\]{}\n"'\#]+                  # what nests or ends a statement
"""


class TomlError(ValueError):
    """A text is not TOML; `at` is the line and column of the error, from 1."""

    def __init__(self, message: str, at: tuple[int, int] = (1, 1)) -> None:
        super().__init__(message)
        self.message = message
        self.at = at


def parse(text: str) -> dict[str, Any]:
    """Return the value of TOML `text`, which may begin with a byte-order mark.

    Raises:
        TomlError: it is not TOML, nested too deeply, or has a key of more than `MAX_PARTS` parts.
    """
    import tomllib

    text = text.removeprefix(BOM)
    long = _LONG_KEY.search(text)
    if long:
        line = text[: long.start()].count("\n") + 1
        raise TomlError(f"a key has more than {MAX_PARTS} parts", (line, 1))
    try:
        return tomllib.loads(text)
    except ValueError as error:  # that of TOML, or an integer of thousands of digits
        message, _, end = str(error).removesuffix(")").partition(" (at ")
        numbers = re.findall(r"\d+", end)
        at = (int(numbers[0]), int(numbers[1])) if numbers else _end(text)
        raise TomlError(f"not valid TOML: {message}", at) from None
    except RecursionError:
        raise TomlError("nested too deeply") from None


class Positions:
    """The places of the keys in a TOML text.

    Args:
        text: valid TOML. Keys of inline tables are not looked at: their table stands for them.
    """

    def __init__(self, text: str) -> None:
        self._text = text.removeprefix(BOM)

    def of(self, path: tuple[str, ...]) -> tuple[int, int]:
        """Return the line and column, from 1, of the key `path`, or else of its nearest parent.

        Args:
            path: the keys that lead there, without the indexes of arrays.
        """
        parents = (path[:end] for end in range(len(path), 0, -1))
        start = next((self._starts[each] for each in parents if each in self._starts), 0)
        line = bisect_right(self._lines, start)
        return line, start - self._lines[line - 1] + 1

    @cached_property
    def _starts(self) -> dict[tuple[str, ...], int]:
        found: dict[tuple[str, ...], int] = {}
        for keys, start in _statements(self._text):
            for length in range(1, len(keys) + 1):
                found.setdefault(keys[:length], start)
        return found

    @cached_property
    def _lines(self) -> list[int]:
        return [0, *(found.end() for found in re.finditer("\n", self._text))]


def _statements(text: str) -> Iterator[tuple[tuple[str, ...], int]]:
    """Yield the keys that each header or assignment names, and where they begin."""
    header = re.compile(_HEAD)
    table: tuple[str, ...] = ()
    at = 0
    while at < len(text):
        head = header.match(text, at)
        if head:
            keys = _keys(head["key"])
            if head["end"] == "]":
                table = keys
            yield (keys if head["end"] == "]" else (*table, *keys)), head.start("key")
            at = head.end()
        at = _end_of_statement(text, at)


def _end(text: str) -> tuple[int, int]:
    return text.count("\n") + 1, len(text) - text.rfind("\n")


def _keys(dotted: str) -> tuple[str, ...]:
    value: Any = parse(f"{dotted} = 0")
    keys = []
    while isinstance(value, dict):
        ((key, value),) = value.items()
        keys.append(key)
    return tuple(keys)


def _end_of_statement(text: str, at: int) -> int:
    depth = 0
    for token in re.compile(_PIECE).finditer(text, at):
        if token[0] in ("[", "{"):
            depth += 1
        elif token[0] in ("]", "}"):
            depth -= 1
        elif token[0] == "\n" and depth <= 0:
            return token.end()
    return len(text)
