"""`qwenlock resolve`: shows each field that a client would use, and the layer it comes from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from qwenlock.cli import declared as typer
from qwenlock.cli.options import (
    SCOPED,
    ClientOption,
    Format,
    FormatOption,
    ProjectArgument,
    flags_of,
    project_directory,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qwenlock.clients.profile import Profile

app = typer.Typer(add_completion=False)

_OF_CLIENT = "Flags of the client"
_LONGEST_KEY = 65_536
_LOSER = "  overrides"


@app.command(cls=SCOPED)
def resolve(
    context: typer.Context,
    project: ProjectArgument = None,
    auth_type: Annotated[
        str | None,
        typer.Option(
            "--auth-type", metavar="T", help="The client's --auth-type.", rich_help_panel=_OF_CLIENT
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            "--model", "-m", metavar="ID", help="The client's --model.", rich_help_panel=_OF_CLIENT
        ),
    ] = None,
    api_key: Annotated[
        str | None,
        typer.Option(
            "--openai-api-key",
            "--openaiApiKey",
            metavar="KEY|-",
            help="The client's key; - reads it from stdin. It is never shown.",
            rich_help_panel=_OF_CLIENT,
        ),
    ] = None,
    base_url: Annotated[
        str | None,
        typer.Option(
            "--openai-base-url",
            "--openaiBaseUrl",
            metavar="URL",
            help="The client's base URL.",
            rich_help_panel=_OF_CLIENT,
        ),
    ] = None,
    proxy: Annotated[
        str | None,
        typer.Option(
            "--proxy", metavar="URL", help="The client's --proxy.", rich_help_panel=_OF_CLIENT
        ),
    ] = None,
    env_file: Annotated[
        Path | None,
        typer.Option(
            "--env-file",
            metavar="FILE",
            help="Read this file instead of the client's .env files.",
        ),
    ] = None,
    client: ClientOption = None,
    format: FormatOption = Format.text,  # noqa: A002
) -> int:
    """Show what a client started here would use, and where it is set.

    Below each field are the values it overrides. Keys are never shown, and nothing is sent.

    Examples: `qwenlock resolve --model gpt-4o`, `qwenlock resolve --auth-type openai --format json`
    """
    from qwenlock.cli.client import read_project
    from qwenlock.edge.enforcement import in_force
    from qwenlock.edge.environment import with_variables
    from qwenlock.resolve.describe import described
    from qwenlock.resolve.fields import Arguments
    from qwenlock.resolve.resolution import resolve as resolved

    flags = flags_of(context)
    here = with_variables(read_project(project_directory(project), flags, client), env_file)
    enforced = in_force(here)
    if enforced is not None:
        here = here.with_sources([enforced.source])
    _check_auth_type(auth_type, here.client)
    key = _from_input() if api_key == "-" else api_key
    arguments = Arguments(auth_type, model, key, base_url, proxy)
    resolution = resolved(here.sources, here.values(), here.client, arguments, here.filling())
    document = described(resolution, here.variables(), here.definitions)
    document["client-from"] = here.client_from
    if enforced is not None:
        document["enforced"] = enforced.lock
        document["notes"].append(str(enforced))
    if format is Format.json:
        from qwenlock.cli.console import emit_json

        emit_json(document)
    else:
        _print(document)
    return 0


def _check_auth_type(given: str | None, client: Profile) -> None:
    if given and given not in client.auth_types:
        from qwenlock.findings.errors import UsageError
        from qwenlock.text.credentials import shown
        from qwenlock.text.similar import suggestion

        fix = suggestion(given, client.auth_types) or f"use one of {', '.join(client.auth_types)}"
        raise UsageError(f"{shown(given)} is not an auth type", fix)


def _from_input() -> str:
    import sys

    return sys.stdin.read(_LONGEST_KEY).strip()


def _print(document: dict[str, Any]) -> None:
    from qwenlock.cli.console import emit, emit_words
    from qwenlock.cli.table import emit_table

    rows = [row for name, field in document["fields"].items() for row in _rows(name, field)]
    emit_table(["field", "value", "layer", "source"], rows, lambda row: row[0] == _LOSER)
    emit("")
    for line in _words(document):
        emit_words(line)


def _rows(name: str, field: dict[str, Any]) -> Iterator[list[str]]:
    """Yield a field's value and those it overrides; an option that is not set is left out."""
    from qwenlock.resolve.resolution import NO_OPTIONS

    said = [field, *field["overrides"]]
    if name not in NO_OPTIONS and all(each["value"] is None for each in said):
        return
    for label, each in zip([name, *(_LOSER for _ in said[1:])], said, strict=True):
        yield [_cell(label), _cell(each["value"]), each["layer"] or "", _cell(each["source"] or "")]


def _cell(value: Any) -> str:
    import json

    from qwenlock.text.foreign import clean

    if value is None:
        return "(unset)"
    return clean(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def _words(document: dict[str, Any]) -> Iterator[str]:
    from qwenlock.text.foreign import clean

    if document["kind"] == "runtime":
        missing = " and ".join(document["missing"])
        lacking = f"(none: {missing} {'is' if len(document['missing']) == 1 else 'are'} missing)"
        yield f"runtime model, snapshot: {clean(document['snapshot'] or lacking)}"
    elif document["kind"] is not None:
        sealed = "sealed, so lower layers give it no generationConfig"
        yield f"{document['kind']} model: {sealed}"
    for note in document["notes"]:
        yield f"note: {clean(note)}"
    by = " and ".join(document["programmatic"]["by"])
    yield f"at run time, {by} override every layer; qwenlock cannot know what they set"
