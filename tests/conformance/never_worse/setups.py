"""Setups: the files and variables of somebody who uses the client. Data, read from `setups/`.

In their texts `KEY(NAME)` stands for a key with that name, and `VERSION` for the
settings version that a release writes.
"""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from packaging.specifiers import SpecifierSet

from conformance.clients import PACKAGE, installed
from support import plainly_read

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.run import Machine

RELEASES = ("0.10.1", "0.12.0", "0.15.10", "0.23.3", "0.24.4")

FOLDER = Path(__file__).with_name("setups")
_KEY = re.compile(r"KEY\(([^)]+)\)")
_KEY_LENGTH = 32


class Setup(NamedTuple):
    """Somebody's files and variables.

    Attributes:
        name: its name in the table.
        title: a sentence that describes it.
        files: text by name; `~` is the home directory, `/system` the folder of the system files,
            and all else is in the project.
        shell: the variables of the shell.
        releases: those that it makes sense for.
        group: the file of `setups/` that it is from, or `guide`.
        lock: the options of `qwenlock lock` for it.
    """

    name: str
    title: str
    files: dict[str, str]
    shell: dict[str, str]
    releases: SpecifierSet
    group: str
    lock: tuple[str, ...] = ()

    def is_for(self, release: str) -> bool:
        return release in self.releases

    def write(self, machine: Machine, release: str) -> None:
        """Write the files to a machine."""
        for name, text in self.files.items():
            path = place(machine, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(_filled(text, release), "utf-8")

    def variables(self) -> dict[str, str]:
        """Return the variables of the shell, with their keys."""
        return {name: with_keys(value) for name, value in self.shell.items()}

    def keys(self) -> dict[str, str]:
        """Return the name of each key in it, by the key."""
        texts = [*self.files.values(), *self.shell.values()]
        names = {name for text in texts for name in _KEY.findall(text)}
        return {key(name): name for name in names}


def place(machine: Machine, name: str) -> Path:
    """Return the path of a file of a setup."""
    for prefix, folder in (("~/", machine.home), ("/system/", machine.system)):
        if name.startswith(prefix):
            return folder / name.removeprefix(prefix)
    return machine.project / name


def value_of(text: str) -> dict[str, Any]:
    """Return the value of settings, which are JSON with comments.

    Raises:
        ValueError: the text is not the JSON of an object.
    """
    return dict(plainly_read(text.removeprefix("\ufeff")))


def key(name: str) -> str:
    """Return the key with that name, which looks like a real key."""
    return f"sk-{hashlib.sha256(name.encode()).hexdigest()[:_KEY_LENGTH]}"


def with_keys(text: str) -> str:
    return _KEY.sub(lambda match: key(match[1]), text)


def _filled(text: str, release: str) -> str:
    version = "4" if release in SpecifierSet(">=0.15.10") else "3"
    return with_keys(re.sub(r'"?\bVERSION\b"?', version, text))


@cache
def written() -> tuple[Setup, ...]:
    """Return the setups of the folder, in order."""
    found = []
    for file in sorted(FOLDER.glob("*.toml")):
        for name, fields in tomllib.loads(file.read_text("utf-8")).items():
            found.append(
                Setup(
                    name,
                    fields["title"],
                    fields.get("files", {}),
                    fields.get("shell", {}),
                    SpecifierSet(fields.get("releases", "")),
                    file.stem.partition("-")[2],
                    tuple(fields.get("lock", ())),
                )
            )
    return tuple(found)


def setups() -> tuple[Setup, ...]:
    """Return all setups: those of the folder, and the examples of the releases' own guides."""
    return (*written(), *guides())


_GUIDE = Path("bundled", "qc-helper", "docs", "configuration", "model-providers.md")
_BLOCK = re.compile(r"^```jsonc?\n(.*?)^```", re.MULTILINE | re.DOTALL)
_DOCUMENT_END = re.compile(r"^\}\n", re.MULTILINE)
_TRAILING_COMMA = re.compile(r",(?=\s*[}\]])")
_HEADING = re.compile(r"^#+ (.*)", re.MULTILINE)


@cache
def guides() -> tuple[Setup, ...]:
    """Return the examples in the guide that is part of each release, if there is one.

    What is only a piece of settings becomes whole settings; where nothing is selected, the first
    model is, and every variable that holds a key is set in the shell.
    """
    found: dict[tuple[str, str], list[str]] = {}
    for release in RELEASES:
        for heading, example in _examples(release):
            found.setdefault((heading, example), []).append(release)
    counts: dict[str, int] = {}
    made = []
    for (heading, example), releases in found.items():
        slug = re.sub(r"[^a-z0-9]+", "-", heading.lower()).strip("-")
        counts[slug] = counts.get(slug, 0) + 1
        name = f"guide-{slug}" + (f"-{counts[slug]}" if counts[slug] > 1 else "")
        made.append(_example(name, heading, example, releases))
    return tuple(made)


def _examples(release: str) -> Iterator[tuple[str, str]]:
    guide = installed(release).parents[1] / PACKAGE / _GUIDE
    text = guide.read_text("utf-8") if guide.exists() else ""
    for block in _BLOCK.finditer(text):
        *_, heading = _HEADING.findall(text[: block.start()])
        yield heading.replace("`", ""), _TRAILING_COMMA.sub("", block[1])


def _example(name: str, heading: str, text: str, releases: list[str]) -> Setup:
    settings = _whole(_value(text))
    names = sorted(set(re.findall(r'"envKey": "(\w+)"', json.dumps(settings))))
    title = f"This example is below the heading “{heading}” in the guide of {', '.join(releases)}."
    files = {"~/.qwen/settings.json": json.dumps(settings, indent=2, ensure_ascii=False)}
    shell = {name: f"KEY({name})" for name in names if name not in settings.get("env", {})}
    allowed = SpecifierSet(",".join(f"!={each}" for each in RELEASES if each not in releases))
    return Setup(name, title, files, shell, allowed, "guide")


def _value(text: str) -> dict[str, Any]:
    """Return the value of an example: one document, a part of one, or several to be merged."""
    *parts, _ = _DOCUMENT_END.split(text)
    for attempt in ([text], [f"{{ {text} }}"], [f"{part}}}" for part in parts]):
        with suppress(ValueError):
            values = [value_of(each) for each in attempt]
            return {name: inner for value in values for name, inner in value.items()}
    raise AssertionError(text)


def _whole(value: dict[str, Any]) -> dict[str, Any]:
    """Turn an example of a model, or of a part of one, into whole settings."""
    if not {"modelProviders", "env", "security"} & set(value):
        model = {"id": "m", "envKey": "LAB_KEY", "baseUrl": "https://api.lab.example/v1"}
        own = value if {"id", "generationConfig"} & set(value) else {"generationConfig": value}
        value = {"modelProviders": {"openai": [model | own]}}
    providers = value.get("modelProviders", {})
    protocols = value.get("providerProtocol", {})
    for name, entries in providers.items():
        if "security" not in value and isinstance(entries, list) and entries:
            auth_type = protocols.get(name, name)
            value["security"] = {"auth": {"selectedType": auth_type}}
            value.setdefault("model", {}).setdefault("name", entries[0]["id"])
    return {"$version": "VERSION", **value}
