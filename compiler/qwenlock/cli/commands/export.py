"""`qwenlock export`: the lock as enforcing settings, or its variables as a template."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from qwenlock.cli import declared as typer
from qwenlock.cli.options import SCOPED, flags_of
from qwenlock.cli.projects import ProjectsArgument, RecursiveOption, chosen, reading
from qwenlock.edge.places import Flags

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from qwenlock.lock.model import Lock

app = typer.Typer(add_completion=False)


class ExportFormat(StrEnum):
    """The format of an export."""

    settings = "settings"
    env = "env"
    github_env = "github-env"


@app.command(cls=SCOPED)
def export(
    context: typer.Context,
    projects: ProjectsArgument = None,
    recursive: RecursiveOption = False,
    format: Annotated[  # noqa: A002
        ExportFormat, typer.Option("--format", help="What to print.")
    ] = ExportFormat.settings,
    output: Annotated[
        str, typer.Option("--output", metavar="FILE|-", help="Write to this file; - is stdout.")
    ] = "-",
) -> int:
    """Print the lock as settings, or its variables as a template.

    settings: a settings file for the system scope (QWEN_CODE_SYSTEM_SETTINGS_PATH) that makes Qwen
    Code offer and select what the lock says; it is made for the scopes of this machine.
    env: a .env template with every variable.
    github-env: the same, for a GitHub Actions workflow.

    Examples: `qwenlock export --output enforced.json`, `qwenlock export --format env --output
    .env.example`
    """
    from qwenlock.cli.progress import waiting
    from qwenlock.edge.enforcement import trusted_lock

    flags = flags_of(context)
    directories, several = chosen(projects, flags, recursive=recursive)
    with waiting(reading(directories)):
        locks = {each: trusted_lock(each) for each in directories}
    if format is not ExportFormat.settings:
        used = _users(locks, several=several)
        lines = _env(used, several=several) if format is ExportFormat.env else _github_env(used)
        text = "".join(f"{line}\n" for line in lines)
    elif several:
        from qwenlock.findings.errors import UsageError

        raise UsageError(
            "settings can enforce only one lock", "name one project, or add --format env"
        )
    else:
        text = _settings(directories[0], flags, locks[directories[0]])
    _write(output, text)
    return 0


def _write(output: str, text: str) -> None:
    """Print `text`, or write it to a file, whose old content `undo` restores."""
    from qwenlock.cli.console import emit_raw, painted, say
    from qwenlock.text.foreign import as_bytes, clean

    if output == "-":
        emit_raw(text)
        return
    from qwenlock.edge.history import History
    from qwenlock.edge.writer import FileEdit, naming, read, write

    path = Path(output)
    with naming(path):
        edit = FileEdit(path, read(path), as_bytes(text))
    write([edit], reason="export", history=History())
    say(f"{painted('wrote', 'good')} {clean(output)}; `qwenlock undo` reverts it")


def _settings(directory: Path, flags: Flags, lock: Lock) -> str:
    from qwenlock.edge.enforcement import machine, refuse_changed_request
    from qwenlock.edge.installed_client import release
    from qwenlock.text.foreign import json_text

    here = machine(directory, flags, lock.options)
    refuse_changed_request(directory, flags, lock, here, release())
    return json_text(here.enforcing(lock, directory))


def _users(locks: Mapping[Path, Lock], *, several: bool) -> dict[str, list[str]]:
    """Return what uses each variable, in lines that are safe even if an id holds line breaks.

    Of several projects, each is named with its models.
    """
    from qwenlock.cli.advice import from_here
    from qwenlock.text.foreign import clean

    used: dict[str, list[str]] = {}
    for directory, lock in locks.items():
        for variable in lock.environment:
            models = ", ".join(" ".join(name.split()) for name in variable.used_by)
            where = f"{from_here(directory)}: " if several else ""
            used.setdefault(variable.name, []).append(clean(where + models))
    return dict(sorted(used.items())) if several else used


def _env(used: Mapping[str, Sequence[str]], *, several: bool) -> Iterator[str]:
    what = "all projects" if several else "qwen.lock"
    yield f"# The variables of {what}: give each a value, and do not commit this file."
    for name, users in used.items():
        yield ""
        yield from (f"# used by {each}" for each in users)
        yield f"{name}="


def _github_env(used: Mapping[str, Sequence[str]]) -> Iterator[str]:
    yield "env:" if used else "env: {}"
    for name, users in used.items():
        yield from (f"  # used by {each}" for each in users)
        yield f"  {name}: ${{{{ secrets.{name} }}}}"
