"""The application: its global options, its commands, and how errors are reported.

A command's module is imported only when the command is used, so that qwenlock starts fast.
"""

from __future__ import annotations

import importlib
import sys
from contextlib import suppress
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Any

import typer
import typer.main

from qwenlock.cli.advice import forget
from qwenlock.cli.groups import HelpfulGroup
from qwenlock.findings.errors import QwenlockError, UsageError, from_system, of_output

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qwenlock.edge.watch import Watch

GROUPS = {
    "Every day": ("status", "lock", "check", "select", "run", "show"),
    "Find out": ("lint", "explain", "resolve", "diff", "doctor"),
    "Change settings": ("upgrade", "uninstall", "migrate", "undo", "history"),
    "Work in a team": ("init", "merge", "report", "export"),
    "More": ("template", "schema", "server"),
}
"""The commands as `--help` shows them; each is a module of `commands` with a Typer `app`."""

COMMANDS = tuple(name for names in GROUPS.values() for name in names)
"""The commands in the order of `--help`."""

_ClickError: type[Any] = typer.BadParameter.__mro__[2]
"""The class of every error in a command line, of which Typer exports only one kind."""

BUG = 70
"""The exit code of a program error, as in sysexits.h."""


class _Commands(HelpfulGroup):
    """A group whose commands are imported only when they are used."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Show the status if nothing is asked in a project."""
        if not args and not ctx.resilient_parsing and _in_project():
            args = ["status"]
        return super().parse_args(ctx, args)

    def get_params(self, ctx: Any) -> list[Any]:
        """Explain Typer's own option in a line."""
        params: list[Any] = super().get_params(ctx)
        for each in params:
            if each.name == "show_completion":
                each.help = "Show completion for the current shell."
        return params

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"qwenlock.cli.commands.{cmd_name}")
        command: Any = typer.main.get_command(module.app)
        command.name = cmd_name
        command.rich_help_panel = next(name for name, group in GROUPS.items() if cmd_name in group)
        command.help = _filled(command.help)
        return command

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        name = args[0]
        if name not in COMMANDS and name[:1].isalpha() and not ctx.resilient_parsing:
            from difflib import get_close_matches

            near = get_close_matches(name, COMMANDS, n=1)
            fix = f"did you mean {near[0]}? " if near else ""
            raise UsageError(f"unknown command {name!r}", f"{fix}see `qwenlock --help`")
        return super().resolve_command(ctx, args)


def _filled(text: str) -> str:
    """Return the text of `--help` with one line for each paragraph, so that it fills the screen."""
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in text.split("\n\n"))


def _in_project() -> bool:
    """Tell whether the working directory is a project: it has settings, or a lock from there up."""
    from pathlib import Path

    from qwenlock.edge.checkouts import is_home
    from qwenlock.edge.places import SETTINGS, find_project
    from qwenlock.lock import NAME

    try:
        project = find_project(Path.cwd())
    except OSError:  # the working directory no longer exists
        return False
    return (project / NAME).exists() or ((project / SETTINGS).exists() and not is_home(project))


app = typer.Typer(
    cls=_Commands,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=(
        "Run `qwenlock COMMAND --help` for a command, and `qwenlock explain CODE` for a finding. "
        "The guides are in the folder `docs` of the source code: begin with docs/tutorial.md. "
        "More about each option is in docs/reference/commands.md."
    ),
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from qwenlock import __version__

        typer.echo(f"qwenlock {__version__}")
        raise typer.Exit


@app.callback()
def qwenlock(
    debug: Annotated[
        bool, typer.Option("--debug", help="Show where in the program an error occurred.")
    ] = False,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Lock, upgrade and migrate the model configuration of Qwen Code."""


def run(arguments: Sequence[str], watch: Watch | None = None) -> int:
    """Run the command line, and return its exit code.

    Args:
        arguments: the arguments, without the program's name.
        watch: what sees to it that the invocation is remembered, if it can be.
    """
    from qwenlock.cli.console import prepare_streams

    prepare_streams()
    debug = "--debug" in arguments[:1]
    forget()
    try:
        result = app(list(arguments), standalone_mode=False, prog_name="qwenlock")
        sys.stdout.flush()  # here, so that a closed pipe is noticed
        return _end(result, watch)
    except QwenlockError as error:
        return _stop(error, arguments, debug=debug)
    except _ClickError as error:
        return _stop(_usage_error(error), arguments, debug=debug)
    except (KeyboardInterrupt, typer.Abort):
        return 130
    except BrokenPipeError:
        return _broken_pipe()
    except SystemExit as stop:  # raised by Typer: shell completion, or a broken pipe
        if isinstance(stop.__context__, BrokenPipeError):
            return _broken_pipe()
        return stop.code if isinstance(stop.code, int) else 0
    except OSError as error:  # reading and writing raise errors of our own
        is_of_file = error.filename is not None  # checking one; else Typer has printed
        return _stop((from_system if is_of_file else of_output)(error), arguments, debug=debug)
    except Exception as error:  # noqa: BLE001  (users never see a traceback)
        return _stop_for_bug(error, debug=debug)


def _end(result: Any, watch: Watch | None) -> int:
    """Have what a command came to remembered; become the command that `qwenlock run` prepared."""
    if result is not None and not isinstance(result, int):
        result.start(watch)
    elif watch is not None:
        watch.finish(result or 0)
    return result if isinstance(result, int) else 0


def _usage_error(error: Any) -> UsageError:
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "qwenlock"
    near = getattr(error, "possibilities", None)
    message = error.message if near else error.format_message()
    fix = f"did you mean {near[0]}? " if near else ""
    return UsageError(message, f"{fix}see `{command} --help`")


def _stop(error: QwenlockError, arguments: Sequence[str], *, debug: bool) -> int:
    from qwenlock.cli.report import print_error

    with suppress(OSError):
        sys.stdout.flush()  # such as a preview that was printed before
    try:
        print_error(error, _asked_format(arguments))
    except (OSError, QwenlockError):  # stdout cannot be written to
        print_error(error)
    if debug:
        _print_trace(error)
    return error.exit_code


def _stop_for_bug(error: Exception, *, debug: bool) -> int:
    from qwenlock.cli.console import say

    say(f"qwenlock has a bug: {type(error).__name__}. Your files were not changed.")
    if debug:
        _print_trace(error)
    else:
        say("Run `qwenlock --debug …` to see where it failed, and please report it.")
    return BUG


def _print_trace(error: BaseException) -> None:
    """Print where `error` was raised, but not its message or any value: they could hold a key."""
    import traceback

    from qwenlock.cli.console import say

    frames = traceback.extract_tb(error.__traceback__)
    for frame in frames:
        say(f"  {frame.filename}:{frame.lineno} in {frame.name}")
    say(f"  {type(error).__name__}")


def _asked_format(arguments: Sequence[str]) -> str | None:
    for option, value in pairwise([*arguments, ""]):
        if option == "--format":
            return value
        if option.startswith("--format="):
            return option.removeprefix("--format=")
    return None


def _broken_pipe() -> int:
    """Exit quietly when the reader of our output has closed it, as `head` does."""
    import os

    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 141
