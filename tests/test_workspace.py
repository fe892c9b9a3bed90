"""Many projects of one team: which project a command means, and what it says about it."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import tracemalloc
from typing import TYPE_CHECKING, Any

import pytest

from qwenlock.edge.git import Revision
from qwenlock.edge.places import find_project
from qwenlock.edge.plans import load
from qwenlock.findings.errors import InputError
from qwenlock.plans.digest import PREFIX, models_digest
from support import MODEL, World, models, write

if TYPE_CHECKING:
    from pathlib import Path

OTHER = {**MODEL, "id": "other"}
KEY = "sk-hunter2hunter2hunter2"


@pytest.fixture
def world(world: World) -> World:
    """Return a repository whose root is a locked project, with the client in its configuration."""
    git(world.project, "init", "-q", "-b", "main")
    write(world.project / "qwenlock.toml", 'client = "0.24.4"\nuser = false\n')
    write(world.own, settings())
    assert world.run("lock").exit_code == 0
    return world


def settings(*entries: dict[str, Any]) -> dict[str, Any]:
    return {**models(*(entries or (MODEL,))), "model": {"name": "gpt-4o"}, "$version": 4}


def git(folder: Path, *arguments: str, given: str = "") -> str:
    identity = ("-c", "user.name=A", "-c", "user.email=a@example.org")
    done = subprocess.run(
        ["git", *identity, "-C", str(folder), *arguments],
        capture_output=True,
        input=given,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done
    return done.stdout


def put(world: World, name: str, *entries: dict[str, Any]) -> Path:
    """Add a project to the repository, without a lock."""
    folder = world.project / name
    (folder / ".qwen").mkdir(parents=True)
    write(folder / ".qwen" / "settings.json", settings(*entries))
    return folder


def follow(world: World, text: str) -> None:
    """Run each command that `text` advises, from here."""
    for command in re.findall(r"`((?:cd [^`]+ && )?qwenlock [^`]+)`", text):
        assert not command.startswith("cd "), command
        assert world.run(*shlex.split(command)[1:]).exit_code == 0, command


# The project of the working directory


def test_nearest_directory_with_settings_or_a_lock_is_the_project(world: World) -> None:
    below = put(world, "app") / "src" / "deep"
    below.mkdir(parents=True)
    assert find_project(below) == world.project / "app"
    (below.parent / "qwen.lock").touch()
    assert find_project(below) == below.parent
    plain = world.project / "plain"
    plain.mkdir()
    assert find_project(plain) == world.project


def test_search_ends_at_the_root_of_the_repository_and_before_the_home(world: World) -> None:
    inner = world.project / "vendor" / "inner" / "src"
    inner.mkdir(parents=True)
    git(inner.parent, "init", "-q")
    assert find_project(inner) == inner
    write(world.user, "{}")
    (world.home / "code").mkdir()
    assert find_project(world.home / "code") == world.home / "code"
    assert find_project(world.home) == world.home


def test_commands_below_are_about_the_directory_with_settings(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = world.lock.read_bytes(), world.own.read_bytes()
    app = put(world, "app", {**OTHER, "envKey": "A-B"}, MODEL)
    (app / "src").mkdir()
    monkeypatch.chdir(app / "src")
    linted = world.run("lint")
    assert linted.err.startswith("..: for Qwen Code 0.24.4")
    assert "found 1 error" in linted.err
    write(app / ".qwen" / "settings.json", settings(OTHER, MODEL))
    assert "../qwen.lock is missing" in world.run("check").err
    assert world.run("run", "--", "true").exit_code == 1
    assert world.run("lock").exit_code == 0
    assert (app / "qwen.lock").exists()
    upgraded = world.run("upgrade", "--plan", "deepseek", "--region", "default", "--yes")
    assert upgraded.exit_code == 0, upgraded
    assert (world.lock.read_bytes(), world.own.read_bytes()) == before


# Advice


def test_advice_names_the_project_and_works_from_here(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = put(world, "apps/my app")
    for stand, name in ((world.project, "apps/my app"), (world.project / "apps", "my app")):
        monkeypatch.chdir(stand)
        missing = world.run("check", name)
        assert f"run `qwenlock lock '{name}'`" in missing.err
        follow(world, missing.err)
        assert world.run("check", name).exit_code == 0
        (app / "qwen.lock").unlink()


def test_project_that_looks_like_an_option_can_be_typed(world: World) -> None:
    put(world, "-a")
    advised = world.run("check", "--recursive")
    assert "run `qwenlock lock ./-a`" in advised.err
    follow(world, advised.err)
    assert world.run("check", "--recursive").exit_code == 0


def test_advice_has_the_options_that_were_used(world: World) -> None:
    put(world, "app")
    arguments = ("app", "--client", "0.15.10", "--user", ".qwen/settings.json")
    missing = world.run("check", *arguments)
    follow(world, missing.err)
    assert world.run("check", *arguments).exit_code == 0
    assert world.run("check", "app").exit_code == 1  # the configuration says otherwise
    result = json.loads(world.run("check", *arguments, "--format", "json").out)
    assert result["projects"][0]["client"] == "0.15.10"


def test_findings_of_each_project_advise_about_that_project(world: World) -> None:
    for name in ("a", "b"):
        folder = put(world, name)
        old = {"modelProviders": {"openai": [MODEL]}, "selectedAuthType": "openai"}
        write(folder / ".qwen" / "settings.json", old)
        assert world.run("lock", name).exit_code == 0
    document = json.loads(world.run("check", "a", "b", "--format", "json").out)
    for project in document["projects"]:
        fixes = [each["fix"] for each in project["findings"] if "qwenlock" in str(each["fix"])]
        assert fixes
        assert all(f"qwenlock migrate {project['project']} " in each for each in fixes)


def test_advice_for_the_project_here_stays_short(world: World) -> None:
    world.lock.unlink()
    assert "run `qwenlock lock`\n" in world.run("check").err


# The gate


def test_deleted_lock_fails_the_gate(world: World) -> None:
    app = put(world, "app")
    world.run("lock", "app")
    assert world.run("check", "--recursive").exit_code == 0
    (app / "qwen.lock").unlink()
    result = world.run("check", "--recursive")
    assert (result.exit_code, "missing: app/qwen.lock is missing" in result.err) == (1, True)
    follow(world, result.err)
    assert world.run("check", "--recursive").exit_code == 0


def test_lock_that_is_a_folder_or_behind_a_link_fails_the_gate(world: World) -> None:
    app = put(world, "app")
    assert world.run("lock", "app").exit_code == 0
    assert world.run("check", "--recursive").exit_code == 0
    elsewhere = world.root / "elsewhere.lock"
    (app / "qwen.lock").rename(elsewhere)
    (app / "qwen.lock").symlink_to(elsewhere)
    assert "app/qwen.lock:1:1" in world.run("check", "--recursive").err
    assert world.run("check", "app").exit_code == 3
    (app / "qwen.lock").unlink()
    (app / "qwen.lock").mkdir()
    assert world.run("check", "--recursive").exit_code == 3
    app.rename(world.root / "app")
    app.symlink_to(world.root / "app")
    assert "app:1:1" in world.run("check", "--recursive").err


# A workspace


@pytest.fixture
def workspace(world: World) -> World:
    """Return a workspace with two projects without a lock, whose root is not a project."""
    world.own.unlink()
    world.lock.unlink()
    write(
        world.project / "qwenlock.toml",
        'client = "0.24.4"\nuser = false\nprojects = ["apps/*"]\nexclude = ["apps/fork"]\n',
    )
    for name in ("apps/a", "apps/b", "apps/fork"):
        put(world, name, MODEL, {**OTHER, "envKey": f"{name[-1].upper()}_KEY"})
    return world


def test_commands_at_the_root_of_a_workspace_mean_all_projects(workspace: World) -> None:
    checked = workspace.run("check")
    assert checked.exit_code == 1
    assert re.findall(r"missing: (\S+) is", checked.err) == ["apps/a/qwen.lock", "apps/b/qwen.lock"]
    locked = workspace.run("lock")
    assert re.findall(r"(\S+) written", locked.err) == ["apps/a/qwen.lock", "apps/b/qwen.lock"]
    assert not workspace.lock.exists()
    for arguments in (["check"], ["lint"], ["migrate", "--check"], ["lock", "--check"]):
        result = workspace.run(*arguments, "--format", "json")
        assert result.exit_code == 0, result
        projects = json.loads(result.out)["projects"]
        assert [each["project"] for each in projects] == ["apps/a", "apps/b"]
        assert workspace.run(*arguments).exit_code == 0


def test_a_directory_without_a_project_means_the_workspace(
    workspace: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    (workspace.project / "docs").mkdir()
    monkeypatch.chdir(workspace.project / "docs")
    assert workspace.run("lock").exit_code == 0
    assert not (workspace.project / "docs" / "qwen.lock").exists()
    assert "../apps/b/qwen.lock is up to date" in workspace.run("check", "-v").err
    refused = workspace.run("run", "--", "true")
    assert refused.exit_code == 2
    assert "name one of its projects: ../apps/a, ../apps/b" in refused.err


def test_inside_a_project_of_a_workspace_that_project_is_meant(
    workspace: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(workspace.project / "apps" / "b")
    assert workspace.run("lock").exit_code == 0
    assert not (workspace.project / "apps" / "a" / "qwen.lock").exists()
    result = workspace.run("lock", "../a", ".")
    assert result.exit_code == 0
    assert "../a/qwen.lock written" in result.err


def test_one_broken_project_does_not_hide_the_others(workspace: World) -> None:
    write(workspace.project / "apps" / "a" / ".qwen" / "settings.json", '{"a": }')
    for command in ("lock", "lint", "migrate", "upgrade"):
        result = workspace.run(command, "--recursive")
        assert result.exit_code == 3, result
        assert "apps/b: for Qwen Code 0.24.4" in result.err
        assert "apps/a/.qwen/settings.json:1" in result.err
    document = json.loads(workspace.run("lint", "--format", "json").out)
    assert [(each["project"], "error" in each) for each in document["projects"]] == [
        ("apps/a", True),
        ("apps/b", False),
    ]
    write(workspace.project / "apps" / "b" / ".qwen" / "settings.json", '{"modelProvidres": {}}')
    (workspace.project / "apps" / "c" / ".qwen" / "settings.json").mkdir(parents=True)
    lines = workspace.run("lint", "--recursive", "--format", "concise").out
    log = json.loads(workspace.run("lint", "--recursive", "--format", "sarif").out)
    results = log["runs"][0]["results"]
    at = [
        each["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].partition("/.qwen")[0]
        for each in results
    ]
    assert at == ["apps/a", "apps/b", "apps/c"]
    assert [line.partition("/.qwen")[0] for line in lines.splitlines()] == at


@pytest.mark.slow
def test_processes_that_share_the_projects_say_the_same(
    workspace: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(workspace.project / "apps" / "a" / ".qwen" / "settings.json", '{"a": }')
    commands = ["status"], ["status", "--format", "json"], ["check"]
    before = [workspace.run(*each, "--recursive", "--client", "0.12.0") for each in commands]
    monkeypatch.setattr("qwenlock.cli.projects._WORTH_A_PROCESS", 1)
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    after = [workspace.run(*each, "--recursive", "--client", "0.12.0") for each in commands]
    assert after == before
    assert "qwenlock lock apps/b --client 0.12.0" in after[0].out


def test_listed_project_must_exist(workspace: World) -> None:
    write(workspace.project / "qwenlock.toml", 'client = "0.24.4"\nprojects = ["apps/a", "gone"]')
    for command in ("lock", "check"):
        result = workspace.run(command)
        assert result.exit_code == 3
        assert "gone is one of the `projects`, but does not exist" in result.err
    assert not (workspace.project / "gone").exists()


@pytest.mark.parametrize("command", ["lock", "check", "status --recursive"])
def test_glob_that_matches_no_project_is_named(workspace: World, command: str) -> None:
    (workspace.project / "libs" / "c").mkdir(parents=True)
    write(workspace.project / "qwenlock.toml", 'projects = ["apps/*", "libs/*", "**/b", "x/?"]\n')
    said = 'warning: qwenlock.toml: "{}" in `projects` matches no project'
    lines = workspace.run(*command.split()).err.splitlines()
    assert [line for line in lines if "matches no" in line] == [
        said.format("libs/*"), said.format("x/?")
    ]  # fmt: skip
    assert "matches no" not in workspace.run(*command.split(), "--no-config").err


def test_variables_of_a_workspace_are_listed_once(workspace: World) -> None:
    workspace.run("lock")
    exported = workspace.run("export", "--format", "env")
    assert exported.out == (
        "# The variables of all projects: give each a value, and do not commit this file.\n"
        "\n# used by apps/a: openai/other\nA_KEY=\n"
        "\n# used by apps/b: openai/other\nB_KEY=\n"
        "\n# used by apps/a: openai/gpt-4o\n# used by apps/b: openai/gpt-4o\nOPENAI_API_KEY=\n"
    )
    assert workspace.run("export").exit_code == 2
    assert workspace.run("export", "apps/a").exit_code == 0


def test_annotations_of_several_projects_are_one_document(workspace: World) -> None:
    for name in ("a", "b"):
        file = workspace.project / "apps" / name / ".qwen" / "settings.json"
        write(file, settings({**MODEL, "envKey": "A-B"}))
    result = workspace.run("lint", "--format", "gitlab")
    assert result.exit_code == 1
    files = {each["location"]["path"] for each in json.loads(result.out)}
    assert files == {f"apps/{name}/.qwen/settings.json" for name in "ab"}


@pytest.mark.parametrize("command", ["lint", "status", "diff"])
def test_git_starts_as_often_for_many_projects_as_for_few(
    workspace: World, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    root, started = workspace.project, []
    start = subprocess.run

    def counted(*arguments: Any, **options: Any) -> Any:
        started.append(arguments)
        return start(*arguments, **options)

    def starts() -> int:
        workspace.run("lock", "--recursive", ".")
        git(root, "add", ".")
        git(root, "commit", "-qm", "x")
        write(root / "apps" / "a" / "qwen.lock", (root / "apps/b/qwen.lock").read_text())
        with monkeypatch.context() as patch:
            patch.setattr("subprocess.run", counted)
            started.clear()
            arguments = ["HEAD"] if command == "diff" else []
            result = workspace.run(command, *arguments, "--recursive")
        assert "apps/a" in result.out + result.err
        return len(started)

    few = starts()
    for number in range(5):
        put(workspace, f"libs/{number}")
    assert 0 < starts() == few


def test_tracked_file_is_seen_among_many(workspace: World) -> None:
    app = workspace.project / "apps" / "a"
    write(app / ".qwen" / "settings.json", settings() | {"env": {"OPENAI_API_KEY": KEY}})
    assert "QL406" not in workspace.run("lint").err
    git(workspace.project, "add", ".")
    assert "QL406" in workspace.run("lint").err


# Keys


def test_key_in_a_tracked_file_fails_the_gate(workspace: World) -> None:
    app = workspace.project / "apps" / "a"
    workspace.run("lock")
    write(app / ".qwen" / "settings.json", settings() | {"env": {"OPENAI_API_KEY": KEY}})
    workspace.run("lock")
    assert workspace.run("check").exit_code == 0
    git(workspace.project, "add", ".")
    for arguments in (["--recursive"], ["apps/a"], []):
        result = workspace.run("check", *arguments)
        assert result.exit_code == 1
        assert "key: the settings of apps/a/qwen.lock hold a key" in result.err
        assert "`qwenlock migrate apps/a --env-secrets`" in result.err
        assert "replace the key at its vendor" in result.err
        assert KEY not in result.err
    follow_up = workspace.run("migrate", "apps/a", "--env-secrets", "--yes")
    assert follow_up.exit_code == 0, follow_up
    workspace.run("lock")
    assert workspace.run("check").exit_code == 0


@pytest.mark.parametrize(
    ("entry", "more", "exit_code"),
    [
        ({"envKey": KEY}, {}, 1),
        ({"generationConfig": {"customHeaders": {"Authorization": f"Bearer {KEY}"}}}, {}, 1),
        ({"baseUrl": f"https://api.deepseek.com/v1?api_key={KEY}"}, {}, 1),
        ({"envKey": KEY}, {"modelProviders": {"openai": "not a list"}}, 1),
        ({"envKey": KEY}, '{"env": {"A_KEY": "%s"}, }', 3),
        ({"envKey": KEY}, '<<<<<<< HEAD\n{"modelProviders": {"openai": [{"envKey": "%s"}]}}', 3),
    ],
)
def test_tracked_key_that_is_an_error_too_fails_the_gate_as_a_key(
    workspace: World, entry: dict[str, Any], more: dict[str, Any] | str, exit_code: int
) -> None:
    app = workspace.project / "apps" / "a"
    workspace.run("lock")
    with_key = models(MODEL | entry)
    write(app / ".qwen" / "settings.json", settings() | with_key)
    assert workspace.run("check", "apps/a").exit_code == 3
    git(workspace.project, "add", ".")
    if isinstance(more, str):
        write(app / ".qwen" / "settings.json", more % KEY)
    elif more:
        more = {**more, "env": {"OPENAI_API_KEY": KEY}}
        write(app / ".qwen" / "settings.json", settings() | more)
    result = workspace.run("check", "apps/a")
    assert result.exit_code == exit_code, result
    verdict = "key: the settings of apps/a/qwen.lock hold a key, and git tracks them"
    assert (verdict in result.err) == (exit_code == 1)
    assert "QL406" in result.err
    assert "replace the key at its vendor" in result.err
    assert "in a .env file" in result.err or "to a .env file" in result.err
    assert KEY not in result.err


# Conflicts


def test_a_conflict_is_reported_as_a_conflict(world: World) -> None:
    before = world.lock.read_text(), world.own.read_text()
    marks = "<<<<<<< HEAD\nx\n=======\ny\n>>>>>>> topic\n"
    write(world.lock, before[0].replace("[[models]]", f"{marks}[[models]]", 1))
    result = world.run("check")
    assert result.exit_code == 3
    assert "conflict: qwen.lock or its settings have an unresolved merge conflict" in result.err
    assert world.run("lock").exit_code == 0
    assert world.run("check").exit_code == 0
    pretty = json.dumps(json.loads(before[1]), indent=2)
    write(world.own, pretty.replace('  "model":', f'{marks}  "model":'))
    assert "conflict: qwen.lock" in world.run("check", "--recursive").err


# Hooks


def test_changed_files_lock_their_projects_and_no_root(workspace: World) -> None:
    changed = ["apps/a/.qwen/settings.json", "apps/fork/.qwen/settings.json", "README.md"]
    first = workspace.run("lock", "--changed", *changed)
    assert first.exit_code == 1
    assert re.findall(r"(\S+) written", first.err) == ["apps/a/qwen.lock"]
    assert workspace.run("lock", "--changed", *changed).exit_code == 0
    everything = workspace.run("lock", "--changed", "qwenlock.toml")
    assert re.findall(r"(\S+) written", everything.err) == ["apps/b/qwen.lock"]
    write(workspace.project / "pyproject.toml", "[project]\n")
    assert workspace.run("lock", "--changed", "pyproject.toml").err == ""


def test_deleted_lock_is_written_again_by_the_hook(workspace: World) -> None:
    workspace.run("lock")
    git(workspace.project, "add", ".")
    git(workspace.project, "commit", "-q", "-m", "Lock")
    git(workspace.project, "rm", "-q", "apps/a/qwen.lock")
    assert workspace.run("check", "--recursive").exit_code == 1
    again = workspace.run("lock", "--changed")
    assert (again.exit_code, "apps/a/qwen.lock written" in again.err) == (1, True)
    assert workspace.run("check", "--recursive").exit_code == 0
    git(workspace.project, "rm", "-rqf", "apps/b")
    assert workspace.run("lock", "--changed").exit_code == 0


# Versions of qwenlock


def test_older_qwenlock_keeps_the_list_that_a_newer_one_installed(world: World) -> None:
    write(world.own, {"$version": 4})
    asked = ("upgrade", "--plan", "deepseek", "--region", "default", "--scope", "project")
    assert world.run(*asked, "--yes", "--lock").exit_code == 0
    newer = json.loads(world.own.read_text())
    entries = newer["modelProviders"]["openai"]
    entries[0]["name"] = "[DeepSeek] of the future"
    newer["providerMetadata"]["deepseek"]["version"] = models_digest(entries).removeprefix(PREFIX)
    write(world.own, newer)
    lock = re.sub(r'(id = "deepseek"\n(?:.*\n)*?)version = ".*"', r'\1version = "99.0"',
                  world.lock.read_text(), count=1)  # fmt: skip
    more = {"id": "deepseek", "region": "moon", "version": "100.0", "digest": f"{PREFIX}{0:064}"}
    lines = "".join(f'{key} = "{value}"\n' for key, value in more.items())
    write(world.lock, lock.replace("[[models]]", f"[[plans]]\n{lines}\n[[models]]", 1))
    kept = world.run("upgrade", "--yes")
    assert (kept.exit_code, json.loads(world.own.read_text())) == (0, newer), kept
    assert "100.0 is in the lock, and this qwenlock" in kept.err
    shown = json.loads(world.run("upgrade", "--dry-run", "--format", "json").out)
    newest = load().plan("deepseek").newest("0.24.4").version
    assert [(each["status"], each["to"]) for each in shown["plans"]] == [("current", newest)]
    assert world.run("upgrade", "--check").exit_code == 0
    assert world.run(*asked, "--to", "0.24.4", "--yes").exit_code == 2
    world.lock.unlink()  # the record in the settings is enough
    kept = world.run("upgrade", "--yes")
    assert (kept.exit_code, json.loads(world.own.read_text())) == (0, newer), kept
    assert "newer or older than every list here, so it is not replaced: install" in kept.err
    assert "deepseek default, a list that this qwenlock does not know" in world.run("status").out
    assert world.run(*asked, "--to", "0.24.4", "--yes").exit_code == 2
    assert world.run("upgrade", "--allow-downgrade", "--yes").exit_code == 0
    assert json.loads(world.own.read_text()) != newer


# Review


def test_equal_changes_of_many_projects_are_shown_once_and_the_important_first(
    workspace: World,
) -> None:
    workspace.run("lock")
    git(workspace.project, "add", ".")
    git(workspace.project, "commit", "-q", "-m", "Lock")
    assert workspace.run("diff", "HEAD", "--recursive").exit_code == 0
    for name in "ab":
        file = workspace.project / "apps" / name / ".qwen" / "settings.json"
        small = {**MODEL, "generationConfig": {"contextWindowSize": 1000}}
        write(file, settings(small, {**OTHER, "envKey": "A_KEY"}))
    workspace.run("lock")
    git(workspace.project, "commit", "-q", "-a", "-m", "Windows")
    file = workspace.project / "apps" / "b" / ".qwen" / "settings.json"
    for name in "ab":
        less = {**MODEL, "generationConfig": {"contextWindowSize": 10}}
        new = {**MODEL, "id": "new", "envKey": "NEW_KEY"}
        entries = [less, {**OTHER, "envKey": "A_KEY"}] + ([new] if name == "b" else [])
        write(workspace.project / "apps" / name / ".qwen" / "settings.json", settings(*entries))
    workspace.run("lock")
    result = workspace.run("diff", "HEAD", "--recursive")
    assert result.exit_code == 1
    window = "the context window of openai/gpt-4o shrinks from 1000 to 10"
    assert result.err.splitlines() == [
        f"look at this first: {window} (apps/a, apps/b)",
        "look at this first: NEW_KEY must be set (apps/b)",
    ]
    document = json.loads(workspace.run("diff", "HEAD", "--recursive", "--format", "json").out)
    assert [each["projects"] for each in document["groups"]] == [["apps/a", "apps/b"], ["apps/b"]]
    page = workspace.run("diff", "HEAD", "--recursive", "--format", "markdown").out
    assert page.count("contextWindowSize") == 1
    assert page.index("Look at this first") < page.index("### 2 projects: `apps/a`, `apps/b`")
    (file.parent.parent / "qwen.lock").unlink()
    assert "apps/b: gone" in workspace.run("diff", "HEAD", "--recursive").out


def test_lost_edit_of_a_plan_comes_first(workspace: World) -> None:
    upgrade = ("upgrade", "--plan", "coding-plan", "--keep-selection", "--yes", "--recursive")
    for name in "ab":
        (workspace.project / "apps" / name / ".qwen" / "settings.json").write_text("{}")
    old = ("--region", "china", "--scope", "project", "--to", "0.12.0")
    assert workspace.run(*upgrade, *old, "--allow-downgrade").exit_code == 0
    file = workspace.project / "apps" / "b" / ".qwen" / "settings.json"
    first = json.loads(file.read_text())
    first["modelProviders"]["openai"][0]["generationConfig"]["contextWindowSize"] = 99_999
    first["modelProviders"]["openai"][1]["name"] = "mine"
    del first["modelProviders"]["openai"][3]
    write(file, first)
    workspace.run("lock")
    git(workspace.project, "add", ".")
    git(workspace.project, "commit", "-q", "-m", "Lock")
    assert workspace.run(*upgrade, "--lock", "--on-edited", "keep").exit_code == 0
    assert "an edit of" not in workspace.run("diff", "HEAD", "--recursive").err
    git(workspace.project, "checkout", "-q", ".")
    assert workspace.run(*upgrade, "--lock", "--on-edited", "replace").exit_code == 0
    said = workspace.run("diff", "HEAD", "--recursive").err.splitlines()
    assert said[0] == (
        "look at this first: an edit of qwen3.5-plus is lost: generationConfig.contextWindowSize "
        "was 99999, and is 1000000 now (apps/b)"
    )
    assert 'name was "mine"' in said[1]
    assert "an edit of" not in said[2]
    assert workspace.run("template", "list").exit_code == 0  # also at the root of a workspace


def test_folder_that_became_a_link_is_compared_where_it_was(workspace: World) -> None:
    workspace.run("lock")
    git(workspace.project, "add", ".")
    git(workspace.project, "commit", "-q", "-m", "Lock")
    folder = workspace.project / "apps" / "a"
    folder.rename(workspace.root / "elsewhere")
    folder.symlink_to(workspace.root / "elsewhere")
    assert workspace.run("diff", "HEAD", "--recursive") == (0, "", "")
    write(folder / "qwen.lock", (folder / "qwen.lock").read_text().replace("gpt-4o", "gpt-5"))
    result = workspace.run("diff", "HEAD", "--recursive")
    assert "apps/a:" in result.out


@pytest.mark.parametrize("format", ["text", "json", "markdown"])
def test_lock_that_cannot_be_read_does_not_hide_what_differs_elsewhere(
    workspace: World,
    format: str,  # noqa: A002
) -> None:
    workspace.run("lock")
    git(workspace.project, "add", ".")
    git(workspace.project, "commit", "-q", "-m", "Lock")
    (workspace.project / "apps/a/qwen.lock").write_bytes(b"# Generated by qwenlock.\n\xff")
    other = workspace.project / "apps/b/qwen.lock"
    write(other, other.read_text().replace("gpt-4o", "gpt-5"))
    result = workspace.run("diff", "HEAD", "--recursive", "--format", format)
    assert result.exit_code == 3
    assert "gpt-5" in result.out
    assert "byte 0xff is not UTF-8" in result.err
    if format == "json":
        assert json.loads(result.out)["unread"] == ["apps/a"]
    elif format == "markdown":
        assert "**Locks that cannot be read:** `apps/a`" in result.out


def test_lock_of_a_commit_is_bounded(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    git(world.project, "add", ".")
    git(world.project, "commit", "-q", "-m", "Lock")
    monkeypatch.setattr("qwenlock.edge.git.MAX_LOCK_BYTES", 100)
    result = world.run("diff", "HEAD")
    assert result.exit_code == 3
    assert "it is larger than" in result.err


def test_locks_of_a_commit_are_bounded_together_and_each_is_read_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A commit of some kilobytes can name one large lock a million times."""
    for name, more in (("a", ""), ("b", ""), ("c", ""), ("d", "# other\n")):
        (world.project / name).mkdir()
        write(world.project / name / "qwen.lock", world.lock.read_text() + more)
    git(world.project, "add", ".")
    git(world.project, "commit", "-q", "-m", "Lock")
    size = world.lock.stat().st_size
    monkeypatch.setattr("qwenlock.edge.git._MOST_OF_ALL", 2 * size + 10)
    assert world.run("diff", "HEAD", "--recursive").exit_code == 0
    monkeypatch.setattr("qwenlock.edge.git._MOST_OF_ALL", 2 * size)
    result = world.run("diff", "HEAD", "--recursive")
    assert result.exit_code == 3
    assert "the locks of the commit have more than" in result.err
    monkeypatch.setattr("qwenlock.edge.git._MOST_LOCKS", 4)
    assert "the commit has more than 4 locks" in world.run("diff", "HEAD", "--recursive").err


