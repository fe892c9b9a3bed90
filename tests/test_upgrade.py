"""Upgrades: their effect on a plan's models, on the rest of a file, and on edits."""

from __future__ import annotations

import copy
import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwenlock.change.lock_effect import effect
from qwenlock.change.upgrade import upgrade
from qwenlock.change.upgrade_data import UpgradeWishes
from qwenlock.clients.profile import NEWEST as NEWEST_RELEASE
from qwenlock.clients.profile import profile
from qwenlock.compile.compiler import compile_lock
from qwenlock.edge.plans import load
from qwenlock.findings.errors import InputError, UsageError
from qwenlock.findings.reading import parse
from qwenlock.plans.digest import models_digest
from qwenlock.settings.project import Places, Project
from qwenlock.text.edit import lost_comments
from support import World, source, untimed, write

if TYPE_CHECKING:
    from qwenlock.clients.scopes import ScopeName
    from qwenlock.findings.file_changes import ProjectChange

PLANS = load()
PLAN = PLANS.plan("coding-plan")
OFFERED = PLAN.offered()
TEMPLATES = {
    (each.version, region): PLAN.models(each, PLAN.regions[region])
    for each in OFFERED
    for region in each.digests
}
STATES = {each.version: each.state.name for each in OFFERED}
ENDPOINTS = {name: region.base_url for name, region in PLAN.regions.items()}
VERSIONS = list(STATES)
NEWEST = VERSIONS[-1]
LATER = "0.23.3"
"""A version after 0.12.0 for tests that name models, since those of the newest may change."""
SELECTED_BY_URL = [version for version in VERSIONS if profile(version).selects_url]
"""The templates whose clients read `model.baseUrl`."""
KEY = PLAN.env_key
CUSTOM = [
    {"id": "gpt-4o", "envKey": "OPENAI_API_KEY", "baseUrl": "https://api.openai.com/v1"},
    {"id": "qwen3-coder-plus", "envKey": "MY_KEY", "baseUrl": ENDPOINTS["china"]},
]
EVERY_SCOPE: tuple[ScopeName, ...] = ("system-defaults", "user", "project", "system")


def state(version: str, region: str) -> dict[str, Any]:
    """Return the record of the clients of a template."""
    digest = models_digest(TEMPLATES[version, region]).removeprefix("sha256:")
    if STATES[version] == "version-only":
        return {"codingPlan": {"version": digest}}
    if STATES[version] == "version-and-region":
        return {"codingPlan": {"version": digest, "region": region}}
    return {"providerMetadata": {"coding-plan": {"version": digest, "baseUrl": ENDPOINTS[region]}}}


def installed(
    version: str, region: str = "china", *, custom: list[Any] = CUSTOM, **more: Any
) -> dict[str, Any]:
    """Return settings after an upgrade to that template."""
    models = [*copy.deepcopy(TEMPLATES[version, region]), *custom]
    url = {"baseUrl": ENDPOINTS[region]} if version in SELECTED_BY_URL else {}
    return {
        "$version": 4,
        "modelProviders": {"openai": models},
        **state(version, region),
        "security": {"auth": {"selectedType": "openai"}},
        "model": {"name": models[0]["id"], **url},
        **more,
    }


def scopes(**settings: Any) -> Project:
    """Return a project's scopes, named with _ for -; a text is used literally, else as JSON."""
    given = {name.replace("_", "-"): value for name, value in settings.items()}
    return Project(
        sources=tuple(source(given[scope], scope) for scope in EVERY_SCOPE if scope in given),
        places=Places(
            files={scope: Path(f"{scope}.json") for scope in EVERY_SCOPE},
            labels={scope: f"{scope}.json" for scope in EVERY_SCOPE},
        ),
    )


def changed(where: Project | Any, client: str = "guide", **wishes: Any) -> ProjectChange:
    given = where if isinstance(where, Project) else scopes(user=where)
    running = wishes.pop("running", None)
    project = replace(given, plans=PLANS, client=profile(client))
    return upgrade(project, UpgradeWishes(**wishes), running)


def after(change: ProjectChange) -> Any:
    """Return the settings that a change of one file leaves."""
    assert len(change.files) == 1, change.reasons
    return parse(change.files[0].after, "after").value


def plan_models(settings: Any) -> list[Any]:
    return [model for model in settings["modelProviders"]["openai"] if model["envKey"] == KEY]


def edited_model(settings: Any, name: str) -> dict[str, Any]:
    return next(model for model in plan_models(settings) if model["id"] == name)


# Every version to every other, in every region


@pytest.mark.parametrize("target", TEMPLATES, ids="-".join)
@pytest.mark.parametrize("origin", TEMPLATES, ids="-".join)
def test_every_version_and_region_leads_to_every_other(
    origin: tuple[str, str], target: tuple[str, str]
) -> None:
    version, region = target
    before = installed(*origin, theme="dark")
    asked = {"to": version, "region": region, "allow_downgrade": True}
    change = changed(before, **asked)
    if origin == target:
        assert (change.files, change.report["status"]) == ((), "current")
        return
    settings = after(change)
    assert settings == installed(version, region, theme="dark")
    assert models_digest(plan_models(settings)) == models_digest(TEMPLATES[target])

    compilation = compile_lock([source(settings)], PLANS, profile())
    assert compilation.lock is not None
    (plan,) = compilation.lock.plans
    assert (plan.id, plan.region, plan.version) == ("coding-plan", region, version)
    assert compilation.lock.selection.model == TEMPLATES[target][0]["id"]

    report = change.report
    assert (report["from"], report["to"], report["region"]) == (origin[0], version, region)
    again = changed(change.files[0].after, **asked)
    assert (again.files, again.report["status"]) == ((), "current")


# What is replaced, and what is not


