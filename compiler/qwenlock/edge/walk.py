"""Finds the projects below a directory: those that hold a lock, and those that must hold one."""

from __future__ import annotations

import os
from contextlib import suppress
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING

from qwenlock.edge.checkouts import leads_to_server
from qwenlock.edge.configuration import Nearest, nearest
from qwenlock.edge.files import MAX_BYTES, read_document, read_regular
from qwenlock.edge.git import ignored_below, is_left_out
from qwenlock.edge.places import SETTINGS, home, spelled
from qwenlock.edge.reader import Reader
from qwenlock.findings.errors import InputError
from qwenlock.lock import NAME
from qwenlock.settings.configuration import TABLES, may_configure
from qwenlock.settings.scopes import PROVIDERS
from qwenlock.text.globs import is_literal, pattern

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

_NEVER = frozenset({".git", ".hg", ".svn", "node_modules", ".venv", "__pycache__", ".tox"})


def configuration_of(directory: Path) -> Nearest:
    """Return the choices that are in force in `directory`.

    Raises:
        InputError: the configuration is invalid.
    """
    return nearest(Path(os.path.abspath(directory)), Reader())  # noqa: PTH100


def projects_below(
    directory: Path, team: Nearest | None = None, *, every: bool = False
) -> Iterator[Path]:
    """Yield `directory` and each directory below it that is a project, in alphabetical order.

    That is one that holds a lock, whose settings have models, or that the configuration lists as
    one of the `projects`. Directories such as `node_modules`, those that git ignores, those that
    the configuration excludes, and those that a sparse checkout leaves out are skipped.

    Args:
        directory: where to look.
        team: the configuration; by default, that of `directory`.
        every: also yield the directories whose settings have no models.

    Raises:
        InputError: git does not answer, or the configuration is invalid.
    """
    root = os.path.abspath(directory)  # noqa: PTH100  (a symbolic link stays one)
    team = configuration_of(directory) if team is None else team
    listed, excluded = _matcher(team, "projects"), _matcher(team, "exclude")
    ignored = ignored_below(directory)
    found = set()
    for folder, names, files in _walk(str(directory)):
        here = os.path.abspath(folder)  # noqa: PTH100
        if here != root and excluded(here):
            names.clear()
            continue
        has_lock = NAME in files or NAME in names
        names[:] = sorted(
            name
            for name in names
            if name not in _NEVER and spelled(os.path.join(folder, name)) not in ignored  # noqa: PTH118
        )
        if has_lock or _has_settings(folder, names, ignored, every=every or listed(here)):
            found.add(here)
            yield Path(folder)
        for name in names:
            link = os.path.join(folder, name)  # noqa: PTH118
            if not os.path.islink(link) or excluded(os.path.join(here, name)):  # noqa: PTH114, PTH118
                continue
            if _leads_out(link, root) and _is_project(Path(link)):
                yield Path(link)
    named = [path for path in _named(team) if path.is_relative_to(root)]
    known = set(map(_file, found)) if named else set()
    for path in named:
        if _file(str(path)) not in known and not is_left_out(path):
            yield Path(directory, path.relative_to(root))


def unmatched(directory: Path, team: Nearest, found: Iterable[Path]) -> Iterator[str]:
    """Yield a sentence for each glob in `projects` that matches no project.

    Args:
        directory: where projects were looked for. Only its own configuration counts.
        team: the configuration.
        found: the projects below it.
    """
    root = Path(os.path.abspath(directory))  # noqa: PTH100
    origin = team.origins.get("projects")
    if origin is None or origin.path.parent != root:
        return
    projects = [os.path.abspath(each) for each in found]  # noqa: PTH100
    for glob in team.configuration.projects or ():
        start = root.joinpath(*takewhile(is_literal, glob.split("/")))
        if is_literal(glob) or is_left_out(start):
            continue
        if not any(map(_matching(root, [glob]), projects)):
            yield f'{origin.label}: "{glob}" in `projects` matches no project'


def _walk(top: str) -> Iterator[tuple[str, list[str], list[str]]]:
    """Yield directories as `os.walk` does, whatever their depth, but follow no link to a server."""
    waiting = [top]
    while waiting:
        folder = waiting.pop()
        names: list[str] = []
        files: list[str] = []
        with suppress(OSError), os.scandir(folder) as entries:
            for entry in entries:
                (names if _is_folder(entry) else files).append(entry.name)
        yield folder, names, files
        below = (os.path.join(folder, name) for name in reversed(names))  # noqa: PTH118
        waiting += [each for each in below if not os.path.islink(each)]  # noqa: PTH114


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return not (entry.is_symlink() and leads_to_server(entry.path)) and entry.is_dir()
    except OSError:  # a link to itself
        return False


