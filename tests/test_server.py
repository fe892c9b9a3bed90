"""The language server, by an editor: pygls' own client over standard input and output."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from lsprotocol import types

from editor import Editor, edit, position
from support import World, write

SETTINGS = """\
{
  "$version": 4,
  "modelProviders": {
    "openai": [
      {"id": "a", "envKey": "OPENAI_API_KEY", "baseUrl": "https://api.openai.com/v1"},
      {"id": "b", "envKey": "OTHER_API_KEY", "baseUrl": "https://api.openai.com/v1"},
      {"id": "a", "envKey": "OPENAI_API_KEY", "baseUrl": "https://api.openai.com/v1"}
    ],
    "openaii": []
  },
  "security": {"auth": {"selectedType": "openai"}},
  "model": {"name": "a"}
}
"""


@pytest.fixture
def world(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> World:
    monkeypatch.setenv("PATH", os.defpath)
    return World(tmp_path, monkeypatch, lambda: tuple(capsys.readouterr()))  # type: ignore[arg-type]


def test_findings_have_code_severity_link_and_related_places(world: World) -> None:
    async def act(editor: Editor) -> None:
        uri = await editor.open(world.own, SETTINGS)
        found = editor.diagnostic(uri, "QL209")
        assert found.range.start == position(SETTINGS, '"a", "envKey": "OPENAI_API_KEY", "baseUrl": "https://api.openai.com/v1"}\n')
        (related,) = found.related_information or ()
        assert related.message == "the first, which wins"
        print(editor.said)

    edit(world, act)
