"""Shows a change with the names of the files that links lead to, and writes all of it or none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwenlock.edge.history import History
from qwenlock.edge.links import named
from qwenlock.edge.writer import FileEdit, naming, write
from qwenlock.findings.errors import WriteError
from qwenlock.text.credentials import without
from qwenlock.text.record import replace

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from qwenlock.findings.file_changes import FileChange, ProjectChange


def to_show(change: ProjectChange, outside: Sequence[Path] = ()) -> ProjectChange:
    """Return `change` as people may see it: real names of files, and no secret in a warning.

    Args:
        change: the change.
        outside: files that only a checkout names, and that are not in it.

    Raises:
        WriteError: a link, or a name in a checkout, leads where nothing may be written.
    """
    for file in change.files:
        if file.path in outside:
            raise WriteError(
                f"{file.label} is outside of the repository whose configuration or lock names it; "
                "nothing was changed",
                "name the file with an option, such as --user, if it is yours",
            )
    return replace(
        change,
        files=tuple(map(_where_it_goes, change.files)),
        warnings=tuple(without(each, change.secrets) for each in change.warnings),
    )


def diff_of(change: ProjectChange) -> str:
    """Return the unified diff of every file, with every possible secret masked."""
    from qwenlock.findings.diffs import unified

    return without("".join(map(unified, change.files)), change.secrets)


def write_all(change: ProjectChange, command: str, directory: Path) -> Path:
    """Write every file of `change`, or none, so that `qwenlock undo` can revert it.

    Args:
        change: what to write.
        command: the command, as the history names it; must not hold a secret.
        directory: the project whose change this is, for `undo`.

    Returns:
        The backup.

    Raises:
        WriteError: nothing was written; the message says why.
    """
    edits = [
        FileEdit(
            file.path,
            None if file.before is None else file.before.encode(),
            file.after.encode(),
            file.mode,
        )
        for file in change.files
    ]
    return write(edits, reason=command, history=History(project=directory))


def _where_it_goes(file: FileChange) -> FileChange:
    """Return `file` with the name of what is written, where a link leads to another file."""
    with naming(file.path):
        return replace(file, target=named(file.path, file.label))
