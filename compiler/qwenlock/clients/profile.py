"""What differs between releases of Qwen Code, as data, listed by release in `_HISTORY`.

`guide` is the product's specification.
Sources: the guide, and for the releases the page How Qwen Code reads settings.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from qwenlock.findings.errors import UsageError
from qwenlock.text.pattern import pattern
from qwenlock.text.record import dataclass, replace

GUIDE = "guide"
RELEASES = (
    *("0.10.1", "0.12.0", "0.15.6", "0.15.10", "0.21.2", "0.21.10", "0.23.0", "0.23.1"),
    *("0.23.3", "0.23.4", "0.24.0", "0.24.2", "0.24.3", "0.24.4"),
)
"""The releases whose packages were read, in order: all that is known comes from these."""

OLDEST, NEWEST = RELEASES[0], RELEASES[-1]
"""The newest release, which is used if no option, lock or installed client names one."""

PROTOCOLS_SINCE = "0.21"
"""The first release that reads `providerProtocol`."""

OAUTH_ENDED = "2026-04-15"
"""The day on which the free tier of Qwen OAuth ended."""

_NUMBERS = pattern(r"v?([0-9]{1,9}(?:\.[0-9]{1,9})*)")
_PRE_RELEASE = pattern(r"v?([0-9]+\.[0-9]+\.[0-9]+)-[0-9A-Za-z.-]+(?:\+[0-9A-Za-z.-]+)?")

OAUTH = "qwen-oauth"
"""The auth type whose models are built in."""

AUTH_TYPES = ("openai", "anthropic", "gemini", "vertex-ai", OAUTH)

API_KEY_VARIABLES = {
    "openai": "OPENAI_API_KEY",
    "openai-responses": "OPENAI_API_KEY",
    "anthropic": "ANTHROPIC_API_KEY",
    "gemini": "GEMINI_API_KEY",
    "vertex-ai": "GOOGLE_API_KEY",
}

MODEL_VARIABLES = {
    "openai": ("OPENAI_MODEL", "QWEN_MODEL"),
    "openai-responses": ("OPENAI_MODEL",),
    "anthropic": ("ANTHROPIC_MODEL",),
    "gemini": ("GEMINI_MODEL",),
    "vertex-ai": ("GOOGLE_MODEL",),
}

BASE_URL_VARIABLES = {
    "openai": "OPENAI_BASE_URL",
    "openai-responses": "OPENAI_BASE_URL",
    "anthropic": "ANTHROPIC_BASE_URL",
}

DEFAULT_BASE_URLS = (("openai", "https://api.openai.com/v1"),)
"""Where the requests of an entry go that has no base URL, if nothing else gives it one."""

PROXY_VARIABLES = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy")

VERTEX_PROJECT = "GOOGLE_CLOUD_PROJECT"
"""The variable that makes vertex-ai use Google's Application Default Credentials."""

WIRE_PROTOCOLS = {"chat-completions": "openai", "responses": "openai-responses"}
"""The values of `wireApi`, and the auth type that an OpenAI-compatible entry with it is of."""

_SIGNS_OF_AUTH_TYPES: tuple[tuple[str, tuple[str, ...]], ...] = (
    (OAUTH, ("QWEN_OAUTH",)),
    ("openai", ("OPENAI_API_KEY", "OPENAI_MODEL", "OPENAI_BASE_URL")),
    ("gemini", ("GEMINI_API_KEY", "GEMINI_MODEL")),
    ("vertex-ai", ("GOOGLE_API_KEY", "GOOGLE_MODEL")),
    ("anthropic", ("ANTHROPIC_API_KEY", "ANTHROPIC_MODEL", "ANTHROPIC_BASE_URL")),
)
_SIGNS_WITH_QWEN_MODEL = (
    *_SIGNS_OF_AUTH_TYPES[:2],
    ("openai", ("OPENAI_API_KEY", "QWEN_MODEL", "OPENAI_BASE_URL")),
    *_SIGNS_OF_AUTH_TYPES[2:],
)
_SIGNS_WITH_VERTEX_PROJECT = (
    *_SIGNS_WITH_QWEN_MODEL[:-1],
    ("vertex-ai", (VERTEX_PROJECT, "GOOGLE_MODEL")),
    _SIGNS_WITH_QWEN_MODEL[-1],
)


