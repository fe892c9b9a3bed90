"""What a client offers, compared with a lock: agreement, and every difference."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from qwenlock.enforce.agreement import (
    REMEDY,
    Answer,
    Difference,
    Offered,
    Seen,
    agreement,
    parse,
    route_id,
)
from support import locked, source

if TYPE_CHECKING:
    from qwenlock.lock.model import Lock

URL, OTHER = "https://one.example/v1", "https://two.example/v1"
PROJECT_REASON = "the client does not read the project's settings: the folder is not trusted"


def entry(name: str, url: str = URL, **fields: Any) -> dict[str, Any]:
    return {"id": name, "envKey": "K", "baseUrl": url, **fields}


def settings(*entries: dict[str, Any], model: str = "a") -> dict[str, Any]:
    return {
        "$version": 4,
        "modelProviders": {"openai": list(entries)},
        "security": {"auth": {"selectedType": "openai"}},
        "model": {"name": model},
    }


def answer(*model_ids: str, current: str = "a(openai)") -> Answer:
    return Answer("0.24.4", tuple(Offered(each, "shown") for each in model_ids), current)


AB = locked(settings(entry("a"), entry("b")))
DUPLICATES = locked(settings(entry("a"), entry("a", OTHER)), client="0.24.4")
FIRST, SECOND = route_id("openai", entry("a")), route_id("openai", entry("a", OTHER))


@pytest.mark.parametrize(
    ("model_id", "seen"),
    [
        ("a(openai)", Seen("openai", "a")),
        ("a (b)(vertex-ai)", Seen("vertex-ai", "a (b)")),
        ("a\nb(openai)", Seen("openai", "a\nb")),
        ("$runtime|openai|a|b(openai)", Seen("openai", "a|b", runtime=True)),
        ("a", None),
        ("", None),
        ("qwen-route:v1:unknown", None),
    ],
)
def test_model_ids_are_read(model_id: str, seen: Seen | None) -> None:
    assert parse(model_id, {}) == seen


def test_route_is_what_the_client_computes() -> None:
    # As 0.21.2, 0.23.0 and 0.24.4 named them.
    assert (
        route_id("openai", entry("b", "http://127.0.0.1:1/v1")) == "qwen-route:v1:qJqPEn5dZbp6q-Gy"
    )
    assert (
        route_id("openai", entry("b", "http://127.0.0.1:2/v1")) == "qwen-route:v1:KbfTJRvFO54HlkRq"
    )


@pytest.mark.parametrize(
    "url",
    [
        "HTTPS://One.Example:443/v1",
        "https://user:name@one.example/v1?a=b#c",
        " https://one.example/v1",
    ],
)
def test_route_is_computed_from_the_url_as_browsers_write_it(url: str) -> None:
    assert route_id("openai", entry("a", url)) == FIRST


@pytest.mark.parametrize("url", ["https://[broken", "http://a:port", "no url", "http://[::1]:8/"])
def test_route_of_an_odd_url_is_computed_too(url: str) -> None:
    assert route_id("openai", entry("a", url)).startswith("qwen-route:v1:")


@pytest.mark.parametrize(
    ("lock", "given"),
    [
        (AB, answer("a(openai)", "b(openai)")),
        (
            AB,
            answer("coder-model(qwen-oauth)", "vision-model(qwen-oauth)", "a(openai)", "b(openai)"),
        ),
        (DUPLICATES, answer(FIRST, SECOND, current=FIRST)),
        (DUPLICATES, answer("a(openai)", "a(openai)")),
        (locked(settings(model="x")), answer("$runtime|openai|x(openai)", current="x(openai)")),
        (locked({}), answer("coder-model(qwen-oauth)", current="coder-model(qwen-oauth)")),
    ],
    ids=["plain", "built-in", "routes", "two of one id", "runtime", "qwen-oauth"],
)
def test_agrees(lock: Lock, given: Answer) -> None:
    assert not agreement(lock, given).differences


def test_order_of_auth_types_is_the_clients_own() -> None:
    providers = {"anthropic": [entry("c")], "openai": [entry("a")]}
    lock = locked(settings() | {"modelProviders": providers})
    assert not agreement(lock, answer("a(openai)", "c(anthropic)")).differences


def test_model_that_is_not_offered_is_missing() -> None:
    (found,) = agreement(AB, answer("a(openai)")).differences
    assert found == Difference("missing", "openai/b", None, REMEDY)


def test_project_whose_models_are_all_missing_is_not_trusted() -> None:
    lock = locked(source(settings(entry("a")), "project"))
    (found, _) = agreement(lock, answer(current="x(openai)")).differences
    assert (found.kind, found.reason) == ("missing", PROJECT_REASON)


def test_second_entry_of_an_id_is_missing_where_the_id_identifies() -> None:
    (found,) = agreement(DUPLICATES, answer("a(openai)")).differences
    assert found.kind == "missing"
    assert (
        found.reason
        == "this release identifies a model by its id alone, and keeps only the first of two"
    )


def test_model_of_an_auth_type_that_the_release_does_not_know_is_missing() -> None:
    providers = {"openai": [entry("a")], "openai-responses": [entry("r")]}
    lock = locked(settings() | {"modelProviders": providers}, client="0.24.4")
    (found,) = agreement(lock, answer("a(openai)")).differences
    assert found.reason == "this release does not know the auth type openai-responses"


def test_model_of_a_hidden_scope_is_extra_because_replace_is_not_honoured() -> None:
    scopes = [
        source({"modelProviders": {"anthropic": [entry("c")]}}),
        source(settings(), "project"),
    ]
    lock = locked(source(settings(entry("a")), "project"))
    (found,) = agreement(lock, answer("a(openai)", "c(anthropic)"), scopes).differences
    assert (found.kind, found.model) == ("extra", "anthropic/c")
    assert (
        found.reason
        == "the client does not apply REPLACE: it merges in the user scope's modelProviders"
    )


def test_second_entry_of_an_id_is_extra_where_the_url_identifies_too() -> None:
    lock = locked(settings(entry("a"), entry("a", OTHER)))
    scopes = [source(settings(entry("a"), entry("a", OTHER)))]
    (found,) = agreement(lock, answer(FIRST, SECOND, current=FIRST), scopes).differences
    assert (found.kind, found.model) == ("extra", "openai/a")
    assert found.reason == "this release identifies a model by its id and base URL, and keeps both"


def test_provider_id_that_only_the_release_knows_is_reported() -> None:
    scopes = [source({"modelProviders": {"openai-responses": [entry("r")]}})]
    given = answer("a(openai)", "b(openai)", "r(openai-responses)")
    (found,) = agreement(AB, given, scopes).differences
    assert found.reason == "this release reads a provider id that the lock's client skips"


def test_runtime_model_beside_the_catalogue_is_extra() -> None:
    (found,) = agreement(
        AB, answer("$runtime|openai|x(openai)", "a(openai)", "b(openai)")
    ).differences
    made = "it is a runtime model: settings and environment define it, not an entry"
    remedy = "remove the settings and variables that define it, or select an entry"
    assert found == Difference("extra", "openai/x", made, remedy)


def test_route_that_nothing_explains_is_reported_as_extra_by_its_name() -> None:
    (found,) = agreement(AB, answer("a(openai)", "b(openai)", "qwen-route:v1:x")).differences
    assert (found.kind, found.model, found.reason) == ("extra", "shown", None)


def test_another_order_is_reported() -> None:
    (found,) = agreement(AB, answer("b(openai)", "a(openai)")).differences
    assert (found.kind, found.model) == ("reordered", "openai")


def test_another_order_of_routes_is_reported() -> None:
    (found,) = agreement(DUPLICATES, answer(SECOND, FIRST, current=FIRST)).differences
    assert found.kind == "reordered"


@pytest.mark.parametrize(
    ("lock", "current", "instead"),
    [
        (AB, "b(openai)", "openai/b"),
        (AB, "a(anthropic)", "anthropic/a"),
        (AB, "", "none"),
        (DUPLICATES, SECOND, f"openai/a at {OTHER}"),
    ],
)
def test_another_selection_is_reported(lock: Lock, current: str, instead: str) -> None:
    offered = (FIRST, SECOND) if lock is DUPLICATES else ("a(openai)", "b(openai)")
    (found,) = agreement(lock, answer(*offered, current=current)).differences
    assert (found.kind, found.model) == ("selected", "openai/a")
    assert found.reason == f"the client selects {instead}"


@pytest.mark.parametrize(
    ("said", "kinds"),
    [
        ("Current fast model: b", []),
        ("\u5f53\u524d\u5feb\u901f\u6a21\u578b\uff1ab  ", []),
        ("Current fast model: b2", ["other"]),
        ("Current fast model: not set", ["other"]),
        ("?", []),
    ],
)
def test_other_model_that_the_client_does_not_name_is_reported(said: str, kinds: list[str]) -> None:
    lock = locked(settings(entry("a"), entry("b")) | {"fastModel": "b"}, client="0.24.4")
    given = answer("a(openai)", "b(openai)")._replace(others={"fast": said})
    assert [each.kind for each in agreement(lock, given).differences] == kinds


def test_variables_are_put_into_what_the_lock_says_of_other_models() -> None:
    lock = locked(settings(entry("a"), entry("b")) | {"fastModel": "$FAST"}, client="0.24.4")
    given = answer("a(openai)", "b(openai)")._replace(others={"fast": "Current fast model: b"})
    assert agreement(lock, given, (), {"FAST": "b"}).differences == ()
    (difference,) = agreement(lock, given, (), {"FAST": "a"}).differences
    assert difference == Difference("other", "fastModel a", "the client says b")
    assert agreement(lock, given).differences[0].model == "fastModel $FAST"


def test_model_that_its_own_fields_hide_is_not_a_difference() -> None:
    lock = locked(settings(entry("a", fastOnly=True), entry("b")), client="0.24.4")
    found = agreement(lock, answer("b(openai)", current="a"))
    assert found.differences == ()
    assert found.hidden == ("openai/a",)


def test_hidden_model_that_an_older_release_lists_is_not_a_difference() -> None:
    lock = locked(settings(entry("a"), entry("b", voiceOnly=True)), client="0.24.4")
    found = agreement(lock, answer("a(openai)", "b(openai)"))
    assert found == agreement(AB, answer("a(openai)", "b(openai)"))


def test_references_are_read_as_the_client_reads_them() -> None:
    lock = locked(settings(entry("$A"), entry("${B}-${UNSET}"), model="$A"))
    given = answer("first(openai)", "second-${UNSET}(openai)", current="first(openai)")
    assert not agreement(lock, given, environment={"A": "first", "B": "second"}).differences


@pytest.mark.parametrize("client", ["guide", "0.24.4"])
def test_selection_that_only_the_environment_knows_agrees_with_any(client: str) -> None:
    lock = locked({"security": {"auth": {"selectedType": "gemini"}}}, client=client)
    assert lock.selection.model is None
    for current in ("x(gemini)", "x(openai)"):
        assert not agreement(lock, answer(current=current)).differences


def test_runtime_model_that_variables_select_is_not_a_difference() -> None:
    lock = locked({}, client="0.24.4")
    runtime = "$runtime|openai|x(openai)"
    assert not agreement(lock, answer(runtime, current=runtime)).differences
