"""Rules about plans (5xx), besides those that compiling reports."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from qwenlock.clients.profile import is_newer_than_known
from qwenlock.findings.errors import InputError
from qwenlock.findings.finding import Finding
from qwenlock.plans.collection import Plans
from qwenlock.plans.digest import PREFIX
from qwenlock.plans.edits import choice_of
from qwenlock.plans.plan import proves
from qwenlock.settings.plan_state import latest, recorded, recorded_paths

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qwenlock.lint.subject import Subject
    from qwenlock.plans.plan import Plan, Template
    from qwenlock.text.document import Place


def plan_versions(subject: Subject) -> Iterator[Finding]:
    """Report plans whose recorded version is old, unknown or missing."""
    for plan in Plans.of(subject.plans).named(each.id for each in subject.compilation.plans):
        yield from _version(plan, subject)


def without_doubles(findings: list[Finding], subject: Subject) -> list[Finding]:
    """Leave out "match no version" if another finding is about the recorded version."""
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
        owned = (each.model for each in subject.compilation.entries)
        if not plan.may_have_set_up(each.id for each in owned if each.origin == plan.id):
            return
        message = f"no version of {plan.title} is recorded for these models"
        record = "`qwenlock upgrade --adopt --on-edited keep --keep-selection`"
        fix = f"give them an envKey of their own, or run {record} to record one"
        yield Finding("QL506", message, place, fix)
        return
    newest = latest(plan, subject.client)
    known = identified(plan, subject, state.version)
    chosen = None if known else _chosen_from(plan, subject, state.version)
    at = known or chosen
    if at is None:
        message = f"the recorded version of {plan.title} is unknown"
        yield Finding("QL505", message, _record(plan, subject), _way_out(subject))
    elif newest is not None and at.order() < newest.order():
        message = f"{plan.title} is at {at.version}; {newest.version} is available"
        yield Finding("QL504", message, place, "run `qwenlock upgrade --keep-selection`")
    elif chosen:
        message = f"not all models of {plan.title} {chosen.version} are installed"
        fix = (
            "run `qwenlock upgrade --keep-selection`, which adds them; or add `--on-edited keep`, "
            "which leaves out what you left out"
        )
        yield Finding("QL504", message, place, fix)


def _way_out(subject: Subject) -> str:
    """Return what to do about an unknown version; a newer client would undo an upgrade."""
    installed = subject.project.installed
    if installed and is_newer_than_known(installed):
        return "upgrade qwenlock, or run `qwenlock template capture --from-client`"
    return "upgrade qwenlock, or go to a known version: `qwenlock upgrade --keep-selection`"


def identified(plan: Plan, subject: Subject, version: str) -> Template | None:
    """Return the template of a recorded version; on this machine it may be a captured one."""
    found = plan.identify(PREFIX + version)
    if found is None:
        with suppress(InputError):  # `upgrade` and `template` say which captured file is broken
            for each in Plans.of(subject.world.captured).named([plan.id]):
                found = each.identify(PREFIX + version)
    return found[0] if found else None


def _chosen_from(plan: Plan, subject: Subject, version: str) -> Template | None:
    """Return the template of which the user chose some models, if a client recorded that."""
    entries = subject.compilation.entries
    models = [entry.raw for entry in entries if entry.model.origin == plan.id]
    regions = plan.regions_of(models)
    if not proves(models, version) or any(each != regions[0] for each in regions):
        return None
    return choice_of(plan, regions[0], models)


def _first_model(plan: Plan, subject: Subject) -> Place:
    entries = subject.compilation.entries
    first = next(entry for entry in entries if entry.model.origin == plan.id)
    return first.place("id")


def _record(plan: Plan, subject: Subject) -> Place:
    """Return the place where the version is recorded; there must be one."""
    return next(
        source.place(path)
        for path in recorded_paths(plan)
        for source in reversed(subject.sources)
        if source.has(path)
    )
