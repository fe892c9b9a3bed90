"""What is at an offset of a text that somebody is typing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwenlock.text.cursor import cursor
from qwenlock.text.operations import get
from support import OBJECTS, untimed

if TYPE_CHECKING:
    from collections.abc import Iterator

_ABSENT = object()


def at(marked: str) -> tuple[tuple[Any, ...], bool, str] | None:
    """Return the path, whether it is that of a key, and the token, where `|` is."""
    offset = marked.index("|")
    text = marked.replace("|", "", 1)
    found = cursor(text, offset)
    return None if found is None else (found.path, found.on_key, text[found.start : found.end])


@pytest.mark.parametrize(
    ("marked", "path", "on_key", "token"),
    [
        ("{|}", ("",), True, ""),
        ('{"model|"', ("model",), True, '"model"'),
        ('{"XX|', ("XX",), True, '"XX'),
        ('{"model": |}', ("model",), False, ""),
        ('{"model": {"name": "|"}}', ("model", "name"), False, '""'),
        ('{"model": {"name": "gp|\n}}', ("model", "name"), False, '"gp'),
        ('{"a": [{"id": 1}, {|}]}', ("a", 1, ""), True, ""),
        ('{"a": [1, |', ("a", 1), False, ""),
        ('{"a": [1, tr|ue]}', ("a", 1), False, "true"),
        ('{"a": 1, |}', ("",), True, ""),
        ('{"a": 1, {|}}', ("", ""), True, ""),
        ("{a: {|}}", ("a", ""), True, ""),
        ('{"a": 1, "b": {"c": 2}, "d": |}', ("d",), False, ""),
        ('{"a": "x // no", /* "q": { */ "b|": 1}', ("b",), True, '"b"'),
        ("{ /* a */| }", ("",), True, ""),
        ("{ |/* a */ }", ("",), True, ""),
        ('{"é😀": {"n|"}}', ("é😀", "n"), True, '"n"'),
        ('{"a"|: 1}', ("a",), True, '"a"'),
    ],
)
def test_path_is_found_while_somebody_types(
    marked: str, path: tuple[Any, ...], on_key: bool, token: str
) -> None:
    assert at(marked) == (path, on_key, token)


@pytest.mark.parametrize(
    "marked",
    [
        "|",
        "| {}",
        "{} |",
        '{ // "a|\n}',
        "{ // a|\n}",
        "{ // a */|\n}",
        '{ /* "a": | */ }',
        "{ /* |",
        "{ /* a *|/ }",
    ],
)
def test_comments_and_text_outside_have_no_path(marked: str) -> None:
    assert at(marked) is None


def test_other_keys_of_the_object_are_known() -> None:
    text = '{"a": "v", "": {"x": 1}, b: {"c": 2}}'
    found = cursor(text, text.index('""') + 1)
    assert found is not None
    assert (found.siblings, found.has_colon) == (("a", "b"), True)


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    members = value.items() if isinstance(value, dict) else enumerate(value)
    for step, inner in members if isinstance(value, dict | list) else ():
        yield from leaves(inner, (*path, step))


@given(OBJECTS, st.data())
@untimed(150)
def test_token_at_any_offset_is_the_value_at_its_path(value: dict[str, Any], data: Any) -> None:
    text = json.dumps(value, ensure_ascii=data.draw(st.booleans()), indent=1)
    offset = data.draw(st.integers(0, len(text)))
    found = cursor(text, offset)
    if found is None or found.start == found.end:
        return
    token = text[found.start : found.end]
    if found.on_key:
        assert json.loads(token) == found.path[-1]
        assert get(value, found.path, _ABSENT) is not _ABSENT
    else:
        assert json.dumps(json.loads(token)) == json.dumps(get(value, found.path))


@given(st.text(st.sampled_from('{}[],:"\\/*\n ab1é😀'), max_size=40), st.data())
@untimed(200)
def test_any_text_can_be_asked(text: str, data: Any) -> None:
    offset = data.draw(st.integers(0, len(text)))
    found = cursor(text, offset)
    assert found is None or found.start <= offset <= found.end


@pytest.mark.parametrize("piece", ["[", '{"a":'])
def test_deep_text_is_read_in_linear_time(piece: str) -> None:
    text = '{"a":' + piece * 100_000
    found = cursor(text, len(text) // 2 // len(piece) * len(piece))
    assert found is not None
    assert len(found.path) > 10_000
