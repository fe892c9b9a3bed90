"""Of many findings of one kind, a person sees some, with the count and how to see all."""

from __future__ import annotations

import json

import pytest

from support import MODEL, World, models, write

MANY = 1_000


@pytest.fixture
def world(world: World) -> World:
    write(world.own, models(MODEL | {f"unknown-field-{number}": 1 for number in range(MANY)}))
    return world


@pytest.mark.parametrize(
    "command",
    [
        ["lock"],
        ["check"],
        ["check", "--format", "github"],
        ["lint"],
        ["lint", "--format", "github"],
        ["report", "--markdown", "-"],
        ["report", "--html", "-"],
    ],
)
def test_output_is_bounded_and_says_how_many_there_are(world: World, command: list[str]) -> None:
    result = world.run(*command)
    said = result.out + result.err
    assert said.count("is unknown") <= 20
    assert "… and 980 more QL212: " in said
    assert "--format json" in said


@pytest.mark.parametrize("command", ["check", "lint"])
@pytest.mark.parametrize("form", ["sarif", "gitlab"])
def test_report_for_a_review_has_more(
    world: World, command: str, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qwenlock.cli.views.annotations.MOST_IN_REVIEW", 300)
    said = world.run(command, "--format", form).out
    assert said.count("is unknown") == 300
    assert "and 700 more QL212: `--format json` lists all" in said


@pytest.mark.parametrize("command", [["lock"], ["check"], ["lint"]])
def test_json_has_all(world: World, command: list[str]) -> None:
    document = json.loads(world.run(*command, "--format", "json").out)
    findings = document.get("findings") or document["projects"][0]["findings"]
    assert sum(each["code"] == "QL212" for each in findings) == MANY


def test_few_findings_are_all_shown(world: World) -> None:
    write(world.own, models(MODEL | {f"unknown-field-{number}": 1 for number in range(20)}))
    assert world.run("lint").err.count("QL212") == 20


@pytest.mark.parametrize("form", ["text", "markdown"])
def test_diff_of_very_many_is_bounded(
    world: World, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qwenlock.cli.views.differences._MOST_ROWS", 20)
    for name, file in (("x", "old.lock"), ("y", "qwen.lock")):
        write(world.own, models(*(MODEL | {"id": f"m{n}", "name": name} for n in range(50))))
        assert world.run("lock", "--output", str(world.project / file)).exit_code == 0
    said = world.run("diff", "old.lock", "qwen.lock", "--format", form).out
    assert said.count("m4") < 10
    assert "… and 30 more differences: run `qwenlock diff --format json` to see all" in said


@pytest.mark.parametrize("command", [["check"], ["lock", "--check"], ["run", "--", "true"]])
def test_differences_are_bounded_too(world: World, command: list[str]) -> None:
    entries = [MODEL | {"id": f"m{number}"} for number in range(300)]
    write(world.own, models(*entries))
    assert world.run("lock").exit_code == 0
    write(world.own, models(*(each | {"name": "x"} for each in entries)))
    result = world.run(*command)
    said = result.out + result.err
    assert result.exit_code == 1
    assert said.count("model openai/m") <= 110
    assert "… and 200 more differences: run `qwenlock check --format json` to see all" in said
