"""Finds the machine's own system file where `qwenlock run` has put another in its place."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from qwenlock.edge.files import read_document
from qwenlock.findings.errors import InputError
from qwenlock.settings.enforced import Enforced, enforced_by


def own_file(path: Path) -> Path:
    """Return the system file that the settings at `path` were merged over, or else `path`."""
    try:
        status = path.stat()
    except OSError:
        return path
    mark = _mark(path, status.st_mtime_ns, status.st_size, status.st_ino)
    return Path(mark.over) if mark is not None and mark.over is not None else path


@lru_cache(maxsize=8)
def _mark(path: Path, *_: int) -> Enforced | None:
    """Return the mark in a file; what else is given makes a changed file another."""
    try:
        document = read_document(path, str(path))
    except InputError:  # whoever reads the settings will say so
        return None
    return enforced_by(document.value) if document is not None else None
