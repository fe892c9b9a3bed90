"""`qwenlock init` adds what a project lacks, once, and changes nothing that exists."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

import qwenlock
from support import MODEL, World, models, plainly_read, untimed, write

if TYPE_CHECKING:
    from collections.abc import Iterator

PLAN_KEY = "BAILIAN_CODING_PLAN_API_KEY"
KEY = "Q7ZJ4KPX2VNB8RTM"
VARIABLES = ("OPENAI_", "QWEN_MODEL", "ANTHROPIC_", "GEMINI_", "GOOGLE_", PLAN_KEY)


@pytest.fixture
def world(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """Return an empty repository."""
    for name in [name for name in os.environ if name.startswith(VARIABLES)]:
        monkeypatch.delenv(name)
    world.own.parent.rmdir()
    subprocess.run(["git", "init", "-q"], check=True)
    return world


SETTINGS = {"$version": 4, **models(MODEL), "model": {"name": MODEL["id"]}}
"""What variables with this model make."""


@pytest.fixture
def openai(world: World, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ARG001
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("OPENAI_MODEL", MODEL["id"])
    monkeypatch.setenv("OPENAI_BASE_URL", MODEL["baseUrl"])


def files(world: World) -> dict[str, bytes]:
    """Return the files of the project, without git's."""
    found = world.project.rglob("*")
    return {
        file.relative_to(world.project).as_posix(): file.read_bytes()
        for file in found
        if file.is_file() and ".git" not in file.relative_to(world.project).parts
    }


@pytest.mark.usefixtures("openai")
def test_init_writes_every_file(world: World) -> None:
    arguments = ("init", "--ci", "gitlab", "--pre-commit", "--yes")
    first = world.run(*arguments)
    assert first.exit_code == 0, first
    written = files(world)
    shipped_as = {
        ".gitlab-ci.yml": "gitlab-ci.yml",
        ".gitlab/qwenlock.yml": "gitlab.yml",
        ".pre-commit-config.yaml": "pre-commit.yaml",
    }
    texts = {path.name: path.read_text("utf-8") for path in shipped()}
    assert written == {
        **{
            name: texts[of].replace("VERSION", qwenlock.__version__).encode()
            for name, of in shipped_as.items()
        },
        ".gitattributes": b"qwen.lock text eol=lf -merge\n",
        ".gitignore": b".env\n.qwen/*.orig\n.qwen/*.corrupted*\n",
        ".qwen/settings.json": json.dumps(SETTINGS, indent=2).encode() + b"\n",
        "qwen.lock": written["qwen.lock"],
        "qwenlock.toml": b"# The options of qwenlock in this project, for everyone and in CI.\n"
        b"user = false\n",
    }
    again = world.run(*arguments)
    assert (again.exit_code, files(world)) == (0, written)
    assert "all files already exist" in again.err
    assert "warning" not in first.err + again.err
    assert world.agreed() == 0
    assert KEY.encode() not in b"".join(written.values())
    assert KEY not in first.out + first.err


@pytest.mark.usefixtures("openai")
def test_undo_takes_it_back(world: World) -> None:
    world.run("init", "--ci", "github", "--yes")
    assert world.run("undo", "--yes").exit_code == 0
    assert files(world) == {}
    assert [each.name for each in world.project.iterdir()] == [".git"]


@pytest.mark.usefixtures("openai")
def test_dry_run_writes_nothing(world: World) -> None:
    result = world.run("init", "--dry-run")
    assert result.exit_code == 0
    assert '+        "envKey": "OPENAI_API_KEY"' in result.out
    assert "+user = false" in result.out
    assert files(world) == {}


def test_without_a_terminal_it_needs_yes(world: World) -> None:
    result = world.run("init")
    assert (result.exit_code, files(world)) == (2, {})


