"""The catalogue: the models that `modelProviders` give, in order.

Guide, Overview and Supported Auth Types; How Qwen Code reads settings, "Models".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from qwenlock.clients.profile import OAUTH, PROTOCOLS_SINCE
from qwenlock.clients.route import protocol_of
from qwenlock.compile.entries import EntryReader
from qwenlock.findings.finding import Finding, Related
from qwenlock.lock.model import FIELDS, Model
from qwenlock.plans.collection import Plans
from qwenlock.settings.providers import providers
from qwenlock.settings.scopes import PROTOCOLS, PROVIDERS, highest, merged, owner, protocols
from qwenlock.text.credentials import references, shown
from qwenlock.text.operations import get
from qwenlock.text.similar import suggestion

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from qwenlock.clients.profile import Profile
    from qwenlock.clients.scopes import ScopeName
    from qwenlock.lock.model import Merge
    from qwenlock.plans.plan import Plan
    from qwenlock.settings.providers import PlacedEntry, Provider, Skipped
    from qwenlock.settings.scopes import Source, Sources
    from qwenlock.text.document import Place
    from qwenlock.text.operations import Path

    Report = Callable[[Finding], None]


class Entry(NamedTuple):
    """A model with the entry that it came from: as written, canonical, and its place.

    A `skipped` entry has the identity of an earlier model, and is not in the catalogue.
    """

    model: Model
    raw: dict[str, Any]
    canonical: dict[str, Any]
    source: Source
    path: Path
    skipped: bool = False

    def place(self, *below: str) -> Place:
        """Return the place of the entry, or of what stands `below` it."""
        return self.source.place((*self.path, *below))


CUSTOM = "custom"
"""The origin of a model that no plan owns."""

_WITHOUT_API = FIELDS.keys() - {"wireApi"}
"""The fields that a model has by name where the client reads no `wireApi`."""


def build(
    sources: Sources,
    client: Profile,
    plans: Sequence[Plan],
    report: Report,
    merge: Merge = "replace",
) -> tuple[Entry, ...]:
    """Return the entries that count, in catalogue order.

    They include skipped ones, which are not offered but may be part of a plan.

    Args:
        sources: the scopes that have a file, low to high.
        client: the client whose rules apply: auth types, the identity of a model, required fields.
        plans: the plans that may own models.
        report: takes each finding.
        merge: how scopes' modelProviders become one.
    """
    owning = owner(sources)
    if owning is None:
        return ()
    if not isinstance(get(owning.settings, PROVIDERS), dict):
        place = owning.place(PROVIDERS)
        report(Finding("QL201", "modelProviders must be an object", place, "write { }"))
        return ()
    builder = _Builder(sources, client, plans, report)
    return tuple(
        entry for provider in providers(sources, client, merge) for entry in builder.read(provider)
    )


class _Builder:
    """Reads providers, one after the other; several may be of one auth type."""

    def __init__(
        self, sources: Sources, client: Profile, plans: Sequence[Plan], report: Report
    ) -> None:
        self._sources = sources
        self._client = client
        self._plans = Plans.of(plans)
        self._report = report
        self._protocols = protocols(sources, client)
        self._readers: dict[ScopeName, EntryReader] = {}
        self._first: dict[tuple[str | None, str, str | None], Entry] = {}

    def read(self, provider: Provider) -> list[Entry]:
        """Return the entries of `provider`."""
        skipped = provider.why_skipped(self._client)
        if skipped is not None:
            self._report_skipped(provider, skipped)
            return []
        read = map(self._entry, provider.entries())
        return [entry for entry in read if entry is not None]

    def _entry(self, found: PlacedEntry) -> Entry | None:
        (source, provider, auth_type, _), path, raw = found.provider, found.path, found.value
        if source.scope not in self._readers:
            self._readers[source.scope] = EntryReader(self._client, self._report, source.place)
        canonical = self._readers[source.scope].read(auth_type, raw, path)
        if canonical is None:
            return None
        owner = self._plans.owner(provider, canonical) if provider == auth_type else None
        origin = owner.id if owner else CUSTOM
        model = self._model(auth_type, provider, canonical, origin, source)
        url = model.base_url or None if self._client.identity_has_url else None
        entry = Entry(model, raw, canonical, source, path)
        protocol = protocol_of(auth_type, model.wire_api)
        first = self._first.setdefault((protocol, model.id, url), entry)
        if first is entry:
            return entry
        self._report_duplicate(entry, url, first)
        return entry._replace(skipped=True)

    def _report_skipped(self, provider: Provider, why: Skipped) -> None:
        name, source, path = provider.name, provider.source, provider.path
        if why == "built in":
            message = "qwen-oauth models are built in; these are ignored"
            finding = Finding("QL203", message, source.place(path, on_key=True), "remove them")
        elif why == "not an array":
            message = f"{shown(name)} must be an array of models"
            wraps = isinstance(provider.value, dict) and "models" in provider.value
            fix = 'put its "models" in its place' if wraps else "write [ … ]"
            finding = Finding("QL204", message, source.place(path), fix)
        elif name in self._protocols:
            finding = self._unknown_protocol(provider)
        else:
            message = f'"{shown(name)}" is not an auth type, so its models are ignored'
            place = source.place(path, on_key=True)
            finding = Finding("QL202", message, place, self._fix(name))
        self._report(finding)

    def _unknown_protocol(self, provider: Provider) -> Finding:
        path = (PROTOCOLS, provider.name)
        source = highest(self._sources, path) or provider.source
        name = shown(provider.name)
        given = provider.auth_type
        if isinstance(given, str) and references(given):
            message = f'providerProtocol maps "{name}" to {shown(given)}, so a variable decides'
            return Finding("QL226", message, source.place(path), "write the auth type itself")
        to = f'"{shown(given)}", which' if isinstance(given, str) else "something that"
        message = (
            f'providerProtocol maps "{name}" to {to} is not an auth type, so its models are ignored'
        )
        near = suggestion(str(provider.auth_type), self._client.auth_types)
        return Finding("QL202", message, source.place(path), near or self._known())

    def _fix(self, provider: str) -> str:
        auth_types = self._client.auth_types
        mapped = merged(self._sources, (PROTOCOLS, provider))
        if mapped in auth_types and mapped != OAUTH:  # and this client does not read it
            return (
                f"providerProtocol makes it {mapped} from Qwen Code {PROTOCOLS_SINCE} on: add "
                f"--client {PROTOCOLS_SINCE}.0 or later, or move its models to {mapped}"
            )
        mappable = (
            ", or map it to one in providerProtocol" if self._client.provider_protocols else ""
        )
        return suggestion(provider, auth_types) or self._known() + mappable

    def _known(self) -> str:
        known = ", ".join(name for name in self._client.auth_types if name != OAUTH)
        return f"use one of {known}"

    def _report_duplicate(self, again: Entry, url: str | None, first: Entry) -> None:
        name = again.model.id
        both = f"{shown(name)} at {shown(url)}" if url else shown(name)
        line = first.place("id").position().line
        where = f"line {line}"
        if first.source is not again.source:
            where += f" of {first.source.document.label}"
        message = f'duplicate model "{both}": the first, on {where}, wins and this one is ignored'
        fix = "remove one of the two; do not rename the id, because it is sent to the API"
        related = (Related(first.place("id"), "the first, which wins"),)
        self._report(Finding("QL209", message, again.place("id"), fix, related=related))

    def _model(
        self, auth_type: str, provider: str, canonical: dict[str, Any], origin: str, source: Source
    ) -> Model:
        wire_api = canonical.get("wireApi")
        wire_api = wire_api if wire_api in self._client.wire_apis else None
        own = FIELDS.keys() if wire_api else _WITHOUT_API
        rest = {
            field: value
            for field, value in canonical.items()
            if field not in own or value is None or (not value and field == "envKey")
        }
        return Model(
            auth_type=auth_type,
            provider=provider if provider != auth_type else None,
            id=canonical["id"],
            name=canonical.get("name"),
            env_key=canonical.get("envKey") or None,
            base_url=canonical.get("baseUrl"),
            wire_api=wire_api,
            origin=origin,
            scope=source.scope,
            generation_config=canonical.get("generationConfig"),
            capabilities=canonical.get("capabilities"),
            fields=rest,
        )
