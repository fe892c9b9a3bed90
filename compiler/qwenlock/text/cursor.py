"""What is at an offset of a settings text, which need not be valid: somebody is typing in it.

Texts that are valid are taken apart in `tree`; this reads tokens only, and never fails.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from qwenlock.text.trivia import COMMENT

if TYPE_CHECKING:
    from qwenlock.text.operations import Path

_TOKEN = re.compile(
    rf'(?P<comment>{COMMENT}|/\*.*)|(?P<string>"(?:[^"\\\r\n]|\\[^\r\n])*"?)'
    r'|(?P<mark>[{}\[\],:])|(?P<scalar>[^\s{}\[\],:"/]+|/)',
    re.DOTALL,
)
_BEFORE_COLON = re.compile(rf"(?:\s|{COMMENT})*:", re.DOTALL)


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
    path: Path
    key: str = ""
    index: int = 0
    at_key: bool = True
    keys: list[str] = field(default_factory=list)

    @property
    def expects_key(self) -> bool:
        return self.is_object and self.at_key

    @property
    def here(self) -> Path:
        return (*self.path, self.key if self.is_object else self.index)


def cursor(text: str, offset: int) -> Cursor | None:
    """Return what is at `offset` of `text`; None in a comment, and outside of the top object."""
    frames: list[_Frame] = []
    found: Cursor | None = None
    around: _Frame | None = None
    for token in _TOKEN.finditer(text):
        is_word = token.lastgroup in ("string", "scalar")
        if found is None and token.start() >= offset and not (is_word and token.start() == offset):
            found, around = _between(frames, offset)
            if around is None:
                return None
        if around is not None and around not in frames:
            break  # the object that the cursor is in has ended
        if token.lastgroup == "comment":
            if found is None and _is_within(token, offset):
                return None
        elif not is_word:
            _step(frames, token[0])
        elif frames:
            frame = frames[-1]
            here = found is None and offset <= token.end()
            if here:
                found, around = _on(token, frame, text), frame
            if frame.expects_key and token.lastgroup == "string":
                frame.key = _name(token[0])
                frame.keys += [] if here else [frame.key]
    if found is None:
        found, around = _between(frames, offset)
    if found is None or around is None:
        return None
    return found._replace(siblings=tuple(around.keys)) if found.on_key else found


def _is_within(comment: re.Match[str], offset: int) -> bool:
    """Tell whether what is typed at `offset` becomes a part of a comment."""
    is_open = comment[0].startswith("//") or not comment[0].endswith("*/")
    return comment.start() < offset and (offset < comment.end() or is_open)


def _between(frames: list[_Frame], offset: int) -> tuple[Cursor | None, _Frame | None]:
    """Return what could be typed between two tokens."""
    if not frames:
        return None, None
    frame = frames[-1]
    path = (*frame.path, "") if frame.expects_key else frame.here
    return Cursor(path, frame.expects_key, offset, offset), frame


def _on(token: re.Match[str], frame: _Frame, text: str) -> Cursor:
    start, end = token.span()
    if not frame.expects_key:
        return Cursor(frame.here, False, start, end)
    has_colon = _BEFORE_COLON.match(text, end) is not None
    return Cursor((*frame.path, _name(token[0])), True, start, end, (), has_colon)


def _step(frames: list[_Frame], mark: str) -> None:
    """Take the step of a bracket, comma or colon."""
    if mark in "{[":
        path = frames[-1].here if frames else ()
        frames.append(_Frame(mark == "{", path))
    elif not frames:
        return
    elif mark in "}]":
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