def test_settings_name_the_variables_of_each_auth_type(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    monkeypatch.setenv("ANTHROPIC_MODEL", "claude-x")
    monkeypatch.setenv("GEMINI_API_KEY", KEY)
    (world.project / ".env").write_text(f"OPENAI_API_KEY={KEY}\nQWEN_MODEL=from-the-file\n")
    assert world.run("init", "--from-env", "--yes").exit_code == 0
    settings = json.loads(world.own.read_text())
    assert settings["modelProviders"] == {
        "openai": [{"id": "from-the-file", "envKey": "OPENAI_API_KEY"}],
        "anthropic": [{"id": "claude-x", "envKey": "ANTHROPIC_API_KEY"}],
    }
    assert settings["security"] == {"auth": {"selectedType": "openai"}}
    assert settings["model"] == {"name": "from-the-file"}
    assert world.run("check", "--env").exit_code == 0


def test_default_model_of_the_client(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    world.run("init", "--client", "0.12.0", "--yes")
    assert json.loads(world.own.read_text())["model"] == {"name": "qwen3.5-plus"}
    assert tomllib.loads((world.project / "qwenlock.toml").read_text()) == {
        "client": "0.12.0",
        "user": False,
    }


def test_plan_needs_its_region(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PLAN_KEY, KEY)
    refused = world.run("init", "--from-env", "--yes")
    assert (refused.exit_code, files(world)) == (2, {})
    assert "--region" in refused.err
    monkeypatch.setenv("MINIMAX_API_KEY", KEY)
    done = world.run("init", "--from-env", "--region", "china", "--no-user", "--yes")
    assert done.exit_code == 0, done
    settings = json.loads(world.own.read_text())
    found = dict.fromkeys(each["envKey"] for each in settings["modelProviders"]["openai"])
    assert [*found] == ["MINIMAX_API_KEY", PLAN_KEY]
    assert world.run("upgrade", "--check").exit_code == 0


def test_plan_that_a_user_has_is_installed_in_the_project_too(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PLAN_KEY, KEY)
    world.run("upgrade", "--region", "china", "--scope", "user", "--yes")
    assert world.run("init", "--from-env", "--region", "china", "--yes").exit_code == 0
    settings = json.loads(world.own.read_text())
    assert settings["modelProviders"] == json.loads(world.user.read_text())["modelProviders"]


@pytest.mark.usefixtures("openai")
def test_plan_is_installed_beside_a_users_own_model(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PLAN_KEY, KEY)
    said = world.run("init", "--from-env", "--dry-run").err
    assert f"{PLAN_KEY} is set: add --region china|global to install" in said
    assert world.run("init", "--from-env", "--region", "china", "--yes").exit_code == 0
    entries = json.loads(world.own.read_text())["modelProviders"]["openai"]
    assert entries[-1]["id"] == "gpt-4o"
    assert len(entries) > 1


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({}, "set OPENAI_API_KEY"),
        ({"ANTHROPIC_API_KEY": KEY}, "also set ANTHROPIC_MODEL"),
        ({"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": f"https://u:{KEY}@host/v1"}, "QL401"),
    ],
)
def test_settings_cannot_be_made_from_these_variables(
    world: World, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], said: str
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    result = world.run("init", "--from-env", "--yes")
    assert result.exit_code in (2, 3)
    assert said in result.err
    assert KEY not in result.out + result.err
    assert files(world) == {}


@pytest.mark.usefixtures("openai")
def test_existing_models_are_not_hidden(world: World) -> None:
    write(world.user, models({**MODEL, "id": "own"}))
    alone = "the models are in your user settings, which nobody else has"
    said = world.run("init", "--yes").err
    assert alone in said
    assert "qwenlock.toml" not in files(world)
    assert not world.own.exists()
    done = world.run("init", "--from-env", "--yes")
    assert (done.exit_code, alone in done.err) == (0, False)
    assert world.own.exists()


