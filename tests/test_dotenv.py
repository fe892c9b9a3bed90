"""`.env` files: read as by the client, and written so that every parser reads the value."""

from __future__ import annotations

import io
import json
import shutil
import subprocess

import pytest
from dotenv import dotenv_values
from hypothesis import example, given
from hypothesis import strategies as st

from qwenlock.text.dotenv import add, line_of, parse, remove

CHARACTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
AWKWARD = st.sampled_from(list("ab1'\"`#$\\{}= \n\r\u2028\ufeff\x85é"))
VALUES = st.one_of(st.text(AWKWARD, min_size=1), st.text(CHARACTERS, min_size=1))
FILES = st.sampled_from([
    "", "A=1", "A=1\n", "# note\r\nB='x y'\r\n", "export C=3\n\n", 'D="two\nlines"\n',
    "E=a b # c\n",
])  # fmt: skip

# The parser of Node's dotenv, major version 16.
NODE = r"""
const quoted = String.raw`\s*'(?:\\'|[^'])*'|\s*"(?:\\"|[^"])*"|\s*` + '`(?:\\\\`|[^`])*`'
const LINE = new RegExp(String.raw`(?:^|^)\s*(?:export\s+)?([\w.-]+)(?:\s*=\s*?|:\s+?)(` + quoted +
  String.raw`|[^#\r\n]+)?\s*(?:#.*)?(?:$|$)`, 'mg')
function parse (src) {
  const obj = {}
  let match
  const lines = src.toString().replace(/\r\n?/mg, '\n')
  while ((match = LINE.exec(lines)) != null) {
    let value = (match[2] || '').trim()
    const quote = value[0]
    value = value.replace(/^(['"`])([\s\S]*)\1$/mg, '$2')
    if (quote === '"') value = value.replace(/\\n/g, '\n').replace(/\\r/g, '\r')
    obj[match[1]] = value
  }
  return obj
}
const texts = JSON.parse(require('fs').readFileSync(0, 'utf8'))
console.log(JSON.stringify(texts.map(parse)))
"""


def python_reads(text: str) -> dict[str, str | None]:
    lines = io.TextIOWrapper(io.BytesIO(text.encode()), "utf-8").read()
    return dotenv_values(stream=io.StringIO(lines))


def node_reads(texts: list[str]) -> list[dict[str, str]]:
    given_texts = json.dumps(texts).encode()
    done = subprocess.run(["node", "-e", NODE], input=given_texts, capture_output=True, check=True)
    found: list[dict[str, str]] = json.loads(done.stdout)
    return found


def added(before: str, value: str) -> str | None:
    """Return the file with a variable added; None if it cannot hold the value."""
    try:
        return add(before, {"KEY": value})
    except ValueError:
        return None


@given(FILES, VALUES)
@example("", "it's # not \\n what $it `seems`")
@example("A=1", "two\nlines")
def test_value_is_read_back_by_both_and_the_rest_stays_to_the_byte(before: str, value: str) -> None:
    after = added(before, value)
    if after is not None:
        assert parse(after) == {**parse(before), "KEY": value}
        assert python_reads(after) == {**python_reads(before), "KEY": value}
        assert after.startswith(before)
        assert after.endswith("\r\n" if "\r\n" in before else "\n")


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1))
def test_only_what_neither_can_hold_is_refused(key: str) -> None:
    if "${" in key or "`" in key or ("'" in key and '"' in key) or "\\" in key:
        return
    assert parse(add("", {"KEY": key})) == {"KEY": key}


@pytest.mark.parametrize(
    ("value", "line"),
    [
        ("sk-0123456789abcdef", "KEY=sk-0123456789abcdef"),
        ("two words", "KEY='two words'"),
        ("#1", "KEY='#1'"),
        ("it's", 'KEY="it\'s"'),
        ("$HOME", "KEY='$HOME'"),
        ("line\rfeed", 'KEY="line\\rfeed"'),
        ("two\r\nlines", 'KEY="two\\r\\nlines"'),
        ("a\\\\b", "KEY=a\\\\b"),
    ],
)
def test_quotes_are_used_where_they_are_needed(value: str, line: str) -> None:
    assert add("", {"KEY": value}) == f"{line}\n"


