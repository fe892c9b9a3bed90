"""Repairs as data: what makes a finding go away, and how the repairs of one file are applied."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from qwenlock.text.credentials import shown
from qwenlock.text.operations import Deduplicate, Move, Remove
from qwenlock.text.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable

    from qwenlock.text.document import Document
    from qwenlock.text.operations import Operation, Path


class Cut(NamedTuple):
    """A stretch of a document's text, from `start` to `end`, that becomes `text`."""

    start: int
    end: int
    text: str = ""


@dataclass(frozen=True, slots=True)
class Repair:
    """What makes a finding go away, in the file that it is about.

    Attributes:
        operations: edits of the settings.
        cuts: edits of comments.
        unmarks: remove the byte-order mark.
        safe: the client offers, selects and sends the same afterwards.
    """

    operations: tuple[Operation, ...] = ()
    cuts: tuple[Cut, ...] = ()
    unmarks: bool = False
    safe: bool = True

    def __str__(self) -> str:
        """Return what the repair does, as an imperative: `remove "openaii"`."""
        words = [_in_words(operation) for operation in self.operations]
        words += ["shorten the comment" if cut.text else "remove the comment" for cut in self.cuts]
        words += ["remove the byte-order mark"] if self.unmarks else []
        return ", ".join(words)


def _in_words(operation: Operation) -> str:
    match operation:
        case Move(path, to) if path[:-1] == to[:-1]:
            return f"rename {_named(path)} to {_named(to)}"
        case Move(path, to):
            differs = (at for at, step in enumerate(to) if path[at : at + 1] != (step,))
            shared = next(differs, len(to) - 1)  # or else what is inside takes its place
            return f"move {_named(path)} to {shown('.'.join(map(str, to[shared:])))}"
        case Deduplicate(path):
            return f"remove the earlier {_named(path)}"
        case Remove(path):
            return f"remove {_named(path)}"
        case _:
            return f"correct {_named(operation.path)}"


def _named(path: Path) -> str:
    """Return the key that ends a path; an element of an array has none."""
    return f'"{shown(path[-1])}"' if isinstance(path[-1], str) else "this entry"


def repaired(document: Document, repairs: Iterable[Repair]) -> str:
    """Return the text of `document` after those `repairs` that agree.

    Its byte-order mark stays, unless a repair removes it. If two repairs meet at one place, the
    first is made; the other is for the next time.
    """
    from qwenlock.text.edit import edit

    repairs = list(repairs)
    unmarked = any(repair.unmarks for repair in repairs)
    mark = "" if unmarked else document.original.removesuffix(document.text)
    text = mark + _cut(document.text, {cut for repair in repairs for cut in repair.cuts})
    return edit(text, _agreeing(each for repair in repairs for each in repair.operations))


def _cut(text: str, cuts: Iterable[Cut]) -> str:
    pieces: list[str] = []
    done: int = 0
    for cut in sorted(cuts):
        pieces += text[done : cut.start], cut.text
        done = cut.end
    return "".join([*pieces, text[done:]])


def _agreeing(operations: Iterable[Operation]) -> list[Operation]:
    """Return the operations of which none meets another, in an order in which all paths hold."""
    chosen: list[Operation] = []
    taken: set[Path] = set()
    for operation in sorted(operations, key=lambda each: isinstance(each, Deduplicate)):
        path = operation.path
        goal = operation.to if isinstance(operation, Move) else path
        if goal in taken or any(path[: len(path) - up] in taken for up in range(len(path))):
            continue
        chosen.append(operation)
        if not isinstance(operation, Deduplicate):
            taken |= {path, goal}
    return sorted(chosen, key=lambda each: _order(each.path), reverse=True)


def _order(path: Path) -> list[str]:
    """Return what sorts paths so that, backwards, a later element comes before an earlier one."""
    return [f"{step:09}" if isinstance(step, int) else step for step in path]
