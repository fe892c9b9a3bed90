"""A write through a link never leaves a checkout, and goes where the preview says."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from qwenlock.edge.links import destination
from qwenlock.findings.errors import WriteError
from support import MODEL, World, models, write

if TYPE_CHECKING:
    from pathlib import Path

SCRIPT = "#!/bin/sh\necho mine\n"
TWO = models(MODEL, MODEL | {"id": "b"})
WRITING = {
    "lock": ["lock"],
    "select": ["select", "b", "--yes", "--lock"],
    "init": ["init", "--ci", "github", "--yes"],
    "upgrade": ["upgrade", "--region", "china", "--yes", "--lock"],
    "report": ["report", "--html", "report.html"],
}


@pytest.fixture
def checkout(world: World) -> Path:
    (world.project / ".git").mkdir()
    return world.project


@pytest.fixture
def outside(world: World) -> Path:
    return write(world.home / ".profile", SCRIPT)


def files(folder: Path) -> dict[str, bytes]:
    """Return the files below a folder, without those of the history."""
    return {
        str(path): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and ".local" not in path.parts
    }


class TestOutOfACheckout:
    @pytest.mark.parametrize("command", WRITING)
    @pytest.mark.parametrize("link", ["qwen.lock", "report.html", ".github", ".gitignore", ".qwen"])
    def test_no_command_writes(
        self, world: World, checkout: Path, outside: Path, link: str, command: str
    ) -> None:
        write(world.own, TWO)
        if link == ".qwen":
            (checkout / ".qwen").rename(world.home / "elsewhere")
            (checkout / ".qwen").symlink_to(world.home / "elsewhere")
        else:
            (checkout / link).symlink_to(world.home if link == ".github" else outside)
        at_home = files(world.home)
        result = world.run(*WRITING[command])
        assert files(world.home) == at_home, result
        assert result.exit_code in {0, 3, 4}, result

    def test_the_reason_is_named(self, world: World, checkout: Path, outside: Path) -> None:
        write(world.own, models(MODEL))
        (checkout / "qwen.lock").symlink_to(outside)
        result = world.run("lock")
        assert result.exit_code == 4
        assert "qwen.lock is a link to ~/.profile, outside of" in result.err
        assert "replace the link with a file" in result.err
        assert outside.read_text() == SCRIPT

    def test_a_preview_refuses_too(self, world: World, checkout: Path, outside: Path) -> None:
        write(outside, json.dumps(TWO))
        world.own.symlink_to(outside)
        result = world.run("select", "b", "--dry-run")
        assert result.exit_code == 4
        assert "outside of" in result.err
        assert checkout

    def test_no_chain_of_links_is_followed(self, checkout: Path, outside: Path) -> None:
        (checkout / "other").symlink_to(outside)
        (checkout / "qwen.lock").symlink_to("other")
        with pytest.raises(WriteError, match="outside of"):
            destination(checkout / "qwen.lock")

    def test_no_link_from_outside_that_leads_out_again_is_followed(
        self, checkout: Path, outside: Path
    ) -> None:
        (checkout / "inner").symlink_to(outside)
        link = outside.with_name("link")
        link.symlink_to(checkout / "inner")
        with pytest.raises(WriteError, match="outside of"):
            destination(link)

    def test_no_link_of_a_folder_is_followed(self, checkout: Path, outside: Path) -> None:
        (checkout / "folder").symlink_to("..")
        with pytest.raises(WriteError, match="outside of"):
            destination(checkout / "folder" / "home" / outside.name)

    @pytest.mark.parametrize("name", [".git/config", ".git/hooks/post-checkout", ".GIT/config"])
    def test_no_link_into_the_folder_of_git_is_followed(self, checkout: Path, name: str) -> None:
        (checkout / "qwen.lock").symlink_to(name)
        with pytest.raises(WriteError, match=r"is a link to .*\.(git|GIT)/"):
            destination(checkout / "qwen.lock")

    def test_a_link_to_nothing_makes_no_file(self, world: World, checkout: Path) -> None:
        write(world.own, models(MODEL))
        (checkout / "qwen.lock").symlink_to(world.home / "new")
        assert world.run("lock").exit_code == 4
        assert not (world.home / "new").exists()


class TestNamedByACheckout:
    """A configuration or a lock can name a user's settings anywhere."""

    @pytest.fixture(params=["configuration", "lock"])
    def elsewhere(self, request: pytest.FixtureRequest, world: World, checkout: Path) -> Path:
        elsewhere = write(world.root / "elsewhere.json", TWO)
        if request.param == "configuration":
            write(checkout / "qwenlock.toml", 'user = "../elsewhere.json"\n')
        else:
            assert world.run("lock", "--user", str(elsewhere)).exit_code == 0
        return elsewhere

    @pytest.mark.parametrize(
        "command",
        [
            ["select", "b", "--scope", "user", "--yes"],
            ["upgrade", "--plan", "coding-plan", "--region", "china", "--scope", "user", "--yes"],
        ],
    )
    def test_is_read_but_not_written(
        self, world: World, elsewhere: Path, command: list[str]
    ) -> None:
        before = elsewhere.read_bytes()
        assert world.run("lock").exit_code == 0
        result = world.run(*command)
        assert result.exit_code == 4, result
        assert "outside of the repository whose configuration or lock names it" in result.err
        assert elsewhere.read_bytes() == before
        assert world.run(*command, "--user", str(elsewhere)).exit_code == 0
        assert elsewhere.read_bytes() != before

    def test_in_the_checkout_is_written(self, world: World, checkout: Path) -> None:
        mine = write(checkout / "team.json", TWO)
        write(checkout / "qwenlock.toml", 'user = "team.json"\n')
        before = mine.read_bytes()
        assert world.run("select", "b", "--scope", "user", "--yes").exit_code == 0
        assert mine.read_bytes() != before


