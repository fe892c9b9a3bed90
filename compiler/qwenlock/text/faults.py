"""Describes syntax errors: what is wrong, where, and how to fix it.

The parser's own messages say less, and differ between releases of Python.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from qwenlock.text.pattern import pattern
from qwenlock.text.trivia import STRING

if TYPE_CHECKING:
    import json

_SPACE = " \t\r\n"
_BRACKET = pattern(rf"{STRING}|([\[{{])|([\]}}])", re.DOTALL)
_CLOSED = pattern(r'(?:(?>[^"\r\n]++|"[^"\\\r\n]*+(?:(?>\\[^\r\n][^"\\\r\n]*+))*+"))*+')
_WORD = pattern(r"[\w$]")


class Fault(NamedTuple):
    """A syntax error: what is wrong, its offset, and how to fix it."""

    message: str
    at: int
    fix: str


_NO_VALUE = 'write a value: "text", a number, true, false, null, [ ] or { }'
_QUOTE_KEY = "put the key in double quotes"
# By the text where the parser stops.
_STARTS = (
    ("/*", "unterminated comment", "close the comment with */"),
    ("#", "a comment cannot start with #", "start the comment with //"),
    ("<<<<<<<", "merge conflict", "resolve the conflict, and remove its markers"),
    ("'", "single quotes are not allowed", "use double quotes"),
    ("True", "True is not a JSON value", "write true"),
    ("False", "False is not a JSON value", "write false"),
    ("None", "None is not a JSON value", "write null"),
    ("undefined", "undefined is not a JSON value", "write null, or remove the key"),
)
# By the beginning of the parser's message.
_SAID = (
    ("Unterminated", "unterminated string", "close the string with a double quote"),
    ("Invalid control", "unescaped control character", "write it as an escape, such as \\t or \\n"),
    ("Invalid \\u", "invalid \\u escape", "write four hexadecimal digits, or double the backslash"),
    ("Invalid", "invalid backslash escape", "double the backslash"),
    ("Extra", "unexpected text after the end", "remove what follows the closing bracket"),
    ("Expecting property", "expected a key", f"{_QUOTE_KEY}, or remove a comma"),
    ("", "expected a value", _NO_VALUE),
)


def explained(plain: str, error: json.JSONDecodeError) -> Fault:
    """Return what is wrong with a text.

    Args:
        plain: the text with its comments blanked.
        error: what the standard library says about it.
    """
    at, said = error.pos, error.msg
    if said.startswith("Invalid control") and plain[at] in ("\r", "\n"):
        before = plain[:at]
        line = max(before.rfind("\n"), before.rfind("\r")) + 1
        closed = _CLOSED.match(plain, line)
        at, said = closed.end() if closed else at, "Unterminated"
    elif said.startswith("Illegal trailing comma"):  # from 3.13 on; before, at the bracket
        at += len(plain[at:]) - len(plain[at + 1 :].lstrip(_SPACE))
    in_string = said.startswith(("Invalid", "Unterminated"))
    fault = None if in_string else _between_tokens(plain, at, said)
    message, fix = next((each[1], each[2]) for each in _SAID if said.startswith(each[0]))
    return fault or Fault(message, at, fix)


def _between_tokens(plain: str, at: int, said: str) -> Fault | None:
    """Return what is wrong, judging by the text at and before `at`."""
    before, there = len(plain[:at].rstrip(_SPACE)), plain[at : at + 1]
    if not there:
        return _at_the_end(plain, at)
    if there in ("]", "}") and plain[before - 1 : before] == ",":
        fix = "remove the comma before the closing bracket"
        return Fault("trailing comma is not allowed", before - 1, fix)
    for start, message, fix in _STARTS:
        if plain.startswith(start, at):
            return Fault(message, at, fix)
    if said.startswith("Expecting ':'"):
        return Fault("missing colon", before, "put a colon between the key and its value")
    if said.startswith("Expecting ','"):
        return _after_value(plain, before, there)
    if said.startswith("Expecting property") and _WORD.match(there):
        return Fault("unquoted keys are not allowed", at, _QUOTE_KEY)
    return None


def _at_the_end(plain: str, at: int) -> Fault:
    """Return what is wrong with a text that ends too early: the innermost open bracket."""
    opened: list[int] = []
    for found in _BRACKET.finditer(plain):
        if found[1]:
            opened.append(found.start())
        elif found[2]:
            opened.pop()
    if not opened:
        return Fault("expected a value", at, _NO_VALUE)
    name = "object" if plain[opened[-1]] == "{" else "array"
    return Fault(f"unterminated {name}", opened[-1], "close the bracket")


def _after_value(plain: str, before: int, there: str) -> Fault:
    """Return what is wrong if neither a comma nor the right bracket follows a value."""
    if there in ("]", "}"):
        other = "}" if there == "]" else "]"
        return Fault(f"expected {other} before this {there}", before, "close the inner bracket")
    if plain[before] in _SPACE or there in ('"', "[", "{"):
        return Fault("missing comma", before, "put a comma between the two")
    fix = "put a comma here, or check how what stands before it is spelled"
    return Fault("expected a comma", before, fix)
