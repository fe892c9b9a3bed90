"""The differences of many locks: equal ones once, with the projects that they apply to."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from qwenlock.lock.diff import LockChange

_WINDOW = "contextWindowSize"
_NUMBER = (int, float)


class ChangeGroup(NamedTuple):
    """Differences that are the same in several projects.

    Attributes:
        projects: the projects, as messages name them.
        changes: the differences.
    """

    projects: tuple[str, ...]
    changes: tuple[LockChange, ...]


def grouped(changes: Mapping[str, Sequence[LockChange]]) -> list[ChangeGroup]:
    """Return the differences of projects in groups, those of the most projects first.

    The digests of inputs follow from the rest, and differ in each project. So they are left out if
    something else differs.

    Args:
        changes: the differences of each project.
    """
    users: dict[str, tuple[LockChange, list[str]]] = {}
    for project, found in changes.items():
        telling = [each for each in found if each.kind != "input"] or found
        for change in telling:
            users.setdefault(repr(change), (change, []))[1].append(project)
    together: dict[tuple[str, ...], list[LockChange]] = {}
    for change, projects in users.values():
        together.setdefault(tuple(projects), []).append(change)
    groups = [ChangeGroup(projects, tuple(each)) for projects, each in together.items()]
    return sorted(groups, key=lambda group: -len(group.projects))


def notable(changes: Sequence[LockChange]) -> Iterator[str]:
    """Yield what a reviewer must see: a lost model, a smaller context window, a new variable."""
    for change in changes:
        match change.kind, change.action:
            case "model", "removed":
                yield f"{change.name} disappears"
            case "variable", "added":
                yield f"{change.name} must be set"
            case "selection", "changed" if change.field in ("", "model", "auth-type", "kind"):
                yield "another model is selected"
            case "model", "changed" if change.field.endswith(_WINDOW):
                before, after = change.old, change.new
                if isinstance(before, _NUMBER) and isinstance(after, _NUMBER) and after < before:
                    yield f"the context window of {change.name} shrinks from {before} to {after}"
