"""`qwenlock run` starts a command with the lock enforced, and changes nothing else."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from qwenlock.edge import launch

pytestmark = [
    pytest.mark.slow,  # each test starts qwenlock, which starts a command
    pytest.mark.skipif(os.name != "posix", reason="only POSIX replaces a process"),
]

PRINT_SYSTEM = f"""{sys.executable} -c "
import os
print(open(os.environ['QWEN_CODE_SYSTEM_SETTINGS_PATH']).read())
" """


class Project:
    """A project in its own home."""

    def __init__(self, root: Path) -> None:
        self.home = root / "home"
        self.directory = self.home / "project"
        self.system = root / "etc" / "settings.json"
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "QWEN_CODE_SYSTEM_SETTINGS_PATH": str(self.system),
            "KEY": "value",
        }
        self.write(self.home / ".qwen" / "settings.json", USER)
        self.write(self.directory / ".qwen" / "settings.json", PROJECT)
        assert self.qwenlock("lock").returncode == 0

    def write(self, path: Path, value: object) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(value), encoding="utf-8")

    def qwenlock(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "qwenlock", *arguments],
            cwd=self.directory,
            env=self.environment | variables,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            check=False,
        )

    def change_selection(self, model: str) -> None:
        settings = PROJECT | {"model": {"name": model}}
        self.write(self.directory / ".qwen" / "settings.json", settings)
        assert self.qwenlock("lock").returncode == 0

    def run(self, *options: str) -> subprocess.CompletedProcess[str]:
        return self.qwenlock("run", *options, "--", "sh", "-c", PRINT_SYSTEM)

    def enforced(self) -> list[Path]:
        return sorted((self.home / ".cache" / "qwenlock" / "enforced").iterdir())


USER = {
    "$version": 4,
    "modelProviders": {"anthropic": [{"id": "claude", "envKey": "KEY"}], "typo": []},
}
PROJECT = {
    "$version": 4,
    "modelProviders": {"openai": [{"id": "gpt", "envKey": "KEY"}]},
    "security": {"auth": {"selectedType": "openai"}},
    "model": {"name": "gpt"},
}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def test_the_command_gets_the_locked_catalogue_and_selection(project: Project) -> None:
    result = project.run()
    assert result.returncode == 0, result.stderr
    settings = json.loads(result.stdout)
    assert settings["modelProviders"] == {
        "openai": [{"id": "gpt", "envKey": "KEY"}],
        "anthropic": [],
        "typo": [],
    }
    assert settings["security"]["auth"]["selectedType"] == "openai"
    assert settings["model"]["name"] == "gpt"


def test_another_model_of_the_lock_is_selected_for_one_run(project: Project) -> None:
    two = [{"id": name, "envKey": "KEY"} for name in ("gpt", "mini")]
    project.write(
        project.directory / ".qwen" / "settings.json",
        PROJECT | {"modelProviders": {"openai": two, "gemini": [{"id": "mini", "envKey": "KEY"}]}},
    )
    assert project.qwenlock("lock").returncode == 0
    before = {path: path.read_bytes() for path in project.directory.rglob("*") if path.is_file()}
    for _ in range(2):  # the second is remembered
        for name, auth_type in (("openai/mini", "openai"), ("gpt", "openai")):
            settings = json.loads(project.run("--select", name).stdout)
            assert settings["model"]["name"] == name.removeprefix("openai/")
            assert settings["security"]["auth"]["selectedType"] == auth_type
            assert [each["id"] for each in settings["modelProviders"]["openai"]] == ["gpt", "mini"]
    assert json.loads(project.run().stdout)["model"]["name"] == "gpt"
    assert before == {path: path.read_bytes() for path in before}


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("gtp", "the lock has no model 'gtp'\n  help: did you mean \"gpt\"?"),
        ("claude", "the lock has no model 'claude'\n  help: run `qwenlock show`"),
    ],
)
def test_a_model_that_the_lock_lacks_is_refused(project: Project, name: str, said: str) -> None:
    refused = project.run("--select", name)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert said in refused.stderr


def test_a_second_run_is_remembered_and_the_same(project: Project) -> None:
    first, second = project.run(), project.run()
    assert (first.stdout, first.stderr) == (second.stdout, second.stderr)
    assert len(project.enforced()) == 1


def test_the_rest_of_an_existing_system_file_is_carried_along(project: Project) -> None:
    project.write(project.system, {"$version": 4, "telemetry": {"enabled": False}, "x": {"y": 1}})
    assert project.qwenlock("lock").returncode == 0
    settings = json.loads(project.run().stdout)
    assert settings["telemetry"] == {"enabled": False}
    assert settings["x"] == {"y": 1}
    assert settings["model"]["name"] == "gpt"


