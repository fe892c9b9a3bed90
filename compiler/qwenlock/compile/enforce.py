"""The settings that make a client run what a lock says: for the system scope, above all others.

CLIENT.md, modelProviders: no release honours REPLACE, but in the system scope an empty array makes
a provider vanish, and the selection there is the one that counts. Nobody's files are touched.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qwenlock.clients.profile import API_KEY_VARIABLES
from qwenlock.compile.catalogue import settings_entry
from qwenlock.compile.scopes import CURRENT_VERSION, PROTOCOLS, merge

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qwenlock.lockfile.model import Lock, Selection


def enforcing_settings(lock: Lock, scopes: Sequence[Any]) -> dict[str, Any]:
    """Return settings for the system scope that make every release do what `lock` says.

    They offer exactly the locked catalogue and select the locked model. Each model stands under its
    auth type, whatever provider id it had: so it needs no `providerProtocol`, which releases before
    0.21 do not read, and no other scope's can send it elsewhere. A runtime model's
    generationConfig is merged over that of lower scopes, which is where the lock has it from.

    Args:
        lock: what to enforce.
        scopes: the settings of every scope of this machine. The keys of their `modelProviders` that
            the lock has no models for are emptied.
    """
    providers: dict[str, list[dict[str, Any]]] = {}
    for model in lock.models:
        providers.setdefault(model.auth_type, []).append(settings_entry(model))
    for name in _keys(scopes, "modelProviders"):
        providers.setdefault(name, [])
    mapped = {name: name for name in _keys(scopes, PROTOCOLS) if providers.get(name)}
    return {
        "$version": CURRENT_VERSION,
        "modelProviders": providers,
        **({PROTOCOLS: mapped} if mapped else {}),
        "security": {"auth": _auth(lock.selection)},
        "model": _model(lock.selection),
    }


def over(system: dict[str, Any], enforcing: dict[str, Any]) -> dict[str, Any]:
    """Return the settings of a system scope with `enforcing` over them; the rest stays.

    Args:
        system: what the machine's own system file says, at the current settings version.
        enforcing: what `enforcing_settings` gave for all scopes, this one too.
    """
    result: dict[str, Any] = merge(system, enforcing)
    return result


def _keys(scopes: Sequence[Any], name: str) -> list[str]:
    """Return every key of the object `name` in the settings of `scopes`, sorted."""
    found: set[str] = set()
    for settings in scopes:
        value = settings.get(name) if isinstance(settings, dict) else None
        if isinstance(value, dict):
            found.update(value)
    return sorted(found)


def _auth(selection: Selection) -> dict[str, Any]:
    auth = {"selectedType": selection.auth_type}
    if selection.kind == "runtime":
        if selection.base_url is not None:
            auth["baseUrl"] = selection.base_url
        if selection.env_key not in (None, API_KEY_VARIABLES.get(selection.auth_type)):
            auth["apiKey"] = f"${selection.env_key}"
    return auth


def _model(selection: Selection) -> dict[str, Any]:
    """Return `model` for a selection; its `baseUrl` is always there, to hide an inherited one.

    From 0.21 it chooses between entries of one id, and an empty one counts as absent.
    """
    model: dict[str, Any] = {}
    if selection.model is not None:
        model["name"] = selection.model
    model["baseUrl"] = (selection.base_url or "") if selection.kind == "provider" else ""
    if selection.kind == "runtime" and selection.generation_config is not None:
        model["generationConfig"] = selection.generation_config
    return model
