"""The program that is started, and its arguments; Windows is simulated."""

from __future__ import annotations

import json
import ntpath
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any, Self

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwenlock.edge import client, git, installed_client, launch, lookup, programs
from qwenlock.findings.errors import UsageError
from support import untimed

if TYPE_CHECKING:
    from pathlib import Path

SHIM = """@ECHO off
GOTO start
:find_dp0
SET dp0=%~dp0
EXIT /b
:start
SETLOCAL
CALL :find_dp0

IF EXIST "%dp0%\\node.exe" (
  SET "_prog=%dp0%\\node.exe"
) ELSE (
  SET "_prog=node"
  SET PATHEXT=%PATHEXT:;.JS;=;%
)

endLocal & goto #_undefined_# 2>NUL || title %COMSPEC% & "%_prog%"  "%dp0%\\SCRIPT" %*
""".replace("\n", "\r\n").replace("SCRIPT", "node_modules\\@qwen-code\\qwen-code\\cli.js")
"""The exact file that npm's package cmd-shim writes for Qwen Code."""

NEWER = SHIM.replace("  SET PATHEXT=%PATHEXT:;.JS;=;%\r\n", "").replace(
    '& "%_prog%"', '& set PATHEXT=%PATHEXT:;.JS;=;% & "%_prog%"'
)
"""The file that cmd-shim 9.0.2 writes."""

PNPM = """@SETLOCAL
@IF EXIST "%~dp0\\node.exe" (
  "%~dp0\\node.exe"  "%~dp0\\SCRIPT" %*
) ELSE (
  @SET PATHEXT=%PATHEXT:;.JS;=;%
  node  "%~dp0\\SCRIPT" %*
)
""".replace("\n", "\r\n").replace("SCRIPT", "node_modules\\@qwen-code\\qwen-code\\cli.js")
"""The file that @zkochan/cmd-shim writes, the package of pnpm and yarn."""

WITH_FOLDERS = PNPM.replace(
    "@SETLOCAL\r\n",
    """@SETLOCAL\r
@IF NOT DEFINED NODE_PATH (\r
  @SET "NODE_PATH=C:\\a;D:\\b"\r
) ELSE (\r
  @SET "NODE_PATH=C:\\a;D:\\b;%NODE_PATH%"\r
)\r
""",
)
"""Its file for a global package of pnpm."""

OF_YARN = PNPM.removeprefix("@SETLOCAL\r\n").replace("ELSE (", "ELSE (\r\n  @SETLOCAL")

FOR_SHELLS = """#!/bin/sh
basedir=$(dirname "$(echo "$0" | sed -e 's,\\\\,/,g')")
if [ -x "$basedir/node" ]; then
  exec "$basedir/node"  "$basedir/node_modules/@qwen-code/qwen-code/cli.js" "$@"
else
  exec node  "$basedir/node_modules/@qwen-code/qwen-code/cli.js" "$@"
fi
"""
"""Its file for a POSIX shell, where npm makes a link."""


class Windows:
    """A folder of npm on PATH, with the commands of a package, as on Windows."""

    def __init__(self, root: Path, patch: pytest.MonkeyPatch) -> None:
        self.folder, self.patch = root / "npm", patch
        self.script = self.folder / "node_modules" / "@qwen-code" / "qwen-code" / "cli.js"
        self.script.parent.mkdir(parents=True)
        self.script.touch()
        (self.script.parent / "package.json").write_text(
            json.dumps({"name": "@qwen-code/qwen-code", "version": "0.24.4"})
        )
        self.put("qwen")  # for a shell of POSIX
        self.shim = self.put("qwen.cmd", SHIM)
        self.put("qwen.ps1")
        self.node = self.put("node.exe")
        patch.setattr(sys, "platform", "win32")
        patch.setenv("PATH", str(self.folder))
        patch.setenv("PATHEXT", ".COM;.EXE;.BAT;.CMD;.VBS;.JS")

    def put(self, name: str, text: str = "") -> Path:
        path = self.folder / name
        path.write_bytes(text.encode())
        path.chmod(0o755)
        return path


@pytest.fixture
def windows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Windows:
    return Windows(tmp_path, monkeypatch)


def test_only_absolute_entries_of_path_are_searched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("git", "qwen"):
        (tmp_path / name).write_text("#!/bin/sh\ntouch started\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", os.pathsep.join(["", ".", "./", "../" + tmp_path.name]))
    assert lookup.find("git") is None
    assert git.ask(tmp_path) is None
    assert installed_client.release() is None
    with pytest.raises(client.ClientMissingError):
        client.version(["qwen"], dict(os.environ))
    with pytest.raises(UsageError):
        launch.start(["qwen"], tmp_path, tmp_path)
    assert not (tmp_path / "started").exists()
    assert lookup.find("./git") == str(tmp_path / "git")  # which was asked for


