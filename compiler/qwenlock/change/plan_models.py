"""A plan's models in a provider's array: replaced in place, and merged with what a user edited."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qwenlock.plans.digest import stringify
from qwenlock.plans.edits import ABSENT, same
from qwenlock.text.operations import Insert, Move, Remove, Set

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from qwenlock.plans.plan import Plan, PlanModel
    from qwenlock.text.operations import Operation, Path

_ASIDE: Path = ("moved by qwenlock",)
"""Where something is while it moves within its object or array: no setting has this name."""


def is_owned(plan: Plan, entry: Any) -> bool:
    """Tell whether an element of the provider's array is one of the plan's models."""
    return isinstance(entry, dict) and plan.owns(entry)


def replaced(
    entries: Sequence[Any], new: Sequence[PlanModel], plan: Plan, path: Path
) -> Iterator[Operation]:
    """Yield the operations that put `new` first and remove the plan's other models.

    Other models, such as custom ones, do not change. A model that has the same id as before keeps
    its comments: it is moved to its place, and only the fields that differ are written.

    Args:
        entries: the current array.
        new: the plan's new models.
        plan: whose models are replaced.
        path: where the array is.
    """
    names = [entry["id"] if _has_id(plan, entry) else None for entry in entries]
    wanted = {model["id"] for model in new}
    kept = {name: names.index(name) for name in names if name in wanted}
    for index in reversed(range(len(entries))):
        if is_owned(plan, entries[index]) and kept.get(names[index]) != index:
            yield Remove((*path, index))
    staying: list[int | None] = [
        index
        for index, entry in enumerate(entries)
        if not is_owned(plan, entry) or kept.get(names[index]) == index
    ]
    for index, model in enumerate(new):
        old = kept.get(model["id"])
        if old is None:
            yield Insert((*path, index), model)
            staying.insert(index, None)
            continue
        at = staying.index(old)
        if at != index:
            yield Move((*path, at), _ASIDE)
            yield Insert((*path, index), None)
            yield Move(_ASIDE, (*path, index))
            staying.insert(index, staying.pop(at))
        yield from _rewritten((*path, index), entries[old], model)


def _has_id(plan: Plan, entry: Any) -> bool:
    return is_owned(plan, entry) and isinstance(entry.get("id"), str)


def _rewritten(path: Path, old: Any, new: Any) -> Iterator[Operation]:
    if stringify(old) == stringify(new):
        return
    if not isinstance(old, dict) or not isinstance(new, dict):
        yield Set(path, new)
        return
    yield from (Remove((*path, key)) for key in old if key not in new)
    out_of_place = list(new)
    for key in [each for each in old if each in new]:
        yield from _rewritten((*path, key), old[key], new[key])
        if key == out_of_place[0]:
            del out_of_place[0]
    for key in out_of_place:
        if key in old:
            yield Move((*path, key), _ASIDE)
            yield Move(_ASIDE, (*path, key))
        else:
            yield Set((*path, key), new[key])


def carried_over(
    template: Sequence[PlanModel],
    edited: Sequence[PlanModel],
    new: Sequence[PlanModel],
    keeps: Callable[[str], bool],
) -> list[PlanModel]:
    """Return `new` with the edits of the models that `keeps` names: changed fields, and removal.

    Args:
        template: the models of the recorded version.
        edited: the current models.
        new: the models of the new version.
        keeps: tells by its id whether the edits of a model are kept.
    """
    base, ours = by_id(template), by_id(edited)
    result = []
    for model in new:
        name = model["id"]
        if not keeps(name) or name not in {*base, *ours}:
            result.append(model)
        elif name in ours:
            result.append(_merged(base.get(name), ours[name], model))
    return result


def by_id(entries: Sequence[Any]) -> dict[str, PlanModel]:
    """Return entries by id; like the client, take the first of each id."""
    result: dict[str, PlanModel] = {}
    for entry in entries:
        if isinstance(entry, dict) and isinstance(entry.get("id"), str):
            result.setdefault(entry["id"], entry)
    return result


def _merged(base: Any, ours: Any, theirs: Any) -> Any:
    """Return `ours` if it differs from `base`, otherwise `theirs`; `ABSENT` means no value."""
    if not isinstance(ours, dict) or not isinstance(theirs, dict):
        return theirs if same(ours, base) else ours
    below: Mapping[str, Any] = base if isinstance(base, dict) else {}
    merged = {
        key: _merged(*(each.get(key, ABSENT) for each in (below, ours, theirs)))
        for key in theirs | ours
    }
    return {key: value for key, value in merged.items() if value is not ABSENT}
