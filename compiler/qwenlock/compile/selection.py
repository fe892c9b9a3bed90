"""The selection: the auth type and model a run starts with, from settings alone.

Guide, Resolution Layers and Atomicity (the rows Settings and Default);
How Qwen Code reads settings, "Selection". A lock does not depend on flags or the environment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwenlock.clients.profile import API_KEY_VARIABLES
from qwenlock.compile.entries import EntryReader
from qwenlock.findings.finding import Finding
from qwenlock.lock.model import Model, Selection
from qwenlock.settings.scopes import Sources, highest, merged, protocols
from qwenlock.text.credentials import references, shown
from qwenlock.text.similar import suggestion

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Literal

    from qwenlock.clients.profile import Profile
    from qwenlock.clients.scopes import ScopeName
    from qwenlock.text.document import Place
    from qwenlock.text.operations import Path

    Report = Callable[[Finding], None]

AUTH_TYPE: Path = ("security", "auth", "selectedType")
API_KEY: Path = ("security", "auth", "apiKey")
BASE_URL: Path = ("security", "auth", "baseUrl")
MODEL: Path = ("model", "name")
MODEL_URL: Path = ("model", "baseUrl")
GENERATION_CONFIG: Path = ("model", "generationConfig")

DEFAULT_AUTH_TYPE = "qwen-oauth"


def select(sources: Sources, models: Sequence[Model], client: Profile, report: Report) -> Selection:
    """Return the selection that the settings of `sources` make among `models`.

    An auth type comes from `security.auth.selectedType`, else it is qwen-oauth; a model from
    `model.name`, else the auth type's built-in default, else its first entry. Reports a selection
    that nothing defines.
    """
    return _Selector(sources, models, client, report).select()


def default_model(auth_type: str, first: str | None, client: Profile) -> str | None:
    """Return the model of `auth_type` where none is named: the built-in one, else its `first`."""
    return dict(client.default_models).get(auth_type, first)


def chosen(
    identities: Sequence[tuple[object, object]], name: str | None, url: str | None, client: Profile
) -> int | None:
    """Return which entry a selection means; None where no entry defines it.

    Args:
        identities: the id and the base URL of each entry of the auth type, in their order.
        name: the model that is selected.
        url: what `model.baseUrl` says of it; only some clients go by it.
        client: whose rules hold.
    """
    named = [index for index, (identity, _) in enumerate(identities) if identity == name]
    if client.selects_url and url:
        named = [index for index in named if identities[index][1] == url] or named
    return named[0] if named and name is not None else None


def has_literal_key(sources: Sources) -> bool:
    """Tell whether `security.auth.apiKey` gives a key itself, and refers to no variable."""
    key = merged(sources, API_KEY)
    return isinstance(key, str) and bool(key) and not references(key)


class _Selector:
    def __init__(
        self, sources: Sources, models: Sequence[Model], client: Profile, report: Report
    ) -> None:
        self._sources = sources
        self._client = client
        self._report = report
        self._reader = EntryReader(client, report, self._highest_place)
        self._auth_type = self._string(AUTH_TYPE) or DEFAULT_AUTH_TYPE
        self._entries = [model for model in models if model.auth_type == self._auth_type]

    def select(self) -> Selection:
        self._say_ignored()
        known = self._auth_type in self._client.auth_types
        if not known:
            self._say_unknown_auth_type()
        if self._auth_type == "qwen-oauth":
            return self._built_in()
        if known and not self._entries:
            message = f"modelProviders has no models for {self._auth_type}"
            self._say("QL602", message, AUTH_TYPE, f"add models under {self._auth_type}")
        first = self._entries[0].id if self._entries else None
        name = self._string(MODEL) or default_model(self._auth_type, first, self._client)
        entry = self._entry(name)
        if entry is None:
            return self._runtime(name)
        distinct = self._client.identity_has_url and self._is_ambiguous(entry)
        return Selection(
            auth_type=self._auth_type,
            model=entry.id,
            kind="provider",
            source=self._source(),
            base_url=entry.base_url if distinct else None,
        )

    def _built_in(self) -> Selection:
        name = self._string(MODEL)
        default = self._client.oauth_models[0]
        if name is not None and name not in self._client.oauth_models:
            message = f'"{shown(name)}" is no qwen-oauth model; the client takes {default}'
            fix = f"select an auth type in security.auth.selectedType, or {default}"
            self._say("QL605", message, MODEL, fix)
            name = default
        return Selection(
            auth_type="qwen-oauth", model=name or default, kind="built-in", source=self._source()
        )

    def _runtime(self, name: str | None) -> Selection:
        if name is None and self._auth_type in self._client.auth_types:
            message = f"{shown(self._auth_type)} is selected, but no model"
            self._say("QL604", message, AUTH_TYPE, "set model.name")
        elif name is not None and self._entries:
            self._say_undefined(name)
        config = merged(self._sources, GENERATION_CONFIG)
        return Selection(
            auth_type=self._auth_type,
            model=self._checked(name, MODEL),
            kind="runtime",
            source=self._source(),
            base_url=self._checked(self._string(BASE_URL), BASE_URL),
            env_key=self._key_variable(),
            generation_config=(
                self._reader.canonical(config, GENERATION_CONFIG)
                if config and isinstance(config, dict)
                else None
            ),
        )

    def _checked(self, text: str | None, path: Path) -> str | None:
        if text is not None:
            self._reader.check_text(text, path)
        return text

    def _key_variable(self) -> str | None:
        named = references(self._string(API_KEY) or "")
        return named[0] if named else API_KEY_VARIABLES.get(self._auth_type)

    def _entry(self, name: str | None) -> Model | None:
        identities = [(model.id, model.base_url) for model in self._entries]
        index = chosen(identities, name, self._string(MODEL_URL), self._client)
        return None if index is None else self._entries[index]

    def _is_ambiguous(self, entry: Model) -> bool:
        return sum(model.id == entry.id for model in self._entries) > 1

    def _say_ignored(self) -> None:
        for path in (AUTH_TYPE, MODEL):
            value = merged(self._sources, path)
            if value is not None and not isinstance(value, str):
                message = f"{'.'.join(map(str, path))} must be a string; it is ignored"
                self._say("QL606", message, path, "write a string")

    def _string(self, path: Path) -> str | None:
        value = merged(self._sources, path)
        return value if isinstance(value, str) and value else None

    def _source(self) -> ScopeName | Literal["default"]:
        for path in (MODEL, AUTH_TYPE):
            source = highest(self._sources, path)
            if source is not None and self._string(path) is not None:
                return source.scope
        return "default"

    def _highest_place(self, path: Path, *, on_key: bool = False) -> Place:
        source = highest(self._sources, path) or self._sources[-1]
        return source.place(path, on_key=on_key)

    def _say_unknown_auth_type(self) -> None:
        known = self._client.auth_types
        fix = suggestion(self._auth_type, known) or f"use one of {', '.join(known)}"
        if (stands_for := protocols(self._sources, self._client).get(self._auth_type)) in known:
            fix = f"select {stands_for}, which providerProtocol makes of it"
        self._say("QL601", f'"{shown(self._auth_type)}" is no auth type', AUTH_TYPE, fix)

    def _say_undefined(self, name: str) -> None:
        message = f'no {self._auth_type} entry defines "{shown(name)}": it is a runtime model'
        if self._string(MODEL) is None:
            message = f"no model is selected, and the built-in {name} is no entry: a runtime model"
        ids = tuple(model.id for model in self._entries)
        fix = suggestion(name, ids) or f'select an entry, such as "{shown(ids[0])}"'
        path = MODEL if self._string(MODEL) is not None else AUTH_TYPE
        self._say("QL603", message, path, fix)

    def _say(self, code: str, message: str, path: Path, fix: str | None) -> None:
        source = highest(self._sources, path)
        place = source.place(path) if source else None
        self._report(Finding(code, message, place, fix))
