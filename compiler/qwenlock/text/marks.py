"""Comments for qwenlock in settings, such as `// qwenlock: ignore`, and the lines they speak of."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from qwenlock.text.pattern import pattern
from qwenlock.text.trivia import comment_spans

if TYPE_CHECKING:
    import re
    from collections.abc import Iterator

    from qwenlock.text.document import Document, Place

MARK = "qwenlock:"
_ALLOWED = pattern(r"(?://|/\*)\s*qwenlock:\s*allow-literal(?![\w-])")
_BLANKS = pattern(r"[ \t]*")
_SPACE = pattern(r"\s*")


class Mark(NamedTuple):
    """A comment for qwenlock.

    Attributes:
        found: the match of its pattern.
        start: where in the text it starts.
        end: where it ends.
        line: the line that it speaks of: its own, or the next with something on it where the
            comment is alone on its line.
    """

    found: re.Match[str]
    start: int
    end: int
    line: int


def marks(document: Document, pattern: re.Pattern[str]) -> Iterator[Mark]:
    """Yield the comments of a document that match `pattern`, the last first."""
    text = document.text
    if MARK not in text:
        return
    following: dict[int, int] = {}  # where what follows a comment, and those behind it, starts
    for start, end in reversed(comment_spans(text)):
        after = _end(_SPACE, text, end)
        following[start] = following.get(after, after)
        found = pattern.match(text, start, end)
        if found is not None:
            alone = starts_line(text, start) and ends_line(text, end)
            line = document.locator.stretch(following[start] if alone else start, end).line
            yield Mark(found, start, end, line)


def allows_a_literal(place: Place) -> bool:
    """Tell whether a comment beside `place` says that what stands there is not a credential."""
    if MARK not in place.document.text:
        return False
    line = place.position().line
    return any(mark.line == line for mark in marks(place.document, _ALLOWED))


def starts_line(text: str, at: int) -> bool:
    """Tell whether only blanks stand before `at` on its line."""
    while at and text[at - 1] in (" ", "\t"):
        at -= 1
    return at == 0 or text[at - 1] in ("\r", "\n")


def ends_line(text: str, at: int) -> bool:
    """Tell whether only blanks follow `at` on its line."""
    at = _end(_BLANKS, text, at)
    return at == len(text) or text[at] in ("\r", "\n")


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    """Return where a pattern stops matching; it need not match anything."""
    found = pattern.match(text, at)
    return found.end() if found else at
