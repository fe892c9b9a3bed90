"""Whole invocations are remembered, and the remembered output equals a new one."""

from __future__ import annotations

import io
import json
import os
import random
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from qwenlock.edge import remembered
from qwenlock.edge.checkouts import MARKS
from qwenlock.edge.remembered import Memory
from qwenlock.edge.watch import Watch
from support import MODEL, models, write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

pytestmark = [
    pytest.mark.slow,  # every command is a process
    pytest.mark.skipif(os.name != "posix", reason="only POSIX remembers"),
]

STARTER = """
import io, json, os, sys
import filelock, jinja2.sandbox, packaging.version, pydantic, rich.table, rich.tree, tomli_w, typer

for line in sys.stdin:
    directory, variables, arguments, paths = json.loads(line)
    pid = os.fork()
    if not pid:
        os.chdir(directory)
        os.environ.clear()
        os.environ.update(variables)
        files = [os.open(os.devnull, os.O_RDONLY), *(os.open(each, os.O_RDWR) for each in paths)]
        for number, file in enumerate(files):
            os.dup2(file, number)
        sys.stdout = sys.__stdout__ = io.TextIOWrapper(open(1, "wb"), "utf-8")
        sys.stderr = sys.__stderr__ = io.TextIOWrapper(open(2, "wb"), "utf-8", "backslashreplace")
        sys.argv = ["qwenlock", *arguments]
        end = os._exit

        def ended(code):
            sys.stdout.flush(), sys.stderr.flush()
            os.write(3, b"afresh" if "qwenlock.cli.start" in sys.modules else b"remembered")
            end(code)

        os._exit = ended
        from qwenlock.__main__ import main

        main()
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
"""
"""Start command lines with all modules but qwenlock loaded, and note answers from memory."""


