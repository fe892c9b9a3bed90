"""The variables of a client started here: the environment and `.env` files.

How Qwen Code reads settings, "Variables". `settings.variables` decides which of them count.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from qwenlock.edge.places import SETTINGS, home, qwen_folder, users_file
from qwenlock.findings.errors import UsageError
from qwenlock.text.record import replace

if TYPE_CHECKING:
    from pathlib import Path

    from qwenlock.clients.profile import Profile
    from qwenlock.settings.project import Places, Project
    from qwenlock.settings.scopes import Source
    from qwenlock.settings.variables import EnvFile, Location

QWEN = SETTINGS.parent


def with_variables(project: Project, env_file: Path | None = None) -> Project:
    """Return `project` with the variables set here and the `.env` files around it.

    Args:
        project: the project.
        env_file: a file to read instead of every `.env` that the client would find.

    Raises:
        UsageError: there is no such file.
    """
    if env_file is None:
        files = env_files(project.places, project.client)
    elif env_file.is_file():
        files = (_read(env_file, "project"),)
    else:
        raise UsageError(f"{env_file} is not a file", "check the option that names it")
    left_out = None
    if project.places.options.user is False:
        left_out = _left_out(users_file(project.client))
    environment = dict(os.environ)
    if sys.platform == "win32":
        from qwenlock.settings.variables import AnyCase

        environment = AnyCase(environment)
    return replace(project, environment=environment, env_files=files, left_out=left_out)


def _left_out(path: Path) -> Source | None:
    """Return the settings of the user; none if they cannot be read."""
    from qwenlock.edge.files import read_document
    from qwenlock.edge.places import as_typed
    from qwenlock.findings.errors import InputError
    from qwenlock.settings.versions import source_of

    try:
        document = read_document(path, as_typed(path))
    except InputError:
        return None
    return source_of("user", document) if document is not None else None


def env_files(places: Places, client: Profile) -> tuple[EnvFile, ...]:
    """Return the places where `client` looks for a `.env`, in its order, with their contents.

    Like the client, this treats an unreadable file as empty.
    """
    candidates = _at_home(client)
    if not places.options.untrusted:
        candidates = {**_upward(places.project, candidates, client), **candidates}
    return tuple(_read(path, at) for path, at in candidates.items())


def _upward(project: Path, at_home: dict[Path, Location], client: Profile) -> dict[Path, Location]:
    candidates: dict[Path, Location] = {}
    for directory in (project, *project.parents):
        if directory == home():
            candidates |= at_home
            if client.env_search_ends_at_home:
                break
        else:
            near: Location = "project" if directory == project else "above"
            candidates |= {directory / QWEN / ".env": near, directory / ".env": near}
    return candidates


def _at_home(client: Profile) -> dict[Path, Location]:
    folders = (qwen_folder(client), home() / QWEN, home())
    return {folder / ".env": "home" for folder in folders}


def _read(path: Path, at: Location) -> EnvFile:
    from qwenlock.edge.files import permissions, read_bytes
    from qwenlock.edge.places import as_typed
    from qwenlock.findings.errors import InputError
    from qwenlock.settings.variables import EnvFile

    label = as_typed(path)
    try:
        data = read_bytes(path, label)
        has_mode = data is not None and sys.platform != "win32"
        mode = permissions(path) if has_mode else None
    except (InputError, OSError):
        data, mode = b"", None
    text = None if data is None else data.decode(errors="replace")
    return EnvFile(path, label, at, text, mode)
