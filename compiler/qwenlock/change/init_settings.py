"""Creates settings for a project from the variables that are set; keys are never written.

The variables of each auth type: How Qwen Code reads settings, "Variables".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qwenlock.change.target import target
from qwenlock.change.upgrade import upgrade
from qwenlock.change.upgrade_data import UpgradeWishes
from qwenlock.clients.profile import (
    API_KEY_VARIABLES,
    BASE_URL_VARIABLES,
    MODEL_VARIABLES,
    OAUTH,
)
from qwenlock.compile.compiler import compile_lock
from qwenlock.findings.errors import InputError, UsageError
from qwenlock.findings.reading import parse
from qwenlock.settings.scopes import PROVIDERS
from qwenlock.settings.versions import source_of
from qwenlock.text.operations import Set
from qwenlock.text.record import replace

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from qwenlock.clients.profile import Profile
    from qwenlock.findings.file_changes import FileChange
    from qwenlock.plans.plan import Plan
    from qwenlock.settings.project import Project


def usable(variables: Mapping[str, str], client: Profile, plans: Sequence[Plan]) -> list[str]:
    """Return the names of the variables that hold keys for which models can be created."""
    names = [API_KEY_VARIABLES[each] for each in _auth_types(variables, client)]
    return list(dict.fromkeys([*names, *(plan.env_key for plan in _plans(variables, plans))]))


def settings_from(
    project: Project, variables: Mapping[str, str], region: str | None
) -> tuple[FileChange, list[str]]:
    """Return the project's settings as a new file, and warnings.

    Args:
        project: a project without settings of its own; if no plan is installed, the default model
            of its client is used.
        variables: the variables of a client in the project; values of keys are not read.
        region: the region of a plan whose key is set; without a region, no plan is installed.

    Raises:
        UsageError: no model can be created from the variables.
        InputError: the settings made from the variables cannot be locked.
    """
    client, plans = project.client, project.plans
    aim = target(project, "project")
    installed = [plan for plan in _plans(variables, plans) if region in plan.regions]
    types = [
        each
        for each in _auth_types(variables, client)
        if not installed or _named_model(each, variables)
    ]
    if not types and not installed:
        fix = _missing(variables, plans)
        raise UsageError("no model can be created from the variables that are set", fix)
    first = [
        Set(("security", "auth", "selectedType"), types[0]),
        Set(("model", "name"), _model(types[0], variables, client)),
    ] if types else []  # fmt: skip
    entries = [Set((*PROVIDERS, each), [_entry(each, variables, client)]) for each in types]
    text = aim.edited([*entries, *first])
    for plan in installed:
        # Without the user scope: the user's own record of the plan does not belong to the project.
        alone = replace(project, sources=(source_of("project", parse(text, aim.label)),))
        wishes = UpgradeWishes(plans=(plan.id,), region=region, scope="project")
        text = upgrade(alone, wishes).files[0].after
    compiled = compile_lock([source_of("project", parse(text, aim.label))], plans, client)
    if compiled.lock is None:
        message = "the settings made from these variables cannot be locked"
        raise InputError(message, findings=compiled.findings)
    warnings = [_region_of(plan) for plan in _plans(variables, plans) if plan not in installed]
    return aim.file_change(text)[0], warnings


def _auth_types(variables: Mapping[str, str], client: Profile) -> list[str]:
    """Return the auth types whose key is set and whose model is known."""
    return [
        each
        for each in client.auth_types
        if each != OAUTH
        if variables.get(API_KEY_VARIABLES[each]) and _model(each, variables, client)
    ]


def _plans(variables: Mapping[str, str], plans: Sequence[Plan]) -> list[Plan]:
    return [plan for plan in plans if variables.get(plan.env_key)]


def _model(auth_type: str, variables: Mapping[str, str], client: Profile) -> str | None:
    return _named_model(auth_type, variables) or dict(client.default_models).get(auth_type)


def _named_model(auth_type: str, variables: Mapping[str, str]) -> str | None:
    named = (variables.get(name) for name in MODEL_VARIABLES[auth_type])
    return next(filter(None, named), None)


def _entry(auth_type: str, variables: Mapping[str, str], client: Profile) -> dict[str, Any]:
    url = BASE_URL_VARIABLES.get(auth_type)
    entry = {
        "id": _model(auth_type, variables, client),
        "envKey": API_KEY_VARIABLES[auth_type],
        "baseUrl": url and variables.get(url),
    }
    return {name: value for name, value in entry.items() if value}


def _region_of(plan: Plan) -> str:
    return f"{plan.env_key} is set: add --region {'|'.join(plan.regions)} to install {plan.title}"


def _missing(variables: Mapping[str, str], plans: Sequence[Plan]) -> str:
    for plan in _plans(variables, plans):
        return _region_of(plan)
    for auth_type, key in API_KEY_VARIABLES.items():
        if variables.get(key):
            return f"{key} is set: also set {MODEL_VARIABLES[auth_type][0]}"
    return f"set {', '.join(dict.fromkeys(API_KEY_VARIABLES.values()))}, or add it to .env"