def test_newest_version_is_the_default_and_a_client_takes_its_own() -> None:
    assert changed(installed("0.12.0")).report["to"] == NEWEST
    assert changed(installed("0.12.0"), "0.15.10").report["to"] == "0.15.10"
    with pytest.raises(UsageError, match=r"unknown coding-plan version '9\.9'"):
        changed(installed("0.12.0"), to="9.9")


def test_models_of_both_regions_are_replaced() -> None:
    both = installed("0.12.0", "china", custom=[*CUSTOM, *TEMPLATES["0.12.0", "global"]])
    settings = after(changed(both))
    assert settings["modelProviders"]["openai"] == [*TEMPLATES[NEWEST, "china"], *CUSTOM]


def test_custom_model_at_plan_endpoint_survives_upgrade_to_the_byte() -> None:
    text = json.dumps(installed("0.12.0", custom=[]), indent=2)
    custom = '{"id":"mine",   "envKey":"MINE", /* 1e0 */ "baseUrl":"%s", "n": 1.50e+1}'
    custom %= ENDPOINTS["china"]
    text = text.replace('"openai": [', f'"openai": [\n      {custom}, // first', 1)
    result = changed(text).files[0].after
    assert f"{custom} // first" in result
    assert parse(result, "").value["modelProviders"]["openai"][-1]["id"] == "mine"


def test_models_that_stay_the_same_keep_their_text() -> None:
    settings = installed("0.15.10")
    settings["modelProviders"]["openai"][2]["generationConfig"]["contextWindowSize"] = "here"
    text = json.dumps(settings, indent=2).replace('"here"', "202752 /* that much */")
    change = changed(text, to="0.21.2")
    assert "202752 /* that much */" in change.files[0].after
    of_plan = {
        "status": "due",
        "plan": "coding-plan",
        "region": "china",
        "from": "0.15.10",
        "to": "0.21.2",
        "scope": "user",
        "file": "user.json",
        "models": {
            "added": ["qwen3.7-plus"],
            "removed": [],
            "changed": [],
            "kept": [*(m["id"] for m in TEMPLATES["0.15.10", "china"]), "gpt-4o"],
        },
        "edited": [],
        "shadowed": ["qwen3-coder-plus"],
    }
    first = f"openai/{settings['model']['name']}"
    selection = {"selection": {"from": first, "to": first}}
    assert change.report == {**of_plan, "plans": [of_plan], **selection}
    assert not change.warnings[1:]  # one custom model is shadowed


def test_effect_on_the_lock_is_that_by_its_own_merge() -> None:
    own = {"$version": 4, "modelProviders": {"anthropic": CUSTOM[:1]}}
    given = scopes(user=installed("0.15.10", custom=[]), project=own)
    there = replace(given, merge="client", plans=PLANS, client=profile("0.21.2"))
    change = upgrade(there, UpgradeWishes(keep_selection=True))
    found = [each.name for each in effect(change, there) if each.action == "added"]
    assert found == ["openai/qwen3.7-plus"]


def test_comments_that_go_are_named_with_keys_in_them_masked() -> None:
    text = json.dumps(installed("0.21.2", custom=[]), indent=2)
    text = text.replace(
        '"id": "qwen3.7-plus"', '/* key: sk-0123456789abcdef */ "id": "qwen3.7-plus"'
    )
    text = text.replace('"id": "glm-5"', '/* mine */ "id": "glm-5"')
    text = text.replace('"providerMetadata"', '// what was installed\n  "providerMetadata"')
    change = changed(text, to="0.12.0", allow_downgrade=True)
    (named,) = [each for each in change.warnings if "comment" in each]
    assert "sk-0123" not in named
    assert lost_comments(text, change.files[0].after) == ["/* key: sk-0123456789abcdef */"]


def test_state_moves_with_its_comments_and_leaves_what_is_not_its_own() -> None:
    text = json.dumps(installed("0.12.0"), indent=2)
    text = text.replace('"version":', '// the digest\n    "version":')
    moved = after(change := changed(text))
    assert "codingPlan" not in moved
    assert '// the digest\n      "version"' in change.files[0].after

    kept = installed("0.12.0")
    kept["codingPlan"]["mine"] = {"a": 1}
    assert after(changed(kept))["codingPlan"] == {"mine": {"a": 1}}

    metadata = {"coding-plan": {"ignoredVersion": "0"}, "elsewhere": {"version": "1"}}
    both = after(changed(installed("0.12.0", providerMetadata=metadata)))["providerMetadata"]
    assert both == {
        "coding-plan": {
            "ignoredVersion": "0",
            **state(NEWEST, "china")["providerMetadata"]["coding-plan"],
        },
        "elsewhere": {"version": "1"},
    }


def test_object_that_holds_a_comment_is_not_removed() -> None:
    text = json.dumps(installed("0.12.0"), indent=2)
    metadata = '"providerMetadata": {"coding-plan": {"baseUrl": "old"}}'
    text = text.replace('"codingPlan": {', metadata + ', "codingPlan": { // from /auth', 1)
    change = changed(text)
    assert after(change)["codingPlan"] == {}
    assert lost_comments(text, change.files[0].after) == []


@pytest.mark.parametrize("old", ["codingPlan", "providerMetadata"])
def test_state_of_which_a_client_would_believe_the_wrong_part_is_an_update(old: str) -> None:
    """From 0.15.10 on, every start moves a value from the old place over that at the new place."""
    settings = installed(NEWEST)
    if old == "codingPlan":
        settings |= state("0.12.0", "china")
    else:
        settings["providerMetadata"]["coding-plan"]["baseUrl"] = ENDPOINTS["global"]
    assert after(changed(settings)) == installed(NEWEST)


# The selection


