"""`qwenlock schema`: prints JSON Schemas for editors and validators."""

from __future__ import annotations

import typer

from qwenlock.cli.groups import HelpfulGroup
from qwenlock.cli.options import ClientOption, TemplatesOption, own_folders

app = typer.Typer(
    help="Print the JSON Schema for settings or for locks.",
    cls=HelpfulGroup,
    add_completion=False,
)


@app.command()
def settings(client: ClientOption = None, templates: TemplatesOption = None) -> int:
    """Print the schema for the parts of settings.json that choose models.

    Editors use it to complete and check settings. --client adds the fields of a release.

    Example: `qwenlock schema settings > .qwen/settings.schema.json`
    """
    from qwenlock.cli.console import emit_raw
    from qwenlock.clients.profile import GUIDE, profile
    from qwenlock.clients.schema import settings_schema
    from qwenlock.edge.plans import load

    emit_raw(_as_json(settings_schema(profile(client or GUIDE), load(own_folders(templates)))))
    return 0


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
