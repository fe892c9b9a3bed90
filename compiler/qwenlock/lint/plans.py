"""Rules about plans (5xx), besides those that compiling reports."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwenlock.findings.finding import Finding
from qwenlock.plans.collection import Plans
from qwenlock.plans.digest import PREFIX
from qwenlock.settings.plan_state import latest, recorded, recorded_paths

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qwenlock.lint.subject import Subject
    from qwenlock.plans.plan import Plan
    from qwenlock.text.document import Place


def plan_versions(subject: Subject) -> Iterator[Finding]:
    """Report what the recorded versions of the installed plans mean for their next update."""
    for plan in Plans.of(subject.plans).named(each.id for each in subject.compilation.plans):
        yield from _version(plan, subject)


def without_doubles(findings: list[Finding], subject: Subject) -> list[Finding]:
    """Leave out that models match no version, if the recorded version is told of as well."""
    known = Plans.of(subject.plans).named(each.id for each in subject.compilation.plans)
    told = [
        plan.title
        for plan in known
        for each in findings
        if each.code in ("QL505", "QL506") and plan.title in each.message
    ]
    return [
        each
        for each in findings
        if each.code != "QL502" or not any(title in each.message for title in told)
    ]


def _version(plan: Plan, subject: Subject) -> Iterator[Finding]:
    state = recorded(plan, subject.sources)
    place = _first_model(plan, subject)
    if state is None:
        message = f"no version of {plan.title} is recorded for these models"
        record = "`qwenlock upgrade --adopt --keep-selection`"
        fix = f"give them an envKey of their own, or run {record} to record one"
        yield Finding("QL506", message, place, fix)
        return
    known = plan.identify(PREFIX + state.version)
    newest = latest(plan, subject.client)
    if known is None:
        message = f"the recorded version of {plan.title} is unknown"
        fix = "upgrade qwenlock, or go to a known version: `qwenlock upgrade --keep-selection`"
        yield Finding("QL505", message, _record(plan, subject), fix)
    elif newest is not None and known[0].order() < newest.order():
        message = f"{plan.title} is at {known[0].version}; {newest.version} is available"
        yield Finding("QL504", message, place, "run `qwenlock upgrade --keep-selection`")


def _first_model(plan: Plan, subject: Subject) -> Place:
    entries = subject.compilation.entries
    first = next(entry for entry in entries if entry.model.origin == plan.id)
    return first.place("id")


def _record(plan: Plan, subject: Subject) -> Place:
    """Return where the version is recorded, which it is."""
    return next(
        source.place(path)
        for path in recorded_paths(plan)
        for source in reversed(subject.sources)
        if source.has(path)
    )
