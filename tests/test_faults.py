"""The installed command, with every system call that concerns the user's files failed or killed.

A clean run under strace enumerates the calls; each is then injected in a run of its own, over
`qwenlock migrate`, which moves a key from the settings (behind a symbolic link) into a `.env`, and
over `qwenlock undo`. Promised, and asserted of every run:

- A call that fails: exit 4 (3 where it is a file's reading) with a message and every file as it
  was, or exit 0 and all is done.
- A kill before a call: each file is old or new, the key is in at least one of them, no file that
  holds it can be read by others, and undoing, then writing again, works and leaves nothing behind.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from qwenlock.edge.history import History, State

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TypeAlias

    Inject: TypeAlias = Callable[["Driver", "Call", str], str]

TRACER = shutil.which("strace") or ""
pytestmark = pytest.mark.skipif(not TRACER, reason="strace is not installed")

KEY = "sk-planted-4f1d9c"
OLD = {
    ".env": "OTHER=1\n",
    "settings.json": """{
  "$version": 3,
  "security": {"auth": {"selectedType": "openai", "apiKey": "sk-planted-4f1d9c"}}, // mine
  "model": {"name": "gpt"},
  "modelProviders": {"openai": [{"id": "a", "envKey": "A"}]}
}
""",
}
NEW = {
    ".env": f"OTHER=1\nOPENAI_API_KEY={KEY}\n",
    "settings.json": OLD["settings.json"]
    .replace(f', "apiKey": "{KEY}"', "")
    .replace('"A"}]', '"A"}, {"id": "gpt", "envKey": "OPENAI_API_KEY"}]'),
}
RANDOM = r"\d{8}T[\d.]+-[0-9a-f]{8}|[0-9a-f]{16,}"

ERRORS = {
    "fchmod": ("EPERM",),
    "fchown": ("EPERM", "EIO"),
    "mkdir": ("ENOSPC",),
    "openat": ("EACCES", "ENOSPC"),
    "rename": ("EACCES", "EBUSY", "ENOSPC"),
    "write": ("ENOSPC", "EIO"),
}
"""The likely errors of a system call; of those not named, EIO."""

LOOKS = {
    *("access", "close", "faccessat", "faccessat2", "fstat", "getdents64", "getxattr"),
    *("ioctl", "lseek", "newfstatat", "read", "readlink", "readlinkat"),
}
"""What changes no file: a kill before it leaves what a kill before the next other call leaves."""


@dataclass(frozen=True)
class Call:
    """A system call of the clean run: its place among those of its name, and the files it names."""

    name: str
    count: int
    files: tuple[str, ...]
    only_looks: bool

    def __str__(self) -> str:
        return f"{self.name}#{self.count} {' '.join(self.files)}"


@dataclass(frozen=True)
class Run:
    """One run of the command, in a directory of its own."""

    root: Path
    command: str
    exit_code: int
    words: str
    trace: str

    @property
    def files(self) -> dict[str, str]:
        return {name: (self.root / "home" / ".qwen" / name).read_text() for name in OLD}

    @property
    def expected(self) -> tuple[dict[str, str], dict[str, str]]:
        """The files before and after."""
        return (NEW, OLD) if self.command == "undo" else (OLD, NEW)

    @property
    def calls(self) -> list[Call]:
        """The calls that concern the change: all that name a file below the root."""
        counts: Counter[str] = Counter()
        calls = []
        for line in self._lines:
            name = line.partition("(")[0]
            counts[name] += 1
            if name != "getcwd" and (files := self._files(line)):
                only_looks = name in LOOKS or (name == "openat" and "O_CREAT" not in line)
                calls.append(Call(name, counts[name], files, only_looks))
        return calls

    def last_call(self, mark: str) -> tuple[str, tuple[str, ...]]:
        """Return the name and files of the last call whose line ends with `mark`."""
        line = next((line for line in reversed(self._lines) if line.endswith(mark)), "")
        return line.partition("(")[0], self._files(line)

    @property
    def _lines(self) -> list[str]:
        return [re.sub(r"^\d+ +", "", line) for line in self.trace.splitlines()]

    def _files(self, line: str) -> tuple[str, ...]:
        arguments = re.sub(r"AT_FDCWD<[^>]*>", "", line.partition(" = ")[0])
        below = re.findall(rf'{re.escape(str(self.root))}/([^">]+)', arguments)
        return tuple(re.sub(RANDOM, "*", path) for path in below)


class Driver:
    """Runs a command under strace, each time over fresh files."""

    def __init__(self, directory: Path, command: str) -> None:
        self.directory = directory
        self.command = command
        empty = directory / "bin"
        empty.mkdir()
        self.environment = {
            "PATH": str(empty),  # no git, whose own calls would be counted too
            "PYTHONHASHSEED": "0",
            "PYTHONPYCACHEPREFIX": str(directory / "pycache"),
        }

    def clean_run(self) -> Run:
        """Run without a fault, the second time with every byte code file in place."""
        trace = ("-e", "trace=%file,%desc")
        self._run("warm-up", *trace)
        run = self._run("clean", *trace)
        assert run.exit_code == 0, run.words
        return run

    def inject(self, call: Call, fault: str, *options: str) -> Run:
        """Run with `fault` in place of `call`, or at it."""
        name = f"{call.name}-{call.count}-{fault}"
        injection = f"inject={call.name}:{fault}:when={call.count}"
        return self._run(name, *options, "-e", f"trace={call.name}", "-e", injection)

    def _run(self, name: str, *options: str) -> Run:
        root = self.directory / name
        prepare(root)
        if self.command == "undo":
            migrate(root)
        tracer = [TRACER, "-f", "-y", "-s0", f"-o{root / 'trace'}", *options]
        ran = run(root, self.command, self.environment, tracer)
        trace = (root / "trace").read_text()
        return Run(root, self.command, ran.returncode, ran.stderr, trace)


def prepare(root: Path) -> None:
    settings = root / "home" / ".qwen"
    settings.mkdir(parents=True)
    (root / "dotfiles").mkdir()
    (root / "project").mkdir()
    (settings / "settings.json").symlink_to(root / "dotfiles" / "settings.json")
    for file, content in OLD.items():
        path = settings / file
        path.write_text(content)
        path.chmod(0o600)


def run(
    root: Path, command: str, environment: dict[str, str], tracer: Sequence[str] = ()
) -> subprocess.CompletedProcess[str]:
    """Run a qwenlock command over the files below `root`."""
    arguments = {"migrate": ["migrate", "--yes"], "undo": ["undo"]}[command]
    return subprocess.run(
        [*tracer, Path(sys.executable).with_name("qwenlock"), *arguments],
        cwd=root / "project",
        env=environment | {"HOME": str(root / "home"), "XDG_STATE_HOME": str(root / "state")},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def migrate(root: Path) -> None:
    """Do what the command does, without a fault."""
    assert run(root, "migrate", {"PATH": "/nowhere"}).returncode == 0


def history(root: Path) -> History:
    return History(root / "state" / "qwenlock")


def leftovers(run: Run) -> list[Path]:
    return [path for path in run.root.rglob("*.qwenlock-*") if path.is_file()]


def outcome_of_failure(run: Run, call: Call) -> str:
    before, after = run.expected
    standing = [entry.state for entry in history(run.root).history()][:1]
    if run.exit_code == 0:
        assert run.files == after
        assert standing == [State.APPLIED]
        assert len(leftovers(run)) <= call.name.startswith("unlink")
        return "done in spite of it"
    assert run.exit_code in ({3, 4} if call.only_looks else {4}), run.words
    assert "error" in run.words
    assert KEY not in run.words
    assert run.files == before
    assert standing == ([State.APPLIED] if run.command == "undo" else [])
    assert leftovers(run) == []
    reason = next(line for line in run.words.splitlines() if line.startswith("error"))
    return f"exit {run.exit_code}: {reason.rpartition('/')[2]}"


def outcome_of_kill(run: Run) -> str:
    before, after = run.expected
    files = run.files
    assert all(files[name] in (before[name], after[name]) for name in files)
    assert any(KEY in content for content in files.values())
    for path in run.root.rglob("*"):
        if path.is_file() and KEY.encode() in path.read_bytes():
            assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    changed = sum(files[name] != before[name] for name in files)
    records = history(run.root)
    records.undo()
    assert run.files == OLD
    assert records.undo() is None
    migrate(run.root)
    assert run.files == NEW
    assert [path for path in leftovers(run) if path.parent.name != "backups"] == []
    return f"{changed} of 2 files new"


def fail(driver: Driver, call: Call, error: str) -> str:
    run = driver.inject(call, f"error={error}", "--seccomp-bpf")
    assert run.last_call("(INJECTED)") == (call.name, call.files), "not injected"
    return outcome_of_failure(run, call)


def kill(driver: Driver, call: Call, signal: str) -> str:
    run = driver.inject(call, f"signal={signal}")  # which --seccomp-bpf would let pass
    assert run.trace.endswith("+++ killed by SIGKILL +++\n"), "not injected"
    assert run.last_call(" = ?") == (call.name, call.files), "not injected"
    return outcome_of_kill(run)


def check(driver: Driver, faults: list[tuple[Call, str]], inject: Inject) -> None:
    """Inject each fault into a run of its own, print the table, and look for what is broken."""

    def row(fault: tuple[Call, str]) -> str:
        try:
            outcome = inject(driver, *fault)
        except AssertionError as error:
            outcome = f"BROKEN: {error}"
        return f"{fault[0]} x {fault[1]}: {outcome}"

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        table = list(pool.map(row, faults))
    sys.stdout.write("\n".join([*table, f"{len(table)} faults", ""]))
    assert [line for line in table if "BROKEN" in line] == []


@pytest.mark.parametrize("command", ["migrate", "undo"])
def test_every_call_that_fails(tmp_path: Path, command: str) -> None:
    driver = Driver(tmp_path, command)
    calls = driver.clean_run().calls
    looks = {(call.name, call.files): call for call in calls if call.only_looks}
    calls = [call for call in calls if not call.only_looks]
    if command == "migrate":  # an undo looks where a migration looks; once for each file will do
        calls += looks.values()
    assert {call.name for call in calls} >= {"fsync", "openat", "write"}
    check(
        driver, [(call, error) for call in calls for error in ERRORS.get(call.name, ["EIO"])], fail
    )


@pytest.mark.parametrize("command", ["migrate", "undo"])
def test_a_kill_before_every_call(tmp_path: Path, command: str) -> None:
    driver = Driver(tmp_path, command)
    calls = [call for call in driver.clean_run().calls if not call.only_looks]
    assert {call.name for call in calls} >= {"fsync", "openat", "write"}
    check(driver, [(call, "KILL") for call in calls], kill)
