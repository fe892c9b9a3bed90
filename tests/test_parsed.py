"""The parsed form of a command line is remembered, and is the same as Typer's."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from qwenlock.cli import parsed
from qwenlock.cli.app import app
from qwenlock.cli.start import run
from qwenlock.edge import cache, remembered
from support import MODEL, models, write

pytestmark = [
    pytest.mark.skipif(os.name != "posix", reason="only POSIX remembers"),
    pytest.mark.usefixtures("here"),
]

LINES = [
    ["lock"],
    ["lock", "--check", "--format", "json"],
    ["lock", "--output=-", "--no-user", "--merge", "client"],
    ["--debug", "lint"],
    ["lint", "--strict", "--select", "QL1", "--select=QL2", ".", "--format", "concise"],
    ["lint", "--fix", "--dry-run", "--unsafe-fixes"],
    ["show", "--tree", "--user", "own.json", "--untrusted"],
    ["check", "--recursive", ".", "--no-config", "--format", "github"],
    ["check", "--format", "sarif", "--trusted", "--system=own.json"],
    ["status", "--format", "json", "--system-defaults", "own.json"],
    ["upgrade", "--check"],
    ["migrate", "--check", "."],
]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project, home = tmp_path / "project", tmp_path / "home"
    home.mkdir()
    (tmp_path / "project" / "folder").mkdir(parents=True)
    (project / ".qwen").mkdir()
    write(project / "own.json", {})
    write(project / ".qwen" / "settings.json", models(MODEL))
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.chdir(project)


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Give the values with which Typer calls a command."""
    seen: list[dict[str, Any]] = []
    note = parsed.note

    def noted(command: str, values: dict[str, Any]) -> None:
        seen.append(values)
        note(command, values)

    monkeypatch.setattr(parsed, "note", noted)
    return seen


def told(values: dict[str, Any]) -> list[tuple[str, type, object]]:
    """Return values in a form in which equal values of different types differ."""
    context = values["context"]
    said = {
        **values,
        "context": (context.command_path, context.meta[parsed.ARGUMENTS], context.obj),
    }
    return [(name, type(value), value) for name, value in sorted(said.items())]


@pytest.mark.parametrize("line", LINES, ids=" ".join)
def test_parsed_line_is_what_typer_parses(
    line: list[str],
    called: list[dict[str, Any]],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for _ in range(2):  # the first run may write the lock
        assert run(line, from_memory=True) in {0, 1}
        capsys.readouterr()
    found = parsed.recall(line)
    assert found is not None
    assert told(found.values) == told(called[-1])
    said = run(line), capsys.readouterr()
    monkeypatch.setattr(type(app), "__call__", None)  # Typer is not asked
    assert (run(line, from_memory=True), capsys.readouterr()) == said


@pytest.mark.parametrize(
    "line", [["lint", "--client", "0.24.4"], ["lint", "--no-such"], [], ["explain", "QL101"]]
)
def test_parsing_that_may_differ_or_failed_is_not_remembered(line: list[str]) -> None:
    run(["lock"])
    run(line, from_memory=True)
    assert parsed.recall(line) is None


def test_another_program_or_another_line_is_not_believed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run(["lock", "--check"], from_memory=True)
    [memory] = Path(cache.directory(), remembered.MEANINGS).iterdir()
    assert parsed.recall(["lock", "--check"]) is not None
    assert parsed.recall(["lock"]) is None
    with monkeypatch.context() as patched:
        patched.setattr("sys.prefix", "/elsewhere")
        assert parsed.recall(["lock", "--check"]) is None
    for content in (b"", memory.read_bytes()[:-1], memory.read_bytes().replace(b"true", b"null")):
        memory.write_bytes(content)
        assert parsed.recall(["lock", "--check"]) is None


def test_change_of_what_is_declared_is_seen() -> None:
    run(["lint"], from_memory=True)
    found = parsed.recall(["lint"])
    assert found is not None
    files = {Path(each.split(" ", 2)[2]).name for each in found.depends}
    assert files >= {"lint.py", "options.py", "projects.py", "change.py", "app.py", "parsing.py"}
    assert any(each.endswith("-packages") for each in files)


def test_completion_is_not_answered_from_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    run(["lint"], from_memory=True)
    assert parsed.recall(["lint"]) is not None
    monkeypatch.setenv("_QWENLOCK_COMPLETE", "source_bash")
    assert parsed.recall(["lint"]) is None


def test_what_run_starts_is_not_in_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    run(["lock"])
    started: list[Any] = []
    monkeypatch.setattr("qwenlock.edge.launch.start", lambda *given: started.append(given[0]))
    run(["--debug", "run", "--", "true"], from_memory=True)
    assert parsed.recall(["--debug", "run", "--", "true"]) is None
    for rest in (["true", "--key", "planted"], ["true", "--", "x"]):
        run(["run", "--no-check", "--", *rest], from_memory=True)
        found = parsed.recall(["run", "--no-check", "--", *rest])
        assert found is not None
        assert found.values["context"].meta[parsed.COMMAND] == rest == started[-1]
    [memory] = Path(cache.directory(), remembered.MEANINGS).iterdir()
    assert b"planted" not in memory.read_bytes()


def test_no_command_that_is_fast_loads_what_is_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """The scripts that migrate the settings in memory do not load it either."""
    monkeypatch.setenv("COLUMNS", "200")  # only a table that is too wide needs rich
    script = """
import sys
from qwenlock.cli.commands import check, lint, lock, show
from qwenlock.cli.declared import Context
from qwenlock.edge.places import Flags
context = Context("qwenlock", {}, Flags())
assert [lock.lock(context), check.check(context), lint.lint(context), show.show(context)] == [0] * 4
slow = {"dataclasses", "hashlib", "inspect", "jinja2", "platformdirs", "pydantic", "rich"}
print({*slow, "subprocess", "typer"} & set(sys.modules))
"""
    done = subprocess.run(
        [sys.executable, "-c", script], text=True, capture_output=True, check=False
    )
    assert done.stdout.endswith("set()\n"), done
