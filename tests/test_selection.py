"""The selection, by the rows Settings and Default of the guide's "Resolution Layers"."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from qwenlock.clients.profile import NEWEST, profile
from qwenlock.compile.compiler import compile_lock
from qwenlock.enforce.other_model import with_selected
from qwenlock.findings.errors import UsageError
from qwenlock.lock.model import Selection
from qwenlock.lock.options import Options
from support import MODEL, OPENAI, codes, compiled, locked, models, source

OTHER = {**MODEL, "id": "b"}
CLAUDE = {"id": "claude-3-opus", "envKey": "ANTHROPIC_API_KEY"}


def chosen(settings: dict[str, Any], client: str = "guide") -> Selection:
    return locked(settings, client=client).selection


def said(settings: dict[str, Any], client: str = "guide") -> list[str]:
    return [code for code in codes(compiled(settings, client=client)) if code.startswith("QL6")]


# The auth type


def test_auth_type_falls_back_to_qwen_oauth() -> None:
    selection = chosen({})
    assert (selection.auth_type, selection.model, selection.kind, selection.source) == (
        "qwen-oauth",
        "coder-model",
        "built-in",
        "default",
    )


@pytest.mark.parametrize("nothing", ["", None, 5, {}])
def test_auth_type_that_says_nothing_is_the_default(nothing: Any) -> None:
    assert chosen({"security": {"auth": {"selectedType": nothing}}}).auth_type == "qwen-oauth"


@pytest.mark.parametrize("auth_type", ["openai", "anthropic", "gemini", "vertex-ai"])
def test_auth_type_of_the_settings_is_taken(auth_type: str) -> None:
    settings = {**models({"id": "m", "envKey": "K"}, auth_type=auth_type), "model": {"name": "m"}}
    selection = chosen(settings)
    assert (selection.auth_type, selection.model, selection.kind) == (auth_type, "m", "provider")


def test_auth_type_of_a_higher_scope_wins() -> None:
    user = {**models(CLAUDE, auth_type="anthropic"), "model": {"name": "claude-3-opus"}}
    project = {"security": {"auth": {"selectedType": "openai"}}, "model": {"name": "x"}}
    selection = locked(source(user), source(project, "project")).selection
    assert (selection.auth_type, selection.source) == ("openai", "project")


@pytest.mark.parametrize(
    ("auth_type", "fix"),
    [("opena", 'did you mean "openai"?'), ("x", "use one of openai, anthropic, gemini")],
)
def test_unknown_auth_type_is_an_error(auth_type: str, fix: str) -> None:
    compilation = compiled({"security": {"auth": {"selectedType": auth_type}}})
    assert compilation.lock is None
    assert codes(compilation) == ["QL601"]
    assert fix in str(compilation.findings[0].fix)


def test_variables_decide_an_auth_type_and_which_endpoint_is_meant() -> None:
    first = {"id": "m", "envKey": "A", "baseUrl": "https://first.example/v1"}
    second = first | {"baseUrl": "https://second.example/v1"}
    settings = {"$version": 4, "modelProviders": {"openai": [first, second]}}
    by_type = settings | {"security": {"auth": {"selectedType": "${TYPE}"}}, "model": {"name": "m"}}
    assert said(by_type, "0.24.4") == []
    selection = chosen(by_type, "0.24.4")
    assert (selection.auth_type, selection.model, selection.kind) == (None, "m", "undecided")
    for url, kind in (("$URL", "undecided"), (second["baseUrl"], "provider")):
        model = {"model": {"name": "m", "baseUrl": url}}
        openai = settings | {"security": {"auth": {"selectedType": "openai"}}} | model
        assert chosen(openai, "0.24.4").kind == kind
        assert chosen(openai, "0.15.10").kind == "provider"


@pytest.mark.parametrize(
    ("name", "ids"), [("$X", ["a", "m"]), ("m", ["a", "${X}"]), ("lab/m", ["lab/${X}"])]
)
def test_variables_decide_which_entry_a_name_means(name: str, ids: list[str]) -> None:
    entries = [{"id": each, "envKey": "K", "baseUrl": "https://a.example/v1"} for each in ids]
    auth = {"selectedType": "openai", "apiKey": "$KEY"}
    settings = models(*entries) | {"model": {"name": name}, "security": {"auth": auth}}
    compilation = compiled(settings, client="0.24.4")
    assert compilation.selection.kind == "undecided"
    (finding,) = [each for each in compilation.findings if each.code == "QL603"]
    assert finding.message == f'variables decide which openai model "{name}" is'
    assert finding.severity == "note"
    assert compilation.lock is not None
    needed = {each.name for each in compilation.lock.environment}
    assert ("X" in needed) == ("X" in f"{name}{ids}")
    assert chosen(settings | {"model": {"name": ids[0]}}, "0.24.4").kind == "provider"


@pytest.mark.parametrize(
    ("entry", "more"),
    [
        ({"envKey": "$WHICH"}, {}),
        ({"envKey": "${WHICH}_KEY"}, {}),
        ({"envKey": "K", "wireApi": "$WHICH"}, {}),
        ({"envKey": "K"}, {"providerProtocol": {"openai": "openai", "lab": "$WHICH"}}),
    ],
)
def test_lock_does_not_depend_on_a_variable_that_decides_a_route(
    entry: dict[str, str], more: dict[str, Any]
) -> None:
    settings = models({"id": "m", **entry}) | {"model": {"name": "m"}} | more
    settings["modelProviders"]["lab"] = [{"id": "lab", "envKey": "K"}]
    compilation = compiled(settings, client="0.24.4")
    assert compilation.lock is None
    (finding,) = [each for each in compilation.findings if each.code == "QL226"]
    assert "variable" in finding.message


def test_openai_responses_can_be_selected_where_the_client_knows_it() -> None:
    entry = {"id": "m", "envKey": "K"}
    settings = {**models(entry, auth_type="openai-responses"), "model": {"name": "m"}}
    assert chosen(settings, "0.23.3").kind == "provider"
    assert compiled(settings, client="0.23.1").lock is None


# qwen-oauth


@pytest.mark.parametrize(
    ("client", "name", "model", "warnings"),
    [
        ("guide", "vision-model", "vision-model", []),
        ("0.10.1", "vision-model", "vision-model", []),
        ("0.12.0", "vision-model", "coder-model", ["QL605"]),
        ("guide", "gpt-4o", "coder-model", ["QL605"]),
        ("guide", "", "coder-model", []),
    ],
)
def test_qwen_oauth_has_only_its_built_in_models(
    client: str, name: str, model: str, warnings: list[str]
) -> None:
    settings = {"security": {"auth": {"selectedType": "qwen-oauth"}}, "model": {"name": name}}
    assert chosen(settings, client).model == model
    assert said(settings, client) == warnings


# The model


def test_model_of_the_settings_is_taken() -> None:
    selection = chosen({**models(MODEL, OTHER), "model": {"name": "b"}})
    assert selection == Selection(auth_type="openai", model="b", kind="provider", source="user")


def test_built_in_default_of_openai_is_taken_even_where_there_are_entries() -> None:
    selection = chosen(models(MODEL))
    assert (selection.model, selection.kind) == ("qwen3-coder-plus", "runtime")
    assert selection.source == "default"
    assert said(models(MODEL)) == ["QL603"]


def test_built_in_default_that_an_entry_defines_is_a_provider_model() -> None:
    selection = chosen(models(MODEL, {**MODEL, "id": "qwen3-coder-plus"}))
    assert (selection.model, selection.kind) == ("qwen3-coder-plus", "provider")


@pytest.mark.parametrize("auth_type", ["anthropic", "gemini", "vertex-ai"])
def test_other_types_take_their_first_entry(auth_type: str) -> None:
    selection = chosen(models(CLAUDE, OTHER, auth_type=auth_type))
    assert (selection.model, selection.kind) == ("claude-3-opus", "provider")


@pytest.mark.parametrize("auth_type", ["anthropic", "gemini", "vertex-ai"])
def test_type_without_entries_and_default_has_no_model(auth_type: str) -> None:
    settings = {"security": {"auth": {"selectedType": auth_type}}}
    assert chosen(settings).model is None
    assert said(settings) == ["QL602", "QL604"]


def test_selected_type_without_entries_is_reported() -> None:
    assert said(OPENAI) == ["QL602"]
    assert said(models()) == ["QL602"]


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        ([{"id": "m", "envKey": "K", "wireApi": "chat"}], "QL222"),
        ({"models": [{"id": "m", "envKey": "K"}]}, "QL204"),
    ],
)
def test_models_that_cannot_be_used_are_reported_once(entry: Any, code: str) -> None:
    settings = {**OPENAI, "$version": 4, "model": {"name": "m"}}
    settings |= {"modelProviders": {"openai": entry}}
    assert codes(compiled(settings, client="0.24.4")) == [code]


# Runtime models


def test_model_that_no_entry_defines_is_a_runtime_model_with_what_the_layers_give() -> None:
    config = {"timeout": 30000, "samplingParams": {"temperature": 0.5, "max_tokens": 1000}}
    settings = {
        **models(MODEL),
        "model": {"name": "mine", "generationConfig": config},
        "security": {
            "auth": {
                "selectedType": "openai",
                "apiKey": "$MY_KEY",
                "baseUrl": "https://api.example.com/v1",
            }
        },
    }
    lock = locked(settings)
    assert lock.selection == Selection(
        auth_type="openai",
        model="mine",
        kind="runtime",
        source="user",
        base_url="https://api.example.com/v1",
        env_key="MY_KEY",
        generation_config=config,
    )
    assert ("MY_KEY", ("selection",)) in [(each.name, each.used_by) for each in lock.environment]


def test_impermeable_layer_keeps_the_settings_out_of_a_provider_model() -> None:
    """The guide's example: model.generationConfig does not apply to a provider model."""
    settings = {
        **models(MODEL),
        "model": {"name": "gpt-4o", "generationConfig": {"timeout": 30000}},
    }
    lock = locked(settings)
    assert lock.selection.generation_config is None
    assert lock == locked({**models(MODEL), "model": {"name": "gpt-4o"}})


