"""The migration of a project: which steps apply to which file, and what they change.

Every writable scope is migrated, the project's own file first. Nothing is read or written here:
`situation` holds what was read, and `file_changes` returns what to write.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from qwenlock.findings.errors import UsageError
from qwenlock.migrate.context import ProjectContext
from qwenlock.settings.script_api import RefusedError
from qwenlock.settings.script_runner import run
from qwenlock.settings.values import SETTINGS_VERSION
from qwenlock.settings.versions import TARGETS, steps
from qwenlock.text.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from qwenlock.clients.scopes import ScopeName
    from qwenlock.migrate.situation import Situation
    from qwenlock.settings.project import Project
    from qwenlock.settings.scopes import Source
    from qwenlock.settings.script_api import Note
    from qwenlock.settings.script_files import Script
    from qwenlock.settings.variables import EnvFile
    from qwenlock.text.operations import Operation


class Step(NamedTuple):
    """A script that applies to the file `label` of `scope`; `refused` if it cannot be run."""

    script: Script
    scope: ScopeName
    label: str
    refused: RefusedError | None = None


class Warned(NamedTuple):
    """A note about the file called `label` in messages."""

    label: str
    note: Note


@dataclass(frozen=True, kw_only=True)
class MigrationOutcome:
    """The result of migrating a project.

    Attributes:
        before: the project before it.
        after: the project after it; unchanged if a step is refused.
        steps: the scripts that apply, in order.
        operations: what is done to each file's settings.
        notes: what the user should know.
    """

    before: Project
    after: Project
    steps: tuple[Step, ...]
    operations: Mapping[ScopeName, tuple[Operation, ...]]
    notes: tuple[Warned, ...]

    @cached_property
    def refused(self) -> RefusedError | None:
        """Return why nothing can be written, if a step is refused."""
        from qwenlock.migrate.same_request import difference

        own = next((step.refused for step in self.steps if step.refused), None)
        return own or difference(self.before, self.after)

    def env_files(self) -> list[tuple[EnvFile, EnvFile]]:
        """Return each `.env` that changes, before and after."""
        before = {each.path: each for each in self.before.env_files}
        pairs = [(before[each.path], each) for each in self.after.env_files]
        return [(old, new) for old, new in pairs if old.text != new.text]


def migrate(
    situation: Situation, target_version: int, only: Iterable[str] = ()
) -> MigrationOutcome:
    """Return the result of migrating the files of `situation`.

    Args:
        situation: the project, and which of its files may be changed.
        target_version: the settings version, one of `settings_version.TARGETS`.
        only: the groups of scripts to run, by their `NAME`; all of them where it is empty.

    Raises:
        UsageError: there is no such version or group.
        InputError: the migration scripts are invalid.
    """
    if target_version not in TARGETS:
        known = " or ".join(map(str, TARGETS))
        raise UsageError(f"unknown settings version {target_version}", f"choose {known}")
    client = situation.project.client
    groups = [scripts for scripts in _groups(tuple(only)) if client.knows(scripts[0].since)]
    progress = _Progress(situation, target_version)
    for scripts in groups:
        for scope in situation.writable:
            progress.run(scripts, scope)
    progress.note_what_is_left([script for scripts in groups for script in scripts])
    return progress.outcome()


def _groups(only: tuple[str, ...]) -> list[tuple[Script, ...]]:
    """Return the scripts to run: the steps between versions as one group, each other as its own."""
    from qwenlock.settings.script_files import load
    from qwenlock.settings.shipped import folder

    others = [script for script in load(folder("migrations")) if script.name != SETTINGS_VERSION]
    groups = [steps(for_files=True), *((script,) for script in others)]
    names = [scripts[0].name for scripts in groups]
    for name in only:
        if name not in names:
            raise UsageError(f"unknown migration {name!r}", f"choose one of {', '.join(names)}")
    return [scripts for scripts in groups if not only or scripts[0].name in only]


class _Progress:
    """A migration while it runs."""

    def __init__(self, situation: Situation, target_version: int) -> None:
        self._before = self._now = situation
        self._target_version = target_version
        self._operations: dict[ScopeName, tuple[Operation, ...]] = {}
        self._steps: list[Step] = []
        self._notes: list[Warned] = []

    def run(self, scripts: Sequence[Script], scope: ScopeName) -> None:
        """Run those of `scripts` that apply to the file of `scope`."""
        source = self._now.project.source(scope)
        if source is None:
            return
        context = self._context(source)
        label = source.document.label
        try:
            migration = run(scripts, context)
        except RefusedError as refused:
            applying = next(script for script in scripts if script.detect(context))
            self._steps.append(Step(applying, scope, label, refused))
            return
        self._now = migration.context.situation
        for changed, done in {**migration.elsewhere, scope: migration.operations}.items():
            self._operations[changed] = (*self._operations.get(changed, ()), *done)
        self._steps += [Step(script, scope, label) for script in migration.steps]
        self._notes += [Warned(label, note) for note in migration.notes]

    def note_what_is_left(self, scripts: Sequence[Script]) -> None:
        """Note what `scripts` leave unchanged."""
        for script in scripts:
            for scope in self._before.writable:
                source = self._now.project.source(scope)
                if source is not None and script.leaves is not None:
                    left = script.leaves(self._context(source))
                    self._notes += [Warned(source.document.label, note) for note in left]

    def outcome(self) -> MigrationOutcome:
        """Return the result."""
        return MigrationOutcome(
            before=self._before.project,
            after=self._now.project,
            steps=tuple(self._steps),
            operations={scope: done for scope, done in self._operations.items() if done},
            notes=tuple(self._notes),
        )

    def _context(self, source: Source) -> ProjectContext:
        return ProjectContext(
            settings=self._now.written(source),
            target_version=self._target_version,
            scope=source.scope,
            situation=self._now,
        )
