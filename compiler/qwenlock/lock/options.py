"""How the files of a project were chosen: what a lock records and `check` must repeat."""

from __future__ import annotations

from dataclasses import dataclass

from qwenlock.text.checked import File, KebabCase


@dataclass(frozen=True, slots=True, kw_only=True)
class Options(KebabCase):
    """What `check` must repeat; a default is left out."""

    user: bool | File | None = None
    """False if the user scope was left out, or the file that was used for it."""
    system: File | None = None
    """The file that was used for the system scope."""
    system_defaults: File | None = None
    """The file that was used for the system-defaults scope."""
    untrusted: bool | None = None
    """True if the project scope was ignored, as the client does in an untrusted folder."""
    templates: File | None = None
    """A folder of plan templates besides the bundled ones."""
