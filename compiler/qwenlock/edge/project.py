"""Reads a project: its lock, the team's configuration, its settings, and plans."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from qwenlock.clients.profile import NEWEST, Profile, profile
from qwenlock.edge import file_states
from qwenlock.edge.configuration import Configured, configured
from qwenlock.edge.files import MAX_LOCK_BYTES
from qwenlock.edge.installed_client import release
from qwenlock.edge.places import Flags, as_typed, deciding, locate
from qwenlock.edge.reader import Reader
from qwenlock.findings.errors import InputError, UsageError
from qwenlock.lock import NAME, previous, text
from qwenlock.lock.options import Options
from qwenlock.settings.project import ClientFrom, Project

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qwenlock.lock.model import Merge
    from qwenlock.lock.previous import RecordedLock
    from qwenlock.settings.project import Places
    from qwenlock.settings.scopes import Source


def read(
    directory: Path,
    flags: Flags,
    client: str | None = None,
    reader: Reader | None = None,
    merge: Merge | None = None,
    opened: Mapping[Path, str] | None = None,
) -> Project:
    """Read the project in `directory`, except the variables (see `edge.environment`).

    `flags`, `client` and `merge` override the team's configuration, which overrides what the lock
    records. If none of them names a client, it is the installed one, or else the newest known one.

    Args:
        directory: the project.
        flags: the scope options of the command line.
        client: the requested client: `guide` or a release.
        reader: what other projects of the same command have read; the states of the files that
            the project depends on are looked at for it.
        merge: how scopes' modelProviders become one.
        opened: the texts that an editor has open, by path, in place of what is on the disk.

    Raises:
        InputError: a settings file, a template, or a lock of another version is invalid.
        UsageError: there is no such client.
    """
    directory = Path(os.path.abspath(directory))  # noqa: PTH100  (a symbolic link stays one)
    states: list[str] = []
    watched = reader is not None
    reader = reader or Reader(opened)
    label = label_of(directory)
    if watched:
        states += reader.states.lines([directory / NAME])  # as it is before it is read
    stored = reader.content(directory / NAME, label, MAX_LOCK_BYTES)
    team = configured(directory, flags, reader)  # first: it may need another qwenlock
    recorded = _previous(stored, label)
    installed = reader.once("installed client", release)
    if watched:
        states += reader.states.lines(deciding())
    who, why = _client(client, team, recorded, installed, label)
    places = locate(directory, flags, team.over(recorded.options if recorded else Options()), who)
    if watched:
        states += [*team.states, *reader.states.lines(file_states.files(places))]
    return Project(
        places=places,
        client=who,
        client_from=why,
        installed=installed,
        merge=merge or team.configuration.merge or (recorded.merge if recorded else "replace"),
        sources=_sources(places, who, reader),
        plans=reader.plans(places.templates),
        configuration=team.configuration,
        configured_in=team.file,
        stored=stored,
        previous=recorded,
        states=tuple(states),
    )


def client_only(directory: Path) -> Project:
    """Return a project with nothing but its client, whatever its settings hold.

    Args:
        directory: the project.

    Raises:
        InputError: the configuration, or a lock of another version, is invalid.
    """
    directory = Path(os.path.abspath(directory))  # noqa: PTH100  (a symbolic link stays one)
    reader, label = Reader(), label_of(directory)
    team = configured(directory, Flags(), reader)
    recorded = _previous(reader.content(directory / NAME, label, MAX_LOCK_BYTES), label)
    installed = release()
    who, why = _client(None, team, recorded, installed, label)
    return Project(
        client=who, client_from=why, installed=installed, configured_in=team.file, previous=recorded
    )


def _sources(places: Places, client: Profile, reader: Reader) -> tuple[Source, ...]:
    """Return the scopes that have a file; errors say what `client` does with a broken file."""
    try:
        return reader.sources(places)
    except InputError as error:
        raise error.of(client) from None


def label_of(directory: Path) -> str:
    """Return the name of the lock of `directory` for messages."""
    return as_typed(directory / NAME)


def _client(
    asked: str | None,
    team: Configured,
    recorded: RecordedLock | None,
    installed: str | None,
    label: str,
) -> tuple[Profile, ClientFrom]:
    """Return the client in force, and where it is named."""
    if asked is not None:
        return profile(asked), "option"
    if team.configuration.client is not None:
        return profile(team.configuration.client), "configuration"
    if recorded is not None and recorded.client is not None:
        try:
            return profile(recorded.client), "lock"
        except UsageError as error:
            raise text.unusable("QL112", f"client: {error.message}", label) from None
    return (profile(installed), "installed") if installed else (profile(NEWEST), "newest")


def _previous(stored: bytes | None, label: str) -> RecordedLock | None:
    """Return what the stored lock records; in a merge conflict, our own side."""
    if stored is None:
        return None
    try:
        return previous.read(stored, label)
    except InputError as error:
        if error.findings and error.findings[0].code == "QL113":
            raise
        return None
