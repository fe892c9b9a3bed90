"""Adds items to a container and removes them, with correct commas, space and comments.

Which item, and what becomes of its value, is decided in `edit`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwenlock.text.trivia import (
    cut_after_space,
    cut_attached,
    cut_before_space,
    ends_in_line_comment,
    line_breaks,
    starts_line,
)

if TYPE_CHECKING:
    from qwenlock.text.tree import Container, Item


def put_in(holder: Container, position: int, item: Item, *, on_own_line: bool = False) -> None:
    """Put a new item into a container, with the space before it that the layout asks for.

    Args:
        holder: the container.
        position: the index of the item that it goes before; a member goes last.
        item: the item, whose lead is set here.
        on_own_line: whether it needs a line of its own wherever the others stand.
    """
    if holder.items:
        _space_beside(holder, position, item, on_own_line=on_own_line)
    else:
        _space_alone(holder, item, on_own_line=on_own_line or not holder.layout.one_line)
    holder.add(position, item)
    keep_line_end(holder, position)


def _space_beside(holder: Container, position: int, item: Item, *, on_own_line: bool) -> None:
    layout = holder.layout
    neighbour = holder.items[min(position, len(holder.items) - 1)]
    if on_own_line or starts_line(neighbour.lead):
        item.lead = layout.line_break + layout.inner
    elif position > 0:
        item.lead = layout.comma[1:]
    else:
        item.lead, rest = cut_after_space(neighbour.lead)
        neighbour.lead = layout.comma[1:] + rest


def _space_alone(holder: Container, item: Item, *, on_own_line: bool) -> None:
    layout = holder.layout
    if not on_own_line:
        item.lead = layout.padding if holder.is_object else ""
        holder.closing = holder.closing or item.lead
        return
    item.lead = layout.line_break + layout.inner
    if not holder.closing.strip():
        holder.closing = layout.line_break + layout.indent


def take_out(holder: Container, position: int) -> None:
    """Take an item out, with a comma and the space around it.

    The comments that belong to it become its `lead` and `tail`; the others stay behind.
    """
    item = holder.pop(position)
    _drop_comma(item)
    staying, item.lead = cut_attached(item.lead)
    comments, space = cut_before_space(staying)
    comments = item.above + comments
    if position < len(holder.items):
        _leave_before(holder.items[position], comments, space, first=position == 0)
    else:
        _leave_last(holder, comments, space)
    keep_line_end(holder, position)


def _drop_comma(item: Item) -> None:
    if item.gap.strip():
        item.tail = cut_before_space(item.gap + item.tail).first
    item.gap = ""


def _leave_before(item: Item, comments: str, space: str, *, first: bool) -> None:
    """Leave the comments of a removed item, and the space behind them, before the next one."""
    if item.above:
        item.above = comments + _one_space(space, item.above, first=first)
    else:
        item.above = comments
        item.lead = _one_space(space, item.lead, first=first)


def _one_space(space: str, trivia: str, *, first: bool) -> str:
    """Put `space` before `trivia` in place of the space there, unless that has more lines."""
    after, rest = cut_after_space(trivia)
    if first and (line_breaks(space) or not line_breaks(after)):
        return space + rest
    return max(after, space, key=lambda choice: len(line_breaks(choice))) + rest


def _leave_last(holder: Container, comments: str, space: str) -> None:
    """Leave the comments of a removed last item at the end of what is now without it."""
    if holder.items:
        _drop_comma(holder.items[-1])
    if comments:
        holder.closing = comments + ("" if starts_line(holder.closing) else space) + holder.closing
    if not holder.items and not (holder.opening + holder.closing).strip():
        holder.opening = holder.closing = ""


def keep_line_end(holder: Container, position: int) -> None:
    """Keep the comments at the end of a line from what stands at `position`, or from the end.

    A `//` comment would swallow it, and a `/* */` comment would pass to it.
    """
    layout, items = holder.layout, holder.items
    before = items[position - 1].tail if position else holder.opening
    following = items[position] if position < len(items) else None
    if ends_in_line_comment(before):
        if following is None and not starts_line(holder.closing):
            holder.closing = layout.line_break + layout.indent + holder.closing.lstrip()
        if following is not None and not starts_line(following.lead):
            following.lead = layout.line_break + layout.inner + following.lead.lstrip()
    elif position and following is not None and not starts_line(following.lead):
        items[position - 1].gap += before
        items[position - 1].tail = ""
