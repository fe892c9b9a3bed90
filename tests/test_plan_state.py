"""A client's record of a plan is read from all scopes together, even if half is missing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwenlock.change.client_lists import VARIABLE, lists_in, outdated, runs
from qwenlock.change.plan_in_file import array
from qwenlock.change.upgrade import regions_of
from qwenlock.change.upgrade_data import UpgradeWishes
from qwenlock.clients.profile import profile
from qwenlock.compile.compiler import compile_lock
from qwenlock.edge.plans import load
from qwenlock.plans.digest import PREFIX
from qwenlock.settings.plan_state import (
    RecordedPlan,
    latest,
    move,
    recorded,
    recorded_paths,
    wanted,
)
from qwenlock.settings.project import Places, Project
from qwenlock.settings.script_api import Draft
from qwenlock.text.operations import Move, Remove, Set, apply, get
from support import World, record, source, untimed, write

if TYPE_CHECKING:
    from qwenlock.clients.scopes import ScopeName
    from qwenlock.plans.plan import Plan, Region, Template

PLANS = load()
LISTS = [
    (plan, template, plan.regions[name])
    for plan in PLANS
    for template in plan.offered()
    for name in template.digests
]
SCOPES: tuple[ScopeName, ...] = ("system-defaults", "user", "project", "system")


def nested(values: dict[Any, str]) -> dict[str, Any]:
    """Return settings with each value at its path."""
    return record({"$version": 4}, values)


def catalogue(plan: Plan, models: list[Any]) -> dict[str, Any]:
    return {
        "$version": 4,
        "modelProviders": {plan.auth_type: models},
        "security": {"auth": {"selectedType": plan.auth_type}},
        "model": {"name": models[0]["id"]},
    }


def edited(models: list[Any]) -> list[Any]:
    return [{**models[0], "generationConfig": {"timeout": 7}}, *models[1:]]


# Across scopes


@untimed(60)
@given(st.sampled_from(LISTS), st.sampled_from(SCOPES), st.sampled_from(SCOPES))
def test_record_in_any_scope_is_about_models_in_any_scope(
    listed: tuple[Plan, Template, Region], of_models: ScopeName, of_record: ScopeName
) -> None:
    plan, template, region = listed
    record = nested(wanted(plan, template, region))
    models = plan.models(template, region)
    for list_, code in ((models, None), (edited(models), "QL501")):
        scopes = {scope: {} for scope in SCOPES} | {of_models: catalogue(plan, list_)}
        scopes[of_record] = {**scopes[of_record], **record}
        sources = [source(scopes[scope], scope) for scope in SCOPES if scopes[scope]]
        assert recorded(plan, sources) == RecordedPlan(
            (template.digests[region.name] or "").removeprefix(PREFIX), region
        )
        found = compile_lock(sources, PLANS, profile()).findings
        about = [each.code for each in found if each.code in ("QL501", "QL502")]
        is_due = code and template != latest(plan, profile())
        assert about == ([code] if is_due else [])


def test_users_record_is_about_edited_models_of_the_project_too(world: World) -> None:
    plan = PLANS.plan("coding-plan")
    template, region = plan.template("0.12.0"), plan.regions["china"]
    write(world.own, catalogue(plan, edited(plan.models(template, region))))
    write(world.user, nested(wanted(plan, template, region)))
    said = world.run("lint", "--client", "0.24.4", "--format", "json")
    codes = [each["code"] for each in json.loads(said.out)["findings"]]
    assert {"QL501", "QL504"} <= {*codes}
    assert "QL502" not in codes
    assert world.run("lint", "--client", "0.24.4", "--strict").exit_code == 1


def test_what_is_edited_is_reported_only_while_an_update_would_replace_it() -> None:
    plan = PLANS.plan("coding-plan")
    template, region = plan.template("0.15.10"), plan.regions["china"]
    settings = catalogue(plan, edited(plan.models(template, region)))
    settings |= nested(wanted(plan, template, region))
    for client, codes in (("0.15.10", []), ("0.24.4", ["QL501"]), ("0.12.0", ["QL501"])):
        found = compile_lock([source(settings)], PLANS, profile(client)).findings
        assert [each.code for each in found if each.code.startswith("QL5")] == codes, client


def test_model_that_a_user_added_to_the_list_is_not_an_edit() -> None:
    for plan, template, region in LISTS:
        models = plan.models(template, region)
        settings = catalogue(plan, [*models, {**models[0], "id": "unheard-of"}])
        settings |= nested(wanted(plan, template, region))
        found = compile_lock([source(settings)], PLANS, profile("0.12.0")).findings
        assert not {each.code for each in found} & {"QL501", "QL502"}, (plan.id, template.version)


# Half recorded


@pytest.mark.parametrize(
    ("version", "models", "expected"),
    [
        ("of the list", None, "the list's"),
        ("unheard-of", "in the region", "the list's"),
        ("unheard-of", "in two regions", None),
        ("unheard-of", None, None),
    ],
)
@pytest.mark.parametrize("plan_id", ["coding-plan", "token-plan", "minimax", "zai"])
def test_missing_region_is_known_by_the_digest_or_the_endpoint(
    plan_id: str, version: str, models: str | None, expected: str | None
) -> None:
    plan = PLANS.plan(plan_id)
    for template in plan.offered():
        for name in template.digests:
            region, other = (
                plan.regions[name],
                next(each for each in plan.regions.values() if each.name != name),
            )
            values = wanted(plan, template, region)
            known = values[template.state.version]
            digest = known if version == "of the list" else "0" * 64
            listed = plan.models(template, region) if models else []
            if models == "in two regions":
                listed = [*listed, {**listed[0], "baseUrl": other.base_url}]
            settings = nested({template.state.version: digest})
            settings["modelProviders"] = {plan.auth_type: listed}
            found = recorded(plan, [source(settings)])
            assert found == RecordedPlan(digest, region if expected else None)


def test_record_without_a_version_does_not_count() -> None:
    for plan, template, region in LISTS:
        values = wanted(plan, template, region)
        del values[template.state.version]
        assert recorded(plan, [source(nested(values))]) is None
        for nothing in ("", None, 1, {}, []):
            values[template.state.version] = nothing  # type: ignore[assignment]
            assert recorded(plan, [source(nested(values))]) is None


@pytest.mark.parametrize("region", ["china", "global"])
def test_missing_base_url_is_an_update_that_writes_it(world: World, region: str) -> None:
    plan = PLANS.plan("coding-plan")
    template, place = plan.newest(), plan.regions[region]
    settings = catalogue(plan, plan.models(template, place))
    settings |= nested(wanted(plan, template, place))
    del settings["providerMetadata"]["coding-plan"]["baseUrl"]
    write(world.user, settings)
    assert world.run("upgrade", "--check").exit_code == 1
    assert world.run("upgrade", "--yes", "--keep-selection").exit_code == 0
    after = json.loads(world.user.read_text(encoding="utf-8"))
    assert after["providerMetadata"]["coding-plan"]["baseUrl"] == place.base_url
    assert world.run("upgrade", "--check").exit_code == 0


# A plan whose places have one template each


SEVERAL_PLACES = """title = "Moon"
auth-type = "openai"
env-key = "MOON_KEY"
regions.near = { base-url = "https://near.moon.example" }
regions.far = { base-url = "https://far.moon.example" }
states.first = { at = ["moon"], version = "v" }
states.second = { at = ["moon"], version = "v", region = "r" }
states.third = { at = ["plans", "moon"], version = "v", base-url = "u" }
"""
ONE_TEMPLATE = """{#---
source = "a test"
state = "%s"
regions.near = {}
regions.far = {}
---#}
[{"id": "luna-%s", "name": "Luna", "envKey": "MOON_KEY", "baseUrl": "{{ region.base_url }}"}]
"""


@pytest.mark.parametrize("region", ["near", "far"])
def test_record_moves_between_places_with_one_template_each(
    world: World, tmp_path: Path, region: str
) -> None:
    folder = tmp_path / "templates" / "moon"
    folder.mkdir(parents=True)
    write(folder / "plan.toml", SEVERAL_PLACES)
    versions = {"0.12.0": "first", "0.15.6": "second", "0.21.2": "third"}
    for version, place in versions.items():
        write(folder / f"{version}.json.j2", ONE_TEMPLATE % (place, version.replace(".", "-")))
    options = ("--templates", str(folder.parent))
    plan = load([folder.parent]).plan("moon")
    (first, second, third) = plan.ordered()
    at = plan.regions[region]
    assert [each.state.name for each in (first, second, third)] == [*versions.values()]
    write(world.user, catalogue(plan, plan.models(first, at)) | nested(wanted(plan, first, at)))
    for version, template in zip([*versions][1:], (second, third), strict=True):
        done = world.run("upgrade", "--to", version, "--yes", *options)
        assert done.exit_code == 0, done.err
        settings = json.loads(world.user.read_text(encoding="utf-8"))
        expected = nested(wanted(plan, template, at))
        assert {key: settings[key] for key in expected} == expected
        assert ("moon" in settings) == (template is second)
        assert world.run("upgrade", "--to", version, "--check", *options).exit_code == 0


@pytest.mark.parametrize(("there", "place"), [(0, -1), (-1, 0)])
def test_record_moves_as_a_whole_where_nothing_else_is(there: int, place: int) -> None:
    """So the comments before it move with it."""
    plan = PLANS.plan("coding-plan")
    old, new = ([*plan.states.values()][each] for each in (there, place))
    whole, other = Draft(nested({old.version: "x"})), (*old.at, "other")
    move(whole, plan, new)
    assert whole.finish().operations == (Move(old.at, new.at),)
    shared = Draft(nested({old.version: "x", other: "y"}))
    move(shared, plan, new)
    assert shared.finish().operations == (Move(old.version, new.version),)


# Records of older clients move, with the base URL


@pytest.mark.parametrize("client", ["0.15.10", "0.21.2", "0.24.4"])
@pytest.mark.parametrize("plan_id", ["coding-plan", "token-plan"])
@pytest.mark.parametrize("in_the_project", [False, True])
def test_older_record_moves_with_the_base_url_wherever_the_models_are(
    world: World, plan_id: str, client: str, *, in_the_project: bool
) -> None:
    plan = PLANS.plan(plan_id)
    template = latest(plan, profile(client))
    assert template is not None
    older = next(iter(plan.states.values()))
    for name in template.digests:
        region = plan.regions[name]
        for version in (plan.digest(template, region).removeprefix(PREFIX), "0" * 64):
            models = catalogue(plan, plan.models(template, region))
            record = nested({older.version: version})
            write(world.own, models if in_the_project else {})
            write(world.user, record if in_the_project else models | record)
            done = world.run("migrate", "--yes", "--only", "plan-state", "--client", client)
            assert done.exit_code == 0, done.err
            after = json.loads(world.user.read_text(encoding="utf-8"))
            assert older.at[0] not in after
            moved = {"version": version, "baseUrl": region.base_url}
            assert after["providerMetadata"] == {plan_id: moved}


# A client that writes its lists


@pytest.mark.parametrize("run", range(len(max((each.regions for each in PLANS), key=len))))
def test_lists_count_only_after_a_client_has_updated_outdated_settings(
    run: int,
) -> None:
    offered = [(plan, [*plan.regions.values()][run]) for plan in PLANS if run < len(plan.regions)]
    old = outdated(PLANS, run)
    assert old["modelProviders"] == {
        "openai": [
            {"id": "any", "name": "any", "envKey": VARIABLE, "baseUrl": "http://127.0.0.1:9"}
        ]
    }
    assert old["security"] == {"auth": {"selectedType": "openai"}}
    assert (old["model"], old["$version"]) == ({"name": "any"}, 3)
    for plan, region in offered:
        known = recorded(plan, [source(old)])
        assert known is not None
        assert known.version == "0" * 64
        assert known.region in (region, None)
        for state in plan.states.values():
            assert state.region is None or get(old, state.region) == region.name
            assert state.base_url is None or get(old, state.base_url) == region.base_url
    assert [*lists_in(PLANS, run, source(old))] == []

    new, wrote = old, []
    for plan, region in offered:
        template = plan.newest()
        if region.name not in template.digests:
            continue
        entries, models = get(new, array(plan), []), plan.models(template, region)
        new = apply(new, [Set(array(plan), [*models, *entries])])
        assert [*lists_in([plan], run, source(new))] == []  # models alone prove nothing
        values = wanted(plan, template, region)
        gone = [path for path in recorded_paths(plan) if get(new, path) and path not in values]
        new = apply(new, [Remove(path) for path in gone])
        new = apply(new, [Set(path, value) for path, value in values.items()])
        wrote.append((plan, region, models, plan.digest(template, region)))
    found = [*lists_in(PLANS, run, source(new))]
    assert [(each.plan, each.region, each.models, each.digest) for each in found] == wrote
    assert all(each.state in each.plan.states.values() for each in found)
    first = offered[0][0]
    new = apply(new, [Set(state.version, "0" * 64) for state in first.states.values()])
    found = [*lists_in(PLANS, run, source(new))]
    assert [each.plan for each in found] == [plan for plan, *_ in wrote if plan is not first]


def test_client_is_started_once_for_each_number_of_a_region() -> None:
    most = max(len(plan.regions) for plan in PLANS)
    assert runs(PLANS) == [*range(most)]
    plan = PLANS.plan("coding-plan")
    first, second = plan.regions
    assert runs(PLANS, {(plan.id, second)}) == [1]
    assert runs(PLANS, {(plan.id, first), ("deepseek", second)}) == [0]
    assert runs(PLANS, set()) == []


@pytest.mark.parametrize(
    ("plans", "region", "found"),
    [
        ((), None, {("coding-plan", "china")}),
        (("coding-plan",), None, {("coding-plan", "china")}),
        (("coding-plan",), "global", {("coding-plan", "global")}),
        (("deepseek",), None, set()),
        (("deepseek",), "default", {("deepseek", "default")}),
    ],
)
def test_upgrade_needs_the_lists_of_the_plans_and_regions_that_it_means(
    plans: tuple[str, ...], region: str | None, found: set[tuple[str, str]]
) -> None:
    plan = PLANS.plan("coding-plan")
    template, china = plan.template("0.12.0"), plan.regions["china"]
    settings = catalogue(plan, plan.models(template, china))
    settings |= nested(wanted(plan, template, china))
    places = Places(files={"user": Path("user.json")}, labels={"user": "user.json"})
    project = Project(sources=(source(settings),), plans=PLANS, places=places)
    assert regions_of(project, UpgradeWishes(plans=plans, region=region)) == found
