"""A finding explained: the page of its code, which is also its page of the documentation."""

from __future__ import annotations

from qwenlock.findings import RULES

_HUNDREDS = {
    "1": "Files and syntax",
    "2": "Providers and models",
    "3": "Merging and scopes",
    "4": "Credentials",
    "5": "Plans",
    "6": "Selection and resolution",
}
"""What the codes of each hundred are about (DESIGN, Findings)."""


def page(code: str) -> str:
    """Return the page of a code, as Markdown."""
    rule = RULES[code]
    return f"# {code}: {rule.title}\n\nSeverity: {rule.severity}.\n\n{rule.reason}\n"


def groups() -> dict[str, list[str]]:
    """Return the codes by what their hundred is about, in order."""
    return {
        title: [code for code in RULES if code[2] == hundred]
        for hundred, title in _HUNDREDS.items()
    }
