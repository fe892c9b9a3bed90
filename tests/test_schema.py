"""The JSON Schemas, checked by other validators: what they accept, and that each rule matters."""

from __future__ import annotations

import copy
import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from jsonschema import Draft202012Validator

from qwenlock.clients.other_models import OTHER_MODELS
from qwenlock.clients.profile import NEWEST, profile
from qwenlock.clients.schema import node_at
from qwenlock.clients.schema import settings_schema as settings_schema_of
from qwenlock.edge.plans import load
from settings_keys import known_keys
from support import World, plainly_read, run_here, write

if TYPE_CHECKING:
    from collections.abc import Iterator

GOLDEN = Path(__file__).parent.parent / "golden"
CLIENTS = ("guide", "0.10.1", "0.15.10", "0.21.2", "0.24.4")
RULES = frozenset({
    "type", "enum", "const", "pattern", "minLength", "minimum", "maximum", "required",
    "additionalProperties", "anyOf",
})  # fmt: skip
NOT_RULES = frozenset({
    "$schema", "$defs", "$ref", "title", "description", "default", "deprecated", "properties",
    "items", "$id", "examples", "markdownDescription", "enumDescriptions", "deprecationMessage",
    "defaultSnippets",
})  # fmt: skip
STRINGS = ("text", "NAME", "1.0", "sha256:" + "0" * 64)
WRONG: tuple[Any, ...] = (
    None, True, 0, -1, -3, 0.5, 3, 1e9, "", "\0", "no such text", [], [True], ["text"], {},
    {"key": True}, {"key": "text"},
)  # fmt: skip

Path_ = tuple[str | int, ...]


class Rule(NamedTuple):
    """A rule of a schema: its place in the schema, and the place of its value."""

    pointer: Path_
    keyword: str
    target: Path_
    document: Any
    name: str = ""


def printed(*arguments: str) -> dict[str, Any]:
    done = run_here(["schema", *arguments], GOLDEN, os.environ)
    schema: dict[str, Any] = json.loads(done.stdout)
    return schema


@pytest.fixture(params=[("lock",), *(("settings", "--client", c) for c in CLIENTS)])
def schema(request: pytest.FixtureRequest) -> dict[str, Any]:
    return printed(*request.param)


@pytest.fixture
def settings_schema() -> dict[str, Any]:
    return printed("settings", "--client", "guide")


@pytest.fixture
def lock_schema() -> dict[str, Any]:
    return printed("lock")


def settings_of(case: str) -> Any:
    text = (GOLDEN / case / "home" / ".qwen" / "settings.json").read_text(encoding="utf-8")
    return plainly_read(text)


def cases(area: str) -> list[str]:
    found = (GOLDEN / area).glob("*/home/.qwen/settings.json")
    return sorted(file.parents[2].relative_to(GOLDEN).as_posix() for file in found)


def is_valid(schema: dict[str, Any], document: Any) -> bool:
    return bool(Draft202012Validator(schema).is_valid(document))


def test_schema_is_valid_in_the_dialect_it_names(schema: dict[str, Any]) -> None:
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    Draft202012Validator.check_schema(schema)


@pytest.mark.slow
def test_check_jsonschema_accepts_the_schema_and_an_example(
    schema: dict[str, Any], tmp_path: Path
) -> None:
    program = shutil.which("check-jsonschema", path=str(Path(sys.executable).parent))
    if program is None:
        pytest.skip("check-jsonschema is not installed")
    file, example = tmp_path / "schema.json", tmp_path / "example.json"
    file.write_text(json.dumps(schema))
    example.write_text(json.dumps(sample(schema, schema)))
    for arguments in (["--check-metaschema", file], ["--schemafile", file, example]):
        done = subprocess.run([program, *arguments], capture_output=True, check=False)
        assert done.returncode == 0, done.stdout.decode()


@pytest.mark.parametrize("case", cases("guide"))
def test_examples_of_the_guide_are_valid(case: str, settings_schema: dict[str, Any]) -> None:
    Draft202012Validator(settings_schema).validate(settings_of(case))


@pytest.mark.parametrize("case", cases("guide"))
def test_every_field_of_the_guide_is_known(case: str, settings_schema: dict[str, Any]) -> None:
    for auth_type, entries in settings_of(case).get("modelProviders", {}).items():
        assert auth_type in settings_schema["properties"]["modelProviders"]["properties"]
        for entry in entries:
            assert unknown(entry, settings_schema["$defs"]["model"], settings_schema) == []


