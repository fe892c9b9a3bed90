"""What a plan's older clients recorded moves to where the client in question looks for it.

From 0.15.10 on `codingPlan.version` and `.region` are `providerMetadata["coding-plan"].version` and
`.baseUrl`. When the client moves them itself, it leaves out the base URL, and then takes a user of
another region for one of the first. This writes it (How Qwen Code reads settings, "Plans").
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwenlock.settings.plan_state import latest, move, recorded
from qwenlock.settings.script_api import Draft
from qwenlock.text.operations import Remove, Set, get

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qwenlock.migrate.context import ProjectContext
    from qwenlock.plans.plan import Plan, PlanState, Region
    from qwenlock.settings.script_api import SettingsChange

NAME = "plan-state"
SINCE = "0.15.10"
TITLE = "Move the record of a plan to where the client looks for it"
REASON = "Otherwise the client does not know which version of the plan's models is installed"


def detect(context: ProjectContext) -> bool:
    """Return whether something is recorded where only older clients look."""
    return any(_outdated(context))


def change(context: ProjectContext) -> SettingsChange:
    """Move the version, and put the region's base URL in the place of its name."""
    draft = Draft(context.settings)
    for plan, old, new in _outdated(context):
        region = _region(plan, context)
        is_new = draft.get(new.version) is None
        move(draft, plan, new)
        if draft.get(old.at) == {}:
            draft.do(Remove(old.at))
        if not is_new or new.base_url is None:
            continue
        if region:
            draft.do(Set(new.base_url, region.base_url))
            continue
        draft.note(old.version, "does not name a known region; the client uses the first one")
        if draft.get(new.base_url) is not None:
            draft.do(Remove(new.base_url))
    return draft.finish()


def _region(plan: Plan, context: ProjectContext) -> Region | None:
    """Return the region that this file tells, or else all scopes together, as a client reads it."""
    sources = context.situation.project.sources
    own = [each for each in sources if each.scope == context.scope]
    found = (recorded(plan, each) for each in (own, sources))
    return next((each.region for each in found if each and each.region), None)


def _outdated(context: ProjectContext) -> Iterator[tuple[Plan, PlanState, PlanState]]:
    """Give each plan with the place where it is recorded, and the one that the client reads."""
    client = context.situation.project.client
    for plan in context.situation.project.plans:
        if all(get(context.settings, each.version) is None for each in plan.states.values()):
            continue
        template = latest(plan, client)
        if template is None:
            continue
        for state in _older(plan, template.state):
            if isinstance(get(context.settings, state.version), str):
                yield plan, state, template.state


def _older(plan: Plan, current: PlanState) -> list[PlanState]:
    """Return the states that clients used before `current`; of those at one place, the last."""
    states = list(plan.states.values())
    older = {state.version: state for state in states[: states.index(current)]}
    return [state for path, state in older.items() if path != current.version]
