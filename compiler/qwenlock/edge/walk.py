"""The projects below a directory: those that hold a lock."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from qwenlock.lockfile import NAME

if TYPE_CHECKING:
    from collections.abc import Iterator

_NEVER = frozenset({".git", ".hg", ".svn", "node_modules", ".venv", "__pycache__", ".tox"})


def projects_below(directory: Path) -> Iterator[Path]:
    """Give `directory` and each below it that holds a lock, in the order of their names.

    Not walked are directories that cannot matter, such as `node_modules`, and what git ignores.
    """
    ignored = _ignored(directory)
    for folder, names, files in os.walk(directory):
        names[:] = sorted(
            name
            for name in names
            if name not in _NEVER and os.path.join(folder, name) not in ignored  # noqa: PTH118
        )
        if NAME in files:
            yield Path(folder)


def _ignored(directory: Path) -> set[str]:
    """Return the directories below `directory` that git ignores; none where git cannot tell."""
    listing = ["--others", "--ignored", "--exclude-standard", "--directory", "-z"]
    try:
        answer = subprocess.run(
            ["git", "-C", str(directory), "ls-files", *listing],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            check=False,
        )
    except OSError:
        return set()
    names = os.fsdecode(answer.stdout).split("\0") if answer.returncode == 0 else []
    return {os.path.join(directory, name[:-1]) for name in names if name.endswith("/")}  # noqa: PTH118
