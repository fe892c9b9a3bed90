"""Other models: fast, vision, fallback and the like, resolved as each release does."""

from __future__ import annotations

from typing import Any

import pytest

from qwenlock.lock.diff import diff
from qwenlock.lock.model import OtherModel
from qwenlock.lock.text import load
from support import codes, compiled, dump, locked

NEW = "0.24.4"


def entry(name: str, url: str = "https://one.example/v1", **more: Any) -> dict[str, Any]:
    return {"id": name, "envKey": "MY_KEY", "baseUrl": url, **more}


def settings(*entries: Any, others: Any, **providers: Any) -> dict[str, Any]:
    return {
        "modelProviders": {"openai": [entry("main"), *entries], **providers},
        "security": {"auth": {"selectedType": "openai"}},
        "model": {"name": "main"},
        **others,
    }


def resolved(given: dict[str, Any], client: str = NEW) -> list[tuple[str, str | None]]:
    lock = locked(given, client=client)
    return [
        (each.role, f"{each.auth_type}/{each.model}" if each.model else None)
        for each in lock.other_models
    ]


@pytest.mark.parametrize(
    ("others", "client", "roles"),
    [
        ({"fastModel": "small"}, "guide", []),
        ({"fastModel": "small"}, "0.12.0", []),
        ({"fastModel": "small"}, "0.15.6", ["fast"]),
        ({"visionModel": "small"}, "0.15.10", []),
        ({"visionModel": "small"}, "0.21.2", ["vision"]),
        ({"compactionModel": "small"}, "0.21.2", []),
        ({"compactionModel": "small"}, "0.21.10", ["compaction"]),
        ({"advisorModel": "small"}, "0.21.10", []),
        ({"advisorModel": "small"}, "0.23.0", ["advisor"]),
        ({"modelFallbacks": "small,main"}, "0.21.2", ["fallback", "fallback"]),
    ],
)
def test_a_release_has_the_models_that_it_reads(others: Any, client: str, roles: list[str]) -> None:
    assert [role for role, _ in resolved(settings(entry("small"), others=others), client)] == roles


@pytest.mark.parametrize(
    ("value", "client", "found"),
    [
        ("small", NEW, "openai/small"),
        (" small ", NEW, "openai/small"),
        ("openai:small", NEW, "openai/small"),
        ("anthropic:wise", NEW, "anthropic/wise"),
        ("wise", NEW, None),  # of the selected auth type only
        ("openai:small", "0.15.10", None),  # read as an id
        ("lab:small", NEW, None),
    ],
)
def test_fast_model_has_the_selected_type_unless_it_names_one(
    value: str, client: str, found: str | None
) -> None:
    given = settings(entry("small"), others={"fastModel": value}, anthropic=[entry("wise")])
    assert resolved(given, client) == [("fast", found)]
    assert codes(compiled(given, client=client)) == ([] if found else ["QL609"])


def test_fallbacks_are_searched_under_the_selected_type_first_and_then_every_other() -> None:
    given = settings(
        entry("both"),
        others={"modelFallbacks": "wise,both,,wise"},
        anthropic=[entry("both"), entry("wise")],
    )
    assert resolved(given) == [("fallback", "anthropic/wise"), ("fallback", "openai/both")]


@pytest.mark.parametrize(
    ("providers", "found"),
    [
        (("gemini", "anthropic", "vertex-ai", "openai"), "openai"),
        (("gemini", "anthropic", "vertex-ai"), "vertex-ai"),
        (("openai-responses", "gemini", "anthropic"), "anthropic"),
        (("openai-responses", "gemini"), "gemini"),
        (("openai-responses",), "openai-responses"),
    ],
)
def test_types_are_tried_in_the_clients_order(providers: tuple[str, ...], found: str) -> None:
    given = settings(others={"modelFallbacks": "both"})
    given["modelProviders"] = {each: [entry("both")] for each in providers}
    assert resolved(given) == [("fallback", f"{found}/both")]


def test_entry_without_an_endpoint_is_tried_first() -> None:
    both = [entry("v"), {"id": "v", "envKey": "MY_KEY"}]
    (other,) = locked(settings(*both, others={"modelFallbacks": "v"}), client=NEW).other_models
    assert other.base_url == ""


@pytest.mark.parametrize(
    ("others", "name", "form"),
    [
        ({"fastModel": {"a": "b"}}, "fastModel", "a string"),
        ({"agents": {"modelGrades": "small"}}, "agents.modelGrades", "an object"),
    ],
)
def test_value_of_another_form_is_ignored(others: Any, name: str, form: str) -> None:
    given = settings(entry("small"), others=others)
    assert resolved(given) == []
    (finding,) = compiled(given, client=NEW).findings
    assert finding.message == f"{name} must be {form}, so it is ignored"
    assert (finding.code, finding.fix) == ("QL606", f"write {form}")