def test_first_model_is_selected_and_a_base_url_of_another_goes() -> None:
    model = {"name": "gpt-4o", "baseUrl": "https://api.openai.com/v1", "maxSessionTurns": 3}
    settings = after(changed(installed("0.10.1", model=model), to="0.15.10"))
    assert settings["model"] == {"name": "qwen3.5-plus", "maxSessionTurns": 3}


@pytest.mark.parametrize(
    ("selected", "expected"),
    [
        ({"name": "gpt-4o"}, {"name": "gpt-4o"}),
        ({"name": "glm-5"}, {"name": "glm-5"}),
        (
            {"name": "glm-5", "baseUrl": ENDPOINTS["china"]},
            {"name": "glm-5", "baseUrl": ENDPOINTS["global"]},
        ),
        (
            {"name": "qwen3-coder-plus", "baseUrl": ENDPOINTS["china"]},  # the custom one
            {"name": "qwen3-coder-plus", "baseUrl": ENDPOINTS["china"]},
        ),
        ({"name": "gone"}, {"name": "qwen3.5-plus", "baseUrl": ENDPOINTS["global"]}),
        ({}, {"name": "qwen3.5-plus", "baseUrl": ENDPOINTS["global"]}),
    ],
)
def test_selection_is_kept_where_it_is_still_offered(
    selected: dict[str, str], expected: dict[str, str]
) -> None:
    settings = installed("0.12.0", model=selected)
    change = changed(settings, to=LATER, region="global", keep_selection=True)
    assert after(change)["model"] == expected
    gone = "will be selected, the first model of Bailian Coding Plan"
    assert (gone in change.summary[-1]) == (selected.get("name") in (None, "gone"))


def test_selection_of_another_auth_type_is_kept() -> None:
    auth = {"security": {"auth": {"selectedType": "qwen-oauth"}}, "model": {"name": "coder-model"}}
    settings = after(changed(installed("0.12.0", **auth), keep_selection=True))
    assert (settings["security"], settings["model"]) == (auth["security"], auth["model"])


def test_selection_that_a_higher_scope_overrides_is_reported() -> None:
    change = changed(scopes(user=installed("0.12.0"), project={"model": {"name": "gpt-4o"}}))
    assert change.report["selection"]["to"] == "openai/gpt-4o"
    assert any("model.name in project.json (project scope)" in each for each in change.warnings)


# Which file


def test_project_that_has_the_key_is_written_else_the_user() -> None:
    plan, other = installed("0.12.0"), {"modelProviders": {"openai": CUSTOM}}
    cases: list[tuple[dict[str, Any], str]] = [
        ({"user": plan}, "user"),
        ({"project": plan}, "project"),
        ({"user": other, "project": plan}, "project"),
        ({"user": plan, "project": {"theme": "x"}}, "user"),
        ({"system_defaults": other, "user": plan}, "user"),
        ({"system": {"theme": "x"}, "user": plan}, "user"),
    ]
    for settings, expected in cases:
        change = changed(scopes(**settings))
        assert [file.label for file in change.files] == [f"{expected}.json"]
        assert change.report["scope"] == expected
        assert after(change) == installed(NEWEST)


def test_scope_that_replace_would_hide_is_refused_with_the_reason() -> None:
    both = scopes(user=installed("0.12.0"), project={"modelProviders": {}})
    with pytest.raises(UsageError, match=r"the project scope .* would be hidden") as caught:
        changed(both, scope="user")
    assert "remove --scope" in (caught.value.fix or "")
    for scope in ("system", "system_defaults"):
        with pytest.raises(UsageError, match=r"system(-defaults)?\.json"):
            changed(scopes(**{scope: installed("0.12.0")}))


def test_models_that_a_new_catalogue_hides_are_named() -> None:
    change = changed(scopes(user=installed("0.12.0")), scope="project", region="china")
    assert change.report["scope"] == "project"
    assert any("gpt-4o will no longer be offered" in each for each in change.warnings)


def test_scope_that_is_left_out_is_refused() -> None:
    only_user = Project(places=Places(files={"user": Path("u")}, labels={"user": "u"}))
    with pytest.raises(UsageError, match="the project scope cannot be written"):
        changed(only_user, scope="project", region="china")
    with pytest.raises(UsageError, match="the user scope"):
        changed(Project(), region="china")


def test_record_in_another_file_that_a_client_would_believe_is_taken_away() -> None:
    plan = installed("0.12.0")
    record = {"codingPlan": plan.pop("codingPlan")}
    change = changed(scopes(user={**record, "theme": "x"}, project=plan))
    assert [file.label for file in change.files] == ["project.json", "user.json"]
    project, user = (parse(file.after, "").value for file in change.files)
    assert user == {"theme": "x"}
    assert project == installed(NEWEST)
    again = changed(scopes(user=user, project=project))
    assert again.report["status"] == "current"


def test_record_that_only_an_administrator_can_change_is_named_and_nothing_is_written() -> None:
    record = {"codingPlan": {"version": "0" * 64}}
    change = changed(scopes(user=installed(NEWEST), system=record))
    assert (change.files, change.report["status"]) == ((), "current")
    assert any("system.json records codingPlan.version" in each for each in change.warnings)


def test_record_of_other_models_stays_and_is_named() -> None:
    change = changed(scopes(user=installed("0.12.0"), project=installed("0.15.6")))
    assert [file.label for file in change.files] == ["project.json"]
    assert any("user.json records codingPlan.version" in each for each in change.warnings)


def test_selected_model_of_a_custom_provider_is_kept_where_the_client_offers_it() -> None:
    settings = installed("0.12.0", providerProtocol={"lab": "openai"}, model={"name": "lab-large"})
    settings["modelProviders"]["lab"] = [{"id": "lab-large", "envKey": "LAB_KEY"}]
    for client, kept in (("0.24.4", True), ("guide", False)):
        result = after(changed(settings, client, keep_selection=True))
        assert (result["model"]["name"] == "lab-large") is kept


