"""Running a command line, and how errors are reported.

Typer parses it, and is loaded only if the result is not remembered (`parsed`).
"""

from __future__ import annotations

import os
import sys
from contextlib import nullcontext, suppress
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from qwenlock.cli import parsed
from qwenlock.cli.advice import forget
from qwenlock.findings.errors import QwenlockError, UsageError, from_system, of_output

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qwenlock.cli.parsed import Parsed
    from qwenlock.edge.watch import Watch

BUG = 70
"""The exit code of a program error, as in sysexits.h."""


def run(arguments: Sequence[str], watch: Watch | None = None, *, from_memory: bool = False) -> int:
    """Run the command line, and return its exit code.

    Args:
        arguments: the arguments, without the program's name.
        watch: the watch that stores the invocation, if that is possible.
        from_memory: whether the parsed arguments may come from the cache, and go there.
    """
    from qwenlock.cli.console import prepare_streams

    prepare_streams()
    debug = "--debug" in arguments[:1]
    forget()
    try:
        found = _recall(arguments, watch) if from_memory else None
        result = _parse_and_run(arguments) if found is None else parsed.run(found)
        sys.stdout.flush()  # here, so that a closed pipe is noticed
        if from_memory:
            with nullcontext() if watch is None else watch.looking_away():
                parsed.keep()
        code = _end(result, watch)
    except QwenlockError as error:
        return _stop(error, arguments, debug=debug)
    except KeyboardInterrupt:
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
        return _stop_for_other(error, arguments, debug=debug)
    return code


def _recall(arguments: Sequence[str], watch: Watch | None) -> Parsed | None:
    with nullcontext() if watch is None else watch.looking_away():
        found = parsed.recall(arguments)
    if found is not None and watch is not None:
        watch.rely_on(found.depends)
    return found


def _parse_and_run(arguments: Sequence[str]) -> Any:
    from qwenlock.cli.app import app

    if os.environ.get(parsed.COMPLETION) == "complete_bash":
        from qwenlock.cli.completion import whole_words

        with whole_words():
            return app(list(arguments), standalone_mode=False, prog_name="qwenlock")
    return app(list(arguments), standalone_mode=False, prog_name="qwenlock")


def _stop_for_other(error: Exception, arguments: Sequence[str], *, debug: bool) -> int:
    import typer

    if isinstance(error, typer.Abort):
        return 130
    of_command_line: type[Any] = typer.BadParameter.__mro__[2]  # Typer exports only one kind
    if isinstance(error, of_command_line):
        return _stop(_usage_error(error), arguments, debug=debug)
    return _stop_for_bug(error, debug=debug)


def _end(result: Any, watch: Watch | None) -> int:
    """Store the result of a command, or become the command that `qwenlock run` prepared."""
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
    message = message.replace(": Value error, ", ": ")  # what Typer says since 0.29
    fix = f"did you mean {near[0]}? " if near else ""
    return UsageError(message, f"{fix}see `{command} --help`")


def _stop(error: QwenlockError, arguments: Sequence[str], *, debug: bool) -> int:
    from qwenlock.cli.findings import print_error

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
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 141
