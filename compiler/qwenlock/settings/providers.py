"""The keys of `modelProviders` that count: by REPLACE, or as the scopes merge in a client.

Guide, Generation Config Layering (last paragraph); docs/explanation, Merging.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from qwenlock.settings.scopes import highest, merged, owner, protocols

if TYPE_CHECKING:
    from qwenlock.clients.profile import Profile
    from qwenlock.lock.model import Merge
    from qwenlock.settings.scopes import Source, Sources
    from qwenlock.text.operations import Path

ROOT: Path = ("modelProviders",)


class Provider(NamedTuple):
    """A key of `modelProviders`.

    Attributes:
        source: the scope whose value counts.
        name: the key.
        auth_type: what the client takes it for, as it stands: an auth type or not.
        entries: what it holds, as it stands: an array of models or not.
    """

    source: Source
    name: str
    auth_type: Any
    entries: Any


def providers(sources: Sources, client: Profile, merge: Merge) -> list[Provider]:
    """Return the providers that count, in catalogue order; none where the value is no object.

    Args:
        sources: the scopes that have a file, low to high.
        client: whose rules hold.
        merge: `replace`: those of the highest scope that has any. `client`: of each key the highest
            scope's, in the order in which the scopes, low to high, first have them.
    """
    owning = owner(sources)
    if owning is None:
        return []
    counted = [owning] if merge == "replace" else sources
    held = merged(counted, ROOT)
    mapped = protocols(sources, client)
    return [
        Provider(highest(counted, (*ROOT, name)) or owning, name, mapped.get(name, name), entries)
        for name, entries in (held.items() if isinstance(held, dict) else ())
    ]


def providers_in(source: Source, sources: Sources, client: Profile) -> list[Provider]:
    """Return the providers in `source`, one of `sources`, that take models of an auth type."""
    held = source.settings.get("modelProviders")
    mapped = protocols(sources, client)
    found = [
        Provider(source, name, mapped.get(name, name), entries)
        for name, entries in (held.items() if isinstance(held, dict) else ())
    ]
    return [each for each in found if each.auth_type in _taking_models(client)]


def _taking_models(client: Profile) -> list[str]:
    return [name for name in client.auth_types if name != "qwen-oauth"]
