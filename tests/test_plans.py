"""Plans: templates render to the published lists, folders load, hostile templates fail."""

from __future__ import annotations

import copy
import dataclasses
import itertools
import json
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet

from qwenlock.edge.plans import load
from qwenlock.findings.errors import InputError, UsageError
from qwenlock.plans.collection import meant
from qwenlock.plans.digest import PREFIX, models_digest, stringify
from qwenlock.plans.plan import proves
from qwenlock.plans.verify import verify
from qwenlock.settings import shipped
from support import untimed

if TYPE_CHECKING:
    from qwenlock.plans.plan import Plan, Region, Template

TEMPLATES = shipped.folder("templates")
LISTS = json.loads((Path(__file__).parent / "data" / "plan-lists.json").read_text("utf-8"))
"""The data of released clients by plan: its facts, and every list with its digest."""
KNOWN = [
    pytest.param(plan, each, id=f"{plan}-{each.get('first-seen', 'found')}-{each['region']}")
    for plan, facts in LISTS.items()
    if plan != "_comment"
    for each in facts["lists"]
]
PLANS = load()
OFFERS = [
    pytest.param(plan, template, plan.regions[name], id=f"{plan.id}-{template.version}-{name}")
    for plan in PLANS
    for template in plan.ordered()
    for name in template.digests
]
"""Every version of every plan, in each of its regions."""
CODING = PLANS.plan("coding-plan")

SECOND_PLAN = """
title = "Second Plan"
auth-type = "anthropic"
env-key = "SECOND_KEY"

[regions.moon]
alias = "luna"
base-url = "https://moon.example/api"
text.greeting = 'the "Moon"'

[states.plain]
at = ["second"]
version = "installed"
"""
SECOND_TEMPLATE = """{#---
client = ">=1"
source = "a test"
state = "plain"
regions.moon = {}
---#}
[{% for id in ["one", "two"] %}
  {"id": "{{ id }}", "name": "{{ id }} on {{ region.text.greeting }}",
   "envKey": "{{ plan.env_key }}", "baseUrl": "{{ region.base_url }}"}{{ "," if not loop.last }}
{% endfor %}]
"""
ADDED = (TEMPLATES / "coding-plan" / "0.23.3.json.j2").read_text(encoding="utf-8")


def published(version: str, region: str) -> list[dict[str, Any]]:
    return CODING.models(CODING.template(version), CODING.region(region))


def write(folder: Path, **files: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder.parent


def second(root: Path, plan_text: str = SECOND_PLAN, template: str = SECOND_TEMPLATE) -> Path:
    return write(root / "second-plan", **{"plan.toml": plan_text, "1.0.json.j2": template})


# The templates of qwenlock


@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: plan.id)
def test_shared_facts_are_those_of_the_client(plan: Plan) -> None:
    facts = LISTS[plan.id]
    assert (plan.auth_type, plan.env_key) == (facts["auth-type"], facts["env-key"])
    urls = [region.base_url for region in plan.regions.values()]
    assert urls == list(dict.fromkeys(facts["regions"].values()))


def test_every_plan_of_the_client_is_known() -> None:
    assert PLANS.ids == sorted(PLANS.ids)
    assert set(PLANS.ids) == LISTS.keys() - {"_comment"}
    seen = [
        each["digest"] for facts in LISTS.values() if "lists" in facts for each in facts["lists"]
    ]
    assert len(seen) == len(set(seen))


@pytest.mark.parametrize(("identifier", "known"), KNOWN)
def test_every_list_of_a_release_is_rendered_and_is_what_that_release_gets(
    identifier: str, known: dict[str, str]
) -> None:
    plan = PLANS.plan(identifier)
    found = plan.identify(known["digest"])
    assert found is not None
    template, region = found
    assert region == plan.region(known["region"])
    assert models_digest(plan.models(template, region)) == known["digest"]
    for release in {known.get("first-seen"), known.get("last-seen")} - {None}:
        assert plan.newest(release) is template
    assert template.version == known.get("first-seen", template.version)
    assert template.recognised_only is ("first-seen" not in known)


@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: plan.id)
def test_no_published_digest_differs(plan: Plan) -> None:
    for each in verify(plan):
        assert each.status == "verified" or plan.template(each.version).recognised_only


