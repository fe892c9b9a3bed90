"""Fuzzing for a bounded time, by the grammar of each kind of input; for longer: tests/fuzz."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given

from fuzz.grammar import inputs, seeds
from fuzz.targets import TARGETS, feed
from support import World, untimed

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def world(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> World:
    return World(tmp_path, monkeypatch, capsys.readouterr)


@pytest.mark.slow
@pytest.mark.parametrize("target", TARGETS)
def test_no_input_breaks_a_promise(world: World, target: str) -> None:
    assert len(seeds(target)) > 5

    @untimed(EXAMPLES)
    @given(data=inputs(target))
    def holds(data: bytes) -> None:
        feed(target, world, data)

    holds()


EXAMPLES = 25
"""How many inputs a target is given: some three seconds of the processor's time."""
