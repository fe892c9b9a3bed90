"""The scopes of settings, as every release of Qwen Code has them."""

from __future__ import annotations

from typing import Literal, TypeAlias

ScopeName: TypeAlias = Literal["system-defaults", "user", "project", "system"]

SCOPES: tuple[ScopeName, ...] = ("system-defaults", "user", "project", "system")
"""The scopes, low to high."""

WRITABLE: tuple[ScopeName, ...] = ("project", "user")
"""The scopes that a client writes to as well, and so does qwenlock, the nearest first."""