@pytest.mark.parametrize(
    ("auth_type", "variable"),
    [
        ("openai", "OPENAI_API_KEY"),
        ("anthropic", "ANTHROPIC_API_KEY"),
        ("gemini", "GEMINI_API_KEY"),
        ("vertex-ai", "GOOGLE_API_KEY"),
    ],
)
def test_runtime_model_takes_its_key_from_the_types_own_variable(
    auth_type: str, variable: str
) -> None:
    settings = {"security": {"auth": {"selectedType": auth_type}}, "model": {"name": "m"}}
    lock = locked(settings)
    assert lock.selection.env_key == variable
    assert [each.name for each in lock.environment] == [variable]


def test_literal_key_in_settings_needs_no_variable_and_stays_out_of_the_lock() -> None:
    settings = {
        "security": {"auth": {"selectedType": "openai", "apiKey": "hunter2-hunter2"}},
        "model": {"name": "m"},
    }
    lock = locked(settings)
    assert lock.environment == ()
    assert "hunter2" not in repr(lock)


def test_generation_configs_of_scopes_merge_for_a_runtime_model() -> None:
    user = {**OPENAI, "model": {"name": "m", "generationConfig": {"timeout": 1, "maxRetries": 2}}}
    project = {"model": {"generationConfig": {"timeout": 3}}}
    lock = locked(source(user), source(project, "project"))
    assert lock.selection.generation_config == {"maxRetries": 2, "timeout": 3}
    assert lock.selection.source == "user"


