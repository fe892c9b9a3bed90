"""`security.auth.apiKey` and `.baseUrl` become an entry of modelProviders, the key a variable.

Guide, Deprecation of `security.auth.apiKey`. The entry is for the model that is selected, in the
project and, for the user's file, in other directories. It goes to the scope that owns
modelProviders there, or else to the file that has the key, so that REPLACE hides nothing.

An entry is sealed: a new one takes over `model.generationConfig`, which the client sent until now.
One that is there already gets the `envKey` and the `baseUrl` that it lacks, and no options: the
client sent none with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qwenlock.clients.hosts import runtime_base_url
from qwenlock.clients.profile import API_KEY_VARIABLES
from qwenlock.clients.scopes import SCOPES
from qwenlock.compile.selection import API_KEY, BASE_URL, GENERATION_CONFIG, MODEL
from qwenlock.migrate.request import (
    auth_type,
    chosen_model,
    entries,
    find,
    request,
    text_at,
)
from qwenlock.settings.scopes import PROVIDERS, highest, merged
from qwenlock.settings.script_api import Draft, Note, RefusedError, SettingsChange
from qwenlock.settings.variables import EnvFile
from qwenlock.text.credentials import is_credential, is_variable_name, references
from qwenlock.text.operations import Insert, Move, Remove, Set, get
from qwenlock.text.record import replace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qwenlock.clients.scopes import ScopeName
    from qwenlock.migrate.context import ProjectContext
    from qwenlock.settings.project import View
    from qwenlock.settings.scopes import Source
    from qwenlock.text.operations import Path

NAME = "api-key"
TITLE = "Move security.auth.apiKey and baseUrl to a model and a .env file"
REASON = "Both are deprecated; a model names the variable that holds its key"

_FIELDS = (API_KEY, BASE_URL)


def detect(context: ProjectContext) -> bool:
    """Return whether a field is there that the client uses, or that is empty."""
    present = _present(context)
    in_use = any(_counts(context, view) for view in context.situation.project.views())
    return bool(present) and (in_use or not any(present.values()))


def leaves(context: ProjectContext) -> tuple[Note, ...]:
    """Say of fields that nothing selected uses that they stay."""
    message = "is not used by the selection, so it stays: select its auth type, or remove it"
    present = () if detect(context) else _present(context)
    return tuple(Note(path, message) for path in present)


def change(context: ProjectContext) -> SettingsChange:
    """Write the entry of each model that the fields serve, and take the fields away."""
    drafts = {source.scope: Draft(source.settings) for source in context.situation.project.sources}
    variables: dict[str, str] = {}
    serving = [view for view in context.situation.project.views() if _counts(context, view)]
    unused = _unused(context, serving)
    if unused and not context.situation.drop_unused_key:
        raise _two_keys(context, unused)
    for view in serving:
        key = _serve(context, view, drafts, is_unused=unused is not None)
        variables |= {} if unused else key
    for path in _present(context):
        if drafts[context.scope].get(path) is not None:
            drafts[context.scope].do(Remove(path))
    changes = {scope: draft.finish() for scope, draft in drafts.items()}
    own = changes.pop(context.scope)
    return SettingsChange(
        operations=own.operations,
        notes=own.notes,
        elsewhere={scope: each.operations for scope, each in changes.items() if each.operations},
        variables=variables,
    )


def _unused(context: ProjectContext, serving: Sequence[View]) -> str | None:
    """Return the variable whose key the client sends instead of this file's, wherever it looks.

    The variables of the shell are left out: without them, it may send this one.
    """
    alone = replace(context.situation.project, environment={})
    places = [view.place for view in serving]
    names = [_sent_instead(context, view) for view in alone.views() if view.place in places]
    return names[0] if names and all(names) else None


def _sent_instead(context: ProjectContext, view: View) -> str | None:
    key, source = text_at(view, API_KEY), highest(view.sources, API_KEY)
    if key is None or source is None or source.scope != context.scope or references(key):
        return None
    sent = request(view, context.situation.project.client)
    if sent is None or sent.key in (None, key):
        return None
    return next((name for name, value in view.variables.items() if value == sent.key), None)


def _two_keys(context: ProjectContext, variable: str) -> RefusedError:
    """Return what says which two keys differ, and which of them the client sends."""
    project = context.situation.project
    source = project.source(context.scope)
    assert source is not None  # noqa: S101  (the file itself)
    line = source.place(API_KEY, on_key=True).position().line
    origin = next(each.origin for each in project.definitions(variable) if each.origin)
    where = origin.label if isinstance(origin, EnvFile) else f"env in {origin.document.label}"
    return RefusedError(
        f"security.auth.apiKey ({source.document.label}, line {line}) and {variable} ({where}) "
        "hold different keys",
        f"the client sends {variable}: add --drop-unused-key to delete security.auth.apiKey",
    )


def _present(context: ProjectContext) -> dict[Path, str]:
    found = {path: get(context.settings, path) for path in _FIELDS}
    return {path: value for path, value in found.items() if isinstance(value, str)}


def _counts(context: ProjectContext, view: View) -> bool:
    """Return whether the client uses one of the file's fields in `view`."""
    given_by = [highest(view.sources, path) for path in _FIELDS if text_at(view, path)]
    return (
        auth_type(view) is not None
        and any(source is not None and source.scope == context.scope for source in given_by)
        and not _is_settled(context, view)
    )


