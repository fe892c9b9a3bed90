"""Finds the checkout that a directory is in.

Every start asks, so it loads nothing (`remembered`).
"""

import os
import stat
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

MARKS = (".git", ".hg", ".jj", ".sl", ".svn", ".bzr")
"""What the root of a checkout contains."""

_MOST_LINKS = 63
"""How many links are followed for one path, as Windows does; others follow fewer."""


def root_of(folder: str) -> str | None:
    """Return the root of the checkout around `folder`, an absolute path without links, if any."""
    while True:
        if any(os.path.lexists(os.path.join(folder, mark)) for mark in MARKS):
            return folder
        above = os.path.dirname(folder)
        if above == folder:
            return None
        folder = above


def checkout_of(folder: str) -> str | None:
    """Return the root of the checkout around `folder`; a home that is one is the user's own."""
    root = root_of(folder)
    return None if root is None or is_home(root) else root


def is_planted(path: "str | os.PathLike[str]") -> bool:
    """Tell whether somebody else put `path` into a directory that everyone can write, such as /tmp.

    It says nothing about the directories below, which may be yours.
    """
    if sys.platform != "win32":
        try:
            is_for_everyone = os.stat(os.path.dirname(path)).st_mode & stat.S_IWOTH
            return bool(is_for_everyone) and os.lstat(path).st_uid not in (0, os.getuid())
        except OSError:
            pass
    return False


def is_home(folder: "str | os.PathLike[str]") -> bool:
    """Tell whether `folder` is the home directory, following links."""
    home = os.path.expanduser("~")
    try:
        return os.path.samefile(home, folder)
    except OSError:  # one of them does not exist
        return os.path.realpath(folder) == os.path.realpath(home)


def leads_to_server(path: "str | os.PathLike[str]") -> bool:
    r"""Tell whether a link in a checkout leads to a server, such as `\\server\share`.

    Windows sends the user's credentials to the server when the link is followed, so it is not.

    Args:
        path: a path; the links on the way to it count, too.
    """
    if sys.platform == "win32":
        for folder, there in followed(path):
            if there.replace("/", "\\").startswith("\\\\"):
                return checkout_of(folder) is not None
    return False


def followed(path: "str | os.PathLike[str]") -> "Iterator[tuple[str, str]]":
    """Yield each real directory on the way along `path`, and where the link in it leads.

    The second is empty if the next step is not a link.
    """
    folder, waiting = _steps(os.path.join(os.getcwd(), path))
    links = 0
    while waiting and links < _MOST_LINKS:
        step = waiting.pop()
        if step == os.pardir:
            folder = os.path.dirname(folder)
            continue
        entry = os.path.join(folder, step)
        try:
            there = without_prefix(os.readlink(entry))
        except (OSError, ValueError):  # not a link, or nothing
            there = ""
        yield folder, there
        if not there:
            folder = entry
            continue
        links += 1
        root, steps = _steps(there)
        folder = os.path.join(folder, root) if root else folder
        waiting += steps


def _steps(path: str) -> tuple[str, list[str]]:
    """Return the root of a path (empty if it has none), and its names, the last one first."""
    drive, rest = os.path.splitdrive(path)
    root = drive + os.sep if rest[:1] in (os.sep, os.altsep) else drive
    names = rest.replace(os.altsep or os.sep, os.sep).split(os.sep)
    return root, [name for name in reversed(names) if name not in ("", os.curdir)]


def without_prefix(path: str) -> str:
    r"""Return where a junction of Windows leads without the prefix `\\?\`; a device keeps it."""
    if path.startswith("\\\\?\\UNC\\"):
        return "\\\\" + path[8:]
    return path[4:] if path.startswith("\\\\?\\") and path[5:6] == ":" else path