# Regions, downgrades, what is recorded


def test_region_is_switched_by_name_or_alias() -> None:
    for name in ("global", "alibabacloud"):
        assert after(changed(installed(NEWEST), region=name)) == installed(NEWEST, "global")
    with pytest.raises(UsageError, match="unknown coding-plan region 'mars'"):
        changed(installed(NEWEST), region="mars")
    with pytest.raises(UsageError, match=r"0\.10\.1 is not offered in the region global") as caught:
        changed(installed("0.12.0", "global"), to="0.10.1", allow_downgrade=True)
    assert "--region china" in (caught.value.fix or "")


def test_region_that_an_interactive_client_forgot_is_that_of_the_models() -> None:
    """0.15.10 moves the record without a base URL (How Qwen Code reads settings, "Plans")."""
    settings = installed("0.15.6", "global")
    settings["providerMetadata"] = {"coding-plan": settings.pop("codingPlan")}
    result = after(changed(settings))
    assert plan_models(result) == TEMPLATES[NEWEST, "global"]
    recorded = result["providerMetadata"]["coding-plan"]
    assert recorded == {
        "region": "global",
        **state(NEWEST, "global")["providerMetadata"]["coding-plan"],
    }


def test_downgrade_must_be_allowed() -> None:
    for wishes, client in (({"to": "0.12.0"}, "guide"), ({"region": "global"}, "0.12.0")):
        with pytest.raises(UsageError, match=r"is installed; 0\.12\.0 is older") as caught:
            changed(installed(NEWEST), client, **wishes)
        assert "--allow-downgrade" in (caught.value.fix or "")
    for allowed, status in ((False, "current"), (True, "due")):
        report = changed(installed(NEWEST), "0.12.0", allow_downgrade=allowed).report
        assert (report["status"], report["to"]) == (status, "0.12.0")


@pytest.mark.parametrize("client", ["0.12.0", "0.12.0-nightly.20260101.abc"])
def test_nothing_is_due_for_a_client_whose_template_is_older(client: str, world: World) -> None:
    write(world.user, installed(NEWEST))
    before = world.user.read_bytes()
    for options in (["--check"], ["--yes"]):
        result = world.run("upgrade", "--client", client, *options)
        assert result.exit_code == 0
        assert f"{NEWEST} is installed, which is newer than 0.12.0" in (result.out + result.err)
    assert (
        json.loads(world.run("upgrade", "--check", "--client", client, "--format", "json").out)[
            "status"
        ]
        == "current"
    )
    assert world.user.read_bytes() == before


def test_unknown_digest_is_judged_by_the_closest_template() -> None:
    settings = installed("0.12.0")
    settings["codingPlan"]["version"] = "0" * 64
    edited_model(settings, "glm-5")["name"] = "mine"
    assert changed(settings, to=LATER).report["status"] == "edited"
    change = changed(settings, to=LATER, on_edited="replace")
    assert (change.report["from"], change.report["status"]) == (None, "due")
    assert [(each["model"], each["what"]) for each in change.report["edited"]] == [
        ("glm-5", "name")
    ]
    assert "closest, 0.12.0" in change.warnings[0]
    assert after(change) == installed(LATER)


def test_models_that_are_gone_come_back() -> None:
    settings = installed("0.12.0", custom=[])
    settings["modelProviders"] = {}
    change = changed(settings, on_edited="keep")
    assert after(change) == installed(NEWEST, custom=[])
    assert change.report["edited"] == []
    moved = {"coding-plan": {"version": "0" * 64, "baseUrl": ENDPOINTS["global"]}}
    abroad = settings | {"codingPlan": {}, "providerMetadata": moved}
    assert after(changed(abroad)) == installed(NEWEST, "global", custom=[])
    settings["codingPlan"] = {"version": "0" * 64, "region": "alibabacloud"}
    assert after(changed(settings)) == installed(NEWEST, "global", custom=[])
    del settings["codingPlan"]["region"]
    with pytest.raises(UsageError, match="region of Bailian Coding Plan is unknown"):
        changed(settings)


def test_shadowed_custom_models_are_named_by_the_rules_of_the_client() -> None:
    change = changed(installed("0.12.0"), to=LATER)
    assert change.report["shadowed"] == ["qwen3-coder-plus"]
    assert any("model qwen3-coder-plus comes first, and hides" in each for each in change.warnings)
    elsewhere = installed("0.12.0", custom=[{**CUSTOM[1], "baseUrl": "https://me.example"}])
    assert changed(elsewhere, "0.24.4").report["shadowed"] == []
    assert changed(installed("0.12.0"), "0.24.4").report["shadowed"] == ["qwen3-coder-plus"]


def test_client_that_is_installed_and_has_another_template_is_named() -> None:
    warnings = changed(installed("0.12.0"), running="0.15.10").warnings
    assert any("`--client 0.15.10`" in each for each in warnings)
    assert not any("--client" in each for each in changed(installed("0.12.0")).warnings)


# Edits


def edited() -> dict[str, Any]:
    """Return settings with edits of every kind in the plan's models of 0.12.0."""
    settings = installed("0.12.0")
    models = settings["modelProviders"]["openai"]
    edited_model(settings, "glm-5")["generationConfig"]["timeout"] = 60000
    del edited_model(settings, "qwen3-coder-plus")["generationConfig"]["contextWindowSize"]
    edited_model(settings, "kimi-k2.5")["description"] = "sk-0123456789abcdef"
    models.remove(edited_model(settings, "glm-4.7"))
    models.insert(0, {"id": "added", "envKey": KEY, "baseUrl": ENDPOINTS["china"]})
    return settings


