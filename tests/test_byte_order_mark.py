"""Files from Windows: a byte-order mark changes nothing in our files, and messages name UTF-16."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from qwenlock.edge.plans import load
from qwenlock.edge.results import read_results
from qwenlock.settings.shipped import folder
from qwenlock.text import dotenv, toml
from support import World, models, write

if TYPE_CHECKING:
    from pathlib import Path

MARK = b"\xef\xbb\xbf"
SETTINGS = models({"id": "a", "envKey": "A_KEY", "baseUrl": "https://a.example/v1"})


def mark(path: Path) -> bytes:
    """Write a mark at the start of a file; return its bytes."""
    path.write_bytes(MARK + path.read_bytes())
    return path.read_bytes()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("qwenlock.toml", 'client = "0.12.0"\n'),
        ("pyproject.toml", '[tool.qwenlock]\nclient = "0.12.0"\n'),
    ],
)
def test_configuration(world: World, name: str, text: str) -> None:
    write(world.own, SETTINGS)
    mark(write(world.project / name, text))
    assert "0.12.0, as" in world.run("lock").err
    mark(write(world.project / name, text.replace("client", "clinet")))
    line = text.count("\n")
    assert f"{name}:{line}:1" in world.run("lock").err


def test_lock_is_still_unedited_and_up_to_date(world: World) -> None:
    write(world.own, SETTINGS)
    assert world.run("lock").exit_code == 0
    marked = mark(world.lock)
    assert world.agreed() == 0
    assert world.run("show").exit_code == world.run("export").exit_code == 0
    assert world.run("diff", str(world.lock), str(world.lock)).exit_code == 0
    assert world.run("lock").exit_code == 0
    write(world.own, SETTINGS | {"model": {"name": "a"}})
    assert world.agreed() == 1
    world.lock.write_bytes(marked.replace(b'"A_KEY"', b'"B_KEY"'))
    assert "edited by hand" in world.run("check").err
    assert world.run("lock").exit_code == 0
    assert not world.lock.read_bytes().startswith(MARK)


def test_variables(world: World) -> None:
    write(world.own, SETTINGS | {"model": {"name": "a"}})
    mark(write(world.project / ".env", "A_KEY=x\nB=y\n"))
    assert "A_KEY in .env" in world.run("resolve").out
    text = (MARK + b"A_KEY=x\nB=y\n").decode()
    assert dotenv.parse(dotenv.remove(text, "A_KEY")) == {"B": "y"}
    assert dotenv.parse(dotenv.add(text, {"C": "z"})) == {"A_KEY": "x", "B": "y", "C": "z"}


def test_results(tmp_path: Path) -> None:
    one = MARK + json.dumps({"a": 1}).encode()
    file = write(tmp_path / "results.json", one + b"\r\n" + one)
    assert [each for _, each in read_results([str(file)])] == [{"a": 1}, {"a": 1}]


def test_positions() -> None:
    assert toml.parse("\ufeffa = 1") == {"a": 1}
    assert toml.Positions("\ufeffa = 1\nb = 2").of(("a",)) == (1, 1)
    with pytest.raises(toml.TomlError) as raised:
        toml.parse("\ufeffa = ?")
    assert raised.value.at == (1, 5)


def test_plan_is_the_bundled_one(tmp_path: Path) -> None:
    """A folder with other content for a bundled plan is refused."""
    copy = tmp_path / "deepseek"
    shutil.copytree(folder("templates") / "deepseek", copy)
    for each in copy.iterdir():
        mark(each)
    assert {each.id for each in load([tmp_path])} == {each.id for each in load()}


@pytest.mark.parametrize(("client", "code"), [("0.12.0", 3), ("0.24.3", 3), ("0.24.4", 0)])
def test_settings_are_locked_only_for_a_release_that_reads_them(
    world: World, client: str, code: int
) -> None:
    mark(write(world.own, SETTINGS))
    result = world.run("lock", "--client", client)
    assert result.exit_code == code
    assert ("QL117" in result.err) == (code == 3)
    if code:
        assert world.run("lint", "--fix", "--yes", "--client", client).exit_code == 0
        assert not world.own.read_bytes().startswith(MARK)
        assert world.run("lock", "--client", client).exit_code == 0


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le"])
@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        (".qwen/settings.json", "{}", "lint"),
        ("qwenlock.toml", 'client = "0.12.0"', "check"),
        ("pyproject.toml", "[tool.qwenlock]", "check"),
        ("qwen.lock", 'lock-version = "2.0"', "check"),
        ("results.json", "{}", "report --merge results.json --markdown -"),
    ],
)
def test_utf_16_is_named(world: World, encoding: str, name: str, text: str, line: str) -> None:
    """As `>` in Windows PowerShell writes it, or an editor without a mark."""
    write(world.project / name, text.encode(encoding))
    result = world.run(*line.split())
    assert result.exit_code == 3
    assert f"{name}:1:1" in result.err
    assert "the file is UTF-16" in result.err
    assert "save the file as UTF-8" in result.err


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le"])
def test_variables_in_utf_16_are_not_read(world: World, encoding: str) -> None:
    """The client reads none of them either."""
    env = write(world.project / ".env", "A_KEY=x\n".encode(encoding))
    before = env.read_bytes()
    write(world.own, SETTINGS | {"model": {"name": "a"}})
    assert "save .env as UTF-8" in world.run("lint", "--env", "--client", "0.24.4").err
    write(world.own, SETTINGS | {"env": {"A_KEY": "hunter-2-abcdefgh12345"}})
    result = world.run("migrate", "--env-secrets", "--yes")
    assert (result.exit_code, env.read_bytes()) == (4, before)
    assert ".env is not UTF-8" in result.err
