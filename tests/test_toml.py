"""The positions of the keys of a TOML text."""

from __future__ import annotations

from typing import Any

import pytest
import tomli_w
from hypothesis import given
from hypothesis import strategies as st

from qwenlock.text.toml import Positions, TomlError, parse
from support import TEXT, untimed

VALUES = st.recursive(
    st.one_of(st.booleans(), st.integers(-9, 9), TEXT, st.text("\"'\\[]{}=#\n.", max_size=9)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(TEXT, inner, min_size=1, max_size=3)
    ),
    max_leaves=15,
)


@given(st.dictionaries(TEXT, VALUES, max_size=5))
@untimed(200)
def test_every_key_begins_where_its_position_is(table: dict[str, Any]) -> None:
    text = tomli_w.dumps(table)
    for path in paths(table):
        line, column = Positions(text).of(path)
        assert not holds(parse("\n".join(text.split("\n")[: line - 1])), path)
        assert keys_at(text, line, column), (text, path)


def paths(table: dict[str, Any], above: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Return the keys that lead to each value of `table` and of tables in it."""
    found = []
    for key, value in table.items():
        found.append((*above, key))
        if isinstance(value, dict):
            found += paths(value, (*above, key))
    return found


def holds(value: Any, path: tuple[str, ...]) -> bool:
    for key in path:
        if not isinstance(value, dict) or key not in value:
            return False
        value = value[key]
    return True


def keys_at(text: str, line: int, column: int) -> bool:
    """Tell whether the keys of a header or an assignment begin at a position."""
    content = text.split("\n")[line - 1]
    return not content[: column - 1].strip("[") and content[column - 1] not in "[ ="


@pytest.mark.parametrize(
    ("text", "path", "where"),
    [
        ("a = 1\nb = 2", ("b",), (2, 1)),
        ("[x]\n  b = 2", ("x", "b"), (2, 3)),
        ("[x]\r\n[ x . y ]\r\nb = 2", ("x", "y"), (2, 3)),
        ('x."a.b" = 2', ("x", "a.b"), (1, 1)),
        ("[x]\nx = 2", ("x", "x"), (2, 1)),
        ("x = { b = 2 }", ("x", "b"), (1, 1)),
        ('a = """\nb = 1\n"""""\nb = 2', ("b",), (4, 1)),
        ("a = '''\nb = 1'''\nb = 2", ("b",), (3, 1)),
        ("a = [ # ]\n \"]\", ']',\n]\nb = 2", ("b",), (4, 1)),
        ('a = [[\n1],\n["b"],\n]\nb = 2', ("b",), (5, 1)),
        ("a = { c = 1 }\nb = 2", ("b",), (2, 1)),
        ("[[t]]\na = 1\n[[t]]\na = 2\n[u]\na = 3", ("u", "a"), (6, 1)),
        ("a = 2020-01-01 # b = 1\nb = 2", ("b",), (2, 1)),
        ("# b = 1\n\n\nb = 2", ("b",), (4, 1)),
        ("a = 1", ("nowhere",), (1, 1)),
    ],
)
def test_positions(text: str, path: tuple[str, ...], where: tuple[int, int]) -> None:
    parse(text)
    assert Positions(text).of(path) == where


def test_inline_table_may_have_several_lines_from_toml_1_1_on() -> None:
    assert Positions("a = {\n  b = 1,\n}\nb = 2").of(("b",)) == (4, 1)


@pytest.mark.parametrize(
    ("text", "message", "where"),
    [
        ("a = 1\nb", r"not valid TOML: [^()]+", (2, 2)),
        ("a = 1\nb = [\n", r"not valid TOML: [^()]+", (3, 1)),
        ("a = 3 b\n", r"not valid TOML: [^()]+", (1, 7)),
        ("a = " + "9" * 5000, r"not valid TOML: Exceeds the limit .*", (1, 5005)),
        ("a = " + "[" * 5000, "nested too deeply", (1, 1)),
    ],
)
def test_what_is_not_toml(text: str, message: str, where: tuple[int, int]) -> None:
    with pytest.raises(TomlError, match=f"^{message}$") as raised:
        parse(text)
    assert raised.value.at == where
    assert raised.value.message == str(raised.value)


@pytest.mark.parametrize("part", ["a", '"a"', "'a'", "a . b"])
@pytest.mark.parametrize("before", ["", "[t]\n", "x = 1\n  "])
def test_key_of_very_many_parts_is_refused_at_once(before: str, part: str) -> None:
    with pytest.raises(TomlError, match="a key has more than 100 parts") as raised:
        parse(before + f"{part}." * 100_000 + "b = 1")
    assert raised.value.at == (before.count("\n") + 1, 1)


def test_keys_and_texts_with_many_dots_are_read() -> None:
    text = "a." * 99 + 'b = "' + "a." * 200 + '" # ' + "a." * 200 + "\n"
    assert holds(parse(text), ("a",) * 99)


def test_blanks_before_no_key_are_read_in_linear_time() -> None:
    with pytest.raises(TomlError):
        parse(" " * 500_000 + "!")
    assert Positions(" " * 500_000 + "\nb = 1").of(("b",)) == (2, 1)