EDITS = {
    ("glm-5", "generationConfig.timeout"),
    ("kimi-k2.5", "description"),
    ("qwen3-coder-plus", "generationConfig.contextWindowSize"),
    ("glm-4.7", "removed"),
}


@pytest.mark.parametrize("region", ["china", "global"])
def test_replaced_edits_are_shown_three_ways_and_what_was_added_stays(region: str) -> None:
    change = changed(edited(), to=LATER, region=region, on_edited="replace")
    added = {"id": "added", "envKey": KEY, "baseUrl": ENDPOINTS[region]}
    assert plan_models(after(change)) == [*TEMPLATES[LATER, region], added]
    assert "  kept, as you added them: added" in change.summary
    found = {(each["model"], each["what"]): each for each in change.report["edited"]}
    assert found.keys() == EDITS
    assert not any(each["kept"] for each in found.values())
    window = found["qwen3-coder-plus", "generationConfig.contextWindowSize"]
    assert (window["template"], window["yours"], window["new"]) == (1000000, None, 1000000)
    assert found["kimi-k2.5", "description"]["yours"] == "***"
    assert any("timeout: template none, yours 60000, new none" in each for each in change.warnings)
    assert "sk-0123" not in repr(change)


@pytest.mark.parametrize("region", ["china", "global"])
def test_kept_edits_are_carried_over_onto_the_new_models(region: str) -> None:
    change = changed(edited(), to=LATER, on_edited="keep", region=region)
    result = after(change)
    expected = installed(LATER, region)
    models = expected["modelProviders"]["openai"]
    edited_model(expected, "glm-5")["generationConfig"]["timeout"] = 60000
    del edited_model(expected, "qwen3-coder-plus")["generationConfig"]["contextWindowSize"]
    edited_model(expected, "kimi-k2.5")["description"] = "sk-0123456789abcdef"
    models.remove(edited_model(expected, "glm-4.7"))
    added = {"id": "added", "envKey": KEY, "baseUrl": ENDPOINTS[region]}
    models.insert(len(plan_models(expected)), added)
    assert result == expected
    assert {(each["model"], each["what"]) for each in change.report["edited"]} == EDITS
    again = changed(result, to=LATER)
    assert again.report["status"] == "current"
    assert any("edits were kept" in each for each in again.reasons)
    replaced = plan_models(after(changed(result, to=LATER, on_edited="replace")))
    assert replaced == [*TEMPLATES[LATER, region], added]


def test_edit_that_could_be_a_key_is_masked_whatever_its_type() -> None:
    settings = installed("0.12.0")
    edited_model(settings, "glm-5")["generationConfig"]["customHeaders"] = {"Authorization": 12345}
    (edit,) = changed(settings, to=LATER).report["edited"]
    assert edit["yours"] == "***"


def test_edit_of_a_model_that_is_retired_is_lost_whatever_is_asked() -> None:
    settings = installed(LATER)
    edited_model(settings, "qwen3.7-plus")["name"] = "mine"
    change = changed(settings, to="0.12.0", allow_downgrade=True, on_edited="keep")
    (edit,) = change.report["edited"]
    assert (edit["model"], edit["new"], edit["kept"]) == ("qwen3.7-plus", None, False)


def test_edit_that_the_new_template_makes_too_is_not_lost() -> None:
    settings = installed("0.12.0")
    model = edited_model(settings, "MiniMax-M2.5")
    model["generationConfig"]["contextWindowSize"] = 196608
    change = changed(settings, to="0.15.6", on_edited="abort")
    (edit,) = change.report["edited"]
    assert (edit["kept"], change.report["status"]) == (True, "due")


def test_reordered_models_are_reported_and_take_the_order_of_the_template() -> None:
    settings = installed("0.12.0", custom=[])
    settings["modelProviders"]["openai"].reverse()
    change = changed(settings, to=LATER)
    assert {each["what"] for each in change.report["edited"]} == {"moved"}
    assert plan_models(after(change)) == TEMPLATES[LATER, "china"]


@pytest.mark.parametrize("on_edited", ["abort", None])
def test_nothing_is_written_while_edits_would_be_lost(on_edited: str | None) -> None:
    change = changed(edited(), to=LATER, on_edited=on_edited)
    assert (change.files, change.report["status"]) == ((), "edited")
    assert len(change.reasons) == 2 + len(EDITS)
    assert changed(installed("0.12.0"), on_edited=on_edited).files


# Not installed, or by hand


def test_plan_that_is_not_installed_is_not_an_error() -> None:
    for settings in ({}, {"modelProviders": {"openai": CUSTOM}}):
        change = changed(settings)
        assert (change.files, change.report["status"]) == ((), "not-installed")
        assert "qwenlock upgrade --plan ID --region REGION" in change.reasons[0]
    named = changed({}, plans=("coding-plan",))
    assert "qwenlock upgrade --plan coding-plan --region china|global" in named.reasons[0]


@pytest.mark.parametrize("region", ["china", "global"])
def test_region_installs_the_plan(region: str) -> None:
    places = Places(files={"user": Path("u")}, labels={"user": "u.json"})
    change = changed(Project(places=places), region=region)
    assert change.files[0].before is None
    assert after(change) == installed(NEWEST, region, custom=[])
    assert any(KEY in each for each in change.summary)
    settings = {"theme": "x", "modelProviders": {"openai": CUSTOM[:1]}}
    assert after(changed(settings, region=region))["modelProviders"] == {
        "openai": [*TEMPLATES[NEWEST, region], CUSTOM[0]]
    }


