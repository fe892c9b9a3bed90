"""The commands and their options as data, in Typer's terms.

Commands use this as `typer`. Typer itself, which takes as long to import as all else together, is
loaded where a command line has to be parsed (`parsing`) or a question to be asked.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias, TypeVar

CommandT = TypeVar("CommandT", bound=Callable[..., Any])


class Declared(NamedTuple):
    """An option or an argument.

    Attributes:
        kind: the name of Typer's function for it.
        names: the names of the option.
        settings: the other arguments of that function.
    """

    kind: str
    names: tuple[str, ...]
    settings: dict[str, Any]


class Called(NamedTuple):
    """How a command was called; commands ask for Typer's `Context`, which says this, too.

    Attributes:
        command_path: the program and the command.
        meta: what was noted while the command line was parsed.
        obj: what the scope options say.
    """

    command_path: str
    meta: dict[str, Any]
    obj: Any


Context: TypeAlias = Called


class Typer:
    """The commands of a module, with the settings of Typer's class of this name."""

    def __init__(self, **settings: Any) -> None:
        self.settings = settings
        self.commands: list[tuple[Callable[..., Any], dict[str, Any]]] = []

    def command(self, name: str | None = None, **settings: Any) -> Callable[[CommandT], CommandT]:
        """Note a command, with the settings of Typer's decorator."""

        def noted(function: CommandT) -> CommandT:
            self.commands.append((function, {"name": name, **settings}))
            return function

        return noted


def Option(*names: str, **settings: Any) -> Declared:  # noqa: N802
    """Declare an option, with the settings of Typer's function."""
    return Declared("Option", names, settings)


def Argument(**settings: Any) -> Declared:  # noqa: N802
    """Declare an argument, with the settings of Typer's function."""
    return Declared("Argument", (), settings)


def confirm(text: str, **settings: Any) -> bool:
    """Ask a question, as Typer's function does."""
    import typer

    return typer.confirm(text, **settings)


def prompt(text: str, **settings: Any) -> Any:
    """Ask for a value, as Typer's function does."""
    import typer

    return typer.prompt(text, **settings)
