"""Plans: templates render to what was published, folders load, and nothing hostile runs."""

from __future__ import annotations

import copy
import dataclasses
import json
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import qwenlock.plans
from qwenlock.edge.plans import load
from qwenlock.findings.errors import InputError, UsageError
from qwenlock.plans.digest import models_digest, stringify
from qwenlock.plans.verify import verify
from qwenlock.settings import shipped

if TYPE_CHECKING:
    from qwenlock.plans.plan import Plan, Region, Template

TEMPLATES = shipped.folder("templates") / "coding-plan"
DATA = json.loads(
    (Path(__file__).parent / "data" / "coding-plan-templates.json").read_text(encoding="utf-8")
)
VERSIONS = {version["version"]: version for version in DATA["versions"]}
PAIRS = [(version, region) for version in VERSIONS for region in VERSIONS[version]["regions"]]
STATES = {
    ("codingPlan.version",): "codingPlan.version",
    ("codingPlan.version", "codingPlan.region"): "codingPlan.version + codingPlan.region",
    (
        "providerMetadata.coding-plan.version",
        "providerMetadata.coding-plan.baseUrl",
    ): 'providerMetadata["coding-plan"].version + .baseUrl',
}

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
ADDED = (TEMPLATES / "0.23.4.json.j2").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def plan() -> Plan:
    return load()[0]


def published(version: str, region: str) -> dict[str, Any]:
    found: dict[str, Any] = VERSIONS[version]["regions"][region]
    return found


