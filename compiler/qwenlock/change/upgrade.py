"""Upgrades plans to a template: from settings and options to one change of all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwenlock.change import upgrade_report as said_of
from qwenlock.change.plan_in_file import PlanInFile, array, owned
from qwenlock.change.plan_models import is_owned
from qwenlock.change.plan_upgrade import upgrade_plan
from qwenlock.change.selection import selected_by
from qwenlock.change.target import with_files
from qwenlock.change.upgrade_data import UpgradeWishes
from qwenlock.change.upgrade_selection import selection_after
from qwenlock.clients.scopes import WRITABLE
from qwenlock.findings.errors import QwenlockError, UsageError
from qwenlock.findings.file_changes import FileChange, ProjectChange
from qwenlock.plans.collection import Plans, meant
from qwenlock.settings import plan_state
from qwenlock.settings.scopes import owner
from qwenlock.text.operations import get
from qwenlock.text.record import replace

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from qwenlock.clients.scopes import ScopeName
    from qwenlock.plans.plan import Plan
    from qwenlock.settings.project import Project


def upgrade(project: Project, wishes: UpgradeWishes, running: str | None = None) -> ProjectChange:
    """Return the change that upgrades plans, installs one, or moves one to another region.

    Each plan is upgraded in the scope that it is in. If edits of one plan block its upgrade, no
    plan is written.

    Args:
        project: the project; its client's newest templates are the aim by default.
        wishes: what the user asks for.
        running: the release of the client that is installed here, where that is known.

    Returns:
        The change; its report is that of `upgrade_report.report`. Without files there is nothing
        to do, and the reasons say why.

    Raises:
        UsageError: the request is impossible; the message says what to do.
        InputError: the settings or a template are invalid.
    """
    before = selected_by(project.sources)
    plans = _meant(project, wishes)
    missing = [each for each in wishes.plans if each not in {plan.id for plan in plans}]
    absent = Plans.of(project.plans).named(missing) if plans or missing else project.plans
    reasons = [said_of.not_installed(absent)] if absent else []
    done, now = {}, project
    for plan in sorted(plans, key=lambda each: _place(each, project), reverse=True):
        done[plan.id] = upgrade_plan(now, plan, wishes, running)
        now = with_files(now, done[plan.id].files)
    steps = [done[plan.id] for plan in plans]
    reasons += [reason for step in steps for reason in step.reasons]
    warnings = [warning for step in steps for warning in step.warnings]
    changing = [step for step in steps if step.files]
    if not changing or any(step.status == "edited" for step in steps):
        blocked = said_of.report(steps, (before, before))
        shown = [] if changing else warnings
        return ProjectChange(reasons=tuple(reasons), warnings=tuple(shown), report=blocked)
    installed = [step for step in steps if step.status != "manual"]
    after = selection_after(
        now, changing, before, keep=wishes.keep_selection, is_only=len(installed) == 1
    )
    files = _joined([*(file for step in done.values() for file in step.files), *after.files])
    return ProjectChange(
        files=files,
        reasons=tuple(reasons),
        warnings=(*warnings, *after.warnings, *said_of.comments(files)),
        summary=(*said_of.summary(changing), after.said),
        report=said_of.report(steps, (before, after.choice)),
    )


def each_upgrade(project: Project) -> Iterator[tuple[Plan, ProjectChange | QwenlockError]]:
    """Yield each installed plan with its upgrade, or with why there cannot be one."""
    for plan in project.plans:
        try:
            change = upgrade(project, UpgradeWishes(plans=(plan.id,), on_edited="keep"))
        except QwenlockError as error:
            yield plan, error
            continue
        if change.report["status"] != "not-installed":
            yield plan, change


def regions_of(project: Project, wishes: UpgradeWishes) -> set[tuple[str, str]]:
    """Return the plans that an upgrade means, each with the region that it will have, by name.

    Raises:
        UsageError: the request is impossible.
    """
    found = set()
    for plan in _meant(project, wishes):
        known = PlanInFile(project, plan, wishes.scope).region
        region = plan.region(wishes.region) if wishes.region else known
        if region is not None:
            found.add((plan.id, region.name))
    return found


def _place(plan: Plan, project: Project) -> int:
    """Return where the models of a plan begin in its array.

    An upgrade puts a plan first, so the last plan is upgraded first: their order stays.
    """
    for source in reversed(project.sources):
        entries = get(source.settings, array(plan))
        for place, entry in enumerate(entries if isinstance(entries, list) else ()):
            if is_owned(plan, entry):
                return place
    return -1


def _joined(changes: Iterable[FileChange]) -> tuple[FileChange, ...]:
    """Return one change of each file: from its first text to its last."""
    files: dict[object, FileChange] = {}
    for each in changes:
        first = files.get(each.path)
        files[each.path] = replace(each, before=first.before) if first else each
    return tuple(files.values())


def _meant(project: Project, wishes: UpgradeWishes) -> list[Plan]:
    """Return the plans to upgrade or install; empty if there are none."""
    plans = Plans.of(project.plans)
    named = [plans.plan(each) for each in dict.fromkeys(wishes.plans)] if wishes.plans else plans
    there = [plan for plan in named if _is_there(plan, project, wishes.scope)]
    if wishes.region is None and (wishes.to is None or not there):
        return there
    possible = there or [plan for plan in named if plan.has_region(wishes.region)] or list(named)
    if wishes.plans:
        possible = list(named)
    elif there:
        recorded = [plan for plan in there if plan_state.recorded(plan, project.sources)]
        possible = there if wishes.adopt else recorded or there
    found = possible if len(possible) == 1 else []
    if not found and not there:
        default = meant(possible)
        found = [default] if default else []
    if not found:
        names = " or ".join(plan.id for plan in possible)
        raise UsageError("more than one plan matches", f"name one with --plan: {names}")
    return found


def _is_there(plan: Plan, project: Project, scope: ScopeName | None) -> bool:
    writable = [project.source(each) for each in WRITABLE]
    looked_at = [project.source(scope)] if scope else [*writable, owner(project.sources)]
    has_models = any(owned(plan, each.settings) for each in looked_at if each)
    return has_models or plan_state.recorded(plan, project.sources) is not None
