"""Finds out what git's answer depends on, so that an invocation that asks git can be remembered.

This is certain only for the files in the index of a plain repository, or of a worktree of one: the
user owns it, nothing in it is a link, and its configuration names no other file or layout. Nothing
else is remembered.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from qwenlock.edge.remembered import CONTENT, PROBE, VARIABLE
from qwenlock.edge.watch import Watch

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from subprocess import CompletedProcess

LIST = ("--literal-pathspecs", "ls-files")  # check-ignore does not accept this option
_QUESTIONS = (LIST, (*LIST, "-z"))
_ELSEWHERE = (b"include", b"worktree", b"extensions", b"fsmonitor", b"splitindex", b"sparse")
"""Words of a configuration with which the answer can depend on other files."""
_PREFIXES = ("/", "/usr", "/usr/local", "/opt/homebrew")
"""Where git is installed if it is known where the system's configuration is."""
_VARIABLES = "GIT_CONFIG"
"""How the variables begin that git reads and `asking_git` does not take away."""
_LARGEST = 1024 * 1024
"""The largest configuration in bytes that is looked at."""


def answered(
    start: Callable[[], CompletedProcess[bytes]], program: str, root: Path, question: Sequence[str]
) -> CompletedProcess[bytes]:
    """Return git's answer, and let it be remembered if it is known what it depends on.

    Args:
        start: starts git, and returns its answer.
        program: the path of git.
        root: the directory that git is asked in.
        question: the arguments.
    """
    watch = Watch.current
    if watch is None or not _is_known(watch, Path(program), root, question):
        return start()
    code = None
    try:
        with watch.looking_away():
            answer = start()
        code = answer.returncode
    finally:
        if code != 0:
            watch.give_up()
    return answer


def _is_known(watch: Watch, program: Path, root: Path, question: Sequence[str]) -> bool:
    """Note what the answer depends on; tell whether that is everything."""
    end = question.index("--") if "--" in question else len(question)
    if tuple(question[:end]) not in _QUESTIONS:
        return False
    try:
        if any(each.resolve() != each for each in (root, *map(root.joinpath, question[end + 1 :]))):
            return False
        watch.note(PROBE, program)
        own, common = _folders(watch, root / ".git")
        watch.note(CONTENT, own / "index")
        settings = (common / "config", *_settings(watch, program))
        is_plain = _is_plain(watch, root, own, common)
        return is_plain and not any(map(_leads_elsewhere, settings))
    except (OSError, ValueError, RuntimeError):  # a NUL in a path; a loop of links
        return False


def _folders(watch: Watch, start: Path) -> tuple[Path, Path]:
    """Return where a repository keeps its index, and what its worktrees share.

    Args:
        watch: what notes the files that tell.
        start: its `.git`; that of a worktree is a file.

    Raises:
        OSError: it is another layout.
    """
    if start.is_symlink() or os.path.lexists(start / "commondir"):
        raise FileNotFoundError
    if start.is_dir():
        return start, start
    own = _named_in(start, b"gitdir: ")
    watch.note(PROBE, own / "gitdir")  # which git updates
    return own, _named_in(own / "commondir", b"")


def _named_in(file: Path, prefix: bytes) -> Path:
    """Return the directory that a file of git names; no link leads to it.

    Raises:
        OSError: it cannot be told.
    """
    line = _content(file)
    path = os.path.normpath(file.parent / os.fsdecode(line.removeprefix(prefix).strip(b"\n")))
    if not line.startswith(prefix) or b"\n" in line.rstrip(b"\n") or os.path.realpath(path) != path:
        raise FileNotFoundError
    return Path(path)


def _is_plain(watch: Watch, root: Path, folder: Path, common: Path) -> bool:
    """Tell whether git uses a repository, and needs nothing else.

    Args:
        watch: what notes the files that tell.
        root: the directory that the repository is about.
        folder: where it keeps its index.
        common: what its worktrees share.

    Raises:
        OSError: it cannot be told.
    """
    with watch.looking_away():  # the index, which is noted, tells whether it is split
        is_split = any(each.name.startswith("sharedindex.") for each in folder.iterdir())
    head = _content(folder / "HEAD").strip()
    is_commit = len(head) in (40, 64) and not head.strip(b"0123456789abcdef")
    is_whole = all(os.access(common / each, os.X_OK) for each in ("objects", "refs"))
    is_valid = is_whole and (is_commit or head.startswith(b"ref: refs/"))
    is_ours = sys.platform != "win32" and all(
        each.stat().st_uid == os.geteuid() for each in (root, root / ".git", folder, common)
    )
    return is_valid and is_ours and not is_split


def _settings(watch: Watch, program: Path) -> Sequence[Path]:
    """Return the files of the system's and the user's configuration of git.

    Raises:
        OSError: it is not known which these are.
    """
    watch.note(VARIABLE, f"{_VARIABLES}*")
    with watch.looking_away(), program.open("rb") as file:
        is_script = file.read(2) == b"#!"
        is_moved = any(each.startswith(_VARIABLES) for each in os.environ)
    prefix, real = str(program.parent.parent), program.resolve()
    is_usual = prefix in _PREFIXES and (
        str(real.parent.parent) in _PREFIXES or real.is_relative_to(f"{prefix}/Cellar/git")
    )
    is_apples = sys.platform == "darwin" and prefix == "/usr"  # which starts another one
    home = Path(os.environ.get("HOME", ""))
    folder = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config")
    is_relative = not home.is_absolute() or not folder.is_absolute()
    if not is_usual or is_apples or is_script or is_moved or is_relative:
        raise FileNotFoundError
    systems = {Path(each, "etc", "gitconfig") for each in ("/", prefix, real.parent.parent)}
    return (*systems, folder / "git" / "config", home / ".gitconfig")


def _leads_elsewhere(settings: Path) -> bool:
    """Tell whether a file of git's configuration names other files, or another layout.

    Raises:
        OSError: it cannot be told.
    """
    text = _content(settings).lower() if os.path.lexists(settings) else b""
    return any(each in text for each in _ELSEWHERE)


def _content(path: Path) -> bytes:
    """Return the content of a regular file.

    Raises:
        OSError: it is something else, too large, or cannot be read.
    """
    if not path.is_file() or path.stat().st_size > _LARGEST:
        raise FileNotFoundError
    return path.read_bytes()
