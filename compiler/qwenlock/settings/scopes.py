"""The scopes and how their settings become one: REPLACE for modelProviders, deep merge otherwise.

Guide, Generation Config Layering (last paragraph); How Qwen Code reads settings, "Merging". Files
are not read here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from qwenlock.text.operations import Operation, Path, get, original
from qwenlock.text.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qwenlock.clients.profile import Profile
    from qwenlock.clients.scopes import ScopeName
    from qwenlock.text.document import Document, Place

PROVIDERS: Path = ("modelProviders",)
"""Where the models stand, by provider."""

PROTOCOLS = "providerProtocol"
"""The setting that maps the keys of modelProviders to auth types."""

CURRENT_VERSION = 4
"""The settings version that everything is compiled as; every release leaves it alone."""

_SKIPPED_KEYS = frozenset({"__proto__", "constructor", "prototype"})
_ABSENT = object()


@dataclass(frozen=True, slots=True)
class Source:
    """One scope's settings, brought to the current settings version in memory.

    Attributes:
        scope: the scope.
        document: the file as it is.
        settings: its value as it would be after migration.
        operations: what the migration did, so that a place can be found in the file as it is.
        path: the file as a lock names it.
    """

    scope: ScopeName
    document: Document
    settings: dict[str, Any]
    operations: tuple[Operation, ...] = ()
    path: str = ""

    def place(self, path: Path, *, on_key: bool = False) -> Place:
        """Return the place in the file of what stands at `path` of `settings`."""
        return self.document.place(original(path, list(self.operations)), on_key=on_key)

    def has(self, path: Path) -> bool:
        """Tell whether something stands at `path` of `settings`."""
        return get(self.settings, path, _ABSENT) is not _ABSENT


Sources: TypeAlias = "Sequence[Source]"
"""The scopes that have a file, low to high."""


def owner(sources: Sources) -> Source | None:
    """Return the source that owns the catalogue: the highest with a `modelProviders` key."""
    return highest(sources, PROVIDERS)


def protocols(sources: Sources, client: Profile) -> dict[str, Any]:
    """Return the auth type that `providerProtocol` gives to keys of `modelProviders`, by key.

    A key that is missing here stands for itself. A value is returned as it is, even if it is not an
    auth type. Scopes merge it (How Qwen Code reads settings, "Protocols").

    Args:
        sources: the scopes that have a file, low to high.
        client: the client; for one that does not read `providerProtocol`, the result is empty.
    """
    mapping = merged(sources, (PROTOCOLS,)) if client.provider_protocols else None
    return mapping if isinstance(mapping, dict) else {}


def highest(sources: Sources, path: Path) -> Source | None:
    """Return the highest source in which something stands at `path`."""
    return next((source for source in reversed(sources) if source.has(path)), None)


def merged(sources: Sources, path: Path) -> Any:
    """Return what the deep merge of all `sources` has at `path`, or None.

    Objects merge key by key; arrays and scalars of a higher scope replace.
    """
    result: Any = _ABSENT
    for source in sources:
        value = get(source.settings, path, _ABSENT)
        if value is not _ABSENT:
            result = merge(result, value)
        elif is_cut_off(source.settings, path):
            result = _ABSENT
    return None if result is _ABSENT else result


def contribution(sources: Sources, index: int, path: Path) -> Any:
    """Return the part of source `index`'s value at `path` that the merge keeps, or None.

    Args:
        sources: the scopes that have a file, low to high.
        index: which of them.
        path: the keys that lead to the value.
    """
    above = [
        None if is_cut_off(source.settings, path) else get(source.settings, path, _ABSENT)
        for source in sources[index + 1 :]
    ]
    value = get(sources[index].settings, path, _ABSENT)
    kept = _surviving(value, [other for other in above if other is not _ABSENT])
    return None if kept is _ABSENT else kept


def is_cut_off(settings: Any, path: Path) -> bool:
    """Tell whether a parent of `path` is present and not an object: it replaces what is below."""
    for length in range(1, len(path)):
        parent = get(settings, path[:length], _ABSENT)
        if parent is _ABSENT:
            return False
        if not isinstance(parent, dict):
            return True
    return False


def merge(low: Any, high: Any) -> Any:
    """Return the value `high` merged over `low`, as a client merges scopes."""
    if not isinstance(high, dict):
        return high
    result = dict(low) if isinstance(low, dict) else {}
    for key, value in high.items():
        if key not in _SKIPPED_KEYS:
            result[key] = merge(result.get(key, _ABSENT), value)
    return result


def _surviving(value: Any, above: list[Any]) -> Any:
    if value is _ABSENT or not all(isinstance(other, dict) for other in above):
        return _ABSENT
    if not isinstance(value, dict):
        return _ABSENT if above else value
    kept = {
        key: _surviving(inner, [other[key] for other in above if key in other])
        for key, inner in value.items()
        if key not in _SKIPPED_KEYS
    }
    return {key: inner for key, inner in kept.items() if inner is not _ABSENT}
