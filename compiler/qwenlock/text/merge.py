"""Merges two changed versions of a document by meaning: key by key, and entry by entry.

The text of one side is edited, so its comments and layout stay; what the other side added or
changed comes with its own comments.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

from qwenlock.text.edit import edit, transplant
from qwenlock.text.operations import Path, Remove, get
from qwenlock.text.values import TextError, object_of

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator

    Identity: TypeAlias = Callable[[Path, Any], Hashable | None]
    """Returns the identity of an element in the array at a path; None if it has none."""

Side: TypeAlias = Literal["base", "ours", "theirs"]
_SIDES: tuple[Side, ...] = ("base", "ours", "theirs")
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
        self._values = [object_of(each.removeprefix("\ufeff")) for each in (base, ours, theirs)]
        self._text = ours
        self._identity = identity
        self._prefer = prefer
        self._conflicts: list[Path] = []
        self._read = 0

    def result(self) -> Merged:
        self._objects((), *self._values)
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
        elif self._is_by_entry(path, base, ours, theirs):
            self._entries(path, base if isinstance(base, list) else [], ours, theirs)
        elif _same(ours, base):
            self._take("theirs", path, path, ours)
        else:
            self._conflict(path, {"base": path, "theirs": path}, ours)

    def _conflict(self, path: Path, at: dict[Side, Path], ours: Any) -> None:
        self._conflicts.append(path)
        if self._prefer == "ours":
            self._count()
        else:
            self._take(self._prefer, at[self._prefer], path, ours)

    def _take(self, side: Side, source: Path, path: Path, ours: Any) -> None:
        """Take the value that a side has at `source`, or its absence, for the one at `path`."""
        self._count()
        other = self._texts[side]
        value = self._values[_SIDES.index(side)]
        if get(value, source, _ABSENT) is not _ABSENT:
            self._text = transplant(self._text, path, other, source)
        elif ours is not _ABSENT:
            self._text = edit(self._text, [Remove(path)])

    def _count(self) -> None:
        self._read += len(self._text)
        if self._read > _MOST:
            raise TextError("limit", "too much differs", None)

    def _is_by_entry(self, path: Path, base: Any, ours: Any, theirs: Any) -> bool:
        """Tell whether arrays can be merged by their elements: known, told apart, in one order."""
        sides = [[] if base is _ABSENT else base, ours, theirs]
        if not all(isinstance(each, list) for each in sides):
            return False
        names = [self._names(path, each) for each in sides]
        for each in names:
            if None in each or len(set(each)) < len(each):
                return False
        old, mine, other = names
        return _common(old, other) == _common(other, old) and _common(mine, other) == _common(
            other, mine
        )

    def _names(self, path: Path, entries: list[Any]) -> list[Hashable | None]:
        return [self._identity(path, each) for each in entries]

    def _entries(self, path: Path, base: list[Any], ours: list[Any], theirs: list[Any]) -> None:
        old, mine, other = (dict(self._named(path, each)) for each in (base, ours, theirs))
        here = list(mine)
        names = list(other)
        for name, (at, value) in other.items():
            was = old.get(name, (0, _ABSENT))
            own = mine.get(name, (0, _ABSENT))
            if _same(value, was[1]) or _same(value, own[1]):
                continue
            there = (*path, here.index(name)) if name in here else None
            if there is not None and _same(own[1], was[1]):
                self._take("theirs", (*path, at), there, own[1])
            elif there is not None and (name in old or self._prefer != "base"):
                self._conflict(there, {"base": (*path, was[0]), "theirs": (*path, at)}, own[1])
            elif there is not None:  # both added it, and the base has none
                self._conflicts.append(there)
                self._text = edit(self._text, [Remove(there)])
                here.remove(name)
            elif name in old:  # we removed what they changed
                self._removed_here(path, here, (*path, at))
            else:
                self._count()
                later = (here.index(each) for each in names[names.index(name) :] if each in here)
                place = next(later, len(here))
                source = (*path, at)
                self._text = transplant(
                    self._text, (*path, place), self._texts["theirs"], source, insert=True
                )
                here.insert(place, name)
        gone = {name: value for name, (_, value) in old.items() if name not in other}
        self._removed_there(path, here, gone, {name: value for name, (_, value) in mine.items()})

    def _removed_there(
        self,
        path: Path,
        here: list[Hashable],
        gone: dict[Hashable, Any],
        mine: dict[Hashable, Any],
    ) -> None:
        for name in [each for each in gone if each in here]:
            self._count()
            there = (*path, here.index(name))
            if _same(mine[name], gone[name]):
                self._text = edit(self._text, [Remove(there)])
                here.remove(name)
            else:  # they removed what we changed
                self._conflicts.append(there)
                if self._prefer == "theirs":
                    self._text = edit(self._text, [Remove(there)])
                    here.remove(name)

    def _removed_here(self, path: Path, here: list[Hashable], source: Path) -> None:
        self._conflicts.append(source)
        self._count()
        if self._prefer == "theirs":
            self._text = transplant(
                self._text, (*path, len(here)), self._texts["theirs"], source, insert=True
            )
            here.append(object())

    def _named(self, path: Path, entries: list[Any]) -> Iterator[tuple[Hashable, tuple[int, Any]]]:
        for at, (name, value) in enumerate(zip(self._names(path, entries), entries, strict=True)):
            yield name, (at, value)


def _common(one: list[Any], other: list[Any]) -> list[Any]:
    known = set(other)
    return [each for each in one if each in known]


def _same(one: Any, other: Any) -> bool:
    """Tell whether two JSON values are one; true is not 1."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)
