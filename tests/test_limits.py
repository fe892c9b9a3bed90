"""Inputs too large or too odd to be committed as golden cases, through the command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from fuzz.targets import PLAN
from qwenlock.lock.text import digest

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.slow  # every command is a process, since it could hang or be killed


class Sandbox:
    """A home, a project, and a command line that uses nothing else."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.project = root / "project"
        self.settings = self.project / ".qwen" / "settings.json"
        self.settings.parent.mkdir(parents=True)
        (root / "home").mkdir()

    @property
    def lock_file(self) -> Path:
        return self.project / "qwen.lock"

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        handed_on = {name: value for name, value in os.environ.items() if name[:9] == "COVERAGE_"}
        done = subprocess.run(
            [sys.executable, "-m", "qwenlock", *arguments],
            cwd=self.project,
            env={
                **handed_on,
                "PATH": os.environ["PATH"],
                "HOME": str(self.root / "home"),
                "XDG_CACHE_HOME": str(self.root / "cache"),
                "XDG_STATE_HOME": str(self.root / "state"),
                "QWEN_CODE_SYSTEM_SETTINGS_PATH": str(self.root / "system" / "settings.json"),
            },
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
            timeout=120,
        )
        assert "Traceback" not in done.stderr, done.stderr
        assert done.returncode in range(5), done.stderr
        return done

    def lock(self) -> dict[str, Any]:
        done = self.run("lock")
        assert done.returncode == 0, done.stderr
        return tomllib.loads((self.project / "qwen.lock").read_text(encoding="utf-8"))


@pytest.fixture
def sandbox(tmp_path: Path) -> Sandbox:
    return Sandbox(tmp_path)


def nested(levels: int, *, within: str = "{}") -> str:
    """Return JSON of `levels` objects and arrays in turn around `within`."""
    opening = "".join('{"a":' if level % 2 == 0 else "[" for level in range(levels))
    closing = "".join("}" if level % 2 == 0 else "]" for level in reversed(range(levels)))
    return opening + within + closing


def settings_with(extra_body: str) -> str:
    model = f'{{"id": "m", "envKey": "K", "generationConfig": {{"extra_body": {extra_body}}}}}'
    return f'{{"modelProviders": {{"openai": [{model}]}}}}'


@pytest.mark.parametrize("levels", [501, 1_000, 10_000, 100_000])
def test_settings_nested_beyond_the_limit_are_refused(sandbox: Sandbox, levels: int) -> None:
    sandbox.settings.write_text(nested(levels))
    done = sandbox.run("lock")
    assert done.returncode == 3
    assert "error[QL104]: nested deeper than 500 levels" in done.stderr
    assert len(done.stderr) < 2_000
    assert not (sandbox.project / "qwen.lock").exists()


@pytest.mark.parametrize("opening", ["[", '{"a":', "[{", '{"":[', "/**/[ "])
def test_brackets_that_never_end_are_refused(sandbox: Sandbox, opening: str) -> None:
    sandbox.settings.write_text('{"a":' + opening * 100_000)
    done = sandbox.run("lock")
    assert done.returncode == 3
    assert "error[QL10" in done.stderr
    assert len(done.stderr) < 2_000


def test_unrelated_settings_may_be_nested_to_the_limit(sandbox: Sandbox) -> None:
    sandbox.settings.write_text('{"unrelated": ' + nested(498) + "}")
    assert sandbox.lock()["selection"]["kind"] == "undecided"


def test_deep_model_within_the_limit_is_locked_without_loss(sandbox: Sandbox) -> None:
    inner = nested(90, within='{"end": 1}')
    sandbox.settings.write_text(settings_with(inner))
    locked = sandbox.lock()
    assert locked["models"][0]["generation-config"]["extra_body"] == json.loads(inner)
    assert sandbox.run("check").returncode == 0


def test_model_nested_beyond_its_limit_is_refused_at_its_place(sandbox: Sandbox) -> None:
    sandbox.settings.write_text(settings_with(nested(150)))
    done = sandbox.run("lock", "--format", "json")
    assert done.returncode == 3
    found = json.loads(done.stdout)["findings"]
    (finding,) = [each for each in found if each["severity"] == "error"]
    assert finding["code"] == "QL104"
    assert finding["line"] == 1
    assert finding["column"] > 90


