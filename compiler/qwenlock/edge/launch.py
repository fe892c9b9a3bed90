"""Running a command with a lock enforced: its settings file, its environment, and the start.

What the settings say is decided in `compile.enforce`.
"""

from __future__ import annotations

import os
import stat
import sys
from typing import TYPE_CHECKING, NoReturn

from qwenlock.edge.places import DEFAULTS, SYSTEM
from qwenlock.errors import UsageError, WriteError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def prepare(text: str) -> str:
    """Keep the enforcing settings `text` in the user's cache; return their name there.

    The name is a digest of the text, so two runs at once write the same, and a file that somebody
    changed is not found under its name any more (see `prepared`). Mode 0600: an administrator's
    own system settings are carried along.

    Raises:
        WriteError: the cache cannot be written.
    """
    from qwenlock.edge.writer import private_directory, replace_file

    name = _name(text.encode())
    try:
        private_directory(_folder())
        replace_file(_folder() / name, memoryview(text.encode()), 0o600)
    except OSError as error:
        reason = os.strerror(error.errno or 0).lower()
        message = f"the settings that enforce the lock cannot be written to {_folder()}: {reason}"
        raise WriteError(message, "make the cache directory writable for you") from None
    return name


def prepared(name: str) -> Path | None:
    """Return the file of that `name`, verified: a private regular file with the named content."""
    path = _folder() / name
    try:
        status = path.lstat()
        private = stat.S_ISREG(status.st_mode) and not status.st_mode & 0o077
        if os.name == "posix" and not (private and status.st_uid == os.getuid()):
            return None
        return path if _name(path.read_bytes()) == name else None
    except OSError:
        return None


def start(command: Sequence[str], settings: Path, defaults: Path) -> NoReturn:
    """Become `command`, with `settings` as the system scope and `defaults` where they were.

    Where a process cannot become another (Windows), it is started, and its exit code is ours.

    Raises:
        UsageError: there is no such command, or it cannot be started.
    """
    environment = {DEFAULTS: str(defaults), **os.environ, SYSTEM: str(settings)}
    sys.stdout.flush()
    sys.stderr.flush()
    try:
        if os.name == "posix":
            os.execvpe(command[0], list(command), environment)  # noqa: S606
        _stand_in_for(command, environment)
    except OSError as error:
        reason = os.strerror(error.errno or 0).lower()
        message = f"{command[0]} cannot be started: {reason}"
        raise UsageError(message, "check the command after --") from None


def _stand_in_for(command: Sequence[str], environment: dict[str, str]) -> NoReturn:
    import shutil
    import signal
    import subprocess

    found = shutil.which(command[0], path=environment.get("PATH")) or command[0]
    with subprocess.Popen([found, *command[1:]], env=environment) as process:
        # Ctrl-C reaches the client by itself, and is its to answer; others are passed on.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, lambda number, _: process.send_signal(number))
        code = process.wait()
    os._exit(code)


def _folder() -> Path:
    from platformdirs import user_cache_path

    return user_cache_path("qwenlock", appauthor=False) / "enforced"


def _name(content: bytes) -> str:
    from hashlib import sha256

    return f"{sha256(content).hexdigest()}.json"
