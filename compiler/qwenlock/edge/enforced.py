"""Finds the machine's own system file where `qwenlock run` has put another in its place."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

from qwenlock.edge import cache
from qwenlock.edge.checkouts import checkout_of
from qwenlock.edge.files import read_document
from qwenlock.findings.errors import InputError
from qwenlock.settings.enforced import Enforced, enforced_by


def own_file(path: Path) -> Path:
    """Return the system file that the settings at `path` were merged over, or else `path`.

    A file in a checkout is not believed, unless it is in the cache, as that of `qwenlock run` is.
    """
    folder = os.path.realpath(path.parent)
    is_in_cache = Path(folder).is_relative_to(os.path.realpath(cache.directory()))
    if checkout_of(folder) is not None and not is_in_cache:
        return path
    try:
        status = path.stat()
    except OSError:
        return path
    mark = _mark(path, status.st_mtime_ns, status.st_size, status.st_ino)
    return Path(mark.over) if mark is not None and mark.over is not None else path


@lru_cache(maxsize=8)
def _mark(path: Path, *_: int) -> Enforced | None:
    """Return the mark in a file; the other arguments tell apart its versions in the cache."""
    try:
        document = read_document(path, str(path))
    except InputError:  # whoever reads the settings will say so
        return None
    return enforced_by(document.value) if document is not None else None