@pytest.mark.usefixtures("openai")
def test_existing_files_are_not_changed(world: World) -> None:
    world.own.parent.mkdir()
    write(world.own, models(MODEL))
    there = {
        ".gitattributes": "* text\r\nqwen.lock -diff\r\n",
        ".gitignore": ".env*\n",
        ".gitlab-ci.yml": "stages: [test]\n",
        ".pre-commit-config.yaml": "repos: []\n",
        "pyproject.toml": "[tool.qwenlock]\nuser = false\n",
    }
    for name, text in there.items():
        write(world.project / name, text)
    before = files(world)
    result = world.run("init", "--from-env", "--ci", "gitlab", "--pre-commit", "--yes")
    assert result.exit_code == 0
    after = files(world)
    assert {name: after[name] for name in before} == before
    assert set(after) - set(before) == {"qwen.lock", ".gitlab/qwenlock.yml"}
    for said in (".gitlab-ci.yml exists", ".pre-commit-config.yaml exists", "was not changed"):
        assert said in result.err


def test_lines_are_added_as_the_file_has_them(world: World) -> None:
    write(world.project / ".gitattributes", b"*.png binary\r\n*.lock text")
    write(world.project / ".gitignore", b"build/\n")
    world.run("init", "--yes")
    written = files(world)
    assert written[".gitattributes"] == (
        b"*.png binary\r\n*.lock text\r\nqwen.lock text eol=lf -merge\r\n"
    )
    assert written[".gitignore"] == b"build/\n.env\n.qwen/*.orig\n.qwen/*.corrupted*\n"


def test_failure_of_git_is_reported(world: World) -> None:
    (world.project / ".env").touch()
    subprocess.run(["git", "add", ".env"], check=True)
    write(world.project / ".gitignore", "*.lock\n.qwen/\n")
    said = world.run("init", "--yes").err
    assert "git tracks .env" in said
    assert "git ignores qwen.lock" in said
    assert "git ignores .qwen/settings.json" in said


def test_outside_a_repository_git_is_left_out(world: World) -> None:
    subprocess.run(["rm", "-r", ".git"], check=True)
    assert world.run("init", "--yes").exit_code == 0
    assert set(files(world)) == {"qwen.lock"}


def test_options_of_the_scopes_are_written_down(world: World) -> None:
    write(world.root / "team.json", models(MODEL))
    assert world.run("init", "--user", "../team.json", "--untrusted", "--yes").exit_code == 0
    text = (world.project / "qwenlock.toml").read_text()
    assert tomllib.loads(text) == {"user": "../team.json", "untrusted": True}
    assert world.agreed() == 0


def test_existing_choices_count(world: World) -> None:
    write(world.project / "qwenlock.toml", 'client = "0.12.0"\n')
    agreeing = world.run("init", "--client", "0.12.0", "--yes")
    assert "says otherwise" not in agreeing.err
    other = world.run("init", "--client", "0.21.2", "--no-user", "--yes")
    assert other.exit_code == 0
    assert "qwenlock.toml sets other options and takes precedence: change them there" in other.err
    assert world.agreed() == 0


