"""Runs a command with a lock enforced: prepares the settings file and environment.

What the settings say is decided in `compile.enforce`.
"""

from __future__ import annotations

import os
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from qwenlock.edge import cache
from qwenlock.edge.places import DEFAULTS, SYSTEM
from qwenlock.findings.errors import UsageError, WriteError

if TYPE_CHECKING:
    from collections.abc import Sequence

_KEPT = 30 * 24 * 60 * 60
"""How long unused settings are kept, in seconds."""


def prepare(settings: dict[str, Any]) -> str:
    """Write enforcing `settings` to the user's cache; return their name there.

    The name is a digest of the text, so concurrent runs write the same file, and a changed file no
    longer matches its name (see `prepared`). The mode is 0600 because an administrator's system
    settings are included. Files that were unused for a month are deleted.

    Raises:
        WriteError: the cache cannot be written.
    """
    import json

    from qwenlock.edge.writer import private_directory, replace_file

    content = f"{json.dumps(settings, indent=2)}\n".encode()
    name = _name(content)
    if prepared(name) is not None:
        return name
    try:
        private_directory(_folder())
        _prune(_folder(), except_for=name)
        replace_file(_folder() / name, memoryview(content), 0o600)
    except OSError as error:
        reason = os.strerror(error.errno or 0).lower()
        message = f"the settings that enforce the lock cannot be written to {_folder()}: {reason}"
        raise WriteError(message, "make the cache directory writable by you") from None
    return name


def prepared(name: str) -> Path | None:
    """Return the file called `name`, after checking that it is private and unchanged."""
    path = _folder() / name
    content = cache.believed(str(path), is_outside=lambda _: True)
    if content is None or _name(content) != name:
        return None
    with suppress(OSError):
        os.utime(path)  # mark it as used, see `_prune`
    return path


def verified(name: str) -> Path:
    """Return the file called `name`, as `prepared` does.

    Raises:
        WriteError: the file was changed.
    """
    path = prepared(name)
    if path is None:
        raise WriteError("the settings that enforce the lock were changed", "run the command again")
    return path


def variables(settings: Path, defaults: Path) -> dict[str, str]:
    """Return the variables that make `settings` the system scope and keep `defaults` in place."""
    return {SYSTEM: str(settings), DEFAULTS: str(defaults)}


def start(command: Sequence[str], settings: Path, defaults: Path) -> NoReturn:
    """Replace this process by `command`, with `settings` as the system scope.

    On Windows, which cannot replace a process, start it and exit with its exit code.

    Raises:
        UsageError: there is no such command, it cannot be started, or cmd.exe would interpret an
            argument of it.
    """
    from qwenlock.edge.programs import words

    environment = {**os.environ, **variables(settings, defaults)}
    sys.stdout.flush()
    sys.stderr.flush()
    try:
        program, *arguments = words(command, environment)
        if os.name == "posix":
            os.execve(program, [command[0], *arguments], environment)  # noqa: S606
        _stand_in_for([program, *arguments], environment)
    except OSError as error:
        reason = os.strerror(error.errno or 0).lower()
        message = f"{command[0]} cannot be started: {reason}"
        raise UsageError(message, "check the command after --") from None


def _stand_in_for(command: Sequence[str], environment: dict[str, str]) -> NoReturn:
    import signal
    import subprocess

    with subprocess.Popen(command, env=environment) as process:
        # The client receives Ctrl-C itself; other signals are passed on.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, lambda number, _: process.send_signal(number))
        code = process.wait()
    # Windows has codes such as 0xC000013A, after Ctrl-C, which `_exit` takes as a negative number.
    os._exit(code - 2**32 if code >= 2**31 else code)


def _prune(folder: Path, except_for: str) -> None:
    """Delete files that were unused for long, unless a run is about to use them.

    A file is moved away before its time is checked. If a run has just marked it as used, it is
    moved back; a later run writes it again.
    """
    before = time.time() - _KEPT
    for path in folder.iterdir():
        with suppress(OSError):
            if path.name == except_for or path.lstat().st_mtime >= before:
                continue
            aside = path.rename(path.with_name(f"{path.name}.old"))
            if aside.lstat().st_mtime >= before:
                aside.rename(path)
            else:
                aside.unlink()


def _folder() -> Path:
    return Path(cache.directory(), "enforced")


def _name(content: bytes) -> str:
    return f"{cache.digest(content)}.json"
