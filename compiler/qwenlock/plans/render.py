"""From a template to the models it says, checked to be models of its plan."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NoReturn

from qwenlock.plans.sandbox import run, template_error

if TYPE_CHECKING:
    from qwenlock.plans.plan import Model, Plan, Region, Template

_STRINGS = ("id", "name", "envKey", "baseUrl")


def render(plan: Plan, template: Template, region: Region) -> list[Model]:
    """Return the models that `template` says for `region`, keys in the order it writes them.

    The template's names are `plan.title`, `plan.env_key`, `region.name`, `region.base_url` and
    `region.text`.

    Raises:
        InputError: the template is broken, or renders to something that is not a list of the
            plan's models; the message has the file and, where known, the line.
    """
    values = {
        "plan": {"title": plan.title, "env_key": plan.env_key},
        "region": {"name": region.name, "base_url": region.base_url, "text": dict(region.text)},
    }
    text = _rendered(template.text, template.file, json.dumps(values))
    try:
        models = json.loads(text, object_pairs_hook=_object, parse_constant=_refuse_constant)
        return _checked(models, {"envKey": plan.env_key, "baseUrl": region.base_url})
    except (ValueError, RecursionError) as error:
        problem = f"what it renders to in region {region.name} is no list of models: {error}"
        raise template_error(template.file, problem) from error


@lru_cache(maxsize=256)
def _rendered(text: str, file: str, values: str) -> str:
    """Return what a template renders to; recognising models asks for the same ones repeatedly."""
    return run(text, file, json.loads(values))


def _object(members: list[tuple[str, Any]]) -> Model:
    values = dict(members)
    if len(values) < len(members):
        raise ValueError(
            f"a key stands twice in one object: {', '.join(key for key, _ in members)}"
        )
    return values


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")


def _checked(models: Any, fixed: dict[str, str]) -> list[Model]:
    """Return `models` if they are a plan's: `fixed` are the fields that all of them share."""
    if not isinstance(models, list) or not models:
        raise ValueError("it is no array, or an empty one")
    for index, model in enumerate(models):
        _check_model(model, fixed, f"[{index}]")
    identifiers = [model["id"] for model in models]
    if len(set(identifiers)) < len(identifiers):
        raise ValueError(f"an id stands twice: {', '.join(identifiers)}")
    return models


def _check_model(model: Any, fixed: dict[str, str], place: str) -> None:
    if not isinstance(model, dict):
        raise ValueError(f"{place} is no object")
    for key in _STRINGS:
        if not isinstance(model.get(key), str):
            raise ValueError(f"{place}.{key} is no string")
    for key, value in fixed.items():
        if model[key] != value:
            raise ValueError(f"{place}.{key} is {model[key]!r}, where the plan has {value!r}")
