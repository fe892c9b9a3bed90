"""Gathers what `lint` checks: the project and its surroundings."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from qwenlock.edge.environment import unset, with_variables
from qwenlock.edge.git import tracked
from qwenlock.edge.project import read
from qwenlock.edge.trust import trust
from qwenlock.lint.subject import Subject, World

if TYPE_CHECKING:
    from pathlib import Path

    from qwenlock.edge.places import Flags
    from qwenlock.settings.project import Project


def gather(directory: Path, flags: Flags, client: str | None, *, env: bool) -> Subject:
    """Return the subject of `lint` for the project in `directory`.

    Args:
        directory: the project.
        flags: the scope options of the command line.
        client: the client whose rules apply; None for that of the lock.
        env: also look for the variables that the settings need.

    Raises:
        InputError: a settings file, a template, or a lock of another version is invalid.
        UsageError: there is no such client.
    """
    project = with_variables(read(directory, flags, client))
    subject = Subject(project, _world(project))
    if env and subject.compilation.lock is not None:
        missing = tuple(unset(subject.compilation.lock, project))
        subject = replace(subject, world=replace(subject.world, findings=missing))
    return subject


def _world(project: Project) -> World:
    places = project.places
    labels = {path: places.labels[scope] for scope, path in places.files.items()}
    labels |= {file.path: file.label for file in project.env_files if file.text}
    said = trust(places.project, project.client)
    return World(
        in_ci=os.environ.get("CI", "").lower() not in ("", "0", "false"),
        trusted=said.trusted,
        trust_file=said.label,
        tracked=frozenset(labels[path] for path in tracked(labels)),
    )