def test_settings_of_5_mb_are_locked(sandbox: Sandbox) -> None:
    models = [
        {
            "id": f"model-{number}",
            "name": f"模型 {number} 🚀",
            "envKey": "K",
            "baseUrl": "https://example.com/v1",
            "generationConfig": {"timeout": number, "extra_body": {"text": "x" * 1_000}},
        }
        for number in range(4_500)
    ]
    text = json.dumps({"modelProviders": {"openai": models}}, indent=2, ensure_ascii=False)
    sandbox.settings.write_text(text, encoding="utf-8")
    assert sandbox.settings.stat().st_size > 5_000_000
    locked = sandbox.lock()["models"]
    assert [model["id"] for model in locked] == [model["id"] for model in models]
    assert sandbox.run("check").returncode == 0


def test_finding_at_the_end_of_5_mb_has_its_place(sandbox: Sandbox) -> None:
    padding = "\r\n".join(f'  "设置{number}": "{"x" * 100}",' for number in range(42_000))
    bad = '  "modelProviders": {"openai": [{"id": "m", "envKey": "K", "nmae": 1}]}'
    sandbox.settings.write_bytes(f"{{\r\n{padding}\r\n{bad}\r\n}}\r\n".encode())
    assert sandbox.settings.stat().st_size > 5_000_000
    done = sandbox.run("lock")
    assert done.returncode == 0
    column = bad.index('"nmae"') + 1
    assert f".qwen/settings.json:42002:{column}\n" in done.stderr


def test_file_beyond_the_size_limit_is_not_read(sandbox: Sandbox) -> None:
    with sandbox.settings.open("wb") as file:
        file.truncate(17 * 1024 * 1024)
    done = sandbox.run("lock")
    assert done.returncode == 3
    assert "error[QL104]: it is larger than 16 MiB" in done.stderr


def test_millions_of_duplicate_keys_are_refused_at_once(sandbox: Sandbox) -> None:
    sandbox.settings.write_text("{" + '"a":1,' * 2_000_000 + '"b":1}')
    for command in ("lock", "lint", "upgrade", "migrate"):
        done = sandbox.run(command)
        assert done.returncode == 3
        assert "error[QL104]: it contains more than 1,000,000 values" in done.stderr


def test_finding_about_a_model_that_fills_a_line_shows_the_beginning_of_it(
    sandbox: Sandbox,
) -> None:
    sandbox.settings.write_text(
        '{"modelProviders": {"openai": [{"envKey": "K", "list": [' + "1, " * 100_000 + "1]}]}}"
    )
    done = sandbox.run("lock")
    assert "error[QL206]: this model has no id" in done.stderr
    assert len(done.stderr) < 2_000


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such files")
def test_fifo_as_gitignore_is_not_waited_for(sandbox: Sandbox) -> None:
    subprocess.run(["git", "init", "-q", str(sandbox.project)], check=True)
    os.mkfifo(sandbox.project / ".gitignore")
    own = sandbox.project / ".qwen" / "settings.json"
    own.parent.mkdir(exist_ok=True)
    own.write_text('{"$version": 3, "env": {"A_KEY": "planted"}}')
    done = sandbox.run("migrate", "--env-secrets", "--yes")
    assert done.returncode == 3
    assert ".gitignore" in done.stderr
    assert own.read_text() == '{"$version": 3, "env": {"A_KEY": "planted"}}'


def test_symbolic_link_is_followed(sandbox: Sandbox) -> None:
    elsewhere = sandbox.root / "elsewhere.json"
    elsewhere.write_text(settings_with("{}"))
    sandbox.settings.symlink_to(elsewhere)
    assert sandbox.lock()["inputs"][0]["path"] == ".qwen/settings.json"


# A lock from somebody else's pull request, and what else such a request can hold


def forge(sandbox: Sandbox, options: str) -> None:
    """Write a lock with the correct digest and with options of an attacker."""
    sandbox.settings.write_text(settings_with("{}"))
    sandbox.lock()
    body = sandbox.lock_file.read_bytes().split(b"\n", 2)[2]
    body = body.replace(b"[selection]", f"[options]\n{options}\n\n[selection]".encode())
    sandbox.lock_file.write_bytes(b"# x\n# digest: " + digest(body).encode() + b"\n" + body)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such files")
@pytest.mark.parametrize("key", ["user", "system", "system-defaults", "templates"])
@pytest.mark.parametrize(
    "path", ["/dev/zero", "/proc", "/proc/kmsg", "/", "fifo", "secret", "../../../../../etc"]
)
def test_lock_that_names_somebody_elses_files_neither_hangs_nor_shows_them(
    sandbox: Sandbox, key: str, path: str
) -> None:
    os.mkfifo(sandbox.project / "fifo")
    (sandbox.project / "secret").write_text("machine h login me password hunter2hunter\n")
    forge(sandbox, f'{key} = "{path}"')
    before = sandbox.lock_file.read_bytes()
    for command in ("check", "lock --check", "show", "lint"):
        started = time.monotonic()
        done = sandbox.run(*command.split())
        assert time.monotonic() - started < 30
        assert "hunter" not in done.stdout + done.stderr
    assert sandbox.lock_file.read_bytes() == before


