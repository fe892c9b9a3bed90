"""Advice that can be followed from where it is printed.

Other rooms advise plain commands such as `qwenlock lock`. Here the advised command gets the project
and the options of the command that is running, unless it works without them.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, NamedTuple

from qwenlock.text.pattern import pattern

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from qwenlock.edge.places import Flags

_SCOPED = (
    "lock", "check", "lint", "run", "export", "upgrade", "uninstall", "migrate", "resolve", "show",
)  # fmt: skip
"""The commands with the scope options and a project as an argument."""
_ELSEWHERE = ("select", "init")
"""The commands that work on the project of the current directory only."""
_WITH_PROJECT = (*_SCOPED, "doctor")
_ADVISED = pattern(rf"`qwenlock ({'|'.join((*_WITH_PROJECT, *_ELSEWHERE))})((?: [^`]*)?)`")


class _Running(NamedTuple):
    """What the running command was given: its project, and its options."""

    project: Path | None = None
    options: tuple[tuple[str, ...], ...] = ()


_NOTHING = _Running()
_running: ContextVar[_Running] = ContextVar("running", default=_NOTHING)


def forget() -> None:
    """Begin a command line: nothing has been given yet."""
    _running.set(_NOTHING)


def given_options(flags: Flags, client: str | None) -> None:
    """Give these options to every command that is advised."""
    _running.set(_running.get()._replace(options=tuple(_options(flags, client))))


def given_project(directory: Path) -> None:
    """Let every advised command work on the project in `directory`."""
    _running.set(_running.get()._replace(project=directory))


@contextmanager
def about(directory: Path) -> Iterator[None]:
    """Let advised commands work on one of several projects."""
    before = _running.set(_running.get()._replace(project=directory))
    try:
        yield
    finally:
        _running.reset(before)


def advised(text: str) -> str:
    """Return `text`, where each advised command has the project and the options."""
    running = _running.get()
    if running == _NOTHING or "`qwenlock " not in text:
        return text
    project = "" if running.project is None else _typed(running.project)
    return _ADVISED.sub(lambda found: _command(running, project, found[1], found[2]), text)


def from_here(directory: Path) -> str:
    """Return a file or directory as the user would name it from here; `.` for this one."""
    from qwenlock.edge.places import relative

    name = relative(os.path.abspath(directory), os.getcwd())  # noqa: PTH100, PTH109
    return str(directory) if name.startswith("../..") else name


def _typed(directory: Path) -> str:
    """Return a project as an argument, or nothing if a command here finds it by itself."""
    import shlex
    from pathlib import Path

    from qwenlock.edge.places import find_project
    from qwenlock.text.foreign import clean

    if find_project(Path.cwd()) == Path(os.path.abspath(directory)):  # noqa: PTH100
        return ""
    name = from_here(directory)
    return clean(shlex.quote(f"./{name}" if name.startswith("-") else name))


def _command(running: _Running, project: str, name: str, rest: str) -> str:
    import shlex

    from qwenlock.text.foreign import clean

    said = rest.split()
    options = [
        f" {clean(shlex.join(each))}"
        for each in running.options
        if name in (*_SCOPED, "select", "init") and each[0] not in said
    ]
    if name in _ELSEWHERE:
        there = f"cd {project} && " if project else ""
        return f"`{there}qwenlock {name}{rest}{''.join(options)}`"
    named = f" {project}" if project and project not in said else ""
    return f"`qwenlock {name}{named}{''.join(options)}{rest}`"


def _options(flags: Flags, client: str | None) -> Iterator[tuple[str, ...]]:
    given = {
        "--client": client,
        "--user": flags.user,
        "--system": flags.system,
        "--system-defaults": flags.system_defaults,
        "--templates": flags.templates,
    }
    yield from ((name, value) for name, value in given.items() if isinstance(value, str))
    if flags.user is False:
        yield ("--no-user",)
    if flags.untrusted is not None:
        yield ("--untrusted" if flags.untrusted else "--trusted",)
    if flags.no_config:
        yield ("--no-config",)
