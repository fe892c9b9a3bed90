"""How the client reads single values of old settings: the version, and words for yes and no.

The rules follow CLIENT.md, "Settings versions". What is done with the values is not decided here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

VERSION = ("$version",)
"""The path of the settings version."""

# JavaScript's `trim` and Python's `strip` differ: the first keeps U+001C to U+001F and U+0085, and
# takes U+FEFF away.
JAVASCRIPT_SPACE = (
    "\t\n\v\f\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000\ufeff"
)


def version_of(settings: dict[str, Any]) -> float | None:
    """Return the settings version, or None where there is none or it is not a number."""
    version = settings.get("$version")
    return version if isinstance(version, int | float) and not isinstance(version, bool) else None


def boolean(value: object, words: Mapping[str, bool]) -> bool | None:
    """Return a boolean as it is and a string by its meaning in `words`, which are in lower case.

    Case and space around a word do not count. What is neither has no meaning: None.
    """
    if isinstance(value, str):
        return words.get(value.strip(JAVASCRIPT_SPACE).lower())
    return value if isinstance(value, bool) else None