def _is_settled(context: ProjectContext, view: View) -> bool:
    """Return whether a higher scope has all that a request in `view` needs."""
    client, holder = context.situation.project.client, view.owner()
    entry = find(entries(view), view, client, chosen_model(view, client))
    if entry is None or holder is None:
        return False
    is_complete = bool(entry.get("baseUrl")) and entry.get("envKey") in view.variables
    return is_complete and _is_higher(holder, context)


def _is_higher(holder: Source, context: ProjectContext) -> bool:
    return SCOPES.index(holder.scope) > SCOPES.index(context.scope)


def _serve(
    context: ProjectContext, view: View, drafts: dict[ScopeName, Draft], *, is_unused: bool
) -> dict[str, str]:
    """Write the entry for what is selected in `view`; return the key by its variable.

    Beside a key that is not used, the entry's own endpoint stands.
    """
    holder = view.owner() or context.situation.project.source(context.scope)
    model = chosen_model(view, context.situation.project.client)
    assert holder is not None  # noqa: S101  (the file itself is a source)
    if model is None:
        label = holder.document.label
        raise RefusedError(f"{label} does not select a model for the key", "set model.name")
    draft = drafts[holder.scope]
    path = _array(view, draft)
    existing = find(draft.get(path, []), view, context.situation.project.client, model)
    variable = _variable(context, view, existing)
    wanted = _entry(view, model, variable, is_new=existing is None)
    before = draft.settings
    if existing is None:
        index = _insert(draft, path, model)
        _note_sharing(draft, path, wanted, view)
    else:
        index = draft.get(path).index(existing)
        wanted.pop("generationConfig", None)
        if existing.get("baseUrl") and (is_unused or _is_higher(holder, context)):
            wanted.pop("baseUrl", None)  # a higher scope may override it
    _complete(draft, (*path, index), wanted, moves=holder.scope == context.scope)
    if text_at(view, MODEL) is None:
        draft.do(Set(MODEL, model))
    if draft.settings != before:
        _check_writable(context, holder)
    return _key(context, view, variable)


def _array(view: View, draft: Draft) -> Path:
    """Return the path of the models; refuse settings where something else stands in the way."""
    path: Path = (*PROVIDERS, str(auth_type(view)))
    if not isinstance(draft.get(path, []), list):
        raise RefusedError(
            f"{'.'.join(map(str, path))} is not an array of models", "write [ … ] there"
        )
    for name in ("model", "modelProviders"):
        if not isinstance(draft.get((name,), {}), dict):
            raise RefusedError(f"{name} is not an object", "write { … } there, or remove it")
    return path


def _variable(context: ProjectContext, view: View, existing: dict[str, Any] | None) -> str:
    """Return the name of the variable that the entry reads its key from."""
    key = text_at(view, API_KEY) or ""
    named = existing.get("envKey") if existing else None
    referred = references(key)
    if referred and key not in (f"${referred[0]}", f"${{{referred[0]}}}"):
        message = "security.auth.apiKey mixes a reference to a variable with other text"
        raise RefusedError(message, "put the whole key into one variable, and refer to that")
    if named and not (isinstance(named, str) and is_variable_name(named)):
        raise RefusedError("the model's envKey is not a variable name", "write a name there")
    if named and referred and named != referred[0]:
        message = f"the model's envKey is {named}, but security.auth.apiKey refers to {referred[0]}"
        raise RefusedError(message, "use the same variable in both")
    return named or next(iter(referred), None) or _usual_variable(context, view)


