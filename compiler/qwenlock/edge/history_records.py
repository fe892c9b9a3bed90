"""The records of the history, as files: their names, and how they are written and read.

Records are numbered, so that a clock that jumps does not change their order. A digest tells whether
a record is still whole.
"""

from __future__ import annotations

import json
import os
import re
import zlib
from binascii import a2b_base64, b2a_base64
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qwenlock.edge.files import MAX_LOCK_BYTES, read_regular
from qwenlock.edge.places import identity
from qwenlock.text.pattern import pattern
from qwenlock.text.record import dataclass, field
from qwenlock.text.sha256 import sha256

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qwenlock.edge import writer

_MOST = 8 * MAX_LOCK_BYTES
"""The largest record that is read, in bytes: it holds the files of one change."""

_NAME = pattern(r"(\d{6,})-(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)\.(\d{6})-[0-9a-f]{8}", re.ASCII)
_MOST_MODE = 0o7777
_STAMP = "%Y%m%dT%H%M%S.%f"


class RecordState(StrEnum):
    """The state of a record, derived from the files."""

    APPLIED = "applied"
    UNDONE = "undone"
    NOT_APPLIED = "not applied"
    PARTLY = "partly"
    CHANGED = "changed since"
    DAMAGED = "damaged"


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """A record without the contents of its files; `number` is its id as users name it."""

    id: str
    time: datetime
    reason: str
    paths: tuple[Path, ...]
    state: RecordState
    backup: Path
    projects: tuple[Path, ...] = ()

    @property
    def number(self) -> str:
        """Return the id."""
        return number_of(self.backup)


@dataclass(frozen=True, slots=True)
class SavedFile:
    """A file before a change, and its digest after it; None without a file."""

    path: Path
    before: bytes | None = field(repr=False)
    after: str | None
    mode_before: int | None
    mode_after: int

    @property
    def digest_before(self) -> str | None:
        """Return the digest of what the file held before."""
        return digest(self.before)


@dataclass(frozen=True, slots=True)
class Record:
    """A change: the files before it, the folders it made, and the projects that it was made for."""

    backup: Path
    time: datetime
    reason: str
    undoes: str | None = None
    part_of: str | None = None
    files: tuple[SavedFile, ...] = ()
    projects: tuple[Path, ...] = ()
    made: tuple[Path, ...] = ()
    is_whole: bool = True

    @property
    def id(self) -> str:
        """Return the name of the record, which no other has."""
        return self.backup.stem

    def entry(self, state: RecordState) -> HistoryEntry:
        """Return what `history` shows of a record in this state."""
        return HistoryEntry(
            id=self.id,
            time=self.time,
            reason=self.reason,
            paths=tuple(file.path for file in self.files),
            state=state,
            backup=self.backup,
            projects=self.projects,
        )

    def is_of(self, project: Path) -> bool:
        """Tell whether a command in `project`, or about it, wrote this."""
        return identity(project) in map(identity, self.projects)


def new_name(number: int, time: datetime) -> str:
    """Return the name of a new record's file."""
    return f"{number:06}-{time.strftime(_STAMP)}-{os.urandom(4).hex()}.json"


def number_of(backup: Path) -> str:
    """Return the short id of a record."""
    return str(order(backup)[0])


def order(backup: Path) -> tuple[int, str]:
    """Return what records are sorted by: the number and the name. Other files have the number 0."""
    found = _NAME.match(backup.name)
    return (int(found[1]) if found else 0), backup.name


def is_record(backup: Path) -> bool:
    """Tell whether a file is a record, or what was left of one, by its name."""
    try:
        time_of(backup)
    except ValueError:
        return False
    return True


def time_of(backup: Path) -> datetime:
    """Return the time in the name of a record.

    Raises:
        ValueError: it is not such a name.
    """
    found = _NAME.match(backup.name)
    if found is None:
        raise ValueError
    year, month, day, hour, minute, second, part = map(int, found.groups()[1:])
    return datetime(year, month, day, hour, minute, second, part, UTC)


