"""The one walk over `modelProviders`: its keys, their entries, and why some are skipped.

Guide, Generation Config Layering (last paragraph); How Qwen Code reads settings, "Merging" and
"Protocols".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

from qwenlock.clients.profile import OAUTH
from qwenlock.clients.route import Route
from qwenlock.settings.scopes import PROVIDERS, highest, merged, owner, protocols
from qwenlock.text.operations import get

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qwenlock.clients.profile import Profile
    from qwenlock.lock.model import Merge
    from qwenlock.settings.scopes import Source, Sources
    from qwenlock.text.document import Place
    from qwenlock.text.operations import Path

Skipped: TypeAlias = Literal["built in", "unknown auth type", "not an array"]
"""Why a client ignores a provider: qwen-oauth's models are built in."""


class Provider(NamedTuple):
    """A key of `modelProviders` and its value.

    Attributes:
        source: the scope whose value counts.
        name: the key.
        auth_type: the auth type that the client uses for it, as written: it may be invalid.
        value: its value, as it stands: an array of models or not.
    """

    source: Source
    name: str
    auth_type: Any
    value: Any

    @property
    def path(self) -> Path:
        """Where it stands in the settings."""
        return (*PROVIDERS, self.name)

    def why_skipped(self, client: Profile) -> Skipped | None:
        """Return why `client` takes no model from it, or None if it takes them."""
        if self.auth_type == OAUTH:
            return "built in"
        if self.auth_type not in client.auth_types:
            return "unknown auth type"
        return None if isinstance(self.value, list) else "not an array"

    def entries(self) -> Iterator[PlacedEntry]:
        """Yield what its array holds, in order, models or not; nothing if it is not an array."""
        for index, value in enumerate(self.value if isinstance(self.value, list) else ()):
            yield PlacedEntry(self, index, value)

    def models(self) -> Iterator[PlacedEntry]:
        """Yield those of its entries that are objects with an id."""
        return (entry for entry in self.entries() if entry.id)


class PlacedEntry(NamedTuple):
    """An element of a provider's array.

    Attributes:
        provider: the provider.
        at: its index in the array.
        value: its value, as it stands: an object or not.
    """

    provider: Provider
    at: int
    value: Any

    @property
    def id(self) -> str:
        """The id of the model that it defines; empty if it defines none."""
        value = self.value.get("id") if isinstance(self.value, dict) else None
        return value if isinstance(value, str) else ""

    @property
    def path(self) -> Path:
        """Where it stands in the settings."""
        return (*self.provider.path, self.at)

    def route(self, client: Profile) -> Route:
        """Return where the requests of its model go."""
        url, api = (self.value.get(name) for name in ("baseUrl", "wireApi"))
        return Route(
            self.provider.auth_type,
            self.id,
            url if isinstance(url, str) else None,
            api if client.wire_apis and isinstance(api, str) else None,
        )

    def place(self, *below: str, on_key: bool = False) -> Place:
        """Return the place of the entry, or of what stands `below` it."""
        return self.provider.source.place((*self.path, *below), on_key=on_key)


def providers(sources: Sources, client: Profile, merge: Merge) -> list[Provider]:
    """Return the providers that count, in catalogue order; none if the value is not an object.

    Args:
        sources: the scopes that have a file, low to high.
        client: the client whose rules apply.
        merge: `replace`: those of the highest scope that has any. `client`: of each key the highest
            scope's, in the order in which the scopes, low to high, first have them.
    """
    owning = owner(sources)
    if owning is None:
        return []
    counted = [owning] if merge == "replace" else sources
    held, mapped = merged(counted, PROVIDERS), protocols(sources, client)
    found = []
    for name, value in held.items() if isinstance(held, dict) else ():
        source = highest(counted, (*PROVIDERS, name)) or owning
        found.append(Provider(source, name, mapped.get(name, name), value))
    return found


def providers_in(source: Source, sources: Sources, client: Profile) -> list[Provider]:
    """Return all providers in `source`, one of `sources`, whether they count or not."""
    held, mapped = get(source.settings, PROVIDERS), protocols(sources, client)
    return [
        Provider(source, name, mapped.get(name, name), value)
        for name, value in (held.items() if isinstance(held, dict) else ())
    ]
