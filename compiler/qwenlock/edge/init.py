"""Reads what exists of a project to be set up, and the texts of the files to add."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import qwenlock
from qwenlock.change.init import File, Found
from qwenlock.edge import git
from qwenlock.edge.asking_git import repository_of
from qwenlock.edge.environment import with_variables
from qwenlock.edge.files import read_text
from qwenlock.edge.places import SETTINGS, Flags, as_typed
from qwenlock.edge.project import read
from qwenlock.findings.errors import UsageError
from qwenlock.settings.configuration import FILE

if TYPE_CHECKING:
    from qwenlock.lock.options import Options
    from qwenlock.settings.project import Project

_FILES = {
    "github.yml": ".github/workflows/qwenlock.yml",
    "gitlab.yml": ".gitlab/qwenlock.yml",
    "gitlab-ci.yml": ".gitlab-ci.yml",
    "pre-commit.yaml": ".pre-commit-config.yaml",
}
"""Where each file of `change/files` belongs, from the root of the repository."""


def look(directory: Path, flags: Flags, client: str | None) -> Found:
    """Return what exists of the project in `directory`.

    Args:
        directory: the project.
        flags: the scope options of the command line.
        client: the requested client; None if none is named.

    Raises:
        UsageError: it is the home directory, whose settings are the user's.
        InputError: a file is invalid.
    """
    project = with_variables(read(directory, flags, client))
    places = project.places
    if places.home_is_project:
        raise UsageError("the home directory is not a project", "name a project's directory")
    team = project.configured_in
    root = repository_of(places.lock)
    kept = (places.project / SETTINGS, places.lock)
    return Found(
        project=project,
        configured=None if team is None else as_typed(team),
        disagrees=team is not None and _asked(project) != _asked(read(directory, Flags())),
        configuration=_file(places.project / FILE),
        attributes=_file(places.project / ".gitattributes") if root else None,
        env=git.ask(places.project / ".env"),
        ignored=[as_typed(path) for path in kept if _is_ignored(path)],
        files={name: _file((root or places.project) / path) for name, path in _FILES.items()},
        contents={name: _content(name) for name in _FILES},
    )


def _asked(project: Project) -> tuple[str, Options]:
    return project.client.name, project.places.options


def _is_ignored(path: Path) -> bool:
    answer = git.ask(path)
    return answer is not None and answer.ignored is True


def _file(path: Path) -> File:
    label = as_typed(path)
    return File(path, label, read_text(path, label))


def _content(name: str) -> str:
    path = Path(qwenlock.__file__).parent / "change" / "files" / name
    return path.read_text(encoding="utf-8").replace("VERSION", qwenlock.__version__)
