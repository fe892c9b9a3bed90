"""Finds programs: a name on absolute entries of PATH alone, so never among a repository's files.

Windows would look into the current directory first. Every `run` comes here, so nothing is loaded.
"""

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType

_STARTED = (".com", ".exe", ".bat", ".cmd")
"""What Windows starts without another program."""


def find(name: str, path: "str | None" = None) -> "str | None":
    """Return the absolute path of a program, or None if there is none.

    Args:
        name: its name, or its path if that is more than a name.
        path: the PATH to look it up on; None for that of this process.
    """
    if os.path.dirname(name) or os.path.splitdrive(name)[0]:  # noqa: PTH120
        return _program(os.path.abspath(name))  # noqa: PTH100
    searched = os.environ.get("PATH", os.defpath) if path is None else path
    for folder in searched.split(os.pathsep):
        found = _program(os.path.join(folder, name)) if is_absolute(folder) else None  # noqa: PTH118
        if found is not None:
            return found
    return None


def is_absolute(folder: str, system: "ModuleType" = os.path) -> bool:
    r"""Tell whether an entry of PATH names the same folder wherever one is.

    Args:
        folder: the entry.
        system: the path rules of the system; on Windows, `\bin` is of the current drive.
    """
    has_drive = system.sep == "/" or system.splitdrive(folder)[0]
    return bool(has_drive) and system.isabs(folder)


def _program(path: str) -> "str | None":
    """Return `path`, with the ending that Windows adds, if it can be started."""
    endings = [""]
    if sys.platform == "win32":
        listed = os.environ.get("PATHEXT", ";".join(_STARTED)).lower().split(";")
        known = [each for each in listed if each in _STARTED]
        endings = ["", *known] if path.lower().endswith(_STARTED) else known
    for ending in endings:
        if os.path.isfile(path + ending) and os.access(path + ending, os.X_OK):  # noqa: PTH113
            return path + ending
    return None
