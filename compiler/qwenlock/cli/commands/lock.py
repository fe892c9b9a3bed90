"""`qwenlock lock`: compiles the settings and writes the lock."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from qwenlock.cli import declared as typer
from qwenlock.cli.locking import (
    Compiled,
    lock_name,
    read_and_compile,
    refuse_errors,
    say_written,
    write_compiled,
)
from qwenlock.cli.options import (
    SCOPED,
    ClientOption,
    Format,
    FormatOption,
    flags_of,
)
from qwenlock.cli.projects import ProjectsArgument, RecursiveOption, chosen, for_each, of_files

app = typer.Typer(add_completion=False)


@app.command(cls=SCOPED)
def lock(
    context: typer.Context,
    projects: ProjectsArgument = None,
    recursive: RecursiveOption = False,
    output: Annotated[
        str | None,
        typer.Option(
            "--output", metavar="FILE|-", help="Write the lock to this file; - is stdout."
        ),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit 1 if the lock would change.")
    ] = False,
    changed: Annotated[
        bool,
        typer.Option(
            "--changed",
            help="For a hook: the arguments are changed files. Lock their projects, and those of "
            "files that the commit deletes; exit 1 if that changes a lock.",
        ),
    ] = False,
    client: ClientOption = None,
    merge: Annotated[
        Literal["replace", "client"] | None,
        typer.Option(
            "--merge",
            help=(
                "How the scopes' modelProviders are combined. replace: the highest scope "
                "replaces the others, as `qwenlock run` enforces. client: as the client does by "
                "itself."
            ),
            show_default=False,
        ),
    ] = None,
    format: FormatOption = Format.text,  # noqa: A002
) -> int:
    """Compile the settings and plan templates to qwen.lock.

    The client, --merge and the scope options that the lock records are used again unless an option
    overrides them.

    Examples: `qwenlock lock`, `qwenlock lock --no-user --client 0.15.10`, `qwenlock lock --check`
    """
    from qwenlock.cli.client import opening, say_other_installed
    from qwenlock.cli.console import say
    from qwenlock.cli.findings import print_findings

    flags = flags_of(context)

    def lock_one(directory: Path) -> int:
        loaded = read_and_compile(directory, flags, client, merge)
        say(opening(loaded.project))
        say_other_installed(loaded.project)
        refuse_errors(loaded)
        if check:
            return _compare(loaded, format)
        status = write_compiled(loaded, output)
        if format is Format.json:
            _emit(loaded, status, output)
        elif output != "-" or loaded.compilation.findings:
            print_findings(loaded.compilation.findings, notes=False)
            say_written(loaded, status, output)
        return 1 if changed and status == "written" else 0

    found = of_files(projects) if changed else chosen(projects, flags, recursive=recursive)
    if output is not None and found.several:
        from qwenlock.findings.errors import UsageError

        raise UsageError("--output is for one project", "name one project, or remove --output")
    return for_each(found, lock_one, as_json=format is Format.json)


def _compare(project: Compiled, format: Format) -> int:  # noqa: A002
    """Say whether the lock would change."""
    from qwenlock.cli.console import emit_words, painted, say
    from qwenlock.cli.findings import print_findings
    from qwenlock.cli.views.differences import first_changes_as_text

    verdict = project.verdict()
    if format is Format.json:
        from qwenlock.cli.findings import changes_as_json

        _emit(project, verdict.status, None, changes=changes_as_json(verdict.changes))
    elif verdict.status == "ok":
        print_findings(verdict.of_lock, notes=False)
        say(painted(f"{lock_name(project)} is up to date", "good"))
    else:
        for line in first_changes_as_text(verdict.changes):
            emit_words(line)
        say(f"{lock_name(project)} would change ({verdict.status}): run `qwenlock lock`")
    return 0 if verdict.status == "ok" else 1


def _emit(project: Compiled, status: str, output: str | None, **more: Any) -> None:
    from qwenlock.cli.client import client_as_json
    from qwenlock.cli.console import emit_json
    from qwenlock.cli.findings import findings_as_json

    emit_json(
        {
            "project": str(project.project.places.project),
            **client_as_json(project.project),
            "lock": output or str(project.project.places.lock),
            "status": status,
            **more,
            "findings": findings_as_json(project.compilation.findings),
        }
    )
