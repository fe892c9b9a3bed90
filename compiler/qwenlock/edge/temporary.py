"""Temporary files beside the files that they replace, and what killed runs have left of them."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from qwenlock.edge import windows
from qwenlock.edge.checkouts import root_of
from qwenlock.edge.kept_attributes import OTHERS, keep_owner

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_TOKEN_BYTES = 8
_LONGEST_NAME = 200
"""In bytes: a file system takes 255, of which a temporary name needs some."""


@contextmanager
def temporary_file(target: Path, content: memoryview, mode: int) -> Iterator[Path]:
    """Create a flushed file beside `target`, with its owner; it is renamed or deleted later.

    Args:
        target: the file that it will replace.
        content: what it holds.
        mode: its permissions.

    Raises:
        WriteError: the owner or the attributes of `target` cannot be kept.
    """
    name = new_token()
    try:
        path = beside(target, name)
        with open(path, "xb", opener=_open_private) as file:
            if sys.platform == "win32" and (not mode & OTHERS or target.exists()):
                windows.restrict(path)  # until it gets the access list of the target
            file.write(content)
            file.flush()
            keep_owner(file.fileno(), target, mode)
            os.fsync(file.fileno())
        yield path
    finally:
        with suppress(OSError):
            _remove(target.with_name(_temporary_name(target, name)))


def new_token() -> str:
    """Return what tells one temporary file from the others, in hexadecimal digits."""
    return os.urandom(_TOKEN_BYTES).hex()


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def remove_leftovers(target: Path, age: float) -> None:
    """Delete what killed runs left beside `target`, if untouched for `age` seconds or more."""
    from time import time

    with suppress(OSError):
        for path in target.parent.iterdir():
            if path.name[: -2 * _TOKEN_BYTES] == _temporary_name(target, ""):
                with suppress(OSError):
                    if time() - path.stat().st_mtime >= age:
                        _remove(path)


def _remove(path: Path) -> None:
    """Delete a temporary file, or the directory of one."""
    try:
        path.unlink(missing_ok=True)
    except (IsADirectoryError, PermissionError):  # which of them depends on the system
        for each in path.iterdir():
            each.unlink()
        path.rmdir()


def _temporary_name(target: Path, token: str) -> str:
    """Name a temporary file so that it is known as ours, and `.env.*` matches that of a `.env`."""
    name = target.name
    if len(os.fsencode(name)) > _LONGEST_NAME:
        from zlib import crc32

        data = os.fsencode(name)
        name = f"{os.fsdecode(data[:_LONGEST_NAME])}-{crc32(data):08x}"
    return f"{name}.qwenlock-{token}"


def beside(target: Path, token: str) -> Path:
    """Return where to put a file beside `target`: where git ignores it, in a repository."""
    path = target.with_name(_temporary_name(target, token))
    if root_of(str(target.parent)) is None:
        return path
    path.mkdir(mode=0o700)
    (path / ".gitignore").write_text("*\n", encoding="utf-8")
    return path / "content"
