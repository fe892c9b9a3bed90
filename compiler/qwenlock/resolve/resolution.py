"""Resolves each field that a client uses, by its layers, from flags, variables and settings.

Guide, Resolution Layers and Atomicity; Generation Config Layering; Provider Models vs Runtime
Models. Where a release differs, its profile says so. The selection that a lock records, which is
made by settings alone, is that of `compile.selection`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from qwenlock.clients.fields import GENERATION_FIELDS
from qwenlock.clients.hosts import runtime_base_url
from qwenlock.clients.profile import (
    API_KEY_VARIABLES,
    BASE_URL_VARIABLES,
    DEFAULT_BASE_URLS,
    GUIDE,
    MODEL_VARIABLES,
    OAUTH,
    PROXY_VARIABLES,
)
from qwenlock.clients.route import SNAPSHOT_PREFIX, Route, chosen
from qwenlock.compile.selection import (
    API_KEY,
    AUTH_TYPE,
    BASE_URL,
    GENERATION_CONFIG,
    MODEL,
    MODEL_URL,
    default_model,
)
from qwenlock.resolve.fields import (
    Arguments,
    Candidate,
    Named,
    ResolvedField,
    by_flag,
    by_option,
    by_settings,
    by_value,
    by_variable,
)
from qwenlock.settings.providers import providers
from qwenlock.settings.scopes import merged
from qwenlock.text.credentials import references, substituted
from qwenlock.text.pattern import pattern
from qwenlock.text.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qwenlock.clients.profile import Profile
    from qwenlock.settings.providers import PlacedEntry
    from qwenlock.settings.scopes import Sources
    from qwenlock.text.operations import Path

ResolutionKind: TypeAlias = Literal["provider", "runtime", "built-in"]


NO_OPTIONS = ("authType", "model", "apiKey", "baseUrl", "apiKeyEnvKey", "proxy")
"""The fields besides the options of generationConfig, in the order of the guide."""

_PROXY: Path = ("proxy",)
_MILLISECONDS = pattern(r"\s*[0-9]{1,15}\s*")
_COMPLETE = ("model", "apiKey", "baseUrl")
_NO_ARGUMENTS = Arguments()


@dataclass(frozen=True, slots=True)
class Resolution:
    """The resolved fields of a client.

    Attributes:
        client: the client whose rules apply.
        kind: a provider's model, a runtime model, or a built-in one; None if no valid auth type
            is selected, so that the client cannot start.
        fields: every field by its name, in the order of the guide.
        missing: the fields that a runtime model needs for a snapshot but does not have.
        is_first: nothing names the model: it is the first entry of its auth type, which the client
            uses because only entries give a key or a base URL.
    """

    client: Profile
    kind: ResolutionKind | None
    fields: Mapping[str, ResolvedField]
    missing: tuple[str, ...] = ()
    is_first: bool = False

    @property
    def auth_type(self) -> str | None:
        """Return the auth type."""
        value = self.fields["authType"].value
        return value if isinstance(value, str) else None

    @property
    def snapshot(self) -> str | None:
        """Return the id of the RuntimeModelSnapshot that is captured, or None."""
        if self.kind != "runtime" or self.missing:
            return None
        return f"{SNAPSHOT_PREFIX}{self.auth_type}|{self.fields['model'].value}"


def entries(sources: Sources, client: Profile) -> list[PlacedEntry]:
    """Return the entries that `client` has, in their order, unchanged.

    Args:
        sources: the settings that count, low to high.
        client: the client whose rules apply.
    """
    return [
        entry
        for provider in providers(
            sources, client, "replace" if client.replaces_providers else "client"
        )
        if provider.auth_type in API_KEY_VARIABLES
        for entry in provider.models()
    ]


def resolve(
    sources: Sources,
    variables: Mapping[str, str],
    client: Profile,
    arguments: Arguments = _NO_ARGUMENTS,
    filling: Mapping[str, str] | None = None,
) -> Resolution:
    """Return what `client` uses when it is started.

    Args:
        sources: the settings that count, low to high.
        variables: the variables that it has.
        client: the client whose rules apply.
        arguments: its flags.
        filling: the variables that it puts in the place of `$NAME` in settings; if not given, all.

    Raises:
        InputError: an option is nested deeper than a model may be.
    """
    filled = variables if filling is None else filling
    return _Resolver(sources, variables, client, arguments, filled).resolve()


class _Resolver:
    def __init__(
        self,
        sources: Sources,
        variables: Mapping[str, str],
        client: Profile,
        arguments: Arguments,
        filling: Mapping[str, str],
    ) -> None:
        self._sources = sources
        self._variables = variables
        self._filling = filling
        self._client = client
        self._given = arguments
        self._auth_type = ResolvedField("authType", tuple(self._auth_types()))
        self._type = str(self._auth_type.value)
        self._all = entries(sources, client)
        self._entries = [each for each in self._all if each.route(client).protocol == self._type]
        self._is_first = False

    def resolve(self) -> Resolution:
        fields = [self._auth_type]
        kind: ResolutionKind | None = None
        entry = None
        if self._type == OAUTH:
            kind = "built-in"
            fields += [
                ResolvedField("model", tuple(self._built_in())),
                *map(ResolvedField, ("apiKey", "baseUrl")),
            ]
            fields.append(ResolvedField("apiKeyEnvKey"))
        elif self._auth_type.value in self._client.auth_types:
            model, entry = self._model()
            kind = "provider" if entry else "runtime"
            fields += [
                ResolvedField("model", tuple(model)),
                ResolvedField("apiKey", tuple(self._api_key(entry))),
                ResolvedField("baseUrl", tuple(self._base_url(entry))),
                ResolvedField("apiKeyEnvKey", tuple(self._of_entry(entry, "envKey"))),
            ]
        else:
            fields += map(ResolvedField, ("model", "apiKey", "baseUrl", "apiKeyEnvKey"))
        fields.append(ResolvedField("proxy", tuple(self._proxy())))
        fields += [self._option(name, kind, entry) for name in self._option_names(entry)]
        named = {field.name: field for field in fields}
        missing = [
            name for name in _COMPLETE if kind == "runtime" and not _is_given(named[name], name)
        ]
        return Resolution(self._client, kind, named, tuple(missing), self._is_first)

    def _auth_types(self) -> list[Candidate]:
        candidates = by_flag("--auth-type", self._given.auth_type)
        candidates += self._settings(AUTH_TYPE)
        for auth_type, signs in self._client.auth_type_signs:
            if all(by_variable(name, self._variables, "env") for name in signs):
                named = tuple(map(Named, signs))
                candidates.append(Candidate("env", named, auth_type, auth_type))
        return candidates + _default(self._client.default_auth_type)

    def _built_in(self) -> list[Candidate]:
        """Return the requested models of qwen-oauth; others do not exist."""
        named = [*by_flag("--model", self._given.model), *self._named_by_settings()]
        known = [each for each in named[:1] if each.value in self._client.oauth_models]
        default = _default(self._client.oauth_models[0])
        return known + default + [each for each in named if each not in known]

    def _model(self) -> tuple[list[Candidate], PlacedEntry | None]:
        """Return the candidates for the model, and its entry, if any.

        A flag or the settings choose an entry; otherwise, the layers decide.
        """
        layers = {
            "cli": by_flag("--model", self._given.model),
            "env": [
                candidate
                for name in MODEL_VARIABLES[self._type]
                for candidate in by_variable(name, self._variables, "env")
            ],
            "settings": self._named_by_settings(),
        }
        named = [each for layer in self._client.model_layers for each in layers[layer]]
        named += self._default_model()
        asked = next(iter(layers["cli"] + layers["settings"]), None)
        entry = self._defining(asked) or self._defining(next(iter(named), None))
        if entry is None:
            entry = self._first_without_credentials()
            self._is_first = entry is not None
        return self._of_entry(entry, "id") + named, entry

    def _first_without_credentials(self) -> PlacedEntry | None:
        """Return the entry that the client uses if only entries give a key or a base URL."""
        given = [*self._api_key(None), *self._base_url(None)]
        is_given = any(each.value for each in given if each.layer != "default")
        if not self._client.first_without_credentials or is_given:
            return None
        flags = self._client.not_first
        usable = (each for each in self._entries if not any(map(each.value.get, flags)))
        return next(usable, None)

    def _default_model(self) -> list[Candidate]:
        first = self._entries[0].value["id"] if self._entries else None
        name = default_model(self._type, first, self._client)
        built_in = default_model(self._type, None, self._client) is not None
        return _default(name) if built_in else _default(name, f"first model of {self._type}")

    def _defining(self, asked: Candidate | None) -> PlacedEntry | None:
        """Return the entry that defines the requested model, or None."""
        if asked is None:
            return None
        url = merged(self._sources, MODEL_URL) if asked.layer == "settings" else None
        wanted = Route(self._type, asked.value, url if isinstance(url, str) else None)
        routes = [self._filled(each.route(self._client)) for each in self._all]
        index = chosen(routes, self._filled(wanted), self._client)
        return None if index is None else self._all[index]

    def _filled(self, route: Route) -> Route:
        """Return a route with the variables that its id and base URL refer to."""
        name, url = (
            text and substituted(text, self._filling) for text in (route.model, route.base_url)
        )
        return route._replace(model=name, base_url=url)

    def _named_by_settings(self) -> list[Candidate]:
        """Return the model that each scope names; some clients persist the id of a snapshot."""
        named = self._settings(MODEL)
        if not self._client.strips_snapshot:
            return named
        prefix = f"{SNAPSHOT_PREFIX}{self._type}|"
        return [
            each._replace(
                value=each.value.removeprefix(prefix), written=each.written.removeprefix(prefix)
            )
            for each in named
        ]

    def _api_key(self, entry: PlacedEntry | None) -> list[Candidate]:
        candidates = []
        if entry is not None:
            name = substituted(str(entry.value.get("envKey") or ""), self._filling)
            candidates += by_variable(name, self._variables, "provider")
            if not candidates and self._client.key_is_sealed:
                place = entry.place("envKey", on_key=True)
                candidates.append(Candidate("provider", (place,), None, None))
        candidates += by_flag("--openai-api-key", self._given.api_key)
        candidates += by_variable(API_KEY_VARIABLES[self._type], self._variables, "env")
        return candidates + [self._usable(each) for each in self._settings(API_KEY)]

    def _usable(self, key: Candidate) -> Candidate:
        """Return `key`, without its value if that refers to a variable that is not set."""
        is_set = all(self._filling.get(name) for name in references(key.written))
        return key if is_set else key._replace(value=None)

    def _base_url(self, entry: PlacedEntry | None) -> list[Candidate]:
        candidates = self._of_entry(entry, "baseUrl")
        usual = self._client.default_base_urls
        if entry is not None and not candidates and usual is not None:
            url = dict(usual).get(self._type)
            place = entry.place()
            candidates.append(Candidate("provider", (place,), url, url))
        candidates += by_flag("--openai-base-url", self._given.base_url)
        candidates += by_variable(BASE_URL_VARIABLES.get(self._type), self._variables, "env")
        candidates += self._settings(BASE_URL)
        if not self._client.is_release:
            return candidates
        of_entries = dict(DEFAULT_BASE_URLS).get(self._type)
        return candidates + _default(of_entries if entry else runtime_base_url(self._type))

    def _proxy(self) -> list[Candidate]:
        layers = {
            "cli": by_flag("--proxy", self._given.proxy),
            "settings": self._settings(_PROXY),
            "env": [
                candidate
                for name in PROXY_VARIABLES
                for candidate in by_variable(name, self._variables, "env")
            ],
        }
        return [each for layer in self._client.proxy_layers for each in layers[layer]]

    def _option_names(self, entry: PlacedEntry | None) -> list[str]:
        """Return the names of generationConfig: what the client knows; by the guide, all."""
        known = {each.name: None for each in GENERATION_FIELDS if self._client.knows(each.since)}
        if self._client.name == GUIDE:
            for config in (_config(entry), merged(self._sources, GENERATION_CONFIG)):
                known |= dict.fromkeys(config if isinstance(config, dict) else ())
        return [name for name in known if name not in NO_OPTIONS]

    def _option(
        self, name: str, kind: ResolutionKind | None, entry: PlacedEntry | None
    ) -> ResolvedField:
        """Return an option of generationConfig; the layer of an entry is impermeable."""
        candidates = []
        if entry is not None:
            value = _config(entry).get(name)
            below = ("generationConfig", name) if value is not None else ()
            place = entry.place(*below, on_key=True)
            candidates.append(by_value("provider", place, value, self._filling))
        elif kind == "built-in":
            candidates.append(Candidate("provider", ("built-in model",), None, None))
        if name == "timeout":
            candidates += self._timeout()
        candidates += by_option(self._sources, (*GENERATION_CONFIG, name), self._filling)
        if kind == "runtime" and not candidates:
            candidates.append(Candidate("default", ("content-generator default",), None, None))
        return ResolvedField(name, tuple(candidates))

    def _timeout(self) -> list[Candidate]:
        found = by_variable(self._client.timeout_variable, self._variables, "env")
        return [
            each._replace(value=int(each.value), written=int(each.value))
            for each in found
            if _MILLISECONDS.fullmatch(each.value)
        ]

    def _of_entry(self, entry: PlacedEntry | None, name: str) -> list[Candidate]:
        value = entry.value.get(name) if entry else None
        if entry is None or not isinstance(value, str) or not value.strip():
            return []
        place = entry.place(name, on_key=True)
        return [by_value("provider", place, value, self._filling)]

    def _settings(self, path: Path) -> list[Candidate]:
        return by_settings(self._sources, path, self._filling)


def _is_given(field: ResolvedField, name: str) -> bool:
    """Tell whether a field has a value that counts for a snapshot: no default base URL."""
    winner = next(iter(field.candidates), None)
    if winner is None or winner.value is None:
        return False
    return name != "baseUrl" or winner.layer != "default"


def _default(value: str | None, words: str = "built-in default") -> list[Candidate]:
    return [Candidate("default", (words,), value, value)] if value else []


def _config(entry: PlacedEntry | None) -> dict[str, Any]:
    config = entry.value.get("generationConfig") if entry else None
    return config if isinstance(config, dict) else {}
