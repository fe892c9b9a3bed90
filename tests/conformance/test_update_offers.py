"""After an upgrade the client of that template offers no update; before it, it does.

The client makes the offer only on a terminal, so it gets one.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
from pathlib import Path
from select import select
from time import monotonic
from typing import TYPE_CHECKING

import pytest

from conformance.clients import NEW, OLD, installed
from conformance.run import TIMEOUT, Machine
from qwenlock.change.upgrade import upgrade
from qwenlock.change.upgrade_data import UpgradeWishes
from qwenlock.clients.profile import profile
from qwenlock.edge.plans import load
from qwenlock.settings.project import Places, Project
from support import source

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow  # it starts real clients

ORIGINS = {OLD: "0.10.1", NEW: "0.21.2"}
"""For each release, a template that is older than its own."""

pty = pytest.importorskip("pty")

_OFFER = re.compile("New model configurations are available|Provider Update")
_READY = re.compile("Type your message")
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_SETTLED = 3.0  # how many seconds a client may take to make its offer, after it is ready


@pytest.mark.parametrize(
    ("release", "region"), [(OLD, "china"), (NEW, "china"), (NEW, "global")]
)  # the list before that of 0.12.0 has one region
def test_no_update_is_offered_after_an_upgrade(release: str, region: str, tmp_path: Path) -> None:
    before = _upgraded("{}", to=ORIGINS[release], region=region)
    after = _upgraded(before, release)
    assert _OFFER.search(_screen(release, before, tmp_path / "before"))
    shown = _screen(release, after, tmp_path / "after")
    assert _READY.search(shown)
    assert not _OFFER.search(shown)


def _upgraded(text: str, client: str = "guide", **wishes: str) -> str:
    project = Project(
        places=Places(files={"user": Path("user.json")}, labels={"user": "user.json"}),
        sources=(source(text),),
        plans=load(),
        client=profile(client),
    )
    (file,) = upgrade(project, UpgradeWishes(**wishes)).files  # type: ignore[arg-type]
    return file.after


def _screen(release: str, settings: str, root: Path) -> str:
    """Return what the client shows until it makes an offer, or was ready for `_SETTLED` seconds."""
    machine = Machine(root)
    machine.write("user", settings)
    machine.quieten()
    variables = {"BAILIAN_CODING_PLAN_API_KEY": "any", "TERM": "xterm-256color"}
    terminal, theirs = pty.openpty()
    process = subprocess.Popen(
        [installed(release)],
        cwd=machine.project,
        env=machine.environment(variables),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    shown, ready = "", None
    try:
        for piece in _pieces(terminal):
            shown = _CONTROL.sub("", shown + piece)
            if ready is None and _READY.search(shown):
                ready = monotonic()
            if _OFFER.search(shown) or (ready is not None and monotonic() > ready + _SETTLED):
                break
    finally:
        os.killpg(process.pid, signal.SIGKILL)  # it starts itself a second time
        process.wait()
        os.close(terminal)
    return shown


def _pieces(terminal: int) -> Iterator[str]:
    """Yield each text that is written on a terminal; an empty text if nothing is written."""
    end = monotonic() + TIMEOUT
    while monotonic() < end:
        readable, _, _ = select([terminal], [], [], 0.2)
        try:
            yield os.read(terminal, 65536).decode(errors="replace") if readable else ""
        except OSError:  # the client has ended
            return
