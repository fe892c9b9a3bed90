"""Model entries: what the client needs, knows, ignores and refuses, and where."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwenlock.compile.entries import canonical
from qwenlock.lock.values import MAX_DEPTH
from support import JSON, MODEL, codes, compiled, locked, models, source, strict, untimed


def said(entry: Any, auth_type: str = "openai", client: str = "guide") -> list[tuple[str, str]]:
    """Return the code and message of each finding, without those about the selection."""
    compilation = compiled(models(entry, auth_type=auth_type), client=client)
    return [
        (finding.code, finding.message)
        for finding in compilation.findings
        if not finding.code.startswith("QL6")
    ]


def told(entry: Any, auth_type: str = "openai", client: str = "guide") -> list[str]:
    return [code for code, _ in said(entry, auth_type, client)]


def text_at_findings(settings: Any) -> list[tuple[str, str]]:
    """Return, for each finding, its code and the text it points at."""
    text = json.dumps(settings, indent=1)
    lines = text.split("\n")
    found = []
    for finding in compiled(source(text)).findings:
        assert finding.place is not None
        line, column, width = finding.place.position()
        found.append((finding.code, lines[line - 1][column - 1 : column - 1 + width]))
    return found


def test_entry_with_all_fields_of_the_guide_has_no_finding() -> None:
    entry = {
        **MODEL,
        "name": "GPT-4o",
        "description": "a model",
        "capabilities": {"vision": True},
        "generationConfig": {
            "timeout": 60000,
            "maxRetries": 3,
            "enableCacheControl": True,
            "schemaCompliance": "auto",
            "contextWindowSize": 128000,
            "reasoning": False,
            "customHeaders": {"X-Client-Request-ID": "req-123"},
            "extra_body": {"enable_thinking": True, "service_tier": "priority"},
            "samplingParams": {
                "temperature": 0.2,
                "top_p": 0.8,
                "max_tokens": 4096,
                "presence_penalty": 0.1,
                "frequency_penalty": 0.1,
                "top_k": 40,
            },
        },
    }
    assert said(entry) == []


# What a model needs


@pytest.mark.parametrize("entry", [5, "x", None, [], True])
def test_model_must_be_an_object(entry: Any) -> None:
    assert told(entry) == ["QL205"]


@pytest.mark.parametrize("identity", [{}, {"id": ""}, {"id": None}])
def test_model_needs_an_id(identity: dict[str, Any]) -> None:
    assert told({"envKey": "K", **identity}) == ["QL206"]


@pytest.mark.parametrize("missing", [{}, {"envKey": ""}, {"envKey": None}])
def test_model_needs_an_env_key_up_to_0_12(missing: dict[str, Any]) -> None:
    assert told({"id": "x", **missing}) == ["QL207"]
    assert told({"id": "x", **missing}, client="0.12.0") == ["QL207"]
    assert told({"id": "x", **missing}, client="0.15.6") == []


@pytest.mark.parametrize(
    ("auth_type", "variable"),
    [("openai", "OPENAI_API_KEY"), ("vertex-ai", "GOOGLE_API_KEY"), ("gemini", "GEMINI_API_KEY")],
)
def test_model_without_env_key_falls_back_to_the_types_own(auth_type: str, variable: str) -> None:
    lock = locked(models({"id": "x"}, auth_type=auth_type), client="0.21.2")
    assert lock.models[0].env_key is None
    assert variable in [each.name for each in lock.environment]


@pytest.mark.parametrize(
    "pasted", ["sk-abcdefgh12345", "0a1b2c3d4e5f60718293a4b5c6d7e8f9", "my key", "1A", 5, [], True]
)
@pytest.mark.parametrize("client", ["guide", "0.21.2"])
def test_env_key_that_is_not_a_variable_name_is_an_error_that_does_not_show_it(
    pasted: Any, client: str
) -> None:
    ((code, message),) = said({"id": "x", "envKey": pasted}, client=client)
    assert code == "QL402"
    assert str(pasted) not in message


@pytest.mark.parametrize("field", ["id", "name", "description", "baseUrl"])
@pytest.mark.parametrize("value", [5, True, [], {}])
def test_field_of_the_wrong_type_is_an_error(field: str, value: Any) -> None:
    assert said({**MODEL, field: value}) == [("QL210", f"{field} must be a string")]


@pytest.mark.parametrize("field", ["capabilities", "generationConfig"])
@pytest.mark.parametrize("value", [5, True, [], "x"])
def test_object_of_the_wrong_type_is_an_error(field: str, value: Any) -> None:
    assert said({**MODEL, field: value}) == [("QL210", f"{field} must be an object")]


@pytest.mark.parametrize("field", ["name", "description", "capabilities", "generationConfig"])
def test_null_has_the_right_type(field: str) -> None:
    assert said({**MODEL, field: None}) == []


@pytest.mark.parametrize(
    ("fields", "auth_type"),
    [
        *(({"id": each}, "openai") for each in (None, "", 5, [])),
        *(({"envKey": each}, "openai") for each in ("1A", "$K", 5)),
        *(({"wireApi": each}, "openai") for each in ("chat", None, "$API")),
        ({"wireApi": "responses"}, "anthropic"),
        ({"name": 5}, "openai"),
        ({"capabilities": []}, "openai"),
    ],
)
def test_entry_with_an_error_is_left_out(fields: dict[str, Any], auth_type: str) -> None:
    for entries in ([{**MODEL, **fields}, MODEL], [MODEL, {**MODEL, **fields}]):
        found = compiled(models(*entries, auth_type=auth_type), client="0.24.4")
        assert [each.raw for each in found.entries] == [MODEL]
        assert found.lock is None


# What is unknown


def test_unknown_field_is_kept_with_a_warning_and_the_nearest_name() -> None:
    compilation = compiled(models({**MODEL, "baseURL": "x", "zzz": [1, None]}))
    findings = [each for each in compilation.findings if each.code == "QL212"]
    assert [each.fix for each in findings] == ['did you mean "baseUrl"?', None]
    assert compilation.lock is not None
    assert compilation.lock.models[0].fields == {"baseURL": "x", "zzz": [1, None]}


def test_unknown_option_is_kept_with_a_warning_and_the_nearest_name() -> None:
    compilation = compiled(models({**MODEL, "generationConfig": {"time_out": 1}}))
    (finding,) = [each for each in compilation.findings if each.code == "QL213"]
    assert finding.fix == 'did you mean "timeout"?'
    assert compilation.lock is not None
    assert compilation.lock.models[0].generation_config == {"time_out": 1}


@pytest.mark.parametrize(
    ("entry", "code", "release"),
    [
        ({"wireApi": "responses"}, "QL212", "0.24.2"),
        ({"generationConfig": {"modalities": {}}}, "QL213", "0.12.0"),
        ({"generationConfig": {"cacheRetention": "1h"}}, "QL213", "0.21.10"),
    ],
)
def test_field_of_a_later_release_is_a_note(entry: Any, code: str, release: str) -> None:
    for client in ("guide", "0.10.1"):
        compilation = compiled(models({**MODEL, **entry}), client=client)
        (finding,) = [each for each in compilation.findings if each.code == code]
        assert finding.level == "note"
        assert finding.message.endswith(f"is read from Qwen Code {release} on")
    assert told({**MODEL, **entry}, client=release) == []


# What is wrong with an option


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"timeout": "60s"}, "timeout must be a number"),
        ({"timeout": -1}, "timeout must be at least 0"),
        ({"maxRetries": 1.5}, "maxRetries must be an integer"),
        ({"contextWindowSize": 0}, "contextWindowSize must be at least 1"),
        ({"enableCacheControl": "yes"}, "enableCacheControl must be a boolean"),
        ({"schemaCompliance": "x"}, 'schemaCompliance must be "auto" or "openapi_30"'),
        ({"customHeaders": {"X": 1}}, "customHeaders must hold only strings"),
        ({"extra_body": []}, "extra_body must be an object"),
        ({"samplingParams": 5}, "samplingParams must be an object"),
        ({"samplingParams": {"temperature": 2.1}}, "temperature must be at most 2"),
        ({"samplingParams": {"top_p": "1"}}, "top_p must be a number"),
        ({"samplingParams": {"max_tokens": 0}}, "max_tokens must be at least 1"),
    ],
)
def test_option_that_the_api_does_not_accept_is_a_warning(config: Any, message: str) -> None:
    assert said({**MODEL, "generationConfig": config}) == [("QL211", message)]


def test_unknown_sampling_parameter_is_passed_on() -> None:
    assert said({**MODEL, "generationConfig": {"samplingParams": {"min_p": "any"}}}) == []


@pytest.mark.parametrize(
    ("auth_type", "codes_said"),
    [("openai", []), ("anthropic", ["QL214"]), ("gemini", ["QL214"]), ("vertex-ai", ["QL214"])],
)
def test_extra_body_is_for_openai_compatible_requests(
    auth_type: str, codes_said: list[str]
) -> None:
    entry = {"id": "x", "envKey": "K", "generationConfig": {"extra_body": {"a": 1}}}
    assert told(entry, auth_type) == codes_said


# Auth types


@pytest.mark.parametrize(
    ("auth_type", "fix"),
    [
        ("openai-custom", 'did you mean "openai"?'),
        ("Anthropic", 'did you mean "anthropic"?'),
        ("vertexai", 'did you mean "vertex-ai"?'),
        ("local", "use one of openai, anthropic, gemini, vertex-ai"),
        ("", "use one of openai, anthropic, gemini, vertex-ai"),
    ],
)
def test_unknown_auth_type_is_skipped_with_a_warning(auth_type: str, fix: str) -> None:
    compilation = compiled({"modelProviders": {auth_type: [MODEL], "gemini": [MODEL]}})
    assert codes(compilation) == ["QL202"]
    assert compilation.findings[0].fix == fix
    assert compilation.lock is not None
    assert [each.auth_type for each in compilation.lock.models] == ["gemini"]


def test_qwen_oauth_cannot_be_overridden() -> None:
    compilation = compiled({"modelProviders": {"qwen-oauth": [MODEL], "openai": [MODEL]}})
    assert codes(compilation) == ["QL203"]
    assert compilation.lock is not None
    assert len(compilation.lock.models) == 1


@pytest.mark.parametrize("value", [5, "x", {}, None, {"models": []}])
def test_provider_must_be_an_array(value: Any) -> None:
    assert codes(compiled({"$version": 4, "modelProviders": {"openai": value}})) == ["QL204"]


@pytest.mark.parametrize("value", [5, "x", [], None, True])
def test_model_providers_must_be_an_object(value: Any) -> None:
    assert codes(compiled({"$version": 4, "modelProviders": value})) == ["QL201"]


# Duplicates


SAME = {**MODEL, "baseUrl": "https://other/v1", "name": "second"}


@pytest.mark.parametrize(
    ("client", "kept"), [("guide", 1), ("0.15.6", 1), ("0.15.10", 2), ("0.24.4", 2)]
)
def test_identity_is_the_id_and_from_0_15_10_the_base_url_too(client: str, kept: int) -> None:
    compilation = compiled(models(MODEL, SAME, MODEL), client=client)
    assert compilation.lock is not None
    assert [each.name for each in compilation.lock.models] == [None, "second"][:kept]
    assert codes(compilation).count("QL209") == 3 - kept


def test_first_of_two_equal_ids_wins_and_both_places_are_named() -> None:
    first, second = '{"id": "a", "envKey": "K"}', '{"id": "a", "envKey": "L"}'
    text = f'{{"modelProviders": {{"openai": [\n{first},\n{second}]}}}}'
    compilation = compiled(source(text))
    (finding,) = [each for each in compilation.findings if each.code == "QL209"]
    assert (
        finding.message == 'duplicate model "a": the first, on line 2, wins and this one is ignored'
    )
    assert finding.place is not None
    assert finding.place.position() == (3, 8, 3)
    assert "it is sent to the API" in str(finding.fix)
    assert compilation.lock is not None
    assert compilation.lock.models[0].env_key == "K"


def test_same_id_under_two_auth_types_is_not_a_duplicate() -> None:
    settings = {"modelProviders": {"openai": [MODEL], "gemini": [MODEL]}}
    assert "QL209" not in codes(compiled(settings))


def test_duplicate_that_cannot_be_used_hides_nothing() -> None:
    compilation = compiled(models({**MODEL, "name": 5}, MODEL))
    assert codes(compilation)[0] == "QL210"
    assert "QL209" not in codes(compilation)


# Credentials


@pytest.mark.parametrize(
    "entry",
    [
        {"id": "sk-abcdefgh12345"},
        {"name": "uses AIzaSyabcdefgh"},
        {"baseUrl": "https://user:hunter2@host/v1"},
        {"baseUrl": "https://host/v1?api_key=hunter2"},
        {"apiKey": "hunter2"},
        {"apiKey": 12345678},
        {"token": ["hunter2"]},
        {"generationConfig": {"customHeaders": {"Authorization": "Bearer hunter2"}}},
        {"generationConfig": {"customHeaders": {"X-Api-Key": "hunter2"}}},
        {"generationConfig": {"extra_body": {"a": {"b": [{"password": "hunter2"}]}}}},
        {"generationConfig": {"extra_body": {"envKey": "sk-abcdefgh12345"}}},
        {"capabilities": {"sk-abcdefgh12345": True}},
        {"sk-abcdefgh12345": 1},
    ],
)
def test_literal_credential_in_a_model_is_an_error_that_asks_for_a_reference(entry: Any) -> None:
    compilation = compiled(models({**MODEL, **entry}))
    assert compilation.lock is None
    findings = [each for each in compilation.findings if each.code == "QL401"]
    assert len(findings) == 1
    for finding in compilation.findings:
        shown = f"{finding.message} {finding.fix}"
        assert "hunter2" not in shown
        assert "abcdefgh" not in shown
        assert "12345678" not in shown


@pytest.mark.parametrize(
    ("entry", "names"),
    [
        ({"generationConfig": {"customHeaders": {"Authorization": "Bearer $TOKEN"}}}, ["TOKEN"]),
        ({"baseUrl": "https://${HOST}/v1?key=$KEY"}, ["HOST", "KEY"]),
        ({"apiKey": "$A", "z": {"y": ["${B}", "$A"]}}, ["A", "B"]),
    ],
)
def test_reference_stays_and_is_listed_under_environment(entry: Any, names: list[str]) -> None:
    lock = locked(models({**MODEL, **entry}))
    used = [each.name for each in lock.environment if "openai/gpt-4o" in each.used_by]
    assert used == ["OPENAI_API_KEY", *names]


# What a request or a lock cannot hold


@pytest.mark.parametrize(
    ("number", "code"),
    [("9007199254740993", "QL108"), ("1e999", "QL110"), ("-1e999", "QL110"), ("1e22", None),
     ("18446744073709551616", None), ("9007199254740992", None)],
)  # fmt: skip
def test_number_that_javascript_cannot_hold_is_a_finding(number: str, code: str | None) -> None:
    text = f'{{"modelProviders":{{"gemini":[{{"id":"x","envKey":"K","zz":{number}}}]}}}}'
    found = [each for each in codes(compiled(source(text))) if each != "QL212"]
    assert found == ([] if code is None else [code])


def test_rounded_number_is_named() -> None:
    message = said({**MODEL, "seed": 2**53 + 1})[-1][1]
    assert message == "the client will read this number as 9007199254740992"
    assert said({**MODEL, "seed": 10**400})[-1][1].endswith("infinity")


@pytest.mark.parametrize(
    "text", ['{"id":"\\ud800"}', '{"name":"\\udc00"}', '{"x":{"\\ud83d":1}}', '{"\\ud800":1}']
)
def test_half_of_a_surrogate_pair_is_an_error(text: str) -> None:
    entry = text.replace("{", '{"envKey":"K",', 1)
    if '"id"' not in entry:
        entry = entry.replace("{", '{"id":"x",', 1)
    found = codes(compiled(source(f'{{"modelProviders":{{"gemini":[{entry}]}}}}')))
    assert "QL109" in found


def nested(levels: int, kind: type) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = {"a": value} if kind is dict else [value]
    return value


@pytest.mark.parametrize("kind", [dict, list])
def test_model_is_read_up_to_the_limit_of_nesting(kind: type) -> None:
    assert told({**MODEL, "zzz": nested(MAX_DEPTH - 1, kind)}) == ["QL212"]
    assert told({**MODEL, "zzz": nested(MAX_DEPTH, kind)}) == ["QL212", "QL104"]


# Places


@pytest.mark.parametrize(
    ("entry", "code", "shown"),
    [
        ({"id": "a", "envKey": "my key"}, "QL402", '"my key"'),
        ({"envKey": "K"}, "QL206", "{"),
        ({"id": "a"}, "QL207", "{"),
        ({"id": "a", "envKey": "K", "name": 5}, "QL210", "5"),
        ({"id": "a", "envKey": "K", "zzz": 5}, "QL212", '"zzz"'),
        ({"id": "a", "envKey": "K", "generationConfig": {"zzz": 5}}, "QL213", '"zzz"'),
        ({"id": "a", "envKey": "K", "generationConfig": {"timeout": "x"}}, "QL211", '"x"'),
        ({"id": "a", "envKey": "K", "token": "hunter2"}, "QL401", '"hunter2"'),
    ],
)
def test_finding_points_at_what_it_is_about(entry: Any, code: str, shown: str) -> None:
    assert (code, shown) in text_at_findings({"modelProviders": {"gemini": [entry]}})


def test_finding_about_a_later_entry_like_an_earlier_one_has_a_place_of_its_own() -> None:
    entry = {"envKey": "K", "generationConfig": {"zzz": 1, "timeout": "x"}}
    text = json.dumps(
        {"modelProviders": {"gemini": [{**entry, "id": name} for name in "abc"]}}, indent=1
    )
    places = [
        each.place.position().line
        for each in compiled(source(text)).findings
        if each.place is not None and each.code == "QL213"
    ]
    assert len(set(places)) == 3


# Canonical


@untimed(100)
@given(JSON)
def test_canonical_value_is_the_same_value_and_canonical(value: Any) -> None:
    once = canonical(value)
    assert strict(once) == strict(value)
    assert json.dumps(canonical(once)) == json.dumps(once)


@untimed(100)
@given(st.dictionaries(st.text(), JSON, max_size=5), st.randoms())
def test_canonical_value_does_not_depend_on_the_order_of_keys(
    value: dict[str, Any], random: Any
) -> None:
    shuffled = list(value.items())
    random.shuffle(shuffled)
    assert json.dumps(canonical(dict(shuffled))) == json.dumps(canonical(value))


@pytest.mark.parametrize("key", [{}, {"envKey": None}, {"envKey": ""}])
def test_a_model_without_a_variable_is_not_in_the_catalogue_of_the_guide(key: Any) -> None:
    there = {"$version": 4, "modelProviders": {"openai": [{"id": "a", **key}, MODEL]}}
    assert [entry.raw for entry in compiled(there).entries] == [MODEL]
    assert [entry.raw["id"] for entry in compiled(there, client="0.24.4").entries] == [
        "a",
        MODEL["id"],
    ]
