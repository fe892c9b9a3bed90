"""The edits of plan models that are lost between two locks, as an upgrade can lose them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwenlock.change.three_way import WHOLE, brief, compare
from qwenlock.lock.model import settings_entry
from qwenlock.plans.edits import closest, edits
from qwenlock.text.credentials import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qwenlock.lock.model import Lock
    from qwenlock.plans.collection import Plans
    from qwenlock.plans.plan import Plan, PlanModel


def lost_edits(before: Lock, after: Lock, plans: Plans) -> Iterator[str]:
    """Yield a clause for each field of a plan's model that was edited, and is the plan's again.

    Args:
        before: the lock of a commit.
        after: the lock of now.
        plans: the plans that are known.

    Raises:
        InputError: a template cannot be used.
    """
    edited = [each.id for each in before.plans if each.version is None]  # no template has these
    for plan in plans.named(edited):
        then, now = _models(before, plan), _models(after, plan)
        was, published = _published(plan, then), _published(plan, now)
        left = {(shown(each.model), shown(each.what)) for each in edits(now, published)}
        for edit in compare(was, then, published, now):
            is_of_field = edit.what not in WHOLE and not edit.retired
            if is_of_field and not edit.kept and (edit.model, edit.what) not in left:
                sides = f"was {brief(edit.yours)}, and is {brief(edit.new)} now"
                yield f"an edit of {edit.model} is lost: {edit.what} {sides}"


def _models(lock: Lock, plan: Plan) -> list[PlanModel]:
    return [settings_entry(each) for each in lock.models if each.origin == plan.id]


def _published(plan: Plan, models: list[PlanModel]) -> list[PlanModel]:
    """Return what the template has that `models` are closest to."""
    region = next(iter(plan.regions_of(models)), None)
    template = closest(plan, region, models) if region else None
    return plan.models(template, region) if region and template else []
