"""The promises about writes, with simulated failures of the system; test_faults has real ones."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import struct
import subprocess
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

import filelock
import pytest

from qwenlock.edge import kept_attributes, temporary, windows, writer
from qwenlock.edge.history import History
from qwenlock.edge.history_records import RecordState
from qwenlock.edge.writer import FileEdit, write, write_output
from qwenlock.findings.errors import WriteError
from support import undo

if TYPE_CHECKING:
    from collections.abc import Callable

SECRET = b"sk-planted-4f1d9c"


@pytest.fixture
def history(tmp_path: Path) -> History:
    return History(tmp_path / "state")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    path = tmp_path / "project"
    path.mkdir()
    return path


@pytest.fixture
def edits(project: Path) -> list[FileEdit]:
    """A change that moves a key from the settings into a new `.env`."""
    settings = project / "settings.json"
    settings.write_bytes(b"old " + SECRET)
    return [
        FileEdit(project / ".env", None, b"KEY=" + SECRET, 0o600),
        FileEdit(settings, b"old " + SECRET, b"new"),
    ]


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def give_access(path: Path, which: str, *entries: tuple[int, ...]) -> bytes:
    """Set an access list, and return it; skip the test if the file system has none.

    Args:
        path: the file or directory.
        which: `access` or `default`.
        entries: tag, permissions and, if the tag names somebody, the id.
    """
    packed = [struct.pack("<HHI", *entry[:2], *(entry[2:] or [0xFFFFFFFF])) for entry in entries]
    acl = struct.pack("<I", 2) + b"".join(packed)
    try:
        os.setxattr(path, f"system.posix_acl_{which}", acl)
    except OSError:
        pytest.skip("this file system has no access lists")
    return acl


def fail_at(
    count: int, error: BaseException, function: Callable[..., object]
) -> Callable[..., object]:
    """Return `function` with its call number `count` failing."""
    calls = iter(range(1, 1000))

    def failing(*arguments: object) -> object:
        if next(calls) == count:
            raise error
        return function(*arguments)

    return failing


def assert_untouched(project: Path, history: History) -> None:
    assert [path.name for path in project.iterdir()] == ["settings.json"]
    assert (project / "settings.json").read_bytes() == b"old " + SECRET
    assert history.history() == []


class TestWrite:
    def test_writes_every_file_and_leaves_nothing_beside(
        self, project: Path, edits: list[FileEdit], history: History
    ) -> None:
        backup = write(edits, reason="migrate", history=history)
        assert {path.name: path.read_bytes() for path in project.iterdir()} == {
            ".env": b"KEY=" + SECRET,
            "settings.json": b"new",
        }
        assert backup.is_relative_to(history.state)

    def test_files_change_in_the_order_given_each_flushed_before_the_next(
        self, edits: list[FileEdit], history: History, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        done: list[str] = []
        place, sync = writer._place, writer.sync_directory

        def recorded_place(replacement: writer.Replacement) -> None:
            done.append(replacement.target.name)
            place(replacement)

        def recorded_sync(path: Path) -> None:
            done.append(path.name)
            sync(path)

        writer.private_directory(history.state / "locks")
        writer.private_directory(history.state / "backups")
        monkeypatch.setattr(writer, "_place", recorded_place)
        monkeypatch.setattr(writer, "sync_directory", recorded_sync)
        write(edits, reason="migrate", history=history)
        assert done == ["backups", ".env", "project", "settings.json", "project"]

    @pytest.mark.parametrize(("asked_for", "after"), [(None, 0o640), (0o600, 0o600)])
    def test_permissions_are_kept_or_those_asked_for(
        self, project: Path, history: History, asked_for: int | None, after: int
    ) -> None:
        path = project / "settings.json"
        path.write_bytes(b"old")
        path.chmod(0o640)
        write([FileEdit(path, b"old", b"new", asked_for)], reason="lint", history=history)
        assert mode(path) == after

    def test_new_file_has_the_permissions_the_umask_leaves(
        self, project: Path, history: History
    ) -> None:
        ordinary = project / "ordinary"
        ordinary.touch()
        write([FileEdit(project / "new", None, b"new")], reason="init", history=history)
        assert mode(project / "new") == mode(ordinary)

    @pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root changes owners")
    def test_owner_is_kept(self, project: Path, history: History) -> None:
        path = project / "settings.json"
        path.write_bytes(b"old")
        os.chown(path, 1234, 4321)
        write([FileEdit(path, b"old", b"new")], reason="lint", history=history)
        assert (path.stat().st_uid, path.stat().st_gid) == (1234, 4321)

    @pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root changes owners")
    @pytest.mark.parametrize("what", ["owner", "group"])
    def test_owner_that_cannot_be_kept_is_named(
        self,
        project: Path,
        edits: list[FileEdit],
        history: History,
        monkeypatch: pytest.MonkeyPatch,
        what: str,
    ) -> None:
        def denied(*_: object) -> None:
            raise PermissionError(errno.EPERM, "Operation not permitted")

        os.chown(edits[1].path, *((1234, -1) if what == "owner" else (-1, 1234)))
        with monkeypatch.context() as patch:
            patch.setattr(os, "fchown", denied)
            with pytest.raises(WriteError, match=f"the {what} of .* could not be kept"):
                write(edits, reason="migrate", history=history)
        assert_untouched(project, history)

    @pytest.mark.skipif(sys.platform != "linux", reason="only Linux has these attributes")
    def test_attributes_are_kept(self, project: Path, history: History) -> None:
        path = project / "settings.json"
        path.write_bytes(b"old")
        try:
            os.setxattr(path, "user.mine", b"value")
        except OSError:
            pytest.skip("this file system has no attributes")
        write([FileEdit(path, b"old", b"new")], reason="lint", history=history)
        assert os.getxattr(path, "user.mine") == b"value"

    @pytest.mark.skipif(sys.platform != "linux", reason="only Linux has these attributes")
    @pytest.mark.parametrize("name", ["user.mine", "security.mine", "system.nfs4_acl"])
    def test_attribute_that_cannot_be_kept_is_named(
        self,
        name: str,
        project: Path,
        edits: list[FileEdit],
        history: History,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        def full(*_: object) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(os, "listxattr", lambda _: [name])
        monkeypatch.setattr(
            os, "getxattr", lambda file, _: b"" if isinstance(file, int) else b"value"
        )
        monkeypatch.setattr(kept_attributes, "_keep_access_list", lambda *_: None)
        monkeypatch.setattr(os, "setxattr", full)
        with pytest.raises(WriteError, match=rf"attribute {name} of .* could not be kept"):
            write(edits[1:], reason="lint", history=history)
        assert_untouched(project, history)

    @pytest.mark.skipif(sys.platform != "linux", reason="only Linux has these access lists")
    def test_access_list_of_the_directory_gives_nobody_access(
        self, project: Path, history: History
    ) -> None:
        path = project / "settings.json"
        path.write_bytes(b"old")
        path.chmod(0o640)
        give_access(project, "default", (1, 7), (2, 7, 1234), (4, 7), (16, 7), (32, 7))
        write([FileEdit(path, b"old", b"new")], reason="lint", history=history)
        assert "system.posix_acl_access" not in os.listxattr(path)
        assert mode(path) == 0o640

    def test_hard_link_is_not_broken(
        self, project: Path, edits: list[FileEdit], history: History, tmp_path: Path
    ) -> None:
        (tmp_path / "other").hardlink_to(edits[1].path)
        with pytest.raises(WriteError, match=r"has 2 names \(hard links\)") as caught:
            write(edits, reason="migrate", history=history)
        assert "symbolic links" in (caught.value.fix or "")
        assert_untouched(project, history)

    @pytest.mark.skipif(sys.platform != "linux", reason="only Linux has these access lists")
    def test_access_list_is_kept(self, project: Path, history: History) -> None:
        path = project / "settings.json"
        path.write_bytes(b"old")
        acl = give_access(path, "access", (1, 6), (2, 4, 1234), (4, 0), (16, 4), (32, 0))
        write([FileEdit(path, b"old", b"new")], reason="lint", history=history)
        assert os.getxattr(path, "system.posix_acl_access") == acl

    def test_symbolic_link_is_kept(self, project: Path, tmp_path: Path, history: History) -> None:
        dotfiles = tmp_path / "dotfiles.json"
        dotfiles.write_bytes(b"old")
        link = project / "settings.json"
        link.symlink_to(dotfiles)
        write([FileEdit(link, b"old", b"new")], reason="lint", history=history)
        assert link.is_symlink()
        assert dotfiles.read_bytes() == b"new"

    def test_link_to_nothing_gets_its_target(
        self, project: Path, tmp_path: Path, history: History
    ) -> None:
        link = project / "settings.json"
        link.symlink_to(tmp_path / "missing" / "settings.json")
        write([FileEdit(link, None, b"new")], reason="init", history=history)
        assert (tmp_path / "missing" / "settings.json").read_bytes() == b"new"

    def test_missing_directories_are_made(self, project: Path, history: History) -> None:
        path = project / "home" / ".qwen" / "settings.json"
        write([FileEdit(path, None, b"new")], reason="init", history=history)
        assert path.read_bytes() == b"new"

    def test_file_without_after_is_deleted(self, project: Path, history: History) -> None:
        path = project / ".env"
        path.write_bytes(b"old")
        write([FileEdit(path, b"old", None)], reason="undo", history=history)
        assert not path.exists()

    def test_only_leftovers_of_a_killed_run_are_removed(
        self, project: Path, edits: list[FileEdit], history: History
    ) -> None:
        leftover = project / f"settings.json.qwenlock-{'0' * 16}"
        others = {"settings.json.bak", f"a.settings.json.qwenlock-{'0' * 16}"}
        for name in {leftover.name, *others}:
            (project / name).touch()
        write(edits, reason="migrate", history=history)
        assert {path.name for path in project.iterdir()} == {".env", "settings.json", *others}

    def test_temporaries_are_private_from_the_start(
        self, edits: list[FileEdit], history: History, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        seen: list[int] = []
        monkeypatch.setattr(
            temporary,
            "keep_owner",
            lambda descriptor, *_: seen.append(stat.S_IMODE(os.fstat(descriptor).st_mode)),
        )
        edits[1].path.chmod(0o644)
        write(edits, reason="migrate", history=history)
        assert set(seen) == {0o600}

    @pytest.mark.skipif(not shutil.which("git"), reason="needs git")
    def test_git_ignores_temporaries_from_the_start(
        self,
        project: Path,
        edits: list[FileEdit],
        history: History,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        git = ["git", "-C", str(project)]
        subprocess.run([*git, "init", "-q"], check=True)
        subprocess.run([*git, "add", "-A"], check=True)
        seen: list[str] = []
        keep_owner = temporary.keep_owner

        def look(*arguments: Any) -> None:
            asked = subprocess.run(
                [*git, "status", "--porcelain", "--untracked-files=all"],
                capture_output=True,
                text=True,
                check=True,
            )
            seen.append(asked.stdout)
            keep_owner(*arguments)

        monkeypatch.setattr(temporary, "keep_owner", look)
        write(edits, reason="migrate", history=history)
        assert set(seen) == {"A  settings.json\n"}
        assert sorted(path.name for path in project.iterdir()) == [".env", ".git", "settings.json"]

    def test_leftovers_in_a_repository_are_removed(
        self, project: Path, edits: list[FileEdit], history: History
    ) -> None:
        (project / ".git").mkdir()
        leftover = project / f"settings.json.qwenlock-{'0' * 16}"
        leftover.mkdir()
        (leftover / ".gitignore").write_text("*\n")
        (leftover / "content").write_bytes(SECRET)
        write(edits, reason="migrate", history=history)
        assert sorted(path.name for path in project.iterdir()) == [".env", ".git", "settings.json"]

    def test_directories_of_the_state_are_flushed(
        self, edits: list[FileEdit], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        synced: list[Path] = []
        sync = writer.sync_directory
        monkeypatch.setattr(
            writer, "sync_directory", lambda path: (synced.append(path), sync(path))
        )
        state = tmp_path / "a" / "b" / "state"
        write(edits, reason="migrate", history=History(state))
        assert {tmp_path, tmp_path / "a", tmp_path / "a" / "b", state} <= set(synced)

    def test_state_is_kept_away_from_the_project(
        self, project: Path, edits: list[FileEdit], history: History
    ) -> None:
        write(edits, reason="migrate", history=history)
        assert {path.name for path in history.state.iterdir()} == {"backups", "locks"}
        for path in (history.state, *history.state.iterdir()):
            assert mode(path) == 0o700
        assert not list(project.glob("*lock*"))


class TestRefusal:
    def test_file_that_changed_since_it_was_read(
        self, project: Path, edits: list[FileEdit], history: History
    ) -> None:
        edits[1].path.write_bytes(b"by another")
        with pytest.raises(WriteError, match=r"settings\.json changed since it was read") as caught:
            write(edits, reason="migrate", history=history)
        assert caught.value.fix == "run again"
        assert [path.name for path in project.iterdir()] == ["settings.json"]

    def test_file_that_appeared_since(self, edits: list[FileEdit], history: History) -> None:
        edits[0].path.write_bytes(b"by another")
        with pytest.raises(WriteError, match=r"\.env changed since"):
            write(edits, reason="migrate", history=history)
        assert edits[0].path.read_bytes() == b"by another"

    def test_one_file_under_two_names(
        self, project: Path, edits: list[FileEdit], history: History
    ) -> None:
        link = project / "link"
        link.symlink_to(edits[1].path)
        twice = FileEdit(link, edits[1].before, b"other")
        with pytest.raises(WriteError, match="are the same file"):
            write([edits[1], twice], reason="migrate", history=history)

    def test_what_is_not_a_file(self, project: Path, history: History) -> None:
        with pytest.raises(WriteError, match="not a regular file"):
            write([FileEdit(project, None, b"new")], reason="init", history=history)
        with pytest.raises(WriteError, match="not a regular file"):
            write_output(project, "new")

    def test_read_only_file(
        self,
        project: Path,
        edits: list[FileEdit],
        history: History,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(os, "access", lambda *_: False)
        with pytest.raises(WriteError, match="permission denied"):
            write(edits, reason="migrate", history=history)
        assert_untouched(project, history)

    def test_file_that_another_process_writes(
        self,
        project: Path,
        edits: list[FileEdit],
        history: History,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        with writer._locked([edits[1].path.resolve()], history.state / "locks"):
            monkeypatch.setattr(writer, "LOCK_TIMEOUT", 0.01)
            with pytest.raises(WriteError, match="being written by another qwenlock"):
                write(edits, reason="migrate", history=history)
        assert_untouched(project, history)

    def test_state_directory_that_cannot_be_made(
        self, project: Path, edits: list[FileEdit], tmp_path: Path
    ) -> None:
        (tmp_path / "file").touch()
        with pytest.raises(WriteError, match=r"locks could not be written: Not a directory"):
            write(edits, reason="migrate", history=History(tmp_path / "file" / "state"))
        assert [path.name for path in project.iterdir()] == ["settings.json"]


class TestFailure:
    @pytest.mark.parametrize(
        ("code", "reason", "fix"),
        [
            (errno.ENOSPC, "quota is full", "free some space"),
            (errno.EDQUOT, "your quota", "free some space"),
            (errno.EROFS, "read-only", "make the file system writable"),
            (errno.EACCES, "permission denied", "writable by you"),
            (errno.EPERM, "permission denied", "writable by you"),
            (errno.EBUSY, "mount point", "where it is mounted from"),
            (errno.EXDEV, "mount point", "where it is mounted from"),
            (errno.EIO, "Input/output error", None),
        ],
    )
    @pytest.mark.parametrize(
        ("owner", "function", "count"),
        [(Path, "replace", 1), (writer, "_place", 1), (writer, "_place", 2)],
        ids=["the backup's", "the first", "the second"],
    )
    def test_failing_rename_changes_nothing_and_says_why(
        self,
        project: Path,
        edits: list[FileEdit],
        history: History,
        monkeypatch: pytest.MonkeyPatch,
        code: int,
        reason: str,
        fix: str | None,
        owner: object,
        function: str,
        count: int,
    ) -> None:
        error = OSError(code, os.strerror(code))
        with monkeypatch.context() as patch:
            patch.setattr(owner, function, fail_at(count, error, getattr(owner, function)))
            with pytest.raises(WriteError, match=reason) as caught:
                write(edits, reason="migrate", history=history)
        assert fix is None or fix in (caught.value.fix or "")
        assert "nothing was changed" in caught.value.message
        assert_untouched(project, history)

    def test_every_file_is_prepared_before_the_first_changes(
        self,
        project: Path,
        edits: list[FileEdit],
        history: History,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        places: list[object] = []
        full = OSError(errno.ENOSPC, "No space left on device")
        monkeypatch.setattr(writer, "_place", lambda *arguments: places.append(arguments))
        monkeypatch.setattr(os, "fsync", fail_at(3, full, os.fsync))
        with pytest.raises(WriteError, match="quota is full"):
            write(edits, reason="migrate", history=history)
        assert places == []
        assert_untouched(project, history)

    def test_directory_that_cannot_be_flushed_takes_the_change_back(
        self,
        project: Path,
        edits: list[FileEdit],
        history: History,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        broken = OSError(errno.EIO, "Input/output error")
        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", fail_at(6, broken, os.fsync))
            with pytest.raises(WriteError, match="Input/output error"):
                write(edits, reason="migrate", history=history)
        assert_untouched(project, history)

    def test_file_system_that_flushes_no_directories_is_written_to(
        self, project: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def unsupported(_: int) -> None:
            raise OSError(errno.EINVAL, "Invalid argument")

        monkeypatch.setattr(os, "fsync", unsupported)
        writer.sync_directory(project)

    def test_interrupt_between_two_files_changes_nothing(
        self,
        project: Path,
        edits: list[FileEdit],
        history: History,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(writer, "_place", fail_at(2, KeyboardInterrupt(), writer._place))
            with pytest.raises(KeyboardInterrupt):
                write(edits, reason="migrate", history=history)
        assert_untouched(project, history)

    def test_deleted_file_is_put_back(self, project: Path, history: History) -> None:
        gone, stuck = project / "gone", project / "stuck"
        gone.write_bytes(b"old")
        stuck.mkdir()
        with pytest.raises(WriteError, match="stuck"):
            write(
                [FileEdit(gone, b"old", None), FileEdit(stuck, None, b"new")],
                reason="undo",
                history=history,
            )
        assert gone.read_bytes() == b"old"

    def test_directories_made_for_nothing_are_removed(
        self,
        project: Path,
        edits: list[FileEdit],
        history: History,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        path = project / "home" / ".qwen" / "settings.json"
        denied = OSError(errno.EACCES, "Permission denied")
        with monkeypatch.context() as patch:
            patch.setattr(writer, "_place", fail_at(2, denied, writer._place))
            with pytest.raises(WriteError):
                write([FileEdit(path, None, b"new"), *edits], reason="init", history=history)
        assert_untouched(project, history)

    def test_failed_roll_back_is_reported_and_can_be_undone(
        self,
        project: Path,
        edits: list[FileEdit],
        history: History,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        broken = OSError(errno.EIO, "Input/output error")
        writer.private_directory(history.state / "locks")
        writer.private_directory(history.state / "backups")
        with monkeypatch.context() as patch:
            patch.setattr(writer, "sync_directory", fail_at(3, broken, writer.sync_directory))
            patch.setattr(writer, "_put_back", fail_at(1, broken, writer._put_back))
            with pytest.raises(
                WriteError, match=r"settings\.json was changed and cannot"
            ) as caught:
                write(edits, reason="migrate", history=history)
        assert "nothing was changed" not in caught.value.message
        assert "qwenlock undo" in (caught.value.fix or "")
        assert edits[0].path.read_bytes() == b"KEY=" + SECRET, "the only remaining place of the key"
        assert [entry.state for entry in history.history()] == [RecordState.APPLIED]
        undo(history)
        assert [path.name for path in project.iterdir()] == ["settings.json"]

    @pytest.mark.parametrize("function", ["open", "fsync", "fchmod", "access", "unlink"])
    def test_no_failure_shows_the_content_of_a_file(
        self,
        edits: list[FileEdit],
        history: History,
        monkeypatch: pytest.MonkeyPatch,
        function: str,
    ) -> None:
        def denied(*_: object) -> None:
            raise OSError(errno.EACCES, "Permission denied")

        monkeypatch.setattr(os, function, denied)
        with pytest.raises(WriteError) as caught:
            write([*edits, FileEdit(Path("/proc/none"), None, SECRET)], reason="x", history=history)
        inner = caught.value.__traceback__ and caught.value.__traceback__.tb_next
        shown = traceback.TracebackException(
            WriteError, caught.value, inner, capture_locals=True
        ).format()
        assert SECRET.decode() not in "".join(shown)
        assert "before" not in repr(edits)


class TestProcessesAtOnce:
    COUNT = """
