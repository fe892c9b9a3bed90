"""Pages of the documentation, run as a reader would run them: see CONTRIBUTING, "Documentation"."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from conformance.clients import installed
from conformance.run import QUIET

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])

ELLIPSIS = "[…]"
"""A line of output that stands for any lines."""
SECRET = "hunter"
"""Every credential in a page contains this word, and no output may contain it."""

_BLOCK = re.compile(
    r"(?:^<!-- (?P<mark>[^\n]*) -->\n)?^```(?P<language>\w*)(?P<more>[^\n]*)\n(?P<body>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_TITLE = re.compile(r' title="([^"]+)"')
_CLIENT = re.compile(r"with Qwen Code (\S+)")
_TIMEOUT = 120


class Block(NamedTuple):
    """A fenced block of a page.

    Attributes:
        language: the first word after the fence.
        title: the file that it is, if it is one.
        mark: the comment on the line before the fence.
        body: its lines, each with its end.
        start: where the body begins in the page's text.
    """

    language: str
    title: str | None
    mark: str
    body: str
    start: int


class Step(NamedTuple):
    """A command of a console block, and the output that is shown for it."""

    command: str
    shown: str


def blocks(text: str) -> Iterator[Block]:
    """Yield the fenced blocks of a page, in order, without indented ones."""
    assert not re.search(r"^[ \t]+```", text, re.MULTILINE)
    for found in _BLOCK.finditer(text):
        title = _TITLE.fullmatch(found["more"])
        assert title or not found["more"], f"```{found['language']}{found['more']}"
        yield Block(
            found["language"],
            title[1] if title else None,
            found["mark"] or "",
            found["body"],
            found.start("body"),
        )


def steps(block: Block) -> list[Step]:
    """Split a console block into commands; `> ` starts a further line of a command."""
    found: list[tuple[list[str], list[str]]] = []
    for line in block.body.splitlines(keepends=True):
        if line.startswith("$ "):
            found.append(([line[2:]], []))
        elif line.startswith("> ") and found and not found[-1][1]:
            found[-1][0].append(line[2:])
        else:
            assert found, f"output without a command: {line}"
            found[-1][1].append(line)
    return [Step("".join(command).rstrip("\n"), "".join(shown)) for command, shown in found]


def rewritten(text: str, directory: Path) -> str:
    """Run a page below `directory`; return its text with what its commands print.

    Raises:
        AssertionError: a command fails, and the page does not show so by `echo $?`.
    """
    reader = _Reader(directory)
    pieces, end = [], 0
    for block in blocks(text):
        if block.title is not None:
            reader.put(block.title, block.body)
        if block.language == "console":
            pieces += [text[end : block.start], reader.follow(block)]
            end = block.start + len(block.body)
    return "".join([*pieces, text[end:]])


class _Reader:
    """A reader of a page: a home, a project in it, and a shell that stays open."""

    def __init__(self, directory: Path) -> None:
        self.home = directory.resolve() / "home"
        self.system = self.home.with_name("system")
        self.project = self.home / "project"
        self.project.mkdir(parents=True)
        self.system.mkdir()
        self._variables = self.home.with_name("variables")
        self._variables.touch()
        self._places = self.home.with_name("places")
        self._places.write_text(f"{self.home}\n{self.project}\n", encoding="utf-8")
        self._status = 0

    def put(self, title: str, body: str) -> None:
        """Write a file as the page shows it, relative to the shell's directory."""
        home, here = map(Path, self._places.read_text(encoding="utf-8").splitlines())
        path = home / title[2:] if title.startswith("~/") else here / title
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(body, encoding="utf-8")

    def follow(self, block: Block) -> str:
        """Run the commands of a console block; return the block with what they print."""
        pieces = []
        of_block = steps(block)
        commands = [step.command for step in of_block]
        for step, following in zip(of_block, [*commands[1:], ""], strict=True):
            printed = self._run(step.command, self._path(block.mark))
            assert self._status == 0 or following == "echo $?", (
                f"{step.command!r} exits {self._status}:\n{printed}"
            )
            typed = "\n> ".join(step.command.split("\n"))
            pieces.append(f"$ {typed}\n{step.shown if matches(step.shown, printed) else printed}")
        return "".join(pieces)

    def _path(self, mark: str) -> str:
        """Return the PATH of the commands: qwenlock, and the client that `mark` asks for."""
        folders = [str(Path(sys.executable).parent), os.environ["PATH"]]
        wanted = _CLIENT.fullmatch(mark)
        if wanted:
            folders.insert(0, str(installed(wanted[1]).parent))
            (self.system / "system-defaults.json").write_text(json.dumps({"$version": 4, **QUIET}))
        return os.pathsep.join(folders)

    def _run(self, command: str, path: str) -> str:
        """Run a command line in the same shell as the one before; return what it prints."""
        variables, places = (shlex.quote(str(each)) for each in (self._variables, self._places))
        script = (
            f'. {variables}\nexport PATH={shlex.quote(path)}\ncd "$PWD"\n(exit {self._status})\n'
            f"{command}\nstatus=$?\nexport -p >{variables}\n"
            f'printf "%s\\n" "$HOME" "$PWD" >{places}\nexit $status\n'
        )
        done = subprocess.run(
            ["sh", "-c", script],
            cwd=self.project,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            timeout=_TIMEOUT,
            check=False,
        )
        self._status = done.returncode
        printed = self._stable(done.stdout)
        assert "Traceback" not in printed, printed
        assert SECRET not in printed.lower(), f"{command!r} shows a secret"
        assert not re.search("^```", printed, re.MULTILINE), (
            f"{command!r} prints the end of a block"
        )
        return printed

    def _environment(self) -> dict[str, str]:
        handed_on = {key: value for key, value in os.environ.items() if key.startswith("COVERAGE_")}
        return handed_on | {
            "HOME": str(self.home),
            "PWD": str(self.project),
            "QWEN_CODE_SYSTEM_SETTINGS_PATH": str(self.system / "settings.json"),
            "QWEN_CODE_NO_RELAUNCH": "true",
            "PYTHONUNBUFFERED": "1",  # keeps both streams in their order
            **{f"GIT_{who}_NAME": "You" for who in ("AUTHOR", "COMMITTER")},
            **{f"GIT_{who}_EMAIL": "you@example.com" for who in ("AUTHOR", "COMMITTER")},
            "GIT_CONFIG_NOSYSTEM": "1",
            "LANG": "C.UTF-8",
            "NO_COLOR": "1",
            "COLUMNS": "100",
        }

    def _stable(self, printed: str) -> str:
        """Return output in the form that is the same on every machine and day."""
        printed = printed.replace(str(self.home), "/home/you")
        printed = re.sub(r"\(backup: .*/backups/.*\)", "(backup: FILE)", printed)
        return re.sub(r"\b\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\b", "2026-03-01 12:00:00", printed)


def matches(shown: str, printed: str) -> bool:
    """Tell whether a page shows what was printed; a line `[…]` stands for any lines."""
    parts = re.split(rf"^{re.escape(ELLIPSIS)}\n", shown, flags=re.MULTILINE)
    return re.fullmatch(r"(?:.*\n)*?".join(map(re.escape, parts)), printed) is not None
