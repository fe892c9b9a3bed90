"""What several projects of one command have in common: looked at and read once."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from qwenlock.edge.file_states import States

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from qwenlock.edge.configuration import Nearest
    from qwenlock.plans.plan import Plan
    from qwenlock.text.document import Document


class Shared:
    """Files outside the projects as they are when the first project needs them.

    Attributes:
        states: the states of files (see `stamp`).
    """

    def __init__(self) -> None:
        self.states = States()
        self._plans = cache(_plans)
        self._document = cache(_document)
        self._above = cache(_above)

    def plans(self, own: Sequence[Path]) -> tuple[Plan, ...]:
        """Return the plans of qwenlock and of folders of one's `own`, as `edge.plans.load` does."""
        return self._plans(tuple(own))

    def configuration_above(self, folder: Path) -> Nearest:
        """Return what is configured in `folder` for what is below.

        Raises:
            InputError: the file cannot be used.
        """
        return self._above(folder, self)

    def document(self, path: Path, label: str) -> Document | None:
        """Return the settings file at `path`, or None where there is none.

        Raises:
            InputError: it cannot be used.
        """
        return self._document(path, label)


def _plans(own: tuple[Path, ...]) -> tuple[Plan, ...]:
    from qwenlock.edge.plans import load

    return load(own)


def _above(folder: Path, shared: Shared) -> Nearest:
    from qwenlock.edge.configuration import above

    return above(folder, shared)


def _document(path: Path, label: str) -> Document | None:
    from qwenlock.edge.reader import read_document

    return read_document(path, label)
