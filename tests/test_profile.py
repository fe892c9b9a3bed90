"""The differences between releases, as in "How Qwen Code reads settings"."""

from __future__ import annotations

import json
from typing import Any

import pytest

from qwenlock.clients.fields import GENERATION_FIELDS, MODEL_FIELDS, Field, is_of_kind, problem
from qwenlock.clients.profile import (
    _HISTORY,
    NEWEST,
    OLDEST,
    RELEASES,
    VERTEX_PROJECT,
    is_newer_than_known,
    profile,
    release_of,
)
from qwenlock.findings.errors import UsageError


def values(attribute: str) -> dict[str, Any]:
    return {release: getattr(profile(release), attribute) for release in ["guide", *RELEASES]}


def since(release: str) -> dict[str, bool]:
    """Return, for the guide and each release, whether it has a feature of `release`."""
    start = RELEASES.index(release)
    return {"guide": False} | {each: RELEASES.index(each) >= start for each in RELEASES}


def test_models_of_qwen_oauth() -> None:
    """`qwen-oauth` is fixed (`coder-model`; up to 0.10.1 also `vision-model`)."""
    found = values("oauth_models")
    assert found["0.10.1"] == ("coder-model", "vision-model")
    assert {found[release] for release in RELEASES[1:]} == {("coder-model",)}
    assert found["guide"][0] == "coder-model"


def test_default_model() -> None:
    """qwen3-coder-plus in 0.10.1 and by the guide, qwen3.5-plus in 0.12.0 and 0.15.10, …"""
    found = {name: dict(value)["openai"] for name, value in values("default_models").items()}
    assert found["guide"] == found["0.10.1"] == "qwen3-coder-plus"
    assert found["0.12.0"] == found["0.15.10"] == "qwen3.5-plus"
    assert found["0.24.4"] == "qwen3.7-max"


def test_identity_has_the_base_url_from_0_15_10() -> None:
    assert values("identity_has_url") == since("0.15.10")


def test_home_is_moved_by_a_variable_from_0_15_10() -> None:
    found = {name: value == "QWEN_HOME" for name, value in values("home_variable").items()}
    assert found == since("0.15.10")


def test_base_url_selects_from_0_21() -> None:
    assert values("selects_url") == since("0.21.2")


def test_settings_name_the_model_before_the_environment_from_0_15_6() -> None:
    found = {name: value[1] == "settings" for name, value in values("model_layers").items()}
    assert found == since("0.15.6")


def test_key_of_an_entry_is_sealed_and_one_by_flag_is_refused_up_to_0_12() -> None:
    for attribute in ("key_is_sealed", "refuses_flag_key"):
        found = values(attribute)
        assert {name for name, value in found.items() if value} == {"0.10.1", "0.12.0"}


def test_proxy_of_the_settings_counts_from_0_15_10_and_by_the_guide() -> None:
    found = {name: "settings" in value for name, value in values("proxy_layers").items()}
    assert found == since("0.15.10") | {"guide": True}


def test_empty_variable_hides_others_up_to_0_21() -> None:
    found = {name: not value for name, value in values("empty_counts").items()}
    assert found == since("0.21.2") | {"guide": True}


def test_snapshots_are_stripped_and_entries_get_lower_base_urls_from_0_21() -> None:
    assert values("strips_snapshot") == since("0.21.2")
    found = {name: value is None for name, value in values("default_base_urls").items()}
    assert found == since("0.21.2") | {"guide": True}


def test_only_the_guide_replaces_providers_and_falls_back_to_qwen_oauth() -> None:
    assert [name for name, value in values("replaces_providers").items() if value] == ["guide"]
    assert [name for name, value in values("default_auth_type").items() if value] == ["guide"]
    assert [name for name, value in values("auth_type_signs").items() if not value] == ["guide"]


def test_env_key_is_required_up_to_0_12() -> None:
    found = {name: not value for name, value in values("env_key_required").items()}
    assert found == since("0.15.6")


