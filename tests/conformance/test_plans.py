"""Every plan in every region, as real releases have them: captured, offered, and upgraded.

One settings file holds all plans, so that a client starts once for all of them. The client's own
update is accepted on a terminal, and must record what `upgrade` records.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from conformance.clients import NEW, OLD, installed
from conformance.run import Client, Machine, dummies
from qwenlock.change.client_lists import VARIABLE, lists_in, outdated, runs
from qwenlock.clients.profile import profile
from qwenlock.compile.compiler import compile_lock
from qwenlock.edge.plans import load
from qwenlock.edge.terminal import update_accepted
from qwenlock.enforce.agreement import agreement
from qwenlock.plans.digest import PREFIX, models_digest
from qwenlock.settings.plan_state import latest, recorded, wanted
from support import record, source
from test_upgrade import changed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qwenlock.plans.plan import Plan, Region, Template
    from qwenlock.settings.scopes import Source

pytestmark = pytest.mark.slow  # it starts real clients

pytest.importorskip("pty")
pytest.importorskip("pexpect")

PLANS = load()
OFTEN = [
    *((NEW, run, 0) for run in runs(PLANS)),
    ("0.23.3", 0, 0),
    ("0.23.3", 1, 0),
    ("0.15.10", 0, 0),
]
"""What every run of the slow tests starts; QWENLOCK_ALL_LISTS=1 asks for all lists."""


@pytest.mark.parametrize("release", [OLD, "0.15.10", NEW])
def test_lists_of_a_release_are_the_bundled_ones(release: str) -> None:
    command = [str(installed(release))]
    found = {}
    for run in runs(PLANS):
        written = update_accepted(command, outdated(PLANS, run), {VARIABLE: "any"})
        for each in lists_in(PLANS, run, written):
            assert models_digest(each.models) == each.digest
            found[each.plan.id, each.region.name] = each.digest
    expected = {
        (plan.id, name): template.digests[name]
        for plan in PLANS
        if (template := latest(plan, profile(release)))
        for name in template.digests
    }
    assert found == expected


def _older(plan: Plan, newest: Template, region: Region) -> list[Template]:
    """Return the lists that releases had in a region before the newest one, oldest first."""
    has = (each for each in plan.offered() if region.name in each.digests)
    return [each for each in has if each.order() < newest.order()]


def _lists(release: str, run: int, number: int) -> list[tuple[Plan, Template, Template, Region]]:
    """Return each plan of the release, with the list to start from and its newest one.

    Args:
        release: the release.
        run: the number of the region, from 0.
        number: which of the older lists to start from; 0 is the oldest, or the newest if it is
            the only one.
    """
    found = []
    for plan in PLANS:
        newest = latest(plan, profile(release))
        region = list(plan.regions.values())[run] if run < len(plan.regions) else None
        if newest and region and region.name in newest.digests:
            older = _older(plan, newest, region) or ([] if number else [newest])
            found += [(plan, each, newest, region) for each in older[number : number + 1]]
    return found


def _all() -> Iterator[tuple[str, int, int]]:
    for release in ("0.15.10", "0.23.3", NEW):
        for run in runs(PLANS):
            for number in range(9):
                if any(older is not newest for _, older, newest, _ in _lists(release, run, number)):
                    yield release, run, number


PROVEN = list(_all()) if os.environ.get("QWENLOCK_ALL_LISTS") else OFTEN


@pytest.mark.parametrize(("release", "run", "number"), PROVEN)
def test_client_offers_an_update_before_an_upgrade_and_none_after_it(
    release: str, run: int, number: int, tmp_path: Path
) -> None:
    lists = _lists(release, run, number)
    command = [str(installed(release))]
    variables = dummies({plan.env_key for plan, *_ in lists})
    before = _settings(lists)
    by_client = update_accepted(command, before, variables)
    (file,) = changed(before, release).files
    after = json.loads(file.after)
    for plan, _, newest, region in lists:
        digest = plan.digest(newest, region)
        for written in (by_client, source(after)):
            assert recorded(plan, [written]) == (digest.removeprefix(PREFIX), region), plan.id
        assert models_digest(_models_of(plan, source(after))) == digest, plan.id
        ids = {model["id"] for model in _models_of(plan, by_client)}  # and what is retired
        assert ids >= {model["id"] for model in plan.models(newest, region)}, plan.id

    again = update_accepted(command, after, variables)
    assert again.settings["providerMetadata"] == after["providerMetadata"]
    assert again.settings["modelProviders"] == after["modelProviders"]

    lock = compile_lock([source(after)], PLANS, profile(release)).lock
    assert lock is not None
    machine = Machine(tmp_path)
    machine.write("user", after)
    answer = machine.ask(Client(release, Path(command[0])), variables)
    assert not agreement(lock, answer).differences


def _settings(lists: list[tuple[Plan, Template, Template, Region]]) -> dict[str, Any]:
    """Return settings with an older list of each plan, and its record as `migrate` leaves it.

    The client itself moves an older record without a base URL, and then assumes the first
    region.
    """
    settings: dict[str, Any] = {"$version": 4, "modelProviders": {"openai": []}}
    for plan, older, newest, region in lists:
        settings["modelProviders"]["openai"] += plan.models(older, region)
        version = plan.digest(older, region).removeprefix(PREFIX)
        record(settings, {**wanted(plan, newest, region), newest.state.version: version})
    first = settings["modelProviders"]["openai"][0]
    quiet = {"usageStatisticsEnabled": False}
    chosen = {"auth": {"selectedType": "openai"}}
    return settings | {"model": {"name": first["id"]}, "security": chosen, "privacy": quiet}


def _models_of(plan: Plan, written: Source) -> list[Any]:
    return [each for each in written.settings["modelProviders"]["openai"] if plan.owns(each)]
