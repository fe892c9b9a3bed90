"""Recognises literal credentials and references to variables.

A text that could be a credential counts as one: by its name, its form, or how random it looks
(`secret_forms`), or by its place in a URL. docs/credentials.md describes it.

A `$NAME` or `${NAME}` reference is not a credential, nor is a scheme before it (`Bearer $TOKEN`).
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import pairwise
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
_REMEMBERED = 3_000  # settings repeat the same headers, endpoints and variables

MASK = "***"
"""The text shown in place of a credential."""

_REFERENCE = pattern(r"\$(?:([A-Za-z_][A-Za-z0-9_]*)|\{([A-Za-z_][A-Za-z0-9_]*)\})")
_SCHEME = pattern(r"(?>\s*)(?:bearer|basic|token|apikey|key)?[\s:=]*", re.IGNORECASE)
_URL_USER = pattern(r"//:*[^/?#\s@:][^/?#\s@]*@")
_MAY_BE_A_URL = pattern(r"//|[?&;#@]")
_URL_PASSWORD = pattern(r"//[^/?#\s@:\[]+:(?!\d*(?:[/?#]|\Z))[^\s@?#]*@")
_BARE_USER = pattern(r"(?:[^/?#\s@:]+:)?[^/?#\s@]+@[^/?#\s@]")
_NAME_AND_PASSWORD = pattern(r"[A-Za-z][\w.\-@]*:([^\s:/@]{8,})")
_ASSIGNED = pattern(
    r"(?<![\w.\-])([A-Za-z][\w.\-]{1,40})([\"']?)[ \t]?([=:])[ \t]?[\"']?([^\s\"'&;,]{3,200})"
)
_ANYTHING = pattern(
    r"(?!(?:true|false|none|null|yes|no|optional|required)\b)[^<\[({*=]", re.IGNORECASE
)
_PADDING = "= "
_PIECES = pattern(r"[?&;#]")
_PIECES_OF_A_URL = pattern(r"[?&;#,|]")
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


def names_a_variable(text: str) -> bool:
    """Tell whether `text` is the name of a variable, or one reference in the place of a name."""
    found = _REFERENCE.fullmatch(text)
    return is_variable_name(text if found is None else found[1] or found[2])


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
    if not text.isascii() and (plain := _plainly(text)) != text:
        return is_credential(plain, key)
    bare = without_references(text)
    if has_form(text) or (_MAY_BE_A_URL.search(text) and _url_has_credential(bare)):
        return True
    if "%" in text and (plain := _unquoted(text)) != text and has_form(plain):
        return True
    name = NameSays.NOTHING if key is None else named(key)
    if ("=" in text or ":" in text) and _holds_an_assignment(
        bare, is_text=key is None or name is NameSays.IDENTIFIER
    ):
        return True
    if key is None:
        return False
    if name is NameSays.STRONG:
        return not _SCHEME.fullmatch(bare)
    if name is NameSays.IDENTIFIER:
        return key in _URLS and _BARE_USER.match(bare) is not None
    pair = _NAME_AND_PASSWORD.fullmatch(bare)
    if pair is not None and not is_made_of_words(pair[1]):
        return True
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
    if _URL_USER.search(url) or _URL_PASSWORD.search(url):
        return True
    is_url = _BEGINS_AS_A_URL.match(url) is not None
    path, *parts = (_PIECES_OF_A_URL if is_url else _PIECES).split(url)
    pieces = set(parts)  # many are alike
    return any(_is_key_parameter(_unquoted(piece).strip(), is_url=is_url) for piece in pieces) or (
        is_url and _path_has_credential(path)
    )


def _path_has_credential(path: str) -> bool:
    """Tell whether a credential stands in a path under its name, or has a known form."""
    steps = [_unquoted(step) for step in path.split("/")]
    return (
        any(map(has_form, set(steps)))
        or any(map(_is_key_parameter, set(steps)))
        or any(
            named(name) is NameSays.STRONG and not is_made_of_words(step)
            for name, step in set(pairwise(steps))
        )
    )


def _as_sent(url: str) -> str:
    """Return a URL as clients read it: without tabs, and with two slashes, whatever it begins with.

    They also take one slash, none, and backslashes (WHATWG, URL Standard, "Basic URL parser").
    """
    if not _BEGINS_AS_A_URL.match(url):
        return url
    return _SLASHES.sub("//", _DROPPED.sub("", url).replace("\\", "/"), count=1)


def _is_key_parameter(piece: str, *, is_url: bool = False) -> bool:
    """Tell whether a part of a query, `NAME=VALUE`, is or holds a credential."""
    name, sign, value = piece.partition("=")
    name, value = name.strip(), value.strip(_PADDING)
    if not sign or not value:
        return is_url and looks_random(piece)
    if names_in_a_query(name) or has_form(value) or _URL_USER.search(value):
        return True
    inner = [each.partition("=" if "=" in each else ":") for each in _PIECES_OF_A_URL.split(value)]
    if any(names_in_a_query(each) and rest for each, _, rest in inner):
        return True
    says = named(name)
    odd = says is NameSays.WEAK and not is_made_of_words(value)
    return odd or (says is not NameSays.IDENTIFIER and looks_random(value))


def _holds_an_assignment(text: str, *, is_text: bool) -> bool:
    """Tell whether text holds `NAME=VALUE` or `"NAME": "VALUE"` under the name of a credential.

    Args:
        text: any text.
        is_text: it describes something, and so may speak of credentials.
    """
    return any(
        named(name) is NameSays.STRONG
        and _ANYTHING.match(value) is not None
        and ((sign == "=" and not is_text) or bool(quote) or not is_made_of_words(value))
        for name, quote, sign, value in _ASSIGNED.findall(text)
    )


def _unquoted(text: str) -> str:
    """Return a text with its escapes resolved, even nested ones."""
    for _ in range(_ESCAPED_AT_MOST):
        if "%" not in text:
            break
        from urllib.parse import unquote

        text = unquote(text)
    return text


def _plainly(text: str) -> str:
    """Return a text without invisible characters, and with letters in their usual form."""
    from unicodedata import category, normalize

    return "".join(each for each in normalize("NFKC", text) if category(each) != "Cf")