@dataclass(frozen=True, slots=True)
class Profile:
    """How one release reads settings.

    Attributes:
        name: `guide` or a release.
        auth_types: the valid keys of modelProviders.
        legacy_auth_types: those that the client still reads, but that nobody should write.
        wire_apis: the values of an entry's `wireApi`; empty if the field is not read. Any other
            value, and any on an entry that is not OpenAI-compatible, ends every start.
        provider_protocols: `providerProtocol` maps keys of modelProviders to auth types.
        oauth_models: the hard-coded models of qwen-oauth, the default first.
        refuses_oauth: a run that selects qwen-oauth ends, as the free tier has.
        default_models: the model an auth type takes when the settings name none.
        first_without_credentials: where no entry has the selected name, or none is selected, the
            first entry of the auth type is used, if nothing but entries gives the type a key or a
            base URL. Else a runtime model is made.
        extra_body_types: the auth types whose requests carry `extra_body`.
        identity_has_url: a model is identified by id and base URL, not by the id alone.
        selects_url: `model.baseUrl` chooses between entries of one id.
        not_first: flags of entries that are skipped when the client needs a model of their auth
            type.
        env_key_required: an entry without `envKey` is an error.
        base_url_required: the auth types whose entries need a `baseUrl`.
        home_variable: the variable that moves the user scope, or empty.
        settings_version: the version of settings files that it writes.
        replaces_providers: the highest scope's modelProviders hides those of lower scopes.
        default_auth_type: the auth type if none is chosen, or None: then it asks for a login.
        auth_type_signs: sets of variables; if all of a set are set, they choose an auth type.
        enforces_auth_type: where `security.auth.enforcedType` is another than the auth type of the
            model in use, a run without a terminal ends. An entry's `wireApi` counts there.
        model_layers: the layers that name a model, high to low, where no entry is chosen by them.
        proxy_layers: the same for the proxy.
        key_is_sealed: an entry's key comes from its variable alone, and from no lower layer.
        default_base_urls: what an entry without `baseUrl` has instead; None if lower layers
            give it.
        application_default_credentials: a vertex-ai model without `envKey` needs no key where
            `VERTEX_PROJECT` is set.
        timeout_variable: the variable that sets a runtime model's timeout, or empty.
        empty_counts: a variable that is set to nothing hides one of a `.env` or `settings.env`.
        reads_home_env_too: beside a project's `.env`, those of the home directory are read.
        env_search_ends_at_home: from a project in the home directory, no `.env` above that is read.
        expands_home_env: `$NAME` in settings is replaced by what a home directory's `.env` sets.
        placeholders: the names, in small letters, whose `$NAME` the client fills in itself in
            `customHeaders`; it takes them in any case, and no variable replaces them. The header is
            sent only with `outboundCorrelation.allowDynamicHeaderValues`.
        refuses_flag_key: a key by flag alone is refused if there is no terminal.
        strips_snapshot: a `model.name` of `$runtime|TYPE|ID` means ID.
        reads_bom: a byte-order mark at the start of a settings file is skipped, and not an error.
        trusts_unlisted: a folder on no list of trusted folders is trusted.
        trust_is_nearest: of several rules of that list, the one nearest to the folder decides. Else
            a folder within any trusted one is trusted.
        ignores_settings: the flags and variables that make it ignore all settings files.
    """

    name: str
    auth_types: tuple[str, ...] = AUTH_TYPES
    legacy_auth_types: tuple[str, ...] = ()
    wire_apis: tuple[str, ...] = ()
    provider_protocols: bool = False
    oauth_models: tuple[str, ...] = ("coder-model", "vision-model")
    refuses_oauth: bool = False
    default_models: tuple[tuple[str, str], ...] = (("openai", "qwen3-coder-plus"),)
    first_without_credentials: bool = False
    extra_body_types: tuple[str, ...] = ("openai", "openai-responses", OAUTH)
    identity_has_url: bool = False
    selects_url: bool = False
    not_first: tuple[str, ...] = ()
    env_key_required: bool = True
    base_url_required: tuple[str, ...] = ()
    home_variable: str = ""
    settings_version: int = 3
    replaces_providers: bool = True
    default_auth_type: str | None = OAUTH
    auth_type_signs: tuple[tuple[str, tuple[str, ...]], ...] = ()
    enforces_auth_type: bool = False
    model_layers: tuple[str, ...] = ("cli", "env", "settings")
    proxy_layers: tuple[str, ...] = ("cli", "settings", "env")
    key_is_sealed: bool = False
    default_base_urls: tuple[tuple[str, str], ...] | None = None
    application_default_credentials: bool = False
    timeout_variable: str = ""
    empty_counts: bool = False
    reads_home_env_too: bool = False
    env_search_ends_at_home: bool = False
    expands_home_env: bool = False
    placeholders: tuple[str, ...] = ()
    refuses_flag_key: bool = False
    strips_snapshot: bool = False
    reads_bom: bool = False
    trusts_unlisted: bool = True
    trust_is_nearest: bool = True
    ignores_settings: tuple[str, ...] = ()

    @property
    def is_release(self) -> bool:
        """Tell whether this is a release, and not the guide."""
        return self.name != GUIDE

    def knows(self, since: str) -> bool:
        """Tell whether this client reads what release `since` first read ("" for all)."""
        if not since:
            return True
        return self.name != GUIDE and _version(self.name) >= _version(since)

    def protocol(self, auth_type: str, wire_api: object = None) -> str | None:
        """Return the auth type that an entry is of, by the type it stands under and its `wireApi`.

        Args:
            auth_type: the auth type of its key in modelProviders, `providerProtocol` applied.
            wire_api: its `wireApi`; None if it has none.

        Returns:
            The auth type, or None if this client does not start with such an entry.
        """
        if wire_api is None or not self.wire_apis:
            return auth_type
        if auth_type not in WIRE_PROTOCOLS.values() or wire_api not in self.wire_apis:
            return None
        return WIRE_PROTOCOLS[str(wire_api)]


