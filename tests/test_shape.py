"""Outside data is checked against a shape: every problem has its path, and hides the value."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from qwenlock.text.shape import Shape, ShapeProblem, anything, flag, problems, strings, text
from support import JSON

SHAPE = Shape(
    required={"name": text},
    optional={
        "on": flag,
        "names": strings,
        "each": Shape(others=Shape(required={"at": text}), may_be_empty=False),
    },
)


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ({"name": ""}, []),
        ({"name": "n", "on": False, "names": ["a"], "each": {"a": {"at": "x"}}}, []),
        ({}, [ShapeProblem(("name",), "is missing")]),
        ([], [ShapeProblem((), "must be a table")]),
        ({"name": 1}, [ShapeProblem(("name",), "must be a string")]),
        ({"name": "", "on": 1}, [ShapeProblem(("on",), "must be true or false")]),
        ({"name": "", "each": {}}, [ShapeProblem(("each",), "must not be empty")]),
        ({"name": "", "each": 1}, [ShapeProblem(("each",), "must be a table")]),
        ({"name": "", "each": {"a": {}}}, [ShapeProblem(("each", "a", "at"), "is missing")]),
        (
            {"names": [], "nmae": 1},
            [
                ShapeProblem(("names",), "must be an array of at least one string"),
                ShapeProblem(("nmae",), "is not known here", ("name", "on", "names", "each")),
                ShapeProblem(("name",), "is missing"),
            ],
        ),
    ],
)
def test_problems_have_their_paths(value: Any, found: list[ShapeProblem]) -> None:
    assert list(problems(value, SHAPE)) == found


@pytest.mark.parametrize("value", [[], ["a", 1], [[]], "a", None, {"a": 1}])
def test_only_an_array_of_strings_passes_as_one(value: Any) -> None:
    assert strings(value) is not None


@given(JSON, some.text("0123456789", min_size=9))
def test_no_problem_shows_a_value(value: Any, secret: str) -> None:
    for held in (value, [secret], {"each": {"a": {"at": [secret]}}, "on": secret, "names": secret}):
        assert secret not in str([each.what for each in problems(held, SHAPE)])


@given(JSON)
def test_every_value_has_the_type_any(value: Any) -> None:
    assert not list(problems(value, anything))
