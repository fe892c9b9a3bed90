"""Printing: data on stdout, words on stderr, colours on a terminal only.

`foreign` decides how text from files is shown.
"""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, TextIO

from qwenlock.cli.advice import advised
from qwenlock.findings.errors import of_output
from qwenlock.text.foreign import as_bytes, json_text
from qwenlock.text.pattern import pattern

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_USUAL_WIDTH = 80
_ESCAPE = pattern(r"\x1b\[[0-9;]*m")
_EXCERPT = pattern(r"\s*\d* \|")
_WORD = pattern(r"\s*(?:`[^`]*`|\S)+")
_COLOURS = {"error": "31", "warning": "33", "note": "36", "good": "32", "dim": "2", "bold": "1"}


def prepare_streams() -> None:
    """Make stdout and stderr take any text: a closed one goes nowhere, others escape characters.

    A closed stdin is empty.
    """
    if sys.stdin is None:
        sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115, PTH123
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # closed, or of a program without a console
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115, PTH123
        elif stream.errors == "strict":
            stream.reconfigure(errors="backslashreplace")


@contextmanager
def _writing() -> Iterator[None]:
    """Turn the system's error of stdout into one of ours, but not that of a reader that has gone.

    Raises:
        WriteError: stdout cannot be written to.
    """
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise of_output(error) from None


def say(text: str = "") -> None:
    """Print a message for the user on stderr; the commands that it advises work from here.

    If it cannot be printed, the command goes on.
    """
    with suppress(OSError):
        _print(advised(text), sys.stderr)


def emit(text: str) -> None:
    """Print data, on stdout.

    Raises:
        WriteError: it cannot be printed.
    """
    with _writing():
        _print(text, sys.stdout)


def emit_words(text: str) -> None:
    """Print data that people read on stdout; on a terminal, its lines are folded.

    Raises:
        WriteError: it cannot be printed.
    """
    emit(_folded(text, sys.stdout))


def emit_raw(text: str) -> None:
    """Print data for programs on stdout, exactly, without an added newline.

    Raises:
        WriteError: it cannot be printed.
    """
    with _writing():
        sys.stdout.flush()
        sys.stdout.buffer.write(as_bytes(text))
        sys.stdout.buffer.flush()


_collected: ContextVar[list[dict[str, Any]] | None] = ContextVar("collected", default=None)


@contextmanager
def collected() -> Iterator[list[dict[str, Any]]]:
    """Collect the JSON documents that are printed meanwhile, instead of printing them."""
    documents: list[dict[str, Any]] = []
    before = _collected.set(documents)
    try:
        yield documents
    finally:
        _collected.reset(before)


def emit_json(document: dict[str, Any]) -> None:
    """Print a JSON document, on stdout, with the version of its schema first."""
    documents = _collected.get()
    if documents is not None:
        documents.append(document)
        return
    emit_raw(json_text({"schema-version": "1.0", **document}))


def as_json(value: Any) -> str:
    """Return indented JSON whose text is readable."""
    return json_text(value, ascii_only=False)


Printed = tuple[Literal["out", "err"], str]
"""A text, and the stream that it is for."""
_kept: ContextVar[list[Printed] | None] = ContextVar("kept", default=None)


@contextmanager
def kept_back() -> Iterator[list[Printed]]:
    """Collect what is printed meanwhile, for `print_kept`, which another process may call."""
    kept: list[Printed] = []
    before = _kept.set(kept)
    try:
        yield kept
    finally:
        _kept.reset(before)


def print_kept(kept: Iterable[Printed]) -> None:
    """Print what `kept_back` has kept.

    Raises:
        WriteError: it cannot be printed.
    """
    for stream, text in kept:
        if stream == "out":
            emit(text)
        else:
            with suppress(OSError):
                _print(text, sys.stderr)


def painted(text: str, colour: str, stream: TextIO | None = None) -> str:
    """Return `text` in a colour of `_COLOURS` if `stream` (stderr) is a terminal."""
    if not in_colour(stream or sys.stderr):
        return text
    return f"\x1b[{_COLOURS[colour]}m{text}\x1b[0m"


def folded(line: str, width: int) -> str:
    """Return a line of words, folded between words to fit `width` columns.

    What stands between backticks stays whole, so that it can be copied, and an excerpt of a file
    stays as it is.
    """
    plain = _ESCAPE.sub("", line)
    if cells(plain) <= width or _EXCERPT.match(plain):
        return line
    margin = len(plain) - len(plain.lstrip())
    indent = " " * (margin + (4 if plain.lstrip().startswith("= ") else 2))
    lines, now = [], ""
    for word in _WORD.findall(line):
        longer = f"{now}{word}"
        if cells(_ESCAPE.sub("", longer)) > width and _ESCAPE.sub("", now).strip():
            lines.append(now)
            longer = f"{indent}{word.lstrip()}"
        now = longer
    return "\n".join([*lines, now])


def _folded(text: str, stream: TextIO) -> str:
    """Return text with its lines folded if `stream` is a terminal; blocks of code stay."""
    if not stream.isatty():
        return text
    lines, in_code = [], False
    for line in text.split("\n"):
        in_code ^= line.startswith("```")
        lines.append(line if in_code else folded(line, width_of(stream)))
    return "\n".join(lines)


def cells(text: str) -> int:
    """Return how wide a text is on a terminal."""
    if text.isascii() and text.isprintable():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def width_of(stream: TextIO) -> int:
    """Return how many columns a stream's terminal has; 80 if it is not a terminal."""
    try:
        return os.get_terminal_size(stream.fileno()).columns or _USUAL_WIDTH
    except (OSError, ValueError):  # something that only says it is a terminal
        return _USUAL_WIDTH


def in_colour(stream: TextIO) -> bool:
    """Tell whether output on `stream` is coloured."""
    if not stream.isatty() or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return sys.platform != "win32" or _console_has_colours(stream.fileno())


@cache
def _console_has_colours(descriptor: int) -> bool:
    from qwenlock.edge.windows import has_colours

    return has_colours(descriptor)


def _print(text: str, stream: TextIO) -> None:
    kept = _kept.get()
    if kept is not None:
        kept.append(("out" if stream is sys.stdout else "err", text))
        return
    if stream is sys.stderr:
        text = _folded(text, stream)
    encoding = stream.encoding or "utf-8"
    stream.write(text.encode(encoding, "backslashreplace").decode(encoding) + "\n")