def test_empty_generation_config_counts_as_missing() -> None:
    settings = {**OPENAI, "model": {"name": "m", "generationConfig": {}}}
    assert chosen(settings) == chosen({**OPENAI, "model": {"name": "m"}})


@pytest.mark.parametrize(
    ("name", "fix"),
    [("gpt-4", 'did you mean "gpt-4o"?'), ("zzz", 'select an entry, such as "gpt-4o"')],
)
def test_selected_model_that_no_entry_defines_is_reported(name: str, fix: str) -> None:
    compilation = compiled({**models(MODEL, OTHER), "model": {"name": name}})
    (finding,) = [each for each in compilation.findings if each.code == "QL603"]
    assert finding.fix == fix
    assert "renam" not in finding.message + finding.fix


# The base URL


TWO = models({**MODEL, "baseUrl": "https://one/v1"}, {**MODEL, "baseUrl": "https://two/v1"})


@pytest.mark.parametrize(
    ("client", "url", "selected"),
    [
        ("guide", "https://two/v1", None),
        ("0.15.6", "https://two/v1", None),
        ("0.15.10", "https://two/v1", "https://one/v1"),
        ("0.21.2", "https://two/v1", "https://two/v1"),
        ("0.21.2", "https://one/v1", "https://one/v1"),
        ("0.21.2", "", "https://one/v1"),
        ("0.21.2", "https://nowhere/v1", "https://one/v1"),
    ],
)
def test_base_url_chooses_between_entries_of_one_id_from_0_21(
    client: str, url: str, selected: str | None
) -> None:
    settings = {**TWO, "model": {"name": "gpt-4o", "baseUrl": url}}
    lock = locked(settings, client=client)
    assert lock.selection.base_url == selected
    assert len(lock.models) == (1 if selected is None else 2)


