"""Commands and groups of commands, and how they print their help."""

from __future__ import annotations

from typing import Any

import typer.core

from qwenlock.findings.errors import UsageError


class HelpfulCommand(typer.core.TyperCommand):
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
