"""`explain` and the findings' pages: every example gives its finding, and its fix removes it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from examples import example, reported
from pages import ROOT
from qwenlock.edge.pages import read_page
from qwenlock.findings.errors import InputError
from qwenlock.findings.reading import parse
from qwenlock.findings.rules import RULES
from reference import findings, headed

if TYPE_CHECKING:
    from support import World

FOLDER = ROOT / "docs" / "findings"
UPDATE = "run `pytest --update-docs`"

PAGES = {code: example(code) for code in RULES}
WITHOUT_EXAMPLE = {
    "QL103": "a page is UTF-8",
    "QL104": "a page is short",
    "QL105": "what cannot be read cannot be shown",
}
REWRITTEN = {
    "QL110": "json reads its number as another one",
    "QL116": "json reads one of two equal keys",
    "QL604": "it is about an auth type without models",
}
EXAMPLES = [code for code in RULES if code not in WITHOUT_EXAMPLE]
WITH_COMMENT = [code for code in RULES if f"ignore[{code}]" in PAGES[code].ignoring]


@pytest.mark.parametrize("code", EXAMPLES)
def test_an_example_gives_its_finding_where_the_page_says(
    code: str, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = PAGES[code]
    found = [each for each in reported(page, world, monkeypatch) if each["code"] == code]
    assert found, "not reported"
    assert place(found[0]) == page.at
    assert (found[0].get("repair") or "") == page.repair


def crowded(text: str) -> str:
    """Return settings with other models before and behind those of each auth type."""
    try:
        settings: dict[str, Any] = parse(text, "").value
    except InputError:
        return text
    providers = settings.get("modelProviders")
    every = providers.values() if isinstance(providers, dict) else ()
    lists = [each for each in every if isinstance(each, list)]
    for models in lists:
        other = {"envKey": "OTHER_KEY", "baseUrl": "https://other.example/v9"}
        models[:] = [{"id": "first", **other}, *models, {"id": "last", **other}]
    return json.dumps(settings, indent=1) if lists else text


@pytest.mark.parametrize("code", [code for code in EXAMPLES if code not in REWRITTEN])
def test_nothing_around_an_example_hides_its_finding(
    code: str, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = PAGES[code]
    empty = {"model": {"x": {}}, "security": {"auth": {}}, "env": {}, "modelProviders": {}}
    files = {"~/.qwen/settings.json": json.dumps({"$version": 4, **empty}), **(page.before or {})}
    around = {
        name: crowded(text) if name.endswith("settings.json") else text
        for name, text in files.items()
    }
    found = reported(page._replace(before=around), world, monkeypatch)
    assert code in {each["code"] for each in found}


@pytest.mark.parametrize("code", [code for code in EXAMPLES if PAGES[code].after])
def test_the_finding_is_gone_after_the_fix(
    code: str, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = reported(PAGES[code], world, monkeypatch, fixed=True)
    assert code not in {each["code"] for each in found}


@pytest.mark.parametrize("code", WITH_COMMENT)
def test_a_comment_on_its_line_or_above_suppresses_it(
    code: str, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = PAGES[code]
    file, line, _ = page.at.rsplit(":", 2)
    lines = page.before[file].splitlines(keepends=True)
    at = int(line) - 1
    comment = f"// qwenlock: ignore[{code}]"
    behind = [*lines[:at], f"{lines[at].rstrip()} {comment}\n", *lines[at + 1 :]]
    above = [*lines[:at], f"  {comment}\n", *lines[at:]]
    for text in (behind, above):
        changed = page._replace(before={**page.before, file: "".join(text)})
        found = reported(changed, world, monkeypatch)
        assert code not in {each["code"] for each in found}, text


@pytest.mark.parametrize(
    "code", [each for each in EXAMPLES if "You cannot" not in PAGES[each].ignoring]
)
def test_an_option_leaves_it_out_of_one_run(
    code: str, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = PAGES[code]
    assert f"`qwenlock lint --ignore {code}`" in page.ignoring
    ignoring = page._replace(command=f"{page.command} --ignore {code}")
    found = reported(ignoring, world, monkeypatch)
    assert code not in {each["code"] for each in found}


def test_codes_without_an_example_are_listed() -> None:
    assert {code for code, page in PAGES.items() if not page.before} == set(WITHOUT_EXAMPLE)


@pytest.mark.parametrize("code", [code for code in WITH_COMMENT if RULES[code].severity == "error"])
def test_a_page_says_whether_lock_fails_on_an_ignored_error(
    code: str, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    reported(PAGES[code], world, monkeypatch)
    options = PAGES[code].command.removeprefix("qwenlock lint").split()
    fails = world.run("lock", *options).exit_code != 0
    assert fails == ("`qwenlock lock` still fails on it." in PAGES[code].ignoring)


def test_each_page_begins_with_its_rule_and_is_listed(request: pytest.FixtureRequest) -> None:
    made = {FOLDER / f"{code}.md": headed(code, read_page(code)) for code in RULES}
    made[FOLDER / "index.md"] = findings(PAGES)
    if request.config.getoption("--update-docs"):
        for path, text in made.items():
            path.write_text(text, encoding="utf-8")
    assert set(FOLDER.iterdir()) == set(made)
    for path, text in made.items():
        assert path.read_text(encoding="utf-8") == text, f"{path.name} differs: {UPDATE}"


def test_explain_prints_the_page(world: World) -> None:
    assert world.run("explain", "ql203").out == read_page("QL203")
    assert world.run("explain", "QL999").exit_code == 2


def place(finding: dict[str, Any]) -> str:
    if finding["file"] is None:
        return ""
    return f"{finding['file']}:{finding['line']}:{finding['column']}"


@pytest.fixture
def world(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.delenv("CI", raising=False)
    return world
