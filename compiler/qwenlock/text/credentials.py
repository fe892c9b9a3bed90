"""Recognises literal credentials and references to variables.

What could be a credential is one: by its name, its form, or how random it looks (`secret_forms`),
or by its place in a URL. docs/credentials.md describes it.

A `$NAME` or `${NAME}` reference is not a credential, nor is a scheme before it (`Bearer $TOKEN`).
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from qwenlock.text.pattern import pattern
from qwenlock.text.secret_forms import (
    NameSays,
    begins_as_a_key,
    has_form,
    has_scheme,
    is_made_of_words,
    looks_random,
    named,
    names_in_a_query,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_SECRET_VARIABLES = ("KEY", "TOKEN", "SECRET", "PASSWORD", "CREDENTIALS")
_SHORTEST_SECRET = 4
_ESCAPED_AT_MOST = 3
_A_FIELD = "field"
_URLS = frozenset({"baseUrl", "base_url", "base-url"})
_REMEMBERED = 10_000  # settings repeat the same headers, endpoints and variables

MASK = "***"
"""The text shown in place of a credential."""

_REFERENCE = pattern(r"\$(?:([A-Za-z_][A-Za-z0-9_]*)|\{([A-Za-z_][A-Za-z0-9_]*)\})")
_SCHEME = pattern(r"(?>\s*)(?:bearer|basic|token|apikey|key)?[\s:=]*", re.IGNORECASE)
_URL_USER = pattern(r"//:*[^/?#\s@:][^/?#\s@]*@")
_MAY_BE_A_URL = pattern(r"//|[?&;#@]")
_BARE_USER = pattern(r"[^/?#\s@:]+:[^/?#\s@]+@[^/?#\s@]")
_PARAMETER = pattern(r"[?&;#]([^=&#?;\s]+)=([^&#\s]+)")
_BARE = pattern(r"[?&#]([^=&#?;\s]+)(?=[&#;]|\Z)")
_BEGINS_AS_A_URL = pattern(r"\s*(?:https?|wss?):", re.IGNORECASE)
_DROPPED = pattern(r"[\t\r\n]")
_SLASHES = pattern(r"(?<=:)/*")
_VARIABLE = pattern(r"[A-Za-z_][A-Za-z0-9_]*")


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
    return bool(_VARIABLE.fullmatch(text)) and not (begins_as_a_key(text) or looks_random(text))


@lru_cache(_REMEMBERED)
def is_variable_of_a_key(name: str) -> bool:
    """Tell whether an environment variable holds a key, by its name: `OPENAI_API_KEY`."""
    return name.upper().endswith(_SECRET_VARIABLES) or names_a_credential(name)


def names_a_credential(key: str) -> bool:
    """Tell whether any text under an object's `key` (a header, a body field) is a credential."""
    return named(key) is NameSays.STRONG


@lru_cache(_REMEMBERED)
def is_credential(text: str, key: str | None = None) -> bool:
    """Tell whether `text`, under the object key `key`, could be or contain a literal credential.

    Without a `key`, only what has the form of one is.
    """
    bare = without_references(text)
    if has_form(text) or (_MAY_BE_A_URL.search(text) and _url_has_credential(bare)):
        return True
    if key is None:
        return False
    name = named(key)
    if name is NameSays.STRONG:
        return not _SCHEME.fullmatch(bare)
    if name is NameSays.IDENTIFIER:
        return key in _URLS and _BARE_USER.match(bare) is not None
    if name is NameSays.WEAK and not is_made_of_words(bare):
        return True
    return looks_random(bare) or has_scheme(bare)


def is_credential_as_name(name: str) -> bool:
    """Tell whether a key of an object could be a credential, in place of the name of a field."""
    return is_credential(name, _A_FIELD)


def shown(text: str) -> str:
    """Return `text` for a message: masked if it is a literal credential."""
    return MASK if is_credential(text) else text


def masked(value: Any, key: str = "") -> Any:
    """Return the JSON `value` of `key` with every literal credential masked."""
    match value:
        case str():
            return MASK if is_credential(value, key) else value
        case dict():
            return {
                MASK if is_credential_as_name(name) else name: masked(item, name)
                for name, item in value.items()
            }
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
    url = _as_sent(url)
    bare = _BARE.findall(url) if _BEGINS_AS_A_URL.match(url) else []
    return (
        _URL_USER.search(url) is not None
        or any(looks_random(_unquoted(each)) for each in bare)
        or any(
            _is_key_parameter(_unquoted(name), _unquoted(value))
            for name, value in _PARAMETER.findall(url)
        )
    )


def _as_sent(url: str) -> str:
    """Return a URL as clients read it: without tabs, and with two slashes, whatever it begins with.

    They also take one slash, none, and backslashes (WHATWG, URL Standard, "Basic URL parser").
    """
    if not _BEGINS_AS_A_URL.match(url):
        return url
    return _SLASHES.sub("//", _DROPPED.sub("", url).replace("\\", "/"), count=1)


def _is_key_parameter(name: str, value: str) -> bool:
    if names_in_a_query(name) or has_form(value) or _URL_USER.search(value):
        return True
    return named(name) is not NameSays.IDENTIFIER and looks_random(value)


def _unquoted(text: str) -> str:
    """Return a part of a query with its escapes resolved, also those that escape others."""
    for _ in range(_ESCAPED_AT_MOST):
        if "%" not in text:
            break
        from urllib.parse import unquote

        text = unquote(text)
    return text
