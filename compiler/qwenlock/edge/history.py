"""Backups of every change: kept for a limited time, listed, and restored.

A record names the project that a command worked on and the one that it ran in, so that a project
takes back its own changes only.

A record is one file in the user's state directory, complete before the first file changes. The
digests of the files tell whether the change then happened.
"""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qwenlock.edge import cache, writer
from qwenlock.edge.files import permissions
from qwenlock.edge.history_records import (
    HistoryEntry,
    Record,
    RecordState,
    SavedFile,
    digest,
    is_record,
    new_name,
    number_of,
    order,
    parse,
    serialize,
    time_of,
)
from qwenlock.edge.places import as_typed, find_project
from qwenlock.findings.errors import InputError, UsageError, WriteError
from qwenlock.text.record import dataclass, field, replace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

RETENTION_DAYS = 90
"""How long a record is kept, unless it is pruned earlier."""

LONGEST_GAP = timedelta(days=31)
"""What the time between two records counts at most: so a clock that jumps ahead prunes nothing."""

_UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Reversal:
    """What taking back a change writes; `folders` are those that the change made."""

    entry: HistoryEntry
    edits: tuple[writer.FileEdit, ...]
    folders: tuple[Path, ...]


def state_directory() -> Path:
    """Return the user's state directory for qwenlock; never inside a project."""
    return Path(cache.place("state"))


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class History:
    """The records below the directory `state`.

    Attributes:
        state: the directory.
        clock: returns the time of new records, in UTC.
        project: the project whose changes are recorded, listed and taken back; None for all.
    """

    state: Path = field(default_factory=state_directory)
    clock: Callable[[], datetime] = _now
    project: Path | None = None

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
        projects = filter(None, (self.project, find_project(Path.cwd())))
        told: dict[str, Any] = {
            "reason": reason,
            "undoes": undoes,
            "part-of": part_of,
            "projects": list(dict.fromkeys(map(os.path.realpath, projects))),
        }
        with writer.naming(self._backups):
            writer.private_directory(self.state)
            writer.private_directory(self._backups)
            number = max((order(path)[0] for path in self._backups.iterdir()), default=0) + 1
            backup = self._backups / new_name(number, time)
            try:
                content = serialize(time, told, replacements)
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
        """Return the project's records, newest first; of a damaged one only the id is known.

        Raises:
            WriteError: somebody else could have put records there.
        """
        return [record.entry(state) for record, state in self._examined() if self._is_ours(record)]

    def reversal(self, name: str | None = None, *, force: bool = False) -> Reversal | None:
        """Return what takes back a change, with everything that is a part of it.

        Args:
            name: the id of a change of any project, long or short; that of an undo makes the
                change again. None for the project's last change in force that is not an undo.
            force: whether to overwrite a file that has changed since.

        Raises:
            InputError: the record of the change is damaged.
            UsageError: `name` is not the id of a change that is in force.
            WriteError: a file has changed since, or a later change stands in the way.
        """
        examined = list(self._examined())
        found = self._last(examined) if name is None else _named(name, examined)
        if found is None:
            return None
        group = [(record, state) for record, state in examined if _belongs(record, found, state)]
        newest, (record, state) = group[0][0], group[-1]  # the change before its parts
        files = tuple(file for record, _ in reversed(group) for file in record.files)
        if not force:
            _refuse_later(record, {file.path for file in files}, examined, newest)
        edits = [_taken_back(file, force=force) for file in reversed(files)]
        return Reversal(
            replace(record, files=files).entry(state),
            tuple(edit for edit in edits if edit.before != edit.after),
            tuple(folder for record, _ in group for folder in record.made),
        )

    def revert(self, reversal: Reversal) -> str:
        """Write what `reversal` returned, and delete the folders that are empty then.

        Returns:
            The id of the undo, as users name it.

        Raises:
            WriteError: a file has changed, or cannot be written.
        """
        entry = reversal.entry
        reason = f"undo {entry.number}"
        backup = writer.write(reversal.edits, reason=reason, history=self, undoes=entry.id)
        for folder in reversal.folders:
            with suppress(OSError):  # something else is in it
                if os.path.realpath(folder) == str(folder):  # a link since may lead anywhere
                    folder.rmdir()
        return number_of(backup)

    def _last(self, examined: Sequence[tuple[Record, RecordState]]) -> Record | None:
        """Return the project's last record that is in force."""
        for record, state in examined:
            if not self._is_ours(record):
                continue
            _refuse_damaged(record)
            if record.undoes is None and _in_force(record, state):
                return record
        return None

    def _is_ours(self, record: Record) -> bool:
        if self.project is None or not record.is_whole:
            return True
        return record.is_of(Path(os.path.realpath(self.project)))

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
                time = time_of(path)
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

    def _records(self) -> Iterator[Record]:
        for folder in (self.state, self._backups):
            writer.refuse_of_others(folder)
        for backup in self._in_order(self._backups.glob("*.json")):
            yield parse(backup)

    @staticmethod
    def _in_order(paths: Iterable[Path]) -> list[Path]:
        """Return the records among `paths`, and what was left of them, the last first."""
        return sorted(filter(is_record, paths), key=order, reverse=True)

    def _examined(self) -> Iterator[tuple[Record, RecordState]]:
        """Yield records and states, newest first: a backup shows the files before its change."""
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
            is_undone = record.id in undone or (record.part_of or record.id) in undone
            if state in {RecordState.APPLIED, RecordState.CHANGED} and not is_undone:
                undone.add(record.undoes)
            yield record, RecordState.UNDONE if is_undone else state