class Starter:
    """A process that forks quickly into a process of qwenlock for each command."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", STARTER], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def start(
        self, directory: Path, variables: Mapping[str, str], arguments: Sequence[str], folder: Path
    ) -> tuple[Said, bytes]:
        """Run a command line; return its output, and whether it came from memory."""
        files = [folder / name for name in ("out", "err", "how")]
        for each in files:
            each.write_bytes(b"")
        asked = [str(directory), dict(variables), arguments, [str(each) for each in files]]
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(asked).encode() + b"\n")
        self._process.stdin.flush()
        code = int(self._process.stdout.readline())
        out, err, how = (each.read_bytes() for each in files)
        return Said(code, out, err), how

    def stop(self) -> None:
        self._process.communicate()


@pytest.fixture(scope="module")
def starter() -> Iterator[Starter]:
    made = Starter()
    yield made
    made.stop()


class Said(NamedTuple):
    """The output and the exit code of a process."""

    code: int
    out: bytes
    err: bytes


class World:
    """A home, a project and a monorepo around it; every command runs in a new process."""

    def __init__(self, root: Path, starter: Starter) -> None:
        self.root, self._starter = root, starter
        (root / "said").mkdir()
        self.home, self.project = root / "home", root / "repository" / "project"
        self.variables: dict[str, str] = {}
        for folder in (self.home, self.project):
            (folder / ".qwen").mkdir(parents=True)
        self.own = self.project / ".qwen" / "settings.json"
        self.user = self.home / ".qwen" / "settings.json"
        write(self.own, models(MODEL, MODEL | {"id": "b"}))
        assert self.afresh("lock").code == 0
        shutil.copy(self.project / "qwen.lock", self.project / "old.lock")

    def start(self, *arguments: str) -> tuple[Said, bool]:
        """Run a command, and tell whether it was answered from memory."""
        said, how = self._start(self.environment, arguments)
        return said, how == b"remembered"

    def afresh(self, *arguments: str) -> Said:
        """Run a command that remembers nothing."""
        another = {"XDG_CACHE_HOME": str(self.another_cache)}
        said, _ = self._start(self.environment | another, arguments)
        shutil.rmtree(self.another_cache, ignore_errors=True)
        return said

    def _start(self, variables: Mapping[str, str], arguments: Sequence[str]) -> tuple[Said, bytes]:
        return self._starter.start(self.project, variables, arguments, self.root / "said")

    def comparable(self, said: Said) -> Said:
        """Return output without the path of the cache, which `run -- env` shows."""
        here, there = (os.fsencode(each) for each in (self.home / ".cache", self.another_cache))
        lines = said.out.replace(b"XDG_CACHE_HOME=" + there + b"\n", b"").replace(there, here)
        return said._replace(out=b"\n".join(sorted(lines.splitlines())))

    @property
    def another_cache(self) -> Path:
        return self.root / "another cache"

    @property
    def environment(self) -> dict[str, str]:
        system = {"QWEN_CODE_SYSTEM_SETTINGS_PATH": str(self.root / "system.json")}
        return {"PATH": os.environ["PATH"], "HOME": str(self.home), **system, **self.variables}

    @property
    def memories(self) -> list[Path]:
        return [*(self.home / ".cache" / "qwenlock" / "remembered").iterdir()]


@pytest.fixture
def world(tmp_path: Path, starter: Starter) -> World:
    return World(tmp_path, starter)


UNDONE = 0.4
"""How often a change is undone together with the next one."""

COMMANDS: Mapping[str, Sequence[str]] = {
    "check": ("check",),
    "check --format json": ("check", "--format", "json"),
    "lint": ("lint",),
    "lint --env": ("lint", "--env"),
    "show": ("show",),
    "status": ("status",),
    "diff": ("diff", "old.lock", "qwen.lock"),
    "run": ("run", "--", "env"),
}


@pytest.mark.parametrize("command", COMMANDS)
def test_same_invocation_is_remembered(command: str, world: World) -> None:
    asked = COMMANDS[command]
    first, _ = world.start(*asked)
    second, _ = world.start(*asked)  # `run` writes the settings that enforce a lock only once
    third, is_remembered = world.start(*asked)
    assert first == second == third
    assert is_remembered or command == "run"  # which became another program
    if command == "run":
        assert len(world.memories) == 1


def set_to(name: str, value: str) -> Callable[[World], None]:
    def change(world: World) -> None:
        if world.variables.pop(name, None) is None:
            world.variables[name] = value

    return change


def toggle(place: str, text: str) -> Callable[[World], None]:
    """Write a file; if it exists, remove it, and restore it the next time."""

    def change(world: World) -> None:
        path, aside = world.root / place, world.root / place.replace("/", "-")
        if path.exists():
            path.rename(aside)
        elif aside.exists():
            aside.rename(path)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

    return change


def edit(place: str, old: str, new: str) -> Callable[[World], None]:
    """Replace a text in a file, or restore it."""

    def change(world: World) -> None:
        path = world.root / place
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        was, becomes = (old, new) if old in text else (new, old)
        if text:
            path.write_text(text.replace(was, becomes), encoding="utf-8")

    return change


def toggle_mode(world: World) -> None:
    if world.own.exists():
        world.own.chmod(0o644 if world.own.stat().st_mode & 0o777 == 0o600 else 0o600)


def toggle_link(world: World) -> None:
    aside = world.root / "aside.json"
    if world.own.is_symlink():
        world.own.unlink()
        aside.rename(world.own)
    elif world.own.exists():
        world.own.rename(aside)
        world.own.symlink_to(aside)


IN_PROJECT = "repository/project"
OTHER = json.dumps(models(MODEL | {"id": "other"}))
CHANGES: Mapping[str, Callable[[World], None]] = {
    "a model": edit(f"{IN_PROJECT}/.qwen/settings.json", '"id": "b"', '"id": "c"'),
    "an error": edit(f"{IN_PROJECT}/.qwen/settings.json", '"id"', '"ID"'),
    "the project's settings": toggle(f"{IN_PROJECT}/.qwen/settings.json", OTHER),
    "their mode": toggle_mode,
    "a link": toggle_link,
    "the user's settings": toggle("home/.qwen/settings.json", OTHER),
    "the system's settings": toggle("system.json", OTHER),
    "the lock": edit(f"{IN_PROJECT}/qwen.lock", "[selection]", "[selection] # mine"),
    "an old lock": edit(f"{IN_PROJECT}/old.lock", 'name = "b"', 'name = "c"'),
    "no lock": toggle(f"{IN_PROJECT}/qwen.lock", "# Generated by qwenlock\n"),
    "configuration": toggle(f"{IN_PROJECT}/qwenlock.toml", 'client = "0.12.0"\n'),
    "configuration above": toggle("repository/qwenlock.toml", "[lint]\nstrict = true\n"),
    "a pyproject.toml": toggle(f"{IN_PROJECT}/pyproject.toml", '[tool.qwenlock]\nmerge = "client"'),
    "a .env": toggle(f"{IN_PROJECT}/.env", "QWEN_API_KEY=made-up\n"),
    "the user's .env": toggle("home/.env", "OTHER=1\n"),
    "another .env": toggle(f"{IN_PROJECT}/.qwen/.env", "OPENAI_API_KEY=made-up\n"),
    "a captured template": toggle(
        "home/.local/share/qwenlock/captured/coding-plan/9.9.9.json.j2", "not a template"
    ),
    "a checkout": toggle("repository/.git", "gitdir: elsewhere\n"),
    "CI": set_to("CI", "1"),
    "QWEN_HOME": set_to("QWEN_HOME", "/nowhere"),
    "NO_COLOR": set_to("NO_COLOR", "1"),
    "COLUMNS": set_to("COLUMNS", "40"),
    "templates": set_to("QWENLOCK_TEMPLATES", "/nowhere"),
    "a key": set_to("OPENAI_API_KEY", "made-up"),
    "another variable": set_to("UNRELATED", "1"),
    "the time zone": set_to("TZ", "Asia/Shanghai"),
    "the language": set_to("LANG", "de_DE.UTF-8"),
}


def git(world: World, *arguments: str, at: str = "repository") -> str:
    line = ["git", "-C", str(world.root / at), *arguments]
    home = {"PATH": os.environ["PATH"], "HOME": str(world.home)}
    return subprocess.run(line, env=home, capture_output=True, check=True, text=True).stdout


def toggle_tracked(world: World, at: str = "repository") -> None:
    is_tracked = git(world, "ls-files", str(world.own), at=at)
    git(world, *(("rm", "--cached") if is_tracked else ("add",)), str(world.own), at=at)


def toggle_repository(place: str) -> Callable[[World], None]:
    """Make a repository, or remove its `.git` and restore it the next time."""

    def change(world: World) -> None:
        if (world.root / place / ".git").exists() or (world.root / f"{place}-.git").exists():
            toggle(f"{place}/.git", "")(world)
        else:
            git(world, "init", "-q", ".", at=place)
            toggle_tracked(world, place)

    return change


def toggle_git_link(world: World) -> None:
    path, aside = world.root / "repository" / ".git", world.root / "elsewhere"
    if path.is_symlink():
        path.unlink()
        aside.rename(path)
    else:
        path.rename(aside)
        path.symlink_to(aside)


def toggle_git(world: World) -> None:
    path = world.root / "bin" / "git"
    if not path.exists():
        path.parent.mkdir()
        path.symlink_to(shutil.which("git") or "")
    set_to("PATH", str(path.parent))(world)


def toggle_split(world: World) -> None:
    parts = [*(world.root / "repository" / ".git").glob("sharedindex.*")]
    git(world, "update-index", "--no-split-index" if parts else "--split-index")
    for each in parts:
        each.unlink()


def in_configuration(place: str, setting: str) -> Callable[[World], None]:
    """Add a setting to a file of git's configuration, or remove it."""

    def change(world: World) -> None:
        path = world.root / place
        path.parent.mkdir(parents=True, exist_ok=True)
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        with_it = text.replace(setting, "") if setting in text else text + setting
        path.write_text(with_it, encoding="utf-8")

    return change


