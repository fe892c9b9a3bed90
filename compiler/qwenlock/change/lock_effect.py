"""How a change of settings affects the lock: compiles before and after, and compares."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwenlock.change.target import with_files
from qwenlock.compile.compiler import compile_project
from qwenlock.lock.diff import diff

if TYPE_CHECKING:
    from qwenlock.findings.file_changes import ProjectChange
    from qwenlock.lock.diff import LockChange
    from qwenlock.settings.project import Project


def effect(change: ProjectChange, project: Project) -> tuple[LockChange, ...]:
    """Return how `change` affects the lock of `project`, without the inputs.

    Empty if the settings do not compile.
    """
    projects = (project, with_files(project, change.files))
    before, after = (compile_project(each).lock for each in projects)
    if before is None or after is None:
        return ()
    return tuple(each for each in diff(before, after) if each.kind != "input")
