"""What a migration script is written against: the context it is given, the change it returns.

Finding scripts is done in `scripts`, running them in `runner`.

A script is a Python file `NNNN_name.py` with

- `NAME`: what `migrate --only` calls the group of scripts it belongs to;
- `TITLE`, `REASON`: what it does and why, in a sentence each, for the user;
- `detect(context) -> bool`: whether it applies; after its own change it must not;
- `change(context) -> Change`: what it changes;
- `revert(context) -> Change | None`, optional: the way back from the settings after it, or None
  where these settings hold something that the older form cannot say;
- `leaves(context) -> tuple[Note, ...]`, optional: what it does not apply to although it could seem
  so, and why.

A script knows no file: what it moves out of the settings it names as variables, and where these
are written is decided in `situation` and `env_files`. A `Context` or a `Change` that needs to say
more gets another field, with a default.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from qwenlock.documents import operations
from qwenlock.errors import WriteError
from qwenlock.migrating.situation import Situation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qwenlock.documents.operations import Operation, Path
    from qwenlock.lockfile.model import ScopeName


class RefusedError(WriteError):
    """A migration applies, but would lose or change something: why, and the way out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What a script decides by.

    Attributes:
        settings: one file's settings as parsed; a script leaves them as they are.
        target_version: the settings version that the client in question uses.
        scope: the scope that the file is of.
        situation: every scope, and what else the client goes by.
    """

    settings: dict[str, Any]
    target_version: int
    scope: ScopeName = "user"
    situation: Situation = field(default_factory=Situation)

    def after(self, change: Change) -> Context:
        """Return the context that `change` leaves.

        Raises:
            RefusedError: a variable cannot be written.
        """
        from qwenlock.migrating.env_files import add

        settings = operations.apply(self.settings, list(change.operations))
        situation = self.situation.with_settings(self.scope, settings)
        for scope, elsewhere in change.elsewhere.items():
            source = situation.source(scope)
            assert source is not None  # noqa: S101  (a script changes files that are there)
            changed = operations.apply(situation.written(source), list(elsewhere))
            situation = situation.with_settings(scope, changed)
        if change.variables:
            situation = add(situation, self.scope, change.variables)
        return replace(self, settings=settings, situation=situation)


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
