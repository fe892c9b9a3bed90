"""The change of a file as a unified diff, with every possible secret masked.

The diff compares the real text and masks the lines that it shows.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from difflib import SequenceMatcher
from operator import add, ne
from typing import TYPE_CHECKING, TypeAlias

from qwenlock.text.credentials import MASK
from qwenlock.text.pattern import pattern

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from qwenlock.findings.file_changes import FileChange

    Opcodes: TypeAlias = list[tuple[str, int, int, int, int]]

_CONTEXT = 3  # lines before and after a change, as in every unified diff
_LARGE, _PROBE = 10_000, 100
"""How many lines are so many that comparing them takes time, and how many are looked at first."""
_PLAIN = (".gitignore", ".gitattributes", ".toml", ".yml", ".yaml")
_VARIABLE = pattern(r"^(\s*(?:export\s+)?([A-Za-z_]\w*)\s*=\s*).+$")
_NAMED = pattern(r"""([\w.\-]+)["']?\s*[:=]=?\s*(?=\S)""")
_LONGEST = 1_000  # characters of a line that is looked into
_LINE_BREAK = pattern(r"\r\n|\r|\n")


def unified(file: FileChange) -> str:
    """Return a file's change as a unified diff; empty if no line differs."""
    before, after = _text(file.label, file.before or ""), _text(file.label, file.after)
    groups = _groups(before.lines, after.lines)
    ours = not file.is_backup
    hunks = "".join(line for group in groups for line in _hunk(group, before, after, ours=ours))
    old = "/dev/null" if file.before is None else f"a/{file.name}"
    new = "/dev/null" if file.deletes else f"b/{file.name}"
    return f"--- {old}\n+++ {new}\n{hunks}" if hunks else ""


class _Text(ABC):
    """The lines of a file, and their masked form."""

    def __init__(self, lines: list[str]) -> None:
        self.lines = lines if lines[-1] else lines[:-1]  # no empty line after the last line break

    @abstractmethod
    def shown(self, first: int, last: int, *, is_new: bool) -> list[str]:
        """Return the masked lines from `first` up to, but not including, `last`, counted from 0."""


class _Settings(_Text):
    def __init__(self, text: str) -> None:
        from qwenlock.text.locate import Locator

        self._locator = Locator(text)
        super().__init__(self._locator.lines)

    def shown(self, first: int, last: int, *, is_new: bool) -> list[str]:  # noqa: ARG002
        return self._locator.masked_lines(first + 1, last) if last > first else []


class _Variables(_Text):
    """A `.env` file: only the names of variables are shown, which no line within a value has."""

    def __init__(self, text: str) -> None:
        from qwenlock.text import dotenv

        super().__init__(_LINE_BREAK.split(text))
        self._names = dotenv.names_by_line(text)

    def shown(self, first: int, last: int, *, is_new: bool) -> list[str]:  # noqa: ARG002
        return [_variable(self.lines[at], self._names.get(at)) for at in range(first, last)]


class _Plain(_Text):
    """A file where only qwenlock's own lines are written, which hold no keys."""

    def shown(self, first: int, last: int, *, is_new: bool) -> list[str]:
        lines = self.lines[first:last]
        return list(lines) if is_new else [_entry(line) for line in lines]


def _text(label: str, text: str) -> _Text:
    if label.endswith(".env"):
        return _Variables(text)
    if label.endswith(_PLAIN):
        return _Plain(_LINE_BREAK.split(text))
    return _Settings(text.removeprefix("\ufeff"))


def _variable(line: str, name: str | None) -> str:
    found = _VARIABLE.match(line)
    if found and found[2] == name:
        return found[1] + MASK
    return f"# {MASK}" if line.strip() else line


def _entry(line: str) -> str:
    """Return a line of YAML or TOML without what could be a key, by its form or its name."""
    from qwenlock.text.credentials import is_credential
    from qwenlock.text.mask import masked_words
    from qwenlock.text.secret_forms import is_made_of_words

    if is_credential(line) or len(line) > _LONGEST:
        return MASK
    for found in _NAMED.finditer(line):
        value = line[found.end() :]
        if is_credential(value, found[1]) or not is_made_of_words(value):
            return line[: found.end()] + MASK
    return line if is_made_of_words(line) else masked_words(line)


def _groups(before: Sequence[str], after: Sequence[str]) -> Iterator[Opcodes]:
    """Yield the differing lines with their context; the common beginning and end are skipped."""
    start = _alike(before, after)
    end = min(_alike(before[::-1], after[::-1]), len(before) - start, len(after) - start)
    skipped, kept = max(0, start - _CONTEXT), max(0, end - _CONTEXT)
    old, new = before[skipped : len(before) - kept], after[skipped : len(after) - kept]
    for at, to, new_at, new_to in _parts(old, new):
        matcher = SequenceMatcher(None, old[at:to], new[new_at:new_to])
        shifts = (skipped + at, skipped + at, skipped + new_at, skipped + new_at)
        for group in matcher.get_grouped_opcodes(_CONTEXT):
            yield [(tag, *map(add, shifts, numbers)) for tag, *numbers in group]


def _parts(old: Sequence[str], new: Sequence[str]) -> list[tuple[int, int, int, int]]:
    """Return the parts of texts that are compared: all, or those around equal lines in the middle.

    Each is where it begins and ends in the old lines, and where in the new ones.
    """
    whole = [(0, len(old), 0, len(new))]
    if min(len(old), len(new)) < _LARGE:
        return whole
    middle, longer = len(old) // 2, len(new) - len(old)
    probe = old[middle : middle + _PROBE]
    near = (middle + longer + each for each in sorted(range(-_PROBE, _PROBE), key=abs))
    found = (at - middle for at in near if at >= 0 and new[at : at + _PROBE] == probe)
    moved = next(found, None)  # how much later the middle is
    if moved is None:
        return whole
    first = middle - _alike(old[:middle][::-1], new[: middle + moved][::-1])
    last = middle + _alike(old[middle:], new[middle + moved :])
    first, last = first + _CONTEXT, last - _CONTEXT
    return [
        (0, first, 0, first + moved),
        (last, len(old), last + moved, len(new)),
    ]


def _alike(one: Sequence[str], other: Sequence[str]) -> int:
    """Return with how many equal lines two texts begin."""
    differing = (at for at, differs in enumerate(map(ne, one, other)) if differs)
    return next(differing, min(len(one), len(other)))


def _hunk(opcodes: Opcodes, before: _Text, after: _Text, *, ours: bool) -> Iterator[str]:
    _, first, _, new_first, _ = opcodes[0]
    _, _, last, _, new_last = opcodes[-1]
    yield f"@@ -{_range(first, last)} +{_range(new_first, new_last)} @@\n"
    for tag, start, stop, new_start, new_stop in opcodes:
        if tag == "equal":
            yield from (f" {line}\n" for line in before.shown(start, stop, is_new=False))
            continue
        yield from (f"-{line}\n" for line in before.shown(start, stop, is_new=False))
        yield from (f"+{line}\n" for line in after.shown(new_start, new_stop, is_new=ours))


def _range(first: int, last: int) -> str:
    """Return a range of lines in the notation of a unified diff."""
    count = last - first
    if count == 1:
        return str(first + 1)
    return f"{first + 1 if count else first},{count}"
