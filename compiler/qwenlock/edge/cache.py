"""The user's cache: what in it is believed, and writing to it.

Only a file that nobody else could have written is believed: the user owns it and its directory,
and others may not write there. A checkout can come from anybody, so a cache in one is not believed.
"""

from __future__ import annotations

import os
import stat
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from qwenlock.edge.links import checkout_of

if TYPE_CHECKING:
    from pathlib import Path

_FLAGS = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)
_OTHERS_WRITE = 0o022
_OTHERS = 0o077


def believed(path: Path, *, in_checkouts: bool = False) -> bytes | None:
    """Return the content of a file of the cache, or None if it is missing or not to be believed.

    Args:
        path: the file.
        in_checkouts: whether one in a checkout is believed too, as its content is verified.
    """
    if not _is_ours(path.parent, in_checkouts=in_checkouts):
        return None
    try:
        handle = os.open(path, os.O_RDONLY | _FLAGS)
    except OSError:
        return None
    with os.fdopen(handle, "rb") as file:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode) or not _is_private(status, _OTHERS):
            return None
        with suppress(OSError):
            return file.read()
    return None


def keep(path: Path, content: bytes) -> None:
    """Write a private file of the cache, unless it would not be believed.

    It need not survive a power failure. If it cannot be written, nothing is lost.
    """
    new = path.with_name(f".{path.name}.{os.getpid()}")
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not _is_ours(path.parent):
            return
        new.unlink(missing_ok=True)
        handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _FLAGS, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        new.replace(path)


def _is_ours(folder: Path, *, in_checkouts: bool = False) -> bool:
    """Tell whether only the user can write in a directory, and no checkout brought it."""
    try:
        status = folder.lstat()
    except OSError:
        return False
    if not stat.S_ISDIR(status.st_mode) or not _is_private(status, _OTHERS_WRITE):
        return False
    return in_checkouts or checkout_of(folder.resolve()) is None


def _is_private(status: os.stat_result, others: int) -> bool:
    """Tell whether the user owns a file, and the permissions `others` are not given."""
    is_private = True  # on Windows, what the user's profile holds is
    if sys.platform != "win32":
        is_private = status.st_uid == os.getuid() and not status.st_mode & others
    return is_private