_HISTORY: tuple[tuple[str, dict[str, Any]], ...] = (
    ("0.10.1", {
        "replaces_providers": False,
        "default_auth_type": None,
        "auth_type_signs": _SIGNS_OF_AUTH_TYPES,
        "enforces_auth_type": True,
        "first_without_credentials": True,
        "base_url_required": ("anthropic",),
        "default_base_urls": DEFAULT_BASE_URLS,
        "key_is_sealed": True,
        "refuses_flag_key": True,
        "proxy_layers": ("cli", "env"),
        "empty_counts": True,
        "trust_is_nearest": False,
    }),
    ("0.12.0", {
        "oauth_models": ("coder-model",),
        "default_models": (("openai", "qwen3.5-plus"),),
    }),
    ("0.15.6", {
        "refuses_oauth": True,
        "model_layers": ("cli", "settings", "env"),
        "env_key_required": False,
        "key_is_sealed": False,
        "refuses_flag_key": False,
        "timeout_variable": "QWEN_CODE_API_TIMEOUT_MS",
        "ignores_settings": ("--bare", "QWEN_CODE_SIMPLE"),
    }),
    ("0.15.10", {
        "settings_version": 4,
        "home_variable": "QWEN_HOME",
        "identity_has_url": True,
        "proxy_layers": ("cli", "settings", "env"),
    }),
    ("0.21", {
        "provider_protocols": True,
        "default_models": (("openai", "qwen3.7-max"),),
        "not_first": ("imageOnly",),
        "auth_type_signs": _SIGNS_WITH_QWEN_MODEL,
        "selects_url": True,
        "strips_snapshot": True,
        "default_base_urls": None,
        "empty_counts": False,
        "reads_home_env_too": True,
        "env_search_ends_at_home": True,
        "expands_home_env": True,
    }),
    ("0.23", {
        "auth_type_signs": _SIGNS_WITH_VERTEX_PROJECT,
        "application_default_credentials": True,
        "trust_is_nearest": True,
    }),
    ("0.23.1", {
        "placeholders": ("session_id", "qwen_code_session_id"),
    }),
    ("0.23.3", {
        "auth_types": (*AUTH_TYPES[:-1], "openai-responses", OAUTH),
    }),
    ("0.23.4", {
        "not_first": ("imageOnly", "voiceOnly"),
    }),
    ("0.24.2", {
        "not_first": ("imageOnly", "voiceOnly", "realtimeOnly"),
        "wire_apis": tuple(WIRE_PROTOCOLS),
        "legacy_auth_types": ("openai-responses",),
        "trusts_unlisted": False,
    }),
    ("0.24.4", {
        "reads_bom": True,
    }),
)  # fmt: skip
"""What each release changed: it holds for that release and all later ones. The first row is what
the oldest does beside the guide. Where releases in between cannot be had, a row begins with the
first that was seen to do so; `0.21` and `0.23` stand for 0.21.2 and 0.23.0."""