def unknown(value: Any, node: dict[str, Any], schema: dict[str, Any]) -> list[str]:
    """Return the keys in `value` that `node` does not list; a free object lists none."""
    if "anyOf" in node:
        node = node["anyOf"][0]
    if "$ref" in node:
        node = at(schema, referred(node))
    known = node.get("properties")
    if not isinstance(value, dict) or known is None:
        return []
    return [
        *(key for key in value if key not in known),
        *(
            each
            for key in value
            if key in known
            for each in unknown(value[key], known[key], schema)
        ),
    ]


def test_schema_describes_every_setting(schema: dict[str, Any]) -> None:
    """Every property has a description; offered values and defaults are valid."""
    containers = {"security", "auth", "model", "providerMetadata", "agents", "builtin", "tools"}
    containers |= {"webSearch", "outboundCorrelation"}
    is_lock = "lock-version" in schema["properties"]
    for place in places(schema, ()):
        node = at(schema, place)
        if place[-2:-1] == ("properties",) and not is_lock:
            assert "description" in node or place[-1] in containers, place
        default = [node["default"]] if "default" in node else []
        for offered in [*node.get("examples", []), *default]:
            assert is_valid({**node, "$defs": schema["$defs"]}, offered), place


def test_schemas_of_releases_have_names_of_their_own() -> None:
    names = [printed("settings", "--client", client)["$id"] for client in ("guide", "0.24.4")]
    assert names == ["urn:qwenlock:schema:settings:guide", "urn:qwenlock:schema:settings:0.24.4"]


