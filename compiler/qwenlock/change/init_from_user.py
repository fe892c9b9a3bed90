"""Settings for a project from the user's: the models in use and the selection, never a key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qwenlock.change.target import check_usable, target
from qwenlock.compile.compiler import compile_project
from qwenlock.compile.selection import MODEL_URL
from qwenlock.enforce.enforcing import enforcing_settings
from qwenlock.findings.errors import InputError, UsageError
from qwenlock.settings.scopes import PROVIDERS, merged
from qwenlock.text.operations import Set
from qwenlock.text.record import replace

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qwenlock.findings.file_changes import FileChange
    from qwenlock.lock.model import Lock, Model
    from qwenlock.settings.project import Project
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
    lock = _locked(project)
    if lock.selected() is None:
        fix = "select one with `qwenlock select`, or use --from-env"
        raise UsageError("the model in use is not one of your modelProviders", fix)
    models = tuple(each for each in lock.models if everything or _is_used(each, lock))
    chosen = replace(lock.selection, source="user")
    wanted = enforcing_settings(replace(lock, models=models, selection=chosen), [])
    if not merged(project.sources, MODEL_URL) and wanted["model"].get("baseUrl") == "":
        del wanted["model"]["baseUrl"]
    values = dict(_leaves(wanted))
    aim = target(project, "project")
    check_usable(aim, values)
    text = aim.edited([Set(path, value) for path, value in values.items()])
    count = f"{len(models)} of your {len(lock.models)} model{'s' * (len(lock.models) != 1)}"
    return aim.file_change(text), f"copy {count} to {aim.label}; here, its list replaces yours"


def _locked(project: Project) -> Lock:
    compilation = compile_project(project)
    if compilation.lock is None:
        raise InputError("your settings have errors", findings=compilation.findings)
    return compilation.lock


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
