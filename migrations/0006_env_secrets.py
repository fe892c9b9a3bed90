"""Keys in `settings.env` go to a `.env` file (guide, API Key Storage); only where it is asked for.

What counts as a key: a variable that a model or a client reads its key from, one whose name says
so, and a value that looks like one. Other values in `settings.env` are not secret, and stay.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwenlock.clients.profile import API_KEY_VARIABLES
from qwenlock.settings.providers import providers_in
from qwenlock.settings.script_api import SettingsChange
from qwenlock.text.credentials import (
    is_credential,
    is_variable_name,
    is_variable_of_a_key,
    references,
)
from qwenlock.text.operations import Remove

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qwenlock.migrate.context import ProjectContext
    from qwenlock.migrate.situation import Situation

NAME = "env-secrets"
TITLE = "Move the keys in settings.env to a .env file"
REASON = "A settings file may be shared and committed; the guide keeps keys in .env"


def detect(context: ProjectContext) -> bool:
    """Return whether keys shall be moved, and one is there."""
    return context.situation.env_secrets and bool(_keys(context))


def change(context: ProjectContext) -> SettingsChange:
    """Take every key away, and name it as a variable of the `.env` file."""
    keys = _keys(context)
    return SettingsChange(operations=tuple(Remove(("env", name)) for name in keys), variables=keys)


def _keys(context: ProjectContext) -> dict[str, str]:
    """Return the keys by their variable; a reference to another variable is none."""
    environment = context.settings.get("env")
    if not isinstance(environment, dict):
        return {}
    named = {*API_KEY_VARIABLES.values(), *_named(context.situation)}
    return {
        name: value
        for name, value in environment.items()
        if isinstance(value, str) and value and is_variable_name(name) and not references(value)
        if name in named or is_variable_of_a_key(name) or is_credential(value, name)
    }


def _named(situation: Situation) -> Iterator[str]:
    """Give the variables that plans and models of any scope read a key from."""
    yield from (plan.env_key for plan in situation.project.plans)
    for source in situation.project.sources:
        for provider in providers_in(source, situation.project.sources, situation.project.client):
            yield from (str(entry.value.get("envKey")) for entry in provider.models())
