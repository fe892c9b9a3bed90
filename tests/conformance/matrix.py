"""The matrix of the docs: release × behaviour, guide against client.

PYTHONPATH=tests python -m conformance.matrix [RELEASE]… [TITLE]…    measures, and writes the record
"""

from __future__ import annotations

import json
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from conformance import behaviours
from conformance.behaviours import BEHAVIOURS, Behaviour, Bench
from conformance.clients import installed
from conformance.never_worse.setups import RELEASES
from conformance.run import Client, Machine
from conformance.server import Server
from support import serving

FILE = Path(__file__).parents[2] / "docs" / "client-matrix.md"

_HEAD = f"""\
# What the client does, and what the guide says

Each row is a question: what does the client do with such settings? Each cell says what a release
did with them. `openai/b` is the model `b` in the list of the auth type `openai`; a model that is
*offered* can be chosen with `/model`. **Bold** marks a difference from the guide; – means that
the guide says nothing. [Never worse](never-worse.md) shows what each release sends before and
after every command.

`pytest --update-matrix` generates this page from the record of `tests/conformance/behaviours.py`,
which measures each row with the real client.

| what | guide | {" | ".join(RELEASES)} |
| --- | --- |{" --- |" * len(RELEASES)}
"""


def rendered() -> str:
    """Return the text that the page of the matrix must have."""
    lines = []
    for each in BEHAVIOURS:
        cells = [_cell(each.observed[release], each.guide) for release in RELEASES]
        lines.append(f"| {each.title} | {each.guide} | {' | '.join(cells)} |\n")
    return _HEAD + "".join(lines)


def _cell(observed: str, guide: str) -> str:
    return observed if guide in (observed, "–") else f"**{observed}**"


def _main() -> None:
    """Measure behaviours with releases: those that are named, or all."""
    releases = [each for each in sys.argv[1:] if each in RELEASES]
    titles = {*sys.argv[1:]} - {*RELEASES}
    asked = [
        (each, release)
        for release in releases or RELEASES
        for each in BEHAVIOURS
        if not titles or each.title in titles
    ]
    with ThreadPoolExecutor(2) as pool:
        measured = list(pool.map(_measured, asked))
    observed = {each.title: dict(each.observed) for each in BEHAVIOURS}
    for (each, release), said in zip(asked, measured, strict=True):
        observed[each.title][release] = said
    for said in observed.values():
        for release in [release for release in RELEASES if release in said]:
            said[release] = said.pop(release)
    text = json.dumps(observed, indent=1, ensure_ascii=False)
    behaviours.FILE.write_text(f"{text}\n", "utf-8")


def _measured(asked: tuple[Behaviour, str]) -> str:
    behaviour, release = asked
    client = Client(release, installed(release))
    with tempfile.TemporaryDirectory() as folder, serving(Server()) as server:
        try:
            said = behaviour.measure(Bench(client, Machine(Path(folder)), server))
        except Exception as error:  # noqa: BLE001  (somebody must look at it)
            said = f"not measured: {type(error).__name__}: {error}"
    print(release, behaviour.title, said, sep=" · ", flush=True)  # noqa: T201
    return said


if __name__ == "__main__":
    _main()
