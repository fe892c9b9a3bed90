"""Compares what a client offers and selects with a lock: whether they agree, and if not, why.

The forms of model ids were seen in the releases 0.10.1 to 0.24.4.
"""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64encode
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias
from urllib.parse import urlsplit

from qwenlock.clients.profile import AUTH_TYPES, NEWEST, OAUTH, PROTOCOLS_SINCE, profile
from qwenlock.clients.route import SNAPSHOT_PREFIX
from qwenlock.lock.model import settings_entry
from qwenlock.settings.providers import providers_in
from qwenlock.text.credentials import shown, substituted
from qwenlock.text.pattern import pattern
from qwenlock.text.record import dataclass, replace
from qwenlock.text.sha256 import sha256

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from qwenlock.clients.route import Route
    from qwenlock.lock.model import Lock, Model
    from qwenlock.settings.providers import PlacedEntry
    from qwenlock.settings.scopes import Sources

DisagreementKind: TypeAlias = Literal["missing", "extra", "reordered", "selected", "other"]

UNLISTED_FLAGS = ("fastOnly", "voiceOnly", "imageOnly", "realtimeOnly")
"""The fields that keep a model out of /model: the last from 0.24, the others from 0.21."""

REMEDY = "qwenlock run -- qwen"
"""The command that makes a client follow the lock."""

_PLAIN = pattern(r"(?s)(.*)\(([^()]+)\)")
_RUNTIME = pattern(rf"(?s){re.escape(SNAPSHOT_PREFIX)}([^|]+)\|(.*)")
_NAMED = pattern(r"[:\uff1a]\s*(.*)")
_ROUTE = "qwen-route:v1:"
_DEFAULT_PORTS = {"http": 80, "https": 443}
_NO_VARIABLES: Mapping[str, str] = {}


class Offered(NamedTuple):
    """A model as a client lists it: the id it gave it, and what it shows."""

    model_id: str
    name: str = ""


class Answer(NamedTuple):
    """What a client said: its release, the models it offers, the one it selects.

    `others` has its answers about other models, such as the fast one: a line of text by role.
    """

    release: str | None
    offered: tuple[Offered, ...]
    current: str
    others: Mapping[str, str] = {}


class Seen(NamedTuple):
    """A model that a client named; `base_url` is known only if the client names it.

    A runtime model is one that no entry defines.
    """

    auth_type: str
    id: str
    base_url: str | None = None
    runtime: bool = False


class Difference(NamedTuple):
    """One way in which a client does not do what the lock says.

    Attributes:
        kind: what differs.
        model: the model, as `auth-type/id`; for `reordered`, the auth type; for `other`, the
            setting and its value.
        reason: why, if that is known.
        remedy: what to do, if that is known.
    """

    kind: DisagreementKind
    model: str
    reason: str | None = None
    remedy: str | None = REMEDY


@dataclass(frozen=True, slots=True)
class Agreement:
    """The comparison of a client's answer with a lock.

    Attributes:
        differences: empty if the two agree.
        hidden: models of the lock that the client has but does not list, because of their own
            fields; that is not a difference.
    """

    differences: tuple[Difference, ...]
    hidden: tuple[str, ...] = ()


def agreement(
    lock: Lock,
    answer: Answer,
    sources: Sources = (),
    environment: Mapping[str, str] = _NO_VARIABLES,
) -> Agreement:
    """Compare `answer` with `lock`.

    The client decides the order of auth types; the models of one type must be in the lock's order.

    Args:
        lock: what is wanted.
        answer: what the client said.
        sources: the settings that the client has read, to tell where a model comes from.
        environment: its variables, which it puts in the place of `$NAME`.
    """
    lock = _as_read(lock, environment)
    sources = [replace(each, settings=_substituted(each.settings, environment)) for each in sources]
    defined = [(str(route.protocol), entry.value) for route, entry in _of_scopes(sources)]
    routes = {route_id(*each): each for each in [*_of_lock(lock), *defined]}
    found = _Comparison(lock, answer, sources, routes).result()
    others = _others(lock, answer, environment)
    return replace(found, differences=(*found.differences, *others))


def _others(lock: Lock, answer: Answer, environment: Mapping[str, str]) -> Iterator[Difference]:
    """Yield the other models of the lock that a client does not name: `current X model: ID`."""
    asked = [each for each in lock.other_models if each.role in answer.others]
    for other in asked:
        wanted = _substituted(other.value, environment).partition("\0")[0].strip()
        named = _NAMED.search(answer.others[other.role])
        if named is not None and wanted not in (named[1].strip(), *named[1].split()):
            reason = f"the client says {shown(named[1].strip())}"
            yield Difference("other", f"{other.setting} {shown(wanted)}", reason)


