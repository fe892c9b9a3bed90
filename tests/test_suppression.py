"""The comment that an editor adds suppresses its finding, and changes nothing else."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING

import pytest

from examples import example, write_files
from qwenlock.edge.lint_subject import gather
from qwenlock.edge.places import Flags
from qwenlock.findings.repair import repaired
from qwenlock.findings.rules import RULES
from qwenlock.lint.lint import lint
from qwenlock.lint.subject import Subject
from qwenlock.lint.suppress import suppression
from qwenlock.settings.project import Project
from qwenlock.text.document import BOM
from support import World, plainly_read, source

if TYPE_CHECKING:
    from qwenlock.findings.finding import Finding

CODES = [
    code
    for code in RULES
    if f"ignore[{code}]" in example(code).ignoring and not example(code).given and code != "QL117"
]


def about(code: str, findings: list[Finding]) -> list[Finding]:
    return [each for each in findings if each.code == code]


@pytest.mark.parametrize("code", CODES)
def test_comment_suppresses_the_example_of_a_page(code: str, world: World) -> None:
    page = example(code)
    write_files(page.before, world)
    options = shlex.split(page.command)[2:]
    client = options[options.index("--client") + 1] if "--client" in options else "guide"
    subject = gather(world.project, Flags(), client, env="--env" in options)
    before = about(code, lint(subject))
    repair = suppression(before[0])
    assert repair is not None
    on = subject.source_of(before[0])
    assert on is not None
    text = repaired(on.document, [repair])
    assert plainly_read(text) == plainly_read(on.document.text)
    after = about(code, lint(subject.with_texts({on.scope: text})))
    assert len(after) < len(before)


def linted(text: str) -> list[Finding]:
    return lint(Subject(Project(sources=(source(text),))))


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(
    "text",
    [
        '{"modelProviders":\n\t{\n\t"x": []}}',
        '{"modelProviders": {"x": []}}',
        '{"modelProviders": {\n"x": []\n}}',
    ],
)
def test_comment_has_the_indentation_and_ending_of_the_file(text: str, ending: str) -> None:
    text = text.replace("\n", ending)
    (finding,) = about("QL202", linted(text))
    assert finding.place is not None
    repair = suppression(finding)
    assert repair is not None
    after = repaired(finding.place.document, [repair])
    assert about("QL202", linted(after)) == []
    assert json.loads(
        "".join(each for each in after.splitlines() if "//" not in each)
    ) == json.loads(text)


def test_codes_end_with_their_comment() -> None:
    text = '{"modelProviders": {"x": [], // qwenlock: ignore[QL101\n"y": []}}'
    (found,) = about("QL202", linted(text))
    assert found.place is not None
    assert found.place.path == ("modelProviders", "y")


def test_line_that_begins_in_a_comment_gets_no_comment() -> None:
    (finding,) = about("QL202", linted('{"modelProviders": { /* a\n b */ "x": []}}'))
    assert suppression(finding) is None


def test_finding_about_a_byte_order_mark_gets_no_comment() -> None:
    (finding,) = about("QL117", linted(BOM + "{}"))
    assert suppression(finding) is None


def test_finding_about_comments_gets_no_comment() -> None:
    (finding,) = about("QL115", linted("{} // qwenlock: ignore[QL202]"))
    assert suppression(finding) is None
