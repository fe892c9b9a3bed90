"""`explain` and the findings' pages: every example is what it says, and so is its fix."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from examples import reported
from pages import ROOT
from qwenlock.edge.pages import read_page
from qwenlock.findings.errors import InputError
from qwenlock.findings.reading import parse
from qwenlock.findings.rules import RULES
from qwenlock.lint.explain import Page, as_markdown
from reference import findings

if TYPE_CHECKING:
    from support import World

FOLDER = ROOT / "docs" / "findings"
UPDATE = "run `pytest --update-docs`"

PAGES = {code: read_page(code) for code in RULES}
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
WITH_COMMENT = [code for code in RULES if f"ignore[{code}]" in as_markdown(code, PAGES[code])]


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
    found = reported(replace(page, before=around), world, monkeypatch)
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
    lines = (page.before or {})[file].splitlines(keepends=True)
    at = int(line) - 1
    comment = f"// qwenlock: ignore[{code}]"
    behind = [*lines[:at], f"{lines[at].rstrip()} {comment}\n", *lines[at + 1 :]]
    above = [*lines[:at], f"  {comment}\n", *lines[at:]]
    for text in (behind, above):
        changed = replace(page, before={**(page.before or {}), file: "".join(text)})
        found = reported(changed, world, monkeypatch)
        assert code not in {each["code"] for each in found}, text


@pytest.mark.parametrize("code", [code for code in EXAMPLES if PAGES[code].ignorable])
def test_an_option_leaves_it_out_of_one_run(
    code: str, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = PAGES[code]
    ignoring = replace(page, command=f"{page.command} --ignore {code}")
    found = reported(ignoring, world, monkeypatch)
    assert code not in {each["code"] for each in found}


def test_what_has_no_example_is_known() -> None:
    assert {code for code, page in PAGES.items() if not page.before} == set(WITHOUT_EXAMPLE)


def test_no_page_is_of_a_code_that_is_not_there() -> None:
    folder = ROOT / "compiler" / "qwenlock" / "lint" / "pages"
    assert {file.stem for file in folder.iterdir()} == set(RULES)


def test_the_pages_of_the_documentation_are_those_of_explain(
    request: pytest.FixtureRequest,
) -> None:
    made = {FOLDER / f"{code}.md": as_markdown(code, page) for code, page in PAGES.items()}
    made[FOLDER / "index.md"] = findings(PAGES)
    if request.config.getoption("--update-docs"):
        FOLDER.mkdir(exist_ok=True)
        for path, text in made.items():
            path.write_text(text, encoding="utf-8")
    assert set(FOLDER.iterdir()) == set(made)
    for path, text in made.items():
        assert path.read_text(encoding="utf-8") == text, f"{path.name} differs: {UPDATE}"


def test_a_page_says_what_it_is_about() -> None:
    page = as_markdown("QL203", PAGES["QL203"])
    assert page.startswith("# QL203: qwen-oauth cannot be overridden\n\n**warning** · repaired by ")
    assert RULES["QL203"].reason in " ".join(page.split())
    assert "at `.qwen/settings.json:4:5`" in page
    assert "// qwenlock: ignore[QL203]" in page
    assert "You cannot ignore it" in as_markdown("QL101", Page("", "", ignorable=False))


def test_explain_prints_the_page(world: World) -> None:
    assert world.run("explain", "ql203").out == as_markdown("QL203", PAGES["QL203"])
    assert world.run("explain", "QL999").exit_code == 2


def place(finding: dict[str, Any]) -> str:
    if finding["file"] is None:
        return ""
    return f"{finding['file']}:{finding['line']}:{finding['column']}"


@pytest.fixture
def world(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.delenv("CI", raising=False)
    return world