def digest(content: bytes | None) -> str | None:
    """Return the digest of what a file holds, as `sha256:` and hexadecimal digits."""
    return None if content is None else f"sha256:{sha256(content).hex()}"


def serialize(
    time: datetime, told: dict[str, Any], replacements: Sequence[writer.Replacement]
) -> bytes:
    """Return the text of a record.

    Args:
        time: when the change was made.
        told: the command, the project, and the records that this one belongs to or takes back.
        replacements: the files.
    """
    files = [
        {
            "path": str(replacement.target),
            "before": _encode(replacement.edit.before),
            "after": digest(replacement.edit.after),
            "mode-before": replacement.old_mode,
            "mode-after": replacement.new_mode,
        }
        for replacement in replacements
    ]
    made = [str(folder) for each in replacements for folder in each.made]
    document: dict[str, Any] = {"time": time.isoformat(), **told, "files": files, "made": made}
    return json.dumps(document | {"digest": digest(_whole(document))}, indent=2).encode()


def _whole(document: dict[str, Any]) -> bytes:
    """Return what the digest of a record is made of: all of it besides the digest."""
    rest = {name: value for name, value in document.items() if name != "digest"}
    return json.dumps(rest, sort_keys=True).encode()


def parse(backup: Path) -> Record:
    """Return the record in a file; of a damaged one only the name counts, and it is not whole."""
    try:
        return _record(backup, json.loads(read_regular(backup, _MOST)))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return Record(backup, time_of(backup), "unknown", is_whole=False)


def _record(backup: Path, document: dict[str, Any]) -> Record:
    """Return the record in a document.

    Raises:
        ValueError: it is damaged. Other errors say the same.
    """
    if document["digest"] != digest(_whole(document)):
        raise ValueError
    files = tuple(
        SavedFile(
            path=Path(file["path"]),
            before=_decode(file["before"]),
            after=file["after"],
            mode_before=file["mode-before"],
            mode_after=file["mode-after"],
        )
        for file in document["files"]
    )
    for file in files:
        _expect_kinds(str, file.after)
        _expect_kinds(int, file.mode_before, file.mode_after)
        if not all(0 <= mode <= _MOST_MODE for mode in (file.mode_before or 0, file.mode_after)):
            raise ValueError
    record = Record(
        backup,
        datetime.fromisoformat(document["time"]),
        document["reason"],
        document["undoes"],
        document["part-of"],
        files,
        tuple(map(Path, document["projects"])),
        tuple(map(Path, document["made"])),
    )
    _expect_kinds(str, record.undoes, record.part_of)
    if not isinstance(record.reason, str):
        raise TypeError
    for path in (*(file.path for file in files), *record.projects, *record.made):
        if not path.is_absolute() or b"\0" in os.fsencode(path):
            raise ValueError
    return record


def _expect_kinds(kind: type, *values: object) -> None:
    """Check that each value is of a kind, or None.

    Raises:
        TypeError: one is not.
    """
    if any(value is not None and not isinstance(value, kind) for value in values):
        raise TypeError


def _encode(content: bytes | None) -> str | None:
    """Return a content for a record: locks and settings compress to a fiftieth, in little time."""
    if content is None:
        return None
    return f"zlib:{b2a_base64(zlib.compress(content, 1), newline=False).decode()}"


def _decode(text: str | None) -> bytes | None:
    """Return what `_encode` was given.

    Raises:
        ValueError: it is damaged.
    """
    if text is None:
        return None
    kind, encoded = text.split(":")
    packed = zlib.decompressobj()
    try:
        content = packed.decompress(a2b_base64(encoded), _MOST)
    except zlib.error as error:
        raise ValueError from error
    if kind != "zlib" or not packed.eof:
        raise ValueError
    return content
