"""Upgrades of one or several plans: added, left out and edited models, and the selection."""

from __future__ import annotations

import copy
import dataclasses
import json
import sys
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwenlock.change.upgrade import upgrade
from qwenlock.change.upgrade_data import UpgradeWishes
from qwenlock.clients.profile import profile
from qwenlock.compile.compiler import compile_lock
from qwenlock.edge.plans import load
from qwenlock.findings.errors import UsageError
from qwenlock.findings.reading import parse
from qwenlock.lint.lint import lint
from qwenlock.lint.standing import plan_standings
from qwenlock.lint.subject import Subject
from qwenlock.lint.subject import World as Around
from qwenlock.plans.digest import PREFIX, models_digest
from qwenlock.plans.edits import choice_of, closest
from qwenlock.settings.plan_state import latest, wanted
from qwenlock.settings.project import Places, Project
from support import World, record, source, untimed, write
from test_upgrade import after

if TYPE_CHECKING:
    from qwenlock.clients.scopes import ScopeName
    from qwenlock.findings.file_changes import ProjectChange
    from qwenlock.plans.plan import Plan, Region, Template

PLANS = load()
LISTS = [
    (plan, template, plan.regions[name])
    for plan in PLANS
    for template in plan.offered()
    for name in template.digests
]
OLDER = [each for each in LISTS if each[1] is not each[0].newest()]
BOTH: tuple[ScopeName, ...] = ("user", "project")
OWN = {"id": "gpt-4o", "envKey": "OPENAI_API_KEY", "baseUrl": "https://api.openai.com/v1"}


def settings_of(*lists: tuple[Plan, Template, Region], own: list[Any] | None = None) -> Any:
    """Return settings in which clients have installed some lists; the first model is selected."""
    entries = [model for plan, *at in lists for model in copy.deepcopy(plan.models(*at))]
    settings: dict[str, Any] = {
        "$version": 4,
        "modelProviders": {"openai": [*entries, *(own or [])]},
        "security": {"auth": {"selectedType": "openai"}},
        "model": {"name": entries[0]["id"]},
    }
    for plan, *where in lists:
        record(settings, wanted(plan, *where))
    return settings


def models_of(settings: Any) -> list[Any]:
    found: list[Any] = settings["modelProviders"]["openai"]
    return found


def scopes(**settings: Any) -> Project:
    return Project(
        sources=tuple(source(settings[scope], scope) for scope in BOTH if scope in settings),
        places=Places(
            files={scope: Path(f"{scope}.json") for scope in BOTH},
            labels={scope: f"{scope}.json" for scope in BOTH},
        ),
        plans=PLANS,
        client=profile(),
    )


def changed(where: Project | Any, **wishes: Any) -> ProjectChange:
    project = where if isinstance(where, Project) else scopes(user=where)
    return upgrade(project, UpgradeWishes(**wishes))


def oldest(plan_id: str, region: str | None = None) -> tuple[Plan, Template, Region]:
    plan = PLANS.plan(plan_id)
    place = plan.region(region) if region else next(iter(plan.regions.values()))
    template = next(each for each in plan.offered() if place.name in each.digests)
    return plan, template, place


# Models that a user added, that are retired, that were not chosen


@pytest.mark.parametrize("on_edited", [None, "keep", "replace"])
def test_model_that_a_user_added_is_carried_along_in_every_plan(on_edited: Any) -> None:
    for plan, template, region in OLDER:
        settings = settings_of((plan, template, region), own=[OWN])
        mine = {**models_of(settings)[0], "id": "unheard-of", "note": [1]}
        for place in (0, 1, len(models_of(settings))):
            given_ = copy.deepcopy(settings)
            models_of(given_).insert(place, mine)
            change = changed(given_, on_edited=on_edited)
            assert change.report["edited"] == [], (plan.id, template.version)
            if not change.files:
                continue
            newest = plan.models(plan.newest(), region)
            assert models_of(after(change)) == [*newest, mine, OWN], (plan.id, template.version)
            assert "  kept, as you added them: unheard-of" in change.summary
            assert changed(change.files[0].after).report["status"] == "current"


def test_model_that_a_user_added_moves_with_the_region() -> None:
    plan, template, region = oldest("minimax", "china")
    settings = settings_of((plan, template, region))
    models_of(settings).append({**models_of(settings)[0], "id": "mine"})
    models_of(settings).append({**models_of(settings)[0], "id": "proxy", "baseUrl": "https://me"})
    moved = models_of(after(changed(settings, region="international")))
    urls = {each["id"]: each["baseUrl"] for each in moved}
    assert (urls["mine"], urls["proxy"]) == (plan.regions["international"].base_url, "https://me")