def test_files_of_a_commit_are_listed_in_little_memory(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten trees of a few bytes, each ten times in the next, hold ten billion files."""
    git(world.project, "add", ".")
    git(world.project, "commit", "-q", "-m", "Lock")
    blob = git(world.project, "rev-parse", "HEAD:qwen.lock").strip()
    entry = f"100644 blob {blob}"
    for _ in range(10):
        listing = "".join(f"{entry}\t{name}\n" for name in "abcdefghij")
        tree = git(world.project, "mktree", given=listing).strip()
        entry = f"040000 tree {tree}"
    there = Revision(world.project, tree)
    monkeypatch.setattr("qwenlock.edge.asking_git.PATIENCE", 0.3)
    tracemalloc.start()
    with pytest.raises(InputError, match="git cannot list"):
        there.contents_below(world.project, "qwen.lock")
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 16 * 1024**2


def test_commit_that_git_cannot_list_is_not_an_empty_one(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """This happens if the trees of a commit name each other so often that git never ends."""
    git(world.project, "add", ".")
    git(world.project, "commit", "-q", "-m", "Lock")
    there = Revision(world.project, "0" * 40)
    monkeypatch.setattr("qwenlock.edge.git.revision", lambda *_: there)
    result = world.run("diff", "HEAD", "--recursive")
    assert result.exit_code == 3
    assert "git cannot list the files of the commit" in result.err


def test_a_branch_is_compared_with_where_it_began(world: World) -> None:
    git(world.project, "add", ".")
    git(world.project, "commit", "-q", "-m", "Lock")
    git(world.project, "switch", "-q", "-c", "topic")
    write(world.own, settings(MODEL, OTHER))
    world.run("lock")
    git(world.project, "commit", "-q", "-a", "-m", "Topic")
    changed = world.run("diff", "main...")
    assert "+ model openai/other" in changed.out
    assert world.run("diff", "main").out == changed.out
    assert world.run("diff", "HEAD").exit_code == 0
    for wrong in ("nothing", "nothing...", "main..topic"):
        assert world.run("diff", wrong).exit_code == 2
    assert world.run("diff", "--recursive", ".", ".").exit_code == 2


# Words


def test_lock_whose_settings_are_not_checked_out(workspace: World) -> None:
    workspace.run("lock")
    (workspace.project / "apps" / "a" / ".qwen" / "settings.json").unlink()
    result = workspace.run("check")
    assert result.exit_code == 1
    assert "absent: the settings of apps/a/qwen.lock are not here: check them out" in result.err


def test_sparse_checkout_is_checked_without_what_it_leaves_out(
    workspace: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(workspace.project / "qwenlock.toml", 'user = false\nprojects = ["apps/a", "apps/b"]\n')
    workspace.run("lock")
    git(workspace.project, "add", ".")
    git(workspace.project, "commit", "-q", "-m", "Lock")
    git(workspace.root, "clone", "-q", "--sparse", f"file://{workspace.project}", "sparse")
    sparse = workspace.root / "sparse"
    git(sparse, "sparse-checkout", "set", "apps/a")
    monkeypatch.chdir(sparse)
    checked = workspace.run("check", "-v")
    assert (checked.exit_code, "apps/a/qwen.lock is up" in checked.err) == (0, True)
    git(sparse, "sparse-checkout", "set", "--no-cone", "/qwenlock.toml", "qwen.lock")
    assert "absent" in workspace.run("check").err
    before = (sparse / "apps" / "a" / "qwen.lock").read_bytes()
    refused = workspace.run("lock")
    assert refused.exit_code == 3
    assert "apps/a/.qwen/settings.json are not checked out" in refused.err
    assert (sparse / "apps" / "a" / "qwen.lock").read_bytes() == before


def test_other_line_endings_are_not_called_an_edit(world: World) -> None:
    write(world.lock, world.lock.read_bytes().replace(b"\n", b"\r\n"))
    assert (
        "endings: qwen.lock has other line endings: run `qwenlock lock`" in world.run("check").err
    )
    assert "qwen.lock has other line endings" in world.run("run", "--", "true").err


def test_region_switch_says_from_where_to_where(world: World) -> None:
    write(world.own, {"$version": 4})
    plan = ("upgrade", "--plan", "coding-plan", "--scope", "project", "--to", "0.12.0")
    assert world.run(*plan, "--region", "china", "--yes").exit_code == 0
    assert (
        "region china → global, in .qwen" in world.run(*plan, "--region", "global", "--dry-run").err
    )


def test_paths_below_the_root_can_be_typed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    (world.project / "src").mkdir()
    write(world.own, models(MODEL))
    monkeypatch.chdir(world.project / "src")
    shown = world.run("migrate", "--dry-run")
    assert "+++ b/../.qwen/settings.json" in shown.out
    assert "as ../qwenlock.toml says" in shown.err


def test_file_that_the_client_will_rewrite_is_named(world: World) -> None:
    write(world.own, {**models(MODEL), "model": {"name": "gpt-4o"}})
    assert "QL125" not in world.run("lint").err
    git(world.project, "add", ".")
    result = world.run("lint")
    assert "note[QL125]" in result.err
    assert world.run("migrate", "--only", "settings-version", "--yes").exit_code == 0
    assert "QL125" not in world.run("lint").err
    write(world.own, {"$version": 5, **models(MODEL), "model": {"name": "gpt-4o"}})
    assert "QL125" in world.run("lint").err
    assert "QL125" not in world.run("lint", "--client", "0.15.10").err


# init


def test_init_at_a_root_makes_a_workspace_and_no_lock_of_its_own(workspace: World) -> None:
    (workspace.project / "qwenlock.toml").unlink()
    mine = {"modelProviders": {"openai": [{**MODEL, "id": "mine"}]}, "model": {"name": "hidden"}}
    write(workspace.user, {**models(MODEL, auth_type="anthropic"), **mine})
    write(
        workspace.system / "system-defaults.json",
        models({**MODEL, "id": "hidden"}, auth_type="anthropic"),
    )
    result = workspace.run("init", "--client", "0.24.4", "--yes")
    assert result.exit_code == 0, result
    made = (workspace.project / "qwenlock.toml").read_text()
    assert all(f'"apps/{name}"' in made for name in ("a", "b", "fork"))
    assert "user = false" in made
    assert not workspace.lock.exists()
    assert not workspace.own.exists()
    lock = (workspace.project / "apps" / "a" / "qwen.lock").read_text()
    assert "mine" not in lock
    assert workspace.run("check").exit_code == 0
    again = workspace.run("init", "--yes")
    assert again.exit_code == 0, again
    assert not workspace.lock.exists()
    assert "which nobody else has" not in result.err + again.err


def test_status_of_a_workspace_says_what_to_set(
    workspace: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "qwenlock lock apps/b: write qwen.lock" in workspace.run("status").out
    workspace.run("lock")
    monkeypatch.setenv("OPENAI_API_KEY", "hunter")
    document = json.loads(workspace.run("status", "--format", "json").out)
    told = [(each["project"], each["unset"]) for each in document["projects"]]
    assert told == [("apps/a", ["A_KEY"]), ("apps/b", ["B_KEY"])]
    assert "export B_KEY=…" in workspace.run("status", "apps/b").out
    monkeypatch.chdir(workspace.project / "apps" / "a")
    assert "export A_KEY=…" in workspace.run("status").out


def test_change_of_the_users_scope_says_that_it_is_left_out(world: World) -> None:
    asked = ("upgrade", "--plan", "coding-plan", "--region", "china", "--scope", "user", "--yes")
    refused = world.run(*asked)  # the project has models of its own
    assert (refused.exit_code, "the user scope is left out here" in refused.err) == (2, True)
    assert "remove --no-user and `user = false`" in refused.err
