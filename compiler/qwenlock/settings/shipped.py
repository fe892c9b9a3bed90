"""Where the product's own content lies: `templates/` and `migrations/`."""

from __future__ import annotations

from pathlib import Path

DEFINITION, TEMPLATE = "plan.toml", ".json.j2"
"""The file of what all templates of a plan share, and how the name of a template ends."""

_PACKAGE = Path(__file__).resolve().parent.parent


def folder(name: str) -> Path:
    """Return the folder `name` of an installed wheel, or of the checkout an editable install is."""
    shipped = _PACKAGE / "_content" / name
    return shipped if shipped.is_dir() else _PACKAGE.parent.parent / name


def is_of_a_plan(name: str) -> bool:
    """Tell whether a file of that name, in a folder of plans, is one of a plan's."""
    return name == DEFINITION or name.endswith(TEMPLATE)
