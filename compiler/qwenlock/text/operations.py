"""Edits of a JSON value, as data, independent of where they are applied.

The same operations are applied to parsed values here and to the text of a document in `edit`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from qwenlock.text.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

Path: TypeAlias = tuple[str | int, ...]
"""The way from a document's root to a value: object keys and array indices."""


@dataclass(frozen=True, slots=True)
class Set:
    """Put `value` at `path`; a new key goes last, and missing parent objects are made."""

    path: Path
    value: Any


@dataclass(frozen=True, slots=True)
class Remove:
    """Remove the value at `path`."""

    path: Path


@dataclass(frozen=True, slots=True)
class Insert:
    """Put `value` into an array, before the element whose index ends `path`."""

    path: Path
    value: Any


@dataclass(frozen=True, slots=True)
class Move:
    """Move the member at `path` to `to`, replacing what is there.

    Within one object this is a rename, which keeps the position; otherwise the member goes last
    in the new object, whose missing parents are created.
    """

    path: Path
    to: Path


@dataclass(frozen=True, slots=True)
class Deduplicate:
    """Remove all duplicate members at `path` except the last, which is the one in force.

    A parsed value has no duplicates, so only a text changes.
    """

    path: Path


Operation: TypeAlias = Set | Remove | Insert | Move | Deduplicate


def get(value: Any, path: Path, default: Any = None) -> Any:
    """Return the value at `path` in a JSON `value`, or `default` if there is none."""
    for step in path:
        if not _holds(value, step):
            return default
        value = value[step]
    return value


def apply(value: Any, operations: Sequence[Operation]) -> Any:
    """Return a JSON `value` after `operations`, in order; `value` itself is not modified.

    Raises:
        LookupError: a path leads through something that is not there, or not a container.
    """
    for operation in operations:
        match operation:
            case Set(path, new):
                value = _put(value, path, new)
            case Remove(()) | Insert(()) | Move(()) | Move(_, ()):
                raise LookupError("the whole value can only be set")
            case Remove(path):
                value = _without(value, path)
            case Insert(path, new):
                value = _insert(value, path, new)
            case Move(path, to) if path[:-1] == to[:-1]:
                value = _rename(value, path, to[-1])
            case Move(path, to):
                moved = _at(value, path)
                value = _put(_without(value, path), to, moved)
            case Deduplicate(path):
                _at(value, path)
    return value


def original(path: Path, operations: Sequence[Operation]) -> Path:
    """Return the path before `operations` of the value that is at `path` after them.

    A value that an operation wrote is traced to its nearest parent that existed before.
    """
    for operation in reversed(operations):
        match operation:
            case Move(source, to) if path[: len(to)] == to:
                path = source + path[len(to) :]
            case _:
                pass
    return path


def _holds(value: Any, step: str | int) -> bool:
    if isinstance(value, dict):
        return isinstance(step, str) and step in value
    return isinstance(value, list) and isinstance(step, int) and 0 <= step < len(value)


def _at(value: Any, path: Path) -> Any:
    missing = object()
    found = get(value, path, missing)
    if found is missing:
        raise LookupError(f"nothing at {path}")
    return found


def _put(value: Any, path: Path, new: Any) -> Any:
    if not path:
        return new
    step, rest = path[0], path[1:]
    if isinstance(value, list) and isinstance(step, int):
        if not 0 <= step < len(value):
            raise LookupError(f"no element {step}")
        return [*value[:step], _put(value[step], rest, new), *value[step + 1 :]]
    if not isinstance(value, dict) or not isinstance(step, str):
        raise LookupError(f"no object to hold {step!r}")
    return {**value, step: _put(value.get(step, {}), rest, new)}


def _without(value: Any, path: Path) -> Any:
    _at(value, path)
    step, rest = path[0], path[1:]
    if rest:
        return _put(value, (step,), _without(_at(value, (step,)), rest))
    if isinstance(value, list) and isinstance(step, int):
        return value[:step] + value[step + 1 :]
    return {key: item for key, item in value.items() if key != step}


def _insert(value: Any, path: Path, new: Any) -> Any:
    array, index = _at(value, path[:-1]), path[-1]
    if not isinstance(array, list) or not isinstance(index, int) or not 0 <= index <= len(array):
        raise LookupError(f"no array to insert at {path}")
    return _put(value, path[:-1], [*array[:index], new, *array[index:]])


def _rename(value: Any, path: Path, name: str | int) -> Any:
    _at(value, path)
    holder, old = _at(value, path[:-1]), path[-1]
    if not isinstance(holder, dict) or not isinstance(name, str):
        raise LookupError(f"no member to rename at {path}")
    renamed = {
        (name if key == old else key): item
        for key, item in holder.items()
        if key == old or key != name
    }
    return _put(value, path[:-1], renamed)
