"""`qwenlock migrate`: how settings and keys change, where they go, what is refused."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import typer
from dotenv import dotenv_values
from hypothesis import given
from hypothesis import strategies as st

from qwenlock.clients.hosts import runtime_base_url
from qwenlock.clients.profile import API_KEY_VARIABLES, DEFAULT_BASE_URLS, profile
from qwenlock.findings.reading import parse
from qwenlock.migrate.request import Request, request
from qwenlock.settings import shipped
from qwenlock.settings.project import Project
from support import MODEL, Result, World, models, source, untimed, write
from test_workspace import git

if TYPE_CHECKING:
    from collections.abc import Mapping

KEY = "hunter2-0123456789"
URL = "https://api.example.com/v1"
CHINA = "https://coding.dashscope.aliyuncs.com/v1"
GLOBAL = "https://coding-intl.dashscope.aliyuncs.com/v1"
PLAN_KEY = "BAILIAN_CODING_PLAN_API_KEY"
OPTIONS = {"samplingParams": {"temperature": 0.3}, "timeout": 1000}
OTHER = {"id": "other", "envKey": "OTHER_KEY", "baseUrl": URL}
SCRIPT = """
from qwenlock.settings.script_api import SettingsChange
from qwenlock.text.operations import Move, Set, get

NAME, TITLE, REASON, SINCE = "mine", "Turn it round", "It has another name", "0.24.0"

def detect(context):
    return get(context.settings, ("ui", "hideHints")) is not None

def change(context):
    shown = not get(context.settings, ("ui", "hideHints"))
    moved = Move(("ui", "hideHints"), ("ui", "showHints"))
    return SettingsChange(operations=(moved, Set(("ui", "showHints"), shown)))
