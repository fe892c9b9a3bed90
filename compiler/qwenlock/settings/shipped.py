"""Finds the content that ships with qwenlock: `templates/`, `migrations/` and `docs/findings/`."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent


def folder(name: str) -> Path:
    """Return the folder `name` of the installed wheel, or of the checkout if editable.

    In the wheel, a folder stands without those above it: `docs/findings` as `findings`.
    """
    shipped = _PACKAGE / "_content" / Path(name).name
    return shipped if shipped.is_dir() else _PACKAGE.parent.parent / name
