"""Backups of every change: kept for a limited time, listed, and restored.

A record is one file in the user's state directory, complete before the first file changes. The
digests of the files tell whether the change then happened, and whether a record is still whole.
Records are numbered, so that a clock that jumps does not change their order.
"""

from __future__ import annotations

import json
import os
import re
from base64 import b64decode, b64encode
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qwenlock.edge import writer
from qwenlock.edge.files import read_regular
from qwenlock.findings.errors import InputError, WriteError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

RETENTION_DAYS = 90
"""How long a record is kept, unless it is pruned earlier."""

LONGEST_GAP = timedelta(days=31)
"""What the time between two records counts at most: so a clock that jumps ahead prunes nothing."""

_UNREADABLE = "unreadable"
_NAME = re.compile(r"(?:(\d{6,})-)?(\d{8}T\d{6}\.\d{6})-[0-9a-f]{8}")
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
    undoes: str | None = None
    part_of: str | None = None
    files: tuple[_SavedFile, ...] = ()
    is_whole: bool = True

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
        self,
        replacements: Sequence[writer.Replacement],
        *,
        reason: str,
        undoes: str | None = None,
        part_of: str | None = None,
    ) -> Path:
        """Back up what `replacements` are about to replace, and return the backup.

        Args:
            replacements: what is replaced.
            reason: the command.
            undoes: the id of the record that is taken back, if one is.
            part_of: the id of the record that this one belongs to: they are undone together.

        Raises:
            WriteError: the backup cannot be written.
        """
        with suppress(WriteError):
            self.prune(RETENTION_DAYS)
        time = self.clock()
        told = {"reason": reason, "undoes": undoes, "part-of": part_of}
        with writer.naming(self._backups):
            writer.private_directory(self._backups)
            number = max((_order(path)[0] for path in self._backups.iterdir()), default=0) + 1
            name = f"{number:06}-{time.strftime(_STAMP)}-{os.urandom(4).hex()}.json"
            backup = self._backups / name
            try:
                content = _serialize(time, told, replacements)
                writer.replace_file(backup, memoryview(content), 0o600)
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
        """Return the records, newest first; of a damaged one only the id is known."""
        return [record.entry(state) for record, state in self._examined()]

    def undo(self, *, force: bool = False) -> HistoryEntry | None:
        """Undo the last change in force, and return it; None if there is none.

        Args:
            force: Whether to overwrite a file that has changed since (and keep it as a backup).

        Raises:
            InputError: the record of the last change is damaged.
            WriteError: a file has changed since, or cannot be written.
        """
        found = self._last_in_force()
        if found is None:
            return None
        record, state = found
        edits = [_taken_back(file, force=force) for file in reversed(record.files)]
        different = [edit for edit in edits if edit.before != edit.after]
        writer.write(different, reason="undo", history=self, undoes=record.id)
        return record.entry(state)

    def _last_in_force(self) -> tuple[_Record, RecordState] | None:
        """Return the last change in force, with the one that it is a part of."""
        part: _Record | None = None
        for record, state in self._examined():
            if part is not None and record.id != part.part_of:
                continue
            if not record.is_whole:
                message = f"the backup {record.backup} is damaged, so its change cannot be undone"
                raise InputError(message, "move or delete it, to undo the change before it")
            if record.undoes or state in {RecordState.UNDONE, RecordState.NOT_APPLIED}:
                continue
            if part is not None:
                return replace(record, files=(*record.files, *part.files)), state
            if record.part_of is None:
                return record, state
            part, part_state = record, state
        return (part, part_state) if part else None

    def prune(self, older_than_days: float = 30) -> int:
        """Delete records older than this, and return their number.

        Raises:
            WriteError: one cannot be removed.
        """
        limit, age, later = timedelta(days=older_than_days), timedelta(), self.clock()
        with writer.naming(self._backups):
            if not self._backups.is_dir():
                return 0
            old = []
            for path in self._in_order(self._backups.iterdir()):
                time = _time(path)
                age += min(max(later - time, timedelta()), LONGEST_GAP)
                later = time
                if age > limit:
                    old.append(path)
            for path in old:
                path.unlink(missing_ok=True)
        return len(old)

    @property
    def _backups(self) -> Path:
        return self.state / "backups"

    def _records(self) -> Iterator[_Record]:
        for backup in self._in_order(self._backups.glob("*.json")):
            yield _parse(backup)

    @staticmethod
    def _in_order(paths: Iterable[Path]) -> list[Path]:
        """Return the records among `paths`, and what was left of them, the last first."""
        return sorted((path for path in paths if _NAME.match(path.name)), key=_order, reverse=True)

    def _examined(self) -> Iterator[tuple[_Record, RecordState]]:
        """Walk back in time: for older records, a change's files were as its backup has them."""
        digests: dict[Path, str | None] = {}
        undone: set[str | None] = set()
        for record in self._records():
            if not record.is_whole:
                yield record, RecordState.DAMAGED
                continue
            for file in record.files:
                if file.path not in digests:
                    digests[file.path] = _digest_now(file.path)
            state = _compare(record.files, digests)
            if state is not RecordState.NOT_APPLIED:
                digests |= {file.path: file.digest_before for file in record.files}
            if state in {RecordState.APPLIED, RecordState.CHANGED}:
                undone.add(record.undoes)
            is_undone = record.id in undone or (record.part_of or record.id) in undone
            yield record, RecordState.UNDONE if is_undone else state


