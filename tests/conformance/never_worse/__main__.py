"""Measure the whole table, or the rows that are named, and write the record and the page.

PYTHONPATH=tests python -m conformance.never_worse [--setup NAME]… [--release VERSION]…
    [--group NAME]… [--jobs N] [--anew] [--missing]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock, local

from conformance.clients import installed
from conformance.never_worse import page
from conformance.never_worse.actions import Row, label, row
from conformance.never_worse.bench import Bench
from conformance.never_worse.commands import Qwenlock
from conformance.never_worse.record import Record, Recorded, digest, known
from conformance.never_worse.setups import RELEASES, Setup, setups
from conformance.run import Client


def main() -> None:
    """Measure row by row; write the record after each row."""
    options = _options()
    record, lock, own = Record.read(), Lock(), local()
    record.drop_all_but(setups())

    def measure(each: tuple[Setup, str]) -> None:
        setup, release = each
        if not hasattr(own, "qwenlock"):
            own.qwenlock = Qwenlock()
        client = Client(release, installed(release))
        with tempfile.TemporaryDirectory() as folder:
            before = None if options.anew else record.measured(setup, release)
            bench = Bench(Path(folder), client, own.qwenlock, setup, before, starts=options.anew)
            done = row(bench)
        with lock:
            record.rows[setup.name, release] = Recorded(digest(setup), done, bench.measured)
            record.write()
            _say(setup, release, done)

    asked = [
        (setup, release)
        for setup in setups()
        for release in RELEASES
        if setup.is_for(release)
        and (not options.setup or setup.name in options.setup)
        and (not options.group or setup.group in options.group)
        and (not options.release or release in options.release)
        and not (options.missing and record.measured(setup, release))
    ]
    with ThreadPoolExecutor(options.jobs) as pool:
        list(pool.map(measure, asked))
    page.FILE.write_text(page.rendered(record, setups()), "utf-8")
    _differences(record)


def _say(setup: Setup, release: str, measured: Row) -> None:
    lines = [f"{setup.name} with {release}: {label(measured.before, setup.keys())}"]
    for action, outcome in measured.outcomes.items():
        lines.append(f"  {'WORSE ' if outcome.is_worse else ''}{action}: {outcome.word}")
    print(*lines, sep="\n", flush=True)  # noqa: T201


def _differences(record: Record) -> None:
    """Print the cells that known.toml lacks, and those that it should not have."""
    recorded, expected = set(record.worse()), set(known())
    for title, cells in (("not known", recorded - expected), ("no longer", expected - recorded)):
        for cell in sorted(cells):
            print(title, *cell, sep=" · ")  # noqa: T201
    sys.exit(recorded != expected)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("--setup", "--release", "--group"):
        parser.add_argument(name, action="append", help="Only these.")
    parser.add_argument("--jobs", type=int, default=2, help="How many rows at once.")
    anew = "Measure also what the record says of the same files."
    parser.add_argument("--anew", action="store_true", help=anew)
    parser.add_argument("--missing", action="store_true", help="Only what was not measured yet.")
    return parser.parse_args()


if __name__ == "__main__":
    main()
