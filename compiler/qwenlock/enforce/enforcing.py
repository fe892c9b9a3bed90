"""The settings that make a client run what a lock says: for the system scope, above all others.

No release follows REPLACE. But in the system scope an empty array removes a provider's models, and
the selection there wins (How Qwen Code reads settings, "Merging"). The user's files do not change.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qwenlock.clients.other_models import OTHER_MODELS
from qwenlock.clients.other_models import other_models as settings_of
from qwenlock.clients.profile import (
    API_KEY_VARIABLES,
    BASE_URL_VARIABLES,
    MODEL_VARIABLES,
    profile,
)
from qwenlock.lock.model import settings_entry
from qwenlock.settings.scopes import CURRENT_VERSION, PROTOCOLS, merge
from qwenlock.text.operations import get

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from qwenlock.lock.model import Lock, Selection


def enforcing_settings(lock: Lock, scopes: Sequence[Any]) -> dict[str, Any]:
    """Return settings for the system scope that make every release do what `lock` says.

    They offer exactly the locked catalogue, select the locked model, and name the other locked
    models. Each model is listed under its auth type, whatever key it had in `modelProviders`. So it
    does not need `providerProtocol`, which releases before 0.21 do not read, and the
    `providerProtocol` of another scope cannot send it elsewhere. For a runtime model, they override
    every setting that other scopes have for it, and empty those that the lock does not have.

    They do not make a selection that is undecided or that only a default made: the client knows
    which variables are set.

    Args:
        lock: what to enforce.
        scopes: the settings of every scope of this machine, at the current settings version. The
            keys of their `modelProviders` that the lock has no models for are emptied.
    """
    below: Any = {}
    for each in scopes:
        below = _together(below, each)
    providers: dict[str, list[dict[str, Any]]] = {}
    for model in lock.models:
        providers.setdefault(model.auth_type, []).append(settings_entry(model))
    for name in sorted(_object(below, "modelProviders")):
        providers.setdefault(name, [])
    mapped = {name: name for name in sorted(_object(below, PROTOCOLS)) if providers.get(name)}
    settings: dict[str, Any] = {
        "$version": CURRENT_VERSION,
        "modelProviders": providers,
        **({PROTOCOLS: mapped} if mapped else {}),
    }
    chosen = lock.selection
    auth = _auth(chosen, _object(below, "security", "auth"))
    if auth:
        settings["security"] = {"auth": auth}
    if chosen.is_chosen:
        settings["model"] = _model(chosen, _object(below, "model"))
    for path, value in _other_models(lock, below):
        settings |= merge(settings, _nested(path, value))
    return settings


def over(system: dict[str, Any], enforcing: dict[str, Any]) -> dict[str, Any]:
    """Return the settings of a system scope, overridden by `enforcing`; the rest stays.

    Args:
        system: the settings of the machine's own system file, at the current settings version.
        enforcing: what `enforcing_settings` returned for all scopes, this one included.
    """
    result: dict[str, Any] = merge(system, enforcing)
    return result


def overriding(lock: Lock) -> dict[str, str]:
    """Return the variables that override `lock` in a client, each with the locked value.

    For a runtime model, variables override all settings (guide, Resolution Layers and Atomicity).
    For an entry, only the base URL does, if the entry has none. The value is empty if the lock has
    none: for a key, and for such a base URL.
    """
    chosen = lock.selection
    auth_type = chosen.auth_type or ""
    variables = {each.role: each.variable for each in OTHER_MODELS if each.variable}
    said = {
        variables[other.role]: other.value for other in lock.other_models if other.role in variables
    }
    if not chosen.is_chosen:
        return said
    if chosen.kind != "runtime":
        entry = lock.selected()
        lacks_url = entry is not None and entry.base_url is None
        variable = BASE_URL_VARIABLES.get(auth_type) if lacks_url else None
        return said | ({variable: ""} if variable else {})
    if chosen.model is not None:
        said |= dict.fromkeys(MODEL_VARIABLES.get(auth_type, ()), chosen.model)
    if chosen.base_url is not None and auth_type in BASE_URL_VARIABLES:
        said[BASE_URL_VARIABLES[auth_type]] = chosen.base_url
    usual = API_KEY_VARIABLES.get(auth_type)
    if usual is not None and chosen.env_key not in (None, usual):
        said[usual] = ""
    return said


def _other_models(lock: Lock, below: Any) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield the settings that name other models, each with its value; empty for no model.

    These are the settings that the lock has, and those that scopes `below` have and the lock has
    not. Settings that the lock's client or format does not know are left out.
    """
    for setting in () if lock.is_old else settings_of(profile(lock.client)):
        here = [other for other in lock.other_models if other.role == setting.role]
        inherited = get(below, setting.path)
        if setting.form == "map":
            names = dict.fromkeys(inherited, "") if isinstance(inherited, dict) else {}
            for name, value in (names | {str(each.name): each.value for each in here}).items():
                yield (*setting.path, name), value
        elif here or inherited:
            yield setting.path, ",".join(each.value for each in here)


