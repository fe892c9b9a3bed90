"""The installed command, with a failure or a kill at every system call for the user's files.

For every command that writes, a clean run under strace lists the calls; each fault is then injected
in a separate run. A symbolic link leads to the settings. Asserted for every run:

- A call that fails: exit 4 (2 or 3 if it reads) with a message and every file unchanged, or exit
  0 and the whole change.
- Ctrl-C at a call: the whole change or nothing, and the next run works.
- A kill before a call: each file is old or new, the key is in at least one of them, no file that
  holds it can be read by others, and undoing, then writing again, works and leaves nothing behind.

A run of the tests takes an even sample of the faults; `--all-faults` takes all, and
`pytest -m slow tests/test_faults.py --update-faults` writes the tables of the page
docs/explanation/writing.md.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from qwenlock.edge.history import History
from qwenlock.edge.history_records import RecordState
from support import dump, locked, source, undo

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import TypeAlias

    Inject: TypeAlias = Callable[["Driver", "Call", str], str]
    Found: TypeAlias = Counter[tuple[str, str, str, str]]
    """How often a command, a system call and a fault had an outcome."""

TRACER = shutil.which("strace") or ""
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not TRACER, reason="strace is not installed"),
]

PAGE = Path(__file__).parents[1] / "docs" / "explanation" / "writing.md"
BEGIN, END = "<!-- faults -->\n", "<!-- end -->\n"

REFUSED = "an error, all files unchanged"
DONE = "succeeds anyway"
LATER = "changes made, a later step fails"
OLD, MIXED, NEW = "all files unchanged", "some files new, each complete", "all files new"
"""What happens after a fault; a change with only some files new can be undone and repeated."""

KEY = "sk-planted-4f1d9c"
SETTINGS, ENV, LOCK = "home/.qwen/settings.json", "home/.qwen/.env", "project/qwen.lock"
EXAMPLE, OURS = "project/env.example", "project/ours.json"
OLD_KEY = """{
  "$version": 3,
  "security": {"auth": {"selectedType": "openai", "apiKey": "sk-planted-4f1d9c"}}, // mine
  "model": {"name": "gpt"},
  "modelProviders": {"openai": [{"id": "a", "envKey": "A"}]}
}
"""
TWO_MODELS = """{
  "$version": 3,
  "modelProviders": {"openai": [{"id": "a", "envKey": "A"}, {"id": "b", "envKey": "A"}]},
  "security": {"auth": {"selectedType": "openai"}},
  "model": {"name": "a"}, // mine
  "env": {"A": "sk-planted-4f1d9c"}
}
"""


@dataclass(frozen=True)
class Scenario:
    """A command that writes, with its files.

    Attributes:
        arguments: the command.
        old: the files before.
        gains: the text that it adds to each file; None if it removes the file.
        first: commands that are run before.
        aged: whether backups of those commands are made a year old.
        whole: whether all files change or none; otherwise each file changes or not.
        last: the new file that is written in a separate step after all others.
        looks: whether faults are also injected into calls that only read.
        calls: system calls that the clean run must contain.
    """

    arguments: tuple[str, ...]
    old: Mapping[str, str]
    gains: Mapping[str, str]
    first: Sequence[tuple[str, ...]] = ()
    aged: bool = False
    whole: bool = True
    last: str = ""
    looks: bool = True
    calls: frozenset[str] = frozenset({"fsync", "openat", "write", "rename"})


MIGRATE = Scenario(
    ("migrate", "--yes"),
    {SETTINGS: OLD_KEY, ENV: "OTHER=1\n"},
    {
        SETTINGS: '[{"id": "a", "envKey": "A"}, {"id": "gpt", "envKey": "OPENAI_API_KEY"',
        ENV: f"OTHER=1\nOPENAI_API_KEY={KEY}\n",
    },
)
SCENARIOS = {
    "migrate": MIGRATE,
    "undo": Scenario(  # it reads the same files as a migration
        ("undo", "--yes"), MIGRATE.old, {SETTINGS: "apiKey"}, first=[MIGRATE.arguments], looks=False
    ),
    "migrate --env-secrets": Scenario(
        ("migrate", "--env-secrets", "--yes"), {SETTINGS: TWO_MODELS}, {ENV: f"A={KEY}\n"}
    ),
    "upgrade": Scenario(
        ("upgrade", "--region", "china", "--yes"),
        {SETTINGS: TWO_MODELS},
        {SETTINGS: "BAILIAN_CODING_PLAN_API_KEY"},
    ),
    "uninstall": Scenario(
        ("uninstall", "--plan", "deepseek", "--remove-key", "--yes"),
        {
            SETTINGS: '{"modelProviders": {"openai": [{"id": "b", "name": "[DeepSeek] b", '
            '"envKey": "DEEPSEEK_API_KEY"}, {"id": "a", "envKey": "A"}]}}',
            ENV: f"DEEPSEEK_API_KEY={KEY}\nOTHER={KEY}\n",
        },
        {SETTINGS: '[{"id": "a", "envKey": "A"}]'},
    ),
    "select": Scenario(("select", "b", "--yes"), {SETTINGS: TWO_MODELS}, {SETTINGS: '"name": "b"'}),
    "lint --fix": Scenario(
        ("lint", "--fix", "--unsafe-fixes", "--yes"),
        {SETTINGS: TWO_MODELS.replace('"envKey": "A"}]', '"envkey": "A"}]')},
        {SETTINGS: '{"id": "b", "envKey": "A"}'},
    ),
    "init": Scenario(
        ("init", "--from-env", "--ci", "github", "--pre-commit", "--yes"),
        {"project/.env": f"OPENAI_API_KEY={KEY}\n"},
        {"project/.qwen/settings.json": "OPENAI_API_KEY", LOCK: "[[models]]"},
        last=LOCK,
    ),
    "lock": Scenario(
        ("lock",), {SETTINGS: TWO_MODELS, LOCK: "# Generated by qwenlock.\n"}, {LOCK: "[[models]]"}
    ),
    "export --output": Scenario(
        ("export", "--format", "env", "--output", "env.example"),
        {SETTINGS: TWO_MODELS, LOCK: dump(locked(source(TWO_MODELS))), EXAMPLE: "OLD=\n"},
        {EXAMPLE: "\nA=\n"},
    ),
    "merge": Scenario(
        ("merge", "--", "base.json", "ours.json", "theirs.json"),
        {
            SETTINGS: TWO_MODELS,
            "project/base.json": '{"modelProviders": {"openai": [{"id": "a"}]}}',
            OURS: f'{{"modelProviders": {{"openai": [{{"id": "b"}}, {{"id": "a"}}]}}}} // {KEY}',
            "project/theirs.json": '{"modelProviders": {"openai": [{"id": "a"}, {"id": "c"}]}}',
        },
        {OURS: '{"id": "c"}'},
        whole=False,
        calls=frozenset({"fsync", "openat", "write", "renameat2"}),
    ),
    "history --prune": Scenario(
        ("history", "--prune"),
        {SETTINGS: TWO_MODELS},
        {},
        first=[("select", "b", "--yes"), ("select", "a", "--yes")],
        aged=True,
        whole=False,
        calls=frozenset({"unlink"}),
    ),
}
RANDOM = r"\d{6}-(?!2020)\d{8}T[\d.]+-[0-9a-f]{8}|[0-9a-f]{16,}(?:\.\d+)?"
"""The random part of the name of a file; backups from 2020 are those made older."""

ERRORS = {
    "fchmod": ("EPERM",),
    "fchown": ("EPERM", "EIO"),
    "mkdir": ("ENOSPC",),
    "openat": ("EACCES", "ENOSPC"),
    "link": ("EACCES", "EPERM"),
    "rename": ("EACCES", "EBUSY", "ENOSPC"),
    "renameat2": ("EACCES", "EBUSY", "EINVAL", "ENOSPC", "ENOSYS"),
    "write": ("ENOSPC", "EIO"),
}
"""The likely errors of a system call; of those not named, EIO."""

LOOKS = {
    *("access", "close", "faccessat", "faccessat2", "fstat", "getdents64", "getxattr"),
    *("ioctl", "lseek", "newfstatat", "read", "readlink", "readlinkat"),
}
"""Calls that change no file: a kill before one leaves the same as a kill before the next call."""


@dataclass(frozen=True)
class Call:
    """A system call of the clean run: its number among those of its name, and its files."""

    name: str
    count: int
    files: tuple[str, ...]
    only_looks: bool

    def __str__(self) -> str:
        return f"{self.name}#{self.count} {' '.join(self.files)}"


@dataclass(frozen=True)
class Run:
    """One run of the command, in its own directory."""

    root: Path
    exit_code: int
    words: str
    trace: str
    before: Mapping[str, str]

    @property
    def files(self) -> dict[str, str]:
        return files(self.root)

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
    """Run a command under strace, each time with fresh files."""

    def __init__(self, directory: Path, name: str, pycache: Path) -> None:
        self.directory = directory
        self.name = name
        self.scenario = SCENARIOS[name]
        empty = directory / "bin"
        empty.mkdir()
        self.environment = {
            "PATH": str(empty),  # without git, whose calls would be counted too
            "PYTHONHASHSEED": "0",
            "PYTHONPYCACHEPREFIX": str(pycache),
        }
        self.after: dict[str, str] = {}

    def clean_run(self) -> Run:
        """Run without a fault; the second run finds every bytecode file."""
        trace = ("-e", "trace=%file,%desc")
        self._run("warm-up", *trace)
        run = self._run("clean", *trace)
        assert run.exit_code == 0, run.words
        self.after = run.files
        for file, text in self.scenario.gains.items():
            assert text in self.after[file], file
            assert text not in run.before.get(file, ""), file
        assert self.after != run.before
        return run

    def inject(self, call: Call, fault: str, *options: str) -> Run:
        """Run with `fault` at `call`, or instead of it."""
        name = f"{call.name}-{call.count}-{fault}"
        injection = f"inject={call.name}:{fault}:when={call.count}"
        return self._run(name, *options, "-e", f"trace={call.name}", "-e", injection)

    def _run(self, name: str, *options: str) -> Run:
        root = self.directory / name
        prepare(root, self.scenario)
        before = files(root)
        tracer = [TRACER, "-f", "-y", "-s0", f"-o{root / 'trace'}", *options]
        ran = run(root, self.scenario.arguments, self.environment, tracer)
        return Run(root, ran.returncode, ran.stderr, (root / "trace").read_text(), before)


def prepare(root: Path, scenario: Scenario) -> None:
    settings = root / SETTINGS
    settings.parent.mkdir(parents=True)
    (root / "dotfiles").mkdir()
    (root / "project").mkdir()
    if SETTINGS in scenario.old:
        settings.symlink_to(root / "dotfiles" / "settings.json")
    for file, content in scenario.old.items():
        path = root / file
        path.write_text(content)
        path.chmod(0o600)
    for arguments in scenario.first:
        done(root, arguments)
    if scenario.aged:
        for number, path in enumerate(sorted(backups(root).iterdir())):
            name = f"00000{number}-20200101T000000.00000{number}-00000000.json"
            path.rename(path.with_name(name))


def run(
    root: Path,
    arguments: Sequence[str],
    environment: Mapping[str, str],
    tracer: Sequence[str] = (),
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*tracer, Path(sys.executable).with_name("qwenlock"), *arguments],
        cwd=root / "project",
        env={**environment, "HOME": str(root / "home"), "XDG_STATE_HOME": str(root / "state")},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def done(root: Path, arguments: Sequence[str]) -> None:
    """Run the command without a fault."""
    ran = run(root, arguments, {"PATH": "/nowhere"})
    assert ran.returncode == 0, ran.stderr


def files(root: Path) -> dict[str, str]:
    """Return the user's files, and the backups that were made older."""
    return {
        str(path.relative_to(root)): path.read_text()
        for folder in (root / "home" / ".qwen", root / "project", backups(root))
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not is_leftover(path) and not re.search(RANDOM, path.name)
    }


