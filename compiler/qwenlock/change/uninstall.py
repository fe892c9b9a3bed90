"""Uninstalls a plan: its models and its record, and its key if the user wants that.

How Qwen Code reads settings, "Plans".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qwenlock.change import upgrade_report as said_of
from qwenlock.change.plan_in_file import array, owned
from qwenlock.change.plan_models import by_id, is_owned
from qwenlock.change.selection import selected_by
from qwenlock.change.target import check_usable, dotted, target, without_empty
from qwenlock.clients.other_models import other_models
from qwenlock.clients.profile import API_KEY_VARIABLES
from qwenlock.clients.scopes import WRITABLE
from qwenlock.findings.errors import InputError
from qwenlock.findings.file_changes import FileChange, ProjectChange
from qwenlock.plans.collection import Plans
from qwenlock.settings.plan_state import recorded_paths
from qwenlock.settings.providers import providers_in
from qwenlock.settings.scopes import PROVIDERS, merged
from qwenlock.settings.script_api import Draft
from qwenlock.settings.variables import references_in
from qwenlock.text import dotenv
from qwenlock.text.credentials import shown
from qwenlock.text.operations import Remove, get
from qwenlock.text.record import dataclass, replace

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qwenlock.change.target import Target
    from qwenlock.clients.scopes import ScopeName
    from qwenlock.plans.plan import Plan
    from qwenlock.settings.project import Project
    from qwenlock.settings.scopes import Source
    from qwenlock.settings.variables import EnvFile
    from qwenlock.text.operations import Path


@dataclass(frozen=True, slots=True)
class _KeyPlace:
    """A place that holds the plan's key: settings, or a `.env` file."""

    label: str
    source: Source | None = None
    file: EnvFile | None = None


def uninstall(
    project: Project, plan_id: str, scope: ScopeName | None, *, with_key: bool
) -> ProjectChange:
    """Return the change that removes a plan's models and record.

    Args:
        project: the project, with its `.env` files.
        plan_id: the plan.
        scope: the scope to remove it from; None for every scope that may be written.
        with_key: remove its key, too, where it is in settings or a `.env` file, unless something
            else uses the variable.

    Returns:
        The change; the `key` of its report lists the files that hold a key which may be removed.

    Raises:
        UsageError: there is no such plan.
        InputError: a file cannot be changed in its current state.
    """
    plan = Plans.of(project.plans).plan(plan_id)
    scopes = [each for each in WRITABLE if scope in (None, each)]
    there = [source for each in scopes if (source := project.source(each))]
    users, found = [*_users(plan, project, scopes)], [*_key_places(plan, project, scopes)]
    places = [] if users else found
    files: list[FileChange] = []
    removed: dict[str, list[str]] = {}
    after = project
    for source in there:
        aim = target(project, source.scope)
        with_it = with_key and any(each.source is source for each in places)
        draft = _without_plan(plan, project, aim, with_key=with_it)
        operations = draft.finish().operations
        if operations:
            text = without_empty(aim.edited(operations), draft.settings, _parents(plan))
            files += aim.file_change(text)
            removed[aim.label] = [shown(name) for name in by_id(owned(plan, aim.value))]
            after = after.with_sources([replace(source, settings=draft.settings)])
    comments = list(said_of.comments(files))
    if with_key:
        files += [_without_key(plan, each.file) for each in places if each.file]
    return ProjectChange(
        files=tuple(files),
        reasons=() if files else (f"{plan.title} is not installed",),
        warnings=(
            *_left(plan, project, scopes),
            *_selecting(plan, project, after),
            *(_in_use(plan, found, users) if with_key and users else ()),
            *comments,
        ),
        summary=tuple(_summary(plan, removed, places, with_key=with_key)) if files else (),
        report={
            "status": "installed" if files else "not-installed",
            "plan": plan.id,
            "models": {label: names for label, names in removed.items() if names},
            "key": [each.label for each in places],
        },
    )


def _without_plan(plan: Plan, project: Project, aim: Target, *, with_key: bool) -> Draft:
    check_usable(aim, [array(plan), *recorded_paths(plan)])
    draft, path = Draft(aim.value), array(plan)
    entries = draft.get(path)
    listed = entries if isinstance(entries, list) else []
    for index in reversed(range(len(listed))):
        if is_owned(plan, listed[index]):
            draft.do(Remove((*path, index)))
    hides = sum(each.has(PROVIDERS) for each in project.sources) > 1
    if entries and draft.get(path) == [] and not hides:
        draft.do(Remove(path))
    for recorded in _record(plan):
        if draft.get(recorded) is not None:
            draft.do(Remove(recorded))
    if with_key:
        draft.do(Remove(("env", plan.env_key)))
    return draft


