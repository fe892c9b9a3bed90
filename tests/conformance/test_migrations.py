"""qwenlock and the client migrate settings to equal values.

One start of a client migrates the file of every scope, so four cases share a start.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from conformance.clients import NEW, OLD, installed
from conformance.run import Client, Machine
from qwenlock.settings.scopes import merge
from qwenlock.settings.versions import migrate
from support import strict

if TYPE_CHECKING:
    from qwenlock.clients.scopes import ScopeName

pytestmark = pytest.mark.slow  # it starts real clients

DATA = Path(__file__).parents[1] / "data"
TARGETS = {OLD: 3, NEW: 4}
SCOPES: tuple[ScopeName, ...] = ("system-defaults", "user", "project", "system")


def _cases() -> dict[str, dict[str, Any]]:
    files = (DATA / "settings-migrations.json", DATA / "settings-migrations-odd.json")
    return {
        name: case
        for file in files
        for name, case in json.loads(file.read_text("utf-8"))["cases"].items()
    }


CASES = _cases()
BATCHES = [list(CASES)[start : start + len(SCOPES)] for start in range(0, len(CASES), len(SCOPES))]


@pytest.mark.parametrize("names", BATCHES, ids=lambda names: names[0])
@pytest.mark.parametrize("release", TARGETS)
def test_migration_is_the_clients(release: str, names: list[str], tmp_path: Path) -> None:
    machine, target = Machine(tmp_path), TARGETS[release]
    placed = dict(zip(SCOPES, names, strict=False))
    for scope, name in placed.items():
        machine.write(scope, CASES[name]["before"])
    done = machine.run(Client(release, installed(release)), "mcp", "list")
    assert done.returncode == 0, done.stderr
    for scope, name in placed.items():
        case = CASES[name]
        theirs = json.loads(machine.files[scope].read_text("utf-8"))
        assert strict(theirs) == strict(case["after"][str(target)]), name
        ours = migrate(case["before"], target).settings
        assert (strict(ours) == strict(theirs)) == (str(target) not in _deliberate(case)), name


KEYS = json.loads((DATA / "settings-keys.json").read_text("utf-8"))


@pytest.mark.parametrize("release", {**TARGETS, "0.15.10": 4})
def test_every_key_of_every_table_goes_where_the_client_puts_it(
    release: str, tmp_path: Path
) -> None:
    """One start migrates a file of each version, one in each of the four scopes."""
    moved = {key for key, path in KEYS["v1_to_v2"].items() if key != path}
    inverted: dict[str, Any] = {"$version": 2}
    for path in KEYS["v2_to_v3_inverted_booleans"]:
        inverted = merge(inverted, nested(path, value=True))
    given: dict[ScopeName, Any] = {
        "system-defaults": {"$version": 3, "general": {"gitCoAuthor": True}},
        "user": dict.fromkeys([*moved, *KEYS["v1_to_v2_until_0.15"]], False),
        "project": dict.fromkeys(KEYS["v1_disable_keys_to_v2"], True),
        "system": inverted,
    }
    machine = Machine(tmp_path)
    for scope, settings in given.items():
        machine.write(scope, settings)
    done = machine.run(Client(release, installed(release)), "mcp", "list")
    assert done.returncode == 0, done.stderr
    for scope, settings in given.items():
        theirs = json.loads(machine.files[scope].read_text("utf-8"))
        ours = migrate(settings, TARGETS.get(release, 4)).settings
        assert strict(ours) == strict(theirs), scope


def nested(path: str, *, value: bool) -> dict[str, Any]:
    """Return settings with a value at a dotted path."""
    result: Any = value
    for key in reversed(path.split(".")):
        result = {key: result}
    return dict(result)


def _deliberate(case: dict[str, Any]) -> dict[str, Any]:
    """Return the results of qwenlock that differ from the client's, by target version."""
    assert ("ours" in case) == ("why" in case)
    ours: dict[str, Any] = case.get("ours", {})
    return ours
