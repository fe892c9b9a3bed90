"""Scopes are merged: REPLACE for modelProviders, deep merge otherwise; what each contributes."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwenlock.clients.scopes import SCOPES
from qwenlock.settings.scopes import Source, contribution, highest, merged, owner
from qwenlock.text.operations import Path, get
from support import JSON, KEYS, MODEL, codes, compiled, dump, locked, models, source, untimed

PATHS: tuple[Path, ...] = (
    ("security", "auth", "selectedType"),
    ("model", "name"),
    ("model", "baseUrl"),
    ("model", "generationConfig"),
    ("security", "auth", "apiKey"),
    ("security", "auth", "baseUrl"),
)
LEAVES = st.sampled_from([None, "", "a", "b", 5, True, [], {}, {"x": 1}, {"x": {"y": 1}, "z": 2}])
OBJECTS = st.deferred(lambda: st.dictionaries(st.sampled_from("xyz"), LEAVES, max_size=3))


def settings_of_a_scope() -> st.SearchStrategy[dict[str, Any]]:
    auth = st.fixed_dictionaries(
        {}, optional={"selectedType": LEAVES, "apiKey": LEAVES, "baseUrl": LEAVES}
    )
    model = st.fixed_dictionaries(
        {}, optional={"name": LEAVES, "baseUrl": LEAVES, "generationConfig": LEAVES | OBJECTS}
    )
    return st.fixed_dictionaries(
        {"$version": st.just(4)},
        optional={
            "security": st.fixed_dictionaries({}, optional={"auth": auth | LEAVES}) | LEAVES,
            "model": model | LEAVES,
        },
    )


SCALAR_LEAVES = LEAVES.filter(lambda leaf: not isinstance(leaf, dict))
STACKS = st.lists(settings_of_a_scope(), min_size=1, max_size=3)


def stacked(values: list[dict[str, Any]]) -> list[Source]:
    return [source(value, scope) for scope, value in zip(SCOPES, values, strict=False)]


def deep_merge(low: Any, high: Any) -> Any:
    """Merge as the client does: How Qwen Code reads settings, "Merging"."""
    if not isinstance(high, dict):
        return high
    result = copy.deepcopy(low) if isinstance(low, dict) else {}
    for key in high:
        if key not in {"__proto__", "constructor", "prototype"}:
            result[key] = deep_merge(result.get(key), high[key])
    return result


@untimed(80)
@given(st.lists(st.dictionaries(KEYS, JSON, max_size=2), min_size=1, max_size=3), KEYS)
def test_settings_merge_as_the_client_merges_them(values: list[dict[str, Any]], key: str) -> None:
    sources = stacked([{"$version": 4, "some": value} for value in values])
    expected: Any = {}
    for value in values:
        expected = deep_merge(expected, value)
    assert merged(sources, ("some",)) == expected
    assert key == "__proto__" or merged(sources, ("some", key)) == expected.get(key)


@untimed(200)
@given(STACKS, st.sampled_from(PATHS))
def test_value_at_a_path_is_that_of_the_whole_merge(
    values: list[dict[str, Any]], path: Path
) -> None:
    whole: Any = {}
    for value in values:
        whole = deep_merge(whole, value)
    assert merged(stacked(values), path) == get(whole, path)


@untimed(200)
@given(STACKS, st.sampled_from(PATHS))
def test_contributions_alone_give_the_same_merge(values: list[dict[str, Any]], path: Path) -> None:
    sources = stacked(values)
    parts = [contribution(sources, index, path) for index in range(len(sources))]
    together: Any = None
    for part in parts:
        together = together if part is None else deep_merge(together, part)
    expected = merged(sources, path)
    assert (together or None) == (expected or None)


def put(value: Any, path: Path, new: Any) -> Any:
    if not path:
        return new
    held = value if isinstance(value, dict) else {}
    return {**held, path[0]: put(held.get(path[0]), path[1:], new)}


@untimed(200)
@given(STACKS, st.sampled_from(PATHS), st.data())
def test_what_a_higher_scope_decides_is_not_an_input(
    values: list[dict[str, Any]], path: Path, data: st.DataObject
) -> None:
    values = [*values, put(data.draw(settings_of_a_scope()), path, data.draw(SCALAR_LEAVES))]
    index = data.draw(st.integers(0, len(values) - 2))
    other = copy.deepcopy(values)
    other[index] = put(values[index], path, data.draw(LEAVES))
    if any(not isinstance(get(values[index], path[:end], {}), dict) for end in range(1, len(path))):
        other[index] = values[index]  # a scalar there hides what is below, so it counts
    before, after = compiled(*stacked(values)), compiled(*stacked(other))
    assert (before.lock is None) == (after.lock is None)
    if before.lock is not None and after.lock is not None:
        assert dump(before.lock) == dump(after.lock)


# REPLACE


@untimed(100)
@given(st.lists(st.none() | JSON, min_size=2, max_size=4), JSON)
def test_highest_scope_with_the_key_owns_the_catalogue(values: list[Any], other: Any) -> None:
    """The catalogue does not depend on the scopes below its owner."""
    own = models(MODEL)
    below = [{} if value is None else {"modelProviders": value} for value in values[:-1]]
    lock = locked(*stacked([*below, own]))
    assert [model.id for model in lock.models] == ["gpt-4o"]
    assert dump(lock) == dump(locked(*stacked([{"modelProviders": other}] * len(below) + [own])))


def test_owner_is_the_highest_with_the_key_even_if_it_is_null() -> None:
    sources = stacked([{"modelProviders": {}}, {"modelProviders": None}, {"x": 1}])
    assert owner(sources) is sources[1]
    assert owner(stacked([{}, {"x": 1}])) is None
    assert codes(compiled(*sources)) == ["QL201"]


def test_project_replaces_the_users_catalogue_and_says_what_is_hidden() -> None:
    """The guide's "Generation Config Layering": models are not merged, of no auth type."""
    user = {"modelProviders": {"anthropic": [{"id": "claude", "envKey": "A"}], "openai": [MODEL]}}
    project = {"modelProviders": {"openai": [{"id": "own", "envKey": "B"}]}}
    compilation = compiled(source(user), source(project, "project"))
    assert compilation.lock is not None
    assert [(each.auth_type, each.id) for each in compilation.lock.models] == [("openai", "own")]
    assert compilation.hidden == ("anthropic/claude", "openai/gpt-4o")
    (finding,) = [each for each in compilation.findings if each.code == "QL301"]
    assert "anthropic/claude, openai/gpt-4o are not offered" in finding.message


