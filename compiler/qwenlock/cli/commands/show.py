"""`qwenlock show`: the catalogue, as the client's /model would list it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from qwenlock.cli.options import (
    ClientOption,
    Format,
    FormatOption,
    ProjectArgument,
    project_directory,
    scoped,
)
from qwenlock.edge.places import Flags
from qwenlock.lockfile.model import Lock, Model

app = typer.Typer(add_completion=False)


@app.command()
@scoped
def show(
    flags: Flags,
    project: ProjectArgument = None,
    lock: Annotated[
        Path | None, typer.Option("--lock", metavar="FILE", help="Show this lock.")
    ] = None,
    client: ClientOption = None,
    format: FormatOption = Format.text,  # noqa: A002
) -> int:
    """Show the catalogue: the models in order, where they come from, and which is selected.

    Shown is the project's lock; where it has none, what its settings compile to.
    """
    shown = _read(lock) if lock else _of_project(project_directory(project), flags, client)
    if format is Format.json:
        _emit(shown)
    else:
        _print(shown)
    return 0


def _read(path: Path) -> Lock:
    from qwenlock.edge.reader import read_lock

    return read_lock(path)


def _of_project(directory: Path, flags: Flags, client: str | None) -> Lock:
    from qwenlock.edge.project import load
    from qwenlock.errors import InputError
    from qwenlock.lockfile import NAME

    if (directory / NAME).exists():
        return _read(directory / NAME)
    compilation = load(directory, flags, client).compilation
    if compilation.lock is None:
        raise InputError("the settings have errors", findings=compilation.findings)
    return compilation.lock


def _emit(lock: Lock) -> None:
    from qwenlock.cli.console import emit_json
    from qwenlock.lockfile.text import as_table

    table = as_table(lock, free_form=dict)
    for entry, model in zip(table.get("models", []), lock.models, strict=True):
        entry["selected"] = _is_selected(model, lock)
    names = ("client", "selection", "plans", "models", "environment")
    emit_json({name: table.get(name, []) for name in names})


def _print(lock: Lock) -> None:
    from qwenlock.cli.console import clean, emit
    from qwenlock.cli.table import as_text

    rows: list[list[Any]] = [
        [
            "*" if _is_selected(model, lock) else "",
            model.auth_type,
            clean(model.id),
            clean(model.name or model.id),
            clean(model.base_url or ""),
            model.env_key or "",
            model.origin,
            model.scope,
        ]
        for model in lock.models
    ]
    if rows:
        head = ["", "auth type", "id", "name", "base URL", "variable", "origin", "scope"]
        emit(as_text(head, rows))
    emit(_selection(lock))
    for plan in lock.plans:
        emit(f"plan: {plan.id} {plan.version or '(unknown version)'}, region {plan.region}")


def _selection(lock: Lock) -> str:
    from qwenlock.cli.console import clean

    chosen = lock.selection
    model = clean(chosen.model) if chosen.model else "(from the environment)"
    return f"selected: {clean(chosen.auth_type)}/{model} ({chosen.kind}, from {chosen.source})"


def _is_selected(model: Model, lock: Lock) -> bool:
    chosen = lock.selection
    return (
        chosen.kind == "provider"
        and (model.auth_type, model.id) == (chosen.auth_type, chosen.model)
        and (chosen.base_url is None or chosen.base_url == model.base_url)
    )
