"""Where a model's requests go, and which entry a selection means.

A route is an auth type, an id, a base URL and an API. How Qwen Code reads settings, "Selection",
and the releases' own code (0.12.0, 0.15.10, 0.21.2, 0.24.4).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from qwenlock.clients.profile import WIRE_PROTOCOLS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qwenlock.clients.profile import Profile

RESPONSES = WIRE_PROTOCOLS["responses"]

SNAPSHOT_PREFIX = "$runtime|"


class Route(NamedTuple):
    """Where the requests of a model go.

    Attributes:
        auth_type: the auth type that it is listed under, or that is selected.
        model: its id.
        base_url: its base URL; None if it has none. Of what is asked for, None means any, and
            an empty one an entry without.
        wire_api: its `wireApi`, for a client that reads it.
    """

    auth_type: str | None
    model: str | None
    base_url: str | None = None
    wire_api: str | None = None

    @property
    def protocol(self) -> str | None:
        """Return the auth type that the client makes its requests as: `wireApi` can change it."""
        return protocol_of(self.auth_type, self.wire_api)

    def is_of(self, other: Route) -> bool:
        """Tell whether this selection means the entry with the route `other`."""
        return (self.protocol, self.model) == (other.protocol, other.model) and (
            self.base_url is None or self.base_url == (other.base_url or "")
        )


def protocol_of(auth_type: str | None, wire_api: str | None) -> str | None:
    """Return the auth type that the client makes the requests of an entry as."""
    return WIRE_PROTOCOLS.get(wire_api or "", auth_type)


def api_of(route: Route) -> str | None:
    """Return the `wireApi` that its requests use; None if it does not matter."""
    return next(
        (api for api, protocol in WIRE_PROTOCOLS.items() if protocol == route.protocol), None
    )


def chosen(entries: Sequence[Route], wanted: Route, client: Profile) -> int | None:
    """Return which of `entries` a selection means; None if no entry defines it.

    Args:
        entries: the routes of all entries of a catalogue, in their order.
        wanted: the auth type and the model that are selected, with `model.baseUrl`.
        client: the client whose rules apply: some know models by their id alone.
    """
    if wanted.model is None:
        return None
    protocol = _protocol(entries, wanted) if client.wire_apis else wanted.auth_type
    named = [
        index
        for index, entry in enumerate(entries)
        if entry.model == wanted.model and entry.protocol == protocol
    ]
    if client.selects_url and wanted.base_url:
        named = [each for each in named if entries[each].base_url == wanted.base_url] or named
    return named[0] if named else None


def _protocol(entries: Sequence[Route], wanted: Route) -> str | None:
    """Return the auth type of requests: an entry with an API is found under either type."""
    both = (*WIRE_PROTOCOLS.values(),)
    if wanted.auth_type not in both:
        return wanted.auth_type
    candidates = [
        entry
        for entry in entries
        if entry.model == wanted.model
        and entry.protocol in both
        and (entry.protocol == wanted.auth_type or entry.wire_api or entry.auth_type == RESPONSES)
    ]
    there = [each for each in candidates if (each.base_url or "") == wanted.base_url]
    found = there or candidates
    same = any(each.protocol == wanted.auth_type for each in found)
    return wanted.auth_type if same or not found else found[0].protocol


def without_snapshot(name: str) -> str:
    """Return the id that `$runtime|AUTHTYPE|ID` stands for, as releases from 0.21 read it."""
    while name.startswith(SNAPSHOT_PREFIX):
        inner = "|".join(name.split("|")[2:])
        if not inner:
            break
        name = inner
    return name
