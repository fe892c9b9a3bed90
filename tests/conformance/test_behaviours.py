"""Without enforcement, each release does what is recorded, and the matrix shows the record."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from conformance import matrix
from conformance.behaviours import BEHAVIOURS, Behaviour, Bench
from conformance.clients import RELEASES as BOTH
from conformance.clients import installed
from conformance.never_worse.setups import RELEASES
from conformance.run import Client

if TYPE_CHECKING:
    from conformance.run import Machine
    from conformance.server import Server


@pytest.mark.slow
@pytest.mark.parametrize("behaviour", BEHAVIOURS, ids=lambda behaviour: behaviour.title)
def test_release_does_what_is_recorded_of_it(
    behaviour: Behaviour, client: Client, machine: Machine, server: Server
) -> None:
    measured = behaviour.measure(Bench(client, machine, server))
    assert measured == behaviour.observed[client.release]


OTHERS = [(each, release) for release in RELEASES if release not in BOTH for each in BEHAVIOURS]
SAMPLE = 10


@pytest.mark.slow
@pytest.mark.parametrize(
    ("behaviour", "release"),
    random.Random(len(OTHERS)).sample(OTHERS, SAMPLE),  # noqa: S311
    ids=lambda each: each if isinstance(each, str) else each.title,
)
def test_sample_of_other_releases_does_what_is_recorded(
    behaviour: Behaviour, release: str, machine: Machine, server: Server
) -> None:
    measured = behaviour.measure(Bench(Client(release, installed(release)), machine, server))
    assert measured == behaviour.observed[release]


def test_every_release_was_measured() -> None:
    for each in BEHAVIOURS:
        assert tuple(each.observed) == RELEASES
        assert not [said for said in each.observed.values() if said.startswith("not measured")]


def test_matrix_in_the_docs_is_up_to_date(request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--update-matrix"):
        matrix.FILE.write_text(matrix.rendered(), encoding="utf-8")
    current = matrix.FILE.read_text(encoding="utf-8") if matrix.FILE.exists() else ""
    assert current == matrix.rendered(), "run `pytest --update-matrix`"