def test_model_of_an_older_list_only_is_retired_and_named() -> None:
    tried = 0
    for plan, template, region in LISTS:
        newest = plan.newest()
        if region.name not in newest.digests:
            continue
        listed = {model["id"] for model in plan.models(newest, region)}
        gone = [each for each in plan.models(template, region) if each["id"] not in listed]
        settings = settings_of((plan, newest, region))
        for carried in gone:  # as 0.24.4 keeps it, with the new list recorded
            tried += 1
            given_ = copy.deepcopy(settings)
            models_of(given_).append(carried)
            record(given_, {template.state.version: "0" * 64})
            change = changed(given_, on_edited="abort")
            assert change.report["models"]["removed"] == [carried["id"]]
            assert models_of(after(change)) == plan.models(newest, region)
    assert tried


@untimed(60)
@given(st.sampled_from(OLDER), st.data())
def test_choice_is_completed_or_with_keep_left_as_it_was_chosen(
    listed: tuple[Plan, Template, Region], data: st.DataObject
) -> None:
    plan, template, region = listed
    settings = settings_of(listed, own=[OWN])
    models = plan.models(template, region)
    chosen = [m for m in models if data.draw(st.booleans())] or models[:1]
    settings["modelProviders"]["openai"] = [*chosen, OWN]
    digest = models_digest(chosen).removeprefix(PREFIX)
    record(settings, {template.state.version: digest})
    newest = plan.models(plan.newest(), region)
    change = changed(settings)
    if not change.files:
        return
    assert models_of(after(change)) == [*newest, OWN]
    had = {model["id"] for model in chosen}
    added = [model["id"] for model in newest if model["id"] not in had]
    assert change.report["models"]["added"] == added
    kept = changed(settings, on_edited="keep")
    part_of = closest(plan, region, chosen)
    if plan.identify(PREFIX + digest) is None and part_of is not None:
        left_out = {model["id"] for model in plan.models(part_of, region)} - had
        assert not left_out & {model["id"] for model in models_of(after(kept))}
        assert kept.report["edited"] == []


@untimed(20)
@given(st.sampled_from(LISTS), st.data())
def test_choice_is_reported_as_a_choice_and_not_as_an_unknown_version(
    listed: tuple[Plan, Template, Region], data: st.DataObject
) -> None:
    plan, template, region = listed
    models = plan.models(template, region)
    chosen = [m for m in models if data.draw(st.booleans())] or models[-1:]
    added = [{**models[0], "id": "unheard-of"}] if data.draw(st.booleans()) else []
    settings = settings_of(listed)
    settings["modelProviders"]["openai"] = [*chosen, *added]
    digest = models_digest([*chosen, *added]).removeprefix(PREFIX)
    record(settings, {template.state.version: digest})
    if plan.identify(PREFIX + digest):
        return
    part_of = choice_of(plan, region, [*chosen, *added])
    assert part_of is not None
    codes = [each.code for each in lint(Subject(scopes(user=settings)))]
    assert not {"QL501", "QL502", "QL505"} & {*codes}
    change = changed(settings)
    if not change.files:
        return
    assert not [each for each in change.warnings if "unknown" in each]
    newest = plan.newest()
    to = f"{newest.version}, region {region.name}, in user.json"
    was = f"upgrade {plan.title}: {part_of.version} (models that you chose) to {to}"
    assert change.summary[0] == was
    had = {model["id"] for model in [*chosen, *added]}
    listed_then = {model["id"] for model in plan.models(part_of, region)}
    new = [model["id"] for model in plan.models(newest, region)]
    left_out = ", ".join(name for name in new if name in listed_then - had)
    hint = f"  you had left out: {left_out}; `--on-edited keep` leaves them out"
    assert (hint in change.summary) == bool(left_out)
    kept = changed(settings, on_edited="keep")
    assert "you had left out" not in "".join(kept.summary)
    assert changed(kept.files[0].after).report["status"] == "current"
    codes = [each.code for each in lint(Subject(scopes(user=kept.files[0].after)))]
    assert not [each for each in codes if each.startswith("QL5")]


