"""The record of the table: what was measured, and which cells are known to be wrong.

`record.json` is written by `python -m conformance.never_worse`, `known.toml` by hand.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from packaging.version import Version

from conformance.never_worse.actions import Outcome, Row
from conformance.never_worse.bench import Seen
from conformance.never_worse.wire import Sent

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from conformance.never_worse.setups import Setup

FILE = Path(__file__).with_name("record.json")
KNOWN = Path(__file__).with_name("known.toml")


class Cell(NamedTuple):
    """A cell of the table: a setup, a release and an action."""

    setup: str
    release: str
    action: str


class Recorded(NamedTuple):
    """A row as it was measured.

    Attributes:
        digest: the digest of the setup when it was measured.
        row: the outcome of each action.
        measured: what the client did, by the digest of all that it read.
    """

    digest: str
    row: Row
    measured: dict[str, Seen]


class Record:
    """The rows that were measured, by setup and release."""

    def __init__(self, rows: dict[tuple[str, str], Recorded]) -> None:
        self.rows = rows

    @classmethod
    def read(cls) -> Record:
        if not FILE.exists():
            return cls({})
        saved = json.loads(FILE.read_text("utf-8"))
        return cls({
            (setup, release): _recorded(fields)
            for setup, releases in saved.items()
            for release, fields in releases.items()
        })  # fmt: skip

    def write(self) -> None:
        saved: dict[str, dict[str, Any]] = {}
        for setup, release in sorted(self.rows, key=lambda each: (each[0], Version(each[1]))):
            recorded = self.rows[setup, release]
            saved.setdefault(setup, {})[release] = _fields(recorded)
        FILE.write_text(_a_line_each(saved), "utf-8")

    def drop_all_but(self, setups: Iterable[Setup]) -> None:
        """Delete the rows of setups that no longer exist, or not for that release."""
        releases = {setup.name: setup for setup in setups}
        self.rows = {
            (name, release): recorded
            for (name, release), recorded in self.rows.items()
            if name in releases and releases[name].is_for(release)
        }

    def measured(self, setup: Setup, release: str) -> dict[str, Seen] | None:
        """Return what a release did with exactly that setup; None if it was not measured."""
        recorded = self.rows.get((setup.name, release))
        return recorded.measured if recorded and recorded.digest == digest(setup) else None

    def worse(self) -> Iterator[Cell]:
        """Yield the cells in which the client does something else than before."""
        for (setup, release), recorded in self.rows.items():
            yield from worse(setup, release, recorded.row)


def worse(setup: str, release: str, row: Row) -> Iterator[Cell]:
    """Yield the cells of a row in which the client does something else than before."""
    for action, outcome in row.outcomes.items():
        if outcome.is_worse:
            yield Cell(setup, release, action)


def known() -> dict[Cell, str]:
    """Return the cells that are known to be wrong today, each with the reason."""
    found: dict[Cell, str] = {}
    for reason, setups in tomllib.loads(KNOWN.read_text("utf-8")).items():
        for setup, actions in setups.items():
            for action, releases in actions.items():
                found |= {Cell(setup, release, action): reason for release in releases}
    return found


def digest(setup: Setup) -> str:
    said = json.dumps([setup.files, setup.shell, setup.lock], sort_keys=True)
    return hashlib.sha256(said.encode()).hexdigest()[:12]


def _a_line_each(saved: Mapping[str, Mapping[str, Any]]) -> str:
    """Return JSON in which each row has a line of its own."""

    def value(each: Any) -> str:
        return json.dumps(each, ensure_ascii=False)

    setups = (
        f"{value(setup)}: {{\n"
        + ",\n".join(f" {value(release)}: {value(row)}" for release, row in releases.items())
        + "\n}"
        for setup, releases in saved.items()
    )
    return "{\n" + ",\n".join(setups) + "\n}\n"


def _fields(recorded: Recorded) -> dict[str, Any]:
    before, outcomes = recorded.row
    others = {
        state: _seen_fields(seen) for state, seen in recorded.measured.items() if seen != before
    }
    return {
        "digest": recorded.digest,
        "before": _seen_fields(before),
        "outcomes": {
            action: f"{_WORSE}{outcome.word}" if outcome.is_worse else outcome.word
            for action, outcome in outcomes.items()
        },
        "as before": [state for state, seen in recorded.measured.items() if seen == before],
        "otherwise": others,
    }


_WORSE = "WORSE "


def _recorded(fields: Mapping[str, Any]) -> Recorded:
    before = _seen(fields["before"])
    outcomes = {
        action: Outcome(said.removeprefix(_WORSE), said.startswith(_WORSE))
        for action, said in fields["outcomes"].items()
    }
    measured = dict.fromkeys(fields["as before"], before)
    measured |= {state: _seen(seen) for state, seen in fields["otherwise"].items()}
    return Recorded(fields["digest"], Row(before, outcomes), measured)


def _seen_fields(seen: Seen) -> dict[str, Any]:
    return seen.sent._asdict() if seen.sent else {"ending": seen.ending}


def _seen(fields: Mapping[str, Any]) -> Seen:
    return Seen(None, fields["ending"]) if "ending" in fields else Seen(Sent(**fields), "")
