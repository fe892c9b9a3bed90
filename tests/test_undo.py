"""`undo` restores every file that commands in a project wrote, and no other project's."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest
import typer

from support import MODEL, World, models, write

if TYPE_CHECKING:
    from pathlib import Path

TWO = {**models({**MODEL, "id": "a"}, {**MODEL, "id": "b"}), "model": {"name": "a"}}


@pytest.fixture
def world(world: World) -> World:
    write(world.user, TWO)
    return world


@pytest.fixture
def other(world: World) -> Path:
    folder = world.root / "other"
    folder.mkdir()
    return folder


def selected(world: World) -> str:
    return json.loads(world.user.read_text())["model"]["name"]


def numbers(world: World, *arguments: str) -> list[str]:
    lines = world.run("history", *arguments).out.splitlines()[1:]
    return [line.split()[0] for line in lines]


def test_shows_what_it_takes_back(world: World) -> None:
    world.run("select", "b", "--yes")
    result = world.run("undo", "--dry-run")
    assert result.out.startswith("--- a/~/.qwen/settings.json\n+++ b/~/.qwen/settings.json\n@@")
    assert result.err == "restore ~/.qwen/settings.json\nnothing was written\n"
    assert selected(world) == "b"
    result = world.run("undo", "--yes")
    assert result.err.endswith(
        "undid `select`: ~/.qwen/settings.json; `qwenlock undo 2` reverts it\n"
    )
    assert selected(world) == "a"


def test_asks_on_a_terminal_and_needs_yes_without_one(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.run("select", "b", "--yes")
    assert (world.run("undo").exit_code, selected(world)) == (2, "b")
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    asked = []
    monkeypatch.setattr(typer, "confirm", lambda question, **_: asked.append(question))
    assert (world.run("undo").exit_code, selected(world)) == (0, "b")
    assert asked == ["Undo this?"]


def test_leaves_what_another_project_did(
    world: World, other: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.run("select", "b", "--yes")
    monkeypatch.chdir(other)
    result = world.run("undo", "--yes")
    assert result.err.startswith("nothing to undo\n`qwenlock history --all` lists")
    assert selected(world) == "b"


def test_names_the_later_change_of_another_project(
    world: World, other: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.run("select", "b", "--yes")
    monkeypatch.chdir(other)
    world.run("select", "a", "--yes")
    monkeypatch.chdir(world.project)
    refused = world.run("undo", "--yes")
    assert refused.exit_code == 4
    assert f"error: the later change 2 (`select` in {other}) also wrote ~/.qwen" in refused.err
    assert "help: run `qwenlock undo 2` first" in refused.err
    assert world.run("undo", "2", "--yes").exit_code == 0
    assert world.run("undo", "--yes").exit_code == 0
    assert selected(world) == "a"
    assert world.run("undo", "--yes").err.startswith("nothing to undo\n")


def test_leaves_a_later_change_of_another_file(world: World) -> None:
    world.run("select", "b", "--yes")
    write(world.own, TWO)
    world.run("select", "b", "--yes")
    assert world.run("undo", "1", "--yes").exit_code == 0
    assert (selected(world), '"b"' in world.own.read_text()) == ("a", True)


def test_of_a_project_below_goes_from_where_the_command_ran_and_from_there(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    below = world.project / "below"
    below.mkdir()
    for directory in (world.project, below):
        world.run("lock", "below")
        assert (below / "qwen.lock").exists()
        monkeypatch.chdir(directory)
        assert world.run("undo", "--yes").exit_code == 0
        assert not (below / "qwen.lock").exists()
        monkeypatch.chdir(world.project)


def test_takes_back_folders_and_the_lock(world: World) -> None:
    (world.project / ".qwen").rmdir()
    world.run("upgrade", "--plan", "coding-plan", "--region", "china", "--scope", "project",
              "--lock", "--yes")  # fmt: skip
    assert {each.name for each in world.project.iterdir()} == {".qwen", "qwen.lock"}
    assert world.run("undo", "--yes").exit_code == 0
    assert list(world.project.iterdir()) == []


def test_deletes_no_folder_through_a_link(world: World) -> None:
    world.run("init", "--ci", "github", "--yes")
    made = world.project / ".github"
    elsewhere = world.root / "elsewhere"
    made.rename(elsewhere)
    made.symlink_to(elsewhere)
    (elsewhere / "workflows" / "qwenlock.yml").unlink()
    world.run("undo", "--yes", "--force")
    assert (elsewhere / "workflows").is_dir()


def test_leaves_a_folder_that_holds_something_else(world: World) -> None:
    (world.project / ".qwen").rmdir()
    world.run("upgrade", "--plan", "coding-plan", "--region", "china", "--scope", "project", "-y")
    write(world.project / ".qwen" / "notes", "mine")
    assert world.run("undo", "--yes").exit_code == 0
    assert [each.name for each in (world.project / ".qwen").iterdir()] == ["notes"]


@pytest.mark.parametrize(
    ("name", "said"),
    [("9", "there is no change '9'"), ("1", "is undone")],
)
def test_refuses_an_id_that_cannot_be_undone(world: World, name: str, said: str) -> None:
    world.run("select", "b", "--yes")
    world.run("undo", "--yes")
    result = world.run("undo", name, "--yes")
    assert result.exit_code == 2
    assert said in result.err


def test_undo_of_an_undo_repeats_the_change(world: World) -> None:
    write(world.own, TWO)
    before = {each: each.read_bytes() for each in (world.own,)}
    world.run("select", "b", "--lock", "--yes")  # 1, and the lock as 2
    after = {each: each.read_bytes() for each in (world.own, world.lock)}
    for undone, redone in (("3", "4"), ("5", "6")):
        assert world.run("undo", "--yes").err.endswith(f"`qwenlock undo {undone}` reverts it\n")
        assert {world.own: world.own.read_bytes()} == before
        assert not world.lock.exists()
        result = world.run("undo", undone, "--yes")
        assert result.err.endswith(f"; `qwenlock undo {redone}` reverts it\n"), result.err
        assert {each: each.read_bytes() for each in after} == after
    states = [line.split()[3:] for line in world.run("history").out.splitlines()[1:]]
    assert " ".join(each[0] for each in states) == "applied undone applied undone applied applied"
    assert world.run("undo", "5", "--yes").exit_code == 2


def test_undos_are_undone_from_the_last(world: World) -> None:
    for model in ("b", "a", "b"):
        world.run("select", model, "--yes")
    for _ in range(3):  # 4 takes back 3, 5 takes back 2, 6 takes back 1
        world.run("undo", "--yes")
    result = world.run("undo", "4", "--yes")
    assert (result.exit_code, selected(world)) == (4, "a")
    assert "run `qwenlock undo 6` first" in result.err
    for undo, model in (("6", "b"), ("5", "a"), ("4", "b")):
        assert world.run("undo", undo, "--yes").exit_code == 0
        assert selected(world) == model
    assert world.run("undo", "--yes").exit_code == 0  # the last change is 3 again
    assert selected(world) == "a"


def test_takes_back_nothing_of_a_lock_that_was_up_to_date(world: World) -> None:
    assert " written" in world.run("lock").err
    assert " unchanged" in world.run("lock").err
    assert numbers(world) == ["1"]


def test_takes_back_an_export_to_a_file_outside_of_the_project(world: World) -> None:
    world.run("lock")
    world.run("export", "--output", str(world.root / "enforced.json"))
    assert world.run("undo", "--yes").exit_code == 0
    assert not (world.root / "enforced.json").exists()
    assert numbers(world) == ["3", "2", "1"]


def test_history_lists_this_project_and_all(
    world: World, other: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(world.own, TWO)
    world.run("select", "b", "--yes")
    monkeypatch.chdir(other)
    world.run("select", "b", "--yes")
    assert numbers(world) == ["2"]
    assert world.run("history").out.splitlines()[1].endswith("select   ~/.qwen/settings.json")
    monkeypatch.chdir(world.project)
    assert world.run("history").out.splitlines()[1].endswith("select   .qwen/settings.json")
    assert numbers(world, "--all") == ["2", "1"]
    assert str(other) in world.run("history", "--all").out
    document = json.loads(world.run("history", "--format", "json").out)
    assert [each["project"] for each in document["changes"]] == [str(world.project)]


def test_shows_no_key_of_a_backup(world: World) -> None:
    key = "sk-" + "planted4f1d9c"
    write(world.user, {**TWO, "env": {"KEY": key}})
    write(world.project / ".gitignore", f"# {key}\n")
    world.run("migrate", "--env-secrets", "--yes")
    result = world.run("undo", "--dry-run")
    assert key not in result.out + result.err
