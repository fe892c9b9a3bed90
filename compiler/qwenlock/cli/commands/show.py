"""`qwenlock show`: shows the catalogue as the client's /model would list it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from qwenlock.cli import declared as typer
from qwenlock.cli.options import (
    SCOPED,
    ClientOption,
    PageFormat,
    PageFormatOption,
    ProjectArgument,
    flags_of,
    project_directory,
)
from qwenlock.edge.places import Flags
from qwenlock.lock.model import Lock

app = typer.Typer(add_completion=False)


@app.command(cls=SCOPED)
def show(
    context: typer.Context,
    project: ProjectArgument = None,
    lock: Annotated[
        Path | None,
        typer.Option("--lock", metavar="FILE", help="Show this lock instead of the project's."),
    ] = None,
    tree: Annotated[bool, typer.Option("--tree", help="Show every detail, as a tree.")] = False,
    client: ClientOption = None,
    format: PageFormatOption = PageFormat.text,  # noqa: A002
) -> int:
    """Show the models, where they come from, and which is selected.

    This reads the project's lock; without a lock, it compiles the settings. --tree also shows the
    models that REPLACE hides in the current settings.

    Examples: `qwenlock show`, `qwenlock show --tree`, `qwenlock show --format markdown`
    """
    from qwenlock.cli.views import catalogue
    from qwenlock.findings.errors import UsageError

    flags = flags_of(context)
    if tree and format is not PageFormat.text:
        raise UsageError("--tree needs --format text", "remove --tree or --format")
    hidden: tuple[str, ...] = ()
    if lock:
        shown = _read(lock)
    else:
        shown, hidden = _of_project(project_directory(project), flags, client, with_hidden=tree)
    if format is PageFormat.json:
        _emit(shown)
    elif format is PageFormat.markdown:
        from qwenlock.cli.console import emit_raw

        emit_raw(catalogue.as_markdown(shown))
    elif tree:
        catalogue.draw_tree(shown, hidden)
    else:
        catalogue.print_table(shown)
    return 0


def _read(path: Path) -> Lock:
    from qwenlock.edge.reader import read_lock

    return read_lock(path)


def _of_project(
    directory: Path, flags: Flags, client: str | None, *, with_hidden: bool
) -> tuple[Lock, tuple[str, ...]]:
    """Return a project's lock and, if asked for and known, the models that REPLACE hides."""
    from contextlib import suppress

    from qwenlock.cli.client import read_project
    from qwenlock.compile.compiler import compile_project
    from qwenlock.edge.project import read
    from qwenlock.findings.errors import InputError
    from qwenlock.lock import NAME

    if (directory / NAME).exists():
        lock = _read(directory / NAME)
        if with_hidden:
            with suppress(InputError):  # the lock can be shown even if the settings are invalid
                return lock, compile_project(read(directory, flags, client)).hidden
        return lock, ()
    compilation = compile_project(read_project(directory, flags, client))
    if compilation.lock is None:
        raise InputError("the settings have errors", findings=compilation.findings)
    return compilation.lock, compilation.hidden


def _emit(lock: Lock) -> None:
    from qwenlock.cli.console import emit_json
    from qwenlock.lock.text import as_table

    table = as_table(lock, free_form=dict)
    for entry, model in zip(table.get("models", []), lock.models, strict=True):
        entry["selected"] = lock.selects(model)
    names = ("client", "merge", "selection", "plans", "models", "other-models", "environment")
    emit_json({name: table.get(name, []) for name in names})
