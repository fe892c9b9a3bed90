"""What is kept of each change, what is told about it, and how it is taken back."""

from __future__ import annotations

import itertools
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from qwenlock.edge.history import RETENTION_DAYS, History, RecordState, state_directory
from qwenlock.edge.writer import FileEdit, write
from qwenlock.findings.errors import InputError, WriteError

SECRET = b"sk-planted-4f1d9c"
START = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def history(tmp_path: Path) -> History:
    seconds = itertools.count()
    return History(tmp_path / "state", lambda: START + timedelta(seconds=next(seconds)))


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    path = tmp_path / "settings.json"
    path.write_bytes(b"first")
    return path


def change(path: Path, after: bytes | None, history: History, mode: int | None = None) -> Path:
    before = path.read_bytes() if path.exists() else None
    edit = FileEdit(path, before, after, mode)
    return write([edit], reason=f"to {(after or b'nothing').decode()}", history=history)


def told(history: History) -> list[tuple[str, str]]:
    return [(entry.reason, entry.state.value) for entry in history.history()]


class TestRecords:
    def test_are_listed_newest_first(self, settings: Path, history: History) -> None:
        change(settings, b"second", history)
        change(settings, b"third", history)
        assert told(history) == [("to third", "applied"), ("to second", "applied")]
        newest = history.history()[0]
        assert newest.paths == (settings,)
        assert newest.backup.is_file()
        assert START < newest.time < START + timedelta(minutes=1)

    def test_are_private_and_show_nothing(self, settings: Path, history: History) -> None:
        settings.write_bytes(SECRET)
        settings.chmod(0o644)
        backup = change(settings, b"second", history)
        assert stat.S_IMODE(backup.stat().st_mode) == 0o600
        assert stat.S_IMODE(backup.parent.stat().st_mode) == 0o700
        assert SECRET.decode() not in f"{backup} {history.history()} {list(history._records())}"
        assert SECRET not in backup.read_bytes()

    def test_of_old_are_pruned_when_asked(self, settings: Path, history: History) -> None:
        change(settings, b"second", history)
        later = History(history.state, lambda: START + timedelta(days=31))
        change(settings, b"third", later)
        assert later.prune(older_than_days=32) == 0
        assert later.prune() == 1
        assert told(later) == [("to third", "applied")]

    def test_of_old_are_pruned_by_a_write(self, settings: Path, history: History) -> None:
        backup = change(settings, b"second", history)
        leftover = backup.with_name(f"{backup.name}.qwenlock-{'0' * 16}")
        leftover.touch()
        later = History(history.state, lambda: START + timedelta(days=RETENTION_DAYS + 1))
        assert change(settings, b"third", later).parent.exists()
        assert not backup.exists()
        assert not leftover.exists()

    def test_pruning_nothing(self, history: History) -> None:
        assert history.prune() == 0

    def test_that_cannot_be_pruned_stop_no_write(
        self, settings: Path, history: History, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def denied(*_: object, **__: object) -> None:
            raise PermissionError(13, "Permission denied")

        change(settings, b"second", history)
        later = History(history.state, lambda: START + timedelta(days=100))
        with monkeypatch.context() as patch:
            patch.setattr(Path, "unlink", denied)
            with pytest.raises(WriteError, match="permission denied"):
                later.prune()
            change(settings, b"third", later)
        assert settings.read_bytes() == b"third"

    @pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"time": 1}', b"\xff"])
    def test_that_cannot_be_read_are_named(
        self, settings: Path, history: History, content: bytes
    ) -> None:
        backup = change(settings, b"second", history)
        backup.write_bytes(content)
        with pytest.raises(InputError, match=backup.name):
            history.history()

    def test_lie_in_the_state_directory_of_the_user(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
        assert state_directory() == tmp_path / "qwenlock"
        assert History().state == tmp_path / "qwenlock"
        assert History().clock().tzinfo is UTC


class TestState:
    @pytest.fixture
    def pair(self, tmp_path: Path, history: History) -> tuple[Path, Path]:
        """Two files that one transaction changed from "old" to "new"."""
        paths = (tmp_path / "a", tmp_path / "b")
        for path in paths:
            path.write_bytes(b"old")
        write([FileEdit(path, b"old", b"new") for path in paths], reason="pair", history=history)
        return paths

    @pytest.mark.parametrize(
        ("contents", "state"),
        [
            ((b"new", b"new"), RecordState.APPLIED),
            ((b"old", b"old"), RecordState.NOT_APPLIED),
            ((b"new", b"old"), RecordState.PARTLY),
            ((b"new", b"mine"), RecordState.CHANGED),
        ],
    )
    def test_is_told_by_the_files(
        self,
        pair: tuple[Path, Path],
        history: History,
        contents: tuple[bytes, bytes],
        state: RecordState,
    ) -> None:
        for path, content in zip(pair, contents, strict=True):
            path.write_bytes(content)
        assert told(history) == [("pair", state)]

    def test_of_a_file_that_cannot_be_read_is_changed(
        self, pair: tuple[Path, Path], history: History
    ) -> None:
        pair[0].unlink()
        pair[0].mkdir()
        assert told(history) == [("pair", "changed since")]

    def test_of_an_older_change_is_judged_by_what_the_newer_found(
        self, settings: Path, history: History
    ) -> None:
        change(settings, b"second", history)
        change(settings, b"first", history)
        change(settings, b"second", history)
        assert [state for _, state in told(history)] == ["applied"] * 3


class TestUndo:
    def test_puts_back_what_was_there(self, settings: Path, history: History) -> None:
        change(settings, b"second", history)
        undone = history.undo()
        assert undone is not None
        assert undone.reason == "to second"
        assert settings.read_bytes() == b"first"
        assert told(history) == [("undo", "applied"), ("to second", "undone")]

    def test_twice_takes_back_the_change_before(self, settings: Path, history: History) -> None:
        change(settings, b"second", history)
        change(settings, b"third", history)
        history.undo()
        history.undo()
        assert settings.read_bytes() == b"first"
        assert history.undo() is None

    def test_without_a_change_does_nothing(self, history: History) -> None:
        assert history.undo() is None

    def test_of_a_created_file_deletes_it(self, tmp_path: Path, history: History) -> None:
        path = tmp_path / ".env"
        change(path, b"new", history, 0o600)
        history.undo()
        assert not path.exists()

    def test_of_a_deleted_file_brings_it_back(self, settings: Path, history: History) -> None:
        settings.chmod(0o640)
        change(settings, None, history)
        history.undo()
        assert settings.read_bytes() == b"first"
        assert stat.S_IMODE(settings.stat().st_mode) == 0o640

    def test_restores_the_permissions(self, settings: Path, history: History) -> None:
        settings.chmod(0o644)
        change(settings, b"second", history, 0o600)
        history.undo()
        assert stat.S_IMODE(settings.stat().st_mode) == 0o644

    def test_leaves_permissions_that_were_changed_since(
        self, settings: Path, history: History
    ) -> None:
        settings.chmod(0o644)
        change(settings, b"second", history)
        settings.chmod(0o600)
        history.undo()
        assert stat.S_IMODE(settings.stat().st_mode) == 0o600

    def test_goes_in_reverse_order(
        self, settings: Path, tmp_path: Path, history: History, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        dotenv = tmp_path / ".env"
        edits = [FileEdit(dotenv, None, b"KEY=1"), FileEdit(settings, b"first", b"second")]
        write(edits, reason="migrate", history=history)

        def denied(*_: object) -> None:
            raise PermissionError(13, "Permission denied")

        replace = Path.replace
        with monkeypatch.context() as patch:
            patch.setattr(
                Path,
                "replace",
                lambda source, target: (denied if target == settings else replace)(source, target),
            )
            with pytest.raises(WriteError):
                history.undo()
        assert dotenv.exists(), "the settings have no key yet"
        history.undo()
        assert (dotenv.exists(), settings.read_bytes()) == (False, b"first")

    def test_refuses_a_file_that_changed_since(self, settings: Path, history: History) -> None:
        change(settings, b"second", history)
        settings.write_bytes(b"mine")
        with pytest.raises(WriteError, match="changed since qwenlock wrote it") as caught:
            history.undo()
        assert "undo --force" in (caught.value.fix or "")
        assert settings.read_bytes() == b"mine"

    def test_forced_overwrites_and_keeps_what_it_overwrote(
        self, settings: Path, history: History
    ) -> None:
        change(settings, b"second", history)
        settings.write_bytes(b"mine")
        history.undo(force=True)
        assert settings.read_bytes() == b"first"
        assert [file.before for file in next(history._records()).files] == [b"mine"]
        assert told(history) == [("undo", "applied"), ("to second", "undone")]

    def test_forced_makes_a_file_that_is_gone(self, settings: Path, history: History) -> None:
        settings.chmod(0o600)
        change(settings, b"second", history)
        settings.unlink()
        history.undo(force=True)
        assert stat.S_IMODE(settings.stat().st_mode) == 0o600

    def test_passes_over_a_change_that_did_not_happen(
        self, settings: Path, history: History
    ) -> None:
        change(settings, b"second", history)
        change(settings, b"third", history)
        settings.write_bytes(b"second")
        history.undo()
        assert settings.read_bytes() == b"first"

    def test_completes_what_was_killed_halfway(
        self, settings: Path, tmp_path: Path, history: History
    ) -> None:
        other = tmp_path / "other"
        other.write_bytes(b"old")
        edits = [FileEdit(other, b"old", b"new"), FileEdit(settings, b"first", b"second")]
        write(edits, reason="pair", history=history)
        settings.write_bytes(b"first")
        history.undo()
        assert other.read_bytes() == b"old"

    def test_goes_through_a_link(self, settings: Path, tmp_path: Path, history: History) -> None:
        link = tmp_path / "link"
        link.symlink_to(settings)
        change(link, b"second", history)
        history.undo()
        assert link.is_symlink()
        assert settings.read_bytes() == b"first"
