"""Reads the client's list of trusted folders, and whether it trusts a project.

Read off the packages of 0.12.0 and 0.24.4: `~/.qwen/trustedFolders.json`, moved by
`QWEN_CODE_TRUSTED_FOLDERS_PATH`, holds a level for each path. Where several apply, the longest
path decides, as it does in 0.24.4; 0.12.0 trusts what is inside of any folder that is trusted.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from qwenlock.edge.files import read_document
from qwenlock.edge.places import home, shown
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
    named = os.environ.get(VARIABLE)
    moved = os.environ.get(client.home_variable) if client.home_variable else None
    folder = Path(moved) if moved else home() / ".qwen"
    path = Path(named) if named else folder / "trustedFolders.json"
    label = shown(path)
    longest, trusted = -1, None
    for rule, level in _rules(path, label).items():
        inside = Path(rule).parent if level == "TRUST_PARENT" else Path(rule)
        inside = Path(os.path.realpath(inside))
        said = _LEVELS.get(str(level))
        depth = len(inside.parts)
        if said is None or not Path(os.path.realpath(project)).is_relative_to(inside):
            continue
        if depth > longest or (depth == longest and not said):
            longest, trusted = depth, said
    return Trust(trusted, label)


_LEVELS = {"TRUST_FOLDER": True, "TRUST_PARENT": True, "DO_NOT_TRUST": False}


def _rules(path: Path, label: str) -> dict[str, object]:
    try:
        document = read_document(path, label)
    except InputError:
        return {}
    return {} if document is None else document.value
