"""The memory of passed checks makes `check` faster, and never changes its answer."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

import pytest

from qwenlock.clients.profile import profile
from qwenlock.edge import file_states
from qwenlock.edge import project as project_module
from qwenlock.edge.places import Flags, locate
from qwenlock.lock.options import Options
from support import MODEL, World, models, write

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def world(world: World) -> World:
    """Return a project that is locked, with a warning, and whose check has passed."""
    write(world.user, models(MODEL))
    world.run("lock")
    assert world.run("check").exit_code == 0
    return world


@pytest.fixture
def compiles(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Return a list that grows with every project that is read."""
    seen: list[object] = []
    read = project_module.read

    def counted(*arguments: Any) -> Any:
        seen.append(arguments)
        return read(*arguments)

    monkeypatch.setattr(project_module, "read", counted)
    return seen


def test_unchanged_project_is_not_compiled_again(world: World, compiles: list[object]) -> None:
    cold = world.run("check", "--format", "json")
    warm = world.run("check", "--format", "json")
    assert cold == warm
    assert compiles == []


def test_warm_check_says_the_same(world: World, compiles: list[object]) -> None:
    for stamp_file in (world.home / ".cache").rglob("checked/*"):
        stamp_file.unlink()
    cold = world.run("check")
    warm = world.run("check")
    assert cold == warm
    assert "warning[QL603]" in warm.err
    assert len(compiles) == 1


def test_check_of_the_environment_is_not_remembered(
    world: World, compiles: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "x")
    assert world.run("check", "--env").exit_code == 0
    monkeypatch.delenv("OPENAI_API_KEY")
    assert world.run("check", "--env").exit_code == 1
    assert len(compiles) == 2


def fifo(path: Path) -> None:
    path.unlink(missing_ok=True)
    os.mkfifo(path)


