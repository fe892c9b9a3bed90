"""JSON values in TOML and back, without loss: null, and numbers that TOML cannot hold.

TOML has no null and 64-bit integers only. Such a value is written as a table of one tagged key:

    JSON null                     { "$null" = true }
    an integer no float equals    { "$number" = "9007199254740993" }

An object whose only key reads like a tag gets one `$` more in front, and loses it on the way back.
"""

from __future__ import annotations

import math
from typing import Any

from qwenlock.text.pattern import pattern

EXACT = 2**53
"""Integers up to here are held exactly by a 64-bit float, and so by JavaScript."""

MAX_DEPTH = 100
"""How many levels of objects and arrays one value may have."""

_NULL, _NUMBER = "$null", "$number"
_TAG = pattern(r"\$+(?:null|number)")
_INTEGER = pattern(r"-?[0-9]{1,4000}")


def canonical_number(number: int | float) -> int | float:
    """Return the one spelling of a JSON number: 1e6, 1000000 and 1000000.0 are the same.

    Up to 2^53 whole numbers are integers, and beyond it floats where a float equals them.
    """
    if isinstance(number, float):
        return int(number) if abs(number) <= EXACT and number.is_integer() else number
    if -EXACT <= number <= EXACT or not is_exact(number):
        return number
    return float(number)


def is_exact(integer: int) -> bool:
    """Tell whether JavaScript holds `integer` exactly."""
    try:
        return int(float(integer)) == integer
    except OverflowError:
        return False


def to_toml(value: Any) -> Any:
    """Return a canonical JSON value (sorted keys, canonical numbers) as a TOML value."""
    match value:
        case None:
            return {_NULL: True}
        case dict():
            return {
                _escaped(key, len(value)): item if item.__class__ in _PLAIN else to_toml(item)
                for key, item in value.items()
            }
        case list():
            return [to_toml(item) for item in value]
        case int() if not isinstance(value, bool) and not -EXACT <= value <= EXACT:
            return {_NUMBER: str(value)}
        case _:
            return value


def from_toml(value: Any, levels: int = MAX_DEPTH) -> Any:
    """Return the JSON value that `to_toml` made `value` of, canonical again.

    Args:
        value: a value as tomllib gives it.
        levels: how many levels of objects and arrays it may have.

    Raises:
        ValueError: it is deeper, a tag holds what no tag can, or it is a date or no finite number.
    """
    match value:
        case {"$null": True} if len(value) == 1:
            return None
        case {"$number": str(digits)} if len(value) == 1 and _INTEGER.fullmatch(digits):
            return canonical_number(int(digits))
        case dict() | list() if not levels:
            raise ValueError
        case dict() if len(value) == 1:
            ((key, item),) = value.items()
            if key in (_NULL, _NUMBER):
                raise ValueError
            return {key[1:] if _TAG.fullmatch(key) else key: from_toml(item, levels - 1)}
        case dict():
            return {key: from_toml(value[key], levels - 1) for key in sorted(value)}
        case list():
            return [from_toml(item, levels - 1) for item in value]
        case bool() | str():
            return value
        case int() | float() if math.isfinite(value):
            return canonical_number(value)
        case _:
            raise ValueError


_PLAIN = frozenset({str, bool, float})


def _escaped(key: str, size: int) -> str:
    return "$" + key if size == 1 and _TAG.fullmatch(key) else key
