"""How a change of settings affects the lock: compiles before and after, and compares."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwenlock.compile.compiler import compile_lock
from qwenlock.findings.reading import parse
from qwenlock.lock.diff import diff
from qwenlock.settings.versions import source_of

if TYPE_CHECKING:
    from qwenlock.findings.file_changes import ProjectChange
    from qwenlock.lock.diff import LockChange
    from qwenlock.settings.project import Project
    from qwenlock.settings.scopes import Sources


def effect(change: ProjectChange, project: Project) -> tuple[LockChange, ...]:
    """Return how `change` affects the lock of `project`, without the inputs.

    Empty if the settings do not compile.
    """
    allowed = project.configuration.allow_literals
    locks = [
        compile_lock(sources, project.plans, project.client, allowed=allowed).lock
        for sources in (project.sources, _sources_after(change, project))
    ]
    before, after = locks
    if before is None or after is None:
        return ()
    return tuple(each for each in diff(before, after) if each.kind != "input")


def _sources_after(change: ProjectChange, project: Project) -> Sources:
    after = {file.path: parse(file.after, file.label) for file in change.files}
    there = project.places.files.items()
    changed = [source_of(scope, after[path]) for scope, path in there if path in after]
    return project.with_sources(changed).sources