def test_project_below_a_repository(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    below = world.project / "packages" / "app"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    assert world.run("init", "--ci", "github", "--pre-commit", "--yes").exit_code == 0
    assert set(files(world)) == {
        ".github/workflows/qwenlock.yml",
        ".gitignore",
        ".pre-commit-config.yaml",
        "packages/app/.gitattributes",
        "packages/app/qwen.lock",
    }


def test_home_directory_is_not_a_project(world: World) -> None:
    before = {path: path.is_file() and path.read_bytes() for path in world.home.rglob("*")}
    assert world.run("init", str(world.home), "--yes").exit_code == 2
    assert {path: path.is_file() and path.read_bytes() for path in world.home.rglob("*")} == before


def test_user_scope_can_be_kept(world: World) -> None:
    world.own.parent.mkdir()
    write(world.own, models(MODEL))
    assert world.run("init", "--with-user", "--yes").exit_code == 0
    assert "qwenlock.toml" not in files(world)
    assert world.run("init", "--with-user", "--no-user").exit_code == 2


def answered(answers: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `qwenlock init` on a terminal on which `answers` are typed."""
    import pty

    ours, theirs = pty.openpty()
    os.write(ours, answers.encode())
    done = subprocess.run(
        [sys.executable, "-m", "qwenlock", "init", *arguments],
        stdin=theirs,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    os.close(ours)
    os.close(theirs)
    return done


@pytest.mark.usefixtures("openai")
def test_on_a_terminal_it_asks(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PLAN_KEY, KEY)
    done = answered("\nn\ny\n\ngithlab\ngitlab\ny\ny\n")
    assert done.returncode == 0, done.stderr
    questions = [
        f"Create .qwen/settings.json with models for OPENAI_API_KEY, {PLAN_KEY}? [Y/n]",
        "Install Bailian Coding Plan (china)? [y/N]",
        "Install Bailian Coding Plan (global)? [y/N]",
        "Leave each user's own settings out of the lock? [Y/n]",
        "Add a CI job? [github/gitlab/none]",
        "Add a pre-commit hook? [y/N]",
        "Write this? [y/N]",
    ]
    places = [done.stderr.index(question) for question in questions]
    assert places == sorted(places)
    assert {".gitlab-ci.yml", ".pre-commit-config.yaml", "qwenlock.toml"} <= set(files(world))
    assert ".github/workflows/qwenlock.yml" not in files(world)
    assert "coding-intl" in world.own.read_text()


def test_on_a_terminal_a_refusal_changes_nothing(world: World) -> None:
    done = answered("n\n", "--ci", "github", "--no-pre-commit")
    assert (done.returncode, files(world)) == (0, {})
    assert "nothing was written" in done.stderr


def test_on_a_terminal_only_what_is_open_is_asked(world: World) -> None:
    done = answered("y\n", "--ci", "none", "--no-pre-commit", "--with-user", "--no-from-env")
    assert done.stderr.count("?") == 1
    assert "qwen.lock" in files(world)


NAMES = ["OPENAI_API_KEY", "OPENAI_MODEL", "OPENAI_BASE_URL", "ANTHROPIC_API_KEY", "GOOGLE_MODEL",
         "ANTHROPIC_MODEL", "ANTHROPIC_BASE_URL", "GOOGLE_API_KEY", PLAN_KEY]  # fmt: skip
VALUES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=9)


@given(variables=st.dictionaries(st.sampled_from(NAMES), VALUES))
@untimed(40)
def test_written_settings_can_be_locked_whatever_is_set(
    world: World, variables: dict[str, str]
) -> None:
    world.clear()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, f"{KEY}{value}" if name.endswith("_KEY") else value)
        result = world.run("init", "--from-env", "--region", "china", "--yes")
    assert result.exit_code in (0, 2, 3), result
    assert KEY not in result.out + result.err
    if result.exit_code == 0:
        assert KEY not in world.own.read_text()
        assert world.run("check").exit_code == 0
    else:
        assert files(world) == {}


def shipped() -> Iterator[Path]:
    yield from (Path(qwenlock.__file__).parent / "change" / "files").iterdir()


SCHEMAS = {"github.yml": "vendor.github-workflows", "gitlab.yml": "vendor.gitlab-ci",
           "gitlab-ci.yml": "vendor.gitlab-ci"}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("file", SCHEMAS)
def test_files_of_ci_are_valid(file: str) -> None:
    (path,) = (each for each in shipped() if each.name == file)
    done = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", SCHEMAS[file], str(path)],
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.slow
def test_hooks_for_pre_commit_are_valid() -> None:
    (path,) = (each for each in shipped() if each.name == "pre-commit.yaml")
    subprocess.run([sys.executable, "-m", "pre_commit", "validate-config", path], check=True)
    (hook,) = yaml.safe_load(path.read_text())["repos"][0]["hooks"]
    assert hook["id"] == "qwenlock-check"


def test_every_shipped_file_is_covered() -> None:
    assert {path.name for path in shipped()} == {*SCHEMAS, "pre-commit.yaml"}


def test_settings_are_not_made_from_variables_where_a_model_is_selected(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "hunter-2")
    selected = {"security": {"auth": {"selectedType": "openai"}}, "model": {"name": "lab-large"}}
    write(world.user, {"$version": 4} | selected)
    assert world.run("init", "--yes", "--client", "0.24.4").exit_code == 0
    assert not world.own.exists()


# The user's models, for a team

USERS = models(
    {"id": "a", "envKey": "A_KEY", "baseUrl": "https://a.example/v1"},
    {"id": "b", "envKey": "B_KEY", "baseUrl": "https://b.example/v1"},
    {"id": "c", "envKey": "C_KEY", "baseUrl": "https://c.example/v1"},
)
USERS_FIRST = USERS["modelProviders"]["openai"][0]
USERS |= {"$version": 4, "model": {"name": "b"}, "fastModel": "c", "env": {"B_KEY": KEY}}
NEWEST = ("--client", "0.24.4", "--yes")


def copied(world: World) -> list[str]:
    value = json.loads(world.own.read_text())
    return [each["id"] for each in value["modelProviders"]["openai"]]


def test_models_in_use_are_copied_from_the_user(world: World) -> None:
    write(world.user, USERS)
    result = world.run("init", "--from-user", *NEWEST)
    assert result.exit_code == 0, result
    assert "copy 2 of your 3 models to .qwen/settings.json; in this project, that" in result.err
    assert "warning" not in result.err
    assert copied(world) == ["b", "c"]
    assert KEY not in world.own.read_text() + result.out + result.err
    value = json.loads(world.own.read_text())
    assert (value["model"], value["fastModel"]) == ({"name": "b"}, "c")
    assert tomllib.loads((world.project / "qwenlock.toml").read_text())["user"] is False
    assert "ok: the check passes on a machine that has only this project" in result.err
    assert world.run("check").exit_code == 0
    world.user.unlink()
    assert world.run("check").exit_code == 0


def test_all_models_are_copied_if_asked_for(world: World) -> None:
    write(world.user, USERS)
    assert world.run("init", "--from-user", "--all-models", *NEWEST).exit_code == 0
    assert copied(world) == ["a", "b", "c"]


KEYED = {**MODEL, "id": "keyed", "generationConfig": {"customHeaders": {"Authorization": KEY}}}


@pytest.mark.parametrize(
    ("settings", "arguments", "code"),
    [
        ({}, (), 0),
        ({}, ("--all-models",), 3),
        ({"fastModel": "keyed"}, (), 3),
        ({"ui": {"theme": "eyed or keye"}}, (), 0),
        ({"model": {"name": "keyed"}}, (), 3),
    ],
)
def test_a_key_in_a_model_that_is_not_copied_stops_nothing(
    world: World, settings: dict[str, Any], arguments: tuple[str, ...], code: int
) -> None:
    user = json.loads(json.dumps(USERS))
    user["modelProviders"]["openai"][:1] = [KEYED, {**KEYED, "id": "keyed-2"}, USERS_FIRST]
    write(world.user, user | settings)
    result = world.run("init", "--from-user", *NEWEST, *arguments)
    assert result.exit_code == code, result
    assert KEY not in result.out + result.err
    assert world.own.exists() is (code == 0)
    if not code:
        assert "copy 2 of your 5 models" in result.err
        assert copied(world) == ["b", "c"]


def test_settings_of_the_project_stay(world: World) -> None:
    selected = models(MODEL) | {"model": {"name": MODEL["id"]}}
    write(world.user, {"$version": 4, **selected})
    world.own.parent.mkdir()
    before = '{\n  // ours\n  "ui": {"theme": "x"},\n  "model": {"maxSessionTurns": 9}\n}\n'
    write(world.own, before)
    done = world.run("init", "--from-user", *NEWEST)
    assert done.exit_code == 0
    assert "copy 1 of your 1 model to .qwen/settings.json;" in done.err
    text = world.own.read_text()
    assert "// ours" in text
    assert plainly_read(text) == {
        "ui": {"theme": "x"},
        **selected,
        "model": {"maxSessionTurns": 9, "name": MODEL["id"]},
    }
    assert world.run("undo", "--yes").exit_code == 0
    assert world.own.read_text() == before


@pytest.mark.parametrize(
    ("client", "user", "model"),
    [
        ("guide", models(MODEL, auth_type="anthropic"), {"name": MODEL["id"]}),
        (
            "0.24.4",
            {**models(MODEL), "model": {"name": MODEL["id"], "baseUrl": "x"}},
            {"name": MODEL["id"], "baseUrl": ""},
        ),
        (
            "0.24.4",
            {
                **models(MODEL, {**MODEL, "baseUrl": "https://b.example"}),
                "model": {"name": MODEL["id"]},
            },
            {"name": MODEL["id"], "baseUrl": MODEL["baseUrl"]},
        ),
    ],
)
def test_selection_is_copied_so_that_it_means_the_same(
    world: World, client: str, user: Any, model: object
) -> None:
    write(world.user, {"$version": 4, **user})
    assert world.run("init", "--from-user", "--client", client, "--yes").exit_code == 0
    settings = json.loads(world.own.read_text())
    assert (settings["model"], settings["security"]) == (model, user["security"])


@pytest.mark.parametrize(
    ("own", "user", "said"),
    [
        (models(MODEL), USERS, "has models already"),
        (None, {"$version": 4, "model": {"name": "x"}}, "is not one of your modelProviders"),
        (None, models({**MODEL, "envKey": "sk-" + KEY}), "must be the name of an environment"),
        (None, USERS | {"modelProviders": USERS["modelProviders"] | {"gemini": "x"}}, "QL204"),
    ],
)
def test_what_cannot_be_copied_is_refused(
    world: World, own: object, user: object, said: str
) -> None:
    write(world.user, user)
    if own:
        world.own.parent.mkdir()
        write(world.own, own)
    before = files(world)
    result = world.run("init", "--from-user", *NEWEST)
    assert result.exit_code in (2, 3)
    assert said in result.err
    assert files(world) == before


def test_a_gate_that_fails_elsewhere_is_reported(world: World) -> None:
    write(world.user, USERS)
    result = world.run("init", *NEWEST)
    assert result.exit_code == 0
    assert "warning: the models are in your user settings, which nobody else has" in result.err
    assert "elsewhere, such as in CI, the check fails" in result.err
    assert "help: add --from-user" in result.err
    assert world.run("init", "--from-user", "--yes").exit_code == 0
    assert world.run("check").exit_code == 0


def test_on_a_terminal_the_models_of_the_user_are_offered(world: World) -> None:
    write(world.user, USERS)
    done = answered("y\n\nn\ny\n", "--client", "0.24.4")
    assert done.returncode == 0, done.stderr
    assert "Copy those that you use to the project, for the team? [y/N]" in done.stderr
    assert copied(world) == ["b", "c"]


def test_check_says_that_the_users_settings_are_not_there(world: World) -> None:
    write(world.user, USERS)
    world.run("lock")
    world.user.unlink()
    result = world.run("check")
    assert result.exit_code == 1
    assert "and ~/.qwen/settings.json is not on this machine: to copy the models" in result.err
    document = json.loads(world.run("check", "--format", "json").out)
    assert "~/.qwen/settings.json is not on this machine" in document["projects"][0]["help"]
    write(world.user, {**USERS, "model": {"name": "a"}})
    assert "not on this machine" not in world.run("check").err


def test_report_names_the_client_and_the_files(world: World) -> None:
    result = world.run("init", "--ci", "none", "--format", "json", "--yes", "--client", "0.24.4")
    document = json.loads(result.out)
    assert document["files"] == ["qwenlock.toml", ".gitattributes", ".gitignore"]
    assert (document["client"], document["client-from"]) == ("0.24.4", "option")
