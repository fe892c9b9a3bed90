"""A project at a glance: what there is to say about it, and which commands to run next."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from qwenlock.change.upgrade import each_upgrade
from qwenlock.compile.roles import scope_files
from qwenlock.compile.verdict import judge
from qwenlock.findings.errors import QwenlockError
from qwenlock.lint.gate import lacks_user
from qwenlock.lint.lint import configured_findings
from qwenlock.lint.variables import missing
from qwenlock.migrate.migration import migrate
from qwenlock.migrate.situation import Situation
from qwenlock.settings.values import SETTINGS_VERSION
from qwenlock.text.record import dataclass, replace

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from qwenlock.compile.roles import ScopeFile
    from qwenlock.compile.verdict import VerdictStatus
    from qwenlock.findings.finding import Finding
    from qwenlock.lint.subject import Subject
    from qwenlock.lock.diff import LockChange
    from qwenlock.lock.model import Lock
    from qwenlock.migrate.migration import Step
    from qwenlock.settings.project import Project

MOST = 4
"""How many plans, and how many variables, get a line of their own."""
_VERSION = ("QL106", "QL125")
"""The findings about settings of an old version."""


@dataclass(frozen=True, slots=True)
class PlanUpdate:
    """An installed plan, and whether an update is due."""

    plan: str
    region: str | None
    status: str
    version: str | None
    newest: str | None


@dataclass(frozen=True, slots=True)
class Overview:
    """What there is to say about a project.

    Attributes:
        lock: the status of the lock, as `check` has it.
        changes: what locking would change.
        compiled: what the settings compile to; None if they have errors.
        scopes: the settings files and what they contribute.
        plans: the installed plans.
        migrations: the migrations that are due.
        refused: why they cannot be run, if they cannot.
        levels: how many findings there are of each severity.
        is_enforced: whether a client that is started here obeys a lock.
        unset: the variables that the lock needs and that are not set here.
        lacks_user: whether the lock was made with user settings that are not on this machine.
    """

    lock: VerdictStatus
    changes: tuple[LockChange, ...]
    compiled: Lock | None
    scopes: tuple[ScopeFile, ...]
    plans: tuple[PlanUpdate, ...]
    migrations: tuple[str, ...]
    refused: str | None
    levels: Counter[str]
    is_enforced: bool
    unset: tuple[str, ...]
    lacks_user: bool

    def next(self) -> Iterator[tuple[str, str]]:
        """Yield the commands to run next, each with what it does."""
        if self.lock == "missing" and all(each.role == "no such file" for each in self.scopes):
            yield "qwenlock init", "set up the project"
            return
        if self.levels["error"] or self.levels["warning"]:
            yield "qwenlock lint", "show the findings, their reasons and fixes"
        if self.migrations:
            listing = " --list" if self.refused else ""
            does = "say what must be done first" if self.refused else "replace what is deprecated"
            yield f"qwenlock migrate{listing}", does
        if len(self.unset) > MOST:
            number = len(self.unset)
            yield "qwenlock lint --env", f"show the {number} variables that are not set"
        elif self.unset:
            does = "set what the models need, or put it into .env"
            yield " ".join(["export", *(f"{name}=…" for name in self.unset)]), does
        if any(plan.status == "due" for plan in self.plans):
            yield "qwenlock upgrade --keep-selection", "upgrade the plans"
        if self.lacks_user:
            yield "qwenlock check", "show what the lock needs that is not on this machine"
        elif self.lock in ("missing", "drift", "edited"):
            yield "qwenlock lock", "write qwen.lock"
        if self.lock == "ok" and not self.is_enforced:
            yield "qwenlock run -- qwen", "start the client with the lock enforced"


def overview(subject: Subject, label: str, there: Project, *, is_enforced: bool) -> Overview:
    """Return what there is to say about a project.

    Args:
        subject: the project, compiled.
        label: its lock, as messages name it.
        there: the project with the variables that are set here.
        is_enforced: whether a client that is started here obeys a lock.

    Raises:
        InputError: the lock cannot be read.
    """
    project, compilation = subject.project, subject.compilation
    verdict = judge(project.stored, label, compilation)
    due = migrate(Situation(project=project), project.client.settings_version)
    findings = [*configured_findings(subject), *verdict.of_lock]
    steps = [step for step in due.steps if _is_reported(step, findings)]
    unset = missing(compilation.lock, there) if compilation.lock else ()
    return Overview(
        verdict.status,
        verdict.changes,
        compilation.lock,
        tuple(scope_files(project, compilation.lock)),
        tuple(_plans(replace(project, plans=subject.world.captured))),
        tuple(step.script.name for step in steps),
        due.refused.message if steps and due.refused else None,
        Counter(finding.level for finding in findings),
        is_enforced,
        tuple(each.name for each in unset),
        lacks_user(project, verdict.changes),
    )


def _is_reported(step: Step, findings: Sequence[Finding]) -> bool:
    """Tell whether a migration is worth advising.

    Every client records its settings version when it starts. If nothing else changes in the file,
    and git does not track it, there is nothing to do.
    """
    if step.script.name != SETTINGS_VERSION:
        return True
    about = {each.place.document.label for each in findings if each.place and each.code in _VERSION}
    return step.label in about


def _plans(project: Project) -> Iterator[PlanUpdate]:
    for plan, found in each_upgrade(project):
        if isinstance(found, QwenlockError):
            yield PlanUpdate(plan.id, None, "unknown", None, None)
        else:
            about = (found.report[name] for name in ("region", "status", "from", "to"))
            yield PlanUpdate(plan.id, *about)
