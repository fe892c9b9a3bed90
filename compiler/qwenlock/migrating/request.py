"""The request that the client would make: what a migration of credentials must not change.

Guide, Resolution Layers and Atomicity, without flags. The selection that a lock records, which is
made by settings alone, is that of `compile.selection`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from qwenlock.clients.profile import API_KEY_VARIABLES
from qwenlock.compile.scopes import merged
from qwenlock.compile.selection import (
    API_KEY,
    AUTH_TYPE,
    BASE_URL,
    GENERATION_CONFIG,
    MODEL,
    MODEL_URL,
)
from qwenlock.credentials import references, substituted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qwenlock.clients.profile import Profile
    from qwenlock.documents.operations import Path
    from qwenlock.migrating.situation import View

_OWN_VARIABLES = {
    "openai": (("OPENAI_MODEL", "QWEN_MODEL"), "OPENAI_BASE_URL"),
    "anthropic": (("ANTHROPIC_MODEL",), "ANTHROPIC_BASE_URL"),
    "gemini": (("GEMINI_MODEL",), None),
    "vertex-ai": (("GOOGLE_MODEL",), None),
}


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent where; `key` is never to be shown."""

    model: str | None
    base_url: str | None
    generation_config: dict[str, Any]
    key: str | None = field(repr=False)


def auth_type(view: View) -> str | None:
    """Return the auth type that is selected in `view`, if it is one that takes a key."""
    selected = merged(view.sources, AUTH_TYPE)
    return selected if isinstance(selected, str) and selected in API_KEY_VARIABLES else None


def chosen_model(view: View, client: Profile) -> str | None:
    """Return the model that is selected, else the built-in default, else the first entry."""
    chosen = auth_type(view)
    default = dict(client.default_models).get(chosen or "")
    first = next((entry.get("id") for entry in entries(view) if entry.get("id")), None)
    return text_at(view, MODEL) or default or first


def entries(view: View) -> list[dict[str, Any]]:
    """Return the entries of the selected auth type, as they stand."""
    owning = view.owner()
    providers = owning.settings["modelProviders"] if owning else {}
    found = providers.get(auth_type(view)) if isinstance(providers, dict) else None
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def find(
    entries: Sequence[Any], view: View, client: Profile, model: str | None
) -> dict[str, Any] | None:
    """Return the one of `entries` that defines `model`, or None: it is a runtime model."""
    named = [entry for entry in entries if isinstance(entry, dict) and entry.get("id") == model]
    if client.selects_url and (url := text_at(view, MODEL_URL)):
        named = [entry for entry in named if entry.get("baseUrl") == url] or named
    return named[0] if named and model is not None else None


def request(view: View, client: Profile) -> Request | None:
    """Return what the client sends in `view`, or None where it takes no key."""
    chosen = auth_type(view)
    if chosen is None:
        return None
    models, url = _OWN_VARIABLES.get(chosen, _OWN_VARIABLES["openai"])
    own_key = view.variables.get(API_KEY_VARIABLES[chosen]) or _resolved(view, API_KEY)
    model = text_at(view, MODEL)
    entry = find(entries(view), view, client, model)
    if entry is None:
        model = next((view.variables[name] for name in models if name in view.variables), model)
        model = model or chosen_model(view, client)
        entry = find(entries(view), view, client, model)
    if entry is not None:
        key = view.variables.get(str(entry.get("envKey"))) or own_key
        base_url = entry.get("baseUrl") or text_at(view, BASE_URL)
        return Request(model, base_url, entry.get("generationConfig") or {}, key)
    own_url = view.variables.get(url) if url else None
    config = merged(view.sources, GENERATION_CONFIG) or {}
    return Request(model, own_url or text_at(view, BASE_URL), config, own_key)


def text_at(view: View, path: Path) -> str | None:
    """Return the text that the merged settings have at `path`, unless it is empty."""
    value = merged(view.sources, path)
    return value if isinstance(value, str) and value else None


def _resolved(view: View, path: Path) -> str | None:
    """Return the text at `path`; None where it refers to a variable that is not set."""
    text = text_at(view, path)
    if text is None or not all(name in view.variables for name in references(text)):
        return None
    return substituted(text, view.variables)
