"""What other systems do differently besides writing and starting programs; it is simulated."""

from __future__ import annotations

import io
import os
import sys
import unicodedata
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from qwenlock.cli import console
from qwenlock.edge import git, links, places, walk, windows, writer
from qwenlock.edge.history import History
from qwenlock.edge.writer import FileEdit, write
from qwenlock.findings.errors import WriteError

COMPOSED, DECOMPOSED = "projé", "proje\u0301"
STUB = """#!/bin/sh
echo 'xcode-select: note: No developer tools were found, requesting install.' >&2
exit 1
"""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    root = tmp_path / "repository"
    (root / ".git").mkdir(parents=True)
    return root


def put_git(folder: Path, script: str, patch: pytest.MonkeyPatch) -> None:
    """Put a git on PATH that is a script of `sh`."""
    program = folder / "bin" / "git"
    program.parent.mkdir()
    program.write_text(script)
    program.chmod(0o755)
    patch.setenv("PATH", os.pathsep.join([str(program.parent), os.environ["PATH"]]))


# macOS


def test_a_git_that_is_only_a_stub_knows_nothing(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As that of macOS before its developer tools are installed."""
    put_git(repository, STUB, monkeypatch)
    (repository / ".env").touch()
    said = git.ask(repository / ".env")
    assert said is not None
    assert (said.tracked, said.ignored) == (None, None)
    assert git.tracked([repository / ".env"]) == set()
    assert git.ignored_below(repository) == set()


@pytest.mark.parametrize("name", [COMPOSED, DECOMPOSED])
@pytest.mark.parametrize("said", [COMPOSED, DECOMPOSED])
def test_names_of_git_in_other_characters_are_the_same_on_macos(
    repository: Path, monkeypatch: pytest.MonkeyPatch, name: str, said: str
) -> None:
    put_git(repository, f"#!/bin/sh\nprintf '{said}/\\0{said}\\0'", monkeypatch)
    (repository / name).mkdir()
    (repository / name / "qwen.lock").touch()
    file = repository / f"{name}.json"
    file.touch()
    monkeypatch.setattr(sys, "platform", "darwin")
    assert [*walk.projects_below(repository)] == []
    put = repository / "bin" / "git"
    put.write_text(f"#!/bin/sh\nprintf '{said}.json\\0'")
    assert git.tracked([file]) == {file}
    monkeypatch.setattr(sys, "platform", "linux")
    assert git.tracked([file]) == ({file} if said == name else set())


def test_a_lock_names_files_in_composed_characters_on_macos(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / DECOMPOSED / "settings.json"
    assert places._name(file, tmp_path, None) == f"{DECOMPOSED}/settings.json"
    monkeypatch.setattr(sys, "platform", "darwin")
    for spelling in ("NFC", "NFD"):
        project = Path(unicodedata.normalize(spelling, str(tmp_path / DECOMPOSED)))  # type: ignore[arg-type]
        assert places._name(file, project, None) == "settings.json"
    monkeypatch.chdir(tmp_path)
    assert places.shown(file) == f"{COMPOSED}/settings.json"


def test_two_spellings_of_one_file_are_not_two_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = tmp_path / "Settings.json", tmp_path / "settings.json"
    one.write_bytes(b"old")
    monkeypatch.setattr(writer, "_identity", lambda _: (1, 2))
    edits = [FileEdit(each, b"old", b"new") for each in (one, other)]
    with pytest.raises(WriteError, match="is a link to another"):
        write(edits, reason="lint", history=History(tmp_path / "state"))


# Windows


@pytest.mark.parametrize(
    ("read", "path"),
    [
        ("\\\\?\\C:\\dotfiles", "C:\\dotfiles"),
        ("\\\\?\\UNC\\server\\share", "\\\\server\\share"),
        ("..\\x", "..\\x"),
    ],
)
def test_where_a_junction_leads(read: str, path: str) -> None:
    assert links._without_prefix(read) == path


@pytest.mark.parametrize(
    ("mode", "can", "colours"), [(None, 0, False), (3, 0, False), (3, 1, True), (7, 0, True)]
)
def test_only_consoles_that_obey_escapes_get_colours(
    monkeypatch: pytest.MonkeyPatch, mode: int | None, can: int, *, colours: bool
) -> None:
    def get(handle: Any, found: Any) -> int:
        assert handle.value == 42
        found._obj.value = mode or 0
        return 0 if mode is None else 1

    def put(_: Any, wanted: int) -> int:
        assert wanted == 7
        return can

    library = SimpleNamespace(GetConsoleMode=get, SetConsoleMode=put)
    monkeypatch.setattr(windows, "_library", lambda _: library)
    monkeypatch.setattr(windows, "_handle", lambda _: 42)
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    console._console_has_colours.cache_clear()

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

        def fileno(self) -> int:
            return 1

    assert console.in_colour(Terminal()) == colours
    console._console_has_colours.cache_clear()
