"""`qwenlock resolve`: every row of the guide's table, and properties of all combinations."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwenlock.clients.profile import profile
from qwenlock.lint.variables import missing, unset
from qwenlock.resolve.describe import described
from qwenlock.resolve.fields import Arguments
from qwenlock.resolve.resolution import Resolution, resolve
from qwenlock.settings.project import Project
from qwenlock.settings.variables import EnvFile, Variable
from qwenlock.text.record import replace
from support import MODEL, OPENAI, World, locked, models, source, untimed, write

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qwenlock.settings.scopes import Source

KEY = "hunter-2-of-a-test"
ENTRY = {
    "id": "entry",
    "envKey": "ENTRY_KEY",
    "baseUrl": "https://entry.example/v1",
    "generationConfig": {"timeout": 1},
}
PROVIDERS = {"modelProviders": {"openai": [ENTRY]}}


@pytest.fixture
def world(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_MODEL", "QWEN_MODEL", "ENTRY_KEY"):
        monkeypatch.delenv(name, raising=False)
    return world


def resolved(
    *sources: Source | dict[str, Any],
    client: str = "guide",
    variables: Mapping[str, str] | None = None,
    **arguments: str,
) -> Resolution:
    given = [each if not isinstance(each, dict) else source(each) for each in sources]
    return resolve(given, variables or {}, profile(client), Arguments(**arguments))


def winner(resolution: Resolution, name: str) -> tuple[str, Any] | None:
    candidates = resolution.fields[name].candidates
    return (candidates[0].layer, candidates[0].value) if candidates else None


def layers(resolution: Resolution, name: str) -> list[str]:
    return [each.layer for each in resolution.fields[name].candidates]


# The guide's table


def test_auth_type_comes_from_the_flag_or_the_settings_or_is_qwen_oauth() -> None:
    anthropic = {"security": {"auth": {"selectedType": "anthropic"}}}
    assert winner(resolved(), "authType") == ("default", "qwen-oauth")
    assert winner(resolved(anthropic), "authType") == ("settings", "anthropic")
    flag = resolved(anthropic, auth_type="openai")
    assert layers(flag, "authType") == ["cli", "settings", "default"]
    assert flag.auth_type == "openai"


@pytest.mark.parametrize(
    ("auth_type", "variable"),
    [
        ("openai", "OPENAI_MODEL"),
        ("openai", "QWEN_MODEL"),
        ("anthropic", "ANTHROPIC_MODEL"),
        ("gemini", "GEMINI_MODEL"),
        ("vertex-ai", "GOOGLE_MODEL"),
    ],
)
def test_model_of_a_variable_beats_the_settings_and_a_flag_beats_both(
    auth_type: str, variable: str
) -> None:
    settings = {"model": {"name": "of-settings"}}
    variables = {variable: "of-env"}
    found = resolved(settings, variables=variables, auth_type=auth_type)
    assert winner(found, "model") == ("env", "of-env")
    found = resolved(settings, variables=variables, auth_type=auth_type, model="of-flag")
    assert layers(found, "model")[:3] == ["cli", "env", "settings"]


@pytest.mark.parametrize(
    ("auth_type", "variable"),
    [
        ("openai", "OPENAI_API_KEY"),
        ("anthropic", "ANTHROPIC_API_KEY"),
        ("gemini", "GEMINI_API_KEY"),
        ("vertex-ai", "GOOGLE_API_KEY"),
    ],
)
def test_key_of_each_layer(auth_type: str, variable: str) -> None:
    settings = {"security": {"auth": {"apiKey": KEY}}}
    found = resolved(settings, variables={variable: "e"}, auth_type=auth_type, api_key="f")
    assert layers(found, "apiKey") == ["cli", "env", "settings"]
    assert winner(resolved(settings, auth_type=auth_type), "apiKey") == ("settings", KEY)


@pytest.mark.parametrize(
    ("auth_type", "variable"),
    [("openai", "OPENAI_BASE_URL"), ("anthropic", "ANTHROPIC_BASE_URL"), ("gemini", None)],
)
def test_base_url_of_each_layer(auth_type: str, variable: str | None) -> None:
    settings = {"security": {"auth": {"baseUrl": "s"}}}
    variables = {variable: "e"} if variable else {"OPENAI_BASE_URL": "not its own"}
    found = resolved(settings, variables=variables, auth_type=auth_type, base_url="f")
    assert layers(found, "baseUrl") == ["cli", *(["env"] if variable else []), "settings"]


def test_entry_beats_every_other_layer() -> None:
    settings = {
        **PROVIDERS,
        "model": {"name": "entry", "generationConfig": {"timeout": 2, "maxRetries": 3}},
        "security": {"auth": {"selectedType": "openai", "apiKey": "s", "baseUrl": "s"}},
    }
    variables = {
        "ENTRY_KEY": KEY,
        **dict.fromkeys(["OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_MODEL"], "e"),
    }
    found = resolved(settings, variables=variables, api_key="f", base_url="f")
    assert found.kind == "provider"
    assert winner(found, "model") == ("provider", "entry")
    assert winner(found, "apiKey") == ("provider", KEY)
    assert winner(found, "baseUrl") == ("provider", ENTRY["baseUrl"])
    assert winner(found, "apiKeyEnvKey") == ("provider", "ENTRY_KEY")
    assert winner(found, "timeout") == ("provider", 1)
    assert winner(found, "maxRetries") == ("provider", None)
    for name in ("apiKey", "baseUrl"):
        assert layers(found, name) == ["provider", "cli", "env", "settings"]
    assert layers(found, "maxRetries") == ["provider", "settings"]


@pytest.mark.parametrize(
    ("client", "order"),
    [("guide", ["cli", "settings", "env"]), ("0.12.0", ["cli", "env"])],
)
def test_proxy(client: str, order: list[str]) -> None:
    settings = {"proxy": "http://settings"}
    variables = {"http_proxy": "http://third", "https_proxy": "http://second"}
    found = resolved(settings, client=client, variables=variables, proxy="http://flag")
    assert list(dict.fromkeys(layers(found, "proxy"))) == order
    of_env = [each.value for each in found.fields["proxy"].candidates if each.layer == "env"]
    assert of_env == ["http://second", "http://third"]


def test_default_models() -> None:
    assert winner(resolved(OPENAI), "model") == ("default", "qwen3-coder-plus")
    anthropic = {"modelProviders": {"anthropic": [ENTRY]}}
    found = resolved(anthropic, auth_type="anthropic")
    assert winner(found, "model") == ("provider", "entry")
    assert layers(found, "model") == ["provider", "default"]
    assert winner(resolved(auth_type="gemini"), "model") is None


def test_model_that_the_environment_names_can_be_an_entry() -> None:
    found = resolved(OPENAI | PROVIDERS, variables={"OPENAI_MODEL": "entry"})
    assert (found.kind, winner(found, "model")) == ("provider", ("provider", "entry"))


def test_flag_that_names_no_entry_makes_a_runtime_model_beside_a_selected_entry() -> None:
    found = resolved(OPENAI | PROVIDERS | {"model": {"name": "entry"}}, model="raw")
    assert (found.kind, winner(found, "model")) == ("runtime", ("cli", "raw"))


def test_built_in_models_are_fixed() -> None:
    settings = {"model": {"name": "my-model", "generationConfig": {"timeout": 1}}}
    found = resolved(settings)
    assert (found.kind, winner(found, "model")) == ("built-in", ("default", "coder-model"))
    assert layers(found, "model") == ["default", "settings"]
    assert winner(found, "timeout") == ("provider", None)
    assert winner(resolved(settings, model="vision-model"), "model") == ("cli", "vision-model")


def test_empty_value_counts_as_not_set() -> None:
    settings = OPENAI | {"model": {"name": " "}}
    found = resolved(settings, variables={"OPENAI_MODEL": "  "}, model="", api_key=" ")
    assert winner(found, "model") == ("default", "qwen3-coder-plus")
    assert winner(found, "apiKey") is None


def test_invalid_value_of_a_higher_scope_hides_that_of_a_lower_one() -> None:
    lower = source({"model": {"name": "lower"}})
    for value in ({"model": {"name": 5}}, {"model": {"name": ""}}, {"model": "flat"}):
        higher = source({"$version": 4, **value}, "project")
        assert winner(resolved(lower, higher, auth_type="openai"), "model") == (
            "default",
            "qwen3-coder-plus",
        )


# Options


def test_atomic_objects_are_not_merged_with_those_of_lower_layers() -> None:
    config = {name: {"b": 2} for name in ("samplingParams", "customHeaders", "extra_body")}
    entry = {**ENTRY, "generationConfig": {name: {"a": 1} for name in config}}
    settings = {
        "modelProviders": {"openai": [entry]},
        "model": {"name": "entry", "generationConfig": config},
    }
    found = resolved(settings, auth_type="openai")
    for name in config:
        assert found.fields[name].value == {"a": 1}


def test_scopes_are_merged_in_the_settings_layer_and_every_place_is_named() -> None:
    def config(**options: Any) -> dict[str, Any]:
        return {"model": {"generationConfig": options}}

    lower = source(config(samplingParams={"temperature": 1}, timeout=1))
    higher = source(config(samplingParams={"top_p": 1}, timeout=2), "project")
    said = described(resolved(lower, higher, auth_type="openai"), {})["fields"]
    assert said["samplingParams"]["value"] == {"temperature": 1, "top_p": 1}
    assert said["samplingParams"]["source"] == "project.json:1, user.json:1"
    assert said["timeout"]["value"] == 2
    assert [each["source"] for each in said["timeout"]["overrides"]] == ["user.json:1"]


def test_option_that_the_guide_does_not_name_counts_by_the_guide_and_for_who_knows_it() -> None:
    settings = OPENAI | {"model": {"generationConfig": {"modalities": {"image": True}}}}
    assert resolved(settings).fields["modalities"].value == {"image": True}
    assert resolved(settings, client="0.12.0").fields["modalities"].value == {"image": True}
    assert "modalities" not in resolved(settings, client="0.10.1").fields


def test_timeout_of_a_variable_is_for_runtime_models_of_later_releases() -> None:
    settings = OPENAI | {"model": {"name": "raw", "generationConfig": {"timeout": 1}}}
    variables = {"QWEN_CODE_API_TIMEOUT_MS": " 5000 "}
    found = resolved(settings, client="0.15.6", variables=variables)
    assert winner(found, "timeout") == ("env", 5000)
    for client in ("guide", "0.12.0"):
        found = resolved(settings, client=client, variables=variables)
        assert winner(found, "timeout") == ("settings", 1)
    found = resolved(settings | PROVIDERS, client="0.24.4", variables=variables, model="entry")
    assert winner(found, "timeout") == ("provider", 1)
    for text in ("5s", "٣", "9" * 5000):
        no_number = resolved(
            settings, client="0.24.4", variables={"QWEN_CODE_API_TIMEOUT_MS": text}
        )
        assert winner(no_number, "timeout") == ("settings", 1)


@pytest.mark.parametrize("scope", ["provider", "settings"])
@pytest.mark.parametrize("inner", [{}, []])
def test_option_that_is_nested_too_deeply_is_refused(
    world: World, scope: str, inner: dict[str, Any] | list[Any]
) -> None:
    for _ in range(490):
        inner = {"a": inner} if isinstance(inner, dict) else [inner]
    config = {"generationConfig": {"reasoning": inner}}
    entry = {**ENTRY, **(config if scope == "provider" else {})}
    settings = {"modelProviders": {"openai": [entry]}, "model": {"name": "entry", **config}}
    if scope == "settings":
        settings["model"]["name"] = "raw"
    write(world.user, OPENAI | settings)
    result = world.run("resolve")
    assert result.exit_code == 3
    assert "QL104" in result.err


# Snapshots


def test_snapshot_has_the_id_of_the_guide() -> None:
    found = resolved(
        auth_type="openai", model="my-custom-model", api_key=KEY, base_url="https://api.example.com"
    )
    assert found.snapshot == "$runtime|openai|my-custom-model"


@pytest.mark.parametrize("lacking", ["api_key", "base_url"])
def test_no_snapshot_without_key_or_base_url(lacking: str) -> None:
    arguments = {"model": "m", "api_key": KEY, "base_url": "https://api.example.com"}
    del arguments[lacking]
    found = resolved(auth_type="openai", **arguments)
    assert found.snapshot is None
    assert found.missing == ({"api_key": "apiKey", "base_url": "baseUrl"}[lacking],)


def test_no_snapshot_of_an_entry() -> None:
    found = resolved(OPENAI | PROVIDERS, variables={"ENTRY_KEY": KEY}, model="entry")
    assert (found.snapshot, found.missing) == (None, ())


def test_later_releases_persist_the_id_of_a_snapshot() -> None:
    settings = OPENAI | {"model": {"name": "$runtime|openai|mine"}}
    later = resolved(settings, client="0.21.2")
    assert described(later, {})["fields"]["model"]["value"] == "mine"
    assert later.fields["model"].value == "mine"
    assert resolved(settings, client="0.15.10").fields["model"].value == "$runtime|openai|mine"


# Releases


def test_release_takes_the_auth_type_from_the_variables() -> None:
    openai = {"OPENAI_API_KEY": KEY, "OPENAI_MODEL": "m", "OPENAI_BASE_URL": "u"}
    gemini = {"GEMINI_API_KEY": KEY, "GEMINI_MODEL": "m"}
    assert resolved(client="0.12.0", variables=openai | gemini).auth_type == "openai"
    assert resolved(client="0.12.0", variables=gemini).auth_type == "gemini"
    oauth = openai | {"QWEN_OAUTH": "1"}
    assert resolved(client="0.12.0", variables=oauth).auth_type == "qwen-oauth"
    assert resolved(variables=openai).auth_type == "qwen-oauth"
    assert resolved(client="0.12.0").kind is None
    other = {"OPENAI_API_KEY": KEY, "QWEN_MODEL": "m", "OPENAI_BASE_URL": "u"}
    assert resolved(client="0.15.10", variables=other).auth_type is None
    assert resolved(client="0.21.2", variables=other).auth_type == "openai"


def test_release_merges_the_providers_of_scopes() -> None:
    lower = source(OPENAI | PROVIDERS | {"model": {"name": "entry"}})
    higher = source({"modelProviders": {"anthropic": []}}, "project")
    assert resolved(lower, higher).kind == "runtime"
    assert resolved(lower, higher, client="0.24.4").kind == "provider"


def test_custom_provider_gives_entries_where_the_client_maps_it() -> None:
    settings = OPENAI | {
        "modelProviders": {"mine": [ENTRY], "openai": [{**ENTRY, "id": "second"}]},
        "providerProtocol": {"mine": "openai"},
    }
    assert resolved(settings, client="0.24.4", model="entry").kind == "provider"
    assert resolved(settings, client="0.24.4", model="second").kind == "provider"
    assert resolved(settings, model="entry").kind == "runtime"


def test_empty_variable_hides_that_of_a_file_from_older_releases(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = OPENAI | {"env": {"OPENAI_MODEL": "in-settings", "OPENAI_BASE_URL": "in-settings"}}
    write(world.user, settings)
    write(world.project / ".env", "OPENAI_BASE_URL=\n")
    monkeypatch.setenv("OPENAI_MODEL", "")

    def found(client: str) -> tuple[str | None, ...]:
        output = world.run("resolve", "--client", client, "--format", "json").out
        fields = json.loads(output)["fields"]
        return tuple(fields[name]["value"] for name in ("model", "baseUrl"))

    for client in ("guide", "0.24.4"):
        assert found(client) == ("in-settings", "in-settings")
    usual = "https://dashscope.aliyuncs.com/compatible-mode/v1"
    assert found("0.15.10") == ("qwen3.5-plus", usual)


def test_base_url_selects_where_the_settings_name_the_model() -> None:
    second = {**ENTRY, "baseUrl": "https://second.example/v1"}
    settings = OPENAI | {
        "modelProviders": {"openai": [ENTRY, second]},
        "model": {"name": "entry", "baseUrl": second["baseUrl"]},
    }
    assert resolved(settings, client="0.24.4").fields["baseUrl"].value == second["baseUrl"]
    by_flag = resolved(settings, client="0.24.4", model="entry")
    assert by_flag.fields["baseUrl"].value == ENTRY["baseUrl"]
    assert resolved(settings).fields["baseUrl"].value == ENTRY["baseUrl"]


def test_entry_without_base_url_takes_a_lower_layers_by_the_guide_and_from_0_21() -> None:
    entry = {"id": "entry", "envKey": "ENTRY_KEY"}
    settings = OPENAI | {"modelProviders": {"openai": [entry]}, "model": {"name": "entry"}}
    variables = {"OPENAI_BASE_URL": "https://env.example/v1"}
    for client in ("guide", "0.21.2"):
        found = resolved(settings, client=client, variables=variables)
        assert winner(found, "baseUrl") == ("env", "https://env.example/v1")
    found = resolved(settings, client="0.15.10", variables=variables)
    assert winner(found, "baseUrl") == ("provider", "https://api.openai.com/v1")


def test_unknown_selected_auth_type_is_noted() -> None:
    said = described(resolved({"security": {"auth": {"selectedType": "opnai"}}}), {})
    assert said["kind"] is None
    assert said["fields"]["model"]["value"] is None
    assert said["notes"] == ['"opnai" is not an auth type: the client cannot start']


# Any combination

NAMES = st.sampled_from(["entry", "other", "raw"])
MAYBE_NAME = st.none() | NAMES
URLS = {layer: f"https://{layer}.example/v1" for layer in ("cli", "env", "settings")}
OPTIONS = st.dictionaries(
    st.sampled_from(["timeout", "maxRetries", "samplingParams"]), st.integers(1, 9), max_size=3
)


@given(
    models=st.fixed_dictionaries(dict.fromkeys(["cli", "env", "settings"], MAYBE_NAME)),
    keys=st.sets(st.sampled_from(["cli", "env", "settings", "provider"])),
    urls=st.sets(st.sampled_from(["cli", "env", "settings", "provider"])),
    own=OPTIONS,
    below=OPTIONS,
    has_entries=st.booleans(),
)
@untimed(200)
def test_highest_layer_that_says_something_wins(
    models: dict[str, str | None],
    keys: set[str],
    urls: set[str],
    own: dict[str, Any],
    below: dict[str, Any],
    has_entries: bool,
) -> None:
    planted = {layer: f"{KEY}-{layer}" for layer in keys}
    entry = {"envKey": "ENTRY_KEY", "generationConfig": own}
    if "provider" in urls:
        entry["baseUrl"] = ENTRY["baseUrl"]
    ids = ["entry", "other"] if has_entries else []
    auth = {"selectedType": "openai"}
    auth |= {"apiKey": planted["settings"]} if "settings" in keys else {}
    auth |= {"baseUrl": URLS["settings"]} if "settings" in urls else {}
    settings = {
        "modelProviders": {"openai": [{"id": name, **entry} for name in ids]},
        "model": {"name": models["settings"], "generationConfig": below},
        "security": {"auth": auth},
    }
    variables = {
        "OPENAI_MODEL": models["env"] or "",
        "OPENAI_API_KEY": planted.get("env", ""),
        "ENTRY_KEY": planted.get("provider", ""),
        "OPENAI_BASE_URL": URLS["env"] if "env" in urls else "",
    }
    arguments = Arguments(
        model=models["cli"],
        api_key=planted.get("cli"),
        base_url=URLS["cli"] if "cli" in urls else None,
    )
    found = resolve([source(settings)], variables, profile(), arguments)

    asked = models["cli"] or models["settings"]
    said = [(layer, models[layer]) for layer in ("cli", "env", "settings") if models[layer]]
    model = (said or [("default", "qwen3-coder-plus")])[0]
    selected = next((name for name in (asked, model[1]) if name in ids), None)
    is_entry = selected is not None
    assert found.kind == ("provider" if is_entry else "runtime")
    assert winner(found, "model") == (("provider", selected) if is_entry else model)
    order = (["provider"] if is_entry else []) + ["cli", "env", "settings"]
    first = next((layer for layer in order if layer in keys), None)
    assert winner(found, "apiKey") == ((first, planted[first]) if first else None)
    first = next((layer for layer in order if layer in urls), None)
    all_urls = {**URLS, "provider": ENTRY["baseUrl"]}
    assert winner(found, "baseUrl") == ((first, all_urls[first]) if first else None)
    for name in ("timeout", "maxRetries", "samplingParams"):
        assert found.fields[name].value == (own if is_entry else below).get(name)
    assert (found.snapshot is not None) == (
        not is_entry and found.missing == () and bool(keys & set(order)) and bool(urls & set(order))
    )
    shown = json.dumps(described(found, {name: Variable(variables[name]) for name in variables}))
    assert KEY not in shown


# What is shown


def test_references_are_shown_as_written_and_count_as_set() -> None:
    settings = OPENAI | {
        "security": {
            "auth": {"selectedType": "openai", "apiKey": "$MY_KEY", "baseUrl": "https://$HOST/v1"}
        }
    }
    there = {"MY_KEY": Variable(KEY), "HOST": Variable("host.example")}
    found = resolved(settings, variables={name: each.value for name, each in there.items()})
    assert found.fields["apiKey"].value == KEY
    assert found.fields["baseUrl"].value == "https://host.example/v1"
    assert described(found, there)["fields"]["baseUrl"]["value"] == "https://$HOST/v1"


@pytest.mark.parametrize(
    "settings",
    [
        {"model": {"name": f"m-{KEY}"}},
        {"model": {"generationConfig": {"customHeaders": {"X-Other": KEY}}}},
        {"model": {"generationConfig": {"extra_body": {"inner": [{KEY: KEY}]}}}},
        {"model": {"generationConfig": {"extra_body": {"api_key": 12345678}}}},
        {"model": {"generationConfig": {"token": "hunter", "apiKey": "hunter", "model": KEY}}},
        {"model": {"generationConfig": {KEY: 1}}},
        {"proxy": "http://user:hunter@host:1"},
        {"security": {"auth": {"baseUrl": "https://host/?api_key=12345678"}}},
    ],
)
def test_key_is_masked_wherever_it_stands(settings: dict[str, Any]) -> None:
    there = {"OPENAI_API_KEY": Variable(KEY)}
    found = resolved(settings, variables={"OPENAI_API_KEY": KEY}, auth_type="openai")
    said = json.dumps(described(found, there))
    assert not [secret for secret in (KEY, "12345678", "hunter") if secret in said]


def test_key_that_is_pasted_where_a_variable_belongs_is_masked() -> None:
    entry = {**ENTRY, "envKey": "hunter2hunter2hunter2hunter2"}
    settings = OPENAI | {"modelProviders": {"openai": [entry]}, "model": {"name": "entry"}}
    said = described(resolved(settings), {})
    assert said["fields"]["apiKeyEnvKey"]["value"] == "***"
    assert "hunter" not in json.dumps(said)


@pytest.mark.parametrize("output", ["text", "json"])
def test_key_by_flag_or_input_is_not_shown(
    world: World, monkeypatch: pytest.MonkeyPatch, output: str
) -> None:
    write(world.user, OPENAI)
    arguments = ["resolve", "--format", output, "--openaiBaseUrl", "https://host.example/v1"]
    by_flag = world.run(*arguments, "--openaiApiKey", KEY)
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{KEY}\n"))
    by_input = world.run(*arguments, "--openai-api-key", "-")
    assert by_flag == by_input
    assert by_flag.exit_code == 0
    assert "$runtime|openai|qwen3-coder-plus" in by_flag.out
    assert KEY not in by_flag.out + by_flag.err


def test_document_has_the_shape_that_is_promised(world: World) -> None:
    write(world.user, OPENAI | PROVIDERS | {"model": {"name": "entry"}})
    document = json.loads(world.run("resolve", "--format", "json").out)
    assert {"schema-version", "kind", "snapshot", "fields"} <= set(document)
    for field in document["fields"].values():
        assert set(field) == {"value", "layer", "source", "overrides"}
        for other in field["overrides"]:
            assert set(other) == {"value", "layer", "source"}


@pytest.mark.parametrize("client", ["0.12.0", "0.24.4"])
def test_every_other_place_that_sets_the_variable_in_use_is_shown(
    world: World, monkeypatch: pytest.MonkeyPatch, client: str
) -> None:
    url = "https://{}.example/v1"
    at_home = {"env": {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": url.format("settings")}}
    text = json.dumps(OPENAI | at_home | {"model": {"name": "m"}})
    write(world.user, text.replace('"OPENAI_API_KEY":', '"OPENAI_API_KEY":\n'))
    write(world.project / ".env", f"OPENAI_API_KEY={KEY}-2\nOPENAI_BASE_URL={url.format('file')}\n")
    monkeypatch.setenv("OPENAI_API_KEY", f"{KEY}-3")
    monkeypatch.setenv("OPENAI_BASE_URL", url.format("shell"))
    done = world.run("resolve", "--format", "json", "--client", client)
    assert KEY not in done.out
    fields = json.loads(done.out)["fields"]
    assert [each["value"] for each in (fields["baseUrl"], *fields["baseUrl"]["overrides"])][:3] == [
        url.format(place) for place in ("shell", "file", "settings")
    ]
    in_file, in_settings = (each["source"] for each in fields["apiKey"]["overrides"])
    assert in_file.partition(":")[0] == "OPENAI_API_KEY in .env"
    assert in_settings == "OPENAI_API_KEY in ~/.qwen/settings.json:1"


def test_what_lost_is_masked_as_what_won_is(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = MODEL | {"envKey": "ENTRY_WORD", "baseUrl": "https://a.example/v1"}
    write(world.own, OPENAI | models(entry) | {"model": {"name": entry["id"]}})
    write(world.project / ".env", "ENTRY_WORD=in-a-file\n")
    monkeypatch.setenv("ENTRY_WORD", "in-the-shell")
    asked = ("resolve", "--format", "json", "--client", "0.24.4")
    fields = json.loads(world.run(*asked).out)["fields"]
    assert [each["value"] for each in fields["apiKey"]["overrides"]] == ["***"]
    assert "in-a" not in json.dumps(fields)
    write(world.own, OPENAI | {"model": {"name": "m"}})
    url = "https://user:{}@a.example/v1"
    write(world.project / ".env", f"OPENAI_BASE_URL={url.format('hunter2')}\nOPENAI_API_KEY=k\n")
    monkeypatch.setenv("OPENAI_BASE_URL", url.format("hunter3"))
    fields = json.loads(world.run(*asked).out)["fields"]
    lost = fields["baseUrl"]["overrides"][0]["value"]
    assert lost == fields["baseUrl"]["value"]
    assert "hunter" not in lost


def test_settings_and_env_file_of_an_untrusted_project_do_not_count(world: World) -> None:
    write(world.own, OPENAI)
    write(world.project / ".env", f"OPENAI_API_KEY={KEY}\n")
    trusted = json.loads(world.run("resolve", "--format", "json").out)
    assert trusted["fields"]["apiKey"]["source"] == "OPENAI_API_KEY in .env"
    untrusted = json.loads(world.run("resolve", "--untrusted", "--format", "json").out)
    assert untrusted["fields"]["authType"]["layer"] == "default"
    flagged = world.run("resolve", "--untrusted", "--auth-type", "openai", "--format", "json")
    assert json.loads(flagged.out)["fields"]["apiKey"]["value"] is None


# Models that nothing names, and the API of a model


def test_first_entry_is_used_where_nothing_but_entries_gives_a_key_or_an_endpoint() -> None:
    named = OPENAI | PROVIDERS | {"model": {"name": "router"}}
    first = resolved(named, client="0.24.4", variables={"ENTRY_KEY": KEY})
    assert (first.kind, first.is_first) == ("provider", True)
    assert first.fields["model"].value == "entry"
    assert "router" in [each.value for each in first.fields["model"].candidates]
    (note,) = described(first, {"ENTRY_KEY": Variable(KEY)})["notes"]
    assert 'no openai entry defines "router"' in note
    for variable in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        made = resolved(named, client="0.24.4", variables={variable: "https://a.example"})
        assert (made.kind, made.is_first) == ("runtime", False)
        assert made.fields["model"].value == "router"
    assert resolved(named, client="0.24.4", api_key=KEY).kind == "runtime"
    assert resolved(named).kind == "runtime"


def test_flag_of_an_entry_keeps_it_from_being_the_first() -> None:
    flagged = {**ENTRY, "id": "speech", "voiceOnly": True}
    settings = OPENAI | {"modelProviders": {"openai": [flagged, ENTRY]}, "model": {"name": "x"}}
    assert resolved(settings, client="0.24.4").fields["model"].value == "entry"
    assert resolved(settings, client="0.23.3").fields["model"].value == "speech"


def test_api_distinguishes_two_entries_with_one_id() -> None:
    other = {**ENTRY, "envKey": "OTHER_KEY", "wireApi": "responses"}
    settings = {"modelProviders": {"openai": [ENTRY, other]}, "model": {"name": "entry"}}
    chat = resolved(OPENAI | settings, client="0.24.4")
    assert chat.fields["apiKeyEnvKey"].value == "ENTRY_KEY"
    responses = {"security": {"auth": {"selectedType": "openai-responses"}}}
    wired = resolved(responses | settings, client="0.24.4")
    assert wired.fields["apiKeyEnvKey"].value == "OTHER_KEY"
    alone = OPENAI | settings | {"modelProviders": {"openai": [other]}}
    assert resolved(alone, client="0.24.4").fields["apiKeyEnvKey"].value == "OTHER_KEY"
    assert resolved(alone, client="0.23.3").fields["apiKeyEnvKey"].value == "OTHER_KEY"


def test_default_endpoint_is_named_and_differs_for_entries_and_runtime_models() -> None:
    named = OPENAI | {"model": {"name": "m"}}
    key = {"OPENAI_API_KEY": KEY}
    runtime = resolved(named, client="0.24.4", variables=key)
    dashscope = "https://dashscope.aliyuncs.com/compatible-mode/v1"
    assert winner(runtime, "baseUrl") == ("default", dashscope)
    assert (runtime.snapshot, runtime.missing) == (None, ("baseUrl",))
    entry = {"modelProviders": {"openai": [{"id": "m", "envKey": "OPENAI_API_KEY"}]}}
    own = resolved(named | entry, client="0.24.4", variables=key)
    assert winner(own, "baseUrl") == ("default", "https://api.openai.com/v1")
    assert winner(resolved(named, variables=key), "baseUrl") is None


# `$NAME` in settings


BY_NAME = {"modelProviders": {"openai": [{"id": "m", "envKey": "$WHICH"}]}, **OPENAI}


@pytest.mark.parametrize(
    ("client", "at", "counts"),
    [
        ("0.12.0", "home", False),
        ("0.15.10", "home", False),
        ("0.24.4", "home", True),
        ("0.24.4", "project", False),
    ],
)
def test_settings_are_read_before_a_project_s_env_file(client: str, at: Any, counts: bool) -> None:
    file = EnvFile(Path(".qwen/.env"), ".env", at, "WHICH=ENTRY_KEY\nENTRY_KEY=of-file\n")
    here = Project(client=profile(client), sources=(source(BY_NAME),), env_files=(file,))
    found = resolve(here.sources, here.values(), here.client, filling=here.filling())
    assert here.values()["WHICH"] == "ENTRY_KEY"
    assert found.fields["apiKey"].value == ("of-file" if counts else None)


def env_file(path: str, at: Any, text: str | None) -> EnvFile:
    return EnvFile(Path(path), path, at, text)


ENV_FILES = (
    env_file("project/.qwen/.env", "project", None),
    env_file("project/.env", "project", "A=project\nB=project\nE=\n"),
    env_file("above/.env", "above", "A=above\nABOVE=above\n"),
    env_file("home/.qwen/.env", "home", "A=home-qwen\nC=home-qwen\nE=home-qwen\n"),
    env_file("home/.env", "home", "A=home\nC=home\nD=home\n"),
    env_file("beyond/.env", "above", "A=beyond\nBEYOND=beyond\n"),
)


@pytest.mark.parametrize(
    ("client", "values"),
    [
        ("0.15.10", {"A": "project", "B": "project", "F": "settings"}),
        (
            "0.24.4",
            {"A": "project", "B": "project", "C": "home-qwen", "D": "home", "E": "home-qwen",
             "F": "settings"},
        ),
    ],
)  # fmt: skip
def test_env_files_that_a_client_reads_the_strongest_first(
    client: str, values: dict[str, str]
) -> None:
    given = source({"env": dict.fromkeys("ABCDEF", "settings")})
    here = Project(client=profile(client), sources=(given,), env_files=ENV_FILES)
    expected = dict.fromkeys("ABCDEF", "settings") | values
    if client == "0.15.10":
        del expected["E"]  # set to nothing, which hides what settings say
    assert here.values() == expected
    without_project = replace(here, env_files=ENV_FILES[2:])
    assert without_project.values()["A"] == "above"
    assert replace(here, environment={"A": "set"}).values() == expected | {"A": "set"}


@pytest.mark.parametrize(
    ("settings", "counts"),
    [
        ({}, {"OTHER"}),
        ({"excludedEnvVars": ["OTHER"]}, {"DEBUG", "DEBUG_MODE"}),
        ({"excludedEnvVars": []}, {"DEBUG", "DEBUG_MODE", "OTHER"}),
        ({"excludedEnvVars": "OTHER"}, {"OTHER"}),
    ],
)
def test_variables_that_only_a_file_in_the_client_s_folder_may_set(
    settings: Any, counts: set[str]
) -> None:
    text = "DEBUG=1\nDEBUG_MODE=1\nOTHER=1\n"
    for path, expected in ((".env", counts), (".qwen/.env", {"DEBUG", "DEBUG_MODE", "OTHER"})):
        files = (env_file(path, "project", text),)
        here = Project(sources=(source({"advanced": settings}),), env_files=files)
        assert here.variables().keys() == expected
        assert {each for each in ("DEBUG", "OTHER") if here.definitions(each)} == expected - {
            "DEBUG_MODE"
        }


def test_the_environment_fills_in_settings_and_their_env() -> None:
    in_settings = source(BY_NAME | {"env": {"ENTRY_KEY": "$OTHER", "MORE": "${WHICH}${NOT_SET}"}})
    variables = {"WHICH": "ENTRY_KEY", "OTHER": KEY}
    here = Project(client=profile("0.24.4"), sources=(in_settings,), environment=variables)
    found = resolve(here.sources, here.values(), here.client, filling=here.filling())
    assert found.fields["apiKey"].value == KEY
    assert here.values()["MORE"] == "ENTRY_KEY${NOT_SET}"
    assert [each.value for each in here.definitions("ENTRY_KEY")] == [KEY]


@pytest.mark.parametrize(("client", "place"), [("0.15.10", ""), ("0.24.4", ", or in ~/.qwen/.env")])
def test_variable_that_does_not_count_in_settings_is_missing(client: str, place: str) -> None:
    entry = ENTRY | {"baseUrl": "https://$HOST/v1"}
    settings = {"modelProviders": {"openai": [entry]}, **OPENAI, "model": {"name": "entry"}}
    file = EnvFile(Path(".env"), ".env", "project", "HOST=x.example\nENTRY_KEY=of-file\n")
    here = Project(client=profile(client), sources=(source(settings),), env_files=(file,))
    lock = locked(source(settings), client=client)
    assert [each.name for each in missing(lock, here)] == ["HOST"]
    (finding,) = unset(lock, here)
    assert finding.message == (
        "HOST is set in .env, which does not count for $HOST in settings; used by openai/entry"
    )
    assert finding.fix == f"set HOST in the environment{place}"


def test_variable_of_settings_that_refers_to_one_that_is_not_set_is_missing() -> None:
    settings = PROVIDERS | OPENAI | {"env": {"ENTRY_KEY": "${OTHER}"}, "model": {"name": "entry"}}
    here = Project(client=profile("0.15.10"), sources=(source(settings),))
    lock = locked(source(settings), client="0.15.10")
    (finding,) = unset(lock, here)
    assert finding.message == (
        "ENTRY_KEY refers to OTHER, which is not set for it; used by openai/entry"
    )
    assert finding.fix == "set OTHER in the environment"
    assert missing(lock, replace(here, environment={"OTHER": KEY})) == []


def test_variable_that_a_file_in_utf_16_could_set_is_missing() -> None:
    settings = PROVIDERS | OPENAI | {"model": {"name": "entry"}}
    wide = "ENTRY_KEY=of-file\n".encode("utf-16").decode("latin-1")
    files = tuple(
        EnvFile(Path(name), name, "project", text)
        for name, text in ((".qwen/.env", "OTHER=1\n"), (".env", wide))
    )
    here = Project(client=profile("0.24.4"), sources=(source(settings),), env_files=files)
    (finding,) = unset(locked(source(settings), client="0.24.4"), here)
    assert finding.message == "ENTRY_KEY is not set; used by openai/entry"
    assert (finding.fix or "").startswith("save .env as UTF-8: nothing is read from it; ")


def test_key_in_the_place_of_the_name_of_its_variable_is_not_shown() -> None:
    here = Project(
        client=profile("0.24.4"), sources=(source(BY_NAME),), environment={"WHICH": "abcdef"}
    )
    found = resolve(here.sources, here.values(), here.client, filling=here.filling())
    document = described(found, here.variables())
    assert document["fields"]["apiKeyEnvKey"]["value"] == "$WHICH"
    assert "the variable that $WHICH names is not set: the client has no key" in document["notes"]
    assert "abcdef" not in json.dumps(document)


# Notes


def of_settings(key: str) -> dict[str, Any]:
    return {"security": {"auth": {"selectedType": "openai", "apiKey": key}}}


ELSEWHERE = "set in a place that does not count there"
FIRST = "nothing but entries gives a key or a base URL, so the client uses the first entry"
NAMED = {"model": {"name": "entry"}}
NOTES: list[tuple[dict[str, Any], str, dict[str, str], dict[str, str], list[str]]] = [
    ({}, "0.24.4", {}, {}, ["no auth type is selected: the client asks for a login"]),
    (
        {"security": {"auth": {"selectedType": "nope"}}}, "0.24.4", {}, {},
        ['"nope" is not an auth type: the client cannot start'],
    ),
    (OPENAI | PROVIDERS | NAMED, "guide", {"ENTRY_KEY": KEY}, {}, []),
    (
        OPENAI | PROVIDERS | NAMED, "guide", {}, {},
        ["ENTRY_KEY is not set: the client has no key"],
    ),
    (
        of_settings(KEY) | PROVIDERS | NAMED, "guide", {}, {},
        ["ENTRY_KEY is not set: another key is sent"],
    ),
    (
        of_settings("$LOST") | PROVIDERS | NAMED, "0.24.4", {}, {},
        [
            "ENTRY_KEY is not set: no key is sent",
            "security.auth.apiKey refers to LOST, which is not set",
        ],
    ),
    (
        of_settings("${LOST}") | {"model": {"name": "m"}}, "0.24.4", {"LOST": KEY}, {},
        [
            "security.auth.apiKey refers to LOST, which is " + ELSEWHERE,
        ],
    ),
    (
        OPENAI | PROVIDERS | {"model": {"name": "x"}}, "0.24.4", {"ENTRY_KEY": KEY}, {},
        [
            'no openai entry defines "x"; ' + FIRST,
        ],
    ),
    (OPENAI | {"model": {"name": "m"}}, "0.15.6", {}, {"api_key": KEY}, []),
    (OPENAI | {"model": {"name": "m"}}, "0.12.0", {"OPENAI_API_KEY": KEY}, {"api_key": KEY}, []),
    (
        OPENAI | {"model": {"name": "m"}}, "0.12.0", {}, {"api_key": KEY},
        ["Qwen Code 0.12.0 refuses a key given only by flag if there is no terminal"],
    ),
    (
        {"security": {"auth": {"selectedType": "gemini"}},
         "model": {"name": "m", "generationConfig": {"extra_body": {"a": 1}}}},
        "guide", {}, {},
        ["extra_body is not sent: gemini requests do not support it"],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("settings", "client", "variables", "flags", "notes"), NOTES)
def test_notes_explain_the_values(
    settings: dict[str, Any],
    client: str,
    variables: dict[str, str],
    flags: dict[str, str],
    notes: list[str],
) -> None:
    found = resolve([source(settings)], variables, profile(client), Arguments(**flags), filling={})
    given = {name: Variable(value) for name, value in variables.items()}
    assert described(found, given)["notes"] == notes