def test_a_list_that_no_release_ships_is_recognised_and_never_a_target() -> None:
    only = [each for each in CODING.templates if each.recognised_only]
    assert "0.10.1.post1" in {each.version for each in only}
    for template in only:
        assert CODING.releases(template) is None
        assert template not in CODING.offered()
        with pytest.raises(
            UsageError, match=f"no release of Qwen Code ships coding-plan {template.version}"
        ):
            CODING.target(template.version)
        for name in template.digests:
            models = CODING.models(template, CODING.regions[name])
            assert CODING.recognise(models).template is template


def test_later_clients_record_what_their_user_dismissed() -> None:
    at = ("providerMetadata", "coding-plan")
    state = CODING.newest().state
    assert state.at == at
    assert state.ignored_version == (*at, "ignoredVersion")
    assert state.postponed_version == (*at, "postponedVersion")
    assert CODING.template("0.12.0").state.ignored_version is None


def test_a_wrong_digest_is_a_mismatch() -> None:
    template = dataclasses.replace(CODING.newest(), digests={"china": models_digest([])})
    (found,) = verify(dataclasses.replace(CODING, templates=(template,)))
    assert found.status == "mismatch"
    assert found.digest == CODING.newest().digests["china"]


def test_models_of_an_earlier_version_are_a_duplicate() -> None:
    older, newest = CODING.template("0.21.2"), CODING.newest()
    again = dataclasses.replace(older, version="99.0")
    found = verify(dataclasses.replace(CODING, templates=(older, newest, again)))
    assert [each.status for each in found] == ["verified"] * 4 + ["duplicate"] * 2
    assert {each.same_as for each in found} == {None, "0.21.2"}
    one = dataclasses.replace(again, digests={"china": again.digests["china"]})
    other = dataclasses.replace(again, recognised_only=True)
    for template, status in ((one, "duplicate"), (other, "verified")):
        found = verify(dataclasses.replace(CODING, templates=(older, newest, template)))
        assert found[-1].status == status


def names_of(value: Any) -> set[str]:
    """Return all keys in a JSON value, and the ids."""
    if isinstance(value, list):
        return set().union(*map(names_of, value))
    if isinstance(value, dict):
        identifier = {value["id"]} if "id" in value else set()
        return set(value).union(identifier, *map(names_of, value.values()))
    return set()


@pytest.mark.parametrize(("plan", "template", "region"), OFFERS)
def test_no_id_field_prefix_or_endpoint_is_written_twice_in_a_template(
    plan: Plan, template: Template, region: Region
) -> None:
    for name in names_of(plan.models(template, region)):
        assert template.text.count(f'"{name}"') <= 1, name
    facts = [plan.env_key, *(each.base_url for each in plan.regions.values())]
    assert not [fact for fact in facts if fact in template.text]


# Looking things up


def test_versions_are_ordered_as_pep_440_orders_them() -> None:
    ordered = [template.version for template in CODING.ordered()]
    assert ordered[:3] == ["0.10.1", "0.10.1.post1", "0.12.0"]
    assert ordered.index("0.15.6") < ordered.index("0.15.10")


@pytest.mark.parametrize(
    ("client", "version"),
    [("0.12.0", "0.12.0"), ("0.21.10", "0.21.2"), ("0.23.3-preview.1", "0.21.2"),
     ("0.23.3", "0.23.3"), ("0.23.4", "0.23.3"), ("0.23.4-preview.1", "0.23.3")],
)  # fmt: skip
def test_a_template_is_for_the_releases_from_its_own_to_the_next(client: str, version: str) -> None:
    assert CODING.newest(client).version == version
    assert CODING.covers(CODING.template(version), client)
    assert not CODING.covers(CODING.template("0.10.1"), client)


def test_a_newer_template_closes_the_range_of_the_one_before(tmp_path: Path) -> None:
    before = CODING.newest()
    assert CODING.releases(before) == f">={before.version}"
    plan = load([write(tmp_path / "coding-plan", **{"0.99.0.json.j2": ADDED})]).plan("coding-plan")
    assert plan.releases(before) == f">={before.version},<0.99.0"
    assert (plan.newest("0.98.7").version, plan.newest().version) == (before.version, "0.99.0")


def test_a_prerelease_of_a_client_has_the_template_of_its_range() -> None:
    assert CODING.newest("0.24.0-preview.1").version == CODING.newest("0.24.0").version


def test_a_client_older_than_every_template_is_reported() -> None:
    with pytest.raises(UsageError, match=r"coding-plan has no template for client 0\.8\.2"):
        CODING.newest("0.8.2")
    assert not CODING.covers(CODING.template("0.10.1"), "0.8.2")


