"""Finds the release of the installed client without starting it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from qwenlock.clients.profile import profile, release_of
from qwenlock.findings.errors import UsageError

_COMMAND = "qwen"


def release() -> str | None:
    """Return the release in the `package.json` around the command, or None if there is none.

    A release older than every known release counts as none. The command of an npm package is a
    link into the package.
    """
    command = shutil.which(_COMMAND)
    if command is None:
        return None
    try:
        folder = Path(command).resolve().parent
        version = json.loads((folder / "package.json").read_bytes())["version"]
    except (OSError, RuntimeError, ValueError, LookupError, TypeError):
        return None
    try:
        return profile(release_of(version)).name if isinstance(version, str) else None
    except UsageError:
        return None
