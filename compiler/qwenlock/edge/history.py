"""Backups of every change: kept for a limited time, listed, and restored.

A record is one file in the user's state directory, complete before the first file changes. The
digests of the files tell whether the change then happened.
"""

from __future__ import annotations

import json
import os
from base64 import b64decode, b64encode
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qwenlock.edge import writer
from qwenlock.edge.files import read_regular
from qwenlock.findings.errors import InputError, WriteError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

RETENTION_DAYS = 90
"""How long a record is kept, unless it is pruned earlier."""

_UNREADABLE = "unreadable"


class RecordState(StrEnum):
    """The state of a record, derived from the files."""

    APPLIED = "applied"
    UNDONE = "undone"
    NOT_APPLIED = "not applied"
    PARTLY = "partly"
    CHANGED = "changed since"


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """A record without the contents of its files."""

    id: str
    time: datetime
    reason: str
    paths: tuple[Path, ...]
    state: RecordState
    backup: Path


@dataclass(frozen=True, slots=True)
class _SavedFile:
    path: Path
    before: bytes | None = field(repr=False)
    after: str | None
    mode_before: int | None
    mode_after: int

    @property
    def digest_before(self) -> str | None:
        return _digest(self.before)


@dataclass(frozen=True, slots=True)
class _Record:
    backup: Path
    time: datetime
    reason: str
    undoes: str | None
    files: tuple[_SavedFile, ...]

    @property
    def id(self) -> str:
        return self.backup.stem

    def entry(self, state: RecordState) -> HistoryEntry:
        return HistoryEntry(
            id=self.id,
            time=self.time,
            reason=self.reason,
            paths=tuple(file.path for file in self.files),
            state=state,
            backup=self.backup,
        )


def state_directory() -> Path:
    """Return the user's state directory for qwenlock; never inside a project."""
    from platformdirs import user_state_path

    return user_state_path("qwenlock", appauthor=False)


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class History:
    """The records below the directory `state`; `clock` returns the time of new records, in UTC."""

    state: Path = field(default_factory=state_directory)
    clock: Callable[[], datetime] = _now

    def save(
        self, replacements: Sequence[writer.Replacement], *, reason: str, undoes: str | None
    ) -> Path:
        """Back up what `replacements` are about to replace, and return the backup.

        Raises:
            WriteError: the backup cannot be written.
        """
        with suppress(WriteError):
            self.prune(RETENTION_DAYS)
        time = self.clock()
        backup = self._backups / f"{_stamp(time)}-{os.urandom(4).hex()}.json"
        with writer.naming(self._backups):
            writer.private_directory(self._backups)
            try:
                writer.replace_file(
                    backup, memoryview(_serialize(time, reason, undoes, replacements)), 0o600
                )
                writer.sync_directory(self._backups)
            except OSError:
                self.discard(backup)
                raise
        return backup

    def discard(self, backup: Path) -> None:
        """Delete a record whose change did not happen; if that fails, its digests still tell."""
        with suppress(OSError):
            backup.unlink()

    def history(self) -> list[HistoryEntry]:
        """Return the records, newest first.

        Raises:
            InputError: a record cannot be read.
        """
        return [record.entry(state) for record, state in self._examined()]

    def undo(self, *, force: bool = False) -> HistoryEntry | None:
        """Undo the last change in force, and return it; None if there is none.

        Args:
            force: Whether to overwrite a file that has changed since (and keep it as a backup).

        Raises:
            InputError: a record cannot be read.
            WriteError: a file has changed since, or cannot be written.
        """
        for record, state in self._examined():
            if record.undoes is None and state not in {RecordState.UNDONE, RecordState.NOT_APPLIED}:
                edits = [_taken_back(file, force=force) for file in reversed(record.files)]
                different = [edit for edit in edits if edit.before != edit.after]
                writer.write(different, reason="undo", history=self, undoes=record.id)
                return record.entry(state)
        return None

    def prune(self, older_than_days: float = 30) -> int:
        """Delete records older than this, and return their number.

        Raises:
            WriteError: one cannot be removed.
        """
        limit = _stamp(self.clock() - timedelta(days=older_than_days))
        with writer.naming(self._backups):
            if not self._backups.is_dir():
                return 0
            old = [path for path in self._backups.iterdir() if path.name < limit]
            for path in old:
                path.unlink(missing_ok=True)
        return len(old)

    @property
    def _backups(self) -> Path:
        return self.state / "backups"

    def _records(self) -> Iterator[_Record]:
        for backup in sorted(self._backups.glob("*.json"), reverse=True):
            yield _parse(backup)

    def _examined(self) -> Iterator[tuple[_Record, RecordState]]:
        """Walk back in time: for older records, a change's files were as its backup has them."""
        digests: dict[Path, str | None] = {}
        undone: set[str | None] = set()
        for record in self._records():
            for file in record.files:
                if file.path not in digests:
                    digests[file.path] = _digest_now(file.path)
            state = _compare(record.files, digests)
            if state is not RecordState.NOT_APPLIED:
                digests |= {file.path: file.digest_before for file in record.files}
            if state in {RecordState.APPLIED, RecordState.CHANGED}:
                undone.add(record.undoes)
            yield record, RecordState.UNDONE if record.id in undone else state


