"""Regular expressions that are compiled when they are first used: most starts use few of them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    pattern = re.compile  # what mypy reads instead
else:

    class pattern:  # noqa: N801  (it stands for a function)
        """What `re.compile` returns, from its arguments, made at the first use."""

        def __init__(self, text: Any, flags: int = 0) -> None:
            self._made_of = (text, flags)

        def __getattr__(self, name: str) -> Any:
            compiled = re.compile(*self._made_of)
            for each in _METHODS:
                setattr(self, each, getattr(compiled, each))
            return getattr(compiled, name)


_METHODS = (
    "findall",
    "finditer",
    "fullmatch",
    "match",
    "search",
    "split",
    "sub",
    "subn",
    "pattern",
)
