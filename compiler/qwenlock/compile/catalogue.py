"""The catalogue: the models that the owning scope's `modelProviders` give, in order.

Guide, Overview and Supported Auth Types; CLIENT.md, modelProviders.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from qwenlock.compile.entries import EntryReader, suggestion
from qwenlock.credentials import shown
from qwenlock.findings import Finding
from qwenlock.lockfile.model import Model

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from qwenlock.clients.profile import Profile
    from qwenlock.compile.scopes import Source
    from qwenlock.documents.operations import Path
    from qwenlock.plans.plan import Plan

    Report = Callable[[Finding], None]


class Entry(NamedTuple):
    """A model with the entry it came from: as it stands, canonical, and where.

    One that is `skipped` has the identity of a model before it, and is not in the catalogue.
    """

    model: Model
    raw: dict[str, Any]
    canonical: dict[str, Any]
    path: Path
    skipped: bool = False


CUSTOM = "custom"
"""The origin of a model that no plan owns."""

_OWN_FIELDS = {
    "id": "id",
    "name": "name",
    "envKey": "env_key",
    "baseUrl": "base_url",
    "generationConfig": "generation_config",
    "capabilities": "capabilities",
}
"""The fields of an entry that a lock's model has by name."""


def build(
    source: Source, client: Profile, plans: Sequence[Plan], report: Report
) -> tuple[Entry, ...]:
    """Return the entries of `source`, the scope that owns the catalogue, in catalogue order.

    Skipped ones are among them: they are no models, but still part of a plan.

    Args:
        source: a scope whose settings have `modelProviders`.
        client: whose rules hold: valid auth types, the identity of a model, required fields.
        plans: the plans that may own models.
        report: takes each finding.
    """
    providers = source.settings["modelProviders"]
    root: Path = ("modelProviders",)
    if not isinstance(providers, dict):
        place = source.place(root)
        report(Finding("QL201", "modelProviders must be an object", place, "write { }"))
        return ()
    result: list[Entry] = []
    for auth_type, entries in providers.items():
        path = (*root, auth_type)
        if not _is_configurable(auth_type, source, client, report):
            continue
        if not isinstance(entries, list):
            message = f"{auth_type} must hold an array of models"
            report(Finding("QL204", message, source.place(path), "write [ … ]"))
            continue
        owners = [plan for plan in plans if plan.auth_type == auth_type]
        result += _of_auth_type(entries, path, source, client, owners, report)
    return tuple(result)


def settings_entry(model: Model) -> dict[str, Any]:
    """Return the settings entry that `model` came from, equal as a JSON value."""
    own = {field: getattr(model, name) for field, name in _OWN_FIELDS.items()}
    return {field: value for field, value in own.items() if value is not None} | model.fields


def _is_configurable(auth_type: str, source: Source, client: Profile, report: Report) -> bool:
    place = source.place(("modelProviders", auth_type), on_key=True)
    if auth_type == "qwen-oauth":
        message = "qwen-oauth models are built in; these are ignored"
        report(Finding("QL203", message, place, "remove them"))
        return False
    if auth_type not in client.auth_types:
        known = ", ".join(name for name in client.auth_types if name != "qwen-oauth")
        message = f'"{shown(auth_type)}" is no auth type; its models are skipped'
        fix = suggestion(auth_type, client.auth_types) or f"use one of {known}"
        report(Finding("QL202", message, place, fix))
        return False
    return True


def _of_auth_type(
    raw_entries: list[Any],
    path: Path,
    source: Source,
    client: Profile,
    owners: Sequence[Plan],
    report: Report,
) -> list[Entry]:
    auth_type = str(path[-1])
    reader = EntryReader(client, report, source.place)
    first: dict[tuple[str, str | None], int] = {}
    result = []
    for index, raw in enumerate(raw_entries):
        canonical = reader.read(auth_type, raw, (*path, index))
        if canonical is None:
            continue
        url = canonical.get("baseUrl") if client.identity_has_url else None
        identity = (canonical["id"], url)
        if identity in first:
            report(_duplicate(identity, source, path, first[identity], index))
        skipped = first.setdefault(identity, index) != index
        origin = next((plan.id for plan in owners if plan.owns(canonical)), CUSTOM)
        model = _model(auth_type, canonical, origin, source)
        result.append(Entry(model, raw, canonical, (*path, index), skipped))
    return result


def _duplicate(
    identity: tuple[str, str | None], source: Source, path: Path, first: int, again: int
) -> Finding:
    name, url = identity
    both = f"{shown(name)} at {shown(url)}" if url else shown(name)
    line = source.place((*path, first, "id")).position().line
    message = f'a second "{both}"; the first, on line {line}, wins and this one is skipped'
    fix = "remove one of the two; the id is what the API is sent, so it cannot be varied"
    return Finding("QL209", message, source.place((*path, again, "id")), fix)


def _model(auth_type: str, canonical: dict[str, Any], origin: str, source: Source) -> Model:
    rest = {
        field: value
        for field, value in canonical.items()
        if field not in _OWN_FIELDS or value is None or (field, value) == ("envKey", "")
    }
    return Model(
        auth_type=auth_type,
        id=canonical["id"],
        name=canonical.get("name"),
        env_key=canonical.get("envKey") or None,
        base_url=canonical.get("baseUrl"),
        origin=origin,
        scope=source.scope,
        generation_config=canonical.get("generationConfig"),
        capabilities=canonical.get("capabilities"),
        fields=rest,
    )
