"""`providerProtocol`: custom provider ids, for the releases that read it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from qwenlock.clients.profile import profile
from qwenlock.clients.route import Route, api_of
from qwenlock.enforce.agreement import Answer, Offered, agreement, route_id
from qwenlock.enforce.enforcing import enforcing_settings
from qwenlock.lock.model import settings_entry
from qwenlock.lock.text import load
from qwenlock.settings.scopes import merge
from qwenlock.text.credentials import references
from support import JSON, codes, compiled, dump, locked, source

NEW, BEFORE = "0.21.2", "0.15.10"
URL, OTHER = "https://one.example/v1", "https://two.example/v1"


def entry(name: str, url: str = URL, **fields: Any) -> dict[str, Any]:
    return {"id": name, "envKey": "K", "baseUrl": url, **fields}


def settings(protocols: Any, **providers: Any) -> dict[str, Any]:
    return {
        "$version": 4,
        "modelProviders": providers,
        "providerProtocol": protocols,
        "security": {"auth": {"selectedType": "openai"}},
        "model": {"name": "a"},
    }


LAB = settings({"lab": "openai"}, lab=[entry("a"), entry("b")], openai=[entry("c")])


def catalogue(value: dict[str, Any], client: str = NEW) -> list[tuple[str, str | None, str]]:
    lock = locked(value, client=client)
    return [(model.auth_type, model.provider, model.id) for model in lock.models]


def test_models_have_the_auth_type_their_provider_stands_for() -> None:
    models = [("openai", "lab", "a"), ("openai", "lab", "b"), ("openai", None, "c")]
    assert catalogue(LAB) == models
    assert locked(LAB, client=NEW).selection.kind == "provider"


@pytest.mark.parametrize("client", ["guide", "0.12.0", BEFORE])
def test_before_0_21_they_are_skipped_with_the_release_that_takes_them(client: str) -> None:
    assert catalogue(LAB, client) == [("openai", None, "c")]
    (finding,) = [each for each in compiled(LAB, client=client).findings if each.code == "QL202"]
    assert "from Qwen Code 0.21 on" in (finding.fix or "")


def test_an_auth_type_may_stand_for_another() -> None:
    value = settings({"openai": "anthropic"}, openai=[entry("a")])
    assert catalogue(value) == [("anthropic", "openai", "a")]
    assert catalogue(value, "guide") == [("openai", None, "a")]


def test_scopes_merge_and_the_higher_wins() -> None:
    user = {"providerProtocol": {"lab": "anthropic", "house": "openai"}}
    project = settings({"lab": "openai"}, lab=[entry("a")], house=[entry("b")])
    lock = locked(source(user), source(project, "project"), client=NEW)
    assert [model.auth_type for model in lock.models] == ["openai", "openai"]
    assert [each.scope for each in lock.inputs] == ["user", "project"]


@pytest.mark.parametrize("protocol", ["open-ai", "", None, 1, ["openai"], {"a": 1}])
def test_what_is_not_an_auth_type_is_reported_at_its_place(protocol: Any) -> None:
    value = settings({"lab": protocol}, lab=[entry("x")], openai=[entry("a")])
    assert catalogue(value) == [("openai", None, "a")]
    (finding,) = compiled(value, client=NEW).findings
    assert finding.code == "QL202"
    assert finding.place is not None
    assert finding.place.path == ("providerProtocol", "lab")


def test_a_protocol_that_a_variable_decides_is_refused() -> None:
    value = settings({"lab": "$NAME"}, lab=[entry("x")], openai=[entry("a")])
    compilation = compiled(value, client=NEW)
    assert (compilation.lock, [each.code for each in compilation.findings]) == (None, ["QL226"])


def test_a_key_in_the_place_of_a_protocol_is_not_shown() -> None:
    value = settings({"lab": "sk-hunterhunter"}, lab=[entry("x")], openai=[entry("a")])
    (finding,) = compiled(value, client=NEW).findings
    assert "hunter" not in f"{finding.message} {finding.fix}"


@pytest.mark.parametrize("protocols", ["openai", None, ["openai"], 1])
def test_what_is_not_an_object_maps_nothing(protocols: Any) -> None:
    value = settings(protocols, lab=[entry("x")], openai=[entry("a")])
    assert catalogue(value) == [("openai", None, "a")]


def test_qwen_oauth_stays_built_in() -> None:
    value = settings({"lab": "qwen-oauth"}, lab=[entry("x")], openai=[entry("a")])
    assert codes(compiled(value, client=NEW)) == ["QL203"]


def test_identity_is_that_of_the_auth_type_whatever_the_provider() -> None:
    entries = [entry("a"), entry("a", OTHER)]
    value = settings({"lab": "openai"}, lab=[entry("a")], openai=entries)
    compilation = compiled(value, client=NEW)
    assert codes(compilation) == ["QL209"]
    assert compilation.lock is not None
    assert [model.provider for model in compilation.lock.models] == ["lab", None]


def test_a_provider_id_is_not_an_auth_type_to_select() -> None:
    value = LAB | {"security": {"auth": {"selectedType": "lab"}}}
    (finding,) = [each for each in compiled(value, client=NEW).findings if each.code == "QL601"]
    assert finding.fix == "select openai, which providerProtocol maps it to"


def test_models_that_replace_hides_are_named_by_their_auth_type() -> None:
    project = settings({}, openai=[entry("a")])
    assert compiled(source(LAB), source(project, "project"), client=NEW).hidden == (
        "openai/b",
        "openai/c",
    )


def test_lock_holds_the_provider_and_its_digest_shows_it() -> None:
    lock = locked(LAB, client=NEW)
    text = dump(lock)
    assert 'provider = "lab"' in text
    assert load(text, "qwen.lock") == lock
    moved = settings({}, openai=[entry("a"), entry("b"), entry("c")])
    assert locked(moved, client=NEW).inputs != lock.inputs


# Enforcing


def test_enforcing_settings_need_no_mapping() -> None:
    enforcing = enforcing_settings(locked(LAB, client=NEW), [LAB])
    assert enforcing["modelProviders"] == {
        "openai": [entry("a"), entry("b"), entry("c")],
        "lab": [],
    }
    assert "providerProtocol" not in enforcing


def test_enforcing_settings_undo_what_would_send_a_model_elsewhere() -> None:
    elsewhere = {"providerProtocol": {"openai": "anthropic", "anthropic": None, "x": "openai"}}
    lock = locked(settings({}, openai=[entry("a")]))
    assert enforcing_settings(lock, [elsewhere])["providerProtocol"] == {"openai": "openai"}


def is_decided(value: Any) -> bool:
    return not (isinstance(value, str) and references(value))


NAMES = st.sampled_from(["openai", "anthropic", "qwen-oauth", "lab", "house", "__proto__"])
PROTOCOLS = st.dictionaries(NAMES, st.one_of(NAMES, JSON.filter(is_decided)), max_size=4)
PROVIDERS = st.dictionaries(
    NAMES,
    st.lists(st.builds(entry, st.sampled_from("ab"), st.sampled_from([URL, OTHER]))),
    max_size=4,
)


@given(PROTOCOLS, PROVIDERS, PROTOCOLS, PROVIDERS)
def test_enforced_settings_compile_to_the_locked_catalogue(
    user_protocols: Any, user_providers: Any, protocols: Any, providers: Any
) -> None:
    """The enforcing settings, merged over the scopes as by clients, offer the locked models."""
    user = settings(user_protocols, **user_providers)
    project = settings(protocols, **providers)
    lock = compiled(source(user), source(project, "project"), client=NEW).lock
    assume(lock is not None)  # REPLACE can hide the selected model
    assert lock is not None
    enforced = merge(merge(user, project), enforcing_settings(lock, [user, project]))
    models = locked(enforced, client=NEW).models
    assert _by_auth_type(models) == _by_auth_type(lock.models)


def _by_auth_type(models: Any) -> dict[str, list[Any]]:
    result: dict[str, list[Any]] = {}
    for model in models:
        result.setdefault(model.auth_type, []).append(settings_entry(model))
    return result


# Asking a client


def answer(*model_ids: str) -> Answer:
    return Answer("0.24.4", tuple(Offered(each) for each in model_ids), model_ids[0])


def test_client_that_reads_the_mapping_agrees() -> None:
    lock = locked(LAB, client=NEW)
    given = answer("a(openai)", "b(openai)", "c(openai)")
    assert not agreement(lock, given, [source(LAB)]).differences


def test_route_of_a_custom_provider_is_known() -> None:
    value = settings({"lab": "openai"}, lab=[entry("a")], openai=[entry("a", OTHER)])
    routes = [route_id("openai", entry("a", url)) for url in (URL, OTHER)]
    assert not agreement(locked(value, client=NEW), answer(*routes), [source(value)]).differences


def test_client_that_does_not_read_the_mapping_is_reported() -> None:
    given = answer("c(openai)", "a(openai)")
    (difference, *_) = agreement(locked(LAB, client=NEW), given, [source(LAB)]).differences
    assert (difference.kind, difference.model) == ("missing", "openai/b")
    assert difference.reason == "releases before 0.21 do not read the provider lab"


def test_client_that_reads_more_than_the_locks_is_reported() -> None:
    given = answer("c(openai)", "a(openai)")
    value = LAB | {"model": {"name": "c"}}
    (difference,) = agreement(locked(value), given, [source(value)]).differences
    assert (difference.kind, difference.model) == ("extra", "openai/a")
    assert difference.reason == "this release reads a provider id that the lock's client skips"


def test_wire_api_moves_a_model_in_the_clients_list_only() -> None:
    value = settings({}, openai=[entry("a", wireApi="responses"), entry("b")])
    given = answer("a(openai-responses)", "b(openai)")
    assert not agreement(locked(value, client="0.24.4"), given, [source(value)]).differences


def test_profiles_know_it_from_0_21_on() -> None:
    clients = ("guide", BEFORE, NEW, "0.24.4")
    known = [profile(client).provider_protocols for client in clients]
    assert known == [False, False, True, True]


@pytest.mark.parametrize(
    ("protocol", "api"),
    [("openai", "chat-completions"), ("openai-responses", "responses"), ("gemini", None)],
)
def test_protocols_of_openai_have_an_api_and_others_none(protocol: str, api: str | None) -> None:
    assert api_of(Route(protocol, "m")) == api
