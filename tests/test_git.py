"""git starts no program that a repository's files or configuration name."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from qwenlock.edge import git
from support import MODEL, World, models, write

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.skipif(
    os.name == "nt" or not shutil.which("git"), reason="needs git and a shell"
)

COMMANDS = {
    "check": ["check", "--recursive"],
    "lint": ["lint"],
    "lint --fix": ["lint", "--fix", "--yes"],
    "lock": ["lock"],
    "migrate": ["migrate", "--env-secrets", "--yes"],
    "migrate --dry-run": ["migrate", "--dry-run"],
    "init": ["init", "--ci", "github", "--pre-commit", "--yes"],
    "report": ["report", "--markdown", "-"],
    "resolve": ["resolve"],
    "upgrade": ["upgrade", "--region", "china", "--yes"],
    "select": ["select", "gpt-4o", "--yes"],
}
"""Every command that reads a project, and so may ask git about it."""


class Repository:
    """A repository that would start a program, which leaves a file behind."""

    def __init__(self, root: Path, elsewhere: Path) -> None:
        self.root = root
        self.started = elsewhere / "started"
        self.program = root / "program"
        write(self.program, f"#!/bin/sh\ntouch {self.started}\n")
        self.program.chmod(0o755)
        self.git("init", "-q")

    def git(self, *arguments: str) -> str:
        identity = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
        done = subprocess.run(
            ["git", "-C", str(self.root), *identity, *arguments],
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    def configure(self, **values: str) -> None:
        for name, value in values.items():
            self.git("config", name.replace("__", "."), value)

    def lose_a_tree(self) -> None:
        """Commit, make the index sparse, and delete a tree that is needed to expand it."""
        (self.root / "inner" / "deep").mkdir(parents=True)
        write(self.root / "inner" / "deep" / "file", "x")
        write(self.root / ".gitignore", "*.log\n")
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "all")
        tree = self.git("rev-parse", "HEAD:inner").strip()
        self.git("sparse-checkout", "init", "--cone", "--sparse-index")
        self.git("sparse-checkout", "set", ".qwen")
        (self.root / ".git" / "objects" / tree[:2] / tree[2:]).unlink()
        self.configure(
            core__repositoryFormatVersion="1",
            extensions__partialClone="origin",
            remote__origin__promisor="true",
        )


def by_a_promisor(url: str, **values: str) -> Callable[[Repository], None]:
    def prepare(repository: Repository) -> None:
        repository.lose_a_tree()
        words = {"program": str(repository.program)}
        repository.configure(remote__origin__url=url.format(**words))
        repository.configure(**{name: value.format(**words) for name, value in values.items()})

    return prepare


def by_a_hook(repository: Repository) -> None:
    for name in ("post-index-change", "fsmonitor-watchman", "pre-auto-gc", "post-checkout"):
        hook = repository.root / ".git" / "hooks" / name
        hook.parent.mkdir(exist_ok=True)
        shutil.copy(repository.program, hook)


def by_a_filter(repository: Repository) -> None:
    write(repository.root / ".gitattributes", "* filter=x diff=x\n")
    repository.git("add", "-A")
    program = str(repository.program)
    repository.configure(filter__x__clean=program, filter__x__smudge=program)
    repository.configure(filter__x__process=program, diff__x__textconv=program)
    write(repository.root / "program.txt", "new")


def by_configuration(**values: str) -> Callable[[Repository], None]:
    def prepare(repository: Repository) -> None:
        words = {"program": str(repository.program)}
        repository.configure(**{name: value.format(**words) for name, value in values.items()})

    return prepare


WAYS: dict[str, Callable[[Repository], None]] = {
    "a promisor, ext": by_a_promisor("ext::{program}", protocol__ext__allow="always"),
    "a promisor, any protocol": by_a_promisor("ext::{program}", protocol__allow="always"),
    "a promisor, ssh": by_a_promisor("ssh://host/x", core__sshCommand="{program}"),
    "a promisor, a path": by_a_promisor("/tmp", remote__origin__uploadpack="{program}"),  # noqa: S108
    "a promisor, https": by_a_promisor(
        "https://u@localhost:1/x", core__askPass="{program}", credential__helper="!{program}"
    ),
    "a promisor, git": by_a_promisor("git://localhost:1/x", core__gitProxy="{program}"),
    "a promisor, a helper": by_a_promisor("x::y", remote__origin__vcs="x"),
    "a monitor": by_configuration(core__fsmonitor="{program}", core__fsmonitorHookVersion="2"),
    "git's own monitor": by_configuration(core__fsmonitor="true"),
    "a hook": by_a_hook,
    "hooks elsewhere": lambda repository: (
        by_a_hook(repository),
        repository.configure(core__hooksPath=str(repository.root / ".git" / "hooks")),
    )[1],
    "a filter": by_a_filter,
    "a pager": by_configuration(core__pager="{program}", pager__lsFiles="{program}"),
    "an alias": by_configuration(**{
        "alias__ls-files": "!{program}", "alias__check-ignore": "!{program}"
    }),
    "an editor": by_configuration(core__editor="{program}", sequence__editor="{program}"),
    "a signature": by_configuration(gpg__program="{program}", log__showSignature="true"),
}  # fmt: skip
"""Each way in which a repository can name a program that git starts."""


QUICK = ("a promisor, ext", "a monitor", "a hook")


@pytest.mark.parametrize(
    "way", [way if way in QUICK else pytest.param(way, marks=pytest.mark.slow) for way in WAYS]
)
def test_no_command_starts_what_a_repository_names(world: World, way: str) -> None:
    settings = models(MODEL) | {"$version": 4, "env": {"OPENAI_API_KEY": "sk-hunter2hunter2"}}
    write(world.own, settings)
    repository = Repository(world.project, world.root)
    WAYS[way](repository)
    for command in COMMANDS.values():
        write(world.own, settings)
        world.run(*command)
        assert not repository.started.exists(), command
    socket = world.project / ".git" / "fsmonitor--daemon.ipc"
    assert not socket.exists()


@pytest.mark.parametrize("way", ["a promisor, ext", "a monitor"])
def test_git_alone_starts_what_a_repository_names(world: World, way: str) -> None:
    """This shows that the traps of the other test work."""
    write(world.own, models(MODEL))
    repository = Repository(world.project, world.root)
    WAYS[way](repository)
    for command in (["check-ignore", "inner/x"], ["ls-files", "--error-unmatch", "inner/x"]):
        subprocess.run(
            ["git", "-C", str(world.project), *command], capture_output=True, check=False
        )
    assert repository.started.exists()


@pytest.mark.parametrize("folder", ["", ".", "bin"])
def test_git_is_not_a_file_of_the_repository(
    world: World, monkeypatch: pytest.MonkeyPatch, folder: str
) -> None:
    repository = Repository(world.project, world.root)
    for place in (world.project, world.project / "bin"):
        place.mkdir(exist_ok=True)
        shutil.copy(repository.program, place / "git")
    monkeypatch.setenv("PATH", os.pathsep.join([folder, os.environ["PATH"]]))
    assert git.ask(world.project / "file") is not None
    assert not repository.started.exists()


def test_git_tells_what_is_tracked_and_what_is_ignored(world: World) -> None:
    repository = Repository(world.project, world.root)
    write(world.project / ".gitignore", "ignored\n")
    repository.git("add", "program")
    for name, tracked, ignored in (
        ("program", True, False),
        ("ignored", False, True),
        ("other", False, False),
    ):
        answer = git.ask(world.project / name)
        assert answer is not None
        assert (answer.tracked, answer.ignored) == (tracked, ignored)
