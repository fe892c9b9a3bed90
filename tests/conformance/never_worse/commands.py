"""Run many `qwenlock` command lines in a tenth of the time: fork a process that has loaded it.

The fork has what a new process would have: its arguments, environment, directory and files.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

TIMEOUT = 300


class Done(NamedTuple):
    """A command line that ended, or was ended; `output` holds what it printed on both streams."""

    code: int
    output: str


class Qwenlock:
    """The process that has loaded qwenlock; close it at the end."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "conformance.never_worse.commands"],
            cwd=Path(__file__).parents[2],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def close(self) -> None:
        self._process.communicate()

    def run(
        self,
        arguments: Sequence[str],
        directory: Path,
        environment: Mapping[str, str],
        is_enough: Callable[[], bool] = lambda: False,
    ) -> Done:
        """Run `qwenlock` with `arguments` to its end, or until `is_enough`."""
        with tempfile.TemporaryDirectory() as folder:
            output, ended = Path(folder, "output"), Path(folder, "ended")
            asked = {
                "arguments": list(arguments),
                "directory": str(directory),
                "environment": dict(environment),
                "output": str(output),
                "ended": str(ended),
            }
            assert self._process.stdin
            assert self._process.stdout
            self._process.stdin.write(f"{json.dumps(asked)}\n")
            self._process.stdin.flush()
            group = int(self._process.stdout.readline())
            wait(group, ended.exists, is_enough)
            code = int(self._process.stdout.readline())
            return Done(code, output.read_text("utf-8", "replace"))


def wait(group: int, has_ended: Callable[[], bool], is_enough: Callable[[], bool]) -> None:
    """Wait until a process group ends; end it if `is_enough`, or after `TIMEOUT` seconds."""
    until = time.monotonic() + TIMEOUT
    while not has_ended():
        if is_enough() or time.monotonic() > until:
            with suppress(ProcessLookupError):
                os.killpg(group, signal.SIGKILL)
            return
        time.sleep(0.02)


def _serve() -> None:
    """Fork for every line of standard input; print the process group, then the exit code."""
    from qwenlock.__main__ import main

    _load_everything()
    for line in sys.stdin:
        asked = json.loads(line)
        child = os.fork()
        if not child:
            _become(asked, main)
        with suppress(ProcessLookupError, PermissionError):
            os.setpgid(child, child)
        _say(child)
        _, status = os.waitpid(child, 0)
        Path(asked["ended"]).touch()
        _say(os.waitstatus_to_exitcode(status))


def _load_everything() -> None:
    """Import all of qwenlock, and what its commands import only when they run."""
    import importlib
    import pkgutil
    from contextlib import redirect_stderr, redirect_stdout
    from io import StringIO

    import qwenlock
    from qwenlock.cli.start import run

    for module in pkgutil.walk_packages(qwenlock.__path__, "qwenlock."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    environment, directory = dict(os.environ), Path.cwd()
    with (
        tempfile.TemporaryDirectory() as home,
        redirect_stdout(StringIO()),
        redirect_stderr(StringIO()),
    ):
        os.environ |= {"HOME": home}
        os.chdir(home)
        for command in ("lint", "lock", "check", "export", "lock --help"):
            run(command.split())
        os.chdir(directory)
    os.environ |= environment


def _become(asked: dict[str, Any], main: Callable[[], None]) -> None:
    os.setpgid(0, 0)
    output = os.open(asked["output"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for target, source in ((0, nothing), (1, output), (2, output)):
        os.dup2(source, target)
    os.chdir(asked["directory"])
    os.environ.clear()
    os.environ.update(asked["environment"])
    sys.argv = ["qwenlock", *asked["arguments"]]
    main()


def _say(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    _serve()
