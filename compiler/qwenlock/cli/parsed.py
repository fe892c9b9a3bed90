"""Remembers what a command line means: the command, and the value of each of its parameters.

Typer parses a command line when it is used for the first time; after that, the result is looked up.
This module knows no options. It remembers only the commands in `_COMMANDS`, because their options
cannot hold credentials.
"""

from __future__ import annotations

import json
import os
import sys
from enum import Enum
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import qwenlock
from qwenlock.cli.declared import Context
from qwenlock.edge import remembered

if TYPE_CHECKING:
    from collections.abc import Sequence

_COMMANDS = frozenset({"check", "lint", "lock", "migrate", "run", "show", "status", "upgrade"})
LINE = "qwenlock.line"
"""The key of a context's `meta` for all arguments of qwenlock."""

ARGUMENTS = "qwenlock.arguments"
"""The key for those that follow the command."""

COMMAND = "qwenlock.command"
"""The key for what `run` starts."""

COMPLETION = "_QWENLOCK_COMPLETE"
"""The variable with which a shell asks Typer to complete a command line instead."""

_noted: list[tuple[str, dict[str, Any]]] = []


class Parsed(NamedTuple):
    """What a command line means.

    Attributes:
        command: the command.
        values: the value of each of its parameters; `context` may be one.
        depends: what the parsing depended on, as in `remembered.Memory`.
    """

    command: str
    values: dict[str, Any]
    depends: list[str]


def recall(arguments: Sequence[str]) -> Parsed | None:
    """Return what a command line means, if it is remembered."""
    line, command_line = _parts(arguments)
    asked = _asked(line)
    memory = remembered.recall(asked, remembered.MEANINGS) if asked else None
    if memory is None:
        return None
    try:
        command, values = json.loads(memory.written[0][1])
        read = {name: _decoded(value, command_line) for name, value in values.items()}
    except (ValueError, LookupError, TypeError, AttributeError):
        return None
    return Parsed(command, read, memory.depends)


def note(command: str, values: dict[str, Any]) -> None:
    """Note what the command line means that Typer has parsed just now."""
    _noted[:] = [(command, values)]


def keep() -> None:
    """Store what was noted, unless `--client` was given.

    That option asks for the installed client, and may print a warning.
    """
    if not _noted:
        return
    command, values = _noted.pop()
    context = values.get("context")
    line = context.meta.get(LINE, []) if context is not None else []
    asked = _asked(_parts(line)[0]) if line and command in _COMMANDS else None
    is_cut = command == "run" and line[:1] != ["run"]  # such as `--debug run`
    if asked is None or is_cut or values.get("client") is not None:
        return
    try:
        text = json.dumps([command, {name: _encoded(value) for name, value in values.items()}])
    except TypeError:
        return
    asked_for = [
        (remembered.VARIABLE, COMPLETION),
        *((remembered.TIME, each) for each in _files()),
    ]
    depends = [f"{kind} {remembered.state(kind, name)} {name}" for kind, name in asked_for]
    if not any("\n" in each for each in depends):
        memory = remembered.Memory(depends, 0, [(0, text.encode())])
        remembered.keep(asked, memory, remembered.MEANINGS)


def run(parsed: Parsed) -> Any:
    """Run what a command line means; return what the command returns."""
    from qwenlock.cli.advice import given_options

    context = parsed.values.get("context")
    if context is not None and context.obj is not None:
        given_options(context.obj, None)
    module = import_module(f"qwenlock.cli.commands.{parsed.command}")
    return getattr(module, parsed.command)(**parsed.values)


def _parts(arguments: Sequence[str]) -> tuple[Sequence[str], list[str]]:
    """Return the arguments of qwenlock, and what `run` starts."""
    if arguments[:1] != ["run"] or remembered.END not in arguments:
        return arguments, []
    end = arguments.index(remembered.END)
    return arguments[: end + 1], [*arguments[end + 1 :]]


def _asked(arguments: Sequence[str]) -> str | None:
    program = (qwenlock.__version__, qwenlock.__file__, sys.version, sys.prefix, sys.path)
    is_possible = os.name == "posix" and "HOME" in os.environ
    return repr((program, [*arguments])) if arguments and is_possible else None


def _files() -> list[str]:
    """Return the modules that say what command lines mean, and where Typer is installed."""
    from qwenlock.edge.watch import libraries

    names = ("qwenlock.cli.app", "qwenlock.cli.parsing", "qwenlock.cli.declared")
    own = [
        str(module.__file__)
        for name, module in sys.modules.items()
        if name in names or (name.startswith("qwenlock.cli") and hasattr(module, "typer"))
    ]
    return [*own, *libraries()]


def _encoded(value: Any) -> Any:
    if isinstance(value, Enum):
        kind = type(value)
        return {"enum": [kind.__module__, kind.__qualname__, value.value]}
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, Path):
        return {"path": str(value)}
    if isinstance(value, list | tuple):
        return [_encoded(each) for each in value]
    if hasattr(value, "command_path"):
        arguments, flags = value.meta.get(ARGUMENTS), value.obj
        return {"context": [value.command_path, arguments, flags and [*flags]]}
    raise TypeError


def _decoded(value: Any, command_line: list[str]) -> Any:
    if isinstance(value, list):
        return [_decoded(each, command_line) for each in value]
    if not isinstance(value, dict):
        return value
    [(kind, content)] = value.items()
    if kind == "path":
        return Path(content)
    if kind == "enum":
        module, name, member = content
        return getattr(import_module(module), name)(member)
    from qwenlock.edge.places import Flags

    path, arguments, flags = content
    return Context(path, {ARGUMENTS: arguments, COMMAND: command_line}, flags and Flags(*flags))