@pytest.mark.parametrize("client", ["guide", "0.15.10", "0.24.4"])
def test_plan_says_its_version_and_the_newest_of_the_client(client: str) -> None:
    for plan, template, region in LISTS:
        here = dataclasses.replace(
            scopes(user=settings_of((plan, template, region))), client=profile(client)
        )
        (found,) = plan_standings(Subject(here))
        newest = latest(plan, profile(client))
        at = f" ({region.name})" if len(plan.regions) > 1 else ""
        is_due = newest is not None and template.order() < newest.order()
        more = f"; {newest.version} is available" if newest and is_due else ""
        assert found.words() == f"{plan.title}{at} {template.version}{more}"
        assert found.first.model.id == plan.models(template, region)[0]["id"]


def test_plan_of_an_unknown_list_has_an_unknown_version() -> None:
    plan, template, region = LISTS[0]
    settings = settings_of(LISTS[0])
    models_of(settings)[0]["name"] = "mine"
    record(settings, {template.state.version: "0" * 64})
    (found,) = plan_standings(Subject(scopes(user=settings)))
    assert found.words() == f"{plan.title} ({region.name}) of an unknown version"


def test_list_that_only_a_captured_template_has_is_known_on_this_machine() -> None:
    for plan in PLANS:
        newest, region = plan.newest(), next(iter(plan.regions.values()))
        older = tuple(each for each in plan.templates if each is not newest)
        if not older:
            continue
        settings = settings_of((plan, newest, region))
        less = (dataclasses.replace(plan, templates=older),)
        here = dataclasses.replace(scopes(user=settings), plans=less)
        for captured, is_unknown in (((), True), (PLANS, False)):
            found = lint(Subject(here, world=Around(captured=captured)))
            codes = {each.code for each in found}
            assert bool(codes & {"QL504", "QL505"}) is is_unknown, plan.id


def test_choice_of_the_newest_list_is_reported_by_what_it_lacks() -> None:
    for plan in PLANS:
        newest, region = plan.newest(), next(iter(plan.regions.values()))
        chosen = plan.models(newest, region)[:-1]
        settings = settings_of((plan, newest, region))
        settings["modelProviders"]["openai"] = chosen
        digest = models_digest(chosen).removeprefix(PREFIX)
        record(settings, {newest.state.version: digest})
        if not chosen or plan.identify(PREFIX + digest):
            continue
        found = [each for each in lint(Subject(scopes(user=settings))) if each.code == "QL504"]
        message = f"not all models of {plan.title} {newest.version} are installed"
        fix = (
            "run `qwenlock upgrade --keep-selection`, which adds them; or add `--on-edited keep`, "
            "which leaves out what you left out"
        )
        assert [(each.message, each.fix) for each in found] == [(message, fix)]


def test_list_of_an_installed_client_that_is_newer_than_qwenlock_is_not_taken_back() -> None:
    for plan in PLANS:
        region = next(iter(plan.regions.values()))
        settings = settings_of((plan, plan.newest(), region), own=[OWN])
        models = models_of(settings)
        models[0]["generationConfig"] = {"contextWindowSize": 12_345}
        digest = models_digest(models[:-1]).removeprefix(PREFIX)
        record(settings, {plan.newest().state.version: digest})
        here = dataclasses.replace(scopes(user=settings), installed="99.0.0")
        change = changed(here)
        newest = plan.newest().version
        assert (change.files, change.report["status"]) == ((), "current"), plan.id
        assert change.report["to"] == newest
        assert "`--to client` upgrades to its list" in change.reasons[0]
        (found,) = [each for each in lint(Subject(here)) if each.code == "QL505"]
        assert "template capture --from-client" in str(found.fix)
        back = models_of(after(changed(here, allow_downgrade=True)))
        assert back == [*plan.models(plan.newest(), region), OWN]
        for installed in (None, "0.24.4", "0.25.0"):  # a newer qwenlock may have installed it
            there = dataclasses.replace(here, installed=installed)
            report = changed(there).report
            assert (report["status"], report["to"]) == ("current", newest)
            with pytest.raises(UsageError, match="does not know the list"):
                changed(there, to=newest)
        models[0]["name"] += " of mine"
        edited = dataclasses.replace(scopes(user=settings), installed="0.25.0")
        assert changed(edited).report["status"] == "edited"


# Edits


