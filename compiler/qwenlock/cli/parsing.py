"""Parsing a command line: Typer, made of what the commands declare (`declared`)."""

from __future__ import annotations

import functools
import inspect
from typing import TYPE_CHECKING, Annotated, Any, get_args, get_origin

import typer
import typer.core
import typer.main

from qwenlock.cli import declared, parsed
from qwenlock.cli.advice import given_options
from qwenlock.cli.parsed import ARGUMENTS, COMMAND
from qwenlock.findings.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable


class _Command(typer.core.TyperCommand):
    """A command whose help has a line for each option."""

    def format_help(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002
        """Print the help."""
        from qwenlock.cli.help import print_help

        print_help(self, ctx)


class HelpfulGroup(typer.core.TyperGroup):
    """A group of commands that prints its help if none is named, and exits as for wrong use."""

    def format_help(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002
        """Print the help."""
        from qwenlock.cli.help import print_help

        print_help(self, ctx)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Print the help if there are no arguments.

        Raises:
            typer.Exit: the help was printed.
        """
        if not args and not ctx.resilient_parsing:
            typer.echo(ctx.get_help(), nl=False)
            raise typer.Exit(UsageError.exit_code)
        return super().parse_args(ctx, args)


class _ScopedCommand(_Command):
    """A command with the scope options, which are declared once, in `options.scope_flags`."""

    def __init__(self, *args: Any, params: list[Any] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, params=[*(params or ()), *_scope_parameters()], **kwargs)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Remember the arguments, for `command_again`."""
        ctx.meta[ARGUMENTS] = list(args)
        return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Put what the scope options say where `flags_of` finds it, and run the command."""
        from qwenlock.cli.options import scope_flags

        given = {each.name: ctx.params.pop(each.name) for each in _scope_parameters()}
        ctx.obj = scope_flags(**given)
        given_options(ctx.obj, ctx.params.get("client"))
        return super().invoke(ctx)


class _RunCommand(_ScopedCommand):
    """A command that passes on what follows `--` unchanged."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        end = args.index("--") if "--" in args else len(args)
        ctx.meta[COMMAND] = args[end + 1 :]
        return super().parse_args(ctx, args[:end])


_CLASSES = {
    "group": HelpfulGroup,
    "command": _Command,
    "scoped": _ScopedCommand,
    "run": _RunCommand,
}


def command_of(app: declared.Typer) -> Any:
    """Return the command, or the group of commands, that a module declares."""
    made = typer.Typer(**_with_class(app.settings))
    for function, settings in app.commands:
        made.command(**_with_class({"cls": "command", **settings}))(_made(function))
    return typer.main.get_command(made)


def _with_class(settings: dict[str, Any]) -> dict[str, Any]:
    return {**settings, **({"cls": _CLASSES[settings["cls"]]} if "cls" in settings else {})}


def _made(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a command with Typer's own parameters, which has what was parsed remembered."""
    signature = inspect.signature(function, eval_str=True)
    parameters = [
        each.replace(annotation=_annotation(each.annotation))
        for each in signature.parameters.values()
    ]

    @functools.wraps(function)
    def called(**values: Any) -> Any:
        parsed.note(function.__name__, values)
        return function(**values)

    called.__annotations__ = {each.name: each.annotation for each in parameters}
    called.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    return called


def _annotation(annotation: Any) -> Any:
    if annotation is declared.Context:
        return typer.Context
    if get_origin(annotation) is not Annotated:
        return annotation
    kind, *more = get_args(annotation)
    return Annotated[(kind, *map(_parameter, more))]


def _parameter(declaration: declared.Declared) -> Any:
    make = getattr(typer, declaration.kind)
    return make(*declaration.names, **declaration.settings)


@functools.cache
def _scope_parameters() -> list[Any]:
    from qwenlock.cli.options import scope_flags

    app = typer.Typer(add_completion=False)
    app.command()(_made(scope_flags))
    return typer.main.get_command(app).params
