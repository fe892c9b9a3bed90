"""Rules about the files themselves (1xx), besides those that reading them reports."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwenlock.clients.profile import GUIDE
from qwenlock.findings.finding import Finding
from qwenlock.findings.repair import Repair
from qwenlock.text.credentials import shown
from qwenlock.text.document import Place
from qwenlock.text.operations import Deduplicate, Move, get
from qwenlock.text.similar import nearest
from qwenlock.text.values import BOM, duplicates

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qwenlock.findings.rules import Severity
    from qwenlock.lint.subject import Subject
    from qwenlock.text.operations import Path

_READS_MARK = "0.21.2"  # the first release that is known to
_KEYS: dict[Path, tuple[str, ...]] = {
    (): ("modelProviders", "security"),
    ("security", "auth"): ("selectedType",),
    ("model",): ("generationConfig",),
}
"""The keys that choose models and are long enough to be misspelt, by the object they stand in."""
_NEARLY = 0.85


def byte_order_mark(subject: Subject) -> Iterator[Finding]:
    """Report a byte-order mark that the client does not take; by the guide it is worth a note."""
    if subject.client.knows(_READS_MARK):
        return
    for source in subject.sources:
        if source.document.original.startswith(BOM):
            message = "the file begins with a byte-order mark"
            place = Place(source.document, at=(1, 1))
            severity: Severity | None = "note" if subject.client.name == GUIDE else None
            yield Finding("QL117", message, place, "save it as UTF-8 without one", severity)


def misspelt_keys(subject: Subject) -> Iterator[Finding]:
    """Report keys that are nearly one which chooses models; what else there is, is not known."""
    for source in subject.sources:
        document = source.document
        for at, known in _KEYS.items():
            members = get(document.value, at)
            for name in members if isinstance(members, dict) else ():
                near = nearest(name, known, _NEARLY) if name not in known else None
                if near is None:
                    continue
                move = Repair((Move((*at, name), (*at, near)),), safe=False)
                yield Finding(
                    "QL118",
                    f'"{shown(name)}" is no key of the client',
                    document.place((*at, name), on_key=True),
                    f'did you mean "{near}"?',
                    repair=move if near not in members else None,
                )


def duplicate_keys(subject: Subject) -> Iterator[Finding]:
    """Report keys that stand twice in one object: the last is in force.

    Taking the others away is safe where that leaves the keys in their order, or where order means
    nothing, which is outside of modelProviders.
    """
    for source in subject.sources:
        document = source.document
        for path, keeps_order in duplicates(document.text):
            *earlier, last = document.locator.keys(path)
            times = f" ({len(earlier) + 1} times)" if len(earlier) > 1 else ""
            message = f'"{shown(str(path[-1]))}" stands again on line {last.line}{times}: '
            repair = Repair((Deduplicate(path),), safe=keeps_order or path[0] != "modelProviders")
            yield Finding(
                "QL116",
                f"{message}the last one wins",
                Place(document, at=earlier[0]),
                "keep one of them",
                repair=repair,
            )
