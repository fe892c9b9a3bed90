"""The action and the workflows for code hosts, as far as they can run here."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
import yaml

import qwenlock
from pages import ROOT, blocks
from qwenlock.settings.configuration import TABLES
from support import MODEL, models, write

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

pytestmark = pytest.mark.slow  # every step of a job is a process, as a host starts it

ACTION = yaml.safe_load((ROOT / "action.yml").read_text())
PAGE = ROOT / "docs" / "how-to" / "hosts.md"
BASH = ["bash", "--noprofile", "--norc", "-eo", "pipefail"]
"""How a runner starts `shell: bash`."""


class Done(NamedTuple):
    exit_code: int
    out: str
    err: str
    summary: str


class Runner:
    """A repository, and the environment that a host gives to the steps of a job."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.project, self.temp, self.bin = root / "project", root / "temp", root / "bin"
        for folder in (self.project / ".qwen", self.temp, self.bin, root / "home"):
            folder.mkdir(parents=True)
        self.git("init", "-q", "-b", "main")

    def git(self, *arguments: str, at: Path | None = None) -> str:
        done = subprocess.run(
            ["git", *arguments],
            cwd=at or self.project,
            env=self.environment(),
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout

    def environment(self) -> dict[str, str]:
        who = {f"GIT_{each}_NAME": "You" for each in ("AUTHOR", "COMMITTER")}
        mail = {f"GIT_{each}_EMAIL": "you@example.com" for each in ("AUTHOR", "COMMITTER")}
        return {
            **{key: value for key, value in os.environ.items() if key.startswith("COVERAGE_")},
            **who,
            **mail,
            "PATH": os.pathsep.join(
                [str(self.bin), str(Path(sys.executable).parent), os.environ["PATH"]]
            ),
            "HOME": str(self.root / "home"),
            "QWEN_CODE_SYSTEM_SETTINGS_PATH": str(self.root / "none.json"),
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_WORKSPACE": str(self.project),
            "GITHUB_ACTION_PATH": str(ROOT),
            "GITHUB_STEP_SUMMARY": str(self.root / "summary.md"),
            "RUNNER_TEMP": str(self.temp),
        }

    def settings(self, *ids: str) -> None:
        entries = [{**MODEL, "id": each} for each in ids]
        value = {**models(*entries), "model": {"name": ids[0]}}
        write(self.project / ".qwen" / "settings.json", json.dumps(value, indent=1))

    def qwenlock(self, *arguments: str) -> None:
        command = [sys.executable, "-m", "qwenlock", *arguments]
        subprocess.run(
            command, cwd=self.project, env=self.environment(), check=True, capture_output=True
        )

    def tool(self, name: str, script: str) -> None:
        """Add a program of the test at the front of PATH."""
        path = self.bin / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def step(self, run: str, variables: Mapping[str, str]) -> Done:
        script = write(self.temp / "step.sh", run)
        done = subprocess.run(
            [*BASH, str(script)],
            cwd=self.project,
            env={**self.environment(), **variables},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        summary = self.root / "summary.md"
        said = summary.read_text() if summary.exists() else ""
        return Done(done.returncode, done.stdout, done.stderr, said)


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    """Return a repository with a locked project."""
    runner = Runner(tmp_path)
    runner.settings("gpt-4o")
    write(runner.project / "qwenlock.toml", "user = false\n")
    runner.qwenlock("lock")
    return runner


def action(runner: Runner, name: str, **inputs: str) -> Done:
    """Run a step of the action with `inputs`, as the host fills them in."""
    (step,) = (each for each in ACTION["runs"]["steps"] if each.get("name") == name)
    given = {key: each["default"] for key, each in ACTION["inputs"].items()} | inputs
    variables = {
        key: re.sub(r"\$\{\{ inputs\.([\w-]+) \}\}", lambda found: given[found[1]], value)
        for key, value in step["env"].items()
    }
    return runner.step(step["run"], variables)


def test_action_passes_and_writes_a_summary(runner: Runner) -> None:
    done = action(runner, "Check")
    assert (done.exit_code, done.out) == (0, ""), done
    assert "ok: qwen.lock is up to date" in done.err
    assert "gpt-4o" in done.summary


def test_action_annotates_drift_once_and_fails(runner: Runner) -> None:
    runner.settings("gpt-4o", "gpt-4o", "other")
    done = action(runner, "Check", sarif="true")
    assert done.exit_code == 1
    lines = done.out.splitlines()
    assert [line for line in lines if "title=QL209" in line and "file=.qwen/settings.json" in line]
    assert [line for line in lines if line.startswith("::error file=qwen.lock,title=drift::")]
    assert len(set(lines)) == len(lines)
    assert "other" in done.summary
    log = json.loads((runner.temp / "qwenlock.sarif").read_text())
    assert {each["ruleId"] for each in log["runs"][0]["results"]} >= {"QL209", "drift"}


def test_action_reports_findings_of_lint_only_if_asked_to(runner: Runner) -> None:
    path = runner.project / ".qwen" / "settings.json"
    path.write_text(path.read_text().replace('"model": {', '"model": {"name": "x"}, "model": {'))
    assert "title=QL" in action(runner, "Check").out
    assert action(runner, "Check", lint="false").out == ""


def test_action_checks_every_project_below(runner: Runner) -> None:
    below = runner.project / "packages" / "a b" / ".qwen"
    below.mkdir(parents=True)
    write(below / "settings.json", models(MODEL))
    runner.qwenlock("lock", "packages/a b")
    write(below / "settings.json", models({**MODEL, "id": "other"}))
    done = action(runner, "Check", recursive="true", arguments="--client guide")
    assert done.exit_code == 1
    assert "::error file=packages/a b/qwen.lock,title=drift::" in done.out
    assert "packages/a b" in done.summary


def test_action_fails_on_what_cannot_be_compiled(runner: Runner) -> None:
    write(runner.project / ".qwen" / "settings.json", "{\n,}")
    done = action(runner, "Check", sarif="true")
    assert done.exit_code == 3
    assert "::error file=.qwen/settings.json,line=2,col=1,title=QL101::" in done.out


def test_action_takes_no_input_for_a_command(runner: Runner) -> None:
    done = action(runner, "Check", arguments="$(touch hacked) ; touch hacked", project="`id`")
    assert done.exit_code == 2
    assert not list(runner.project.rglob("hacked"))


@pytest.mark.parametrize(("version", "wanted"), [("", str(ROOT)), ("0.1.0", "qwenlock==0.1.0")])
def test_action_installs_itself_or_the_version_that_is_asked_for(
    runner: Runner, version: str, wanted: str
) -> None:
    runner.tool("python", 'printf "%s\\n" "$@"')
    done = action(runner, "Install qwenlock", version=version)
    assert done.out.split("\n")[:-1] == ["-m", "pip", "install", "--quiet", wanted]


def test_job_of_gitlab_fails_on_drift_and_reports_it(runner: Runner) -> None:
    runner.qwenlock("init", "--ci", "gitlab", "--yes")
    path = runner.project / ".gitlab" / "qwenlock.yml"
    job = yaml.safe_load(path.read_text())["qwenlock"]
    runner.tool("pip", "echo installed")
    assert runner.step("\n".join(job["script"]), {}).exit_code == 0
    runner.settings("other")
    failed = runner.step("\n".join(job["script"]), {})
    assert failed.exit_code == 1
    assert 'model openai/gpt-4o: id "gpt-4o" → "other"' in failed.out
    runner.step("\n".join(job["after_script"]), {})
    report = json.loads((runner.project / job["artifacts"]["reports"]["codequality"]).read_text())
    assert [each["check_name"] for each in report] == ["drift"]


def test_workflow_that_init_writes_annotates_drift(runner: Runner) -> None:
    runner.qwenlock("init", "--ci", "github", "--yes")
    path = runner.project / ".github" / "workflows" / "qwenlock.yml"
    steps = yaml.safe_load(path.read_text())["jobs"]["check"]["steps"]
    runner.settings("other")
    runner.tool("pip", "echo installed")
    install, check, say = (runner.step(step["run"], {}) for step in steps if "run" in step)
    assert [install.exit_code, check.exit_code, say.exit_code] == [0, 1, 0]
    assert "::error file=qwen.lock,title=drift::" in say.out
    assert "1 drift" in say.summary


def shown() -> Iterator[tuple[str, str]]:
    for block in blocks(PAGE.read_text()):
        if block.language == "yaml" and block.title is not None:
            yield block.title, block.body


def workflow(title: str) -> dict[str, Any]:
    return dict(yaml.safe_load(dict(shown())[title]))


SCHEMAS = {
    "action.yml": "vendor.github-actions",
    ".github/workflows/test.yml": "vendor.github-workflows",
    ".github/workflows/qwenlock.yml": "vendor.github-workflows",
    ".github/workflows/qwenlock-upgrade.yml": "vendor.github-workflows",
}


def test_every_system_and_python_is_measured() -> None:
    """Both by this project's workflow and by the one that `init` writes."""
    package = Path(qwenlock.__file__).parent
    written = package / "change" / "files" / "github.yml"
    for path, job in ((ROOT / ".github" / "workflows" / "test.yml", "fast"), (written, "check")):
        matrix = yaml.safe_load(path.read_text())["jobs"][job]["strategy"]["matrix"]
        assert matrix["system"] == ["ubuntu-latest", "macos-latest", "windows-latest"]
        assert matrix["python"] == [f"3.{minor}" for minor in range(11, 16)]


@pytest.mark.parametrize("name", SCHEMAS)
def test_action_and_workflows_are_valid(name: str, tmp_path: Path) -> None:
    text = dict(shown()).get(name) or (ROOT / name).read_text()
    path = write(tmp_path / "file.yml", text)
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", SCHEMAS[name]]
    done = subprocess.run([*command, str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_hooks_that_the_page_names_are_there(tmp_path: Path) -> None:
    path = write(tmp_path / "config.yaml", dict(shown())[".pre-commit-config.yaml"])
    subprocess.run([sys.executable, "-m", "pre_commit", "validate-config", path], check=True)
    hooks = {each["id"] for each in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())}
    text = PAGE.read_text()
    assert hooks == set(re.findall(r"^\| `(qwenlock-\w+)` \|", text, re.MULTILINE))


def test_inputs_that_the_page_names_are_those_of_the_action() -> None:
    rows = re.findall(r"^\| `([\w-]+)` \| (?:`(.*)`)? \| (?!fails)", PAGE.read_text(), re.MULTILINE)
    assert dict(rows) == {key: each["default"] for key, each in ACTION["inputs"].items()}


GH = """echo "gh $*" >>"$RUNNER_TEMP/gh.log"
case "$1 $2" in "pr list") cat "$RUNNER_TEMP/open" 2>/dev/null; true;; esac"""


@pytest.fixture
def behind(tmp_path: Path) -> Runner:
    """Return a pushed project whose plan has a newer template."""
    runner = Runner(tmp_path)
    write(runner.project / ".qwen" / "settings.json", "{}")
    write(runner.project / "qwenlock.toml", "user = false\n")
    install = ("--region", "china", "--to", "0.12.0", "--scope", "project", "--yes", "--lock")
    runner.qwenlock("upgrade", *install)
    runner.git("add", ".")
    runner.git("commit", "-q", "-m", "Lock")
    runner.git("clone", "-q", "--bare", str(runner.project), str(tmp_path / "remote"))
    runner.git("remote", "add", "origin", str(tmp_path / "remote"))
    runner.tool("gh", GH)
    return runner


def upgrade(runner: Runner) -> Done:
    steps = workflow(".github/workflows/qwenlock-upgrade.yml")["jobs"]["upgrade"]["steps"]
    (step,) = (each for each in steps if "env" in each)
    return runner.step(step["run"], {**step["env"], "GH_TOKEN": "token"})


def test_upgrade_opens_a_pull_request_with_the_difference(behind: Runner) -> None:
    done = upgrade(behind)
    assert done.exit_code == 0, done
    log = (behind.temp / "gh.log").read_text()
    assert "gh pr create --head qwenlock/upgrade --title Upgrade plans --body-file" in log
    body = (behind.temp / "body.md").read_text()
    assert "plan changed" in body or "plan `coding-plan" in body, body
    changed = behind.git(
        "diff", "--name-only", "main", "qwenlock/upgrade", at=behind.root / "remote"
    )
    assert changed.split() == [".qwen/settings.json", "qwen.lock"]
    behind.qwenlock("check")


def test_upgrade_of_ten_projects_shows_an_equal_change_once(behind: Runner) -> None:
    for name in "abcdefghi":
        for file in (".qwen/settings.json", "qwen.lock"):
            copy = behind.project / name / file
            copy.parent.mkdir(parents=True, exist_ok=True)
            write(copy, (behind.project / file).read_text())
    behind.git("add", ".")
    behind.git("commit", "-q", "-m", "Ten")
    assert upgrade(behind).exit_code == 0
    body = (behind.temp / "body.md").read_text()
    assert body.count("### 10 projects: `.`, `a`, `b`, ") == 1
    assert body.count("###") == 1, body
    assert "Look at this first" in body
    behind.qwenlock("check", "--recursive")


def test_upgrade_again_changes_the_pull_request_that_is_open(behind: Runner) -> None:
    upgrade(behind)
    behind.git("switch", "-q", "main")
    behind.git("branch", "-q", "-D", "qwenlock/upgrade")
    write(behind.temp / "open", "7\n")
    assert upgrade(behind).exit_code == 0
    last = (behind.temp / "gh.log").read_text().splitlines()[-1]
    assert last.startswith("gh pr edit qwenlock/upgrade --body-file")


def test_upgrade_that_is_not_due_opens_nothing(behind: Runner) -> None:
    behind.qwenlock("upgrade", "--yes", "--lock")
    behind.git("commit", "-q", "-a", "-m", "Upgrade")
    done = upgrade(behind)
    assert done.exit_code == 0
    assert not (behind.temp / "gh.log").exists()


def test_upgrade_of_broken_settings_fails(behind: Runner) -> None:
    write(behind.project / ".qwen" / "settings.json", "{,}")
    assert upgrade(behind).exit_code == 3
    assert not (behind.temp / "gh.log").exists()


def test_configuration_is_among_the_files_of_the_hooks() -> None:
    for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text()):
        assert all(re.search(hook["files"], name) for name in TABLES)