"""
ENTRY = {"id": "m1", "envKey": "OPENAI_API_KEY", "baseUrl": URL}


@pytest.fixture
def world(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    for name in (*API_KEY_VARIABLES.values(), "OPENAI_BASE_URL", "OPENAI_MODEL", "QWEN_MODEL"):
        monkeypatch.delenv(name, raising=False)
    return world


def auth(**fields: Any) -> dict[str, Any]:
    return {"security": {"auth": {"selectedType": "openai", **fields}}}


def old(key: str = KEY, url: str | None = URL, model: str | None = "m1") -> dict[str, Any]:
    """Return settings with a key, in the form of clients before 0.10.1."""
    fields = {"apiKey": key} | ({"baseUrl": url} if url else {})
    return {"$version": 3, **auth(**fields), **({"model": {"name": model}} if model else {})}


def catalogue(*entries: Any, auth_type: str = "openai") -> dict[str, Any]:
    return {"modelProviders": {auth_type: list(entries)}}


def settings_of(path: Path) -> Any:
    return parse(path.read_bytes().decode(), path.name).value


def models_of(path: Path, auth_type: str = "openai") -> Any:
    return settings_of(path)["modelProviders"][auth_type]


def fields_of(path: Path) -> Any:
    return settings_of(path)["security"]["auth"]


def files_of(root: Path) -> dict[str, tuple[int, bytes]]:
    """Return every file below `root`, with its mode, without the history."""
    return {
        str(path.relative_to(root)): (path.lstat().st_mode, path.read_bytes())
        for path in root.rglob("*")
        if path.is_file() and ".local" not in path.parts and ".git" not in path.parts
    }


def migrate(world: World, *options: str) -> Result:
    """Migrate; assert that no key is printed and that a second run changes nothing."""
    result = world.run("migrate", "--yes", *options)
    assert KEY not in result.out + result.err
    if result.exit_code == 0 and not {"--dry-run", "--list", "--check"} & set(options):
        before = files_of(world.root)
        again = world.run("migrate", "--yes", *options)
        assert again.exit_code == 0, again
        assert files_of(world.root) == before
    return result


def refused(world: World, *options: str) -> str:
    """Return the error of a refused migration; assert that it changes nothing."""
    before = files_of(world.root)
    result = migrate(world, *options)
    assert result.exit_code == 4, result
    assert files_of(world.root) == before
    assert world.run("undo", "--yes").err == "nothing to undo\n"
    return result.err


# The command


def test_where_nothing_is_deprecated_nothing_is_written(world: World) -> None:
    write(world.user, {"$version": 3, **auth(), **catalogue(ENTRY)})
    before = files_of(world.root)
    result = migrate(world)
    assert (result.exit_code, result.out, result.err) == (
        0,
        "",
        "for the guide, as --client says\nnothing to migrate\n",
    )
    assert files_of(world.root) == before
    assert world.run("migrate", "--check").exit_code == 0


def test_without_files_nothing_is_migrated(world: World) -> None:
    assert migrate(world).exit_code == 0
    assert files_of(world.root) == {}


def test_key_becomes_an_entry_and_a_variable(world: World) -> None:
    write(world.user, {**old(), "theme": "x"})
    assert migrate(world).exit_code == 0
    assert settings_of(world.user) == {
        "$version": 3,
        **auth(),
        "model": {"name": "m1"},
        "theme": "x",
        **catalogue(ENTRY),
    }
    env = world.home / ".qwen" / ".env"
    assert dotenv_values(env) == {"OPENAI_API_KEY": KEY}
    assert env.stat().st_mode & 0o777 == 0o600


def test_list_says_what_and_why_and_writes_nothing(world: World) -> None:
    write(world.user, {"theme": "x", **auth(apiKey=KEY, baseUrl=URL)})
    before = files_of(world.root)
    result = world.run("migrate", "--list")
    assert result.exit_code == 0
    title, reason = result.out.splitlines()[-2:]
    assert title.startswith("api-key: ~/.qwen/settings.json: Move security.auth.apiKey")
    assert reason.startswith("  why: Both are deprecated")
    document = json.loads(world.run("migrate", "--list", "--format", "json").out)
    assert [step["migration"] for step in document["steps"]][-1] == "0005_api_key"
    assert document["variables"] == [{"name": "OPENAI_API_KEY", "file": "~/.qwen/.env"}]
    assert files_of(world.root) == before


def test_check_fails_where_a_migration_is_due(world: World) -> None:
    write(world.user, old())
    before = files_of(world.root)
    result = world.run("migrate", "--check")
    assert result.exit_code == 1
    assert result.err.endswith("\n1 migration is due: run `qwenlock migrate`\n")
    assert world.run("migrate", "--check", "--only", "settings-version").exit_code == 0
    assert files_of(world.root) == before


def test_dry_run_shows_the_diff_and_writes_nothing(world: World) -> None:
    write(world.user, old())
    before = files_of(world.root)
    result = migrate(world, "--dry-run")
    assert result.exit_code == 0
    assert "+OPENAI_API_KEY=***" in result.out
    assert files_of(world.root) == before


def test_without_a_terminal_yes_is_needed(world: World) -> None:
    write(world.user, old())
    before = files_of(world.root)
    assert world.run("migrate").exit_code == 2
    assert files_of(world.root) == before


def test_report_for_programs_says_what_was_done(world: World) -> None:
    write(world.user, old())
    document = json.loads(migrate(world, "--format", "json").out)
    assert document["written"] is True
    assert document["client"] == "guide"
    assert document["steps"] == [
        {
            "migration": "0005_api_key",
            "group": "api-key",
            "title": "Move security.auth.apiKey and baseUrl to a model and a .env file",
            "reason": "Both are deprecated; a model names the variable that holds its key",
            "scope": "user",
            "file": "~/.qwen/settings.json",
        }
    ]
    assert document["refused"] is None
    assert "+OPENAI_API_KEY=***" in document["diff"]


def test_only_settings_version_leaves_credentials_alone(world: World) -> None:
    write(world.user, {"theme": "x", **auth(apiKey=KEY)})
    assert migrate(world, "--only", "settings-version").exit_code == 0
    assert settings_of(world.user) == {**auth(apiKey=KEY), "ui": {"theme": "x"}, "$version": 3}


@pytest.mark.parametrize(("client", "due"), [("guide", 0), ("0.23.4", 0), ("0.24.0", 1)])
def test_script_is_for_the_releases_since_the_one_it_names(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, client: str, due: int
) -> None:
    scripts = tmp_path / "migrations"
    shutil.copytree(shipped.folder("migrations"), scripts)
    number = len(list(scripts.glob("*.py"))) + 1
    (scripts / f"{number:04}_mine.py").write_text(SCRIPT, encoding="utf-8")
    bundled = shipped.folder
    monkeypatch.setattr(
        shipped, "folder", lambda name: scripts if name == "migrations" else bundled(name)
    )
    write(world.user, {"$version": 4, "ui": {"hideHints": True}})
    assert world.run("migrate", "--check", "--client", client).exit_code == due
    assert migrate(world, "--only", "mine", "--client", client).exit_code == 0
    changed = {"showHints": False} if due else {"hideHints": True}
    assert settings_of(world.user) == {"$version": 4, "ui": changed}


@pytest.mark.parametrize(
    ("options", "version"),
    [
        ((), 3),
        (("--to-settings-version", "4"), 4),
        (("--client", "0.12.0"), 3),
        (("--client", "0.15.10"), 4),
        (("--client", "0.15.10", "--to-settings-version", "3"), 3),
    ],
)
def test_version_is_that_of_the_client_or_as_asked_for(
    world: World, options: tuple[str, ...], version: int
) -> None:
    write(world.user, {"$version": 2, "general": {"disableAutoUpdate": True}})
    assert migrate(world, *options).exit_code == 0
    assert settings_of(world.user) == {"$version": version, "general": {"enableAutoUpdate": False}}


@pytest.mark.parametrize(
    "options", [("--to-settings-version", "5"), ("--only", "nothing"), ("--scope", "system")]
)
def test_unknown_name_is_wrong_use(world: World, options: tuple[str, ...]) -> None:
    write(world.user, old())
    assert world.run("migrate", "--yes", *options).exit_code == 2


@pytest.mark.parametrize("scope", ["user", "project", "all"])
def test_scope_chooses_the_files(world: World, scope: str) -> None:
    for path in (world.user, world.own):
        write(path, {"$version": 2})
    assert migrate(world, "--scope", scope).exit_code == 0
    changed = {
        name
        for name, path in (("user", world.user), ("project", world.own))
        if settings_of(path) == {"$version": 3}
    }
    assert changed == ({"user", "project"} if scope == "all" else {scope})


def test_system_files_are_never_written(world: World) -> None:
    for name in ("settings.json", "system-defaults.json"):
        write(world.system / name, {"theme": "x", **auth(apiKey=KEY)})
    before = files_of(world.root)
    assert migrate(world).exit_code == 0
    assert files_of(world.root) == before


def test_lock_is_made_where_it_is_asked_for(world: World) -> None:
    write(world.user, old())
    assert migrate(world, "--lock").exit_code == 0
    assert world.run("check").exit_code == 0
    assert 'kind = "provider"' in world.lock.read_text()


def test_undo_takes_everything_back(world: World) -> None:
    write(world.user, old())
    write(world.home / ".qwen" / ".env", "A=1\n")
    before = files_of(world.root)
    migrate(world)
    assert files_of(world.root) != before
    assert world.run("undo", "--yes").exit_code == 0
    assert files_of(world.root) == before


def test_invalid_settings_are_not_input(world: World) -> None:
    write(world.user, "{")
    assert world.run("migrate", "--yes").exit_code == 3


# The text


HAND_WRITTEN = """{
\t// about the theme
\t"theme": "dark", /* really */
\t"$version": 1,
\t"security": {"auth": { // about credentials
\t\t"selectedType": "openai",
\t\t"apiKey": "KEY", // KEY, as nobody should see
\t\t"baseUrl": "URL"
\t}},
\t"model": {"name": "m1"}, // chosen
\t"mine": [1.0, 1e3], // numbers
\t"last": null
}
"""


@pytest.mark.parametrize("line_break", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_comments_and_layout_stay(world: World, line_break: str, mark: str) -> None:
    text = HAND_WRITTEN.replace("KEY", KEY).replace("URL", URL)
    write(world.user, mark + text.replace("\n", line_break))
    result = migrate(world)
    assert result.exit_code == 0
    after = world.user.read_bytes().decode()
    assert after.startswith(mark + "{" + line_break)
    assert after.count("\n") == after.count(line_break)
    kept = ["about the theme", "really", "about credentials", "chosen", "[1.0, 1e3], // numbers"]
    assert [each for each in kept if each not in after] == []
    assert '"envKey": "OPENAI_API_KEY", // ***, as nobody should see' in result.out
    number = next(n for n, line in enumerate(after.split("\n"), start=1) if KEY in line)
    assert f"line {number} also holds the key: remove it there yourself" in result.err
    assert settings_of(world.user)["modelProviders"] == catalogue(ENTRY)["modelProviders"]


# The entry


@pytest.mark.parametrize(
    ("auth_type", "variable"),
    [
        ("openai", "OPENAI_API_KEY"),
        ("anthropic", "ANTHROPIC_API_KEY"),
        ("gemini", "GEMINI_API_KEY"),
        ("vertex-ai", "GOOGLE_API_KEY"),
    ],
)
def test_each_auth_type_has_its_variable(world: World, auth_type: str, variable: str) -> None:
    settings = old()
    settings["security"]["auth"]["selectedType"] = auth_type
    write(world.user, settings)
    assert migrate(world).exit_code == 0
    assert models_of(world.user, auth_type) == [{**ENTRY, "envKey": variable}]
    assert dotenv_values(world.home / ".qwen" / ".env") == {variable: KEY}


@pytest.mark.parametrize("url", [CHINA, GLOBAL])
def test_endpoint_of_a_plan_gets_the_plans_variable(world: World, url: str) -> None:
    write(world.user, old(url=url))
    assert migrate(world).exit_code == 0
    assert models_of(world.user) == [{"id": "m1", "envKey": PLAN_KEY, "baseUrl": url}]
    assert dotenv_values(world.home / ".qwen" / ".env") == {PLAN_KEY: KEY}


@pytest.mark.parametrize("key", ["$MY_KEY", "${MY_KEY}"])
def test_reference_becomes_the_env_key_and_no_file(world: World, key: str) -> None:
    write(world.user, old(key=key))
    assert migrate(world).exit_code == 0
    assert models_of(world.user) == [{**ENTRY, "envKey": "MY_KEY"}]
    assert not (world.home / ".qwen" / ".env").exists()


def test_base_url_alone_becomes_an_entry_too(world: World) -> None:
    write(world.user, {"$version": 3, **auth(baseUrl=URL), "model": {"name": "m1"}})
    assert migrate(world).exit_code == 0
    assert models_of(world.user) == [ENTRY]
    assert not (world.home / ".qwen" / ".env").exists()


def test_key_alone_becomes_an_entry_at_the_endpoint_of_runtime_models(world: World) -> None:
    """Without a baseUrl, an entry would send the key to OpenAI from then on."""
    write(world.user, old(url=None))
    assert migrate(world).exit_code == 0
    url = "https://dashscope.aliyuncs.com/compatible-mode/v1"
    entry = {"id": "m1", "envKey": "OPENAI_API_KEY", "baseUrl": url}
    assert models_of(world.user) == [entry]


def test_empty_fields_are_removed(world: World) -> None:
    write(world.user, {"$version": 3, **auth(apiKey="", baseUrl="")})
    assert migrate(world).exit_code == 0
    assert settings_of(world.user) == {"$version": 3, **auth()}


def test_new_entry_takes_over_the_merged_options(world: World) -> None:
    settings = old()
    settings["model"]["generationConfig"] = OPTIONS
    write(world.user, settings)
    write(world.own, {"$version": 3, "model": {"generationConfig": {"maxRetries": 2}}})
    message = refused(world)
    assert "in other directories, the client would send other options" in message
    write(world.own, {"$version": 3})
    assert migrate(world).exit_code == 0
    assert models_of(world.user) == [{**ENTRY, "generationConfig": OPTIONS}]
    assert settings_of(world.user)["model"]["generationConfig"] == OPTIONS


@pytest.mark.parametrize("lacking", ["envKey", "baseUrl"])
def test_existing_entry_is_completed_not_doubled(world: World, lacking: str) -> None:
    entry = {name: value for name, value in ENTRY.items() if name != lacking}
    write(world.user, {**old(), **catalogue(OTHER, {**entry, "name": "mine"})})
    assert migrate(world).exit_code == 0
    assert models_of(world.user) == [OTHER, {**ENTRY, "name": "mine"}]


def test_existing_entry_keeps_its_variable(world: World) -> None:
    write(world.user, {**old(), **catalogue({**ENTRY, "envKey": "MY_KEY"})})
    assert migrate(world).exit_code == 0
    assert models_of(world.user) == [{**ENTRY, "envKey": "MY_KEY"}]
    assert dotenv_values(world.home / ".qwen" / ".env") == {"MY_KEY": KEY}


def test_entry_of_the_selected_base_url_is_completed(world: World) -> None:
    entries = [{**ENTRY, "baseUrl": CHINA}, {"id": "m1", "baseUrl": URL}]
    selected = {"model": {"name": "m1", "baseUrl": URL}}
    write(world.user, {**old(), **selected, **catalogue(*entries)})
    assert migrate(world, "--client", "0.24.4").exit_code == 0
    assert models_of(world.user) == [entries[0], ENTRY]


def test_existing_entry_gets_no_options_since_it_was_sealed(world: World) -> None:
    settings = old()
    settings["model"]["generationConfig"] = OPTIONS
    write(world.user, {**settings, **catalogue(ENTRY)})
    assert migrate(world).exit_code == 0
    assert models_of(world.user) == [ENTRY]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {**old(), **catalogue({**ENTRY, "baseUrl": CHINA})},
            "the baseUrl of m1",
        ),
        (
            {**old("$MY_KEY"), **catalogue(ENTRY)},
            "envKey is OPENAI_API_KEY, but",
        ),
        ({**old(), **catalogue({**ENTRY, "envKey": "no name"})}, "not a variable name"),
        ({**old(), "modelProviders": {"openai": {}}, "$version": 4}, "is not an array of models"),
        ({**old(), "modelProviders": []}, "modelProviders is not an object"),
        ({**old(), "model": "m1"}, "model is not an object"),
        (old(key="sk-$MY_KEY"), "mixes a reference"),
        (old(url="https://me:hunter2@example.com"), "baseUrl holds a credential"),
        (
            {**old(model=None), **auth(selectedType="anthropic", apiKey=KEY)},
            "does not select a model",
        ),
    ],
)
def test_what_cannot_be_moved_is_refused(world: World, settings: Any, message: str) -> None:
    write(world.user, settings)
    assert message in refused(world)


def test_without_a_model_it_is_the_clients_default_and_selected(world: World) -> None:
    write(world.user, old(model=None))
    result = migrate(world, "--client", "0.12.0")
    assert result.exit_code == 0
    assert models_of(world.user) == [{**ENTRY, "id": "qwen3.5-plus"}]
    assert settings_of(world.user)["model"] == {"name": "qwen3.5-plus"}
    assert (
        "no model was selected, so qwen3.5-plus, the default of 0.12.0, is selected now"
        in result.err
    )


@pytest.mark.parametrize("selected", [{}, {"selectedType": "qwen-oauth"}])
def test_fields_that_the_selected_auth_type_does_not_use_stay(
    world: World, selected: dict[str, str]
) -> None:
    write(world.user, {"$version": 3, "security": {"auth": {"apiKey": KEY, **selected}}})
    before = files_of(world.root)
    result = migrate(world)
    assert result.exit_code == 0
    assert "security.auth.apiKey is not used by the selection, so it stays" in result.err
    assert files_of(world.root) == before
    assert world.run("migrate", "--check").exit_code == 0


def test_model_that_gets_the_key_too_is_named(world: World) -> None:
    shared = {**OTHER, "envKey": "OPENAI_API_KEY", "baseUrl": CHINA}
    write(world.user, {**old(), **catalogue(shared)})
    assert "OPENAI_API_KEY, which other will send to another endpoint" in migrate(world).err


# The scopes


def test_key_of_the_project_stays_in_the_project(world: World) -> None:
    write(world.own, old())
    assert migrate(world).exit_code == 0
    assert models_of(world.own) == [ENTRY]
    assert dotenv_values(world.project / ".qwen" / ".env") == {"OPENAI_API_KEY": KEY}
    assert not world.user.exists()


def test_entry_of_a_users_key_goes_to_the_projects_catalogue_and_to_the_users(
    world: World,
) -> None:
    write(world.user, old())
    write(world.own, {"$version": 3, **catalogue(OTHER)})
    assert migrate(world).exit_code == 0
    assert models_of(world.own) == [OTHER, ENTRY]
    assert models_of(world.user) == [ENTRY]
    assert dotenv_values(world.home / ".qwen" / ".env") == {"OPENAI_API_KEY": KEY}


@pytest.mark.parametrize("is_set", [True, False])
def test_model_that_the_project_defines_itself_keeps_the_project_as_it_is(
    world: World, monkeypatch: pytest.MonkeyPatch, is_set: bool
) -> None:
    write(world.user, old())
    write(world.own, {"$version": 3, **catalogue(OTHER), "model": {"name": "other"}})
    before = world.own.read_bytes()
    if is_set:
        monkeypatch.setenv("OTHER_KEY", "x")
    assert migrate(world).exit_code == 0
    assert world.own.read_bytes() == before
    assert models_of(world.user) == [ENTRY]
    served = ["OPENAI_API_KEY"] if is_set else ["OTHER_KEY", "OPENAI_API_KEY"]
    assert dotenv_values(world.home / ".qwen" / ".env") == dict.fromkeys(served, KEY)


def test_entry_of_a_projects_key_goes_to_the_users_catalogue(world: World) -> None:
    write(world.user, {"$version": 3, **auth(), **catalogue(OTHER)})
    write(world.own, old())
    assert migrate(world).exit_code == 0
    assert models_of(world.user) == [OTHER, ENTRY]
    assert "modelProviders" not in settings_of(world.own)
    assert dotenv_values(world.project / ".qwen" / ".env") == {"OPENAI_API_KEY": KEY}


def test_model_that_is_sent_elsewhere_in_other_directories_is_refused(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    selected = {"$version": 3, **auth(), **catalogue(OTHER), "model": {"name": "m1"}}
    write(world.user, selected)
    write(world.own, old("$MY_KEY"))
    for name in ("MY_KEY", "OPENAI_API_KEY"):
        monkeypatch.setenv(name, "the-same")
    assert "in other directories, the client would send to another base URL" in refused(world)


def test_each_scope_keeps_its_own_key(world: World) -> None:
    write(world.user, old(key="of-the-user"))
    write(world.own, old(url=CHINA))
    assert migrate(world, "--client", "0.24.4").exit_code == 0
    assert models_of(world.user) == [ENTRY]
    assert models_of(world.own) == [{**ENTRY, "envKey": PLAN_KEY, "baseUrl": CHINA}]
    assert dotenv_values(world.home / ".qwen" / ".env") == {"OPENAI_API_KEY": "of-the-user"}
    assert dotenv_values(world.project / ".qwen" / ".env") == {PLAN_KEY: KEY}


def test_key_and_base_url_of_two_scopes_come_together(world: World) -> None:
    write(world.user, {"$version": 3, **auth(baseUrl=URL), "model": {"name": "elsewhere"}})
    write(world.own, {"$version": 3, **auth(apiKey=KEY), "model": {"name": "m1"}})
    assert migrate(world).exit_code == 0
    assert models_of(world.own) == [ENTRY]
    assert models_of(world.user) == [{**ENTRY, "id": "elsewhere"}]
    assert fields_of(world.user) == fields_of(world.own) == {"selectedType": "openai"}


def test_base_url_of_the_project_goes_with_the_users_key(world: World) -> None:
    write(world.user, old(url=CHINA))
    write(world.own, {"$version": 3, **auth(baseUrl=URL)})
    assert migrate(world, "--client", "0.24.4").exit_code == 0
    assert models_of(world.own) == [ENTRY]
    assert models_of(world.user) == [{**ENTRY, "envKey": PLAN_KEY, "baseUrl": CHINA}]
    env = dotenv_values(world.home / ".qwen" / ".env")
    assert env == {"OPENAI_API_KEY": KEY, PLAN_KEY: KEY}


def test_scope_that_is_left_out_is_not_written(world: World) -> None:
    write(world.user, old())
    write(world.own, {"$version": 3, **catalogue(OTHER)})
    assert "belongs in .qwen/settings.json" in refused(world, "--scope", "user")


@pytest.mark.parametrize("name", ["settings.json", "system-defaults.json"])
def test_catalogue_of_the_system_is_neither_changed_nor_hidden(world: World, name: str) -> None:
    write(world.user, old())
    write(world.system / name, catalogue(OTHER))
    assert "belongs in" in refused(world)
    write(world.system / name, catalogue(ENTRY))
    assert migrate(world).exit_code == 0
    assert fields_of(world.user) == {"selectedType": "openai"}
    assert "modelProviders" not in settings_of(world.user)


def test_key_of_the_system_is_not_moved(world: World) -> None:
    write(world.user, {"$version": 3, **auth(baseUrl=URL), "model": {"name": "m1"}})
    write(world.system / "settings.json", auth(apiKey=KEY))
    assert "(system scope)" in refused(world)


def test_older_settings_must_be_migrated_first(world: World) -> None:
    write(world.user, {**auth(apiKey=KEY), "model": "m1"})
    message = refused(world, "--only", "api-key")
    assert "run `qwenlock migrate --only settings-version` first" in message
    assert migrate(world).exit_code == 0
    assert settings_of(world.user)["model"] == {"name": "m1"}


def test_project_that_is_not_trusted_is_left_alone(world: World) -> None:
    write(world.user, old())
    write(world.own, old())
    before = world.own.read_bytes()
    assert migrate(world, "--untrusted").exit_code == 0
    assert world.own.read_bytes() == before
    assert models_of(world.user) == [ENTRY]


def test_home_directory_is_the_user_scope(world: World) -> None:
    write(world.user, old())
    assert migrate(world, str(world.home)).exit_code == 0
    assert models_of(world.user) == [ENTRY]
    assert dotenv_values(world.home / ".qwen" / ".env") == {"OPENAI_API_KEY": KEY}


# The .env file


def env_of(world: World, place: str) -> Path:
    path = world.root / place / ".env"
    path.parent.mkdir(exist_ok=True)
    return path


@pytest.mark.parametrize(
    ("owner", "there", "taken"),
    [
        ("user", ["home/.qwen"], "home/.qwen"),
        ("user", ["home"], "home"),
        ("user", ["home/.qwen", "home"], "home/.qwen"),
        ("own", ["project/.qwen"], "project/.qwen"),
        ("own", ["project"], "project"),
        ("own", ["project/.qwen", "project"], "project/.qwen"),
        ("own", ["project", "home/.qwen"], "project"),
        ("own", ["."], "."),
    ],
)
def test_key_is_added_to_the_file_that_the_client_reads(
    world: World, owner: str, there: list[str], taken: str
) -> None:
    write(getattr(world, owner), old())
    for place in there:
        write(env_of(world, place), "# mine\nA='b c'\n")
    result = migrate(world)
    assert result.exit_code == 0
    for place in there:
        added = f"OPENAI_API_KEY={KEY}\n" if place == taken else ""
        assert env_of(world, place).read_text() == f"# mine\nA='b c'\n{added}"
    assert env_of(world, taken).stat().st_mode & 0o777 == 0o600
    assert ("also applies to every directory below it" in result.err) == (taken == ".")
    assert "its permissions become 0600" in result.err


@pytest.mark.parametrize(
    ("hidden", "client", "is_refused"),
    [
        ("home/.qwen", "guide", True),
        ("home", "0.15.10", True),
        ("home", "0.24.4", False),
    ],
)
def test_no_file_is_made_that_hides_another(
    world: World, hidden: str, client: str, is_refused: bool
) -> None:
    write(world.own, old())
    write(env_of(world, hidden), "NEEDED=1\n")
    if is_refused:
        message = refused(world, "--client", client)
        assert "a new .qwen/.env would hide ~/" in message
        assert "0.21.2" in message
    else:
        assert migrate(world, "--client", client).exit_code == 0


def test_file_above_the_home_directory_is_not_hidden_either(world: World) -> None:
    write(world.user, old())
    write(env_of(world, "."), "NEEDED=1\n")
    project = world.home / "work"
    project.mkdir()
    assert "a new ~/.qwen/.env would hide" in refused(world, str(project))


def test_file_that_sets_nothing_is_not_hidden(world: World) -> None:
    write(world.own, old())
    write(env_of(world, "home/.qwen"), "# nothing yet\n")
    assert migrate(world).exit_code == 0
    assert dotenv_values(env_of(world, "project/.qwen")) == {"OPENAI_API_KEY": KEY}


def test_key_that_the_client_here_would_not_find_is_refused(world: World) -> None:
    write(world.user, old())
    write(env_of(world, "project"), "A=1\n")
    message = refused(world)
    assert "here, the client would not find the key" in message
    assert "reads .env there and not ~/.qwen/.env" in message
    assert migrate(world, "--client", "0.24.4").exit_code == 0
    assert dotenv_values(env_of(world, "home/.qwen")) == {"OPENAI_API_KEY": KEY}


def test_same_value_is_not_written_again(world: World) -> None:
    write(world.user, old())
    path = write(env_of(world, "home/.qwen"), f"OPENAI_API_KEY='{KEY}'")
    before = path.read_bytes()
    assert migrate(world).exit_code == 0
    assert path.read_bytes() == before
    path.unlink()
    write(world.user, old() | {"env": {"OPENAI_API_KEY": KEY}})
    assert migrate(world).exit_code == 0
    assert not path.exists()


def test_other_value_is_a_conflict(world: World) -> None:
    write(world.user, old())
    write(env_of(world, "home/.qwen"), "OPENAI_API_KEY=another\n")
    said = refused(world)
    assert "security.auth.apiKey (~/.qwen/settings.json, line 1) and OPENAI_API_KEY" in said
    assert "(~/.qwen/.env) hold different keys" in said
    assert migrate(world, "--drop-unused-key").exit_code == 0
    assert dotenv_values(env_of(world, "home/.qwen")) == {"OPENAI_API_KEY": "another"}
    assert "apiKey" not in world.user.read_text()


@pytest.mark.parametrize("answers", [[True, True], [True, False], [False]])
def test_terminal_is_asked_whether_to_drop_the_unused_key(
    world: World, monkeypatch: pytest.MonkeyPatch, answers: list[bool]
) -> None:
    write(world.user, old())
    write(env_of(world, "home/.qwen"), "OPENAI_API_KEY=another\n")
    before, questions = files_of(world.root), []

    def answer(question: str, **_: object) -> bool:
        questions.append(question)
        return answers[len(questions) - 1]

    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(typer, "confirm", answer)
    result = world.run("migrate")
    assert questions[0] == "Delete security.auth.apiKey, which the client does not send?"
    assert len(questions) == len(answers)
    assert "hold different keys" in result.err
    assert (result.exit_code == 0) == answers[0]
    if all(answers):
        assert "apiKey" not in world.user.read_text()
        assert dotenv_values(env_of(world, "home/.qwen")) == {"OPENAI_API_KEY": "another"}
    else:
        assert files_of(world.root) == before


@pytest.mark.parametrize("is_defined", [True, False])
def test_key_that_differs_from_the_one_in_settings_env_is_named(
    world: World, is_defined: bool
) -> None:
    own = models(MODEL)["modelProviders"] if is_defined else {}
    env = {"env": {"OPENAI_API_KEY": "another"}, "modelProviders": own}
    write(world.user, json.dumps({**old(), **env}, indent=1))
    before = files_of(world.root)
    for more in ((), ("--env-secrets",)):
        said = refused(world, *more)
        assert "OPENAI_API_KEY (env in ~/.qwen/settings.json) hold different keys" in said
        assert "add --drop-unused-key" in said
    assert files_of(world.root) == before
    assert migrate(world, "--drop-unused-key").exit_code == 0
    assert settings_of(world.user)["env"] == {"OPENAI_API_KEY": "another"}


def test_an_unused_endpoint_is_dropped_with_the_key(world: World) -> None:
    settings = {**old(), **models(MODEL), "env": {"OPENAI_API_KEY": "another"}}
    settings["security"] = json.loads(json.dumps(old()["security"]))
    settings["security"]["auth"] |= {"baseUrl": "https://stale.example/v1"}
    write(world.user, json.dumps({**settings, "model": {"name": "gpt-4o"}}, indent=1))
    assert "add --drop-unused-key" in refused(world)
    assert migrate(world, "--drop-unused-key").exit_code == 0
    assert settings_of(world.user)["security"] == {"auth": {"selectedType": "openai"}}
    assert "stale" not in world.user.read_text()


def test_key_that_is_sent_somewhere_is_not_dropped(world: World) -> None:
    write(world.user, old())
    write(env_of(world, "project"), "OPENAI_API_KEY=another\n")
    assert migrate(world, "--drop-unused-key", "--client", "0.24.4").exit_code == 0
    assert dotenv_values(env_of(world, "home/.qwen")) == {"OPENAI_API_KEY": KEY}


def test_two_values_in_settings_name_no_file_that_is_not_there(world: World) -> None:
    write(world.user, {**old(url=CHINA), "env": {PLAN_KEY: "another"}})
    said = refused(world, "--env-secrets")
    assert "already sets" not in said


def test_list_ends_with_the_command_that_does_it(world: World) -> None:
    write(world.user, {**old(), "env": {"A_KEY": KEY}})
    arguments = ("--env-secrets", "--scope", "user", "--client", "0.24.4")
    said = world.run("migrate", "--list", "--format", "text", *arguments).err
    command = "qwenlock migrate --env-secrets --scope user --client 0.24.4"
    assert said.endswith(f"3 migrations are due: run `{command}`\n")
    assert world.run(*command.split()[1:], "--yes").exit_code == 0
    assert world.run("migrate", "--list", *arguments).err.endswith("nothing to migrate\n")


def test_list_of_what_is_refused_advises_no_command(world: World) -> None:
    write(world.user, old())
    write(env_of(world, "home/.qwen"), "OPENAI_API_KEY=another\n")
    said = world.run("migrate", "--list").err
    assert said.endswith("1 migration is due, but nothing can be written yet\n")


def test_env_secrets_is_offered_only_where_it_does_something(world: World) -> None:
    write(world.system / "settings.json", {**models(MODEL), "env": {"A_KEY": KEY}})
    said = world.run("lint").err
    assert "settings.env contains a key in clear text" in said
    assert "qwenlock migrate" not in said
    write(world.user, {"env": {"A_KEY": KEY, "not-a-name-KEY": KEY}})
    said = world.run("lint").err
    assert said.count("run `qwenlock migrate --env-secrets`") == 1
    assert said.count("put it in a .env file, and remove it here") == 1  # said once


def test_empty_value_counts_as_missing(world: World) -> None:
    write(world.user, old())
    path = write(env_of(world, "home/.qwen"), "OPENAI_API_KEY=\n")
    assert migrate(world).exit_code == 0
    assert dotenv_values(path) == {"OPENAI_API_KEY": KEY}


def test_lines_end_as_they_do_in_the_file(world: World) -> None:
    write(world.user, old())
    path = write(env_of(world, "home/.qwen"), b"A=1\r\nB=2")
    assert migrate(world).exit_code == 0
    assert path.read_bytes() == f"A=1\r\nB=2\r\nOPENAI_API_KEY={KEY}\r\n".encode()


@pytest.mark.parametrize(
    ("key", "content", "message"),
    [
        ("a${B}", b"", "mixes a reference"),
        ("`\"' #", b"", "a .env file cannot hold the value of OPENAI_API_KEY"),
        (KEY, b"A=\xff\n", "~/.qwen/.env is not UTF-8"),
    ],
)
def test_value_that_cannot_be_written_is_refused(
    world: World, key: str, content: bytes, message: str
) -> None:
    write(world.user, old(key=key))
    write(env_of(world, "home/.qwen"), content)
    assert message in refused(world)


# The environment


@pytest.mark.parametrize(
    ("url", "variables", "message"),
    [
        (URL, {"OPENAI_API_KEY": "another"}, None),
        (URL, {"OPENAI_API_KEY": KEY}, None),
        (URL, {"OPENAI_BASE_URL": URL, "OPENAI_MODEL": "m1"}, None),
        (CHINA, {PLAN_KEY: "another"}, "send another key, because of the variables"),
        (CHINA, {"OPENAI_API_KEY": "another"}, "send another key, because of the variables"),
        (URL, {"OPENAI_BASE_URL": CHINA}, "send to another base URL, because of the variables"),
        (URL, {"OPENAI_MODEL": "m2"}, "send another model, because of the variables"),
        (None, {"OPENAI_BASE_URL": CHINA}, "send to another base URL, because of the variables"),
    ],
)
def test_variables_that_would_change_the_request_are_refused(
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    url: str | None,
    variables: Mapping[str, str],
    message: str | None,
) -> None:
    write(world.user, old(url=url))
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    if message:
        assert message in refused(world)
    else:
        assert migrate(world).exit_code == 0


def test_variable_that_settings_set_to_another_value_is_refused(world: World) -> None:
    write(world.user, {**old(url=CHINA), "env": {PLAN_KEY: "another"}})
    assert f"here, {PLAN_KEY} would have another value" in refused(world)


# Git


@pytest.mark.parametrize(
    ("ignored", "after"),
    [
        (None, ".env\n.env.qwenlock-*\n"),
        ("build", "build\n.env\n.env.qwenlock-*\n"),
        ("build\r\n", "build\r\n.env\r\n.env.qwenlock-*\r\n"),
        (".env\n", ".env\n.env.qwenlock-*\n"),
        (".env*\n", ".env*\n"),
        (".qwen/\n", ".qwen/\n"),
    ],
)
def test_git_ignores_the_file_with_the_key(world: World, ignored: str | None, after: str) -> None:
    git(world.project, "init", "-q")
    write(world.own, old())
    if ignored is not None:
        write(world.project / ".gitignore", ignored.encode())
    assert migrate(world).exit_code == 0
    assert (world.project / ".gitignore").read_bytes().decode() == after
    assert ".env" not in git(world.project, "status", "--porcelain", "-uall")


def test_git_ignores_the_file_before_it_has_the_key_and_settings_lose_it_last(
    world: World,
) -> None:
    git(world.project, "init", "-q")
    write(world.own, old())
    changed = [line for line in migrate(world).out.splitlines() if line.startswith("+++ ")]
    assert changed == ["+++ b/.gitignore", "+++ b/.qwen/.env", "+++ b/.qwen/settings.json"]


def test_git_is_asked_only_where_a_key_moves(world: World) -> None:
    git(world.project, "init", "-q")
    write(world.own, {"$version": 2})
    assert migrate(world).exit_code == 0
    assert not (world.project / ".gitignore").exists()


def test_env_file_that_git_tracks_is_refused(world: World) -> None:
    git(world.project, "init", "-q")
    write(world.own, old())
    write(env_of(world, "project"), "A=1\n")
    git(world.project, "add", ".env")
    message = refused(world)
    assert "git tracks .env and would commit the key" in message
    assert "git rm --cached" in message


def test_key_that_git_tracks_must_be_replaced(world: World) -> None:
    git(world.project, "init", "-q")
    write(world.own, old())
    git(world.project, "add", ".qwen")
    assert "git tracks .qwen/settings.json, so its history holds the key" in migrate(world).err


def test_repository_is_recognised_without_git(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(world.project, "init", "-q")
    write(world.own, old())
    monkeypatch.setenv("PATH", "")
    assert migrate(world).exit_code == 0
    assert (world.project / ".gitignore").read_text() == ".env\n.env.qwenlock-*\n"


WRAPPED_AND_FLAT = {
    "selectedAuthType": "openai",
    "model": {"name": "m1"},
    "modelProviders": {"openai": {"protocol": "openai", "models": [OTHER | {"id": "m1"}]}},
}


def test_models_are_unwrapped_also_beside_keys_of_version_1(world: World) -> None:
    write(world.own, WRAPPED_AND_FLAT)
    assert migrate(world, "--client", "0.24.4").exit_code == 0
    written = settings_of(world.own)
    assert written["modelProviders"] == {"openai": [OTHER | {"id": "m1"}]}
    assert written["$version"] == 4


def test_models_stay_wrapped_where_the_client_would_send_to_them_instead(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    write(world.own, WRAPPED_AND_FLAT)
    message = refused(world, "--client", "0.24.4")
    assert "the client would send to another base URL" in message
    assert "--only settings-version" not in message


def test_git_that_fails_is_not_taken_for_a_no(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(world.project, "init", "-q")
    write(world.own, old())
    write(env_of(world, "project"), "A=1\n")
    git(world.project, "add", ".env", ".qwen")
    failing = world.root / "bin" / "git"
    failing.parent.mkdir()
    write(failing, "#!/bin/sh\nexit 128\n").chmod(0o755)
    monkeypatch.setenv("PATH", str(failing.parent), prepend=os.pathsep)
    result = migrate(world)
    assert result.exit_code == 0
    for label in (".env", ".qwen/settings.json"):
        assert f"git failed: check with `git status` that it does not track {label}" in result.err
    assert (world.project / ".gitignore").read_text() == ".env\n.env.qwenlock-*\n"


def test_refusal_names_what_can_still_be_migrated(world: World) -> None:
    git(world.project, "init", "-q")
    write(world.own, {**old(), "$version": 2})
    write(env_of(world, "project"), "A=1\n")
    git(world.project, "add", ".env")
    assert "; to migrate only the rest, run `qwenlock migrate --only settings-version`" in refused(
        world
    )
    assert migrate(world, "--only", "settings-version").exit_code == 0
    assert "--only" not in migrate(world).err


# Keys in settings.env


def test_keys_of_settings_env_move_only_where_asked_for(world: World) -> None:
    keys = {PLAN_KEY: KEY, "MY_NAME": "2nd-value", "SOME_TOKEN": "3rd-value"}
    others = {"HTTP_PROXY": "http://localhost:1", "A_KEY": "$B", "EMPTY_KEY": "", "NUMBER": 1}
    named = catalogue({**ENTRY, "envKey": "MY_NAME"})
    write(world.user, {"$version": 3, **auth(), **named, "env": {**keys, **others}})
    before = files_of(world.root)
    assert migrate(world).exit_code == 0
    assert files_of(world.root) == before
    assert migrate(world, "--env-secrets").exit_code == 0
    assert settings_of(world.user)["env"] == others
    assert dotenv_values(world.home / ".qwen" / ".env") == keys


def test_naming_the_group_is_asking_for_it(world: World) -> None:
    write(world.user, {"$version": 2, "env": {"A_KEY": KEY}})
    assert migrate(world, "--only", "env-secrets").exit_code == 0
    assert settings_of(world.user) == {"$version": 2, "env": {}}


def test_key_that_another_file_overrides_stays_overridden(world: World) -> None:
    write(world.user, {"$version": 3, "env": {"A_KEY": KEY}})
    write(world.own, {"$version": 3, "env": {"A_KEY": "of-the-project"}})
    message = refused(world, "--env-secrets", "--scope", "user")
    assert "here, A_KEY would have another value" in message
    assert migrate(world, "--env-secrets", "--client", "0.24.4").exit_code == 0
    assert dotenv_values(world.home / ".qwen" / ".env") == {"A_KEY": KEY}
    assert dotenv_values(world.project / ".qwen" / ".env") == {"A_KEY": "of-the-project"}


# Records of a plan's clients


def test_record_of_a_plan_moves_to_where_the_client_looks(world: World) -> None:
    recorded = {"version": "0" * 64, "region": "global"}
    write(world.user, {"$version": 4, "codingPlan": recorded})
    before = files_of(world.root)
    for client in ("guide", "0.12.0"):
        assert migrate(world, "--client", client).exit_code == 0
        assert files_of(world.root) == before
    assert migrate(world, "--client", "0.15.10").exit_code == 0
    moved = {"version": "0" * 64, "baseUrl": GLOBAL}
    expected = {"$version": 4, "providerMetadata": {"coding-plan": moved}}
    assert settings_of(world.user) == expected


@pytest.mark.parametrize(
    ("recorded", "moved"),
    [
        ({"version": "x", "region": "aliyun"}, {"version": "x", "baseUrl": CHINA}),
        ({"version": "x"}, {"version": "x"}),
        ({"version": "x", "region": "moon"}, {"version": "x"}),
    ],
)
def test_region_becomes_its_endpoint_where_it_is_known(
    world: World, recorded: Any, moved: Any
) -> None:
    write(world.user, {"$version": 4, "codingPlan": {**recorded, "mine": 1}})
    result = migrate(world, "--client", "0.24.4")
    assert result.exit_code == 0
    assert settings_of(world.user) == {
        "$version": 4,
        "codingPlan": {"mine": 1},
        "providerMetadata": {"coding-plan": moved},
    }
    assert ("does not name a known region" in result.err) == ("baseUrl" not in moved)


def test_what_the_client_recorded_itself_wins(world: World) -> None:
    own = {"version": "new", "baseUrl": GLOBAL, "ignoredVersion": "y"}
    settings = {"$version": 4, "providerMetadata": {"coding-plan": own}}
    write(world.user, {**settings, "codingPlan": {"version": "old", "region": "china"}})
    assert migrate(world, "--client", "0.24.4").exit_code == 0
    assert settings_of(world.user) == settings


# Everything at once


def test_installed_command_migrates(world: World) -> None:
    write(world.user, old())
    command = Path(sys.executable).with_name("qwenlock")
    environment = {name: os.environ[name] for name in ("HOME", "PATH")}
    for expected in ("wrote ~/.qwen/.env, ~/.qwen/settings.json", "nothing to migrate"):
        done = subprocess.run(
            [command, "migrate", "--yes"],
            cwd=world.project,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=True,
        )
        assert expected in done.stderr
        assert KEY not in done.stdout + done.stderr


FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "selectedType": st.sampled_from(["openai", "anthropic", "qwen-oauth", 1]),
        "apiKey": st.sampled_from([KEY, "second-key-4567", "$MY_KEY", "", None]),
        "baseUrl": st.sampled_from([URL, CHINA, ""]),
    },
)
ENTRIES = st.lists(
    st.fixed_dictionaries(
        {"id": st.sampled_from(["m1", "m2"])},
        optional={
            "envKey": st.sampled_from(["OPENAI_API_KEY", "MY_KEY"]),
            "baseUrl": st.sampled_from([URL, CHINA]),
        },
    ),
    max_size=2,
)
SETTINGS = st.fixed_dictionaries(
    {},
    optional={
        "$version": st.sampled_from([1, 2, 3, 4]),
        "theme": st.just("x"),
        "security": st.fixed_dictionaries({"auth": FIELDS}),
        "model": st.one_of(
            st.just("m1"),
            st.fixed_dictionaries(
                {}, optional={"name": st.just("m2"), "generationConfig": st.just(OPTIONS)}
            ),
        ),
        "modelProviders": st.fixed_dictionaries({}, optional={"openai": ENTRIES}),
        "env": st.dictionaries(
            st.sampled_from(["OPENAI_API_KEY", "MY_KEY"]), st.just("third-key-8901"), max_size=1
        ),
        "codingPlan": st.just({"version": "x", "region": "global"}),
    },
)
TEXTS = st.one_of(st.none(), st.sampled_from(["A=1\n", "OPENAI_API_KEY=second-key-4567\n"]))
CLIENTS = st.sampled_from(["guide", "0.12.0", "0.24.4"])


@untimed(60)
@given(st.none() | SETTINGS, st.none() | SETTINGS, TEXTS, TEXTS, CLIENTS)
def test_all_or_nothing_and_twice_is_once(
    world: World, user: Any, project: Any, home_env: Any, project_env: Any, client: str
) -> None:
    world.clear()
    for path, value in ((world.user, user), (world.own, project)):
        if value is not None:
            write(path, value)
    for folder, text in ((world.home, home_env), (world.project, project_env)):
        if text is not None:
            write(folder / ".qwen" / ".env", text)
    before = files_of(world.root)
    result = migrate(world, "--env-secrets", "--client", client)
    assert result.exit_code in (0, 4), result
    if result.exit_code == 4:
        assert files_of(world.root) == before
    else:
        assert world.run("undo", "--yes").exit_code == 0
        assert files_of(world.root) == before


@untimed(30)
@given(st.lists(st.sampled_from(["// a\n", "/* b */", "\n\n", "\t"]), min_size=10, max_size=10))
def test_comments_stay(world: World, pieces: list[str]) -> None:
    world.clear()
    text = (
        '{<>"$version": 2,<>"security": {<>"auth": {<>"apiKey": "K", <>"selectedType":<> "openai"'
        '<>}},<>"model": {<>"name": "m1"},<>"x": 1}'
    )
    for piece in pieces:
        text = text.replace("<>", piece, 1)
    write(world.user, text)
    assert migrate(world).exit_code == 0
    after = world.user.read_text()
    for comment in ("// a", "/* b */"):
        assert after.count(comment) == text.count(comment)


def test_comment_that_cannot_stay_is_named(world: World) -> None:
    write(world.user, f'{{"$version": 3, "env": {{\n"A_TOKEN": "{KEY}" // why\n}}}}')
    assert "this comment will be deleted: // why" in migrate(world, "--env-secrets").err


# The request that must stay the same


RUNTIME = [
    (name, runtime_base_url(name)) for name in ("openai", "anthropic", "gemini", "vertex-ai")
]


def request_of(settings: dict[str, Any], client: str) -> Request:
    project = Project(
        sources=(source(settings),), client=profile(client), environment={"A_KEY": KEY}
    )
    here, elsewhere = (request(view, project.client) for view in project.views())
    assert here == elsewhere  # these settings are the user's
    assert here is not None
    return here


@pytest.mark.parametrize("client", ["guide", "0.24.4"])
@pytest.mark.parametrize(("auth_type", "url"), RUNTIME)
def test_request_without_a_base_url_goes_where_the_sdk_does(
    auth_type: str, url: str | None, client: str
) -> None:
    settings = {"$version": 4, "security": {"auth": {"selectedType": auth_type, "apiKey": KEY}}}
    made = request_of(settings | {"model": {"name": "m"}}, client)
    assert (made.model, made.base_url, made.key) == ("m", url, KEY)
    providers = {"modelProviders": {auth_type: [{"id": "m", "envKey": "A_KEY"}]}}
    defined = request_of(settings | providers | {"model": {"name": "m"}}, client)
    assert defined.base_url == dict(DEFAULT_BASE_URLS).get(auth_type)
    assert (made.generation_config, defined.generation_config) == ({}, {})
    options = {"timeout": 7, "samplingParams": {"top_p": 1}}
    configured = {"model": {"name": "m", "generationConfig": options}}
    assert request_of(settings | configured, client).generation_config == options
