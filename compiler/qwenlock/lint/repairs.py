"""The repairs of findings that compiling reports; the rules of `lint` have their own.

A repair is safe if every client offers, selects and sends the same afterwards. The models of a plan
are the plan's: nothing in them is repaired.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwenlock.clients.fields import GENERATION_FIELDS, MODEL_FIELDS
from qwenlock.clients.misplaced import home_of
from qwenlock.clients.profile import OAUTH
from qwenlock.compile.catalogue import CUSTOM
from qwenlock.compile.selection import API_KEY, BASE_URL
from qwenlock.findings.repair import Repair
from qwenlock.settings.scopes import PROVIDERS
from qwenlock.text.operations import Move, Remove, get
from qwenlock.text.record import replace
from qwenlock.text.similar import nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from qwenlock.findings.finding import Finding
    from qwenlock.lint.subject import Subject
    from qwenlock.settings.scopes import Source
    from qwenlock.text.operations import Path

_ABSENT = object()
_UNKNOWN = ("QL212", "QL213")


def with_repairs(findings: Iterable[Finding], subject: Subject) -> list[Finding]:
    """Return findings with their repairs."""
    return [_with_repair(finding, subject) for finding in findings]


def _with_repair(finding: Finding, subject: Subject) -> Finding:
    repair_of = REPAIRS.get(finding.code)
    source = subject.source_of(finding) if repair_of else None
    path = finding.place.path if finding.place else ()
    if repair_of is None or source is None or finding.level == "note":
        return finding
    if source not in subject.as_written or get(source.document.value, path, _ABSENT) is _ABSENT:
        return finding
    home = (*path[:3], *(home_of(str(path[-1])) or (_ABSENT,)))
    if finding.code in _UNKNOWN and get(source.document.value, home, _ABSENT) is not _ABSENT:
        return replace(finding, fix=f"remove it: {'.'.join(map(str, home[3:]))} is set")
    return replace(finding, repair=repair_of(path, source, subject))


def _ignored_provider(path: Path, _source: Source, _subject: Subject) -> Repair | None:
    return Repair((Remove(path),))


def _wrapped_models(path: Path, source: Source, _subject: Subject) -> Repair | None:
    """Unwrap the models of a provider; not safe, as the client ignores them as they stand."""
    models = get(source.document.value, (*path, "models"))
    if not isinstance(models, list):
        return None
    return Repair((Move((*path, "models"), path),), safe=False)


def _skipped_model(path: Path, _source: Source, subject: Subject) -> Repair | None:
    """Remove a model; safe if clients that look at the base URL and the API ignore it as well."""
    again = subject.entries.get(path[:-1])
    if again is None or again.model.origin != CUSTOM:
        return None
    first = subject.first_of(again)
    alike = all(first.raw.get(name) == again.raw.get(name) for name in ("baseUrl", "wireApi"))
    safe = first.model.origin == CUSTOM and alike
    return Repair((Remove(path[:-1]),), safe=safe)


def _ignored_field(path: Path, _source: Source, subject: Subject) -> Repair | None:
    entry = subject.entries.get(path[:3])
    return Repair((Remove(path),)) if entry and entry.model.origin == CUSTOM else None


def _empty_credential(path: Path, source: Source, subject: Subject) -> Repair | None:
    """Remove an empty deprecated field, if no other scope has one.

    In a project that is not safe: it may override what a colleague has in the user scope.
    """
    others = [each for each in subject.sources if each is not source]
    current = next((each for each in (API_KEY, BASE_URL) if source.place(each).path == path), None)
    if get(source.document.value, path) != "" or current is None:
        return None
    if any(each.has(current) for each in others):
        return None
    return Repair((Remove(path),), safe=source.scope == "user")


def _misspelt_auth_type(path: Path, source: Source, subject: Subject) -> Repair | None:
    return _renamed(path, source, subject.client.auth_types)


def _misspelt_field(path: Path, source: Source, _subject: Subject) -> Repair | None:
    known = tuple(field.name for field in MODEL_FIELDS)
    return _brought_home(path, source) or _renamed(path, source, known)


def _misspelt_option(path: Path, source: Source, _subject: Subject) -> Repair | None:
    known = tuple(field.name for field in GENERATION_FIELDS)
    return _brought_home(path, source) or _renamed(path, source, known)


def _brought_home(path: Path, source: Source) -> Repair | None:
    """Move an option to where the client reads it; not safe, as it is sent from then on."""
    home, model = home_of(str(path[-1])), path[:3]
    if home is None or path[:1] != PROVIDERS or path[3:] == home:
        return None
    settings = source.document.value
    siblings = get(settings, path[:-1], {})
    if [home_of(str(each)) for each in siblings].count(home) > 1:
        return None  # nobody knows which of them is meant
    above = [(*model, *home[:length]) for length in range(1, len(home))]
    if get(settings, (*model, *home), _ABSENT) is not _ABSENT:
        return None
    if not all(isinstance(get(settings, each, {}), dict) for each in above):
        return None
    return Repair((Move(path, (*model, *home)),), safe=False)


def _renamed(path: Path, source: Source, known: tuple[str, ...]) -> Repair | None:
    """Rename a key to the nearest of the `known` ones, if no other key has that name."""
    near = nearest(str(path[-1]), known)
    if near is None or near == OAUTH:
        return None
    to = (*path[:-1], near)
    if get(source.document.value, to, _ABSENT) is not _ABSENT:
        return None
    return Repair((Move(path, to),), safe=False)


REPAIRS: dict[str, Callable[[Path, Source, Subject], Repair | None]] = {
    "QL202": _misspelt_auth_type,
    "QL203": _ignored_provider,
    "QL204": _wrapped_models,
    "QL209": _skipped_model,
    "QL212": _misspelt_field,
    "QL213": _misspelt_option,
    "QL214": _ignored_field,
    "QL403": _empty_credential,
}
