"""Printing: data on stdout, words on stderr, colours on a terminal only.

Everything that comes from a file is printed here, so that its control characters never reach a
terminal.
"""

from __future__ import annotations

import os
import re
import sys
from typing import Any, TextIO

_COLOURS = {"error": "31", "warning": "33", "note": "36", "good": "32", "dim": "2", "bold": "1"}
_CONTROL = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def say(text: str = "") -> None:
    """Print a message for the user on stderr."""
    _print(text, sys.stderr)


def emit(text: str) -> None:
    """Print data, on stdout."""
    _print(text, sys.stdout)


def emit_raw(text: str) -> None:
    """Print data for programs on stdout, exactly, without an added newline."""
    sys.stdout.flush()
    sys.stdout.buffer.write(text.encode())
    sys.stdout.buffer.flush()


def emit_json(document: dict[str, Any]) -> None:
    """Print a JSON document, on stdout, with the version of its schema first."""
    import json

    emit_raw(json.dumps({"schema-version": "1.0", **document}, indent=2, ensure_ascii=True) + "\n")


def as_json(value: Any) -> str:
    """Return indented JSON whose text is readable but holds no control characters."""
    import json

    text = json.dumps(value, indent=2, ensure_ascii=False)
    lines = text.split("\n")  # newlines within strings have been escaped
    return "".join(_CONTROL.sub(_json_escape, line) + "\n" for line in lines)


def _json_escape(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"


def clean(text: str) -> str:
    """Return a line with its control characters, which a terminal could obey, made visible."""
    return _CONTROL.sub(lambda found: _escape(ord(found[0])), text)


def _escape(point: int) -> str:
    return f"\\x{point:02x}" if point < 0x100 else f"\\u{point:04x}"


def painted(text: str, colour: str, stream: TextIO | None = None) -> str:
    """Return `text` in a colour of `_COLOURS` if `stream` (stderr) is a terminal."""
    if not in_colour(stream or sys.stderr):
        return text
    return f"\x1b[{_COLOURS[colour]}m{text}\x1b[0m"


def in_colour(stream: TextIO) -> bool:
    """Tell whether output on `stream` is coloured."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _print(text: str, stream: TextIO) -> None:
    encoding = stream.encoding or "utf-8"
    stream.write(text.encode(encoding, "backslashreplace").decode(encoding) + "\n")
