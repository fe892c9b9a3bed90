"""The release of the client that is installed here, without starting it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from qwenlock.clients.profile import profile, release_of
from qwenlock.findings.errors import UsageError

_COMMAND = "qwen"


def release() -> str | None:
    """Return the release that the package around the command states, or None where it shows none.

    A release older than all that are known counts as none.

    An npm package's command is a link into the package, whose `package.json` has the version.
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