def test_base_url_is_not_recorded_where_the_id_is_enough() -> None:
    settings = {**models(MODEL), "model": {"name": "gpt-4o", "baseUrl": MODEL["baseUrl"]}}
    assert chosen(settings, "0.21.2").base_url is None


# Decisions that releases leave to variables

RELEASES = ("0.10.1", "0.12.0", "0.15.10", "0.21.2", "0.24.4")


@pytest.mark.parametrize("client", RELEASES)
def test_nothing_selected_is_undecided(client: str) -> None:
    assert chosen({}, client) == Selection(kind="undecided")
    settings = {"modelProviders": {"openai": [MODEL]}}
    assert chosen(settings, client) == Selection(kind="undecided")
    (finding,) = compiled(settings, client=client).findings
    assert (finding.code, finding.level) == ("QL611", "warning")
    assert finding.fix == "run `qwenlock select gpt-4o`, unless variables are meant to decide"


def test_nothing_selected_or_defined_has_no_finding() -> None:
    assert compiled({}, client="0.24.4").findings == ()


@pytest.mark.parametrize("client", RELEASES)
@pytest.mark.parametrize("auth_type", ["openai", "anthropic", "gemini", "vertex-ai"])
def test_auth_type_without_a_model_is_undecided(client: str, auth_type: str) -> None:
    settings = models(MODEL, auth_type=auth_type)
    selection = chosen(settings, client)
    assert (selection.auth_type, selection.model, selection.kind) == (auth_type, None, "undecided")
    assert said(settings, client) == ["QL604"]


@pytest.mark.parametrize("client", RELEASES)
def test_name_that_no_entry_defines_is_undecided_where_an_entry_could_be_taken(client: str) -> None:
    settings = {**models(MODEL), "model": {"name": "router"}}
    selection = chosen(settings, client)
    assert (selection.model, selection.kind) == ("router", "undecided")
    assert selection.source == "user"
    assert said(settings, client) == ["QL603"]


@pytest.mark.parametrize("client", RELEASES)
@pytest.mark.parametrize("given", [{"apiKey": "$MY_KEY"}, {"baseUrl": "https://a.example/v1"}])
def test_key_or_endpoint_in_settings_makes_it_a_runtime_model(client: str, given: Any) -> None:
    settings = {**models(MODEL), "model": {"name": "router"}}
    settings["security"] = {"auth": {"selectedType": "openai", **given}}
    assert chosen(settings, client).kind == "runtime"


@pytest.mark.parametrize("client", RELEASES)
def test_name_without_entries_is_a_runtime_model(client: str) -> None:
    selection = chosen({**OPENAI, "model": {"name": "router"}}, client)
    assert (selection.model, selection.kind) == ("router", "runtime")


