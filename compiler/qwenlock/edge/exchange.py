"""Puts a file in the place of another, and keeps what was there.

Linux can exchange two names in one step, so a save at the last moment is not overwritten but gets
the other name. On other systems, the old file is compared right before it is replaced.
"""

from __future__ import annotations

import errno
import os
import sys
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_HERE = -100  # AT_FDCWD: paths are relative to the working directory
_NO_REPLACE, _EXCHANGE = 1, 2  # RENAME_NOREPLACE, RENAME_EXCHANGE
_UNSUPPORTED = {errno.EINVAL, errno.ENOSYS, errno.ENOTSUP}


def exchange(one: Path, other: Path) -> bool:
    """Exchange two files in one step; return False where the system or the disk cannot.

    Args:
        one: the path of a file.
        other: the path of another file on the same file system.

    Raises:
        OSError: one does not exist, or permission is denied.
    """
    renameat2 = _renameat2()
    if renameat2 is None:
        return False
    code = renameat2(os.fsencode(one), os.fsencode(other), _EXCHANGE)
    if code in _UNSUPPORTED:
        return False
    if code:
        raise OSError(code, os.strerror(code), str(other))
    return True


def create(new: Path, target: Path) -> None:
    """Give `new` the name `target`, unless there is one already.

    Raises:
        FileExistsError: there is.
        OSError: it cannot be done.
    """
    renameat2 = _renameat2()
    code = renameat2(os.fsencode(new), os.fsencode(target), _NO_REPLACE) if renameat2 else None
    if code == 0:
        return
    if code is not None and code not in _UNSUPPORTED:
        raise OSError(code, os.strerror(code), str(target))
    try:
        os.link(new, target)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        if os.path.lexists(target):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target)) from None
        new.rename(target)
    else:
        with suppress(OSError):
            new.unlink()


@cache
def _renameat2() -> Callable[[bytes, bytes, int], int] | None:
    """Return a function that renames by flags and returns the error; None if there is none."""
    import ctypes

    library = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
    function = getattr(library, "renameat2", None)
    if function is None:
        return None

    def call(one: bytes, other: bytes, flags: int) -> int:
        failed = function(_HERE, one, _HERE, other, flags)
        return ctypes.get_errno() if failed else 0

    return call
