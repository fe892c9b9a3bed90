"""Edits a document's text, and leaves everything else in it unchanged to the byte.

Comments, blank lines, indentation, line endings, a byte-order mark, a final newline or none, the
order of keys and the spelling of numbers stay. The meaning of the operations for the value is
defined in `operations`; here they change the tree of `tree`.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from qwenlock.text.layout import Layout, written, written_key
from qwenlock.text.operations import Deduplicate, Insert, Move, Remove, Set
from qwenlock.text.spacing import keep_line_end, put_in, take_out
from qwenlock.text.tree import Container, Item, opened, parse, text_of
from qwenlock.text.trivia import comments_in, comments_of, cut_attached, indented, line_breaks
from qwenlock.text.values import value_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qwenlock.text.operations import Operation, Path


def edit(text: str, operations: Sequence[Operation]) -> str:
    """Return a document after `operations`: its value is what `operations.apply` makes of it.

    A comment belongs to a member or element if it stands on the lines directly above it, or after
    it on its last line; it is removed and moved with it. New values follow the layout around them,
    and setting an equal value changes nothing. Trailing commas, which the client refuses, are
    never left behind.

    Args:
        text: a valid document, JSON with comments; the last of duplicate keys is the one in force.
        operations: the edits, in order.

    Returns:
        The whole text, for the caller to write.

    Raises:
        LookupError: a path leads through something that is not there, or not a container.
        ValueError: the text is not a valid document, or a new number is infinite.
    """
    document = parse(text)
    for operation in operations:
        match operation:
            case Set(path, value):
                _set(document, path, value)
            case Remove(()) | Insert(()) | Move(()) | Move(_, ()):
                raise LookupError("the whole document can only be set")
            case Remove(path):
                _take(*_reached(document, path))
            case Insert(path, value):
                _insert(*_reached(document, path), value)
            case Move(path, to) if path[:-1] == to[:-1]:
                _rename(*_reached(document, path), to[-1])
            case Move(path, to):
                _move(document, path, to)
            case Deduplicate(path):
                _take_earlier(*_reached(document, path))
    return text_of(document)


def transplant(text: str, to: Path, other: str, path: Path, *, insert: bool = False) -> str:
    """Return a document with a value of another one, with the comments that belong to it there.

    Args:
        text: the document that gets the value.
        to: where it goes; what is there is replaced.
        other: the document that has it, which is not changed.
        path: where it is in that.
        insert: put it before the element that `to` names, instead of replacing that.

    Raises:
        LookupError: a path leads through something that is not there, or not a container.
    """
    document = parse(text)
    source, step = _reached(parse(other), path)
    indent = source.line_indent(_effective(source, step))
    moved = _take(source, step)
    target, name = _reached(document, to)
    _place(target, name, moved, indent, insert=insert)
    return text_of(document)


def lost_comments(before: str, after: str) -> list[str]:
    """Return the comments of one document that another does not have, in order.

    A comment that is there twice before and once after is lost once. Indentation does not matter.
    """
    there = Counter(comments_of(before))
    return list((there - Counter(comments_of(after))).elements()) if there else []


def _set(document: Container, path: Path, value: Any) -> None:
    holder, step = _reached(document, path, make_parents=True)
    items = holder.at(step)
    if not items:
        item = _new_member(holder, step)
        item.value = written(value, holder.layout, holder.line_indent(item))
    elif not _same(value_of(text_of(items[-1].value)), value):
        layout = _layout_like(holder, items[-1:])
        items[-1].value = written(value, layout, holder.line_indent(items[-1]))


def _insert(holder: Container, index: str | int, value: Any) -> None:
    if holder.is_object or isinstance(index, str) or not 0 <= index <= len(holder.items):
        raise LookupError(f"no array with a place {index!r}")
    layout = _layout_like(holder, holder.items[index : index + 1] or holder.items[-1:])
    item = Item()
    put_in(holder, index, item)
    item.value = written(value, layout, holder.line_indent(item))


def _rename(holder: Container, old: str | int, new: str | int) -> None:
    if not holder.at(old):
        raise LookupError(f"nothing at {old!r}")
    if isinstance(old, int) or isinstance(new, int):
        raise LookupError("an element of an array has no name")
    if old != new:
        if holder.at(new):
            _take(holder, new)
        holder.rename(old, new, written_key(new))


def _move(document: Container, path: Path, to: Path) -> None:
    source, step = _reached(document, path)
    indent = source.line_indent(_effective(source, step))
    moved = _take(source, step)
    was_inside = path[: len(to)] == to
    _place(*_reached(document, to, make_parents=True), moved, indent, keeps_lead=was_inside)


def _place(
    target: Container,
    name: str | int,
    moved: Item,
    indent: str,
    *,
    insert: bool = False,
    keeps_lead: bool = False,
) -> None:
    """Put an item that was taken from a line with an `indent` at its new place.

    With `keeps_lead`, the comments above what it replaces stay above it.
    """
    there = [] if insert else target.at(name)
    if there:
        item = there[-1]
        if not keeps_lead:
            item.lead = cut_attached(item.lead).first
    elif insert and isinstance(name, int):
        item = Item()
        put_in(target, name, item, on_own_line=bool(line_breaks(moved.lead)))
    else:
        item = _new_member(target, name, on_own_line=bool(line_breaks(moved.lead)))
    _fill(target, item, moved, indent)
    keep_line_end(target, target.position(name, item) + 1)


def _fill(target: Container, item: Item, moved: Item, indent: str) -> None:
    """Put a moved item, whose line had an `indent`, into `target`."""
    layout, new_indent = target.layout, target.line_indent(item)
    item.lead += indented(moved.lead, indent, new_indent)
    if moved.colon and target.is_object:
        item.colon = indented(moved.colon, indent, new_indent)
    else:
        line = layout.line_break + layout.inner
        item.lead += "".join(comment + line for comment in comments_in(moved.colon))
    item.value = indented(text_of(moved.value), indent, new_indent)
    item.gap, item.tail = "", indented(moved.tail, indent, new_indent)


def _reached(
    document: Container, path: Path, *, make_parents: bool = False
) -> tuple[Container, str | int]:
    """Return the container that holds what `path` names, and the name or index there."""
    holder = document
    steps: Path = (0, *path)
    for step in steps[:-1]:
        if make_parents and not holder.at(step):
            _new_member(holder, step).value = "{}"
        inner = opened(holder, _effective(holder, step))
        if inner is None:
            raise LookupError(f"no object or array at {step!r}")
        holder = inner
    return holder, steps[-1]


def _effective(holder: Container, step: str | int) -> Item:
    items = holder.at(step)
    if not items:
        raise LookupError(f"nothing at {step!r}")
    return items[-1]


def _layout_like(holder: Container, examples: Sequence[Item]) -> Layout:
    """Return the layout for a new value: that of an example if it has one, else its holder's."""
    for example in examples:
        container = opened(holder, example)
        if container is not None and container.items:
            return container.layout
    return holder.layout