def loop(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.symlink_to(path.name)


def directory(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.mkdir()


def huge(path: Path) -> None:
    write(path, "")
    os.truncate(path, 10 * 1024**4)


CHANGES: dict[str, tuple[Callable[[World], object], int]] = {
    "settings": (lambda world: write(world.user, models({**MODEL, "id": "x"})), 1),
    "settings gone": (lambda world: world.user.unlink(), 1),
    "new project settings": (lambda world: write(world.own, '{"modelProviders": {}}'), 1),
    "new system settings": (lambda world: write(world.system / "settings.json", "{,}"), 3),
    "a lock that is edited": (
        lambda world: write(world.lock, world.lock.read_bytes().replace(b"gpt-4o", b"gpt-5o")),
        1,
    ),
    "a lock that is gone": (lambda world: world.lock.unlink(), 1),
    "a FIFO for what was absent": (lambda world: fifo(world.own), 3),
    "a loop of links for what was absent": (lambda world: loop(world.own), 3),
    "a directory for what was absent": (lambda world: directory(world.own), 3),
    "a FIFO for what was there": (lambda world: fifo(world.user), 3),
    "a huge sparse file": (lambda world: huge(world.own), 3),
    "a configuration": (lambda world: write(world.project / "qwenlock.toml", "user = false"), 1),
    "a configuration above": (lambda world: write(world.root / "qwenlock.toml", "user = false"), 1),
    "a configuration beyond a repository": (
        lambda world: (
            (world.project / ".git").mkdir(),
            write(world.root / "qwenlock.toml", "user = false"),
        ),
        0,
    ),
    "pyproject.toml of other tools": (
        lambda world: write(world.project / "pyproject.toml", "[project]"),
        0,
    ),
    "a file for a directory": (lambda world: write(world.project / ".qwen" / "x", ""), 0),
}


@pytest.mark.parametrize("change", CHANGES)
def test_change_is_noticed(world: World, change: str) -> None:
    apply, exit_code = CHANGES[change]
    apply(world)
    assert world.agreed() == exit_code


def test_other_options_are_checked_again(world: World) -> None:
    assert world.run("check", "--no-user").exit_code == 1
    assert world.run("check", "--client", "0.12.0").exit_code == 1
    assert world.run("check").exit_code == 0


def test_repository_that_goes_lets_the_search_go_on(world: World) -> None:
    (world.project / ".git").mkdir()
    write(world.root / "qwenlock.toml", "user = false")
    assert world.agreed() == 0
    (world.project / ".git").rmdir()
    assert world.agreed() == 1


def test_files_of_a_repository_do_not_matter(world: World, compiles: list[object]) -> None:
    (world.project / ".git").mkdir()
    world.run("check")
    (world.project / ".git" / "index.lock").touch()
    assert world.run("check").exit_code == 0
    assert len(compiles) == 1


def test_relative_flag_means_another_file_from_another_directory(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(world.root / "u.json", models(MODEL))
    write(world.home / "u.json", "{}")
    project = str(world.project)
    monkeypatch.chdir(world.root)
    world.run("lock", "--user", "u.json", project)
    assert world.run("check", "--user", "u.json", project).exit_code == 0
    monkeypatch.chdir(world.home)
    assert world.run("check", "--user", "u.json", project).exit_code == 1


def test_words_are_remembered_without_the_colours_of_another_stream(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = world.run("check").err
    with monkeypatch.context() as patch:
        patch.setattr("qwenlock.cli.console.in_colour", lambda _: True)
        coloured = world.run("check").err
    assert "\x1b[" in coloured
    assert world.run("check").err == plain
    assert "\x1b[" not in plain


@pytest.mark.parametrize(
    "garbage", [b"", b"\n\n", b"\xff\n\n[]\n", b"x y\n\n[]\n", b"absent /nope"]
)
def test_damaged_stamp_is_not_believed(
    world: World, compiles: list[object], garbage: bytes
) -> None:
    write(world.user, "{}")
    assert world.run("check").exit_code == 1
    for file in (world.home / ".cache").rglob("checked/*"):
        file.write_bytes(garbage)
    assert world.run("check").exit_code == 1
    assert len(compiles) == 2


def test_cache_that_cannot_be_written_stops_nothing(world: World) -> None:
    cache = world.home / ".cache"
    for file in cache.rglob("checked/*"):
        file.unlink()
        file.parent.rmdir()
        file.parent.touch()
    assert world.agreed() == 0


def test_only_a_check_that_passed_is_remembered(world: World) -> None:
    before = set((world.home / ".cache").rglob("checked/*"))
    write(world.user, "{}")
    world.run("check", "--untrusted")
    assert set((world.home / ".cache").rglob("checked/*")) == before


def test_file_that_changes_while_it_is_compiled_is_not_remembered(
    world: World, tmp_path: Path
) -> None:
    places = locate(world.project, Flags(), Options(), profile())
    before = file_states.States().lines(file_states.files(places))
    write(world.user, "{}")
    file_states.record(before, "asked", "said")
    assert file_states.passed("asked") is None
    file_states.record(file_states.States().lines(file_states.files(places)), "asked", "said")
    assert file_states.passed("asked") == "said"
    odd = write(tmp_path / "two\n\nlines", "")
    file_states.record(file_states.States().lines([odd]), "odd", "said")
    assert file_states.passed("odd") is None


def test_question_has_all_that_the_answer_depends_on(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ask(**flags: Any) -> str:
        request = file_states.request(Flags(**flags), None)
        return file_states.request_about(world.project, request)

    asked = {ask(), ask(user=False), ask(system="s"), ask(untrusted=True), ask(templates="t")}
    asked.add(ask(no_config=True))
    for name in file_states._VARIABLES:
        with monkeypatch.context() as patch:
            patch.setenv(name, "/elsewhere")
            asked.add(ask())
    with monkeypatch.context() as patch:
        patch.setattr(sys, "version_info", (3, 99, 0))
        asked.add(ask())
        patch.setattr("qwenlock.__version__", "99")
        asked.add(ask())
    assert len(asked) == 6 + len(file_states._VARIABLES) + 2
    assert all("\n" not in each for each in asked)


def stamps(world: World) -> list[Path]:
    return sorted((world.home / ".cache").rglob("checked/*"))


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such permissions")
@pytest.mark.parametrize("what", ["file", "folder", "link", "linked folder", "checkout"])
def test_memory_that_somebody_else_could_have_written_is_not_believed(
    world: World, compiles: list[object], what: str
) -> None:
    """Not even one that says that a wrong lock passes."""
    (world.project / ".git").mkdir()
    assert world.run("check").exit_code == 0
    for stamp in stamps(world):
        match what:
            case "file":
                stamp.chmod(0o660)
            case "folder":
                stamp.parent.chmod(0o770)
            case "link":
                stamp.symlink_to(stamp.rename(world.root / f"elsewhere-{stamp.name}"))
            case "linked folder":
                stamp.parent.symlink_to(stamp.parent.rename(world.root / "elsewhere"))
                break
            case _:
                (world.home / ".cache" / "qwenlock" / ".git").mkdir(exist_ok=True)
    before = len(compiles)
    assert world.run("check").exit_code == 0
    assert len(compiles) == before + 1


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root changes owners")
@pytest.mark.parametrize("what", ["file", "folder"])
def test_memory_of_somebody_else_is_not_believed(
    world: World, compiles: list[object], what: str
) -> None:
    assert world.run("check").exit_code == 0
    for stamp in stamps(world):
        os.chown(stamp if what == "file" else stamp.parent, 1234, -1)
    before = len(compiles)
    assert world.run("check").exit_code == 0
    assert len(compiles) == before + 1


def test_nothing_is_remembered_in_a_checkout(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    (world.project / ".git").mkdir()
    monkeypatch.setenv("XDG_CACHE_HOME", str(world.project / ".cache"))
    assert world.run("check").exit_code == 0
    assert list((world.project / ".cache").rglob("checked/*")) == []


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such permissions")
def test_memory_is_private(world: World) -> None:
    world.run("check")
    assert {stamp.stat().st_mode & 0o777 for stamp in stamps(world)} == {0o600}
    assert {stamp.parent.stat().st_mode & 0o777 for stamp in stamps(world)} == {0o700}


def test_a_file_that_moves_the_user_scope_is_read(world: World) -> None:
    assert world.run("lock", "--client", "0.24.4").exit_code == 0
    assert world.run("check").exit_code == 0
    (world.home / "other").mkdir()
    variables = world.home / ".qwen" / ".env"
    for content, code in (("", 0), ("QWEN_HOME=~/other\n", 1), ("OTHER=1\n", 0)):
        write(variables, content)
        assert world.agreed() == code


def test_each_further_project_costs_only_its_own_files(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Facts that all projects of a command share are read once."""
    asked: list[str] = []

    def counted(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(path: Any, *arguments: Any, **options: Any) -> Any:
            asked.append(str(path))
            return function(path, *arguments, **options)

        return call

    def check_of(folder: Path) -> tuple[int, int]:
        """Return the number of calls of `os` for files in the first check, and in the second."""
        counts = []
        for _ in range(2):
            asked.clear()
            assert world.run("check", "--recursive", str(folder)).exit_code == 0
            counts.append(len(asked))
        return counts[0], counts[1]

    for number in range(16):
        own = world.project / ("few" if number < 4 else "many") / str(number) / ".qwen"
        own.mkdir(parents=True)
        write(own / "settings.json", models(MODEL))
    assert world.run("lock", "--recursive", ".").exit_code == 0
    for name in ("open", "stat", "lstat"):
        monkeypatch.setattr(os, name, counted(getattr(os, name)))
    few, many = (check_of(world.project / each) for each in ("few", "many"))
    cold, warm = ((many[each] - few[each]) / 8 for each in range(2))
    assert cold <= 60, asked
    assert warm <= 30, asked
