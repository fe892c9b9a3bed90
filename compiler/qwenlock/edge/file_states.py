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


def request(flags: Flags, client: str | None) -> str:
    """Return what the answer about any project depends on, besides files, in one line.

    Args:
        flags: the scope options of the command line.
        client: the requested client; None if none is named.
    """
    program = Path(qwenlock.__file__).stat()
    variables = [os.environ.get(name) for name in _VARIABLES]
    asked = (Path.cwd(), flags, client, variables)
    return repr((qwenlock.__version__, program.st_mtime_ns, sys.version_info[:2], asked))


def request_about(directory: Path, request: str) -> str:
    """Return what the answer about one project depends on, in one line.

    Args:
        directory: the project.
        request: what `request` returned.
    """
    return f"{os.path.realpath(directory)!r} {request}"


class States:
    """The states of files and directories, each read once."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}
        self._contents: dict[str, bytes] = {}
        self._same: set[str] = set()
        self._is_outside: dict[str, bool] = {}

    def lines(self, files: Iterable[Path]) -> list[str]:
        """Return a line for each of `files`: a digest of its content, and its path."""
        return [f"{self._of(str(path), self._contents)} {path}" for path in files]

    def are_same(self, lines: Iterable[str]) -> bool:
        """Tell whether files still have the states that lines of `lines` record."""
        unknown = set(lines) - self._same
        if not all(map(self._is_same, unknown)):
            return False
        self._same |= unknown
        return True

    def is_absent(self, path: Path) -> bool:
        """Tell whether a file is known to be missing."""
        return self._known.get(str(path)) == _ABSENT

    def take(self, path: Path) -> bytes | None:
        """Return the content of a file that `lines` read, and forget it; None if it read none."""
        return self._contents.pop(str(path), None)

    def is_outside_of_checkouts(self, folder: str) -> bool:
        """Tell whether a directory of the cache is in no checkout."""
        if folder not in self._is_outside:
            self._is_outside[folder] = cache.is_outside_of_checkouts(folder)
        return self._is_outside[folder]

    def _is_same(self, line: str) -> bool:
        state, _, path = line.partition(" ")
        return bool(path) and state != _UNUSABLE and self._of(path) == state

    def _of(self, path: str, contents: dict[str, bytes] | None = None) -> str:
        if path not in self._known:
            self._known[path], content = _state(Path(path))
            if content is not None and contents is not None:
                contents[path] = content
        return self._known[path]


def passed(asked: str, seen: States | None = None) -> str | None:
    """Return the report of the same request when it last passed, or None.

    None is also returned if a file has changed since.

    Args:
        asked: what the answer depends on, in one line (see `request_about`).
        seen: the states of the files that have been read.
    """
    seen = seen or States()
    content = cache.believed(_file(asked), seen.is_outside_of_checkouts)
    if content is None:
        return None
    text = content.decode(errors="surrogateescape")
    files, end, said = text.partition("\n\n")
    return said if end and seen.are_same(files.split("\n")) else None


def record(before: list[str], asked: str, said: str, seen: States | None = None) -> None:
    """Remember that `asked` passed, and its report; the cache need not be writable.

    Nothing is remembered if a file has changed since `before`, or if its name has several lines.

    Args:
        before: the states of files before they were read.
        asked: what the answer depends on, in one line (see `request_about`).
        said: the report.
        seen: the states of the files that have been read since they were read.
    """
    seen = seen or States()
    if any("\n" in line for line in before) or not seen.are_same(before):
        return
    with suppress(UnicodeError):
        content = ("\n".join(before) + f"\n\n{said}").encode()
        cache.keep(_file(asked), content, seen.is_outside_of_checkouts)


def files(places: Places) -> Iterable[Path]:
    """Return every file and directory that compiling a project depends on."""
    yield places.lock
    yield from places.files.values()
    yield system_file()  # where `run` enforces a lock, this names the one in `places`
    yield folder("templates")
    yield from places.templates


def _state(path: Path) -> tuple[str, bytes | None]:
    """Return a digest of a file's bytes or of a directory's plans, or a word; and those bytes.

    For a repository, only its existence counts. Files that are unreadable or too large never count
    as unchanged.
    """
    if leads_to_server(path):
        return _UNUSABLE, None
    try:
        status = path.stat()
        if path.name == ".git":
            return _PRESENT, None
        if stat.S_ISDIR(status.st_mode):
            plans = [(each.name, _plan(each)) for each in path.iterdir() if each.is_dir()]
            return digest(repr(sorted(plans)).encode(errors="surrogateescape")), None
        content = read_regular(path)
    except (FileNotFoundError, NotADirectoryError):
        return _ABSENT, None
    except OSError:
        return _UNUSABLE, None
    return digest(content), content


def _plan(folder: Path) -> list[tuple[str, str]]:
    """Return the files of a plan with their digests; empty for a folder of other files.

    Raises:
        OSError: one cannot be read.
    """
    files = sorted(each for each in folder.iterdir() if is_of_a_plan(each.name))
    return [(each.name, digest(read_regular(each))) for each in files]


def _file(asked: str) -> str:
    return f"{cache.directory()}/checked/{digest(asked.encode(errors='surrogateescape'))}"
