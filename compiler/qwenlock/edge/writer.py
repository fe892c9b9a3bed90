"""The only module that changes files: all or nothing, atomically, one writer at a time.

New contents are written beside their targets and exchanged with them, so that what another program
saves at the last moment is seen and stays. Contents may hold keys, so exceptions and `repr` never
show them. `qwenlock.edge.history` keeps the old contents.
"""

from __future__ import annotations

import errno
import os
import sys
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, Protocol

from qwenlock.edge import windows
from qwenlock.edge.exchange import create, exchange
from qwenlock.edge.files import HELD, holds, read_regular
from qwenlock.edge.kept_attributes import OTHERS, modes, tolerating
from qwenlock.edge.links import destination
from qwenlock.edge.places import home
from qwenlock.edge.temporary import beside, new_token, remove_leftovers, temporary_file
from qwenlock.findings.errors import WriteError
from qwenlock.text.record import dataclass, field
from qwenlock.text.sha256 import sha256

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from filelock import BaseFileLock


LOCK_TIMEOUT = 10.0
"""How long to wait for another process writing the same file, in seconds."""

ABANDONED_AFTER = 3600.0
"""The age in seconds after which an unlocked temporary file is abandoned."""

_DENIED = ("permission denied", "make the file and its directory writable by you")
_FULL = ("the disk or your quota is full", "free some space, then run again")
_MOUNTED = ("it is a mount point, which cannot be replaced", "edit it where it is mounted from")
_REASONS = {
    errno.EACCES: _DENIED,
    errno.EPERM: _DENIED,
    errno.EDQUOT: _FULL,
    errno.ENOSPC: _FULL,
    errno.EROFS: ("its file system is read-only", "make the file system writable"),
    errno.EBUSY: _MOUNTED,
    errno.EXDEV: _MOUNTED,
    errno.ETXTBSY: HELD,
    errno.ENOLCK: (
        "its file system cannot lock files",
        "set XDG_STATE_HOME to a directory on a local disk",
    ),
}


@dataclass(frozen=True, slots=True)
class FileEdit:
    """A file's bytes before and after a change; None if there is no file.

    `mode` holds the new permissions; by default, the file keeps its permissions, and a new file
    gets those of the umask.
    """

    path: Path
    before: bytes | None = field(repr=False)
    after: bytes | None = field(repr=False)
    mode: int | None = None


@dataclass(frozen=True, slots=True)
class Replacement:
    """A prepared edit: `new` and `old` are files beside `target`, or None for no file.

    `made` are the directories that the edit creates, the innermost first.
    """

    edit: FileEdit
    target: Path
    new: Path | None
    old: Path | None
    new_mode: int
    old_mode: int | None
    new_file: tuple[int, int] | None = None
    made: tuple[Path, ...] = ()

    @property
    def is_placed(self) -> bool:
        """Whether the target has been replaced; read from the disk, so right after an interrupt."""
        if self.new is None:
            return not self.target.exists()
        return self.new_file is not None and _identity(self.target) == self.new_file

    @property
    def is_exchanged(self) -> bool:
        """Whether `new` names what was in the place of the target before."""
        return self.new is not None and self.edit.before is not None and self.new.exists()


class _ChangedError(Exception):
    """A file is not as it was: another program has saved it."""


class Keeper(Protocol):
    """Keeps the old contents; implemented by `edge.history`."""

    @property
    def state(self) -> Path:
        """Return the directory of the backups."""

    def save(
        self,
        replacements: Sequence[Replacement],
        *,
        reason: str,
        undoes: str | None = None,
        part_of: str | None = None,
    ) -> Path:
        """Back up what `replacements` are about to replace, and return the backup."""

    def discard(self, backup: Path) -> None:
        """Delete a backup whose change did not happen."""