def test_the_system_defaults_stay_where_they_were(project: Project) -> None:
    result = project.qwenlock("run", "--", "sh", "-c", 'echo "$QWEN_CODE_SYSTEM_DEFAULTS_PATH"')
    assert result.stdout.strip() == str(project.system.with_name("system-defaults.json"))
    own = str(project.home / "defaults.json")
    result = project.qwenlock(
        "run", "--", "sh", "-c", 'echo "$QWEN_CODE_SYSTEM_DEFAULTS_PATH"',
        QWEN_CODE_SYSTEM_DEFAULTS_PATH=own,
    )  # fmt: skip
    assert result.stdout.strip() == own


def test_drift_is_refused_unless_no_check(project: Project) -> None:
    changed = PROJECT | {"model": {"name": "other"}}
    project.write(project.directory / ".qwen" / "settings.json", changed)
    refused = project.run()
    assert refused.returncode == 1
    assert "run `qwenlock lock`" in refused.stderr
    assert refused.stdout == ""
    assert json.loads(project.run("--no-check").stdout)["model"]["name"] == "gpt"


def test_a_lock_edited_by_hand_is_refused_even_with_no_check(project: Project) -> None:
    lock = project.directory / "qwen.lock"
    lock.write_text(lock.read_text().replace('id = "gpt"', 'id = "evil"'))
    assert project.run("--no-check").returncode == 1


def test_no_lock_is_refused(project: Project) -> None:
    (project.directory / "qwen.lock").unlink()
    result = project.run()
    assert result.returncode == 1
    assert "run `qwenlock lock`" in result.stderr


def test_a_changed_cache_file_is_never_used(project: Project) -> None:
    expected = project.run().stdout
    (file,) = project.enforced()
    file.write_text(file.read_text().replace("gpt", "evil"))
    assert project.run().stdout == expected
    file.chmod(0o644)
    assert project.run().stdout == expected
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_link_in_the_cache_is_never_followed(project: Project, tmp_path: Path) -> None:
    expected = project.run().stdout
    (file,) = project.enforced()
    elsewhere = tmp_path / "elsewhere"
    file.rename(elsewhere)
    file.symlink_to(elsewhere)
    assert project.run().stdout == expected
    assert not file.is_symlink()


def test_what_was_not_used_for_a_month_is_removed(project: Project) -> None:
    project.run()
    (used,) = project.enforced()
    month = 30 * 24 * 60 * 60
    for name, age in (("unused.json", month + 60), ("younger.json", month - 60)):
        file = used.with_name(name)
        file.touch()
        os.utime(file, (time.time() - age,) * 2)
    os.utime(used, (0, 0))
    project.run()  # remembered; it marks the file as used
    project.change_selection("other")
    project.run()
    assert {file.name for file in project.enforced()} > {used.name, "younger.json"}
    assert not used.with_name("unused.json").exists()
    assert len(project.enforced()) == 3


def test_a_run_that_starts_to_use_a_file_during_its_removal_keeps_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    name = launch.prepare({"a": 1})
    (file,) = tmp_path.rglob("enforced/*")
    os.utime(file, (0, 0))
    rename = Path.rename

    def rename_after_a_run(path: Path, target: Path) -> Path:
        if path == file:
            assert launch.prepared(name) == file
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", rename_after_a_run)
    launch.prepare({"b": 2})
    assert launch.prepared(name) == file


def test_a_change_of_any_scope_is_noticed_by_the_next_run(project: Project) -> None:
    project.run()
    more = USER | {"modelProviders": USER["modelProviders"] | {"gemini": []}}
    project.write(project.home / ".qwen" / "settings.json", more)
    assert "gemini" in json.loads(project.run().stdout)["modelProviders"]


@pytest.mark.parametrize(
    "option", ["--model", "-m", "--auth-type=openai", "--authType", "--openai-base-url=x"]
)
def test_options_that_leave_the_lock_are_reported_and_refused_when_strict(
    project: Project, option: str
) -> None:
    said = project.qwenlock("run", "--", "true", option)
    assert said.returncode == 0
    assert option.partition("=")[0] in said.stderr
    assert project.qwenlock("run", "--strict", "--", "true", option).returncode == 2


