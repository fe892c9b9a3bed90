"""Run the examples of the findings' pages in a home and a project of their own."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from typing import TYPE_CHECKING, Any

from qwenlock.cli.start import run

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pytest

    from qwenlock.lint.explain import Page
    from support import World

PROJECT = "/home/you/project"
"""The directory of the project in the pages."""


def reported(
    page: Page, world: World, patch: pytest.MonkeyPatch, *, fixed: bool = False
) -> list[dict[str, Any]]:
    """Return the findings, as in JSON, about the files of `page` before or after its fix."""
    world.clear()
    write_files(page.before, world)
    if fixed:
        write_files(page.after, world)
    patch.chdir(world.home if page.directory == "~" else world.project)
    for step in page.given.split(" && ") if page.given else ():
        _do(shlex.split(step), world)
    result = world.run(*shlex.split(page.command)[1:], "--format", "json")
    document = json.loads(result.out)
    found = document.get("findings", [])
    for project in document.get("projects", ()):
        found += project["findings"]
    return found


def write_files(files: Mapping[str, str] | None, world: World) -> None:
    """Write the files that a page shows, each at its path in `world`."""
    for name, text in (files or {}).items():
        path = world.home / name[2:] if name.startswith("~/") else world.project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.replace(PROJECT, str(world.project)), encoding="utf-8")


def _do(words: list[str], world: World) -> None:
    if words[0] == "qwenlock":
        run(words[1:])
    else:
        subprocess.run(words, cwd=world.project, env=os.environ, check=True, capture_output=True)
