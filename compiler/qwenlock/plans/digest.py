"""The digest by which a client knows a list of models; JSON exactly as JavaScript writes it."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from qwenlock.text.pattern import pattern
from qwenlock.text.sha256 import sha256

PREFIX = "sha256:"
"""What stands before the hexadecimal here, and does not in the client's settings."""

_LARGEST_INDEX = 2**32 - 2
_LONE_SURROGATE = pattern("[\ud800-\udfff]")


def models_digest(models: Sequence[Any]) -> str:
    """Return the digest of `models`, a JSON array, as the client computes it.

    Args:
        models: the entries of a provider, in order, as parsed from JSON.

    Returns:
        `sha256:` and 64 hexadecimal digits; the client records the digits alone.

    Follows the guide, "Automatic Updates": templates are versioned by this.
    """
    return PREFIX + sha256(stringify(models).encode()).hex()


def stringify(value: Any, *, sort_keys: bool = False) -> str:
    """Return a JSON `value` as JavaScript's `JSON.stringify` does: compact, non-ASCII as it is.

    Args:
        value: null, a boolean, a number, a string, an array or an object, as Python holds them.
        sort_keys: order the keys of every object, so that equal values give equal text.
    """
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, int | float):
        return _number(value)
    if isinstance(value, Mapping):
        members = sorted(value.items()) if sort_keys else _enumerated(value)
        texts = (f"{_string(key)}:{stringify(item, sort_keys=sort_keys)}" for key, item in members)
        return "{" + ",".join(texts) + "}"
    return "[" + ",".join(stringify(item, sort_keys=sort_keys) for item in value) + "]"


def _string(text: str) -> str:
    quoted = json.dumps(text, ensure_ascii=False)
    return _LONE_SURROGATE.sub(lambda found: f"\\u{ord(found[0]):04x}", quoted)


def _number(number: float) -> str:
    """Write `number` as ECMAScript's Number::toString does: a double, in its shortest digits."""
    try:
        double = float(number)
    except OverflowError:
        double = math.inf
    if not math.isfinite(double):
        return "null"
    if double == 0:
        return "0"
    mantissa, _, exponent = repr(abs(double)).partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    point = len(whole) + int(exponent or 0) - (len(whole + fraction) - len(digits))
    return ("-" if double < 0 else "") + _placed(digits.rstrip("0"), point)


def _placed(digits: str, point: int) -> str:
    """Write 0.`digits` times ten to the power of `point`."""
    count = len(digits)
    if count <= point <= 21:
        return digits + "0" * (point - count)
    if 0 < point <= 21:
        return f"{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return "0." + "0" * -point + digits
    fraction = f".{digits[1:]}" if count > 1 else ""
    return f"{digits[0]}{fraction}e{point - 1:+d}"


def _enumerated(value: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Return the members in the order JavaScript lists them: array indices first, ascending."""
    indices = [key for key in value if _is_index(key)]
    if not indices:
        return list(value.items())
    others = [key for key in value if not _is_index(key)]
    return [(key, value[key]) for key in [*sorted(indices, key=int), *others]]


def _is_index(key: str) -> bool:
    return (
        key.isascii()
        and key.isdecimal()
        and len(key) <= 10
        and str(int(key)) == key
        and int(key) <= _LARGEST_INDEX
    )
