"""The one module that reads the disk for a compile: settings, locks, plans.

Where the files are is decided in `places`; what they mean, in the core.
"""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

from qwenlock.edge.regular import MAX_BYTES, MAX_LOCK_BYTES, read_regular
from qwenlock.findings.errors import InputError
from qwenlock.findings.finding import Finding
from qwenlock.text.document import Place

if TYPE_CHECKING:
    from pathlib import Path

    from qwenlock.edge.places import Places
    from qwenlock.edge.shared import Shared
    from qwenlock.lock.model import Lock
    from qwenlock.settings.scopes import Source
    from qwenlock.text.document import Document

_ABSENT = {errno.ENOENT, errno.ENOTDIR}
_REASONS = {
    errno.EACCES: ("permission denied", "make it readable for you"),
    errno.ELOOP: ("its symbolic links form a loop", "remove the link"),
}


def read_bytes(path: Path, label: str, most: int = MAX_BYTES) -> bytes | None:
    """Return the content of a file, or None where there is none.

    Args:
        path: the file; a symbolic link is followed.
        label: the file as messages name it.
        most: how large it may be, in bytes.

    Raises:
        InputError: it is no regular file, is larger than `most`, or cannot be read.
    """
    try:
        return read_regular(path, most)
    except OSError as error:
        if error.errno in _ABSENT:
            return None
        if error.errno == errno.EINVAL:
            message = "it is not a regular file"
            raise _unusable("QL105", label, message, "point to a file") from None
        if error.errno == errno.EFBIG:
            message = f"it is larger than {most // 1024**2} MiB"
            raise _unusable("QL104", label, message, "split the file") from None
        raise _unreadable(label, error) from None


def read_document(path: Path, label: str) -> Document | None:
    """Return the settings file at `path`, or None where there is none.

    Raises:
        InputError: it cannot be used.
    """
    from qwenlock.findings.reading import decode, parse

    data = read_bytes(path, label)
    return None if data is None else parse(decode(data, label), label)


def read_sources(places: Places, shared: Shared | None = None) -> list[Source]:
    """Return the scopes of `places` that have a file, low to high, brought up to date in memory.

    Args:
        places: the files.
        shared: what other projects have read of those that are not the project's own.

    Raises:
        InputError: files cannot be used; its findings cover every one of them.
    """
    from qwenlock.settings.versions import source_of

    sources, problems = [], []
    for scope, path in places.files.items():
        read = shared.document if shared and scope != "project" else read_document
        try:
            document = read(path, places.labels[scope])
            if document is not None:
                sources.append(source_of(scope, document, places.recorded[scope]))
        except InputError as error:
            problems.append(error)
    if problems:
        findings = tuple(finding for problem in problems for finding in problem.findings)
        raise InputError(problems[0].message, problems[0].fix, findings)
    return sources


def read_settings(path: Path) -> Source:
    """Return the settings in the file `path`, as those of a user.

    Raises:
        InputError: there are none, or they cannot be used.
    """
    from qwenlock.edge.places import shown
    from qwenlock.findings.reading import decode, parse
    from qwenlock.settings.versions import source_of

    label = shown(path)
    data = read_bytes(path, label)
    if data is None:
        raise InputError(f"there is no file {label}", "name the settings.json of a client")
    return source_of("user", parse(decode(data, label), label))


def read_lock(path: Path) -> Lock:
    """Return the lock in the file `path`.

    Raises:
        InputError: there is none, or it cannot be read.
    """
    from qwenlock.edge.places import shown
    from qwenlock.findings.reading import decode
    from qwenlock.lock import text

    label = shown(path)
    data = read_bytes(path, label, MAX_LOCK_BYTES)
    if data is None:
        raise InputError(f"there is no lock {label}", "run `qwenlock lock` in the project")
    return text.load(decode(data, label), label)


def _unreadable(label: str, error: OSError) -> InputError:
    reason, fix = _REASONS.get(error.errno or 0, (os.strerror(error.errno or 0).lower(), None))
    return _unusable("QL105", label, reason, fix)


def _unusable(code: str, label: str, message: str, fix: str | None) -> InputError:
    from qwenlock.text.document import Document

    place = Place(Document(label, "", {}), at=(1, 1))
    return InputError(message, findings=(Finding(code, message, place, fix),))
