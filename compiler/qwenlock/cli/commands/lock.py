"""`qwenlock lock`: compiles the settings and writes the lock."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

from qwenlock.cli import declared as typer
from qwenlock.cli.options import (
    ClientOption,
    Format,
    FormatOption,
    ScopedCommand,
    flags_of,
)
from qwenlock.cli.projects import ProjectsArgument, RecursiveOption, chosen, for_each, of_files
from qwenlock.edge.places import Flags

if TYPE_CHECKING:
    from qwenlock.compile.compiler import Compilation
    from qwenlock.compile.verdict import Verdict
    from qwenlock.lock.model import Merge, Selection
    from qwenlock.settings.project import Project

app = typer.Typer(add_completion=False)


@app.command(cls=ScopedCommand)
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
        loaded = _compiled(directory, flags, client, merge)
        say(opening(loaded.project))
        say_other_installed(loaded.project)
        _refuse_errors(loaded)
        if check:
            return _compare(loaded, format)
        status = _write(loaded, output)
        if format is Format.json:
            _emit(loaded, status, output)
        elif output != "-" or loaded.compilation.findings:
            print_findings(loaded.compilation.findings, notes=False)
            _say_written(loaded, status, output)
        return 1 if changed and status == "written" else 0

    found = of_files(projects) if changed else chosen(projects, flags, recursive=recursive)
    if output is not None and found.several:
        from qwenlock.findings.errors import UsageError

        raise UsageError("--output is for one project", "name one project, or remove --output")
    return for_each(found, lock_one, as_json=format is Format.json)


class _Compiled(NamedTuple):
    """A project and the result of compiling it."""

    project: Project
    compilation: Compilation

    def verdict(self) -> Verdict:
        from qwenlock.compile.verdict import judge
        from qwenlock.edge.project import label_of

        label = label_of(self.project.places.project)
        return judge(self.project.stored, label, self.compilation)


def _compiled(
    directory: Path, flags: Flags, client: str | None, merge: Merge | None = None
) -> _Compiled:
    from qwenlock.compile.compiler import compile_project
    from qwenlock.edge.project import read

    project = read(directory, flags, client, merge=merge)
    _refuse_left_out(project)
    return _Compiled(project, compile_project(project))


def _refuse_left_out(project: Project) -> None:
    """Refuse to write an empty lock over that of settings which are not checked out.

    Raises:
        InputError: a sparse checkout leaves the settings of the project out.
    """
    from qwenlock.edge.git import is_left_out
    from qwenlock.findings.errors import InputError

    if project.stored is not None and project.source("project") is None:
        own = project.places.files.get("project")
        if own is not None and is_left_out(own):
            label = project.places.labels["project"]
            fix = "run `git sparse-checkout add` with their folder, and lock again"
            raise InputError(f"the settings {label} are not checked out", fix)


def relock(directory: Path, flags: Flags, client: str | None, part_of: str | None = None) -> int:
    """Lock a project again after its settings changed; return the exit code.

    `part_of` is the id of the change, as the history records it.

    Raises:
        InputError: the settings have errors.
        WriteError: the lock cannot be written.
    """
    from qwenlock.cli.findings import print_findings

    project = _compiled(directory, flags, client)
    _refuse_errors(project)
    status = _write(project, None, part_of)
    print_findings(project.compilation.findings, notes=False)
    _say_written(project, status, None)
    return 0


def _refuse_errors(project: _Compiled) -> None:
    from qwenlock.findings.errors import InputError

    if project.compilation.lock is None:
        message = "the settings have errors, so no lock was written"
        raise InputError(message, findings=project.compilation.findings)


def _compare(project: _Compiled, format: Format) -> int:  # noqa: A002
    """Say whether the lock would change."""
    from qwenlock.cli.console import emit_words, painted, say
    from qwenlock.cli.findings import print_findings
    from qwenlock.cli.views.differences import first_changes_as_text

    verdict = project.verdict()
    if format is Format.json:
        from qwenlock.cli.findings import changes_as_json

        _emit(project, verdict.status, None, changes=changes_as_json(verdict.changes))
    elif verdict.status == "ok":
        said = project.compilation.findings
        print_findings([each for each in verdict.findings if each not in said], notes=False)
        say(painted(f"{_name(project)} is up to date", "good"))
    else:
        for line in first_changes_as_text(verdict.changes):
            emit_words(line)
        say(f"{_name(project)} would change ({verdict.status}): run `qwenlock lock`")
    return 0 if verdict.status == "ok" else 1


def _write(project: _Compiled, output: str | None, part_of: str | None = None) -> str:
    """Write the lock; return `written`, or `unchanged` if the file already holds it."""
    from qwenlock.cli.console import emit_raw, painted, say
    from qwenlock.edge.history import History
    from qwenlock.edge.writer import FileEdit, naming, read, write_lock
    from qwenlock.lock.text import dump
    from qwenlock.text.foreign import clean

    compiled = project.compilation.lock
    assert compiled is not None  # noqa: S101  (_refuse_errors)
    if output == "-":
        emit_raw(dump(compiled).decode())
        return "written"
    if output is None and _says_the_same(project):
        return "unchanged"
    path = Path(output) if output else project.project.places.lock
    with naming(path):
        edit = FileEdit(path, read(path), dump(compiled))
    if edit.before == edit.after:
        return "unchanged"
    trouble = write_lock(edit, History(project=project.project.places.project), part_of)
    if trouble is not None:
        message = f"`qwenlock undo` will not be able to restore the old lock: {trouble}"
        say(f"{painted('warning', 'warning')}: {clean(message)}")
    return "written"


def _says_the_same(project: _Compiled) -> bool:
    """Tell whether the stored lock is of a later 2.x, and says what would be written."""
    import re

    from qwenlock.findings.errors import InputError
    from qwenlock.lock.model import LOCK_VERSION

    stored = project.project.stored or b""
    major, _, minor = LOCK_VERSION.partition(".")
    later = re.search(rf'\nlock-version = "{major}\.(\d+)"\n'.encode(), stored)
    if later is None or int(later[1]) <= int(minor):
        return False
    try:
        return project.verdict().status == "ok"
    except InputError:
        return False


def _say_written(project: _Compiled, status: str, output: str | None) -> None:
    from qwenlock.cli.console import painted, say

    compiled = project.compilation.lock
    assert compiled is not None  # noqa: S101
    count = len(compiled.models)
    models = f"{count} model{'' if count == 1 else 's'}"
    where = "stdout" if output == "-" else output or _name(project)
    done = painted(f"{where} {status}", "good")
    say(f"{done}: {models}, {_selected(compiled.selection)}")


def _name(project: _Compiled) -> str:
    from qwenlock.cli.advice import from_here
    from qwenlock.text.foreign import clean

    return clean(from_here(project.project.places.lock))


def _selected(selection: Selection) -> str:
    """Return what is selected, in words."""
    from qwenlock.text.foreign import clean

    if selection.kind == "undecided":
        auth_type = f"{clean(selection.auth_type)} " if selection.auth_type else ""
        return f"which {auth_type}model is selected depends on the variables that are set"
    model = selection.model or "(from environment)"
    return f"{clean(f'{selection.auth_type}/{model}')} selected"


def _emit(project: _Compiled, status: str, output: str | None, **more: Any) -> None:
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
