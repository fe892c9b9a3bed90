"""What is at an offset of a settings text, which need not be valid: somebody is typing in it.

Texts that are valid are taken apart in `tree`; this reads tokens only, and never fails.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, NamedTuple

from qwenlock.text.pattern import pattern
from qwenlock.text.record import dataclass, field
from qwenlock.text.trivia import COMMENT

if TYPE_CHECKING:
    from qwenlock.text.operations import Path

_TOKEN = pattern(
    rf'(?P<comment>{COMMENT}|/\*.*)|(?P<string>"(?:[^"\\\r\n]|\\[^\r\n])*"?)'
    r'|(?P<mark>[{}\[\],:])|(?P<scalar>[^\s{}\[\],:"/]+|/)',
    re.DOTALL,
)
_BEFORE_COLON = pattern(rf"(?:\s|{COMMENT})*:", re.DOTALL)


class Cursor(NamedTuple):
    """What is at an offset.

    Attributes:
        path: the value there, or the member whose key is there. A member that is yet to be typed
            has the key `""`.
        on_key: whether a key is there, or could be.
        start: where the token there starts; the offset itself if there is none.
        end: where it ends.
        siblings: the other keys of the object that a key is in.
        has_colon: whether a colon follows the key.
    """

    path: Path
    on_key: bool
    start: int
    end: int
    siblings: tuple[str, ...] = ()
    has_colon: bool = False


@dataclass(slots=True, eq=False)
class _Frame:
    """An object or array that has begun: where in it the reading is."""

    is_object: bool
    key: str = ""
    index: int = 0
    at_key: bool = True
    keys: list[str] = field(default_factory=list)

    @property
    def expects_key(self) -> bool:
        return self.is_object and self.at_key

    @property
    def step(self) -> str | int:
        return self.key if self.is_object else self.index


def cursor(text: str, offset: int) -> Cursor | None:
    """Return what is at `offset` of `text`; None in a comment, and outside of the top object."""
    search = _Search(text, offset)
    for token in _TOKEN.finditer(text):
        if not search.goes_on_after(token):
            break
    return search.result()


class _Search:
    """Reads tokens until it knows what is at an offset, and which keys are beside that."""

    def __init__(self, text: str, offset: int) -> None:
        self._text, self._offset = text, offset
        self._frames: list[_Frame] = []
        self._found: Cursor | None = None
        self._around: _Frame | None = None
        self._depth = 0
        self._in_comment = False

    def goes_on_after(self, token: re.Match[str]) -> bool:
        """Read a token; tell whether later ones matter."""
        is_word = token.lastgroup in ("string", "scalar")
        if self._found is None and token.start() >= self._offset:
            touches = is_word and token.start() == self._offset
            if not touches and not self._is_between():
                return False
        if len(self._frames) < self._depth:
            return False  # the object that the offset is in has ended
        if token.lastgroup == "comment":
            self._in_comment = self._found is None and _is_within(token, self._offset)
            return not self._in_comment
        if is_word and self._frames:
            self._word(token, self._frames[-1])
        elif not is_word:
            _step(self._frames, token[0])
        return True

    def result(self) -> Cursor | None:
        """Return what was found."""
        if self._in_comment or (self._found is None and not self._is_between()):
            return None
        if self._found is None or self._around is None or not self._found.on_key:
            return self._found
        return self._found._replace(siblings=tuple(self._around.keys))

    def _is_between(self) -> bool:
        """Take note that the offset is between two tokens; tell whether it is in an object."""
        if not self._frames:
            return False
        frame = self._frames[-1]
        path = self._path("") if frame.expects_key else self._path(frame.step)
        self._find(Cursor(path, frame.expects_key, self._offset, self._offset))
        return True

    def _path(self, last: str | int) -> Path:
        return (*(frame.step for frame in self._frames[:-1]), last)

    def _find(self, found: Cursor) -> None:
        self._found, self._around, self._depth = found, self._frames[-1], len(self._frames)

    def _word(self, token: re.Match[str], frame: _Frame) -> None:
        here = self._found is None and self._offset <= token.end()
        if here:
            self._find(self._on(token, frame))
        if frame.expects_key:
            frame.key = _name(token[0])
            frame.keys += [] if here else [frame.key]

    def _on(self, token: re.Match[str], frame: _Frame) -> Cursor:
        start, end = token.span()
        if not frame.expects_key:
            return Cursor(self._path(frame.step), False, start, end)
        has_colon = _BEFORE_COLON.match(self._text, end) is not None
        return Cursor(self._path(_name(token[0])), True, start, end, (), has_colon)


def _is_within(comment: re.Match[str], offset: int) -> bool:
    """Tell whether what is typed at `offset` becomes a part of a comment that starts before it."""
    text = comment.group()
    is_open = text.startswith("//") or not text.endswith("*/")
    return offset < comment.end() or is_open


def _step(frames: list[_Frame], mark: str) -> None:
    """Take the step of a bracket, comma or colon."""
    if mark in ("{", "["):
        frames.append(_Frame(mark == "{"))
    elif not frames:
        return
    elif mark in ("}", "]"):
        frames.pop()
    elif mark == ":":
        frames[-1].at_key = False
    else:
        frame = frames[-1]
        frame.index += 1
        frame.key, frame.at_key = "", True


def _name(token: str) -> str:
    """Return the name that a key, or the beginning of one, stands for."""
    try:
        return str(json.loads(token))
    except ValueError:
        return token.strip('"')