def test_model_in_both_scopes_is_not_hidden() -> None:
    compilation = compiled(source(models(MODEL)), source(models(MODEL), "project"))
    assert compilation.hidden == ()
    assert "QL301" not in codes(compilation)


@pytest.mark.parametrize("empty", [{}, {"openai": []}, {"openai": [], "gemini": []}])
def test_empty_object_empties_the_catalogue_with_a_warning(empty: Any) -> None:
    compilation = compiled(source(models(MODEL)), source({"modelProviders": empty}, "project"))
    assert compilation.lock is not None
    assert compilation.lock.models == ()
    assert {"QL301", "QL302"} <= set(codes(compilation))


def test_many_hidden_models_are_counted() -> None:
    user = models(*({"id": f"m{index}", "envKey": "K"} for index in range(9)))
    compilation = compiled(source(user), source({"modelProviders": {}}, "project"))
    message = next(each.message for each in compilation.findings if each.code == "QL301")
    assert "openai/m0, openai/m1, openai/m2 and 6 more are not offered" in message


def test_hidden_credential_is_not_shown() -> None:
    user = models({"id": "sk-abcdefgh12345", "envKey": "K"})
    compilation = compiled(source(user), source(models(MODEL), "project"))
    assert compilation.hidden == ("openai/***",)


# Inputs


def test_only_scopes_that_contribute_are_inputs() -> None:
    sources = stacked(
        [{"theme": "dark"}, models(MODEL), {"model": {"name": "gpt-4o"}}, {"ui": {"x": 1}}]
    )
    assert [each.scope for each in locked(*sources).inputs] == ["user", "project"]


def test_user_whose_catalogue_and_selection_are_overridden_is_not_an_input() -> None:
    project = {**models(MODEL), "model": {"name": "gpt-4o"}}
    user = {**models({"id": "other", "envKey": "K"}), "model": {"name": "other"}}
    lock = locked(source(user), source(project, "project"))
    assert [each.scope for each in lock.inputs] == ["project"]
    assert dump(lock) == dump(locked(source(project, "project")))


def test_users_selection_counts_where_the_project_makes_none() -> None:
    project = {"modelProviders": {"openai": [MODEL, {**MODEL, "id": "b"}]}}
    user = {**models(), "model": {"name": "b"}}
    lock = locked(source(user), source(project, "project"))
    assert (lock.selection.model, lock.selection.source) == ("b", "user")
    assert [each.scope for each in lock.inputs] == ["user", "project"]


def test_highest_is_the_source_that_has_something_there() -> None:
    sources = stacked([{"a": {"b": 1}}, {"a": {}}, {"a": 5}])
    assert highest(sources, ("a", "b")) is sources[0]
    assert highest(sources, ("a", "c")) is None
    assert highest(sources, ("a",)) is sources[2]


def test_key_that_the_client_skips_is_not_a_contribution() -> None:
    sources = stacked([{"$version": 4, "model": {"generationConfig": {"__proto__": {"x": 1}}}}])
    assert contribution(sources, 0, ("model", "generationConfig")) == {}


def test_place_of_a_migrated_setting_is_that_in_the_file() -> None:
    text = json.dumps({"selectedAuthType": "nonsense", "theme": "x"}, indent=2)
    compilation = compiled(source(text))
    (finding,) = [each for each in compilation.findings if each.code == "QL601"]
    assert finding.place is not None
    assert finding.place.position()[:2] == (2, 23)
