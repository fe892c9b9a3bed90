"""Locking a project: compiles it, writes the lock, and says what was written.

`lock` does that, and every command with `--lock`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from qwenlock.compile.compiler import Compilation
    from qwenlock.compile.verdict import Verdict
    from qwenlock.edge.places import Flags
    from qwenlock.lock.model import Merge, Selection
    from qwenlock.settings.project import Project


class Compiled(NamedTuple):
    """A project and the result of compiling it."""

    project: Project
    compilation: Compilation

    def verdict(self) -> Verdict:
        """Return whether the stored lock matches the settings."""
        from qwenlock.compile.verdict import judge
        from qwenlock.edge.project import label_of

        label = label_of(self.project.places.project)
        return judge(self.project.stored, label, self.compilation)


def read_and_compile(
    directory: Path, flags: Flags, client: str | None, merge: Merge | None = None
) -> Compiled:
    """Return the project in a directory, compiled.

    Raises:
        InputError: a file cannot be used, or the settings are not checked out.
    """
    from qwenlock.compile.compiler import compile_project
    from qwenlock.edge.project import read

    project = read(directory, flags, client, merge=merge)
    _refuse_left_out(project)
    return Compiled(project, compile_project(project))


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

    project = read_and_compile(directory, flags, client)
    refuse_errors(project)
    status = write_compiled(project, None, part_of)
    print_findings(project.compilation.findings, notes=False)
    say_written(project, status, None)
    return 0


def refuse_errors(project: Compiled) -> None:
    """Refuse a project whose settings have errors.

    Raises:
        InputError: they have.
    """
    from qwenlock.findings.errors import InputError

    if project.compilation.lock is None:
        message = "the settings have errors, so no lock was written"
        raise InputError(message, findings=project.compilation.findings)


def write_compiled(project: Compiled, output: str | None, part_of: str | None = None) -> str:
    """Write the lock; return `written`, or `unchanged` if the file already holds it.

    Args:
        project: a project whose settings have no errors.
        output: the file, `-` for stdout; None for the lock of the project.
        part_of: the id of the change that this belongs to, as the history records it.

    Raises:
        WriteError: the file is not a lock, or cannot be written.
    """
    from qwenlock.cli.console import emit_raw, painted, say
    from qwenlock.edge.history import History
    from qwenlock.edge.writer import FileEdit, naming, read, write_lock
    from qwenlock.lock.text import dump
    from qwenlock.text.foreign import clean

    compiled = project.compilation.lock
    assert compiled is not None  # noqa: S101  (refuse_errors)
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


def _says_the_same(project: Compiled) -> bool:
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


def say_written(project: Compiled, status: str, output: str | None) -> None:
    """Say what `write_compiled` came to: the file, its models and what is selected."""
    from qwenlock.cli.console import painted, say

    compiled = project.compilation.lock
    assert compiled is not None  # noqa: S101
    count = len(compiled.models)
    models = f"{count} model{'' if count == 1 else 's'}"
    where = "stdout" if output == "-" else output or lock_name(project)
    done = painted(f"{where} {status}", "good")
    say(f"{done}: {models}, {_selected(compiled.selection)}")


def lock_name(project: Compiled) -> str:
    """Return the lock of a project as messages name it."""
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