def write(folder: Path, **files: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder.parent


def second(root: Path, plan_text: str = SECOND_PLAN, template: str = SECOND_TEMPLATE) -> Path:
    return write(root / "second-plan", **{"plan.toml": plan_text, "1.0.json.j2": template})


# The templates of qwenlock


def test_shared_facts_are_those_of_the_client(plan: Plan) -> None:
    assert (plan.id, plan.auth_type, plan.env_key) == (
        DATA["plan"],
        DATA["authType"],
        DATA["envKey"],
    )
    assert {
        name: {"baseUrl": region.base_url, "alias": region.alias}
        for name, region in plan.regions.items()
    } == DATA["regions"]


@pytest.mark.parametrize(("version", "region"), PAIRS)
def test_rendered_models_are_the_published_ones_to_the_key_order(
    plan: Plan, version: str, region: str
) -> None:
    models = plan.models(plan.template(version), plan.region(region))
    assert json.dumps(models) == json.dumps(published(version, region)["models"])


@pytest.mark.parametrize("version", VERSIONS)
def test_front_matter_is_what_was_published(plan: Plan, version: str) -> None:
    template, data = plan.template(version), VERSIONS[version]
    assert (template.client, template.source) == (data["client"], data["source"])
    assert template.digests == {name: each["digest"] for name, each in data["regions"].items()}
    state = template.state
    recorded = [keys for keys in (state.version, state.region, state.base_url) if keys]
    assert STATES[tuple(".".join(keys) for keys in recorded)] == data["state"]


def test_later_clients_record_what_their_user_dismissed(plan: Plan) -> None:
    at = ("providerMetadata", "coding-plan")
    state = plan.newest().state
    assert state.at == at
    assert state.ignored_version == (*at, "ignoredVersion")
    assert state.postponed_version == (*at, "postponedVersion")
    assert plan.template("0.12.0").state.ignored_version is None


def test_eleven_digests_verify_and_two_were_never_published(plan: Plan) -> None:
    statuses = [verdict.status for verdict in verify(plan)]
    assert (statuses.count("verified"), statuses.count("unpublished")) == (11, 2)
    assert len(statuses) == 13


def test_a_wrong_digest_is_a_mismatch(plan: Plan) -> None:
    template = dataclasses.replace(plan.newest(), digests={"china": models_digest([])})
    (verdict,) = verify(dataclasses.replace(plan, templates=(template,)))
    assert verdict.status == "mismatch"
    assert verdict.digest == published("0.23.4", "china")["digest"]


def names_of(value: Any) -> set[str]:
    """Return all keys in a JSON value, and the ids."""
    if isinstance(value, list):
        return set().union(*map(names_of, value))
    if isinstance(value, dict):
        identifier = {value["id"]} if "id" in value else set()
        return set(value).union(identifier, *map(names_of, value.values()))
    return set()


@pytest.mark.parametrize("version", VERSIONS)
def test_no_id_field_or_endpoint_stands_twice_in_a_template(plan: Plan, version: str) -> None:
    text = plan.template(version).text
    regions = VERSIONS[version]["regions"].values()
    for name in set().union(*(names_of(region["models"]) for region in regions)):
        assert text.count(f'"{name}"') <= 1, name
    assert "://" not in text


def test_no_code_names_the_plan() -> None:
    for module in Path(qwenlock.plans.__file__).parent.glob("*.py"):
        named = re.search(
            "coding.?plan|bailian|modelstudio|dashscope", module.read_text("utf-8").lower()
        )
        assert named is None, module


# Looking things up


def test_versions_are_ordered_as_pep_440_orders_them(plan: Plan) -> None:
    assert [template.version for template in plan.ordered()] == list(VERSIONS)


@pytest.mark.parametrize(
    ("client", "version"),
    [(None, "0.23.4"), ("0.12.0", "0.12.0"), ("0.21.10", "0.21.2"), ("0.24.4-preview.1", "0.23.4")],
)
def test_newest_template_for_a_client(plan: Plan, client: str | None, version: str) -> None:
    assert plan.newest(client).version == version


def test_a_client_older_than_every_template_is_told(plan: Plan) -> None:
    with pytest.raises(UsageError, match=r"no template of coding-plan is for client 0\.8\.2"):
        plan.newest("0.8.2")


def test_unknown_version_names_those_there_are_and_the_closest(plan: Plan) -> None:
    with pytest.raises(UsageError, match=r"'0\.15\.7'; there are: 0\.10\.1, .*0\.23\.4") as error:
        plan.template("0.15.7")
    assert error.value.fix == "did you mean 0.15.6?"


def test_region_by_name_or_alias(plan: Plan) -> None:
    assert plan.region("aliyun") is plan.region("china")


def test_unknown_region_names_those_there_are(plan: Plan) -> None:
    with pytest.raises(UsageError, match=r"'mars'; there are: china, global$") as error:
        plan.region("mars")
    assert error.value.fix is None


def test_region_that_a_version_lacks_names_those_it_has(plan: Plan) -> None:
    with pytest.raises(UsageError, match=r"0\.10\.1 region 'global'; there are: china$"):
        plan.models(plan.template("0.10.1"), plan.region("global"))


# Recognising models


@pytest.mark.parametrize(("version", "region"), PAIRS)
def test_models_are_recognised_whatever_their_key_order(
    plan: Plan, version: str, region: str
) -> None:
    models = published(version, region)["models"]
    shuffled = [dict(reversed(model.items())) for model in models]
    for each in (models, shuffled):
        found = plan.recognise(each)
        assert found.template is plan.template(version)
        assert found.region is plan.region(region)
        assert found.digest == models_digest(each)


def edited(change: Any) -> list[dict[str, Any]]:
    models: list[dict[str, Any]] = copy.deepcopy(published("0.12.0", "global")["models"])
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
def test_edited_models_are_of_their_region_and_of_no_version(
    plan: Plan, models: list[dict[str, Any]]
) -> None:
    found = plan.recognise(models)
    assert (found.region.name, found.template) == ("global", None)


def test_ownership_takes_the_variable_and_an_endpoint(plan: Plan) -> None:
    china = {"envKey": DATA["envKey"], "baseUrl": DATA["regions"]["china"]["baseUrl"]}
    assert plan.owns(china) is plan.region("china")
    assert plan.owns({**china, "envKey": "MINE"}) is None
    assert plan.owns({**china, "baseUrl": "https://example.org"}) is None
    assert plan.owns({"id": "x", "baseUrl": ["no", "text"], "envKey": DATA["envKey"]}) is None
    with pytest.raises(ValueError, match="models of the plan"):
        plan.recognise([{"id": "x"}])


def test_digest_is_published_or_computed(plan: Plan) -> None:
    china = plan.region("china")
    assert plan.digest(plan.template("0.12.0"), china) == published("0.12.0", "china")["digest"]
    guide = plan.template("0.10.1.post1")
    assert plan.digest(guide, china) == models_digest(published("0.10.1.post1", "china")["models"])


def test_identify_knows_published_and_unpublished_digests_and_no_others(plan: Plan) -> None:
    for version, region in PAIRS:
        template, where = plan.template(version), plan.region(region)
        assert plan.identify(plan.digest(template, where)) == (template, where)
    assert plan.identify(models_digest([])) is None


def test_recognising_a_published_digest_imports_neither_jinja2_nor_packaging() -> None:
    script = (
        "import json, sys\n"
        "from qwenlock.edge.plans import load\n"
        "assert load()[0].recognise(json.load(sys.stdin)).template.version == '0.12.0'\n"
        "print([name for name in ('jinja2', 'packaging', 'pydantic') if name in sys.modules])"
    )
    models = json.dumps(published("0.12.0", "china")["models"])
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


@pytest.mark.skipif(shutil.which("node") is None, reason="needs Node")
@settings(max_examples=20, deadline=None)
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


@settings(max_examples=30, deadline=None)
@given(st.dictionaries(st.text(max_size=4), JSON, max_size=5))
def test_sorted_keys_make_equal_values_equal_text(value: dict[str, Any]) -> None:
    turned = dict(reversed(value.items()))
    assert stringify(turned, sort_keys=True) == stringify(value, sort_keys=True)


# Folders of one's own


def test_a_second_plan_is_one_folder_more(tmp_path: Path) -> None:
    first, other = load([second(tmp_path)])
    assert first == load()[0]
    assert (other.id, other.title, other.auth_type) == ("second-plan", "Second Plan", "anthropic")
    models = other.models(other.newest(), other.region("luna"))
    assert [(model["id"], model["name"]) for model in models] == [
        ("one", 'one on the "Moon"'),
        ("two", 'two on the "Moon"'),
    ]
    assert other.owns(models[0]) == other.region("moon")
    assert first.owns(models[0]) is None
    assert other.recognise(models).template == other.newest()
    assert other.newest().state.version == ("second", "installed")
    assert [verdict.status for verdict in verify(other)] == ["unpublished"]


def test_a_version_more_is_one_file_in_a_folder_of_the_plans_name(tmp_path: Path) -> None:
    (plan,) = load([write(tmp_path / "coding-plan", **{"0.99.0.json.j2": ADDED})])
    assert plan.newest().version == "0.99.0"
    assert len(plan.templates) == len(VERSIONS) + 1


def test_a_copy_of_a_plan_changes_nothing(tmp_path: Path) -> None:
    shutil.copytree(TEMPLATES, tmp_path / "coding-plan")
    assert load([tmp_path]) == load()


@pytest.mark.parametrize("name", ["0.23.4.json.j2", "plan.toml"])
def test_a_file_said_differently_twice_is_refused(tmp_path: Path, name: str) -> None:
    own = write(tmp_path / "coding-plan", **{name: (TEMPLATES / name).read_text("utf-8") + "\n"})
    with pytest.raises(InputError, match=f"{name}: differs from .*{name}"):
        load([own])


def test_windows_line_endings_do_not_matter(tmp_path: Path) -> None:
    own = second(tmp_path)
    for file in (own / "second-plan").iterdir():
        file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    assert [verdict.status for verdict in verify(load([own])[1])] == ["unpublished"]


def test_directories_that_hold_no_plan_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such directory"):
        load([tmp_path / "absent"])
    (tmp_path / ".git").mkdir()
    (tmp_path / "1.0.json.j2").write_text(SECOND_TEMPLATE, encoding="utf-8")
    with pytest.raises(InputError, match="holds no plan") as error:
        load([tmp_path])
    assert error.value.fix is not None
    assert "PLAN/VERSION.json.j2" in error.value.fix


def test_templates_of_no_known_plan_ask_for_a_definition(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no plan 'unheard' is known, .* no plan\.toml"):
        load([write(tmp_path / "unheard", **{"1.0.json.j2": SECOND_TEMPLATE})])


def test_a_plan_without_templates_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no template"):
        load([write(tmp_path / "second-plan", **{"plan.toml": SECOND_PLAN})])


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    own = second(tmp_path)
    (own / "second-plan" / "1.0.json.j2").write_bytes(b"\xff")
    with pytest.raises(InputError, match=r"1\.0\.json\.j2: cannot be read"):
        load([own])


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("title =", "titel =", r"titel: is unknown; here are known: title, auth-type"),
        ('title = "Second Plan"', "", r"title: is missing; it is a string"),
        ('"SECOND_KEY"', "7", r"env-key: 7 is not a string"),
        ("base-url =", "url =", r"regions\.moon\.url: is unknown"),
        ("""'the "Moon"'""", "[]", r"regions\.moon\.text\.greeting: \[\] is not a string"),
        ('at = ["second"]', 'at = ["second", 1]', r"states\.plain\.at: must hold strings"),
        ('at = ["second"]', "at = []", r"states\.plain\.at: must hold strings"),
        ("[states.plain]", "[state.plain]", r"state: is unknown"),
        ('[regions.moon]\nalias = "luna"', "regions = 1\n[r]", r"r: is unknown"),
        ('title = "Second Plan"', "title =", r"no TOML: .*line 2, column 8"),
    ],
)
def test_a_broken_definition_is_told_with_file_and_key(
    tmp_path: Path, old: str, new: str, problem: str
) -> None:
    with pytest.raises(InputError, match=r"plan\.toml: " + problem):
        load([second(tmp_path, plan_text=SECOND_PLAN.replace(old, new))])


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("{#---\n", "{#-\n", r"does not begin with front matter"),
        ('state = "plain"', 'state = "odd"', r"state: is none of plan\.toml: plain"),
        ("regions.moon", "regions.mars", r"regions\.mars: is none of plan\.toml: moon"),
        ("regions.moon = {}", "", r"regions: is missing"),
        ("moon = {}", "moon = 1", r"regions\.moon: 1 is not a table"),
        ("moon = {}", 'moon.digest = "md5:1"', r"regions\.moon\.digest: is not sha256: and 64"),
        ("moon = {}", 'moon.hash = ""', r"regions\.moon\.hash: is unknown"),
        ("client =", "clients =", r"clients: is unknown"),
        ('client = ">=1"', "client =", r"no TOML: .*line 2, column 9"),
    ],
)
def test_broken_front_matter_is_told_with_file_and_key(
    tmp_path: Path, old: str, new: str, problem: str
) -> None:
    with pytest.raises(InputError, match=r"1\.0\.json\.j2: " + problem):
        load([second(tmp_path, template=SECOND_TEMPLATE.replace(old, new))])