@pytest.mark.parametrize(
    ("client", "flag", "kind"),
    [
        ("0.15.10", "imageOnly", "undecided"),
        ("0.21.2", "imageOnly", "runtime"),
        ("0.21.2", "voiceOnly", "undecided"),
        ("0.23.4", "voiceOnly", "runtime"),
        ("0.24.2", "realtimeOnly", "runtime"),
    ],
)
def test_entry_that_cannot_be_selected_is_not_taken(client: str, flag: str, kind: str) -> None:
    settings = {**models({**MODEL, flag: True}), "model": {"name": "router"}}
    assert chosen(settings, client).kind == kind


def test_snapshot_stands_for_the_model_in_it() -> None:
    for model in ("gpt-4o", "a|b"):
        named = {"model": {"name": f"$runtime|openai|$runtime|x|{model}"}}
        settings = {**models(MODEL | {"id": model}), **named}
        assert chosen(settings, "0.21.2").model == model
        assert chosen(settings, "0.15.10").kind == "undecided"


# wireApi

CHAT = {**MODEL, "baseUrl": "https://one/v1"}
RESPONSES = {**CHAT, "wireApi": "responses"}


@pytest.mark.parametrize(
    ("entries", "auth_type", "url", "wire_api", "base_url"),
    [
        ([CHAT, RESPONSES], "openai", None, None, "https://one/v1"),
        ([RESPONSES, CHAT], "openai", None, None, "https://one/v1"),
        ([CHAT, RESPONSES], "openai-responses", None, "responses", "https://one/v1"),
        ([RESPONSES], "openai", None, "responses", None),
        ([RESPONSES], "openai-responses", None, "responses", None),
        ([{**CHAT, "wireApi": "chat-completions"}], "openai-responses", None, "chat-completions",
         None),
        ([CHAT, {**RESPONSES, "baseUrl": "https://two/v1"}], "openai", "https://two/v1",
         "responses", "https://two/v1"),
        ([{"id": "gpt-4o", "envKey": "K", "wireApi": "responses"}, CHAT], "openai", "",
         "responses", ""),
    ],
)  # fmt: skip
def test_api_of_an_entry_is_part_of_the_selection(
    entries: list[Any], auth_type: str, url: str | None, wire_api: str | None, base_url: str | None
) -> None:
    name = {"name": "gpt-4o", **({} if url is None else {"baseUrl": url})}
    settings = {
        "modelProviders": {"openai": entries},
        "security": {"auth": {"selectedType": auth_type}},
        "model": name,
    }
    lock = locked(settings, client="0.24.4")
    assert len(lock.models) == len(entries)
    selection = lock.selection
    assert (selection.kind, selection.auth_type) == ("provider", auth_type)
    assert (selection.wire_api, selection.base_url) == (wire_api, base_url)
    assert [lock.selects(model) for model in lock.models].count(True) == 1


def test_api_of_an_entry_is_an_ordinary_field_for_earlier_releases() -> None:
    settings = {**models(RESPONSES), "model": {"name": "gpt-4o"}}
    lock = locked(settings, client="0.24.0")
    assert lock.selection.wire_api is None
    assert lock.models[0].fields == {"wireApi": "responses"}


# enforcedType


def test_enforced_type_is_recorded() -> None:
    auth = {"selectedType": "openai", "enforcedType": "anthropic"}
    settings = {**models(MODEL), "security": {"auth": auth}, "model": {"name": "gpt-4o"}}
    assert chosen(settings).enforced_type == "anthropic"


# Its source


@pytest.mark.parametrize(
    ("user", "project", "scope"),
    [
        ({"model": {"name": "gpt-4o"}}, {}, "user"),
        ({"model": {"name": "b"}}, {"model": {"name": "gpt-4o"}}, "project"),
        ({"model": {"name": "gpt-4o"}}, {"model": {"name": ""}}, "default"),
        ({}, {}, "default"),
    ],
)
def test_source_is_the_scope_that_chose(user: Any, project: Any, scope: str) -> None:
    lock = locked(source({**models(MODEL), **user}), source(project, "project"))
    assert lock.selection.source == scope