def write(
    edits: Sequence[FileEdit], *, reason: str, history: Keeper, undoes: str | None = None
) -> Path:
    """Write all of `edits` or none, and keep the old contents.

    The files change one after another, each flushed before the next. If the process is killed in
    between, the remaining files are unchanged, so the caller orders them so that nothing is lost.

    Args:
        edits: What changes, in the order of writing.
        reason: The command, for `qwenlock history`; must not hold a secret.
        history: Where backups are kept, and the locks beside them.
        undoes: The id of the record that these edits take back, if they do.

    Returns:
        The backup.

    Raises:
        WriteError: a file changed since it was read, is being written by another process, or
            cannot be written. Every file is unchanged; if one could not be restored, the
            message says so.
    """
    targets = [_resolve(edit.path) for edit in edits]
    if len(set(map(_file, targets))) < len(targets):
        names = ", ".join(str(edit.path) for edit in edits)
        raise WriteError(f"two of {names} are the same file; nothing was changed")
    with ExitStack() as stack:
        stack.enter_context(_locked(targets, history.state / "locks"))
        prepared = [
            _prepare(edit, target, stack) for edit, target in zip(edits, targets, strict=True)
        ]
        backup = history.save(prepared, reason=reason, undoes=undoes)
        try:
            _commit(prepared)
        except BaseException:
            _roll_back(prepared)
            history.discard(backup)
            raise
        _keep_late_saves(prepared)
    return backup


def write_output(path: Path, text: str, before: bytes | None = None) -> None:
    """Write `text` to a file that qwenlock owns, such as one that `--output` names.

    Args:
        path: the file.
        text: its new content.
        before: what it must still hold; None if that does not matter.

    Raises:
        WriteError: the file cannot be written, or has changed, and stays as it is; or another
            program saved it in the same moment, and the message says where that is kept.
    """
    target = _resolve(path)
    content = text.encode("utf-8", "backslashreplace")
    with naming(path):
        old_mode, mode = modes(target, None)
        remove_leftovers(target, ABANDONED_AFTER)
        if before is None:
            replace_file(target, memoryview(content), mode)
        else:
            _replace(FileEdit(path, before, content), target, old_mode, mode)


def write_lock(edit: FileEdit, history: Keeper, part_of: str | None = None) -> str | None:
    """Write a lock, and keep what it replaces for `undo`.

    Args:
        edit: the file, what it holds, and the new lock.
        history: where the old lock is kept.
        part_of: the id of the record that the lock belongs to: `undo` takes back both.

    Returns:
        Why the old lock could not be kept; None if nothing is lost.

    Raises:
        WriteError: the file is not a lock, or cannot be written; it is unchanged.
    """
    from qwenlock.lock.text import begins_as_lock

    target = _resolve(edit.path)
    with naming(edit.path):
        old_mode, mode = modes(target, None)
        if not begins_as_lock(edit.before or b""):
            message = f"{edit.path} is not a lock; nothing was changed"
            raise WriteError(message, "delete it, or name another file")
        backup = trouble = None
        replaced = Replacement(edit, target, None, None, mode, old_mode)
        try:
            backup = history.save([replaced], reason="lock", part_of=part_of)
        except WriteError as error:
            trouble = error.message if edit.before else None
        try:
            remove_leftovers(target, ABANDONED_AFTER)
            _replace(edit, target, old_mode, mode)
        except BaseException:
            if backup is not None:
                history.discard(backup)
            raise
    return trouble


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Turn the system's error into one that names `path`, the reason and the fix."""
    try:
        yield
    except OSError as error:
        reason, fix = _explain(error)
        message = f"{path} could not be written: {reason}; nothing was changed"
        raise WriteError(message, fix) from None


def read(path: Path) -> bytes | None:
    """Return the bytes of a file, or None if it does not exist."""
    try:
        return read_regular(path)
    except FileNotFoundError:
        return None


def _is_as(path: Path, content: bytes | None) -> bool:
    """Tell whether a file has a content; None stands for a file that does not exist."""
    if content is None:
        return read(path) is None
    try:
        return holds(path, content)
    except FileNotFoundError:
        return False


def private_directory(path: Path) -> None:
    """Create a directory that only the user can open, if it is missing; it is flushed.

    Raises:
        WriteError: there is one that somebody else has made.
    """
    missing = [each for each in (path, *path.parents) if not each.exists()]
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    for each in reversed(missing):
        sync_directory(each.parent)
    refuse_of_others(path)