def test_unknown_version_names_the_known_and_the_closest() -> None:
    with pytest.raises(UsageError, match=r"'0\.15\.7'; known: 0\.10\.1, .*0\.23\.3") as error:
        CODING.template("0.15.7")
    assert error.value.fix == "did you mean 0.15.6?"


def test_region_by_name_or_alias() -> None:
    assert CODING.region("aliyun") is CODING.region("china")
    assert CODING.has_region("alibabacloud")
    assert not CODING.has_region(None)


def test_unknown_region_names_the_known() -> None:
    with pytest.raises(UsageError, match=r"'mars'; known: china, global$") as error:
        CODING.region("mars")
    assert error.value.fix is None


def test_region_that_a_version_lacks_names_the_existing() -> None:
    with pytest.raises(UsageError, match=r"0\.10\.1 region 'global'; known: china$"):
        published("0.10.1", "global")


def test_without_a_name_the_only_or_default_plan_is_meant() -> None:
    coding, other, another = (PLANS.plan(name) for name in ("coding-plan", "deepseek", "minimax"))
    assert [each.is_default for each in (coding, other, another)] == [True, False, False]
    for plans, plan in (
        ([], None),
        ([other], other),
        ([other, coding], coding),
        ([other, another], None),
        ([coding, other, coding], None),
    ):
        assert meant(plans) == plan


def test_unknown_plan_names_the_known() -> None:
    with pytest.raises(
        UsageError, match="unknown plan 'odd'; known plans: alibabaStandard, coding-plan"
    ):
        PLANS.plan("odd")


# Ownership


URLS = [
    *(region.base_url for plan in PLANS for region in plan.regions.values()),
    *(region.base_url + "/" for plan in PLANS for region in plan.regions.values()),
    "https://OPENROUTER.ai:443/x", "https://eu.openrouter.ai", "https://openrouter.ai.example.org",
    "https://notopenrouter.ai", "openrouter.ai/api/v1", "https://user@router.requesty.ai/v1",
    "https://requesty.ai", "https://eu.router.requesty.ai/v1", "https://[", "", None, 7, ["x"],
]  # fmt: skip
PREFIXES = [
    "[ModelStudio Token Plan]", "[ModelStudio Token Plan for Global/Intl] ", "[DeepSeek] ",
    "[DeepSeek]", "[Kimi] ", "[Moonshot] ", "[Z.AI] ", "[Grok] ", "[Idealab] ", "[MiniMax] ",
    "[ModelScope] ", "[ModelStudio Standard] ", "[OpenRouter] ", "my ", " [DeepSeek] ", "",
]  # fmt: skip
PREFIXES += [LISTS[plan.id]["owns"].get("name-prefix", "") for plan in PLANS]
NAMES = [*(f"{prefix}model" for prefix in PREFIXES), None, 7]


def owner_by_the_client(entry: dict[str, Any]) -> str | None:
    """Return the plan that owns `entry` by the rules of Qwen Code 0.24.4."""
    variable, url, name = (entry.get(key) for key in ("envKey", "baseUrl", "name"))
    try:
        host = (urlsplit(url).hostname or "") if isinstance(url, str) else ""
    except ValueError:
        host = ""

    def owns(facts: dict[str, Any]) -> bool:
        rule = facts["owns"]
        return (
            ("regions" in rule and isinstance(url, str) and url in facts["regions"].values())
            or (isinstance(name, str) and name.startswith(rule.get("name-prefix", "\0")))
            or any(
                host.endswith(each[1:]) if each.startswith("*") else host == each
                for each in rule.get("hosts", ())
            )
        )

    owners = [plan for plan in PLANS.ids if LISTS[plan]["env-key"] == variable]
    return next((plan for plan in owners if owns(LISTS[plan])), None)


@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: plan.id)
def test_a_plan_owns_what_the_client_says(plan: Plan) -> None:
    for url, name in itertools.product(URLS, NAMES):
        entry = {"id": "x", "envKey": plan.env_key, "baseUrl": url, "name": name}
        wanted = owner_by_the_client(entry)
        assert plan.owns(entry) is (wanted == plan.id), entry
        owner = PLANS.owner(plan.auth_type, entry)
        assert (owner.id if owner else None) == wanted
        assert PLANS.owner("anthropic", entry) is None
        for variable in ("MINE", "", None, 7, ["x"]):
            assert PLANS.owner(plan.auth_type, {**entry, "envKey": variable}) is None


def test_a_model_with_a_name_of_its_own_is_the_users() -> None:
    entry = {"id": "deepseek-v4-pro", "name": "my deepseek", "envKey": "DEEPSEEK_API_KEY"}
    assert not PLANS.plan("deepseek").owns(entry | {"baseUrl": "https://api.deepseek.com"})


