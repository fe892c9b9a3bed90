"""Explains a place in the settings, as Markdown, for an editor's hover.

It never holds the value of a key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwenlock.clients.other_models import other_models
from qwenlock.clients.schema import node_at, settings_schema
from qwenlock.compile.reading import read
from qwenlock.compile.selection import MODEL
from qwenlock.lint.standing import plan_standings, selected_entry, standings
from qwenlock.plans.edits import closest, edits
from qwenlock.settings.scopes import PROVIDERS
from qwenlock.settings.variables import EnvFile
from qwenlock.text.credentials import is_variable_name, shown
from qwenlock.text.foreign import code, prose
from qwenlock.text.operations import get

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qwenlock.lint.standing import Standing
    from qwenlock.lint.subject import Subject
    from qwenlock.lock.model import Model
    from qwenlock.settings.project import Project
    from qwenlock.settings.scopes import Source
    from qwenlock.settings.variables import Variable
    from qwenlock.text.operations import Path

_MOST = 5
"""How many edits of a plan's model are named."""


def about(subject: Subject, source: Source, path: Path, *, on_key: bool) -> str | None:
    """Explain the value or the key at `path` in the file of `source`.

    Args:
        subject: what is linted.
        source: the scope whose file it is.
        path: the way to the value in the file, or to the key.
        on_key: it is about the key.
    """
    standing = _standing_at(subject, source, path)
    if standing is not None:
        return "\n\n".join(_of_model(subject, standing))
    paragraphs = list(_of_path(subject, source, path, on_key=on_key))
    said = description(subject, source, path, on_key=on_key)
    return "\n\n".join([*paragraphs, *([said] if said else [])]) or None


def description(subject: Subject, source: Source, path: Path, *, on_key: bool) -> str | None:
    """Return what the schema of settings says about a key or a value."""
    node = node_at(settings_schema(subject.client, subject.plans), path)
    said = node.get("markdownDescription") or node.get("description")
    value = None if on_key else get(source.document.value, path)
    if isinstance(value, str) and value in node.get("enum", ()) and "enumDescriptions" in node:
        return str(node["enumDescriptions"][node["enum"].index(value)])
    return str(said) if said else None


def where_set(variable: Variable) -> str:
    """Return where a variable is set, in words; never its value."""
    if variable.origin is None:
        return "the environment"
    if isinstance(variable.origin, EnvFile):
        return variable.origin.label
    return f"env in {variable.origin.document.label}"


def _standing_at(subject: Subject, source: Source, path: Path) -> Standing | None:
    """Return the status of the model whose entry, or whose id, is at `path` in the file."""
    for standing in standings(subject, source):
        place = standing.written.place().path
        if path in (place, (*place, "id")):
            return standing
    return None


def _of_model(subject: Subject, standing: Standing) -> Iterator[str]:
    entry, written = standing.entry, standing.written
    auth_type = written.provider.auth_type
    yield f"**{prose(shown(written.id))}** ({prose(str(auth_type))}): {prose(standing.words)}"
    scope = written.provider.source
    yield f"Defined in {code(scope.document.label)}, the {scope.scope} scope."
    variable = written.value.get("envKey")
    if isinstance(variable, str) and variable:
        yield _of_variable(subject.project, variable)
    if entry is None:
        return
    for installed in plan_standings(subject):
        plan = installed.plan
        own = [each for each in subject.compilation.entries if each.model.origin == plan.id]
        if plan.id != entry.model.origin or entry not in own:
            continue
        yield f"From the plan {prose(installed.words())}."
        region = plan.regions[installed.installed.region]
        models = [each.raw for each in own]
        version = installed.version
        template = plan.template(version) if version else closest(plan, region, models)
        if template is not None and region.name in template.digests:
            found = edits(models, plan.models(template, region))
            changed = [prose(shown(each.what)) for each in found if each.model == entry.model.id]
            if changed:
                yield f"Differs from the template {template.version}: {', '.join(changed[:_MOST])}."


def _of_variable(project: Project, name: str) -> str:
    if not is_variable_name(name):
        return "`envKey` must be the name of a variable, not a key."
    variable = project.variables().get(name)
    where = "not set"
    if variable is not None:
        place = where_set(variable)
        where = f"set in {code(place) if variable.origin else place}"
    return f"Its key is in {code(name)}, which is {where}."


def _of_path(subject: Subject, source: Source, path: Path, *, on_key: bool) -> Iterator[str]:
    """Yield what is special about a path: a selection, another model, a variable."""
    if source.place(MODEL).path == path:
        yield from _of_selection(subject)
    for setting in other_models(subject.client):
        if path[: len(setting.path)] == setting.path:
            yield from _of_other_models(subject, ".".join(setting.path))
    value = get(source.document.value, path)
    if path[:1] == PROVIDERS and path[-1] == "envKey" and isinstance(value, str) and not on_key:
        yield _of_variable(subject.project, value)


def _of_selection(subject: Subject) -> Iterator[str]:
    selection = subject.compilation.selection
    entry = selected_entry(subject)
    if entry is not None:
        yield f"Selects {_named(entry.model)}, defined in {code(entry.source.document.label)}."
    elif selection.kind == "undecided":
        yield "The settings alone do not decide the model: it depends on environment variables."
    elif selection.kind == "built-in":
        yield f"Selects {prose(shown(str(selection.model)))}, a model built into Qwen Code."
    elif selection.model is not None:
        name = prose(shown(selection.model))
        yield f"No entry defines {name}: it is a runtime model, made from variables and settings."


def _of_other_models(subject: Subject, setting: str) -> Iterator[str]:
    compilation = subject.compilation
    reading = read(subject.sources, compilation.entries, subject.client, lambda _: None)
    for other in reading.others:
        if other.setting.startswith(setting):
            model = reading.model(other.route) if other.model else None
            name = f" ({prose(other.name)})" if other.name else ""
            yield f"{other.role}{name}: {_named(model) if model else 'no entry is used'}."


def _named(model: Model) -> str:
    at = f" at {prose(shown(model.base_url))}" if model.base_url else ""
    return f"**{prose(shown(model.id))}** ({prose(model.auth_type)}){at}"
