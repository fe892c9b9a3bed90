"""Without enforcement: what each release does is what is recorded of it, and so is the matrix."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conformance import matrix
from conformance.behaviours import BEHAVIOURS, Behaviour, Bench

if TYPE_CHECKING:
    from conformance.run import Client, Machine
    from conformance.server import Server


@pytest.mark.slow
@pytest.mark.parametrize("behaviour", BEHAVIOURS, ids=lambda behaviour: behaviour.title)
def test_release_does_what_is_recorded_of_it(
    behaviour: Behaviour, client: Client, machine: Machine, server: Server
) -> None:
    measured = behaviour.measure(Bench(client, machine, server))
    assert measured == behaviour.observed[client.release]


def test_matrix_in_the_docs_is_up_to_date(request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--update-matrix"):
        matrix.FILE.write_text(matrix.rendered(), encoding="utf-8")
    current = matrix.FILE.read_text(encoding="utf-8") if matrix.FILE.exists() else ""
    assert current == matrix.rendered(), "run `pytest --update-matrix`"
