"""Recognises placeholders for keys: `your-api-key`, `not-needed`, `ollama`."""

from __future__ import annotations

import re

from qwenlock.text.pattern import pattern

_SHORTEST_KEY = 8
_WORDS = (
    *("your", "placeholder", "example", "replace", "dummy", "fake", "sample", "insert", "paste"),
    *(
        "change[-_ ]?me",
        "not[-_ ]",
        "no[-_ ]",
        "any[-_ ]",
        "doesnt",
        "api[-_ ]?key",
        "test[-_]?key",
    ),
    *("lm[-_ ]?studio", "ollama", "localhost", "xxxx", r"\.\.\.", r"\*\*\*"),
)
_PLACEHOLDER = pattern(
    rf"<.*>|\[.*\]|\{{.*\}}|[x*.]+|(?:.*[^a-z0-9])?(?:{'|'.join(_WORDS)}).*", re.IGNORECASE
)


def is_placeholder(value: str) -> bool:
    """Tell whether `value`, in place of a key, is too short for a key or a known placeholder."""
    return len(value) < _SHORTEST_KEY or bool(_PLACEHOLDER.fullmatch(value))