# Credentials


@pytest.mark.parametrize(
    "settings",
    [
        {**OPENAI, "model": {"name": "sk-abcdefgh12345"}},
        {**models(MODEL), "model": {"name": "sk-abcdefgh12345"}},
        {"model": {"name": "sk-abcdefgh12345"}},
        {"security": {"auth": {"selectedType": "sk-abcdefgh12345"}}},
        {"security": {"auth": {"selectedType": "openai", "baseUrl": "https://sk-abcdefgh12345@h"}}},
        {**OPENAI, "model": {"name": "m", "generationConfig": {"x": ["sk-abcdefgh12345"]}}},
        models({**MODEL, "id": "sk-abcdefgh12345"}, {**MODEL, "id": "sk-abcdefgh12345"}),
    ],
)
def test_no_finding_about_a_selection_shows_a_key(settings: dict[str, Any]) -> None:
    compilation = compiled(settings)
    assert compilation.findings
    for finding in compilation.findings:
        assert "abcdefgh" not in f"{finding.message} {finding.fix}"
    assert "abcdefgh" not in repr(compilation.lock)


def test_where_users_settings_are_left_out_they_are_not_overruled_by_advice() -> None:
    settings = [source({"modelProviders": {"openai": [MODEL]}}, "project")]
    for user, words in ((None, "qwenlock select gpt-4o"), (False, "if all users should have")):
        compilation = compile_lock(settings, (), profile(NEWEST), Options(user=user))
        (finding,) = [each for each in compilation.findings if each.code == "QL611"]
        assert words in str(finding.fix)


def test_run_with_a_model_that_the_lock_cannot_select_is_refused() -> None:
    one, both = MODEL | {"id": "one"}, MODEL | {"id": "both"}
    settings = models(one, both)
    settings["modelProviders"]["gemini"] = [both, MODEL | {"id": "other"}]
    free = locked(settings, client="0.24.4")
    settings["security"]["auth"]["enforcedType"] = "openai"
    enforced = locked(settings, client="0.24.4")
    refusals = [
        (free, "ones", "the lock has no model 'ones'", 'did you mean "one"?'),
        (free, "x", "the lock has no model 'x'", "run `qwenlock show` to list the models"),
        (
            free, "both", "both is defined for openai and gemini",
            "write openai/both or gemini/both",
        ),
        (
            enforced, "other", "the settings allow only models of openai",
            "select one of them, or change security.auth.enforcedType",
        ),
    ]  # fmt: skip
    for lock, name, message, fix in refusals:
        with pytest.raises(UsageError) as error:
            with_selected(lock, name)
        assert (error.value.message, error.value.fix) == (message, fix)
    assert with_selected(free, "gemini/both").selection.auth_type == "gemini"
    assert with_selected(enforced, "one").selection.enforced_type == "openai"


def test_run_with_the_locked_id_keeps_the_locked_endpoint() -> None:
    first, second = f"{MODEL['baseUrl']}/1", f"{MODEL['baseUrl']}/2"
    entries = [{**MODEL, "baseUrl": url} for url in (first, second)]
    other = {**MODEL, "id": "other", "baseUrl": first}
    responses = {**other, "id": "of-responses", "wireApi": "responses"}
    settings = models(*entries, other, responses) | {
        "model": {"name": MODEL["id"], "baseUrl": second}
    }
    lock = locked(settings, client="0.24.4")
    assert lock.selection.base_url == second
    for name in (MODEL["id"], f"openai/{MODEL['id']}"):
        assert with_selected(lock, name) == lock
    elsewhere = with_selected(lock, "other")
    expected = Selection(auth_type="openai", model="other", kind="provider")
    assert elsewhere == replace(lock, selection=expected)
    assert with_selected(elsewhere, MODEL["id"]).selection.base_url == first
    with_api = replace(expected, model="of-responses", wire_api="responses")
    assert with_selected(lock, "of-responses").selection == with_api
    older = locked(settings | {"model": {"name": "other"}}, client="0.15.10")
    assert with_selected(older, MODEL["id"]).selection == replace(expected, model=MODEL["id"])
