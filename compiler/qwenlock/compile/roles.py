"""What each settings file contributes to a lock: the catalogue, the selection, both or neither."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from qwenlock.settings.scopes import PROVIDERS, owner

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qwenlock.clients.scopes import ScopeName
    from qwenlock.lock.model import Lock
    from qwenlock.settings.project import Project
    from qwenlock.settings.scopes import Source, Sources


class ScopeFile(NamedTuple):
    """A settings file: its scope, its name, and what it contributes."""

    scope: ScopeName
    label: str
    role: str


def scope_files(project: Project, lock: Lock | None) -> Iterator[ScopeFile]:
    """Yield every settings file of a project, and what it contributes.

    Args:
        project: the project.
        lock: what its settings compile to; None if they have errors.
    """
    for scope, name in project.places.recorded.items():
        source = project.source(scope)
        role = "no such file" if source is None else _role(source, project.sources, lock)
        yield ScopeFile(scope, name, role)


def _role(source: Source, sources: Sources, lock: Lock | None) -> str:
    roles = []
    if source is owner(sources):
        roles.append("owns the catalogue")
    elif source.has(PROVIDERS):
        hidden = lock is None or lock.merge == "replace"
        merged = "its models are hidden by REPLACE" if hidden else "its models are merged in"
        roles.append(merged)
    if lock is not None and lock.selection.source == source.scope:
        roles.append("makes the selection")
    return ", ".join(roles) or "says nothing about models"
