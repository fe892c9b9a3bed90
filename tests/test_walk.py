"""Many projects at once: which are found; each is checked as if it were alone."""

from __future__ import annotations

import inspect
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from qwenlock.edge import git
from qwenlock.edge.configuration import Nearest
from qwenlock.edge.walk import projects_below
from qwenlock.findings.errors import InputError
from qwenlock.text.globs import pattern
from support import MODEL, models, write

if TYPE_CHECKING:
    from pathlib import Path


def put(root: Path, *names: str) -> None:
    for name in names:
        (root / name).mkdir(parents=True, exist_ok=True)
        (root / name / "qwen.lock").touch()


def found(root: Path) -> list[str]:
    return [each.relative_to(root).as_posix() for each in projects_below(root)]


def test_projects_are_found_in_the_order_of_their_names(tmp_path: Path) -> None:
    put(tmp_path, "b", "a/c", "a")
    assert found(tmp_path) == ["a", "a/c", "b"]


def test_folders_that_cannot_matter_are_not_searched(tmp_path: Path) -> None:
    put(tmp_path, "node_modules/x", "a/.git/y", "a/.venv/z", "own")
    assert found(tmp_path) == ["own"]


def test_folders_that_git_ignores_are_not_searched(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    put(tmp_path, "out/x", "own", "pkg/built", "pkg/own", "new\nline/x")
    write(tmp_path / ".gitignore", "/out\nnew*\n")
    write(tmp_path / "pkg" / ".gitignore", "built/\n")
    assert found(tmp_path) == ["own", "pkg/own"]
    assert found(tmp_path / "pkg") == ["own"]


def test_neither_a_link_to_itself_nor_depth_hides_a_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qwenlock.edge.walk.ignored_below", lambda _: frozenset())
    for name in ("a", "loop", "z"):
        (tmp_path / name).symlink_to(name) if name == "loop" else put(tmp_path, name)
    deep = "/".join(["d"] * 300)
    put(tmp_path, deep)
    usual = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack()) + 150)
    try:
        assert found(tmp_path) == ["a", deep, "z"]
    finally:
        sys.setrecursionlimit(usual)


