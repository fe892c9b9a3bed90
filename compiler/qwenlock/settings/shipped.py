"""Finds the content that ships with qwenlock: `templates/` and `migrations/`."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent


def folder(name: str) -> Path:
    """Return the folder `name` of the installed wheel, or of the checkout if editable."""
    shipped = _PACKAGE / "_content" / name
    return shipped if shipped.is_dir() else _PACKAGE.parent.parent / name
