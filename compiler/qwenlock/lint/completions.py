"""The names and values that an editor can offer at a place in the settings."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

from qwenlock.clients.other_models import other_models
from qwenlock.clients.schema import node_at, settings_schema
from qwenlock.compile.selection import AUTH_TYPE, MODEL
from qwenlock.lint.about import where_set
from qwenlock.settings.scopes import PROVIDERS, merged
from qwenlock.text.credentials import is_variable_name, is_variable_of_a_key, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qwenlock.clients.other_models import ModelSetting
    from qwenlock.lint.subject import Subject
    from qwenlock.text.cursor import Cursor

What: TypeAlias = Literal["name", "value", "model", "variable", "snippet"]

_LITERALS: dict[str, tuple[str, ...]] = {"boolean": ("true", "false"), "null": ("null",)}
_BLANKS = {"string": '"$1"', "object": "{$1}", "array": "[$1]"}
"""What is written after the name of a field, by its type; `$1` is where the cursor goes."""

_OF_SHELLS = ("PWD", "OLDPWD")
"""Variables of every shell whose names could be those of passwords."""


class Completion(NamedTuple):
    """Something that can be written.

    Attributes:
        text: the text, as JSON.
        label: what a list shows.
        what: what it is.
        detail: a few words about it.
        about: a sentence or more about it.
        snippet: the text with places for the cursor, as LSP writes them; empty if it has none.
    """

    text: str
    label: str
    what: What
    detail: str = ""
    about: str = ""
    snippet: str = ""


def completions(subject: Subject, at: Cursor) -> list[Completion]:
    """Return the completions at a place, the most likely first, without duplicates.

    Args:
        subject: what is linted, as it was when its texts were last valid.
        at: the place, in a text that need not be valid.
    """
    schema = settings_schema(subject.client, subject.plans)
    if at.on_key:
        found = list(_names(node_at(schema, at.path[:-1]), at))
    else:
        found = [*_known(subject, at), *_values(node_at(schema, at.path))]
    once: dict[str, Completion] = {}
    for each in found:
        once.setdefault(each.text, each)
    return list(once.values())


def _names(node: dict[str, Any], at: Cursor) -> Iterator[Completion]:
    for name, inner in node.get("properties", {}).items():
        if name in at.siblings:
            continue
        key = json.dumps(name)
        about = inner.get("deprecationMessage") or inner.get("description", "")
        types = inner.get("type", "object" if "$ref" in inner or "anyOf" in inner else "")
        kind = types if isinstance(types, str) else types[0]
        text = key if at.has_colon else f"{key}: "
        blank = "" if at.has_colon else f"{_escaped(key)}: {_BLANKS.get(kind, '$1')}"
        yield Completion(text, name, "name", kind, about, blank)


def _values(node: dict[str, Any]) -> Iterator[Completion]:
    """Yield the values that the schema names, and those that the type allows."""
    said = node.get("enumDescriptions", ())
    for index, value in enumerate(node.get("enum", ())):
        yield _value(value, about=said[index] if index < len(said) else "")
    types = node.get("type", ())
    for kind in (types,) if isinstance(types, str) else types:
        for literal in _LITERALS.get(kind, ()):
            yield Completion(literal, literal, "value")
    for value in node.get("examples", ()):
        yield _value(value)
    for snippet in node.get("items", {}).get("defaultSnippets", ()):  # an element of the array
        yield _snippet(snippet, brackets=True)
    for snippet in node.get("defaultSnippets", ()):
        yield _snippet(snippet)


def _value(value: Any, about: str = "") -> Completion:
    text = json.dumps(value, ensure_ascii=False)
    return Completion(text, text if not isinstance(value, str) else value, "value", about=about)


def _snippet(snippet: dict[str, Any], *, brackets: bool = False) -> Completion:
    """Return the snippet that the schema offers; `${1:…}` are places for the cursor."""
    body = json.dumps([snippet["body"]] if brackets else snippet["body"], indent=2)
    plain = _without_places(snippet["body"])
    text = json.dumps([plain] if brackets else plain, indent=2)
    label = f"[{snippet['label']}]" if brackets else snippet["label"]
    return Completion(text, label, "snippet", about=snippet.get("description", ""), snippet=body)


def _without_places(body: Any) -> Any:
    match body:
        case str() if body.startswith("${"):
            return body.partition(":")[2].removesuffix("}")
        case dict():
            return {name: _without_places(value) for name, value in body.items()}
        case list():
            return [_without_places(value) for value in body]
        case _:
            return body


def _known(subject: Subject, at: Cursor) -> Iterator[Completion]:
    """Yield the values that come from the settings and variables of this machine."""
    if at.path == MODEL:
        yield from _models(subject, merged(subject.sources, AUTH_TYPE))
    for setting in other_models(subject.client):
        whole = setting.form == "map"
        if (
            at.path[: len(setting.path)] == setting.path
            and len(at.path) == len(setting.path) + whole
        ):
            yield from _other(subject, setting)
    if at.path[:1] == PROVIDERS and at.path[-1:] == ("envKey",):
        yield from _variables(subject)


def _models(subject: Subject, auth_type: Any) -> Iterator[Completion]:
    """Yield the models that can be selected: those of the selected auth type, if there is one."""
    entries = [each for each in subject.compilation.entries if not each.skipped]
    own = [each for each in entries if each.model.route.protocol == auth_type]
    for entry in own or entries:
        model = entry.model
        if shown(model.id) == model.id:
            text = json.dumps(model.id, ensure_ascii=False)
            yield Completion(text, model.id, "model", model.auth_type, model.name or "")


def _other(subject: Subject, setting: ModelSetting) -> Iterator[Completion]:
    for word in setting.words:
        yield Completion(json.dumps(word), word, "value")
    selected = merged(subject.sources, AUTH_TYPE) if setting.search == "selected" else None
    yield from _models(subject, selected)


def _variables(subject: Subject) -> Iterator[Completion]:
    """Yield the names of the variables that hold keys here; never their values."""
    for name, variable in sorted(subject.project.variables().items()):
        if name not in _OF_SHELLS and is_variable_of_a_key(name) and is_variable_name(name):
            yield Completion(json.dumps(name), name, "variable", f"set in {where_set(variable)}")


def _escaped(text: str) -> str:
    """Return a text for a snippet, in which `$` begins a place for the cursor."""
    return text.replace("\\", "\\\\").replace("$", "\\$").replace("}", "\\}")
