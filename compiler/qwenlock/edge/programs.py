"""Says how programs are started; `lookup` finds them.

On Windows, npm, pnpm and yarn install a command as a `.cmd` file. Windows starts cmd.exe for it,
and cmd.exe interprets the arguments: `fix&calc` starts calc. So we start the script that such a
file names with node, as the file itself would. Any other `.cmd` gets only arguments that cmd.exe
passes on unchanged.
"""

from __future__ import annotations

import errno
import os
import sys
from typing import TYPE_CHECKING, NamedTuple

from qwenlock.edge.lookup import find
from qwenlock.findings.errors import UsageError
from qwenlock.text.pattern import pattern

if TYPE_CHECKING:
    from collections.abc import Sequence

_SHIM = pattern(
    r'"%_prog%" +(?P<options>(?:--?[\w=.-]+ +)*)"%(?:~dp0|dp0%)\\(?P<script>[^"%]+)" +%\*\s*\Z'
)
"""The last line of a `.cmd` that npm has written, as its package cmd-shim does."""

_OF_PNPM = pattern(
    r"""(?:@SETLOCAL
)?(?:@IF NOT DEFINED NODE_PATH \(
  @SET "NODE_PATH=(?P<node_path>[^"%]+)"
\) ELSE \(
  @SET "NODE_PATH=(?P=node_path);%NODE_PATH%"
\)
)?@IF EXIST "%~dp0\\node\.exe" \(
  "%~dp0\\node\.exe" +(?P<options>(?:--?[\w=.-]+ +)*)"%~dp0\\(?P<script>[^"%]+)" %\*
\) ELSE \(
(?:  @SETLOCAL
)?  @SET PATHEXT=%PATHEXT:;\.JS;=;%
  node +(?P=options)"%~dp0\\(?P=script)" %\*
\)\s*\Z"""
)
"""A `.cmd` that pnpm or yarn has written, as the package @zkochan/cmd-shim does."""

_SCRIPT = pattern(r'"(?:%~dp0|%dp0%|\$basedir|\$basedir_win)[\\/]([^"%$]+)" +(?:%\*|"\$@")')
"""The script that a shim starts, on Windows or not."""

_FOR_NODE, _SETS_VARIABLES = 'SET "_prog=node"', "@SET "

_INTERPRETED = pattern(r'["%!^&|<>()\x00-\x1f]')
_LONGEST_SHIM = 8192
"""In bytes. A larger program is not opened, as its digest would be part of what is remembered."""


def words(command: Sequence[str], environment: dict[str, str]) -> list[str]:
    """Return what to start for a command: a program by its absolute path, and its arguments.

    Args:
        command: the name of a program, and its arguments.
        environment: the variables that it will get. Its PATH is searched, and a `NODE_PATH` that a
            shim sets is added.

    Raises:
        FileNotFoundError: there is no such program.
        PermissionError: the path of a file is named that cannot be started.
        UsageError: cmd.exe would interpret the program's path, or an argument.
    """
    path = environment.get("PATH")
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
        own = os.path.join(os.path.dirname(found), "node.exe")  # noqa: PTH118, PTH120
        node = own if os.path.isfile(own) else find("node", path)  # noqa: PTH113
        if node is not None and not _is_for_cmd(node):
            folders = [named.node_path, environment.get("NODE_PATH")]
            if named.node_path:
                environment["NODE_PATH"] = os.pathsep.join(filter(None, folders))
            return [node, *named.options, named.script, *arguments]
    fix = "name the program itself, such as node with the client's script"
    if _INTERPRETED.search(found):
        signs = " ".join(dict.fromkeys(_INTERPRETED.findall(found)))
        raise UsageError(f"cmd.exe would interpret {signs} in the path {found}", fix)
    if any(map(_INTERPRETED.search, arguments)):
        message = f"cmd.exe would interpret an argument of {command[0]}, and could start a program"
        raise UsageError(message, fix)
    return [found, *arguments]


def script_of(program: str) -> str:
    """Return the script that a shim of npm, pnpm or yarn names; another program as it is."""
    scripts = set(_SCRIPT.findall(_text_of(program)))
    return (_below(program, *scripts) if len(scripts) == 1 else None) or program


class _Named(NamedTuple):
    """What a shim starts: options of node, a script, and folders to look for packages in."""

    options: list[str]
    script: str
    node_path: str | None


def _is_for_cmd(program: str) -> bool:
    return sys.platform == "win32" and program.lower().endswith((".cmd", ".bat"))


def _named_by(shim: str) -> _Named | None:
    """Return what a `.cmd` starts; None if it was not written by a package manager."""
    text = _text_of(shim)
    found = _OF_PNPM.match(text)
    if found is None and _FOR_NODE in text and _SETS_VARIABLES not in text:
        found = _SHIM.search(text)
    script = found and _below(shim, found["script"])
    if found is None or not script:
        return None
    return _Named(found["options"].split(), script, found.groupdict().get("node_path"))


def _text_of(shim: str) -> str:
    """Return the text of a shim; empty for any other program, which is larger or not text."""
    try:
        if os.path.getsize(shim) > _LONGEST_SHIM:  # noqa: PTH202
            return ""
        with open(shim, encoding="utf-8") as file:  # noqa: PTH123
            return file.read()
    except (OSError, UnicodeDecodeError):
        return ""


def _below(shim: str, name: str) -> str | None:
    """Return the file that a shim names relative to itself; None if it does not exist."""
    below = name.replace("\\", os.sep)
    script = os.path.normpath(os.path.join(os.path.dirname(shim), below))  # noqa: PTH118, PTH120
    return script if os.path.isfile(script) else None  # noqa: PTH113
