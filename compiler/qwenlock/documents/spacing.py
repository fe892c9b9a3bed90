"""Items put into and taken out of a container, so that commas, space and comments come out right.

Which item, and what becomes of its value, is not decided here (see `edit`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwenlock.documents.trivia import (
    cut_after_space,
    cut_attached,
    cut_before_space,
    ends_in_line_comment,
    line_breaks,
    starts_line,
)

if TYPE_CHECKING:
    from qwenlock.documents.tree import Container, Item


def put_in(holder: Container, position: int, item: Item, *, on_own_line: bool = False) -> None:
    """Put a new item into a container, with the space before it that the layout asks for.

    Args:
        holder: the container.
        position: the index of the item that it goes before; a member goes last.
        item: without a lead, which it gets here.
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
    if position < len(holder.items):
        following = holder.items[position]
        following.lead = _joined(staying, following.lead, first=position == 0)
    else:
        _close_up(holder, staying)
    keep_line_end(holder, position)


def _drop_comma(item: Item) -> None:
    if item.gap.strip():
        item.tail = cut_before_space(item.gap + item.tail).first
    item.gap = ""


def _joined(staying: str, lead: str, *, first: bool) -> str:
    """Join what a removed item leaves before it with the next item's lead, as one space."""
    comments, before = cut_before_space(staying)
    after, rest = cut_after_space(lead)
    if first and (line_breaks(before) or not line_breaks(after)):
        return comments + before + rest
    return comments + max(after, before, key=lambda space: len(line_breaks(space))) + rest


def _close_up(holder: Container, staying: str) -> None:
    """Make good the end of a container whose last item is gone, but for what it left."""
    if holder.items:
        _drop_comma(holder.items[-1])
    comments, space = cut_before_space(staying)
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
