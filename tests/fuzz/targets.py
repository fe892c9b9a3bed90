"""One function for each kind of input: it takes bytes, and fails if a promise is broken.

Asserted for every input: a documented exit code, no traceback, an end within `PATIENCE`, no key in
the output or the lock, the same answer when asked again. A command that writes makes its whole
change, which `undo` takes back to the byte, or changes no file.
"""

from __future__ import annotations

import io
import os
import re
import signal
import stat
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from qwenlock.findings.errors import InputError
from qwenlock.findings.reading import decode, parse
from qwenlock.lock.text import digest
from qwenlock.text.edit import edit
from qwenlock.text.locate import Locator
from qwenlock.text.operations import Move, Remove, Set, apply
from support import MODEL, World, models, strict, write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path as FilePath
    from typing import TypeAlias

    from qwenlock.text.operations import Path
    from support import Result

    Target: TypeAlias = Callable[[World, bytes], None]

KEY = "sk-HUNTERQZ7XKV3WJ9PLM2"
"""A key that its prefix identifies anywhere."""
PIECES = [KEY[start : start + 6] for start in range(3, len(KEY) - 5)]

PLAIN = re.compile(f"(?<![A-Za-z0-9]){KEY}")
"""The key where its prefix identifies it: not in the middle of a word."""

PATIENCE = 20
"""How many seconds a command may take on a busy machine."""

SEPARATOR = b"\n=====\n"
"""Between the plan.toml and the template of an input for `template`."""

PLAN = b"""title = "Own"
auth-type = "openai"
env-key = "OWN_KEY"
[regions.all]
base-url = "https://own.example/v1"
[states.only]
at = ["own"]
version = "version"
"""

NEVER = {"run", "doctor", "--ping", "--client-command"}
"""Commands and options that start a program or use the network."""


class HangError(BaseException):
    """A command went on for too long; no part of qwenlock catches this."""


def text(_: World, data: bytes) -> None:
    """Use `data` as the text of settings, only with the functions on text, which are fast."""
    try:
        document = parse(decode(data, "x"), "x")
    except InputError as error:
        for finding in error.findings:
            assert finding.place is not None
            assert KEY not in finding.place.excerpt().text
        return
    shown = Locator(document.text).masked()
    assert KEY not in shown
    assert edit(document.original, []) == document.original
    for path in paths(document.value):
        line = document.place(path).position().line
        assert 1 <= line <= len(document.locator.lines)
        assert KEY not in document.place(path, on_key=True).excerpt().text
        for operation in (Set(path, [KEY, {"a": None}]), Remove(path), Move(path, ("new", "b"))):
            edited = edit(document.original, [operation])
            assert strict(parse(edited, "x").value) == strict(apply(document.value, [operation]))


def paths(value: Any) -> Iterator[Path]:
    """Yield the paths of some values: the first and the last of each object and array."""
    steps = list(value) if isinstance(value, dict) else range(len(value))
    for step in dict.fromkeys((*steps[:1], *steps[-1:])):
        yield (step,)
        if isinstance(value[step], dict | list):
            for path in paths(value[step]):
                yield (step, *path)


def settings(world: World, data: bytes) -> None:
    beside(world)
    write(world.user, data)
    asked(world, "lock", "--check")
    asked(world, "lint", "--env")
    asked(world, "resolve", "--format", "json")
    silent(world, world.run("lock"), "lock")
    if world.lock.exists():
        again = world.run("lock", "--check")
        assert again.exit_code == 0, again


WRITERS = (
    "migrate --yes",
    "migrate --env-secrets --scope all --yes",
    "lint --fix --unsafe-fixes --yes",
    "upgrade --region china --adopt --yes",
    "select gpt-4o --yes",
    "init --ci github --pre-commit --yes",
)


def change(world: World, data: bytes) -> None:
    """Use `data` as the user's settings, and change them with a command that `data` chooses."""
    beside(world)
    write(world.user, data)
    wrote(world, *WRITERS[sum(data) % len(WRITERS)].split())


def lock(world: World, data: bytes) -> None:
    """Use `data` as the lock, or as the part of a lock below its digest."""
    beside(world)
    write(world.user, models(MODEL))
    head = b"" if data.startswith(b"#") else b"# x\n# digest: " + digest(data).encode() + b"\n"
    write(world.lock, head + data)
    asked(world, "check", "--env")
    asked(world, "check", "--format", "sarif")
    asked(world, "lock", "--check")
    asked(world, "diff", ".", ".", "--format", "markdown")
    for line in ("show", "export --format settings", "export --format github-env"):
        civil(world.run(*line.split()), line)  # they print the lock, with any key in it


def template(world: World, data: bytes) -> None:
    """Use `data` as a template, or as a plan's definition and a template."""
    beside(world)
    write(world.user, models({**MODEL, "envKey": "OWN_KEY", "baseUrl": "https://own.example/v1"}))
    definition, found, text = data.rpartition(SEPARATOR)
    folder = world.root / "plans" / "own"
    folder.mkdir(parents=True, exist_ok=True)
    write(folder / "plan.toml", definition if found else PLAN)
    write(folder / "1.0.json.j2", text)
    own = ("--templates", str(folder.parent))
    asked(world, "template", "verify", *own)
    asked(world, "template", "show", "1.0", "--plan", "own", "--region", "all", *own)
    asked(world, "lock", "--check", *own)


