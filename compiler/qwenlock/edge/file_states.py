"""Remembers checks that passed, so that unchanged files are not compiled again.

This only makes `check` faster. A *stamp*, a file in the user's cache, holds a digest of every file
that the compilation read, and everything else it depended on. If anything differs, or the stamp is
missing, unreadable or not to be trusted (see `cache`), the project is compiled. So a forged lock is
never trusted.
"""

from __future__ import annotations

import os
import stat
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import qwenlock
from qwenlock.edge import cache
from qwenlock.edge.cache import digest
from qwenlock.edge.checkouts import leads_to_server
from qwenlock.edge.files import read_regular
from qwenlock.edge.places import system_file
from qwenlock.plans.files import is_of_a_plan
from qwenlock.settings.shipped import folder

if TYPE_CHECKING:
    from collections.abc import Iterable

    from qwenlock.edge.places import Flags
    from qwenlock.settings.project import Places

_VARIABLES = (
    "HOME",
    "USERPROFILE",
    "QWEN_HOME",
    "QWEN_CODE_SYSTEM_SETTINGS_PATH",
    "QWEN_CODE_SYSTEM_DEFAULTS_PATH",
    "QWENLOCK_TEMPLATES",
)
_ABSENT, _PRESENT, _UNUSABLE = "absent", "present", "unusable"


def request(directory: Path, flags: Flags, client: str | None) -> str:
    """Return what the answer to a request depends on, besides files, in one line.

    Args:
        directory: the project.
        flags: the scope options of the command line.
        client: the requested client; None if none is named.
    """
    program = Path(qwenlock.__file__).stat()
    variables = [os.environ.get(name) for name in _VARIABLES]
    asked = (Path.cwd(), os.path.realpath(directory), flags, client, variables)
    return repr((qwenlock.__version__, program.st_mtime_ns, sys.version_info[:2], asked))


class States:
    """The states of files and directories, each read once."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def lines(self, files: Iterable[Path]) -> list[str]:
        """Return a line for each of `files`: a digest of its content, and its path."""
        return [f"{self._of(str(path))} {path}" for path in files]

    def is_same(self, line: str) -> bool:
        """Tell whether a file still has the state that a line of `lines` records."""
        state, _, path = line.partition(" ")
        return bool(path) and state != _UNUSABLE and self._of(path) == state

    def _of(self, path: str) -> str:
        if path not in self._known:
            self._known[path] = _state(Path(path))
        return self._known[path]


def passed(asked: str, seen: States | None = None) -> str | None:
    """Return the report of the same request when it last passed, or None.

    None is also returned if a file has changed since.

    Args:
        asked: what `request` returned.
        seen: the states of the files that have been read.
    """
    content = cache.believed(_file(asked))
    if content is None:
        return None
    text = content.decode(errors="surrogateescape")
    seen = seen or States()
    files, end, said = text.partition("\n\n")
    same = end and all(seen.is_same(line) for line in files.split("\n"))
    return said if same else None


def record(before: list[str], asked: str, said: str, seen: States | None = None) -> None:
    """Remember that `asked` passed, and its report; the cache need not be writable.

    Nothing is remembered if a file has changed since `before`, or if its name has several lines.

    Args:
        before: the states of files before they were read.
        asked: what `request` returned.
        said: the report.
        seen: the states of the files that have been read since they were read.
    """
    seen = seen or States()
    if not all(seen.is_same(line) and "\n" not in line for line in before):
        return
    with suppress(UnicodeError):
        cache.keep(_file(asked), ("\n".join(before) + f"\n\n{said}").encode())


def files(places: Places) -> Iterable[Path]:
    """Return every file and directory that compiling a project depends on."""
    yield places.lock
    yield from places.files.values()
    yield system_file()  # where `run` enforces a lock, this names the one in `places`
    yield folder("templates")
    yield from places.templates


def _state(path: Path) -> str:
    """Return a digest of a file's bytes or of a directory's plans, or a word if there is none.

    For a repository, only its existence counts. Files that are unreadable or too large never count
    as unchanged.
    """
    if leads_to_server(path):
        return _UNUSABLE
    try:
        status = path.stat()
        if path.name == ".git":
            return _PRESENT
        if stat.S_ISDIR(status.st_mode):
            plans = [(each.name, _plan(each)) for each in path.iterdir() if each.is_dir()]
            return digest(repr(sorted(plans)).encode(errors="surrogateescape"))
        return digest(read_regular(path))
    except (FileNotFoundError, NotADirectoryError):
        return _ABSENT
    except OSError:
        return _UNUSABLE


def _plan(folder: Path) -> list[tuple[str, str]]:
    """Return the files of a plan with their digests; empty for a folder of other files.

    Raises:
        OSError: one cannot be read.
    """
    files = sorted(each for each in folder.iterdir() if is_of_a_plan(each.name))
    return [(each.name, digest(read_regular(each))) for each in files]


def _file(asked: str) -> str:
    return f"{cache.directory()}/checked/{digest(asked.encode(errors='surrogateescape'))}"
