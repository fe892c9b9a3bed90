"""The page about the client: each statement says how it is known, and its citations exist."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from conformance.behaviours import BEHAVIOURS
from pages import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = ROOT / "docs" / "explanation" / "how-qwen-code-reads-settings.md"
TEXT = PAGE.read_text(encoding="utf-8")
TITLE = "How Qwen Code reads settings"
CONFORMANCE = ROOT / "tests" / "conformance"

_MARK = re.compile(r"\[([a-z][^\[\]]*)\](?!\()")


def sections() -> dict[str, str]:
    _, *found = re.split(r"^## (.+)\n", TEXT, flags=re.MULTILINE)
    return dict(zip(found[::2], found[1::2], strict=True))


def statements(section: str) -> Iterator[str]:
    """Yield each list item and each table row of a section, as one line."""
    for item in re.findall(r"^- .*(?:\n  .*)*", section, re.MULTILINE):
        yield " ".join(item.split())
    for rows in re.findall(r"^\|[- |]+\|\n((?:\|.*\n)+)", section, re.MULTILINE):
        yield from rows.splitlines()


def marks_of_the_table() -> dict[str, str]:
    """Return what each mark means, as the page explains it."""
    rows = statements(sections()["How it is known"])
    return dict(row.strip("| ").split(" | ", 1) for row in rows)


def test_every_statement_says_how_it_is_known() -> None:
    known = {mark.strip("[]").removesuffix("…") for mark in marks_of_the_table()}
    for heading, section in sections().items():
        for statement in statements(section) if heading != "How it is known" else ():
            marks = _MARK.findall(statement)
            assert marks, f"{heading}: {statement}"
            for mark in marks:
                assert re.sub(r"(?<=: ).*", "", mark) in known, f"{heading}: [{mark}]"


def test_rows_of_the_matrix_that_are_cited_are_there() -> None:
    titles = {behaviour.title for behaviour in BEHAVIOURS}
    cited = re.findall(r"\[matrix: ([^…]+?)\]", " ".join(TEXT.split()))
    assert len(cited) > 30
    assert sorted(set(cited) - titles) == []


def test_tests_that_the_page_names_are_there() -> None:
    named = re.findall(r"`(test_\w+\.py)::(test_\w+)`", TEXT)
    assert len(named) == len(marks_of_the_table()) - 4
    for file, test in named:
        tree = ast.parse((CONFORMANCE / file).read_text(encoding="utf-8"))
        assert test in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


FILES = subprocess.run(
    ["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True
).stdout.split("\0")[:-1]


def texts() -> Iterator[tuple[str, str]]:
    """Yield the name and the text of each text file that git tracks."""
    for name in FILES:
        try:
            yield name, (ROOT / name).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):  # deleted without a commit, or not text
            continue


def test_sections_that_are_cited_are_there() -> None:
    cited = 0
    for name, text in texts():
        words = re.sub(r"[\s#]+", " ", text)
        for first, more in re.findall(rf'{TITLE}, "([^"]+)"((?:,? (?:and )?"[^"]+")*)', words):
            for section in [first, *re.findall(r'"([^"]+)"', more)]:
                assert section in sections(), f"{name}: {section}"
                cited += 1
    assert cited > 30


def test_no_file_names_a_page_that_is_not_in_the_repository() -> None:
    pages = {Path(name).name for name in FILES}
    for name, text in texts():
        for page in re.findall(r"\b[A-Z]{3,}(?:[_.-][\w-]+)*\.md\b", text):
            assert page in pages or page == "QWEN.md", f"{name} names {page}"  # the client's own
