"""The runner: which scripts apply to settings, in which order, and what comes of it.

Loading scripts is done in `scripts`; nothing is read or written here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from qwenlock.documents.operations import apply, original
from qwenlock.errors import InputError
from qwenlock.migrating.protocol import Note

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qwenlock.documents.operations import Operation
    from qwenlock.migrating.protocol import Context
    from qwenlock.migrating.scripts import Script


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """What a run came to.

    Attributes:
        settings: the settings after it.
        operations: what leads there; each is meant for the settings that the one before it left.
        steps: the scripts that applied, in order.
        notes: what the user should know, at paths of the settings before the run.
    """

    settings: dict[str, Any]
    operations: tuple[Operation, ...]
    steps: tuple[Script, ...]
    notes: tuple[Note, ...]


def run(scripts: Sequence[Script], context: Context) -> Migration:
    """Run the first of `scripts` that applies, until none does (DESIGN.md, Migrations).

    Raises:
        InputError: a script applies again after it has run.
    """
    operations: list[Operation] = []
    steps: list[Script] = []
    notes: list[Note] = []
    while script := next((script for script in scripts if script.detect(context)), None):
        if script in steps:
            raise InputError(f"migration {script.identity} applies again after it has run")
        change = script.change(context)
        notes += [Note(original(note.path, operations), note.message) for note in change.notes]
        context = replace(context, settings=apply(context.settings, list(change.operations)))
        operations += change.operations
        steps.append(script)
    return Migration(
        settings=context.settings,
        operations=tuple(operations),
        steps=tuple(steps),
        notes=tuple(notes),
    )
