"""Settings and plans to a lock: the whole way, as one function without effects.

Scopes → merge → catalogue ← plans → selection → lock.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from qwenlock.clients.profile import API_KEY_VARIABLES, Profile
from qwenlock.compile import catalogue, installed_plans
from qwenlock.compile.entries import canonical
from qwenlock.compile.selection import (
    API_KEY,
    AUTH_TYPE,
    BASE_URL,
    GENERATION_CONFIG,
    MODEL,
    MODEL_URL,
    has_literal_key,
    select,
)
from qwenlock.findings.finding import Finding
from qwenlock.lock.model import EnvironmentVariable, Input, InstalledPlan, Lock, Model, Selection
from qwenlock.lock.options import Options
from qwenlock.lock.text import digest
from qwenlock.plans.collection import Plans
from qwenlock.settings.scopes import (
    CURRENT_VERSION,
    PROTOCOLS,
    Source,
    Sources,
    contribution,
    owner,
    protocols,
)
from qwenlock.settings.values import version_of
from qwenlock.text.credentials import references, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from qwenlock.compile.catalogue import Entry
    from qwenlock.lock.previous import Recorded
    from qwenlock.plans.plan import Plan
    from qwenlock.settings.project import Project

    Report = Callable[[Finding], None]


NEWEST_VERSION = 5
"""The highest settings version that is known."""


_MIGRATE = "run `qwenlock migrate --only settings-version`"


@dataclass(frozen=True, slots=True)
class Compilation:
    """What compiling gives.

    Attributes:
        lock: the lock, or None where an error finding stands in its way.
        findings: everything there is to say about the settings.
        hidden: the models of lower scopes that REPLACE hides, as `auth-type/id`.
        entries: the entries of the catalogue, skipped ones too.
        selection: the auth type and model that the settings select.
        plans: the plans whose models are among the entries.
    """

    lock: Lock | None
    findings: tuple[Finding, ...]
    hidden: tuple[str, ...]
    entries: tuple[catalogue.Entry, ...]
    selection: Selection
    plans: tuple[InstalledPlan, ...]


def compile_project(project: Project) -> Compilation:
    """Compile a project; what there is to say about its directory is among the findings."""
    compilation = compile_lock(
        project.sources, project.plans, project.client, project.places.options, project.previous
    )
    if not project.places.home_is_project:
        return compilation
    about = Finding("QL303", "this is the home directory: its settings are the user scope")
    return replace(compilation, findings=(*compilation.findings, about))


def compile_lock(
    sources: Sources,
    plans: Sequence[Plan],
    client: Profile,
    options: Options | None = None,
    previous: Recorded | None = None,
) -> Compilation:
    """Compile the settings of `sources` to a lock.

    Args:
        sources: the scopes that have a file, low to high.
        plans: the plans whose models are recognised.
        client: whose rules hold.
        options: what is recorded for `check` to repeat.
        previous: what the lock there is records. What it says of a plan whose models have not
            changed stays, so that a new template version alone makes no lock stale.

    Returns:
        The lock with all findings; no lock where a finding is an error.
    """
    findings: list[Finding] = []

    def report(finding: Finding) -> None:
        findings.append(replace(finding, client=client))

    _report_versions(sources, report)
    owning = owner(sources)
    entries = catalogue.build(sources, client, plans, report)
    offered = [entry for entry in entries if not entry.skipped]
    models = tuple(entry.model for entry in offered)
    hidden = _report_hidden(sources, owning, client, report)
    _report_credentials(sources, report)
    selection = select(sources, models, client, report)
    recognised = installed_plans.recognise(entries, owning, plans, report) if owning else ()
    compilation = Compilation(None, tuple(findings), hidden, entries, selection, recognised)
    if any(finding.level == "error" for finding in findings):
        return compilation
    lock = Lock(
        client=client.name,
        options=options or Options(),
        selection=selection,
        inputs=tuple(_inputs(sources, owning, offered, selection, client)),
        plans=tuple(_as_before(plan, previous, plans) for plan in recognised),
        models=models,
        environment=_environment(offered, selection, sources),
    )
    return replace(compilation, lock=lock)


def _report_versions(sources: Sources, report: Report) -> None:
    """Say which files a client would migrate, and which are from a client that is not known."""
    for source in sources:
        version = version_of(source.document.value)
        place = source.document.place(("$version",))
        if version is None and any(each.path != ("$version",) for each in source.operations):
            message = f"settings without a version; compiled as version {CURRENT_VERSION}"
            report(Finding("QL106", message, source.document.place(()), _MIGRATE))
        elif version is not None and (version < 3 or version == NEWEST_VERSION):
            message = f"settings version {_short(version)}; compiled as version {CURRENT_VERSION}"
            report(Finding("QL106", message, place, _MIGRATE))
        elif version is not None and version > NEWEST_VERSION:
            message = f"settings version {_short(version)} is newer than {NEWEST_VERSION}"
            report(Finding("QL107", message, place, "upgrade qwenlock"))


def _short(version: float) -> str:
    return f"{version:g}" if abs(version) < 2**53 else "beyond every limit"


def _as_before(
    plan: InstalledPlan, previous: Recorded | None, plans: Sequence[Plan]
) -> InstalledPlan:
    """Return `plan` as `previous` has it where its models are the same.

    A version stays only if it is as good: a release that has these models, though a template is
    named after another one.
    """
    for before in previous.plans if previous else ():
        same = (before.id, before.region, before.digest) == (plan.id, plan.region, plan.digest)
        if not same or before.version == plan.version:
            continue
        if before.version is None or plan.version is None:
            return before
        known = Plans.of(plans).plan(plan.id)
        if known.covers(known.template(plan.version), before.version):
            return before
    return plan


def _report_hidden(
    sources: Sources, owning: Source | None, client: Profile, report: Report
) -> tuple[str, ...]:
    """Say which models of lower scopes the owning scope hides, and where it leaves none."""
    if owning is None:
        return ()
    below = sources[: sources.index(owning)]
    mapped = protocols(sources, client)
    hidden: dict[str, Source] = {
        name: source for source in below for name in _ids(source, client, mapped)
    }
    for name in _ids(owning, client, mapped) if hidden else ():
        hidden.pop(name, None)
    place = owning.place(("modelProviders",), on_key=True)
    if hidden:
        *others, last = dict.fromkeys(source.scope for source in hidden.values())
        scopes = f"{', '.join(others)} and {last} scopes" if others else f"{last} scope"
        message = (
            f"the {owning.scope} scope's modelProviders replaces that of the {scopes}: "
            f"{counted(list(hidden))} not offered"
        )
        fix = "list them here too, or keep modelProviders in the user scope only"
        report(Finding("QL301", message, place, fix))
    if _is_empty(owning, client, mapped):
        message = f"the {owning.scope} scope's modelProviders holds no model"
        fix = "remove the key to use the catalogue of lower scopes" if below else "add models"
        report(Finding("QL302", message, place, fix))
    return tuple(hidden)


def counted(names: list[str]) -> str:
    """Return the first of `names`, how many more there are, and the verb that goes with them."""
    listed = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    return f"{listed} {'is' if len(names) == 1 else 'are'}"


def _is_empty(source: Source, client: Profile, mapped: dict[str, Any]) -> bool:
    """Tell whether no auth type of `source` holds anything, be it right or wrong."""
    return isinstance(source.settings.get("modelProviders"), dict) and all(
        entries == [] for _, entries in _providers(source, client, mapped)
    )


def _providers(
    source: Source, client: Profile, mapped: dict[str, Any]
) -> Iterator[tuple[str, Any]]:
    """Give each provider of `source` that takes models, as its auth type and what it holds.

    Args:
        source: any scope.
        client: whose auth types are valid.
        mapped: what `protocols` gave.
    """
    providers = source.settings.get("modelProviders")
    for provider, entries in providers.items() if isinstance(providers, dict) else ():
        auth_type = mapped.get(provider, provider)
        if auth_type in client.auth_types and auth_type != "qwen-oauth":
            yield auth_type, entries


def _ids(source: Source, client: Profile, mapped: dict[str, Any]) -> Iterator[str]:
    for auth_type, entries in _providers(source, client, mapped):
        for entry in entries if isinstance(entries, list) else ():
            name = entry.get("id") if isinstance(entry, dict) else None
            if isinstance(name, str) and name:
                yield f"{auth_type}/{shown(name)}"


def _report_credentials(sources: Sources, report: Report) -> None:
    """Say which settings keep credentials where the guide advises against it."""
    for source in sources:
        for path in (API_KEY, BASE_URL):
            if source.has(path):
                message = f"{'.'.join(map(str, path))} is deprecated"
                fix = "run `qwenlock migrate`, which makes a modelProviders entry of it"
                report(Finding("QL403", message, source.place(path, on_key=True), fix))
        environment = source.settings.get("env")
        for name, value in environment.items() if isinstance(environment, dict) else ():
            if isinstance(value, str) and value and not references(value):
                message = "settings.env holds a value in clear text"
                fix = "run `qwenlock migrate --env-secrets`, which moves it to a .env file"
                place = source.place(("env", name), on_key=True)
                report(Finding("QL404", message, place, fix))


def _inputs(
    sources: Sources,
    owning: Source | None,
    offered: Sequence[Entry],
    selection: Selection,
    client: Profile,
) -> Iterator[Input]:
    """Give the sources that the lock depends on, each with a digest of what it contributes.

    What it contributes is canonical: its keys are sorted at every depth.
    """
    for index, source in enumerate(sources):
        parts = _contributions(sources, index, offered, selection, client)
        if source is owning:
            parts["modelProviders"] = [[*_kind(entry.model), entry.canonical] for entry in offered]
        if parts:
            ordered = dict(sorted(parts.items()))
            text = json.dumps(ordered, separators=(",", ":"), check_circular=False)
            yield Input(scope=source.scope, path=source.path, digest=digest(text.encode()))


def _kind(model: Model) -> list[str]:
    """Return a model's auth type, and its provider where that is another."""
    return [model.auth_type] if model.provider is None else [model.auth_type, model.provider]


