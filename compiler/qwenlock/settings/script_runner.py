"""Runs migration scripts on settings: those that apply, in their order.

Loading scripts is done in `script_files`; nothing is read or written here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

from qwenlock.findings.errors import InputError
from qwenlock.settings.script_api import Context, Note
from qwenlock.text.operations import original
from qwenlock.text.record import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from qwenlock.clients.scopes import ScopeName
    from qwenlock.settings.script_files import Script
    from qwenlock.text.operations import Operation

ContextT = TypeVar("ContextT", bound=Context)


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration(Generic[ContextT]):
    """The result of a run.

    Attributes:
        context: the context after it.
        operations: the changes, in order; each applies to the settings after the one before it.
        steps: the scripts that applied, in order.
        notes: what the user should know, at paths of the settings before the run.
        elsewhere: what is done to the files of other scopes.
    """

    context: ContextT
    operations: tuple[Operation, ...] = ()
    steps: tuple[Script, ...] = ()
    notes: tuple[Note, ...] = ()
    elsewhere: Mapping[ScopeName, tuple[Operation, ...]] = field(default_factory=dict)

    @property
    def settings(self) -> dict[str, Any]:
        """Return the settings after it."""
        return self.context.settings


def run(scripts: Sequence[Script], context: ContextT) -> Migration[ContextT]:
    """Run the first of `scripts` that applies, until none does.

    Args:
        scripts: the scripts, in the order in which they are tried.
        context: the settings to start from.

    Raises:
        InputError: a script applies again after it has run.
        RefusedError: a script applies, and its change would lose or change something.
    """
    operations: list[Operation] = []
    steps: list[Script] = []
    notes: list[Note] = []
    elsewhere: dict[ScopeName, tuple[Operation, ...]] = {}
    while script := next((script for script in scripts if script.detect(context)), None):
        if script in steps:
            raise InputError(f"migration {script.identity} applies again after it has run")
        change = script.change(context)
        notes += [Note(original(note.path, operations), note.message) for note in change.notes]
        context = context.after(change)
        operations += change.operations
        for scope, done in change.elsewhere.items():
            elsewhere[scope] = (*elsewhere.get(scope, ()), *done)
        steps.append(script)
    return Migration(
        context=context,
        operations=tuple(operations),
        steps=tuple(steps),
        notes=tuple(notes),
        elsewhere=elsewhere,
    )