def commented(settings: Any) -> tuple[str, dict[str, str]]:
    """Return the text of settings with a comment in each model, and the comments by id."""
    lines, about = [], {}
    for line in json.dumps(settings, indent=2).split("\n"):
        if line.startswith('        "id": '):
            name = json.loads(line.strip().rstrip(",").removeprefix('"id": '))
            about[name] = f"// about model {len(about)}."
            lines.append("        " + about[name])
        lines.append(line)
    return "\n".join(lines), about


@untimed(60)
@given(st.sampled_from(OLDER), st.data())
def test_kept_edits_keep_values_and_comments_and_nothing_is_reported(
    listed: tuple[Plan, Template, Region], data: st.DataObject
) -> None:
    plan, _, region = listed
    settings = settings_of(listed, own=[OWN])
    entries = models_of(settings)[:-1]
    for model in entries:
        if data.draw(st.booleans()):
            model.setdefault("generationConfig", {})["timeout"] = 7
    timeouts = {m["id"] for m in entries if "timeout" in m.get("generationConfig", {})}
    text, comments = commented(settings)
    change = changed(text, on_edited="keep")
    if not change.files:
        return
    result = change.files[0].after
    staying = {model["id"] for model in plan.models(plan.newest(), region)}
    for model in models_of(parse(result, "").value):
        if model["id"] in timeouts & staying:
            assert model["generationConfig"]["timeout"] == 7
    for name, comment in comments.items():
        assert (comment in result) == (name in staying or name == OWN["id"])
        assert any(comment in each for each in change.warnings) == (comment not in result)
    assert [m["id"] for m in models_of(parse(result, "").value)][-1] == OWN["id"]
    compilation = compile_lock([source(result)], PLANS, profile())
    assert not {each.code for each in compilation.findings} & {"QL501", "QL502"}
    assert changed(result).report["status"] == "current"
    version = wanted(plan, plan.newest(), region)[plan.newest().state.version]
    assert json.dumps(version) in result


def test_base_url_that_a_user_edited_is_kept() -> None:
    for plan, template, region in OLDER:
        if not plan.ownership.name_prefix or region.name not in plan.newest().digests:
            continue
        settings = settings_of((plan, template, region))
        name = models_of(settings)[0]["id"]
        models_of(settings)[0]["baseUrl"] = "https://proxy.example/v1"
        change = changed(settings, on_edited="keep")
        if not change.files or name not in {m["id"] for m in models_of(after(change))}:
            continue
        (found,) = [m for m in models_of(after(change)) if m["id"] == name]
        assert found["baseUrl"] == "https://proxy.example/v1", (plan.id, template.version)
        assert "edited" in changed(settings).report["status"]


