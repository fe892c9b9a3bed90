"""The pages of the findings, read from the package: what only `explain` and the documentation need.

How a page looks is decided in `lint.explain`.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

from qwenlock.lint.explain import Page

_FOLDER = Path(__file__).resolve().parent.parent / "lint" / "pages"


def read_page(code: str) -> Page:
    """Return what the page of a finding's code says besides its rule."""
    return Page(**tomllib.loads((_FOLDER / f"{code}.toml").read_text(encoding="utf-8")))
