"""Fuzzing for a short time, by the grammar of each kind of input; tests/fuzz runs longer."""

from __future__ import annotations

import pytest
from hypothesis import given

from fuzz.grammar import inputs, seeds
from fuzz.targets import TARGETS, feed
from support import World, untimed


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
"""How many inputs each target gets: about three seconds of processor time."""
