"""A memory of checks that passed: the same files, unchanged, need no compiling again.

It speeds `check` up and decides nothing: a stamp names every file that the compile read, with a
digest, and whatever else it depended on; when anything differs, or the stamp is missing or not
readable, the project is compiled. So a lock that somebody made up is never believed.
"""

from __future__ import annotations

import os
import stat
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import qwenlock
from qwenlock.content import folder
from qwenlock.errors import QwenlockError

try:  # hashlib loads OpenSSL; the lean module below it, as the standard library's random does
    from _blake2 import blake2b  # type: ignore[import-not-found, unused-ignore]
except ImportError:  # pragma: no cover  (another Python)
    from hashlib import blake2b

if TYPE_CHECKING:
    from collections.abc import Iterable

    from qwenlock.edge.places import Flags, Places

_VARIABLES = (
    "HOME",
    "USERPROFILE",
    "QWEN_HOME",
    "QWEN_CODE_SYSTEM_SETTINGS_PATH",
    "QWEN_CODE_SYSTEM_DEFAULTS_PATH",
    "QWENLOCK_TEMPLATES",
)
_ABSENT, _PRESENT, _UNUSABLE = "absent", "present", "unusable"
_LARGEST = 128 * 1024 * 1024
"""In bytes. What is larger is never taken for unchanged."""


def request(directory: Path, flags: Flags, client: str | None) -> str:
    """Return what was asked, as far as the answer depends on it, in one line."""
    program = Path(qwenlock.__file__).stat()
    variables = [os.environ.get(name) for name in _VARIABLES]
    asked = (Path.cwd(), os.path.realpath(directory), flags, client, variables)
    return repr((qwenlock.__version__, program.st_mtime_ns, sys.version_info[:2], asked))


def passed(asked: str) -> str | None:
    """Return what was said when the same request passed before, or None where it must be compiled.

    None is returned too where a file is not as it was then.
    """
    try:
        text = _file(asked).read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return None
    files, end, said = text.partition("\n\n")
    same = end and all(_is_same(line) for line in files.split("\n"))
    return said if same else None


def record(before: list[str], asked: str, said: str) -> None:
    """Remember that `asked` passed and what was said; the cache need not be writable.

    Nothing is remembered where a file is no longer as it was `before` (see `states`), or has a name
    of several lines.
    """
    from qwenlock.edge.writer import write_output

    if not all(_is_same(line) and "\n" not in line for line in before):
        return
    with suppress(OSError, QwenlockError, UnicodeError):
        target = _file(asked)
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_output(target, "\n".join(before) + f"\n\n{said}")


def states(files: Iterable[Path]) -> list[str]:
    """Return a line for each of `files`: a digest of its content, and its path."""
    return [f"{_state(path)} {path}" for path in files]


def files(places: Places) -> Iterable[Path]:
    """Return every file and directory that compiling a project depends on."""
    yield places.lock
    yield from places.files.values()
    for directory in (folder("templates"), *places.templates):
        yield directory
        for plan in sorted(directory.iterdir()) if directory.is_dir() else ():
            yield plan
            if plan.is_dir():
                yield from sorted(plan.iterdir())


def _is_same(line: str) -> bool:
    state, _, path = line.partition(" ")
    return bool(path) and state != _UNUSABLE and _state(Path(path)) == state


def _state(path: Path) -> str:
    """Return a digest of a file's bytes or a directory's names, or a word where there is none.

    Of a repository counts only that it is there.
    """
    try:
        status = path.stat()
        if path.name == ".git":
            return _PRESENT
        if stat.S_ISDIR(status.st_mode):
            return _digest(repr(sorted(path.iterdir())).encode())
        if stat.S_ISREG(status.st_mode) and status.st_size <= _LARGEST:
            return _digest(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return _ABSENT
    except OSError:
        pass
    return _UNUSABLE


def _file(asked: str) -> Path:
    from platformdirs import user_cache_path

    name = _digest(asked.encode(errors="surrogateescape"))
    return user_cache_path("qwenlock", appauthor=False) / "checked" / name


def _digest(data: bytes) -> str:
    return str(blake2b(data, digest_size=20).hexdigest())
