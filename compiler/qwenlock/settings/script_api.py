"""What a migration script is written against: the context it is given, the change it returns.

Finding scripts is done in `script_files`, running them in `script_runner`.

A script is a Python file `NNNN_name.py` with

- `NAME`: what `migrate --only` calls the group of scripts it belongs to;
- `TITLE`, `REASON`: what it does and why, in a sentence each, for the user;
- `detect(context) -> bool`: whether it applies; after its own change it must not;
- `change(context) -> Change`: what it changes;
- `leaves(context) -> tuple[Note, ...]`, optional: what it does not apply to although it could seem
  so, and why.

A script knows no file: what it moves out of the settings it names as variables, and where these
are written is decided in `migrate.env_files`. A script that needs the other scopes is given a
`migrate.context.ProjectContext`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Self

from qwenlock.findings.errors import WriteError
from qwenlock.text import operations

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qwenlock.clients.scopes import ScopeName
    from qwenlock.text.operations import Operation, Path


class RefusedError(WriteError):
    """A migration applies, but would lose or change something: why, and the way out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What a script decides by.

    Attributes:
        settings: one file's settings as parsed; a script leaves them as they are.
        target_version: the settings version that the client in question uses.
    """

    settings: dict[str, Any]
    target_version: int

    def after(self, change: Change) -> Self:
        """Return the context that `change` leaves.

        Raises:
            RefusedError: a variable cannot be written.
        """
        return replace(self, settings=operations.apply(self.settings, list(change.operations)))


@dataclass(frozen=True, slots=True)
class Note:
    """A warning about the setting at `path`; the message never shows a value."""

    path: Path
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a script wants done to the settings, in order, and what the user should know.

    Attributes:
        operations: what is done to the file's settings.
        notes: what the user should know.
        elsewhere: what is done to the files of other scopes.
        variables: what goes into the `.env` that belongs to the file's scope; never to be shown.
    """

    operations: tuple[Operation, ...] = ()
    notes: tuple[Note, ...] = ()
    elsewhere: Mapping[ScopeName, tuple[Operation, ...]] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict, repr=False)


class Draft:
    """A change while it is made: each operation is decided on the settings that the last one left.

    Attributes:
        settings: the settings so far; those it began with are left as they are.
    """

    def __init__(self, settings: dict[str, Any]) -> None:
        self.settings = settings
        self._operations: list[Operation] = []
        self._notes: list[Note] = []

    def get(self, path: Path, default: Any = None) -> Any:
        """Return what stands at `path` so far, or `default`."""
        return operations.get(self.settings, path, default)

    def do(self, operation: Operation) -> None:
        """Add `operation`, whose paths are those of the settings so far."""
        self._operations.append(operation)
        self.settings = operations.apply(self.settings, [operation])

    def note(self, path: Path, message: str) -> None:
        """Warn about the setting at `path`, a path of the settings before this change."""
        self._notes.append(Note(path, message))

    def finish(self) -> Change:
        """Return the change."""
        return Change(operations=tuple(self._operations), notes=tuple(self._notes))
