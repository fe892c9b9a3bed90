r"""Recognises literal credentials and references to variables.

These are the only rules; docs/credentials.md shows them:

- a known key prefix, such as `sk-`, followed by eight or more characters, in any string or key;
- any text at all under a header or body field that names a credential, such as `Authorization`;
- user information or a key parameter in a URL.

A `$NAME` or `${NAME}` reference is not a credential, nor is a scheme before it (`Bearer $TOKEN`).
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

KEY_PREFIXES = (
    "sk-", "sk_live_", "sk_test_", "rk_live_", "AIza", "ya29.", "gsk_", "xai-", "hf_", "r8_",
    "nvapi-", "pplx-", "tvly-", "fw_", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_",
    "glpat-", "xoxb-", "xoxp-", "AKIA", "ASIA", "LTAI", "eyJhbGciOi",
)  # fmt: skip

CREDENTIAL_FIELDS = frozenset({
    "accesskeyid", "authorization", "bearertoken", "cookie", "credential", "credentials", "passwd",
    "privatekey", "proxyauthorization", "securitytoken", "sessiontoken", "setcookie", "token",
    "xauthtoken", "xaccesstoken", "ocpapimsubscriptionkey", "xfunctionskey", "xgoogapikey",
})  # fmt: skip
CREDENTIAL_FIELD_ENDINGS = (
    "apikey", "apitoken", "accesskey", "accesskeysecret", "accesstoken", "authtoken", "idtoken",
    "password", "refreshtoken", "secret", "secretkey",
)  # fmt: skip

_SECRET_VARIABLES = ("KEY", "TOKEN", "SECRET", "PASSWORD", "CREDENTIALS")
_SHORTEST_SECRET = 4
_REMEMBERED = 10_000  # settings repeat the same headers, endpoints and variables

MASK = "***"
"""The text shown in place of a credential."""

_PREFIXED = re.compile(
    r"(?<![A-Za-z0-9])(?:" + "|".join(map(re.escape, KEY_PREFIXES)) + r")[A-Za-z0-9_\-.]{8,}"
)
_REFERENCE = re.compile(r"\$(?:([A-Za-z_][A-Za-z0-9_]*)|\{([A-Za-z_][A-Za-z0-9_]*)\})")
_SCHEME = re.compile(r"(?>\s*)(?:bearer|basic|token|apikey|key)?[\s:=]*", re.IGNORECASE)
_URL_USER = re.compile(r"://:*[^/?#\s@:][^/?#\s@]*@")
_URL_PARAMETER = re.compile(
    r"[?&;#](?:[a-z]+[_\-])*"
    r"(?:(?:api|access|auth|secret|private)?(?:key|token|secret|password|signature)|sig|auth)"
    r"=[^&#\s]",
    re.IGNORECASE,
)
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_RANDOM_LOOKING = re.compile(r"(?=.*[a-z])(?=.*[0-9])[A-Za-z0-9]{20,}")


def references(text: str) -> list[str]:
    """Return the variable names that `$NAME` and `${NAME}` in `text` refer to, in order.

    The client replaces them in any string (How Qwen Code reads settings, "Variables").
    """
    if "$" not in text:
        return []
    return [plain or braced for plain, braced in _REFERENCE.findall(text)]


def without_references(text: str) -> str:
    """Return `text` without its `$NAME` and `${NAME}` references."""
    return _REFERENCE.sub("", text) if "$" in text else text


def substituted(text: str, environment: Mapping[str, str]) -> str:
    """Return `text` with references replaced by the variables that are set."""
    if "$" not in text:
        return text
    return _REFERENCE.sub(lambda found: environment.get(found[1] or found[2], found[0]), text)


@lru_cache(_REMEMBERED)
def is_variable_name(text: str) -> bool:
    """Tell whether `text` can be a variable name and is not a pasted key."""
    return bool(_VARIABLE.fullmatch(text)) and not (
        _PREFIXED.match(text) or _RANDOM_LOOKING.fullmatch(text)
    )


@lru_cache(_REMEMBERED)
def is_variable_of_a_key(name: str) -> bool:
    """Tell whether an environment variable holds a key, by its name: `OPENAI_API_KEY`."""
    return name.upper().endswith(_SECRET_VARIABLES) or names_a_credential(name)


def names_a_credential(key: str) -> bool:
    """Tell whether an object's `key` (a header, a body field) names a credential."""
    plain = key.lower().replace("-", "").replace("_", "")
    return plain in CREDENTIAL_FIELDS or plain.endswith(CREDENTIAL_FIELD_ENDINGS)


@lru_cache(_REMEMBERED)
def is_credential(text: str, key: str | None = None) -> bool:
    """Tell whether `text`, under the object key `key`, is or contains a literal credential."""
    if (
        key is not None
        and names_a_credential(key)
        and not _SCHEME.fullmatch(without_references(text))
    ):
        return True
    if _PREFIXED.search(text):
        return True
    return "://" in text and _url_has_credential(without_references(text))


def shown(text: str) -> str:
    """Return `text` for a message: masked if it is a literal credential."""
    return MASK if is_credential(text) else text


def masked(value: Any, key: str = "") -> Any:
    """Return the JSON `value` of `key` with every literal credential masked."""
    match value:
        case str():
            return MASK if is_credential(value, key) else value
        case dict():
            return {shown(name): masked(item, name) for name, item in value.items()}
        case list() | tuple():
            return [masked(item, key) for item in value]
        case int() | float() if not isinstance(value, bool) and names_a_credential(key):
            return MASK
        case _:
            return value


def without(text: str, secrets: Iterable[str]) -> str:
    """Return `text` without `secrets`, except those too short to be distinctive."""
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, MASK) if len(secret) >= _SHORTEST_SECRET else text
    return text


def _url_has_credential(url: str) -> bool:
    return bool(_URL_USER.search(url) or _URL_PARAMETER.search(url))
