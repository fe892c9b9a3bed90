"""How the client reads single values of old settings: the version, and words for yes and no.

The rules: How Qwen Code reads settings, "Settings versions". The migrations decide what happens to
the values.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qwenlock.text.javascript import JAVASCRIPT_SPACE

if TYPE_CHECKING:
    from collections.abc import Mapping

VERSION = ("$version",)
"""The path of the settings version."""

SETTINGS_VERSION = "settings-version"
"""The `NAME` of the scripts that the client runs itself; `migrate --only` calls them so too."""


def version_of(settings: dict[str, Any]) -> float | None:
    """Return the settings version, or None if there is none or it is not a number."""
    version = settings.get("$version")
    return version if isinstance(version, int | float) and not isinstance(version, bool) else None


def boolean(value: object, words: Mapping[str, bool]) -> bool | None:
    """Return a boolean as it is, a string by its meaning in `words`, and None for anything else.

    The keys of `words` are in lower case; the case of the string and space around it do not matter.

    Args:
        value: a JSON value.
        words: the meaning of each word.
    """
    if isinstance(value, str):
        return words.get(value.strip(JAVASCRIPT_SPACE).lower())
    return value if isinstance(value, bool) else None
