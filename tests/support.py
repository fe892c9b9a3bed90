"""What several tests share: generated JSON, compiled settings, a user's files, servers."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import subprocess
import sys
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout, suppress
from io import BytesIO, TextIOWrapper
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar
from unittest.mock import patch

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from qwenlock.cli.start import run
from qwenlock.clients.profile import profile
from qwenlock.compile.compiler import Compilation, compile_lock
from qwenlock.findings.reading import parse
from qwenlock.lock import text
from qwenlock.settings.scopes import Source
from qwenlock.settings.versions import source_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from socketserver import BaseServer

    import pytest

    from qwenlock.clients.scopes import ScopeName
    from qwenlock.edge.history import History
    from qwenlock.edge.history_records import HistoryEntry
    from qwenlock.lock.model import Lock

T = TypeVar("T")
ServerT = TypeVar("ServerT", bound="BaseServer")

MODEL = {"id": "gpt-4o", "envKey": "OPENAI_API_KEY", "baseUrl": "https://api.openai.com/v1"}
OPENAI = {"security": {"auth": {"selectedType": "openai"}}}


FEWER = 1 if os.environ.get("HYPOTHESIS_PROFILE") == "ci" else 4
"""How many times fewer examples a property has here than in CI."""


def untimed(examples: int) -> settings:
    """Return settings for a property that files and a loaded machine may slow down.

    Args:
        examples: how many examples CI tries.
    """
    return settings(
        deadline=None,
        max_examples=max(examples // FEWER, 1),
        suppress_health_check=[
            HealthCheck.too_slow,
            HealthCheck.data_too_large,
            HealthCheck.function_scoped_fixture,
        ],
    )


# JSON

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
KEYS = st.one_of(
    st.sampled_from(
        ["", "$null", "$number", "$$null", "$$$number", "a.b", '"', "__proto__", "__x", "id", "é"]
    ),
    TEXT,
)
NUMBERS = st.one_of(
    st.integers(-(2**53), 2**53),
    st.integers(min_value=2**53, max_value=2**70).map(lambda number: -number),
    st.integers(min_value=-(10**40), max_value=10**40),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([0, 0.0, -0.0, 1e6, 1000000, 1e22, 5e-324, 2**53 + 1, 2.0**63, 1e308]),
)
SCALARS = st.one_of(st.none(), st.booleans(), NUMBERS, TEXT)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(KEYS, inner, max_size=4)),
    max_leaves=12,
)
OBJECTS = st.dictionaries(KEYS, JSON, max_size=4)


def record(settings: dict[str, Any], values: Mapping[Any, Any]) -> dict[str, Any]:
    """Put each value at its path in `settings`, as a client records a plan, and return them."""
    for path, value in values.items():
        at = settings
        for key in path[:-1]:
            at = at.setdefault(key, {})
        at[path[-1]] = value
    return settings


def plainly_read(text: str) -> Any:
    """Return the value of JSON with comments, without the code of qwenlock."""
    return json.loads(re.sub(r'("(?:[^"\\]|\\.)*")|//[^\r\n]*|/\*(?:.|[\r\n])*?\*/', r"\1", text))


def strict(value: Any) -> str:
    """Return JSON that differs if values do: true is not 1, 1 is 1.0, order does not matter."""
    return json.dumps(_plain(value), sort_keys=True)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


# Compiling


def dump(lock: Lock) -> str:
    return text.dump(lock).decode()


def models(*entries: Any, auth_type: str = "openai") -> dict[str, Any]:
    """Return settings with a catalogue of one auth type, which is selected."""
    return {
        "modelProviders": {auth_type: list(entries)},
        "security": {"auth": {"selectedType": auth_type}},
    }


def source(value: Any, scope: ScopeName = "user") -> Source:
    text = value if isinstance(value, str) else json.dumps(value)
    return source_of(scope, parse(text, f"{scope}.json"))


def compiled(*sources: Source | dict[str, Any], client: str = "guide") -> Compilation:
    """Compile sources, lowest first; a plain value is the user's settings."""
    given = [each if isinstance(each, Source) else source(each) for each in sources]
    return compile_lock(given, (), profile(client))


def locked(*sources: Source | dict[str, Any], client: str = "guide") -> Lock:
    compilation = compiled(*sources, client=client)
    assert compilation.lock is not None, [each.message for each in compilation.findings]
    return compilation.lock


def codes(compilation: Compilation) -> list[str]:
    return [finding.code for finding in compilation.findings]


# The command line