@pytest.mark.parametrize("settings", ["{}", "{ not valid"])
def test_schema_is_for_the_client_of_the_project(
    settings: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    world = World(tmp_path, monkeypatch, capfd.readouterr)
    write(world.own, settings)
    newest = world.run("schema", "settings")
    assert newest.err == f"for Qwen Code {NEWEST}, the newest known (none is installed)\n"
    assert {"providerProtocol", "fastModel"} <= json.loads(newest.out)["properties"].keys()
    write(world.project / "qwenlock.toml", 'client = "0.12.0"\n')
    older = world.run("schema", "settings")
    assert older.err == "for Qwen Code 0.12.0, as qwenlock.toml says\n"
    assert json.loads(older.out)["$id"].endswith(":0.12.0")


def test_team_plans_are_offered(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "plan.toml").write_text(
        'title = "Mine"\nauth-type = "openai"\nenv-key = "MINE_KEY"\n'
        '[regions.moon]\nbase-url = "https://moon.example/v1"\n'
        '[states.kept]\nat = ["metadata", "mine"]\nversion = "digest"\nregion = "place"\n'
    )
    (tmp_path / "mine" / "1.0.json.j2").write_text(
        '{#---\nclient = ">=1"\nsource = "x"\nstate = "kept"\n[regions]\nmoon = {}\n---#}\n[]\n'
    )
    schema = printed("settings", "--client", "guide", "--templates", str(tmp_path))
    model = schema["$defs"]["model"]["properties"]
    assert "MINE_KEY" in model["envKey"]["examples"]
    assert "https://moon.example/v1" in model["baseUrl"]["examples"]
    mine = schema["properties"]["metadata"]["properties"]["mine"]["properties"]
    assert mine["place"]["enum"] == ["moon"]


@pytest.mark.parametrize("client", CLIENTS)
def test_settings_of_a_client_are_described_and_no_others(client: str) -> None:
    schema = printed("settings", "--client", client)
    known = profile(client)
    of_plans = {"codingPlan", "tokenPlan", "providerMetadata"}
    assert set(schema["properties"]) - of_plans <= known_keys(known)
    for other in OTHER_MODELS:
        here = schema
        for step in other.path:
            here = here.get("properties", {}).get(step, {})
        assert bool(here) == known.knows(other.since), other.path
    auth = schema["properties"]["security"]["properties"]["auth"]["properties"]
    assert ("enforcedType" in auth) == (client != "guide")
    assert ("providerProtocol" in schema["properties"]) == known.provider_protocols
    assert ("proxy" in schema["properties"]) == (client != "0.10.1")
    model = schema["$defs"]["model"]["properties"]
    assert tuple(model.get("wireApi", {}).get("enum", ())) == known.wire_apis
    assert ("reasoning" in model["capabilities"]["properties"]) == known.knows("0.23.3")


def test_legacy_auth_type_is_marked_where_another_way_exists() -> None:
    marked = {}
    for client in ("0.23.3", "0.24.4"):
        providers = printed("settings", "--client", client)["properties"]["modelProviders"]
        marked[client] = providers["properties"]["openai-responses"].get("deprecated", False)
    assert marked == {"0.23.3": False, "0.24.4": True}


@pytest.mark.parametrize("case", [c for c in cases("plans") if c.split("/")[1][0].isdigit()])
def test_every_plan_template_is_valid(case: str, settings_schema: dict[str, Any]) -> None:
    Draft202012Validator(settings_schema).validate(settings_of(case))


@pytest.mark.parametrize(
    "case",
    [
        "credentials/env-key-is-a-pasted-key",
        "models/fields-of-the-wrong-type",
        "models/not-a-model",
        "models/options-of-the-wrong-type",
        "models/provider-is-not-an-array",
        "models/providers-is-not-an-object",
        "models/unknown-auth-type",
        "models/without-env-key",
        "models/without-id",
        "selection/unknown-auth-type",
    ],
)
def test_what_the_compiler_complains_about_is_invalid(
    case: str, settings_schema: dict[str, Any]
) -> None:
    assert not is_valid(settings_schema, settings_of(case))


def test_every_lock_of_the_golden_cases_is_valid(lock_schema: dict[str, Any]) -> None:
    locks = list(GOLDEN.glob("*/*/expected/**/qwen.lock"))
    assert len(locks) > 100
    for lock in locks:
        data = tomllib.loads(lock.read_text(encoding="utf-8"))
        Draft202012Validator(lock_schema).validate(data)


def test_only_known_keywords_are_used(schema: dict[str, Any]) -> None:
    used = {keyword for node in nodes(schema) for keyword in node}
    assert used <= RULES | NOT_RULES


def test_a_document_broken_in_one_rule_alone_is_invalid(schema: dict[str, Any]) -> None:
    rules = list(rules_of(schema))
    assert {rule.pointer for rule in rules} == set(pointers(schema)), "every rule is reached"
    for rule in rules:
        assert is_valid(schema, rule.document)
        assert is_broken_alone(schema, rule), f"nothing breaks {rule.pointer} {rule.name} alone"


def is_broken_alone(schema: dict[str, Any], rule: Rule) -> bool:
    """Tell whether some document is invalid by `rule`, and valid without it."""
    without = lifted(schema, rule)
    return any(
        not is_valid(schema, document) and is_valid(without, document)
        for document in broken(rule, schema)
    )


def broken(rule: Rule, schema: dict[str, Any]) -> Iterator[Any]:
    """Yield documents that could break `rule` alone."""
    value = at(rule.document, rule.target)
    if rule.keyword == "required":
        yield replaced(
            rule.document, rule.target, {k: v for k, v in value.items() if k != rule.name}
        )
    elif rule.keyword == "additionalProperties" and at(schema, rule.pointer) is False:
        yield replaced(rule.document, rule.target, {**value, "no such key": []})
    else:
        for wrong in WRONG:
            yield replaced(rule.document, rule.target, wrong)


def lifted(schema: dict[str, Any], rule: Rule) -> dict[str, Any]:
    """Return `schema` without `rule`; listed values imply the type, so it goes with them."""
    result = copy.deepcopy(schema)
    holder = at(result, rule.pointer[:-1])
    if rule.keyword == "required":
        holder["required"].remove(rule.name)
        return result
    listed = {"enum", "const"} & holder.keys()
    for keyword in {*listed, "type"} if listed else {rule.keyword}:
        holder.pop(keyword, None)
    return result


def rules_of(schema: dict[str, Any]) -> Iterator[Rule]:
    """Yield every rule of `schema` once, with a valid document in which it counts."""
    seen: set[Path_] = set()
    pending: list[tuple[Path_, Path_, Any]] = [((), (), sample(schema, schema))]
    while pending:
        pointer, target, document = pending.pop()
        if pointer in seen:
            continue
        seen.add(pointer)
        node = at(schema, pointer)
        for keyword in RULES & node.keys():
            if keyword == "additionalProperties" and node[keyword] is not False:
                continue  # its members are separate rules
            names = node["required"] if keyword == "required" else [""]
            for name in names:
                yield Rule((*pointer, keyword), keyword, target, document, name)
        pending += below(schema, pointer, target, document)


def below(
    schema: dict[str, Any], pointer: Path_, target: Path_, document: Any
) -> Iterator[tuple[Path_, Path_, Any]]:
    node = at(schema, pointer)
    if "$ref" in node:
        yield referred(node), target, document
    for index, branch in enumerate(node.get("anyOf", ())):
        chosen = replaced(document, target, sample(branch, schema))
        yield (*pointer, "anyOf", index), target, chosen
    for name in node.get("properties", ()):
        yield (*pointer, "properties", name), (*target, name), document
    if isinstance(node.get("additionalProperties"), dict):
        yield (*pointer, "additionalProperties"), (*target, "key"), document
    if "items" in node:
        yield (*pointer, "items"), (*target, 0), document


def sample(node: dict[str, Any], schema: dict[str, Any]) -> Any:
    """Return a valid value for `node` with all known keys."""
    if "$ref" in node:
        return sample(at(schema, referred(node)), schema)
    for keyword in ("enum", "anyOf"):
        if keyword in node:
            first = node[keyword][0]
            return first if keyword == "enum" else sample(first, schema)
    if "const" in node:
        return node["const"]
    kind = node.get("type", "string")
    match kind if isinstance(kind, str) else kind[0]:
        case "object":
            value = {
                name: sample(each, schema) for name, each in node.get("properties", {}).items()
            }
            more = node.get("additionalProperties")
            return {**value, "key": sample(more, schema)} if isinstance(more, dict) else value
        case "array":
            return [sample(node["items"], schema)] if "items" in node else []
        case "boolean":
            return True
        case "null":
            return None
        case "string":
            return next(text for text in STRINGS if is_valid(node, text))
        case _:
            return 1


def pointers(schema: dict[str, Any]) -> Iterator[Path_]:
    """Yield the place of every rule in `schema`, whether or not a document reaches it."""
    for pointer in places(schema, ()):
        node = at(schema, pointer)
        for keyword in RULES & node.keys():
            if not (keyword == "additionalProperties" and node[keyword] is not False):
                yield (*pointer, keyword)


def places(node: dict[str, Any], pointer: Path_) -> Iterator[Path_]:
    yield pointer
    for keyword in ("properties", "$defs"):
        for name, inner in node.get(keyword, {}).items():
            yield from places(inner, (*pointer, keyword, name))
    for index, inner in enumerate(node.get("anyOf", ())):
        yield from places(inner, (*pointer, "anyOf", index))
    for keyword in ("items", "additionalProperties"):
        if isinstance(node.get(keyword), dict):
            yield from places(node[keyword], (*pointer, keyword))


def nodes(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    return (at(schema, pointer) for pointer in places(schema, ()))


def referred(node: dict[str, Any]) -> Path_:
    return tuple(node["$ref"].removeprefix("#/").split("/"))


def at(value: Any, path: Path_) -> Any:
    for step in path:
        value = value[step]
    return value


def replaced(document: Any, path: Path_, value: Any) -> Any:
    if not path:
        return value
    result = copy.deepcopy(document)
    at(result, path[:-1])[path[-1]] = value
    return result


@pytest.mark.parametrize("client", ["guide", "0.12.0", "0.24.4"])
def test_every_part_of_the_schema_is_found_at_its_path(client: str) -> None:
    schema = settings_schema_of(profile(client), load())
    pending: list[tuple[tuple[str | int, ...], Any]] = [((), schema)]
    found = 0
    while pending:
        path, node = pending.pop()
        named = [each for each in (node, *node.get("anyOf", ())) if "$ref" in each]
        for each in named[:1]:
            node = {**schema["$defs"][each["$ref"].removeprefix("#/$defs/")], **node}
        assert node_at(schema, path) == node, path
        found += 1
        if len(path) > 7:
            continue
        inner = [*node.get("properties", {}).items()]
        inner += [("any other", node.get("additionalProperties")), (3, node.get("items"))]
        pending += [((*path, step), each) for step, each in inner if isinstance(each, dict)]
    assert found > 100
    assert node_at(schema, ("none", "at", 0, "all")) == {}
