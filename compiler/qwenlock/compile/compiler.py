"""Settings and plans to a lock: the whole way, as one function without effects.

Scopes → merge → catalogue ← plans → selection → lock.
"""

from __future__ import annotations

import json
from io import BytesIO
from json.encoder import encode_basestring_ascii
from typing import TYPE_CHECKING, Any

from qwenlock.clients.other_models import other_models
from qwenlock.clients.scopes import WRITABLE
from qwenlock.compile import installed_plans
from qwenlock.compile.catalogue import build
from qwenlock.compile.entries import canonical
from qwenlock.compile.environment import environment
from qwenlock.compile.hiding import report_hidden, report_in_use
from qwenlock.compile.reading import read
from qwenlock.compile.selection import (
    API_KEY,
    AUTH_TYPE,
    BASE_URL,
    ENFORCED_TYPE,
    GENERATION_CONFIG,
    MODEL,
    MODEL_URL,
)
from qwenlock.findings.finding import Finding
from qwenlock.findings.repair import Repair
from qwenlock.lock.model import Input, InstalledPlan, Lock, Model, Selection
from qwenlock.lock.options import Options
from qwenlock.lock.text import digest
from qwenlock.plans.collection import Plans
from qwenlock.settings.providers import providers_in
from qwenlock.settings.scopes import (
    CURRENT_VERSION,
    PROTOCOLS,
    PROVIDERS,
    Sources,
    contribution,
    owner,
)
from qwenlock.settings.values import version_of
from qwenlock.text.credentials import (
    is_credential,
    is_variable_name,
    is_variable_of_a_key,
    references,
)
from qwenlock.text.document import BOM, Place
from qwenlock.text.marks import allows_a_literal
from qwenlock.text.placeholders import is_placeholder
from qwenlock.text.record import dataclass, replace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from collections.abc import Set as AbstractSet

    from qwenlock.clients.profile import Profile
    from qwenlock.compile.catalogue import Entry
    from qwenlock.compile.reading import Reading
    from qwenlock.findings.rules import Severity
    from qwenlock.lock.model import Merge
    from qwenlock.lock.previous import RecordedLock
    from qwenlock.plans.plan import Plan
    from qwenlock.settings.project import Project

    Report = Callable[[Finding], None]


NEWEST_VERSION = 5
"""The highest settings version that is known."""


_MIGRATE = "run `qwenlock migrate --only settings-version`"
_UNWRAP = 'first put the "models" of each provider in its place'
_MIGRATE_DOWN = f"{_MIGRATE[:-1]} --to-settings-version {CURRENT_VERSION}`"
"""The client leaves the file as it is; `migrate` does so too, unless it is told the version."""
_UPGRADE = f'upgrade qwenlock; if no release knows it, write "$version": {CURRENT_VERSION}'


@dataclass(frozen=True, slots=True)
class Compilation:
    """The result of compiling.

    Attributes:
        lock: the lock, or None if a finding is an error.
        findings: all findings about the settings.
        hidden: the models of lower scopes that REPLACE hides, as `auth-type/id`.
        entries: the entries of the catalogue, skipped ones too.
        selection: the auth type and model that the settings select.
        plans: the plans whose models are among the entries.
    """

    lock: Lock | None
    findings: tuple[Finding, ...]
    hidden: tuple[str, ...]
    entries: tuple[Entry, ...]
    selection: Selection
    plans: tuple[InstalledPlan, ...]


def compile_project(project: Project) -> Compilation:
    """Compile a project; the findings include those about its directory."""
    compilation = compile_lock(
        project.sources,
        project.plans,
        project.client,
        project.places.options,
        project.previous,
        project.merge,
        project.configuration.allow_literals,
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
    previous: RecordedLock | None = None,
    merge: Merge = "replace",
    allowed: Sequence[str] = (),
) -> Compilation:
    """Compile the settings of `sources` to a lock.

    Args:
        sources: the scopes that have a file, low to high.
        plans: the plans whose models are recognised.
        client: the client whose rules apply.
        options: what is recorded for `check` to repeat.
        previous: what the existing lock records. Its statement about a plan whose models have not
            changed stays, so that a new template alone does not make a lock out of date.
        merge: how scopes' modelProviders become one.
        allowed: names of headers and fields under which no text is a credential.

    Returns:
        The lock with all findings; no lock if a finding is an error.
    """
    findings: list[Finding] = []

    def report(finding: Finding) -> None:
        if finding.code != "QL401" or not _is_allowed(finding.place, allowed):
            findings.append(replace(finding, client=client))

    _report_marks(sources, client, report)
    _report_versions(sources, client, report)
    entries = build(sources, client, plans, report, merge)
    about_selection: list[Finding] = []
    reading = read(sources, entries, client, about_selection.append)
    is_bound = merge == "replace" and client.is_release
    in_use = report_in_use(reading, sources, client, report) if is_bound else ()
    hidden = report_hidden(sources, client, in_use, report) if merge == "replace" else ()
    named = {model.env_key for model in reading.models if model.env_key}
    _report_credentials(sources, named, report)
    for each in () if in_use else about_selection:
        if each.code == "QL602" and _is_unusable(reading.selection.auth_type, findings):
            continue  # the error says why there are no models
        left_out = each.code == "QL611" and options is not None and options.user is False
        report(_left_to_users(each) if left_out else each)
    recognised = installed_plans.recognise(reading.entries, plans, sources, client, report)
    compilation = Compilation(
        None, tuple(findings), hidden, reading.entries, reading.selection, recognised
    )
    if any(finding.level == "error" for finding in findings):
        return compilation
    offered = [entry for entry in reading.entries if not entry.skipped]
    lock = Lock(
        client=client.name,
        merge=merge,
        options=options or Options(),
        selection=reading.selection,
        inputs=tuple(_inputs(sources, reading, client)),
        plans=tuple(_as_before(plan, previous, plans) for plan in recognised),
        models=reading.models,
        other_models=reading.others,
        environment=environment(offered, reading.selection, sources, client),
    )
    return replace(compilation, lock=lock)