def _contributions(
    sources: Sources,
    index: int,
    offered: Sequence[Entry],
    selection: Selection,
    client: Profile,
) -> dict[str, Any]:
    """Return what source `index` has a say in, besides the catalogue. Never a key."""
    consulted = [AUTH_TYPE, MODEL]
    providers = dict.fromkeys(entry.model.provider for entry in offered)
    consulted += [(PROTOCOLS, provider) for provider in providers if provider is not None]
    if client.selects_url:
        consulted.append(MODEL_URL)
    if selection.kind == "runtime":
        consulted += [BASE_URL, GENERATION_CONFIG, API_KEY]
    parts = {}
    for path in consulted:
        value = contribution(sources, index, path)
        if value is None or value == {}:
            continue
        name = ".".join(map(str, path))
        parts[name] = references(str(value)) if path == API_KEY else canonical(value)
    return parts


def _environment(
    offered: Sequence[Entry], selection: Selection, sources: Sources
) -> tuple[EnvironmentVariable, ...]:
    """Return every variable that models and the selection need, in the order of first use."""
    users: dict[str, dict[str, None]] = {}
    seen: dict[int, tuple[str, ...]] = {}
    for entry in offered:
        model = entry.model
        user = f"{model.auth_type}/{model.id}"
        users.setdefault(model.env_key or API_KEY_VARIABLES[model.auth_type], {})[user] = None
        for value in entry.canonical.values():
            if isinstance(value, str) and "$" not in value:
                continue
            if id(value) not in seen:  # equal objects of a catalogue are one
                seen[id(value)] = tuple(_references_in(value))
            for name in seen[id(value)]:
                users.setdefault(name, {})[user] = None
    if selection.kind == "runtime":
        needed = [selection.model, selection.base_url, selection.generation_config]
        if selection.env_key and not has_literal_key(sources):
            needed.append(f"${selection.env_key}")
        for name in _references_in(needed):
            users.setdefault(name, {})["selection"] = None
    return tuple(
        EnvironmentVariable(name=name, used_by=tuple(used)) for name, used in users.items()
    )


def _references_in(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield from references(value)
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _references_in(item)
