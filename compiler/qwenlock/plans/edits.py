"""What somebody changed in a plan's models: the difference from a template's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from qwenlock.plans.digest import stringify

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from qwenlock.plans.plan import Keys, Plan, Region, Template


ABSENT = object()
"""Stands for a value that is not there."""


class Edit(NamedTuple):
    """One difference: `what` is `added`, `removed`, `moved` or the dotted field that changed.

    `path` is the way to that field, empty if the model as a whole is meant.
    """

    model: str
    what: str
    path: Keys = ()


def closest(plan: Plan, region: Region, models: Sequence[Mapping[str, Any]]) -> Template | None:
    """Return the template of `region` that shares most of its models with `models`.

    Among equals, it is the one with the fewest missing models, then the newest. None if no template
    has a model with one of these ids.

    Raises:
        InputError: a template cannot be rendered.
    """
    best, most = None, (0, 0, 0)
    for template in plan.ordered():
        if region.name not in template.digests:
            continue
        published = {model["id"]: model for model in plan.models(template, region)}
        same_id = sum(model.get("id") in published for model in models)
        equal = sum(same(model, published.get(str(model.get("id")))) for model in models)
        score = (equal, same_id, same_id - len(published))
        if same_id and (best is None or score >= most):
            best, most = template, score
    return best


def choice_of(plan: Plan, region: Region, models: Sequence[Mapping[str, Any]]) -> Template | None:
    """Return the template of `region` from which `models` were chosen; others may be added.

    The client's `/auth` lets a user choose some models of a plan's list, and add others. None if a
    model differs from that of the closest template.

    Raises:
        InputError: a template cannot be rendered.
    """
    template = closest(plan, region, models)
    if template is None:
        return None
    listed = {model["id"]: model for model in plan.models(template, region)}
    chosen = [model for model in models if model.get("id") in listed]
    is_theirs = all(stringify(model) == stringify(listed[model["id"]]) for model in chosen)
    return template if is_theirs else None


def edits(
    models: Sequence[Mapping[str, Any]], published: Sequence[Mapping[str, Any]]
) -> list[Edit]:
    """Return how `models` differ from the `published` ones, in the order of `models`."""
    ours = {str(model["id"]): model for model in models}
    theirs = {str(model["id"]): model for model in published}
    found = []
    for name, model in ours.items():
        if name not in theirs:
            found.append(Edit(name, "added"))
        else:
            found += [
                Edit(name, ".".join(path), path) for path in _changed((), model, theirs[name])
            ]
    found += [Edit(name, "removed") for name in theirs if name not in ours]
    kept = [name for name in ours if name in theirs]
    published_order = [name for name in theirs if name in ours]
    found += [Edit(name, "moved") for at, name in enumerate(kept) if name != published_order[at]]
    return found


def _changed(path: Keys, ours: Any, theirs: Any) -> list[Keys]:
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return [
            field
            for key in {**theirs, **ours}
            for field in _changed((*path, key), ours.get(key), theirs.get(key))
        ]
    return [] if same(ours, theirs) else [path]


def same(one: Any, other: Any) -> bool:
    """Tell whether two values are equal in JSON, whatever the order of keys; `ABSENT` is none."""
    if one is ABSENT or other is ABSENT:
        return one is other
    return stringify(one, sort_keys=True) == stringify(other, sort_keys=True)
