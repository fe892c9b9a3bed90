"""A setup works the same after anything that qwenlock does to it, or the command refuses.

With two releases, all commands run on every setup. Results of the client that are in the record are
not measured again, except in two samples: some of these rows are run under `qwenlock run`, and some
rows of all releases are measured anew. `python -m conformance.never_worse` writes the
record and the page.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from conformance.clients import installed
from conformance.never_worse import page
from conformance.never_worse.actions import ACTIONS, ASKED_FOR, NOTHING, READING, REFUSED, SAME, row
from conformance.never_worse.bench import Bench
from conformance.never_worse.commands import Qwenlock
from conformance.never_worse.record import FILE, Cell, Record, known, worse
from conformance.never_worse.setups import RELEASES, Setup, setups
from conformance.run import Client
from qwenlock.cli.app import COMMANDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from conformance.never_worse.actions import Outcome, Row
    from conformance.never_worse.bench import Seen

EVERY_ROW = ("0.15.10", "0.24.4")
SAMPLE = 12
RECORD = Record.read()
ROWS = sorted(RECORD.rows)
IN_FULL = [each for each in ROWS if each[1] in EVERY_ROW]
SAMPLED = random.Random(FILE.read_bytes()).sample(ROWS, SAMPLE)  # noqa: S311
"""The sample, which changes only with the record."""
STARTED = random.Random(FILE.read_bytes()).sample(IN_FULL, 2 * SAMPLE)  # noqa: S311
"""The rows of `IN_FULL` whose client is started under `qwenlock run`, sampled in the same way."""


@pytest.fixture(scope="session")
def qwenlock() -> Iterator[Qwenlock]:
    running = Qwenlock()
    yield running
    running.close()


@pytest.mark.slow
@pytest.mark.parametrize(("name", "release"), IN_FULL)
def test_client_does_the_same_or_the_command_refuses(
    name: str, release: str, qwenlock: Qwenlock, tmp_path: Path
) -> None:
    measured = RECORD.measured(setup(name), release)
    starts = (name, release) in STARTED
    measuring = bench(name, release, qwenlock, tmp_path, measured, starts=starts)
    as_recorded(name, release, row(measuring))


@pytest.mark.slow
@pytest.mark.parametrize(("name", "release"), SAMPLED)
def test_sample_is_as_the_record_says(
    name: str, release: str, qwenlock: Qwenlock, tmp_path: Path
) -> None:
    measuring = bench(name, release, qwenlock, tmp_path)
    as_recorded(name, release, row(measuring))
    recorded = RECORD.rows[name, release].measured
    there = measuring.measured.keys() & recorded.keys()
    assert there
    assert {state: measuring.measured[state] for state in there} == {
        state: recorded[state] for state in there
    }


@pytest.mark.slow
def test_page_says_what_is_recorded() -> None:
    client(RELEASES[-1])
    assert page.FILE.read_text("utf-8") == page.rendered(RECORD, setups())


def test_what_is_worse_is_known_and_what_is_known_is_worse() -> None:
    assert set(RECORD.worse()) == set(known())


def test_every_command_is_done_to_the_setups_or_only_reads() -> None:
    done = {action.split()[0] for action in (*ACTIONS, "lock")}
    assert set(COMMANDS) <= done | READING | ASKED_FOR


def bench(
    name: str,
    release: str,
    qwenlock: Qwenlock,
    folder: Path,
    measured: Mapping[str, Seen] | None = None,
    *,
    starts: bool = True,
) -> Bench:
    root = folder / "bench"
    return Bench(root, client(release), qwenlock, setup(name), measured, starts=starts)


def client(release: str) -> Client:
    return Client(release, installed(release))


def setup(name: str) -> Setup:
    return next(each for each in setups() if each.name == name)


def as_recorded(name: str, release: str, measured: Row) -> None:
    """Compare a row with known.toml and with the record."""
    again = f"PYTHONPATH=tests python -m conformance.never_worse --setup {name} --release {release}"
    expected = {cell for cell in known() if (cell.setup, cell.release) == (name, release)}
    found = set(worse(name, release, measured))
    said = {cell: measured.outcomes[cell.action].word for cell in found - expected}
    assert not said, f"worse than without qwenlock: {said}"
    assert found == expected, f"no longer worse, so remove it from known.toml: {expected - found}"
    recorded = RECORD.rows[name, release].row.outcomes
    for action in ACTIONS:
        was, now = kind(recorded[action]), kind(measured.outcomes[action])
        assert was == now, f"{Cell(name, release, action)}; write it down with\n{again}"


def kind(outcome: Outcome) -> str:
    if outcome.is_worse:
        return "worse"
    return outcome.word if outcome.word in (SAME, REFUSED, NOTHING) else "something else"
