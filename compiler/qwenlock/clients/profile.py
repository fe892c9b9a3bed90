"""What differs between releases of Qwen Code, as data; `guide` is the product's specification.

Sources: the guide, and for the releases How Qwen Code reads settings, "Models", "Selection" and
"Variables". A later row overrides an earlier one for the releases it names.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from qwenlock.findings.errors import UsageError

GUIDE = "guide"
RELEASES = (
    *("0.10.1", "0.12.0", "0.15.6", "0.15.10", "0.21.2", "0.21.10", "0.23.0", "0.23.1"),
    *("0.23.3", "0.23.4", "0.24.0", "0.24.2", "0.24.3", "0.24.4"),
)
"""The releases whose packages were read, in order: what is known stands on these."""

OLDEST, NEWEST = RELEASES[0], RELEASES[-1]
"""The newest is the client where nothing else says which: no option, lock or installed client."""

PROTOCOLS_SINCE = "0.21"
"""The first release that reads `providerProtocol`."""

_PRE_RELEASE = re.compile(r"v?([0-9]+\.[0-9]+\.[0-9]+)-[0-9A-Za-z.-]+(?:\+[0-9A-Za-z.-]+)?")

AUTH_TYPES = ("openai", "anthropic", "gemini", "vertex-ai", "qwen-oauth")

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

PROXY_VARIABLES = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy")

_SIGNS_OF_AUTH_TYPES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("qwen-oauth", ("QWEN_OAUTH",)),
    ("openai", ("OPENAI_API_KEY", "OPENAI_MODEL", "OPENAI_BASE_URL")),
    ("gemini", ("GEMINI_API_KEY", "GEMINI_MODEL")),
    ("vertex-ai", ("GOOGLE_API_KEY", "GOOGLE_MODEL")),
    ("anthropic", ("ANTHROPIC_API_KEY", "ANTHROPIC_MODEL", "ANTHROPIC_BASE_URL")),
)
_LATER_SIGNS = (
    *_SIGNS_OF_AUTH_TYPES[:2],
    ("openai", ("OPENAI_API_KEY", "QWEN_MODEL", "OPENAI_BASE_URL")),
    *_SIGNS_OF_AUTH_TYPES[2:4],
    ("vertex-ai", ("GOOGLE_CLOUD_PROJECT", "GOOGLE_MODEL")),
    *_SIGNS_OF_AUTH_TYPES[4:],
)


@dataclass(frozen=True, slots=True)
class Profile:
    """How one release reads settings.

    Attributes:
        name: `guide` or a release.
        auth_types: the valid keys of modelProviders.
        provider_protocols: `providerProtocol` maps keys of modelProviders to auth types.
        oauth_models: the hard-coded models of qwen-oauth, the default first.
        default_models: the model an auth type takes when the settings name none.
        extra_body_types: the auth types whose requests carry `extra_body`.
        identity_has_url: a model is identified by id and base URL, not by the id alone.
        selects_url: `model.baseUrl` chooses between entries of one id.
        env_key_required: an entry without `envKey` is an error.
        home_variable: the variable that moves the user scope, or empty.
        settings_version: the version of settings files that it writes.
        replaces_providers: the highest scope's modelProviders hides those of lower scopes.
        default_auth_type: the auth type where none is chosen, or None: then it asks for a login.
        auth_type_signs: the sets of variables that choose an auth type where none is chosen.
        model_layers: the layers that name a model, high to low, where no entry is chosen by them.
        proxy_layers: the same of a proxy.
        key_is_sealed: an entry's key comes from its variable alone, and from no lower layer.
        default_base_urls: what an entry without `baseUrl` has instead; None where lower layers
            give it.
        timeout_variable: the variable that sets a runtime model's timeout, or empty.
        empty_counts: a variable that is set to nothing hides one of a `.env` or `settings.env`.
        refuses_flag_key: a key by flag alone is refused where there is no terminal.
        strips_snapshot: a `model.name` of `$runtime|TYPE|ID` means ID.
    """

    name: str
    auth_types: tuple[str, ...] = AUTH_TYPES
    provider_protocols: bool = False
    oauth_models: tuple[str, ...] = ("coder-model", "vision-model")
    default_models: tuple[tuple[str, str], ...] = (("openai", "qwen3-coder-plus"),)
    extra_body_types: tuple[str, ...] = ("openai", "openai-responses", "qwen-oauth")
    identity_has_url: bool = False
    selects_url: bool = False
    env_key_required: bool = True
    home_variable: str = ""
    settings_version: int = 3
    replaces_providers: bool = True
    default_auth_type: str | None = "qwen-oauth"
    auth_type_signs: tuple[tuple[str, tuple[str, ...]], ...] = ()
    model_layers: tuple[str, ...] = ("cli", "env", "settings")
    proxy_layers: tuple[str, ...] = ("cli", "settings", "env")
    key_is_sealed: bool = False
    default_base_urls: tuple[tuple[str, str], ...] | None = None
    timeout_variable: str = ""
    empty_counts: bool = False
    refuses_flag_key: bool = False
    strips_snapshot: bool = False

    def knows(self, since: str) -> bool:
        """Tell whether this client reads what release `since` first read ("" for all)."""
        if not since:
            return True
        return self.name != GUIDE and _version(self.name) >= _version(since)


_CHANGES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("", {"replaces_providers": False, "default_auth_type": None}),
    ("", {"auth_type_signs": _SIGNS_OF_AUTH_TYPES}),
    ("<0.15.6", {"key_is_sealed": True, "refuses_flag_key": True}),
    ("<0.15.10", {"proxy_layers": ("cli", "env")}),
    ("<0.21", {"default_base_urls": DEFAULT_BASE_URLS, "empty_counts": True}),
    (">=0.15.6", {"model_layers": ("cli", "settings", "env")}),
    (">=0.15.6", {"timeout_variable": "QWEN_CODE_API_TIMEOUT_MS"}),
    (">=0.21", {"auth_type_signs": _LATER_SIGNS, "strips_snapshot": True}),
    (">=0.12", {"oauth_models": ("coder-model",)}),
    (">=0.12", {"default_models": (("openai", "qwen3.5-plus"),)}),
    (">=0.15.10", {"identity_has_url": True, "home_variable": "QWEN_HOME"}),
    (">=0.15.10", {"settings_version": 4}),
    (">=0.21", {"selects_url": True, "env_key_required": False}),
    (f">={PROTOCOLS_SINCE}", {"provider_protocols": True}),
    (">=0.23.3", {"auth_types": (*AUTH_TYPES[:-1], "openai-responses", "qwen-oauth")}),
    (">=0.21", {"default_models": (("openai", "qwen3.7-max"),)}),
)


@cache
def profile(client: str = GUIDE) -> Profile:
    """Return the profile of `client`: `guide`, or a release such as `0.15.10`.

    A release newer than every known one has the newest profile, see `is_newer_than_known`. A
    pre-release has the profile, and the name, of the release that it leads to, see `release_of`.

    Raises:
        UsageError: `client` is no version, or older than the first release that is known.
    """
    if client == GUIDE:
        return Profile(GUIDE)
    from packaging.specifiers import SpecifierSet

    client = release_of(client)
    version = _version(client)
    if version < _version(OLDEST):
        raise UsageError(
            f"Qwen Code {client} is older than {OLDEST}, the first release that qwenlock knows",
            f"use --client guide, or a release from {OLDEST} to {NEWEST}",
        )
    result = Profile(client)
    for releases, changes in _CHANGES:
        if SpecifierSet(releases).contains(version, prereleases=True):
            result = replace(result, **changes)
    return result


def release_of(version: str) -> str:
    """Return the release that stands for `version`: itself, or the one that a pre-release leads to.

    So `0.24.4-preview.0` and `0.24.4-nightly.20260101.abc`, as npm orders them before 0.24.4, and
    `0.24.4rc1` are all taken for 0.24.4: most of what a release changes is there before it.

    Raises:
        UsageError: `version` is none, neither of npm (SemVer) nor PEP 440.
    """
    pre_release = _PRE_RELEASE.fullmatch(version)
    if pre_release is not None:
        return pre_release[1]
    parsed = _version(version)
    return str(parsed.base_version) if parsed.is_prerelease else version


def is_newer_than_known(client: str) -> bool:
    """Tell whether `client` is a release after the newest whose behaviour was measured."""
    return client != GUIDE and _version(release_of(client)) > _version(NEWEST)


def _version(text: str) -> Any:
    from packaging.version import InvalidVersion, Version

    try:
        return Version(text)
    except InvalidVersion:
        raise UsageError(
            f"{text!r} is no release of Qwen Code", "use --client guide, or a version like 0.15.10"
        ) from None