@pytest.mark.parametrize("folder", ["", ".", "bin", "C:bin", "\\bin", "C:"])
def test_entries_that_depend_on_the_directory_are_relative_on_windows(folder: str) -> None:
    assert not lookup.is_absolute(folder, ntpath)


@pytest.mark.parametrize("folder", ["C:\\bin", "c:/bin", "\\\\server\\share\\bin"])
def test_entries_that_do_not_depend_on_the_directory_are_absolute_on_windows(folder: str) -> None:
    assert lookup.is_absolute(folder, ntpath)


def test_endings_that_windows_adds(windows: Windows) -> None:
    assert lookup.find("qwen") == str(windows.shim)
    assert lookup.find("qwen.cmd") == str(windows.shim)
    assert lookup.find("node") == str(windows.node)
    assert lookup.find("qwen.ps1") is None
    both = windows.put("qwen.exe")
    assert lookup.find("qwen") == str(both)
    windows.patch.delenv("PATHEXT")
    assert lookup.find("node") == str(windows.node)


def words(*command: str) -> list[str]:
    return programs.words(command, dict(os.environ))


@pytest.mark.parametrize("text", [SHIM, NEWER, PNPM, WITH_FOLDERS, OF_YARN])
def test_the_script_that_a_shim_names_is_started(windows: Windows, text: str) -> None:
    windows.put("qwen.cmd", text)
    arguments = ["-p", "fix&calc", "%PATH%", 'a "b"', "", "a\nb\\"]
    expected = [str(windows.node), str(windows.script), *arguments]
    assert words("qwen", *arguments) == expected
    assert words("qwen.cmd", *arguments) == expected
    assert installed_client.release() == "0.24.4"
    windows.node.unlink()
    elsewhere = windows.folder.parent / "nodejs"
    elsewhere.mkdir()
    (elsewhere / "node.exe").touch(mode=0o755)
    path = os.pathsep.join([str(windows.folder), str(elsewhere)])
    expected = [str(elsewhere / "node.exe"), str(windows.script)]
    assert programs.words(["qwen"], {"PATH": path}) == expected


@pytest.mark.parametrize(("own", "all_of_them"), [(None, []), ("E:\\c", ["E:\\c"])])
def test_folders_of_a_shim_are_passed_on(
    windows: Windows, own: str | None, all_of_them: list[str]
) -> None:
    windows.put("qwen.cmd", WITH_FOLDERS)
    environment = {"PATH": str(windows.folder)} | ({"NODE_PATH": own} if own else {})
    programs.words(["qwen"], environment)
    assert environment["NODE_PATH"] == os.pathsep.join(["C:\\a;D:\\b", *all_of_them])


def test_options_that_a_shim_has_for_node(windows: Windows) -> None:
    windows.shim.write_text(SHIM.replace('%"  "', '%" --no-warnings --x=1 "'))
    assert words("qwen", "a")[1:3] == ["--no-warnings", "--x=1"]


@pytest.mark.parametrize(
    "text",
    [
        "@qwen %*",
        SHIM + "calc\r\n",
        SHIM.replace("_prog=node", "_prog=python"),
        SHIM.replace("SETLOCAL", "@SET A=1"),
        SHIM.replace("%*", "%1"),
        SHIM.replace('%"  "', '%" --a&b "'),
        SHIM.replace("cli.js", "..\\..\\..\\none.js"),
        PNPM + "calc\r\n",
        PNPM.replace("node  ", "python  "),
        PNPM.replace("qwen-code\\cli.js", "none.js", 1),
        WITH_FOLDERS.replace("D:\\b;", "D:\\c;"),
        "@echo off\r\nvolta run %~n0 %*\r\n",
    ],
)
def test_other_files_of_cmd_get_only_what_it_passes_on(windows: Windows, text: str) -> None:
    windows.shim.write_text(text)
    assert words("qwen", "--acp", "a b") == [str(windows.shim), "--acp", "a b"]
    for argument in ("fix&calc", "%PATH%", 'a"b', "a\nb", "a|b", "^", "!a!", "(a)", "<a", ">a"):
        with pytest.raises(UsageError, match=r"cmd\.exe would interpret"):
            words("qwen", argument)


def test_path_that_cmd_would_interpret_is_named(windows: Windows) -> None:
    folder = windows.folder / "Program Files (x86)"
    folder.mkdir()
    file = folder / "qwen.cmd"
    file.write_text("@echo off\r\nvolta run %~n0 %*\r\n")
    file.chmod(0o755)
    with pytest.raises(UsageError) as refused:
        words(str(file), "--acp")
    assert refused.value.message == f"cmd.exe would interpret ( ) in the path {file}"
    file.write_bytes(SHIM.replace("node_modules", "..\\node_modules").encode())
    assert words(str(file), "fix&calc")[-1] == "fix&calc"


def test_release_of_a_shim_is_that_of_its_script(windows: Windows) -> None:
    assert installed_client.release() == "0.24.4"
    assert installed_client.release_started_by(str(windows.shim)) == "0.24.4"


