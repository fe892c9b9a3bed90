"""Parses JSON with comments; reports what is wrong and where.

Comments are replaced by blanks, so that the standard library parses the rest at the same offsets.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import TYPE_CHECKING, Any, Literal, NoReturn, TypeAlias

from qwenlock.text.faults import explained
from qwenlock.text.pattern import pattern
from qwenlock.text.trivia import STRING, comment_spans

if TYPE_CHECKING:
    from qwenlock.text.operations import Path

MAX_DEPTH = 500
"""The largest depth of objects and arrays in a text."""

MAX_VALUES = 1_000_000
"""The approximate largest number of values in a text: its commas are counted."""

TextErrorKind: TypeAlias = Literal["syntax", "not-an-object", "limit", "number"]

_CONTAINERS: frozenset[type] = frozenset({dict, list})
_BEYOND = pattern(rf"{STRING}|(NaN|-?Infinity|(?<![\w.+-])-?\d{{4301,}}(?![\d.eE]))", re.DOTALL)


class TextError(ValueError):
    """An error that makes a text unusable.

    Attributes:
        kind: the kind of problem.
        message: what is wrong. It holds no part of the text.
        at: the line and column, from 1; None for the whole value.
        fix: how to fix it.
    """

    def __init__(
        self, kind: TextErrorKind, message: str, at: tuple[int, int] | None, fix: str | None = None
    ) -> None:
        super().__init__(message)
        self.kind, self.message, self.at, self.fix = kind, message, at, fix


def object_of(text: str) -> dict[str, Any]:
    """Return the object that a whole file holds, within the limits.

    Args:
        text: the text without a byte-order mark.

    Raises:
        TextError: it is not valid, not an object, or beyond `MAX_DEPTH` or `MAX_VALUES`.
    """
    if text.count(",") > MAX_VALUES:
        message = f"it contains more than {MAX_VALUES:,} values"
        raise TextError("limit", message, (1, 1), "split the file")
    if not text or text.isspace():
        raise TextError("syntax", "the file is empty", (1, 1), "write { }")
    value = value_of(text)
    if not isinstance(value, dict):
        message = "the top level must be an object"
        raise TextError("not-an-object", message, None, "wrap the settings in { }")
    if deeper_than(value, MAX_DEPTH):
        raise _too_deep()
    return value


def value_of(text: str) -> Any:
    """Return the value of `text`. The last of equal keys wins; a lone surrogate is kept.

    Raises:
        TextError: it is not valid.
    """
    try:
        return _DECODER.decode(text)
    except (ValueError, RecursionError):  # reported below, without comments in the way
        pass
    plain = _blanked(text)
    try:
        return _DECODER.decode(plain)
    except RecursionError:
        raise _too_deep() from None
    except json.JSONDecodeError as error:
        fault = explained(plain, error)
        at = line_and_column(text, fault.at)
        raise TextError("syntax", fault.message, at, fault.fix) from None
    except ValueError:
        raise _beyond(text, plain) from None


def duplicates(text: str) -> list[tuple[Path, bool]]:
    """Return the paths at which a text has several values, outer ones first.

    Values that are not in force are not searched.

    Args:
        text: valid text without a byte-order mark.

    Returns:
        Each path, and whether the keys of its object would be in the same order without the
        values at that path that are not in force. Where this holds for several paths, it holds
        for all of them together.
    """
    repeated: dict[int, tuple[dict[str, Any], list[str]]] = {}

    def remember(members: list[tuple[str, Any]]) -> dict[str, Any]:
        value = dict(members)
        if len(value) != len(members):
            repeated[id(value)] = (value, [name for name, _ in members])
        return value

    root = json.loads(_blanked(text), object_pairs_hook=remember)
    found: list[tuple[Path, bool]] = []
    pending: list[tuple[Any, Path]] = [(root, ())] if repeated else []
    while pending:
        value, path = pending.pop()
        if id(value) in repeated:
            names = repeated[id(value)][1]
            times = Counter(names)
            found += [
                ((*path, name), _keeps_order(names, name)) for name in value if times[name] > 1
            ]
        members = value.items() if isinstance(value, dict) else enumerate(value)
        pending.extend(
            (inner, (*path, step)) for step, inner in members if isinstance(inner, dict | list)
        )
    return found


def _keeps_order(names: list[str], repeated: str) -> bool:
    """Tell whether no other name of an object begins between the first and last `repeated`."""
    first = names.index(repeated)
    last = len(names) - names[::-1].index(repeated)
    return set(names[first:last]) <= {repeated, *names[:first]}


def deeper_than(value: Any, limit: int) -> bool:
    """Tell whether an object or array has more than `limit` levels, itself one of them."""
    level = [value]
    for _ in range(limit):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if outer.__class__ is dict else outer)
            if inner.__class__ in _CONTAINERS
        ]
        if not level:
            return False
    return True


def line_and_column(text: str, offset: int) -> tuple[int, int]:
    """Return the line and column, from 1, of an offset in a text."""
    lines = re.split(r"\r\n|\r|\n", text[:offset])
    return len(lines), len(lines[-1]) + 1


def _refuse(_: str) -> NoReturn:
    raise ValueError


_DECODER = json.JSONDecoder(parse_constant=_refuse)


def _blanked(text: str) -> str:
    """Return `text` with a blank for each character of a comment."""
    pieces: list[str] = []
    done: int = 0
    for start, end in comment_spans(text):
        pieces += text[done:start], " " * (end - start)
        done = end
    return "".join(pieces) + text[done:] if pieces else text


def _beyond(text: str, plain: str) -> TextError:
    """Return what is wrong with a constant, or an integer of more digits than Python converts."""
    found = next((each for each in _BEYOND.finditer(plain) if each[1]), None)
    at = line_and_column(text, found.start()) if found else None
    if found and found[1].endswith(("NaN", "Infinity")):
        return TextError("syntax", f"{found[1]} is not allowed", at, "write a number or null")
    return TextError("number", "a number has thousands of digits", at, "write a shorter number")


def _too_deep() -> TextError:
    return TextError("limit", f"nested deeper than {MAX_DEPTH} levels", (1, 1))