@cache
def profile(client: str = GUIDE) -> Profile:
    """Return the profile of `client`: `guide`, or a release such as `0.15.10`.

    A release newer than every known one has the newest profile, see `is_newer_than_known`. A
    pre-release has the profile, and the name, of the release that it leads to, see `release_of`.

    Raises:
        UsageError: `client` is not a version, or older than the first release that is known.
    """
    if client == GUIDE:
        return Profile(GUIDE)
    client = release_of(client)
    version = _version(client)
    if version < _version(OLDEST):
        raise UsageError(
            f"Qwen Code {client} is older than {OLDEST}, the first release that qwenlock knows",
            f"use --client guide, or a release from {OLDEST} to {NEWEST}",
        )
    result = Profile(client)
    for since, changes in _HISTORY:
        if version >= _version(since):
            result = replace(result, **changes)
    return result


def release_of(version: str) -> str:
    """Return the release that stands for `version`: itself, or the one that a pre-release leads to.

    So `0.24.4-preview.0` and `0.24.4-nightly.20260101.abc`, as npm orders them before 0.24.4, and
    `0.24.4rc1` are all taken for 0.24.4: most of what a release changes is there before it.

    Raises:
        UsageError: `version` is not a version of npm (SemVer) or of PEP 440.
    """
    if _NUMBERS.fullmatch(version):
        return version
    pre_release = _PRE_RELEASE.fullmatch(version)
    if pre_release is not None:
        return pre_release[1]
    parsed = _parsed(version)
    return str(parsed.base_version) if parsed.is_prerelease else version


def is_newer_than_known(client: str) -> bool:
    """Tell whether `client` is a release after the newest whose behaviour was measured."""
    return client != GUIDE and _version(release_of(client)) > _version(NEWEST)


@cache
def _version(text: str) -> tuple[int, ...]:
    """Return the numbers of a release, without the zeros at their end."""
    plain = _NUMBERS.fullmatch(text)
    numbers = [int(part) for part in plain[1].split(".")] if plain else [*_parsed(text).release]
    while numbers and not numbers[-1]:
        numbers.pop()
    return tuple(numbers)


def _parsed(text: str) -> Any:
    """Return `text` as PEP 440 has it; loaded late, since hardly anybody writes such a version."""
    from packaging.version import Version

    try:
        return Version(text)
    except ValueError:
        raise UsageError(
            f"{text!r} is not a release of Qwen Code",
            "use --client guide, or a version like 0.15.10",
        ) from None
