"""JSON values in TOML and back: without loss, and with one spelling for each number."""

from __future__ import annotations

import tomllib
from datetime import date
from typing import Any

import pytest
import tomli_w
import tomlkit
from hypothesis import given
from hypothesis import strategies as st

from qwenlock.compile.entries import canonical
from qwenlock.lock.values import MAX_DEPTH, canonical_number, from_toml, is_exact, to_toml
from support import JSON, strict, untimed
from test_entries import nested


def text_of(value: Any) -> str:
    return tomli_w.dumps({"value": to_toml(canonical(value))})


@untimed(300)
@given(JSON)
def test_json_value_comes_back_from_toml(value: Any) -> None:
    back = from_toml(tomllib.loads(text_of(value))["value"])
    assert strict(back) == strict(value)
    assert text_of(back) == text_of(value)


@untimed(60)
@given(JSON)
def test_independent_toml_parser_reads_the_same(value: Any) -> None:
    text = text_of(value)
    assert strict(tomlkit.parse(text).unwrap()) == strict(tomllib.loads(text))


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (None, {"$null": True}),
        ({"$null": True}, {"$$null": True}),
        ({"$number": "5"}, {"$$number": "5"}),
        ({"$$null": None}, {"$$$null": {"$null": True}}),
        ({"$null": 1, "b": 2}, {"$null": 1, "b": 2}),
        (2**53, 2**53),
        (2**53 + 1, {"$number": "9007199254740993"}),
        (-(2**64) - 1, {"$number": "-18446744073709551617"}),
    ],
)
def test_representation_is_the_documented_one(value: Any, written: Any) -> None:
    assert to_toml(value) == written
    assert from_toml(written) == value


@pytest.mark.parametrize(
    ("number", "one"),
    [
        (1e6, 1000000),
        (-0.0, 0),
        (0.5, 0.5),
        (2.0**53, 2**53),
        (2**53 + 2, 2.0**53 + 2),
        (2**53 + 1, 2**53 + 1),
        (10**400, 10**400),
    ],
)
def test_one_number_has_one_spelling(number: float, one: float) -> None:
    result = canonical_number(number)
    assert (type(result), result) == (type(one), one)


@pytest.mark.parametrize(
    ("integer", "exact"), [(2**53, True), (2**53 + 1, False), (2**60, True), (10**400, False)]
)
def test_integer_that_javascript_rounds_is_not_exact(integer: int, exact: bool) -> None:
    assert is_exact(integer) is exact


@pytest.mark.parametrize(
    "value",
    [
        {"$null": False},
        {"$null": 1.5},
        {"$number": 5},
        {"$number": "0x10"},
        {"$number": "\u0661"},
        {"$number": "9" * 5000},
        {"a": date(2026, 1, 1)},
        [float("nan")],
        [float("inf")],
        float("-inf"),
    ],
)
def test_toml_that_stands_for_no_json_value_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match=r"^$"):
        from_toml(value)


@pytest.mark.parametrize("kind", [dict, list])
def test_nesting_is_read_up_to_the_limit(kind: type) -> None:
    deepest = nested(MAX_DEPTH, kind)
    assert from_toml(tomllib.loads(text_of(deepest))["value"]) == deepest
    with pytest.raises(ValueError, match=r"^$"):
        from_toml(nested(MAX_DEPTH + 1, kind))


@given(st.booleans())
def test_boolean_is_not_a_number(value: bool) -> None:
    assert from_toml(to_toml(value)) is value