def _is_unusable(auth_type: str | None, findings: Sequence[Finding]) -> bool:
    """Tell whether an error is about the models of an auth type."""
    models = (*PROVIDERS, auth_type)
    return any(
        each.level == "error" and each.place is not None and each.place.path[:2] == models
        for each in findings
    )


def _is_allowed(place: Place | None, names: Sequence[str]) -> bool:
    """Tell whether a comment or the configuration says that no credential stands at `place`."""
    if place is None:
        return False
    steps = [step.lower() for step in place.path if isinstance(step, str)]
    return (bool(steps) and steps[-1] in map(str.lower, names)) or allows_a_literal(place)


def _left_to_users(finding: Finding) -> Finding:
    """Return the finding that nothing is selected, for a lock that leaves out users' settings.

    Selecting something in the project would override each user's own choice.
    """
    message = "no auth type is selected here: each user's own settings and variables decide"
    fix = "set security.auth.selectedType and model.name, if all users should have the same model"
    return replace(finding, message=message, fix=fix)


def _report_marks(sources: Sources, client: Profile, report: Report) -> None:
    """Report byte-order marks: an error for a release that would stop, or reset the file."""
    for source in sources:
        if source.document.original.startswith(BOM) and not client.reads_bom:
            message = "the file begins with a byte-order mark"
            fix = "run `qwenlock lint --fix`, or save it as UTF-8 without one"
            severity: Severity | None = None if client.is_release else "note"
            place = Place(source.document, at=(1, 1))
            report(Finding("QL117", message, place, fix, severity, Repair(unmarks=True)))


def _report_versions(sources: Sources, client: Profile, report: Report) -> None:
    """Report files that a client would migrate, and files of an unknown, newer client.

    A file in which only the version number would change does not count.
    """
    for source in sources:
        version = version_of(source.document.value)
        place = source.document.place(("$version",))
        changes = any(each.path != ("$version",) for each in source.operations)
        if version is None and changes:
            message = f"settings without a version; compiled as version {CURRENT_VERSION}"
            found = providers_in(source, sources, client)
            is_wrapped = any(isinstance(each.value, dict) for each in found)
            fix = _UNWRAP if is_wrapped else _MIGRATE  # which may refuse to unwrap them
            report(Finding("QL106", message, source.document.place(()), fix))
        elif version is not None and changes and _is_old(version, client):
            message = f"settings version {_short(version)}; compiled as version {CURRENT_VERSION}"
            report(Finding("QL106", message, place, _MIGRATE))
        elif version == NEWEST_VERSION and changes:
            message = f"settings version {NEWEST_VERSION}; compiled as version {CURRENT_VERSION}"
            report(Finding("QL106", message, place, _MIGRATE_DOWN))
        elif version is not None and version > NEWEST_VERSION:
            message = f"settings version {_short(version)} is newer than {NEWEST_VERSION}"
            report(Finding("QL107", message, place, _UPGRADE))


def _is_old(version: float, client: Profile) -> bool:
    """Tell whether a client migrates a file of a version; the newest is one of a few releases."""
    target = client.settings_version
    return version < target or (version == NEWEST_VERSION and target == CURRENT_VERSION)


def _short(version: float) -> str:
    return f"{version:g}" if abs(version) <= 2**53 else "beyond 2^53"