def test_models_without_a_record_are_left_alone_unless_adopted() -> None:
    settings = installed("0.12.0")
    del settings["codingPlan"]
    for wishes in ({}, {"region": "global"}, {"to": "0.15.6"}):
        change = changed(settings, **wishes)
        assert (change.files, change.report["status"]) == ((), "manual")
        assert "--adopt" in change.reasons[0]
    alone = settings | {"modelProviders": {"openai": TEMPLATES["0.12.0", "china"][:1]}}
    count = "user.json has 1 model of Bailian Coding Plan without a recorded version"
    assert changed(alone).reasons[0].startswith(count)
    adopted = changed(settings, adopt=True)
    assert (adopted.report["from"], after(adopted)) == ("0.12.0", installed(NEWEST))
    to = f"{NEWEST}, region china, in user.json"
    assert adopted.summary[0] == f"upgrade Bailian Coding Plan: 0.12.0 to {to}"


def test_adopted_models_lose_no_edit_unasked() -> None:
    settings = installed("0.12.0")
    del settings["codingPlan"]
    settings["modelProviders"]["openai"][0]["generationConfig"] = {"timeout": 7}
    stopped = changed(settings, adopt=True)
    assert (stopped.files, stopped.report["status"]) == ((), "edited")
    kept = after(changed(settings, adopt=True, on_edited="keep"))
    assert kept["modelProviders"]["openai"][0]["generationConfig"]["timeout"] == 7
    replaced = changed(settings, adopt=True, on_edited="replace")
    assert after(replaced) == installed(NEWEST)


@pytest.mark.parametrize("key", ["ignoredVersion", "postponedVersion"])
def test_update_that_was_dismissed_in_the_client_is_not_due(key: str) -> None:
    settings = installed("0.15.10")
    metadata = settings["providerMetadata"]["coding-plan"]
    metadata[key] = "0" * 64
    assert changed(settings).report["status"] == "due"
    metadata[key] = state(NEWEST, "china")["providerMetadata"]["coding-plan"]["version"]
    change = changed(settings)
    assert change.report["status"] == "dismissed"
    assert plan_models(after(change)) == TEMPLATES[NEWEST, "china"]


# Several plans


SECOND = """title = "Moon"
auth-type = "anthropic"
env-key = "MOON_KEY"
regions.moon = { base-url = "https://moon.example" }
states.plain = { at = ["moon"], version = "installed" }
"""
SECOND_TEMPLATE = """{#---
client = ">=0.1"
source = "a test"
state = "plain"
regions.moon = {}
---#}
[{"id": "luna", "name": "Luna", "envKey": "{{ plan.env_key }}", "baseUrl": "{{ region.base_url }}"}]
"""


def test_another_plan_needs_only_a_folder(tmp_path: Path) -> None:
    folder = tmp_path / "moon"
    folder.mkdir()
    write(folder / "plan.toml", SECOND)
    write(folder / "0.1.json.j2", SECOND_TEMPLATE)
    plans = load([tmp_path])

    def moon(settings: Any, **wishes: Any) -> ProjectChange:
        return upgrade(replace(scopes(user=settings), plans=plans), UpgradeWishes(**wishes))

    settings = after(moon({}, region="moon"))
    model = {"id": "luna", "name": "Luna", "envKey": "MOON_KEY", "baseUrl": "https://moon.example"}
    assert settings["modelProviders"] == {"anthropic": [model]}
    assert settings["model"] == {"name": "luna"}
    assert settings["moon"] == {"installed": models_digest([model]).removeprefix("sha256:")}
    both = installed("0.12.0") | {"moon": settings["moon"]}
    both["modelProviders"]["anthropic"] = [model]
    for wish in ({"to": "0.1"}, {"region": "moon"}):
        with pytest.raises(UsageError, match="more than one plan") as caught:
            moon(both, **wish)
        assert caught.value.fix == "name one with --plan: coding-plan or moon"
    assert [each["plan"] for each in moon(both).report["plans"]] == ["coding-plan", "moon"]
    assert moon(both, plans=("moon",)).report["status"] == "current"
    assert moon(both, plans=("coding-plan",)).report["plan"] == "coding-plan"
    with pytest.raises(UsageError, match="unknown plan 'sun'"):
        moon(both, plans=("sun",))
    assert "--region moon" in moon({}, plans=("moon",)).reasons[0]


# Files that cannot be changed


@pytest.mark.parametrize(
    "settings",
    [
        {"selectedAuthType": "openai"},
        {"$version": 5, "modelProviders": {"openai": {"protocol": "openai", "models": CUSTOM}}},
        {"model": "gpt-4o"},
    ],
)
def test_needed_keys_of_another_settings_version_must_be_migrated_first(settings: Any) -> None:
    with pytest.raises(InputError, match="another settings version") as caught:
        changed(settings, region="china")
    assert "qwenlock migrate" in (caught.value.fix or "")


def test_other_keys_of_another_settings_version_do_not_matter() -> None:
    settings = {"vimMode": True, "theme": "x", "disableUpdateNag": True}
    assert after(changed(settings, region="china")).items() >= settings.items()


@pytest.mark.parametrize(
    "settings",
    [
        {"modelProviders": {"openai": {}}},
        {"modelProviders": {"openai": None}},
        {"modelProviders": 1},
        {"providerMetadata": []},
        {"security": {"auth": "x"}},
        {"model": None},
    ],
)
def test_value_in_the_way_is_named(settings: Any) -> None:
    with pytest.raises(InputError, match=r"user\.json: [\w.]+ must be an (object|array)"):
        changed({"$version": 4, **settings}, region="china")


@pytest.mark.parametrize("record", [None, "x", [], {"version": ""}, {"version": 1}])
def test_empty_record_does_not_count(record: Any) -> None:
    assert changed({"$version": 4, "codingPlan": record}).report["status"] == "not-installed"


def test_entries_that_are_not_models_stay_where_they_are() -> None:
    odd: list[Any] = [None, 1, [], {"id": 1, "envKey": "X"}, {"envKey": "X"}]
    nameless = {"envKey": KEY, "baseUrl": ENDPOINTS["china"], "id": [1]}
    settings = installed("0.12.0", custom=[*odd, nameless])
    result = after(changed(settings))
    assert result["modelProviders"]["openai"] == [*TEMPLATES[NEWEST, "china"], *odd]


