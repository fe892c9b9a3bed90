"""`qwenlock export`: the lock as enforcing settings, or its variables as a template."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from qwenlock.cli.options import ProjectArgument, ScopedCommand, flags_of, project_directory
from qwenlock.edge.places import Flags

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from qwenlock.lock.model import Lock

app = typer.Typer(add_completion=False)


class ExportFormat(StrEnum):
    """The format of an export."""

    settings = "settings"
    env = "env"
    github_env = "github-env"


@app.command(cls=ScopedCommand)
def export(
    context: typer.Context,
    project: ProjectArgument = None,
    format: Annotated[  # noqa: A002
        ExportFormat, typer.Option("--format", help="What to print.")
    ] = ExportFormat.settings,
) -> int:
    """Print the lock as settings, or its variables as a template.

    settings: a settings file for the system scope (QWEN_CODE_SYSTEM_SETTINGS_PATH) that makes Qwen
    Code offer and select what the lock says; it is made for the scopes of this machine.
    env: a .env template with every variable.
    github-env: the same, for a GitHub Actions workflow.

    Examples: `qwenlock export > enforced.json`, `qwenlock export --format env > .env.example`
    """
    from qwenlock.cli.console import emit_raw
    from qwenlock.edge.enforcement import trusted_lock

    flags = flags_of(context)
    directory = project_directory(project)
    lock = trusted_lock(directory)
    if format is ExportFormat.settings:
        emit_raw(_settings(directory, flags, lock))
    else:
        lines = _env(lock) if format is ExportFormat.env else _github_env(lock)
        emit_raw("".join(f"{line}\n" for line in lines))
    return 0


def _settings(directory: Path, flags: Flags, lock: Lock) -> str:
    from qwenlock.cli.console import as_json
    from qwenlock.edge.enforcement import machine, refuse_changed_request
    from qwenlock.edge.installed_client import release

    here = machine(directory, flags, lock.options)
    refuse_changed_request(directory, flags, lock, here, release())
    return as_json(here.enforcing(lock, directory))


def _env(lock: Lock) -> Iterator[str]:
    yield "# The variables of qwen.lock: give each a value, and do not commit this file."
    for variable in lock.environment:
        yield ""
        yield f"# used by {_used_by(variable.used_by)}"
        yield f"{variable.name}="


def _github_env(lock: Lock) -> Iterator[str]:
    yield "env:" if lock.environment else "env: {}"
    for variable in lock.environment:
        yield f"  # used by {_used_by(variable.used_by)}"
        yield f"  {variable.name}: ${{{{ secrets.{variable.name} }}}}"


def _used_by(names: tuple[str, ...]) -> str:
    """Return what uses a variable, on one line even if an id holds line breaks."""
    from qwenlock.cli.foreign import clean

    return clean(", ".join(" ".join(name.split()) for name in names))