def backups(root: Path) -> Path:
    return root / "state" / "qwenlock" / "backups"


def history(root: Path) -> History:
    return History(root / "state" / "qwenlock")


def is_leftover(path: Path) -> bool:
    return ".qwenlock-" in path.name


def leftovers(run: Run) -> list[Path]:
    return [path for path in run.root.rglob("*.qwenlock-*") if path.is_file()]


def standing(root: Path) -> list[RecordState]:
    return [entry.state for entry in history(root).history()][:1]


def outcome_of_failure(driver: Driver, run: Run, call: Call) -> str:
    scenario = driver.scenario
    recorded = scenario.whole and "not be able to restore the old lock" not in run.words
    if run.exit_code == 0:
        assert run.files == driver.after
        assert standing(run.root) == [RecordState.APPLIED] * recorded
        assert len(leftovers(run)) <= call.name.startswith("unlink")
        return DONE
    assert run.exit_code in ({2, 3, 4} if call.only_looks else {4}), run.words
    assert "error" in run.words
    assert KEY not in run.words
    assert leftovers(run) == []
    if "wrote" in run.words:  # the failure comes later
        assert scenario.last or call.only_looks
        assert run.files == {
            name: text for name, text in driver.after.items() if name != scenario.last
        }
        return LATER
    if scenario.whole:
        assert run.files == run.before
        assert standing(run.root) == [RecordState.APPLIED] * len(scenario.first)
    else:
        each_old_or_new(driver, run)
    return REFUSED


