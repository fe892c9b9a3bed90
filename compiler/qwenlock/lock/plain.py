"""Reads a small lock without pydantic, because loading that takes longer than everything else.

It uses the same annotations, and never says what is wrong: pydantic reads every lock that this
module is not sure about. tests/test_recorded.py compares the two.
"""

from __future__ import annotations

import types
from contextlib import suppress
from functools import cache
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    Literal,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

from qwenlock.text.checked import Text
from qwenlock.text.record import names, required

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    PartT = TypeVar("PartT", bound=DataclassInstance)

MOST_MODELS = 200
"""Of a lock with more models, pydantic is faster even so."""


class UnsureError(ValueError):
    """It is not certain that the data is what an annotation allows."""


def read(part: type[PartT], table: Any) -> PartT:
    """Return a part of a lock from its table, whose keys are in kebab-case.

    Raises:
        UnsureError: the table may be invalid.
    """
    if not isinstance(table, dict):
        raise UnsureError
    found = {}
    for name, key, annotation, is_required in _fields(part):
        if key in table:
            found[name] = _value(annotation, table[key])
        elif is_required:
            raise UnsureError
    return part(**found)


@cache
def _fields(part: type[DataclassInstance]) -> list[tuple[str, str, Any, bool]]:
    hints = get_type_hints(part, include_extras=True)
    needed = required(part)
    return [(each, each.replace("_", "-"), hints[each], each in needed) for each in names(part)]


def _value(annotation: Any, value: Any) -> Any:
    """Return `value` as an annotation has it."""
    kind, parts = get_origin(annotation), get_args(annotation)
    if kind in (Union, types.UnionType):
        return _one_of(parts, value)
    if kind is tuple and isinstance(value, list):
        return tuple(_value(parts[0], each) for each in value)
    if names(annotation):
        return read(annotation, value)
    if not _allows(annotation, kind, parts, value):
        raise UnsureError
    return value


def _one_of(annotations: tuple[Any, ...], value: Any) -> Any:
    for each in annotations:
        with suppress(UnsureError):
            return _value(each, value)
    raise UnsureError


def _allows(annotation: Any, kind: Any, parts: tuple[Any, ...], value: Any) -> bool:
    if kind is Literal:
        return isinstance(value, str) and value in parts
    if kind is Annotated:
        of, rule = parts
        return (
            of is str and isinstance(value, str) and isinstance(rule, Text) and rule.allows(value)
        )
    return type(value) is (kind or annotation) and annotation in (str, bool, dict[str, Any])
