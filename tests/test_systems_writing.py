"""Writing on Windows and macOS, with functions that behave as documented."""

from __future__ import annotations

import ctypes
import errno
import os
import stat
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import filelock
import pytest

from qwenlock.edge import copies, environment, files, windows, writer
from qwenlock.edge.history import History
from qwenlock.edge.writer import FileEdit, write, write_output
from qwenlock.findings.errors import InputError, WriteError

if TYPE_CHECKING:
    from collections.abc import Callable

USER = "S-1-5-21-1-2-3-1001"
PRIVATE = f"D:P(A;;FA;;;{USER})(A;;FA;;;SY)"


class Windows:
    """The functions of Windows that are called.

    `lists` holds who may read each file, `streams` the other streams of files, by file number.
    """

    def __init__(self) -> None:
        self.lists: dict[str, str] = {}
        self.streams: dict[int, str] = {}
        self.failing: list[int] = []
        self.last = 0
        self._texts: list[str] = []
        self.dll = SimpleNamespace(
            ReplaceFileW=self._replace,
            ConvertStringSecurityDescriptorToSecurityDescriptorW=self._convert,
            SetFileSecurityW=self._set,
            LocalFree=lambda _: None,
        )

    def _replace(self, target: str, new: str, *others: object) -> int:
        """Give the name, list and streams of the target, which must exist, to the new file."""
        assert others == (None, 0, None, None)
        assert Path(target).exists()
        if self.failing:
            self.last = self.failing.pop(0)
            if self.last == 1176:
                Path(target).unlink()
            return 0
        kept = self.streams.pop(Path(target).stat().st_ino, None)
        if kept:
            self.streams[Path(new).stat().st_ino] = kept
        Path(new).chmod(0o666)  # like every file there that is not read-only
        Path(new).replace(target)
        self.lists.pop(new, None)
        return 1

    def _convert(self, rules: str, revision: int, descriptor: Any, _: None) -> int:
        assert revision == 1
        self._texts.append(rules)
        descriptor._obj.value = len(self._texts)
        return 1

    def _set(self, path: str, what: int, descriptor: Any) -> int:
        assert what == 0x80000004
        assert b"KEY" not in Path(path).read_bytes()  # before the key is written
        self.lists[path] = self._texts[descriptor.value - 1]
        return 1


@pytest.fixture
def system(monkeypatch: pytest.MonkeyPatch) -> Windows:
    system = Windows()

    def error(path: str | None = None) -> OSError:
        return held(system.last, path)

    monkeypatch.setattr(filelock, "FileLock", filelock.SoftFileLock)
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(windows, "_library", lambda _: system.dll)
    monkeypatch.setattr(windows, "_user", lambda: USER)
    monkeypatch.setattr(windows, "_error", error)
    monkeypatch.setattr(windows, "PATIENCE", 0.2)
    monkeypatch.setattr(writer, "exchange", lambda *_: False)
    return system


def held(code: int, path: str | None = None) -> OSError:
    """Return the error of Windows with a `code`, as Python gives it."""
    error = PermissionError(errno.EACCES, "Access is denied", path)
    error.winerror = code  # type: ignore[attr-defined]
    return error


@pytest.fixture
def history(tmp_path: Path) -> History:
    return History(tmp_path / "state")


def test_who_may_read_a_file_stays(system: Windows, history: History, tmp_path: Path) -> None:
    file = tmp_path / "settings.json"
    file.write_bytes(b"old")
    system.lists[str(file)] = "mine"
    write([FileEdit(file, b"old", b"new")], reason="lint", history=history)
    assert (file.read_bytes(), system.lists[str(file)]) == (b"new", "mine")
    old = [rules for path, rules in system.lists.items() if path != str(file)]
    assert old.count(PRIVATE) == len(old) > 0  # a copy is never readable for more users
    write_output(file, "newer")
    assert (file.read_bytes(), system.lists[str(file)]) == (b"newer", "mine")


def test_a_file_with_a_key_is_restricted_before_it_has_it(
    system: Windows, history: History, tmp_path: Path
) -> None:
    for name, before in (("new.env", None), (".env", b"A=1")):
        file = tmp_path / name
        if before is not None:
            file.write_bytes(before)
            system.streams[file.stat().st_ino] = "Zone.Identifier"
        system.lists.clear()
        write([FileEdit(file, before, b"KEY=x", 0o600)], reason="migrate", history=history)
        assert file.read_bytes() == b"KEY=x"
        assert before is None or system.lists[str(file)] == PRIVATE
        assert before is None or file.stat().st_ino in system.streams
        made = [path for path in system.lists if path.startswith(f"{file}.qwenlock-")]
        assert {system.lists[path] for path in made} == {PRIVATE}
    assert all(system.lists[path] == PRIVATE for path in system.lists)  # backups too