@pytest.mark.parametrize("value", ["${HOME}", "a\0b", "\ud800", "'\"`# "])
def test_value_that_no_file_can_hold_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match=r"^KEY$"):
        add("", {"KEY": value})


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(
    ("lines", "left"),
    [
        (["A=1", "export B=2", "C=3", ""], ["A=1", "C=3", ""]),
        (["B=1", "A=2", "B=3"], ["A=2", ""]),
        (["A=1", "", "# B", " B = '1' # why", "", "C=3"], ["A=1", "", "# B", "", "C=3"]),
        (["B='1", "# 2' # why", "C=3"], ["C=3"]),
        (["A=1", "B=", "C=3"], ["A=1", "C=3"]),
        (["B=", "", "# of C", "C=3"], ["", "# of C", "C=3"]),
        (["A=1", "# B=2", "AB=3", "BA=4"], ["A=1", "# B=2", "AB=3", "BA=4"]),
    ],
)
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_variable_is_removed_with_its_line(
    end: str, lines: list[str], left: list[str], mark: str
) -> None:
    assert remove(mark + end.join(lines), "B") == mark + end.join(left)


@pytest.mark.parametrize("text", ["B=1\nA=x#\u2028B=2\n", 'B= \n"\n\n"\n'])
def test_variable_is_not_removed_if_that_changed_another(text: str) -> None:
    with pytest.raises(ValueError, match=r"^B$"):
        remove(text, "B")


def test_line_breaks_in_a_value_are_read_as_line_feeds() -> None:
    assert parse("A='x\r\ny\rz'\r\nB=1\r") == {"A": "x\ny\nz", "B": "1"}
    assert parse('A="x\\ny\\rz"') == {"A": "x\ny\rz"}
    assert parse("A=\ufeffx\x1c\ufeff") == {"A": "x\x1c"}  # by JavaScript's white space


def test_unterminated_quote_does_not_swallow_the_new_variable() -> None:
    with pytest.raises(ValueError, match=r"^KEY$"):
        add("A='open\n", {"KEY": "it's"})
    assert parse(add("A='open\n", {"KEY": "plain"})) == {"A": "'open", "KEY": "plain"}


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_parser_agrees_with_node() -> None:
    texts: list[str] = []

    pieces = AWKWARD | st.sampled_from(["\nA=", "\nexport B=", "C: "])

    @given(st.lists(pieces, max_size=30))
    def collect(found: list[str]) -> None:
        texts.append("".join(found))

    collect()
    assert [parse(text) for text in texts] == node_reads(texts)


@pytest.mark.parametrize(
    ("text", "variables"),
    [
        ("\n" * 300_000, {}),
        ("\n " * 150_000 + "!", {}),
        ("A=x" + "\u2028'a" * 100_000, {"A": "x" + "\u2028'a" * 100_000}),
        ("A='x\n" + "\n" * 300_000, {"A": "'x"}),
        ("A" + "\n" * 300_000 + "B=1", {"B": "1"}),
    ],
    ids=["blank lines", "blanks", "quotes that do not close", "one open quote", "no value"],
)
def test_text_is_read_in_linear_time(text: str, variables: dict[str, str]) -> None:
    assert parse(text) == variables  # with the expressions of Node's dotenv: for minutes


@pytest.mark.parametrize("value", ["${" * 200_000, "${" * 200_000 + ":}", "${A:-" * 100_000])
def test_unfinished_references_are_read_in_linear_time(value: str) -> None:
    assert add(f"A={value}\n", {"B": "1"}) == f"A={value}\nB=1\n"


def test_blanks_are_read_in_linear_time() -> None:
    text = "A=x" + " " * 300_000 + "y\n"
    assert add(text, {"B": "1"}) == text + "B=1\n"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("A=1", 1),
        ("\ufeffA=1", 1),
        ("\r\rA=1\r", 3),
        ("A=1\r\nA=2\r\n# A=3", 2),
        ('B="\nA=1\n"\r\nexport A: 2', 4),
    ],
)
def test_line_is_that_of_the_value_that_counts(text: str, line: int) -> None:
    assert line_of(text, "A") == line
