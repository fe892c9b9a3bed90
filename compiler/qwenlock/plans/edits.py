"""What somebody changed in a plan's models: the difference from a template's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from qwenlock.plans.digest import stringify

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from qwenlock.plans.plan import Plan, Region, Template


class Edit(NamedTuple):
    """One difference: `what` is `added`, `removed`, `moved` or the dotted field that changed."""

    model: str
    what: str


def closest(plan: Plan, region: Region, models: Sequence[Mapping[str, Any]]) -> Template | None:
    """Return the template of `region` that most of `models` are from; the newest of equals.

    None where no template has a model of any of these ids.

    Raises:
        InputError: a template cannot be rendered.
    """
    best, most = None, (0, 0)
    for template in plan.ordered():
        if region.name not in template.digests:
            continue
        published = {model["id"]: model for model in plan.models(template, region)}
        same_id = sum(model.get("id") in published for model in models)
        equal = sum(_same(model, published.get(str(model.get("id")))) for model in models)
        if same_id and (equal, same_id) >= most:
            best, most = template, (equal, same_id)
    return best


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
            found += [Edit(name, field) for field in _changed("", model, theirs[name])]
    found += [Edit(name, "removed") for name in theirs if name not in ours]
    kept = [name for name in ours if name in theirs]
    published_order = [name for name in theirs if name in ours]
    found += [
        Edit(name, "moved") for name, was in zip(kept, published_order, strict=True) if name != was
    ]
    return found


def _changed(prefix: str, ours: Any, theirs: Any) -> list[str]:
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return [
            field
            for key in {**theirs, **ours}
            for field in _changed(f"{prefix}.{key}", ours.get(key), theirs.get(key))
        ]
    return [] if _same(ours, theirs) else [prefix.removeprefix(".")]


def _same(one: Any, other: Any) -> bool:
    return stringify(one, sort_keys=True) == stringify(other, sort_keys=True)