def _stamp(time: datetime) -> str:
    return f"{time:%Y%m%dT%H%M%S.%f}"


def _digest(content: bytes | None) -> str | None:
    return None if content is None else f"sha256:{sha256(content).hexdigest()}"


def _digest_now(path: Path) -> str | None:
    try:
        return _digest(writer.read(path))
    except OSError:
        return _UNREADABLE


def _compare(files: Sequence[_SavedFile], digests: dict[Path, str | None]) -> RecordState:
    is_after = [digests[file.path] == file.after for file in files]
    is_before = [digests[file.path] == file.digest_before for file in files]
    if all(is_after):
        return RecordState.APPLIED
    if all(is_before):
        return RecordState.NOT_APPLIED
    if all(after or before for after, before in zip(is_after, is_before, strict=True)):
        return RecordState.PARTLY
    return RecordState.CHANGED


def _taken_back(file: _SavedFile, *, force: bool) -> writer.FileEdit:
    """Return the edit that restores the backup; permissions changed since are kept."""
    with writer.naming(file.path):
        is_ours = writer.permissions(file.path) in {None, file.mode_after}
        edit = writer.FileEdit(
            path=file.path,
            before=writer.read(file.path),
            after=file.before,
            mode=file.mode_before if is_ours else None,
        )
    if not force and _digest(edit.before) not in {file.after, file.digest_before}:
        raise WriteError(
            f"{file.path} changed since qwenlock wrote it; nothing was changed",
            "run `qwenlock undo --force` to overwrite it",
        )
    return edit


def _serialize(
    time: datetime, reason: str, undoes: str | None, replacements: Sequence[writer.Replacement]
) -> bytes:
    files = [
        {
            "path": str(replacement.target),
            "before": _encode(replacement.edit.before),
            "after": _digest(replacement.edit.after),
            "mode-before": replacement.old_mode,
            "mode-after": replacement.new_mode,
        }
        for replacement in replacements
    ]
    document = {"time": time.isoformat(), "reason": reason, "undoes": undoes, "files": files}
    return json.dumps(document, indent=2).encode()


def _parse(backup: Path) -> _Record:
    try:
        return _record(backup, json.loads(read_regular(backup, most=None)))
    except (OSError, ValueError, KeyError, TypeError):
        raise InputError(f"the backup {backup} cannot be read", "move or delete it") from None


def _record(backup: Path, document: dict[str, Any]) -> _Record:
    files = tuple(
        _SavedFile(
            path=Path(file["path"]),
            before=_decode(file["before"]),
            after=file["after"],
            mode_before=file["mode-before"],
            mode_after=file["mode-after"],
        )
        for file in document["files"]
    )
    time = datetime.fromisoformat(document["time"])
    return _Record(backup, time, document["reason"], document["undoes"], files)


def _encode(content: bytes | None) -> str | None:
    return None if content is None else b64encode(content).decode()


def _decode(text: str | None) -> bytes | None:
    return None if text is None else b64decode(text)
