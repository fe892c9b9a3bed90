"""Uninstalling a plan removes its models, its record, and its key if asked; all else stays."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwenlock.change.uninstall import uninstall
from qwenlock.edge.plans import load
from qwenlock.settings.plan_state import wanted
from qwenlock.settings.project import Places, Project
from qwenlock.text import dotenv
from support import World, record, source, untimed, write

if TYPE_CHECKING:
    from qwenlock.plans.plan import Plan

PLANS = load()
OWN = {"id": "gpt-4o", "envKey": "OPENAI_API_KEY", "baseUrl": "https://api.openai.com/v1"}
KEY = "sk-hunter-000"


def installed(plan: Plan, *own: Any, **more: Any) -> dict[str, Any]:
    template, region = plan.newest(), next(iter(plan.regions.values()))
    models = plan.models(template, region)
    settings: dict[str, Any] = {
        "$version": 4,
        "modelProviders": {plan.auth_type: [*models, *own]},
        "security": {"auth": {"selectedType": plan.auth_type}},
        "model": {"name": models[0]["id"]},
    }
    return record(settings, wanted(plan, template, region)) | more


def settings_of(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: plan.id)
def test_models_and_record_go_and_undo_brings_them_back(world: World, plan: Plan) -> None:
    before = write(world.user, installed(plan, OWN)).read_bytes()
    done = world.run("uninstall", "--plan", plan.id, "--yes")
    assert done.exit_code == 0, done.err
    after = settings_of(world.user)
    assert after["modelProviders"] == {plan.auth_type: [OWN]}
    assert "providerMetadata" not in after
    assert "is still selected: select another model with `qwenlock select`" in done.err
    again = world.run("uninstall", "--plan", plan.id, "--yes")
    assert "is not installed" in again.err
    assert world.run("upgrade", "--check").exit_code == 0
    assert world.run("undo", "--yes").exit_code == 0
    assert world.user.read_bytes() == before


def test_what_is_not_the_plans_stays_to_the_byte(world: World) -> None:
    plan, other = PLANS.plan("coding-plan"), PLANS.plan("deepseek")
    settings = installed(other, OWN, codingPlan={"version": "0" * 64, "mine": 1})
    models = plan.models(plan.newest(), plan.regions["global"])
    settings["modelProviders"]["openai"][1:1] = models
    settings["providerMetadata"]["coding-plan"] = {"version": "1", "postponedAt": 5}
    text = json.dumps(settings, indent=3).replace('"gpt-4o"', '"gpt-4o" /* mine */')
    write(world.user, text)
    done = world.run("uninstall", "--plan", "coding-plan", "--yes", "--format", "json")
    removed = json.loads(done.out)["models"]
    assert removed == {"~/.qwen/settings.json": [model["id"] for model in models]}
    result = world.user.read_text(encoding="utf-8")
    assert '"gpt-4o" /* mine */' in result
    expected = installed(other, OWN, codingPlan={"mine": 1})
    assert json.loads(result.replace(" /* mine */", "")) == expected


def test_comments_that_go_and_other_models_that_are_gone_are_named(world: World) -> None:
    plan = PLANS.plan("openrouter")
    first, second = (m["id"] for m in plan.models(plan.newest(), plan.regions["default"]))
    assert ":" in first
    settings = installed(
        plan,
        OWN,
        fastModel=f"{second}\0https://openrouter.ai/api/v1",
        modelFallbacks=f"openai:{first}, gpt-4o",
        agents={"modelGrades": {"fast": f"{first}\0x", "small": "gpt-4o", "large": second}},
    )
    text = json.dumps(settings, indent=2).replace('"envKey"', '/* the key */ "envKey"', 1)
    write(world.user, text)
    done = world.run("uninstall", "--plan", "openrouter", "--client", "0.24.4", "--dry-run")
    other = "select another model with `qwenlock select --client 0.24.4`"
    assert [line for line in done.err.splitlines() if line.startswith("warning")] == [
        f"warning: openai/{first} is still selected: {other}",
        f"warning: fastModel still names {second}: name another model there",
        f"warning: modelFallbacks still names {first}: name another model there",
        f"warning: agents.modelGrades still names {second}: name another model there",
        f"warning: agents.modelGrades still names {first}: name another model there",
        "warning: this comment will be deleted: /* the key */",
    ]
    assert world.user.read_text(encoding="utf-8") == text


def test_both_scopes_or_the_one_that_is_named(world: World) -> None:
    plan = PLANS.plan("deepseek")
    for scope, file, other in (("user", world.user, world.own), ("project", world.own, world.user)):
        write(world.user, installed(plan, OWN))
        write(world.own, installed(plan))
        done = world.run("uninstall", "--plan", "deepseek", "--scope", scope, "--yes")
        assert "scope) still has deepseek" in done.err
        left = settings_of(file)["modelProviders"]["openai"]
        assert left == ([OWN] if scope == "user" else [])  # [] still hides the user's, as before
        assert settings_of(other) == installed(plan, *([OWN] if scope == "project" else []))
    world.run("uninstall", "--plan", "deepseek", "--yes")
    assert settings_of(world.user)["modelProviders"] == {"openai": [OWN]}


@pytest.mark.parametrize("has_models", [True, False])
def test_file_with_nothing_but_the_plan_keeps_no_empty_objects(
    world: World, has_models: bool
) -> None:
    plan = PLANS.plan("zai")
    settings = installed(plan)
    write(world.user, settings if has_models else {**settings, "modelProviders": {}})
    world.run("uninstall", "--plan", "zai", "--yes")
    assert settings_of(world.user).keys() == {"$version", "security", "model"}


# The key


def test_key_stays_unless_it_is_asked_for_and_is_never_shown(world: World) -> None:
    plan = PLANS.plan("deepseek")
    name = plan.env_key
    env = write(world.home / ".qwen" / ".env", f"A=1\nexport {name}={KEY} # mine\n\nB='2'\n")
    write(world.user, installed(plan, OWN, env={name: KEY}))
    done = world.run("uninstall", "--plan", "deepseek", "--yes")
    where = "~/.qwen/settings.json and ~/.qwen/.env"
    assert f"its key {name} stays in {where}" in done.err
    assert KEY in env.read_text(encoding="utf-8")
    write(world.user, installed(plan, OWN, env={name: KEY}))
    done = world.run("uninstall", "--plan", "deepseek", "--remove-key", "--yes")
    assert f"its key {name} removed from {where}" in done.err
    assert "hunter" not in done.out + done.err
    assert env.read_text(encoding="utf-8") == "A=1\n\nB='2'\n"
    assert "env" not in settings_of(world.user)


@pytest.mark.parametrize(
    ("scope", "files"),
    [
        ("user", ["~/.qwen/settings.json", "~/.qwen/.env"]),
        ("project", [".qwen/settings.json", ".env"]),
        (None, ["~/.qwen/settings.json", ".qwen/settings.json", ".env", "~/.qwen/.env"]),
    ],
)
def test_key_goes_from_the_scopes_that_are_meant(
    world: World, scope: str | None, files: list[str]
) -> None:
    plan = PLANS.plan("deepseek")
    key = {plan.env_key: KEY}
    places = {"~/.qwen/settings.json": world.user, ".qwen/settings.json": world.own}
    for (label, path), own in zip(places.items(), ([OWN], []), strict=True):
        write(path, installed(plan, *own, env=key) if label in files else {"env": key})
    folders = {"../.env": world.root, ".env": world.project, "~/.qwen/.env": world.home / ".qwen"}
    for label, folder in folders.items():
        places[label] = write(folder / ".env", f"{plan.env_key}={KEY}\nA=1\n")
    models = [model["id"] for model in plan.models(plan.newest(), plan.regions["default"])]
    options = ("--scope", scope) if scope else ()
    done = world.run(
        "uninstall", "--plan", "deepseek", "--remove-key", *options, "--yes", "--format", "json"
    )
    document = json.loads(done.out)
    settings = [each for each in files if each.endswith(".json")]
    assert document["models"] == dict.fromkeys(settings, models)
    assert (document["status"], document["plan"], document["key"]) == ("installed", plan.id, files)
    left = [label for label, path in places.items() if KEY in path.read_text(encoding="utf-8")]
    assert {*left} == places.keys() - files


def test_key_that_something_else_uses_stays(world: World) -> None:
    plan = PLANS.plan("deepseek")
    env = write(world.home / ".qwen" / ".env", f"{plan.env_key}={KEY}\n")
    mine = {"id": "mine", "name": "mine", "envKey": plan.env_key, "baseUrl": "https://me.example"}
    server = {"headers": {"Authorization": f"Bearer ${{{plan.env_key}}}"}}
    more = {"env": {plan.env_key: KEY}, "mcpServers": {"x": server}}
    write(world.user, installed(plan, mine, **more))
    done = world.run("uninstall", "--plan", "deepseek", "--remove-key", "--yes")
    assert done.exit_code == 0
    assert settings_of(world.user)["env"] == {plan.env_key: KEY}
    assert KEY in env.read_text(encoding="utf-8")
    where = f"the key {plan.env_key} stays in ~/.qwen/settings.json and ~/.qwen/.env"
    assert f"{where}: it is also used by mine, ~/.qwen/settings.json\n" in done.err


def test_key_that_an_auth_type_uses_by_itself_stays() -> None:
    plan = replace(PLANS.plan("deepseek"), env_key="OPENAI_API_KEY")
    settings = installed(plan, env={plan.env_key: KEY})
    places = Places(files={"user": Path("user.json")})
    project = Project(sources=(source(settings),), plans=[plan], places=places)
    warnings = uninstall(project, plan.id, None, with_key=True).warnings
    key = "the key OPENAI_API_KEY stays in user.json: it is also used by the auth type"
    assert key in warnings


def test_key_that_cannot_be_removed_alone_stops_all(world: World) -> None:
    plan = PLANS.plan("deepseek")
    before = write(world.user, installed(plan)).read_bytes()
    write(world.project / ".env", f"{plan.env_key}={KEY}\n{plan.env_key}\n")
    done = world.run("uninstall", "--plan", "deepseek", "--remove-key", "--yes")
    assert done.exit_code == 3
    assert f".env: {plan.env_key} cannot be removed without changing another variable" in done.err
    assert world.user.read_bytes() == before


@pytest.mark.parametrize(
    ("typed", "stays"), [("y\ny\n", False), ("n\ny\n", True), ("y\nn\n", True)]
)
def test_key_is_asked_for_separately(
    world: World, monkeypatch: pytest.MonkeyPatch, typed: str, *, stays: bool
) -> None:
    plan = PLANS.plan("deepseek")
    write(world.user, installed(plan, env={plan.env_key: KEY}))
    terminal = StringIO(typed)
    monkeypatch.setattr(terminal, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(sys, "stdin", terminal)
    done = world.run("uninstall", "--plan", "deepseek")
    assert "Also remove the plan's key from ~/.qwen/settings.json?" in done.err
    assert ("env" in settings_of(world.user)) == stays


LINES = st.sampled_from(
    [
        "A=1",
        "export A = 2",
        "A='x\ny'",
        'B="A=3"',
        "B=`\nA=4\n`",
        "# A=5",
        "A: 6",
        "",
        "  ",
        "C=",
        "A",
    ]
)


@untimed(200)
@given(st.lists(LINES, max_size=6), st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_removing_a_variable_leaves_the_others(lines: list[str], end: str, last: bool) -> None:
    text = end.join(lines) + (end if last else "")
    try:
        shorter = dotenv.remove(text, "A")
    except ValueError:
        return
    assert dotenv.parse(shorter) == {k: v for k, v in dotenv.parse(text).items() if k != "A"}
    assert dotenv.remove(shorter, "A") == shorter
    assert dotenv.remove("A=1\nB=2 # x\n", "A") == "B=2 # x\n"


@pytest.mark.parametrize(
    ("text", "shorter"),
    [
        ("A=1\n# about B\nB=2\n", "# about B\nB=2\n"),
        ("# mine\r\nexport A=1 # its own\r\n\r\n# B\r\nB=2\r\n", "# mine\r\n\r\n# B\r\nB=2\r\n"),
        ("A=\n# about B\nB=2\n", "# about B\nB=2\n"),
        ("A='1\n2' # its own\n\t# last", "\t# last"),
        ("A: 1\n\n#A=0\n", "\n#A=0\n"),
    ],
)
def test_comment_on_the_line_after_a_removed_variable_stays(text: str, shorter: str) -> None:
    assert dotenv.remove(text, "A") == shorter
