"""Says how programs are started; `lookup` finds them.

On Windows, npm installs a command as a `.cmd`, for which Windows starts cmd.exe, and
that interprets the arguments: `fix&calc` starts calc. So the script that such a file names is
started with node itself, as the file would. Any other gets only arguments that cmd.exe passes on.
"""

from __future__ import annotations

import errno
import os
import sys
from typing import TYPE_CHECKING

from qwenlock.edge.lookup import find
from qwenlock.findings.errors import UsageError
from qwenlock.text.pattern import pattern

if TYPE_CHECKING:
    from collections.abc import Sequence

_SHIM = pattern(
    r'"%_prog%" +(?P<options>(?:--?[\w=.-]+ +)*)"%(?:~dp0|dp0%)\\(?P<script>[^"%]+)" +%\*\s*\Z'
)
"""The last line of a `.cmd` that npm has written, as its package cmd-shim does."""

_FOR_NODE, _SETS_VARIABLES = 'SET "_prog=node"', "@SET "

_INTERPRETED = pattern(r'["%!^&|<>()\x00-\x1f]')
_LONGEST_SHIM = 8192


def words(command: Sequence[str], path: str | None = None) -> list[str]:
    """Return what to start for a command: a program by its absolute path, and its arguments.

    Args:
        command: the name of a program, and its arguments.
        path: as for `find`.

    Raises:
        FileNotFoundError: there is no such program.
        PermissionError: the path of a file is named that cannot be started.
        UsageError: cmd.exe would interpret an argument.
    """
    found = find(command[0], path)
    if found is None:
        is_path = os.path.dirname(command[0]) and os.path.exists(command[0])  # noqa: PTH110, PTH120
        code = errno.EACCES if is_path else errno.ENOENT
        raise OSError(code, os.strerror(code), command[0])
    arguments = list(command[1:])
    if not _is_for_cmd(found):
        return [found, *arguments]
    named = _named_by(found)
    if named is not None:
        options, script = named
        own = os.path.join(os.path.dirname(found), "node.exe")  # noqa: PTH118, PTH120
        node = own if os.path.isfile(own) else find("node", path)  # noqa: PTH113
        if node is not None and not _is_for_cmd(node):
            return [node, *options, script, *arguments]
    refused = next((each for each in [found, *arguments] if _INTERPRETED.search(each)), None)
    if refused is not None:
        message = f"cmd.exe would interpret an argument of {command[0]}, and could start a program"
        raise UsageError(message, "name the program itself, such as node with the client's script")
    return [found, *arguments]


def script_of(program: str) -> str:
    """Return the script that a `.cmd` of npm's names; any other program is returned as it is."""
    named = _named_by(program) if _is_for_cmd(program) else None
    return program if named is None else named[1]


def _is_for_cmd(program: str) -> bool:
    return sys.platform == "win32" and program.lower().endswith((".cmd", ".bat"))


def _named_by(shim: str) -> tuple[list[str], str] | None:
    """Return the options of node and the script that a `.cmd` names; None if npm wrote it not."""
    try:
        with open(shim, encoding="utf-8") as file:  # noqa: PTH123
            text = file.read(_LONGEST_SHIM)
    except (OSError, UnicodeDecodeError):
        return None
    found = _SHIM.search(text)
    if found is None or _FOR_NODE not in text or _SETS_VARIABLES in text:
        return None
    below = found["script"].replace("\\", os.sep)
    script = os.path.normpath(os.path.join(os.path.dirname(shim), below))  # noqa: PTH118, PTH120
    return (found["options"].split(), script) if os.path.isfile(script) else None  # noqa: PTH113
