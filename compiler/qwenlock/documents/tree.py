"""A document's text as a tree that loses nothing: its pieces, joined in order, are the text.

Only containers that somebody looks into are taken apart; everything else stays a stretch of the
source, so that an edit costs little more than parsing. How an edit changes the tree is not
decided here (see `edit`).
"""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, TypeAlias

import jsonyx
import tree_sitter
from jsonyx.allow import SURROGATES

from qwenlock.documents.layout import Layout, container_layout, document_layout
from qwenlock.documents.locate import LANGUAGE
from qwenlock.documents.trivia import cut_before_space, cut_line, indentation, starts_line

if TYPE_CHECKING:
    from tree_sitter import Node


@dataclass(frozen=True, slots=True)
class Source:
    """A value that nobody looked into, where it stands in a parsed text."""

    text: bytes
    node: Node

    def between(self, start: int, end: int) -> str:
        """Return the text between two byte offsets."""
        return self.text[start:end].decode()


@dataclass(slots=True, eq=False)
class Item:
    """A member of an object or an element of an array, with the trivia that goes with it.

    Attributes:
        value: what it holds.
        lead: the trivia before it, from the end of the line on which the previous item ends.
        name: what the key means; None in an array.
        key: the key as written.
        colon: the colon as written, with the trivia around it.
        gap: the trivia before the comma; empty in the last item.
        tail: the trivia after the comma (or the last value) to the end of that line.
        order: grows from each member of an object to the next.
    """

    value: Value = ""
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
    """

    brackets: str
    layout: Layout
    opening: str = ""
    items: list[Item] = field(default_factory=list)
    closing: str = ""
    _named: dict[str, list[Item]] = field(default_factory=dict)

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
        """Return where among `items` the one is that `step` names."""
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
            item.order = self.items[-1].order + 1 if self.items else 0
            self._named.setdefault(item.name, []).append(item)
        self.items.insert(position, item)

    def pop(self, position: int) -> Item:
        """Take out the item at `position`, and nothing around it."""
        item = self.items.pop(position)
        if item.name is not None:
            self._named[item.name].remove(item)
        return item

    def rename(self, old: str, new: str, key: str) -> None:
        """Call the members named `old` by a name that no other has, written as `key`."""
        self._named[new] = self._named.pop(old)
        for member in self._named[new]:
            member.name, member.key = new, key


Value: TypeAlias = Container | Source | str
"""A value of a document; a string is the text of a new one."""


def parse(text: str) -> Container:
    """Return a document's tree: a container whose only item is the root value.

    Raises:
        ValueError: the text is not JSON with comments.
    """
    source = text.encode()
    # The grammar does not know that a lone CR ends a line; a LF in its place moves no offset.
    root = tree_sitter.Parser(LANGUAGE).parse(re.sub(rb"\r(?!\n)", b"\n", source)).root_node
    values = [node for node in root.named_children if node.type != "comment"]
    if root.has_error or len(values) != 1:
        raise ValueError("the text is not JSON with comments")
    value = Source(source, values[0])
    document = Container("", document_layout(text))
    document.add(0, Item(value, lead=value.between(0, value.node.start_byte)))
    document.closing = value.between(value.node.end_byte, len(source))
    return document


def opened(holder: Container, item: Item) -> Container | None:
    """Return the container that an item of `holder` is, taken apart; None where it is none."""
    if isinstance(item.value, str):
        item.value = parse(item.value).items[0].value
    if isinstance(item.value, Source) and item.value.node.type in {"object", "array"}:
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
            case Source(_, node) as source:
                pieces.append(source.between(node.start_byte, node.end_byte))
            case Container() as container:
                pending.extend(reversed(_pieces(container)))
    return "".join(pieces)


def _pieces(container: Container) -> list[Value]:
    pieces: list[Value] = [container.brackets[:1], container.opening]
    for item in container.items:
        comma = "" if item is container.items[-1] else ","
        pieces += item.lead, item.key, item.colon, item.value, item.gap, comma, item.tail
    return [*pieces, container.closing, container.brackets[1:]]


def _taken_apart(source: Source, outer: Layout, indent: str) -> Container:
    node = source.node
    container = Container("{}" if node.type == "object" else "[]", outer)
    children = [child for child in node.children if child.type != "comment"]
    for previous, child in pairwise(children):
        trivia = source.between(previous.end_byte, child.start_byte)
        if child.type == ",":
            container.items[-1].gap = trivia
        elif child is children[-1]:
            _close(container, trivia)
        else:
            _add(container, trivia, _item(source, child))
    one_line = node.start_point.row == node.end_point.row
    container.layout = container_layout(container.items, outer, indent, one_line=one_line)
    return container


def _item(source: Source, node: Node) -> Item:
    if node.type != "pair":
        return Item(Source(source.text, node))
    key, value = node.children[0], node.children[-1]
    written = source.between(key.start_byte, key.end_byte)
    name = jsonyx.loads(written, allow=SURROGATES) if "\\" in written else written[1:-1]
    colon = source.between(key.end_byte, value.start_byte)
    return Item(Source(source.text, value), name=name, key=written, colon=colon)


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
