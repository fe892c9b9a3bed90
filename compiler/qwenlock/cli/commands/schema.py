"""`qwenlock schema`: prints JSON Schemas for editors and validators."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwenlock.cli import declared as typer
from qwenlock.cli.options import ClientOption, TemplatesOption, directory_of, own_folders

if TYPE_CHECKING:
    from qwenlock.clients.profile import Profile

app = typer.Typer(
    help="Print the JSON Schema for settings or for locks.",
    cls="group",
    add_completion=False,
)


@app.command()
def settings(client: ClientOption = None, templates: TemplatesOption = None) -> int:
    """Print the schema for what chooses models in settings.json.

    Editors use it to complete and check settings. It has the fields of the client that the project
    here is for, or of `--client`.

    Example: `qwenlock schema settings > .qwen/settings.schema.json`
    """
    from qwenlock.cli.console import emit_raw
    from qwenlock.clients.profile import profile
    from qwenlock.clients.schema import settings_schema
    from qwenlock.edge.plans import load

    known = _here() if client is None else profile(client)
    emit_raw(_as_json(settings_schema(known, load(own_folders(templates)))))
    return 0


def _here() -> Profile:
    """Return the client that the project here is for, and say which it is."""
    from qwenlock.cli.client import client_line
    from qwenlock.cli.console import say
    from qwenlock.edge.project import client_only

    project = client_only(directory_of(None))
    say(client_line(project))
    return project.client


@app.command()
def lock() -> int:
    """Print the schema for the data of qwen.lock."""
    from qwenlock.cli.console import emit_raw
    from qwenlock.lock.schema import lock_schema

    emit_raw(_as_json(lock_schema()))
    return 0


def _as_json(schema: dict[str, object]) -> str:
    import json

    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
