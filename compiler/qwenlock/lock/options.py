"""The options that chose the files of a project: a lock records them, and `check` repeats them."""

from __future__ import annotations

import sys

from qwenlock.text.checked import FileName, KebabCase
from qwenlock.text.pattern import pattern
from qwenlock.text.record import dataclass

_DEVICE = pattern(
    r"""(?xi) (?:^|[\\/]) (?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³])
    [ .]* (?:[.:][^\\/]*)? (?:$|[\\/])"""
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options(KebabCase):
    """What `check` must repeat; a default is left out."""

    user: bool | FileName | None = None
    """False if the user scope was left out, or the file that was used for it."""
    system: FileName | None = None
    """The file that was used for the system scope."""
    system_defaults: FileName | None = None
    """The file that was used for the system-defaults scope."""
    untrusted: bool | None = None
    """True if the project scope was ignored, as the client does in an untrusted folder."""
    templates: FileName | None = None
    """A folder of plan templates besides the bundled ones."""


def is_foreign(path: str) -> bool:
    r"""Tell whether a path leads out of this machine, or to a device.

    Windows sends the user's credentials to the server in `\\server\share`, even if it is written
    with `/`. `\\.\`, `\\?\` and `\??\` name devices; so do `NUL` and `COM1.json` on Windows.

    Args:
        path: a path as a lock or a configuration names it, on any system.
    """
    if path.replace("/", "\\").startswith(("\\\\", "\\??\\")):
        return True
    return sys.platform == "win32" and _DEVICE.search(path) is not None
