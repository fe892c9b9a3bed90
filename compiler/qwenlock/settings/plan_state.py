"""The record that clients keep of an installed plan in the settings: read and written.

Where each release keeps it is data of the plan (How Qwen Code reads settings, "Plans"). Every
release reads it from the merged settings, whichever scope the models are in; so does `recorded`,
which is the only reading there is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from qwenlock.clients.profile import GUIDE
from qwenlock.findings.errors import UsageError
from qwenlock.plans.digest import PREFIX
from qwenlock.settings.scopes import merged
from qwenlock.text.operations import Move, Remove, Set

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qwenlock.clients.profile import Profile
    from qwenlock.plans.plan import Plan, PlanState, Region, Template
    from qwenlock.settings.scopes import Sources
    from qwenlock.settings.script_api import Draft
    from qwenlock.text.operations import Path


class RecordedPlan(NamedTuple):
    """A digest that a client recorded, in hexadecimal, and the region if it is known."""

    version: str
    region: Region | None


def recorded(plan: Plan, sources: Sources) -> RecordedPlan | None:
    """Return what is recorded of `plan`, or None if no version is.

    States are tried in the plan's order, the older ones first, because a client with a newer place
    replaces what is there by the older record. If the record does not name the region, the digest
    shows it, or else the endpoint that all of the plan's models have.

    Args:
        plan: the plan.
        sources: the scopes that the client in question merges, low to high.
    """
    for state in plan.states.values():
        version = merged(sources, state.version)
        if isinstance(version, str) and version:
            return RecordedPlan(version, _region(plan, state, version, sources))
    return None


def state_of(plan: Plan, sources: Sources) -> PlanState | None:
    """Return the state in which the clients that wrote `sources` keep the record; None for none.

    Of several states with the same place for the version, it is the one with most keys present.

    Args:
        plan: the plan.
        sources: the scopes that a client merges, low to high.
    """

    def told(state: PlanState) -> int:
        paths = (state.version, state.region, state.base_url)
        return sum(path is not None and bool(merged(sources, path)) for path in paths)

    there = [state for state in plan.states.values() if merged(sources, state.version)]
    return max(there, key=told, default=None)


def _region(plan: Plan, state: PlanState, version: str, sources: Sources) -> Region | None:
    alike = [each for each in plan.states.values() if each.version == state.version]
    said = [
        merged(sources, path) for each in alike for path in (each.region, each.base_url) if path
    ]
    for region in plan.regions.values():
        if any(each in (region.name, region.alias, region.base_url) for each in said if each):
            return region
    found = plan.identify(PREFIX + version)
    return found[1] if found else _region_of_models(plan, sources)


def _region_of_models(plan: Plan, sources: Sources) -> Region | None:
    entries = merged(sources, ("modelProviders", plan.auth_type))
    models = [each for each in entries if isinstance(each, dict)] if entries else []
    found = [plan.region_of(each) for each in models if plan.owns(each)]
    first = next(iter(found), None)
    return first if all(each == first for each in found) else None


def latest(plan: Plan, client: Profile) -> Template | None:
    """Return the newest template of `plan` that `client` has; None if it does not have the plan.

    The guide has no releases, so its newest is the newest of all.
    """
    try:
        return plan.newest(None if client.name == GUIDE else client.name)
    except UsageError:
        return None


def wanted(plan: Plan, template: Template, region: Region) -> dict[Path, str]:
    """Return the record of a client that has `template`, by path: it then offers no update.

    Args:
        plan: the plan.
        template: the version that the client has.
        region: the region of the models.
    """
    state = template.state
    values: dict[Path, str] = {state.version: plan.digest(template, region).removeprefix(PREFIX)}
    if state.region:
        values[state.region] = region.name
    if state.base_url:
        values[state.base_url] = region.base_url
    return values


def recorded_paths(plan: Plan) -> list[Path]:
    """Return every path where any client records what it installed."""
    paths = (
        path
        for state in plan.states.values()
        for path in (state.version, state.region, state.base_url)
        if path is not None
    )
    return list(dict.fromkeys(paths))


def stale(plan: Plan, template: Template, region: Region, sources: Sources) -> list[Path]:
    """Return the paths whose values contradict `wanted` for some client.

    Args:
        plan: the plan.
        template: the version that is recorded.
        region: its region.
        sources: the scopes whose values are looked at, low to high.
    """
    right = wanted(plan, template, region)
    return [
        path
        for path in recorded_paths(plan)
        if merged(sources, path) not in (None, "", right.get(path))
    ]


def record(draft: Draft, plan: Plan, template: Template, region: Region) -> None:
    """Record `template` in `region` as its clients do, and remove other records.

    Args:
        draft: the change to add the operations to.
        plan: the plan.
        template: the version to record.
        region: its region.
    """
    move(draft, plan, template.state)
    for path, value in wanted(plan, template, region).items():
        draft.do(Set(path, value))


def move(draft: Draft, plan: Plan, state: PlanState) -> None:
    """Move what is recorded of `plan`, with its comments, to where clients of `state` look.

    Existing values win. A region moves to the place of a base URL as it is spelled.

    Args:
        draft: the change to add the operations to.
        plan: the plan.
        state: the place where the clients in question look.
    """
    moved: dict[Path, Path] = {}
    for old in plan.states.values():
        if draft.get(state.at) is None and _is_all_of(draft.get(old.at), plan, old):
            draft.do(Move(old.at, state.at))
            moved[old.at] = state.at
        at = moved.get(old.at, old.at)
        for source, target in _pairs(old, state):
            source_now = (*at, *source[len(old.at) :])
            if source_now == target or draft.get(source_now) is None:
                continue
            free = target is not None and draft.get(target) is None
            draft.do(Move(source_now, target) if target and free else Remove(source_now))


def _is_all_of(value: object, plan: Plan, state: PlanState) -> bool:
    """Tell whether an object holds what clients record at `state.at`, and nothing else."""
    names = {path[-1] for path in recorded_paths(plan) if path[:-1] == state.at}
    return isinstance(value, dict) and bool(value) and value.keys() <= names


def _pairs(old: PlanState, new: PlanState) -> Iterator[tuple[Path, Path | None]]:
    """Yield each path of `old` with the one that says the same in `new`."""
    yield old.version, new.version
    for path in (old.region, old.base_url):
        if path is not None:
            yield path, new.region or new.base_url
