"""Settings for a project from the user's: the models in use and the selection, never a key."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from qwenlock.change.target import check_usable, target
from qwenlock.compile.compiler import compile_project
from qwenlock.compile.selection import MODEL_URL
from qwenlock.enforce.enforcing import enforcing_settings
from qwenlock.findings.errors import InputError, UsageError
from qwenlock.settings.scopes import PROVIDERS, merged
from qwenlock.text.operations import Remove, Set, apply, get
from qwenlock.text.record import replace

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from qwenlock.findings.file_changes import FileChange
    from qwenlock.findings.finding import Finding
    from qwenlock.lock.model import Lock, Model
    from qwenlock.settings.project import Project
    from qwenlock.settings.scopes import Source
    from qwenlock.text.operations import Path


def settings_from_user(project: Project, *, everything: bool) -> tuple[tuple[FileChange, ...], str]:
    """Return the project's settings with models of the user's, and what happens, in a sentence.

    Args:
        project: a project whose own settings have no models.
        everything: copy all models, not only those in use.

    Raises:
        UsageError: the project has models, or the selected model is not one of the user's.
        InputError: the settings have errors, such as a key that would be copied.
    """
    own = project.source("project")
    if own is not None and own.has(PROVIDERS):
        raise UsageError(f"{own.document.label} has models already", "remove --from-user")
    lock, left_out = _locked(project, everything=everything)
    if lock.selected() is None:
        fix = "select one with `qwenlock select`, or use --from-env"
        raise UsageError("the model in use is not one of your modelProviders", fix)
    models = tuple(each for each in lock.models if everything or _is_used(each, lock))
    chosen = replace(lock.selection, source="user")
    wanted = enforcing_settings(replace(lock, models=models, selection=chosen), [])
    if not merged(project.sources, MODEL_URL) and wanted["model"]["baseUrl"] == "":
        del wanted["model"]["baseUrl"]
    values = dict(_leaves(wanted))
    aim = target(project, "project")
    check_usable(aim, values)
    text = aim.edited([Set(path, value) for path, value in values.items()])
    total = len(lock.models) + left_out
    count = f"{len(models)} of your {total} model{'s' * (total != 1)}"
    said = f"copy {count} to {aim.label}; in this project, that list replaces your own"
    return aim.file_change(text), said


def _locked(project: Project, *, everything: bool) -> tuple[Lock, int]:
    """Return the lock of the user's settings, and how many models it leaves out.

    A model with errors is left out, unless all are wanted, or something may use it: another setting
    has its id.

    Raises:
        InputError: the settings have errors.
    """
    compilation = compile_project(project)
    if compilation.lock is not None:
        return compilation.lock, 0
    user = project.source("user")
    if user is not None and not everything:
        faulty = set(_with_errors(user, compilation.findings))
        rest = json.dumps({**user.settings, PROVIDERS[0]: None})
        ids = [json.dumps(get(user.settings, (*path, "id")))[1:-1] for path in faulty]
        lock = compile_project(project.with_sources([_without(user, faulty)])).lock
        if lock is not None and lock.selected() and not any(each in rest for each in ids):
            return lock, len(faulty)
    raise InputError("your settings have errors", findings=compilation.findings)


def _with_errors(user: Source, findings: Sequence[Finding]) -> Iterator[Path]:
    """Yield the path of each model of the user's that has an error."""
    for each in findings:
        if each.level == "error" and each.place and each.place.document is user.document:
            match each.place.path:
                case ("modelProviders", _, int(), *_):
                    yield each.place.path[:3]


def _without(user: Source, faulty: Collection[Path]) -> Source:
    """Return the settings without some models."""
    left = [Remove(path) for path in sorted(faulty, reverse=True)]
    return replace(user, settings=apply(user.settings, left))


def _is_used(model: Model, lock: Lock) -> bool:
    return lock.selects(model) or any(each.route.is_of(model.route) for each in lock.other_models)


def _leaves(settings: dict[str, Any], path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Yield what to write: each value by its path; the catalogue as one value."""
    for name, value in settings.items():
        here = (*path, name)
        if here == ("$version",):
            continue
        if isinstance(value, dict) and here != PROVIDERS:
            yield from _leaves(value, here)
        else:
            yield here, value
