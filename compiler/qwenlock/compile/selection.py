"""The selection: the auth type and model a run starts with, from settings alone.

Guide, Resolution Layers and Atomicity (the rows Settings and Default);
How Qwen Code reads settings, "Selection". A lock does not depend on flags or the environment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwenlock.clients.profile import API_KEY_VARIABLES, OAUTH, OAUTH_ENDED
from qwenlock.clients.route import RESPONSES, Route, api_of, chosen, without_snapshot
from qwenlock.compile.entries import EntryReader
from qwenlock.findings.finding import Finding
from qwenlock.lock.model import Model, Selection
from qwenlock.settings.scopes import PROVIDERS, Sources, highest, merged, protocols
from qwenlock.text.credentials import references, shown
from qwenlock.text.pattern import pattern
from qwenlock.text.similar import suggestion

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Literal

    from qwenlock.clients.profile import Profile
    from qwenlock.clients.scopes import ScopeName
    from qwenlock.findings.rules import Severity
    from qwenlock.text.document import Place
    from qwenlock.text.operations import Path

    Report = Callable[[Finding], None]

AUTH_TYPE: Path = ("security", "auth", "selectedType")
API_KEY: Path = ("security", "auth", "apiKey")
BASE_URL: Path = ("security", "auth", "baseUrl")
MODEL: Path = ("model", "name")
MODEL_URL: Path = ("model", "baseUrl")
GENERATION_CONFIG: Path = ("model", "generationConfig")
ENFORCED_TYPE: Path = ("security", "auth", "enforcedType")

_PLAIN = pattern(r"[A-Za-z0-9][\w./:-]*")


def select(sources: Sources, models: Sequence[Model], client: Profile, report: Report) -> Selection:
    """Return the selection that the settings of `sources` make among `models`.

    By the guide, the auth type is `security.auth.selectedType` or else qwen-oauth; the model is
    `model.name`, or else the auth type's built-in default, or else its first entry. For a release,
    variables decide what is not selected, and what a name without an entry means: then the
    selection is undecided. Reports a selection that nothing defines.
    """
    return _Selector(sources, models, client, report).select()


def default_model(auth_type: str, first: str | None, client: Profile) -> str | None:
    """Return the model of `auth_type` if none is named: the built-in one, else its `first`."""
    return dict(client.default_models).get(auth_type, first)


def has_literal_key(sources: Sources) -> bool:
    """Tell whether `security.auth.apiKey` gives a key itself, and refers to no variable."""
    key = merged(sources, API_KEY)
    return isinstance(key, str) and bool(key) and not references(key)


class _Selector:
    def __init__(
        self, sources: Sources, models: Sequence[Model], client: Profile, report: Report
    ) -> None:
        self._sources = sources
        self._models = models
        self._client = client
        self._report = report
        self._reader = EntryReader(client, report, self._highest_place)
        self._auth_type: str | None = self._string(AUTH_TYPE) or client.default_auth_type
        self._name = self._string(MODEL)
        if self._name is not None and client.strips_snapshot:
            self._name = without_snapshot(self._name)
        routed = [(model, model.route) for model in models]
        self._routes = [route for _, route in routed]
        self._entries = [model for model, route in routed if route.protocol == self._auth_type]
        self._enforced_type = self._checked(self._string(ENFORCED_TYPE), ENFORCED_TYPE)

    def select(self) -> Selection:
        self._say_ignored()
        if self._client.is_release and references(self._auth_type or ""):
            self._auth_type = None  # variables decide, as they are meant to
            return self._made_of_layers("undecided", self._name)
        if self._auth_type is None:
            self._say_nothing_selected()
            return self._made_of_layers("undecided", self._name)
        known = self._auth_type in self._client.auth_types
        if not known:
            self._say_unknown_auth_type(self._auth_type)
        if self._auth_type == OAUTH:
            return self._built_in()
        name = self._name
        if not self._client.is_release:
            first = self._entries[0].id if self._entries else None
            name = name or default_model(self._auth_type, first, self._client)
        entry = self._entry(name)
        if entry is None and self._may_be_meant(name):
            message = f'variables decide which {self._auth_type} model "{shown(name or "")}" is'
            self._say(
                "QL603", message, MODEL, "write the id of an entry as it stands there", "note"
            )
            return self._made_of_layers("undecided", name)
        decided = not (self._client.is_release and self._depends_on_variables(name))
        if known and not self._entries and entry is None and decided and not self._is_plain(name):
            message = f"modelProviders has no models for {self._auth_type}"
            self._say("QL602", message, AUTH_TYPE, f"add models under {self._auth_type}")
        if entry is None:
            return self._undefined(self._auth_type, name, decided=decided)
        if self._depends_on_urls(entry):
            message = f'variables decide which "{shown(entry.id)}" model.baseUrl names'
            self._say("QL615", message, MODEL_URL, "write both base URLs in the same way", "note")
            return self._made_of_layers("undecided", name)
        named = entry.wire_api or entry.route.protocol != self._auth_type
        return Selection(
            auth_type=self._auth_type,
            model=entry.id,
            kind="provider",
            source=self._source(),
            base_url=(entry.base_url or "") if self._is_ambiguous(entry) else None,
            wire_api=api_of(entry.route) if named else None,
            enforced_type=self._enforced_type,
        )

    def _may_be_meant(self, name: str | None) -> bool:
        """Tell whether a name means an entry once variables stand for their names in both."""
        ids = [model.id for model in self._entries]
        if not self._client.is_release or name is None or not ids:
            return False
        return any(map(references, [name, *ids]))

    def _is_plain(self, name: str | None) -> bool:
        """Tell whether the model is meant to come from variables: it is named, and none declared.

        The guide knows only models of modelProviders.
        """
        declared = highest(self._sources, PROVIDERS)
        return self._client.is_release and name is not None and declared is None

    def _built_in(self) -> Selection:
        name = self._name
        default = self._client.oauth_models[0]
        if self._client.refuses_oauth:
            message = (
                f"the free tier of Qwen OAuth ended on {OAUTH_ENDED}, and Qwen Code "
                f"{self._client.name} refuses to run with it"
            )
            self._say("QL612", message, AUTH_TYPE, self._selecting_fix())
        elif name is not None and name not in self._client.oauth_models:
            message = f'"{shown(name)}" is not a qwen-oauth model, so the client uses {default}'
            fix = f"select another auth type in security.auth.selectedType, or the model {default}"
            self._say("QL605", message, MODEL, fix)
        if name not in self._client.oauth_models:
            name = default
        return Selection(
            auth_type=OAUTH,
            model=name,
            kind="built-in",
            source=self._source(),
            enforced_type=self._enforced_type,
        )

    def _undefined(self, auth_type: str, name: str | None, *, decided: bool) -> Selection:
        """Return the selection of a model that no entry defines."""
        known = auth_type in self._client.auth_types
        if not decided:
            if known:
                self._say_undecided(auth_type, name)
            return self._made_of_layers("undecided", name)
        if name is None and known:
            message = f"{shown(auth_type)} is selected, but no model"
            self._say("QL604", message, AUTH_TYPE, "set model.name")
        elif name is not None and self._entries:
            self._say_undefined(name)
        return self._made_of_layers("runtime", name)

    def _depends_on_variables(self, name: str | None) -> bool:
        """Tell whether environment variables decide which model a release uses.

        They do if no model is named, because they can name one. If no entry defines the name, it
        means a runtime model if there is a key or an endpoint for it, or else the first entry that
        can be used.
        """
        if name is None:
            return True
        given = self._string(API_KEY) or self._string(BASE_URL)
        return not given and any(map(self._can_be_first, self._entries))

    def _depends_on_urls(self, entry: Model) -> bool:
        """Tell whether variables in base URLs decide which entry of one id is meant.

        If both base URLs are spelled alike, they are the same, whatever is set.
        """
        url = self._url()
        if not (self._client.selects_url and url) or url == entry.base_url:
            return False
        urls = [model.base_url or "" for model in self._models if model.id == entry.id]
        return len(urls) > 1 and any(map(references, [url, *urls]))

    def _can_be_first(self, model: Model) -> bool:
        return not any(model.fields.get(flag) for flag in self._client.not_first)

    def _made_of_layers(self, kind: Literal["runtime", "undecided"], name: str | None) -> Selection:
        """Return a selection with everything that the settings say about a runtime model."""
        config = merged(self._sources, GENERATION_CONFIG)
        return Selection(
            auth_type=self._auth_type,
            model=self._checked(name, MODEL),
            kind=kind,
            source=self._source(),
            base_url=self._checked(self._string(BASE_URL), BASE_URL),
            env_key=self._key_variable() if kind == "runtime" else self._key_reference(),
            generation_config=(
                self._reader.canonical(config, GENERATION_CONFIG)
                if config and isinstance(config, dict)
                else None
            ),
            enforced_type=self._enforced_type,
        )

    def _checked(self, text: str | None, path: Path) -> str | None:
        if text is not None:
            self._reader.check_text(text, path)
        return text

    def _key_variable(self) -> str | None:
        return self._key_reference() or API_KEY_VARIABLES.get(self._auth_type or "")

    def _key_reference(self) -> str | None:
        named = references(self._string(API_KEY) or "")
        return named[0] if named else None

    def _entry(self, name: str | None) -> Model | None:
        wanted = Route(self._auth_type, name, self._url())
        index = chosen(self._routes, wanted, self._client)
        return None if index is None else self._models[index]

    def _url(self) -> str | None:
        url = merged(self._sources, MODEL_URL)
        return url if isinstance(url, str) else None

    def _is_ambiguous(self, entry: Model) -> bool:
        """Tell whether the id alone does not say which entry is meant."""
        family = {RESPONSES, "openai"}
        same = [
            model
            for model in self._models
            if model.id == entry.id
            and (
                model.route.protocol == entry.route.protocol
                or {model.route.protocol, entry.route.protocol} <= family
            )
        ]
        return self._client.identity_has_url and len(same) > 1

    def _say_ignored(self) -> None:
        for path in (AUTH_TYPE, MODEL):
            value = merged(self._sources, path)
            if value is not None and not isinstance(value, str):
                message = f"{'.'.join(map(str, path))} must be a string, so it is ignored"
                self._say("QL606", message, path, "write a string")

    def _string(self, path: Path) -> str | None:
        value = merged(self._sources, path)
        return value if isinstance(value, str) and value else None

    def _source(self) -> ScopeName | Literal["default"] | None:
        """Return the scope that selects it; if none does, `default` by the guide, else None."""
        by_default = self._name is None and self._auth_type != OAUTH
        if not self._client.is_release and by_default:
            return "default"
        for path in (MODEL, AUTH_TYPE):
            source = highest(self._sources, path)
            if source is not None and self._string(path) is not None:
                return source.scope
        return None if self._client.is_release else "default"

    def _highest_place(self, path: Path, *, on_key: bool) -> Place:
        source = highest(self._sources, path) or self._sources[-1]
        return source.place(path, on_key=on_key)

    def _say_nothing_selected(self) -> None:
        """Report that models are declared, but no auth type is selected."""
        first = next(iter(self._models), None)
        source = highest(self._sources, PROVIDERS)
        if first is None or source is None:
            return
        message = (
            "no auth type is selected: the client takes one from environment variables, or asks "
            "for a login"
        )
        place = source.place(PROVIDERS, on_key=True)
        fix = f"{self._selecting_fix()}, unless variables are meant to decide"
        self._report(Finding("QL611", message, place, fix))

    def _selecting_fix(self) -> str:
        """Return how to select a model: with a command, if the first can be named in one."""
        ids = [model.id for model in self._models]
        if not ids:
            return "define a model in modelProviders, and select it"
        is_plain = _PLAIN.fullmatch(ids[0]) and shown(ids[0]) == ids[0]
        if is_plain and ids.count(ids[0]) == 1:
            return f"run `qwenlock select {ids[0]}`"
        return "set security.auth.selectedType and model.name"

    def _say_undecided(self, auth_type: str, name: str | None) -> None:
        if name is None:
            message = (
                f"{auth_type} is selected, but no model: environment variables decide which one "
                "is used"
            )
            self._say("QL604", message, AUTH_TYPE, "set model.name")
            return
        message = (
            f'no {auth_type} entry defines "{shown(name)}": environment variables decide '
            "which model is used"
        )
        self._say("QL603", message, MODEL, self._near(name))

    def _say_unknown_auth_type(self, auth_type: str) -> None:
        known = self._client.auth_types
        fix = suggestion(auth_type, known) or f"use one of {', '.join(known)}"
        if (stands_for := protocols(self._sources, self._client).get(auth_type)) in known:
            fix = f"select {stands_for}, which providerProtocol maps it to"
        self._say("QL601", f'"{shown(auth_type)}" is not an auth type', AUTH_TYPE, fix)

    def _say_undefined(self, name: str) -> None:
        message = f'no {self._auth_type} entry defines "{shown(name)}": it is a runtime model'
        if self._string(MODEL) is None:
            message = (
                f"no model is selected, and no entry defines the default {name}: it is a runtime "
                "model"
            )
        path = MODEL if self._string(MODEL) is not None else AUTH_TYPE
        self._say("QL603", message, path, self._near(name))

    def _near(self, name: str) -> str:
        ids = tuple(model.id for model in self._entries)
        return suggestion(name, ids) or f'select an entry, such as "{shown(ids[0])}"'

    def _say(
        self, code: str, message: str, path: Path, fix: str | None, severity: Severity | None = None
    ) -> None:
        source = highest(self._sources, path)
        place = source.place(path) if source else None
        self._report(Finding(code, message, place, fix, severity))
