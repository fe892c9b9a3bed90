"""Run the examples of the findings' pages in a home and a project of their own."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
from typing import TYPE_CHECKING, Any, NamedTuple

from qwenlock.cli.start import run
from qwenlock.edge.pages import read_page

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pytest

    from support import World

PROJECT = "/home/you/project"
"""The directory of the project in the pages."""

_FILE = re.compile(r"^`([^`]+)`:\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_REPORTED = re.compile(
    r"In (?P<directory>a project|~), (?:after `(?P<given>[^`]+)`, )?`(?P<command>[^`]+)` reports it"
    r"(?:, at `(?P<at>[^`]+)`)?\."
)
_REPAIR = re.compile(r" · repaired by `qwenlock lint --fix( --unsafe-fixes)?`\n")


class Example(NamedTuple):
    """The example of a page, and what the page says of it.

    Attributes:
        before: files, by name, that cause the finding.
        after: the files that the fix changes, as they are afterwards.
        at: the file, line and column (from 1) where it is reported; empty if it has no place.
        command: the command that reports it.
        given: the command to run before that; empty if there is none.
        directory: where to run it.
        repair: whether `lint --fix` repairs it, or only `--unsafe-fixes`, or neither.
        ignoring: what the page says about ignoring it.
    """

    before: dict[str, str]
    after: dict[str, str]
    at: str
    command: str
    given: str
    directory: str
    repair: str
    ignoring: str


def example(code: str) -> Example:
    """Read the example of a finding's page."""
    page = read_page(code)
    parts = dict(each.split("\n\n", 1) for each in page.split("\n## ")[1:])
    before = parts.get("Example", "")
    said = _REPORTED.search(" ".join(before.split()))
    assert (said is None) == (not before), code
    repair = _REPAIR.search(page)
    return Example(
        dict(_FILE.findall(before)),
        dict(_FILE.findall(parts["What to do"])),
        **{name: text or "" for name, text in said.groupdict().items()}
        if said
        else dict.fromkeys(_REPORTED.groupindex, ""),
        repair="" if repair is None else "unsafe" if repair[1] else "safe",
        ignoring=" ".join(parts["Ignoring it"].split()),
    )


def reported(
    page: Example, world: World, patch: pytest.MonkeyPatch, *, fixed: bool = False
) -> list[dict[str, Any]]:
    """Return the findings, as in JSON, about the files of an example before or after its fix."""
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


def write_files(files: Mapping[str, str], world: World) -> None:
    """Write the files that a page shows, each at its path in `world`."""
    for name, text in files.items():
        path = world.home / name[2:] if name.startswith("~/") else world.project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.replace(PROJECT, str(world.project)), encoding="utf-8")


def _do(words: list[str], world: World) -> None:
    if words[0] == "qwenlock":
        run(words[1:])
    else:
        subprocess.run(words, cwd=world.project, env=os.environ, check=True, capture_output=True)
