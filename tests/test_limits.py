"""Inputs too large or too odd to be committed as golden cases, through the command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path


class Sandbox:
    """A home, a project, and a command line that sees nothing else."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.project = root / "project"
        self.settings = self.project / ".qwen" / "settings.json"
        self.settings.parent.mkdir(parents=True)
        (root / "home").mkdir()

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
    assert sandbox.lock()["selection"]["kind"] == "built-in"


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
    (finding,) = json.loads(done.stdout)["findings"]
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
        file.truncate(129 * 1024 * 1024)
    done = sandbox.run("lock")
    assert done.returncode == 3
    assert "error[QL104]: it is larger than 128 MiB" in done.stderr


def test_ten_million_duplicate_keys_are_refused_at_once(sandbox: Sandbox) -> None:
    sandbox.settings.write_text("{" + '"a":1,' * 10_000_000 + '"b":1}')
    for command in ("lock", "lint", "upgrade", "migrate"):
        done = sandbox.run(command)
        assert done.returncode == 3
        assert "error[QL104]: it holds more than 5,000,000 values" in done.stderr


def test_finding_about_a_model_that_fills_a_line_shows_the_beginning_of_it(
    sandbox: Sandbox,
) -> None:
    sandbox.settings.write_text(
        '{"modelProviders": {"openai": [{"envKey": "K", "list": [' + "1, " * 100_000 + "1]}]}}"
    )
    done = sandbox.run("lock")
    assert "error[QL206]: this model has no id" in done.stderr
    assert len(done.stderr) < 2_000


def test_number_of_thousands_of_digits_is_refused(sandbox: Sandbox) -> None:
    sandbox.settings.write_text('{"a": ' + "9" * 5_000 + "}")
    done = sandbox.run("lock")
    assert done.returncode == 3
    assert "error[QL110]" in done.stderr


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such files")
def test_fifo_is_no_settings_file_and_is_not_waited_for(sandbox: Sandbox) -> None:
    os.mkfifo(sandbox.settings)
    done = sandbox.run("lock")
    assert done.returncode == 3
    assert "error[QL105]: it is not a regular file" in done.stderr


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such files")
def test_device_is_no_settings_file(sandbox: Sandbox) -> None:
    sandbox.settings.symlink_to("/dev/zero")
    done = sandbox.run("lock")
    assert done.returncode == 3
    assert "error[QL105]" in done.stderr


def test_symbolic_link_is_followed(sandbox: Sandbox) -> None:
    elsewhere = sandbox.root / "elsewhere.json"
    elsewhere.write_text(settings_with("{}"))
    sandbox.settings.symlink_to(elsewhere)
    assert sandbox.lock()["inputs"][0]["path"] == ".qwen/settings.json"


def test_links_that_form_a_loop_are_told(sandbox: Sandbox) -> None:
    sandbox.settings.symlink_to("settings.json")
    done = sandbox.run("lock")
    assert done.returncode == 3
    assert "its symbolic links form a loop" in done.stderr


@pytest.mark.skipif(
    os.name == "nt" or os.geteuid() == 0, reason="everything is readable for this user"
)
def test_file_that_may_not_be_read_is_told(sandbox: Sandbox) -> None:
    sandbox.settings.write_text("{}")
    sandbox.settings.chmod(0)
    done = sandbox.run("lock")
    assert done.returncode == 3
    assert "permission denied" in done.stderr
