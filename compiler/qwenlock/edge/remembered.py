"""Remembers a whole invocation: what it depended on, what it printed, and how it ended.

An invocation of a command that only reads is answered from the user's cache if everything is as it
was: the arguments, the directory, the terminal, each variable that was looked up, and each file
that was read, looked for or listed. Otherwise the command runs, and `watch` writes the memory.
docs/explanation/speed.md describes it.

Every start runs this, so this module and those that it imports load almost nothing.
"""

import os
import stat
import sys

import qwenlock
from qwenlock.edge import cache, lookup

COMMANDS = frozenset({"check", "lint", "show", "diff", "status", "run"})
"""The commands that are remembered."""

MOST_KEPT = 1000
"""How many memories of a kind there may be: a hook has other arguments for each commit."""

LARGEST = 4 * 1024 * 1024
"""The largest memory in bytes that is kept."""

ANSWERS, MEANINGS = "remembered", "parsed"
"""The folders of the cache for invocations, and for what their arguments mean."""

MOST = 64 * 1024 * 1024
"""The largest file in bytes that is compared by its content; a larger one is not remembered."""

CONTENT, PROBE, LINK, LISTING, TIME, VARIABLE = "content", "probe", "link", "listing", "time", "var"
"""The kinds of what an invocation depends on.

They are the content of a file, whether and as what a file exists, the same without following a
link, the names in a directory, when a file was changed, and a variable.
"""

UNKNOWN = "?"
"""The state of something that cannot be examined; it never counts as unchanged."""

ALL_VARIABLES = "*"
"""The name that stands for all variables; `A*` stands for those that begin with A."""

_FLAGS = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)
_ABSENT = "absent"
END = "--"


class Memory:
    """What an invocation came to.

    Attributes:
        depends: lines of a kind, a state and a name, separated by blanks.
        code: its exit code; None for `run`, which starts a command.
        written: what it printed: the number of a stream, and the bytes. What arguments mean is
            stream 0.
        changes: for `run`, `NAME=value` of each variable that the command gets.
        judged: for `run`, the options of the command for which everything is decided afresh.
    """

    def __init__(
        self,
        depends: list[str],
        code: int | None,
        written: list[tuple[int, bytes]],
        changes: tuple[str, ...] = (),
        judged: tuple[str, ...] = (),
    ) -> None:
        self.depends = depends
        self.code = code
        self.written = written
        self.changes = changes
        self.judged = judged

    def as_bytes(self) -> bytes:
        """Return it as `read` reads it: its parts, each after its length."""
        words = ["" if self.code is None else str(self.code)]
        words += [_lines(self.depends), _lines(self.changes), _lines(self.judged)]
        parts = [os.fsencode(each) for each in words]
        for stream, data in self.written:
            parts += [b"%d" % stream, data]
        return b"".join(b"%d\n%s" % (len(each), each) for each in parts)

    @classmethod
    def read(cls, data: bytes) -> "Memory":
        """Return what `as_bytes` wrote.

        Raises:
            ValueError: it is something else.
        """
        parts = []
        while data:
            length, _, data = data.partition(b"\n")
            parts.append(data[: int(length)])
            data = data[int(length) :]
        code, depends, changes, judged = (os.fsdecode(each) for each in parts[:4])
        written = list(zip(map(int, parts[4::2]), parts[5::2], strict=True))
        number = int(code) if code else None
        return cls(_split(depends), number, written, (*_split(changes),), (*_split(judged),))


def answer(arguments: list[str]) -> int | None:
    """Answer an invocation from memory, and return its exit code; None if it has to be run.

    For `run`, this process becomes the command. If it cannot be started, it has to be run as well:
    the command then says why.
    """
    memory = _memory(arguments)
    if memory is None:
        return None
    command = command_of(arguments)
    program = lookup.find(command[0]) if memory.code is None else None
    if memory.code is None and program is None:
        return None
    try:
        for stream, data in memory.written:
            file = sys.stdout if stream == 1 else sys.stderr
            file.buffer.write(data)
            file.buffer.flush()
    except OSError:  # nobody reads; the command says so
        return None
    if program is not None:
        changes = dict(each.split("=", 1) for each in memory.changes)
        try:
            _mark_as_used(changes)
            os.execve(program, command, {**os.environ, **changes})  # noqa: S606
        except OSError:
            return None
    return memory.code


def _mark_as_used(variables: dict[str, str]) -> None:
    """Mark the settings that enforce the lock as used: unused ones are deleted after a while.

    Raises:
        OSError: they are gone.
    """
    for path in variables.values():
        if path.startswith(f"{cache.directory()}/enforced/"):
            os.utime(path)


def _memory(arguments: list[str]) -> Memory | None:
    """Return what is remembered of an invocation, unless it has to be run."""
    asked = question(arguments) if arguments and arguments[0] in COMMANDS else None
    memory = None if asked is None else recall(asked)
    if memory is None:
        return None
    options = [each.partition("=")[0] for each in command_of(arguments)[1:]]
    return None if any(each in memory.judged for each in options) else memory