def refuse_of_others(path: Path) -> None:
    """Refuse a directory that somebody else has made, if there is one: it may hold anything.

    Root may use that of a user, as in a container with a mounted home. Some file systems tell one
    owner for everything, so that of the home directory is trusted, too.

    Raises:
        WriteError: somebody else has made it.
    """
    if sys.platform != "win32" and path.exists() and os.getuid() != 0:
        owner = path.stat().st_uid
        if owner not in (0, os.getuid()) and owner != _owner(home()):
            message = f"{path} belongs to somebody else, who could have put files into it"
            raise WriteError(message, "delete it, or set HOME to a directory of your own")


def _owner(path: Path) -> int | None:
    try:
        return path.stat().st_uid
    except OSError:
        return None


def replace_file(target: Path, content: memoryview, mode: int) -> None:
    """Replace the content of `target` atomically.

    Args:
        target: the file.
        content: its new content.
        mode: its permissions.
    """
    with temporary_file(target, content, mode) as temporary:
        _move(temporary, target, mode)


def _replace(edit: FileEdit, target: Path, old_mode: int | None, mode: int) -> None:
    """Make one edit, without a backup.

    Raises:
        WriteError: another program has saved the file.
    """
    with temporary_file(target, memoryview(edit.after or b""), mode) as new:
        replacement = Replacement(edit, target, new, None, mode, old_mode)
        with _noticing_changes(edit.path):
            _place(replacement)
        _keep_late_saves([replacement])


@contextmanager
def _noticing_changes(path: Path) -> Iterator[None]:
    try:
        yield
    except (_ChangedError, FileExistsError, FileNotFoundError):
        raise _changed(path) from None


def _move(new: Path, target: Path, mode: int) -> None:
    """Give `new` the name of `target`, if there is one: on Windows also who may read it.

    There, what shall be private is made so before, as `new` gets the access list of `target`.
    """
    if sys.platform == "win32" and target.exists():
        if not mode & OTHERS:
            windows.patiently(lambda: windows.restrict(target))
        windows.patiently(lambda: windows.replace(new, target))
    else:
        windows.patiently(lambda: new.replace(target))


def sync_directory(path: Path) -> None:
    """Make the renames in a directory survive a power failure, if the system supports it."""
    if sys.platform != "win32":
        descriptor = os.open(path, os.O_RDONLY)
        try:
            with tolerating(errno.EINVAL, errno.ENOTSUP):
                os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _resolve(path: Path) -> Path:
    """Follow the symbolic links that may be followed, even to a missing file."""
    with naming(path):
        return destination(path)


def _explain(error: OSError) -> tuple[str, str | None]:
    return _REASONS.get(error.errno or 0, (error.strerror or type(error).__name__, None))


@contextmanager
def _locked(targets: Iterable[Path], directory: Path) -> Iterator[None]:
    """Keep other processes from writing `targets`; in a fixed order, to avoid deadlocks."""
    from filelock import FileLock, Timeout

    with ExitStack() as stack:
        with naming(directory):
            private_directory(directory.parent)
            private_directory(directory)
            for target in sorted(targets):
                name = sha256(os.fsencode(target)).hex()
                lock = FileLock(directory / name, timeout=LOCK_TIMEOUT, mode=0o600)
                try:
                    lock.acquire()
                except Timeout:
                    raise WriteError(
                        f"{target} is being written by another qwenlock; nothing was changed",
                        "wait until it has finished, then run again",
                    ) from None
                stack.callback(_release, lock)
        yield


def _release(lock: BaseFileLock) -> None:
    with suppress(OSError):  # the system releases it when the process ends
        lock.release()


def _prepare(edit: FileEdit, target: Path, stack: ExitStack) -> Replacement:
    """Do everything that can fail before the first file changes."""
    with naming(edit.path):
        if not _is_as(target, edit.before):
            raise _changed(edit.path)
        old_mode, new_mode = modes(target, edit.mode)
        remove_leftovers(target, 0)
        made = _missing(target.parent)
        stack.enter_context(_directory(target.parent))
        new = old = None
        if edit.after is not None:
            new = stack.enter_context(temporary_file(target, memoryview(edit.after), new_mode))
        if edit.before is not None and old_mode is not None:
            old = stack.enter_context(temporary_file(target, memoryview(edit.before), old_mode))
        identity = None if new is None else _identity(new)
    return Replacement(edit, target, new, old, new_mode, old_mode, identity, made)


def _changed(path: Path) -> WriteError:
    return WriteError(f"{path} changed since it was read; nothing was changed", "run again")


