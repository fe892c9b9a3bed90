"""What an upgrade does to the selection, and why.

Guide, "Automatic Updates": the first model of the plan is selected. With several plans, it is the
plan that the selection belonged to. `--keep-selection` leaves a model that is still offered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from qwenlock.change.plan_in_file import owned
from qwenlock.change.plan_models import by_id, is_owned
from qwenlock.change.selection import Choice, choose, overridden, selected_by
from qwenlock.change.target import target
from qwenlock.clients.profile import GUIDE, OAUTH, profile
from qwenlock.findings.errors import UsageError
from qwenlock.settings.providers import providers_in
from qwenlock.settings.script_api import Draft

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qwenlock.change.upgrade_data import PlanUpgrade
    from qwenlock.findings.file_changes import FileChange
    from qwenlock.settings.project import Project


class SelectionAfter(NamedTuple):
    """The selection after an upgrade.

    Attributes:
        choice: the selected model, if one is selected by name.
        said: what happens to the selection, and why, as a sentence.
        files: the file that changes.
        warnings: settings that override it, as sentences.
    """

    choice: Choice | None
    said: str
    files: tuple[FileChange, ...] = ()
    warnings: tuple[str, ...] = ()


def selection_after(
    project: Project,
    steps: Sequence[PlanUpgrade],
    before: Choice | None,
    *,
    keep: bool,
    is_only: bool,
) -> SelectionAfter:
    """Return the selection after `steps`.

    Args:
        project: the project after them.
        steps: the upgrades of the plans that change; at least one.
        before: the selection before them.
        keep: leave the selected model if it is still offered.
        is_only: no other plan is installed, or only one was asked for.
    """
    belonging = [step for step in steps if before and _has(step, before)]
    step = next(iter(steps if is_only else belonging), None)
    home = step or steps[0]
    if keep and before and _is_offered(project, home, before):
        moved = _at_its_endpoint(project, home, before)
        return _selected(project, home, moved, f"{before} stays selected, as you asked")
    if step is None:
        said = f"{before} stays selected" if before else "no model is selected"
        return SelectionAfter(before, f"{said}: no upgraded plan has it" if before else said)
    first = _first(project, step)
    if first is None:
        return SelectionAfter(before, "the selection stays: the plan has no models")
    whose = f"the first model of {step.there.plan.title}"
    after = Choice(step.there.plan.auth_type, first["id"], _url(project, step, first))
    if before and (before.auth_type, before.model) == (after.auth_type, after.model):
        return _selected(project, step, after, f"{after} stays selected: it is {whose}")
    if keep:
        was = f"{before} is no longer offered" if before else "no model was selected"
        said = f"{was}, so {after} will be selected, {whose}"
    elif before is None:
        said = f"{after} will be selected: it is {whose}"
    else:
        said = (
            f"{after} will be selected instead of {before}: an upgrade selects {whose}, as Qwen "
            "Code's guide says; `--keep-selection` prevents that"
        )
    return _selected(project, step, after, said)


def _has(step: PlanUpgrade, choice: Choice) -> bool:
    """Tell whether `choice` was a model of the plan before the step."""
    plan = step.there.plan
    if choice.auth_type != plan.auth_type:
        return False
    named = [each for each in step.there.entries if choice.model in by_id([each])]
    at = [each for each in named if choice.base_url in (None, each.get("baseUrl"))]
    return any(is_owned(plan, each) for each in (at or named)[:1])


def _is_offered(project: Project, step: PlanUpgrade, choice: Choice) -> bool:
    if choice.auth_type == OAUTH:
        return choice.model in project.client.oauth_models
    return choice.model in by_id(_entries(project, step, choice.auth_type))


def _entries(project: Project, step: PlanUpgrade, auth_type: str) -> list[Any]:
    """Return the entries of every provider in the file that the client maps to `auth_type`."""
    written = target(project, step.there.target.scope).source
    return [
        entry.value
        for provider in providers_in(written, project.sources, project.client)
        if provider.auth_type == auth_type
        for entry in provider.models()
    ]


def _at_its_endpoint(project: Project, step: PlanUpgrade, choice: Choice) -> Choice:
    """Return `choice` with the base URL of its current entry, if its own has gone."""
    entries = _entries(project, step, choice.auth_type)
    named = [each for each in entries if choice.model in by_id([each])]
    urls = [model.get("baseUrl") for model in named]
    if choice.base_url and urls and choice.base_url not in urls:
        return choice._replace(base_url=_url(project, step, named[0]))
    return choice


def _first(project: Project, step: PlanUpgrade) -> dict[str, Any] | None:
    written = target(project, step.there.target.scope)
    return next(iter(by_id(owned(step.there.plan, written.value)).values()), None)


def _url(project: Project, step: PlanUpgrade, model: dict[str, Any]) -> str | None:
    """Return the base URL that selects `model`, if the client uses one."""
    url = model.get("baseUrl")
    return url if isinstance(url, str) and _selects_url(project, step) else None


def _selects_url(project: Project, step: PlanUpgrade) -> bool:
    if project.client.name != GUIDE or step.aim is None:
        return project.client.selects_url
    try:
        return profile(step.aim.template.version).selects_url
    except UsageError:  # older than every known release
        return False


def _selected(project: Project, step: PlanUpgrade, choice: Choice, said: str) -> SelectionAfter:
    aim = target(project, step.there.target.scope)
    if choice == selected_by(project.sources):
        return SelectionAfter(choice, said)
    draft = Draft(aim.value)
    choose(draft, choice)
    files = aim.file_change(aim.edited(draft.finish().operations))
    after = aim.sources_after(project, draft.settings)
    warnings = tuple(overridden(after, aim.scope, choice))
    return SelectionAfter(selected_by(after), said, files, warnings)