def test_a_plan_is_read_only_where_it_could_own_a_model() -> None:
    script = (
        "import sys\n"
        "from qwenlock.edge.plans import load\n"
        "plans = load()\n"
        "assert plans.owner('openai', {'envKey': 'MINE', 'baseUrl': 'https://api.z.ai'}) is None\n"
        "assert 'tomllib' not in sys.modules\n"
        "assert plans.owner('openai', {'envKey': 'ZAI_API_KEY', 'name': '[Z.AI] x'}).id == 'zai'\n"
        "read = [each.id for each in plans._offers if 'plan' in vars(each)]\n"
        "print(read, [name for name in ('jinja2', 'packaging') if name in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "['zai'] []"


# Recognising models


@pytest.mark.parametrize(("plan", "template", "region"), OFFERS)
def test_models_are_recognised_whatever_their_key_order(
    plan: Plan, template: Template, region: Region
) -> None:
    models = plan.models(template, region)
    shuffled = [dict(reversed(model.items())) for model in models]
    for each in (models, shuffled):
        assert all(map(plan.owns, each))
        found = plan.recognise(each)
        assert found.template is template
        assert found.region is region
        assert found.digest == models_digest(each)


def edited(change: Any) -> list[dict[str, Any]]:
    models: list[dict[str, Any]] = copy.deepcopy(published("0.12.0", "global"))
    change(models)
    return models


@pytest.mark.parametrize(
    "models",
    [
        edited(lambda models: models.reverse()),
        edited(lambda models: models.pop()),
        edited(lambda models: models[0].update(name="mine")),
        edited(lambda models: models[0]["generationConfig"].update(extra_body={"x": 1})),
        edited(
            lambda models: models[0]["generationConfig"]["extra_body"].update(enable_thinking=1)
        ),
    ],
    ids=["reordered", "shortened", "renamed", "changed", "one-for-true"],
)
def test_edited_models_have_a_region_and_no_version(
    models: list[dict[str, Any]],
) -> None:
    found = CODING.recognise(models)
    assert (found.region.name, found.template) == ("global", None)
    recorded = models_digest(published("0.12.0", "global")).removeprefix(PREFIX)
    assert not proves(models, recorded)


def test_models_at_an_unknown_endpoint_have_the_region_of_the_others_or_the_first() -> None:
    plan = PLANS.plan("minimax")
    here, there = plan.regions.values()
    proxied = {"baseUrl": "https://proxy.example"}
    assert plan.region_of(proxied) is None
    assert plan.regions_of([proxied]) == [here]
    assert plan.regions_of([proxied, {"baseUrl": there.base_url}]) == [there, there]


@untimed(60)
@given(st.data())
def test_a_choice_of_a_plans_models_proves_itself(data: st.DataObject) -> None:
    plan, template, region = data.draw(st.sampled_from([each.values for each in OFFERS]))
    models = plan.models(template, region)
    indices = data.draw(st.sets(st.sampled_from(range(len(models))), min_size=1))
    chosen = [models[index] for index in sorted(indices)]
    recorded = models_digest(chosen).removeprefix(PREFIX)
    assert all(map(plan.owns, chosen))
    assert proves(chosen, recorded)
    assert plan.recognise(chosen).region is region
    assert not proves([*chosen, {**chosen[0], "id": "another"}], recorded)


def test_digest_is_published_or_computed() -> None:
    china = CODING.region("china")
    template, guide = CODING.template("0.12.0"), CODING.template("0.10.1.post1")
    assert CODING.digest(template, china) == template.digests["china"]
    assert CODING.digest(guide, china) == models_digest(published("0.10.1.post1", "china"))


@pytest.mark.parametrize(("plan", "template", "region"), OFFERS)
def test_identify_knows_published_and_unpublished_digests_and_no_others(
    plan: Plan, template: Template, region: Region
) -> None:
    assert plan.identify(plan.digest(template, region)) == (template, region)
    assert plan.identify(models_digest([])) is None


def test_recognising_a_published_digest_imports_neither_jinja2_nor_packaging() -> None:
    script = (
        "import json, sys\n"
        "from qwenlock.edge.plans import load\n"
        "plan = load().plan('coding-plan')\n"
        "assert plan.recognise(json.load(sys.stdin)).template.version == '0.12.0'\n"
        "print([name for name in ('jinja2', 'packaging', 'pydantic') if name in sys.modules])"
    )
    models = json.dumps(published("0.12.0", "china"))
    done = subprocess.run(
        [sys.executable, "-c", script], input=models, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


# Digests


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1000000.0, "1000000"),
        (0.1, "0.1"),
        (-1.5, "-1.5"),
        (123.456, "123.456"),
        (1e-6, "0.000001"),
        (1e-7, "1e-7"),
        (1.5e-10, "1.5e-10"),
        (1e20, "100000000000000000000"),
        (1e21, "1e+21"),
        (1.25e300, "1.25e+300"),
        (5e-324, "5e-324"),
        (2**53 + 1, "9007199254740992"),
        (12345678901234567890, "12345678901234567000"),
        (-0.0, "0"),
        (10**400, "null"),
        (float("inf"), "null"),
        (True, "true"),
        (None, "null"),
        ('é"\\\u2028\n\x01\x7f', '"é\\"\\\\\u2028\\n\\u0001\x7f"'),
        ("\ud800x", '"\\ud800x"'),
        ({"b": [], "10": {}, "9": 1, "01": 2, "4294967295": 3}, None),
    ],
)
def test_json_is_written_as_javascript_writes_it(value: Any, text: str | None) -> None:
    if text is None:
        text = '{"9":1,"10":{},"b":[],"01":2,"4294967295":3}'
    assert stringify(value) == text


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda items: st.lists(items) | st.dictionaries(st.text(max_size=4), items),
    max_leaves=10,
)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
@untimed(20)
@given(st.lists(JSON, min_size=2, max_size=5))
def test_json_is_what_node_writes(values: list[Any]) -> None:
    script = (
        "const text = require('fs').readFileSync(0, 'utf8');"
        "process.stdout.write(JSON.stringify(JSON.parse(text)))"
    )
    done = subprocess.run(
        ["node", "-e", script], input=json.dumps(values).encode(), capture_output=True, check=True
    )
    assert stringify(values) == done.stdout.decode()