SETTINGS = "repository/.git/config"
ELSEWHERE: Mapping[str, Callable[[World], None]] = {
    "an include": in_configuration(SETTINGS, "[Include]\npath = ../included\n"),
    "an include of the user": in_configuration("home/.gitconfig", "[includeIf ''] path = a\n"),
    "an extension": in_configuration(SETTINGS, "[extensions]\nworktreeConfig = true\n"),
    "another worktree": in_configuration(SETTINGS, "[core]\nworktree = /\n"),
    "a sparse checkout": in_configuration(SETTINGS, "[core]\nsparseCheckout = true\n"),
    "a monitor": in_configuration(SETTINGS, "[core]\nfsmonitor = true\n"),
    "a split index": toggle_split,
    "a common directory": toggle("repository/.git/commondir", "../other\n"),
    "no HEAD": toggle("repository/.git/HEAD", ""),
    "another HEAD": edit("repository/.git/HEAD", "ref:", "other:"),
    "a link to a repository": toggle_git_link,
    "a git elsewhere": toggle_git,
    "no refs": toggle("repository/.git/refs", ""),
    "a git that fails": in_configuration("home/.config/git/config", "[wrong\n"),
    "another configuration": set_to("GIT_CONFIG_GLOBAL", "/nowhere"),
    "a setting in a variable": set_to("GIT_CONFIG_COUNT", "0"),
    "a relative directory": set_to("XDG_CONFIG_HOME", "relative"),
}
"""With these, qwenlock cannot know what git's answer depends on."""

