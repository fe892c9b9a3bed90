"""Finds the checkout that a directory is in.

Every start asks, so it loads nothing (`remembered`).
"""

import os
import stat
import sys

MARKS = (".git", ".hg", ".jj", ".sl", ".svn", ".bzr")
"""What the root of a checkout contains."""


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
    """Tell whether `path` is somebody else's, in a directory that anyone can write in, as /tmp.

    What stands there says nothing about the directories below it, which may be yours.
    """
    is_planted = False
    if sys.platform != "win32":
        try:
            is_everyones = os.stat(os.path.dirname(path)).st_mode & stat.S_IWOTH
            is_planted = bool(is_everyones) and os.lstat(path).st_uid not in (0, os.getuid())
        except OSError:
            pass
    return is_planted


def is_home(folder: "str | os.PathLike[str]") -> bool:
    """Tell whether `folder` is the home directory, following links."""
    home = os.path.expanduser("~")
    try:
        return os.path.samefile(home, folder)
    except OSError:  # one of them does not exist
        return os.path.realpath(folder) == os.path.realpath(home)
