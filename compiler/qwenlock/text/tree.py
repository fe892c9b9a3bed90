"""A document's text as a tree that loses nothing: its pieces, joined in order, are the text.

Only containers that are used are taken apart. Everything else stays a stretch of the source, so an
edit costs little more than parsing. How an edit changes the tree is not
decided here (see `edit`).
"""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from itertools import count
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from qwenlock.text.layout import Layout, container_layout, document_layout
from qwenlock.text.pattern import pattern
from qwenlock.text.record import dataclass, field
from qwenlock.text.trivia import (
    COMMENT,
    STRING,
    TRIVIA,
    cut_before_space,
    cut_line,
    indentation,
    starts_line,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_BEFORE_ROOT = pattern(rf"\ufeff?{TRIVIA}", re.DOTALL)
_BEFORE_VALUE = pattern(rf"({TRIVIA})(?:({STRING})({TRIVIA}:{TRIVIA}))?", re.DOTALL)
_COMMA = pattern(rf"(?:({TRIVIA}),)?", re.DOTALL)
_SCALAR = pattern(rf"{STRING}|[\w.+-]+", re.DOTALL)
_LINE_END = pattern(r"[\r\n]")
_UP_TO_BRACKET = pattern(
    rf"(?>(?:[^\[\]{{}}\"/]+|{STRING}|{COMMENT})*)(?:([\[{{])|([\]}}])|\Z)", re.DOTALL
)


class SourceValue(NamedTuple):
    """A value that has not been parsed further, as a range of a text.

    Attributes:
        text: the text.
        closings: the ends of its containers, by their starts.
        start: the start of the value.
        end: the end of the value.
    """

    text: str
    closings: dict[int, int]
    start: int
    end: int


@dataclass(slots=True, eq=False)
class Item:
    """A member of an object or an element of an array, with the trivia that goes with it.

    Attributes:
        value: what it holds.
        above: the comments that stayed when items before it were removed.
        lead: the trivia before it, from the end of the line on which the previous item ends.
        name: what the key means; None in an array.
        key: the key as written.
        colon: the colon as written, with the trivia around it.
        gap: the trivia before the comma; empty in the last item.
        tail: the trivia after the comma (or the last value) to the end of that line.
        order: grows from each member of an object to the next.
    """

    value: Value = ""
    above: str = ""
    lead: str = ""
    name: str | None = None
    key: str = ""
    colon: str = ""
    gap: str = ""
    tail: str = ""
    order: int = 0


@dataclass(slots=True, eq=False)
class Container:
    """An object or array taken apart; a document is an array of one element without brackets.

    Attributes:
        brackets: the opening and the closing one.
        layout: how its text is laid out.
        opening: the trivia after the opening bracket to the end of that line.
        items: the members or elements, in order.
        closing: the trivia before the closing bracket.
        source: the range that it was read from; None if it was written.
    """

    brackets: str
    layout: Layout
    opening: str = ""
    items: list[Item] = field(default_factory=list)
    closing: str = ""
    source: SourceValue | None = None
    _named: dict[str, list[Item]] = field(default_factory=dict)
    _orders: Iterator[int] = field(default_factory=count)

    @property
    def is_object(self) -> bool:
        """Whether its items are members with keys."""
        return self.brackets == "{}"

    def at(self, step: str | int) -> list[Item]:
        """Return the items that the step of a path names: several where a key is duplicate."""
        if isinstance(step, str):
            return list(self._named.get(step, ()))
        return self.items[step : step + 1] if step >= 0 and not self.is_object else []

    def position(self, step: str | int, item: Item) -> int:
        """Return the index in `items` of the item that `step` names."""
        if isinstance(step, int):
            return step
        return bisect_left(self.items, item.order, key=lambda member: member.order)

    def line_indent(self, item: Item) -> str:
        """Return the indentation of the line on which `item` starts."""
        own = indentation(item.lead)
        if own is not None:
            return own
        return self.layout.inner if starts_line(self.items[0].lead) else self.layout.indent

    def add(self, position: int, item: Item) -> None:
        """Put `item` before the one at `position`; a member can only go last."""
        if item.name is not None:
            item.order = next(self._orders)
            self._named.setdefault(item.name, []).append(item)
        self.items.insert(position, item)

    def pop(self, position: int) -> Item:
        """Remove the item at `position`, but nothing around it."""
        item = self.items.pop(position)
        if item.name is not None:
            self._named[item.name].remove(item)
        return item

    def rename(self, old: str, new: str, key: str) -> None:
        """Rename the members named `old` to a new, unused name, written as `key`."""
        self._named[new] = self._named.pop(old)
        for member in self._named[new]:
            member.name, member.key = new, key


Value: TypeAlias = Container | SourceValue | str
"""A value of a document; a string is the text of a new one."""


def parse(text: str) -> Container:
    """Return a document's tree: a container whose only item is the root value.

    Args:
        text: a valid document, which is not checked here again.

    Raises:
        ValueError: the text shows by chance that it is not valid.
    """
    start = root_start(text)
    root = _source(text, _closings(text), start)
    document = Container("", document_layout(text), closing=text[root.end :])
    document.items.append(Item(root, lead=text[:start]))
    return document


def root_start(text: str) -> int:
    """Return where the root value of a text starts, after comments and space."""
    return _match(_BEFORE_ROOT, text, 0).end()


def opened(holder: Container, item: Item) -> Container | None:
    """Return an item of `holder` as a parsed container; None if it is not a container."""
    if isinstance(item.value, str):
        item.value = parse(item.value).items[0].value
    if isinstance(item.value, SourceValue) and item.value.start in item.value.closings:
        item.value = _taken_apart(item.value, holder.layout, holder.line_indent(item))
    return item.value if isinstance(item.value, Container) else None


def text_of(value: Value) -> str:
    """Return the text of a value."""
    pieces: list[str] = []
    pending = [value]
    while pending:
        match pending.pop():
            case str(piece):
                pieces.append(piece)
            case SourceValue(text, _, start, end):
                pieces.append(text[start:end])
            case container:
                pending.extend(reversed(_pieces(container)))
    return "".join(pieces)


def _pieces(container: Container) -> list[Value]:
    pieces: list[Value] = [container.brackets[:1] + container.opening]
    for item in container.items:
        comma = "" if item is container.items[-1] else ","
        before = item.above + item.lead + item.key + item.colon
        pieces += before, item.value, item.gap + comma + item.tail
    return [*pieces, container.closing + container.brackets[1:]]


def _match(pattern: re.Pattern[str], text: str, start: int) -> re.Match[str]:
    found = pattern.match(text, start)
    if found is None:
        raise ValueError(f"not JSON with comments at offset {start}")
    return found


def _closings(text: str) -> dict[int, int]:
    closings, pending = {}, []
    for found in _UP_TO_BRACKET.finditer(text):
        if found.lastindex == 1:
            pending.append(found.start(1))
        elif found.lastindex == 2:
            closings[pending.pop()] = found.end(2)
    return closings


def _source(text: str, closings: dict[int, int], start: int) -> SourceValue:
    end = closings.get(start) or _match(_SCALAR, text, start).end()
    return SourceValue(text, closings, start, end)


def _taken_apart(source: SourceValue, outer: Layout, indent: str) -> Container:
    text, closings, start, end = source
    container = Container(text[start] + text[end - 1], outer, source=source)
    before = _match(_BEFORE_VALUE, text, start + 1)
    while before.end() < end - 1:
        value = _source(text, closings, before.end())
        comma = _match(_COMMA, text, value.end)
        _add(container, before[1], _item(before, value, gap=comma[1] or ""))
        before = _match(_BEFORE_VALUE, text, comma.end())
    _close(container, before[1])
    one_line = _LINE_END.search(text, start, end) is None
    container.layout = container_layout(container.items, outer, indent, one_line=one_line)
    return container


def _item(before: re.Match[str], value: SourceValue, gap: str) -> Item:
    key = before[2]
    if key is None:
        return Item(value, gap=gap)
    name = json.loads(key) if "\\" in key else key[1:-1]
    return Item(value, name=name, key=key, colon=before[3], gap=gap)


def _add(container: Container, trivia: str, item: Item) -> None:
    line, rest = cut_line(trivia)
    if rest:
        item.lead = rest
        _end_line(container, line)
    else:
        item.lead = line
    container.add(len(container.items), item)


def _close(container: Container, trivia: str) -> None:
    line, rest = cut_line(trivia)
    if not rest:
        line, rest = cut_before_space(line)
    _end_line(container, line)
    container.closing = rest


def _end_line(container: Container, trivia: str) -> None:
    if container.items:
        container.items[-1].tail = trivia
    else:
        container.opening = trivia