# Any layout, any comments


class Sample(NamedTuple):
    """Handwritten settings, the comments that must stay, and the custom models' text."""

    text: str
    comments: list[str]
    custom: list[str]


@st.composite
def samples(draw: st.DrawFn) -> Sample:
    version, region = draw(st.sampled_from(list(TEMPLATES)))
    settings = installed(version, region, custom=[], general={"vimMode": True}, theme="x")
    models = settings["modelProviders"]["openai"]
    for name in draw(st.lists(st.sampled_from("abcdefgh"), unique=True, max_size=4)):
        custom = {"id": name, "envKey": f"{name}_KEY", "n": {"deep": [1.5, {}]}}
        models.insert(draw(st.integers(0, len(models))), custom)
    indent, newline = (
        draw(st.sampled_from(["  ", "    ", "\t"])),
        draw(st.sampled_from(["\n", "\r\n"])),
    )
    ordered = {key: settings[key] for key in draw(st.permutations(list(settings)))}
    lines = json.dumps(ordered, indent=indent).split("\n")
    commented = draw(st.sets(st.integers(0, 2 * len(lines) - 1), max_size=12))
    result, kept, custom_texts = [], [], []
    element: list[str] | None = None
    is_plan = False
    for number, line in enumerate(lines):
        if line == 3 * indent + "{":
            element, is_plan = [], not re.match(r'\s*"id": "[a-h]"', lines[number + 1])
        goes = is_plan or re.match(r'\s*"(region|baseUrl)"', line) is not None
        if 2 * number in commented and number:
            result.append(f"// above {number}")
            kept += [] if goes else [result[-1]]
            if element:
                element.append(result[-1])
        result.append(line)
        if 2 * number + 1 in commented and number < len(lines) - 1:
            result[-1] += f" /* beside {number} */"
            kept += [] if goes else [f"/* beside {number} */"]
        if element is not None:
            element.append(result[-1])
            if line.rstrip(",") == 3 * indent + "}":
                text = newline.join(element).strip()
                custom_texts += [] if is_plan else [text[: text.rindex("}") + 1]]
                element, is_plan = None, False
    bom = draw(st.sampled_from(["", "\ufeff"]))
    return Sample(
        bom + newline.join(result) + draw(st.sampled_from(["", newline])), kept, custom_texts
    )


@untimed(150)
@given(samples(), st.sampled_from(list(TEMPLATES)), st.booleans())
def test_all_that_is_kept_stays_to_the_byte_and_twice_is_once(
    sample: Sample, target: tuple[str, str], keeps: bool
) -> None:
    wishes = {
        "to": target[0],
        "region": target[1],
        "allow_downgrade": True,
        "keep_selection": keeps,
    }
    change = changed(sample.text, **wishes)
    result = change.files[0].after if change.files else sample.text
    missing = [comment for comment in sample.comments if comment not in result]
    assert not missing
    named = " ".join(change.warnings)
    assert all(comment in named for comment in lost_comments(sample.text, result))
    places = [result.index(text) for text in sample.custom]
    assert places == sorted(places)
    entries = parse(result, "").value["modelProviders"]["openai"]
    if change.files:
        assert entries[: len(TEMPLATES[target])] == TEMPLATES[target]
    assert result.startswith("\ufeff") == sample.text.startswith("\ufeff")
    assert ("\r\n" in result, result.endswith("\n")) == (
        "\r\n" in sample.text,
        sample.text.endswith("\n"),
    )
    assert "\n" not in result.replace("\r\n", "") or "\r\n" not in sample.text
    again = changed(result, **wishes)
    assert (again.files, again.report["status"]) == ((), "current")


FIELDS = st.sampled_from(["name", "timeout", "extra", "generationConfig"])


@untimed(100)
@given(
    st.sampled_from(list(TEMPLATES)),
    st.sampled_from(list(TEMPLATES)),
    st.dictionaries(
        st.tuples(st.integers(0, 9), FIELDS), st.integers(0, 3) | st.none(), max_size=4
    ),
    st.sets(st.integers(0, 9), max_size=2),
)
def test_kept_edits_are_there_afterwards_and_the_update_is_not_offered_again(
    origin: tuple[str, str],
    target: tuple[str, str],
    fields: dict[tuple[int, str], int | None],
    removed: set[int],
) -> None:
    settings = installed(*origin)
    models = plan_models(settings)
    for (index, field), value in fields.items():
        model = models[index % len(models)]
        if value is None:
            model.pop(field, None)
        else:
            model[field] = value
    gone = [models[index]["id"] for index in removed if index < len(models) - 1]
    settings["modelProviders"]["openai"] = [
        model for model in models if model["id"] not in gone
    ] + CUSTOM
    change = changed(
        settings, to=target[0], region=target[1], allow_downgrade=True, on_edited="keep"
    )
    result = after(change) if change.files else settings
    offered = {model["id"] for model in TEMPLATES[target]}
    for each in change.report["edited"]:
        assert each["kept"] or (each["model"] not in offered), each
    again = changed(result, to=target[0])
    assert (again.files, again.report["status"]) == ((), "current")


# The installed command


def test_check_says_by_its_exit_code_whether_an_update_is_due(world: World) -> None:
    assert world.run("upgrade", "--check").exit_code == 0
    write(world.user, installed("0.12.0"))
    due = world.run("upgrade", "--check")
    assert due.exit_code == 1
    assert "an update is due: run `qwenlock upgrade`" in due.err
    metadata = state("0.21.2", "china")
    metadata["providerMetadata"]["coding-plan"]["ignoredVersion"] = state(NEWEST, "china")[
        "providerMetadata"
    ]["coding-plan"]["version"]
    write(world.user, installed("0.21.2") | metadata)
    assert "was dismissed" in world.run("upgrade", "--check").err
    assert world.run("upgrade", "--check").exit_code == 0
    assert world.run("upgrade", "--yes").exit_code == 0
    assert world.run("upgrade", "--check").exit_code == 0


