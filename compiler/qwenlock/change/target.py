"""The settings file that a change is written to: its scope, checks, and new text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qwenlock.clients.scopes import SCOPES, WRITABLE
from qwenlock.findings.errors import InputError, UsageError
from qwenlock.findings.file_changes import FileChange
from qwenlock.findings.reading import parse
from qwenlock.settings.scopes import CURRENT_VERSION, PROVIDERS, Source, owner
from qwenlock.settings.versions import source_of
from qwenlock.text.edit import edit, lost_comments
from qwenlock.text.operations import Remove, apply, get
from qwenlock.text.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path as FilePath

    from qwenlock.clients.scopes import ScopeName
    from qwenlock.settings.project import Project
    from qwenlock.settings.scopes import Sources
    from qwenlock.text.operations import Operation, Path

_NEW = f'{{\n  "$version": {CURRENT_VERSION}\n}}\n'
_ABSENT = object()


@dataclass(frozen=True, slots=True)
class Target:
    """The settings to change; a new file holds only a version."""

    source: Source
    path: FilePath
    exists: bool

    @property
    def scope(self) -> ScopeName:
        """Return the scope of the file."""
        return self.source.scope

    @property
    def label(self) -> str:
        """Return the file's name in messages."""
        return self.source.document.label

    @property
    def value(self) -> dict[str, Any]:
        """Return the settings in the file."""
        return self.source.document.value

    def edited(self, operations: Sequence[Operation]) -> str:
        """Return the text after `operations`."""
        return edit(self.source.document.original, operations)

    def file_change(self, text: str) -> tuple[FileChange, ...]:
        """Return the change of the file to `text`; empty if it holds that text already."""
        before = self.source.document.original
        if text == before:
            return ()
        return (FileChange(self.path, self.label, before if self.exists else None, text),)

    def sources_after(self, project: Project, settings: dict[str, Any]) -> Sources:
        """Return the scopes with `settings` in place of this one's."""
        changed = Source(self.scope, self.source.document, settings)
        return project.with_sources([changed]).sources


def with_files(project: Project, files: Iterable[FileChange]) -> Project:
    """Return the project with its settings as `files` change them."""
    changed = {each.path: each for each in files}
    return project.with_sources(
        source_of(scope, parse(changed[path].after, changed[path].label))
        for scope, path in project.places.files.items()
        if path in changed
    )


def owning_scope(project: Project) -> ScopeName:
    """Return the nearest writable scope that owns `modelProviders`, otherwise the user's.

    Follows the guide, "Selection Persistence and Recommendations".
    """
    sources = [project.source(scope) for scope in WRITABLE]
    return next((each.scope for each in sources if each and each.has(PROVIDERS)), "user")


def catalogue_scope(project: Project, wanted: ScopeName | None) -> ScopeName:
    """Return the scope to write models to, so that the client offers them.

    Args:
        project: the project.
        wanted: the scope that the user asked for, if any.

    Raises:
        UsageError: the wanted scope is left out, or another scope's `modelProviders` hides it.
    """
    if wanted is not None:
        _check_included(project, wanted)
    scope = wanted or owning_scope(project)
    owning = owner(project.sources)
    if owning is None or SCOPES.index(owning.scope) <= SCOPES.index(scope):
        return scope
    label = owning.document.label
    raise UsageError(
        f"the {owning.scope} scope ({label}) has its own modelProviders, which replaces that of "
        f"the {scope} scope: models written there would be hidden",
        f"remove --scope, or remove modelProviders from {label}"
        if owning.scope in WRITABLE
        else f"ask the owner of {label} to change it",
    )


def target(project: Project, scope: ScopeName) -> Target:
    """Return the settings of `scope` for changing.

    Raises:
        UsageError: the scope is excluded.
    """
    _check_included(project, scope)
    path = project.places.files[scope]
    source = project.source(scope)
    made = source or source_of(scope, parse(_NEW, project.places.labels[scope]))
    return Target(made, path, exists=source is not None)


def _check_included(project: Project, scope: ScopeName) -> None:
    if scope in project.places.files:
        return
    if scope == "project":
        fix = "run this in a trusted project that is not the home directory"
        raise UsageError("the project scope cannot be written here", fix)
    raise UsageError(
        "the user scope is left out here, so it cannot be written",
        "add --scope project, or remove --no-user and `user = false`",
    )


def check_usable(target: Target, paths: Iterable[Path]) -> None:
    """Check that values at `paths` can be read and written in the file.

    Raises:
        InputError: the settings have an older version that keeps one of them elsewhere, or a
            parent is not an object.
    """
    for path in paths:
        if get(target.value, path, _ABSENT) != get(target.source.settings, path, _ABSENT):
            raise InputError(
                f"{target.label} has another settings version, which stores {dotted(path)} "
                "differently",
                "run `qwenlock migrate --only settings-version` first",
            )
        for length in range(1, len(path)):
            if not isinstance(get(target.value, path[:length], {}), dict):
                raise InputError(
                    f"{target.label}: {dotted(path[:length])} must be an object",
                    "write { } instead, or remove the key",
                )


def without_empty(text: str, value: Any, paths: Iterable[Path]) -> str:
    """Return a document without the empty objects at `paths` and their empty parents.

    An object stays if removing it would remove a comment.

    Args:
        text: the document.
        value: its value.
        paths: where the objects are.
    """
    parents = {path[:length] for path in paths for length in range(len(path), 0, -1)}
    for path in sorted(parents, key=len, reverse=True):
        if get(value, path) == {}:
            shorter = edit(text, [Remove(path)])
            if not lost_comments(text, shorter):
                text, value = shorter, apply(value, [Remove(path)])
    return text


def dotted(path: Path) -> str:
    """Return a path in dotted form for messages."""
    return ".".join(map(str, path))
