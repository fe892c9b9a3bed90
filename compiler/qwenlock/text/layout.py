"""Reads the layout of a container from its text, and writes new values in the same way.

The position of a new value is decided in `edit`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Protocol

from qwenlock.text.pattern import pattern
from qwenlock.text.record import dataclass, replace
from qwenlock.text.trivia import indentation, indented

if TYPE_CHECKING:
    from collections.abc import Sequence

_BLANKS = " \t"
_LINE_BREAK = pattern(r"\r\n?|\n")
_INDENTED_LINE = pattern(r"[\r\n]([ \t]+)[^\s/*]")
_BARE_COLON = pattern(r"[ \t]*:[ \t]*")
_SURROGATE = pattern(r"[\ud800-\udfff]")


class LaidOut(Protocol):
    """The parts of an item that show how its container is laid out, as the tree's items have them.

    Attributes:
        lead: the trivia before it.
        key: the key as written; empty in an array.
        colon: the colon as written, with the trivia around it.
    """

    lead: str
    key: str
    colon: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The layout of a container's text.

    Attributes:
        line_break: the line ending.
        unit: one level of indentation.
        indent: the indentation of the line on which the container starts.
        inner: the indentation of an item on a line of its own.
        one_line: whether the container stands on one line.
        comma: the comma between two items on one line, with the space after it.
        colon: the colon between key and value, with the space around it.
        padding: the space inside the braces of an object on one line.
    """

    line_break: str
    unit: str
    indent: str = ""
    inner: str = ""
    one_line: bool = False
    comma: str = ", "
    colon: str = ": "
    padding: str = ""


def document_layout(text: str) -> Layout:
    """Return a document's layout for containers whose own text shows none."""
    line_break, indented_line = _LINE_BREAK.search(text), _INDENTED_LINE.search(text)
    return Layout(
        line_break=line_break[0] if line_break else "\n",
        unit=indented_line[1] if indented_line else "  ",
    )


def container_layout(
    items: Sequence[LaidOut], outer: Layout, indent: str, *, one_line: bool
) -> Layout:
    """Return the layout that the text of a container shows.

    Args:
        items: what it holds.
        outer: the layout of the container around it, for what its own text does not show.
        indent: the indentation of the line on which it starts.
        one_line: whether it ends on that line.
    """
    inner = _inner_indentation(items, default=indent + outer.unit)
    if not items:
        return replace(outer, indent=indent, inner=inner, one_line=one_line and outer.one_line)
    deeper = inner.startswith(indent) and inner != indent
    colon = items[-1].colon if _BARE_COLON.fullmatch(items[-1].colon) else outer.colon
    return replace(
        outer,
        indent=indent,
        inner=inner,
        unit=inner.removeprefix(indent) if deeper else outer.unit,
        one_line=one_line,
        comma=_comma(items, colon) or outer.comma,
        colon=colon,
        padding=items[0].lead if items[0].key and _is_blank(items[0].lead) else outer.padding,
    )


def written_key(name: str) -> str:
    """Return the text of a member's key, with the escapes of JavaScript's `JSON.stringify`."""
    return _escaped(_dumped(name))


def written(value: Any, layout: Layout, indent: str) -> str:
    """Return the text of a JSON `value`, with the escapes of JavaScript's `JSON.stringify`.

    Args:
        value: what to write.
        layout: the layout to write it in.
        indent: the indentation of the line on which the text starts.

    Raises:
        ValueError: a number is infinite, or not a number.
    """
    if layout.one_line:
        text = _dumped(value, separators=(layout.comma, layout.colon))
        if isinstance(value, dict) and value:
            text = f"{{{layout.padding}{text[1:-1]}{layout.padding}}}"
    else:
        text = _dumped(value, indent=layout.unit, separators=(",", layout.colon))
        text = indented(text.replace("\n", layout.line_break), "", indent)
    return _escaped(text)


def _inner_indentation(items: Sequence[LaidOut], default: str) -> str:
    found = (indentation(item.lead) for item in reversed(items))
    return next((inner for inner in found if inner is not None), default)


def _comma(items: Sequence[LaidOut], colon: str) -> str | None:
    """Return a comma as in the items' own text, or else with the space that their colon has."""
    if len(items) > 1 and _is_blank(items[1].lead):
        return "," + items[1].lead
    return "," + colon[len(colon.rstrip()) :] if items[0].key else None


def _is_blank(trivia: str) -> bool:
    return not trivia.strip(_BLANKS)


def _escaped(text: str) -> str:
    return _SURROGATE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _dumped(value: Any, **style: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, **style)
