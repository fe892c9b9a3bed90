"""What the documentation shows is what qwenlock does."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from qwenlock import credentials

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def block(mark: str) -> str:
    """Return the code block that follows `<!-- mark -->` in the README."""
    found = re.search(rf"<!-- {mark} -->\n```\w*\n(.*?)```", README, re.DOTALL)
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


def test_the_example_prints_what_the_readme_shows(tmp_path: Path) -> None:
    command = block("example").strip().rpartition(" && ")[2].removeprefix(".venv/bin/")
    result = qwenlock(command, tmp_path)
    assert result.returncode == 0, result.stderr
    assert result.stdout == block("example output")


def test_the_findings_are_those_the_readme_shows(tmp_path: Path) -> None:
    result = qwenlock("qwenlock lock examples/mistakes --no-user", tmp_path)
    assert result.returncode == 3
    assert result.stderr.strip() == block("finding").strip()


def test_the_locks_of_the_examples_are_up_to_date(tmp_path: Path) -> None:
    result = qwenlock("qwenlock check examples/team", tmp_path)
    assert result.returncode == 0, result.stderr


def test_every_command_of_the_readme_exists(tmp_path: Path) -> None:
    commands = set(re.findall(r"qwenlock ([a-z]+)\b", "".join(re.findall(r"`[^`]+`", README))))
    listed = qwenlock("qwenlock --help", tmp_path).stdout
    assert commands
    assert {name for name in commands if not re.search(rf"│ {name}\b", listed)} == set()


@pytest.mark.parametrize(
    "names",
    [
        credentials.KEY_PREFIXES,
        credentials.CREDENTIAL_FIELDS,
        credentials.CREDENTIAL_FIELD_ENDINGS,
    ],
)
def test_the_list_of_credentials_is_the_codes(names: tuple[str, ...]) -> None:
    page = " ".join((ROOT / "docs" / "credentials.md").read_text(encoding="utf-8").split())
    assert ", ".join(f"`{name}`" for name in sorted(names)) in page


def test_every_link_of_a_page_leads_somewhere() -> None:
    pages = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("golden/*.md")]
    for page in pages:
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
