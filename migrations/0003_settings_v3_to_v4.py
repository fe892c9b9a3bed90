"""Settings version 3 to 4: the co-author line has two switches.

How Qwen Code reads settings, "Settings versions".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qwenlock.settings.script_api import Note, SettingsChange
from qwenlock.settings.values import VERSION, boolean, version_of
from qwenlock.text.operations import Set, get

if TYPE_CHECKING:
    from qwenlock.settings.script_api import Context

NAME = "settings-version"
TITLE = "Split general.gitCoAuthor into commit and pr"
REASON = "From version 4 on, the client has separate settings for commits and pull requests"

_CO_AUTHOR = ("general", "gitCoAuthor")
_WORDS = {
    **dict.fromkeys(("true", "yes", "on", "1", "enabled"), True),
    **dict.fromkeys(("false", "no", "off", "0", "disabled", ""), False),
}
_ABSENT = object()


def detect(context: Context) -> bool:
    """Return whether the settings are of version 3, or of none and have the one switch."""
    unversioned = "$version" not in context.settings
    return context.target_version >= 4 and (
        version_of(context.settings) == 3 or (unversioned and _has_one_switch(context.settings))
    )


def change(context: Context) -> SettingsChange:
    """Give both switches the value of the one; anything but yes or no turns them off."""
    version = Set(VERSION, 4)
    if not _has_one_switch(context.settings):
        return SettingsChange(operations=(version,))
    switch = boolean(get(context.settings, _CO_AUTHOR), _WORDS)
    notes = (
        ()
        if switch is not None
        else (Note(_CO_AUTHOR, "is neither yes nor no, so it is turned off"),)
    )
    both = Set(_CO_AUTHOR, {"commit": bool(switch), "pr": bool(switch)})
    return SettingsChange(operations=(both, version), notes=notes)


def _has_one_switch(settings: dict[str, Any]) -> bool:
    return not isinstance(get(settings, _CO_AUTHOR, {}), dict)
