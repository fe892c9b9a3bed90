"""`qwenlock report`: everything about a project on one page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from qwenlock.cli import declared as typer
from qwenlock.cli.options import (
    SCOPED,
    ClientOption,
    Format,
    FormatOption,
    flags_of,
    project_directory,
)
from qwenlock.edge.places import Flags

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qwenlock.cli.views.picture import Picture, Update
    from qwenlock.findings.errors import InputError
    from qwenlock.settings.project import Project

app = typer.Typer(add_completion=False)


@app.command(cls=SCOPED)
def report(
    context: typer.Context,
    about: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[PROJECT|RESULT...]",
            help="A project; with --merge, files with results. These may be in directories.",
            show_default=False,
        ),
    ] = None,
    html: Annotated[
        str | None,
        typer.Option("--html", metavar="FILE|-", help="Write an HTML page; - is stdout."),
    ] = None,
    markdown: Annotated[
        str | None,
        typer.Option("--markdown", metavar="FILE|-", help="Write Markdown; - is stdout."),
    ] = None,
    merge: Annotated[
        bool,
        typer.Option(
            "--merge", help="Report on results of `check --format json`. They become one report."
        ),
    ] = False,
    client: ClientOption = None,
    format: FormatOption = Format.text,  # noqa: A002
) -> int:
    """Report everything about a project on one page.

    The page shows the lock, the catalogue and its origin, upgrades, variables and findings. Exits 3
    if the settings or the lock are invalid; the report says so. To fail on drift, use `qwenlock
    check`. With --merge, exits with the highest exit code of the checks.

    Examples: `qwenlock report --html report.html`,
    `qwenlock report --markdown - >> "$GITHUB_STEP_SUMMARY"`,
    `qwenlock report --merge results/ --html all.html`
    """
    flags = flags_of(context)
    as_json = format is Format.json
    _check_targets(html, markdown, as_json=as_json, merge=merge)
    if merge:
        return _merge(about or ["-"], html, markdown, as_json=as_json)
    if len(about or []) > 1:
        from qwenlock.findings.errors import UsageError

        raise UsageError("a report covers one project", "add --merge to merge results of check")
    picture = _picture(project_directory(Path(about[0]) if about else None), flags, client)
    if html is not None:
        from qwenlock.cli.views import page

        _write(html, page.report(picture))
    if markdown is not None:
        from qwenlock.cli.views.picture import as_markdown

        _write(markdown, as_markdown(picture))
    if as_json:
        from qwenlock.cli.console import emit_json
        from qwenlock.cli.views.picture import as_json as document

        emit_json(document(picture))
    return 3 if picture.status == "invalid" else 0


def _merge(names: list[str], html: str | None, markdown: str | None, *, as_json: bool) -> int:
    """Report on the results of several checks."""
    from qwenlock.cli.console import emit_json
    from qwenlock.cli.views import results
    from qwenlock.edge.results import read_results

    outcomes = results.merged(read_results(names))
    if html is not None:
        from qwenlock.cli.views import page

        _write(html, page.merged(outcomes))
    if markdown is not None:
        _write(markdown, results.as_markdown(outcomes))
    if as_json:
        emit_json(results.as_json(outcomes))
    elif "-" not in (html, markdown):
        results.print_text(outcomes)
    return results.exit_code(outcomes)


def _check_targets(html: str | None, markdown: str | None, *, as_json: bool, merge: bool) -> None:
    from qwenlock.findings.errors import UsageError

    if (html, markdown) == (None, None) and not as_json and not merge:
        fix = "add --html FILE or --markdown FILE; - is stdout"
        raise UsageError("no file is named for the report", fix)
    if [html, markdown].count("-") + as_json > 1 or (html and html == markdown):
        raise UsageError(
            "--html and --markdown name the same file", "name another file for one of them"
        )


def _write(target: str, text: str) -> None:
    from qwenlock.cli.console import emit_raw, painted, say
    from qwenlock.edge.writer import write_output
    from qwenlock.text.foreign import clean

    if target == "-":
        emit_raw(text)
        return
    write_output(Path(target), text)
    say(f"{painted('wrote', 'good')} {clean(target)}")


def _picture(directory: Path, flags: Flags, client: str | None) -> Picture:
    """Return everything about a project, even if it does not compile."""
    from qwenlock.cli.views.picture import Picture, said
    from qwenlock.compile.roles import scope_files
    from qwenlock.compile.verdict import judge
    from qwenlock.edge.lint_subject import gather
    from qwenlock.edge.project import label_of
    from qwenlock.findings.errors import InputError
    from qwenlock.lint.lint import configured_findings
    from qwenlock.text.record import replace

    name = directory.absolute().name or "/"
    try:
        subject = gather(directory, flags, client, env=False)
    except InputError as error:
        return _unusable(Picture(name=name, status="invalid"), error)
    project, compilation = subject.project, subject.compilation
    findings = configured_findings(subject)
    picture = Picture(
        name=name,
        status="invalid",
        lock=compilation.lock,
        hidden=compilation.hidden,
        files=tuple(scope_files(project, compilation.lock)),
        updates=tuple(_updates(project)),
        findings=said(findings),
    )
    try:
        verdict = judge(project.stored, label_of(directory), compilation)
    except InputError as error:
        return _unusable(picture, error)
    findings += verdict.of_lock
    return replace(picture, status=verdict.status, changes=verdict.changes, findings=said(findings))


def _unusable(picture: Picture, error: InputError) -> Picture:
    from qwenlock.cli.views.picture import said
    from qwenlock.text.record import replace

    findings = (*said(error.findings), *picture.findings)
    return replace(picture, findings=findings, problem="" if error.findings else error.message)


def _updates(project: Project) -> Iterator[Update]:
    """Yield the update status of each installed plan."""
    from qwenlock.change.lock_effect import effect
    from qwenlock.change.upgrade import each_upgrade
    from qwenlock.cli.views.picture import Update
    from qwenlock.findings.errors import QwenlockError

    for plan, found in each_upgrade(project):
        if isinstance(found, QwenlockError):
            yield Update(plan.title, "unknown", (found.message,))
            continue
        said = tuple(each.strip() for each in (*found.reasons, *found.summary, *found.warnings))
        yield Update(plan.title, found.report["status"], said, effect(found, project))