def _order(backup: Path) -> tuple[int, str]:
    """Return what records are sorted by; those of earlier releases have no number."""
    found = _NAME.match(backup.name)
    return (int(found[1] or 0) if found else 0), backup.name


def _time(backup: Path) -> datetime:
    found = _NAME.match(backup.name)
    assert found is not None  # noqa: S101  (History._in_order)
    return datetime.strptime(found[2], _STAMP).replace(tzinfo=UTC)


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
    time: datetime, told: dict[str, str | None], replacements: Sequence[writer.Replacement]
) -> bytes:
    files = [
        {
            "path": str(replacement.target),
            "before": _encode(replacement.edit.before),
            "digest-before": _digest(replacement.edit.before),
            "after": _digest(replacement.edit.after),
            "mode-before": replacement.old_mode,
            "mode-after": replacement.new_mode,
        }
        for replacement in replacements
    ]
    document: dict[str, Any] = {"time": time.isoformat(), **told, "files": files}
    return json.dumps(document | {"digest": _digest(_whole(document))}, indent=2).encode()


def _whole(document: dict[str, Any]) -> bytes:
    """Return what the digest of a record is made of: all of it besides the digest."""
    rest = {name: value for name, value in document.items() if name != "digest"}
    return json.dumps(rest, sort_keys=True).encode()


def _parse(backup: Path) -> _Record:
    try:
        return _record(backup, json.loads(read_regular(backup, most=None)))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return _Record(backup, _time(backup), "unknown", is_whole=False)


def _record(backup: Path, document: dict[str, Any]) -> _Record:
    """Return the record in a document; those of earlier releases have no digests to verify.

    Raises:
        ValueError: it is damaged. Other errors say the same.
    """
    if document.get("digest", (right := _digest(_whole(document)))) != right:
        raise ValueError
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
    for file, told in zip(files, document["files"], strict=True):
        if told.get("digest-before", file.digest_before) != file.digest_before:
            raise ValueError
    return _Record(
        backup,
        datetime.fromisoformat(document["time"]),
        document["reason"],
        document["undoes"],
        document.get("part-of"),
        files,
    )


def _encode(content: bytes | None) -> str | None:
    return None if content is None else b64encode(content).decode()


def _decode(text: str | None) -> bytes | None:
    return None if text is None else b64decode(text)
