"""Finds the release of the installed client without starting it."""

from __future__ import annotations

import json
from pathlib import Path

from qwenlock.clients.profile import profile, release_of
from qwenlock.edge import programs
from qwenlock.edge.lookup import find
from qwenlock.findings.errors import UsageError

_COMMAND = "qwen"
_PACKAGE = "@qwen-code/qwen-code"


def release() -> str | None:
    """Return the release in the `package.json` around the command, or None if there is none.

    A release older than every known release counts as none. The command of an npm package is a
    link into the package, or on Windows a file that names its script.
    """
    return _release(_COMMAND)


def is_there() -> bool:
    """Tell whether the command is there, even if its release is unknown, as that of a script is."""
    return find(_COMMAND) is not None


def release_started_by(command: str) -> str | None:
    """Return the release that a command line starts, judged by its first word.

    A client that is named by its path is not the installed one. Any other program, such as `sh` or
    `npx`, may start the installed one.
    """
    own = _release(command, _PACKAGE) if command != _COMMAND else None
    return own or release()


def _release(command: str, package: str | None = None) -> str | None:
    """Return the release around a command; None if it is of another `package`."""
    found = find(command)
    if found is None:
        return None
    try:
        folder = Path(programs.script_of(found)).resolve().parent
        stated = json.loads((folder / "package.json").read_bytes())
        version = stated["version"]
        if package is not None and stated["name"] != package:
            return None
    except (OSError, RuntimeError, ValueError, LookupError, TypeError):
        return None
    try:
        return profile(release_of(version)).name if isinstance(version, str) else None
    except UsageError:
        return None
