"""What a plan's older clients recorded moves to where the client in question looks for it.

CLIENT.md, The Coding Plan (State): from 0.15.10 `codingPlan.version` and `.region` are
`providerMetadata["coding-plan"].version` and `.baseUrl`. The client's own move leaves the base URL
out, so that a user of another region is taken for one of the first; this writes it.

There is no way back: which of the older forms it was, and how the region was spelled, is lost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwenlock.clients.profile import GUIDE
from qwenlock.documents.operations import Move, Remove, Set, get
from qwenlock.migrating.protocol import Draft
from qwenlock.plans.digest import PREFIX

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qwenlock.migrating.protocol import Change, Context
    from qwenlock.plans.plan import Plan, Region, State

NAME = "plan-state"
TITLE = "Move what is recorded of a plan to where the client looks for it"
REASON = "Else the client does not know which version of the plan's models is installed"


def detect(context: Context) -> bool:
    """Return whether something is recorded where only older clients look."""
    return any(_outdated(context))


def change(context: Context) -> Change:
    """Move the version, and put the region's base URL in the place of its name."""
    draft = Draft(context.settings)
    for plan, old, new in _outdated(context):
        if isinstance(draft.get(new.version), str):
            _remove(draft, old)
            continue
        region = _region(plan, old, draft)
        draft.do(Move(old.version, new.version))
        if region and new.base_url:
            if old.region and draft.get(old.region) is not None:
                draft.do(Move(old.region, new.base_url))
            draft.do(Set(new.base_url, region.base_url))
        elif new.base_url:
            draft.note(old.version, "is of no known region; the client takes it for the first")
        _remove(draft, old)
    return draft.finish()


def _outdated(context: Context) -> Iterator[tuple[Plan, State, State]]:
    """Give each plan with the place where it is recorded, and the one that the client reads."""
    client = context.situation.client
    for plan in context.situation.plans if client.name != GUIDE else ():
        newest = [each for each in plan.ordered() if each.covers(client.name)]
        if newest:
            current = newest[-1].state
            for state in _older(plan, current):
                if isinstance(get(context.settings, state.version), str):
                    yield plan, state, current


def _older(plan: Plan, current: State) -> list[State]:
    """Return the states that clients used before `current`; of those at one place, the last."""
    states = [template.state for template in plan.ordered()]
    older = {state.version: state for state in states[: states.index(current)]}
    return [state for path, state in older.items() if path != current.version]


def _region(plan: Plan, old: State, draft: Draft) -> Region | None:
    """Return the region that is recorded, or else the one whose models the version is of."""
    name = draft.get(old.region) if old.region else None
    named = [each for each in plan.regions.values() if name and name in (each.name, each.alias)]
    if named:
        return named[0]
    found = plan.identify(PREFIX + draft.get(old.version))
    return found[1] if found else None


def _remove(draft: Draft, state: State) -> None:
    for path in (state.version, state.region):
        if path and draft.get(path) is not None:
            draft.do(Remove(path))
    if draft.get(state.at) == {}:
        draft.do(Remove(state.at))
