"""The page of the table: what each release does with each setup, before and after each command."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from conformance.never_worse.actions import NOTHING, REFUSED, SAME, SELECTS, label
from conformance.never_worse.record import known
from conformance.never_worse.setups import RELEASES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from conformance.never_worse.actions import Row
    from conformance.never_worse.record import Record
    from conformance.never_worse.setups import Setup

FILE = Path(__file__).parents[3] / "docs" / "never-worse.md"

_HEAD = """\
# Never worse

A setup that works with Qwen Code works the same after anything that qwenlock writes, enforces or
advises: the first request of the client goes to the same address, for the same model, with the same
key, options and wire format. Otherwise the command refuses, and writes nothing.

This page shows where that holds and where it does not yet. Each setup was tried with each release:
first the client alone, then the client after each command, each time with the setup's own files.
Every command that a help line advised for the setup was tried as well. The settings contain real
addresses, but a server of the tests answers every connection.

The setups are data files in `tests/conformance/never_worse/setups`, and the examples in the guides
that are part of the releases. CI tries every setup with two releases, and a sample with the others.
To try all of them and write this page:

<!-- not run: it starts real clients, for an hour -->
```sh
PYTHONPATH=tests python -m conformance.never_worse --anew
```

| in the tables | means |
| --- | --- |
| same | The client sends what it sent before. If it sent nothing, it ends in the same way. |
| nothing to do | The command wrote nothing. |
| refuses | The command ended with an error and wrote nothing. |
| now: … | The client sends this now. It sent nothing before. |
| selects: … | The client sends this now, because the command that was advised selects it. |
| **worse:** … | The client does this now. It did something else before. |
| – | The setup was not tried with this release, which lacks a feature or the guide's example. |

A key is called after its variable, or after the place where it is set. A table leaves a command out
if, with every release, the client does the same after it or there was nothing to do.

| command | what was done |
| --- | --- |
| run | `qwenlock lock`, then `qwenlock run -- qwen -p hi` |
| export | `qwenlock lock`, then the client with what `qwenlock export` prints as system settings |
| migrate | `qwenlock migrate --yes`, then the client |
| upgrade | `qwenlock upgrade --keep-selection --yes`, then the client |
| select | `qwenlock select` with the model that is selected, then the client |
| lint --fix | `qwenlock lint --fix --yes`, then the client |
| init | `qwenlock init --yes`, then the client alone, and the client under the new lock |
"""
_GROUPS = {
    "issue": "Setups that went wrong once",
    "reports": "From public bug reports",
    "plans": "With a plan",
    "snippets": "From documentation and tutorials in several languages",
    "guide": "Examples in the guides that are part of the releases",
}


def rendered(record: Record, setups: Sequence[Setup]) -> str:
    return "".join(_page(record, setups))


def _page(record: Record, setups: Sequence[Setup]) -> Iterator[str]:
    yield _HEAD
    yield _figures(record)
    yield from _wrong()
    yield "\n## All setups\n\nIf a command makes something worse, the cell names the command.\n\n"
    yield f"| setup | {' | '.join(RELEASES)} |\n| --- |{' --- |' * len(RELEASES)}\n"
    for setup in setups:
        cells = [_summary(record, setup.name, release) for release in RELEASES]
        yield f"| [{setup.name}](#{setup.name}) | {' | '.join(cells)} |\n"
    for group, title in _GROUPS.items():
        yield f"\n## {title}\n"
        for setup in setups:
            if setup.group == group:
                yield from _section(setup, record)


def _figures(record: Record) -> str:
    words: Counter[str] = Counter()
    for recorded in record.rows.values():
        for outcome in recorded.row.outcomes.values():
            words["worse" if outcome.is_worse else outcome.word] += 1
    selects = sum(count for word, count in words.items() if word.startswith(SELECTS))
    told = selects + sum(words[each] for each in (SAME, REFUSED, NOTHING, "worse"))
    return f"""
## In figures

| | |
| --- | --- |
| setups | {len({setup for setup, _ in record.rows})} |
| pairs of a setup and a release | {len(record.rows)} |
| commands tried | {words.total()} |
| same | {words[SAME]} |
| nothing to do | {words[NOTHING]} |
| refuses | {words[REFUSED]} |
| now: … | {words.total() - told} |
| selects: … | {selects} |
| **worse** | {words["worse"]} |
"""


def _wrong() -> Iterator[str]:
    reasons = Counter(known().values())
    if reasons:
        yield "\n## What is worse today\n\n| why | cells |\n| --- | --- |\n"
    for reason, count in reasons.items():
        yield f"| {reason} | {count} |\n"


def _summary(record: Record, name: str, release: str) -> str:
    if (name, release) not in record.rows:
        return "–"
    outcomes = record.rows[name, release].row.outcomes
    worse = [action for action, outcome in outcomes.items() if outcome.is_worse]
    return ", ".join(worse) or "same"


def _section(setup: Setup, record: Record) -> Iterator[str]:
    """Yield a setup's table: a column for all releases that do the same, a row for each command."""
    rows = {
        release: record.rows[setup.name, release].row
        for release in RELEASES
        if (setup.name, release) in record.rows
    }
    tried = dict.fromkeys(name for row in rows.values() for name in row.outcomes)
    actions = [
        name
        for name in tried
        if {_outcome(row, name) for row in rows.values()} - {SAME, NOTHING, "–"}
    ]
    columns: dict[tuple[str, ...], list[str]] = {}
    for release, row in rows.items():
        before = _cell(label(row.before, setup.keys()))
        said = (before, *(_outcome(row, action) for action in actions))
        columns.setdefault(said, []).append(release)
    yield f"\n### {setup.name}\n\n{setup.title}\n\n"
    yield f"| | {' | '.join(', '.join(each) for each in columns.values())} |\n"
    yield f"| --- |{' --- |' * len(columns)}\n"
    for title, *cells in zip(("without qwenlock", *actions), *columns, strict=True):
        yield f"| {title} | {' | '.join(cells)} |\n"


def _outcome(row: Row, action: str) -> str:
    if action not in row.outcomes:
        return "–"
    word, is_worse = row.outcomes[action]
    return f"**worse:** {_cell(word)}" if is_worse else _cell(word)


def _cell(text: str) -> str:
    return text.replace("|", "·")
