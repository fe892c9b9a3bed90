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
    "runtime": {"env": {"OPENAI_API_KEY": "$K"}, "security": OPENAI, "model": {"name": "m"}},
    "built-in": {
        "security": {"auth": {"selectedType": "qwen-oauth"}},
        "model": {"name": "coder-model"},
    },
    "plan": plan("0.12.0", generationConfig={"contextWindowSize": 7, "timeout": 1}),
    "empty": {"modelProviders": {"openai": [{}], "gemini": [""]}, "model": {}},
}


def told(path: Path) -> Iterator[str]:
    text = path.read_text()
    file = OpenFile(path.as_uri(), path, text, 1)
    files = OpenFiles()
    files.put(file)
    translator = Translator(files, "utf-16")
    translator.diagnostics()
    offered: set[str] = set()
    for token in TOKEN.finditer(text):
        at = translator.lines(text).position(token.start() + 1)
        yield f"\n{at.line + 1}:{at.character + 1} {text.splitlines()[at.line].strip()}"
        hover = translator.hover(file, at, Pages(read_page))
        if hover:
            yield from (f"  {line}" for line in hover.contents.value.splitlines() if line)  # type: ignore[union-attr]
        for item in translator.completions(file, at, snippets=True)[:6]:
            edit = getattr(item.text_edit, "new_text", "")
            about = getattr(item.documentation, "value", item.documentation)
            line = f"  offers {item.label} ({item.detail}): {edit!r}; {about}"
            yield from [line] * (line not in offered)
            offered.add(line)
        context = types.CodeActionContext([])
        for action in translator.actions(file, types.Range(at, at), context):
            yield f"  can: {action.title}"
    for lens in translator.lenses(file):
        yield f"\nabove {lens.range.start.line + 1}: {lens.command and lens.command.title}"


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
    write(world.own, json.dumps(SETTINGS[name], indent=1))
    page = PAGES / f"{name}.txt"
    said = "\n".join(told(world.own)).replace(str(ROOT), "/here") + "\n"
    if request.config.getoption("--update-golden"):
        page.parent.mkdir(exist_ok=True)
        page.write_text(said, encoding="utf-8")
    assert "hunter" not in said
    assert said == page.read_text(encoding="utf-8")
