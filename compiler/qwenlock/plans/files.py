"""The files of a plan: what they are called, and what was read of them."""

from __future__ import annotations

from typing import NamedTuple

DEFINITION, TEMPLATE = "plan.toml", ".json.j2"
"""The file of what all templates of a plan share, and how the name of a template ends."""


class PlanFile(NamedTuple):
    """A file of a plan.

    Attributes:
        name: its name in the plan's folder.
        label: the file, as messages name it.
        text: what it holds, with line ends as Unix has them.
    """

    name: str
    label: str
    text: str


def is_of_a_plan(name: str) -> bool:
    """Tell whether a file of that name, in a folder of plans, is one of a plan's."""
    return name == DEFINITION or name.endswith(TEMPLATE)
