"""qwenlock sees the same settings where a lock is enforced as everywhere else."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given

from qwenlock.edge import enforcing_marks, launch
from qwenlock.enforce.enforcing import enforcing_settings, over
from qwenlock.settings.enforced import Enforced, enforced_by, marked, without_enforced
from support import MODEL, OBJECTS, OPENAI, World, locked, models, source, strict, write

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

OTHER = {**MODEL, "id": "other"}
ADMINISTRATOR: dict[str, Any] = {"$version": 4, "ui": {"theme": "light"}, "fastModel": "gpt-4o"}


@pytest.fixture
def world(world: World) -> World:
    """Return two locked projects: this one, and `other`."""
    write(world.system / "settings.json", ADMINISTRATOR)
    write(world.own, {**models(MODEL), "model": {"name": "gpt-4o"}})
    other = world.root / "other" / ".qwen"
    other.mkdir(parents=True)
    write(other / "settings.json", {**models(MODEL, OTHER), "model": {"name": "other"}})
    for arguments in ([], [str(other.parent)]):
        assert world.run("lock", "--client", "0.24.4", *arguments).exit_code == 0
    return world


@pytest.fixture
def inside(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """Return the world as a shell in `qwenlock run` for this project sees it."""
    enter(world, monkeypatch)
    return world


def enter(world: World, monkeypatch: pytest.MonkeyPatch, *project: str) -> dict[str, Any]:
    """Set up what `run` does, but in this process; return the settings that enforce the lock."""
    found: list[Path] = []

    def start(_: Sequence[str], settings: Path, defaults: Path) -> None:
        found.append(settings)
        for name, value in launch.variables(settings, defaults).items():
            monkeypatch.setenv(name, value)

    monkeypatch.setattr(launch, "start", start)
    monkeypatch.setenv("OPENAI_API_KEY", "hunter")
    result = world.run("run", *project, "--", "true")
    assert result.exit_code == 0, result
    settings: dict[str, Any] = json.loads(found[0].read_bytes())
    return settings


def same_everywhere(world: World) -> None:
    """Assert that both projects compile as they were locked, and that nothing is written."""
    other = world.root / "other" / "qwen.lock"
    before = world.lock.read_bytes(), other.read_bytes()
    for project in (world.project, other.parent):
        assert world.run("check", str(project)).exit_code == 0, world.run("check", str(project))
        assert "unchanged" in world.run("lock", str(project)).err
    assert (world.lock.read_bytes(), other.read_bytes()) == before


def test_every_project_compiles_inside_a_run_as_outside(inside: World) -> None:
    same_everywhere(inside)


def test_mark_in_a_file_that_git_tracks_hides_nothing_from_a_check(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A repository with its own system file could mark a model that `check` must see."""
    evil = {**models({**MODEL, "id": "evil"}), "model": {"name": "evil"}}
    file = write(world.project / "system.json", marked(evil, str(world.lock), "/nothing"))
    write(world.project / "qwenlock.toml", 'system = "system.json"\n')
    git = ["git", "-C", str(world.project)]
    for arguments in (["init", "-q"], ["add", "."]):
        subprocess.run([*git, *arguments], check=True)
    assert world.run("check").exit_code == 1
    assert "evil" in world.run("lock", "--output", "-").out
    monkeypatch.setenv("QWEN_CODE_SYSTEM_SETTINGS_PATH", str(file))
    assert world.run("check").exit_code == 1
    assert "enforced" not in world.run("status").out
    subprocess.run([*git, "rm", "-q", "--cached", "system.json"], check=True)
    assert "evil" not in world.run("lock", "--output", "-").out


TRACKS, FORGETS = ("add", "."), ("rm", "-rq", "--cached", ".")


@pytest.mark.parametrize(
    ("folder", "checkout", "said", "path", "counts"),
    [
        ("elsewhere", "", [], None, True),
        ("home", ".git", [TRACKS], None, True),  # a home that is a checkout is the user's own
        ("elsewhere", ".git", [TRACKS], None, False),
        ("elsewhere", ".git", [TRACKS, FORGETS], None, True),
        ("elsewhere", ".git", [TRACKS, FORGETS], "/nowhere", False),  # git cannot tell
        ("elsewhere", ".hg", [], None, False),
    ],
)
def test_one_rule_says_whether_a_mark_counts(
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    folder: str,
    checkout: str,
    said: Sequence[Sequence[str]],
    path: str | None,
    counts: bool,
) -> None:
    """The source of the name is the settings, the environment, or `run` with its cache."""
    root = world.root / folder
    file = root / "cache" / "qwenlock" / "enforced" / "settings.json"
    file.parent.mkdir(parents=True)
    write(file, marked({"fastModel": "a"}, str(world.lock), "/own.json"))
    if checkout == ".git":
        for arguments in (["init", "-q"], *said):
            subprocess.run(["git", "-C", str(root), *arguments], check=True)
    elif checkout:
        (root / checkout).mkdir()
    monkeypatch.setenv("XDG_CACHE_HOME", str(root / "cache"))
    monkeypatch.setenv("QWEN_CODE_SYSTEM_SETTINGS_PATH", str(file))
    if path is not None:
        monkeypatch.setenv("PATH", path)
    settings = source(json.loads(file.read_bytes()), "system")
    assert (enforcing_marks.own_file(file) != file) == counts
    assert ("fastModel" not in enforcing_marks.as_without(settings, file).settings) == counts
    assert ("enforced here" in world.run("resolve").out) == counts


def test_findings_are_the_same_inside_a_run(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "hunter")
    before = [world.run("lint", *each) for each in ([], [str(world.root / "other")])]
    enter(world, monkeypatch)
    assert [world.run("lint", *each) for each in ([], [str(world.root / "other")])] == before


