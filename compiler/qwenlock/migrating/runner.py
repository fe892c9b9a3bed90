"""The runner: which scripts apply to settings, in which order, and what comes of it.

Loading scripts is done in `scripts`; nothing is read or written here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from qwenlock.documents.operations import original
from qwenlock.errors import InputError
from qwenlock.migrating.protocol import Note
from qwenlock.migrating.situation import Situation

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from qwenlock.documents.operations import Operation
    from qwenlock.lockfile.model import ScopeName
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
        elsewhere: what is done to the files of other scopes.
        situation: the situation after it.
    """

    settings: dict[str, Any]
    operations: tuple[Operation, ...] = ()
    steps: tuple[Script, ...] = ()
    notes: tuple[Note, ...] = ()
    elsewhere: Mapping[ScopeName, tuple[Operation, ...]] = field(default_factory=dict)
    situation: Situation = field(default_factory=Situation)


def run(scripts: Sequence[Script], context: Context) -> Migration:
    """Run the first of `scripts` that applies, until none does (DESIGN.md, Migrations).

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
        settings=context.settings,
        operations=tuple(operations),
        steps=tuple(steps),
        notes=tuple(notes),
        elsewhere=elsewhere,
        situation=context.situation,
    )
