"""Reading a file that somebody named, without waiting for one that is none.

A pull request can have a link to a device, and a lock can name any path of the machine it is
checked on.
"""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

MAX_BYTES = 16 * 1024 * 1024
"""How large a settings file may be, or another that people write."""

MAX_LOCK_BYTES = 128 * 1024 * 1024
"""How large a lock may be, or a result: the settings of every scope go into one."""

_FLAGS = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)


def read_regular(path: Path, most: int | None = MAX_LOCK_BYTES) -> bytes:
    """Return the content of a file; a symbolic link is followed.

    Args:
        path: the file.
        most: how large it may be, in bytes; None where its disk is limit enough.

    Raises:
        OSError: it cannot be read; with EINVAL, it is no regular file, and with EFBIG, it is larger
            than `most`.
    """
    # Without waiting: opening a FIFO that nobody writes to would never return, nor would reading
    # some files of /proc.
    handle = os.open(path, _FLAGS)
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "not a regular file", str(path))
        if most is not None and status.st_size > most:
            raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), str(path))
        with open(handle, "rb", closefd=False) as file:
            data: bytes | None = file.read(-1 if most is None else most)
    finally:
        os.close(handle)
    if data is None:
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN), str(path))
    return data