IN_GIT: Mapping[str, Callable[[World], None]] = {
    "a tracked file": toggle_tracked,
    "no index": toggle("repository/.git/index", ""),
    "no repository": toggle_repository("repository"),
    "a repository above": toggle_repository("."),
    "a repository below": toggle_repository(IN_PROJECT),
    "a syntax error": in_configuration(SETTINGS, "[wrong\n"),
    "a bare repository": in_configuration(SETTINGS, "[core]\nbare = true\n"),
    "another format": in_configuration(SETTINGS, "[core]\nrepositoryFormatVersion = 9\n"),
    "the user's configuration": in_configuration("home/.gitconfig", "[wrong\n"),
    "another home of configurations": set_to("XDG_CONFIG_HOME", "/nowhere"),
    "no objects": toggle("repository/.git/objects", ""),
    "no git": set_to("PATH", "/nowhere"),
    "another variable": set_to("UNRELATED", "1"),
}


def walk(world: World, command: str, changes: Sequence[str]) -> int:
    """Make each change in a random order, and undo some; compare the output after each.

    Returns: how often the answer came from memory.
    """
    chosen = random.Random(command)  # noqa: S311
    asked = COMMANDS[command]
    made: list[str] = []
    known = 0
    for name in chosen.sample(changes, len(changes)):
        back = chosen.choice(made) if made and chosen.random() < UNDONE else ""
        if made[-1:] == ["no lock"]:  # without it, most outputs would be equal
            back = "no lock"
        for each in filter(None, (name, back)):
            CHANGES[each](world)
        made.append(name)
        said, is_remembered = world.start(*asked)
        assert world.comparable(said) == world.comparable(world.afresh(*asked)), (made, back)
        if not is_remembered:
            again, is_remembered = world.start(*asked)
            assert again == said
        known += is_remembered
    return known


@pytest.mark.parametrize("command", COMMANDS)
def test_each_change_is_seen(command: str, world: World) -> None:
    assert walk(world, command, [*CHANGES]) >= (0 if command == "run" else 2)


def keep_a_key_in_git(world: World) -> None:
    """Write settings with a key, for a repository that the test makes."""
    if sys.platform != "linux":
        pytest.skip("git differs between machines")
    key = {"env": {"QWEN_API_KEY": "sk-planted-4f1d9c"}}
    write(world.own, models(MODEL, MODEL | {"id": "b"}) | key)


@pytest.fixture
def repository(world: World) -> World:
    """Return a world with a key in settings that git tracks."""
    keep_a_key_in_git(world)
    toggle_repository("repository")(world)
    return world