def _as_before(
    plan: InstalledPlan, previous: RecordedLock | None, plans: Sequence[Plan]
) -> InstalledPlan:
    """Return `plan` as `previous` has it, if its models are the same.

    A version stays only if a release of that version has these models, even if the template is now
    named after another release.
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


def _report_credentials(sources: Sources, named: AbstractSet[str], report: Report) -> None:
    """Report settings that keep credentials where the guide advises against it.

    Args:
        sources: the scopes that have a file, low to high.
        named: the variables that models read their keys from.
        report: takes the findings.
    """
    for source in sources:
        for path in (API_KEY, BASE_URL):
            if source.has(path):
                message = f"{'.'.join(map(str, path))} is deprecated"
                fix = "run `qwenlock migrate`, which turns it into a modelProviders entry"
                if source.scope not in WRITABLE:
                    fix = f"ask the owner of {source.document.label} to use modelProviders instead"
                report(Finding("QL403", message, source.place(path, on_key=True), fix))
        environment = source.settings.get("env")
        for name, value in environment.items() if isinstance(environment, dict) else ():
            if isinstance(value, str) and value and not references(value):
                place = source.place(("env", name), on_key=True)
                can_move = source.scope in WRITABLE and is_variable_name(name)
                finding = _in_clear_text(name, value, place, is_named=name in named)
                by_hand = "put it in a .env file, and remove it here"
                is_key = finding.level == "warning"
                report(replace(finding, fix=by_hand) if is_key and not can_move else finding)


def _in_clear_text(name: str, value: str, place: Place, *, is_named: bool) -> Finding:
    """Return a finding about a value in settings.env: a note if it is not a key."""
    if not (is_named or is_variable_of_a_key(name) or is_credential(value, name)):
        return Finding(
            "QL404", "settings.env contains a value that is not a key", place, None, "note"
        )
    if is_placeholder(value):
        message = "settings.env contains a placeholder for a key"
        return Finding("QL404", message, place, "put the key in a .env file", "note")
    fix = "run `qwenlock migrate --env-secrets`, which moves it to a .env file"
    return Finding("QL404", "settings.env contains a key in clear text", place, fix)


def _inputs(sources: Sources, reading: Reading, client: Profile) -> Iterator[Input]:
    """Yield the sources that the lock depends on, each with a digest of what it contributes.

    The digest is of the canonical form, with keys sorted at every depth.
    """
    owning = owner(sources)
    offered = [entry for entry in reading.entries if not entry.skipped]
    for index, source in enumerate(sources):
        parts = {
            name: iter([_as_json(value)])
            for name, value in _contributions(sources, index, reading, client).items()
        }
        own = [entry for entry in offered if entry.source is source]
        if own or source is owning:
            parts["modelProviders"] = _catalogue_as_json(own)
        if parts:
            text = BytesIO()  # in pieces: it can be as large as the file
            for number, name in enumerate(sorted(parts)):
                text.write(f"{',' if number else '{'}{_as_json(name)}:".encode())
                text.writelines(map(str.encode, parts[name]))
            text.write(b"}")
            yield Input(scope=source.scope, path=source.path, digest=digest(text.getbuffer()))


def _as_json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), check_circular=False)


def _catalogue_as_json(entries: Sequence[Entry]) -> Iterator[str]:
    """Give an array of entries as JSON, each with its kind; equal objects are encoded once."""
    seen: dict[int, str] = {}  # compiling makes equal objects of a catalogue one
    names: dict[str, str] = {}
    sign = "["
    for entry in entries:
        fields = []
        for name, value in entry.canonical.items():
            if name not in names:
                names[name] = f"{_as_json(name)}:"
            if isinstance(value, str):
                fields.append(names[name] + encode_basestring_ascii(value))
                continue
            if id(value) not in seen:
                seen[id(value)] = _as_json(value)
            fields.append(names[name] + seen[id(value)])
        yield f"{sign}[{_kind(entry.model)},{{{','.join(fields)}}}]"
        sign = ","
    yield "]" if entries else "[]"


def _kind(model: Model) -> str:
    """Return a model's auth type, and its provider where that is another, as JSON."""
    kind = encode_basestring_ascii(model.auth_type)
    return kind if model.provider is None else f"{kind},{encode_basestring_ascii(model.provider)}"


def _contributions(
    sources: Sources, index: int, reading: Reading, client: Profile
) -> dict[str, Any]:
    """Return what source `index` contributes besides the catalogue; never a key."""
    consulted = [AUTH_TYPE, MODEL, ENFORCED_TYPE]
    providers = dict.fromkeys(model.provider for model in reading.models)
    consulted += [(PROTOCOLS, provider) for provider in providers if provider is not None]
    consulted += [each.path for each in other_models(client)]
    if client.selects_url:
        consulted.append(MODEL_URL)
    if reading.selection.kind in ("runtime", "undecided"):
        consulted += [BASE_URL, GENERATION_CONFIG, API_KEY]
    parts = {}
    for path in consulted:
        value = contribution(sources, index, path)
        if value is None or value == {}:
            continue
        name = ".".join(map(str, path))
        parts[name] = references(str(value)) if path == API_KEY else canonical(value)
    return parts
