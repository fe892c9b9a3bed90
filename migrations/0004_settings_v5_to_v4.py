"""Settings version 5 to 4: a provider is its array of models.

How Qwen Code reads settings, "Settings versions".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qwenlock.settings.scopes import PROVIDERS
from qwenlock.settings.script_api import Draft
from qwenlock.settings.values import VERSION, version_of
from qwenlock.text.operations import Move, Set, get

if TYPE_CHECKING:
    from qwenlock.settings.script_api import Context, SettingsChange

NAME = "settings-version"
TITLE = "Unwrap the models of each provider"
FIRST_IN_FILES = True
REASON = "Clients of version 4 take an array of models for each provider, not an object around it"

_PROTOCOLS = {"vertex-ai": "gemini"}  # of the other providers: their own names


def detect(context: Context) -> bool:
    """Return whether the settings are of version 5, or of none and wrap a provider's models.

    The latter stood in official documentation. Clients up to 0.15.10 end with an error on it, so it
    is unwrapped for them as well, although they would write their version and leave the wrapper.

    In a file this comes first. Clients do it last, so that another step may give the file a
    version and leave the wrapper; then no client offers these models.
    """
    if "$version" not in context.settings:
        return any(map(_can_be_unwrapped, _wrapped(context.settings).values()))
    return context.target_version == 4 and version_of(context.settings) == 5


def change(context: Context) -> SettingsChange:
    """Put each array of models in the place of the object around it."""
    draft = Draft(context.settings)
    for provider, wrapper in _wrapped(context.settings).items():
        _unwrap(draft, provider, wrapper)
    if "$version" in context.settings:
        draft.do(Set(VERSION, context.target_version))
    return draft.finish()


def _wrapped(settings: dict[str, Any]) -> dict[str, dict[str, Any]]:
    providers = get(settings, PROVIDERS)
    if not isinstance(providers, dict):
        return {}
    return {name: value for name, value in providers.items() if isinstance(value, dict)}


def _can_be_unwrapped(wrapper: dict[str, Any]) -> bool:
    models = wrapper.get("models")
    is_empty = models is None and wrapper.keys() <= {"protocol", "models"}
    return is_empty or isinstance(models, list)


def _unwrap(draft: Draft, provider: str, wrapper: dict[str, Any]) -> None:
    path = (*PROVIDERS, provider)
    if not _can_be_unwrapped(wrapper):
        draft.note(
            path,
            "does not hold an array of models, so it is not changed; the client would empty it",
        )
        return
    if wrapper.get("models") is None:
        draft.do(Set(path, []))
    else:
        draft.do(Move((*path, "models"), path))
    for name, value in wrapper.items():
        derived = name == "protocol" and value == _PROTOCOLS.get(provider, provider)
        if name != "models" and not derived:
            draft.note((*path, name), "does not exist in this version, so it is removed")
