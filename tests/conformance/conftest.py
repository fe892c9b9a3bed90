"""What the conformance tests share: the releases, a machine for each test, a server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conformance.clients import RELEASES, installed
from conformance.run import Client, Machine
from conformance.server import Server
from support import serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(params=RELEASES)
def client(request: pytest.FixtureRequest) -> Client:
    return Client(request.param, installed(request.param))


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.fixture
def server() -> Iterator[Server]:
    with serving(Server()) as running:
        yield running
