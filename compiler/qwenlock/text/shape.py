"""Checks outside data against a shape: which keys are allowed, and what each may hold.

It is for data that every start reads: importing pydantic would take longer than everything else. A
whole lock is validated by pydantic, see `lock.text`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, Union

from qwenlock.text.record import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Iterator

Check: TypeAlias = Callable[[Any], "str | None"]
"""Returns what is wrong with a value, as the end of a sentence about its key; or None."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What a table may hold.

    Attributes:
        required: the keys that must be there, and what each holds.
        optional: the keys that may be there, and what each holds.
        others: what every other key holds; None if there may be no other key.
        may_be_empty: whether a table without keys is allowed.
    """

    required: Mapping[str, ShapeRule] = field(default_factory=dict)
    optional: Mapping[str, ShapeRule] = field(default_factory=dict)
    others: ShapeRule | None = None
    may_be_empty: bool = True


ShapeRule: TypeAlias = Union[Check, Shape]  # noqa: UP007  (evaluated, and Shape comes later)


class ShapeProblem(NamedTuple):
    """Something that a shape does not allow.

    Attributes:
        path: the keys that lead to it.
        what: what is wrong, as the end of a sentence about the key.
        known: for a key that may not be there, those that may; otherwise empty.
    """

    path: tuple[str, ...]
    what: str
    known: tuple[str, ...] = ()


def problems(value: Any, rule: ShapeRule, path: tuple[str, ...] = ()) -> Iterator[ShapeProblem]:
    """Yield everything in `value` that `rule` does not allow; no problem shows a value.

    Args:
        value: parsed TOML or JSON.
        rule: what it may be.
        path: the keys that lead to it.
    """
    if not isinstance(rule, Shape):
        what = rule(value)
        if what is not None:
            yield ShapeProblem(path, what)
        return
    if not isinstance(value, dict):
        yield ShapeProblem(path, "must be a table")
        return
    rules = {**rule.required, **rule.optional}
    for key, below in value.items():
        known = rules.get(key, rule.others)
        if known is None:
            yield ShapeProblem((*path, key), "is not known here", tuple(rules))
        else:
            yield from problems(below, known, (*path, key))
    if not value and not rule.may_be_empty:
        yield ShapeProblem(path, "must not be empty")
    for key in rule.required:
        if key not in value:
            yield ShapeProblem((*path, key), "is missing")


def text(value: Any) -> str | None:
    """Allow a string."""
    return None if isinstance(value, str) else "must be a string"


def flag(value: Any) -> str | None:
    """Allow true and false."""
    return None if isinstance(value, bool) else "must be true or false"


def strings(value: Any) -> str | None:
    """Allow an array of strings, at least one."""
    if isinstance(value, list) and value and all(isinstance(each, str) for each in value):
        return None
    return "must be an array of at least one string"


def anything(value: Any) -> str | None:  # noqa: ARG001
    """Allow every value."""
    return None
