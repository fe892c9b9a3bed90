"""A project on one screen: the output of `status`, and of `qwenlock` alone in a project."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from qwenlock.edge.plans import load
from support import MODEL, OPENAI, World, install, models, write
from test_views import on_terminal

CONFLICTING = {"security": {"auth": {"selectedType": "openai", "apiKey": "sk-" + "planted"}}}


def document(world: World, *arguments: str) -> dict[str, Any]:
    result = world.run("status", "--format", "json", *arguments)
    assert result.exit_code in (0, 3)
    found: dict[str, Any] = json.loads(result.out)
    return found


DOES = {
    "qwenlock init": "set up the project",
    "qwenlock lint": "show the findings, their reasons and fixes",
    "qwenlock migrate": "replace what is deprecated",
    "qwenlock migrate --list": "say what must be done first",
    "qwenlock lint --env": "show the 5 variables that are not set",
    "qwenlock upgrade --keep-selection": "upgrade the plans",
    "qwenlock check": "show what the lock needs that is not on this machine",
    "qwenlock lock": "write qwen.lock",
    "qwenlock run -- qwen": "start the client with the lock enforced",
}
EXPORTED = "set what the models need, or put it into .env"


def commands(found: dict[str, Any]) -> list[str]:
    """Return the commands that are advised, each with its own words."""
    for each in found["next"]:
        assert each["does"] == DOES.get(each["command"], EXPORTED)
    return [each["command"] for each in found["next"]]


def test_qwenlock_alone_shows_it_in_a_project(world: World) -> None:
    assert world.run().exit_code == 2
    write(world.own, models(MODEL))
    result = world.run()
    assert result == world.run("status")
    assert result.exit_code == 0
    assert "lock      missing" in result.out


def test_qwenlock_alone_at_home_shows_the_help(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(world.user, models(MODEL))
    monkeypatch.chdir(world.home)
    assert world.run().exit_code == 2


def test_without_files_it_advises_init(world: World) -> None:
    assert commands(document(world)) == ["qwenlock init"]


def test_says_which_client_and_why(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    write(world.own, models(MODEL))
    install(world, "0.21.2", monkeypatch)
    found = document(world)
    assert (found["client"], found["client-from"], found["installed"]) == (
        "0.21.2", "installed", "0.21.2"
    )  # fmt: skip
    assert "client    Qwen Code 0.21.2, installed" in world.run("status").out


def test_lock_is_judged_as_by_check(world: World) -> None:
    write(world.own, {**models(MODEL), "$version": 3})
    assert document(world)["lock"]["status"] == "missing"
    world.run("lock")
    found = document(world)
    assert found["lock"] == {"status": "ok", "changes": []}
    assert commands(found)[-1] == "qwenlock run -- qwen"
    write(world.own, {**models(MODEL, {**MODEL, "id": "b"}), "$version": 3})
    assert "differs from the settings: 1 model added" in world.run("status").out
    assert commands(document(world))[-1] == "qwenlock lock"
    world.lock.write_text(world.lock.read_text().replace("gpt-4o", "gpt-5"))
    assert document(world)["lock"]["status"] == "edited"


def test_counts_findings_and_leads_to_lint(world: World) -> None:
    write(world.own, {**models(MODEL), "modelProviders": {"opnai": [MODEL]}})
    found = document(world)
    levels = [each["severity"] for each in json.loads(world.run("lint", "--format", "json").out)
              ["findings"]]  # fmt: skip
    assert found["findings"] == {
        f"{each}s": levels.count(each) for each in ("error", "warning", "note")
    }
    assert "qwenlock lint" in commands(found)


def test_names_migrations_that_are_due(world: World) -> None:
    write(world.own, models(MODEL) | CONFLICTING)
    found = document(world)
    assert "api-key" in found["migrations"]["due"]
    assert found["migrations"]["refused"] is None
    assert "qwenlock migrate" in commands(found)


def test_migrations_that_are_refused_are_listed(world: World) -> None:
    key = {"security": {"auth": {"selectedType": "openai", "apiKey": "$A and $B"}}}
    write(world.own, models(MODEL) | key)
    found = document(world)
    assert found["migrations"]["refused"]
    assert "qwenlock migrate --list" in commands(found)


def test_findings_about_the_lock_count(world: World) -> None:
    write(world.own, models(MODEL) | {"model": {"name": MODEL["id"]}, "$version": 4})
    world.run("lock")
    assert document(world)["findings"] == {"errors": 0, "warnings": 0, "notes": 0}
    write(world.lock, f"{world.lock.read_text()}# mine\n")
    edited = document(world)
    assert edited["findings"]["errors"] == 1
    assert commands(edited)[-1] == "qwenlock lock"
    old = world.lock.read_text().replace('lock-version = "2.0"', 'lock-version = "1.0"')
    write(world.lock, old)
    codes = re.findall(r"QL\d+", world.run("check").err)
    assert codes == ["QL123", "QL114"]


def test_many_variables_are_left_to_lint(world: World) -> None:
    for count in (4, 5):
        entries = [{**MODEL, "id": f"m{at}", "envKey": f"KEY_{at}"} for at in range(count)]
        write(world.own, models(*entries) | {"model": {"name": "m0"}})
        advised = commands(document(world))
        assert ("qwenlock lint --env" in advised) is (count > 4)
        assert any(each.startswith("export KEY_0=…") for each in advised) is (count <= 4)


def test_says_what_each_file_contributes(world: World) -> None:
    def roles() -> dict[str, str]:
        return {each["scope"]: each["role"] for each in document(world)["scopes"]}

    write(world.user, models(MODEL) | {"model": {"name": MODEL["id"]}})
    write(world.own, {"modelProviders": {"openai": [{**MODEL, "envKey": "OTHER_KEY"}]}})
    hidden = "its models are hidden by REPLACE"
    assert roles()["user"] == f"{hidden}, makes the selection"
    assert roles()["project"] == "owns the catalogue"
    write(world.project / "qwenlock.toml", 'client = "0.24.4"\nmerge = "client"\n')
    assert roles()["user"] == "its models are merged in, makes the selection"
    write(world.own, {"modelProviders": {"openai": [{"id": ""}]}})
    assert document(world)["lock"]["status"] == "invalid"
    assert roles()["user"] == hidden


def test_shows_plans_with_updates(world: World) -> None:
    arguments = ("--plan", "coding-plan", "--region", "china", "--scope", "project", "--yes")
    world.run("upgrade", *arguments, "--to", "0.10.1")
    (plan,) = document(world)["plans"]
    assert (plan["plan"], plan["status"], plan["version"]) == ("coding-plan", "due", "0.10.1")
    assert plan["newest"] != "0.10.1"
    assert "qwenlock upgrade --keep-selection" in commands(document(world))


def test_says_whether_the_lock_is_enforced(world: World) -> None:
    write(world.own, models(MODEL) | OPENAI)
    world.run("lock")
    assert document(world)["enforced"] is None
    assert "qwenlock run -- qwen" in commands(document(world))
    write(world.system / "settings.json", world.run("export").out)
    assert document(world)["enforced"] == str(world.lock)
    assert "qwenlock run -- qwen" not in commands(document(world))


@pytest.mark.parametrize("width", [80, 100])
def test_fits_on_one_screen(world: World, width: int) -> None:
    for plan in [*load()][:6]:
        region = min(plan.regions)
        oldest = next(each for each in plan.ordered() if region in each.digests)
        arguments = ("--plan", plan.id, "--region", region, "--scope", "project", "--yes")
        world.run("upgrade", *arguments, "--to", oldest.version)
    installed = json.loads(world.own.read_text())
    assert len({each["envKey"] for each in installed["modelProviders"]["openai"]}) > 4
    installed["modelProviders"]["opnai"] = [MODEL]
    write(world.own, installed | CONFLICTING)
    write(world.user, models(MODEL))
    assert "qwenlock lint --env: show the" in world.run("status").out
    assert "QL405" in world.run("lint", "--env").err
    system = str(world.system / "settings.json")
    screen = on_terminal(world.project, width, [], QWEN_CODE_SYSTEM_SETTINGS_PATH=system)
    assert len(screen.lines) <= 24
    assert all(len(line) <= width for line in screen.lines)
    assert "next" in "\n".join(screen.lines)


def test_broken_settings_show_their_finding(world: World) -> None:
    write(world.own, "{")
    result = world.run("status")
    assert (result.exit_code, "QL101" in result.err) == (3, True)


WRAPPED = {"modelProviders": {"openai": {"protocol": "openai", "models": [MODEL]}}}
ADVISED = re.compile(r"`(qwenlock migrate[^`]*)`")


@pytest.mark.parametrize("client", ["0.12.0", "0.24.4"])
@pytest.mark.parametrize("version", [None, -1, 3, 4, 5, 6, "4"])
@pytest.mark.parametrize("more", [{}, WRAPPED, {"selectedAuthType": "openai"}])
def test_advice_to_migrate_has_a_finding_and_changes_something(
    world: World, client: str, version: object, more: dict[str, Any]
) -> None:
    numbered = {} if version is None else {"$version": version}
    write(world.own, numbered | OPENAI | models(MODEL) | more)
    option = ("--client", client)
    due = document(world, *option)["migrations"]["due"]
    found = world.run("lint", *option).err
    advised = dict.fromkeys(ADVISED.findall(found))
    assert not due or advised
    for command in advised:
        before = world.own.read_bytes()
        result = world.run(*command.split()[1:], *option, "--yes")
        assert result.exit_code == 0
        assert "nothing to migrate" not in result.err
        assert world.own.read_bytes() != before
    assert not ADVISED.findall(world.run("lint", *option).err)
    assert document(world, *option)["migrations"]["due"] == []


def test_without_the_users_settings_no_lock_is_advised(world: World) -> None:
    write(world.user, models(MODEL))
    world.run("lock")
    assert world.run("check", "-v").exit_code == 0
    world.user.unlink()
    result = world.run("status")
    assert "lack the user settings that it was made with" in result.out
    assert commands(document(world)) == ["qwenlock check"]


def test_variable_of_settings_that_the_lock_leaves_out_is_set(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    write(world.own, models(MODEL))
    write(world.user, {"env": {"OPENAI_API_KEY": "sk-hunter"}})
    world.run("lock", "--no-user")

    def said() -> list[bool]:
        asked = (("check", "--env"), ("status",), ("lint", "--env"))
        results = [world.start("run", "--", "true"), *(world.run(*each) for each in asked)]
        outputs = (each.out + each.err for each in results)
        return [bool(re.search("OPENAI_API_KEY(=…| is not set)", each)) for each in outputs]

    assert said() == [False] * 4
    write(world.user, {})
    assert said() == [True] * 4
    write(world.user, "{")
    assert said()[1:] == [True] * 3
