"""Positions point exactly at the value; excerpts show the line without secrets."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwenlock.findings.reading import decode, parse
from qwenlock.text import mask
from qwenlock.text.locate import Locator
from support import KEYS, SCALARS, untimed

if TYPE_CHECKING:
    from qwenlock.text.operations import Path

TRIVIA = [
    "",
    " ",
    "\t",
    "\n",
    "\r\n",
    "\r",
    " \t",
    "/* é \n * 😀 */",
    "// x\n",
    "/*\r*/",
    "// y\r\n",
]


class Written(NamedTuple):
    """A generated document, and the position of each value and key in it."""

    text: str
    values: dict[Path, tuple[int, int]]
    keys: dict[Path, tuple[int, int]]


class Writer:
    def __init__(self, data: st.DataObject) -> None:
        self.data = data
        self.text = ""
        self.values: dict[Path, tuple[int, int]] = {}
        self.keys: dict[Path, tuple[int, int]] = {}

    def space(self) -> None:
        self.text += self.data.draw(st.sampled_from(TRIVIA))

    def token(self, value: Any) -> tuple[int, int]:
        start = len(self.text)
        self.text += json.dumps(value, ensure_ascii=self.data.draw(st.booleans()))
        return start, len(self.text)

    def put(self, path: Path, levels: int) -> None:
        """Write a value; a later value at the same path replaces the earlier one."""
        for known in [known for known in self.values if known[: len(path)] == path]:
            del self.values[known]
        kind = self.data.draw(
            st.sampled_from(["scalar", "object", "array"] if levels else ["scalar"])
        )
        if kind == "scalar":
            self.values[path] = self.token(self.data.draw(SCALARS))
            return
        start = len(self.text)
        self.text += "{" if kind == "object" else "["
        self.space()
        for index in range(self.data.draw(st.integers(0, 3))):
            if index:
                self.text += ","
                self.space()
            step: str | int = index
            if kind == "object":
                step = self.data.draw(KEYS | st.sampled_from(["a", "b"]))
                self.keys[*path, step] = self.token(step)
                self.space()
                self.text += ":"
                self.space()
            self.put((*path, step), levels - 1)
            self.space()
        self.text += "}" if kind == "object" else "]"
        self.values[path] = start, len(self.text)


@st.composite
def documents(draw: st.DrawFn) -> Written:
    writer = Writer(draw(st.data()))
    writer.space()
    start = len(writer.text)
    writer.text += '{"root":'
    writer.space()
    writer.put(("root",), 3)
    writer.space()
    writer.text += "}"
    writer.values[()] = start, len(writer.text)
    writer.space()
    return Written(writer.text, writer.values, writer.keys)


def at(text: str, start: int, stop: int) -> tuple[int, int, int]:
    """Return line, column and width of a stretch of `text`, found by counting."""
    lines = re.split(r"\r\n|\r|\n", text[:start])
    first_line = re.split(r"[\r\n]", text[start:stop])[0].rstrip()
    return len(lines), len(lines[-1]) + 1, max(1, len(first_line))


@untimed(250)
@given(documents(), st.booleans())
def test_position_of_every_value_and_key_is_where_it_was_written(
    written: Written, with_mark: bool
) -> None:
    data = (("\ufeff" if with_mark else "") + written.text).encode()
    locator = parse(decode(data, "x"), "x").locator
    assert locator.position(())[:2] == at(written.text, *written.values[()])[:2]
    for path, stretch in written.values.items():
        assert path == () or locator.position(path) == at(written.text, *stretch), path
        if path in written.keys:
            place = locator.position(path, on_key=True)
            assert place == at(written.text, *written.keys[path]), path


@untimed(150)
@given(documents())
def test_caret_is_under_the_value_or_its_mask(written: Written) -> None:
    locator = Locator(written.text)
    for path, (start, stop) in written.values.items():
        excerpt = locator.excerpt(*locator.position(path))
        shown = excerpt.text[excerpt.column - 1 :]
        token = written.text[start:stop]
        expected = ('"***"',) if token.startswith('"') else ("***",)
        assert shown.startswith((token[:1] if token[0] in "[{" else token, *expected)), path


@untimed(100)
@given(documents(), st.text(max_size=5))
def test_position_of_what_is_missing_is_that_of_its_parent(written: Written, name: str) -> None:
    locator = Locator(written.text)
    for path, stretch in written.values.items():
        if not path:
            continue
        missing = (*path, f"missing {name}")
        assert locator.position(missing) == at(written.text, *stretch)
        assert locator.position(missing, on_key=True) == at(written.text, *stretch)


@pytest.mark.parametrize(
    ("text", "path", "position"),
    [
        ('{"a": 1}', (), (1, 1, 8)),
        ('{"a": 1, "a": 22}', ("a",), (1, 15, 2)),
        ('{"a": {"b": 1}, "a": {"c": 2}}', ("a", "b"), (1, 22, 8)),
        ('{"\\u0061": 1}', ("a",), (1, 12, 1)),
        ('{"é😀":\t"ü"}', ("é😀",), (1, 8, 3)),
        ('{"a":\r\n[\r\n1]}', ("a", 0), (3, 1, 1)),
        ('{"a":\r[\r1]}', ("a", 0), (3, 1, 1)),
        ('{"a": [1, 2]}', ("a", 5), (1, 7, 6)),
        ('{"a": [1, 2]}', ("a", "b"), (1, 7, 6)),
        ('// one\n{"a": /* \n */ true}', ("a",), (3, 5, 4)),
        ('{"a": {  \n}}', ("a",), (1, 7, 1)),
        ("// nothing", (), (1, 11, 1)),
    ],
)
def test_position(text: str, path: Path, position: tuple[int, int, int]) -> None:
    assert Locator(text).position(path) == position


# Excerpts


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ('{"id": "gpt-4o", "name": "x"}', '{"id": "gpt-4o", "name": "x"}'),
        ('{"other": "value"}', '{"other": "value"}'),
        (
            '{"other": "camelCase", "mode": "UPPER_CASE"}',
            '{"other": "camelCase", "mode": "UPPER_CASE"}',
        ),
        ('{"other": "xQzRtKvBnMwPlJh"}', '{"other": "***"}'),
        ('{"other": "two words"}', '{"other": "***"}'),
        ('{"other": "h4nter2"}', '{"other": "***"}'),
        (
            '{"protocol": "openai", "effort": "x-high"}',
            '{"protocol": "openai", "effort": "x-high"}',
        ),
        ('{"disableField": "extra_body"}', '{"disableField": "extra_body"}'),
        ('{"modelFallbacks": "a-1,lab/b:2"}', '{"modelFallbacks": "a-1,lab/b:2"}'),
        ('{"fastModel": "openai:qwen3.5-1"}', '{"fastModel": "openai:qwen3.5-1"}'),
        ('{"fastModel": "sk-abcdefgh1234"}', '{"fastModel": "***"}'),
        ('{"timeout": "60000", "wait": "1.5s"}', '{"timeout": "60000", "wait": "1.5s"}'),
        ('{"proxy": "http://127.0.0.1:7890"}', '{"proxy": "http://127.0.0.1:7890"}'),
        ('{"url": "https://h.example/v1/a1b2c3d4e5f6"}', '{"url": "***"}'),
        ('{"apiKey": "${MY_KEY}"}', '{"apiKey": "${MY_KEY}"}'),
        ('{"env": {"A": "$MY_KEY", "B": "word"}}', '{"env": {"A": "$MY_KEY", "B": "***"}}'),
        ('{"env": {"OPENAI_MODEL": "glm-5:free"}}', '{"env": {"OPENAI_MODEL": "glm-5:free"}}'),
        ('{"env": {"OPENAI_MODEL": "sk-abcdefgh1234"}}', '{"env": {"OPENAI_MODEL": "***"}}'),
        ('{"env": {"OPENAI_MODEL": ["word"]}}', '{"env": {"OPENAI_MODEL": ["***"]}}'),
        ('{"env": {"HTTP_PROXY": "http://h:1"}}', '{"env": {"HTTP_PROXY": "http://h:1"}}'),
        ('{"env": {"OPENAI_BASE_URL": "u:p@h"}}', '{"env": {"OPENAI_BASE_URL": "***"}}'),
        ('{"env": {"HTTP_PROXY": "u:p@h:1"}}', '{"env": {"HTTP_PROXY": "***"}}'),
        ('{"systemPrompt": "Be terse."}', '{"systemPrompt": "Be terse."}'),
        ('{"systemPrompt": "key: h4nter2h4nter"}', '{"systemPrompt": "***"}'),
        ('{"id": "x" "envKey": "y"}', '{"id": "x" "envKey": "***"}'),
        ('{"id"\uff1a "x"\uff0c}', '{"id"\uff1a "***"\uff0c}'),
        ('{"customHeaders": {"x": "word"}}', '{"customHeaders": {"x": "***"}}'),
        ('{"token": {"value": "word"}}', '{"token": {"value": "***"}}'),
        ('{"a": h4nter2, "b": 1.5}', '{"a": ***, "b": 1.5}'),
        ('"env": {"A": "x"}, "id": "y"', '"env": {"A": "***"}, "id": "y"'),
        ('{"a": treu, "b": None}', '{"a": treu, "b": None}'),
        ('{"args": ["--password", "word"]}', '{"args": ["***", "***"]}'),
        ('{"a": "b" "word"}', '{"a": "b" "***"}'),
        ('{"apiKey" "word"}', '{"***" "***"}'),
        ('{"id": "sk-abcdefgh1234"}', '{"id": "***"}'),
        ('{"id": "s\\u006b-abcdefgh1234"}', '{"id": "***"}'),
        ('{"id": "broken \\escape"}', '{"id": "***"}'),
        ('{"baseUrl": "https://u:p@h/v1"}', '{"baseUrl": "***"}'),
        ('{"baseUrl": "u:hunter@gateway"}', '{"baseUrl": "***"}'),
        ('{"baseUrl": "https://h/v1?key=abc"}', '{"baseUrl": "***"}'),
        ('{"baseUrl": "https:\\/\\/u:p@h/v1"}', '{"baseUrl": "***"}'),
        ('{"envKey": "OPENAI_API_KEY"}', '{"envKey": "OPENAI_API_KEY"}'),
        ('{"envKey": "not a name"}', '{"envKey": "***"}'),
        ('{"timeout": 60000, "on": true}', '{"timeout": 60000, "on": true}'),
        ('{"password": 12345678}', '{"password": ***}'),
        ('{"password": /* c */ 12345678}', '{"password": /* … */ ***}'),
        ('{"password": [1234, 5678]}', '{"password": [***, ***]}'),
        ('{"p\\u0061ssword": 12345678}', '{"p\\u0061ssword": ***}'),
        ('{"env": {"id": "x", "n": 5}, "id": "y"}', '{"env": {"id": "***", "n": ***}, "id": "y"}'),
        ('{"env": /* { */ {"a": {}, "id": "x"}}', '{"env": /* … */ {"a": {}, "id": "***"}}'),
        ('{"env": [{"id": "x"}, {"id": 5}]}', '{"env": [{"id": "***"}, {"id": ***}]}'),
        ('{"codes": [429, 500]}', '{"codes": [429, 500]}'),
        ('{"env": {"A": true, "B": false}}', '{"env": {"A": true, "B": false}}'),
        ('{"token": null, "password": false}', '{"token": null, "password": false}'),
        ('{"codes": [429, "x", 500]}', '{"codes": [429, "***", 500]}'),
        ('{"codes": [[1], [2]]}', '{"codes": [[1], [2]]}'),
        ('{"id": ["secret"]}', '{"id": ["***"]}'),
        ('{"id":: "word"}', '{"id":: "***"}'),
        ('{"id": "x", "secret"}', '{"id": "x", "***"}'),
        ('{"apiKey": "hidden": 1}', '{"apiKey": "***": ***}'),
        ('{"apiKey": /* c */ "hidden" : 1}', '{"apiKey": /* … */ "***" : ***}'),
        ("{'apiKey': 'secret'}", "{'apiKey': ***}"),
        ("{apiKey: secret, n: 12345678}", "{apiKey: ***, n: 12345678}"),
        ('{"a": 1} // sk-secret', '{"a": 1} // …'),
        ('{"a": "unterminated secret', '{"a": "***"'),
        ('{"sk-abcdefgh1234": 1}', '{"***": 1}'),
        ('{"n": 123456789012345678901234567890}', '{"n": ***}'),
        ('"lonely"', '"***"'),
    ],
)
def test_excerpt_shows_what_is_not_a_secret(line: str, shown: str) -> None:
    assert Locator(line).excerpt(1, 1, 1).text == shown


def test_excerpt_of_a_long_line_is_cut_around_the_place() -> None:
    text = '{"a": [' + "1, " * 5_000 + '"here"' + ", 2" * 5_000 + "]}"
    position = Locator(text).position(("a", 5_000))
    excerpt = Locator(text).excerpt(*position)
    assert len(excerpt.text) < 500
    assert excerpt.text[excerpt.column - 1 :].startswith('"***"')


def test_excerpt_within_a_comment_of_several_lines_hides_it() -> None:
    text = '{\n/* sk-secret\n sk-secret */ "id": "x"}'
    assert Locator(text).excerpt(2, 1, 1).text == "/* … */"
    excerpt = Locator(text).excerpt(3, 21, 3)
    assert excerpt.text == '/* … */ "id": "x"}'
    assert excerpt.text[excerpt.column - 1 :] == '"x"}'


@pytest.mark.parametrize(("text", "line"), [("", 1), ("{}", 2), ("{}\n", 3)])
def test_excerpt_of_a_line_that_is_not_there_is_empty(text: str, line: int) -> None:
    assert Locator(text).excerpt(line, 1, 1) == ("", 1, 1)


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_excerpt_ends_with_its_line(ending: str) -> None:
    text = ending.join(['{"a":', "1,", '"b": 2}'])
    assert [Locator(text).excerpt(line, 1, 1).text for line in (1, 2, 3)] == [
        '{"a":',
        "1,",
        '"b": 2}',
    ]


CANARIES = st.from_regex(r"\Ask-[G-Z2-9]{20}\Z")


@untimed(200)
@given(documents(), CANARIES, st.data())
def test_no_excerpt_shows_a_key_wherever_it_stands(
    written: Written, canary: str, data: st.DataObject
) -> None:
    spots = [0, *(found.end() for found in re.finditer(r"[^A-Za-z0-9]", written.text))]
    spot = data.draw(st.sampled_from(spots))
    text = written.text[:spot] + canary + written.text[spot:]
    locator = Locator(text)
    for line in range(1, len(re.split(r"\r\n|\r|\n", text)) + 1):
        shown = locator.excerpt(line, 1, 200).text
        assert canary[3:9] not in shown
        assert canary[-6:] not in shown


@untimed(200)
@given(st.data())
def test_no_excerpt_of_broken_text_shows_a_value_under_a_credential_name(
    data: st.DataObject,
) -> None:
    secret = data.draw(st.from_regex(r"\A[a-zA-Z0-9]{12}\Z") | st.from_regex(r"\A[0-9]{12}\Z"))
    text = f'{{"id": "x", "apiKey": "{secret}", "token": {secret}, "b": ["{secret}"]}}'
    for _ in range(data.draw(st.integers(0, 4))):
        spot = data.draw(st.integers(0, len(text)))
        if secret[:3] in text[max(0, spot - 12) : spot + 12]:
            continue  # only around the secret: a key of another spelling may be shown
        piece = data.draw(st.sampled_from(['"', ":", ",", "[", "/*", "//", "\\", "\n", "'"]))
        text = text[:spot] + piece + text[spot:]
    for line in range(1, len(text.split("\n")) + 1):
        assert secret not in Locator(text).excerpt(line, 1, 500).text


def test_value_whose_object_begins_far_back_is_hidden() -> None:
    text = '{"env": {' + '"A": true, ' * 300 + '"id": "hidden"}}'
    position = Locator(text).position(("env", "id"))
    assert Locator(text).excerpt(*position).text.endswith('"id": "***"}}')


# The whole text, for a diff


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('{\n "id": "x", // plain\n}', '{\n "id": "x", // plain\n}'),
        ('{"env": {"A": "secret"}}', '{"env": {"A": "***"}}'),
        ('{"efforts": ["low", "xhigh"]}', '{"efforts": ["low", "xhigh"]}'),
        ('{"efforts": ["sk-abcdefghijkl", "0a1b2c3d4e5f"]}', '{"efforts": ["***", "***"]}'),
        ('{"env": {"efforts": ["low"]}}', '{"env": {"efforts": ["***"]}}'),
        ("{} // use sk-abcdefghijkl", "{} // ***"),
        ("{} /* https://u:p@host */", "{} /* *** */"),
        ("{} // key=abcdefghijkl", "{} // key=***"),
        ("{} // 0a1b2c3d4e5f60718293", "{} // ***"),
    ],
)
def test_whole_text_is_shown_but_possible_keys_are_masked(text: str, shown: str) -> None:
    assert Locator(text).masked() == shown


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"])
def test_what_follows_more_tokens_than_can_be_read_is_hidden_line_by_line(
    end: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mask, "_MOST", 5)
    text = end.join(['{"a": "word",', '"b": "word",', '"c": "word"}'])
    assert Locator(text).masked() == f'{{"a": "word",{end}***{end}'
    assert Locator(text).excerpt(3, 1, 1).text == "***"


def test_value_deeper_than_the_limit_is_still_below_env() -> None:
    deep = '{"env": {"a": ' + "[" * 2_000 + "]" * 2_000 + ', "b": "word"}, "c": "word"}'
    assert Locator(deep).masked().endswith('"b": "***"}, "c": "word"}')


def test_comments_between_values_are_read_in_linear_time() -> None:
    comments = ("\n" + " " * 200 + "//") * 50_000
    text = '{"a":[1' + comments + "\n,1]}"
    assert Locator(text).masked() == text


def test_words_without_end_are_masked_in_time_that_grows_with_them() -> None:
    comment = "//" + "a" * 500_000  # if it is read again from each letter, it takes half an hour
    assert Locator("{}" + comment).masked() == "{}" + comment
    assert Locator("{}" + comment + "1").masked() == "{}//***"


@untimed(100)
@given(documents(), st.data())
def test_masked_lines_are_those_of_the_whole(written: Written, data: st.DataObject) -> None:
    locator = Locator(written.text)
    lines = re.split("\r\n|\r|\n", locator.masked())
    assert len(lines) == len(locator.lines)
    first = data.draw(st.integers(1, len(lines)))
    last = data.draw(st.integers(first, len(lines)))
    assert locator.masked_lines(first, last) == lines[first - 1 : last]


def test_lines_in_the_middle_of_a_comment_are_those_lines() -> None:
    locator = Locator("{\n/* a\nb\nc */\n}")
    assert [locator.masked_lines(line, line) for line in range(1, 6)] == [
        ["{"], ["/* a"], ["b"], ["c */"], ["}"],
    ]  # fmt: skip


def test_masked_lines_far_from_the_beginning_are_those_of_the_whole() -> None:
    inner = {"id": "x", "n": [1, "s"], "env": {"A": 1}}
    settings: dict[str, Any] = {f"k{number}": inner for number in range(2_000)}
    settings["env"] = {f"V{number}": number for number in range(3_000)}
    text = json.dumps(settings, indent=1)
    text = text.replace('"n"', '/* a\n b: 123456789\n */ "n"')
    locator = Locator(text)
    lines = re.split("\n", locator.masked())
    for first in range(1, len(lines) - 40, 997):
        assert locator.masked_lines(first, first + 40) == lines[first - 1 : first + 40]
