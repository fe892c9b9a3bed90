"""A team's month in one repository, with real git: the gate notices every mistake."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from conformance.clients import installed
from conformance.run import QWENLOCK, Client, Machine
from conformance.server import ANSWER, Server
from qwenlock import __version__
from support import MODEL, World, models, serving, write
from test_enforced import enter
from test_workspace import git

pytestmark = pytest.mark.slow

NAMES = [f"apps/p{number:02}" for number in range(6)]
OTHER = {**MODEL, "id": "gpt-4o-mini"}
TEAM = 'client = "0.24.4"\nuser = false\nprojects = ["apps/*"]\n'


def settings(*entries: dict[str, Any]) -> str:
    return json.dumps({"$version": 4, **models(*entries), "model": {"name": "gpt-4o"}}, indent=2)


class Team:
    """A repository with six projects, and the actions of its people."""

    def __init__(self, world: World, patch: pytest.MonkeyPatch) -> None:
        self.world, self.patch, self.root = world, patch, world.project
        git(self.root, "init", "-q", "-b", "main")
        for name in NAMES:
            write(_made(self.file(name)), settings(MODEL))
        write(self.root / "qwenlock.toml", TEAM)
        attributes = (
            "qwen.lock text eol=lf -merge\n**/.qwen/settings.json merge=qwenlock-settings\n"
        )
        write(self.root / ".gitattributes", attributes)
        self.use_driver(self.root)

    def use_driver(self, clone: Path) -> None:
        driver = f"'{sys.executable}' -m qwenlock merge -- %O %A %B %P"
        git(clone, "config", "merge.qwenlock-settings.driver", driver)

    def file(self, name: str) -> Path:
        return self.root / name / ".qwen" / "settings.json"

    def commit(self, words: str) -> None:
        git(self.root, "add", "--all")
        git(self.root, "commit", "-q", "-m", words)

    def gate(self) -> int:
        return self.world.run("check", "--recursive").exit_code

    def lock(self) -> None:
        assert self.world.run("lock").exit_code == 0

    def git(self, *arguments: str) -> str:
        return git(self.root, *arguments)


def _made(file: Path) -> Path:
    file.parent.mkdir(parents=True)
    return file


@pytest.fixture
def team(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Team:
    return Team(World(tmp_path, monkeypatch, capsys.readouterr), monkeypatch)


def test_a_month(team: Team, tmp_path: Path) -> None:
    _adopt(team)
    _branches(team)
    _upgrade(team)
    _move(team)
    _clones(team, tmp_path)
    _people(team)


def test_people_with_three_clients_get_the_locked_model(team: Team, tmp_path: Path) -> None:
    with serving(Server()) as server:
        entry = {**MODEL, "baseUrl": f"{server.url}/v1"}
        write(team.file(NAMES[0]), settings(entry, {**entry, "id": "gpt-4o-mini"}))
        team.lock()
        team.commit("Lock")
        mine = {**entry, "id": "mine", "envKey": "MY_KEY"}
        theirs: dict[str, dict[str, Any]] = {
            "0.12.0": {},
            "0.15.10": models(mine),
            "0.24.4": {**models(mine), "fastModel": "mine", "env": {"OPENAI_MODEL": "mine"}},
        }

        commands = {release: installed(release) for release in theirs}

        def start(release: str) -> None:
            machine = Machine(tmp_path / release, team.root / NAMES[0])
            machine.write("user", {"$version": 4, **theirs[release]})
            done = machine.qwenlock(
                Client(release, commands[release]),
                *("run", "--", "qwen", "-p", "hi"),
                variables={"OPENAI_API_KEY": f"of-{release}", "MY_KEY": "x"},
            )
            assert (done.returncode, ANSWER in done.stdout) == (0, True), done

        with ThreadPoolExecutor(2) as pool:
            list(pool.map(start, theirs))
    sent = {(each.headers["authorization"], each.body["model"]) for each in server.requests}
    assert sent == {(f"Bearer of-{release}", "gpt-4o") for release in theirs}
    assert team.git("status", "--short") == ""
    assert team.gate() == 0


def _adopt(team: Team) -> None:
    assert team.gate() == 1
    team.lock()
    assert not (team.root / "qwen.lock").exists()
    assert team.gate() == 0
    team.commit("Lock")


def _branches(team: Team) -> None:
    """Two people add a model to one project; only a lock of the merged settings passes."""
    name = NAMES[0]
    for branch, added in (("one", OTHER), ("two", {**MODEL, "id": "gpt-4.1"})):
        team.git("switch", "-q", "-c", branch, "main")
        write(team.file(name), settings(MODEL, added))
        team.lock()
        team.commit(f"Add {added['id']}")
    team.git("switch", "-q", "main")
    team.git("merge", "-q", "--no-ff", "-m", "Merge one", "one")
    with pytest.raises(AssertionError, match=r"qwen\.lock"):
        team.git("merge", "-q", "--no-ff", "-m", "Merge two", "two")
    assert "<<<<<<<" not in team.file(name).read_text()
    assert team.gate() == 1  # the lock of one side does not fit the merge
    team.lock()
    assert team.gate() == 0
    team.commit("Merge two")
    locked = (team.root / name / "qwen.lock").read_text()
    assert all(f'id = "{each}"' in locked for each in ("gpt-4o", "gpt-4o-mini", "gpt-4.1"))

    team.git("switch", "-q", "-c", "three", "HEAD~1")
    write(team.file(name), settings(MODEL, OTHER, {**MODEL, "id": "o3"}))
    team.lock()
    team.commit("Add o3")
    with pytest.raises(AssertionError, match="Could not apply"):
        team.git("rebase", "-q", "main")
    assert team.gate() == 1
    team.lock()
    team.git("add", "--all")
    team.git("-c", "core.editor=true", "rebase", "--continue")
    assert team.gate() == 0
    team.git("switch", "-q", "main")
    team.git("merge", "-q", "--ff-only", "three")

    _by_the_hook_of_the_page(team)


def _by_the_hook_of_the_page(team: Team) -> None:
    """A driver takes one of two locks; then the hook locks every project again."""
    page = Path(__file__).parents[1] / "docs" / "how-to" / "merge.md"
    code = page.read_text("utf-8").partition('title=".git/hooks/pre-merge-commit"\n')[2]
    hook = write(team.root / ".git" / "hooks" / "pre-merge-commit", code.partition("```")[0])
    hook.chmod(0o755)
    team.patch.setenv("PATH", os.pathsep.join([str(QWENLOCK.parent), os.environ["PATH"]]))
    attributes = team.root / ".gitattributes"
    write(attributes, attributes.read_text().replace("-merge", "merge=qwenlock"))
    team.git("config", "merge.qwenlock.driver", "true")
    team.commit("Merge locks by a driver")
    for branch, added in (("four", OTHER), ("five", {**MODEL, "id": "o4"})):
        team.git("switch", "-q", "-c", branch, "main")
        for name in NAMES[4:]:
            write(team.file(name), settings(MODEL, added))
        team.lock()
        team.commit(f"Add {added['id']}")
    with pytest.raises(AssertionError, match="git commit --no-edit"):
        team.git("merge", "-q", "--no-edit", "four")
    team.git("commit", "-q", "--no-edit")
    assert team.git("status", "--short") == ""
    assert team.gate() == 0
    team.git("switch", "-q", "main")
    team.git("merge", "-q", "--ff-only", "five")


def _upgrade(team: Team) -> None:
    """One pull request upgrades a plan everywhere; it is rolled back."""
    install = ("upgrade", "--plan", "coding-plan", "--region", "china", "--scope", "project")
    for name in NAMES:
        old = team.world.run(*install, name, "--to", "0.12.0", "--keep-selection", "--yes")
        assert old.exit_code == 0, old
    team.lock()
    team.commit("Install the plan")
    assert team.world.run("upgrade", "--check").exit_code == 1
    team.git("switch", "-q", "-c", "upgrade")
    done = team.world.run("upgrade", "--keep-selection", "--yes", "--lock")
    assert done.exit_code == 0, done
    assert team.gate() == 0
    team.commit("Upgrade")
    page = team.world.run("diff", "main...", "--recursive", "--format", "markdown")
    assert page.exit_code == 1
    assert f"### {len(NAMES)} projects" in page.out
    assert team.world.run("upgrade", "--check").exit_code == 0
    team.git("switch", "-q", "main")
    team.git("merge", "-q", "--no-ff", "-m", "Merge the upgrade", "upgrade")
    team.git("revert", "--no-edit", "-m", "1", "HEAD")
    assert team.gate() == 0
    assert team.world.run("diff", "HEAD~2", "--recursive").exit_code == 0


def _move(team: Team) -> None:
    """A project moves; another loses all files but its settings, and the gate notices it."""
    team.git("mv", NAMES[1], "apps/moved")
    assert team.gate() == 0
    team.git("rm", "-q", f"{NAMES[2]}/qwen.lock")
    missing = team.world.run("check", "--recursive")
    assert missing.exit_code == 1
    assert f"run `qwenlock lock {NAMES[2]}`" in missing.err
    assert team.world.run("lock", "--changed").exit_code == 1  # like the hook
    assert team.gate() == 0
    team.commit("Move")


def _clones(team: Team, tmp_path: Path) -> None:
    """CI has a shallow clone, a sparse one, and a repository with this one as a submodule."""
    shallow, sparse, outer = (tmp_path / name for name in ("shallow", "sparse", "outer"))
    git(tmp_path, "clone", "-q", "--depth", "1", f"file://{team.root}", str(shallow))
    team.patch.chdir(shallow)
    assert team.gate() == 0
    unknown = team.world.run("diff", "HEAD~3", "--recursive")
    assert (unknown.exit_code, "in a shallow clone, fetch it first" in unknown.err) == (2, True)
    git(tmp_path, "clone", "-q", "--sparse", f"file://{team.root}", str(sparse))
    git(sparse, "sparse-checkout", "set", "--no-cone", "/qwenlock.toml", "qwen.lock")
    team.patch.chdir(sparse)
    assert "absent: the settings of apps/moved/qwen.lock" in team.world.run("check").err
    git(tmp_path, "init", "-q", str(outer))
    git(outer, "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(team.root), "sub")
    team.patch.chdir(outer)
    assert team.gate() == 0
    team.patch.chdir(team.root)


def _people(team: Team) -> None:
    """A new developer comes; somebody has an older qwenlock; a client commits during a run."""
    lacking = team.world.run("check", "--env")
    assert lacking.exit_code == 1
    assert lacking.err.count("OPENAI_API_KEY is not set") == 1
    variables = re.findall(
        r"^(\w+)=$", team.world.run("export", "--format", "env").out, re.MULTILINE
    )
    assert variables == ["BAILIAN_CODING_PLAN_API_KEY", "OPENAI_API_KEY"]
    for name in variables:
        team.patch.setenv(name, "hunter")
    assert team.world.run("check", "--env").exit_code == 0
    write(team.root / "qwenlock.toml", f'{TEAM}required-version = ">{__version__}"\n')
    assert team.world.run("check").exit_code == 2
    write(team.root / "qwenlock.toml", TEAM)
    before = {name: (team.root / name / "qwen.lock").read_bytes() for name in NAMES[2:]}
    enter(team.world, team.patch, NAMES[0])
    assert team.gate() == 0
    team.lock()
    assert {name: (team.root / name / "qwen.lock").read_bytes() for name in NAMES[2:]} == before
    shutil.rmtree(team.root / NAMES[3])
    assert team.gate() == 0