@pytest.mark.parametrize(
    ("attribute", "release"),
    [
        ("refuses_oauth", "0.15.6"),
        ("first_without_credentials", "0.10.1"),
        ("base_url_required", "0.10.1"),
        ("enforces_auth_type", "0.10.1"),
        ("ignores_settings", "0.15.6"),
        ("reads_home_env_too", "0.21.2"),
        ("expands_home_env", "0.21.2"),
        ("application_default_credentials", "0.23.0"),
        ("placeholders", "0.23.1"),
        ("wire_apis", "0.24.2"),
        ("legacy_auth_types", "0.24.2"),
        ("reads_bom", "0.24.4"),
    ],
)
def test_what_came_with_a_release(attribute: str, release: str) -> None:
    assert {name: bool(value) for name, value in values(attribute).items()} == since(release)


def test_folders_on_no_list_are_trusted_up_to_0_24_0() -> None:
    found = {name: not value for name, value in values("trusts_unlisted").items()}
    assert found == since("0.24.2")


def test_nearest_rule_of_trust_decides_from_0_23() -> None:
    assert values("trust_is_nearest") == since("0.23.0") | {"guide": True}


def test_vertex_project_chooses_an_auth_type_from_0_23() -> None:
    signs = values("auth_type_signs")
    chosen = {
        name: any(VERTEX_PROJECT in variables for _, variables in value)
        for name, value in signs.items()
    }
    assert chosen == since("0.23.0")
    with_qwen_model = {name: ("QWEN_MODEL" in str(value)) for name, value in signs.items()}
    assert with_qwen_model == since("0.21.2")


@pytest.mark.parametrize(
    ("auth_type", "wire_api", "protocol"),
    [
        ("openai", None, "openai"),
        ("openai", "chat-completions", "openai"),
        ("openai", "responses", "openai-responses"),
        ("openai-responses", None, "openai-responses"),
        ("openai-responses", "chat-completions", "openai"),
        ("anthropic", None, "anthropic"),
        ("anthropic", "responses", None),
        ("openai", "chat", None),
        ("openai", 1, None),
        ("openai", ["responses"], None),
    ],
)
def test_wire_api_makes_the_auth_type(auth_type: str, wire_api: Any, protocol: str | None) -> None:
    assert profile("0.24.4").protocol(auth_type, wire_api) == protocol
    assert profile("0.24.0").protocol(auth_type, wire_api) == auth_type


def test_history_is_in_order_and_names_releases_that_were_read() -> None:
    rows = [since for since, _ in _HISTORY]
    assert rows == sorted(rows, key=lambda row: [int(part) for part in row.split(".")])
    assert all(any(release.startswith(row) for release in RELEASES) for row in rows)


def test_openai_responses_is_an_auth_type_from_0_23_3() -> None:
    found = values("auth_types")
    known = {name: "openai-responses" in types for name, types in found.items()}
    assert known == since("0.23.3")
    assert found["guide"] == ("openai", "anthropic", "gemini", "vertex-ai", "qwen-oauth")


NEW_FIELDS = {
    "0.12.0": ["retryErrorCodes", "modalities"],
    "0.15.6": ["splitToolMedia"],
    "0.21.2": [
        *("retryInitialDelayMs", "retryMaxDelayMs", "forceGlobalCacheScope", "thinkingMandatory"),
        *("toolResultContentFormat", "fastOnly", "voiceOnly", "imageOnly"),
    ],
    "0.21.10": ["visionOnly", "cacheRetention", "cacheRetentionByBlock"],
    "0.23.0": ["streamIdleTimeoutMs", "supportsImageGeneration"],
    "0.23.4": ["enableRequestMetadata"],
    "0.24.2": ["wireApi", "realtimeOnly"],
}


@pytest.mark.parametrize(("release", "fields"), NEW_FIELDS.items())
def test_field_is_known_from_its_release_on(release: str, fields: list[str]) -> None:
    known = {field.name: field for field in (*GENERATION_FIELDS, *MODEL_FIELDS)}
    for name in fields:
        found = {each: profile(each).knows(known[name].since) for each in ["guide", *RELEASES]}
        assert found == since(release), name


def test_every_release_knows_the_fields_of_0_10_1() -> None:
    names = (
        "samplingParams timeout maxRetries enableCacheControl schemaCompliance reasoning "
        "contextWindowSize customHeaders extra_body"
    )
    assert [field.name for field in GENERATION_FIELDS if not field.since] == names.split()