def test_walk_needs_no_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    put(tmp_path, "own")
    assert found(tmp_path) == ["own"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such files")
def test_fifo_as_gitignore_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(git, "_PATIENCE_FOR_ALL", 0.5)
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    put(tmp_path, "own")
    os.mkfifo(tmp_path / ".gitignore")
    with pytest.raises(InputError, match="git took over"):
        found(tmp_path)


def test_environment_configures_git_and_names_no_other_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    put(tmp_path, "own", "junk")
    write(tmp_path / "ignored", "junk\n")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    for name, value in (("COUNT", "1"), ("KEY_0", "core.excludesFile")):
        monkeypatch.setenv(f"GIT_CONFIG_{name}", value)
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", str(tmp_path / "ignored"))
    assert found(tmp_path) == ["own"]


def settle(root: Path, *names: str, text: str = '{"modelProviders": {}}') -> None:
    for name in names:
        (root / name / ".qwen").mkdir(parents=True, exist_ok=True)
        write(root / name / ".qwen" / "settings.json", text)


def test_settings_with_models_make_a_project(tmp_path: Path) -> None:
    put(tmp_path, "locked")
    settle(tmp_path, "models", "locked")
    settle(tmp_path, "plain", text='{"ui": {}}')
    settle(tmp_path, "commented", text='{"ui": {}} // "modelProviders": {}')
    settle(tmp_path, "broken", text='{"modelProviders": ')
    assert found(tmp_path) == ["broken", "locked", "models"]
    every = projects_below(tmp_path, every=True)
    assert [each.name for each in every] == ["broken", "commented", "locked", "models", "plain"]


def test_settings_that_git_ignores_make_no_project(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    settle(tmp_path, "a", "b", "c")
    write(tmp_path / ".gitignore", "/a/.qwen/settings.json\n/b/.qwen\n")
    assert found(tmp_path) == ["c"]


def test_anything_called_a_lock_makes_a_project(tmp_path: Path) -> None:
    (tmp_path / "folder" / "qwen.lock").mkdir(parents=True)
    put(tmp_path, "own")
    (tmp_path / "linked").mkdir()
    (tmp_path / "linked" / "qwen.lock").symlink_to(tmp_path / "own" / "qwen.lock")
    assert found(tmp_path) == ["folder", "linked", "own"]


def test_a_project_behind_a_link_that_leads_out_is_found(tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    settle(inside, "own")
    settle(tmp_path, "outside")
    (inside / "twice").symlink_to(inside / "own")
    (inside / "out").symlink_to(tmp_path / "outside")
    (inside / "nothing").symlink_to(tmp_path)
    assert found(inside) == ["out", "own"]


def test_configuration_lists_projects_and_excludes_directories(tmp_path: Path) -> None:
    settle(tmp_path, "apps/a", "apps/fork", "libs/x/deep", "other", text="{}")
    settle(tmp_path, "vendor/y")
    put(tmp_path, "apps/fork/z")
    write(
        tmp_path / "qwenlock.toml",
        'projects = ["apps/*", "libs/**", "gone", "."]\nexclude = ["apps/fork", "vendor"]\n',
    )
    assert found(tmp_path) == ["apps/a", "libs/x/deep", "gone", "."]
    assert [each.name for each in projects_below(tmp_path / "apps")] == ["a"]
    everything = projects_below(tmp_path, Nearest(()))
    assert [each.name for each in everything] == ["z", "y"]


@pytest.mark.parametrize(
    ("glob", "matching", "others"),
    [
        ("apps/*", ["apps/a"], ["apps", "apps/a/b", "my/apps/a"]),
        ("apps/**", ["apps", "apps/a", "apps/a/b"], ["app"]),
        ("**/a", ["a", "x/a", "x/y/a"], ["x/ab"]),
        ("./a?/", ["ab"], ["a", "abc", "ab/c"]),
        (".", [""], ["a"]),
        ("a.b", ["a.b"], ["axb"]),
    ],
)
def test_globs(glob: str, matching: list[str], others: list[str]) -> None:
    expression = pattern([glob])
    for path, wanted in [(each, True) for each in matching] + [(each, False) for each in others]:
        whole = f"{path}/" if path else ""
        assert (expression.fullmatch(whole) is not None) == wanted, path


def test_an_empty_list_of_globs_matches_nothing() -> None:
    assert pattern([]).fullmatch("") is None


def check(root: Path, *arguments: str) -> tuple[int, dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, "-m", "qwenlock", "check", *arguments, "--format", "json"],
        cwd=root,
        env={"HOME": str(root / "home"), "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, json.loads(done.stdout)


@pytest.mark.slow
@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="needs two processors")
def test_many_projects_are_judged_as_each_alone(tmp_path: Path) -> None:
    settings = models(MODEL)
    for number in range(130):
        folder = tmp_path / f"p{number:03}"
        (folder / ".qwen").mkdir(parents=True, exist_ok=True)
        write(folder / ".qwen" / "settings.json", settings)
        (folder / "qwen.lock").touch()
    first, broken, drifted = (tmp_path / f"p{number:03}" for number in (0, 70, 129))
    lock = [sys.executable, "-m", "qwenlock", "lock"]
    environment = {"HOME": str(tmp_path / "home"), "PATH": os.environ["PATH"]}
    subprocess.run(lock, cwd=first, env=environment, check=True, capture_output=True)
    for number in range(1, 130):
        write(tmp_path / f"p{number:03}" / "qwen.lock", (first / "qwen.lock").read_bytes())
    write(broken / ".qwen" / "settings.json", '{"a": }')
    write(drifted / ".qwen" / "settings.json", models({**MODEL, "id": "other"}))

    cold = check(tmp_path, "--recursive")
    assert cold == check(tmp_path, "--recursive")
    code, document = cold
    assert code == 3
    assert [each["project"] for each in document["projects"]] == [
        f"p{number:03}" for number in range(130)
    ]
    for each in (first, broken, drifted):
        (alone,) = check(tmp_path, each.name)[1]["projects"]
        assert alone in document["projects"]
    status = {each["project"]: each["status"] for each in document["projects"]}
    assert [status[each.name] for each in (first, broken, drifted)] == ["ok", "invalid", "drift"]
