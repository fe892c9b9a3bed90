"""Reads the client's list of trusted folders, and whether it trusts a project.

As read in the packages of 0.12.0 and 0.24.4: `~/.qwen/trustedFolders.json`, moved by
`QWEN_CODE_TRUSTED_FOLDERS_PATH`, holds a level for each path. Where several apply, the longest
path decides in 0.24.4; 0.12.0 trusts what is inside of any folder that is trusted. From 0.21.2 on,
the variable may also be set in the `.env` of the home directory or of the client's folder.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from qwenlock.edge.files import read_document
from qwenlock.edge.places import as_typed, deciding, qwen_folder, set_at_home
from qwenlock.findings.errors import InputError

if TYPE_CHECKING:
    from qwenlock.clients.profile import Profile

VARIABLE = "QWEN_CODE_TRUSTED_FOLDERS_PATH"


class Trust(NamedTuple):
    """Whether a folder is trusted, not trusted, or not listed; and the list's name."""

    trusted: bool | None
    label: str


def trust(project: Path, client: Profile) -> Trust:
    """Return whether `project` is trusted; unknown if there is no list."""
    path = moved_list(client) or qwen_folder(client) / "trustedFolders.json"
    label = as_typed(path)
    said_of: list[tuple[int, bool]] = []
    for rule, level in _rules(path, label).items():
        inside = Path(rule).parent if level == "TRUST_PARENT" else Path(rule)
        inside = Path(os.path.realpath(inside))
        said = _LEVELS.get(str(level))
        if said is not None and Path(os.path.realpath(project)).is_relative_to(inside):
            said_of.append((len(inside.parts), said))
    if not client.trust_is_nearest:
        return Trust(any(said for _, said in said_of) if said_of else None, label)
    longest = max((depth for depth, _ in said_of), default=0)
    nearest = [said for depth, said in said_of if depth == longest]
    return Trust(all(nearest) if nearest else None, label)


def moved_list(client: Profile) -> Path | None:
    """Return the list that the variable names, if it is set."""
    files = (*deciding(), qwen_folder(client) / ".env") if client.reads_home_env_too else ()
    named = set_at_home(VARIABLE, files)
    return Path(named) if named else None


_LEVELS = {"TRUST_FOLDER": True, "TRUST_PARENT": True, "DO_NOT_TRUST": False}


def _rules(path: Path, label: str) -> dict[str, object]:
    try:
        document = read_document(path, label)
    except InputError:
        return {}
    return {} if document is None else document.value
