"""The file that a change goes to: which scope, whether it can take it, and its text afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qwenlock.clients.scopes import SCOPES, WRITABLE
from qwenlock.findings.errors import InputError, UsageError
from qwenlock.findings.file_changes import FileChange
from qwenlock.findings.reading import parse
from qwenlock.settings.scopes import CURRENT_VERSION, Source, owner
from qwenlock.settings.versions import source_of
from qwenlock.text.edit import edit, lost_comments
from qwenlock.text.operations import Remove, get

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path as FilePath

    from qwenlock.clients.scopes import ScopeName
    from qwenlock.settings.project import Project
    from qwenlock.settings.scopes import Sources
    from qwenlock.text.operations import Operation, Path

PROVIDERS: Path = ("modelProviders",)
_NEW = f'{{\n  "$version": {CURRENT_VERSION}\n}}\n'
_ABSENT = object()


@dataclass(frozen=True, slots=True)
class Target:
    """The settings that are changed; those of a file yet to be made hold a version only."""

    source: Source
    path: FilePath
    exists: bool

    @property
    def scope(self) -> ScopeName:
        """Return the scope that the file is of."""
        return self.source.scope

    @property
    def label(self) -> str:
        """Return the file as messages name it."""
        return self.source.document.label

    @property
    def value(self) -> dict[str, Any]:
        """Return the settings as they stand in the file."""
        return self.source.document.value

    def edited(self, operations: Sequence[Operation]) -> str:
        """Return the text after `operations`."""
        return edit(self.source.document.original, operations)

    def file_change(self, text: str) -> tuple[FileChange, ...]:
        """Return the change of the file to `text`; none where that is what it holds."""
        before = self.source.document.original
        if text == before:
            return ()
        return (FileChange(self.path, self.label, before if self.exists else None, text),)

    def sources_after(self, project: Project, settings: dict[str, Any]) -> Sources:
        """Return the scopes as they are once this one holds `settings`."""
        changed = Source(self.scope, self.source.document, settings)
        return project.with_sources([changed]).sources


def owning_scope(project: Project) -> ScopeName:
    """Return the nearest writable scope that owns `modelProviders`, else the user's.

    Follows the guide, "Selection Persistence and Recommendations".
    """
    sources = [project.source(scope) for scope in WRITABLE]
    return next((each.scope for each in sources if each and each.has(PROVIDERS)), "user")


def catalogue_scope(project: Project, wanted: ScopeName | None) -> ScopeName:
    """Return the scope in which models are written so that the client offers them.

    Args:
        project: the project.
        wanted: the scope that the user asks for, if any.

    Raises:
        UsageError: another scope's `modelProviders` would hide them.
    """
    scope = wanted or owning_scope(project)
    owning = owner(project.sources)
    if owning is None or SCOPES.index(owning.scope) <= SCOPES.index(scope):
        return scope
    label = owning.document.label
    raise UsageError(
        f"the {owning.scope} scope ({label}) has modelProviders of its own, which replaces that of "
        f"the {scope} scope: what is written there would be hidden",
        f"leave --scope out, or remove modelProviders from {label}"
        if owning.scope in WRITABLE
        else f"have whoever keeps {label} change it",
    )


def target(project: Project, scope: ScopeName) -> Target:
    """Return the settings of `scope` as something to change.

    Raises:
        UsageError: the scope is left out.
    """
    path = project.places.files.get(scope)
    if path is None:
        raise UsageError(
            f"there is no {scope} scope here to write to",
            "run this in a project that is trusted, other than the home directory"
            if scope == "project"
            else "add --scope project, or leave the user scope in: no --no-user, no `user = false`",
        )
    source = project.source(scope)
    made = source or source_of(scope, parse(_NEW, project.places.labels[scope]))
    return Target(made, path, exists=source is not None)


def check_usable(target: Target, paths: Iterable[Path]) -> None:
    """See that values at `paths` can be read and written in the file as it stands.

    Raises:
        InputError: the settings are of an older version that has one of them at another place, or
            something that is no object stands in the way.
    """
    for path in paths:
        if get(target.value, path, _ABSENT) != get(target.source.settings, path, _ABSENT):
            raise InputError(
                f"{target.label} is of another settings version, with {dotted(path)} at its old "
                "place or in its old form",
                "run `qwenlock migrate --only settings-version` first",
            )
        for length in range(1, len(path)):
            if not isinstance(get(target.value, path[:length], {}), dict):
                raise InputError(
                    f"{target.label}: {dotted(path[:length])} must be an object",
                    "write { } there, or remove the key",
                )


def without_empty(text: str, paths: Iterable[Path]) -> str:
    """Return a document without the objects at `paths`, and around them, that are empty.

    One that still holds a comment, or would take one along, stays.
    """
    parents = {path[:length] for path in paths for length in range(1, len(path) + 1)}
    for path in sorted(parents, key=len, reverse=True):
        if get(parse(text, "").value, path) == {}:
            shorter = edit(text, [Remove(path)])
            text = text if lost_comments(text, shorter) else shorter
    return text


def dotted(path: Path) -> str:
    """Return a path as messages name it."""
    return ".".join(map(str, path))