@pytest.fixture
def worktree(world: World) -> World:
    """Return a world like `repository`, which is a worktree of another repository."""
    keep_a_key_in_git(world)
    git(world, "init", "-q", "main", at=".")
    person = ("-c", "user.name=a", "-c", "user.email=a@b.c")
    git(world, *person, "commit", "-q", "--allow-empty", "-m", "empty", at="main")
    git(world, "worktree", "add", "-q", "../other", at="main")
    (world.root / "other" / ".git").rename(world.root / "repository" / ".git")
    (world.root / "other").rmdir()
    git(world, "worktree", "repair", "../repository", at="main")
    toggle_tracked(world)
    return world


@pytest.mark.parametrize("kind", ["repository", "worktree"])
@pytest.mark.parametrize("command", ["check", "lint", "status"])
def test_what_git_says_is_remembered(
    command: str, kind: str, request: pytest.FixtureRequest
) -> None:
    repository: World = request.getfixturevalue(kind)
    tracked, again = (repository.start(command) for _ in range(2))
    toggle_tracked(repository)
    untracked, still = (repository.start(command) for _ in range(2))
    assert tracked[0] != untracked[0]
    assert (again, still) == ((tracked[0], True), (untracked[0], True))
    assert not untracked[1]


def test_each_change_of_a_repository_is_seen(repository: World) -> None:
    root = repository.root
    repository.variables["XDG_CACHE_HOME"] = str(root.parent / f"{root.name}.cache")
    toggle_repository(".")(repository)  # which git takes if the other one is broken
    said, _ = repository.start("lint")
    for name, change in {**IN_GIT, **ELSEWHERE}.items():
        change(repository)
        changed, _ = repository.start("lint")
        if name in IN_GIT:
            assert changed == repository.afresh("lint"), name
        else:
            assert repository.start("lint") == (changed, False), name
        change(repository)
        assert repository.start("lint")[0] == said, name
    assert repository.start("lint") == (said, True)


IN_WORKTREE: Mapping[str, Callable[[World], None]] = {
    "a tracked file": toggle_tracked,
    "no index": toggle("main/.git/worktrees/other/index", ""),
    "another index": toggle("repository/.git", "gitdir: ../main/.git\n"),
    "no repository": toggle("repository/.git", "not a repository"),
    "another common directory": edit(
        "main/.git/worktrees/other/commondir", "../..", "../elsewhere"
    ),
    "a syntax error": in_configuration("main/.git/config", "[wrong\n"),
    "an extension": in_configuration("main/.git/config", "[extensions]\nworktreeConfig = true\n"),
    "an include": in_configuration("main/.git/config", "[include]\npath = ../included\n"),
    "another HEAD": edit("main/.git/worktrees/other/HEAD", "ref:", "other:"),
    "no objects": toggle("main/.git/objects", ""),
    "no worktrees": toggle("main/.git/worktrees", ""),
    "another variable": set_to("UNRELATED", "1"),
}


def test_each_change_of_a_worktree_is_seen(worktree: World) -> None:
    root = worktree.root
    worktree.variables["XDG_CACHE_HOME"] = str(root.parent / f"{root.name}.cache")
    said = worktree.start("lint")[0]
    assert worktree.start("lint") == (said, True)
    for name, change in IN_WORKTREE.items():
        change(worktree)
        assert worktree.start("lint")[0] == worktree.afresh("lint"), name
        if name in {"an extension", "an include"}:  # it is unknown what these lead to
            assert not worktree.start("lint")[1], name
        change(worktree)
        assert worktree.start("lint")[0] == said, name
    assert worktree.start("lint") == (said, True)


def traced(world: World, command: str) -> tuple[str, set[str]]:
    """Return the system calls of a command, and the names that its memory notes."""
    for _ in range(2):
        world.start(*COMMANDS[command])
    for memory in world.memories:
        memory.unlink()
    trace = world.root.parent / f"{world.root.name}.trace"
    tracing = ["strace", "-f", "-e", "trace=%file", "-o", str(trace)]
    line = [*tracing, sys.executable, "-P", "-m", "qwenlock", *COMMANDS[command]]
    subprocess.run(line, cwd=world.project, env=world.environment, check=False)
    [memory] = world.memories
    noted = {line.split(" ", 2)[2] for line in Memory.read(memory.read_bytes()[65:]).depends}
    return trace.read_text("utf-8"), noted