def test_more_than_three_fallbacks_are_reported_and_left_out() -> None:
    given = settings(*map(entry, "abcd"), others={"modelFallbacks": "a,b,c,d"})
    assert len(resolved(given)) == 3
    assert codes(compiled(given, client=NEW)) == ["QL610"]


def test_entry_at_another_endpoint_is_identified_by_its_url() -> None:
    two = [entry("v"), entry("v", "https://two.example/v1")]
    given = settings(*two, others={"visionModel": "openai:v\0https://two.example/v1"})
    (other,) = locked(given, client=NEW).other_models
    assert other.base_url == "https://two.example/v1"
    ambiguous = settings(*two, others={"visionModel": "v"})
    types = settings(entry("v"), others={"visionModel": "v"}, anthropic=[entry("v")])
    for each, fix in (
        (ambiguous, "choose it with /model in the client, which records its base URL too"),
        (types, "write the auth type before it, as in anthropic:v"),
    ):
        assert resolved(each) == [("vision", None)]
        (finding,) = compiled(each, client=NEW).findings
        assert (finding.code, finding.fix) == ("QL610", fix)


@pytest.mark.parametrize(
    ("others", "flags"),
    [
        ({"fastModel": "m"}, {"voiceOnly": True}),
        ({"fastModel": "m"}, {"visionOnly": True}),
        ({"compactionModel": "m"}, {"fastOnly": True}),
        ({"visionModel": "m"}, {"imageOnly": True}),
        ({"imageModel": "m"}, {}),
    ],
)
def test_entry_that_is_kept_for_something_else_is_not_used(others: Any, flags: Any) -> None:
    given = settings(entry("m", **flags), others=others)
    assert resolved(given)[0][1] is None
    assert codes(compiled(given, client=NEW)) == ["QL610"]


@pytest.mark.parametrize("flags", [{"imageOnly": True}, {"supportsImageGeneration": True}])
def test_image_model_must_be_able_to_draw(flags: Any) -> None:
    given = settings(entry("m", **flags), others={"imageModel": "m"})
    assert resolved(given) == [("image", "openai/m")]


def test_api_of_the_entry_that_is_used_is_recorded() -> None:
    given = settings(entry("small", wireApi="responses"), others={"fastModel": "small"})
    given["security"]["auth"]["selectedType"] = "openai-responses"
    (other,) = locked(given, client=NEW).other_models
    assert other == OtherModel(
        role="fast",
        value="small",
        source="user",
        auth_type="openai",
        model="small",
        wire_api="responses",
    )


@pytest.mark.parametrize("alias", ["inherit", "fast"])
def test_alias_of_an_agent_is_not_an_entry_and_gives_no_finding(alias: str) -> None:
    given = settings(others={"agents": {"builtin": {"exploreModel": alias}}})
    assert resolved(given) == [("explore", None)]
    assert codes(compiled(given, client=NEW)) == []


def test_built_in_model_of_qwen_oauth_is_known() -> None:
    given = settings(others={"fastModel": "qwen-oauth:coder-model"})
    assert resolved(given) == [("fast", "qwen-oauth/coder-model")]


@pytest.mark.parametrize("nothing", ["", "  ", None])
def test_empty_setting_counts_as_missing(nothing: Any) -> None:
    given = settings(others={"fastModel": nothing, "modelFallbacks": nothing})
    assert resolved(given) == []
    assert codes(compiled(given, client=NEW)) == []


def test_value_of_the_wrong_type_is_reported() -> None:
    given = settings(others={"fastModel": ["main"]})
    assert resolved(given) == []
    assert codes(compiled(given, client=NEW)) == ["QL606"]


def test_literal_key_in_their_place_is_refused() -> None:
    compilation = compiled(settings(others={"fastModel": "sk-hunterhunter"}), client=NEW)
    assert compilation.lock is None
    assert "hunterhunter" not in repr(compilation.findings)


OTHERS = {
    "fastModel": "small",
    "visionModel": "openai:main\0https://one.example/v1",
    "modelFallbacks": "small, gone",
    "agents": {"modelGrades": {"a.b": "small", '"': "inherit"}},
}


def test_other_models_come_out_of_a_lock_as_they_went_in() -> None:
    lock = locked(settings(entry("small"), others=OTHERS), client=NEW)
    assert lock.other_models
    assert load(dump(lock), "qwen.lock") == lock


def test_changed_other_model_is_a_difference() -> None:
    old = locked(settings(entry("small"), others={"fastModel": "main"}), client=NEW)
    new = locked(settings(entry("small"), others={"fastModel": "small"}), client=NEW)
    changes = [(each.kind, each.name, each.field) for each in diff(old, new)]
    assert ("other model", "fast", "model") in changes
    assert ("other model", "fast", "value") in changes
