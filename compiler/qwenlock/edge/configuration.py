"""Where a team's choices are looked for, and what they come to for one project.

Looked into are the project's directory and those above it, up to the root of its repository (what
holds `.git`), and never the home directory or above, unless the project is there. The nearest file
that holds choices counts alone, as with Ruff and uv.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qwenlock.configuration import TABLES, Configuration, complain, judge, may_configure
from qwenlock.documents.document import decode
from qwenlock.edge import stamp
from qwenlock.edge.places import is_home, shown
from qwenlock.edge.reader import read_bytes
from qwenlock.lockfile.model import Options

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qwenlock.edge.places import Flags


@dataclass(frozen=True, slots=True)
class Configured:
    """What is configured for one project.

    Attributes:
        configuration: the choices; its files are relative to the project, as in a lock.
        states: every file that was looked for, as it was before it was read (see `stamp`).
    """

    configuration: Configuration = field(default_factory=Configuration)
    states: tuple[str, ...] = ()

    def over(self, recorded: Options) -> Options:
        """Return what counts where a lock has `recorded` other options."""
        return replace(recorded, **_said(self.configuration.options))


def configured(project: Path, flags: Flags) -> Configured:
    """Return what is configured for the project in the directory `project`.

    Raises:
        InputError: the file cannot be used, or names another that is not there.
    """
    states: list[str] = []
    for path in () if flags.no_config else _candidates(project):
        states += stamp.states([path])
        configuration = _read(path, project) if path.name in TABLES else None
        if configuration is not None:
            return Configured(configuration, tuple(states))
    return Configured(states=tuple(states))


def _candidates(project: Path) -> Iterator[Path]:
    """Give the files that may hold choices, the nearest first, and what ends the search."""
    start = Path(os.path.abspath(project))  # noqa: PTH100  (a symbolic link stays one)
    for folder in (start, *start.parents):
        if folder != start and is_home(folder):
            return
        yield from (folder / name for name in TABLES)
        yield folder / ".git"
        if (folder / ".git").exists() or is_home(folder):
            return


def _read(path: Path, project: Path) -> Configuration | None:
    label = shown(path, Path.cwd())
    data = read_bytes(path, label)
    if data is None:
        return None
    text = decode(data, label)
    if not may_configure(path.name, text):
        return None
    configuration = judge(path.name, text, label)
    if configuration is None:
        return None
    options: dict[str, Any] = {}
    for name, value in _said(configuration.options).items():
        options[name] = value
        if isinstance(value, str):
            file = path.parent / os.path.expanduser(value)  # noqa: PTH111
            if not os.path.lexists(file):
                key = name.replace("_", "-")
                message = f"{key}: there is no {shown(file, Path.cwd())}"
                raise complain(text, label, (*TABLES[path.name], key), message)
            if not value.startswith("~") and not Path(value).is_absolute():
                options[name] = Path(os.path.relpath(file, project)).as_posix()
    return replace(configuration, options=Options(**options))


def _said(options: Options) -> dict[str, Any]:
    values = {each.name: getattr(options, each.name) for each in fields(options)}
    return {name: value for name, value in values.items() if value is not None}
