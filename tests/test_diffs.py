"""The diff that is shown before a change: it leads from one text to the other, and shows no key."""

from __future__ import annotations

import json
import re
from difflib import SequenceMatcher
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from qwenlock.findings import diffs
from qwenlock.findings.diffs import unified
from qwenlock.findings.file_changes import FileChange
from support import untimed

LINES = st.lists(st.sampled_from(["a", "b", "c", "{", "}", ""]), max_size=30)
SECRET = "sk-planted-4f1d9c"


def diff(label: str, before: str | None, after: str) -> str:
    return unified(FileChange(Path(label), label, before, after))


def patched(lines: list[str], diff: str) -> list[str]:
    """Return `lines` with a unified diff applied at its line numbers."""
    result: list[str] = []
    done = 0
    for line in diff.splitlines()[2:]:
        head = re.fullmatch(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@", line)
        if head:
            start = int(head[1]) - (head[2] != "0")
            result += lines[done:start]
            assert len(result) == int(head[3]) - (head[4] != "0")
            done = start
        elif line[0] == "+":
            result.append(line[1:])
        else:
            assert lines[done] == line[1:]
            done += 1
            result += [line[1:]] if line[0] == " " else []
    return result + lines[done:]


@untimed(300)
@given(LINES, LINES)
@example(["a"] * 10, ["a"] * 14)
@example(["a"] * 14, ["a"] * 10)
def test_diff_leads_from_one_text_to_the_other(old: list[str], new: list[str]) -> None:
    before, after = ("".join(f"{line}\n" for line in lines) for lines in (old, new))
    shown = diff(".gitignore", before, after)
    assert patched(old, shown) == new
    assert bool(shown) == (old != new)


def test_change_of_a_large_file_is_shown_with_three_lines_around_it() -> None:
    lines = [f"line {number}" for number in range(10_000)]
    after = [*lines[:5000], "new", *lines[5000:]]
    shown = diff(".gitignore", "\n".join(lines), "\n".join(after))
    assert shown.splitlines()[2:] == [
        "@@ -4998,6 +4998,7 @@",
        *(f" line {number}" for number in (4997, 4998, 4999)),
        "+new",
        *(f" line {number}" for number in (5000, 5001, 5002)),
    ]


def test_change_of_a_secret_is_shown_without_it() -> None:
    before, after = (json.dumps({"env": {"A": value}}, indent=1) for value in (SECRET, "other"))
    assert '-  "A": "***"\n+  "A": "***"\n' in diff("s.json", before, after)


def test_byte_order_mark_is_no_part_of_a_line() -> None:
    shown = diff("s.json", "\ufeff{}\n", '\ufeff{"a": 1}\n')
    assert shown == '--- a/s.json\n+++ b/s.json\n@@ -1 +1 @@\n-{}\n+{"a": 1}\n'


def test_lines_of_others_in_a_plain_file_are_masked() -> None:
    before = f"token: {SECRET}\npassword: hunter-hunter\nname: x\n"
    shown = diff("ci.yml", before, before + "run: qwenlock check --recursive\n")
    assert SECRET not in shown
    assert "hunter" not in shown
    assert "+run: qwenlock check --recursive\n" in shown


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("name: qwenlock", "name: qwenlock"),
        ("  - uses: actions/checkout@v5", "  - uses: actions/checkout@v5"),
        ('  python: ["3.11", "3.12"]', '  python: ["3.11", "3.12"]'),
        ("if: ${{ matrix.system == 'ubuntu-latest' }}", None),
        ("  A_KEY: hunter2", "  A_KEY: ***"),
        ("- export A_PASSWORD=hunter2", "- export A_PASSWORD=***"),
        ("variables: {A_TOKEN: hunter2}", "variables: {A_TOKEN: ***"),
        ("database: hunter2hunter2", "database: ***"),
        ("run: deploy 4f9a8b7c6d5e4f3a2b1c", "run: ***"),
        ("  4f9a8b7c6d5e4f3a2b1c", "  ***"),
        ("word " * 200, None),
        ("word " * 200 + "w", "***"),
    ],
)
def test_only_keys_are_masked_in_a_plain_file(line: str, shown: str | None) -> None:
    assert f"\n-{shown or line}\n" in diff("ci.yml", f"{line}\n", "")


def test_new_file_comes_from_nowhere() -> None:
    shown = diff(".env", None, f"A={SECRET}\n")
    assert shown == "--- /dev/null\n+++ b/.env\n@@ -0,0 +1 @@\n+A=***\n"


@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\r", "\\r\n"])
def test_no_line_of_a_key_is_taken_for_a_variable(line_break: str) -> None:
    shown = diff(".env", None, f'export A="x{line_break}Zm9v=bar{line_break}y="\nB=1\n')
    assert shown.splitlines()[3:] == ["+export A=***", "+# ***", "+# ***", "+B=***"]


@untimed(200)
@given(
    st.integers(0, 60),
    st.lists(st.tuples(st.integers(0, 59), st.integers(0, 4), st.integers(0, 4)), max_size=4),
    st.booleans(),
)
def test_equal_lines_in_the_middle_of_large_texts_change_no_diff(
    count: int, changes: list[tuple[int, int, int]], alike: bool
) -> None:
    """A diff of texts that are compared in parts leads from the old to the new lines."""
    old = [f"line {number % 7 if alike else number}" for number in range(count)]
    new = list(old)
    for at, gone, come in changes:
        new[at : at + gone] = [f"new {at} {each}" for each in range(come)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(diffs, "_LARGE", 10)
        patch.setattr(diffs, "_PROBE", 7)
        groups = list(diffs._groups(old, new))
    made, done = [], 0
    for group in groups:
        assert group[0][1] >= done
        made += old[done : group[0][1]]
        assert len(made) == group[0][3]
        for tag, start, stop, new_start, new_stop in group:
            assert tag != "equal" or old[start:stop] == new[new_start:new_stop]
            assert tag != "equal" or stop - start <= 6
            made += new[new_start:new_stop]
        done = group[-1][2]
    assert made + old[done:] == new


def test_equal_lines_in_the_middle_of_a_large_file_are_not_compared(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compared = []

    class Matcher(SequenceMatcher[str]):
        def __init__(self, junk: None, old: list[str], new: list[str]) -> None:
            compared.append((len(old), len(new)))
            super().__init__(junk, old, new)

    monkeypatch.setattr(diffs, "SequenceMatcher", Matcher)
    lines = [f"line {number}" for number in range(40_000)]
    for begin in (
        [*lines[:10], *["new"] * 500, *lines[20:]],
        [*lines[:10], *lines[20:]],
        lines[20_000:],
    ):
        compared.clear()
        diff(".gitignore", "\n".join(lines), "\n".join([*begin[:-10], "last"]))
        assert [min(each) < 600 for each in compared] == [True, True]