def zero(path: Path) -> None:
    path.symlink_to("/dev/zero")


def loop(path: Path) -> None:
    path.symlink_to(path.name)


ODD: list[Callable[[Path], None]] = [
    *([os.mkfifo] if os.name != "nt" else []),
    Path.mkdir,
    zero,
    loop,
]
"""Functions that put something else in place of a file."""


@pytest.mark.parametrize("name", ["plan.toml", "1.0.json.j2"])
@pytest.mark.parametrize("make", ODD)
def test_plan_of_what_is_not_a_file_is_refused(
    sandbox: Sandbox, name: str, make: Callable[[Path], None]
) -> None:
    folder = sandbox.project / "plans" / "own"
    folder.mkdir(parents=True)
    (folder / "plan.toml").write_bytes(PLAN)
    (folder / "1.0.json.j2").write_text("[]")
    (folder / name).unlink()
    make(folder / name)
    for command in ("template list", "template verify", "lock", "lock --check"):
        done = sandbox.run(*command.split(), "--templates", "plans")
        assert done.returncode == 3
        assert name in done.stderr


@pytest.mark.parametrize("make", ODD)
@pytest.mark.parametrize(
    ("name", "commands"),
    [
        ("qwenlock.toml", ["lock", "check", "lint", "init --yes"]),
        ("qwen.lock", ["check", "show", "diff . .", "export --format env", "run -- true"]),
        ("in.json", ["template capture in.json", "lock --user in.json", "show --lock in.json"]),
        ("in.json", ["report --merge in.json --markdown -", "diff in.json ."]),
        ("out", ["lock --output out", "report --html out", "report --markdown out"]),
        (".pre-commit-config.yaml", ["init --pre-commit --yes"]),
    ],
)
def test_what_is_not_a_file_is_refused_wherever_one_is_named(
    sandbox: Sandbox, make: Callable[[Path], None], name: str, commands: list[str]
) -> None:
    sandbox.settings.write_text(settings_with("{}"))
    make(sandbox.project / name)
    for command in commands:
        if make is Path.mkdir and "--merge" in command:
            continue  # it reads every result in a folder
        done = sandbox.run(*command.split())
        assert done.returncode in {2, 3, 4}, (command, done)
        assert "error" in done.stderr


@pytest.mark.parametrize("make", ODD)
def test_odd_file_in_the_state_directory_is_named(
    sandbox: Sandbox, make: Callable[[Path], None]
) -> None:
    backups = sandbox.root / "state" / "qwenlock" / "backups"
    backups.mkdir(parents=True)
    make(backups / "000001-20260101T000000.000000-00000000.json")
    listed = sandbox.run("history")
    assert listed.returncode == 0
    assert "damaged" in listed.stdout
    undone = sandbox.run("undo", "--yes")
    assert undone.returncode == 3
    assert "is damaged" in undone.stderr


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such files")
def test_file_of_the_history_that_has_become_a_fifo_is_not_waited_for(sandbox: Sandbox) -> None:
    sandbox.settings.write_text(settings_with("{}"))
    assert sandbox.run("select", "m", "--auth-type", "openai", "--yes").returncode == 0
    sandbox.settings.unlink()
    os.mkfifo(sandbox.settings)
    assert "changed since" in sandbox.run("history").stdout
    assert sandbox.run("undo", "--yes").returncode == 4


@pytest.mark.parametrize(
    "text",
    [
        '{"__proto__": {"a": 1}, "constructor": {"prototype": {}}, "modelProviders": {}}',
        '{"modelProviders": {"__proto__": [{"id": "__proto__", "envKey": "K"}]}}',
        '{"a": "\\ud800", "modelProviders": {"openai": [{"id": "\\udc00", "envKey": "K"}]}}',
        '{"a": "\\u0000", "modelProviders": {"openai": [{"id": "a\\u0000b", "envKey": "K"}]}}',
        '{"a": 1e999999999, "b": -1e-999999999, "c": 123456789012345678901234567890}',
    ],
)
def test_odd_names_and_numbers_are_answered(sandbox: Sandbox, text: str) -> None:
    sandbox.settings.write_text(text)
    for command in ("lock", "lint", "resolve", "migrate --dry-run", "upgrade --dry-run"):
        done = sandbox.run(*command.split())
        assert "\x00" not in done.stdout + done.stderr
