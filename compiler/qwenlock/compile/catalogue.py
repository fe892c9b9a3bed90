"""The catalogue: the models that the owning scope's `modelProviders` give, in order.

Guide, Overview and Supported Auth Types; How Qwen Code reads settings, "Models".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from qwenlock.clients.profile import PROTOCOLS_SINCE
from qwenlock.compile.entries import EntryReader
from qwenlock.findings.finding import Finding
from qwenlock.lock.model import Model
from qwenlock.plans.collection import Plans
from qwenlock.settings.scopes import PROTOCOLS, highest, merged, owner, protocols
from qwenlock.text.credentials import shown
from qwenlock.text.similar import suggestion

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from qwenlock.clients.profile import Profile
    from qwenlock.plans.plan import Plan
    from qwenlock.settings.scopes import Source, Sources
    from qwenlock.text.operations import Path

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


ROOT: Path = ("modelProviders",)

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
    sources: Sources, client: Profile, plans: Sequence[Plan], report: Report
) -> tuple[Entry, ...]:
    """Return the entries of the scope that owns the catalogue, in catalogue order.

    Skipped ones are among them: they are no models, but still part of a plan.

    Args:
        sources: the scopes that have a file, low to high.
        client: whose rules hold: valid auth types, the identity of a model, required fields.
        plans: the plans that may own models.
        report: takes each finding.
    """
    owning = owner(sources)
    if owning is None:
        return ()
    providers = owning.settings["modelProviders"]
    if not isinstance(providers, dict):
        place = owning.place(ROOT)
        report(Finding("QL201", "modelProviders must be an object", place, "write { }"))
        return ()
    builder = _Builder(sources, owning, client, plans, report)
    return tuple(
        entry
        for provider, entries in providers.items()
        for entry in builder.read(provider, entries)
    )


def settings_entry(model: Model) -> dict[str, Any]:
    """Return the settings entry that `model` came from, equal as a JSON value."""
    own = {field: getattr(model, name) for field, name in _OWN_FIELDS.items()}
    return {field: value for field, value in own.items() if value is not None} | model.fields


class _Builder:
    """Reads the providers of one scope, one after the other; several may be of one auth type."""

    def __init__(
        self,
        sources: Sources,
        owning: Source,
        client: Profile,
        plans: Sequence[Plan],
        report: Report,
    ) -> None:
        self._sources = sources
        self._owning = owning
        self._client = client
        self._plans = Plans.of(plans)
        self._report = report
        self._protocols = protocols(sources, client)
        self._reader = EntryReader(client, report, owning.place)
        self._first: dict[tuple[str, str, str | None], Path] = {}

    def read(self, provider: str, entries: Any) -> list[Entry]:
        """Return the entries under `provider`, a key of modelProviders."""
        auth_type = self._auth_type(provider)
        if auth_type is None:
            return []
        path = (*ROOT, provider)
        if not isinstance(entries, list):
            message = f"{shown(provider)} must hold an array of models"
            self._report(Finding("QL204", message, self._owning.place(path), "write [ … ]"))
            return []
        read = (self._entry(auth_type, raw, (*path, at)) for at, raw in enumerate(entries))
        return [entry for entry in read if entry is not None]

    def _entry(self, auth_type: str, raw: Any, path: Path) -> Entry | None:
        canonical = self._reader.read(auth_type, raw, path)
        if canonical is None:
            return None
        url = canonical.get("baseUrl") if self._client.identity_has_url else None
        identity = (auth_type, canonical["id"], url)
        first = self._first.setdefault(identity, path)
        if first != path:
            self._report_duplicate(canonical["id"], url, first, path)
        provider = str(path[-2])
        owner = self._plans.owner(provider, canonical) if provider == auth_type else None
        model = _model(auth_type, provider, canonical, owner.id if owner else CUSTOM, self._owning)
        return Entry(model, raw, canonical, path, skipped=first != path)

    def _auth_type(self, provider: str) -> str | None:
        """Return the auth type that `provider` stands for; None where its models are skipped."""
        auth_type = self._protocols.get(provider, provider)
        place = self._owning.place((*ROOT, provider), on_key=True)
        if auth_type == "qwen-oauth":
            message = "qwen-oauth models are built in; these are ignored"
            self._report(Finding("QL203", message, place, "remove them"))
            return None
        if auth_type in self._client.auth_types:
            return str(auth_type)
        if provider in self._protocols:
            self._report_protocol(provider, auth_type)
            return None
        message = f'"{shown(provider)}" is no auth type; its models are skipped'
        self._report(Finding("QL202", message, place, self._fix(provider)))
        return None

    def _report_protocol(self, provider: str, auth_type: object) -> None:
        path = (PROTOCOLS, provider)
        source = highest(self._sources, path) or self._owning
        message = (
            f'providerProtocol takes "{shown(provider)}" for no auth type; its models are skipped'
        )
        near = suggestion(str(auth_type), self._client.auth_types)
        self._report(Finding("QL202", message, source.place(path), near or self._known()))

    def _fix(self, provider: str) -> str:
        auth_types = self._client.auth_types
        mapped = merged(self._sources, (PROTOCOLS, provider))
        if mapped in auth_types and mapped != "qwen-oauth":  # and this client does not read it
            return (
                f"providerProtocol makes it {mapped} from Qwen Code {PROTOCOLS_SINCE} on: add "
                f"--client {PROTOCOLS_SINCE}.0 or later, or move its models to {mapped}"
            )
        mappable = (
            ", or map it to one in providerProtocol" if self._client.provider_protocols else ""
        )
        return suggestion(provider, auth_types) or self._known() + mappable

    def _known(self) -> str:
        known = ", ".join(name for name in self._client.auth_types if name != "qwen-oauth")
        return f"use one of {known}"

    def _report_duplicate(self, name: str, url: str | None, first: Path, again: Path) -> None:
        both = f"{shown(name)} at {shown(url)}" if url else shown(name)
        line = self._owning.place((*first, "id")).position().line
        message = f'a second "{both}"; the first, on line {line}, wins and this one is skipped'
        fix = "remove one of the two; the id is what the API is sent, so it cannot be varied"
        self._report(Finding("QL209", message, self._owning.place((*again, "id")), fix))


def _model(
    auth_type: str, provider: str, canonical: dict[str, Any], origin: str, source: Source
) -> Model:
    rest = {
        field: value
        for field, value in canonical.items()
        if field not in _OWN_FIELDS or value is None or (not value and field == "envKey")
    }
    return Model(
        auth_type=auth_type,
        provider=provider if provider != auth_type else None,
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
