"""The variables that must exist where the client runs, and what uses each of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwenlock.clients.profile import API_KEY_VARIABLES
from qwenlock.compile.selection import AUTH_TYPE, has_literal_key
from qwenlock.lock.model import EnvironmentVariable
from qwenlock.settings.scopes import merged
from qwenlock.settings.variables import references_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from qwenlock.clients.profile import Profile
    from qwenlock.compile.catalogue import Entry
    from qwenlock.lock.model import Selection
    from qwenlock.settings.scopes import Sources


def environment(
    offered: Sequence[Entry], selection: Selection, sources: Sources, client: Profile
) -> tuple[EnvironmentVariable, ...]:
    """Return every variable that models and the selection need, in the order of first use."""
    users: dict[str, dict[str, None]] = {}
    seen: dict[int, tuple[str, ...]] = {}
    for entry in offered:
        model = entry.model
        user = f"{model.auth_type}/{model.id}"
        key = model.env_key or _usual(model.auth_type, client)
        if key is not None:
            users.setdefault(key, {})[user] = None
        for name, value in entry.canonical.items():
            if isinstance(value, str) and "$" not in value:
                continue
            if id(value) not in seen:  # equal objects of a catalogue are one
                seen[id(value)] = tuple(references_in(value, client, name))
            for variable in seen[id(value)]:
                users.setdefault(variable, {})[user] = None
    for name in _of_selection(selection, sources, client):
        users.setdefault(name, {})["selection"] = None
    return tuple(
        EnvironmentVariable(name=name, used_by=tuple(used)) for name, used in users.items()
    )


def _of_selection(selection: Selection, sources: Sources, client: Profile) -> Iterator[str]:
    """Yield the variables of a runtime model, and those that decide what is selected."""
    if selection.kind == "undecided":
        yield from references_in([merged(sources, AUTH_TYPE), selection.model], client)
    if selection.kind != "runtime" or selection.auth_type is None:
        return
    yield from references_in([selection.model, selection.base_url], client)
    yield from references_in(selection.generation_config, client)
    is_usual = selection.env_key == API_KEY_VARIABLES.get(selection.auth_type)
    key = _usual(selection.auth_type, client) if is_usual else selection.env_key
    if key is not None and not has_literal_key(sources):
        yield key


def _usual(auth_type: str, client: Profile) -> str | None:
    """Return the variable that must be set where a model of `auth_type` names none."""
    if auth_type == "vertex-ai" and client.application_default_credentials:
        return None
    return API_KEY_VARIABLES.get(auth_type)
