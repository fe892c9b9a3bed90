"""The walk over `modelProviders`: the entries of each provider, and why a client skips one."""

from __future__ import annotations

from typing import Any

import pytest

from qwenlock.clients.profile import profile
from qwenlock.settings.providers import providers, providers_in
from support import source

GUIDE, NEW = profile(), profile("0.24.4")
MODEL = {"id": "m", "envKey": "K"}


def settings(**held: Any) -> dict[str, Any]:
    return {"$version": 4, "modelProviders": held}


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("openai", [MODEL], None),
        ("openai", [], None),
        ("openai", {"id": "m"}, "not an array"),
        ("opnai", [MODEL], "unknown auth type"),
        ("qwen-oauth", [MODEL], "built in"),
    ],
)
def test_a_provider_says_why_it_is_skipped(name: str, value: Any, why: str | None) -> None:
    (found,) = providers([source(settings(**{name: value}))], GUIDE, "replace")
    assert found.why_skipped(GUIDE) == why


def test_mapped_provider_is_skipped_only_by_clients_that_read_no_mapping() -> None:
    value = settings(lab=[MODEL]) | {"providerProtocol": {"lab": "openai"}}
    (old,), (new,) = (providers([source(value)], each, "replace") for each in (GUIDE, NEW))
    assert (old.auth_type, old.why_skipped(GUIDE)) == ("lab", "unknown auth type")
    assert (new.auth_type, new.why_skipped(NEW)) == ("openai", None)


def test_entry_of_any_type_has_its_place() -> None:
    held = [MODEL, "m", None, {"id": ""}, {"id": 1}, {"id": "n"}]
    (found,) = providers([source(settings(openai=held))], GUIDE, "replace")
    assert [entry.value for entry in found.entries()] == held
    assert [entry.path for entry in found.models()] == [
        ("modelProviders", "openai", 0),
        ("modelProviders", "openai", 5),
    ]
    assert [entry.id for entry in found.entries()] == ["m", "", "", "", "", "n"]


def test_each_key_counts_in_the_highest_scope_that_has_it() -> None:
    low = source(settings(openai=[MODEL], gemini=[MODEL]))
    high = source(settings(anthropic=[MODEL], openai=[]), "project")
    replaced = providers([low, high], GUIDE, "replace")
    assert [(each.name, each.source.scope) for each in replaced] == [
        ("anthropic", "project"),
        ("openai", "project"),
    ]
    merged = providers([low, high], GUIDE, "client")
    assert [(each.name, each.source.scope) for each in merged] == [
        ("openai", "project"),
        ("gemini", "user"),
        ("anthropic", "project"),
    ]
    assert [each.name for each in providers_in(low, [low, high], GUIDE)] == ["openai", "gemini"]


@pytest.mark.parametrize("value", [None, [], "openai", {}])
def test_odd_model_providers_have_no_providers(value: Any) -> None:
    given = source({"$version": 4, "modelProviders": value})
    assert providers([given], GUIDE, "replace") == providers_in(given, [given], GUIDE) == []