def test_a_file_that_is_held_open_is_tried_again(
    system: Windows, history: History, tmp_path: Path
) -> None:
    file = tmp_path / "settings.json"
    file.write_bytes(b"old")
    system.failing = [32, 1175, 5]
    write([FileEdit(file, b"old", b"new")], reason="lint", history=history)
    assert file.read_bytes() == b"new"


@pytest.mark.parametrize(
    ("code", "reason"), [(32, "another program holds it open"), (5, "permission denied")]
)
def test_one_that_stays_open_is_named(
    system: Windows, history: History, tmp_path: Path, code: int, reason: str
) -> None:
    file = tmp_path / "settings.json"
    file.write_bytes(b"old")
    system.failing = [code] * 1000
    with pytest.raises(WriteError, match=f"settings.json could not be written: {reason}; nothing"):
        write([FileEdit(file, b"old", b"new")], reason="lint", history=history)
    assert file.read_bytes() == b"old"
    assert {each.name for each in tmp_path.iterdir()} == {"settings.json", "state"}


def test_a_target_that_lost_its_name_gets_the_new_file(
    system: Windows, history: History, tmp_path: Path
) -> None:
    """The documented state after ERROR_UNABLE_TO_MOVE_REPLACEMENT of `ReplaceFileW`."""
    file = tmp_path / "settings.json"
    file.write_bytes(b"old")
    system.failing = [1176]
    write([FileEdit(file, b"old", b"new")], reason="lint", history=history)
    assert file.read_bytes() == b"new"


@pytest.mark.usefixtures("system")
def test_reading_is_tried_again_and_then_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "settings.json"
    file.write_bytes(b"{}")
    opened, failures = os.open, [32, 33]

    def sometimes(path: Any, flags: int, *more: Any) -> int:
        if failures and Path(path) == file:
            raise held(failures.pop(0), str(path))
        return opened(path, flags, *more)

    monkeypatch.setattr(os, "open", sometimes)
    assert files.read_bytes(file, "settings.json") == b"{}"
    failures += [32] * 1000
    with pytest.raises(InputError) as raised:
        files.read_bytes(file, "settings.json")
    assert raised.value.findings[0].message == "another program holds it open"


def test_copies_are_removed_when_the_client_has_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows removes no directory that is a process's working directory."""
    remove, failures = tempfile.TemporaryDirectory.cleanup, [32, 5]

    def sometimes(folder: tempfile.TemporaryDirectory[str]) -> None:
        if failures:
            raise held(failures.pop(0), folder.name)
        remove(folder)

    monkeypatch.setattr(tempfile.TemporaryDirectory, "cleanup", sometimes)
    with copies._temporary() as folder:
        assert Path(folder).is_dir()
    assert not Path(folder).exists()


@pytest.mark.usefixtures("system")
def test_no_message_names_permissions_that_windows_lacks(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("A=1")
    assert environment._read(tmp_path / ".env", "project").mode is None


# macOS


@pytest.mark.parametrize(
    ("mode", "asked", "copied"), [(0o644, None, 5), (0o600, 0o600, 5), (0o644, 0o600, 4)]
)
def test_access_list_and_attributes_stay_on_macos(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    history: History,
    mode: int,
    asked: int | None,
    copied: int,
) -> None:
    """`fcopyfile` with COPYFILE_ACL (1) and COPYFILE_XATTR (4); restricted: no access list."""
    calls: list[tuple[os.stat_result, int]] = []
    file = tmp_path / ".env"
    file.write_bytes(b"old")
    file.chmod(mode)
    before = file.stat()
    monkeypatch.setattr(ctypes, "CDLL", library(lambda old, what: calls.append((old, what))))
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(writer, "exchange", lambda *_: False)
    write([FileEdit(file, b"old", b"new", asked)], reason="migrate", history=history)
    assert file.read_bytes() == b"new"
    assert stat.S_IMODE(file.stat().st_mode) == (asked or mode)
    of_new, *_ = [what for old, what in calls if os.path.samestat(old, before)]
    assert of_new == copied


def test_what_cannot_be_kept_on_macos_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, history: History
) -> None:
    file = tmp_path / "settings.json"
    file.write_bytes(b"old")
    monkeypatch.setattr(ctypes, "CDLL", library(lambda *_: None, -1))
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(WriteError, match=r"access list or extended attributes of .* not be kept"):
        write([FileEdit(file, b"old", b"new")], reason="lint", history=history)
    assert file.read_bytes() == b"old"


def library(seen: Callable[[os.stat_result, int], None], code: int = 0) -> Any:
    class Library:
        def __init__(self, *_: object, **__: object) -> None: ...

        def fcopyfile(self, old: int, new: int, state: None, what: int) -> int:
            assert (os.fstat(new).st_size, state) != (0, 1)
            seen(os.fstat(old), what)
            return code

    return Library