def test_every_project_compiles_where_an_export_is_the_system_file(world: World) -> None:
    exported = world.run("export")
    assert exported.exit_code == 0
    write(world.system / "settings.json", exported.out)
    other = world.root / "other"
    for project in (str(other), str(world.project)):  # the administrator's own file was deleted
        world.run("lock", project)
    write(world.system / "settings.json", exported.out.replace('"gpt-4o"', '"elsewhere"'))
    same_everywhere(world)


def test_what_an_administrator_merged_with_an_export_counts(world: World) -> None:
    own = {"$version": 4, "ui": {"theme": "light"}, "env": {"A": "b"}}
    write(world.system / "settings.json", own)
    world.run("lock")
    locked_before = world.lock.read_bytes()
    exported = json.loads(world.run("export").out)
    write(world.system / "settings.json", {**exported, **own})
    assert "unchanged" in world.run("lock").err
    assert world.lock.read_bytes() == locked_before
    fields = json.loads(world.run("resolve", "--format", "json").out)
    assert fields["enforced"] == str(world.lock)


def test_a_run_inside_a_run_enforces_the_inner_lock(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    outer = enter(world, monkeypatch)
    inner = enter(world, monkeypatch, str(world.root / "other"))
    assert [each["id"] for each in outer["modelProviders"]["openai"]] == ["gpt-4o"]
    assert [each["id"] for each in inner["modelProviders"]["openai"]] == ["gpt-4o", "other"]
    assert inner["model"]["name"] == "other"
    assert inner["ui"] == ADMINISTRATOR["ui"]
    assert (outer["qwenlock"]["over"], inner["qwenlock"]["over"]) == (
        str(world.system / "settings.json"),
    ) * 2
    alone = enter(world, monkeypatch)
    assert alone == outer
    same_everywhere(world)


def test_resolve_says_what_is_enforced_and_from_which_lock(inside: World) -> None:
    other = inside.root / "other"
    document = json.loads(inside.run("resolve", str(other), "--format", "json").out)
    assert document["enforced"] == str(inside.lock)
    assert document["fields"]["model"]["value"] == "gpt-4o"
    assert "note: qwen.lock is enforced here, by " in inside.run("resolve").out
    asked = write(inside.root / "asked.json", ADMINISTRATOR)
    assert "enforced" not in inside.run("resolve", "--system", str(asked)).out


def test_checks_that_passed_are_remembered_for_the_right_system_file(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = enter(world, monkeypatch)
    mine = world.root / "mine.json"
    monkeypatch.setenv("QWEN_CODE_SYSTEM_SETTINGS_PATH", str(write(mine, settings)))
    assert world.run("check").exit_code == 0
    assert world.run("check").exit_code == 0
    del settings["qwenlock"]
    write(mine, {**settings, "model": {"name": "another"}})
    assert world.run("check").exit_code == 1


@given(OBJECTS)
def test_everything_but_the_enforced_settings_is_left(own: Any) -> None:
    own = {key: value for key, value in own.items() if key not in ("qwenlock", "modelProviders")}
    lock = locked({**OPENAI, "modelProviders": {"openai": [MODEL]}, "model": {"name": "gpt-4o"}})
    enforcing = marked(enforcing_settings(lock, [own]), "/p/qwen.lock")
    stripped = without_enforced(source({"$version": 4, **over(own, enforcing)}, "system")).settings
    assert stripped.pop("$version") == 4
    emptied = {"security": {"auth": {}}, "model": {}}
    wanted = over({"$version": 4, **own}, emptied)
    wanted.pop("$version")
    assert strict(stripped) == strict(wanted)


def test_of_a_mark_only_what_can_be_read_counts() -> None:
    mark = {"enforces": "/p/qwen.lock", "over": 1, "keys": [1, "a", "/b"]}
    assert enforced_by({"qwenlock": mark}) == Enforced("/p/qwen.lock", None, (("b",),))


def test_any_name_can_be_marked() -> None:
    settings = marked({"agents": {"modelGrades": {"a/b~1": None}}}, "/p/qwen.lock")
    keys = ["/agents/modelGrades/a~1b~01"]
    assert settings["qwenlock"] == {"enforces": "/p/qwen.lock", "keys": keys}
    stripped = without_enforced(source({"$version": 4, **settings}, "system")).settings
    assert stripped == {"$version": 4, "agents": {"modelGrades": {}}}


@pytest.mark.parametrize("mark", [1, {}, {"enforces": 1, "keys": []}, {"enforces": "x", "keys": 1}])
def test_what_is_not_our_mark_is_an_unknown_key(mark: Any) -> None:
    settings = {"$version": 4, "qwenlock": mark}
    assert enforced_by(settings) is None
    assert without_enforced(source(settings, "system")).settings == settings


def test_a_mark_in_a_users_or_projects_file_means_nothing(world: World) -> None:
    mark = marked({"modelProviders": {}}, "/p/qwen.lock")["qwenlock"]
    write(world.own, {**json.loads(world.own.read_bytes()), "qwenlock": mark})
    assert world.run("check").exit_code == 0


def test_removal_of_an_enforced_setting_is_noticed() -> None:
    whole = marked(enforcing_settings(locked(models(MODEL)), []), "/x/qwen.lock")
    for gone in [key for key in whole if key not in ("$version", "qwenlock")]:
        rest = {key: value for key, value in whole.items() if key != gone}
        stripped = without_enforced(source(rest, "system")).settings
        assert "qwenlock" not in stripped
        assert "modelProviders" not in stripped