def _in_force(record: Record, state: RecordState) -> bool:
    """Tell whether a record is of a change that can be taken back."""
    return record.is_whole and state not in {RecordState.UNDONE, RecordState.NOT_APPLIED}


def _belongs(record: Record, found: Record, state: RecordState) -> bool:
    """Tell whether a record in force is of the same change as `found`."""
    whole = found.part_of or found.id
    return whole in {record.id, record.part_of} and _in_force(record, state)


def _refuse_damaged(record: Record) -> None:
    if not record.is_whole:
        message = f"the backup {record.backup} is damaged, so its change cannot be undone"
        raise InputError(message, "move or delete it, to undo the change before it")


def _named(name: str, examined: Sequence[tuple[Record, RecordState]]) -> Record:
    """Return the record that a user names."""
    fix = "run `qwenlock history --all` to list the changes"
    found = [each for each in examined if name in {each[0].id, each[0].entry(each[1]).number}]
    if not found:
        raise UsageError(f"there is no change {name!r}", fix)
    if found[1:]:
        ids = ", ".join(record.id for record, _ in found)
        raise UsageError(f"several changes have the id {name}", f"use one of {ids}")
    record, state = found[0]
    _refuse_damaged(record)
    if not _in_force(record, state):
        raise UsageError(f"the change {name} is {state}", fix)
    return record


def _refuse_later(
    record: Record,
    paths: set[Path],
    examined: Sequence[tuple[Record, RecordState]],
    newest: Record,
) -> None:
    """Refuse to take back a record if a later change that is in force wrote the same file.

    A later undo does not count if it took back one of the later changes, or if `record` is not
    an undo itself.
    """
    since = [*takewhile(lambda each: each[0].id != newest.id, examined)]
    ids = {later.id for later, _ in since}
    for later, state in since:
        if later.undoes is not None and (record.undoes is None or later.undoes in ids):
            continue
        shared = [file.path for file in later.files if file.path in paths]
        if _in_force(later, state) and shared and not _belongs(later, record, state):
            entry = later.entry(state)
            where = f" in {as_typed(later.projects[0])}" if later.projects else ""
            message = f"the later change {entry.number} (`{entry.reason}`{where}) also wrote"
            raise WriteError(
                f"{message} {as_typed(shared[0])}; nothing was changed",
                f"run `qwenlock undo {entry.number}` first",
            )


def _digest_now(path: Path) -> str | None:
    try:
        return digest(writer.read(path))
    except OSError:
        return _UNREADABLE


def _compare(files: Sequence[SavedFile], digests: dict[Path, str | None]) -> RecordState:
    is_after = [digests[file.path] == file.after for file in files]
    is_before = [digests[file.path] == file.digest_before for file in files]
    if all(is_after):
        return RecordState.APPLIED
    if all(is_before):
        return RecordState.NOT_APPLIED
    if all(after or before for after, before in zip(is_after, is_before, strict=True)):
        return RecordState.PARTLY
    return RecordState.CHANGED


def _taken_back(file: SavedFile, *, force: bool) -> writer.FileEdit:
    """Return the edit that restores the backup; permissions changed since are kept."""
    with writer.naming(file.path):
        is_ours = permissions(file.path) in {None, file.mode_after}
        edit = writer.FileEdit(
            path=file.path,
            before=writer.read(file.path),
            after=file.before,
            mode=file.mode_before if is_ours else None,
        )
    if not force and digest(edit.before) not in {file.after, file.digest_before}:
        raise WriteError(
            f"{file.path} changed since qwenlock wrote it; nothing was changed",
            "run `qwenlock undo --force` to overwrite it",
        )
    return edit
