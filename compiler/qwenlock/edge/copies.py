"""Copies of the files that a client reads, so that asking it cannot change the user's files.

A private directory holds the copies under the same paths as the originals below the root, so a
client finds them by its own rules. Files of variables are links: a client only reads them, and
their keys stay where they are.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from qwenlock.clients.profile import NEWEST, profile
from qwenlock.edge.places import DEFAULTS, HOME_VARIABLE, SETTINGS, SYSTEM, home, qwen_folder
from qwenlock.edge.trust import VARIABLE as TRUST
from qwenlock.edge.trust import moved_list
from qwenlock.edge.windows import patiently

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from qwenlock.settings.project import Places

_HOME_FOLDERS = ("HOME", "USERPROFILE")
_QWEN = SETTINGS.parent
_TRUSTED = "trustedFolders.json"
_OWN = ("settings.json", _TRUSTED, "oauth_creds.json")
"""What is copied of the client's folder in the home directory."""


class Copies(NamedTuple):
    """Where copies are, and the variables that make a client read them.

    Attributes:
        project: the copy of the project's directory, which holds only what a client reads.
        variables: the variables to start a client with, besides its own.
    """

    project: Path
    variables: Mapping[str, str]


@contextmanager
def copied(places: Places, environment: Mapping[str, str]) -> Iterator[Copies]:
    """Copy the settings of all scopes, and remove the copies at the end.

    Args:
        places: the project, and the client's own files.
        environment: the variables that the client will have; they can name other places.
    """
    with _temporary() as temporary:
        root = Path(os.path.realpath(temporary))
        there = _below(root, home())
        there.mkdir(parents=True, exist_ok=True)
        variables = dict.fromkeys(_HOME_FOLDERS, str(there))
        own, usual = qwen_folder(profile(NEWEST)), home() / _QWEN
        if own != usual or environment.get(HOME_VARIABLE):
            variables[HOME_VARIABLE] = str(_below(root, own))
        for folder in {own, usual}:  # releases that do not know the variable use the second
            for name in _OWN:
                _copy(folder / name, root)
            _rebase(_below(root, folder / _TRUSTED), root)
        listed = moved_list(profile(NEWEST))
        if listed is not None:
            _copy(listed, root)
            _rebase(_below(root, listed), root)
            variables[TRUST] = str(_below(root, listed))
        for scope, name in (("system", SYSTEM), ("system-defaults", DEFAULTS)):
            path = places.files[scope]  # type: ignore[index]
            _copy(path, root)
            variables[name] = str(_below(root, path))
        project = places.project
        _below(root, project).mkdir(parents=True, exist_ok=True)
        _copy(project / SETTINGS, root)
        for above in (project, *project.parents, home(), own):
            for file in (above / _QWEN / ".env", above / ".env"):
                _link(file, root)
        yield Copies(_below(root, project), variables)


@contextmanager
def _temporary() -> Iterator[str]:
    """Make a private directory, and remove it when Windows allows: not while a process is in it."""
    folder = tempfile.TemporaryDirectory(prefix="qwenlock-")
    try:
        yield folder.name
    finally:
        patiently(folder.cleanup)


def _below(root: Path, path: Path) -> Path:
    """Return where the copy of an absolute path is."""
    return root.joinpath(*Path(os.path.abspath(path)).parts[1:])  # noqa: PTH100


def _copy(path: Path, root: Path) -> None:
    if path.is_file():
        target = _below(root, path)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
        target.chmod(0o600)


def _link(path: Path, root: Path) -> None:
    target = _below(root, path)
    if not path.is_file() or target.is_symlink():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        target.symlink_to(path)
    except OSError:  # Windows, without the right to make links
        _copy(path, root)


def _rebase(path: Path, root: Path) -> None:
    """Rewrite a list of trusted folders to name the copies."""
    try:
        rules = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return
    if isinstance(rules, dict):
        moved = {str(_below(root, Path(folder))): level for folder, level in rules.items()}
        path.write_text(json.dumps(moved), encoding="utf-8")