def outcome_of_kill(driver: Driver, run: Run) -> str:
    scenario = driver.scenario
    outcome = each_old_or_new(driver, run)
    assert any(KEY in text for text in run.files.values())
    for path in run.root.rglob("*"):
        if path.is_file() and KEY.encode() in path.read_bytes():
            assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    again = [scenario.arguments]
    if scenario.whole:
        records = history(run.root)
        undo(records)
        undone = files(run.root)
        undone.pop(scenario.last, None)
        assert undone == scenario.old
        assert undo(records) is None
        again = [*scenario.first, scenario.arguments]
    for path in (run.root / "project").glob("*.qwenlock-*"):
        os.utime(path, (0, 0))  # so old that no other process can be writing it
    for arguments in again:
        done(run.root, arguments)
    assert run.files == driver.after
    assert [path for path in leftovers(run) if path.parent.name != "backups"] == []
    return outcome


def outcome_of_interrupt(driver: Driver, run: Run) -> str:
    """Assert that Ctrl-C leaves all or nothing, and does not disturb the next run."""
    scenario = driver.scenario
    assert run.exit_code in (0, 130), run.words
    assert "Traceback" not in run.words
    assert KEY not in run.words
    outcome = each_old_or_new(driver, run)
    assert any(KEY in text for text in run.files.values())
    if outcome == MIXED and scenario.whole:
        assert scenario.last
        assert run.files == {k: v for k, v in driver.after.items() if k != scenario.last}
    assert len(leftovers(run)) <= 1, "at most the one that was about to be deleted"
    if outcome == OLD and scenario.whole:
        for path in (run.root / "project").glob("qwen.lock.qwenlock-*"):
            os.utime(path, (0, 0))
        done(run.root, scenario.arguments)
        assert run.files == driver.after
    return outcome