def test_release_of_a_shim_for_shells(windows: Windows) -> None:
    """A file of pnpm, where npm makes a link."""
    windows.patch.setattr(sys, "platform", "linux")
    shim = windows.put("qwen", FOR_SHELLS)
    assert installed_client.release() == "0.24.4"
    assert installed_client.release_started_by(str(shim)) == "0.24.4"
    assert words("qwen", "a&b") == [str(shim), "a&b"]
    windows.put("qwen", FOR_SHELLS + "#" * programs._LONGEST_SHIM)
    assert installed_client.release() is None


# A grammar of cmd.exe


def as_cmd_reads(line: str) -> str | None:
    """Return the line that a program gets; None if cmd.exe would treat it differently.

    Quotes switch a mode in which operators are text. `%` and `!` name variables in both modes.
    """
    is_quoted = False
    for character in line:
        if character == '"':
            is_quoted = not is_quoted
        elif character in "%!" or ord(character) < 32 or (not is_quoted and character in "^&|<>()"):
            return None
    return None if is_quoted else line


def as_program_reads(line: str) -> list[str]:
    """Split a line into arguments as the C library of Windows does."""
    found: list[str] = []
    current, at, is_quoted, is_open = "", 0, False, False
    while at < len(line):
        slashes = len(line[at:]) - len(line[at:].lstrip("\\"))
        if slashes:
            at += slashes
            if line[at : at + 1] == '"':
                current += "\\" * (slashes // 2)
                if slashes % 2:
                    current += '"'
                    at += 1
            else:
                current += "\\" * slashes
            is_open = True
        elif line[at] == '"':
            is_quoted, is_open, at = not is_quoted, True, at + 1
        elif line[at] in " \t" and not is_quoted:
            if is_open:
                found.append(current)
            current, is_open, at = "", False, at + 1
        else:
            current, is_open, at = current + line[at], True, at + 1
    return [*found, current] if is_open else found


@given(st.lists(st.text('ab &|<>^%!"()\\\n\t.-=/', max_size=8), max_size=4))
@untimed(300)
def test_what_is_not_refused_is_passed_on_by_cmd(arguments: list[str]) -> None:
    if any(programs._INTERPRETED.search(each) for each in arguments):
        return
    line = subprocess.list2cmdline(["C:\\a b\\qwen.cmd", *arguments])
    passed_on = as_cmd_reads(line)
    assert passed_on is not None
    assert as_program_reads(passed_on)[1:] == arguments


@given(st.lists(st.text('ab &|<>^%!"()\\.-=/', max_size=8), max_size=4))
@untimed(300)
def test_node_gets_every_argument(arguments: list[str]) -> None:
    line = subprocess.list2cmdline(["C:\\nodejs\\node.exe", *arguments])
    assert as_program_reads(line)[1:] == arguments


# Starting and ending


@pytest.mark.parametrize(
    ("code", "ends_with"),
    [(0, 0), (3, 3), (0xC000013A, 0xC000013A - 2**32), (0x80000003, -(2**31) + 3)],
)
def test_exit_codes_of_windows_pass_through(windows: Windows, code: int, ends_with: int) -> None:
    class Process:
        def __init__(self, command: list[str], **_: Any) -> None:
            self.command = command

        def __enter__(self) -> Self:
            assert self.command == [str(windows.node), str(windows.script), "-p", "fix&calc"]
            return self

        def __exit__(self, *_: object) -> None: ...

        def wait(self) -> int:
            return code

    codes: list[int] = []
    windows.patch.setattr(subprocess, "Popen", Process)
    windows.patch.setattr(os, "name", "nt")
    windows.patch.setattr(os, "_exit", codes.append)
    windows.patch.setattr(signal, "signal", lambda *_: None)
    launch.start(["qwen", "-p", "fix&calc"], windows.folder, windows.folder)
    assert codes == [ends_with]


def test_what_the_client_has_started_is_ended_on_windows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[list[str]] = []
    command = [sys.executable, "-c", "input()"]
    with client.started(command, tmp_path, dict(os.environ)) as running:
        monkeypatch.setattr(sys, "platform", "win32")
        monkeypatch.setenv("SYSTEMROOT", "C:\\Windows")
        monkeypatch.setattr(subprocess, "run", lambda words, **_: asked.append(words))
    tool = "C:\\Windows/System32/taskkill.exe"  # joined here
    assert asked == [[tool, "/T", "/F", "/PID", str(running._process.pid)]]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('"C:\\Program Files\\nodejs\\node.exe" C:\\qwen\\cli.js', 2),
        ("C:\\nodejs\\node.exe", 1),
        ('npx "a b"', 2),
        ("node it's", 2),
    ],
)
def test_quotes_of_windows_in_a_command(
    monkeypatch: pytest.MonkeyPatch, text: str, words: int
) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    assert len(client.command_of(text)) == words
    assert '"' not in "".join(client.command_of(text))
    with pytest.raises(UsageError):
        client.command_of('"C:\\a')
