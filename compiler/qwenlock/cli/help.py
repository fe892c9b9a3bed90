"""What `--help` prints: commands and options in groups, a line each at 80 columns.

It prints the first sentence of an explanation; docs/reference/commands.md has the whole text.
"""

from __future__ import annotations

import re
import sys
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from qwenlock.cli.console import emit, painted, width_of

if TYPE_CHECKING:
    from collections.abc import Iterator

_WIDEST = 27
"""Columns for an option and its value; choices that need more are listed in the explanation."""


def print_help(command: Any, context: Any) -> None:
    """Print the help of a command, or of a group of commands.

    Raises:
        WriteError: it cannot be printed.
    """
    width = width_of(sys.stdout)
    parts = [_folded(_usage(command, context), width)]
    parts += [_folded(text, width) for text in command.help.split("\n\n")]
    for described in (_parameters(command, context), _commands(command, context)):
        parts += _groups([*described], width)
    if command.epilog:
        parts.append(_folded(command.epilog, width))
    emit("\n\n".join(parts))


def _usage(command: Any, context: Any) -> str:
    """Return how the command is used; Typer writes arguments differently since 0.29."""
    arguments = [
        each.metavar for each in command.get_params(context) if each.param_type_name == "argument"
    ]
    more = ["COMMAND [ARGS]..."] if hasattr(command, "list_commands") else arguments
    return " ".join(["Usage:", context.command_path, "[OPTIONS]", *more])


def _folded(text: str, width: int, column: int = 0) -> str:
    """Return words as lines of `width`, the later ones with `column` spaces before them."""
    room = max(width - column, 20)
    whole = re.sub("`[^`]*`", lambda code: code[0].replace(" ", "\0"), text)
    lines = wrap(whole, room, break_long_words=False, break_on_hyphens=False)
    return f"\n{' ' * column}".join(lines).replace("\0", " ")


def _groups(described: list[tuple[str, str, str]], width: int) -> list[str]:
    """Return each group: its name, and a line for each that belongs to it."""
    column = max((len(name) for _, name, _ in described), default=0) + 4
    groups: dict[str, list[str]] = {}
    for group, name, about in described:
        lines = groups.setdefault(group, [painted(f"{group}:", "bold", sys.stdout)])
        written = f"  {painted(name, 'note', sys.stdout)}{' ' * (column - 2 - len(name))}"
        lines.append(written + _folded(about, width, column))
    return ["\n".join(lines) for lines in groups.values()]


def _parameters(command: Any, context: Any) -> Iterator[tuple[str, str, str]]:
    """Yield the group, the writing and the meaning of each argument, and of each option."""
    for each in command.get_params(context):
        if each.param_type_name == "argument":
            required = " (required)" if each.required else ""
            yield "Arguments", each.metavar, _sentence(each.help) + required
    for each in command.get_params(context):
        if each.param_type_name == "option" and not each.hidden:
            group = getattr(each, "rich_help_panel", None) or "Options"
            yield group, *_option(each, context)


def _option(option: Any, context: Any) -> tuple[str, str]:
    long = [name for name in option.opts if name.startswith("--")][:1]
    short = [name for name in option.opts if not name.startswith("--")]
    names = _both(long[0], *option.secondary_opts[:1])
    about = _sentence(option.help)
    if option.required:
        about += " (required)"
    if option.is_flag:
        return ", ".join([names, *short]), about
    value = option.get_help_record(context)[0].rpartition(" ")[2].strip("[]<>")
    written = ", ".join([names, *short]) + f" {value}"
    if len(written) > _WIDEST:
        written = f"{names} {option.name.upper()}"
        about = f"{about.rstrip('.')}: {value.replace('|', ', ')}"
    return written, about


def _both(name: str, opposite: str = "") -> str:
    """Return how a flag and its opposite are written: `--ping`, `--[no-]ping` or `--a/--b`."""
    if opposite == f"--no-{name[2:]}":
        return f"--[no-]{name[2:]}"
    return "/".join(filter(None, [name, opposite]))


def _commands(command: Any, context: Any) -> Iterator[tuple[str, str, str]]:
    """Yield the group, the name and the meaning of each command of a group."""
    names = command.list_commands(context) if hasattr(command, "list_commands") else ()
    for name in names:
        each = command.get_command(context, name)
        yield each.rich_help_panel or "Commands", name, _sentence(each.help)


def _sentence(text: str) -> str:
    """Return the first sentence of an explanation."""
    return f"{' '.join(text.split()).split('. ')[0].rstrip('.')}."