def dotenv(world: World, data: bytes) -> None:
    """Use `data` as the project's and the user's `.env`."""
    beside(world)
    write(world.user, models(MODEL))
    write(world.own, {"env": {"OPENAI_API_KEY": KEY}})
    write(world.project / ".env", data)
    write(world.home / ".qwen" / ".env", data)
    silent(world, world.run("lock"), "lock")
    asked(world, "check", "--env")
    asked(world, "resolve", "--format", "json")
    wrote(world, "migrate", "--env-secrets", "--scope", "all", "--yes")


def configuration(world: World, data: bytes) -> None:
    """Use `data` as a team's configuration, in either file."""
    beside(world)
    write(world.user, models(MODEL))
    for name in ("pyproject.toml", "qwenlock.toml"):
        write(world.project / name, data)
        asked(world, "lock", "--check")
        asked(world, "lint", "--format", "json")
        (world.project / name).unlink()


def command_line(world: World, data: bytes) -> None:
    """Use the lines of `data` as the words of a command line."""
    words = [os.fsdecode(word).replace("/", "_") for word in data.split(b"\n")]
    words = [word for word in words if "\0" not in word and ".." not in word]
    if NEVER & {word.partition("=")[0] for word in words}:
        return
    beside(world)
    write(world.user, {**models(MODEL), "env": {"OPENAI_API_KEY": KEY}})
    silent(world, world.run("lock"), "lock")
    with watched(words):
        civil(world.run(*words), words)


TARGETS: Mapping[str, Target] = {
    "text": text,
    "settings": settings,
    "change": change,
    "lock": lock,
    "template": template,
    "dotenv": dotenv,
    "configuration": configuration,
    "command-line": command_line,
}


def feed(target: str, world: World, data: bytes) -> None:
    """Give `data` to a target, unless it holds a piece of the key without its prefix."""
    rest = PLAIN.sub("", data.decode("utf-8", "replace"))
    if not any(piece in rest for piece in PIECES):
        TARGETS[target](world, data)


def beside(world: World) -> None:
    """Empty the world, and put keys where every command may read them."""
    world.clear()
    write(world.own, {"env": {"OTHER": KEY}, "security": {"auth": {"apiKey": KEY}}})
    write(world.project / ".env", f"THIRD={KEY}\n")


def asked(world: World, *words: str) -> None:
    """Run a command that changes nothing, twice."""
    before = files(world)
    with watched(words):
        first, second = world.run(*words), world.run(*words)
    assert first == second, (words, first, second)
    assert files(world) == before, words
    silent(world, first, words)


def wrote(world: World, *words: str) -> None:
    """Run a command that writes, and undo it."""
    before = files(world)
    with watched(words):
        result = world.run(*words)
    silent(world, result, words)
    after = files(world)
    for path, (content, mode) in after.items():
        assert KEY.encode() not in content or path in before or mode == 0o600, (words, path)
    assert KEY.encode() in b"".join(content for content, _ in after.values())
    if after != before:
        assert result.exit_code in {0, 1} or "\nwrote " in f"\n{result.err}", (words, result)
        undone = world.run("undo", "--yes")
        assert undone.exit_code == 0, (words, undone)
        assert files(world) == before, words


def files(world: World) -> dict[str, tuple[bytes, int]]:
    """Return the user's files: bytes and mode by name, without caches and backups."""
    return {
        str(path.relative_to(world.root)): (path.read_bytes(), stat.S_IMODE(path.stat().st_mode))
        for folder in (world.home / ".qwen", world.project, world.system)
        for path in folder.rglob("*")
        if path.is_file()
    }


def silent(world: World, result: Result, words: object) -> None:
    """Assert that an answer is documented, and that neither it nor a lock shows a key."""
    civil(result, words)
    locked = world.lock.read_text("utf-8", "replace") if world.lock.exists() else ""
    for piece in PIECES:
        assert piece not in result.out + result.err, (words, result)
        assert words != "lock" or piece not in locked, locked


def civil(result: Result, words: object) -> None:
    """Assert that an answer is documented."""
    assert result.exit_code in range(5), (words, result)
    assert "Traceback" not in result.err, (words, result)


@contextmanager
def watched(words: object) -> Iterator[None]:
    """Raise HangError if the block takes longer than `PATIENCE`."""

    def hang(*_: Any) -> None:
        raise HangError(words)

    before = signal.signal(signal.SIGALRM, hang)
    signal.alarm(PATIENCE)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@contextmanager
def world_in(root: FilePath) -> Iterator[World]:
    """Give a world below `root` that reads its output without pytest's capture."""
    with pytest.MonkeyPatch.context() as patch:
        streams = [io.TextIOWrapper(io.BytesIO(), "utf-8", newline="") for _ in range(2)]
        for name, stream in zip(("stdout", "stderr"), streams, strict=True):
            patch.setattr(sys, name, stream)

        def read() -> tuple[str, str]:
            said = []
            for stream in streams:
                stream.flush()
                said.append(stream.buffer.getvalue().decode())  # type: ignore[attr-defined]
                stream.seek(0)
                stream.truncate()
            return said[0], said[1]

        yield World(root, patch, read)
