"""The variables that a client started here would have: the environment, and `.env` files.

How Qwen Code reads settings, "Variables". `settings.variables` decides which of them count.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from qwenlock.edge.places import SETTINGS, home
from qwenlock.findings.errors import UsageError
from qwenlock.findings.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from qwenlock.clients.profile import Profile
    from qwenlock.edge.places import Places
    from qwenlock.edge.project import Settings
    from qwenlock.lock.model import EnvironmentVariable, Lock
    from qwenlock.migrate.situation import Situation
    from qwenlock.settings.scopes import Source
    from qwenlock.settings.variables import EnvFile, Location, Variable

QWEN = SETTINGS.parent


def unset(lock: Lock, places: Places) -> list[Finding]:
    """Return a finding for each variable of `lock` that a client in the project would not have."""
    return [
        Finding(
            "QL405",
            f"{variable.name} is not set; used by {', '.join(variable.used_by[:3])}",
            fix=f"set {variable.name} in the environment, or in a .env file of the project",
        )
        for variable in missing(lock, places)
    ]


def missing(lock: Lock, places: Places) -> list[EnvironmentVariable]:
    """Return the variables of `lock` that a client in the project would not have."""
    names = missing_names([variable.name for variable in lock.environment], places)
    return [variable for variable in lock.environment if variable.name in names]


def missing_names(names: Iterable[str], places: Places) -> list[str]:
    """Return those of `names` that a client in the project would not have as variables."""
    from qwenlock.clients.profile import profile
    from qwenlock.edge.reader import read_sources

    available = variables(read_sources(places), places, profile())
    return [name for name in names if name not in available]


def situation_of(settings: Settings) -> Situation:
    """Return the situation of a project, as a migration takes it."""
    from qwenlock.migrate.situation import Situation

    return Situation(
        sources=tuple(settings.sources),
        client=settings.client,
        plans=tuple(settings.plans),
        environment=dict(os.environ),
        env_files=env_files(settings.places, settings.client),
    )


def env_files(places: Places, client: Profile) -> tuple[EnvFile, ...]:
    """Return where `client` looks for a `.env`, in its order, with what stands there.

    What cannot be read is taken for empty, as the client takes it.
    """
    candidates = _at_home(client)
    if not places.options.untrusted:
        candidates = {**_upward(places.project, candidates), **candidates}
    return tuple(_read(path, at) for path, at in candidates.items())


def variables(
    sources: Sequence[Source], places: Places, client: Profile, env_file: Path | None = None
) -> dict[str, Variable]:
    """Return the variables that `client` has when it is started in a project.

    Args:
        sources: the settings that count there, low to high.
        places: the project's files.
        client: whose rules hold.
        env_file: a file to read in place of every `.env` that would be found.

    Raises:
        UsageError: there is no such file.
    """
    from qwenlock.settings.variables import read_files
    from qwenlock.settings.variables import variables as variables_of

    if env_file is None:
        read = read_files(env_files(places, client), client)
    else:
        if not env_file.is_file():
            raise UsageError(f"{env_file} is no file", "check the option that names it")
        read = [_read(env_file, "project")]
    return variables_of(sources, read, os.environ, client)


def _upward(project: Path, at_home: dict[Path, Location]) -> dict[Path, Location]:
    candidates: dict[Path, Location] = {}
    for directory in (project, *project.parents):
        if directory == home():
            candidates |= at_home
        else:
            near: Location = "project" if directory == project else "above"
            candidates |= {directory / QWEN / ".env": near, directory / ".env": near}
    return candidates


def _at_home(client: Profile) -> dict[Path, Location]:
    moved = os.environ.get(client.home_variable) if client.home_variable else None
    folders = [*([Path(moved)] if moved else []), home() / QWEN, home()]
    return {folder / ".env": "home" for folder in folders}


def _read(path: Path, at: Location) -> EnvFile:
    from qwenlock.edge.places import shown
    from qwenlock.edge.reader import read_bytes
    from qwenlock.edge.writer import permissions
    from qwenlock.findings.errors import InputError
    from qwenlock.settings.variables import EnvFile

    label = shown(path)
    try:
        data = read_bytes(path, label)
        mode = permissions(path) if data is not None else None
    except (InputError, OSError):
        data, mode = b"", None
    text = None if data is None else data.decode(errors="replace")
    return EnvFile(path, label, at, text, mode)