def question(arguments: list[str]) -> str | None:
    """Return the question that arguments ask here, or None if it cannot be remembered.

    It holds everything that the answer depends on, besides files and variables. Of the arguments of
    `run`, it has those before `--`, and the program after it.
    """
    if os.name != "posix" or sys.stdout is None or sys.stderr is None:
        return None
    end = arguments.index(END) if END in arguments else len(arguments)
    asked = [*arguments[:end], *command_of(arguments)[:1]]
    if arguments[0] == "run" and end == len(arguments):
        return None
    streams = [(each.encoding, each.errors) for each in (sys.stdout, sys.stderr)]
    try:
        terminals = [os.get_terminal_size(each) if os.isatty(each) else None for each in range(3)]
        here = os.getcwd()
    except OSError:  # a stream is closed, or the directory was deleted
        return None
    program = (qwenlock.__version__, qwenlock.__file__, sys.version, sys.prefix, sys.path)
    return repr((program, asked, here, terminals, streams))


def command_of(arguments: list[str]) -> list[str]:
    """Return what `run` starts: what follows `--`."""
    return arguments[arguments.index(END) + 1 :] if END in arguments else []


def recall(asked: str, folder: str = ANSWERS) -> Memory | None:
    """Return what is remembered of a question, if everything is as it was.

    Args:
        asked: what `question` returned.
        folder: the folder of the cache for this kind of memory.
    """
    try:
        data = cache.believed(_file(asked, folder))
        if data is None:
            return None
        digest, _, content = data.partition(b"\n")
        if cache.digest(os.fsencode(asked) + content) != digest.decode():
            return None
        memory = Memory.read(content)
    except (OSError, ValueError):
        return None
    return memory if all(map(is_same, memory.depends)) else None


def keep(asked: str, memory: Memory, folder: str = ANSWERS) -> None:
    """Remember the answer to a question unless it is too large; the cache need not be writable.

    Args:
        asked: what `question` returned.
        memory: the answer, and what it depends on.
        folder: the folder of the cache for this kind of memory.
    """
    content = memory.as_bytes()
    if len(content) > LARGEST:
        return
    digest = cache.digest(os.fsencode(asked) + content)
    path = _file(asked, folder)
    cache.keep(path, digest.encode() + b"\n" + content)
    cache.prune(os.path.dirname(path), MOST_KEPT)


def is_same(line: str) -> bool:
    """Tell whether something has the state that a line of a memory says."""
    kind, was, name = line.split(" ", 2)
    return was not in (UNKNOWN, "") and state(kind, name) == was


def state(kind: str, name: str) -> str:
    """Return the state of a file or of a variable, without blanks; `UNKNOWN` if it has none.

    Args:
        kind: one of the kinds above.
        name: the path of a file, or the name of a variable.
    """
    if kind == VARIABLE:
        return _variable(name)
    try:
        status = os.lstat(name) if kind == LINK else os.stat(name)
        if kind == TIME:
            return f"{status.st_mtime_ns}:{status.st_size}"
        about = f"{status.st_mode:o}:{status.st_uid}:{status.st_gid}"
        if kind == LISTING:
            return f"{about}:{_listing(name)}"
        if kind == CONTENT and stat.S_ISREG(status.st_mode):
            return f"{about}:{_content(name)}" if status.st_size <= MOST else UNKNOWN
        about = f"{about}:{status.st_dev}:{status.st_ino}"  # which `samefile` compares
        if stat.S_ISREG(status.st_mode):
            return f"{about}:{status.st_size}:{status.st_mtime_ns}"
        if stat.S_ISLNK(status.st_mode):
            return f"{about}:{cache.digest(os.fsencode(os.readlink(name)))}"
    except (FileNotFoundError, NotADirectoryError):
        return _ABSENT
    except OSError as error:
        return f"error:{error.errno}"
    except ValueError:  # a name that no file can have
        return UNKNOWN
    return about


def _content(name: str) -> str:
    handle = os.open(name, _FLAGS)
    with open(handle, "rb", buffering=0) as file:
        data = file.read(MOST + 1)
    return UNKNOWN if data is None or len(data) > MOST else cache.digest(data)


def _listing(name: str) -> str:
    with os.scandir(name) as entries:
        found = sorted((each.name, each.is_symlink(), _leads_to(each)) for each in entries)
    return cache.digest(os.fsencode(repr(found)))


def _leads_to(entry: "os.DirEntry[str]") -> str:
    try:
        return f"{entry.is_dir()} {entry.is_file()}"
    except OSError:  # a link to itself
        return UNKNOWN


def _variable(name: str) -> str:
    if name.endswith(ALL_VARIABLES):
        found = sorted(each for each in os.environ.items() if each[0].startswith(name[:-1]))
        return cache.digest(os.fsencode(repr(found)))
    value = os.environ.get(name)
    return _ABSENT if value is None else cache.digest(os.fsencode(value))


def _file(asked: str, folder: str) -> str:
    return os.path.join(cache.directory(), folder, cache.digest(os.fsencode(asked)))


def _lines(items: "list[str] | tuple[str, ...]") -> str:
    return "\n".join(items)


def _split(text: str) -> list[str]:
    return text.split("\n") if text else []
