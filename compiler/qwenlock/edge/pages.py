"""The pages of the findings, read from the package: what only `explain` and the documentation need.

How a page looks is decided in `linting.explain`.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

from qwenlock.linting.explain import Page

_FOLDER = Path(__file__).resolve().parent.parent / "linting" / "pages"


def read_page(code: str) -> Page:
    """Return what the page of a finding's code says besides its rule."""
    return Page(**tomllib.loads((_FOLDER / f"{code}.toml").read_text(encoding="utf-8")))
