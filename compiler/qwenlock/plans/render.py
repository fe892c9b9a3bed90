"""Renders a template to its models, and checks that they belong to the plan."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NoReturn

from qwenlock.plans.sandbox import run, template_error

if TYPE_CHECKING:
    from collections.abc import Mapping

_STRINGS = ("id", "name", "envKey", "baseUrl")


def render(text: str, file: str, names: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the models that a template renders to, with keys in the order of the template.

    Args:
        text: the template.
        file: the file, as messages name it.
        names: what the template may print: `plan.title`, `plan.env_key`, `plan.name_prefix`,
            `region.name`, `region.base_url` and `region.text`.

    Raises:
        InputError: the template is broken, or renders to something that is not a list of the
            plan's models; the message has the file and, where known, the line.
    """
    rendered = _rendered(text, file, json.dumps(names))
    plan, region = names["plan"], names["region"]
    try:
        models = json.loads(rendered, object_pairs_hook=_object, parse_constant=_refuse_constant)
        return _checked(models, {"envKey": plan["env_key"], "baseUrl": region["base_url"]})
    except (ValueError, RecursionError) as error:
        problem = f"in region {region['name']} it does not render to a list of models: {error}"
        raise template_error(file, problem) from error


@lru_cache(maxsize=256)
def _rendered(text: str, file: str, names: str) -> str:
    """Return the models of a template; cached, because recognising asks for them repeatedly."""
    return run(text, file, json.loads(names))


def _object(members: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(members)
    if len(values) < len(members):
        keys = ", ".join(key for key, _ in members)
        raise ValueError(f"a key appears twice in one object: {keys}")
    return values


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def _checked(models: Any, fixed: dict[str, str]) -> list[dict[str, Any]]:
    """Return `models` if they are a plan's: `fixed` are the fields that all of them share."""
    if not isinstance(models, list) or not models:
        raise ValueError("it is not an array, or it is empty")
    for index, model in enumerate(models):
        _check_model(model, fixed, f"[{index}]")
    identifiers = [model["id"] for model in models]
    if len(set(identifiers)) < len(identifiers):
        raise ValueError(f"an id appears twice: {', '.join(identifiers)}")
    return models


def _check_model(model: Any, fixed: dict[str, str], place: str) -> None:
    if not isinstance(model, dict):
        raise ValueError(f"{place} is not an object")
    for key in _STRINGS:
        if not isinstance(model.get(key), str):
            raise ValueError(f"{place}.{key} is not a string")
    for key, value in fixed.items():
        if model[key] != value:
            raise ValueError(f"{place}.{key} is {model[key]!r}, but the plan has {value!r}")
