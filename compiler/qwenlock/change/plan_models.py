"""A plan's models in a provider's array: replaced in place, and merged with what a user edited."""

from __future__ import annotations

from difflib import SequenceMatcher
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from qwenlock.plans.digest import stringify
from qwenlock.text.operations import Insert, Remove, Set

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from qwenlock.plans.plan import Model, Plan
    from qwenlock.text.operations import Operation, Path

_ABSENT = object()
_OWNING_FIELDS = ("envKey", "baseUrl")
"""Fields that tie a model to the plan (guide, "Manual Configuration"); edits of them are lost."""


def is_owned(plan: Plan, entry: Any) -> bool:
    """Tell whether an element of the provider's array is one of the plan's models."""
    return isinstance(entry, dict) and plan.owns(entry)


def replaced(
    entries: Sequence[Any], new: Sequence[Model], plan: Plan, path: Path
) -> Iterator[Operation]:
    """Yield the operations that put `new` first and remove the plan's other models.

    Models that stay, such as custom models, are not touched. In a changed model, only the fields
    that differ are written, if that gives the right order of keys.

    Args:
        entries: the current array.
        new: the plan's new models.
        plan: whose models are replaced.
        path: where the array is.
    """
    leading = list(takewhile(lambda entry: is_owned(plan, entry), entries))
    for index in reversed(range(len(leading), len(entries))):
        if is_owned(plan, entries[index]):
            yield Remove((*path, index))
    old_ids, new_ids = ([stringify(each.get("id")) for each in models] for models in (leading, new))
    matched = SequenceMatcher(None, old_ids, new_ids, autojunk=False).get_opcodes()
    for kind, start, stop, new_start, new_stop in reversed(matched):  # so that indices hold
        if kind == "equal":
            for index, model in enumerate(new[new_start:new_stop], start):
                yield from _rewritten((*path, index), leading[index], model)
            continue
        yield from (Remove((*path, index)) for index in reversed(range(start, stop)))
        yield from (Insert((*path, start), model) for model in reversed(new[new_start:new_stop]))


def _rewritten(path: Path, old: Any, new: Any) -> Iterator[Operation]:
    if stringify(old) == stringify(new):
        return
    if not isinstance(old, dict) or not isinstance(new, dict):
        yield Set(path, new)
        return
    kept = [key for key in old if key in new]
    if list(new) != kept + [key for key in new if key not in old]:
        yield Set(path, new)
        return
    yield from (Remove((*path, key)) for key in old if key not in new)
    for key, value in new.items():
        if key in old:
            yield from _rewritten((*path, key), old[key], value)
        else:
            yield Set((*path, key), value)


def carried_over(
    template: Sequence[Model], edited: Sequence[Model], new: Sequence[Model]
) -> list[Model]:
    """Return `new` with the user's edits: changed fields, added models and removed models.

    Args:
        template: the models of the recorded version.
        edited: the current models.
        new: the models of the new version.
    """
    base, ours = by_id(template), by_id(edited)
    result = [
        _merged_model(base.get(model["id"], {}), ours[model["id"]], model)
        if model["id"] in ours
        else model
        for model in new
        if model["id"] in ours or model["id"] not in base
    ]
    known = {*base, *by_id(new)}
    added = [model for name, model in ours.items() if name not in known]
    return result + ([_moved(model, new[0]) for model in added] if new else added)


def by_id(entries: Sequence[Any]) -> dict[str, Model]:
    """Return entries by id; like the client, take the first of each id."""
    result: dict[str, Model] = {}
    for entry in entries:
        if isinstance(entry, dict) and isinstance(entry.get("id"), str):
            result.setdefault(entry["id"], entry)
    return result


def _merged_model(base: Model, ours: Model, theirs: Model) -> Model:
    return _moved(_merged(base, ours, theirs), theirs)


def _moved(model: Model, of: Model) -> Model:
    """Return `model` with the plan fields of another model."""
    return model | {field: of[field] for field in _OWNING_FIELDS if field in of}


def _merged(base: Any, ours: Any, theirs: Any) -> Any:
    """Return `ours` if it differs from `base`, otherwise `theirs`; `_ABSENT` means no value."""
    if not isinstance(ours, dict) or not isinstance(theirs, dict):
        return theirs if _same(ours, base) else ours
    below: Mapping[str, Any] = base if isinstance(base, dict) else {}
    merged = {
        key: _merged(*(each.get(key, _ABSENT) for each in (below, ours, theirs)))
        for key in theirs | ours
    }
    return {key: value for key, value in merged.items() if value is not _ABSENT}


def _same(one: Any, other: Any) -> bool:
    if one is _ABSENT or other is _ABSENT:
        return one is other
    return stringify(one, sort_keys=True) == stringify(other, sort_keys=True)