def parse(model_id: str, routes: dict[str, tuple[str, dict[str, Any]]]) -> Seen | None:
    """Return the model that a client calls `model_id`, or None if that is unknown.

    Args:
        model_id: `ID(AUTHTYPE)`, where ID is `$runtime|AUTHTYPE|ID` for a runtime model; from 0.21
            an id that exists at two endpoints reads `qwen-route:v1:…`.
        routes: entries with their auth types, by `route_id`.
    """
    if model_id.startswith(_ROUTE):
        if model_id not in routes:
            return None
        auth_type, entry = routes[model_id]
        return Seen(auth_type, entry["id"], entry.get("baseUrl") or "")
    plain = _PLAIN.fullmatch(model_id)
    if plain is None:
        return None
    runtime = _RUNTIME.fullmatch(plain[1])
    return Seen(plain[2], runtime[2] if runtime else plain[1], runtime=runtime is not None)


def route_id(auth_type: str, entry: dict[str, Any]) -> str:
    """Return what releases from 0.21 call an entry whose id exists at two endpoints.

    It encodes the id, the name, the variable and the endpoint; nothing of it can be read back.

    Args:
        auth_type: the auth type of the entry.
        entry: the entry, as in the settings.
    """
    url = entry.get("baseUrl")
    identity = [
        f"{entry['id']}({auth_type})",
        entry.get("name") or entry["id"],
        entry.get("envKey"),
        not url,
        _as_browsers_write(url) if url else None,
    ]
    text = json.dumps(identity, separators=(",", ":"), ensure_ascii=False)
    digest = sha256(text.encode(errors="backslashreplace"))  # as JavaScript writes half a pair
    return _ROUTE + urlsafe_b64encode(digest).decode()[:16]


def _as_browsers_write(url: str) -> str:
    """Return a URL as JavaScript's `URL` spells it, without user, query and fragment."""
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname, parts.port
    except ValueError:
        return url
    if host is None:
        return url
    default = port is None or _DEFAULT_PORTS.get(parts.scheme) == port
    host = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{host}{'' if default else f':{port}'}{parts.path or '/'}"


def _as_read(lock: Lock, environment: Mapping[str, str]) -> Lock:
    """Return `lock` with the values of variables for their names, where the client shows them."""
    models = (
        replace(
            model,
            id=_substituted(model.id, environment),
            name=_substituted(model.name, environment),
            base_url=_substituted(model.base_url, environment),
        )
        for model in lock.models
    )
    chosen = lock.selection
    name = _substituted(chosen.model, environment)
    url = _substituted(chosen.base_url, environment)
    selection = replace(chosen, model=name, base_url=url)
    return replace(lock, models=tuple(models), selection=selection)


