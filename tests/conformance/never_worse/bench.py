"""One setup on one release: write its files anew each time, and see what the client sends first."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from conformance.never_worse.commands import Done, Qwenlock, wait
from conformance.never_worse.setups import value_of
from conformance.never_worse.wire import Sent, Wire, listening
from conformance.run import Machine
from qwenlock.settings.enforced import MARK

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from conformance.never_worse.setups import Setup
    from conformance.run import Client

_LOOP = Path(__file__).with_name("loop.cjs")
_SYSTEM = "QWEN_CODE_SYSTEM_SETTINGS_PATH"
_PROMPT = ("-p", "hi")
_OWN = {".cache", ".local"}
"""Folders of the home directory in which qwenlock keeps its own files."""


class Seen(NamedTuple):
    """What a client did after a prompt: what it sent first, or how it ended without a request."""

    sent: Sent | None
    ending: str


class _Started(NamedTuple):
    """What the client of `qwenlock run` got as system settings, and what it did."""

    system: bytes
    seen: Seen


class Bench:
    """A setup on a machine of its own, and a release of the client.

    Args:
        root: a directory for the machine.
        client: the release.
        qwenlock: what runs command lines.
        setup: the setup.
        measured: what the release did with files of that setup before, by the digest of all that
            it read; it is not started for them again.
        starts: whether to start it under `qwenlock run` even so.
    """

    def __init__(
        self,
        root: Path,
        client: Client,
        qwenlock: Qwenlock,
        setup: Setup,
        measured: Mapping[str, Seen] | None = None,
        *,
        starts: bool = True,
    ) -> None:
        self.client, self.setup = client, setup
        self.measured: dict[str, Seen] = {}
        self._root, self._qwenlock = root, qwenlock
        self._before, self._starts = measured or {}, starts
        self.renew()

    def renew(self) -> None:
        """Restore the files of the setup."""
        shutil.rmtree(self._root, ignore_errors=True)
        self.machine = Machine(self._root / "machine")
        self.setup.write(self.machine, self.client.release)

    def files(self) -> dict[str, bytes]:
        """Return all files by name, without qwenlock's own."""
        found = {}
        for path in sorted(self.machine.root.rglob("*")):
            name = path.relative_to(self.machine.root)
            if path.is_file() and not _OWN & set(name.parts):
                found[str(name)] = path.read_bytes()
        return found

    def restore(self, files: dict[str, bytes]) -> None:
        """Write these files, and delete all others."""
        self.renew()
        for name in self.files():
            (self.machine.root / name).unlink()
        for name, text in files.items():
            path = self.machine.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text)

    def qwenlock(self, *arguments: str) -> Done:
        """Run a command line of qwenlock in the project."""
        return self._qwenlock.run(arguments, self.machine.project, self._environment())

    def prompted(self) -> Seen:
        """Return what the client does with the current files."""
        system = self.machine.files["system"]
        state = self._state(system.read_bytes() if system.exists() else b"")
        known = self._known(state)
        if known is None:
            known = self.measured[state] = self._prompt()
        return known

    def known(self, system: str) -> Seen | None:
        """Return what the client did with these files and system settings; None if not tried."""
        return self._known(self._state(system.encode()))

    def _known(self, state: str) -> Seen | None:
        if state in self._before:
            self.measured.setdefault(state, self._before[state])
        return self.measured.get(state)

    def run(self, *options: str) -> Seen | Done:
        """Return what the client does under `qwenlock run`; the messages, if it is not started."""
        files = self.files()
        if not self._starts:
            # A program that only copies shows which system settings a client would get.
            copy = self._root / "copy"
            copying = ["sh", "-c", f'cp "${_SYSTEM}" "$0"', str(copy)]
            done = self._qwenlock.run(
                ["run", *options, "--", *copying], self.machine.project, self._environment()
            )
            if not copy.exists():
                return done
            known = self._known(self._state(copy.read_bytes(), files))
            copy.unlink()
            if known:
                return known
        given = self._run([*options, "--", "qwen", *_PROMPT])
        if isinstance(given, Done):
            return given
        self.measured[self._state(given.system, files)] = given.seen
        return given.seen

    def _run(self, arguments: Sequence[str]) -> _Started | Done:
        """Run `qwenlock run`; return what it started, or the messages if it started nothing."""
        with listening() as wire:
            done = self._qwenlock.run(
                ["run", *arguments],
                self.machine.project,
                self._environment(wire),
                lambda: wire.conversation() is not None,
            )
        note = self._root / "given"
        if not note.exists():
            return done
        given = json.loads(note.read_text("utf-8"))
        note.unlink()
        said = done.output.encode()[given["said"] :].decode()
        system = Path(given["environment"][_SYSTEM]).read_bytes()
        return _Started(system, self._seen(wire, said))

    def _prompt(self) -> Seen:
        output = self._root / "output"
        with listening() as wire, output.open("wb") as file:
            process = subprocess.Popen(
                [str(self.client.command), *_PROMPT],
                cwd=self.machine.project,
                env=self._environment(wire),
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                start_new_session=True,
            )
            wait(
                process.pid,
                lambda: process.poll() is not None,
                lambda: wire.conversation() is not None,
            )
            process.wait()
        (self._root / "given").unlink(missing_ok=True)
        return self._seen(wire, output.read_text("utf-8", "replace"))

    def _environment(self, wire: Wire | None = None) -> dict[str, str]:
        """Return a command's variables: the setup's, and those that keep a client in here."""
        given = self.machine.environment(self.setup.variables())
        path = f"{self.client.command.parent}:{given['PATH']}"
        if wire is None:
            return {**given, "PATH": path}
        return {
            **given,
            "PATH": path,
            "NODE_OPTIONS": f"--require {_LOOP}",
            "NEVER_WORSE_HTTP": str(wire.ports["http"]),
            "NEVER_WORSE_HTTPS": str(wire.ports["https"]),
            "NEVER_WORSE_GIVEN": str(self._root / "given"),
        }

    def _state(self, system: bytes, files: dict[str, bytes] | None = None) -> str:
        """Return a digest of all that a client reads here; it does not depend on the folder."""
        files = self.files() if files is None else files
        read = {name: text for name, text in files.items() if is_read(name)}
        said = repr(sorted({**read, "system": _without_mark(system)}.items()))
        said = said.replace(str(self.machine.root), "")
        return hashlib.sha256(said.encode()).hexdigest()[:12]

    def _seen(self, wire: Wire, output: str) -> Seen:
        sent = wire.first()
        output = output.replace(str(self.machine.root), "")
        return Seen(sent, "" if sent else _ending(output, wire))


def is_read(name: str) -> bool:
    """Tell whether a client reads the file: settings or a `.env`, in the home or the project."""
    path = Path(name)
    return path.name == ".env" or any(part.startswith(".qwen") for part in path.parts)


def _without_mark(system: bytes) -> bytes:
    """Leave out what clients ignore: the mark of enforcing settings, with the paths in it."""
    if MARK.encode() not in system:
        return system
    settings = value_of(system.decode())
    settings.pop(MARK, None)
    return json.dumps(settings).encode()


_NOISE = re.compile(r"at |\(node:|\(Use `node|Ripgrep not available|Warning: .*ripgrep")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
LONGEST = 120


def _ending(output: str, wire: Wire) -> str:
    """Return in one line how a client without a request ended, and where it asked for a login."""
    lines = [line.strip() for line in _COLOUR.sub("", output).splitlines()]
    said = [line for line in lines if line and not _NOISE.match(line)]
    asked = sorted({each for each in wire.others if "/oauth" in each})
    return " / ".join(dict.fromkeys([*asked, *said]))[:LONGEST]