def _usual_variable(context: ProjectContext, view: View) -> str:
    """Return the variable of the plan whose endpoint it is, else that of the auth type.

    Where every model at a host is the plan's, the user's own would become one by the variable.
    """
    chosen, url = str(auth_type(view)), text_at(view, BASE_URL)
    for plan in context.situation.project.plans:
        is_there = plan.region_of({"baseUrl": url}) is not None
        if plan.auth_type == chosen and is_there and not plan.ownership.hosts:
            return plan.env_key
    return API_KEY_VARIABLES[chosen]


def _entry(view: View, model: str, variable: str, *, is_new: bool) -> dict[str, Any]:
    """Return what the model needs; a new one needs the endpoint that the runtime model had."""
    url, config = text_at(view, BASE_URL), merged(view.sources, GENERATION_CONFIG)
    if is_new and not url:
        url = runtime_base_url(str(auth_type(view)))
    if url and is_credential(url):
        message = "security.auth.baseUrl holds a credential"
        raise RefusedError(message, "remove it from the URL: a model's baseUrl must not hold one")
    fields = {"id": model, "envKey": variable, "baseUrl": url, "generationConfig": config}
    return {name: value for name, value in fields.items() if value}


def _insert(draft: Draft, path: Path, model: str) -> int:
    """Put an entry at the end, to be completed; return its index."""
    there = draft.get(path, [])
    entry = {"id": model}
    draft.do(Insert((*path, len(there)), entry) if there else Set(path, [entry]))
    return len(there)


def _complete(draft: Draft, path: Path, wanted: dict[str, Any], *, moves: bool) -> None:
    """Give an entry what it lacks; a field of the same file is moved, and its comments with it."""
    there = draft.get(path)
    url = there.get("baseUrl")
    if url and wanted.get("baseUrl", url) != url:
        raise RefusedError(
            f"the baseUrl of {wanted['id']} in modelProviders differs from security.auth.baseUrl",
            "the client uses the model's: remove security.auth.baseUrl, or change the model",
        )
    origins = {"envKey": API_KEY, "baseUrl": BASE_URL} if moves else {}
    for name, value in wanted.items():
        if there.get(name):
            continue
        origin = origins.get(name)
        if origin and draft.get(origin) is not None:
            draft.do(Move(origin, (*path, name)))
        draft.do(Set((*path, name), value))


def _note_sharing(draft: Draft, path: Path, wanted: dict[str, Any], view: View) -> None:
    """Say which other models get the key, where their variable had no value until now."""
    variable = wanted["envKey"]
    sharing = [
        str(entry.get("id"))
        for entry in draft.get(path)
        if isinstance(entry, dict)
        and entry.get("envKey") == variable
        and entry.get("baseUrl") != wanted.get("baseUrl")
    ]
    if sharing and variable not in view.variables:
        message = f"becomes {variable}, which {', '.join(sharing)} will send to another endpoint"
        draft.note(API_KEY, message)


def _check_writable(context: ProjectContext, holder: Source) -> None:
    """Refuse to change a file that is not to be changed, or is of an older settings version."""
    label = holder.document.label
    if holder.scope not in context.situation.writable:
        raise RefusedError(
            f"the model belongs in {label}, which owns modelProviders ({holder.scope} scope)",
            "add it there yourself, with envKey and baseUrl, or remove --scope",
        )
    if not context.situation.is_current(holder):
        message = f"{label} has an older settings version"
        raise RefusedError(message, "run `qwenlock migrate --only settings-version` first")


def _key(context: ProjectContext, view: View, variable: str) -> dict[str, str]:
    """Return the key by its variable, where the file holds a key itself."""
    key, source = text_at(view, API_KEY), highest(view.sources, API_KEY)
    if key is None or source is None or references(key):
        return {}
    if source.scope == context.scope:
        return {variable: key}
    if source.scope not in context.situation.writable:
        message = f"security.auth.apiKey is in {source.document.label} ({source.scope} scope)"
        raise RefusedError(message, "migrate that file too, or ask its owner to")
    return {}
