r"""Decides how text from files is shown to each kind of reader; nothing else decides it.

Text from files can contain what a reader would execute: escapes for a terminal, commands for the
log of a CI job, Markdown for GitHub. It can also contain invisible characters, and halves of
surrogate pairs, which are not text. All of that is shown as an escape, such as `\x1b`.

| reader | function |
| --- | --- |
| a terminal, the log of a CI job, and a message in an editor | `clean` |
| a program that reads JSON | `json_text` |
| a workflow command of GitHub Actions | `in_command`, `in_property` |
| the Markdown of GitHub and of an editor | `prose`, `code` |
| a URI in SARIF | `as_uri` |
| a program that reads bytes | `as_bytes` |

HTML is escaped by Jinja, after `clean`.
"""

from __future__ import annotations

import re
from typing import Any

from qwenlock.text.pattern import pattern

_CONTROL = "\x00-\x08\x0a-\x1f\x7f-\x9f"
_UNSEEN = (
    "\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200c\u200e\u200f\u2028-\u202e"
    "\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb\U000e0000-\U000e0fff"
)
_SURROGATES = "\ud800-\udfff"
_ESCAPED = pattern(f"[{_CONTROL}{_UNSEEN}{_SURROGATES}]")
_ESCAPED_IN_JSON = pattern(f"[\x7f-\x9f{_UNSEEN}{_SURROGATES}]")
_COMMAND_ANYWHERE = pattern(r"##(?=\[|vso\[)")
"""What begins a command in the log of GitHub Actions and of Azure Pipelines, anywhere in a line."""
_COMMAND_FIRST = pattern(r"^([ \t]*)::")
"""What begins a command of GitHub Actions at the start of a line."""

_SPECIAL = pattern(r"([\\`*_\[\]<>|~$&])")
_LINKED = pattern(r"[@#]\w|://|www\.|\bGH-\d|\b(?:mailto|xmpp):")
"""What GitHub turns into a mention, a reference or a link."""


def clean(text: str) -> str:
    """Return one line in which everything is escaped that a reader could obey or not see."""
    if not (text.isascii() and text.isprintable()):
        text = _ESCAPED.sub(lambda found: _escape(found[0]), text)
    text = _COMMAND_FIRST.sub(r"\1\\x3a:", text)
    return _COMMAND_ANYWHERE.sub(r"#\\x23", text)


def _escape(character: str) -> str:
    return f"\\x{ord(character):02x}" if character.isascii() else ascii(character)[1:-1]


def json_text(value: Any, *, ascii_only: bool = True) -> str:
    """Return indented JSON that can be read by any program, and printed in the log of a CI job.

    Args:
        value: a JSON value.
        ascii_only: escape all that is not ASCII; else only what nobody sees.
    """
    import json

    text = json.dumps(value, indent=2, ensure_ascii=ascii_only)
    text = _ESCAPED_IN_JSON.sub(lambda found: _json_escape(found[0]), text)
    return _COMMAND_ANYWHERE.sub(r"#\\u0023", text) + "\n"


def _json_escape(character: str) -> str:
    import json

    return "\\u007f" if character == "\x7f" else json.dumps(character)[1:-1]


def in_command(lines: str) -> str:
    """Return lines that are already `clean` as the message of a workflow command."""
    return lines.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def in_property(text: str) -> str:
    """Return text as a property of a workflow command, such as `file`."""
    return in_command(clean(text)).replace(":", "%3A").replace(",", "%2C")


def as_uri(path: str) -> str:
    """Return a path as a relative URI; what is not UTF-8 in it keeps its bytes."""
    from urllib.parse import quote

    return quote(path.encode("utf-8", "surrogateescape" if _is_decoded(path) else "replace"))


def _is_decoded(path: str) -> bool:
    """Tell whether all halves of pairs stand for bytes, as those of file names do."""
    return not re.search("[\ud800-\udc7f\udd00-\udfff]", path)


def as_bytes(text: str) -> bytes:
    """Return text as UTF-8; halves of surrogate pairs are escaped."""
    return text.encode("utf-8", "backslashreplace")


def prose(text: str) -> str:
    """Return a sentence as Markdown; what would become a link or a mention is a code span."""
    pieces = re.split(r"(\s+)", clean(text))
    return "".join(
        code(piece) if _LINKED.search(piece) else _SPECIAL.sub(r"\\\1", piece) for piece in pieces
    )


def code(text: str) -> str:
    """Return `text` as a code span that can be used in a table; empty if the text is empty."""
    escaped = clean(text).replace("`", "'").replace("|", "\\|").replace("\t", "\\x09")
    return f"`{escaped}`" if escaped.strip() else ""
