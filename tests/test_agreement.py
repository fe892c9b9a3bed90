"""What a client offers, compared with a lock: agreement, and every difference."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from qwenlock.enforce.agreement import (
    Agreement,
    Answer,
    Difference,
    Offered,
    Seen,
    agreement,
    parse,
    route_id,
)
from qwenlock.lock.model import Selection
from support import locked, source

if TYPE_CHECKING:
    from qwenlock.clients.scopes import ScopeName
    from qwenlock.lock.model import Lock

URL, OTHER = "https://one.example/v1", "https://two.example/v1"
PROJECT_REASON = "the client does not read the project's settings: the folder is not trusted"


def entry(model: str, url: str = URL, **fields: Any) -> dict[str, Any]:
    return {"id": model, "envKey": "K", "baseUrl": url, **fields}


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
HIDDEN = locked(settings(entry("a", fastOnly=True), entry("b")), client="0.24.4")
WITHOUT_URL = {"id": "a", "envKey": "K"}
NO_URL = locked(settings(WITHOUT_URL, entry("a")), client="0.24.4")
ROUTE_WITHOUT_URL = route_id("openai", WITHOUT_URL)
RUNTIME = locked(settings(model="x"))
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


LOCAL = "http://127.0.0.1:1/v1"


@pytest.mark.parametrize(
    ("given", "route"),
    [  # As 0.21.2, 0.23.0 and 0.24.4 named the first two; the others as the function of 0.24.4 did.
        (entry("b", LOCAL), "qJqPEn5dZbp6q-Gy"),
        (entry("b", "http://127.0.0.1:2/v1"), "KbfTJRvFO54HlkRq"),
        (entry("b", LOCAL, name="B é 😀"), "KhWoMX1oot-rhqIq"),
        (entry("b", LOCAL, name="\ud800"), "9qo2l06jQ8YtcdkL"),
        ({"id": "b", "baseUrl": LOCAL}, "CoXPq2vEQuTPcn8n"),
        ({"id": "b", "envKey": "K"}, "7OhKC0oWtCz4R8Om"),
        (entry("b", "http://[::1]:8/"), "FP4tXk8sQdAut2Bt"),
        (entry("b", "http://one.example:443"), "n89ydYFsDLlYWPBF"),
        (entry("b", "HTTPS://u:p@One.Example:443?a=b#c"), "ZT1e1sJmu0bcEKGF"),
        (entry("b", "http://a:port"), "M2lcskU2NScwhEbG"),
        (entry("b", "https://[broken"), "n0855tv91jmt8cdT"),
        (entry("b", "no url"), "GDaEUcSwrFtF-hMr"),
    ],
)
def test_route_is_what_the_client_computes(given: dict[str, Any], route: str) -> None:
    assert route_id("openai", given) == f"qwen-route:v1:{route}"


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
        (NO_URL, answer(ROUTE_WITHOUT_URL, FIRST, current=ROUTE_WITHOUT_URL)),
        (RUNTIME, answer("$runtime|openai|x(openai)", current="x(openai)")),
        (locked({}), answer("coder-model(qwen-oauth)", current="coder-model(qwen-oauth)")),
    ],
    ids=["plain", "built-in", "routes", "two of one id", "no URL", "runtime", "qwen-oauth"],
)
def test_agrees(lock: Lock, given: Answer) -> None:
    assert not agreement(lock, given).differences


def test_order_of_auth_types_is_the_clients_own() -> None:
    providers = {"anthropic": [entry("c")], "openai": [entry("a")]}
    lock = locked(settings() | {"modelProviders": providers})
    assert not agreement(lock, answer("a(openai)", "c(anthropic)")).differences


@pytest.mark.parametrize("scope", ["user", "project"])
def test_model_that_is_not_offered_is_missing(scope: ScopeName) -> None:
    lock = locked(source(settings(entry("a"), entry("b")), scope))
    assert agreement(lock, answer("a(openai)")).differences == (Difference("missing", "openai/b"),)


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


MERGED = "the client does not apply REPLACE: it merges in the user scope's modelProviders"


@pytest.mark.parametrize("own", [[], [entry("a")]])
@pytest.mark.parametrize(
    ("hidden", "offered", "name"),
    [
        ({"anthropic": [entry("$C")]}, "c(anthropic)", "anthropic/c"),
        (
            {"openai": [entry("d"), entry("c", wireApi="responses")]},
            "c(openai-responses)",
            "openai-responses/c",
        ),
    ],
)
def test_model_of_a_hidden_scope_is_extra_because_replace_is_not_honoured(
    own: list[Any], hidden: dict[str, Any], offered: str, name: str
) -> None:
    project = source(settings(*own), "project")
    scopes = [source({"modelProviders": hidden}), project]
    given = answer(*(["a(openai)"] if own else []), offered)
    found = agreement(locked(project), given, scopes, {"C": "c"}).differences
    assert found == (Difference("extra", name, MERGED),)


def test_model_of_the_locks_own_scope_is_extra_for_no_known_reason() -> None:
    scopes = [source(settings(entry("a"), entry("b"), entry("c")))]
    found = agreement(AB, answer("a(openai)", "b(openai)", "c(openai)"), scopes).differences
    assert found == (Difference("extra", "openai/c"),)


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


@pytest.mark.parametrize(
    ("lock", "offered", "name"),
    [
        (AB, ["$runtime|openai|x(openai)", "a(openai)", "b(openai)"], "openai/x"),
        (AB, ["a(openai)", "b(openai)", "$runtime|openai|a(openai)"], "openai/a"),
        (RUNTIME, ["$runtime|openai|x(openai)", "$runtime|openai|a(openai)"], "openai/a"),
    ],
)
def test_runtime_model_beside_the_catalogue_is_extra(
    lock: Lock, offered: list[str], name: str
) -> None:
    current = "x(openai)" if lock is RUNTIME else "a(openai)"
    (found,) = agreement(lock, answer(*offered, current=current)).differences
    made = "it is a runtime model: settings and environment define it, not an entry"
    remedy = "remove the settings and variables that define it, or select an entry"
    assert found == Difference("extra", name, made, remedy)


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
        (AB, "a", "a"),
        (HIDDEN, "b", "b"),
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


def test_other_model_is_compared_without_its_endpoint() -> None:
    lock = locked(settings(entry("a"), entry("b")) | {"visionModel": "b\0a\0b"}, client="0.24.4")
    given = answer("a(openai)", "b(openai)")._replace(others={"vision": "Current vision model: b"})
    assert agreement(lock, given) == Agreement(())


def test_variables_are_put_into_what_the_lock_says_of_other_models() -> None:
    lock = locked(settings(entry("a"), entry("b")) | {"fastModel": "$FAST"}, client="0.24.4")
    given = answer("a(openai)", "b(openai)")._replace(others={"fast": "Current fast model: b"})
    assert agreement(lock, given, (), {"FAST": "b"}).differences == ()
    (difference,) = agreement(lock, given, (), {"FAST": "a"}).differences
    assert difference == Difference("other", "fastModel a", "the client says b")
    assert agreement(lock, given).differences[0].model == "fastModel $FAST"


def test_model_that_its_own_fields_hide_is_not_a_difference() -> None:
    found = agreement(HIDDEN, answer("b(openai)", current="a"))
    assert found == Agreement((), ("openai/a",))


def test_hidden_model_that_an_older_release_lists_is_not_a_difference() -> None:
    lock = locked(settings(entry("a"), entry("b", voiceOnly=True)), client="0.24.4")
    found = agreement(lock, answer("a(openai)", "b(openai)"))
    assert found == agreement(AB, answer("a(openai)", "b(openai)"))


def test_references_are_read_as_the_client_reads_them() -> None:
    lock = locked(settings(entry("$A"), entry("${B}-${UNSET}"), model="$A"))
    given = answer("first(openai)", "second-${UNSET}(openai)", current="first(openai)")
    assert not agreement(lock, given, environment={"A": "first", "B": "second"}).differences


def test_references_of_the_entries_of_one_id_are_read_as_the_client_reads_them() -> None:
    chosen = settings(entry("a", OTHER), entry("a", "$URL", name="$NAME"))
    chosen["model"]["baseUrl"] = "$URL"
    route = route_id("openai", entry("a", name="of a variable"))
    given = answer(SECOND, route, current=route)
    environment = {"URL": URL, "NAME": "of a variable"}
    found = agreement(locked(chosen, client="0.24.4"), given, environment=environment)
    assert found == Agreement(())


@pytest.mark.parametrize("client", ["guide", "0.24.4"])
def test_selection_that_only_the_environment_knows_agrees_with_any(client: str) -> None:
    lock = locked({"security": {"auth": {"selectedType": "gemini"}}}, client=client)
    assert lock.selection.model is None
    for current in ("x(gemini)", "x(openai)"):
        assert not agreement(lock, answer(current=current)).differences


def test_selection_of_an_earlier_lock_that_names_no_model_is_of_an_auth_type() -> None:
    selection = Selection(auth_type="openai", kind="runtime", source="user")
    lock = replace(locked({}), selection=selection)
    runtime = "$runtime|openai|x(openai)"
    assert agreement(lock, answer(runtime, current=runtime)) == Agreement(())
    other = "$runtime|gemini|x(gemini)"
    reason = "the client selects gemini/x"
    (_, found) = agreement(lock, answer(other, current=other)).differences
    assert found == Difference("selected", "openai/(from the environment)", reason)


def test_runtime_model_that_variables_select_is_not_a_difference() -> None:
    lock = locked({}, client="0.24.4")
    runtime = "$runtime|openai|x(openai)"
    assert not agreement(lock, answer(runtime, current=runtime)).differences
