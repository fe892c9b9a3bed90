"""Rules about the selection (6xx), besides those that compiling reports."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwenlock.clients.profile import DEFAULT_BASE_URLS, GUIDE
from qwenlock.clients.route import chosen
from qwenlock.compile.selection import AUTH_TYPE, ENFORCED_TYPE, GENERATION_CONFIG, MODEL, MODEL_URL
from qwenlock.findings.finding import Finding
from qwenlock.resolve.resolution import resolve
from qwenlock.settings.scopes import highest, merged
from qwenlock.text.credentials import references, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qwenlock.lint.subject import Subject
    from qwenlock.resolve.resolution import Resolution


def default_of_the_release(subject: Subject) -> Iterator[Finding]:
    """Report that the settings leave the model to the release's built-in default."""
    selection = subject.compilation.selection
    if subject.client.is_release:
        return  # it goes by the variables that are set first, which compiling says
    if any(each.code in ("QL602", "QL603", "QL605") for each in subject.compilation.findings):
        return  # they say the same
    default = dict(subject.client.default_models).get(selection.auth_type or "")
    source = highest(subject.sources, AUTH_TYPE)
    if default is None or source is None or merged(subject.sources, MODEL):
        return
    message = f"no model is selected: {_name(subject)} uses {default}, other releases use another"
    place = source.place(AUTH_TYPE)
    yield Finding("QL607", message, place, "set model.name")


def base_url_without_effect(subject: Subject) -> Iterator[Finding]:
    """Report a model.baseUrl that is not the base URL of the model in use.

    A model.baseUrl in a lower scope than `model.name` may belong to the selection there, and one
    with variables may be right: neither is reported.
    """
    selection, client = subject.compilation.selection, subject.client
    named, source = highest(subject.sources, MODEL), highest(subject.sources, MODEL_URL)
    url = merged(subject.sources, MODEL_URL)
    if named is None or source is None or not client.is_release or not isinstance(url, str):
        return
    if not url or subject.sources.index(source) < subject.sources.index(named):
        return
    models = [each.model for each in subject.compilation.entries if not each.skipped]
    urls = [model.base_url or "" for model in models if model.id == selection.model]
    usual = dict(DEFAULT_BASE_URLS).get(selection.auth_type or "", "")
    if any(map(references, [url, *urls])) or url.rstrip("/") in [
        (each or usual).rstrip("/") for each in urls[:1]
    ]:
        return
    model = shown(str(selection.model))
    if selection.kind == "runtime":
        message = f'model.baseUrl has no effect, because no entry defines "{model}"'
        fix = f'define "{model}" in modelProviders, with this baseUrl'
    elif selection.kind == "provider" and url not in urls:
        message = f'no entry "{model}" has this base URL, so the client uses {_at(urls[0])}'
        fix = "write the baseUrl of the entry, or remove model.baseUrl"
    elif selection.kind == "provider" and not client.selects_url:
        message = f"{_name(subject)} does not read model.baseUrl, and uses {_at(urls[0])}"
        fix = f'move the entry "{model}" that you mean to the front'
    else:
        return
    yield Finding("QL615", message, source.place(MODEL_URL), fix)


def _at(url: str) -> str:
    return f"the one at {shown(url)}" if url else "the one without a baseUrl"


def sealed(subject: Subject) -> Iterator[Finding]:
    """Report a model.generationConfig that the selected model ignores."""
    selection = subject.compilation.selection
    source = highest(subject.sources, GENERATION_CONFIG)
    ignored = merged(subject.sources, GENERATION_CONFIG)
    if selection.kind != "provider" or source is None or not ignored:
        return
    model = shown(str(selection.model))
    message = f"{model} is defined in modelProviders, so it ignores model.generationConfig"
    place = source.place(GENERATION_CONFIG, on_key=True)
    fix = f"write the options into the generationConfig of {model}"
    yield Finding("QL608", message, place, fix)


def enforced_elsewhere(subject: Subject) -> Iterator[Finding]:
    """Report an auth type that is selected, where another one is enforced."""
    client, path = subject.client, ENFORCED_TYPE
    source, enforced = highest(subject.sources, path), merged(subject.sources, path)
    selected = merged(subject.sources, AUTH_TYPE)
    if not client.enforces_auth_type or source is None or not isinstance(enforced, str):
        return
    if not enforced or not isinstance(selected, str) or not selected:
        return
    if references(selected) or references(enforced):
        return  # they can be the same
    used = _protocol(subject) or selected
    if enforced == used:
        return
    message = f"{shown(enforced)} is enforced, but {shown(selected)} is selected"
    if used != selected:
        model = shown(str(subject.compilation.selection.model))
        message = f"{shown(enforced)} is enforced, but {model} is a model of {used}, by its wireApi"
    fix = f"select {shown(enforced)} in security.auth.selectedType, or remove enforcedType"
    yield Finding("QL613", message, source.place(path), fix)


def _protocol(subject: Subject) -> str | None:
    """Return the auth type of the model that is selected, as its `wireApi` makes it."""
    selected = subject.compilation.selection
    models = [each.model for each in subject.compilation.entries if not each.skipped]
    routes = [model.route for model in models]
    index = chosen(routes, selected.route, subject.client) if selected.kind == "provider" else None
    return None if index is None else routes[index].protocol


def undecided_here(subject: Subject) -> Iterator[Finding]:
    """Report the model that an undecided selection means with the variables that are set here."""
    if not subject.world.env or subject.compilation.selection.kind != "undecided":
        return
    source = highest(subject.sources, MODEL) or highest(subject.sources, AUTH_TYPE)
    path = MODEL if source and source.has(MODEL) else AUTH_TYPE
    place = source.place(path) if source else None
    is_ambiguous = any(each.code == "QL615" for each in subject.compilation.findings)
    here = subject.project
    resolution = resolve(subject.sources, here.values(), subject.client, filling=here.filling())
    message = _outcome(resolution, is_ambiguous=is_ambiguous)
    yield Finding("QL614", message, place)


def _outcome(resolution: Resolution, *, is_ambiguous: bool) -> str:
    """Return what a client does with the variables that are set here; never a key."""
    if resolution.kind is None:
        return "here no auth type is selected, so the client asks for a login"
    model = resolution.fields["model"].value
    name = f"{resolution.auth_type}/{shown(str(model))}" if model else str(resolution.auth_type)
    if resolution.kind != "runtime":
        first = ", the first entry" if resolution.is_first else ""
        if is_ambiguous and (url := resolution.fields["baseUrl"].value):
            first = f" at {shown(str(url))}"
        return f"here the client uses {name}{first}"
    keyless = "; it has no key" if "apiKey" in resolution.missing else ""
    return f"here the client uses {name}, a runtime model{keyless}"


def _name(subject: Subject) -> str:
    """Return what messages call the client."""
    return "the guide" if subject.client.name == GUIDE else f"Qwen Code {subject.client.name}"
