"""A settings document: its text and its value, by the client's rules for JSON with comments.

Reading bytes from the disk is not done here, nor finding positions (see `locate`), which only
findings and edits need.
"""

from __future__ import annotations

import json
import re
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, NoReturn, cast

from qwenlock.findings.errors import InputError
from qwenlock.findings.finding import Finding, Place

if TYPE_CHECKING:
    import jsonyx

    from qwenlock.text.locate import Locator
    from qwenlock.text.operations import Path

MAX_DEPTH = 500
"""How many levels of objects and arrays a document may have."""

MAX_VALUES = 5_000_000
"""How many values a document may have, near enough: it is its commas that are counted."""

BOM = "\ufeff"

_CONTAINERS: frozenset[type] = frozenset({dict, list})

_FIXES = (
    ("Trailing comma", "remove the comma before the closing bracket"),
    ("Missing commas", "put a comma between the two"),
    ("Unquoted keys", "put the key in double quotes"),
    ("Expecting key", "put the key in double quotes, or remove a trailing comma"),
    ("NaN", "write a number or null"),
    ("Infinity", "write a number or null"),
    ("-Infinity", "write a number or null"),
    ("Unterminated comment", "close the comment with */"),
    ("Unterminated string", "close the string with a double quote"),
    ("Unterminated", "close the bracket"),
    ("Unescaped control", "write it as an escape, such as \\t or \\n"),
    ("Invalid backslash", "double the backslash"),
    ("Expecting end of file", "remove what follows the closing bracket"),
    ("Expecting colon", "put a colon between the key and its value"),
    ("Expecting comma", "put a comma here, or check how what stands before it is spelled"),
    ("Expecting value", 'write a value: "text", a number, true, false, null, [ ] or { }'),
    ("Expecting 4 hex digits", "write four hexadecimal digits, or double the backslash"),
)


class Document:
    """The text of one settings file, its value, and the name it is shown under.

    Attributes:
        label: the file as messages name it, such as `~/.qwen/settings.json`.
        text: the text without a byte-order mark.
        value: the settings, an object. The last of duplicate keys wins, as in the client.
        original: the text with the byte-order mark it may have.
    """

    def __init__(
        self, label: str, text: str, value: dict[str, Any], *, original: str | None = None
    ) -> None:
        self.label = label
        self.text = text
        self.value = value
        self.original = text if original is None else original

    @cached_property
    def locator(self) -> Locator:
        """Return the positions of this document's values; parses the text on first use."""
        from qwenlock.text.locate import Locator

        return Locator(self.text)

    def place(self, path: Path, *, on_key: bool = False) -> Place:
        """Return the place of the value at `path`, or of its key."""
        return Place(self, path, on_key)


def parse(text: str, label: str) -> Document:
    """Read `text` as the client does (How Qwen Code reads settings, "Files").

    Comments and a byte-order mark are accepted; trailing commas, NaN and Infinity are not. An
    empty text is an error, as it is for the client.

    Raises:
        InputError: the text is not valid, not an object, or deeper than `MAX_DEPTH`.
    """
    original, text = text, text.removeprefix(BOM)
    document = Document(label, text, {}, original=original)
    if text.count(",") > MAX_VALUES:
        message = f"it holds more than {MAX_VALUES:,} values"
        raise _unusable("QL104", message, Place(document), "split the file")
    if not text.strip():
        raise _unusable("QL101", "the file is empty", Place(document, at=(1, 1)), "write { }")
    try:
        value = _value(text)
    except RecursionError:
        raise _unusable("QL104", _too_deep(), Place(document)) from None
    except SyntaxError as error:
        raise _syntax_error(document, cast("jsonyx.JSONSyntaxError", error)) from None
    except ValueError:  # an integer of more digits than Python converts
        message = "a number has thousands of digits"
        raise _unusable("QL110", message, Place(document), "write a shorter number") from None
    if not isinstance(value, dict):
        message = "the top level must be an object"
        raise _unusable("QL102", message, Place(document), "wrap the settings in { }")
    if text.count("{") + text.count("[") > MAX_DEPTH and deeper_than(value, MAX_DEPTH):
        raise _unusable("QL104", _too_deep(), Place(document))
    document.value = value
    return document


def _value(text: str) -> Any:
    """Return the value of `text`: without comments by the standard library, in half the time.

    Raises:
        SyntaxError: jsonyx says what is wrong.
    """
    try:
        return json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return _decoder().loads(text)


def _refuse(name: str) -> NoReturn:
    raise ValueError(name)


@cache
def _decoder() -> jsonyx.Decoder:
    import jsonyx
    from jsonyx.allow import COMMENTS, SURROGATES

    return jsonyx.Decoder(allow=COMMENTS | SURROGATES)


def decode(data: bytes, label: str) -> str:
    """Return the text of a file's `data`, which must be UTF-8.

    Raises:
        InputError: it is not; the finding names the first offending byte's line and column.
    """
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        before = data[: error.start].decode().removeprefix(BOM)
        document = Document(label, before + "\ufffd", {})
        message = f"byte {data[error.start]:#04x} is not UTF-8"
        place = Place(document, at=_line_and_column(before))
        raise _unusable("QL103", message, place, "save the file as UTF-8") from None


def _syntax_error(document: Document, error: jsonyx.JSONSyntaxError) -> InputError:
    fix = next((fix for start, fix in _FIXES if error.msg.startswith(start)), None)
    place = Place(document, at=(error.lineno or 1, error.colno))
    is_name = error.msg.startswith(("NaN", "Infinity"))
    message = error.msg if is_name else error.msg[0].lower() + error.msg[1:]
    return _unusable("QL101", message, place, fix)


def _unusable(code: str, message: str, place: Place, fix: str | None = None) -> InputError:
    return InputError(message, findings=(Finding(code, message, place, fix),))


def _too_deep() -> str:
    return f"nested deeper than {MAX_DEPTH} levels"


def _line_and_column(before: str) -> tuple[int, int]:
    lines = re.split(r"\r\n|\r|\n", before)
    return len(lines), len(lines[-1]) + 1


def deeper_than(value: Any, limit: int) -> bool:
    """Tell whether an object or array has more than `limit` levels, itself one of them."""
    level = [value]
    for _ in range(limit):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if outer.__class__ is dict else outer)
            if inner.__class__ in _CONTAINERS
        ]
        if not level:
            return False
    return True
