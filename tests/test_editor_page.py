"""All that an editor gets for some settings, as pages: tests/data/editor.

For each name, value and bracket a page shows the hover, the completions and the actions; then
the line above each model and plan.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from lsprotocol import types

from qwenlock.edge.pages import read_page
from qwenlock.server.open_files import OpenFile, OpenFiles
from qwenlock.server.translate import Pages, Translator
from support import World, write
from test_upgrade import installed

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
PAGES = ROOT / "tests" / "data" / "editor"
TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[{]|\b[\w.]+\b')
AT = "https://api.openai.com/v1"
OPENAI = {"auth": {"selectedType": "openai"}}


def entry(model: str, **more: Any) -> dict[str, Any]:
    return {"id": model, "envKey": "OPENAI_API_KEY", "baseUrl": AT, **more}


def plan(version: str, **more: Any) -> dict[str, Any]:
    settings = installed(version)
    entries = settings["modelProviders"]["openai"]
    settings["modelProviders"]["openai"] = [entries[0] | more, *entries[-1:]]
    return settings


SETTINGS: dict[str, Any] = {
    "models": {
        "$version": 4,
        "modelProviders": {
            "openai": [
                entry("a", name="An a", generationConfig={"timeout": 1}),
                entry("b", envKey="UNSET_API_KEY"),
                entry("a", baseUrl=f"{AT}/"),
                entry("c", envKey="sk-1"),
                entry("d", envKey="IN_A_FILE_KEY"),
            ],
            "anthropic": [],
            "openaii": [],
        },
        "security": OPENAI,
        "model": {"name": "a", "generationConfig": {}},
        "fastModel": "b",
        "visionModel": "nothing",
    },
    "undecided": {"model": {"name": "m"}},
    "runtime": {
        "env": {"OPENAI_API_KEY": "$K"},
        "security": {"auth": {"selectedType": "openai", "apiKey": "$K"}},
        "model": {"name": "m"},
    },
    "built-in": {
        "security": {"auth": {"selectedType": "qwen-oauth"}},
        "model": {"name": "coder-model"},
    },
    "plan": plan("0.12.0", generationConfig={"contextWindowSize": 7, "timeout": 1}),
    "empty": {"modelProviders": {"openai": [{}], "gemini": [""], "anthropic": None}, "model": {}},
    "broken": '{"model": {"name": }',
    "repairs": {
        "modelProviders": {
            "openai": [entry("a"), entry("a")],
            "gemnii": [],
        },
        "env": {"A_KEY": "x-1"},
    },
}


def at(where: types.Range) -> str:
    """Return a range as people count, from 1."""
    start, end = where.start, where.end
    return f"{start.line + 1}:{start.character + 1}-{end.line + 1}:{end.character + 1}"


def said_of(each: types.Diagnostic) -> Iterator[str]:
    """Yield a diagnostic, and then the places that belong to it."""
    page = each.code_description and each.code_description.href
    assert (page or "").endswith(f"docs/findings/{each.code}.md" if each.code else "")
    assert each.source == "qwenlock"
    said = each.message.replace("\n", "; ")
    tags = "".join(f" ({tag.name})" for tag in each.tags or ())
    yield f"{at(each.range)} {each.severity and each.severity.name} {each.code}{tags}: {said}"
    for other in each.related_information or ():
        yield f"  {other.location.uri} {at(other.location.range)}: {other.message}"


def done_by(action: types.CodeAction) -> Iterator[str]:
    """Yield what an action does, besides its title."""
    yield str(getattr(action.kind, "value", action.kind))
    yield from ["preferred"] * bool(action.is_preferred)
    yield from (f"for {each.code} at {at(each.range)}" for each in action.diagnostics or ())
    if action.command:
        assert action.command.title == action.title
        yield f"runs {action.command.command} {action.command.arguments}"
    for changed in (action.edit and action.edit.document_changes) or ():
        assert isinstance(changed, types.TextDocumentEdit)
        document, (edit,) = changed.text_document, changed.edits
        assert isinstance(edit, types.TextEdit)
        yield f"writes {edit.new_text!r} at {at(edit.range)} of {document.uri} {document.version}"


def told(*paths: Path) -> Iterator[str]:
    """Yield what is said about files that are open, and what at each place of the last one."""
    files = OpenFiles()
    for number, path in enumerate(paths):
        file = OpenFile(path.as_uri(), path, path.read_text(encoding="utf-8"), number)
        files.put(file)
    translator = Translator(files, "utf-16")
    for uri, diagnostics in translator.diagnostics().items():
        yield f"{uri}:"
        yield from (line for each in diagnostics for line in said_of(each))
    offered: set[str] = set()
    for token in TOKEN.finditer(file.text):
        place = translator.lines(file.text).position(token.start() + 1)
        hover = translator.hover(file, place, Pages(read_page))
        where = f"{at(hover.range)} " if hover and hover.range else ""
        line = file.text.splitlines()[place.line].strip()
        yield f"\n{place.line + 1}:{place.character + 1} {where}{line}"
        if hover:
            assert isinstance(hover.contents, types.MarkupContent)
            yield from (f"  {line}" for line in hover.contents.value.splitlines() if line)
        items = translator.completions(file, place, snippets=True)
        assert [each.sort_text for each in items] == [f"{each:05}" for each in range(len(items))]
        for item in items[:6]:
            assert isinstance(item.text_edit, types.TextEdit)
            new, words = item.text_edit.new_text, item.filter_text
            is_snippet = item.insert_text_format == types.InsertTextFormat.Snippet
            assert is_snippet or words == new
            text = f"snippet {new!r} for {words!r}" if is_snippet else repr(new)
            about = f"{item.kind and item.kind.name} ({item.detail}); {item.documentation}"
            line = f"  offers {item.label}: {text}, {about}"
            yield from [line] * (line not in offered)
            offered.add(line)
        context = types.CodeActionContext([])
        for action in translator.actions(file, types.Range(place, place), context):
            does = "".join(f"\n    {each}" for each in done_by(action))
            yield f"  can: {action.title}{does * (does not in offered)}"
            offered.add(does)
    for lens in translator.lenses(file):
        assert lens.command is not None
        command = f"{lens.command.command} {lens.command.arguments}" if lens.command.command else ""
        yield f"\nabove {at(lens.range)}: {lens.command.title} {command}".rstrip()


@pytest.mark.parametrize("name", SETTINGS)
def test_pages_show_what_an_editor_gets(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    world = World(tmp_path, monkeypatch, lambda: ("", ""))
    monkeypatch.setenv("PATH", os.defpath)  # without a client
    for variable in [each for each in os.environ if each.endswith(("_KEY", "_TOKEN"))]:
        monkeypatch.delenv(variable)
    monkeypatch.setenv("OPENAI_API_KEY", "hunter2-is-a-key")
    write(world.home / ".qwen" / ".env", "IN_A_FILE_KEY=hunter2\n")
    write(world.user, {"modelProviders": {"openai": [entry("mine")], "gemini": [entry("g")]}})
    text = (
        SETTINGS[name] if isinstance(SETTINGS[name], str) else json.dumps(SETTINGS[name], indent=1)
    )
    write(world.own, text)
    page = PAGES / f"{name}.txt"
    said = "\n".join(told(world.user, world.own)) + "\n"
    said = said.replace(str(ROOT), "/here").replace(str(tmp_path), "")
    if request.config.getoption("--update-golden"):
        page.parent.mkdir(exist_ok=True)
        page.write_text(said, encoding="utf-8")
    assert "hunter" not in said
    assert said == page.read_text(encoding="utf-8")
