"""Starts git so that git starts no program that a repository names.

A repository's configuration can name programs for git to start. Here git fetches nothing, runs no
hook, monitor, pager or prompt, and is itself never one of the repository's files.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from qwenlock.edge.git_files import LIST, answered
from qwenlock.edge.lookup import find

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from subprocess import CompletedProcess

_UNAIDED = (
    "--no-pager",
    "-c",
    "core.fsmonitor=false",
    "-c",
    f"core.hooksPath={os.devnull}",
    "-c",
    "submodule.recurse=false",
    "-c",
    "safe.bareRepository=explicit",
)
_ALONE = {
    "GIT_ALLOW_PROTOCOL": "none",  # a repository's protocol.ext.allow would win over -c
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "",
    "SSH_ASKPASS": "",
    "GCM_INTERACTIVE": "never",
}
"""With `_UNAIDED`, keeps git from starting programs that a repository's configuration names."""

PATIENCE = 10
"""In seconds: git blocks forever if a .gitignore is a FIFO."""
_BLOCK = 1024 * 1024
"""How much of git's output is read at once, in bytes."""


def repository_of(path: Path) -> Path | None:
    """Return the repository that contains a path, which need not exist."""
    return next((folder for folder in path.parents if (folder / ".git").exists()), None)


def is_tracked(root: Path, path: Path) -> bool | None:
    """Return whether git tracks `path` in the repository at `root`; None if it fails."""
    answer = run(root, *LIST, "--", str(path))
    return bool(answer.stdout) if answer is not None and answer.returncode == 0 else None


def output(root: Path, *question: str) -> str:
    """Return git's output as text; nothing if git is missing or fails."""
    answer = run(root, *question)
    return os.fsdecode(answer.stdout) if answer is not None else ""


def run(
    root: Path, *question: str, patience: int = PATIENCE, given: bytes = b""
) -> CompletedProcess[bytes] | None:
    """Return git's output in the repository at `root`; None if git is missing or fails.

    Args:
        root: the root of the repository.
        *question: the arguments of git.
        patience: how long git may take, in seconds.
        given: what git gets on its standard input.
    """
    try:
        return start_git(root, patience, *question, given=given)
    except OSError:
        return None


def start_git(
    directory: Path, patience: int, *question: str, given: bytes = b""
) -> CompletedProcess[bytes]:
    """Return git's output in `directory`, for the input that it is given.

    Raises:
        OSError: git cannot be started.
        TimeoutError: it did not answer within `patience` seconds.
    """
    import subprocess

    program = _program()

    def start() -> CompletedProcess[bytes]:
        return subprocess.run(
            [program, *_UNAIDED, "-C", str(directory), *question],
            env=_environment(),
            input=given,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            check=False,
            timeout=patience,
        )

    try:
        return answered(start, program, directory, question)
    except subprocess.TimeoutExpired as error:
        raise TimeoutError from error


def records(root: Path, *question: str) -> Iterator[bytes]:
    """Yield what git prints before each NUL, without keeping all of it in memory.

    Raises:
        OSError: git is missing, fails, or takes too long.
    """
    import subprocess
    from threading import Timer

    command = [_program(), *_UNAIDED, "-C", str(root), *question]
    quiet = subprocess.DEVNULL
    with subprocess.Popen(
        command, env=_environment(), stdin=quiet, stdout=subprocess.PIPE, stderr=quiet
    ) as process:
        clock = Timer(PATIENCE, process.kill)
        clock.start()
        try:
            rest = b""
            while process.stdout is not None and (block := process.stdout.read(_BLOCK)):
                *whole, rest = (rest + block).split(b"\0")
                yield from whole
                if len(rest) > _BLOCK:  # a name that no file can have
                    process.kill()
        except BaseException:
            process.kill()
            raise
        finally:
            clock.cancel()
    if process.returncode:
        raise OSError


def _environment() -> dict[str, str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("GIT_")
        or name.startswith("GIT_CONFIG")  # these would point to another repository
    }
    return kept | _ALONE


def _program() -> str:
    """Return the path of git.

    Raises:
        FileNotFoundError: git is not installed.
    """
    found = find("git.exe" if sys.platform == "win32" else "git")
    if found is None:
        raise FileNotFoundError("git")
    return found