def _new_member(holder: Container, name: str | int, *, on_own_line: bool = False) -> Item:
    if isinstance(name, int) or not holder.is_object:
        raise LookupError(f"no object to hold {name!r}")
    item = Item(name=name, key=written_key(name), colon=holder.layout.colon)
    put_in(holder, len(holder.items), item, on_own_line=on_own_line)
    return item


def _take(holder: Container, step: str | int) -> Item:
    """Remove what `step` names, every duplicate of it, and return the one in force."""
    taken = _effective(holder, step)
    for item in holder.at(step):
        take_out(holder, holder.position(step, item))
    return taken


def _take_earlier(holder: Container, step: str | int) -> None:
    """Remove what `step` names but for the one in force."""
    last = _effective(holder, step)
    for item in holder.at(step):
        if item is not last:
            take_out(holder, holder.position(step, item))


def _same(old: Any, new: Any) -> bool:
    """Return whether two JSON values are one, in the order of their keys too."""
    pending = [(old, new)]
    while pending:
        left, right = pending.pop()
        if isinstance(left, dict) and isinstance(right, dict):
            if list(left) != list(right):
                return False
            pending.extend((left[key], right[key]) for key in left)
        elif isinstance(left, list) and isinstance(right, list):
            if len(left) != len(right):
                return False
            pending.extend((each, right[at]) for at, each in enumerate(left))
        elif left != right or isinstance(left, bool) != isinstance(right, bool):
            return False
    return True