def test_variables_that_leave_a_locked_runtime_model_are_reported_and_refused_when_strict(
    project: Project,
) -> None:
    auth = {"selectedType": "openai", "apiKey": "$KEY", "baseUrl": "https://a.example/v1"}
    settings = {"$version": 4, "security": {"auth": auth}, "model": {"name": "m"}}
    project.write(project.directory / ".qwen" / "settings.json", settings)
    assert project.qwenlock("lock", "--no-user").returncode == 0
    same = {"OPENAI_MODEL": "m", "OPENAI_BASE_URL": "https://a.example/v1", "OPENAI_API_KEY": ""}
    assert project.qwenlock("run", "--strict", "--", "true", **same).returncode == 0
    other = {"OPENAI_MODEL": "x", "OPENAI_BASE_URL": "https://b.example", "OPENAI_API_KEY": "k1"}
    for _ in range(2):  # the second time, it is remembered
        said = project.qwenlock("run", "--", "true", **other)
        assert said.returncode == 0
        names = "OPENAI_MODEL, OPENAI_BASE_URL, OPENAI_API_KEY"
        assert said.stderr == f"warning: {names} override the lock\n"
    assert project.qwenlock("run", "--strict", "--", "true", **other).returncode == 2


def test_variables_do_not_leave_a_locked_entry_with_a_base_url(project: Project) -> None:
    entry = {"id": "m", "envKey": "KEY", "baseUrl": "https://a.example/v1"}
    settings = {
        "$version": 4,
        "modelProviders": {"openai": [entry]},
        "security": {"auth": {"selectedType": "openai"}},
        "model": {"name": "m"},
    }
    project.write(project.directory / ".qwen" / "settings.json", settings)
    assert project.qwenlock("lock", "--no-user").returncode == 0
    other = {"OPENAI_MODEL": "x", "OPENAI_BASE_URL": "https://b.example", "OPENAI_API_KEY": "k1"}
    assert project.qwenlock("run", "--strict", "--", "true", **other).stderr == ""


def test_base_url_of_the_environment_leaves_an_entry_that_has_none(project: Project) -> None:
    entry = {"id": "m", "envKey": "KEY"}
    settings = {
        "$version": 4,
        "modelProviders": {"openai": [entry]},
        "security": {"auth": {"selectedType": "openai"}},
        "model": {"name": "m"},
    }
    project.write(project.directory / ".qwen" / "settings.json", settings)
    assert project.qwenlock("lock", "--no-user").returncode == 0
    assert project.qwenlock("run", "--strict", "--", "true").returncode == 0
    other = {"OPENAI_BASE_URL": "https://b.example"}
    said = project.qwenlock("run", "--", "true", **other)
    assert "warning: OPENAI_BASE_URL overrides the lock\n" in said.stderr
    assert project.qwenlock("run", "--strict", "--", "true", **other).returncode == 2


def test_the_value_of_an_option_is_not_shown(project: Project) -> None:
    result = project.qwenlock("run", "--", "true", "--openai-api-key=sk-canary-0123456789")
    assert "canary" not in result.stderr + result.stdout


def test_missing_variables_are_named_before_the_start(project: Project) -> None:
    result = project.qwenlock("run", "--", "true", KEY="")
    assert result.returncode == 0
    assert "KEY is not set" in result.stderr
    (project.directory / ".env").write_text("KEY=from-file\n")
    assert "KEY is not set" not in project.qwenlock("run", "--", "true", KEY="").stderr


def test_the_exit_code_is_the_commands(project: Project) -> None:
    assert project.qwenlock("run", "--", "sh", "-c", "exit 7").returncode == 7


def test_options_after_the_separator_are_the_commands(project: Project) -> None:
    result = project.qwenlock("run", "--", "echo", "--help", "--", "-x")
    assert result.stdout == "--help -- -x\n"


def test_no_command_and_an_unknown_one_are_wrong_use(project: Project) -> None:
    assert project.qwenlock("run").returncode == 2
    assert project.qwenlock("run", "--", "no-such-command-here").returncode == 2


def test_a_signal_reaches_the_command(project: Project, tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    script = f"trap 'exit 9' TERM; touch {ready}; while true; do sleep 0.05; done"
    process = subprocess.Popen(
        [sys.executable, "-m", "qwenlock", "run", "--", "sh", "-c", script],
        cwd=project.directory,
        env=project.environment,
    )
    deadline = time.monotonic() + 30
    while not ready.exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 9


def test_eight_runs_at_once_agree(project: Project) -> None:
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "qwenlock", "run", "--", "sh", "-c", PRINT_SYSTEM],
            cwd=project.directory,
            env=project.environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(8)
    ]
    outputs = {process.communicate()[0] for process in processes}
    assert len(outputs) == 1
    assert json.loads(outputs.pop())["model"]["name"] == "gpt"


def test_nobodys_files_are_touched(project: Project) -> None:
    files = [each for each in project.home.rglob("*") if ".cache" not in each.parts]
    before = {each: each.read_bytes() for each in files if each.is_file()}
    project.run()
    files = [each for each in project.home.rglob("*") if ".cache" not in each.parts]
    assert before == {each: each.read_bytes() for each in files if each.is_file()}
