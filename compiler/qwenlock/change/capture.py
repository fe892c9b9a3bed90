"""Captures the plan that a client wrote into its settings as a template."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwenlock.change.plan_in_file import owned
from qwenlock.findings.errors import InputError, UsageError
from qwenlock.plans.capture import Captured, capture
from qwenlock.plans.digest import PREFIX
from qwenlock.settings.plan_state import recorded, state_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qwenlock.plans.plan import Plan
    from qwenlock.settings.scopes import Source


def captured(
    plans: Sequence[Plan], source: Source, wanted: str | None, version: str, region: str
) -> tuple[Plan, Captured]:
    """Return the plan in the settings of `source`, and the template that its models make.

    Args:
        plans: the plans that are known.
        source: settings as a client wrote them.
        wanted: the id of the plan, where several could be meant.
        version: the release of that client.
        region: the name or alias of the region that the models are for.

    Raises:
        UsageError: there is no such plan or region, or the models are for another region.
        InputError: the settings hold no models of the plan that a client recorded.
    """
    plan = _plan(plans, source, wanted)
    place = plan.region(region)
    models = [model for model in owned(plan, source.settings) if plan.region_of(model) == place]
    label = source.document.label
    if not models:
        raise UsageError(
            f"{label} has no models of {plan.title} for the region {place.name}",
            "use --region to name the region that their endpoint belongs to",
        )
    known, state = recorded(plan, [source]), state_of(plan, [source])
    if known is None or state is None:
        raise InputError(
            f"{label} records no version of {plan.title}, so its models cannot be verified",
            "install or update the plan in the client with /auth, then capture it",
        )
    return plan, capture(plan, version, place, models, state, PREFIX + known.version)


def _plan(plans: Sequence[Plan], source: Source, wanted: str | None) -> Plan:
    named = [plan for plan in plans if wanted in (None, plan.id)]
    if not named:
        raise UsageError(
            f"unknown plan {wanted!r}; known plans: {', '.join(plan.id for plan in plans)}"
        )
    there = [plan for plan in named if owned(plan, source.settings)] or named
    if len(there) > 1:
        names = " or ".join(plan.id for plan in there)
        raise UsageError("more than one plan matches", f"name one with --plan: {names}")
    return there[0]
