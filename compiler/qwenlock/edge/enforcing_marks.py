"""Whether a mark in a system file, that it enforces a lock, counts: a repository could fake one."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from qwenlock.edge.checkouts import root_of
from qwenlock.settings.enforced import enforced_by, without_enforced

if TYPE_CHECKING:
    from pathlib import Path

    from qwenlock.settings.scopes import Source


def as_without(source: Source, path: Path) -> Source:
    """Return the settings in the system file at `path` without what enforces a lock in them."""
    mark = enforced_by(source.settings)
    return source if mark is None or may_be_tracked(path) else without_enforced(source)


def may_be_tracked(path: Path) -> bool:
    """Tell whether a file may have come with a checkout: git tracks it, or that is unknown."""
    if root_of(os.path.realpath(path.parent)) is None:
        return False
    from qwenlock.edge.git import ask  # which is seldom asked here

    in_git = ask(path)
    return in_git is None or in_git.tracked is not False