@untimed(30)
@given(st.dictionaries(st.text(max_size=4), JSON, max_size=5))
def test_sorted_keys_make_equal_values_equal_text(value: dict[str, Any]) -> None:
    turned = dict(reversed(value.items()))
    assert stringify(turned, sort_keys=True) == stringify(value, sort_keys=True)


# A team's own folders


def test_a_second_plan_needs_only_a_folder(tmp_path: Path) -> None:
    *first, other = load([second(tmp_path)])
    assert first == list(PLANS)
    assert (other.id, other.title, other.auth_type) == ("second-plan", "Second Plan", "anthropic")
    models = other.models(other.newest(), other.region("luna"))
    assert [(model["id"], model["name"]) for model in models] == [
        ("one", 'one on the "Moon"'),
        ("two", 'two on the "Moon"'),
    ]
    assert other.owns(models[0])
    assert not any(plan.owns(models[0]) for plan in first)
    assert other.recognise(models).template == other.newest()
    assert other.newest().state.version == ("second", "installed")
    assert [verdict.status for verdict in verify(other)] == ["unpublished"]


def test_another_version_needs_only_a_file_in_the_plans_folder(tmp_path: Path) -> None:
    plans = load([write(tmp_path / "coding-plan", **{"0.99.0.json.j2": ADDED})])
    assert plans.ids == PLANS.ids
    plan = plans.plan("coding-plan")
    assert plan.newest().version == "0.99.0"
    assert len(plan.templates) == len(CODING.templates) + 1


def test_versions_of_a_team_plan_need_not_be_releases(tmp_path: Path) -> None:
    text = SECOND_PLAN.replace("[regions.moon]", 'client = ">=0.12"\n\n[regions.moon]')
    template = SECOND_TEMPLATE.replace('client = ">=1"\n', "")
    folder = second(tmp_path, text, template)
    write(folder / "second-plan", **{"2026.2.json.j2": template})
    plan = load([folder])[-1]
    assert [each.version for each in plan.offered()] == ["1.0", "2026.2"]
    assert plan.newest("0.24.4").version == "2026.2"
    assert plan.releases(plan.newest()) == ">=0.12"
    with pytest.raises(UsageError, match="has no template for client"):
        plan.newest("0.10.1")
    assert [each.status for each in verify(plan)] == ["unpublished", "duplicate"]


def test_a_copy_of_a_plan_changes_nothing(tmp_path: Path) -> None:
    shutil.copytree(TEMPLATES / "coding-plan", tmp_path / "coding-plan")
    assert list(load([tmp_path])) == list(PLANS)


