"""The variables that a client started here would have: the environment, and `.env` files.

CLIENT.md, Settings files: what is in the environment wins, then the first `.env` file, then
`settings.env`. Only names leave this module, never values.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from qwenlock.edge.places import SETTINGS, home
from qwenlock.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from qwenlock.edge.places import Places
    from qwenlock.lockfile.model import EnvironmentVariable, Lock


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
    available = _names(places)
    return [name for name in names if name not in available]


def _names(places: Places) -> set[str]:
    names = {name for name, value in os.environ.items() if value}
    file = next((path for path in _env_files(places.project) if path.is_file()), None)
    if file is not None:
        names |= _names_in(file)
    return names | _names_in_settings(places)


def _names_in(file: Path) -> set[str]:
    """Return the variables that a `.env` file sets; like the client, pass over what is no text."""
    from io import StringIO

    from dotenv import dotenv_values

    from qwenlock.edge.reader import read_bytes

    text = (read_bytes(file, file.name) or b"").decode(errors="replace")
    values = dotenv_values(stream=StringIO(text), interpolate=False)
    return {name for name, value in values.items() if value}


def _env_files(project: Path) -> Iterator[Path]:
    for directory in (project, *project.parents, home()):
        yield directory / SETTINGS.parent / ".env"
        yield directory / ".env"


def _names_in_settings(places: Places) -> set[str]:
    from qwenlock.compile.scopes import merged
    from qwenlock.edge.reader import read_sources

    values = merged(read_sources(places), ("env",))
    return {name for name, value in values.items() if value} if isinstance(values, dict) else set()
