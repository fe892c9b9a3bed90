"""The interface of migration scripts: the context they get, and the change they return.

Scripts are found in `script_files` and run in `script_runner`.

A script is a Python file `NNNN_name.py` with

- `NAME`: the name of its group for `migrate --only`;
- `TITLE`, `REASON`: what it does and why, one sentence each without a full stop, for the user;
- `SINCE`, optional: the first release of the client that it is for, such as `"0.24.0"`. Without
  it, it is for every release and for the guide;
- `FIRST_IN_FILES = True`, optional: `migrate` runs it before the other steps between settings
  versions. In memory the steps run in the order of their numbers, as in the client;
- `detect(context) -> bool`: whether it applies; after its own change, it must not;
- `change(context) -> SettingsChange`: what it changes;
- `leaves(context) -> tuple[Note, ...]`, optional: notes on settings that look like those it
  changes, but that it leaves alone, and why.

A script is called `settings-version` if the client itself makes the same change when it loads a
file of an older `$version`. Then it also runs in memory wherever settings are read, for example to
compile a lock. It sees one file, and depends only on that and on `target_version`, so it has no
`SINCE`. Every other script runs only in `qwenlock migrate`, after these.

A script does not know files: it returns what it moves out of the settings as variables, and
`migrate.env_files` decides where to write them. A script that needs the other scopes gets a
`migrate.context.ProjectContext`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from qwenlock.findings.errors import WriteError
from qwenlock.text import operations
from qwenlock.text.record import dataclass, field, replace

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qwenlock.clients.scopes import ScopeName
    from qwenlock.text.operations import Operation, Path


class RefusedError(WriteError):
    """A migration applies, but would lose or change something: with the reason and the fix."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """The input of a script.

    Attributes:
        settings: one file's parsed settings; a script must not modify them.
        target_version: the settings version that the client in question uses.
    """

    settings: dict[str, Any]
    target_version: int

    def after(self, change: SettingsChange) -> Self:
        """Return the context with the settings after `change`.

        Raises:
            RefusedError: no `.env` file can take a variable of the change.
        """
        return replace(self, settings=operations.apply(self.settings, list(change.operations)))


@dataclass(frozen=True, slots=True)
class Note:
    """A warning about the setting at `path`; the message never shows a value."""

    path: Path
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsChange:
    """The changes that a script makes, in order, and its notes.

    Attributes:
        operations: the changes to the file's settings.
        notes: notes for the user.
        elsewhere: the changes to the settings of other scopes.
        variables: the names and values that go to the `.env` of the file's scope; never show them.
    """

    operations: tuple[Operation, ...] = ()
    notes: tuple[Note, ...] = ()
    elsewhere: Mapping[ScopeName, tuple[Operation, ...]] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict, repr=False)


class Draft:
    """A change under construction: each operation sees the settings after the previous ones.

    Attributes:
        settings: the settings so far; the original settings are not modified.
    """

    def __init__(self, settings: dict[str, Any]) -> None:
        self.settings = settings
        self._operations: list[Operation] = []
        self._notes: list[Note] = []

    def get(self, path: Path, default: Any = None) -> Any:
        """Return the current value at `path`, or `default`."""
        return operations.get(self.settings, path, default)

    def do(self, operation: Operation) -> None:
        """Add `operation`, whose paths refer to the settings so far."""
        self._operations.append(operation)
        self.settings = operations.apply(self.settings, [operation])

    def note(self, path: Path, message: str) -> None:
        """Warn about the setting at `path` in the settings before this change."""
        self._notes.append(Note(path, message))

    def finish(self) -> SettingsChange:
        """Return the change."""
        return SettingsChange(operations=tuple(self._operations), notes=tuple(self._notes))
