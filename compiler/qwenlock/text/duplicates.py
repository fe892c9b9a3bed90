"""Equal keys in one object of a document: the last one wins.

How Qwen Code reads settings, "Files".
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import jsonyx
from jsonyx.allow import COMMENTS, SURROGATES

if TYPE_CHECKING:
    from qwenlock.text.operations import Path


def duplicates(text: str) -> list[tuple[Path, bool]]:
    """Return the paths at which a document has several values, outer ones first.

    What stands under a key that is not in force is not looked into.

    Args:
        text: a valid document without a byte-order mark.

    Returns:
        Each path, and whether the keys of its object would be in the same order without the
        values that are not in force.
    """
    repeated: dict[int, tuple[dict[str, Any], list[str]]] = {}

    def remember(members: list[tuple[str, Any]]) -> dict[str, Any]:
        value = dict(members)
        if len(value) != len(members):
            repeated[id(value)] = (value, [name for name, _ in members])
        return value

    decoder = jsonyx.Decoder(allow=COMMENTS | SURROGATES, hooks={"object": remember})
    root = decoder.loads(text)
    return _paths(root, repeated) if repeated else []


def _paths(
    root: Any, repeated: dict[int, tuple[dict[str, Any], list[str]]]
) -> list[tuple[Path, bool]]:
    found: list[tuple[Path, bool]] = []
    pending: list[tuple[Any, Path]] = [(root, ())]
    while pending:
        value, path = pending.pop()
        if id(value) in repeated:
            names = repeated[id(value)][1]
            in_order = list(value) == list(dict.fromkeys(reversed(names)))[::-1]
            several = _several(names)
            found += [((*path, name), in_order) for name in value if name in several]
        members = value.items() if isinstance(value, dict) else enumerate(value)
        pending.extend(
            (inner, (*path, step)) for step, inner in members if isinstance(inner, dict | list)
        )
    return found


def _several(names: list[str]) -> set[str]:
    return {name for name, count in Counter(names).items() if count > 1}