def _parents(plan: Plan) -> list[Path]:
    """Return the objects that may go once they are empty."""
    return [*_record(plan), PROVIDERS, ("env",)]


def _record(plan: Plan) -> Iterator[Path]:
    """Yield the paths of everything that clients record of the plan."""
    for state in plan.states.values():
        named = (state.version, state.region, state.base_url)
        dismissed = (state.ignored_version, state.postponed_version)
        yield from [state.at] if state.at[-1] == plan.id else filter(None, (*named, *dismissed))


def _users(plan: Plan, project: Project, scopes: list[ScopeName]) -> Iterator[str]:
    """Yield what else uses the plan's variable, as messages name it."""
    if plan.env_key in API_KEY_VARIABLES.values():
        yield "the auth type"
    for source in project.sources:
        for provider in providers_in(source, project.sources, project.client):
            for entry in provider.models():
                goes = source.scope in scopes and plan.owns(entry.value)
                if entry.value.get("envKey") == plan.env_key and not goes:
                    yield entry.id
        if plan.env_key in references_in(source.settings, project.client):
            yield source.document.label


def _key_places(plan: Plan, project: Project, scopes: list[ScopeName]) -> Iterator[_KeyPlace]:
    for source in project.sources:
        value = get(source.document.value, ("env", plan.env_key))
        if source.scope in scopes and value is not None:
            yield _KeyPlace(source.document.label, source=source)
    for file in project.env_files:
        at: ScopeName = "user" if file.at == "home" else "project"
        if file.at != "above" and at in scopes and plan.env_key in file.assignments():
            yield _KeyPlace(file.label, file=file)


def _without_key(plan: Plan, file: EnvFile) -> FileChange:
    text = str(file.text)  # it has the variable
    try:
        return FileChange(file.path, file.label, text, dotenv.remove(text, plan.env_key))
    except ValueError:
        raise InputError(
            f"{file.label}: {plan.env_key} cannot be removed without changing another variable",
            "remove it by hand",
        ) from None


def _in_use(plan: Plan, places: list[_KeyPlace], users: list[str]) -> Iterator[str]:
    """Yield the warning that the key stays, with what uses it."""
    where = " and ".join(each.label for each in places)
    if where:
        names = ", ".join(map(shown, dict.fromkeys(users)))
        yield f"the key {plan.env_key} stays in {where}: it is also used by {names}"


def _left(plan: Plan, project: Project, scopes: list[ScopeName]) -> Iterator[str]:
    """Yield warnings about models of the plan that stay in other scopes."""
    for source in project.sources:
        names = by_id(owned(plan, source.settings))
        if source.scope not in scopes and names:
            listed = ", ".join(map(shown, names))
            yield f"{source.document.label} ({source.scope} scope) still has {listed}"


def _selecting(plan: Plan, before: Project, after: Project) -> Iterator[str]:
    """Yield warnings about settings that select a model without an entry."""
    defined, gone = _ids(after), _ids(before) - _ids(after)
    choice = selected_by(after.sources)
    if choice and choice.auth_type == plan.auth_type and choice.model in gone:
        yield f"{choice} is still selected: select another model with `qwenlock select`"
    for setting in other_models(after.client):
        value = merged(after.sources, setting.path)
        named = {name for name in _named(value) if name in gone and name not in defined}
        for name in sorted(named):
            yield f"{dotted(setting.path)} still names {shown(name)}: name another model there"


def _ids(project: Project) -> set[str]:
    return {
        entry.id
        for source in project.sources
        for provider in providers_in(source, project.sources, project.client)
        for entry in provider.models()
    }


def _named(value: Any) -> Iterator[str]:
    """Yield the ids that a setting of another model could name."""
    if isinstance(value, dict):
        for inner in value.values():
            yield from _named(inner)
    elif isinstance(value, str):
        for part in value.split(","):
            name = part.strip().split("\0")[0]
            yield from (name, name.partition(":")[2])


def _summary(
    plan: Plan, removed: dict[str, list[str]], places: list[_KeyPlace], *, with_key: bool
) -> Iterator[str]:
    yield f"uninstall {plan.title}"
    for label, names in removed.items():
        if names:
            yield f"  removed from {label}: {', '.join(names)}"
    if places:
        where = " and ".join(each.label for each in places)
        what = "removed from" if with_key else "stays in"
        yield f"  its key {plan.env_key} {what} {where}"
