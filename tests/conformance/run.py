"""Run a real client with its own files, and with nothing from this machine but `PATH`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from qwenlock.edge.client import ask
from qwenlock.enforce.enforcing import enforcing_settings, over
from qwenlock.findings.reading import parse
from qwenlock.settings.enforced import marked
from qwenlock.settings.scopes import merge

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from qwenlock.clients.scopes import ScopeName
    from qwenlock.enforce.agreement import Answer
    from qwenlock.lock.model import Lock

TIMEOUT = 60
QWENLOCK = Path(sys.executable).with_name("qwenlock")
"""The command that is installed beside the Python that runs the tests."""

QUIET: dict[str, Any] = {
    "privacy": {"usageStatisticsEnabled": False},
    "telemetry": {"enabled": False},
}
"""The settings that keep a client from sending anything else."""


class Client(NamedTuple):
    """An installed release of the client."""

    release: str
    command: Path


class Machine:
    """The files that one run of a client can see, below `root`; it runs in the project."""

    def __init__(self, root: Path, project: Path | None = None) -> None:
        self.root = root
        self.home, self.system = root / "home", root / "system"
        self.project = project or root / "project"
        self.files: dict[ScopeName, Path] = {
            "system-defaults": self.system / "system-defaults.json",
            "user": self.home / ".qwen" / "settings.json",
            "project": self.project / ".qwen" / "settings.json",
            "system": self.system / "settings.json",
        }
        for file in self.files.values():
            file.parent.mkdir(parents=True, exist_ok=True)

    def write(self, scope: ScopeName, settings: Any) -> None:
        """Write the settings of a scope: a value, or a text."""
        text = settings if isinstance(settings, str) else json.dumps(settings)
        self.files[scope].write_text(text, encoding="utf-8")

    def quieten(self) -> None:
        """Turn statistics off in the lowest scope, unless a test has written a file there."""
        if not self.files["system-defaults"].exists():
            self.write("system-defaults", {"$version": 4, **QUIET})

    def enforce(self, lock: Lock) -> None:
        """Add the settings that enforce `lock` to the system file."""
        scopes = {
            scope: parse(file.read_text("utf-8"), scope).value
            for scope, file in self.files.items()
            if file.exists()
        }
        own = str(self.files["system"])
        settings = enforcing_settings(lock, list(scopes.values()))
        enforcing = marked(settings, str(self.project / "qwen.lock"), own)
        self.write("system", over(merge(QUIET, scopes.get("system", {})), enforcing))

    def environment(self, variables: Mapping[str, str]) -> dict[str, str]:
        """Return a client's environment: `variables`, and what it needs to run here."""
        return {
            **variables,
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "QWEN_CODE_SYSTEM_SETTINGS_PATH": str(self.files["system"]),
            "QWEN_CODE_SYSTEM_DEFAULTS_PATH": str(self.files["system-defaults"]),
            # Otherwise it starts itself a second time, with another limit for its memory.
            "QWEN_CODE_NO_RELAUNCH": "true",
        }

    def ask(self, client: Client, variables: Mapping[str, str]) -> Answer:
        self.quieten()
        environment = self.environment(variables)
        return ask([str(client.command)], self.project, environment, TIMEOUT)

    def run(
        self, client: Client, *arguments: str, variables: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run `client` with `arguments` to its end, its standard input closed."""
        return self._run([str(client.command), *arguments], variables or {}, os.environ["PATH"])

    def qwenlock(
        self, client: Client, *arguments: str, variables: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run the installed `qwenlock`, where `client` is the `qwen` that is installed too."""
        path = os.pathsep.join([str(client.command.parent), os.environ["PATH"]])
        return self._run([str(QWENLOCK), *arguments], variables or {}, path)

    def _run(
        self, command: Sequence[str], variables: Mapping[str, str], path: str
    ) -> subprocess.CompletedProcess[str]:
        self.quieten()
        return subprocess.run(
            command,
            cwd=self.project,
            env=self.environment(variables) | {"PATH": path},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )


def dummies(names: Iterable[str]) -> dict[str, str]:
    """Return a value for each variable; no two values are equal."""
    return {name: f"value-of-{name}" for name in names}