def test_nothing_is_written_without_consent(world: World) -> None:
    before = write(world.user, installed("0.12.0")).read_bytes()
    assert world.run("upgrade", "--dry-run").exit_code == 0
    assert world.run("upgrade").exit_code == 2
    assert world.run("upgrade", "--format", "json").exit_code == 2
    assert world.run("upgrade", "--on-edited", "abort", "--dry-run").exit_code == 0
    edit = installed("0.12.0")
    edited_model(edit, "glm-5")["name"] = "mine"
    write(world.user, edit)
    aborted = world.run("upgrade", "--to", LATER, "--on-edited", "abort", "--yes")
    assert aborted.exit_code == 1
    assert "glm-5 name" in aborted.err
    write(world.user, before)
    assert world.run("upgrade", "--to", "0.10.1").exit_code == 2
    assert world.run("upgrade", "--scope", "nowhere").exit_code == 2
    assert world.user.read_bytes() == before
    assert not (world.home / ".local").exists()


def test_report_has_every_field_whatever_the_status(world: World) -> None:
    write(world.user, installed("0.12.0"))
    written = json.loads(world.run("upgrade", "--yes", "--format", "json").out)
    current = json.loads(world.run("upgrade", "--check", "--format", "json").out)
    world.user.unlink()
    missing = json.loads(world.run("upgrade", "--format", "json").out)
    assert written.keys() == current.keys() == missing.keys()
    assert (written["written"], current["written"], missing["written"]) == (True, False, False)
    assert (written["from"], written["to"], written["scope"]) == ("0.12.0", NEWEST, "user")
    assert written["diff"].startswith("--- a/~/.qwen/settings.json")
    first = TEMPLATES[NEWEST, "china"][0]["id"]
    assert written["selection"] == {"from": "openai/qwen3.5-plus", "to": f"openai/{first}"}
    assert (current["diff"], missing["plan"]) == ("", None)


def test_install_makes_the_file_and_lock_locks_it(world: World) -> None:
    world.user.parent.rmdir()
    done = world.run("upgrade", "--region", "global", "--yes", "--lock")
    assert done.exit_code == 0, done.err
    assert json.loads(world.user.read_text(encoding="utf-8")) == installed(
        NEWEST, "global", custom=[]
    )
    assert f'version = "{NEWEST}"' in world.lock.read_text(encoding="utf-8")
    assert world.run("check").exit_code == 0
    assert world.run("undo", "--yes").exit_code == 0
    assert not world.user.exists()


def test_file_of_another_system_keeps_its_bytes_and_comes_back_by_undo(world: World) -> None:
    text = json.dumps(installed("0.12.0"), indent="\t", ensure_ascii=False)
    text = "\ufeff" + text.replace("\n", "\r\n").replace("gpt-4o", "modèle", 1)
    before = write(world.own, text).read_bytes()
    assert world.run("upgrade", "--yes").exit_code == 0
    data = world.own.read_bytes()
    assert data.startswith(b"\xef\xbb\xbf{\r\n\t")
    assert data.count(b"\n") == data.count(b"\r\n") > 100
    assert "modèle".encode() in data
    assert not data.endswith(b"\n")
    assert parse(data.decode(), "").value == {
        **installed(NEWEST),
        "modelProviders": {
            "openai": [*TEMPLATES[NEWEST, "china"], {**CUSTOM[0], "id": "modèle"}, CUSTOM[1]]
        },
    }
    assert world.run("undo", "--yes").exit_code == 0
    assert world.own.read_bytes() == before


def test_installed_command_upgrades(tmp_path: Path) -> None:
    write_to = tmp_path / ".qwen" / "settings.json"
    write_to.parent.mkdir()
    write(write_to, installed("0.12.0"))
    environment = {
        "HOME": str(tmp_path),
        "PATH": str(Path(sys.executable).parent),
        "QWEN_CODE_SYSTEM_SETTINGS_PATH": str(tmp_path / "none"),
    }

    def qwenlock(*arguments: str) -> int:
        command = [Path(sys.executable).with_name("qwenlock"), *arguments]
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, stdin=subprocess.DEVNULL, check=False
        )
        return done.returncode

    newest_of_a_known_release = PLAN.newest(NEWEST_RELEASE).version
    assert qwenlock("upgrade", "--check") == 1
    assert qwenlock("upgrade") == 2
    assert qwenlock("upgrade", "--yes") == 0
    assert qwenlock("upgrade", "--check") == 0
    assert json.loads(write_to.read_bytes()) == installed(newest_of_a_known_release)


@pytest.mark.parametrize(
    "package",
    [
        '{"version": "0.15.10"}',
        '{"version": "0.15.10-preview.1"}',
        '{"version": "latest"}',
        "{}",
        "[]",
        "no JSON",
        None,
    ],
)
def test_installed_client_is_asked_of_its_package(
    package: str | None, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, commands = world.root / "client", world.root / "bin"
    folder.mkdir()
    commands.mkdir()
    write(folder / "cli.js", "").chmod(0o755)
    if package is not None:
        write(folder / "package.json", package)
    (commands / "qwen").symlink_to(folder / "cli.js")
    monkeypatch.setenv("PATH", str(commands))
    write(world.user, installed("0.12.0"))
    said = world.run("upgrade", "--dry-run").err
    assert ("installed Qwen Code 0.15.10" in said) == (package is not None and "0.15.10" in package)
