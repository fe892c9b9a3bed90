"""A client offers the catalogue of an enforced lock: tested with the golden cases.

0.12.0 reads its settings once, so it is started for each case. 0.24.4 reads them anew for every
session, so one process is asked again and again, which takes a tenth of the time. It is started
for a case only if the case sets variables or a providerProtocol, which a process keeps.
"""

from __future__ import annotations

import shutil
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest
from packaging.version import Version

from conformance.clients import NEW, OLD, installed
from conformance.run import Client, Machine, dummies
from qwenlock.clients.profile import GUIDE, OAUTH, profile
from qwenlock.edge.client import RunningClient, started
from qwenlock.edge.reader import read_lock
from qwenlock.enforce.agreement import UNLISTED_FLAGS, agreement, parse, route_id
from qwenlock.lock.model import Lock, Selection, settings_entry
from support import a_third

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qwenlock.enforce.agreement import Answer

pytestmark = pytest.mark.slow  # it starts real clients

GOLDEN = Path(__file__).parents[2] / "golden"
ON_BOTH = ("guide", "merging", "models")
"""The areas about providers and merging, which are tested with every release."""

ON_NEWEST = (*ON_BOTH, "credentials", "plans", "selection", "settings-versions")
LOCKS = {
    file.parents[2].relative_to(GOLDEN).as_posix(): file
    for area in ON_NEWEST
    for file in sorted((GOLDEN / area).glob("*/expected/project/qwen.lock"))
}


def _selectable(lock: Lock, release: str) -> Lock:
    """Return `lock`, with a selection that a client can start with if it has none.

    That is the first model, or a runtime model where there is none: a client without a selection
    asks for a login, and so does one whose anthropic model has no base URL.
    """
    chosen = lock.selection
    usable = [model for model in lock.models if model.base_url or model.auth_type != "anthropic"]
    types = set(profile(release).auth_types) - {OAUTH}
    names = {(model.auth_type, model.id) for model in usable}
    if (
        chosen.is_chosen
        and chosen.auth_type in types
        and (chosen.auth_type == "openai" or (chosen.auth_type, chosen.model) in names)
    ):
        return lock
    kind: Literal["provider", "runtime"] = "provider" if usable else "runtime"
    auth_type, model = (usable[0].auth_type, usable[0].id) if usable else ("openai", "any")
    selection = Selection(auth_type=auth_type, model=model, kind=kind, source="project")
    return replace(lock, selection=selection)


def _is_for(lock: Lock, release: str) -> bool:
    return lock.client == GUIDE or Version(lock.client) <= Version(release)


ALL = {
    (release, name): _selectable(read_lock(file), release)
    for release in (OLD, NEW)
    for name, file in LOCKS.items()
    if (release == NEW or name.split("/")[0] in ON_BOTH) and _is_for(read_lock(file), release)
}
VARIABLES = {
    "OPENAI_API_KEY",
    *(variable.name for lock in ALL.values() for variable in lock.environment),
}


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Machine, RunningClient]]:
    """Return a machine whose files may change, and the newest client running on it."""
    machine = Machine(tmp_path_factory.mktemp("running"))
    command = [str(installed(NEW)), "--acp"]
    environment = machine.environment(dummies(VARIABLES))
    with started(command, machine.root, environment, timeout=600) as client:
        client.initialize()
        yield machine, client


CASES = a_third(ALL)


@pytest.mark.parametrize(("release", "name"), CASES, ids=lambda value: value)
def test_enforced_catalogue_is_the_locks(
    release: str, name: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    lock = ALL[release, name]
    if release == OLD or _is_read_at_the_start(name):
        machine = Machine(tmp_path)
        _place(name, machine)
        machine.enforce(lock)
        answer = machine.ask(Client(release, installed(release)), dummies(VARIABLES))
    else:
        shared, client = request.getfixturevalue("running")
        machine = Machine(shared.root, project=tmp_path)
        _place(name, machine)
        machine.enforce(lock)
        answer = client.session(machine.project)
    assert _offered(answer, lock) == _locked(lock)
    agreed = agreement(lock, answer, environment=machine.environment(dummies(VARIABLES)))
    assert not agreed.differences


def _is_read_at_the_start(name: str) -> bool:
    """Tell whether a case has a `.env`, or variables or a providerProtocol in its settings."""
    files = [file for file in (GOLDEN / name).rglob("*") if file.is_file()]
    once = (b'"env":', b'"providerProtocol":')
    return any(
        file.name == ".env" or any(key in file.read_bytes() for key in once) for file in files
    )


def _place(name: str, machine: Machine) -> None:
    """Write the files of a golden case to `machine`, as they are after its commands."""
    for file in machine.files.values():
        file.unlink(missing_ok=True)
    folders = {"home": machine.home, "project": machine.project, "system": machine.system}
    for folder, target in folders.items():
        for origin in (GOLDEN / name / folder, GOLDEN / name / "expected" / folder):
            if origin.is_dir():
                shutil.copytree(origin, target, dirs_exist_ok=True)


def _offered(answer: Answer, lock: Lock) -> dict[str, list[str]]:
    """Return the ids that a client offers, by auth type, without built-in and runtime models."""
    entries = [(model.auth_type, settings_entry(model)) for model in lock.models]
    routes = {route_id(*entry): entry for entry in entries}
    offered = defaultdict(list)
    for each in answer.offered:
        seen = parse(each.model_id, routes)
        assert seen is not None, each
        if seen.auth_type != OAUTH and not seen.runtime:
            offered[seen.auth_type].append(seen.id)
    return dict(offered)


def _locked(lock: Lock) -> dict[str, list[str]]:
    locked = defaultdict(list)
    for model in lock.models:
        if not any(model.fields.get(flag) for flag in UNLISTED_FLAGS):
            locked[model.auth_type].append(model.id)
    return dict(locked)
