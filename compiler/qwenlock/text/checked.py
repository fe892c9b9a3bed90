"""Types of dataclass fields that pydantic checks when it reads outside data.

Pydantic is loaded only where something is checked.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, ClassVar, TypeAlias


class Text:
    """A constraint on strings in pydantic-core's terms; loads pydantic only when used.

    Args:
        constraints: `pattern` or `min_length`.
    """

    def __init__(self, **constraints: Any) -> None:
        self._constraints = constraints

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        return {"type": "str", **self._constraints}

    def allows(self, value: str) -> bool:
        """Tell whether a string meets the constraints, without pydantic."""
        pattern = self._constraints.get("pattern")
        if pattern is None:
            return len(value) >= int(self._constraints["min_length"])
        return re.fullmatch(pattern, value) is not None


Digest: TypeAlias = Annotated[str, Text(pattern="^sha256:[0-9a-f]{64}$")]
VariableName: TypeAlias = Annotated[str, Text(pattern="^[A-Za-z_][A-Za-z0-9_]*$")]
NonEmpty: TypeAlias = Annotated[str, Text(min_length=1)]
FileName: TypeAlias = Annotated[str, Text(pattern="^[^\\x00]+$")]
VERSION_PATTERN = "^[0-9]+(\\.[0-9]+)*[A-Za-z0-9.]*$"
Version: TypeAlias = Annotated[str, Text(pattern=VERSION_PATTERN)]


def _kebab(name: str) -> str:
    return name.replace("_", "-")


class KebabCase:
    """A dataclass that pydantic reads; its keys are kebab-case in TOML."""

    __slots__ = ()
    __pydantic_config__: ClassVar[dict[str, Any]] = {
        "alias_generator": _kebab,
        "extra": "ignore",
        "use_attribute_docstrings": True,
    }
