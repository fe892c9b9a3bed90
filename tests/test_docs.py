"""qwenlock does what the documentation shows."""

from __future__ import annotations

import difflib
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any, get_args

import pytest
import typer

import reference
from pages import PAGES, ROOT, blocks, matches, rewritten
from qwenlock.cli.app import app
from qwenlock.clients import misplaced
from qwenlock.enforce.endpoints import EndpointStatus

if TYPE_CHECKING:
    from pathlib import Path

UPDATE = (
    'run `pytest -m "" tests/test_docs.py --update-docs`, and read the difference before you '
    "commit it"
)
WITH_COMMANDS = [page for page in PAGES if "```console\n" in page.read_text(encoding="utf-8")]
READMES = {
    name: (ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "README.zh-CN.md")
}
README = READMES["README.md"]
SECURITY = (ROOT / "SECURITY.md").read_text(encoding="utf-8")


def block(mark: str, readme: str = README) -> str:
    """Return the code block that follows `<!-- mark -->` in a README."""
    found = re.search(rf"<!-- {mark} -->\n```\w*\n(.*?)```", readme, re.DOTALL)
    assert found is not None, mark
    return found[1]


def qwenlock(command: str, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    """Run a `qwenlock …` command line of the README in the repository."""
    _, *arguments = command.split()
    return subprocess.run(
        [sys.executable, "-m", "qwenlock", *arguments],
        cwd=ROOT,
        env={"HOME": str(tmp_path), "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("name", READMES)
def test_the_example_prints_what_the_readme_shows(name: str, tmp_path: Path) -> None:
    readme = READMES[name]
    command = block("example", readme).strip().rpartition(" && ")[2].removeprefix(".venv/bin/")
    result = qwenlock(command, tmp_path)
    assert result.returncode == 0, result.stderr
    assert matches(block("example output", readme), result.stdout)


def test_the_readmes_show_the_same_commands_and_output() -> None:
    """The console blocks are run as those of every page are."""
    shown = [
        [(each.title, each.mark, each.body) for each in blocks(text)] for text in READMES.values()
    ]
    assert shown[0] == shown[1]
    for kind in (r"\]\(((?!README)[^)]+)\)", r"`((?:uv|pip|pipx)\s[^`]+)`"):
        links, others = (re.findall(kind, text) for text in READMES.values())
        assert [each.split() for each in links] == [each.split() for each in others]
        assert links


def test_the_locks_of_the_examples_are_up_to_date(tmp_path: Path) -> None:
    result = qwenlock("qwenlock check examples/team", tmp_path)
    assert result.returncode == 0, result.stderr


@pytest.mark.slow
@pytest.mark.parametrize("page", WITH_COMMANDS, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_a_page_shows_what_its_commands_print(
    page: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    shown = page.read_text(encoding="utf-8")
    now = rewritten(shown, tmp_path)
    if request.config.getoption("--update-docs"):
        page.write_text(now, encoding="utf-8")
    elif now != shown:
        difference = difflib.unified_diff(
            shown.splitlines(keepends=True), now.splitlines(keepends=True), page.name, "now"
        )
        pytest.fail(
            f"a command prints something else; if it should, {UPDATE}\n{''.join(difference)}"
        )


def test_the_reference_matches_the_code(request: pytest.FixtureRequest) -> None:
    made = reference.pages()
    if request.config.getoption("--update-docs"):
        for page, text in made.items():
            page.write_text(text, encoding="utf-8")
    others = {page for page in reference.FOLDER.iterdir() if page not in made}
    assert [page for page in others if reference.MADE in page.read_text(encoding="utf-8")] == []
    for page, text in made.items():
        assert page.read_text(encoding="utf-8") == text, f"{page.name} differs: {UPDATE}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_the_words_before_a_file_name_it(page: Path) -> None:
    """GitHub does not show the title of a block."""
    text, end = page.read_text(encoding="utf-8"), 0
    for block in blocks(text):
        words = text[end : block.start].rpartition("```")[0]
        assert block.title is None or f"{block.title}`" in words, block.title
        end = block.start + len(block.body)


def test_commands_that_are_not_run_are_marked_and_say_why() -> None:
    for page in set(PAGES) - {ROOT / name for name in READMES}:
        for block in blocks(page.read_text(encoding="utf-8")):
            if block.language in ("sh", "bash", "shell") and block.title is None:
                assert re.match(r"not run: \w", block.mark), f"{page}: {block.body}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_command_line_of_a_page_exists(page: Path) -> None:
    for line in command_lines(page.read_text(encoding="utf-8")):
        assert problem_of(line.split()[1:]) is None, line


def command_lines(text: str) -> list[str]:
    """Return every `qwenlock …` of the blocks of a page and between its backticks."""
    of_blocks = "\n".join(block.body for block in blocks(text) if block.title is None)
    prose = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    of_prose = re.findall(r"`(qwenlock [^`]+)`", " ".join(prose.split()))
    return [*re.findall(r"^(?:\$ )?(qwenlock [^#|;&>\n]+)", of_blocks, re.MULTILINE), *of_prose]


def problem_of(words: list[str]) -> str | None:
    """Return the error of a command line: an unknown command or option."""
    command: Any = typer.main.get_command(app)
    words = [word for word in words if word != "…"]
    while hasattr(command, "get_command") and words:
        if words[0].startswith("-"):
            words = words[1:]
            continue
        named, words = words[0], words[1:]
        command = command.get_command(None, named)
        if command is None:
            return f"no command {named}"
    known = {"--help", *(name for each in command.params for name in each.opts)}
    known |= {name for each in command.params for name in each.secondary_opts}
    own = words[: words.index("--")] if "--" in words else words
    named = {word.partition("=")[0].rstrip(".,") for word in own if word.startswith("--")}
    return f"no options {named - known}" if named - known else None


@pytest.mark.parametrize("line", ["lokc", "lock --uesr x", "template shwo", "check --env --no-usr"])
def test_a_command_line_that_does_not_exist_is_noticed(line: str) -> None:
    assert problem_of(line.split()) is not None


def test_every_variable_that_is_read_is_on_its_page() -> None:
    page = (ROOT / "docs" / "reference" / "files.md").read_text(encoding="utf-8")
    package = ROOT / "compiler" / "qwenlock"
    code = [file.read_text(encoding="utf-8") for file in package.rglob("*.py")]
    read = {name for text in code for name in re.findall(r'"(QWEN[A-Z_]*[A-Z])"', text)}
    read |= {name for text in code for name in re.findall(r'environ\.get\("(\w+)"', text)}
    read -= misplaced.VARIABLES.keys()
    assert len(read) > 5
    read -= {"TERM", "PATH", "COMP_WORDS", "COMP_CWORD"}  # a shell sets them
    assert {name for name in read if f"`{name}`" not in page} == set()


def test_every_status_of_a_ping_is_on_its_page() -> None:
    page = (ROOT / "docs" / "how-to" / "endpoints.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `([a-z-]+)` \|", page, re.MULTILINE) == list(get_args(EndpointStatus))


def test_every_test_that_holds_a_promise_is_there() -> None:
    file, named = "", 0
    systems = (ROOT / "docs" / "reference" / "systems.md").read_text(encoding="utf-8")
    for path, test in re.findall(r"`(tests/\w+\.py)`|`(test_\w+)`", SECURITY + systems):
        if path:
            file = (ROOT / path).read_text(encoding="utf-8")
        else:
            assert f"def {test}(" in file, test
            named += 1
    assert named > 20


def test_every_link_of_a_page_leads_somewhere() -> None:
    for page in [*PAGES, *ROOT.glob("golden/*.md")]:
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
