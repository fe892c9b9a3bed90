"""The matrix of the docs: release × behaviour, guide against client."""

from __future__ import annotations

from pathlib import Path

from conformance.behaviours import BEHAVIOURS
from conformance.clients import RELEASES

FILE = Path(__file__).parents[2] / "docs" / "client-matrix.md"

_HEAD = f"""\
# What the client does, and what the guide says

Made of `tests/conformance/behaviours.py`, which measures each line with the real client; `pytest
--update-matrix` writes it anew. **Bold** is where a release departs from the guide; – is what the
guide does not speak of. With `qwenlock run`, every release offers and selects what the lock says.
[Never worse](never-worse.md) shows what each release sends before and after every command.

| settings | guide | {" | ".join(RELEASES)} |
| --- | --- |{" --- |" * len(RELEASES)}
"""


def rendered() -> str:
    """Return the text of the matrix, as it must be."""
    lines = []
    for each in BEHAVIOURS:
        cells = [_cell(each.observed[release], each.guide) for release in RELEASES]
        lines.append(f"| {each.title} | {each.guide} | {' | '.join(cells)} |\n")
    return _HEAD + "".join(lines)


def _cell(observed: str, guide: str) -> str:
    return observed if guide in (observed, "–") else f"**{observed}**"