import sys
from pathlib import Path
from qwenlock.edge.history import History
from qwenlock.edge.writer import FileEdit, write
from qwenlock.findings.errors import WriteError

paths, done = [Path(name) for name in sys.argv[2:]], 0
while done < 5:
    edits = [FileEdit(path, old := path.read_bytes(), b"%d" % (int(old) + 1)) for path in paths]
    try:
        write(edits, reason="count", history=History(Path(sys.argv[1])))
        done += 1
    except WriteError as error:
        assert "changed since it was read" in error.message, error.message
"""

    def test_eight_writers_lose_nothing(self, project: Path, tmp_path: Path) -> None:
        files = [project / "a", project / "b"]
        for file in files:
            file.write_bytes(b"0")
        processes = [
            subprocess.Popen(
                [sys.executable, "-c", self.COUNT, tmp_path / "state", *files[:: 1 - 2 * (i % 2)]],
                env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            )
            for i in range(8)
        ]
        assert [process.wait() for process in processes] == [0] * 8
        assert [file.read_bytes() for file in files] == [b"40", b"40"]
        assert len(list(project.iterdir())) == 2


class TestOutput:
    def test_is_written_with_ordinary_permissions(self, project: Path) -> None:
        ordinary = project / "ordinary"
        ordinary.touch()
        write_output(project / "qwen.lock", "lock-version = “1.0”\n")
        assert (project / "qwen.lock").read_bytes() == "lock-version = “1.0”\n".encode()
        assert mode(project / "qwen.lock") == mode(ordinary)

    def test_keeps_a_link_and_permissions(self, project: Path, tmp_path: Path) -> None:
        target = tmp_path / "target"
        target.touch(mode=0o600)
        (project / "qwen.lock").symlink_to(target)
        write_output(project / "qwen.lock", "new")
        assert (project / "qwen.lock").is_symlink()
        assert (target.read_text(), mode(target)) == ("new", 0o600)

    @pytest.mark.parametrize("name", ["n" * 255, "模" * 85, "n" * 201])
    def test_takes_any_name_that_the_system_takes(self, project: Path, name: str) -> None:
        for text in ("first", "second"):
            write_output(project / name, text)
            assert (project / name).read_text() == text
        assert len(list(project.iterdir())) == 1

    def test_that_cannot_be_locked_names_a_way_out(
        self,
        project: Path,
        edits: list[FileEdit],
        history: History,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        def unlockable(*_: object, **__: object) -> None:
            raise OSError(errno.ENOLCK, "No locks available")

        monkeypatch.setattr(filelock.FileLock, "acquire", unlockable)
        with pytest.raises(WriteError, match="cannot lock files") as caught:
            write(edits, reason="migrate", history=history)
        assert "XDG_STATE_HOME" in (caught.value.fix or "")
        assert_untouched(project, history)

    def test_names_what_cannot_be_written(self, project: Path) -> None:
        with pytest.raises(WriteError, match=r"qwen\.lock could not be written: No such file"):
            write_output(project / "missing" / "qwen.lock", "new")

    def test_failure_leaves_the_file_as_it_was(
        self, project: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = project / "qwen.lock"
        path.write_text("old")
        monkeypatch.setattr(os, "fsync", fail_at(1, OSError(errno.ENOSPC, "full"), os.fsync))
        with pytest.raises(WriteError, match="quota is full"):
            write_output(path, "new")
        assert [entry.name for entry in project.iterdir()] == ["qwen.lock"]
        assert path.read_text() == "old"

    def test_only_old_leftovers_are_removed(self, project: Path) -> None:
        old, young = (project / f"qwen.lock.qwenlock-{digit * 16}" for digit in "01")
        young.touch()
        old.touch()
        os.utime(old, (0, 0))
        write_output(project / "qwen.lock", "new")
        assert {path.name for path in project.iterdir()} == {"qwen.lock", young.name}

    def test_imports_nothing_heavy(self, project: Path) -> None:
        script = """
import sys
from pathlib import Path
from qwenlock.edge.writer import write_output
write_output(Path(sys.argv[1]), "new")
print({"filelock", "platformdirs", "tempfile", "shutil", "json", "hashlib"} & set(sys.modules))
"""
        ran = subprocess.run(
            [sys.executable, "-c", script, project / "qwen.lock"],
            env={"PYTHONPATH": str(Path(writer.__file__).parents[2])},
            capture_output=True,
            text=True,
            check=True,
        )
        assert ran.stdout == "set()\n"


def test_works_without_what_windows_lacks(
    edits: list[FileEdit], history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filelock, "FileLock", filelock.SoftFileLock)
    monkeypatch.setattr(sys, "platform", "win32")
    for name in ("replace", "restrict"):  # see test_systems_writing.py
        monkeypatch.setattr(windows, name, lambda new, *to: new.replace(*to) if to else None)
    for name in ("fchown", "fchmod", "chown", "getxattr", "setxattr", "geteuid", "O_DIRECTORY"):
        monkeypatch.delattr(os, name, raising=False)
    write(edits, reason="migrate", history=history)
    write_output(edits[1].path, "newer")
    assert edits[1].path.read_bytes() == b"newer"
