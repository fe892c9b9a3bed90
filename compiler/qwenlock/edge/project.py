"""One project, read and compiled, and held against the lock it has."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

from qwenlock.clients.profile import GUIDE, Profile, profile
from qwenlock.compile.compiler import Compilation, compile_lock
from qwenlock.edge import file_states
from qwenlock.edge.configuration import Configured, configured
from qwenlock.edge.places import Flags, Places, locate, shown
from qwenlock.edge.plans import load as load_plans
from qwenlock.edge.reader import read_bytes, read_sources
from qwenlock.edge.regular import MAX_LOCK_BYTES
from qwenlock.edge.shared import Shared
from qwenlock.findings.errors import InputError, UsageError
from qwenlock.findings.finding import Finding
from qwenlock.findings.reading import decode
from qwenlock.lock import NAME, previous, text
from qwenlock.lock.options import Options

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qwenlock.lock.diff import Change
    from qwenlock.lock.previous import Recorded
    from qwenlock.plans.plan import Plan
    from qwenlock.settings.scopes import Source

Status: TypeAlias = Literal["ok", "drift", "edited", "missing", "invalid"]


@dataclass(frozen=True, slots=True)
class Project:
    """A project as it is on the disk, and what it compiles to.

    Attributes:
        places: its files.
        stored: the bytes of its lock, or None where there is none.
        previous: what that lock records, or None where it cannot be read.
        compilation: what its settings compile to.
        states: the files that this depends on, as they were before they were read; none are
            looked at, and this is empty, where it was loaded with nothing to share.
    """

    places: Places
    stored: bytes | None
    previous: Recorded | None
    compilation: Compilation
    states: list[str]


@dataclass(frozen=True, slots=True)
class Settings:
    """What a change of a project's settings is decided by: its files as read, nothing compiled."""

    places: Places
    client: Profile
    sources: Sequence[Source]
    plans: Sequence[Plan]
    team: Configured


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a project's lock stands to its sources: the result of `check` and `lock --check`."""

    status: Status
    changes: tuple[Change, ...] = ()
    findings: tuple[Finding, ...] = ()


def load(
    directory: Path, flags: Flags, client: str | None = None, shared: Shared | None = None
) -> Project:
    """Read and compile the project in `directory`.

    Where `flags` and `client` say nothing, the team's configuration holds; where that says nothing,
    what the lock records. What several projects share is read once for one `shared`.

    Raises:
        InputError: a settings file, a template, or a lock of another version cannot be used.
        UsageError: there is no such client.
    """
    directory = Path(os.path.abspath(directory))  # noqa: PTH100  (a symbolic link stays one)
    label = _label(directory)
    if shared:
        shared.states.lines([directory / NAME])  # known from now on, as it is before it is read
    stored = read_bytes(directory / NAME, label, MAX_LOCK_BYTES)
    previous = _previous(stored, label)
    team = configured(directory, flags, shared)
    who, places = _located(directory, flags, client, team, previous)
    before = [*team.states, *shared.states.lines(file_states.files(places))] if shared else []
    compilation = _compile(places, who, previous, shared or Shared())
    return Project(places, stored, previous, compilation, before)


def read(directory: Path, flags: Flags, client: str | None = None) -> Settings:
    """Read the settings and plans of the project in `directory`, as `load` does.

    Raises:
        InputError: a settings file, a template, or a lock of another version cannot be used.
        UsageError: there is no such client.
    """
    directory = Path(os.path.abspath(directory))  # noqa: PTH100  (a symbolic link stays one)
    label = _label(directory)
    previous = _previous(read_bytes(directory / NAME, label, MAX_LOCK_BYTES), label)
    team = configured(directory, flags, Shared())
    who, places = _located(directory, flags, client, team, previous)
    return Settings(places, who, read_sources(places), load_plans(places.templates), team)


def judge(project: Project) -> Verdict:
    """Return how the lock of `project` stands to what its sources compile to.

    Raises:
        InputError: the lock cannot be read.
    """
    from qwenlock.lock.diff import diff

    new, findings = project.compilation.lock, project.compilation.findings
    if new is None:
        return Verdict("invalid", (), findings)
    if project.stored is None:
        return Verdict("missing", (), findings)
    if project.stored == text.dump(new).encode():
        return Verdict("ok", (), findings)
    label = _label(project.places.project)
    old = text.load(decode(project.stored, label), label)
    changes = tuple(diff(old, new))
    if not text.is_unedited(project.stored):
        message = "the lock was edited by hand: its digest does not match"
        if text.is_unedited(project.stored.replace(b"\r\n", b"\n")):
            rule = "`qwen.lock text eol=lf` in .gitattributes"
            message = f"the lock has other line endings than it was written with; git needs {rule}"
        edited = text.unusable("QL114", message, label, (2, 1))
        return Verdict("edited", changes, (*findings, *edited.findings))
    return Verdict("drift" if changes else "ok", changes, findings)


def _compile(
    places: Places, client: Profile, previous: Recorded | None, shared: Shared
) -> Compilation:
    sources, plans = read_sources(places, shared), shared.plans(places.templates)
    compilation = compile_lock(sources, plans, client, places.options, previous)
    return replace(compilation, findings=(*compilation.findings, *about(places)))


def about(places: Places) -> tuple[Finding, ...]:
    """Return what there is to say about the files of a project as such."""
    if not places.home_is_project:
        return ()
    return (Finding("QL303", "this is the home directory: its settings are the user scope"),)


def _located(
    directory: Path, flags: Flags, client: str | None, team: Configured, previous: Recorded | None
) -> tuple[Profile, Places]:
    """Return the client that counts, and the project's files."""
    who = _profile(client or team.configuration.client, previous, _label(directory))
    options = team.over(previous.options if previous else Options())
    return who, locate(directory, flags, options, who)


def _profile(client: str | None, previous: Recorded | None, label: str) -> Profile:
    """Return the profile of the client that is asked for, else of the one that the lock is for."""
    if client is not None or previous is None:
        return profile(client or GUIDE)
    try:
        return profile(previous.client)
    except UsageError as error:
        raise text.unusable("QL112", f"client: {error.message}", label) from None


def _label(directory: Path) -> str:
    """Return how messages name the lock of `directory`."""
    return shown(directory / NAME)


def _previous(stored: bytes | None, label: str) -> Recorded | None:
    """Return what the lock there is records; its own side where it holds a conflict."""
    if stored is None:
        return None
    try:
        return previous.read(decode(stored, label), label)
    except InputError as error:
        if error.findings and error.findings[0].code == "QL113":
            raise
        return None
