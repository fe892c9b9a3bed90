"""What stands for a key without being one: `your-api-key`, `not-needed`, `ollama`."""

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
    """Tell whether `value`, in the place of a key, is too short or says that it is not a key."""
    return len(value) < _SHORTEST_KEY or bool(_PLACEHOLDER.fullmatch(value))
