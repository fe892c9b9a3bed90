"""Finds the projects below a directory: the directories that hold a lock."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from qwenlock.edge.git import ignored_below
from qwenlock.edge.places import spelled
from qwenlock.lock import NAME

if TYPE_CHECKING:
    from collections.abc import Iterator

_NEVER = frozenset({".git", ".hg", ".svn", "node_modules", ".venv", "__pycache__", ".tox"})


def projects_below(directory: Path) -> Iterator[Path]:
    """Yield `directory` and each directory below it that holds a lock, in alphabetical order.

    Directories such as `node_modules`, and those that git ignores, are skipped.

    Raises:
        InputError: git does not answer.
    """
    ignored = ignored_below(directory)
    for folder, names, files in os.walk(directory):
        names[:] = sorted(
            name
            for name in names
            if name not in _NEVER and spelled(os.path.join(folder, name)) not in ignored  # noqa: PTH118
        )
        if NAME in files:
            yield Path(folder)
