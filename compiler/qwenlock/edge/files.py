"""Reads a file that somebody named: its bytes, its text, or its settings.

A pull request can contain a link to a device, and a lock can name any path of the machine. So only
regular files are read, and reading never blocks.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

from qwenlock.edge.checkouts import leads_to_server
from qwenlock.edge.windows import patiently
from qwenlock.findings.errors import InputError
from qwenlock.findings.finding import Finding
from qwenlock.text.document import Place

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from qwenlock.text.document import Document

MAX_BYTES = 16 * 1024 * 1024
"""The largest size of a settings file, or of another file that people write."""

MAX_LOCK_BYTES = 128 * 1024 * 1024
"""The largest size of a lock or a result: they hold the settings of every scope."""

_ABSENT = {errno.ENOENT, errno.ENOTDIR}
HELD = ("another program holds it open", "close it there, then run again")
_REASONS = {
    errno.EACCES: ("permission denied", "make it readable by you"),
    errno.ETXTBSY: HELD,
    errno.ELOOP: ("its symbolic links form a loop", "remove the link"),
    errno.EREMOTE: ("it is a link to a server", "replace the link with a file"),
}
_LEAST = 64 * 1024
_BLOCK = 1024 * 1024
"""How much of a file is compared at once, in bytes."""
_FLAGS = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)


def read_regular(path: Path, most: int | None = MAX_LOCK_BYTES) -> bytes:
    """Return the content of a file; a symbolic link is followed.

    Args:
        path: the file.
        most: the largest size in bytes; None for no limit.

    Raises:
        OSError: it cannot be read; EINVAL if it is not a regular file, EFBIG if it is larger
            than `most`, EREMOTE if a link in a checkout leads to a server.
    """
    with _opened(path, most) as (file, size):
        # Not `most` at once: Python allocates as many bytes as it is asked for.
        first = max(size + 1, _LEAST)
        data = _read(file, first if most is None else min(first, most), path)
        if len(data) == first:  # it has grown since, or tells no size
            data += file.read(-1 if most is None else most - first) or b""
    return data


def holds(path: Path, content: bytes) -> bool:
    """Tell whether a file has a content, without keeping all that it has in memory.

    Args:
        path: the file; a symbolic link is followed.
        content: what it is compared with.

    Raises:
        OSError: as `read_regular`.
    """
    at = 0
    with _opened(path, MAX_LOCK_BYTES) as (file, _):
        while data := _read(file, _BLOCK, path):
            if not content.startswith(data, at):
                return False
            at += len(data)
    return at == len(content)


@contextmanager
def _opened(path: Path, most: int | None) -> Iterator[tuple[BinaryIO, int]]:
    """Open a regular file without waiting, and tell its size in bytes."""
    if leads_to_server(path):
        raise OSError(errno.EREMOTE, "it is a link to a server", str(path))
    # Non-blocking: opening a FIFO without a writer would never return, nor would reading some
    # files of /proc.
    handle = patiently(lambda: os.open(path, _FLAGS))
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "not a regular file", str(path))
        if most is not None and status.st_size > most:
            raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), str(path))
        with open(handle, "rb", closefd=False) as file:
            yield file, status.st_size
    finally:
        os.close(handle)


def _read(file: BinaryIO, count: int, path: Path) -> bytes:
    """Return up to so many bytes, and fewer only at the end."""
    data: bytes | None = file.read(count)
    if data is None:
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN), str(path))
    return data


def permissions(path: Path) -> int | None:
    """Return the permission bits of a file, or None if it does not exist."""
    try:
        return stat.S_IMODE(path.stat().st_mode)
    except FileNotFoundError:
        return None


def read_bytes(path: Path, label: str, most: int = MAX_BYTES) -> bytes | None:
    """Return the content of a file, or None if it does not exist.

    Args:
        path: the file; a symbolic link is followed.
        label: the file's name in messages.
        most: the largest size in bytes.

    Raises:
        InputError: it is not a regular file, is larger than `most`, or cannot be read.
    """
    try:
        return read_regular(path, most)
    except OSError as error:
        if error.errno in _ABSENT:
            return None
        if error.errno == errno.EINVAL:
            message = "it is not a regular file"
            raise unusable("QL105", label, message, "replace it with a regular file") from None
        if error.errno == errno.EFBIG:
            raise too_large(label, most) from None
        raise _unreadable(label, error) from None


def read_text(path: Path, label: str, most: int = MAX_BYTES) -> str | None:
    """Return the text of a file, or None if it does not exist.

    Args:
        path: the file; a symbolic link is followed.
        label: the file's name in messages.
        most: the largest size in bytes.

    Raises:
        InputError: as `read_bytes`, or it is not UTF-8.
    """
    from qwenlock.findings.reading import decode

    data = read_bytes(path, label, most)
    return None if data is None else decode(data, label)


def read_document(path: Path, label: str) -> Document | None:
    """Return the settings file at `path`, or None if it does not exist.

    Raises:
        InputError: it is invalid.
    """
    from qwenlock.findings.reading import parse

    text = read_text(path, label)
    return None if text is None else parse(text, label)


def _unreadable(label: str, error: OSError) -> InputError:
    reason, fix = _REASONS.get(error.errno or 0, (os.strerror(error.errno or 0).lower(), None))
    return unusable("QL105", label, reason, fix)


def too_large(label: str, most: int) -> InputError:
    """Return the error for a file that is larger than `most` bytes."""
    return unusable("QL104", label, f"it is larger than {most // 1024**2} MiB", "split the file")


def unusable(code: str, label: str, message: str, fix: str | None) -> InputError:
    """Return the error for a file that cannot be used at all."""
    from qwenlock.text.document import Document

    place = Place(Document(label, "", {}), at=(1, 1))
    return InputError(message, findings=(Finding(code, message, place, fix),))