def files_in(trace: str, directory: Path) -> set[str]:
    """Return the files of a directory that system calls name."""
    asked = re.findall(r'^\d+ +(?!getcwd)\w+\((?:AT_FDCWD, )?"([^"]+)"', trace, re.MULTILINE)
    return {os.path.normpath(directory / path) for path in asked}


@pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed")
@pytest.mark.parametrize("command", COMMANDS)
def test_every_file_that_the_system_is_asked_for_is_noted(command: str, world: World) -> None:
    (world.project / ".env").write_text("A=1\n", encoding="utf-8")
    trace, noted = traced(world, command)
    cache = world.home / ".cache"
    of_memory = {str(each / mark) for each in cache.parents for mark in (*MARKS, "")}
    asked = files_in(trace.partition('execve("/usr')[0], world.project)
    ours = {each for each in asked if Path(each).is_relative_to(world.root)}
    ours -= {each for each in ours if Path(each).is_relative_to(cache)} | of_memory
    assert ours > {str(world.project / "qwen.lock")}
    assert ours - noted - {str(world.home)} == set()


@pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed")
@pytest.mark.parametrize("kind", ["repository", "worktree"])
def test_every_file_that_git_asks_for_is_noted(kind: str, request: pytest.FixtureRequest) -> None:
    repository: World = request.getfixturevalue(kind)
    trace, noted = traced(repository, "lint")
    [pid] = re.findall(r'^(\d+) +execve\("[^"]+/git".* = 0$', trace, re.MULTILINE)
    lines = "\n".join(line for line in trace.splitlines() if line.startswith(f"{pid} "))
    asked = files_in(lines.partition('/git"')[2], repository.root / "repository")
    ours = {each for each in asked if each.startswith((str(repository.root), "/etc/git"))}
    assert any(each.endswith("/index") for each in ours)
    assert ours - noted == set()


def test_arguments_of_the_command_are_judged_at_every_run(world: World) -> None:
    for _ in range(3):
        assert world.start("run", "--", "true")[0].err.count(b"overrides") == 0
    assert b"--model overrides the lock" in world.start("run", "--", "true", "--model=x")[0].err
    said, _ = world.start("run", "--strict", "--", "true", "-m", "x")
    assert said.code == 2
    assert world.start("run", "--", "false")[0].code == 1
    assert world.start("run", "--", "absent-program")[0].code == 2


def test_run_starts_no_program_of_the_directory(world: World) -> None:
    elsewhere = world.root / "bin"
    elsewhere.mkdir()
    for folder, word in ((world.project, "repository"), (elsewhere, "mine")):
        (folder / "tool").write_text(f"#!/bin/sh\necho {word}\n", encoding="utf-8")
        (folder / "tool").chmod(0o755)
    world.variables["PATH"] = f".:{elsewhere}:{os.environ['PATH']}"
    said = [world.start("run", "--", "tool") for _ in range(3)]
    assert {each.out for each, _ in said} == {b"mine\n"}
    (elsewhere / "tool").unlink()
    assert b"cannot be started" in world.start("run", "--", "tool")[0].err


def test_run_does_not_use_settings_that_were_changed(world: World) -> None:
    for _ in range(3):
        world.start("run", "--", "true")
    for path in (world.home / ".cache" / "qwenlock" / "enforced").iterdir():
        path.write_text("{}", encoding="utf-8")
    shown, _ = world.start("run", "--", "sh", "-c", 'cat "$QWEN_CODE_SYSTEM_SETTINGS_PATH"')
    assert b"modelProviders" in shown.out


def test_settings_in_use_are_marked_so_that_no_other_run_deletes_them(world: World) -> None:
    for _ in range(3):
        world.start("run", "--", "true")
    [path] = (world.home / ".cache" / "qwenlock" / "enforced").glob("*.json")
    os.utime(path, (1, 1))
    world.start("run", "--", "true")
    assert path.stat().st_mtime > 1


