"""The plans in a catalogue: the region and template version of its plan models.

How Qwen Code reads settings, "Plans".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwenlock.findings.finding import Finding
from qwenlock.lock.model import InstalledPlan
from qwenlock.plans.collection import Plans
from qwenlock.plans.digest import PREFIX
from qwenlock.plans.plan import proves
from qwenlock.settings.plan_state import latest, recorded
from qwenlock.text.credentials import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from qwenlock.clients.profile import Profile
    from qwenlock.compile.catalogue import Entry
    from qwenlock.plans.edits import Edit
    from qwenlock.plans.plan import Plan, Recognition
    from qwenlock.settings.scopes import Sources

    Report = Callable[[Finding], None]


def recognise(
    entries: Sequence[Entry],
    plans: Sequence[Plan],
    sources: Sources,
    client: Profile,
    report: Report,
) -> tuple[InstalledPlan, ...]:
    """Return the plans among the catalogue's `entries`, one for each region, in their order.

    Args:
        entries: the entries of the catalogue; a skipped one counts, where the plan offers another.
        plans: the plans to look for.
        sources: the scopes that have a file, low to high: what clients record of the plans.
        client: the client whose next update could replace edited models.
        report: takes each finding.
    """
    by_plan: dict[str, list[Entry]] = {}
    for entry in entries:
        by_plan.setdefault(entry.model.origin, []).append(entry)
    installed = []
    for plan in Plans.of(plans).named(by_plan):
        regions: dict[str, list[Entry]] = {}
        models = by_plan[plan.id]
        where = plan.regions_of([entry.raw for entry in models])
        for entry, region in zip(models, where, strict=True):
            regions.setdefault(region.name, []).append(entry)
        offered = {
            name: owned
            for name, owned in regions.items()
            if not all(entry.skipped for entry in owned)
        }
        for name, owned in offered.items():
            recognition = plan.recognise([entry.raw for entry in owned])
            for finding in _edited(plan, recognition, owned, sources, client):
                report(finding)
            template = recognition.template
            installed.append(
                InstalledPlan(
                    id=plan.id,
                    region=name,
                    version=template.version if template else None,
                    digest=recognition.digest,
                )
            )
        if len(offered) > 1:
            second = list(offered.values())[1][0]
            message = f"models of {plan.title} for {' and '.join(offered)} are mixed"
            fix = "keep only the models of the region that your key is for"
            report(Finding("QL503", message, second.place("baseUrl"), fix))
    return tuple(installed)


def _edited(
    plan: Plan, recognition: Recognition, owned: list[Entry], sources: Sources, client: Profile
) -> Iterator[Finding]:
    """Report models that the next update would replace although somebody changed them.

    Models that the plan's list lacks are not edits, because an update leaves them. Once the newest
    list is recorded, no update is offered, so edits that were kept are not reported.
    """
    from qwenlock.plans.edits import closest, edits

    models = [entry.raw for entry in owned]
    known = recorded(plan, sources)
    if known is not None and proves(models, known.version):
        return
    if known is None and not plan.may_have_set_up(entry.model.id for entry in owned):
        return
    state = plan.identify(PREFIX + known.version) if known else None
    if recognition.template is not None and (state is None or state[0] == recognition.template):
        return
    place = owned[0].place("id")
    if recognition.template is not None and state is not None:
        message = (
            f"these models of {plan.title} are those of {recognition.template.version}, but the "
            f"settings record {state[0].version}"
        )
        fix = "run `qwenlock upgrade --keep-selection`, which corrects the record"
        yield Finding("QL501", message, place, fix)
        return
    template = state[0] if state else closest(plan, recognition.region, models)
    if template is None or recognition.region.name not in template.digests:
        message = f"these models of {plan.title} match no known template"
        yield Finding("QL502", message, place)
        return
    compared = edits(models, plan.models(template, recognition.region))
    found = [each for each in compared if each.what != "added"]
    if not found or (state and template == latest(plan, client)):
        return
    message = f"models of {plan.title} differ from its template {template.version}: "
    fix = "to keep a change, make it in a model with another envKey"
    yield Finding("QL501" if state else "QL502", message + _in_words(found), place, fix)


def _in_words(found: list[Edit]) -> str:
    named = "; ".join(f"{shown(edit.model)}: {shown(edit.what)}" for edit in found[:5])
    return named + (f" and {len(found) - 5} more" if len(found) > 5 else "")
