"""Rules about variables (40x, 41x): what sets them, what reads them, and which place wins."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from qwenlock.clients.misplaced import VARIABLES
from qwenlock.clients.profile import (
    API_KEY_VARIABLES,
    BASE_URL_VARIABLES,
    MODEL_VARIABLES,
    profile,
)
from qwenlock.findings.finding import Finding
from qwenlock.findings.reading import FROM_POWERSHELL
from qwenlock.lock.model import settings_entry
from qwenlock.settings.scopes import Source
from qwenlock.settings.variables import read_files, references_in
from qwenlock.text.credentials import references, shown
from qwenlock.text.document import Document, Place

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from qwenlock.lint.subject import Subject
    from qwenlock.lock.model import EnvironmentVariable, Lock, Selection
    from qwenlock.settings.project import Project
    from qwenlock.settings.variables import EnvFile, Variable

_MOST = 3
"""How many models, or places, a message names."""


def missing(lock: Lock, project: Project) -> list[EnvironmentVariable]:
    """Return the variables of `lock` that a client in `project` would not have."""
    here, referred = project.here(), _referred_to(lock)
    there, filling = here.variables(), here.filling()
    return [
        each
        for each in lock.environment
        if each.name not in there
        or (each.name in referred and not filling.get(each.name))
        or _unfilled(there[each.name])
    ]


def _unfilled(variable: Variable) -> list[str]:
    """Return the variables that a value of `settings.env` still refers to: they are not set."""
    return references(variable.value) if isinstance(variable.origin, Source) else []


def _referred_to(lock: Lock) -> set[str | None]:
    """Return the variables that settings refer to as `$NAME`, not in `envKey`."""
    client, selection = profile(lock.client), lock.selection
    of_selection = (selection.model, selection.base_url, selection.generation_config)
    named = references_in([*map(settings_entry, lock.models), *of_selection], client)
    is_usual = selection.env_key == API_KEY_VARIABLES.get(selection.auth_type or "")
    return {*named} if is_usual else {*named, selection.env_key}


def unset(lock: Lock, project: Project) -> Iterator[Finding]:
    """Report the variables of `lock` that a client in `project` would not have."""
    referred, here = _referred_to(lock), project.here()
    for variable in missing(lock, project):
        name, found = variable.name, here.definitions(variable.name)
        used_by = ("the selection" if each == "selection" else each for each in variable.used_by)
        users = f"used by {', '.join(islice(used_by, _MOST))}"
        if not found:
            yield _set_nowhere(name, users, project, is_reference=name in referred)
        elif found[0].value:
            yield _without_effect(name, found[0], users, project)
        else:
            yield _empty(name, found, users)


def _set_nowhere(name: str, users: str, project: Project, *, is_reference: bool) -> Finding:
    """Report a variable that nothing sets."""
    unread = next((each for each in project.env_files if "\0" in (each.text or "")), None)
    if unread is None:
        where = _where_references_count(project) if is_reference else "a .env file of the project"
        fix = _fix(name, where)
    else:
        fix = f"save {unread.label} as UTF-8: nothing is read from it; {FROM_POWERSHELL}"
    return Finding("QL405", f"{name} is not set; {users}", None, fix)


def _without_effect(name: str, variable: Variable, users: str, project: Project) -> Finding:
    """Report a variable that is set where it does not count for the settings that refer to it."""
    unfilled = _unfilled(variable)
    message = (
        f"{name} refers to {unfilled[0]}, which is not set for it; {users}"
        if unfilled
        else f"{name} is set in {_where(variable)}, which does not count for ${name} in settings; "
        f"{users}"
    )
    fix = _fix(unfilled[0] if unfilled else name, _where_references_count(project))
    return Finding("QL405", message, _place(name, variable), fix)


def _empty(name: str, found: Sequence[Variable], users: str) -> Finding:
    """Report a variable that has no value where it counts, whatever is set in lower places."""
    where = _where(found[0])
    message, fix = f"{name} is empty in {where}", "give it a value there"
    hidden = next((each for each in found if each.value), None)
    if hidden is not None:
        message += f", which hides the value in {_where(hidden)}"
        fix = f"remove {name} from {where}, or {fix}"
    return Finding("QL405", f"{message}; {users}", _place(name, found[0]), fix)


def _where_references_count(project: Project) -> str:
    """Return the file, besides the environment, whose variables count for `$NAME` in settings."""
    return "~/.qwen/.env" if project.client.expands_home_env else ""


def _fix(name: str, where: str) -> str:
    return f"set {name} in the environment" + (f", or in {where}" if where else "")


def unset_variables(subject: Subject) -> Iterator[Finding]:
    """Report variables that the lock needs and a client started here would not have."""
    lock = subject.compilation.lock
    if subject.world.env and lock is not None:
        yield from unset(lock, subject.project)


def different_values(subject: Subject) -> Iterator[Finding]:
    """Report variables of the lock that several places set to different values."""
    lock = subject.compilation.lock
    if not subject.world.env or lock is None:
        return
    for variable in lock.environment:
        name = variable.name
        found = [each for each in subject.project.definitions(name) if each.value]
        lost = [each for each in found[1:] if each.value != found[0].value]
        if lost:
            places = list(dict.fromkeys(map(_where, lost[:_MOST])))
            others = "have other values" if len(places) > 1 else "has another value"
            message = f"{name} from {_where(found[0])} is used; {' and '.join(places)} {others}"
            fix = f"remove {name} from the places that you do not use"
            yield Finding("QL408", message, _place(name, lost[0]), fix)


def unread_variables(subject: Subject) -> Iterator[Finding]:
    """Report variables that nothing reads, although their names suggest it."""
    used = _used(subject)
    for wrong, right in VARIABLES.items():
        if wrong in used:
            continue
        for each in _set_for_the_client(wrong, subject):
            fix = f"write {right}"
            if right in API_KEY_VARIABLES.values():
                fix += f', or name it in a model: "envKey": "{wrong}"'
            message = f"nothing reads {wrong}"
            yield Finding("QL409", message, _place(wrong, each), fix)


def idle_variables(subject: Subject) -> Iterator[Finding]:
    """Report variables that would choose a model or an endpoint, if an entry were not selected."""
    selection = subject.compilation.selection
    if selection.kind != "provider":
        return
    used = _used(subject)
    for name, value in _idle(selection, subject):
        if name in used:
            continue
        for each in _set_for_the_client(name, subject):
            if each.value != value:
                selected = f"{selection.auth_type}/{shown(str(selection.model))}"
                message = f"{name} has no effect, because {selected} is selected"
                fix = "remove it, or select another model"
                yield Finding("QL410", message, _place(name, each), fix)


def _idle(selection: Selection, subject: Subject) -> Iterator[tuple[str, str | None]]:
    """Yield the variables that have no effect, each with its value."""
    auth_type = selection.auth_type or ""
    for name in MODEL_VARIABLES.get(auth_type, ()):
        yield name, selection.model
    models = [each.model for each in subject.compilation.entries]
    entries = [model for model in models if model.auth_type == auth_type]
    sealed = subject.client.default_base_urls is not None
    if auth_type in BASE_URL_VARIABLES and (sealed or all(entry.base_url for entry in entries)):
        selected = next((entry for entry in entries if entry.id == selection.model), None)
        yield BASE_URL_VARIABLES[auth_type], selected.base_url if selected else None


def _used(subject: Subject) -> set[str]:
    """Return the variables that models name."""
    lock = subject.compilation.lock
    names = {variable.name for variable in lock.environment} if lock else set[str]()
    return names | {
        each.model.env_key for each in subject.compilation.entries if each.model.env_key
    }


def _set_for_the_client(name: str, subject: Subject) -> Iterable[Variable]:
    """Return what sets a variable for Qwen Code, and with `--env` what other programs may read."""
    found = [each for each in subject.project.definitions(name) if each.value]
    return found if subject.world.env else [each for each in found if _is_own(each.origin)]


def _is_own(origin: EnvFile | Source | None) -> bool:
    return isinstance(origin, Source) or (origin is not None and origin.path.parent.name == ".qwen")


def _where(variable: Variable) -> str:
    """Return what messages call the place that sets a variable."""
    origin = variable.origin
    if origin is None:
        return "the environment"
    return f"env of {origin.document.label}" if isinstance(origin, Source) else origin.label


def _place(name: str, variable: Variable) -> Place | None:
    origin = variable.origin
    if isinstance(origin, Source):
        return origin.place(("env", name), on_key=True)
    return None if origin is None else line_of(name, origin)


def line_of(name: str, file: EnvFile) -> Place:
    """Return the line of a `.env` file that sets a variable; no excerpt of it is shown."""
    return Place(Document(file.label, "", {}), at=(file.line_of(name), 1))


def hidden_env_files(subject: Subject) -> Iterator[Finding]:
    """Report `.env` files that are not read although only they set a needed variable."""
    project = subject.project
    lock, files = subject.compilation.lock, project.env_files
    read = read_files(files, subject.client)
    if lock is None or not read:
        return
    known = project.variables()
    for file in files:
        if file in read or file.text is None:
            continue
        own = file.variables()
        lost = [each.name for each in lock.environment if each.name in own.keys() - known.keys()]
        if lost:
            message = f"{read[0].label} hides {file.label}, which sets {', '.join(lost[:_MOST])}"
            fix = f"set {lost[0]} in {read[0].label} too, or in the environment"
            yield Finding("QL407", message, line_of(lost[0], file), fix)
