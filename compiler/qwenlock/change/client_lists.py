"""Settings that make a client offer its lists of every plan, and the lists that it then writes.

Clients offer an update only of what they have recorded (How Qwen Code reads settings, "Plans").
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from qwenlock.change.plan_in_file import owned
from qwenlock.plans.digest import PREFIX
from qwenlock.settings.plan_state import recorded, state_of
from qwenlock.text.operations import Set, apply

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from qwenlock.plans.plan import Plan, PlanModel, PlanState, Region
    from qwenlock.settings.scopes import Source

VARIABLE = "ANY_API_KEY"
"""The variable that holds the key of the only model: any value will do, as nothing is sent."""

_OUTDATED = "0" * 64
_MODEL = {"id": "any", "name": "any", "envKey": VARIABLE, "baseUrl": "http://127.0.0.1:9"}
_SETTINGS: dict[str, Any] = {
    "$version": 3,  # older releases leave it, newer ones rewrite it
    "general": {"enableAutoUpdate": False},
    "privacy": {"usageStatisticsEnabled": False},
    "telemetry": {"enabled": False},
    "modelProviders": {"openai": [_MODEL]},
    "security": {"auth": {"selectedType": "openai"}},
    "model": {"name": _MODEL["id"]},
}


class ClientList(NamedTuple):
    """A list of a plan as a client wrote it.

    Attributes:
        plan: the plan.
        region: its region.
        models: the models, in order.
        state: where the client recorded them.
        digest: what it recorded.
    """

    plan: Plan
    region: Region
    models: list[PlanModel]
    state: PlanState
    digest: str


def runs(plans: Sequence[Plan], wanted: Collection[tuple[str, str]] | None = None) -> list[int]:
    """Return the numbers of the regions for which a client has to be started, from 0.

    Args:
        plans: the plans.
        wanted: the plans and regions that are needed, by name; None for all.
    """
    numbers = {
        number
        for plan in plans
        for number, region in enumerate(plan.regions)
        if wanted is None or (plan.id, region) in wanted
    }
    return sorted(numbers)


def outdated(plans: Sequence[Plan], run: int) -> dict[str, Any]:
    """Return settings that record an old list of each plan, for its region number `run`.

    Args:
        plans: the plans; one without so many regions is left out.
        run: the number of the region, from 0.
    """
    values: list[Set] = []
    for plan, region in _offered(plans, run):
        for state in plan.states.values():
            values.append(Set(state.version, _OUTDATED))
            if state.region:
                values.append(Set(state.region, region.name))
            if state.base_url:
                values.append(Set(state.base_url, region.base_url))
    settings: dict[str, Any] = apply(_SETTINGS, values)
    return settings


def lists_in(plans: Sequence[Plan], run: int, source: Source) -> Iterator[ClientList]:
    """Yield the lists that a client wrote over `outdated(plans, run)`."""
    for plan, region in _offered(plans, run):
        known, state = recorded(plan, [source]), state_of(plan, [source])
        models = [each for each in owned(plan, source.settings) if plan.region_of(each) == region]
        if known is None or state is None or known.version == _OUTDATED or not models:
            continue
        yield ClientList(plan, region, models, state, PREFIX + known.version)


def _offered(plans: Sequence[Plan], run: int) -> list[tuple[Plan, Region]]:
    return [(plan, list(plan.regions.values())[run]) for plan in plans if run < len(plan.regions)]
