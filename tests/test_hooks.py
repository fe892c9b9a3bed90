"""The hooks for pre-commit, which runs them: installed from here as for a user."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from support import MODEL, models, write

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).resolve().parent.parent
UNREACHABLE = re.compile("No matching distribution|Could not find a version|Connection|Resolution")
MANIFEST = ROOT / ".pre-commit-hooks.yaml"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a repository whose settings have changed since it was locked."""
    folder = tmp_path / "project"
    (folder / ".qwen").mkdir(parents=True)
    settings = {**models(MODEL), "model": {"name": "gpt-4o"}}
    write(folder / ".qwen" / "settings.json", settings)
    write(folder / "qwenlock.toml", "user = false\n")
    for command in (["git", "init", "-q"], [sys.executable, "-m", "qwenlock", "lock"]):
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
    settings["modelProviders"]["openai"].append({**MODEL, "id": "gpt-4o-mini"})
    write(folder / ".qwen" / "settings.json", settings)
    subprocess.run(["git", "add", "."], cwd=folder, check=True)
    return folder


def environment(tmp_path: Path) -> Mapping[str, str]:
    """Return the environment without git's variables, and with caches of the test."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return kept | {
        "PRE_COMMIT_HOME": str(tmp_path / "pre-commit"),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "QWEN_CODE_SYSTEM_SETTINGS_PATH": str(tmp_path / "none.json"),
    }


@pytest.mark.slow
@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="pre-commit installs from a repository")
def test_hooks_find_drift_and_repair_it(project: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pre_commit", "try-repo", str(ROOT), "--all-files", "--color=never"],
        cwd=project,
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == 3 and UNREACHABLE.search(done.stdout):
        message = "pre-commit reaches no package registry to install from"
        assert not os.environ.get("QWENLOCK_REQUIRE_CLIENTS"), message
        pytest.skip(message)
    verdicts = dict(re.findall(r"^(qwenlock \w+)\.+(\w+)$", done.stdout, re.MULTILINE))
    assert verdicts == {
        "qwenlock check": "Failed",
        "qwenlock lint": "Passed",
        "qwenlock lock": "Failed",
    }, done.stdout + done.stderr
    assert "+ model openai/gpt-4o-mini" in done.stdout
    assert "files were modified by this hook" in done.stdout
    check = [sys.executable, "-m", "qwenlock", "check"]
    assert subprocess.run(check, cwd=project, capture_output=True, check=False).returncode == 0


def test_manifest_is_valid() -> None:
    subprocess.run([sys.executable, "-m", "pre_commit", "validate-manifest", MANIFEST], check=True)


@pytest.mark.parametrize("hook", yaml.safe_load(MANIFEST.read_text()), ids=lambda hook: hook["id"])
def test_hooks_run_where_what_they_read_changes(hook: dict[str, str]) -> None:
    names = [".qwen/settings.json", "packages/a/.qwen/settings.json", "qwenlock.toml"]
    assert all(re.search(hook["files"], name) for name in [*names, "a/pyproject.toml"])
    others = ["settings.json", ".qwen/settings.json.bak", "my-qwenlock.toml", "README.md"]
    assert not any(re.search(hook["files"], name) for name in others)
