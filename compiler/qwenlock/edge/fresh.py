"""A machine that has nothing of the user: an empty home, and no administrator's settings."""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from qwenlock.edge.places import DEFAULTS, SYSTEM

if TYPE_CHECKING:
    from collections.abc import Iterator

_OTHER_PLACES = ("QWEN_", "XDG_", "QWENLOCK_")


@contextmanager
def fresh_machine() -> Iterator[None]:
    """Let this process see an empty home directory, as a CI job on a new machine does."""
    before = dict(os.environ)
    with tempfile.TemporaryDirectory(prefix="qwenlock-") as folder:
        home = Path(folder)
        try:
            for name in before:
                if name.startswith(_OTHER_PLACES):
                    del os.environ[name]
            os.environ |= {"HOME": folder, "USERPROFILE": folder}
            os.environ |= {SYSTEM: str(home / "system.json"), DEFAULTS: str(home / "defaults.json")}
            yield
        finally:
            os.environ.clear()
            os.environ.update(before)