def each_old_or_new(driver: Driver, run: Run) -> str:
    """Assert that each file is old or new, and return how many are old and new."""
    names = {*run.before, *driver.after, *run.files}
    now = {name: run.files.get(name) for name in names}
    assert all(now[name] in (run.before.get(name), driver.after.get(name)) for name in names)
    if now == {name: run.before.get(name) for name in names}:
        return OLD
    return NEW if now == {name: driver.after.get(name) for name in names} else MIXED


def fail(driver: Driver, call: Call, error: str) -> str:
    run = driver.inject(call, f"error={error}", "--seccomp-bpf")
    assert run.last_call("(INJECTED)") == (call.name, call.files), "not injected"
    return outcome_of_failure(driver, run, call)


def kill(driver: Driver, call: Call, signal: str) -> str:
    run = driver.inject(call, f"signal={signal}")  # which --seccomp-bpf would not stop
    assert run.trace.endswith("+++ killed by SIGKILL +++\n"), "not injected"
    assert run.last_call(" = ?") == (call.name, call.files), "not injected"
    return outcome_of_kill(driver, run)


def interrupt(driver: Driver, call: Call, signal: str) -> str:
    run = driver.inject(call, f"signal={signal}")
    assert "--- SIGINT" in run.trace, "not injected"
    return outcome_of_interrupt(driver, run)


def check(driver: Driver, faults: list[tuple[Call, str]], inject: Inject, found: Found) -> None:
    """Inject each fault into a separate run, count the outcomes, and look for broken promises."""

    def outcome(fault: tuple[Call, str]) -> str:
        try:
            return inject(driver, *fault)
        except AssertionError as error:
            return f"BROKEN: {error}"

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        outcomes = list(pool.map(outcome, faults))
    for (call, fault), each in zip(faults, outcomes, strict=True):
        found[driver.name, call.name, fault, each] += 1
    table = [f"{call} x {fault}" for call, fault in faults]
    broken = [each for each in zip(table, outcomes, strict=True) if "BROKEN" in each[1]]
    assert broken == []


