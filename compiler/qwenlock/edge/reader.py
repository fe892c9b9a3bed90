"""Reads once what several projects of one command share."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from qwenlock.edge.file_states import States
from qwenlock.edge.files import (
    MAX_BYTES,
    MAX_LOCK_BYTES,
    read_bytes,
    read_document,
    read_text,
)
from qwenlock.edge.places import identity
from qwenlock.findings.errors import InputError
from qwenlock.findings.reading import decode, parse

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping, Sequence
    from pathlib import Path

    from qwenlock.lock.model import Lock
    from qwenlock.plans.collection import Plans
    from qwenlock.settings.project import Places
    from qwenlock.settings.scopes import Source
    from qwenlock.text.document import Document

T = TypeVar("T")


class Reader:
    """Files outside the projects, read when the first project needs them.

    Args:
        opened: the texts that an editor has open, by path; they replace what is on the disk.

    Attributes:
        states: the states of files (see `file_states`).
    """

    def __init__(self, opened: Mapping[Path, str] | None = None) -> None:
        self.states = States()
        self._opened = {identity(path): text for path, text in (opened or {}).items()}
        self._known: dict[Hashable, object] = {}

    def content(self, path: Path, label: str, most: int = MAX_BYTES) -> bytes | None:
        """Return the content of a file as `edge.files.read_bytes` does, or as it is open."""
        if self._opened:
            text = self._opened.get(identity(path))
            if text is not None:
                return text.encode(errors="replace")  # half a character cannot be saved either
        if self.states.is_absent(path):
            return None
        data = self.states.take(path)
        return read_bytes(path, label, most) if data is None or len(data) > most else data

    def text(self, path: Path, label: str) -> str | None:
        """Return the text of a file as `edge.files.read_text` does, or as it is open."""
        data = self.content(path, label)
        return None if data is None else decode(data, label)

    def once(self, key: Hashable, read: Callable[[], T]) -> T:
        """Return what `read` returned on the first call with `key`."""
        if key not in self._known:
            self._known[key] = read()
        known: T = self._known[key]  # type: ignore[assignment]
        return known

    def plans(self, own: Sequence[Path]) -> Plans:
        """Return the bundled plans and those in `own` folders, as `edge.plans.load` does."""
        from qwenlock.edge.plans import load

        return self.once(("plans", *own), lambda: load(own))

    def sources(self, places: Places) -> tuple[Source, ...]:
        """Return the scopes of `places` that have a file, low to high, migrated in memory.

        Raises:
            InputError: files are invalid; the findings cover every one of them.
        """
        from qwenlock.edge.enforcing_marks import as_without
        from qwenlock.settings.versions import source_of

        sources, problems = [], []
        for scope, path in places.files.items():
            try:
                document = self._document(path, places.labels[scope], shared=scope != "project")
                if document is not None:
                    source = source_of(scope, document, places.recorded[scope])
                    sources.append(as_without(source, path) if scope == "system" else source)
            except InputError as error:
                problems.append(error)
        if problems:
            findings = tuple(finding for problem in problems for finding in problem.findings)
            raise InputError(problems[0].message, problems[0].fix, findings)
        return tuple(sources)

    def _document(self, path: Path, label: str, *, shared: bool) -> Document | None:
        def read() -> Document | None:
            text = self.text(path, label)
            return None if text is None else parse(text, label)

        return self.once(("document", path, label), read) if shared else read()


def read_settings(path: Path) -> Source:
    """Return the settings in the file `path`, as user settings.

    Raises:
        InputError: it does not exist, or cannot be used.
    """
    from qwenlock.edge.places import as_typed
    from qwenlock.settings.versions import source_of

    label = as_typed(path)
    document = read_document(path, label)
    if document is None:
        raise InputError(f"{label} does not exist", "name the settings.json of a client")
    return source_of("user", document)


def read_lock(path: Path) -> Lock:
    """Return the lock in the file `path`.

    Raises:
        InputError: it does not exist, or cannot be read.
    """
    from qwenlock.edge.places import as_typed
    from qwenlock.lock import text

    label = as_typed(path)
    stored = read_text(path, label, MAX_LOCK_BYTES)
    if stored is None:
        raise InputError(f"{label} does not exist", "run `qwenlock lock` in the project")
    return text.load(stored, label)
