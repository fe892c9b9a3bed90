"""The application: its global options and its commands.

A command's module is imported only when the command is used, so that qwenlock starts fast.
"""

from __future__ import annotations

import importlib
from typing import Annotated, Any

import typer

from qwenlock.cli import parsed
from qwenlock.cli.parsing import HelpfulGroup, command_of
from qwenlock.findings.errors import UsageError

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


class _Commands(HelpfulGroup):
    """A group whose commands are imported only when they are used."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Show the status if nothing is asked in a project."""
        ctx.meta[parsed.LINE] = list(args)
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
        command: Any = command_of(module.app)
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