class Terminal(StringIO):
    """A terminal on which somebody types some lines."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("typed", "code", "timeouts"),
    [
        (["k", "r", "y"], 0, {"glm-5": 7}),
        (["r", "k", "y"], 0, {"glm-4.7": 9}),
        (["x", "", "r", "replace", "y"], 0, {}),
        (["k", "s"], 1, {"glm-5": 7, "glm-4.7": 9}),
        (["k", "k", "n"], 0, {"glm-5": 7, "glm-4.7": 9}),
    ],
)
def test_each_edited_model_is_asked_about_on_a_terminal(
    world: World, monkeypatch: pytest.MonkeyPatch, typed: list[str], code: int, timeouts: Any
) -> None:
    listed = (PLANS.plan("coding-plan"), PLANS.plan("coding-plan").template("0.12.0"))
    settings = settings_of((*listed, listed[0].regions["china"]))
    for model in models_of(settings):
        value = {"glm-5": 7, "glm-4.7": 9}.get(model["id"])
        if value:
            model["generationConfig"]["timeout"] = value
    before = write(world.user, settings).read_bytes()
    monkeypatch.setattr(sys, "stdin", Terminal("".join(f"{line}\n" for line in typed)))
    result = world.run("upgrade", "--to", "0.23.3")
    assert result.exit_code == code, result.err
    assert "coding-plan glm-5 was edited:" in result.err
    assert "generationConfig.timeout: template none, yours 7, new none" in result.err
    kept = {
        model["id"]: model["generationConfig"]["timeout"]
        for model in models_of(json.loads(world.user.read_text(encoding="utf-8")))
        if "timeout" in model.get("generationConfig", {})
    }
    assert kept == timeouts
    assert (world.user.read_bytes() == before) == (typed[-1] != "y")


def test_without_a_terminal_edits_are_never_lost_unasked(world: World) -> None:
    plan, template, region = oldest("deepseek")
    settings = settings_of((plan, template, region))
    models_of(settings)[0]["generationConfig"] = {"timeout": 7}
    before = write(world.user, settings).read_bytes()
    for options in (["--yes"], ["--dry-run"], ["--check"], ["--yes", "--format", "json"]):
        assert world.run("upgrade", *options).exit_code == 1
        assert world.user.read_bytes() == before
    assert world.run("upgrade", "--yes", "--on-edited", "keep").exit_code == 0
    after_ = models_of(json.loads(world.user.read_text(encoding="utf-8")))
    assert after_[0]["generationConfig"]["timeout"] == 7


# Several plans


def test_all_installed_plans_are_one_change_with_one_summary() -> None:
    lists = [oldest(each.id) for each in PLANS]
    settings = settings_of(*lists, own=[OWN])
    change = changed(settings)
    listed = models_of(after(change))
    due_first = sorted(lists, key=lambda each: each[1] is each[0].newest())
    models = [each for plan, _, region in due_first for each in plan.models(plan.newest(), region)]
    assert listed == [*models, OWN]
    counted = [len(change.report["plans"][0]["models"][what]) for what in ("added", "changed")]
    assert len(counted) == 2
    totals = {
        what: sum(len(each["models"][what]) for each in change.report["plans"] if each["to"])
        for what in ("added", "changed", "removed")
    }
    due = [each for each in change.report["plans"] if each["status"] == "due"]
    assert change.summary[-2] == (
        f"{totals['added']} to add, {totals['changed']} to change, {totals['removed']} to remove"
    )
    assert len(due) > 5
    again = changed(change.files[0].after)
    assert (again.files, {each["status"] for each in again.report["plans"]}) == ((), {"current"})


def test_each_plan_is_upgraded_in_its_own_scope() -> None:
    user, project = oldest("deepseek"), oldest("minimax")
    change = changed(scopes(user=settings_of(user), project=settings_of(project)))
    assert {file.label for file in change.files} == {"user.json", "project.json"}
    for file in change.files:
        plan, _, region = user if file.label == "user.json" else project
        value = parse(file.after, "").value
        assert models_of(value) == plan.models(plan.newest(), region)
        assert [*value["providerMetadata"]] == [plan.id]


def test_some_plans_by_name_and_one_that_is_not_installed() -> None:
    lists = [oldest(each) for each in ("deepseek", "minimax", "coding-plan")]
    settings = settings_of(*lists)
    change = changed(settings, plans=("minimax", "deepseek", "zai"))
    assert [each["plan"] for each in change.report["plans"]] == ["minimax", "deepseek"]
    assert "Z.AI is not installed" in change.reasons[0]
    for wishes in ({"to": "0.21.2"}, {"region": "china"}):
        for plans in ((), ("minimax", "deepseek")):
            with pytest.raises(UsageError, match="more than one plan"):
                changed(settings, plans=plans, **wishes)


def test_edits_of_one_plan_stop_all(world: World) -> None:
    lists = [oldest("deepseek"), oldest("minimax")]
    settings = settings_of(*lists)
    models_of(settings)[0]["generationConfig"] = {"timeout": 7}
    before = write(world.user, settings).read_bytes()
    assert world.run("upgrade", "--yes").exit_code == 1
    assert world.user.read_bytes() == before


def test_check_sums_up(world: World) -> None:
    plan, _, region = oldest("minimax")
    write(world.user, settings_of(oldest("deepseek"), (plan, plan.newest(), region)))
    done = world.run("upgrade", "--check")
    assert done.exit_code == 1
    assert "an update is due for 1 of 2 plans (deepseek): run `qwenlock upgrade`" in done.err
    assert "MiniMax is up to date" in done.err


# The selection


def select(settings: Any, model: str, url: str | None = None) -> Any:
    return settings | {"model": {"name": model} | ({"baseUrl": url} if url else {})}


def test_of_several_plans_the_one_that_the_selection_belonged_to_is_selected() -> None:
    lists = [oldest("deepseek"), oldest("minimax")]
    settings = settings_of(*lists, own=[OWN])
    for plan, _, region in lists:
        for model in plan.models(oldest(plan.id)[1], region):
            result = after(changed(select(settings, model["id"])))
            assert result["model"]["name"] == plan.models(plan.newest(), region)[0]["id"]


@pytest.mark.parametrize("model", ["gpt-4o", "unheard-of"])
def test_selection_that_belongs_to_no_plan_stays(model: str) -> None:
    settings = select(settings_of(oldest("deepseek"), oldest("minimax"), own=[OWN]), model)
    change = changed(settings)
    assert after(change)["model"] == {"name": model}
    assert change.summary[-1] == f"openai/{model} stays selected: no upgraded plan has it"
    one = changed(settings, plans=("minimax",))
    assert one.summary[-1].startswith("openai/MiniMax")
    assert "`--keep-selection` prevents that" in one.summary[-1]
    assert after(changed(settings, plans=("minimax",), keep_selection=True))["model"] == {
        "name": "gpt-4o" if model == "gpt-4o" else after(one)["model"]["name"],
        **({} if model == "gpt-4o" else {"baseUrl": after(one)["model"]["baseUrl"]}),
    }


def test_selection_of_a_plan_that_is_up_to_date_stays_while_another_is_upgraded() -> None:
    plan, _, region = oldest("minimax")
    model = plan.models(plan.newest(), region)[-1]["id"]
    settings = select(settings_of(oldest("deepseek"), (plan, plan.newest(), region)), model)
    assert after(changed(settings))["model"] == {"name": model}
    alone = after(changed(settings, plans=("deepseek",)))["model"]["name"]
    assert alone.startswith("deepseek")


def test_selection_at_another_endpoint_is_not_the_plans() -> None:
    plan, _, region = oldest("deepseek")
    name = plan.models(plan.newest(), region)[-1]["id"]
    mine = {**OWN, "id": name}
    settings = settings_of(oldest("deepseek"), oldest("minimax"), own=[mine])
    change = changed(select(settings, name, str(OWN["baseUrl"])))
    assert after(change)["model"] == {"name": name, "baseUrl": OWN["baseUrl"]}


def test_team_can_keep_the_selection(world: World) -> None:
    settings = select(settings_of(oldest("deepseek"), own=[OWN]), "gpt-4o")
    write(world.user, settings)
    write(world.project / "qwenlock.toml", "keep-selection = true\n")
    options = ("upgrade", "--client", "guide", "--dry-run")
    assert "openai/gpt-4o stays selected, as you asked" in world.run(*options).err
    assert "instead of openai/gpt-4o" in world.run(*options, "--no-keep-selection").err
    write(world.project / "qwenlock.toml", 'keep-selection = "yes"\n')
    assert "keep-selection must be true or false" in world.run(*options).err


# What cannot be upgraded to


def test_plan_that_a_client_does_not_have_is_left_alone() -> None:
    project = scopes(user=settings_of(oldest("deepseek")))
    project = dataclasses.replace(project, client=profile("0.12.0"))
    change = changed(project)
    assert change.files == ()
    assert "DeepSeek is not changed: Qwen Code 0.12.0 does not have this plan" in change.reasons


@pytest.mark.parametrize(
    ("is_edited", "wishes", "message"),
    [
        (False, {"to": "0.12.0"}, "coding-plan 0.23.3 is installed; 0.12.0 is older"),
        (
            True,
            {"to": "0.12.0", "adopt": True},
            "coding-plan 0.23.3 is the closest to these models; 0.12.0 is older",
        ),
        (
            False,
            {"lists": {}},
            "the installed client has no list of Bailian Coding Plan in the region china",
        ),
    ],
)
def test_downgrade_or_unknown_target_is_refused(
    is_edited: bool, wishes: dict[str, Any], message: str
) -> None:
    plan = PLANS.plan("coding-plan")
    settings = settings_of((plan, plan.template("0.23.3"), plan.regions["china"]))
    if is_edited:
        settings = {key: settings[key] for key in ("$version", "modelProviders")}
        models_of(settings)[0]["generationConfig"] = {"timeout": 7}
    with pytest.raises(UsageError) as error:
        changed(settings, plans=("coding-plan",), **wishes)
    assert error.value.message == message


def test_equal_number_keeps_its_spelling() -> None:
    plan = PLANS.plan("coding-plan")
    region = plan.regions["china"]
    settings = settings_of((plan, plan.template("0.21.2"), region))
    text = json.dumps(settings, indent=2).replace("1000000", "1e6").replace("true", "true ")
    (file,) = changed(text).files
    newest = json.dumps(plan.models(plan.template("0.23.3"), region))
    assert file.after.count("1e6") == text.count("1e6") > 1
    assert newest.count("1000000") == file.after.count("1e6") + file.after.count("1000000")
    assert file.after.count("true ") > 1
