"""Which models of lower scopes REPLACE hides, and which of those the client uses.

Guide, Generation Config Layering (last paragraph);
How Qwen Code reads settings, "Merging".
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from qwenlock.compile.catalogue import build
from qwenlock.compile.reading import read
from qwenlock.findings.finding import Finding, Related
from qwenlock.lock.model import settings_entry
from qwenlock.settings.providers import providers_in
from qwenlock.settings.scopes import PROVIDERS, owner
from qwenlock.text.credentials import shown
from qwenlock.text.operations import get

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from qwenlock.clients.profile import Profile
    from qwenlock.clients.route import Route
    from qwenlock.clients.scopes import ScopeName
    from qwenlock.compile.reading import Reading
    from qwenlock.lock.model import Model
    from qwenlock.settings.providers import PlacedEntry, Provider
    from qwenlock.settings.scopes import Source, Sources

    Report = Callable[[Finding], None]

_RELATED = 20
"""How many hidden models a finding leads to."""


def report_hidden(
    sources: Sources, client: Profile, in_use: Sequence[str], report: Report
) -> tuple[str, ...]:
    """Report the models of lower scopes that the owning scope hides, and an empty catalogue.

    Each model is reported once: as in use, as still offered by the release, or as hidden.

    Args:
        sources: the scopes that have a file, low to high.
        client: the client whose rules apply.
        in_use: the hidden models that `report_in_use` has reported.
        report: takes the findings.

    Returns:
        The hidden models, as `auth-type/id`.
    """
    owning = owner(sources)
    if owning is None:
        return ()
    below = sources[: sources.index(owning)]
    hidden: dict[str, PlacedEntry] = {
        name: entry
        for source in below
        for provider in _taking_models(source, sources, client)
        for name, entry in _named(provider)
    }
    own = _taking_models(owning, sources, client)
    for provider in own if hidden else ():
        for name, _ in _named(provider):
            hidden.pop(name, None)
    place = owning.place(PROVIDERS, on_key=True)
    quiet = {name: entry for name, entry in hidden.items() if name not in in_use}
    held = get(owning.settings, PROVIDERS)
    offered = [
        name
        for name, entry in quiet.items()
        if client.is_release and isinstance(held, dict) and entry.provider.name not in held
    ]
    gone = [name for name in quiet if name not in offered]
    if gone:
        replaced = _replaced(owning, (quiet[name].provider.source.scope for name in gone))
        what = "not in the lock" if client.is_release else "not offered"
        by = "by the guide, " if client.is_release else ""
        message = f"{by}{replaced}: {counted(gone)} {what}"
        fix = "list them here too, or keep modelProviders in the user scope only"
        related = _related(quiet[name] for name in gone)
        report(Finding("QL301", message, place, fix, related=related))
    if offered:
        replaced = _replaced(owning, (quiet[name].provider.source.scope for name in offered))
        message = (
            f"by the guide, {replaced}: {counted(offered)} not in the lock; Qwen Code "
            f"{client.name} still offers {'it' if len(offered) == 1 else 'them'}"
        )
        fix = "run `qwenlock lock --merge client`"
        if not in_use:  # otherwise `lock` refuses, so `run` would, too
            fix = f"start the client with `qwenlock run`, or {fix}"
        related = _related(quiet[name] for name in offered)
        report(Finding("QL307", message, place, fix, related=related))
    if isinstance(held, dict) and all(value == [] for value in held.values()):
        message = f"the {owning.scope} scope's modelProviders contains no models"
        fix = "remove the key to use the catalogue of lower scopes" if below else "add models"
        report(Finding("QL302", message, place, fix))
    return tuple(hidden)


def report_in_use(
    reading: Reading, sources: Sources, client: Profile, report: Report
) -> tuple[str, ...]:
    """Report an error if REPLACE hides a model that the client uses.

    No release follows REPLACE by itself, so enforcing such a lock would send requests elsewhere.

    Args:
        reading: what the settings result in by REPLACE.
        sources: the scopes that have a file, low to high.
        client: the client whose rules apply.
        report: takes the findings.

    Returns:
        Those models, as `auth-type/id`; empty if the lock can be made.
    """
    owning = owner(sources)
    if owning is None or not any(each.has(PROVIDERS) for each in sources if each is not owning):
        return ()
    entries = build(sources, client, (), _ignore, "client")
    by_replace = {use.name: use.models for use in _uses(reading)}
    lost: dict[str, list[str]] = {}
    models: dict[str, Model] = {}
    for use in _uses(read(sources, entries, client, _ignore)):
        for model in _lost(use.models, by_replace.get(use.name, ())):
            name = f"{model.auth_type}/{shown(model.id)}"
            lost.setdefault(name, []).append(use.name)
            models[name] = model
    for name, uses in lost.items():
        replaced = _replaced(owning, [models[name].scope])
        message = f"{name} {' and '.join(uses)}, but the lock would not contain it: {replaced}"
        fix = f"run `qwenlock lock --merge client`, or copy {name} into {owning.document.label}"
        place = owning.place(PROVIDERS, on_key=True)
        where = next((each for each in entries if each.model is models[name]), None)
        related = (Related(where.place("id"), "in use, and hidden"),) if where else ()
        report(Finding("QL308", message, place, fix, related=related))
    return tuple(lost)


def _ignore(_: Finding) -> None:
    """Report nothing."""


class Use(NamedTuple):
    """The models that the client uses, and for what, in words."""

    name: str
    models: Sequence[Model]


def _uses(reading: Reading) -> Iterator[Use]:
    """Yield the uses that a client has for entries of the catalogue, as far as settings say."""
    selection = reading.selection
    if selection.kind == "undecided":
        possible = [
            model for model in reading.models if selection.auth_type in (None, model.route.protocol)
        ]
        yield Use("can be selected by variables", possible)
    elif selection.kind == "provider":
        yield Use("is selected", _found(reading, selection.route))
    named: dict[str, list[Model]] = {}
    for other in reading.others:
        if other.model is not None:
            named.setdefault(other.setting, []).extend(_found(reading, other.route))
    for setting, models in named.items():
        yield Use(f"is named by {setting}", models)


def _found(reading: Reading, route: Route) -> list[Model]:
    model = reading.model(route)
    return [] if model is None else [model]


def _lost(used: Sequence[Model], left: Sequence[Model]) -> list[Model]:
    """Return the models that a client uses, and would no longer use with those `left`."""
    requests = [_request(model) for model in left]
    lost = [model for model in used if _request(model) not in requests]
    if not lost and used and _request(used[0]) != requests[0]:
        return [used[0]]
    return lost


def _request(model: Model) -> Any:
    """Return the parts of a model that decide its requests."""
    return model.route.protocol, settings_entry(model)


def _replaced(owning: Source, scopes: Iterable[ScopeName]) -> str:
    *others, last = dict.fromkeys(scopes)
    below = f"{', '.join(others)} and {last} scopes" if others else f"{last} scope"
    return f"the {owning.scope} scope's modelProviders replaces that of the {below}"


def counted(names: list[str]) -> str:
    """Return the first of `names`, how many more there are, and the verb that goes with them."""
    listed = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    return f"{listed} {'is' if len(names) == 1 else 'are'}"


def _taking_models(source: Source, sources: Sources, client: Profile) -> list[Provider]:
    found = providers_in(source, sources, client)
    return [each for each in found if each.why_skipped(client) in (None, "not an array")]


def _named(provider: Provider) -> Iterator[tuple[str, PlacedEntry]]:
    return ((f"{provider.auth_type}/{shown(entry.id)}", entry) for entry in provider.models())


def _related(hidden: Iterable[PlacedEntry]) -> tuple[Related, ...]:
    """Return where hidden models are; not all of very many."""
    return tuple(Related(each.place("id"), "hidden") for each in islice(hidden, _RELATED))
