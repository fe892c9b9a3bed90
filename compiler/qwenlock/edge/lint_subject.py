"""What `lint` looks at, gathered: the settings, and the world around them."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from qwenlock.edge.environment import env_files, unset
from qwenlock.edge.git import tracked
from qwenlock.edge.project import about, read
from qwenlock.edge.trust import trust
from qwenlock.lint.subject import Subject, World

if TYPE_CHECKING:
    from pathlib import Path

    from qwenlock.edge.places import Flags
    from qwenlock.edge.project import Settings


def gather(
    directory: Path, flags: Flags, client: str | None, *, env: bool
) -> tuple[Settings, Subject]:
    """Return the settings of the project in `directory`, and what rules look at.

    Args:
        directory: the project.
        flags: what the command line says about scopes.
        client: whose rules hold; None for what the lock says.
        env: look for the variables that the settings need, too.

    Raises:
        InputError: a settings file, a template, or a lock of another version cannot be used.
        UsageError: there is no such client.
    """
    settings = read(directory, flags, client)
    places = settings.places
    subject = Subject(settings.sources, settings.plans, settings.client, _world(settings))
    if env and subject.compilation.lock is not None:
        findings = (*about(places), *unset(subject.compilation.lock, places))
        subject = replace(subject, world=replace(subject.world, findings=findings))
    return settings, subject


def _world(settings: Settings) -> World:
    places = settings.places
    files = env_files(places, settings.client)
    labels = {path: places.labels[scope] for scope, path in places.files.items()}
    labels |= {file.path: file.label for file in files if file.text}
    said = trust(places.project, settings.client)
    return World(
        in_ci=os.environ.get("CI", "").lower() not in ("", "0", "false"),
        has_lock=places.lock.exists(),
        trusted=said.trusted,
        trust_file=said.label,
        env_files=files,
        environment=dict(os.environ),
        tracked=frozenset(labels[path] for path in tracked(labels)),
        findings=about(places),
    )
