"""The site is built without a warning, and loads nothing from other hosts."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from pages import ROOT

if TYPE_CHECKING:
    from pathlib import Path

_LOADED = re.compile(
    r"""<(?:script|img|iframe|source|video|audio)\b[^>]*\bsrc=["']?([^"'\s>]+)"""
    r"""|<link\b(?![^>]*\brel=["']?(?:canonical|alternate|prev|next))[^>]*\bhref=["']?([^"'\s>]+)"""
)
_STYLE = re.compile(r"""(?:url\(\s*|@import\s+)["']?([^"')]+)""")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "-q", "--strict", "-d", str(folder)],
        cwd=ROOT,
        env={"NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
    return folder


@pytest.mark.slow
def test_the_site_loads_nothing_from_elsewhere(site: Path) -> None:
    found = [
        (file.name, target)
        for pattern, reference in (("*.html", _LOADED), ("*.css", _STYLE))
        for file in site.rglob(pattern)
        for match in reference.findall(file.read_text(encoding="utf-8"))
        for target in ([match] if isinstance(match, str) else match)
        if target
    ]
    assert len(found) > 10
    assert [each for each in found if re.match(r"\w+:(?!image/svg)|//", each[1])] == []


@pytest.mark.slow
def test_every_page_has_its_navigation_and_blocks_can_be_copied(site: Path) -> None:
    pages = [*site.rglob("index.html")]
    assert len(pages) > 100
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert "md-nav__item--active" in text, page
        assert "content.code.copy" in text, page
