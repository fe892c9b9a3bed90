"""Pieces of GitHub's Markdown: text from files is put into code spans unchanged."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from qwenlock.cli.console import clean

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


_SPECIAL = re.compile(r"([\\`*_\[\]<>|~$&])")
_LINKED = re.compile(r"(?<=[@#])(?=\w)|(?<=://)|(?<=www)(?=\.)")
"""Text that GitHub turns into a mention, a reference or a link."""


def prose(text: str) -> str:
    """Return a sentence that may hold names from a file, with all Markdown escaped."""
    return _SPECIAL.sub(r"\\\1", _LINKED.sub("\u200b", clean(text)))


def code(text: str) -> str:
    """Return `text` as a code span that can be used in a table; empty if the text is empty."""
    escaped = clean(text).replace("`", "'").replace("|", "\\|").replace("\t", "\\x09")
    return f"`{escaped}`" if escaped.strip() else ""


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table of the given cells, ending with a newline."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def details(summary: str, body: str) -> str:
    """Return the Markdown `body` as a folded block with the trusted text `summary`."""
    return f"<details>\n<summary>{summary}</summary>\n\n{body}\n</details>\n"
