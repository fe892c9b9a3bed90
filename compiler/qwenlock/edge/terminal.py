"""Runs the client on a pseudo-terminal in a home of its own, and accepts the update it offers.

The libraries for that are optional: `pip install 'qwenlock[capture]'`.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

from qwenlock.edge.client import ClientError, ClientMissingError
from qwenlock.edge.lookup import find
from qwenlock.edge.places import DEFAULTS, SETTINGS, SYSTEM
from qwenlock.edge.reader import read_settings
from qwenlock.findings.errors import UsageError
from qwenlock.text.pattern import pattern

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from qwenlock.settings.scopes import Source

TIMEOUT = 60.0
"""How long a client may take to offer an update, and to write it, in seconds."""

_ROWS, _COLUMNS = 400, 120  # the offer names every model of every plan
_OFFER = pattern(r"Provider Update|New model configurations are available")
_READY = pattern("Type your message")
_SETTLED = (
    2.5  # how long nothing must happen after the first lists, or without an offer, in seconds
)
_AGAIN = 3.0  # when Enter is pressed once more, in seconds: the offer may not have listened yet
_HAS_TERMINALS = sys.platform != "win32"
_INSTEAD = "capture the settings that it writes: `qwenlock template capture --from SETTINGS`"


def update_accepted(
    command: Sequence[str], settings: Mapping[str, Any], variables: Mapping[str, str]
) -> Source:
    """Return the settings that a client writes over `settings` when its update is accepted.

    The client gets a home, a directory and an environment of its own, and no network.

    Args:
        command: the client and its arguments.
        settings: its user settings; something in them is out of date.
        variables: variables that it needs besides.

    Raises:
        UsageError: this cannot be done here.
        ClientError: the client does not start, or does not write its update.
    """
    _check_possible(command)
    with tempfile.TemporaryDirectory("-qwenlock", ignore_cleanup_errors=True) as folder:
        home, project = Path(folder, "home"), Path(folder, "project")
        file = home / SETTINGS
        file.parent.mkdir(parents=True)
        project.mkdir()
        file.write_text(json.dumps(settings), encoding="utf-8")
        nothing = str(Path(folder, "none.json"))
        environment = {
            **variables,
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(home),
            "TERM": "xterm-256color",
            SYSTEM: nothing,
            DEFAULTS: nothing,
            "QWEN_CODE_NO_RELAUNCH": "true",  # else it starts itself a second time
            **dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9"),
        }
        _accept(command, project, environment, file)
        return read_settings(file)


def _check_possible(command: Sequence[str]) -> None:
    if not _HAS_TERMINALS:
        raise UsageError("Windows has no pseudo-terminal to start the client on", _INSTEAD)
    try:
        import pexpect  # noqa: F401
        import pyte  # noqa: F401
    except ImportError:
        raise UsageError(
            "starting the client on a terminal needs two more packages",
            "install them: pip install 'qwenlock[capture]'",
        ) from None
    if find(command[0]) is None:
        fix = "install Qwen Code, or name its command with --client-command"
        raise ClientMissingError(f"command not found: {command[0]}", fix)


def _accept(
    command: Sequence[str], project: Path, environment: Mapping[str, str], file: Path
) -> None:
    """Start the client, press Enter when it offers an update, and wait until it has written."""
    import pexpect
    import pyte

    screen = pyte.Screen(_COLUMNS, _ROWS)
    stream = pyte.Stream(screen)
    offer = _Offer(file)
    end = monotonic() + TIMEOUT
    client = pexpect.spawn(
        find(command[0]) or command[0],
        [*command[1:]],
        cwd=str(project),
        env=dict(environment),
        dimensions=(_ROWS, _COLUMNS),
        encoding="utf-8",
        codec_errors="replace",
    )
    try:
        while monotonic() < end:
            try:
                stream.feed(client.read_nonblocking(65536, timeout=0.2))
            except pexpect.TIMEOUT:
                pass  # nothing has changed on the screen
            except pexpect.EOF:
                break
            if offer.wants_enter("\n".join(screen.display)):
                client.send("\r")
            if offer.is_over():
                return
    finally:
        with suppress(pexpect.ExceptionPexpect, OSError):
            if sys.platform != "win32":
                os.killpg(client.pid, signal.SIGKILL)  # it starts processes of its own
            client.close(force=True)
    raise ClientError(f"the client {offer.failure()}", _INSTEAD)


class _Offer:
    """The progress of an update, judged by the screen and by the settings file."""

    def __init__(self, file: Path) -> None:
        self._file, self._written = file, _settings_in(file)
        self._ready = self._pressed = self._changed = 0.0

    def wants_enter(self, screen: str) -> bool:
        """Tell whether Enter is to be pressed now."""
        now = monotonic()
        if _READY.search(screen) and not self._ready:
            self._ready = now
        if not _OFFER.search(screen) or self._changed or now < self._pressed + _AGAIN:
            return False
        self._pressed = now
        return True

    def is_over(self) -> bool:
        """Tell whether the client has written its lists, or is ready and offers none."""
        now, settings = monotonic(), _settings_in(self._file)
        if settings not in (None, self._written):
            self._written, self._changed = settings, now if self._pressed else 0.0
        if self._pressed:
            return bool(self._changed) and now > self._changed + _SETTLED
        return bool(self._ready) and now > self._ready + _SETTLED

    def failure(self) -> str:
        """Say what the client did not do."""
        return "did not write its update" if self._pressed else "did not start as expected"


def _settings_in(file: Path) -> Any:
    """Return what a settings file holds; None while the client replaces it."""
    try:
        return json.loads(file.read_bytes())
    except (OSError, ValueError):
        return None