def run_here(
    arguments: Sequence[str], directory: Path, environment: Mapping[str, str]
) -> subprocess.CompletedProcess[bytes]:
    """Run `qwenlock` in this process, with the directory and environment of a new process."""
    out = TextIOWrapper(BytesIO(), encoding="utf-8", errors="surrogateescape")
    err = TextIOWrapper(BytesIO(), encoding="utf-8", errors="backslashreplace")
    with (
        Path(os.devnull).open(encoding="utf-8") as nothing,
        chdir(directory),
        patch.dict(os.environ, environment, clear=True),
        patch.object(os, "fsync"),  # a test survives no power failure
        patch.object(sys, "stdin", nothing),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        code = run(arguments)
    written = []
    for stream in (out, err):
        stream.flush()
        written.append(stream.buffer.getvalue())  # type: ignore[attr-defined]
    return subprocess.CompletedProcess([*arguments], code, *written)


class Result(NamedTuple):
    exit_code: int
    out: str
    err: str


_FOR_A_CLIENT = (
    "check", "init", "lint", "lock", "migrate", "report", "resolve", "run", "select", "show",
    "upgrade",
)  # fmt: skip


def a_third(cases: Iterable[T]) -> list[T]:
    """Return a third of some slow cases, in CI a different third each time; or all cases."""
    every = list(cases)
    if os.environ.get("QWENLOCK_ALL_CASES"):
        return every
    chosen = random.Random(os.environ.get("PYTHONHASHSEED", "0"))  # noqa: S311
    return sorted(chosen.sample(every, len(every) // 3), key=every.index)


class World:
    """A home and a project, in which the command line runs in this process."""

    def __init__(
        self, root: Path, patch: pytest.MonkeyPatch, read: Callable[[], tuple[str, str]]
    ) -> None:
        self.root = root
        self.home, self.project, self.system = root / "home", root / "project", root / "system"
        self.read = read
        for name in [name for name in os.environ if name.startswith(("QWEN", "XDG_"))]:
            patch.delenv(name)
        patch.setattr(os, "fsync", lambda _: None)  # a test survives no power failure
        patch.setenv("HOME", str(self.home))
        patch.setenv("USERPROFILE", str(self.home))
        patch.setenv("QWEN_CODE_SYSTEM_SETTINGS_PATH", str(self.system / "settings.json"))
        for folder in (self.home, self.project):
            (folder / ".qwen").mkdir(parents=True)
        self.system.mkdir()
        patch.chdir(self.project)

    @property
    def user(self) -> Path:
        return self.home / ".qwen" / "settings.json"

    @property
    def own(self) -> Path:
        return self.project / ".qwen" / "settings.json"

    @property
    def lock(self) -> Path:
        return self.project / "qwen.lock"

    def clear(self) -> None:
        """Delete all files of the home, the project and the system."""
        for folder in (self.home, self.project, self.system):
            for path in folder.iterdir():
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path)
                else:
                    path.unlink()
        for folder in (self.home, self.project):
            (folder / ".qwen").mkdir()

    def run(self, *arguments: str) -> Result:
        by_the_guide = self._by_the_guide(arguments)
        exit_code = run(by_the_guide)
        out, err = self.read()
        if by_the_guide is not arguments:  # advice repeats the options that were given
            out, err = (each.replace(" --client guide", "") for each in (out, err))
        return Result(exit_code, out, err)

    def start(self, *arguments: str) -> Result:
        """Run the command line in a new process."""
        done = subprocess.run(
            [sys.executable, "-m", "qwenlock", *self._by_the_guide(arguments)],
            capture_output=True,
            text=True,
            check=False,
        )
        return Result(done.returncode, done.stdout, done.stderr)

    def _by_the_guide(self, arguments: Sequence[str]) -> Sequence[str]:
        """Return `arguments` with the guide as the client, if nothing else names one."""
        configured = any(b"client" in each.read_bytes() for each in self.root.rglob("*.toml"))
        if not arguments or arguments[0] not in _FOR_A_CLIENT or "--client" in arguments:
            return arguments
        if configured or any(self.root.rglob("qwen.lock")):
            return arguments
        return arguments[0], "--client", "guide", *arguments[1:]

    def agreed(self) -> int:
        """Return the exit code of `check`, after asserting that `lock --check` has the same."""
        once = self.run("check")
        again = self.run("check")
        other = self.run("lock", "--check")
        assert once == again, (once, again)
        assert once.exit_code == other.exit_code, (once, other)
        return once.exit_code


def write(path: Path, value: Any) -> Path:
    """Write bytes, text or a JSON value to a file."""
    if not isinstance(value, bytes):
        value = (value if isinstance(value, str) else json.dumps(value)).encode()
    path.write_bytes(value)
    return path


def undo(history: History, *, force: bool = False) -> HistoryEntry | None:
    """Undo the last change that is in force, and return it; None without one."""
    found = history.reversal(force=force)
    if found is None:
        return None
    history.revert(found)
    return found.entry


def install(world: World, version: str, patch: pytest.MonkeyPatch) -> None:
    """Put a package of the client on PATH, whose command would fail if it were started."""
    package = world.root / "node_modules" / "qwen-code"
    package.mkdir(parents=True, exist_ok=True)
    write(package / "package.json", json.dumps({"version": version}))
    write(package / "cli.js", "#!/bin/sh\nexit 9\n").chmod(0o755)
    folder = world.root / "bin"
    folder.mkdir(exist_ok=True)
    with suppress(FileExistsError):
        (folder / "qwen").symlink_to(package / "cli.js")
    patch.setenv("PATH", str(folder))


@contextmanager
def serving(server: ServerT) -> Iterator[ServerT]:
    """Let `server` answer in a thread while the block runs."""
    with server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