def _substituted(value: Any, environment: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return substituted(value, environment)
    if isinstance(value, dict):
        return {key: _substituted(item, environment) for key, item in value.items()}
    if isinstance(value, list):
        return [_substituted(item, environment) for item in value]
    return value


def _of_lock(lock: Lock) -> Iterator[tuple[str, dict[str, Any]]]:
    for model in lock.models:
        yield str(model.route.protocol), settings_entry(model)


def _of_scopes(sources: Sources) -> Iterator[tuple[Route, PlacedEntry]]:
    """Yield the entries of all scopes with their routes, by the rules of the newest release."""
    client = profile(NEWEST)
    for source in sources:
        for provider in providers_in(source, sources, client):
            for entry in provider.models():
                yield entry.route(client), entry


class _Comparison:
    def __init__(
        self,
        lock: Lock,
        answer: Answer,
        sources: Sources,
        routes: dict[str, tuple[str, dict[str, Any]]],
    ) -> None:
        self._lock = lock
        self._sources = sources
        self._current = parse(answer.current, routes)
        self._current_id = answer.current
        # A route that nothing explains still tells its model's name.
        self._seen = [
            parse(each.model_id, routes) or Seen("", each.name) for each in answer.offered
        ]

    def result(self) -> Agreement:
        left, order = list(range(len(self._lock.models))), []
        extra = []
        for seen in self._seen:
            match = next((index for index in left if _is(seen, self._lock.models[index])), None)
            if match is not None:
                left.remove(match)
                order.append(match)
            elif seen.auth_type != OAUTH and not self._is_selected_runtime(seen):
                extra.append(seen)
        absent = [self._lock.models[index] for index in left]
        hidden = [model for model in absent if _is_unlisted(model)]
        missing = [model for model in absent if not _is_unlisted(model)]
        differences = (
            *(self._missing(model, missing) for model in missing),
            *(self._extra(seen) for seen in extra),
            *self._reordered(order),
            *self._selected(),
        )
        return Agreement(differences, tuple(map(_name, hidden)))

    def _missing(self, model: Model, missing: list[Model]) -> Difference:
        offered = [seen for seen in self._seen if seen[:2] == _kind(model)]
        of_project = [each for each in self._lock.models if each.scope == "project"]
        reason: str | None = None
        if offered:
            reason = (
                "this release identifies a model by its id alone, and keeps only the first of two"
            )
        elif model.scope == "project" and all(each in missing for each in of_project):
            reason = "the client does not read the project's settings: the folder is not trusted"
        elif model.provider is not None:
            reason = f"releases before {PROTOCOLS_SINCE} do not read the provider {model.provider}"
        elif model.auth_type not in AUTH_TYPES:
            reason = f"this release does not know the auth type {model.auth_type}"
        return Difference("missing", _name(model), reason)

    def _extra(self, seen: Seen) -> Difference:
        name = f"{seen.auth_type}/{seen.id}" if seen.auth_type else seen.id
        if seen.runtime:
            made = "it is a runtime model: settings and environment define it, not an entry"
            return Difference(
                "extra",
                name,
                made,
                "remove the settings and variables that define it, or select an entry",
            )
        owner = next((model.scope for model in self._lock.models), None)
        origin = self._origin(seen)
        scope = origin and origin.provider.source.scope
        reason: str | None = None
        if any(seen[:2] == _kind(model) for model in self._lock.models):
            reason = "this release identifies a model by its id and base URL, and keeps both"
        elif origin and origin.provider.name not in AUTH_TYPES:
            reason = "this release reads a provider id that the lock's client skips"
        elif scope is not None and scope != owner:
            reason = (
                f"the client does not apply REPLACE: it merges in the {scope} scope's "
                "modelProviders"
            )
        return Difference("extra", name, reason)

    def _origin(self, seen: Seen) -> PlacedEntry | None:
        """Return the first entry of any scope that defines a model of that type and id, or None."""
        found = (
            entry
            for route, entry in _of_scopes(self._sources)
            if (route.protocol, entry.id) == seen[:2]
        )
        return next(found, None)

    def _reordered(self, order: list[int]) -> Iterator[Difference]:
        models = self._lock.models
        for auth_type in dict.fromkeys(str(model.route.protocol) for model in models):
            own = [index for index in order if models[index].route.protocol == auth_type]
            if own != sorted(own):
                yield Difference("reordered", auth_type)

    def _selected(self) -> Iterator[Difference]:
        chosen, current = self._lock.selection, self._current
        if not chosen.is_chosen:
            return
        if self._is_selected(current) if current else self._is_hidden_choice():
            return
        wanted = f"{chosen.auth_type}/{chosen.model or '(from the environment)'}"
        instead = f"{current.auth_type}/{current.id}" if current else self._current_id or "none"
        at = f" at {current.base_url}" if current and current.base_url else ""
        yield Difference("selected", wanted, f"the client selects {instead}{at}")

    def _is_selected(self, seen: Seen) -> bool:
        chosen, entry = self._lock.selection.route, self._lock.selected()
        if chosen.model is None:
            return seen.auth_type == chosen.protocol
        if entry is not None and seen.base_url not in (None, entry.base_url or ""):
            return False
        return seen[:2] == (chosen.protocol, chosen.model)

    def _is_hidden_choice(self) -> bool:
        """Tell whether the selected model is one that is not listed: then its bare id is named."""
        entry = self._lock.selected()
        return entry is not None and _is_unlisted(entry) and entry.id == self._current_id

    def _is_selected_runtime(self, seen: Seen) -> bool:
        """Tell whether `seen` is the runtime model that is selected, or that variables select."""
        kind = self._lock.selection.kind
        return seen.runtime and (
            kind == "undecided" or (kind == "runtime" and self._is_selected(seen))
        )


def _is(seen: Seen, model: Model) -> bool:
    if seen.runtime:
        return False
    same_url = seen.base_url is None or seen.base_url == (model.base_url or "")
    return seen[:2] == _kind(model) and same_url


def _kind(model: Model) -> tuple[str | None, str]:
    """Return what a client calls a model, without its endpoint."""
    return model.route.protocol, model.id


def _is_unlisted(model: Model) -> bool:
    return any(model.fields.get(flag) is True for flag in UNLISTED_FLAGS)


def _name(model: Model) -> str:
    return f"{model.auth_type}/{model.id}"
