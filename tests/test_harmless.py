"""A lock is not enforced if the client would then use another model than without it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given

from qwenlock.clients.profile import RELEASES, profile
from qwenlock.compile.compiler import compile_lock
from qwenlock.enforce.harmless import refuse_other_client, refuse_other_request
from qwenlock.findings.errors import QwenlockError
from support import JSON, OPENAI, World, compiled, install, locked, source, untimed, write

FIRST = {"id": "glm-5", "envKey": "FIRST_KEY", "baseUrl": "https://first.example/v1"}
SECOND = {"id": "glm-5", "envKey": "SECOND_KEY", "baseUrl": "https://second.example/v1"}
CLAUDE = {"id": "claude", "envKey": "CLAUDE_KEY", "baseUrl": "https://claude.example"}
TWICE: dict[str, Any] = {
    "$version": 4,
    "modelProviders": {"openai": [FIRST, SECOND]},
    "security": {"auth": {"selectedType": "openai"}},
    "model": {"name": "glm-5", "baseUrl": "https://second.example/v1"},
}
ONCE = TWICE | {"modelProviders": {"openai": [SECOND]}}
SMALL = CLAUDE | {"id": "small"}
OF_THE_USER = {
    "$version": 4,
    "modelProviders": {"anthropic": [CLAUDE]},
    "security": {"auth": {"selectedType": "anthropic"}},
    "model": {"name": "claude"},
}
OF_THE_TEAM = {"$version": 4, "modelProviders": {"openai": [FIRST]}}


@pytest.fixture
def world(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_MODEL"):
        monkeypatch.delenv(name, raising=False)
    return world


RUN = ("run", "--", "a-program-that-does-not-exist")
STARTED = 2
"""The exit code of a run that was not refused: there is no such program."""


def test_lock_of_a_release_that_reads_the_settings_differently_is_refused(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(world.own, TWICE)
    assert world.run("lock", "--client", "0.12.0").exit_code == 0
    install(world, "0.24.4", monkeypatch)
    for command in (RUN, ("export",)):
        refused = world.run(*command)
        assert refused.exit_code == 1
        assert "the lock is for Qwen Code 0.12.0, but Qwen Code 0.24.4 is installed" in refused.err
        assert "help: run `qwenlock lock --client installed`" in refused.err
    assert world.run("lock", "--client", "installed").exit_code == 0
    assert world.run(*RUN).exit_code == STARTED
    exported = json.loads(world.run("export").out)
    assert exported["model"]["baseUrl"] == "https://second.example/v1"


def test_lock_of_a_release_that_reads_the_settings_alike_is_enforced(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(world.own, ONCE)
    world.run("lock", "--client", "0.12.0")
    install(world, "0.24.4", monkeypatch)
    run = world.run(*RUN)
    assert run.exit_code == STARTED
    assert "Qwen Code 0.24.4 is installed" in run.err
    assert world.run("export").exit_code == 0


def test_team_that_names_the_client_is_advised_to_name_another(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(world.own, TWICE)
    write(world.project / "qwenlock.toml", 'client = "0.12.0"')
    world.run("lock")
    install(world, "0.24.4", monkeypatch)
    assert "help: set client to 0.24.4 in qwenlock.toml" in world.run(*RUN).err


def test_settings_with_errors_for_the_installed_release_are_refused_with_them(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(world.user, OF_THE_USER)
    write(world.own, OF_THE_TEAM)
    world.run("lock", "--client", "guide")
    install(world, "0.24.4", monkeypatch)
    for command in (RUN, ("export",)):
        refused = world.run(*command)
        assert refused.exit_code == 3
        assert "QL308" in refused.err
    assert world.run("run", "--no-check", *RUN[1:]).exit_code == STARTED


def test_new_release_is_noticed_by_a_run_that_was_prepared_before(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(world.own, TWICE)
    install(world, "0.12.0", monkeypatch)
    assert world.run("lock", "--client", "installed").exit_code == 0
    assert world.run(*RUN).exit_code == world.run(*RUN).exit_code == STARTED
    install(world, "0.24.4", monkeypatch)
    assert world.run(*RUN).exit_code == 1


def test_lock_that_leaves_the_choice_to_the_client_does_not_hide_what_it_chooses(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(world.user, OF_THE_USER)
    write(world.own, OF_THE_TEAM)
    assert world.run("lock", "--client", "0.24.4", "--no-user").exit_code == 0
    for command in (RUN, ("export",)):
        refused = world.run(*command)
        assert refused.exit_code == 1
        assert "which would use anthropic/claude; with the locked models" in refused.err
    write(world.user, {"$version": 4})
    assert world.run(*RUN).exit_code == STARTED
    monkeypatch.setenv("OPENAI_API_KEY", "sk-short")
    monkeypatch.setenv("OPENAI_MODEL", "lab-large")
    monkeypatch.setenv("OPENAI_BASE_URL", "https://lab.example/v1")
    assert world.run(*RUN).exit_code == STARTED


def test_request_is_compared_with_the_variables_put_in() -> None:
    auth = {"selectedType": "openai", "apiKey": "$K"}
    settings = [source({"$version": 4, "security": {"auth": auth}, "model": {"name": "m"}})]
    enforcing = {"$version": 4, "security": {"auth": {"apiKey": "x"}}}
    client = profile("0.24.4")
    refuse_other_request(settings, enforcing, {"K": "x"}, {"K": "x"}, client)
    for variables, filling in (({"K": "y"}, {"K": "y"}), ({"K": "x"}, {})):
        with pytest.raises(QwenlockError, match="would use openai/m"):
            refuse_other_request(settings, enforcing, variables, filling, client)


GLM = {"modelProviders": {"openai": [FIRST]}, "model": {"name": "glm-5"}, **OPENAI}
ELSEWHERE = {"modelProviders": {"openai": [FIRST | {"baseUrl": "https://other.example/v1"}]}}
OTHER_KEY = {"modelProviders": {"openai": [SECOND | {"baseUrl": FIRST["baseUrl"]}]}}
NOTHING = {"modelProviders": {"openai": []}}


@pytest.mark.parametrize(
    ("settings", "enforcing", "uses", "would_use"),
    [
        (GLM, ELSEWHERE, "openai/glm-5", "another endpoint or key for it"),
        (GLM, OTHER_KEY, "openai/glm-5", "another endpoint or key for it"),
        (GLM, NOTHING, "openai/glm-5", "openai/glm-5 (as a runtime model)"),
        ({"security": {"auth": {"selectedType": "gemini"}}}, GLM, "gemini (as a runtime model)",
         "openai/glm-5"),
        ({}, GLM, "none", "openai/glm-5"),
        (GLM, {"modelProviders": {"openai": [FIRST | {"name": "GLM"}]}}, None, None),
    ],
)  # fmt: skip
def test_other_request_is_refused(
    settings: Any, enforcing: Any, uses: str | None, would_use: str | None
) -> None:
    given = [source({"$version": 4, **settings})], {"$version": 4, **enforcing}, {}, {}
    if uses is None:
        refuse_other_request(*given, profile("0.24.4"))
        return
    with pytest.raises(QwenlockError) as refused:
        refuse_other_request(*given, profile("0.24.4"))
    assert refused.value.message == (
        f"the lock leaves the model to the client, which would use {uses}; with the locked models "
        f"it would use {would_use}"
    )


def test_what_another_release_would_enforce_is_listed() -> None:
    settings = GLM | {"model": {"name": "router"}, "fastModel": "glm-5"}
    there = compiled(settings, client="0.24.4")
    with pytest.raises(QwenlockError) as refused:
        refuse_other_client(locked(settings), "0.24.4", there, [settings], "the way out")
    assert refused.value.fix == "the way out"
    assert refused.value.message == (
        "the lock is for the guide, but Qwen Code 0.24.4 is installed, which reads these settings "
        "differently: a lock for it would enforce another fastModel and selection and model"
    )


def test_init_does_not_hide_the_model_that_the_user_selects(world: World) -> None:
    write(world.user, OF_THE_USER)
    write(world.own, OF_THE_TEAM)
    refused = world.run("init", "--yes", "--client", "0.24.4")
    assert refused.exit_code == 3
    assert "QL308" in refused.err
    assert sorted(path.name for path in world.project.iterdir()) == [".qwen"]
    refused = world.run("init", "--yes", "--client", "0.24.4", "--with-user", "--ci", "github")
    assert (refused.exit_code, "QL308" in refused.err) == (3, True)
    assert sorted(path.name for path in world.project.iterdir()) == [
        ".github",
        ".qwen",
        "qwenlock.toml",
    ]


def test_hidden_model_has_one_finding(world: World) -> None:
    write(world.user, OF_THE_USER)
    write(world.own, OF_THE_TEAM)
    in_use = world.run("lint", "--client", "0.24.4").err
    assert in_use.count("[QL3") == in_use.count("[QL308]") == 1
    write(world.user, OF_THE_USER | {"modelProviders": {"anthropic": [CLAUDE, SMALL]}})
    both = world.run("lint", "--client", "0.24.4").err
    assert "[QL308]" in both
    assert "[QL307]" in both
    assert "qwenlock run" not in both
    write(world.user, OF_THE_USER)
    selected = {"security": {"auth": {"selectedType": "openai"}}, "model": {"name": "glm-5"}}
    write(world.own, OF_THE_TEAM | selected)
    offered = world.run("lint", "--client", "0.24.4").err
    assert offered.count("[QL3") == offered.count("[QL307]") == 1
    gone = world.run("lint", "--client", "guide").err
    assert gone.count("[QL3") == gone.count("[QL301]") == 1


@untimed(15)
@given(JSON)
def test_lock_is_never_refused_for_its_own_client(value: Any) -> None:
    settings = {"modelProviders": {"openai": [FIRST, value]}, "model": value}
    for release in RELEASES:
        lock = compiled(settings, client=release).lock
        if lock is not None:
            again = compile_lock([source(settings)], (), profile(release))
            refuse_other_client(lock, release, again, [settings], "")
