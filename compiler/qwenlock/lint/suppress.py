"""Comments that suppress findings: `// qwenlock: ignore[QL203]`, or of all codes without brackets.

A comment is on the line of the finding, or alone on the line above.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from qwenlock.findings.codes import is_among, is_known
from qwenlock.findings.finding import Finding
from qwenlock.findings.repair import Cut, Repair
from qwenlock.text.credentials import shown
from qwenlock.text.document import Place
from qwenlock.text.marks import ends_line, marks, starts_line
from qwenlock.text.pattern import pattern
from qwenlock.text.trivia import comment_spans

if TYPE_CHECKING:
    import re
    from collections.abc import Iterable, Iterator, Sequence

    from qwenlock.text.document import Document

_COMMENT = pattern(r"(?://|/\*)\s*qwenlock:\s*ignore(?![\w-])\s*(?:\[([^\]]*)\])?")
_ENDING = pattern(r"\r\n|\r|\n")
_UNUSED = "QL115"
_BLANKS = pattern(r"[ \t]*")
_LINE_END = pattern(r"[ \t]*(?:\r\n?|\n)?")
_VARYING = frozenset(
    {"QL117", "QL218", "QL220", "QL221", "QL305", "QL306", "QL307", "QL406", "QL504", "QL607"}
)
"""Codes that depend on the client or the machine: a comment for one may be needed elsewhere."""


class Ignore(NamedTuple):
    """A comment that suppresses findings.

    Attributes:
        document: the document that it is in.
        codes: the codes it names; None for all.
        start: where in the text it starts.
        end: where it ends.
        line: the line whose findings it suppresses.
    """

    document: Document
    codes: tuple[str, ...] | None
    start: int
    end: int
    line: int


def suppressed(
    findings: Iterable[Finding], documents: Iterable[Document], judged: Iterable[Document]
) -> list[Finding]:
    """Return the findings that no comment suppresses, with a note on each unused comment.

    Args:
        findings: all findings.
        documents: the documents whose comments count.
        judged: those of them whose findings are all known, so that unused comments show.
    """
    ignores = [ignore for document in documents for ignore in _ignores(document)]
    if not ignores:
        return list(findings)
    at: dict[tuple[int, int], list[int]] = defaultdict(list)
    for index, ignore in enumerate(ignores):
        at[id(ignore.document), ignore.line].append(index)
    documented = {id(ignore.document) for ignore in ignores}
    used: dict[int, set[str]] = defaultdict(set)
    left = []
    for finding in findings:
        place = finding.place
        if place is None or id(place.document) not in documented:
            left.append(finding)
            continue
        by = [
            index
            for index in at[id(place.document), place.position().line]
            if _names(ignores[index], finding.code)
        ]
        for index in by:
            used[index].add(finding.code)
        if not by:
            left.append(finding)
    whole = {id(document) for document in judged}
    for index, ignore in enumerate(ignores):
        if id(ignore.document) in whole:
            left += _unused(ignore, used[index])
    return left


def suppression(finding: Finding) -> Repair | None:
    """Return what adds a comment above the line of `finding` that suppresses it.

    None if the finding has no place in settings, if its line begins inside a comment, or if it is
    about such a comment or about a byte-order mark, which is before every line.
    """
    place = finding.place
    about_mark = finding.repair is not None and finding.repair.unmarks
    if place is None or finding.code == _UNUSED or about_mark:
        return None
    text = place.document.text
    start = place.document.locator.start_of(place.position().line)
    if any(begin < start < end for begin, end in comment_spans(text)):
        return None
    indent = _after(_BLANKS, text, start)
    ending = _ENDING.search(text)
    comment = f"// qwenlock: ignore[{finding.code}]{ending[0] if ending else chr(10)}"
    return Repair(cuts=(Cut(start, start, text[start:indent] + comment),))


def _names(ignore: Ignore, code: str) -> bool:
    return ignore.codes is None or is_among(code, ignore.codes)


def _ignores(document: Document) -> Iterator[Ignore]:
    for found, start, end, line in marks(document, _COMMENT):
        codes = None if found[1] is None else tuple(each.strip() for each in found[1].split(","))
        yield Ignore(document, codes, start, end, line)


def _unused(ignore: Ignore, used: set[str]) -> Iterator[Finding]:
    """Yield a note if a comment, or a code that it names, suppresses nothing."""
    named = ignore.codes or ()
    kept = [code for code in named if code in _VARYING or any(is_among(u, [code]) for u in used)]
    unused = [code for code in named if code not in kept]
    if used if ignore.codes is None else kept and not unused:
        return
    unknown = [code for code in unused if not is_known(code)]
    message = "this comment suppresses nothing"
    if unknown:
        message = f'"{shown(unknown[0])}" is not the code of a finding'
    elif kept:
        message = f"this place has no {' or '.join(unused)} to suppress"
    place = Place(ignore.document, at=ignore.document.locator.stretch(ignore.start, ignore.end))
    repair = Repair(cuts=(_without(ignore, kept),))
    yield Finding(_UNUSED, message, place, "remove it", repair=repair)


def _without(ignore: Ignore, kept: Sequence[str]) -> Cut:
    """Return the cut that leaves only the codes `kept` of a comment, or removes the comment.

    It also removes the line if the comment is alone on it, or else the space beside the comment.
    """
    text, start, end = ignore.document.text, ignore.start, ignore.end
    if kept:
        opening = text.index("[", start)
        return Cut(opening, text.index("]", opening) + 1, f"[{', '.join(kept)}]")
    if not ends_line(text, end):
        return Cut(start, _after(_BLANKS, text, end))
    if starts_line(text, start):
        end = _after(_LINE_END, text, end)
    return Cut(len(text[:start].rstrip(" \t")), end)


def _after(pattern: re.Pattern[str], text: str, at: int) -> int:
    found = pattern.match(text, at)
    assert found is not None  # noqa: S101  (it may match nothing)
    return found.end()