@pytest.mark.parametrize("name", ["0.23.3.json.j2", "plan.toml"])
def test_two_different_files_of_one_name_are_refused(tmp_path: Path, name: str) -> None:
    text = (TEMPLATES / "coding-plan" / name).read_text("utf-8") + "\n"
    with pytest.raises(InputError, match=f"{name} differs from .*{name}"):
        load([write(tmp_path / "coding-plan", **{name: text})])


def test_windows_line_endings_do_not_matter(tmp_path: Path) -> None:
    own = second(tmp_path)
    for file in (own / "second-plan").iterdir():
        file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    assert [verdict.status for verdict in verify(load([own])[-1])] == ["unpublished"]


def test_directories_that_hold_no_plan_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such directory"):
        load([tmp_path / "absent"])
    (tmp_path / ".git").mkdir()
    (tmp_path / "1.0.json.j2").write_text(SECOND_TEMPLATE, encoding="utf-8")
    with pytest.raises(InputError, match="contains no plan") as error:
        load([tmp_path])
    assert error.value.fix is not None
    assert "PLAN/VERSION.json.j2" in error.value.fix


def test_templates_of_no_known_plan_ask_for_a_definition(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"the plan 'unheard' is not known, and plan\.toml"):
        load([write(tmp_path / "unheard", **{"1.0.json.j2": SECOND_TEMPLATE})])


def test_a_plan_without_templates_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="contains no template"):
        load([write(tmp_path / "second-plan", **{"plan.toml": SECOND_PLAN})])


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    own = second(tmp_path)
    (own / "second-plan" / "1.0.json.j2").write_bytes(b"\xff")
    with pytest.raises(InputError, match=r"1\.0\.json\.j2 cannot be read"):
        load([own])


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("title =", "titel =", r"titel is not known here; the keys are title, auth-type"),
        ('title = "Second Plan"', "", r"title is missing"),
        ('"SECOND_KEY"', "7", r"env-key must be a string"),
        ("base-url =", "url =", r"regions\.moon\.url is not known here"),
        ('"SECOND_KEY"', '"SECOND\\\\u005fKEY"', r"env-key must be written without escapes"),
        ('alias = "luna"', "owns.hosts = []", r"regions\.moon\.owns is not known"),
        (
            "[regions.moon]",
            "owns.hosts = []\n[regions.moon]",
            r"owns\.hosts must be an array",
        ),
        ("[regions.moon]", "owns.host = 1\n[regions.moon]", r"owns\.host is not known"),
        ("[regions.moon]", "default = 1\n[regions.moon]", r"default must be true or false"),
        ("""'the "Moon"'""", "[]", r"regions\.moon\.text\.greeting must be a string"),
        (
            'at = ["second"]',
            'at = ["second", 1]',
            r"states\.plain\.at must be an array of at least",
        ),
        ('at = ["second"]', "at = []", r"states\.plain\.at must be an array of at least"),
        ("[states.plain]", "[state.plain]", r"state is not known here"),
        ('[regions.moon]\nalias = "luna"', "regions = 1\n[r]", r"regions must be a table"),
        ('title = "Second Plan"', "title =", r"not valid TOML: Invalid value"),
    ],
)
def test_a_broken_definition_is_reported_with_file_and_key(
    tmp_path: Path, old: str, new: str, problem: str
) -> None:
    with pytest.raises(InputError, match=r"plan\.toml:\d+:\d+: " + problem):
        load([second(tmp_path, plan_text=SECOND_PLAN.replace(old, new))])


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("{#---\n", "{#-\n", r"does not begin with front matter"),
        ('state = "plain"', 'state = "odd"', r"state is not in plan\.toml, which has plain"),
        ("regions.moon", "regions.mars", r"regions\.mars is not in plan\.toml, which has moon"),
        ("regions.moon = {}", "", r"regions is missing"),
        ('state = "plain"', "recognised-only = 1", r"recognised-only must be true or false"),
        ("moon = {}", "moon = 1", r"regions\.moon must be a table"),
        ("moon = {}", 'moon.digest = "md5:1"', r"regions\.moon\.digest must be sha256: and 64"),
        ("moon = {}", 'moon.hash = ""', r"regions\.moon\.hash is not known here"),
        ("client =", "clients =", r"clients is not known here"),
        ('client = ">=1"', "client =", r"not valid TOML: Invalid value"),
    ],
)
def test_broken_front_matter_is_reported_with_file_and_key(
    tmp_path: Path, old: str, new: str, problem: str
) -> None:
    with pytest.raises(InputError, match=r"1\.0\.json\.j2:(\d+:\d+:)? " + problem):
        load([second(tmp_path, template=SECOND_TEMPLATE.replace(old, new))])


