"""Rules about the files themselves (1xx), besides those that reading them reports."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwenlock.credentials import shown
from qwenlock.documents.duplicates import duplicates
from qwenlock.documents.operations import Deduplicate
from qwenlock.findings import Finding, Place
from qwenlock.linting.repair import Repair

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qwenlock.linting.subject import Subject


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