def projects_of(files: Iterable[Path]) -> Iterator[Path]:
    """Yield each project that one of `files` belongs to: its lock, settings, or configuration.

    The files need not exist, as after a deletion. A configuration belongs to every project below.

    Raises:
        InputError: git does not answer, or a configuration is invalid.
    """
    for folder in dict.fromkeys(filter(None, map(_folder_of, files))):
        if not folder.is_dir() or _matcher(nearest(folder, Reader()), "exclude")(str(folder)):
            continue
        if _is_project(folder):
            yield folder
    for file in files:
        if file.name in TABLES and file.parent.is_dir():
            text = _text_of(file)
            if text is None or may_configure(file.name, text):
                yield from projects_below(Path(os.path.abspath(file.parent)))  # noqa: PTH100


def _text_of(file: Path) -> str | None:
    """Return the text of a configuration; None if it is gone, or cannot be read."""
    try:
        return read_regular(file, MAX_BYTES).decode(errors="replace")
    except OSError:
        return None


def _folder_of(file: Path) -> Path | None:
    """Return the project that a lock or a settings file is of."""
    path = Path(os.path.abspath(file))  # noqa: PTH100
    if path.name == NAME:
        return path.parent
    return path.parent.parent if path.parts[-2:] == SETTINGS.parts else None


def workspace_at(directory: Path) -> Path | None:
    """Return the root of the workspace that `directory` stands for, or None.

    The root has `projects` in its own configuration. It is `directory`, or above it if `directory`
    is not a project.

    Raises:
        InputError: the configuration is invalid.
    """
    directory = Path(os.path.abspath(directory))  # noqa: PTH100
    origin = configuration_of(directory).origins.get("projects")
    if origin is None:
        return None
    root = origin.path.parent
    is_project = (directory / NAME).exists() or (directory / SETTINGS).exists()
    return root if root == directory or not is_project else None


def _matcher(team: Nearest, key: str) -> Callable[[str], bool]:
    """Return a function that tells whether an absolute path matches the globs of a key."""
    origin = team.origins.get(key)
    if origin is None:
        return lambda _: False
    return _matching(origin.path.parent, team.configuration.said[key])


def _matching(folder: Path, globs: Iterable[str]) -> Callable[[str], bool]:
    base = spelled(str(folder))
    expression = pattern(map(spelled, globs))

    def matches(path: str) -> bool:
        below = os.path.relpath(spelled(path), base).replace(os.sep, "/")
        return expression.fullmatch("" if below == "." else f"{below}/") is not None

    return matches


def _file(path: str) -> tuple[int, int] | str:
    """Return what two spellings of one directory share, such as those in another case."""
    try:
        status = os.lstat(path)
    except OSError:
        return path
    return (status.st_dev, status.st_ino) if status.st_ino else path


def _named(team: Nearest) -> list[Path]:
    """Return the projects that the configuration names without a glob; they must exist."""
    origin = team.origins.get("projects")
    if origin is None:
        return []
    named = [each for each in team.configuration.projects or () if is_literal(each)]
    return [Path(os.path.normpath(origin.path.parent / each)) for each in named]


def _has_settings(folder: str, names: list[str], ignored: Collection[str], *, every: bool) -> bool:
    """Tell whether a directory has settings of a project, with models unless `every` counts."""
    file = Path(folder) / SETTINGS
    if SETTINGS.parts[0] not in names or spelled(str(file)) in ignored or folder == str(home()):
        return False
    return file.exists() if every else _has_models(file)


def _has_models(file: Path) -> bool:
    """Tell whether settings have models; those that cannot be read might."""
    try:
        document = read_document(file, str(file))
    except InputError:
        return True
    return document is not None and PROVIDERS[0] in document.value


def _leads_out(link: str, root: str) -> bool:
    return not Path(os.path.realpath(link)).is_relative_to(os.path.realpath(root))


def _is_project(folder: Path) -> bool:
    return os.path.lexists(folder / NAME) or _has_models(folder / SETTINGS)
