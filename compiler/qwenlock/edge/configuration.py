"""Finds a team's configuration, and applies it to a project.

It is searched for in the project's directory and its parents, up to the root of the repository (the
directory with `.git`), but never in the home directory or above, unless the project is there. A
file that somebody else has put into a directory for everyone, such as /tmp, is ignored by projects
below. For each key, the nearest file that has it counts.
"""

from __future__ import annotations

import os
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from qwenlock.edge.checkouts import is_home, is_planted, leads_to_server
from qwenlock.edge.places import as_typed, relative
from qwenlock.edge.reader import Reader
from qwenlock.lock.options import Options
from qwenlock.settings.configuration import TABLES, Configuration, complain, judge, may_configure
from qwenlock.text import credentials
from qwenlock.text.record import as_dict, dataclass, field, replace

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qwenlock.edge.places import Flags


@dataclass(frozen=True, slots=True)
class Configured:
    """The configuration of one project.

    Attributes:
        configuration: the choices; its files are relative to the project, as in a lock.
        states: the state of every file that was looked for, before it was read (see `file_states`).
        file: the file that names the client, or else the nearest one; None if there is none.
        workspace: the directory with the file that has `projects`, or None.
    """

    configuration: Configuration = field(default_factory=Configuration)
    states: tuple[str, ...] = ()
    file: Path | None = None
    workspace: Path | None = None

    def over(self, recorded: Options) -> Options:
        """Return the options in force if a lock has `recorded` other options."""
        return replace(recorded, **_said(self.configuration.options))


class Origin(NamedTuple):
    """A file that holds choices.

    Attributes:
        path: the file.
        text: its text.
        label: its name in messages.
    """

    path: Path
    text: str
    label: str


class Nearest(NamedTuple):
    """The choices in force in a directory.

    Attributes:
        states: the state of every file that was looked for, before it was read (see `file_states`).
        configuration: the choices; its files are relative to the file that names them.
        origins: the file that each key is from.
        file: the nearest file.
    """

    states: tuple[str, ...]
    configuration: Configuration = Configuration()
    origins: Mapping[str, Origin] = MappingProxyType({})
    file: Origin | None = None


def configured(project: Path, flags: Flags, reader: Reader | None = None) -> Configured:
    """Return the configuration of the project in the directory `project`.

    Args:
        project: the directory of the project.
        flags: the scope options of the command line.
        reader: what other projects of the same command have read.

    Raises:
        InputError: the file is invalid, or names a file that does not exist.
    """
    if flags.no_config:
        return Configured()
    start = Path(os.path.abspath(project))  # noqa: PTH100  (a symbolic link stays one)
    found = nearest(start, reader or Reader())
    options = _options(found, project)
    origin = found.origins.get("client", found.file)
    root = found.origins.get("projects")
    return Configured(
        replace(found.configuration, options=options),
        found.states,
        origin.path if origin else None,
        root.path.parent if root else None,
    )


def nearest(folder: Path, reader: Reader) -> Nearest:
    """Return the choices in force in `folder`: its own, and key by key those of its parents.

    Args:
        folder: the directory, absolute.
        reader: what other projects of the same command have read.

    Raises:
        InputError: the file is invalid.
    """
    known: dict[Path, Nearest] = reader.once("configurations", dict)
    folders = [folder]
    while not (is_topmost := _is_topmost(folders[-1])) and folders[-1].parent not in known:
        folders.append(folders[-1].parent)
    said = Nearest(()) if is_topmost else known[folders[-1].parent]
    for each in reversed(folders):
        said = _over(said, each, reader, is_start=each == folder)
        if each != folder:
            known[each] = said
    return said


def _is_topmost(folder: Path) -> bool:
    """Tell whether the search ends at `folder`."""
    is_root = (folder / ".git").exists() or folder == folder.parent
    return is_root or is_home(folder) or is_home(folder.parent)


def _over(said: Nearest, folder: Path, reader: Reader, *, is_start: bool) -> Nearest:
    """Return the choices of a directory, over those of its parents."""
    states: list[str] = []
    own = None
    for name in TABLES:
        states += reader.states.lines([folder / name])
        if is_start or not is_planted(folder / name):
            own = _read(folder / name, reader)
        if own is not None:
            break
    states += reader.states.lines([folder / ".git"])
    said = said._replace(states=(*states, *said.states))
    if own is None:
        return said
    file, configuration = own
    origins = {**said.origins, **dict.fromkeys(configuration.said, file)}
    return Nearest(said.states, configuration.over(said.configuration), origins, file)


def _read(path: Path, reader: Reader) -> tuple[Origin, Configuration] | None:
    """Return the choices in the file at `path`, or None if it holds none."""
    label = as_typed(path)
    text = reader.text(path, label)
    if text is None:
        return None
    configuration = judge(path.name, text, label) if may_configure(path.name, text) else None
    if configuration is None:
        return None
    return Origin(path, text, label), configuration


def _options(found: Nearest, project: Path) -> Options:
    """Return the options of a configuration, with files relative to the project."""
    options: dict[str, Any] = {}
    for name, value in _said(found.configuration.options).items():
        options[name] = value
        if isinstance(value, str):
            key = name.replace("_", "-")
            origin = found.origins[key]
            file = origin.path.parent / os.path.expanduser(value)  # noqa: PTH111
            is_away = leads_to_server(file)
            if is_away or not os.path.lexists(file):
                what = "is a link to a server" if is_away else "does not exist"
                message = f'{key}: "{credentials.shown(value)}" {what}'
                place = (*TABLES[origin.path.name], key)
                raise complain(origin.text, origin.label, place, message)
            if not value.startswith("~") and not Path(value).is_absolute():
                options[name] = relative(str(file), os.path.abspath(project))  # noqa: PTH100
    return Options(**options)


def _said(options: Options) -> dict[str, Any]:
    values = as_dict(options)
    return {name: value for name, value in values.items() if value is not None}
