"""Selects a model of the catalogue, as `/model` does: from settings to a change.

Guide, "Selection Persistence and Recommendations" and "Provider Models vs Runtime Models".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwenlock.change import selecting
from qwenlock.change.selecting import Choice
from qwenlock.change.target import check_usable, owning_scope, target
from qwenlock.clients.profile import OAUTH, OAUTH_ENDED
from qwenlock.clients.route import SNAPSHOT_PREFIX
from qwenlock.compile import catalogue
from qwenlock.findings.errors import UsageError
from qwenlock.findings.file_changes import ProjectChange
from qwenlock.settings.script_api import Draft
from qwenlock.text.credentials import shown
from qwenlock.text.similar import suggestion

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qwenlock.settings.project import Project


def select(project: Project, model: str, auth_type: str | None = None) -> ProjectChange:
    """Return the change that selects `model`; without files if it is selected already.

    Args:
        project: the project.
        model: the id of a model that its client offers.
        auth_type: its auth type, if several have a model with that id.

    Raises:
        UsageError: there is no such model, the id is ambiguous, or the scope cannot be written.
        InputError: the settings cannot be changed in their current state.
    """
    wanted = _find(project, model, auth_type)
    to = target(project, owning_scope(project))
    before = selecting.chosen(project.sources)
    if before is not None and _is_same(before, wanted):
        reason = f"{wanted} is already selected"
        return ProjectChange(reasons=(reason,), report=_report(to.scope, to.label, before, wanted))
    check_usable(to, selecting.PATHS)
    draft = Draft(to.value)
    selecting.choose(draft, wanted)
    after = to.sources_after(project, draft.settings)
    return ProjectChange(
        files=to.file_change(to.edited(draft.finish().operations)),
        reasons=(f"select {wanted} in {to.label}",),
        warnings=tuple(selecting.overridden(after, to.scope, wanted)),
        report=_report(to.scope, to.label, before, wanted),
    )


def _find(project: Project, model: str, auth_type: str | None) -> Choice:
    if model.startswith(SNAPSHOT_PREFIX):
        raise UsageError(
            "settings cannot select a runtime model: it exists only while the client runs",
            "define it in modelProviders, or choose it with /model in the client",
        )
    if project.client.refuses_oauth and OAUTH in (auth_type, _oauth_type(project, model)):
        message = (
            f"the free tier of Qwen OAuth ended on {OAUTH_ENDED}, and Qwen Code "
            f"{project.client.name} refuses to run with it"
        )
        raise UsageError(message, "select a model of modelProviders")
    known_types = project.client.auth_types
    if auth_type not in (None, *known_types):
        known = ", ".join(known_types)
        fix = suggestion(str(auth_type), known_types)
        raise UsageError(f"{shown(str(auth_type))!r} is not an auth type; use one of {known}", fix)
    offered = [choice for choice in _offered(project) if auth_type in (None, choice.auth_type)]
    selected = selecting.chosen(project.sources)
    found: dict[str, Choice] = {}
    for choice in offered:  # of several with this id, the one that is selected stays so
        if choice.model == model and (choice == selected or choice.auth_type not in found):
            found[choice.auth_type] = choice
    if not found:
        near = suggestion(model, tuple(choice.model for choice in offered))
        raise UsageError(
            f"the model {shown(model)!r} is not offered",
            near or "run `qwenlock show` to list the models",
        )
    if len(found) > 1:
        raise UsageError(
            f"{shown(model)} is defined for {' and '.join(found)}",
            f"add --auth-type {'|'.join(found)}",
        )
    return next(iter(found.values()))


def _offered(project: Project) -> Iterator[Choice]:
    client = project.client
    for entry in catalogue.build(project.sources, client, project.plans, lambda _: None):
        url = entry.model.base_url if client.selects_url else None
        yield Choice(entry.model.auth_type, entry.model.id, url)
    for model in () if client.refuses_oauth else client.oauth_models:
        yield Choice(OAUTH, model)


def _oauth_type(project: Project, model: str) -> str | None:
    """Return qwen-oauth for one of its models, unless an entry has that id."""
    entries = {choice.model for choice in _offered(project)}
    return OAUTH if model in {*project.client.oauth_models} - entries else None


def _is_same(before: Choice, wanted: Choice) -> bool:
    return before[:2] == wanted[:2] and (
        wanted.base_url is None or before.base_url in (None, wanted.base_url)
    )


def _report(scope: str, label: str, before: Choice | None, after: Choice) -> dict[str, object]:
    return {
        "scope": scope,
        "file": label,
        "selection": {"from": None if before is None else str(before), "to": str(after)},
    }