def _file(path: Path) -> tuple[int, int] | Path:
    """Return what two names of one file share, such as two spellings on macOS."""
    identity = _identity(path)
    return identity if identity and identity[1] else path  # 0: the file system has no numbers


def _identity(path: Path) -> tuple[int, int] | None:
    """Return what tells the file at `path` from others, whatever it is called."""
    try:
        status = path.lstat()
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino


def _missing(path: Path) -> tuple[Path, ...]:
    """Return `path` and those of its parents that do not exist, the innermost first."""
    return tuple(each for each in (path, *path.parents) if not each.exists())


@contextmanager
def _directory(path: Path) -> Iterator[None]:
    """Create missing directories; delete those that stay empty."""
    missing = _missing(path)
    try:
        path.mkdir(parents=True, exist_ok=True)
        for directory in missing:
            sync_directory(directory.parent)
        yield
    finally:
        for directory in missing:
            with suppress(OSError):
                directory.rmdir()


def _commit(replacements: Sequence[Replacement]) -> None:
    for replacement in replacements:
        with naming(replacement.edit.path):
            with _noticing_changes(replacement.edit.path):
                _place(replacement)
            sync_directory(replacement.target.parent)


def _place(replacement: Replacement) -> None:
    """Put the new file in the place of the target.

    Raises:
        _ChangedError: the target is not as it was; it stays, and so does what was saved.
        FileExistsError: there is a file where there was none.
        FileNotFoundError: there is none where there was one.
    """
    new, target, before = replacement.new, replacement.target, replacement.edit.before
    if new is not None and before is None:
        create(new, target)
    elif new is None:
        _expect(target, before)
        windows.patiently(target.unlink)
    elif exchange(new, target):
        if not _is_as(new, before):
            exchange(new, target)
            _keep(replacement, replacement.edit.after)
            raise _ChangedError
    else:
        _expect(target, before)
        _move(new, target, replacement.new_mode)


def _expect(target: Path, content: bytes | None) -> None:
    """Check that a file has not changed, also while it was read."""
    before = _version(target)
    if not _is_as(target, content) or _version(target) != before:
        raise _ChangedError


def _version(path: Path) -> tuple[int, ...] | None:
    """Return what differs after nearly every save of a file; None if it does not exist."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _roll_back(replacements: Sequence[Replacement]) -> None:
    """Restore the old files, the last first; stop at the first failure: the order matters."""
    for replacement in reversed(replacements):
        try:
            if replacement.is_placed:
                _put_back(replacement)
        except (OSError, _ChangedError) as error:
            reason = _explain(error)[0] if isinstance(error, OSError) else "it was saved again"
            raise WriteError(
                f"{replacement.edit.path} was changed and cannot be restored: {reason}",
                "run `qwenlock undo` to restore it",
            ) from None
        with suppress(OSError):
            sync_directory(replacement.target.parent)


def _put_back(replacement: Replacement) -> None:
    target, after = replacement.target, replacement.edit.after
    if replacement.is_exchanged and replacement.new is not None:
        if not exchange(replacement.new, target):
            replacement.new.replace(target)
        _keep(replacement, after)
    elif replacement.old is None:
        _expect(target, after)
        windows.patiently(target.unlink)
    elif after is None:
        create(replacement.old, target)
    else:
        _expect(target, after)
        _move(replacement.old, target, OTHERS)


def _keep_late_saves(replacements: Sequence[Replacement]) -> None:
    """Keep what another program wrote into a file that has been replaced, and say so.

    Raises:
        WriteError: there is such a file.
    """
    for replacement in replacements:
        if replacement.is_exchanged:
            _keep(replacement, replacement.edit.before)


def _keep(replacement: Replacement, content: bytes | None) -> None:
    """Keep what was exchanged, unless it is `content`, which is known.

    Raises:
        WriteError: it is kept.
    """
    new, target = replacement.new, replacement.target
    try:
        if new is None or _is_as(new, content) or _is_as(new, None):
            return
    except OSError:  # nobody can tell what it holds
        return
    kept = beside(target, f"kept-{new_token()}")
    new.rename(kept)
    raise WriteError(
        f"another program saved {replacement.edit.path} while it was written; what it saved is "
        f"kept in {kept}",
        "compare the two files, and delete the one that you do not need",
    )