def test_command_that_writes_is_not_remembered(world: World) -> None:
    write(world.own, {"modelProviders": {"openai": [MODEL, MODEL]}})
    for _ in range(2):
        said, is_remembered = world.start("lint", "--fix", "--yes")
        assert not is_remembered
    assert said == world.afresh("lint", "--fix", "--yes")


def test_command_that_fails_is_not_remembered(world: World) -> None:
    for _ in range(3):
        said, is_remembered = world.start("check", "--no-such-option")
        assert not is_remembered
    assert said.code == 2


def test_output_that_nobody_reads(world: World) -> None:
    for _ in range(2):
        world.start("show")
    with open("/dev/full", "wb") as full:  # noqa: PTH123
        done = subprocess.run(
            [sys.executable, "-m", "qwenlock", "show"],
            cwd=world.project,
            env=world.environment,
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert done.returncode != 0
    assert b"Traceback" not in done.stderr


def known(world: World) -> bool:
    return world.start("check")[1]


@pytest.fixture
def remembering(world: World) -> World:
    world.start("check")  # makes the directory of the cache
    world.start("check")
    assert known(world)
    return world


def test_memory_that_others_could_have_written_is_not_believed(remembering: World) -> None:
    [memory] = remembering.memories
    memory.chmod(0o644)
    assert not known(remembering)
    memory.chmod(0o600)
    memory.parent.chmod(0o777)
    assert not known(remembering)


def test_memory_that_was_changed_is_not_believed(remembering: World) -> None:
    [memory] = remembering.memories
    content = memory.read_bytes()
    for changed in (b"", content[:-1], content.replace(b"ok", b"no"), b"\n", content + b"1\n1"):
        memory.write_bytes(changed)
        assert not known(remembering)


def test_memory_of_another_question_is_not_believed(remembering: World) -> None:
    [memory] = remembering.memories
    said, _ = remembering.start("check", "--format", "json")
    [other] = set(remembering.memories) - {memory}
    shutil.copy(memory, other)
    again, is_remembered = remembering.start("check", "--format", "json")
    assert again == said
    assert not is_remembered


@pytest.mark.parametrize("mark", [".git", ".hg", ".jj", ".sl", ".svn", ".bzr"])
def test_memory_in_a_checkout_is_not_believed(remembering: World, mark: str) -> None:
    (remembering.home / ".cache" / mark).mkdir()
    assert not known(remembering)


def test_key_is_not_in_a_memory(world: World) -> None:
    world.variables["QWEN_API_KEY"] = "sk-planted-4f1d9c"
    (world.project / ".env").write_text("OPENAI_API_KEY=sk-planted-4f1d9c\n", encoding="utf-8")
    for asked in COMMANDS.values():
        world.start(*asked)
        world.start(*asked)
    assert len(world.memories) == len(COMMANDS)
    for memory in world.memories:
        assert b"planted" not in memory.read_bytes()


def test_another_home_is_seen(world: World) -> None:
    shutil.copy(world.own, world.user)
    shutil.copytree(world.home, world.root / "other")
    world.home = world.home.rename(world.root / "one")
    link = world.root / "home"
    link.symlink_to("one")
    cache = {"XDG_CACHE_HOME": str(world.root / "cache")}
    world.variables |= {"HOME": str(link), **cache}
    world.project = world.home
    said = [world.start("show") for _ in range(3)]  # the first makes the directory of the cache
    assert said[2] == (said[0][0], True)
    link.unlink()
    link.symlink_to("other")
    assert world.start("show")[0] == world.afresh("show") != said[0][0]


def test_what_a_link_in_a_directory_leads_to_is_seen(tmp_path: Path) -> None:
    (tmp_path / "listed").mkdir()
    (tmp_path / "listed" / "loop").symlink_to("loop")
    (tmp_path / "listed" / "link").symlink_to(tmp_path / "target")
    states = [remembered.state("listing", str(tmp_path / "listed"))]
    for make in (Path.mkdir, Path.rmdir, Path.touch):
        make(tmp_path / "target")
        states.append(remembered.state("listing", str(tmp_path / "listed")))
    absent, directory, again, file = states
    assert absent == again
    assert len({absent, directory, file}) == 3


@pytest.mark.parametrize("umask", [0, 0o022, 0o777])
def test_any_umask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, umask: int) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    (tmp_path / "qwenlock" / remembered.ANSWERS).mkdir(parents=True, mode=0o700)
    before = os.umask(umask)
    remembered.keep("question", Memory([], 0, []))
    found = remembered.recall("question")
    os.umask(before)
    assert found or umask == 0o777  # which lets nobody read the memory


