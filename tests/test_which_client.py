"""Which release a command follows, and how it says so."""

from __future__ import annotations

import json

import pytest

from qwenlock.cli.start import run
from qwenlock.clients.profile import NEWEST
from support import MODEL, Result, World, install, models, write


def said(world: World, *arguments: str) -> str:
    return run_line(world, *arguments).err.splitlines()[0]


def run_line(world: World, *arguments: str) -> Result:
    """Run a command with the arguments as they are."""
    exit_code = run(arguments)
    return Result(exit_code, *world.read())


def test_a_project_is_for_the_first_client_that_something_names(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    write(world.own, models(MODEL))
    assert said(world, "lint") == f"for Qwen Code {NEWEST}, the newest known (none is installed)"
    install(world, "0.15.10", monkeypatch)
    assert said(world, "lint") == "for Qwen Code 0.15.10, installed"
    assert run_line(world, "lock").exit_code == 0
    install(world, "0.21.2", monkeypatch)
    assert said(world, "check") == "for Qwen Code 0.15.10, as qwen.lock says"
    noted = run_line(world, "lint").err
    assert "Qwen Code 0.21.2 is installed: `qwenlock lock --client installed` locks for it" in noted
    write(world.project / "qwenlock.toml", 'client = "0.12.0"')
    assert said(world, "lint") == "for Qwen Code 0.12.0, as qwenlock.toml says"
    assert said(world, "lint", "--client", "guide") == "for the guide, as --client says"
    document = json.loads(run_line(world, "lint", "--format", "json").out)
    assert (document["client"], document["client-from"]) == ("0.12.0", "configuration")


@pytest.mark.parametrize("version", ["0.8.2", "nonsense"])
def test_a_release_that_is_not_known_counts_as_none(
    world: World, version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(world, version, monkeypatch)
    write(world.own, models(MODEL))
    line = f"for Qwen Code {NEWEST}, the newest known (the installed one states no release)"
    assert said(world, "lint") == line
