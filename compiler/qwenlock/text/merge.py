"""Merges two changed versions of a document by meaning: key by key, and entry by entry.

The text of one side is edited, so its comments and layout stay; what the other side added or
changed comes with its own comments.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

from qwenlock.text.document import BOM
from qwenlock.text.edit import edit, transplant
from qwenlock.text.operations import Path, Remove, get
from qwenlock.text.values import TextError, object_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Hashable

    Identity: TypeAlias = Callable[[Path, Any], Hashable | None]
    """Returns the identity of an element in the array at a path; None if it has none."""

Side: TypeAlias = Literal["base", "ours", "theirs"]
_ABSENT = object()
_MOST = 20_000_000
"""How many characters may be read to take values one by one: each reads the whole text."""


class Merged(NamedTuple):
    """A merge of two versions.

    Attributes:
        text: the merged document, with one side's value at each conflict.
        conflicts: the paths that both sides changed, each in its own way.
    """

    text: str
    conflicts: tuple[Path, ...]


def merge(base: str, ours: str, theirs: str, identity: Identity, prefer: Side = "ours") -> Merged:
    """Merge `theirs` into `ours`.

    Args:
        base: the version that both come from.
        ours: the text that is edited.
        theirs: the text whose changes are taken.
        identity: tells the elements of arrays apart.
        prefer: the side that counts where both changed one value.

    Raises:
        TextError: one of them is not valid, or too much differs.
    """
    return _Merge(base, ours, theirs, identity, prefer).result()


class _Merge:
    def __init__(self, base: str, ours: str, theirs: str, identity: Identity, prefer: Side) -> None:
        self._texts: dict[Side, str] = {"base": base, "ours": ours, "theirs": theirs}
        self._values: dict[Side, dict[str, Any]] = {
            side: object_of(text.removeprefix(BOM)) for side, text in self._texts.items()
        }
        self._text = ours
        self._identity = identity
        self._prefer = prefer
        self._conflicts: list[Path] = []
        self._left = _MOST

    def result(self) -> Merged:
        self._objects((), *self._values.values())
        return Merged(self._text, tuple(self._conflicts))

    def _objects(self, path: Path, base: Any, ours: Any, theirs: Any) -> None:
        for key in dict.fromkeys([*theirs, *base]):
            sides = [each.get(key, _ABSENT) for each in (base, ours, theirs)]
            self._one((*path, key), *sides)

    def _one(self, path: Path, base: Any, ours: Any, theirs: Any) -> None:
        if _same(theirs, base) or _same(ours, theirs):
            return
        if isinstance(ours, dict) and isinstance(theirs, dict):
            self._objects(path, base if isinstance(base, dict) else {}, ours, theirs)
            return
        old = self._elements(path, [] if base is _ABSENT else base)
        mine, other = self._elements(path, ours), self._elements(path, theirs)
        if (
            old is not None
            and mine is not None
            and other is not None
            and _in_one_order(mine, other)
        ):
            self._entries(path, {"base": old, "ours": mine, "theirs": other})
            return
        side = self._whose(path, base, ours)
        if side == "ours":
            return
        if get(self._values[side], path, _ABSENT) is _ABSENT:
            self._text = edit(self._text, [Remove(path)])
        else:
            self._text = transplant(self._text, path, self._texts[side], path)

    def _whose(self, path: Path, base: Any, ours: Any) -> Side:
        """Return the side whose value counts, now that theirs is another; note a conflict."""
        self._left -= len(self._text)
        if self._left < 0:
            raise TextError("limit", "too much differs", None)
        if _same(ours, base):
            return "theirs"
        self._conflicts.append(path)
        return self._prefer

    def _elements(self, path: Path, entries: Any) -> dict[Hashable, Any] | None:
        """Return an array's elements by what tells them apart; None if that is not possible."""
        if not isinstance(entries, list):
            return None
        elements = {self._identity(path, each): each for each in entries}
        return None if None in elements or len(elements) < len(entries) else elements

    def _entries(self, path: Path, sides: dict[Side, dict[Hashable, Any]]) -> None:
        here = list(sides["ours"])
        for name in dict.fromkeys([*sides["theirs"], *sides["base"]]):
            base, ours, theirs = (each.get(name, _ABSENT) for each in sides.values())
            if _same(theirs, base) or _same(ours, theirs):
                continue
            known = here if name in here else [*sides["theirs"]]
            side = self._whose((*path, known.index(name)), base, ours)
            if side == "ours":
                continue
            order = list(sides[side])
            if name not in order:
                self._text = edit(self._text, [Remove((*path, here.index(name)))])
                here.remove(name)
            else:
                is_new = name not in here
                if is_new:
                    later = (
                        here.index(each) for each in order[order.index(name) :] if each in here
                    )
                    here.insert(next(later, len(here)), name)
                self._text = transplant(
                    self._text,
                    (*path, here.index(name)),
                    self._texts[side],
                    (*path, order.index(name)),
                    insert=is_new,
                )


def _in_one_order(one: Collection[Hashable], other: Collection[Hashable]) -> bool:
    return [each for each in one if each in other] == [each for each in other if each in one]


def _same(one: Any, other: Any) -> bool:
    """Tell whether two JSON values are one; true is not 1."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)
