"""Decides whether a mark counts that says that a system file enforces a lock.

A repository could fake one. If a mark counts, qwenlock reads the settings without what enforces the
lock.
"""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from qwenlock.edge.checkouts import checkout_of
from qwenlock.edge.files import read_document
from qwenlock.findings.errors import InputError
from qwenlock.settings.enforced import Enforced, enforced_by, without_enforced

if TYPE_CHECKING:
    from qwenlock.settings.scopes import Source


def mark_of(settings: object, path: Path) -> Enforced | None:
    """Return the mark in the settings of the system file at `path`, or None if none counts.

    One in a checkout counts only if git says that it does not track the file.
    """
    mark = enforced_by(settings)
    if mark is None or checkout_of(os.path.realpath(path.parent)) is None:
        return mark
    from qwenlock.edge.asking_git import is_tracked, repository_of  # which is seldom asked here

    file = path.resolve()
    root = repository_of(file)
    return mark if root is not None and is_tracked(root, file) is False else None


def as_without(source: Source, path: Path) -> Source:
    """Return the settings in the system file at `path`, without those that enforce a lock."""
    return source if mark_of(source.settings, path) is None else without_enforced(source)


def own_file(path: Path) -> Path:
    """Return the system file that the settings at `path` were merged over, or else `path`.

    It is the machine's own, where `qwenlock run` has put another in its place.
    """
    try:
        status = path.stat()
    except OSError:
        return path
    mark = mark_of(_settings(path, status.st_mtime_ns, status.st_size, status.st_ino), path)
    return Path(mark.over) if mark is not None and mark.over is not None else path


@lru_cache(maxsize=8)
def _settings(path: Path, *_: int) -> object:
    """Return the settings in a file; the other arguments tell apart its versions."""
    try:
        document = read_document(path, str(path))
    except InputError:  # whoever reads the settings will say so
        return None
    return document.value if document is not None else None
