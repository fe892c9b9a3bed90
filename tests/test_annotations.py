"""Annotations for GitHub, GitLab and SARIF: valid, at their places, the same at every run."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from qwenlock.cli.views.annotations import Annotation, as_github, as_sarif
from qwenlock.findings.rules import RULES
from qwenlock.text.foreign import clean
from support import MODEL, World, models, untimed, write

if TYPE_CHECKING:
    from collections.abc import Sequence

SCHEMA = json.loads((Path(__file__).parent / "data" / "sarif-schema-2.1.0.json").read_text())
"""The schema that OASIS publishes; only the line breaks differ."""
VALIDATOR = Draft7Validator(SCHEMA, format_checker=Draft7Validator.FORMAT_CHECKER)


@pytest.fixture
def world(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """Return a project at the root of a repository, with mistakes in its settings."""
    monkeypatch.delenv("GITHUB_WORKSPACE", raising=False)
    (world.project / ".git").mkdir()
    write(world.own, json.dumps(models(MODEL, MODEL, {**MODEL, "id": "x", "nme": 1}), indent=1))
    return world


def sarif(world: World, *arguments: str) -> list[dict[str, Any]]:
    """Return the results of a log that is valid."""
    log = json.loads(world.run("check", "--format", "sarif", *arguments).out)
    return results(log)


def results(log: dict[str, Any]) -> list[dict[str, Any]]:
    errors = [f"{error.json_path}: {error.message}" for error in VALIDATOR.iter_errors(log)]
    assert not errors
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
    return list(run["results"])


def place(result: dict[str, Any]) -> tuple[str, int | None]:
    location = result["locations"][0]["physicalLocation"]
    assert location["artifactLocation"]["uriBaseId"] == "%SRCROOT%"
    return location["artifactLocation"]["uri"], location.get("region", {}).get("startLine")


def by_rule(found: Sequence[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {each["ruleId"]: each for each in found}


def test_findings_stand_at_their_places_in_the_repository(world: World) -> None:
    found = by_rule(sarif(world))
    assert place(found["QL209"]) == (".qwen/settings.json", 10)
    assert place(found["missing"]) == ("qwen.lock", None)


def test_finding_outside_the_repository_stands_at_the_lock(world: World) -> None:
    write(world.system / "settings.json", '{\n\n"modelProviders": {"opnai": []}}')
    found = by_rule(sarif(world))
    assert place(found["QL202"]) == ("qwen.lock", None)
    text = found["QL202"]["message"]["text"]
    assert text.startswith(f"{world.system.as_posix()}/settings.json:3:20: ")


def test_paths_are_relative_to_the_root_of_the_repository(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    below = world.project / "a b" / "app"
    (below / ".qwen").mkdir(parents=True)
    write(below / ".qwen" / "settings.json", models(MODEL, MODEL))
    monkeypatch.chdir(below)
    found = by_rule(sarif(world, "."))
    assert place(found["missing"])[0] == "a%20b/app/qwen.lock"
    said = world.run("check", ".", "--format", "github").out
    assert "file=a b/app/qwen.lock," in said
    monkeypatch.setenv("GITHUB_WORKSPACE", str(world.root))
    assert place(by_rule(sarif(world, "."))["missing"])[0] == "project/a%20b/app/qwen.lock"
    monkeypatch.setenv("GITHUB_WORKSPACE", "/elsewhere")
    assert place(by_rule(sarif(world, "."))["missing"])[0] == "a%20b/app/qwen.lock"


def test_without_a_repository_paths_are_relative_to_the_working_directory(world: World) -> None:
    (world.project / ".git").rmdir()
    assert place(by_rule(sarif(world))["missing"]) == ("qwen.lock", None)


def test_drift_says_what_changed_at_the_lock(world: World) -> None:
    world.run("lock")
    write(world.own, models({**MODEL, "id": "other"}))
    drift = by_rule(sarif(world))["drift"]
    assert drift["level"] == "error"
    assert '\n~ model openai/gpt-4o: id "gpt-4o" → "other"' in drift["message"]["text"]
    assert place(drift) == ("qwen.lock", None)


def test_long_drift_is_cut(world: World) -> None:
    world.run("lock")
    write(world.own, models(*({**MODEL, "id": f"m{number}"} for number in range(200))))
    text = by_rule(sarif(world))["drift"]["message"]["text"]
    assert text.count("\n") == 50
    assert re.search(r"… and \d+ lines more$", text)


def test_passed_check_says_the_same_when_it_is_remembered(world: World) -> None:
    world.run("lock")
    for form in ("github", "sarif"):
        first = world.run("check", "--format", form)
        assert first.exit_code == 0
        assert "QL209" in first.out
        assert world.run("check", "--format", form) == first


def test_failed_compilation_is_annotated(world: World) -> None:
    world.run("lock")
    (world.root / "plans").mkdir()
    found = sarif(world, "--templates", str(world.root / "plans"))
    assert by_rule(found)["invalid"]["message"]["text"].startswith(f"{world.root}/plans contains")
    write(world.own, "{,}")
    assert place(by_rule(sarif(world))["QL101"]) == (".qwen/settings.json", 1)


def test_fingerprint_stays_when_a_finding_moves(world: World) -> None:
    def prints() -> dict[str, str]:
        found = sarif(world)
        marks = [each["partialFingerprints"]["finding/v1"] for each in found]
        assert len(set(marks)) == len(marks)
        return {mark: each["ruleId"] for mark, each in zip(marks, found, strict=True)}

    write(world.own, models(MODEL, MODEL, MODEL))
    before = prints()
    assert list(before.values()).count("QL209") == 2
    write(world.own, b"\n\n// moved\n" + world.own.read_bytes())
    assert prints() == before


def test_report_for_gitlab_says_the_same(world: World) -> None:
    world.run("lock")
    write(world.own, models(MODEL, MODEL, MODEL))
    report = json.loads(world.run("check", "--format", "gitlab").out)
    log = sarif(world)
    assert [each["check_name"] for each in report] == [each["ruleId"] for each in log]
    assert [each["fingerprint"] for each in report] == [
        each["partialFingerprints"]["finding/v1"] for each in log
    ]
    assert [(each["location"]["path"], each["location"]["lines"]["begin"]) for each in report] == [
        (file, line or 1) for file, line in map(place, log)
    ]
    assert {each["severity"] for each in report} == {"minor", "major"}


@pytest.mark.parametrize("code", RULES)
def test_every_rule_has_its_description(code: str) -> None:
    log = as_sarif([Annotation(code, RULES[code].severity, "said", "qwen.lock")])
    assert len(results(log)) == 1


def test_wrong_use_gives_no_annotation(world: World) -> None:
    result = world.run("check", "--format", "github", "--user", "nowhere")
    assert (result.exit_code, result.out) == (2, "")
    assert "nowhere does not exist" in result.err


COMMAND = re.compile(r"::(error|warning|notice) ([^\r\n]*?)::([^\r\n]*)\n")


@given(st.text(), st.text(min_size=1), st.sampled_from(["error", "warning", "note"]))
@untimed(200)
def test_workflow_command_is_one_line_with_the_whole_text(
    message: str, file: str, level: str
) -> None:
    said = as_github([Annotation("drift", level, message, file, 3, 5)])
    command = COMMAND.fullmatch(said)
    assert command is not None
    properties = dict(each.split("=", 1) for each in command[2].split(","))
    assert undone(properties["file"].replace("%3A", ":").replace("%2C", ",")) == clean(file)
    assert (properties["line"], properties["col"], properties["title"]) == ("3", "5", "drift")
    assert undone(command[3]) == message


def undone(text: str) -> str:
    """Return the data of a workflow command as a runner reads it."""
    return text.replace("%0A", "\n").replace("%0D", "\r").replace("%25", "%")


@given(st.lists(st.tuples(st.text(), st.text(min_size=1)), max_size=5))
@untimed(50)
def test_log_is_valid_whatever_the_text(said: list[tuple[str, str]]) -> None:
    log = as_sarif([Annotation("QL101", "error", each, file, 1, 1) for each, file in said])
    json.dumps(log)
    assert [unquote(place(each)[0]) for each in results(log)] == [file for _, file in said]
