"""Settings to a lock, the whole way: deterministic, complete, and without secrets."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwenlock.clients.profile import profile
from qwenlock.compile.compiler import Compilation, compile_lock
from qwenlock.edge.plans import load as load_plans
from qwenlock.lock.model import InstalledPlan, Lock
from qwenlock.lock.options import Options
from qwenlock.lock.previous import RecordedLock
from support import (
    JSON,
    MODEL,
    OPENAI,
    codes,
    compiled,
    dump,
    locked,
    models,
    source,
    strict,
    untimed,
)

if TYPE_CHECKING:
    from random import Random

    from qwenlock.settings.scopes import Source

# Determinism

SETTINGS = {
    "$version": 4,
    "theme": "dark",
    "model": {"name": "b", "generationConfig": {"timeout": 1, "maxRetries": 2}},
    "security": {"auth": {"selectedType": "openai", "other": 1}},
    "modelProviders": {
        "openai": [
            {"id": "b", "envKey": "K", "zeta": {"y": 1, "x": None}, "alpha": [{"d": 1, "c": 2}]},
            {"id": "a", "envKey": "K", "generationConfig": {"timeout": 1, "extra_body": {"b": 1}}},
        ],
        "anthropic": [{"id": "c", "envKey": "L", "capabilities": {"vision": True, "audio": False}}],
    },
}


def shuffled(value: Any, random: Random, depth: int = 0) -> Any:
    """Return `value` with the keys of its objects in another order, but not the auth types."""
    if isinstance(value, list):
        return [shuffled(item, random, depth + 1) for item in value]
    if not isinstance(value, dict):
        return value
    items = [
        (key, shuffled(item, random, -99 if key == "modelProviders" else depth + 1))
        for key, item in value.items()
    ]
    if depth != -99:
        random.shuffle(items)
    return dict(items)


@untimed(100)
@given(
    st.randoms(use_true_random=False),
    st.dictionaries(st.text("abc", min_size=7), JSON, max_size=3),
    st.sampled_from([None, 1, 2, "\t"]),
    st.booleans(),
)
def test_order_of_keys_layout_and_unrelated_settings_do_not_count(
    random: Random, unrelated: dict[str, Any], indent: Any, ascii_only: bool
) -> None:
    value = shuffled({**SETTINGS, **unrelated}, random)
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    text = "\ufeff// a comment\r\n" + text.replace("\n", " // and one more\r\n") + "/* end */"
    assert dump(locked(source(text))) == dump(locked(SETTINGS))


def test_order_of_auth_types_counts() -> None:
    providers: dict[str, Any] = SETTINGS["modelProviders"]  # type: ignore[assignment]
    turned = {**SETTINGS, "modelProviders": dict(reversed(providers.items()))}
    assert dump(locked(turned)) != dump(locked(SETTINGS))
    assert [each.id for each in locked(turned).models] == ["c", "b", "a"]


@untimed(100)
@given(st.dictionaries(st.sampled_from(["model", "security", "modelProviders", "env"]), JSON))
def test_any_settings_compile_or_are_refused_with_findings(settings: dict[str, Any]) -> None:
    compilation = compiled(settings)
    assert compilation.lock is not None or any(
        finding.level == "error" for finding in compilation.findings
    )
    for finding in compilation.findings:
        assert finding.place is not None
        finding.place.position()


# The environment


@pytest.mark.parametrize(
    ("config", "client", "names"),
    [
        ({"customHeaders": {"X": "${session_id}", "Y": "$TEAM"}}, "0.24.4", ["TEAM"]),
        ({"customHeaders": {"X": "$Session_ID"}}, "0.24.4", []),
        ({"customHeaders": {"X": "${session_id}"}}, "0.23.0", ["session_id"]),
        (
            {"extra_body": {"x": ["${session_id}", {"y": "$TEAM"}]}},
            "0.24.4",
            ["session_id", "TEAM"],
        ),
    ],
)
def test_placeholder_of_the_client_in_a_header_is_not_a_variable(
    config: Any, client: str, names: list[str]
) -> None:
    settings = models({**MODEL, "generationConfig": config}) | {"model": {"name": MODEL["id"]}}
    needed = [each.name for each in locked(settings, client=client).environment]
    assert needed == [MODEL["envKey"], *names]


def test_every_variable_is_listed_in_the_order_of_first_use() -> None:
    settings = {
        **OPENAI,
        "modelProviders": {
            "openai": [
                {"id": "a", "envKey": "K", "baseUrl": "https://$HOST/v1"},
                {"id": "b", "envKey": "K"},
            ],
            "gemini": [{"id": "c", "envKey": "G"}],
        },
        "model": {"name": "mine", "generationConfig": {"extra_body": {"x": ["${HOST}", "$NEW"]}}},
    }
    environment = locked(settings).environment
    assert [(each.name, each.used_by) for each in environment] == [
        ("K", ("openai/a", "openai/b")),
        ("HOST", ("openai/a", "selection")),
        ("G", ("gemini/c",)),
        ("NEW", ("selection",)),
        ("OPENAI_API_KEY", ("selection",)),
    ]


def test_provider_model_that_is_selected_needs_nothing_more() -> None:
    lock = locked({**models(MODEL), "model": {"name": "gpt-4o"}})
    assert [(each.name, each.used_by) for each in lock.environment] == [
        ("OPENAI_API_KEY", ("openai/gpt-4o",))
    ]


def test_nothing_configured_needs_nothing() -> None:
    lock = locked()
    assert (lock.models, lock.inputs, lock.environment, lock.plans) == ((), (), (), ())
    assert lock.selection.kind == "built-in"


# Inputs


def digests(*settings: dict[str, Any], client: str = "guide") -> list[str]:
    return [each.digest for each in locked(*settings, client=client).inputs]


@pytest.mark.parametrize(
    "change",
    [
        {"modelProviders": {"openai": [{**MODEL, "name": "x"}]}},
        {"modelProviders": {"openai": [MODEL, {**MODEL, "id": "b"}]}},
        {"model": {"name": "gpt-4o"}},
        {"security": {"auth": {"selectedType": "gemini"}}},
    ],
)
def test_digest_of_an_input_shows_a_change_that_counts(change: dict[str, Any]) -> None:
    assert digests(models(MODEL)) != digests({**models(MODEL), **change})


@pytest.mark.parametrize(
    "change",
    [
        {"theme": "x"},
        {"env": {"A": "b"}},
        {"$version": 4},
        {"model": {"baseUrl": "x", "sessionTokenLimit": 5}},
        {"modelProviders": {"openai": [MODEL, {**MODEL, "name": "second"}], "typo": [MODEL]}},
    ],
)
def test_digest_of_an_input_does_not_show_what_does_not_count(change: dict[str, Any]) -> None:
    chosen = {**models(MODEL), "model": {"name": "gpt-4o"}}
    other = {**chosen, **change}
    if "model" in change:
        other["model"] = {"name": "gpt-4o", **change["model"]}
    assert dump(locked(chosen)) == dump(locked(other))


def test_base_url_of_the_selection_counts_for_the_clients_that_read_it() -> None:
    one, two = (
        {**models(MODEL), "model": {"name": "gpt-4o", "baseUrl": url}} for url in ("a", "b")
    )
    assert digests(one) == digests(two)
    assert digests(one, client="0.21.2") != digests(two, client="0.21.2")


def test_key_in_settings_is_not_a_part_of_a_digest() -> None:
    one, two = (
        {"security": {"auth": {"selectedType": "openai", "apiKey": key}}, "model": {"name": "x"}}
        for key in ("hunter2", "hunter3")
    )
    assert dump(locked(one)) == dump(locked(two))


# Options, versions, credentials


def test_options_are_recorded() -> None:
    options = Options(user=False, untrusted=True)
    compilation = compile_lock([], (), profile("0.15.10"), options)
    assert compilation.lock is not None
    assert (compilation.lock.options, compilation.lock.client) == (options, "0.15.10")


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        *(
            (version, [])
            for version in (1, 2, 2.5, 0, -1, 3, 4, 5, -(10**400), "3", True, None, [])
        ),
        (6, ["QL107"]),
        (10**400, ["QL107"]),
    ],
)
def test_file_in_which_only_the_number_would_change_is_not_migrated(
    version: Any, expected: list[str]
) -> None:
    settings = {"$version": version, **models(MODEL), "model": {"name": "gpt-4o"}}
    found = compiled(settings)
    assert codes(found) == expected
    assert found.lock == locked({**models(MODEL), "model": {"name": "gpt-4o"}})


ALL = ("guide", "0.12.0", "0.15.10", "0.24.4")


@pytest.mark.parametrize(
    ("version", "more", "clients"),
    [
        (None, {"theme": "x"}, ALL),
        (1, {"theme": "x"}, ALL),
        (2, {"general": {"disableAutoUpdate": True}}, ALL),
        (3, {"general": {"gitCoAuthor": True}}, ALL[2:]),
        (5, {"modelProviders": {"openai": {"models": [MODEL]}}}, ALL),
    ],
)
def test_old_settings_version_is_reported_where_a_migration_is_due(
    version: int | None, more: dict[str, Any], clients: tuple[str, ...]
) -> None:
    numbered = {} if version is None else {"$version": version}
    settings = numbered | models(MODEL) | {"model": {"name": "gpt-4o"}} | more
    reported = [each for each in ALL if "QL106" in codes(compiled(settings, client=each))]
    assert reported == [*clients]


def test_number_beyond_floats_is_a_version_from_the_future() -> None:
    for version, words in (("1e999", "beyond 2^53"), (2**53, "9.0072e+15")):
        (finding,) = compiled(source(f'{{"$version": {version}}}')).findings
        assert finding.message == f"settings version {words} is newer than 5"


@pytest.mark.parametrize(
    "old",
    [
        {"selectedAuthType": "openai", "model": "gpt-4o"},
        {"$version": 1, "selectedAuthType": "openai", "model": "gpt-4o"},
        {"$version": 2, **OPENAI, "model": {"name": "gpt-4o"}},
        {
            "$version": 5,
            **OPENAI,
            "model": {"name": "gpt-4o"},
            "modelProviders": {"openai": {"protocol": "openai", "models": [MODEL]}},
        },
    ],
)
def test_older_settings_compile_as_they_would_after_migration(old: dict[str, Any]) -> None:
    settings = {"modelProviders": {"openai": [MODEL]}, **old}
    compilation = compiled(settings)
    assert compilation.lock is not None
    assert compilation.lock.selection.model == "gpt-4o"
    assert compilation.lock.selection.kind == "provider"
    assert [each.id for each in compilation.lock.models] == ["gpt-4o"]


def test_position_in_settings_of_version_5_is_that_in_the_file() -> None:
    text = '{"$version": 5, "modelProviders": {"openai": {"models": [\n{"id": "x"}]}}}'
    (finding,) = [each for each in compiled(source(text)).findings if each.code == "QL207"]
    assert finding.place is not None
    assert finding.place.position() == (2, 1, 11)


def test_deprecated_and_clear_text_credentials_are_warnings_that_never_enter_a_lock() -> None:
    settings = {
        **models(MODEL),
        "model": {"name": "gpt-4o"},
        "env": {"A": "hunter2", "B": "$OTHER", "C": "", "D": 5},
        "security": {
            "auth": {"selectedType": "openai", "apiKey": "hunter2", "baseUrl": "https://hunter2@x"}
        },
    }
    compilation = compiled(settings)
    assert codes(compilation) == ["QL403", "QL403", "QL404"]
    assert compilation.lock is not None
    assert "hunter2" not in dump(compilation.lock)


# Plans

PLANS = load_plans()
PLAN = PLANS.plan("coding-plan")


def of_plan(entries: list[dict[str, Any]], state: Any = None) -> Source:
    settings: dict[str, Any] = models(*entries) | {"model": {"name": entries[0]["id"]}}
    return source({**settings, **({} if state is None else {"codingPlan": state})})


def with_plans(given_source: Source, previous: Lock | None = None) -> Compilation:
    before = previous and RecordedLock(previous.client, previous.options, previous.plans)
    return compile_lock([given_source], PLANS, profile(), None, before)


def published(version: str, region: str) -> list[dict[str, Any]]:
    return PLAN.models(PLAN.template(version), PLAN.region(region))


def test_plan_models_are_recognised_with_region_and_version() -> None:
    custom = {**MODEL, "id": "own"}
    compilation = with_plans(of_plan([*published("0.12.0", "china"), custom]))
    lock = compilation.lock
    assert lock is not None
    assert [(each.id, each.region, each.version) for each in lock.plans] == [
        ("coding-plan", "china", "0.12.0")
    ]
    assert [each.origin for each in lock.models][-1] == "custom"
    assert {each.origin for each in lock.models[:-1]} == {"coding-plan"}
    assert codes(compilation) == []


def test_model_with_another_variable_at_the_plans_endpoint_is_custom() -> None:
    entry = {**published("0.12.0", "china")[0], "envKey": "YOUR_CUSTOM_ENV_KEY"}
    compilation = with_plans(of_plan([entry]))
    assert compilation.lock is not None
    assert compilation.lock.plans == ()
    assert compilation.lock.models[0].origin == "custom"


def test_edit_is_noticed_where_the_recorded_version_is_known() -> None:
    entries = published("0.12.0", "china")
    state = {"version": PLAN.template("0.12.0").digests["china"], "region": "china"}
    state["version"] = str(state["version"]).removeprefix("sha256:")
    edited = [{**entries[0], "name": "mine", "sk-abcdefgh12345": 1}, *entries[1:]]
    assert "QL501" not in codes(with_plans(of_plan(entries, state)))
    found = with_plans(of_plan(edited, state))
    (finding,) = [each for each in found.findings if each.code == "QL501"]
    assert "name" in finding.message
    assert "abcdefgh" not in finding.message


def test_models_of_another_version_than_recorded_are_reported() -> None:
    recorded = str(PLAN.template("0.12.0").digests["china"]).removeprefix("sha256:")
    compilation = with_plans(of_plan(published("0.10.1.post1", "china"), {"version": recorded}))
    (finding,) = [each for each in compilation.findings if each.code == "QL501"]
    assert "are those of 0.10.1.post1, but the settings record 0.12.0" in finding.message


def test_an_empty_version_records_nothing() -> None:
    recorded = str(PLAN.template("0.23.3").digests["china"]).removeprefix("sha256:")
    settings = of_plan(published("0.15.10", "china"), {"version": ""}).settings
    metadata = {"providerMetadata": {"coding-plan": {"version": recorded}}}
    compilation = with_plans(source(settings | metadata))
    (finding,) = [each for each in compilation.findings if each.code == "QL501"]
    assert "are those of 0.15.10, but the settings record 0.23.3" in finding.message


def test_models_like_no_template_are_reported() -> None:
    compilation = with_plans(of_plan([{**published("0.12.0", "china")[0], "id": "unheard-of"}]))
    (finding,) = [each for each in compilation.findings if each.code == "QL502"]
    assert "match no known template" in finding.message


def test_models_of_two_regions_side_by_side_are_a_warning() -> None:
    entries = [*published("0.12.0", "china"), *published("0.12.0", "global")]
    distinct = [{**entry, "id": f"{entry['id']}-{index}"} for index, entry in enumerate(entries)]
    compilation = with_plans(of_plan(distinct))
    assert "QL503" in codes(compilation)
    assert compilation.lock is not None
    assert [each.region for each in compilation.lock.plans] == ["china", "global"]


def known_as(lock: Lock, version: str | None) -> Lock:
    (plan,) = lock.plans
    return replace(lock, plans=(replace(plan, version=version),))


def test_another_release_with_the_same_models_that_a_lock_records_stays() -> None:
    """The name of a template can change to an earlier release."""
    newest = of_plan(published("0.23.3", "china"))
    lock = with_plans(newest).lock
    assert lock is not None
    assert lock.plans[0].version == "0.23.3"
    for before, after in (("0.23.4", "0.23.4"), ("0.23.1", "0.23.3")):
        again = with_plans(newest, known_as(lock, before)).lock
        assert again is not None
        assert again.plans[0].version == after


@pytest.mark.parametrize("before", [None, "99.0"])
def test_version_that_a_lock_records_stays_while_the_models_do(before: str | None) -> None:
    """Neither a new nor a deleted version of a template makes a lock stale."""
    known = of_plan(published("0.12.0", "china"))
    lock = with_plans(known).lock
    assert lock is not None
    again = with_plans(known, known_as(lock, before)).lock
    assert again is not None
    assert again.plans[0].version == ("0.12.0" if before else None)
    unknown = of_plan([{**published("0.12.0", "china")[0], "name": "no template has this"}])
    lock = with_plans(unknown).lock
    assert lock is not None
    again = with_plans(unknown, known_as(lock, before)).lock
    assert again is not None
    assert again.plans[0].version == before


def test_version_that_a_lock_records_goes_where_the_models_changed() -> None:
    known = of_plan(published("0.12.0", "china"))
    other = InstalledPlan(id="coding-plan", region="china", digest="sha256:" + "0" * 64)
    lock = with_plans(known).lock
    assert lock is not None
    assert with_plans(known, replace(lock, plans=(other,))).lock == lock


def test_order_of_keys_in_plan_models_leaves_the_version() -> None:
    entries = [dict(reversed(entry.items())) for entry in published("0.12.0", "china")]
    lock = with_plans(of_plan(entries)).lock
    assert lock is not None
    assert lock.plans[0].version == "0.12.0"
    assert [strict(each) for each in entries] == [
        strict(each) for each in published("0.12.0", "china")
    ]
