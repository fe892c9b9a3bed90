"""The user's cache: where it is, which of its files are trusted, and writing to it.

Only a file that nobody else could have written is trusted: the user owns it and its directory, and
others may not write there. A checkout can come from anybody, so a cache in one is not trusted.
Every start reads from it, so this module imports almost nothing (`remembered`).
"""

import os
import stat
import sys

from qwenlock.edge.checkouts import checkout_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

try:  # hashlib loads OpenSSL; the lean module below it, as the standard library's random does
    from _blake2 import blake2b  # type: ignore[import-not-found, unused-ignore]
except ImportError:  # pragma: no cover  (another Python)
    from hashlib import blake2b

_FLAGS = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)
_OTHERS_WRITE = 0o022
_OTHERS = 0o077


_PLACES = {
    "cache": ("XDG_CACHE_HOME", ".cache"),
    "state": ("XDG_STATE_HOME", ".local/state"),
    "data": ("XDG_DATA_HOME", ".local/share"),
}


def directory() -> str:
    """Return the user's cache directory."""
    return place("cache")


def place(kind: str) -> str:
    """Return the directory that platformdirs says the user has for `cache`, `state` or `data`.

    platformdirs is loaded only if necessary: that would take longer than a start.
    """
    variable, usual = _PLACES[kind]
    folder = os.environ.get(variable) or os.path.join(os.environ.get("HOME", ""), usual)
    if sys.platform == "linux" and folder.startswith("/"):
        return f"{folder}/qwenlock"
    import platformdirs

    return str(getattr(platformdirs, f"user_{kind}_dir")("qwenlock", appauthor=False))


def is_outside_of_checkouts(folder: str) -> bool:
    """Tell whether no checkout brought a directory."""
    return checkout_of(os.path.realpath(folder)) is None


def believed(
    path: str, is_outside: "Callable[[str], bool]" = is_outside_of_checkouts
) -> bytes | None:
    """Return the content of a file of the cache, or None if it is missing or not to be trusted.

    Args:
        path: the file.
        is_outside: tells whether its directory is in no checkout; one whose content is verified
            can be anywhere.
    """
    if not _is_ours(os.path.dirname(path), is_outside):
        return None
    try:
        handle = os.open(path, os.O_RDONLY | _FLAGS)
    except OSError:
        return None
    with open(handle, "rb") as file:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode) or not _is_private(status, _OTHERS):
            return None
        try:
            return file.read()
        except OSError:
            return None


def keep(
    path: str, content: bytes, is_outside: "Callable[[str], bool]" = is_outside_of_checkouts
) -> None:
    """Write a private file of the cache, unless it would not be trusted.

    It need not survive a power failure. If it cannot be written, nothing is lost.

    Args:
        path: the file.
        content: its content.
        is_outside: as in `believed`.
    """
    folder, name = os.path.split(path)
    new = os.path.join(folder, f".{name}.{os.getpid()}")
    try:
        if not os.path.isdir(folder):
            os.makedirs(folder, mode=0o700, exist_ok=True)
        if not _is_ours(folder, is_outside):
            return
        if os.path.lexists(new):
            os.unlink(new)
        handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _FLAGS, 0o600)
        with open(handle, "wb") as file:
            file.write(content)
        os.replace(new, path)
    except OSError:
        return


def prune(folder: str, most: int) -> None:
    """Delete the older half of the files in a folder of the cache if there are more than `most`."""
    try:
        paths = [os.path.join(folder, name) for name in os.listdir(folder)]
        if len(paths) > most:
            for path in sorted(paths, key=lambda each: os.lstat(each).st_mtime)[: len(paths) // 2]:
                os.unlink(path)
    except OSError:  # another process deletes, too
        return


def digest(data: bytes) -> str:
    """Return the digest of `data` for the cache, in hexadecimal."""
    return str(blake2b(data, digest_size=32).hexdigest())


def _is_ours(folder: str, is_outside: "Callable[[str], bool]") -> bool:
    """Tell whether only the user can write in a directory, and no checkout brought it."""
    try:
        status = os.lstat(folder)
    except OSError:
        return False
    if not stat.S_ISDIR(status.st_mode) or not _is_private(status, _OTHERS_WRITE):
        return False
    return is_outside(folder)


def _is_private(status: os.stat_result, others: int) -> bool:
    """Tell whether the user owns a file, and whether it lacks the permissions `others`."""
    is_private = True  # on Windows, what the user's profile holds is
    if sys.platform != "win32":
        is_private = status.st_uid == os.getuid() and not status.st_mode & others
    return is_private
