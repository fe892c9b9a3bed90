"""`show` and `diff` in a pseudo-terminal, narrow and wide."""

from __future__ import annotations

import os
import re
import struct
import subprocess
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from rich.cells import cell_len

from support import MODEL, models, write

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

NARROW, WIDE = 60, 200
ESCAPE = re.compile(r"\x1b\[([0-9;]*)m")
ODD = {
    "id": "[bold red]odd[/bold red]",
    "name": "\x1b]0;title\x07\x1b[2J\u202e:smile: 模型",
    "envKey": "ODD_KEY",
    "baseUrl": "https://odd.example/v1",
    "generationConfig": {"customHeaders": {"X": "\x1b[2J[red]"}, "contextWindowSize": 1000000},
}


class Screen(NamedTuple):
    """The output to a terminal: with the escape sequences, and without them."""

    sent: str
    lines: list[str]


def on_terminal(
    folder: Path,
    width: int,
    arguments: Sequence[str],
    program: Sequence[str] = ("-m", "qwenlock"),
    **environment: str,
) -> Screen:
    """Run qwenlock in a pseudo-terminal with this number of columns."""
    import fcntl
    import pty
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
    process = subprocess.Popen(
        [sys.executable, *program, *arguments],
        cwd=folder,
        env={"HOME": str(folder.parent), "TERM": "xterm", "PYTHONUTF8": "1", **environment},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    sent = b""
    while True:
        try:
            piece = os.read(ours, 65536)
        except OSError:  # the other side is closed
            break
        if not piece:
            break
        sent += piece
    os.close(ours)
    process.wait(timeout=60)
    text = sent.decode().replace("\r\n", "\n")
    return Screen(text, ESCAPE.sub("", text).splitlines())


def _settings(*entries: dict[str, Any]) -> dict[str, Any]:
    """Return settings in which the first model is selected."""
    return {"$version": 4, "model": {"name": entries[0]["id"]}, **models(*entries)}


def project(folder: Path, *entries: dict[str, Any]) -> Path:
    (folder / ".qwen").mkdir(parents=True)
    write(folder / ".qwen" / "settings.json", _settings(*entries))
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return project(tmp_path / "p", {**MODEL, "name": "GPT 4o"}, ODD)


@pytest.fixture
def two(tmp_path: Path, folder: Path) -> Path:
    """Return a folder with two locked projects; `q` has one model less and one changed."""
    other = {**ODD, "baseUrl": "https://other.example/a/rather/long/path/of/an/endpoint/v1"}
    for each in (folder, project(tmp_path / "q", other)):
        command = [sys.executable, "-m", "qwenlock", "lock", "--no-user", str(each)]
        subprocess.run(command, check=True, capture_output=True)
    return tmp_path


def is_harmless(screen: Screen) -> bool:
    """Tell whether all escape sequences are colours, and markup had no effect."""
    commands = [code for match in ESCAPE.finditer(screen.sent) for code in match[1].split(";")]
    left = ESCAPE.sub("", screen.sent)
    return (
        set(commands) <= {"0", "1", "2", "31", "32", "33", "36"}
        and left.replace("\n", "").isprintable()
    )


@pytest.mark.parametrize("width", [NARROW, WIDE])
@pytest.mark.parametrize("arguments", [["show"], ["show", "--tree"]])
def test_show_fits_the_terminal_and_escapes_names(
    folder: Path, width: int, arguments: list[str]
) -> None:
    screen = on_terminal(folder, width, arguments)
    assert max(map(cell_len, screen.lines)) <= width
    assert is_harmless(screen)
    assert "\x1b[1;32m" in screen.sent, "the selected model is in colour"
    assert any("[bold red]odd[/bold red]" in line for line in screen.lines)
    assert any(re.search(r"gpt-4o", line) for line in screen.lines)


def test_wide_table_has_every_column(folder: Path) -> None:
    _, head, _, first, second, *_ = on_terminal(folder, WIDE, ["show"]).lines
    assert " ".join(head.split()) == "auth type id name context base URL variable origin scope"
    assert first.split() == [
        "*", "openai", "gpt-4o", "GPT", "4o", MODEL["baseUrl"], "OPENAI_API_KEY", "custom",
        "project",
    ]  # fmt: skip
    assert "1,000,000" in second
    assert r"\x1b]0;title\x07\x1b[2J\u202e:smile: 模型" in second


def test_narrow_table_leaves_columns_out_and_says_so(folder: Path) -> None:
    screen = on_terminal(folder, NARROW, ["show"])
    assert screen.lines[1].split() == ["auth", "type", "id", "context", "scope"]
    assert "no room for name, base URL, variable, origin" in " ".join(screen.lines)


def test_tree_says_everything(folder: Path) -> None:
    said = "\n".join(on_terminal(folder, WIDE, ["show", "--tree"]).lines)
    for fact in (
        "gpt-4o (selected)",
        "name      GPT 4o",
        "endpoint        https://odd.example/v1",
        "variable        ODD_KEY",
        "context window  1,000,000 tokens",
        "scope           project",
        r'customHeaders   {"X": "\u001b[2J[red]"}',
        "ODD_KEY, used by openai/[bold red]odd[/bold red]",
    ):
        assert fact in said, fact


@pytest.mark.slow
@pytest.mark.parametrize("variables", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_no_colour_where_it_is_not_wanted(two: Path, variables: dict[str, str]) -> None:
    for arguments in (["show", "p"], ["show", "--tree", "p"], ["diff", "p", "q"]):
        assert "\x1b" not in on_terminal(two, NARROW, arguments, **variables).sent


@pytest.mark.parametrize("width", [NARROW, WIDE])
def test_diff_is_grouped_by_model(two: Path, width: int) -> None:
    screen = on_terminal(two, width, ["diff", "p", "q"])
    assert max(map(cell_len, screen.lines)) <= width
    assert is_harmless(screen)
    assert "1 model removed, 1 changed" in screen.lines[0]
    said = "\n".join(screen.lines)
    assert "- openai/gpt-4o" in said
    assert said.index("~ openai/[bold red]odd") < said.index('"https://odd.example/v1" →')
    assert "\x1b[31m- openai/gpt-4o" in screen.sent, "removed lines are red"
    assert re.search(r"\x1b\[32m[^\x1b]*https://other.example", screen.sent), (
        "added lines are green"
    )


def test_terminal_that_can_write_ascii_only(folder: Path) -> None:
    write(folder / ".qwen" / "settings.json", _settings({**ODD, "id": "模型"}))
    plain = {"PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii", "LC_ALL": "C"}
    for arguments in (["show"], ["show", "--tree"]):
        screen = on_terminal(folder, WIDE, arguments, **plain)
        assert screen.sent.isascii()
        assert r"\u6a21\u578b" in screen.sent
