"""Capturing templates: a template renders exactly to the models of its plan, whatever they are."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from qwenlock.edge.plans import load
from qwenlock.findings.errors import InputError
from qwenlock.plans.capture import capture
from qwenlock.plans.definition import template_of
from qwenlock.plans.digest import PREFIX, models_digest, stringify
from qwenlock.plans.files import PlanFile
from support import KEYS, TEXT, Result, World, untimed, write

if TYPE_CHECKING:
    from collections.abc import Callable

    from qwenlock.plans.plan import Plan, PlanModel, Region, Template

PLANS = load()
PLAN = PLANS.plan("coding-plan")
CHINA, GLOBAL = PLAN.regions["china"], PLAN.regions["global"]
STATE = PLAN.states["provider-metadata"]
OFFERS = [
    pytest.param(plan, template, plan.regions[name], id=f"{plan.id}-{template.version}-{name}")
    for plan in PLANS
    for template in plan.ordered()
    for name in template.digests
]
SEVERAL = [
    pytest.param(plan, template, id=f"{plan.id}-{template.version}")
    for plan in PLANS
    for template in plan.ordered()
    if len(template.digests) > 1
]
"""The templates of more than one region."""


def without(plan: Plan, version: str) -> Plan:
    return replace(plan, templates=tuple(t for t in plan.templates if t.version != version))


def captured(
    plan: Plan, region: Region, models: list[PlanModel], version: str = "9.0"
) -> tuple[Plan, Template]:
    """Capture a template, and return its plan."""
    state = plan.states["provider-metadata"]
    found = capture(plan, version, region, models, state, models_digest(models))
    others = tuple(each for each in plan.templates if each.version != version)
    file = PlanFile(f"{version}.json.j2", f"{version}.json.j2", found.text)
    template = template_of(file, plan.regions, plan.states)
    return replace(plan, templates=(*others, template)), template


@pytest.mark.parametrize(("plan", "template", "region"), OFFERS)
@pytest.mark.parametrize("others", [True, False], ids=["among-others", "alone"])
def test_every_template_can_be_captured_from_its_models(
    plan: Plan, template: Template, region: Region, others: bool
) -> None:
    models = plan.models(template, region)
    plan = without(plan, template.version) if others else replace(plan, templates=())
    plan, made = captured(plan, region, models, template.version)
    assert stringify(plan.models(made, region)) == stringify(models)
    assert made.digests == {region.name: models_digest(models)}


@pytest.mark.parametrize(("plan", "template"), SEVERAL)
@pytest.mark.parametrize("backwards", [False, True], ids=["in-order", "backwards"])
def test_every_further_region_joins_the_template(
    plan: Plan, template: Template, backwards: bool
) -> None:
    known = {name: plan.models(template, plan.regions[name]) for name in template.digests}
    plan = without(plan, template.version)
    for name in sorted(known, reverse=backwards):
        plan, made = captured(plan, plan.regions[name], known[name], template.version)
    for name, models in known.items():
        assert stringify(plan.models(made, plan.regions[name])) == stringify(models)
        assert made.digests[name] == models_digest(models)


@pytest.mark.parametrize(("plan", "template"), SEVERAL)
def test_no_id_and_no_endpoint_is_written_twice(plan: Plan, template: Template) -> None:
    known = {name: plan.models(template, plan.regions[name]) for name in template.digests}
    plan = without(plan, template.version)
    for name, models in known.items():
        plan, made = captured(plan, plan.regions[name], models, template.version)
    body = made.text.partition("---#}")[2]
    for model in models:
        assert len(re.findall(f'"{re.escape(model["id"])}"', body)) == 1
    for field in ("id", "name", "baseUrl", "envKey", "contextWindowSize"):
        assert body.count(f'"{field}":') <= 1
    facts = [plan.env_key, *(region.base_url for region in plan.regions.values())]
    assert not [fact for fact in facts if fact in body]


def test_facts_of_a_template_stay_when_it_is_rewritten() -> None:
    here, there = ([model(at), model(at, id="n")] for at in (GLOBAL, CHINA))
    plan, made = captured(PLAN, GLOBAL, here)
    state = PLAN.states["version-only"]
    known = replace(made, client=">=9", recognised_only=True, state=state, source="mine")
    plan, made = captured(replace(plan, templates=(known,)), CHINA, there[::-1])
    facts = (made.client, made.recognised_only, made.state, made.source)
    assert facts == (">=9", True, state, "mine")


def test_newest_version_gives_the_form_of_what_one_region_does_not_show() -> None:
    """In China the text that marks a region is empty; earlier versions show its place."""
    template = PLAN.template("0.21.2")
    _, made = captured(without(PLAN, "0.21.2"), CHINA, PLAN.models(template, CHINA), "0.21.2")
    assert '"[ModelStudio Coding Plan{{ region.text.suffix }}] {{ id }}"' in made.text


VALUES = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(-3, 10**9), st.floats(-1e9, 1e9), TEXT,
        st.sampled_from(["", "{{ id }}", "{% raw %}", "{", "}}", "{#", '"\\', "m-1", "née 模型"]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2), st.dictionaries(KEYS | TEXT, inner, max_size=3)
    ),
    max_leaves=4,
)  # fmt: skip
FIELDS = st.dictionaries(
    st.sampled_from(["description", "capabilities", "generationConfig", "for", "x y", "{{"]),
    VALUES,
    max_size=4,
)
NAMES = st.sampled_from(
    [
        "{id}",
        "[Plan] {id}",
        "[Plan for Global/Intl] {id}",
        "Nice",
        "Nice for Global/Intl",
        "{{{id}}}",
    ]
)


@st.composite
def plans_models(draw: Any) -> list[PlanModel]:
    models = []
    for identifier in draw(
        st.lists(st.sampled_from(["m-1", "m-2", "m", "a.b", "née", "{%"]), min_size=1, unique=True)
    ):
        model = {
            "id": identifier,
            "name": draw(NAMES).replace("{id}", identifier),
            "baseUrl": GLOBAL.base_url,
            "envKey": PLAN.env_key,
            **draw(FIELDS),
        }
        keys = draw(st.permutations(list(model))) if draw(st.integers(0, 3)) == 0 else list(model)
        models.append({key: model[key] for key in keys})
    return models


@untimed(100)
@given(plans_models())
def test_whatever_the_models_are_the_template_renders_them(models: list[PlanModel]) -> None:
    plan, made = captured(PLAN, GLOBAL, models)
    assert stringify(plan.models(made, GLOBAL)) == stringify(models)


@untimed(50)
@given(plans_models(), st.randoms(use_true_random=False))
def test_two_regions_that_differ_in_order_and_text_are_one_template(
    models: list[PlanModel], chance: Any
) -> None:
    assume(not any(CHINA.base_url in stringify(each) for each in models))
    elsewhere = [
        {
            **model,
            "baseUrl": CHINA.base_url,
            "name": model["name"].replace(" for Global/Intl", ""),
        }
        for model in models
    ]
    chance.shuffle(elsewhere)
    plan, _ = captured(PLAN, GLOBAL, models)
    plan, made = captured(plan, CHINA, elsewhere)
    assert stringify(plan.models(made, GLOBAL)) == stringify(models)
    assert stringify(plan.models(made, CHINA)) == stringify(elsewhere)


def test_names_that_differ_beside_the_same_slot_are_a_column() -> None:
    names = ("One", "Two", "Two")
    here, there = (
        [
            {**model(region), "id": f"m-{number}", "name": f"[{PLAN.title}{where}] {name}"}
            for number, name in enumerate(names)
        ]
        for region, where in ((GLOBAL, " for Global/Intl"), (CHINA, ""))
    )
    plan, _ = captured(PLAN, GLOBAL, here)
    plan, made = captured(plan, CHINA, there)
    assert [plan.models(made, region) for region in (GLOBAL, CHINA)] == [here, there]


# What is refused


def model(region: Region = GLOBAL, **fields: Any) -> PlanModel:
    own = {"id": "m", "name": "m", "baseUrl": region.base_url, "envKey": PLAN.env_key}
    return {**own, **fields}


def test_edited_models_are_refused() -> None:
    with pytest.raises(InputError, match="were edited"):
        capture(PLAN, "9.0", GLOBAL, [model()], STATE, models_digest([model(x=1)]))


@pytest.mark.parametrize(
    ("other", "why"),
    [
        ([model(CHINA, size={"kb": 2})], "size.kb of m"),
        ([model(CHINA, id="n")], "only one of them has m, n"),
        ([model(CHINA, name="another", size={"kb": 1})], "name of m"),
    ],
)
def test_regions_that_differ_in_more_are_refused(other: list[PlanModel], why: str) -> None:
    plan, _ = captured(PLAN, GLOBAL, [model(size={"kb": 1})])
    with pytest.raises(InputError, match=why):
        captured(plan, CHINA, other)


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("\ud800", "no template was found"),
        (float("inf"), "Infinity is not a JSON number"),
        ([float("inf")], "Infinity is not a JSON number"),
    ],
)
def test_what_no_template_can_hold_is_refused(value: object, why: str) -> None:
    with pytest.raises(InputError, match=why):
        captured(PLAN, GLOBAL, [model(description=value)])
    with pytest.raises(InputError):
        captured(PLAN, GLOBAL, [model(description=value), model(id="n", description=0)])


def test_advice_to_capture_a_region_can_be_run_as_it_stands() -> None:
    models = [model()]
    plan = replace(PLAN, regions={"eu west": CHINA, **PLAN.regions})
    found = capture(plan, "9.0", GLOBAL, models, STATE, models_digest(models))
    assert found.review[-1].endswith("capture again with --region 'eu west'")


def test_another_digest_of_a_known_region_is_refused() -> None:
    with pytest.raises(InputError, match="another digest is published"):
        captured(PLAN, GLOBAL, [model()], "0.23.3")


# The command

OF_DEEPSEEK = {"id": "d", "name": "[DeepSeek] d", "envKey": "DEEPSEEK_API_KEY"}


def of_client(region: Region, models: list[PlanModel], **others: Any) -> dict[str, Any]:
    recorded = {"version": models_digest(models).removeprefix(PREFIX), "baseUrl": region.base_url}
    custom = {"id": "own", "envKey": "OWN_KEY"}
    return {
        "$version": 4,
        "modelProviders": {"openai": [*models, custom]},
        "providerMetadata": {"coding-plan": recorded},
        **others,
    }


def test_new_release_is_captured_in_both_regions(world: World) -> None:
    for region in (CHINA, GLOBAL):
        models = [model(region, generationConfig={"contextWindowSize": 1000})]
        write(world.user, of_client(region, models))
        result = world.run(
            *("template", "capture", "--from", str(world.user), "--version", "9.1.0"),
            *("--region", region.name, "--output", "own"),
        )
        assert result.exit_code == 0, result.err
    assert "9.1.0 renders the region global; digest added" in result.err
    verified = world.run("template", "verify", "--templates", "own")
    lines = [line.split()[:4] for line in verified.out.splitlines()]
    for region in (CHINA, GLOBAL):
        assert ["verified", "coding-plan", "9.1.0", region.name] in lines
    shown = world.run("template", "show", "9.1.0", "--region", "global", "--templates", "own")
    assert json.loads(shown.out) == models


def test_without_output_the_template_is_printed(world: World) -> None:
    models = PLAN.models(PLAN.template("0.21.2"), GLOBAL)
    write(world.user, of_client(GLOBAL, [*models[1:], models[0]]))
    arguments = ["template", "capture", "--from", str(world.user), "--region", "alibabacloud"]
    result = world.run(*arguments, "--version", "0.22")
    assert result.exit_code == 0
    assert result.out.startswith('{#---\nsource = "captured from')
    assert "client =" not in result.out
    for said in ("the file's name: is 0.22 the first", "source:", "no digest for china"):
        assert f"review: {said}" in result.err


def test_known_template_is_not_written_again(world: World) -> None:
    models = PLAN.models(PLAN.template("0.23.3"), GLOBAL)
    write(world.user, of_client(GLOBAL, models))
    arguments = ["template", "capture", "--from", str(world.user), "--region", "global"]
    result = world.run(*arguments, "--version", "0.23.3", "--output", "own")
    assert result.exit_code == 0
    assert "already has the region global" in result.err
    assert not (world.project / "own").exists()


@pytest.mark.parametrize(
    ("change", "arguments", "exit_code", "why"),
    [
        (lambda s: s, ["--version", "x.y"], 2, "'x.y' is not a version"),
        (lambda s: s, ["--region", "china"], 2, "no models of Bailian Coding Plan for the region"),
        (lambda s: s, ["--region", "mars"], 2, "unknown coding-plan region 'mars'"),
        (lambda s: s, ["--plan", "other"], 2, "unknown plan 'other'"),
        (lambda s: s, ["--from", "nowhere.json"], 3, "nowhere.json does not exist"),
        (lambda s: s.pop("providerMetadata"), [], 3, "records no version"),
        (lambda s: s["modelProviders"]["openai"].pop(0), [], 3, "were edited"),
        (
            lambda s: s["modelProviders"]["openai"].append(OF_DEEPSEEK),
            [],
            2,
            "help: name one with --plan: coding-plan or deepseek",
        ),
    ],
)
def test_command_refuses_what_it_cannot_use(
    world: World,
    change: Callable[[dict[str, Any]], object],
    arguments: list[str],
    exit_code: int,
    why: str,
) -> None:
    settings = of_client(GLOBAL, PLAN.models(PLAN.template("0.21.2"), GLOBAL))
    change(settings)
    write(world.user, settings)
    wanted = {"--from": str(world.user), "--version": "0.22", "--region": "global"}
    wanted |= dict(zip(arguments[::2], arguments[1::2], strict=True))
    result = world.run("template", "capture", *(each for pair in wanted.items() for each in pair))
    assert (result.exit_code, why in result.err) == (exit_code, True), result.err


def test_team_plan_is_captured(world: World) -> None:
    folder = world.project / "plans" / "mine"
    folder.mkdir(parents=True)
    write(
        folder / "plan.toml",
        'title = "Mine"\nauth-type = "openai"\nenv-key = "MINE_KEY"\n'
        '[regions.moon]\nbase-url = "https://moon.example/v1"\n'
        '[states.kept]\nat = ["mine"]\nversion = "digest"\n',
    )
    first = {"id": "a", "name": "A", "baseUrl": "https://moon.example/v1", "envKey": "MINE_KEY"}
    write(
        folder / "1.0.json.j2",
        '{#---\nclient = ">=1"\nsource = "x"\nstate = "kept"\n[regions]\nmoon = {}\n---#}\n'
        '[{"id": "a", "name": "A", "baseUrl": "{{ region.base_url }}", '
        '"envKey": "{{ plan.env_key }}"}]\n',
    )
    models = [first, {**first, "id": "b", "name": "B", "extra": [1, {"x": None}]}]
    digest = models_digest(models).removeprefix(PREFIX)
    settings = {"modelProviders": {"openai": models}, "mine": {"digest": digest}}
    write(world.user, {"$version": 4, **settings})
    result = world.run(
        *("template", "capture", "--from", str(world.user), "--version", "2.0"),
        *("--region", "moon", "--templates", "plans", "--output", "plans"),
    )
    assert result.exit_code == 0, result.err
    shown = world.run("template", "show", "2.0", "--region", "moon", "--templates", "plans")
    assert json.loads(shown.out) == models


def test_digest_is_added_where_the_template_renders_it(world: World) -> None:
    template = PLAN.template("0.21.2")
    line = next(each for each in template.text.splitlines() if each.startswith("global.digest"))
    for lacking in ("", "global = {}\n"):
        folder = world.project / "own" / "coding-plan"
        folder.mkdir(parents=True, exist_ok=True)
        text = template.text.replace(f"{line}\n", lacking).replace(">=0.21.2", ">=0.22")
        write(folder / "0.22.json.j2", text)
        write(world.user, of_client(GLOBAL, PLAN.models(template, GLOBAL)))
        arguments = ["template", "capture", "--from", str(world.user), "--region", "global"]
        result = world.run(*arguments, "--version", "0.22", "--output", "own")
        assert "digest added" in result.err, result.err
        after = (folder / "0.22.json.j2").read_text()
        assert sorted(after.splitlines()) == sorted(
            template.text.replace(">=0.21.2", ">=0.22").splitlines()
        )


# A team's own plan


GATEWAY = {"envKey": "ACME_API_KEY", "baseUrl": "https://gw.acme.example/v1"}
OF_THE_GATEWAY = [
    {"id": "large", "name": "[Acme] large", **GATEWAY, "generationConfig": {"timeout": 9}},
    {"id": "small", "name": "[Acme] small", **GATEWAY},
]


def begin(world: World, settings: Any, *options: str) -> Result:
    write(world.user, settings)
    given = ("--env-key", "ACME_API_KEY", "--version", "2026.11", "--output", "plans")
    return world.run(
        "template", "capture", "--from", str(world.user), "--new-plan", "acme", *given, *options
    )


@pytest.mark.parametrize(
    ("prefixes", "region"),
    [
        (["[OpenX] ", "[OpenX] "], "default"),
        (["[OpenX] "], "eu west"),
        (["", ""], "eu west"),
        (["[OpenX] ", "[Acme] "], "default"),
    ],
)
def test_plan_is_begun_from_settings_and_its_models_are_kept_up(
    world: World, prefixes: list[str], region: str
) -> None:
    models = [
        {**each, "name": prefix + str(each["id"])}
        for each, prefix in zip(OF_THE_GATEWAY, prefixes, strict=False)
    ]
    has_one = {*prefixes} == {"[OpenX] "}
    settings = {"$version": 4, "modelProviders": {"openai": [*models, {"id": "x", "envKey": "X"}]}}
    done = begin(world, settings, "--region", region)
    assert done.exit_code == 0, done.err
    definition = (world.project / "plans" / "acme" / "plan.toml").read_text("utf-8")
    assert definition.splitlines() == [
        "# What every version of this plan shares: docs/reference/plan-files.md.",
        'title = "OpenX"' if has_one else 'title = "acme"',
        'auth-type = "openai"',
        'env-key = "ACME_API_KEY"',
        'client = ">=0.10.1"',
        'owns.name-prefix = "[OpenX] "' if has_one else "owns.endpoint = true",
        "",
        "[regions.default]" if region == "default" else '[regions."eu west"]',
        'base-url = "https://gw.acme.example/v1"',
    ]
    options = ("--templates", "plans")
    verified = world.run("template", "verify", "--plan", "acme", *options)
    assert verified.out.splitlines()[1].split()[0] == "verified"
    adopted = world.run("upgrade", "--plan", "acme", "--adopt", "--yes", *options)
    assert adopted.exit_code == 0, adopted.err
    assert world.run("upgrade", "--check", *options).exit_code == 0
    again = begin(world, settings)
    assert (again.exit_code, "exists" in again.err) == (2, True)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, "there are none"),
        ({"modelProviders": {"openai": [{**GATEWAY, "id": "a"}]}}, "the model a has no name"),
        (
            {"modelProviders": {"openai": OF_THE_GATEWAY, "anthropic": OF_THE_GATEWAY}},
            "under openai and anthropic",
        ),
        (
            {
                "modelProviders": {
                    "openai": [OF_THE_GATEWAY[0], {**OF_THE_GATEWAY[1], "baseUrl": "b"}]
                }
            },
            "several endpoints",
        ),
    ],
)
def test_settings_that_make_no_plan_are_refused(world: World, settings: Any, said: str) -> None:
    done = begin(world, {"$version": 4, **settings})
    assert (done.exit_code, said in done.err) == (3, True), done.err
    assert not (world.project / "plans").exists()


def test_names_of_a_new_plan_are_checked(world: World) -> None:
    settings = {"modelProviders": {"openai": OF_THE_GATEWAY}}
    for options in (["--new-plan", "../x"], ["--env-key", "not a name"], ["--plan", "acme"]):
        assert begin(world, settings, *options).exit_code == 2
    assert not (world.project / "plans").exists()