class TestFollowed:
    def test_within_a_checkout(self, world: World, checkout: Path) -> None:
        inner = checkout / "inner"
        (inner / ".qwen").mkdir(parents=True)
        write(inner / ".qwen" / "settings.json", models(MODEL))
        (inner / "qwen.lock").symlink_to("../qwen.lock")
        assert world.run("lock", "inner").exit_code == 0
        assert (inner / "qwen.lock").is_symlink()
        assert "[[models]]" in (checkout / "qwen.lock").read_text()

    def test_from_the_home_to_dotfiles(self, world: World) -> None:
        dotfiles = world.home / "dotfiles"
        (dotfiles / ".git").mkdir(parents=True)
        world.user.parent.rmdir()
        world.user.parent.symlink_to(dotfiles)
        write(world.user, TWO)
        result = world.run("select", "b", "--yes")
        assert result.exit_code == 0, result
        assert '"b"' in (dotfiles / "settings.json").read_text().partition('"model"')[2]

    def test_in_a_home_that_is_a_checkout(self, world: World, outside: Path) -> None:
        (world.home / ".git").mkdir()
        write(world.root / "elsewhere", TWO)
        world.user.symlink_to(world.root / "elsewhere")
        assert destination(world.user) == world.root / "elsewhere"
        assert outside

    def test_through_a_link_to_the_checkout(self, world: World, checkout: Path) -> None:
        (world.home / "work").symlink_to(checkout)
        assert destination(world.home / "work" / "qwen.lock") == checkout / "qwen.lock"

    def test_a_preview_names_where_the_bytes_go(self, world: World, checkout: Path) -> None:
        write(world.own, models(MODEL))
        (checkout / "other").mkdir()
        (checkout / ".github").symlink_to("other")
        (checkout / ".gitattributes").symlink_to("attributes")
        result = world.run("init", "--ci", "github", "--dry-run")
        assert "+++ b/other/workflows/" in result.out
        assert "+++ b/attributes" in result.out
        assert "b/.git" not in result.out

    def test_a_checkout_behind_a_link_is_named_as_usual(
        self, world: World, checkout: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        write(world.own, TWO)
        (world.root / "link").symlink_to(checkout)
        monkeypatch.chdir(world.root / "link")
        assert "+++ b/.qwen/settings.json" in world.run("select", "b", "--dry-run").out


UNDID = "{} qwen.lock\nundid `lock`: qwen.lock; `qwenlock undo {}` reverts it\n"


class TestLock:
    @pytest.mark.parametrize(
        "content", [SCRIPT, "lock", "key = 1\n", "\0", "# a comment\nlock-version", "<<<<<<< a\nb"]
    )
    def test_replaces_no_other_file(self, world: World, content: str) -> None:
        write(world.own, models(MODEL))
        for arguments in ([], ["--output", "qwen.lock"]):
            write(world.lock, content)
            result = world.run("lock", *arguments)
            assert result.exit_code == 4
            assert "qwen.lock is not a lock; nothing was changed" in result.err
            assert world.lock.read_text() == content
        checked = world.run("check")
        assert "delete it, then run `qwenlock lock`" in checked.err or content.startswith("<")

    @pytest.mark.parametrize(
        "content",
        [
            "",
            "\n",
            "# Generated by qwenlock. Do not edit: run `qwenlock lock`.\n",
            "\ufeff# Generated by qwenlock.\r\n",
            'lock-version = "1.0"\n',
            "# Somebody's words\nlock-version = '1.0'\n",
            "<<<<<<< HEAD\n# Generated by qwenlock.\n=======\n>>>>>>> other\n",
            "<<<<<<< HEAD\r\n||||||| base\r\n=======\r\nlock-version = '1.0'\r\n>>>>>>> other\r\n",
        ],
    )
    def test_replaces_what_begins_as_one(self, world: World, content: str) -> None:
        write(world.own, models(MODEL))
        world.lock.write_bytes(content.encode())
        assert world.run("lock").exit_code == 0
        assert "[[models]]" in world.lock.read_text()

    def test_that_is_replaced_is_kept_for_undo(self, world: World) -> None:
        write(world.own, TWO)
        world.run("lock")
        old = world.lock.read_text()
        write(world.own, models(MODEL))
        world.run("lock")
        assert world.lock.read_text() != old
        result = world.run("undo", "--yes")
        assert result.err == UNDID.format("restore", 3)
        assert world.lock.read_text() == old

    def test_of_a_change_is_undone_with_it(self, world: World) -> None:
        write(world.own, TWO)
        world.run("lock")
        old = (world.own.read_text(), world.lock.read_text())
        assert world.run("select", "b", "--yes", "--lock").exit_code == 0
        world.run("undo", "--yes")
        assert (world.own.read_text(), world.lock.read_text()) == old
        assert world.run("undo", "--yes").err == UNDID.format("delete", 5)
        assert world.run("undo", "--yes").err == "nothing to undo\n"

    def test_is_written_where_nothing_can_be_kept(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        write(world.own, models(MODEL))
        write(world.lock, "# Generated by qwenlock.\n")
        monkeypatch.setenv("XDG_STATE_HOME", str(write(world.root / "file", "")))
        result = world.run("lock")
        assert result.exit_code == 0
        assert "warning: `qwenlock undo` will not be able to restore the old lock: " in result.err
        assert "[[models]]" in world.lock.read_text()
