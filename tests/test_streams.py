"""Output that cannot be written or encoded leads to an exit code, never to a traceback."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from io import BytesIO, RawIOBase, TextIOWrapper
from pathlib import Path
from typing import Any

import pytest

from qwenlock.cli.app import COMMANDS
from qwenlock.cli.commands import template
from qwenlock.cli.parsing import command_of
from qwenlock.cli.start import run
from qwenlock.findings.errors import from_system, of_output
from support import World, models, write

FULL = Path("/dev/full")
ENCODINGS = ("ascii", "cp936", "cp1252", "cp437")
PRINTING = (
    "--help", "--version", "show --help", "template capture --help", "show", "export",
    "check --format json", "schema lock", "resolve", "template list", "lock --output -",
    "lint --format sarif", "explain QL117", "report --html -",
)  # fmt: skip
NAME = "模型 é 😀"


class _Failing(RawIOBase):
    def writable(self) -> bool:
        return True

    def write(self, _: Any) -> int:
        raise OSError(errno.EINVAL, "Invalid argument")  # the error of Windows for a closed console


@pytest.fixture
def world(world: World) -> World:
    entry = {"id": "a", "name": NAME, "envKey": "A_KEY", "baseUrl": "https://a.example/v1"}
    write(world.own, models(entry) | {"model": {"name": "a"}})
    assert world.run("lock").exit_code == 0
    return world


def failing() -> TextIOWrapper:
    return TextIOWrapper(_Failing(), encoding="utf-8", write_through=True)  # type: ignore[type-var]


@pytest.mark.parametrize("line", PRINTING)
def test_output_that_cannot_be_written(
    world: World, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    before = world.lock.read_bytes()
    monkeypatch.setattr(sys, "stdout", failing())
    assert run(line.split()) == 4
    said = world.read()[1]
    assert "error: the output could not be written: invalid argument\n" in said
    assert "bug" not in said
    monkeypatch.setattr(sys, "stderr", failing())
    assert run(line.split()) == 4
    assert world.lock.read_bytes() == before


def test_messages_that_cannot_be_written_stop_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.lock.unlink()
    monkeypatch.setattr(sys, "stderr", failing())
    assert run(["lock"]) == 0
    assert run(["check"]) == 0
    assert run(["nonsense"]) == 2
    assert run(["check", "--format", "json", str(world.root / "none")]) != 70


@pytest.mark.parametrize("line", [*PRINTING, "nonsense", "check"])
def test_closed_streams(world: World, monkeypatch: pytest.MonkeyPatch, line: str) -> None:
    """A program without a console, such as one that pythonw starts, has no streams."""
    expected = world.run(*line.split()).exit_code
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    assert run(line.split()) == expected
    sys.stdout.close()
    sys.stderr.close()


@pytest.mark.slow
def test_every_help_and_output_in_every_encoding(world: World) -> None:
    below = [f"template {each}" for each in command_of(template.app).commands]
    for line in (*PRINTING, *(f"{command} --help" for command in (*COMMANDS, *below))):
        code = 0 if "--help" in line else world.run(*line.split()).exit_code
        for encoding in ENCODINGS:
            out, err = (TextIOWrapper(BytesIO(), encoding=encoding) for _ in range(2))
            with redirect_stdout(out), redirect_stderr(err):
                assert run(line.split()) == code, (line, encoding)
            out.flush()
            if "--help" in line:
                assert "Usage" in out.buffer.getvalue().decode(encoding)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "line", ["report --merge - --markdown -", "init", "resolve --openai-api-key -"]
)
def test_closed_stdin(world: World, monkeypatch: pytest.MonkeyPatch, line: str) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    assert world.run(*line.split()).exit_code in (0, 2, 3)
    sys.stdin.close()


@pytest.mark.usefixtures("world")
@pytest.mark.skipif(not FULL.exists(), reason="only Linux has such a device")
@pytest.mark.parametrize("line", ["--help", "show", "check --format json"])
def test_a_full_device(line: str) -> None:
    with FULL.open("wb") as full:
        done = started(line, stdout=full, stderr=subprocess.PIPE)
        assert (done.returncode, b"Traceback" in done.stderr) == (4, False)
        assert started(line, stdout=full, stderr=full).returncode == 4
    assert started(line, preexec_fn=close).returncode == 0


def close() -> None:
    os.close(1)
    os.close(2)


def started(line: str, **options: Any) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "qwenlock", *line.split()]
    return subprocess.run(command, check=False, **options)


def test_error_of_the_system_is_reported_with_its_file() -> None:
    for error, message in (
        (PermissionError(errno.EACCES, "Permission denied", "/x"), "/x: permission denied"),
        (OSError(errno.EIO, "Input/output error"), "input/output error"),
        (OSError("odd"), "oserror"),
        (OSError(errno.EIO, "Gone", 3), "gone"),
    ):
        told = from_system(error)
        assert (told.message, told.fix) == (message, "check that the file is readable")
        written = of_output(error).message
        assert written == f"the output could not be written: {message.removeprefix('/x: ')}"
