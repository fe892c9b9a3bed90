"""Pieces of GitHub's Markdown: what comes from a file stands in code spans, as it is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from qwenlock.cli.console import clean

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


_SPECIAL = re.compile(r"([\\`*_\[\]<>|~$&])")
_LINKED = re.compile(r"(?<=[@#])(?=\w)|(?<=://)|(?<=www)(?=\.)")
"""Where GitHub makes a mention, a reference or a link of mere text."""


def prose(text: str) -> str:
    """Return a sentence that may hold names from a file, with nothing in it that counts."""
    return _SPECIAL.sub(r"\\\1", _LINKED.sub("\u200b", clean(text)))


def code(text: str) -> str:
    """Return `text` as a code span that may stand in a table; nothing where it is empty."""
    escaped = clean(text).replace("`", "'").replace("|", "\\|").replace("\t", "\\x09")
    return f"`{escaped}`" if escaped.strip() else ""


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table of Markdown cells, with a newline at its end."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def details(summary: str, body: str) -> str:
    """Return `body`, Markdown, folded away below `summary`, our own words."""
    return f"<details>\n<summary>{summary}</summary>\n\n{body}\n</details>\n"
