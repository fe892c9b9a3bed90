"""The mark on settings that enforce a lock, so that commands do not take them for an input.

`enforce.enforcing` decides what enforces a lock. A client ignores the mark, as every key that it
does not know.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from qwenlock.settings.scopes import PROTOCOLS, PROVIDERS
from qwenlock.text.operations import Path, Remove, apply, get
from qwenlock.text.record import replace

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qwenlock.settings.scopes import Source

MARK = "qwenlock"
"""The key of the mark at the top of a settings file."""

_WHOLE: tuple[Path, ...] = (PROVIDERS, (PROTOCOLS,), ("model", "generationConfig"))
"""The objects that are enforced as a whole; of others, each key by itself."""
_UNMARKED = ("$version", MARK)


class Enforced(NamedTuple):
    """The content of a mark.

    Attributes:
        lock: the lock that is enforced, as an absolute path.
        over: the system file that the settings were merged over, so that it can be read in their
            place; None if they were not.
        keys: the paths of what is enforced.
    """

    lock: str
    over: str | None
    keys: tuple[Path, ...]


def marked(settings: dict[str, Any], lock: str, over: str | None = None) -> dict[str, Any]:
    """Return enforcing `settings` with a mark.

    Args:
        settings: what `enforcing_settings` returned.
        lock: the lock, as an absolute path.
        over: the system file that they will be merged over.
    """
    mark: dict[str, Any] = {"enforces": lock}
    if over is not None:
        mark["over"] = over
    return {MARK: {**mark, "keys": list(map(_pointer, _keys(settings)))}, **settings}


def enforced_by(settings: Any) -> Enforced | None:
    """Return what the mark in `settings` says, or None if there is none."""
    lock, over, keys = (get(settings, (MARK, name)) for name in ("enforces", "over", "keys"))
    if not isinstance(lock, str) or not isinstance(keys, list):
        return None
    paths = tuple(_path(each) for each in keys if isinstance(each, str) and each.startswith("/"))
    return Enforced(lock, over if isinstance(over, str) else None, paths)


def without_enforced(source: Source) -> Source:
    """Return `source` without its mark and the keys that the mark lists; the rest stays."""
    mark = enforced_by(source.settings)
    if mark is None:
        return source
    there = object()
    settings = source.settings
    for path in (*mark.keys, (MARK,)):
        if get(settings, path, there) is not there:
            settings = apply(settings, [Remove(path)])
    return replace(source, settings=settings)


def _keys(value: Any, path: Path = ()) -> Iterator[Path]:
    if path in _WHOLE or not isinstance(value, dict):
        yield path
        return
    for key, inner in value.items():
        if path or key not in _UNMARKED:
            yield from _keys(inner, (*path, key))


def _pointer(path: Path) -> str:
    """Return a path as a JSON Pointer (RFC 6901)."""
    return "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in path)


def _path(pointer: str) -> Path:
    return tuple(step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:])