def test_a_file_named_after_no_version_is_told(tmp_path: Path) -> None:
    own = write(tmp_path / "coding-plan", **{"newest.json.j2": ADDED})
    with pytest.raises(InputError, match=r"newest\.json\.j2: 'newest' is no version"):
        load([own])[0].newest()


@pytest.mark.parametrize(
    ("client", "problem"),
    [("sometimes", "is no version specifier"), (">=2", r"leaves out 1\.0")],
)
def test_verify_refuses_a_wrong_range_of_releases(
    tmp_path: Path, client: str, problem: str
) -> None:
    own = second(tmp_path, template=SECOND_TEMPLATE.replace(">=1", client))
    with pytest.raises(InputError, match=problem):
        verify(load([own])[1])


# What templates may not say


def render(text: str) -> list[dict[str, Any]]:
    """Render `text`, from its line 3 on, as a template of a plan."""
    plan = load()[0]
    template: Template = dataclasses.replace(plan.newest(), file="own.json.j2", text=f"\n\n{text}")
    region: Region = plan.region("china")
    return plan.models(template, region)


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
        f"{{% set a = {table(5000)} %}}{{% set b = {table(5000, 2)} %}}{{% for i in a %}}"
        + "{% if a == b %}{% endif %}" * 80
        + "{% endfor %}",
        "more than 1 second",
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
        ("{}", "it is no array, or an empty one"),
        ("[]", "it is no array, or an empty one"),
        ("[1]", "[0] is no object"),
        ("[NaN]", "NaN is no number of JSON"),
        ("[{{ 1e999 }}]", "Infinity is no number of JSON"),
        ("[" * 20_000, "recursion"),
        ('[{"id": "a", "id": "b"}]', "a key stands twice in one object: id, id"),
        ('[{"id": "a"}]', "[0].name is no string"),
        (f"[{MODEL.replace('{{ plan.env_key }}', 'PATH')}]", "[0].envKey is 'PATH', where"),
        (f"[{MODEL.replace('{{ region.base_url }}', 'x:')}]", "[0].baseUrl is 'x:', where"),
        (f"[{MODEL}, {MODEL}]", "an id stands twice: a, a"),
    ],
)
def test_what_is_no_list_of_the_plans_models_is_refused(text: str, problem: str) -> None:
    with pytest.raises(InputError, match=rf"region china .*{re.escape(problem)}"):
        render(text)


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
