"""Every plan in every region is installed, and upgraded from each of its lists to the newest.

The versions come from the templates, so a new version is tested at once.
"""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwenlock.clients.profile import profile
from qwenlock.compile.compiler import compile_lock
from qwenlock.edge.plans import load
from qwenlock.plans.digest import PREFIX, models_digest
from support import record, source, untimed
from test_upgrade import after, changed

if TYPE_CHECKING:
    from qwenlock.plans.plan import Plan, Region, Template

PLANS = load()
LISTS = [
    pytest.param(plan, template, plan.regions[name], id=f"{plan.id}-{template.version}-{name}")
    for plan in PLANS
    for template in plan.ordered()
    for name in template.digests
]
REGIONS = [
    pytest.param(plan, region, id=f"{plan.id}-{region.name}")
    for plan in PLANS
    for region in plan.regions.values()
]


def custom(region: Region) -> list[dict[str, Any]]:
    """Return a user's own models, one of them at the plan's endpoint with another variable."""
    return [
        {"id": "gpt-4o", "envKey": "OPENAI_API_KEY", "baseUrl": "https://api.openai.com/v1"},
        {"id": "beside", "name": "beside", "envKey": "MINE", "baseUrl": region.base_url},
    ]


def settings_of(
    plan: Plan, template: Template, region: Region, *, own: list[dict[str, Any]] | None = None
) -> dict[str, Any]:
    """Return settings as a client of `template` writes them, with own models after the plan's."""
    models = plan.models(template, region)
    state = template.state
    values = {state.version: models_digest(models).removeprefix(PREFIX)}
    if state.region:
        values[state.region] = region.name
    if state.base_url:
        values[state.base_url] = region.base_url
    settings: dict[str, Any] = {
        "$version": 4,
        "modelProviders": {plan.auth_type: [*copy.deepcopy(models), *(own or [])]},
        "security": {"auth": {"selectedType": plan.auth_type}},
        "model": {"name": models[0]["id"]},
    }
    return record(settings, values)


@pytest.mark.parametrize(("plan", "region"), REGIONS)
def test_a_plan_is_installed_in_a_region_and_then_nothing_is_due(
    plan: Plan, region: Region
) -> None:
    assert changed({}, plans=(plan.id,)).report["status"] == "not-installed"
    settings = after(changed({}, plans=(plan.id,), region=region.name))
    newest = plan.newest()
    assert settings["modelProviders"][plan.auth_type] == plan.models(newest, region)
    assert changed(settings).report["status"] == "current"
    compilation = compile_lock([source(settings)], PLANS, profile())
    assert compilation.lock is not None
    (locked,) = compilation.lock.plans
    assert (locked.id, locked.region, locked.version) == (plan.id, region.name, newest.version)
    assert [each for each in compilation.findings if each.code.startswith("QL5")] == []


@pytest.mark.parametrize(("plan", "template", "region"), LISTS)
def test_every_list_is_upgraded_to_the_newest_and_own_models_stay_in_their_order(
    plan: Plan, template: Template, region: Region
) -> None:
    own = custom(region)
    before = settings_of(plan, template, region, own=own)
    newest = plan.newest()
    change = changed(before)
    assert change.report["from"] == template.version
    assert (change.report["edited"], change.report["region"]) == ([], region.name)
    settings = after(change) if change.files else before
    models = plan.models(newest, region)
    assert settings["modelProviders"][plan.auth_type] == [*models, *own]
    assert changed(settings).report["status"] == "current"


@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: plan.id)
def test_a_release_gets_its_own_list(plan: Plan) -> None:
    region = next(iter(plan.regions.values()))
    for template in plan.offered():
        if region.name in template.digests:
            change = changed({}, template.version, plans=(plan.id,), region=region.name)
            assert change.report["to"] == template.version


@pytest.mark.parametrize(
    "plan",
    [each for each in PLANS if not (each.ownership.endpoint or each.ownership.hosts)],
    ids=lambda plan: plan.id,
)
def test_a_model_with_a_name_of_its_own_survives_with_the_plans_variable_and_endpoint(
    plan: Plan,
) -> None:
    region = next(iter(plan.regions.values()))
    mine = {"id": "my own", "name": "mine", "envKey": plan.env_key, "baseUrl": region.base_url}
    (oldest, *_) = plan.offered()
    before = settings_of(plan, oldest, region, own=[mine])
    change = changed(before, client=plan.newest().version)
    settings = after(change) if change.files else before
    assert settings["modelProviders"][plan.auth_type][-1] == mine
    assert mine["id"] not in json.dumps(change.report["edited"])


@untimed(60)
@given(st.data())
def test_a_choice_of_models_that_a_client_recorded_is_unedited_and_completed(
    data: st.DataObject,
) -> None:
    plan, template, region = data.draw(st.sampled_from([each.values for each in LISTS]))
    settings = settings_of(plan, template, region)
    models = settings["modelProviders"][plan.auth_type]
    indices = data.draw(st.sets(st.sampled_from(range(len(models))), min_size=1))
    chosen = [models[index] for index in sorted(indices)]
    settings["modelProviders"][plan.auth_type] = chosen
    record(settings, {template.state.version: models_digest(chosen).removeprefix(PREFIX)})
    compilation = compile_lock([source(settings)], PLANS, profile())
    codes = {each.code for each in compilation.findings}
    assert not codes & {"QL501", "QL502"}
    change = changed(settings)
    assert change.report["edited"] == []
    assert not [each for each in change.warnings if "edit" in each]
    completed = after(change) if change.files else settings
    newest = plan.models(plan.newest(), region)
    assert completed["modelProviders"][plan.auth_type] == newest
