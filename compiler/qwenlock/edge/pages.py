"""Reads the pages of the findings, `docs/findings`, which ship with qwenlock."""

from __future__ import annotations

from qwenlock.settings.shipped import folder


def read_page(code: str) -> str:
    """Return the page of a finding's code, as Markdown."""
    return (folder("docs/findings") / f"{code}.md").read_text(encoding="utf-8")
