"""Settings read by the client's rules: what is accepted, what is refused, and where."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwenlock.findings.errors import InputError
from qwenlock.findings.reading import decode, parse
from qwenlock.text.faults import explained
from qwenlock.text.values import MAX_DEPTH, MAX_VALUES
from support import JSON, untimed


def refused(text: str) -> tuple[str, str, tuple[int, int]]:
    """Return the code, the message and the place of the finding that stops reading `text`."""
    with pytest.raises(InputError) as caught:
        parse(text, "settings.json")
    (finding,) = caught.value.findings
    assert finding.place is not None
    return finding.code, finding.message, finding.place.position()[:2]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{}", {}),
        ('\ufeff{"a": 1}', {"a": 1}),
        ('// first\n{"a": /* here */ 1} // last', {"a": 1}),
        ('/* , */{"a": "// no comment /* */"}', {"a": "// no comment /* */"}),
        ('{"a": 1, "a": 2, "\\u0061": 3}', {"a": 3}),
        ('{"a": {"b": 1}, "a": {"c": 2}}', {"a": {"c": 2}}),
        ('{"a":\r\n\t[1,\r2]}', {"a": [1, 2]}),
        ('{"\\ud83d\\ude00": "\\ud800"}', {"\U0001f600": "\ud800"}),
        ('{"a": 1e999}', {"a": float("inf")}),
        ('{"": {"": []}}', {"": {"": []}}),
    ],
)
def test_text_is_read_as_the_client_reads_it(text: str, value: Any) -> None:
    assert parse(text, "settings.json").value == value


@untimed(100)
@given(st.dictionaries(st.text(), JSON, max_size=4))
def test_every_json_object_is_read(value: dict[str, Any]) -> None:
    assert parse(json.dumps(value), "settings.json").value == value


@pytest.mark.parametrize(
    ("text", "message", "at"),
    [
        ("", "the file is empty", (1, 1)),
        (" \n\t", "the file is empty", (1, 1)),
        ('{"a": 1,}', "trailing comma is not allowed", (1, 8)),
        ('{\n  "a": [1, 2,]\n}', "trailing comma is not allowed", (2, 13)),
        ('{"a": NaN}', "NaN is not allowed", (1, 7)),
        ('{"a": -Infinity}', "-Infinity is not allowed", (1, 7)),
        ("{'a': 1}", "single quotes are not allowed", (1, 2)),
        ("{a: 1}", "unquoted keys are not allowed", (1, 2)),
        ("{$: 1}", "unquoted keys are not allowed", (1, 2)),
        ("{-a: 1}", "expected a key", (1, 2)),
        ('{"a": [,]}', "expected a value", (1, 8)),
        ('{"a": 1, , "b": 2}', "expected a key", (1, 10)),
        ('{"a" 1}', "missing colon", (1, 5)),
        ('{"a": 1 "b": 2}', "missing comma", (1, 8)),
        ('{"a": [1, /* , */ 2 3]}', "missing comma", (1, 20)),
        ('{"a": "x', "unterminated string", (1, 7)),
        ('{"a\\\\" : "x\n', "unterminated string", (1, 10)),
        ('\n{"a": "x\n', "unterminated string", (2, 7)),
        ('\r{"a": "x\r"}', "unterminated string", (2, 7)),
        ('{\r"a": 1,\r"b": "x\r}', "unterminated string", (3, 6)),
        ('{"a": "\tx"}', "unescaped control character", (1, 8)),
        ('{"a": "\\x"}', "invalid backslash escape", (1, 8)),
        ('{"a": "\\u12"}', "invalid \\u escape", (1, 9)),
        ('{"a": "\\undefined"}', "invalid \\u escape", (1, 9)),
        ('{"a": 1} x', "unexpected text after the end", (1, 10)),
        ('{"a": 01}', "expected a comma", (1, 8)),
        ('{"a": [1}', "expected ] before this }", (1, 9)),
        ('{"a": "b"]', "expected } before this ]", (1, 10)),
        ('{"a": 1"b": 2}', "missing comma", (1, 8)),
        ('{"a": [1[2]]}', "missing comma", (1, 9)),
        ('{"a": [1{}]}', "missing comma", (1, 9)),
        ('{"a": [1\t2]}', "missing comma", (1, 9)),
        ('{"a": [1\r2]}', "missing comma", (1, 9)),
        ('{"a": [1\n2]}', "missing comma", (1, 9)),
        ('{"a": trueX}', "expected a comma", (1, 11)),
        ("[", "unterminated array", (1, 1)),
        ('{"a": [1]', "unterminated object", (1, 1)),
        ('{"a": [1, 2', "unterminated array", (1, 7)),
        ('{"a": [1], // }\n', "unterminated object", (1, 1)),
        ('{"a": }', "expected a value", (1, 7)),
        ('{"é": "\U0001f600", x}', "unquoted keys are not allowed", (1, 12)),
        ('\r\n\r\n{"a": x}', "expected a value", (3, 7)),
        ('\r\r{"a": x}', "expected a value", (3, 7)),
        ("/* \n */ // \n{'a'}", "single quotes are not allowed", (3, 2)),
        ('{"a": True}', "True is not a JSON value", (1, 7)),
        ('{"a": False}', "False is not a JSON value", (1, 7)),
        ('{"a": None}', "None is not a JSON value", (1, 7)),
        ('{"a": undefined}', "undefined is not a JSON value", (1, 7)),
        ("<<<<<<< ours\n{}", "merge conflict", (1, 1)),
        ("{\n# a\n}", "a comment cannot start with #", (2, 1)),
        ("/* open", "unterminated comment", (1, 1)),
        ("{} /*/", "unterminated comment", (1, 4)),
    ],
)
def test_syntax_error_is_reported_with_its_place(
    text: str, message: str, at: tuple[int, int]
) -> None:
    assert refused(text) == ("QL101", message, at)


@pytest.mark.parametrize(
    ("text", "old", "new"),
    [
        ("[1 , \n]", "Expecting value", "Illegal trailing comma before end of array"),
        (
            '{"a": 1,}',
            "Expecting property name enclosed in double quotes",
            "Illegal trailing comma before end of object",
        ),
    ],
)
def test_trailing_comma_is_reported_alike_with_every_python(text: str, old: str, new: str) -> None:
    before = explained(text, json.JSONDecodeError(old, text, len(text) - 1))
    from_3_13 = explained(text, json.JSONDecodeError(new, text, text.index(",")))
    fix = "remove the comma before the closing bracket"
    assert before == from_3_13 == ("trailing comma is not allowed", text.index(","), fix)


@pytest.mark.parametrize("text", ["[]", "null", "5", '"x"', "// no more\n true"])
def test_settings_must_be_an_object(text: str) -> None:
    assert refused(text)[:2] == ("QL102", "the top level must be an object")


def nested(levels: int) -> str:
    return '{"a":' * (levels - 1) + "{}" + "}" * (levels - 1)


def test_nesting_is_accepted_up_to_the_limit() -> None:
    parse(nested(MAX_DEPTH), "settings.json")
    too_deep = ("QL104", "nested deeper than 500 levels", (1, 1))
    assert refused(nested(MAX_DEPTH + 1)) == too_deep
    assert refused(nested(100_000)) == too_deep


def test_more_values_than_the_limit_are_refused() -> None:
    with pytest.raises(InputError) as caught:
        parse("," * (MAX_VALUES + 1), "settings.json")
    (finding,) = caught.value.findings
    message = "it contains more than 1,000,000 values"
    assert (finding.code, finding.message, finding.fix) == ("QL104", message, "split the file")
    assert finding.place is not None
    assert finding.place.position() == (1, 1, 1)


@pytest.mark.parametrize("levels", [1_000, 10_000, 200_000])
@pytest.mark.parametrize("bracket", ["[", '{"a":'])
def test_nesting_beyond_every_stack_is_refused(bracket: str, levels: int) -> None:
    text = '{"a":' + bracket * levels
    assert refused(text)[0] in {"QL101", "QL104"}


def test_many_shallow_brackets_are_not_depth() -> None:
    assert len(parse('{"a": [' + "[]," * 2_000 + "[]]}", "settings.json").value["a"]) == 2_001


@pytest.mark.parametrize("before", ["0", "0." + "1" * 5_000, f'"{"1" * 5_000}"', "1e-5000"])
def test_number_of_thousands_of_digits_is_refused_at_its_place(before: str) -> None:
    text = f'{{"a": {before},\n"b": {"9" * 5_000}}}'
    assert refused(text) == ("QL110", "a number has thousands of digits", (2, 6))


@pytest.mark.parametrize(
    ("data", "message", "at"),
    [
        (b'{"a": "\xff"}', "byte 0xff is not UTF-8", (1, 8)),
        (b'\xef\xbb\xbf{"a": "\xff"}', "byte 0xff is not UTF-8", (1, 8)),
        ('{"é": "'.encode() + b"\xc3", "byte 0xc3 is not UTF-8", (1, 8)),
        (b'{\r\n "a"\r: \xfe}', "byte 0xfe is not UTF-8", (3, 3)),
        (b"\0{\xff", "byte 0xff is not UTF-8", (1, 3)),
        (b"{}\0\xff", "byte 0xff is not UTF-8", (1, 4)),
        (b"\x09\xff", "byte 0xff is not UTF-8", (1, 2)),
        ("{}".encode("utf-16-le"), "the file is UTF-16", (1, 1)),
        ("{}".encode("utf-16-be"), "the file is UTF-16", (1, 1)),
        ("\ufeff{}".encode("utf-16-le") + b"\0", "the file is UTF-16", (1, 1)),
        ("\ufeff{}".encode("utf-16-be"), "the file is UTF-16", (1, 1)),
    ],
)
def test_what_is_not_utf8_is_reported_with_its_place(
    data: bytes, message: str, at: tuple[int, int]
) -> None:
    with pytest.raises(InputError) as caught:
        decode(data, "settings.json")
    (finding,) = caught.value.findings
    fix = "save the file as UTF-8"
    if "UTF-16" in message:
        fix += "; `>` in Windows PowerShell writes UTF-16"
    assert (finding.code, finding.message, finding.fix) == ("QL103", message, fix)
    assert finding.place is not None
    assert finding.place.position() == (*at, 1)
    finding.place.excerpt()


@untimed(300)
@given(st.data())
def test_mutated_text_is_read_or_refused_with_a_place(data: st.DataObject) -> None:
    value = data.draw(st.dictionaries(st.text(), JSON, max_size=4))
    text = json.dumps(value, indent=1, ensure_ascii=data.draw(st.booleans()))
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(text)))
        piece = data.draw(
            st.sampled_from(
                ["", ",", '"', "{", "]", ":", "//", "/*", "\r", "\n", "\\", "\x00", "é"]
            )
        )
        text = text[:start] + piece + text[start + data.draw(st.integers(0, 3)) :]
    try:
        parse(text, "settings.json")
    except InputError as error:
        for finding in error.findings:
            assert finding.place is not None
            line, column, _ = finding.place.position()
            excerpt = finding.place.excerpt()
            assert line >= 1
            assert column >= 1
            assert 1 <= excerpt.column <= len(excerpt.text) + 1


@untimed(100)
@given(st.binary(max_size=40))
def test_random_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        parse(decode(data, "settings.json"), "settings.json")
    except InputError as error:
        assert error.findings  # noqa: PT017


@untimed(300)
@given(st.data())
def test_reading_is_the_same_with_and_without_the_faster_parser(data: st.DataObject) -> None:
    text = json.dumps(data.draw(st.dictionaries(st.text(), JSON, max_size=3)))
    start = data.draw(st.integers(0, len(text)))
    noise = data.draw(
        st.sampled_from(["", ",", "NaN", "-Infinity", "\x00", "\ufeff", "01", "\\u12"])
    )
    text = text[:start] + noise + text[start:]

    def outcome(text: str) -> Any:
        try:
            return repr(parse(text, "settings.json").value)
        except InputError as error:
            return [finding.code for finding in error.findings]

    assert outcome(text) == outcome(text + "\n//")