def test_a_file_named_after_no_version_is_reported(tmp_path: Path) -> None:
    own = write(tmp_path / "coding-plan", **{"newest.json.j2": ADDED})
    with pytest.raises(InputError, match=r"newest\.json\.j2: 'newest' is not a version"):
        load([own]).plan("coding-plan").newest()


@pytest.mark.parametrize(
    ("client", "problem"),
    [("sometimes", "is not a version specifier"), (">=2", r"leaves out 1\.0")],
)
def test_verify_refuses_a_wrong_range_of_releases(
    tmp_path: Path, client: str, problem: str
) -> None:
    own = second(tmp_path, template=SECOND_TEMPLATE.replace(">=1", client))
    with pytest.raises(InputError, match=problem):
        verify(load([own])[-1])


# Templates that are refused


def render(text: str) -> list[dict[str, Any]]:
    """Render `text`, from its line 3 on, as a template of a plan."""
    template = dataclasses.replace(CODING.newest(), file="own.json.j2", text=f"\n\n{text}")
    return CODING.models(template, CODING.region("china"))


def table(count: int, last: int = 1) -> str:
    return f"[{'1, ' * (count - 1)}{last}]"


FOR = "{% for item in " + table(10) + " %}"
HOSTILE = {
    "class": ("{{ ''.__class__ }}", "'__class__' of 'str' object is unsafe"),
    "subclasses": ("{{ ''.__class__.__mro__[1].__subclasses__() }}", "cannot use call"),
    "item": ("{{ region['__class__'] }}", "'__class__' of 'dict' object is unsafe"),
    "internals": ("{% for i in [1] %}{{ loop._iterator }}{% endfor %}", "is unsafe"),
    "self": ("{{ self }}", "only text, numbers"),
    "sort key": ("{% set a = [1, 2] | sort(attribute='__class__') %}", "is unsafe"),
    "undefined": ("{{ nothing }}", "'nothing' is undefined"),
    "attribute": ("{{ region.nothing }}", "no attribute 'nothing'"),
    "loop over nothing": ("{% for i in nothing %}{% endfor %}", "'nothing' is undefined"),
    "syntax": ("{% for %}", "Expected an expression"),
    "character": ("{{ ' }}", "unexpected char"),
    "open": ("{% if true %}", "Unexpected end of template"),
    "tag": ("{% trans %}", "unknown tag 'trans'"),
    "include": ("{% include '/etc/passwd' %}", "cannot use include"),
    "import": ("{% import 'other' as other %}", "cannot use import"),
    "extends": ("{% extends 'other' %}", "cannot use extends"),
    "range": ("{% for i in range(10 ** 9) %}{% endfor %}", "cannot use call"),
    "method": ("{{ 'x'.ljust(10 ** 9) }}", "cannot use call"),
    "product": ("{{ 'x' * 10 ** 9 }}", "cannot use mul"),
    "format": ("{{ '%1000000000d' % 1 }}", "cannot use mod"),
    "filter": ("{{ 'x' | center(1000000000) }}", "No filter named 'center'"),
    "doubling": ("{% set a = 'x' %}" + "{% set a = a ~ a %}" * 99, "cannot use concat"),
    "laughs": ("{% set a = [1] %}" + "{% set a = [a, a] %}" * 99, "literals only"),
    "block": ("{% set a %}x{% endset %}", "cannot use assignblock"),
    "macro": ("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "cannot use macro"),
    "list": ("{{ [1] }}", "only text, numbers"),
    "types": ("{% set a = [1, 'x'] | sort %}", "not supported between instances"),
    "loops": (FOR * 9 + "{% endfor %}" * 9, "more than 10000 turns"),
    "sorts": (f"{{% set a = {table(7000)} %}}" + "{% set b = a | sort %}" * 9, "10000 turns"),
    "long turns": (
        f"{{% set a = {table(2600)} %}}{{% set b = {table(2600, 2)} %}}"
        + (f"{{% for i in {table(99)} %}}" * 2)
        + "{% if a == b %}{% endif %}" * 590
        + "{% endfor %}" * 2,
        "more than 1 s",
    ),
    "dots": ("{{ region" + ".x" * 9000 + " }}", "nested too deeply"),
    "ifs": ("{% if true %}" * 60 + "{% endif %}" * 60, "nested too deeply"),
}
HOSTILE_ANYWHERE = {
    "long": ("x" * 40_000, "longer than 32768 characters"),
    "output": (
        f"{{% set a = '{'x' * 20_000}' %}}{FOR}{FOR}{{{{ a }}}}{{% endfor %}}{{% endfor %}}",
        "more than 1000000 characters",
    ),
    "parentheses": ("{{ " + "(" * 9000 + "1" + ")" * 9000 + " }}", "nested too deeply"),
    "nots": ("{{ " + "not " * 6000 + "1 }}", "nested too deeply"),
    "deep loops": (FOR * 21 + "{% endfor %}" * 21, "nested too deeply"),
    "number": ("{{ " + "9" * 9000 + " }}", "limit"),
    "key": ("{{ {[1]: 1}[1] }}", "unhashable"),
}


@pytest.mark.parametrize(("text", "problem"), HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_template_is_refused_at_its_line(text: str, problem: str) -> None:
    started = time.process_time()
    with pytest.raises(InputError, match=rf"^own\.json\.j2:3: .*{re.escape(problem)}") as error:
        render(text)
    assert time.process_time() - started < 5
    assert error.value.fix is not None
    assert "qwenlock template verify" in error.value.fix


@pytest.mark.parametrize(("text", "problem"), HOSTILE_ANYWHERE.values(), ids=HOSTILE_ANYWHERE)
def test_an_excessive_template_is_refused(text: str, problem: str) -> None:
    started = time.process_time()
    with pytest.raises(InputError, match=rf"^own\.json\.j2: .*{re.escape(problem)}"):
        render(text)
    assert time.process_time() - started < 5


MODEL = (
    '{"id": "a", "name": "a", "envKey": "{{ plan.env_key }}", "baseUrl": "{{ region.base_url }}"}'
)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("hello", "Expecting value: line 3 column 1"),
        ("{}", "it is not an array, or it is empty"),
        ("[]", "it is not an array, or it is empty"),
        ("[1]", "[0] is not an object"),
        ("[NaN]", "NaN is not a JSON number"),
        ("[{{ 1e999 }}]", "Infinity is not a JSON number"),
        ("[" * 20_000, "recursion"),
        ('[{"id": "a", "id": "b"}]', "a key appears twice in one object: id, id"),
        ('[{"id": "a"}]', "[0].name is not a string"),
        (f"[{MODEL.replace('{{ plan.env_key }}', 'PATH')}]", "[0].envKey is 'PATH', but"),
        (f"[{MODEL.replace('{{ region.base_url }}', 'x:')}]", "[0].baseUrl is 'x:', but"),
        (f"[{MODEL}, {MODEL}]", "an id appears twice: a, a"),
    ],
)
def test_what_is_not_a_list_of_the_plans_models_is_refused(text: str, problem: str) -> None:
    with pytest.raises(InputError, match=rf"region china .*{re.escape(problem)}"):
        render(text)