def _nested(path: tuple[str, ...], value: Any) -> Any:
    for key in reversed(path):
        value = {key: value}
    return value


def _together(one: Any, other: Any) -> Any:
    """Return one value with the keys of both; an object comes before any other value."""
    if not isinstance(other, dict):
        return one if isinstance(one, dict) else other
    if not isinstance(one, dict):
        return other
    return {**one, **{key: _together(one.get(key), value) for key, value in other.items()}}


def _object(settings: Any, *path: str) -> dict[str, Any]:
    """Return the object at `path` of `settings`; an empty one if there is none."""
    value = get(settings, path)
    return value if isinstance(value, dict) else {}


def _auth(selection: Selection, below: dict[str, Any]) -> dict[str, Any]:
    """Return `security.auth` for a selection, over what is `below`.

    An empty `baseUrl` counts as absent. `apiKey` is left alone: a key that the lock needs may be in
    a scope below, and must not be copied here.
    """
    auth = {}
    if selection.enforced_type is not None:
        auth["enforcedType"] = selection.enforced_type
    if not selection.is_chosen or selection.auth_type is None:
        return auth
    auth["selectedType"] = selection.auth_type
    if selection.kind == "runtime":
        if selection.base_url is not None or below.get("baseUrl"):
            auth["baseUrl"] = selection.base_url or ""
        if selection.env_key not in (None, API_KEY_VARIABLES.get(selection.auth_type)):
            auth["apiKey"] = f"${selection.env_key}"
    return auth


def _model(selection: Selection, below: dict[str, Any]) -> dict[str, Any]:
    """Return `model` for a selection, over what is `below`.

    Its `baseUrl` is always there, to hide an inherited one: from 0.21 it chooses between entries of
    one id, and an empty one counts as absent. So does an empty name.
    """
    model: dict[str, Any] = {}
    if selection.model is not None or below.get("name"):
        model["name"] = selection.model or ""
    model["baseUrl"] = (selection.base_url or "") if selection.kind == "provider" else ""
    if selection.kind == "runtime":
        wanted, inherited = selection.generation_config, below.get("generationConfig")
        if wanted is not None or inherited:
            model["generationConfig"] = _alone(wanted, inherited)
    return model


def _alone(wanted: Any, below: Any) -> Any:
    """Return an object that, merged over `below`, leaves only what is `wanted`.

    Scopes merge key by key, so keys that are not wanted become null. A client treats null as
    absent: measured with 0.12.0 and 0.24.4. But inside `samplingParams` and `extra_body` it sends
    the null.
    """
    if not (isinstance(wanted, dict) and isinstance(below, dict)):
        return wanted
    unwanted = dict.fromkeys(sorted(below.keys() - wanted.keys()))
    return {**{key: _alone(wanted[key], below.get(key)) for key in wanted}, **unwanted}
