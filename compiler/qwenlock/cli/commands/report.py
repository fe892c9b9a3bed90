"""`qwenlock report`: the whole picture of a project as a page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qwenlock.cli.options import ClientOption, ProjectArgument, project_directory, scoped
from qwenlock.edge.places import Flags

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qwenlock.cli.views.picture import Picture, ScopeFile, Update
    from qwenlock.compile.scopes import Source, Sources
    from qwenlock.edge.project import Settings
    from qwenlock.errors import InputError
    from qwenlock.lockfile.model import Lock

app = typer.Typer(add_completion=False)


@app.command()
@scoped
def report(
    flags: Flags,
    project: ProjectArgument = None,
    html: Annotated[
        str | None,
        typer.Option("--html", metavar="FILE|-", help="Write a page of HTML; - is stdout."),
    ] = None,
    markdown: Annotated[
        str | None,
        typer.Option("--markdown", metavar="FILE|-", help="Write Markdown; - is stdout."),
    ] = None,
    client: ClientOption = None,
) -> int:
    """Report on a project: catalogue, provenance, upgrades, variables, findings, lock status.

    Exits 3 where settings or lock cannot be used, which the report then says; whether the lock is
    up to date is judged by `qwenlock check`.

    Examples: `qwenlock report --html report.html`,
    `qwenlock report --markdown - >> "$GITHUB_STEP_SUMMARY"`
    """
    _check_targets(html, markdown)
    picture = _picture(project_directory(project), flags, client)
    if html is not None:
        from qwenlock.cli.views import page

        _write(html, page.report(picture))
    if markdown is not None:
        from qwenlock.cli.views.picture import as_markdown

        _write(markdown, as_markdown(picture))
    return 3 if picture.status == "invalid" else 0


def _check_targets(html: str | None, markdown: str | None) -> None:
    from qwenlock.errors import UsageError

    if html is None and markdown is None:
        fix = "add --html FILE or --markdown FILE; - is stdout"
        raise UsageError("where shall the report go?", fix)
    if html == markdown:
        raise UsageError("both cannot go to one place", "name a file for one of them")


def _write(target: str, text: str) -> None:
    from qwenlock.cli.console import clean, emit_raw, painted, say
    from qwenlock.edge.writer import write_output

    if target == "-":
        emit_raw(text)
        return
    write_output(Path(target), text)
    say(f"{painted('wrote', 'good')} {clean(target)}")


def _picture(directory: Path, flags: Flags, client: str | None) -> Picture:
    """Return what there is to say about a project, also where it cannot be compiled."""
    from dataclasses import replace

    from qwenlock.cli.views.picture import Picture, said
    from qwenlock.edge.project import judge, load, read
    from qwenlock.errors import InputError

    name = directory.absolute().name or "/"
    try:
        settings = read(directory, flags, client)
        project = load(directory, flags, client)
    except InputError as error:
        return _unusable(Picture(name=name, status="invalid"), error)
    compilation = project.compilation
    picture = Picture(
        name=name,
        status="invalid",
        lock=compilation.lock,
        hidden=compilation.hidden,
        files=tuple(_files(settings, compilation.lock)),
        updates=tuple(_updates(settings)),
        findings=said(compilation.findings),
    )
    try:
        verdict = judge(project)
    except InputError as error:
        return _unusable(picture, error)
    return replace(
        picture, status=verdict.status, changes=verdict.changes, findings=said(verdict.findings)
    )


def _unusable(picture: Picture, error: InputError) -> Picture:
    from dataclasses import replace

    from qwenlock.cli.views.picture import said

    findings = (*said(error.findings), *picture.findings)
    return replace(picture, findings=findings, problem="" if error.findings else error.message)


def _files(settings: Settings, lock: Lock | None) -> Iterator[ScopeFile]:
    """Give every settings file, and what of it counts."""
    from qwenlock.cli.views.picture import ScopeFile

    for scope, name in settings.places.recorded.items():
        source = next((each for each in settings.sources if each.scope == scope), None)
        role = "no such file" if source is None else _role(source, settings.sources, lock)
        yield ScopeFile(scope, name, role)


def _role(source: Source, sources: Sources, lock: Lock | None) -> str:
    from qwenlock.compile.scopes import owner
    from qwenlock.upgrading.target import PROVIDERS

    roles = []
    if source is owner(sources):
        roles.append("owns the catalogue")
    elif source.has(PROVIDERS):
        roles.append("its models are hidden by REPLACE")
    if lock is not None and lock.selection.source == source.scope:
        roles.append("makes the selection")
    return ", ".join(roles) or "says nothing about models"


def _updates(settings: Settings) -> Iterator[Update]:
    """Give how each plan that is installed stands to its newest template."""
    from qwenlock.cli.change import scopes_of
    from qwenlock.cli.views.picture import Update
    from qwenlock.errors import QwenlockError
    from qwenlock.upgrading.effect import effect
    from qwenlock.upgrading.upgrade import Wishes, upgrade

    scopes = scopes_of(settings)
    for plan in settings.plans:
        try:
            change = upgrade(scopes, settings.plans, settings.client, Wishes(plan=plan.id))
        except QwenlockError as error:
            yield Update(plan.title, "unknown", (error.message,))
            continue
        status = change.report["status"]
        if status != "not-installed":
            changes = effect(change, scopes, settings.plans, settings.client)
            yield Update(plan.title, status, (*change.reasons, *change.warnings), changes)
