"""Selects a model of the catalogue, as `/model` does: from settings to a change.

Guide, "Selection Persistence and Recommendations" and "Provider Models vs Runtime Models".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwenlock.change.selection import SELECTION_PATHS, Choice, choose, overridden, selected_by
from qwenlock.change.target import check_usable, owning_scope, target
from qwenlock.clients.profile import OAUTH, OAUTH_ENDED
from qwenlock.clients.route import SNAPSHOT_PREFIX
from qwenlock.compile import catalogue
from qwenlock.findings.errors import UsageError
from qwenlock.findings.file_changes import ProjectChange
from qwenlock.settings.providers import providers
from qwenlock.settings.scopes import owner
from qwenlock.settings.script_api import Draft
from qwenlock.text.credentials import shown
from qwenlock.text.record import replace
from qwenlock.text.similar import suggestion

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from qwenlock.clients.profile import Profile
    from qwenlock.clients.scopes import ScopeName
    from qwenlock.settings.project import Project


def select(
    project: Project,
    model: str,
    auth_type: str | None = None,
    *,
    base_url: str | None = None,
    scope: ScopeName | None = None,
) -> ProjectChange:
    """Return the change that selects `model`; without files if it is selected already.

    Args:
        project: the project.
        model: the id of a model that its client offers; in the user's scope, of one that it
            offers in other directories.
        auth_type: its auth type, if several have a model with that id.
        base_url: its base URL, if several entries have that id.
        scope: the scope to write to; by default, the nearest that has modelProviders.

    Raises:
        UsageError: there is no such model, the id is ambiguous, or the scope cannot be written.
        InputError: the settings cannot be changed in their current state.
    """
    to = target(project, scope or owning_scope(project))
    there = _read_by(project, scope)
    wanted = _find(there, model, auth_type, base_url)
    before = selected_by(there.sources)
    if before is not None and _is_same(before, wanted, there):
        reason = f"{wanted} is already selected"
        return ProjectChange(reasons=(reason,), report=_report(to.scope, to.label, before, wanted))
    check_usable(to, SELECTION_PATHS)
    draft = Draft(to.value)
    choose(draft, wanted)
    after = to.sources_after(project, draft.settings)
    return ProjectChange(
        files=to.file_change(to.edited(draft.finish().operations)),
        reasons=(f"select {wanted} in {to.label}",),
        warnings=(
            *overridden(after, to.scope, wanted),
            *_hidden(project, there, wanted),
        ),
        report=_report(to.scope, to.label, before, wanted),
    )


def offered(project: Project, scope: ScopeName | None = None) -> list[Choice]:
    """Return the models that can be selected, in order, each once."""
    return list(dict.fromkeys(choice for choice, _ in _offered(_read_by(project, scope))))


def _read_by(project: Project, scope: ScopeName | None) -> Project:
    """Return the project; for the user's scope, what a client reads in other directories."""
    if scope != "user":
        return project
    return replace(project, sources=tuple(s for s in project.sources if s.scope != "project"))


def _hidden(here: Project, there: Project, wanted: Choice) -> Iterator[str]:
    """Yield a warning if the project hides the model that was selected for other directories."""
    owning = owner(here.sources)
    known = {choice[:2] for choice, _ in _offered(here)}
    if here is not there and owning is not None and wanted[:2] not in known:
        yield f"modelProviders in {owning.document.label} hides {wanted} here"


def _find(
    project: Project, model: str, auth_type: str | None, base_url: str | None = None
) -> Choice:
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
    there = [each for each in _offered(project) if auth_type in (None, each[0].auth_type)]
    named = [each for each in there if each[0].model == model]
    selected = selected_by(project.sources)
    found: dict[str, Choice] = {}
    for choice in _at(model, base_url, named, project.client):
        if choice == selected or choice.auth_type not in found:  # what is selected stays so
            found[choice.auth_type] = choice
    if not found and auth_type is None and _is_defined(project, model):
        raise UsageError(
            f"the entry of {shown(model)} has an error, so it cannot be selected",
            "run `qwenlock lint` to see the error",
        )
    if not found:
        near = suggestion(model, tuple(choice.model for choice, _ in there))
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


def _at(
    model: str, base_url: str | None, named: Sequence[tuple[Choice, str | None]], client: Profile
) -> list[Choice]:
    """Return those of the entries `named` like the model that are at `base_url`; None for all."""
    there = [choice for choice, url in named if base_url in (None, url)]
    if base_url is None or not named:
        return there
    if not there:
        urls = " or ".join(shown(url) for url in dict.fromkeys(url for _, url in named) if url)
        raise UsageError(f"{shown(model)} is not offered at {shown(base_url)}", f"use {urls}")
    if not client.selects_url and named[0][1] != base_url:
        message = (
            f"this client uses the first {shown(model)}, and cannot select one by its base URL"
        )
        raise UsageError(message, "move that model to the front, or use --client 0.21.2 or later")
    return there


def _offered(project: Project) -> Iterator[tuple[Choice, str | None]]:
    """Yield what can be selected, each with its base URL."""
    client = project.client
    for entry in catalogue.build(project.sources, client, project.plans, lambda _: None):
        url = entry.model.base_url if client.selects_url else None
        yield Choice(entry.model.auth_type, entry.model.id, url), entry.model.base_url
    for model in () if client.refuses_oauth else client.oauth_models:
        yield Choice(OAUTH, model), None


def _is_defined(project: Project, model: str) -> bool:
    """Tell whether an entry has that id, whatever else is wrong with it."""
    there = providers(project.sources, project.client, project.merge)
    known = [each for each in there if each.why_skipped(project.client) is None]
    return any(entry.value.get("id") == model for each in known for entry in each.models())


def _oauth_type(project: Project, model: str) -> str | None:
    """Return qwen-oauth for one of its models, unless an entry has that id."""
    entries = {choice.model for choice, _ in _offered(project)}
    return OAUTH if model in {*project.client.oauth_models} - entries else None


def _is_same(before: Choice, wanted: Choice, project: Project) -> bool:
    if before[:2] != wanted[:2]:
        return False
    if before.base_url or wanted.base_url is None:
        return wanted.base_url in (None, before.base_url)
    choices = offered(project)
    at = before.index_in(choices, project.client)
    return at is not None and choices[at] == wanted


def _report(scope: str, label: str, before: Choice | None, after: Choice) -> dict[str, object]:
    return {
        "scope": scope,
        "file": label,
        "selection": {"from": None if before is None else str(before), "to": str(after)},
    }
