"""Watches what a command reads and prints, and stores that for the next time (`remembered`).

The interpreter announces each file that is opened, each directory that is listed, and each process
that is started, as audit events. Asking whether a file exists is not announced, so those functions
of `os` are replaced in this process. A command that writes, or starts a process, is not remembered,
except for git where `git_files` knows what its answer depends on.
"""

from __future__ import annotations

import io
import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar

import qwenlock
from qwenlock.edge import cache, remembered
from qwenlock.edge.remembered import (
    ALL_VARIABLES,
    CONTENT,
    LINK,
    LISTING,
    PROBE,
    TIME,
    VARIABLE,
    Memory,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_EFFECTS = frozenset({
    "os.chmod", "os.chown", "os.exec", "os.fork", "os.forkpty", "os.link", "os.mkdir",
    "os.posix_spawn", "os.remove", "os.removexattr", "os.rename", "os.rmdir", "os.setxattr",
    "os.symlink", "os.system", "os.truncate", "socket.connect", "socket.bind", "subprocess.Popen",
})  # fmt: skip
"""The audit events of what a memory cannot repeat."""
_LISTS = ("os.listdir", "os.scandir")
_ENDED_WELL = (0, 1, 3)
"""Exit codes of a command that did what it was asked to: 1 and 3 report what is wrong."""


class Watch:
    """What an invocation depended on and printed so far.

    Attributes:
        current: the one of this process, if there is one.
    """

    current: ClassVar[Watch | None] = None

    def __init__(self, asked: str) -> None:
        self._asked = asked
        self._states: dict[tuple[str, str], str] = {}
        self._written: list[tuple[int, bytes]] = []
        self._is_repeatable = True
        self._is_looking = False
        self._replaced: list[tuple[object, str, object]] = []
        kept = ("checked", remembered.ANSWERS, remembered.MEANINGS)
        self._own = tuple(f"{cache.directory()}/{each}/" for each in kept)
        found = (os.path.dirname(os.__file__), *libraries())  # noqa: PTH120
        self._libraries = tuple(f"{each}/" for each in found)
        self._program = f"{os.path.dirname(qwenlock.__file__)}/"  # noqa: PTH120
        root = os.path.dirname(os.path.dirname(self._program[:-1]))  # noqa: PTH120
        self._shipped = (f"{root}/templates/", f"{root}/migrations/")  # of an editable install

    def finish(
        self, code: int | None, changes: Sequence[str] = (), judged: Sequence[str] = ()
    ) -> None:
        """Remember the invocation, if it only read, and nothing has changed in the meantime.

        Args:
            code: its exit code; None for `run`, which starts a command.
            changes: for `run`, `NAME=value` of each variable that the command gets.
            judged: for `run`, the options of the command for which everything is decided afresh.
        """
        if not self._is_repeatable or (code is not None and code not in _ENDED_WELL):
            return
        self._is_looking = True
        for name in _files_of_the_program():
            self._states[TIME, name] = remembered.state(TIME, name)
        lines = [f"{kind} {state} {name}" for (kind, name), state in self._states.items()]
        is_clear = not any("\n" in each for each in (*lines, *changes))
        if is_clear and all(map(remembered.is_same, lines)):
            memory = Memory(lines, code, self._written, tuple(changes), tuple(judged))
            remembered.keep(self._asked, memory)
        self._is_looking = False

    def note(self, kind: str, name: object) -> None:
        """Note the state of something that is about to be looked at."""
        if self._is_looking or not self._is_repeatable or isinstance(name, int):
            return
        self._is_looking = True
        try:
            text = os.fsdecode(name)  # type: ignore[arg-type]
            if kind != VARIABLE:
                text = os.path.join(os.getcwd(), text)  # noqa: PTH109, PTH118
                if f"{text}/".startswith((*self._own, *self._libraries)):
                    return
                if kind == LISTING and f"{text}/".startswith(self._program):
                    return
                if f"{text}/".startswith(self._shipped):
                    kind = TIME
            if (kind, text) not in self._states:
                self._states[kind, text] = remembered.state(kind, text)
        except (OSError, TypeError):
            self.give_up()
        finally:
            self._is_looking = False

    @contextmanager
    def looking_away(self) -> Iterator[None]:
        """Note nothing of what is looked at."""
        self._is_looking = True
        try:
            yield
        finally:
            self._is_looking = False

    def rely_on(self, depends: Sequence[str]) -> None:
        """Note the dependencies of a remembered result that was used."""
        for kind, state, name in (each.split(" ", 2) for each in depends):
            self._states[kind, name] = state

    def give_up(self) -> None:
        """Note that the invocation cannot be remembered, and watch no longer."""
        self._is_repeatable = False
        while self._replaced:
            setattr(*self._replaced.pop())

    def replace(self, where: object, name: str, new: object) -> None:
        """Replace an attribute until the watch gives up."""
        self._replaced.append((where, name, getattr(where, name)))
        setattr(where, name, new)

    def write(self, stream: int, data: bytes) -> None:
        """Note what is printed."""
        if self._is_repeatable:
            self._written.append((stream, data))

    def hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Note an audit event of the interpreter."""
        if self._is_looking or not self._is_repeatable:
            return
        if event == "open":
            path, _, flags = arguments
            if isinstance(path, int) or _is_code(path):
                return
            if not flags & _WRITING:
                self.note(CONTENT, path)
            elif not self._is_ours(path):
                self.give_up()
        elif event in _LISTS:
            self.note(LISTING, arguments[0] or ".")
        elif event in _EFFECTS:
            path = arguments[0] if arguments else None
            if not _is_code(path) and not self._is_ours(path):
                self.give_up()

    def _is_ours(self, path: object) -> bool:
        return isinstance(path, str) and f"{path}/".startswith(self._own)


@contextmanager
def watched(arguments: list[str]) -> Iterator[Watch | None]:
    """Watch this process until it ends, if what `arguments` ask for can be remembered."""
    is_asked = arguments and arguments[0] in remembered.COMMANDS
    asked = remembered.question(arguments) if is_asked and "HOME" in os.environ else None
    if asked is None:
        yield None
        return
    watch = Watch.current = Watch(asked)
    _watch_questions(watch)
    _watch_variables(watch)
    sys.stdout = _copied(sys.stdout, 1, watch)
    sys.stderr = _copied(sys.stderr, 2, watch)
    sys.addaudithook(watch.hear)
    yield watch


def _watch_questions(watch: Watch) -> None:
    """Replace the functions of `os` that ask for the state of a file."""

    def noted(function: Callable[..., Any], kind: str) -> Callable[..., Any]:
        def asked(path: Any, *arguments: Any, **options: Any) -> Any:
            if options.get("dir_fd") is not None:
                watch.give_up()
            is_link = kind == LINK or options.get("follow_symlinks") is False
            watch.note(LINK if is_link else PROBE, path)
            return function(path, *arguments, **options)

        return asked

    for name, kind in (("stat", PROBE), ("access", PROBE), ("lstat", LINK), ("readlink", LINK)):
        watch.replace(os, name, noted(getattr(os, name), kind))


def _watch_variables(watch: Watch) -> None:
    """Let `os.environ` note which variables are looked up."""

    class Watched(type(os.environ)):  # type: ignore[misc]
        def __getitem__(self, key: str) -> str:
            watch.note(VARIABLE, key)
            return super().__getitem__(key)  # type: ignore[no-any-return]

        def __iter__(self) -> Iterator[str]:
            watch.note(VARIABLE, ALL_VARIABLES)
            return super().__iter__()  # type: ignore[no-any-return]

    watch.replace(os.environ, "__class__", Watched)


class _Copied(io.RawIOBase):
    """A stream that also notes what is written to it."""

    def __init__(self, stream: Any, number: int, watch: Watch) -> None:
        super().__init__()
        self._stream, self._number, self._watch = stream, number, watch

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return bool(self._stream.isatty())

    def fileno(self) -> int:
        return int(self._stream.fileno())

    def write(self, data: Any) -> int:
        written = self._stream.write(data)
        self._stream.flush()
        self._watch.write(self._number, bytes(data[:written]))
        return int(written)


def _copied(stream: Any, number: int, watch: Watch) -> Any:
    raw = io.BufferedWriter(_Copied(stream.buffer, number, watch))
    return io.TextIOWrapper(
        raw,
        encoding=stream.encoding,
        errors=stream.errors,
        line_buffering=stream.line_buffering or number == 2,  # not so if Python is unbuffered
        write_through=number == 2,
    )


def _is_code(path: object) -> bool:
    """Tell whether a file is compiled code of Python, which `_files_of_the_program` answers for."""
    return isinstance(path, str) and (".pyc" in path or path.endswith("__pycache__"))


def _files_of_the_program() -> Iterator[str]:
    """Yield the modules of qwenlock that are loaded, and where those of others are installed."""
    for name, module in sys.modules.items():
        file = getattr(module, "__file__", None)
        if file is not None and name.startswith("qwenlock"):
            yield file
    yield from libraries()


def libraries() -> list[str]:
    """Return the directories that others' packages are installed in."""
    return [each for each in sys.path if each.endswith(("site-packages", "dist-packages"))]
