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
from qwenlock.text.credentials import shown
from qwenlock.text.operations import get

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from qwenlock.compile.catalogue import Entry
    from qwenlock.plans.edits import Edit
    from qwenlock.plans.plan import Plan, Recognition
    from qwenlock.settings.scopes import Source

    Report = Callable[[Finding], None]


def recognise(
    entries: Sequence[Entry], plans: Sequence[Plan], report: Report
) -> tuple[InstalledPlan, ...]:
    """Return the plans among the catalogue's `entries`, one for each region, in their order.

    Args:
        entries: the entries of the catalogue; a skipped one counts, where the plan offers another.
            The scope that they stand in has the plan's recorded state.
        plans: the plans to look for.
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
            _report_edits(plan, recognition, owned, report)
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
            message = f"models of {plan.title} for {' and '.join(offered)} stand side by side"
            fix = "keep those of the region that your key is for"
            report(Finding("QL503", message, second.place("baseUrl"), fix))
    return tuple(installed)


def _recorded(plan: Plan, source: Source) -> str | None:
    """Return the digest that the settings of `source` record of `plan`, or None."""
    versions = (get(source.settings, state.version) for state in plan.states.values())
    return next((each for each in versions if isinstance(each, str) and each), None)


def _report_edits(plan: Plan, recognition: Recognition, owned: list[Entry], report: Report) -> None:
    from qwenlock.plans.edits import closest, edits

    models = [entry.raw for entry in owned]
    version = _recorded(plan, owned[0].source)
    if version is not None and proves(models, version):
        return
    state = plan.identify(PREFIX + version) if version else None
    if recognition.template is not None and (state is None or state[0] == recognition.template):
        return
    place = owned[0].place("id")
    if recognition.template is not None and state is not None:
        message = (
            f"these models of {plan.title} are those of {recognition.template.version}, and the "
            f"settings record {state[0].version}"
        )
        fix = "run `qwenlock upgrade`, which records what is there"
        report(Finding("QL501", message, place, fix))
        return
    template = state[0] if state else closest(plan, recognition.region, models)
    if template is None or recognition.region.name not in template.digests:
        message = f"these models of {plan.title} match no template that is known"
        report(Finding("QL502", message, place))
        return
    found = edits(models, plan.models(template, recognition.region))
    message = f"models of {plan.title} differ from its template {template.version}: "
    fix = "make changes that should last in a model with another envKey"
    code = "QL501" if state else "QL502"
    report(Finding(code, message + _in_words(found), place, fix))


def _in_words(found: list[Edit]) -> str:
    named = "; ".join(f"{shown(edit.model)}: {shown(edit.what)}" for edit in found[:5])
    return named + (f" and {len(found) - 5} more" if len(found) > 5 else "")
