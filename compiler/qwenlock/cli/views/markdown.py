"""Tables and folded blocks of GitHub's Markdown; `foreign` shows the text from files."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table of the given cells, ending with a newline."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def details(summary: str, body: str) -> str:
    """Return the Markdown `body` as a folded block with the trusted text `summary`."""
    return f"<details>\n<summary>{summary}</summary>\n\n{body}\n</details>\n"