def test_atomic_fields_are_the_three_of_the_guide() -> None:
    atomic = [field.name for field in GENERATION_FIELDS if field.atomic]
    assert atomic == ["samplingParams", "customHeaders", "extra_body"]


def test_release_newer_than_known_is_as_the_newest() -> None:
    newer = profile("0.99.0")
    assert newer.name == "0.99.0"
    assert newer.auth_types == profile(NEWEST).auth_types
    assert newer.default_models == profile(NEWEST).default_models
    assert is_newer_than_known("0.99.0")
    assert is_newer_than_known("1.0")
    assert not any(map(is_newer_than_known, ["guide", *RELEASES]))


@pytest.mark.parametrize(
    ("client", "release"),
    [
        ("0.24.4-preview.0", "0.24.4"),
        ("0.12.0-nightly.20260101.abc", "0.12.0"),
        ("v0.12.0-nightly.20260101.abc+build.5", "0.12.0"),
        ("0.15.10-1", "0.15.10"),
        ("0.15.10rc1", "0.15.10"),
        ("0.15.10.dev3", "0.15.10"),
        ("0.15.10", "0.15.10"),
    ],
)
def test_pre_release_is_taken_for_the_release_it_leads_to(client: str, release: str) -> None:
    assert release_of(client) == release
    assert profile(client) == profile(release)


def test_pre_release_of_a_release_to_come_is_newer_than_known() -> None:
    assert is_newer_than_known("0.99.0-nightly.20260101.abc")
    assert not is_newer_than_known(f"{NEWEST}-preview.0")


@pytest.mark.parametrize(
    "client", ["", "Guide", "latest", "0.x", "sk-abc", "\x00", "0.12-x-", "0.12.0-"]
)
def test_what_is_not_a_release_is_wrong_use(client: str) -> None:
    with pytest.raises(UsageError, match="is not a release") as caught:
        profile(client)
    assert caught.value.fix is not None


@pytest.mark.parametrize("client", ["0.10.0", "0.1", "0.8.2"])
def test_release_older_than_known_is_wrong_use(client: str) -> None:
    with pytest.raises(UsageError, match=OLDEST):
        profile(client)


@pytest.mark.parametrize(
    ("value", "kinds"),
    [
        (True, "boolean any"),
        (1, "integer number any"),
        (1.0, "integer number any"),
        (1.5, "number any"),
        ("x", "string any"),
        ([], "array any"),
        ({}, "object any"),
        (None, "any"),
    ],
)
def test_kind_of_a_json_value(value: Any, kinds: str) -> None:
    known = ("string", "boolean", "integer", "number", "object", "array", "any")
    assert " ".join(kind for kind in known if is_of_kind(value, kind)) in (
        kinds,
        " ".join(sorted(kinds.split(), key=known.index)),
    )


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        (Field("x", "integer", ""), "1", "must be an integer"),
        (Field("x", "string", ""), 1, "must be a string"),
        (Field("x", "number", "", minimum=0), -1, "must be at least 0"),
        (Field("x", "number", "", maximum=2), 2.5, "must be at most 2"),
        (Field("x", "number", "", minimum=0, maximum=2), 1.5, None),
        (Field("x", "string", "", values=("a", "b")), "c", 'must be "a" or "b"'),
        (Field("x", "string", "", values=("a", "b")), "b", None),
        (Field("x", "object", "", members="string"), {"a": 1}, "must hold only strings"),
        (Field("x", "object", "", members="string"), {"a": "1"}, None),
        (Field("x", "array", "", members="integer"), [1, "2"], "must hold only integers"),
        (Field("x", "any", ""), None, None),
    ],
)
def test_problem_is_described_without_the_value(field: Field, value: Any, said: str | None) -> None:
    assert problem(field, value) == said


def test_field_with_a_range_holds_numbers() -> None:
    for field in (*GENERATION_FIELDS, *MODEL_FIELDS):
        if field.minimum is not None or field.maximum is not None:
            assert field.kind in {"integer", "number"}, json.dumps(field.name)