@pytest.fixture(params=SCENARIOS)
def driver(
    request: pytest.FixtureRequest, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> Driver:
    pycache = tmp_path_factory.getbasetemp() / "pycache"
    return Driver(tmp_path, request.param, pycache)


@pytest.fixture
def stride(request: pytest.FixtureRequest) -> int:
    """Return the step with which faults are sampled: 1 injects all of them."""
    every = ("--all-faults", "--update-faults")
    return 1 if any(map(request.config.getoption, every)) else 20


@pytest.fixture(scope="module")
def found(request: pytest.FixtureRequest) -> Iterator[Found]:
    """Give a counter of outcomes, and write the counts to a file if one is named."""
    counted: Found = Counter()
    yield counted
    if request.config.getoption("--update-faults"):
        assert {each[0] for each in counted} == set(SCENARIOS), "run all of them, with -n 0"
        assert not [each for each in counted if "BROKEN" in each[3]]
        page = PAGE.read_text(encoding="utf-8")
        head, _, rest = page.partition(BEGIN)
        PAGE.write_text(head + BEGIN + tables(counted) + END + rest.partition(END)[2], "utf-8")


def tables(found: Found) -> str:
    """Return the counts as Markdown: of failing calls and of kills, each by call and by command."""

    def table(
        first: str, key: int, outcomes: Sequence[str], faults: Sequence[str] | None = None
    ) -> str:
        chosen = {
            each: count
            for each, count in found.items()
            if each[3] in outcomes and (faults is None or each[2] in faults)
        }
        rows = [f"| {first} | {' | '.join(outcomes)} |", "| --- |" + " --- |" * len(outcomes)]
        for name in dict.fromkeys(sorted(name_of(each, key) for each in chosen)):
            counts = [
                sum(chosen[each] for each in chosen if (name_of(each, key), each[3]) == (name, out))
                for out in outcomes
            ]
            rows.append(f"| {name} | {' | '.join(str(count or '') for count in counts)} |")
        total = [sum(chosen[each] for each in chosen if each[3] == out) for out in outcomes]
        return "\n".join([*rows, f"| **all** | {' | '.join(map(str, total))} |", ""])

    def name_of(each: tuple[str, str, str, str], key: int) -> str:
        fault = f" fails, {each[2]}" if key == 1 and each[2] not in ("KILL", "INT") else ""
        return f"`{each[key]}`{fault}"

    failed, killed = (REFUSED, DONE, LATER), (OLD, MIXED, NEW)
    day = time.strftime("%Y-%m-%d")
    return "\n".join(
        [
            f"Tried on {day}: {found.total():,} faults. None of them broke anything.\n",
            table("a call", 1, failed),
            table("a call fails in", 0, failed),
            table("killed before", 1, killed, ["KILL"]),
            table("killed in", 0, killed, ["KILL"]),
            table("interrupted at", 1, killed, ["INT"]),
            table("interrupted in", 0, killed, ["INT"]),
        ]
    )


def test_a_failure_of_any_call_loses_nothing(driver: Driver, stride: int, found: Found) -> None:
    calls = driver.clean_run().calls
    looks = {(call.name, call.files): call for call in calls if call.only_looks}
    calls = [call for call in calls if not call.only_looks]
    if driver.scenario.looks:  # once for each file will do
        calls += looks.values()
    assert {call.name for call in calls} >= driver.scenario.calls
    faults = [(call, error) for call in calls for error in ERRORS.get(call.name, ["EIO"])]
    check(driver, faults[::stride], fail, found)


def test_a_kill_before_any_call_loses_nothing(driver: Driver, stride: int, found: Found) -> None:
    calls = [call for call in driver.clean_run().calls if not call.only_looks]
    assert {call.name for call in calls} >= driver.scenario.calls
    check(driver, [(call, "KILL") for call in calls][::stride], kill, found)


def test_an_interrupt_at_any_call_loses_nothing(driver: Driver, stride: int, found: Found) -> None:
    calls = [call for call in driver.clean_run().calls if not call.only_looks]
    check(driver, [(call, "INT") for call in calls][::stride], interrupt, found)