def test_another_release_another_encoding_and_other_arguments_are_other_questions(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = {remembered.question(["check"]), remembered.question(["check", "."])}
    with monkeypatch.context() as patched:
        patched.setattr("qwenlock.__version__", "0.0.1")
        asked.add(remembered.question(["check"]))
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), "latin-1"))
    asked.add(remembered.question(["check"]))
    assert len(asked - {None}) == 4


def test_files_beside_its_own_folders_are_noted() -> None:
    watch = Watch("question")
    for folder in (*watch._own, *watch._libraries):
        watch.note("content", f"{folder}inside")
        watch.note("content", f"{folder.rstrip('/')}-beside")
    noted = [name for _, name in watch._states]
    assert noted == [f"{each.rstrip('/')}-beside" for each in (*watch._own, *watch._libraries)]


def test_nothing_is_watched_after_giving_up(tmp_path: Path) -> None:
    """Each question would take twice the time, even with thousands of projects."""
    script = (
        "import os\n"
        "from qwenlock.edge.watch import watched\n"
        "before = os.stat, os.lstat, os.access, os.readlink, type(os.environ)\n"
        "with watched(['check']) as watch:\n"
        "    os.stat('.')\n"
        "    assert watch._states and os.stat is not before[0]\n"
        "    os.mkdir('made')\n"
        "    assert (os.stat, os.lstat, os.access, os.readlink, type(os.environ)) == before\n"
        "    count = len(watch._states)\n"
        "    os.stat('made'), open(os.devnull), os.listdir(), os.environ.get('ANY')\n"
        "    assert len(watch._states) == count\n"
        "    watch.finish(0)\n"
        "os._exit(7)\n"
    )
    variables = {"HOME": str(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, check=False, cwd=tmp_path, env=variables)
    assert done.returncode == 7
    assert not list(tmp_path.rglob("remembered/*"))


def test_large_memory_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    for size in (remembered.LARGEST, remembered.LARGEST // 2):
        remembered.keep("question", Memory([], 0, [(1, b"x" * size)]))
        assert bool(remembered.recall("question")) is (size < remembered.LARGEST)


def test_memories_do_not_grow_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(remembered, "MOST_KEPT", 4)
    for number in range(9):
        remembered.keep(f"question {number}", Memory([], 0, []))
        os.utime(remembered._file(f"question {number}", remembered.ANSWERS), (number, number))
    kept = [number for number in range(9) if remembered.recall(f"question {number}")]
    assert len(kept) <= 4
    assert kept[-1] == 8


@pytest.mark.parametrize("code", [0, 3, None])
def test_memory_is_read_as_it_was_written(code: int | None) -> None:
    memory = Memory(["var absent A B"], code, [(1, b"a\n1\n"), (2, b"")], ("A=b c",), ("--model",))
    again = Memory.read(memory.as_bytes())
    assert vars(again) == vars(memory)


@pytest.mark.parametrize("text", [b"", b"x", b"3\nab", b"1\n1", b"1\na" * 4, b"0\n0\n0\n0\n1\n1"])
def test_bytes_that_are_not_memory(text: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  (whichever it is)
        Memory.read(text)


def test_unknown_state_never_equals_another(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    large = tmp_path / "large"
    large.touch()
    os.truncate(large, remembered.MOST + 1)
    assert remembered.state("content", str(large)) == remembered.UNKNOWN
    assert not remembered.is_same(f"content {remembered.UNKNOWN} {large}")
    assert remembered.state("content", str(fifo))  # without waiting for a writer
