"""Begins a user's own plan: from models in settings to its `plan.toml` and first template."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from qwenlock.findings.errors import InputError, UsageError
from qwenlock.plans.capture import Captured, capture
from qwenlock.plans.definition import plan_of
from qwenlock.plans.digest import models_digest
from qwenlock.plans.files import DEFINITION, PlanFile
from qwenlock.settings.scopes import PROVIDERS
from qwenlock.text.credentials import is_variable_name, shown
from qwenlock.text.operations import get
from qwenlock.text.pattern import pattern

if TYPE_CHECKING:
    from qwenlock.plans.plan import Plan, PlanModel
    from qwenlock.settings.scopes import Source

REGION = "default"
"""What the only region of a new plan is called, if no name is given."""

_ID = pattern(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_PREFIX = pattern(r"\[[^\]]+\] ")


def begun(
    source: Source, plan_id: str, env_key: str, version: str, region: str = REGION
) -> tuple[str, Plan, Captured]:
    """Return the text of a new plan's `plan.toml`, the plan, and its first template.

    Args:
        source: settings that hold the models.
        plan_id: what the plan's folder is called.
        env_key: the variable that its models have.
        version: the name of the first version.
        region: the name of its region.

    Raises:
        UsageError: a name cannot be used.
        InputError: the settings have no such models, or no template can render them.
    """
    if not _ID.fullmatch(plan_id):
        fix = "use letters, digits, - and _, and begin with a letter or digit"
        raise UsageError(f"{plan_id!r} cannot be the id of a plan", fix)
    if not is_variable_name(env_key):
        raise UsageError(f"{env_key!r} is not the name of a variable", "name an envKey")
    auth_type, models = _models(source, env_key)
    text = _definition(plan_id, auth_type, env_key, region, models)
    plan = plan_of(plan_id, PlanFile(DEFINITION, DEFINITION, text), [])
    state = list(plan.states.values())[-1]
    found = capture(plan, version, plan.regions[region], models, state, models_digest(models))
    return text, plan, found


def _models(source: Source, env_key: str) -> tuple[str, list[PlanModel]]:
    """Return the models with the variable, and the auth type that they stand under."""
    label = source.document.label
    held = get(source.settings, PROVIDERS)
    found = {
        name: [each for each in entries if isinstance(each, dict) and each.get("envKey") == env_key]
        for name, entries in (held.items() if isinstance(held, dict) else ())
        if isinstance(entries, list)
    }
    having = {name: models for name, models in found.items() if models}
    if len(having) != 1:
        said = f"they are under {' and '.join(map(shown, having))}" if having else "there are none"
        raise InputError(
            f"{label}: a plan needs models with the envKey {env_key} under one auth type; {said}",
            "name the variable of the models that the plan should have",
        )
    ((auth_type, models),) = having.items()
    for model in models:
        for key in ("id", "name", "baseUrl"):
            if not isinstance(model.get(key), str):
                name = shown(str(model.get("id")))
                raise InputError(f"{label}: the model {name} has no {key}", f"add its {key}")
    urls = list(dict.fromkeys(model["baseUrl"] for model in models))
    if len(urls) > 1:
        raise InputError(
            f"{label}: the models with the envKey {env_key} have several endpoints: "
            f"{', '.join(map(shown, urls))}",
            "capture one at a time, and write the other regions into plan.toml yourself",
        )
    return auth_type, models


def _definition(
    plan_id: str, auth_type: str, env_key: str, region: str, models: list[PlanModel]
) -> str:
    found = {match[0] if (match := _PREFIX.match(each["name"])) else "" for each in models}
    prefix = found.pop() if len(found) == 1 else ""
    owns = f"owns.name-prefix = {json.dumps(prefix)}" if prefix else "owns.endpoint = true"
    title = prefix.strip("[] ") or plan_id
    return "\n".join(
        [
            "# What every version of this plan shares: docs/reference/plan-files.md.",
            f"title = {json.dumps(title)}",
            f"auth-type = {json.dumps(auth_type)}",
            f"env-key = {json.dumps(env_key)}",
            'client = ">=0.10.1"',
            owns,
            "",
            f"[regions.{json.dumps(region) if not _ID.fullmatch(region) else region}]",
            f"base-url = {json.dumps(models[0]['baseUrl'])}",
            "",
        ]
    )
