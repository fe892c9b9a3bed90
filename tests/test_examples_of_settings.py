"""The settings files that the pages show are as a current client writes them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from pages import ROOT

if TYPE_CHECKING:
    from pathlib import Path

EXAMPLE = re.compile(
    r'^```jsonc? title="[^"\n]*\.qwen/settings\.json"\n(.*?)^```', re.DOTALL | re.MULTILINE
)
OF_OLD_VERSIONS = {
    "docs/how-to/migrate.md": "migrates an old file",
    "docs/tutorial.md": "begins with old files",
}


def pages() -> list[Path]:
    found = [*ROOT.glob("README*.md"), *(ROOT / "docs").rglob("*.md")]
    return [each for each in found if EXAMPLE.search(each.read_text(encoding="utf-8"))]


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.relative_to(ROOT).as_posix())
def test_example_names_the_current_version_of_settings(page: Path) -> None:
    examples = EXAMPLE.findall(page.read_text(encoding="utf-8"))
    old = [each for each in examples if '"$version": 4' not in each]
    assert bool(old) == (page.relative_to(ROOT).as_posix() in OF_OLD_VERSIONS)
