"""The page of the table: each setup, what each release does with it, and what came of what."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from conformance.never_worse.actions import NOTHING, REFUSED, SAME, label
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
advises: the first request of the real client goes to the same address, for the same model, with the
same key, options and wire format; or the command refuses and writes nothing.

This page is the proof, and the list of what is not so yet. Each setup below was tried with each
release: first the client alone, then after every command on a fresh copy, and after every command
that a help line advised for it. The client's connections all end at a server of the tests, so
addresses are the real ones. `PYTHONPATH=tests python -m conformance.never_worse` measures it and
writes this page; CI measures every setup with two releases, and a sample with the others.

- **same**: the client sends what it sent before, or ends as it ended before.
- **refuses**: the command ended with an error and wrote nothing.
- **nothing to do**: the command wrote nothing. Commands that had nothing to do with any of the
  releases are left out.
- *Anything in italics* is something that only now happens, where nothing was sent before.
- **Worse:** what the client does now is not what it did before.

`run` is `qwenlock lock`, then `qwenlock run -- qwen -p hi`. `export` is the client with what
`qwenlock export` prints as its system settings. `select` selects what is selected, `upgrade` keeps
the selection. After a command that writes a lock, the client is run under that lock, too.
"""
_GROUPS = {
    "issue": "Setups that went wrong once",
    "reports": "From public bug reports",
    "plans": "With a plan",
    "snippets": "From documentation and tutorials in several languages",
    "guide": "Examples of the guides that the releases bring along",
}


def rendered(record: Record, setups: Sequence[Setup]) -> str:
    """Return the text of the page."""
    return "".join(_page(record, setups))


def _page(record: Record, setups: Sequence[Setup]) -> Iterator[str]:
    yield _HEAD
    yield _figures(record)
    yield from _wrong()
    for group, title in _GROUPS.items():
        members = [each for each in setups if each.group == group]
        if members:
            yield f"\n## {title}\n"
        for setup in members:
            rows = {
                release: record.rows[setup.name, release].row
                for release in RELEASES
                if (setup.name, release) in record.rows
            }
            yield from _section(setup, rows)


def _figures(record: Record) -> str:
    words: Counter[str] = Counter()
    for recorded in record.rows.values():
        for outcome in recorded.row.outcomes.values():
            words["worse" if outcome.is_worse else outcome.word] += 1
    other = sum(words.values()) - sum(words[each] for each in (SAME, REFUSED, NOTHING, "worse"))
    names = {setup for setup, _ in record.rows}
    return (
        f"\n{len(names)} setups, {len(record.rows)} pairs of setup and release, "
        f"{sum(words.values())} commands: {words[SAME]} times the same, {words[NOTHING]} times "
        f"nothing to do, {words[REFUSED]} times refused, {other} times something else that is not "
        f"worse, and **{words['worse']} times worse**.\n"
    )


def _wrong() -> Iterator[str]:
    reasons = Counter(known().values())
    if reasons:
        yield "\n## What is wrong today\n\n| why | cells |\n| --- | --- |\n"
    for reason, count in reasons.items():
        yield f"| {reason} | {count} |\n"


def _section(setup: Setup, rows: dict[str, Row]) -> Iterator[str]:
    keys = setup.keys()
    yield f"\n### {setup.name}\n\n{_sentence(setup.title)}\n\n"
    yield f"| | {' | '.join(rows)} |\n| --- |{' --- |' * len(rows)}\n"
    before = [_cell(label(row.before, keys)) for row in rows.values()]
    yield f"| without qwenlock | {' | '.join(before)} |\n"
    for action in dict.fromkeys(name for row in rows.values() for name in row.outcomes):
        said = [_outcome(row, action) for row in rows.values()]
        if {*said} - {NOTHING, "–"}:
            yield f"| `{action}` | {' | '.join(said)} |\n"


def _outcome(row: Row, action: str) -> str:
    if action not in row.outcomes:
        return "–"
    word, is_worse = row.outcomes[action]
    if is_worse:
        return f"**Worse:** {_cell(word)}"
    return word if word in (SAME, REFUSED, NOTHING) else f"*{_cell(word)}*"


def _cell(text: str) -> str:
    return text.replace("|", "·")


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."
