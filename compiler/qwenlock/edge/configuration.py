"""Finds a team's configuration, and applies it to a project.

It is searched for in the project's directory and its parents, up to the root of the repository (the
directory with `.git`), but never in the home directory or above, unless the project is there. Only
the nearest file that holds choices counts, as with Ruff and uv.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from qwenlock.edge.checkouts import is_home
from qwenlock.edge.places import relative, shown
from qwenlock.edge.reader import Reader
from qwenlock.lock.options import Options
from qwenlock.settings.configuration import TABLES, Configuration, complain, judge, may_configure
from qwenlock.text import credentials

if TYPE_CHECKING:
    from qwenlock.edge.places import Flags


@dataclass(frozen=True, slots=True)
class Configured:
    """The configuration of one project.

    Attributes:
        configuration: the choices; its files are relative to the project, as in a lock.
        states: the state of every file that was looked for, before it was read (see `file_states`).
        file: the file that holds them, or None.
    """

    configuration: Configuration = field(default_factory=Configuration)
    states: tuple[str, ...] = ()
    file: Path | None = None

    def over(self, recorded: Options) -> Options:
        """Return the options in force if a lock has `recorded` other options."""
        return replace(recorded, **_said(self.configuration.options))


class Nearest(NamedTuple):
    """The choices in force in a directory.

    Attributes:
        states: the state of every file that was looked for, before it was read (see `file_states`).
        path: the file that holds the choices, or None.
        text: its text.
        label: its name in messages.
        configuration: the choices; its files are relative to the file's directory.
    """

    states: tuple[str, ...]
    path: Path | None = None
    text: str = ""
    label: str = ""
    configuration: Configuration = Configuration()


def configured(project: Path, flags: Flags, reader: Reader | None = None) -> Configured:
    """Return the configuration of the project in the directory `project`.

    Raises:
        InputError: the file is invalid, or names a file that does not exist.
    """
    if flags.no_config:
        return Configured()
    start = Path(os.path.abspath(project))  # noqa: PTH100  (a symbolic link stays one)
    found = nearest(start, reader or Reader())
    options = _options(found, project)
    return Configured(replace(found.configuration, options=options), found.states, found.path)


def nearest(folder: Path, reader: Reader) -> Nearest:
    """Return the choices in force in `folder`: its own, or else those of its parent.

    Raises:
        InputError: the file is invalid.
    """
    states: list[str] = []
    for name in TABLES:
        states += reader.states.lines([folder / name])
        found = _read(folder / name, reader)
        if found is not None:
            return found._replace(states=tuple(states))
    repository = folder / ".git"
    states += reader.states.lines([repository])
    if repository.exists() or is_home(folder) or folder == folder.parent:
        return Nearest(tuple(states))
    said = reader.once(("configuration", folder.parent), lambda: above(folder.parent, reader))
    return said._replace(states=(*states, *said.states))


def above(folder: Path, reader: Reader) -> Nearest:
    """Return the choices of `folder` that apply to directories below; none in the home directory.

    Raises:
        InputError: the file is invalid.
    """
    return Nearest(()) if is_home(folder) else nearest(folder, reader)


def _read(path: Path, reader: Reader) -> Nearest | None:
    """Return the choices in the file at `path`, or None if it holds none."""
    label = shown(path)
    text = reader.text(path, label)
    if text is None:
        return None
    configuration = judge(path.name, text, label) if may_configure(path.name, text) else None
    if configuration is None:
        return None
    return Nearest((), path, text, label, configuration)


def _options(found: Nearest, project: Path) -> Options:
    """Return the options of a configuration, with files relative to the project."""
    options: dict[str, Any] = {}
    for name, value in _said(found.configuration.options).items():
        options[name] = value
        if isinstance(value, str) and found.path is not None:
            file = found.path.parent / os.path.expanduser(value)  # noqa: PTH111
            if not os.path.lexists(file):
                key = name.replace("_", "-")
                message = f'{key}: "{credentials.shown(value)}" does not exist'
                place = (*TABLES[found.path.name], key)
                raise complain(found.text, found.label, place, message)
            if not value.startswith("~") and not Path(value).is_absolute():
                options[name] = relative(str(file), os.path.abspath(project))  # noqa: PTH100
    return Options(**options)


def _said(options: Options) -> dict[str, Any]:
    values = {each.name: getattr(options, each.name) for each in fields(options)}
    return {name: value for name, value in values.items() if value is not None}
