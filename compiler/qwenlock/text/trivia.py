"""White space and comments between the tokens of a document, called trivia.

This module analyses trivia; `tree` decides what it belongs to, `edit` what becomes of it.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from qwenlock.text.pattern import pattern

# Patterns to compile with re.DOTALL. None backtracks: that would cost memory for every token, and
# let a comment extend to the end of the next one. What is repeated possessively is atomic, because
# Python before 3.11.5 matches other groups wrongly there (python/cpython#106052).
COMMENT = r"//[^\r\n]*+|/\*[^*]*+(?:(?>\*(?!/)[^*]*+))*+\*/"
STRING = r'"[^"\\]*+(?:(?>\\.[^"\\]*+))*+"'
TRIVIA = rf"(?:(?>\s++|{COMMENT}))*+"

_COMMENTS = pattern(COMMENT, re.DOTALL)
_RUNS = pattern(rf"\s+|{COMMENT}", re.DOTALL)
_AROUND_BREAK = pattern(r"(?<!\s)\s*[\r\n]\s*")
_LINE_BREAKS = pattern(r"\r\n?|\n")
_REST_OF_LINE = pattern(r"(?:[ \t]|/\*.*?\*/)*(?://[^\r\n]*)?", re.DOTALL)
_UP_TO_COMMENT = pattern(
    rf'[^"/]*+(?:(?>{STRING}[^"/]*+))*+(?:({COMMENT})|(/(?!\*)|\Z)|.)', re.DOTALL
)


class Halves(NamedTuple):
    """A piece of trivia cut in two."""

    first: str
    second: str


def comments_in(trivia: str) -> list[str]:
    """Return the comments of `trivia`, in order."""
    return _COMMENTS.findall(trivia)


def comments_of(text: str) -> list[str]:
    """Return the comments of a whole document, in order, with their lines' indentation left out."""
    return [_AROUND_BREAK.sub("\n", text[start:end]).rstrip() for start, end in comment_spans(text)]


def comment_spans(text: str) -> list[tuple[int, int]]:
    """Return where the comments of a whole document start and end, in order.

    Of a text that is not valid, those before the first string or comment that does not end.
    """
    spans = []
    for found in _UP_TO_COMMENT.finditer(text):
        if found[1]:
            spans.append(found.span(1))
        elif found[2] is None:
            break
    return spans


def line_breaks(trivia: str) -> list[str]:
    """Return the line breaks of `trivia`, those inside its comments too."""
    return _LINE_BREAKS.findall(trivia)


def starts_line(trivia: str) -> bool:
    """Return whether `trivia` begins with a line break; the blanks before one stand elsewhere."""
    return trivia.startswith(("\r", "\n"))


def ends_in_line_comment(trivia: str) -> bool:
    """Return whether what follows `trivia` directly would become part of a `//` comment."""
    runs = _RUNS.findall(trivia)
    return bool(runs) and runs[-1].startswith("//")


def indentation(trivia: str) -> str | None:
    """Return the indentation of the last line that starts within `trivia`; None if none does.

    The lines inside a comment do not count.
    """
    spaces = [run for run in _RUNS.findall(trivia) if run.isspace() and line_breaks(run)]
    return _LINE_BREAKS.split(spaces[-1])[-1] if spaces else None


def indented(text: str, old: str, new: str) -> str:
    """Return a piece of a document with the indentation of all lines but its first changed.

    Args:
        text: any piece of a document; strings hold no line breaks, so none is touched.
        old: the white space that lines start with; a line without it is left as it is.
        new: the white space to start with instead.
    """
    return text if old == new else re.sub(rf"(\r\n?|\n){old}(?![\r\n])", rf"\g<1>{new}", text)


def cut_after_space(trivia: str) -> Halves:
    """Cut `trivia` after the white space that it starts with."""
    rest = trivia.lstrip()
    return Halves(trivia[: len(trivia) - len(rest)], rest)


def cut_before_space(trivia: str) -> Halves:
    """Cut `trivia` before the white space that it ends with; blanks end no `//` comment."""
    runs = _RUNS.findall(trivia)
    space = runs[-1] if runs and runs[-1].isspace() else ""
    return Halves(trivia[: len(trivia) - len(space)], space)


def cut_line(trivia: str) -> Halves:
    """Cut `trivia` before its first line break outside a comment, or else at its end."""
    rest_of_line = _REST_OF_LINE.match(trivia)
    end = rest_of_line.end() if rest_of_line else 0
    return Halves(trivia[:end], trivia[end:])


def cut_attached(trivia: str) -> Halves:
    """Cut `trivia` before the comments that belong to the value which follows it.

    Those are the comments directly above it, with no blank line between, and right before it.
    """
    cut = len(cut_after_space(trivia).first)
    for run in _RUNS.finditer(trivia):
        if run[0].isspace() and len(line_breaks(run[0])) > 1:
            cut = run.end()
    return Halves(trivia[:cut], trivia[cut:])