def test_a_template_whose_models_are_not_the_plans_is_refused() -> None:
    plan = PLANS.plan("deepseek")
    template = dataclasses.replace(plan.newest(), file="own.json.j2", text=f"[{MODEL}]")
    with pytest.raises(InputError, match=r"`owns` .* does not match the model 'a'"):
        plan.models(template, plan.region("default"))


def test_templates_print_json_and_leave_text_to_its_quotes() -> None:
    printed = [
        "{{ true }}",
        "{{ none }}",
        "{{ 1.5 }}",
        "{{ -2 }}",
        '"{{ region.name }} {{ quote }}"',
    ]
    model = MODEL.removesuffix("}") + f', "extra": [{", ".join(printed)}]}}'
    (rendered,) = render("{% set quote = '\"' %}[" + model + "]")
    assert rendered["extra"] == [True, None, 1.5, -2, 'china "']


RANGES = ("", ">=0.1", "<0.15", ">=0.15.6,<0.15.10", " >= 0.2 , <1", ">1", "==0.15.*", "~=0.15")


@pytest.mark.parametrize("said", RANGES)
@pytest.mark.parametrize("release", ["0.1", "0.15", "0.15.6", "0.15.10", "1.0", "0.15.6rc1", "1"])
def test_range_is_as_packaging_reads_it(said: str, release: str) -> None:
    plan = load()[0]
    template = dataclasses.replace(plan.templates[0], version="0.15.6", client=said or None)
    wanted = said or ">=0.15.6"
    expected = SpecifierSet(wanted).contains(release, prereleases=True)
    assert dataclasses.replace(plan, client=None)._admits(template, release) == expected
