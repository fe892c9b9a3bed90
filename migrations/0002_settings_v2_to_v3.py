"""Settings version 2 to 3: what disabled now enables.

How Qwen Code reads settings, "Settings versions".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwenlock.settings.script_api import Draft
from qwenlock.settings.values import VERSION, boolean, version_of
from qwenlock.text.operations import Move, Remove, Set

if TYPE_CHECKING:
    from qwenlock.settings.script_api import Context, SettingsChange
    from qwenlock.text.operations import Path

NAME = "settings-version"
TITLE = "Turn disable… settings into enable… settings"
REASON = "From version 3 on, the client reads only the positive form of these settings"

_DISABLED_BY = {
    ("general", "enableAutoUpdate"): (
        ("general", "disableAutoUpdate"),
        ("general", "disableUpdateNag"),
    ),
    ("ui", "accessibility", "enableLoadingPhrases"): (
        ("ui", "accessibility", "disableLoadingPhrases"),
    ),
    ("context", "fileFiltering", "enableFuzzySearch"): (
        ("context", "fileFiltering", "disableFuzzySearch"),
    ),
    ("model", "generationConfig", "enableCacheControl"): (
        ("model", "generationConfig", "disableCacheControl"),
    ),
}
_WORDS = {"true": True, "false": False}
_ABSENT = object()


def detect(context: Context) -> bool:
    """Return whether the settings are of version 2."""
    return version_of(context.settings) == 2


def change(context: Context) -> SettingsChange:
    """Rename each setting and write its inverse; what is neither true nor false is removed."""
    draft = Draft(context.settings)
    for enabling, sources in _DISABLED_BY.items():
        disabled = _read(draft, sources)
        if disabled:
            first, *others = disabled
            for path in others:
                draft.do(Remove(path))
            draft.do(Move(first, enabling))
            draft.do(Set(enabling, not any(disabled.values())))
    draft.do(Set(VERSION, 3))
    return draft.finish()


def _read(draft: Draft, paths: tuple[Path, ...]) -> dict[Path, bool]:
    """Return the values at `paths` as booleans; remove those that are not."""
    values = {path: draft.get(path, _ABSENT) for path in paths}
    present = {path: value for path, value in values.items() if value is not _ABSENT}
    booleans = {path: boolean(value, _WORDS) for path, value in present.items()}
    for path, value in booleans.items():
        if value is None:
            draft.do(Remove(path))
            draft.note(path, "is neither true nor false; the client ignores it, so it is removed")
    return {path: value for path, value in booleans.items() if value is not None}
