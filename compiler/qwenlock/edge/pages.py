"""Reads the pages of the findings from the package, for `explain` and the documentation.

Formatting is done in `lint.explain`.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

from qwenlock.lint.explain import Page

_FOLDER = Path(__file__).resolve().parent.parent / "lint" / "pages"


def read_page(code: str) -> Page:
    """Return the page of a finding's code, without its rule."""
    return Page(**tomllib.loads((_FOLDER / f"{code}.toml").read_text(encoding="utf-8")))
