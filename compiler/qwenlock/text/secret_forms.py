"""What could be a credential: by the words of its name, by its form, by how random it looks.

docs/credentials.md describes it, and shows what is recognised. `text.credentials` applies it.
"""

from __future__ import annotations

import re
from enum import IntEnum
from functools import lru_cache

from qwenlock.text.pattern import pattern

KEY_PREFIXES = (
    "sk-", "sk_live_", "sk_test_", "rk_live_", "rk_test_", "whsec_", "AIza", "ya29.", "gsk_",
    "r8_", "nvapi-", "tvly-", "csk-", "bce-v3/", "ghp_", "gho_",
    "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "gldt-", "glrt-", "glptt-", "xoxa-", "xoxb-",
    "xoxe-", "xoxp-", "xoxr-", "xoxs-", "xapp-", "AKIA", "ASIA", "ABIA", "ACCA", "ABSK", "LTAI",
    "AKID", "ALTAK", "AKLT", "dop_v1_", "lsv2_pt_", "shpat_", "dckr_pat_", "hvs.", "hvb.",
    "AGE-SECRET-KEY-",
)  # fmt: skip
"""What the keys of well-known services begin with."""

WORDLIKE_PREFIXES = (
    "xai-", "hf_", "pplx-", "fw_", "ms-", "npm_", "pypi-", "rpa_", "apify_api_", "jina_", "vck_",
    "cpk_", "sbp_", "glsa_", "glc_", "lin_api_", "ntn_", "figd_", "pat_", "key-", "SG.", "AQ.",
    "eyJ", "ewo",
)  # fmt: skip
"""The same, where words begin so too: what follows is longer, and is not made of words."""

_SHORTEST_AFTER_PREFIX = 8
_PREFIXED = pattern(
    r"(?<![A-Za-z0-9])(?:(?:"
    + "|".join(map(re.escape, KEY_PREFIXES))
    + rf")[A-Za-z0-9_\-.]{{{_SHORTEST_AFTER_PREFIX},}}|(?:"
    + "|".join(map(re.escape, WORDLIKE_PREFIXES))
    + r")([A-Za-z0-9_\-.]{16,}))"
)
_PRIVATE_KEY = pattern(r"-----BEGIN [A-Z ]*PRIVATE KEY(?: BLOCK)?-----|PuTTY-User-Key-File-\d")
_PAIR = pattern(r"(?<![\w.])[0-9a-f]{24,}\.[A-Za-z0-9]{12,}(?![\w.])")
_IN_A_PAIR = pattern(r"(?:AccountKey|SharedAccessKey|SharedAccessSignature|Password|Pwd)=\S")
_SCHEME = pattern(
    r"^bearer[ \t]+\S+$"
    r"|(?:^|[\s\"'=:,])(?:(?:basic|digest|token|apikey)[ \t]+(\S{8,})|bearer[ \t]+\S{8})",
    re.IGNORECASE,
)

STRONG_WORDS = frozenset({
    "apikey", "apitoken", "auth", "authentication", "authorization", "authtoken", "bearer",
    "cookie", "cookies",
    "cred", "credential", "credentials", "creds", "hmac", "jwt", "pass", "passcode", "passphrase",
    "passwd", "password", "pat", "pwd", "sas", "secret", "secrets", "signature", "token",
})  # fmt: skip
"""Any text is a credential under a name whose last word is one of these."""

STRONG_ENDINGS = (
    "accesskey", "accesskeyid", "accesskeysecret", "accesstoken", "apikey", "apitoken", "authkey",
    "authorization", "authtoken", "bearertoken", "clientsecret", "credential", "credentials",
    "idtoken", "passphrase", "password", "privatekey", "refreshtoken", "secret", "secretkey",
    "secretid", "securitytoken", "servicekey", "sessiontoken", "setcookie", "sharedkey",
    "signingkey", "subscriptionkey", "xfunctionskey", "xgoogapikey", "authtokens", "encryptionkey",
    "masterkey", "licensekey", "accountkey", "virtualkey", "privatetoken", "appkey", "basicauth",
    "macaroon", "assertion", "tkn",
    "keyauth",
)  # fmt: skip
"""The same where a name is written without separators, or its last word says too little."""

WEAK_WORDS = frozenset({
    "access", "ak", "cert", "certificate", "code", "dsn", "key", "keys", "license", "otp",
    "nonce", "pin", "private", "session", "sessionid", "sid", "sig", "sign", "sk", "ticket", "tk",
})  # fmt: skip
"""Under a name whose last word is one of these, text is a credential unless it is made of words."""

_QUERY_WORDS = STRONG_WORDS | {
    "access", "ak", "code", "key", "otp", "session", "sessionid", "sid", "sig", "sign", "sk",
    "ticket", "tk",
}  # fmt: skip
"""In a query string, any text is one under these."""

IDENTIFIERS = frozenset({
    "account", "agent", "baseurl", "beta", "branch", "build", "checksum", "commit", "container",
    "date", "deployment", "description", "digest", "endpoint", "etag", "file", "fingerprint",
    "hash", "host", "id", "ids", "image", "images", "model", "models", "name", "org",
    "organization", "path", "project", "referer", "region", "request", "resource", "revision",
    "seed", "sha", "tenant", "title", "trace", "traceparent", "tracestate", "url", "uri", "urls",
    "user", "uuid", "version", "workspace",
})  # fmt: skip
"""What identifies something may look random: under these, only a known form is a credential."""

_HARMLESS_TOKENS = frozenset({
    "bos", "budget", "cls", "completion", "end", "eos", "image", "input", "mask", "max", "min",
    "output", "pad", "prompt", "reasoning", "sep", "special", "start", "stop", "think", "thinking",
    "total", "unk",
})  # fmt: skip
_HARMLESS_KEYS = frozenset({
    "answer", "by", "cache", "correlation", "dedup", "display", "env", "feature", "foreign",
    "group", "hash", "hot", "idempotency", "index", "input", "json", "label", "lookup", "map",
    "message", "metadata", "output", "partition", "primary", "public", "range", "response",
    "result", "routing", "row", "shard", "shortcut", "sort", "tag", "toggle", "trace",
})  # fmt: skip
_FILLERS = frozenset({
    "base64", "b64", "dev", "new", "old", "primary", "prod", "secondary", "test", "value", "values",
})  # fmt: skip
_WORD = pattern(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_NUMBER = pattern(r"v?\d+")

_URL = pattern(r"\w+://\S+\Z")
_TOKEN = pattern(r"[A-Za-z0-9+/=_~.\-]{16,}")
_SEGMENT = pattern(r"[A-Za-z0-9]+")
_UUID = pattern(
    r"(?<![0-9A-Za-z])[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}(?![0-9A-Za-z])"
)
_GROUPS = pattern(
    r"(?<![\w-])(?:[A-Z0-9]{4}(?:-[A-Z0-9]{4}){3,}|[A-Z0-9]{5}(?:-[A-Z0-9]{5}){3,})(?![\w-])"
)
_MIXED_GROUP = pattern(r"[A-Z]+[0-9]|[0-9]+[A-Z]")
_MIXED_GROUPS = 3
_CHANGE = pattern(r"(?<=[a-z])[A-Z0-9]|(?<=[A-Z])[0-9]|(?<=[0-9])[A-Za-z]")
_INSIDE = pattern(r"[A-Za-z]{2}[0-9]+[A-Za-z]{2}")
_VOWEL = pattern(r"[aeiouy]", re.IGNORECASE)
_SHORTEST_RANDOM = 16
_SHORTEST_MIXED = 8
_LETTERS_A_WORD = 4
_DENSE_SEGMENT, _DENSE_TOKEN = 0.18, 0.24
_FEW_VOWELS = 0.22
_FEW_LETTERS = 8
_LONG_WORD = 20
_REMEMBERED = 10_000


class NameSays(IntEnum):
    """What the name of a value says of it."""

    IDENTIFIER = 0
    NOTHING = 1
    WEAK = 2
    STRONG = 3


@lru_cache(_REMEMBERED)
def named(name: str) -> NameSays:
    """Return what the words of `name`, a header or a field, say of its value."""
    words = [word.lower() for word in _WORD.findall(name)]
    while len(words) > 1 and (words[-1] in _FILLERS or _NUMBER.fullmatch(words[-1])):
        words.pop()
    plain = "".join(words)
    last = words[-1] if words else ""
    before = words[-2] if len(words) > 1 else ""
    if last == "token" and before in _HARMLESS_TOKENS:
        return NameSays.NOTHING
    if words == ["auth"]:  # which is what clients call the settings of it, too
        return NameSays.WEAK
    if last in STRONG_WORDS or plain.endswith(STRONG_ENDINGS):
        return NameSays.STRONG
    if last == "key" and before:
        return NameSays.NOTHING if before in _HARMLESS_KEYS else NameSays.STRONG
    if plain.endswith("token") and not plain.startswith(tuple(_HARMLESS_TOKENS)):
        return NameSays.STRONG
    if last in WEAK_WORDS or plain.endswith("sessionid"):
        return NameSays.WEAK
    return NameSays.IDENTIFIER if last in IDENTIFIERS else NameSays.NOTHING


def names_in_a_query(name: str) -> bool:
    """Tell whether any text is a credential under the parameter `name` of a URL."""
    words = [word.lower() for word in _WORD.findall(name)]
    is_strong = named(name) is NameSays.STRONG
    return is_strong or (bool(words) and words[-1] in _QUERY_WORDS and not _is_harmless(words))


def _is_harmless(words: list[str]) -> bool:
    return words[-1] == "key" and len(words) > 1 and words[-2] in _HARMLESS_KEYS


def has_prefix(text: str) -> bool:
    """Tell whether a known prefix, followed by enough for a key, stands in `text`."""
    return any(map(_is_prefixed, _PREFIXED.finditer(text)))


def begins_as_a_key(text: str) -> bool:
    """Tell whether `text`, which could be a name, begins with a known prefix."""
    found = _PREFIXED.match(text)
    return text.startswith(("sk_live_", "sk_test_")) or (found is not None and _is_prefixed(found))


def _is_prefixed(found: re.Match[str]) -> bool:
    return found[1] is None or not is_made_of_words(found[1]) or looks_random(found[1])


def has_form(text: str) -> bool:
    """Tell whether something in `text` has the form of a credential, wherever it stands."""
    return (
        has_prefix(text)
        or ("." in text and _PAIR.search(text) is not None)
        or ("=" in text and _IN_A_PAIR.search(text) is not None)
        or (("-----BEGIN" in text or "PuTTY" in text) and _PRIVATE_KEY.search(text) is not None)
    )


def has_scheme(text: str) -> bool:
    """Tell whether `text` holds a scheme of the header Authorization, with what follows it."""
    found = _SCHEME.search(text)
    return found is not None and (found[1] is None or not is_made_of_words(found[1]))


@lru_cache(_REMEMBERED)
def looks_random(text: str) -> bool:
    """Tell whether something in `text` is as long and as random as a key.

    The path of a URL may be, as it holds the ids of accounts and deployments.
    """
    if len(text) < _SHORTEST_RANDOM or _URL.match(text):
        return False
    return any(_is_random(found[0]) for found in _TOKEN.finditer(text))


def is_made_of_words(text: str) -> bool:
    """Tell whether `text` is words, numbers and short marks, and so not a credential."""
    return not any(map(_is_odd, _SEGMENT.findall(text)))


def _is_odd(segment: str) -> bool:
    """Tell whether letters and digits are mixed in `segment` as they are in no word."""
    changes = len(_CHANGE.findall(segment))
    return len(segment) >= _SHORTEST_MIXED and (
        changes > len(segment) // _LETTERS_A_WORD or _INSIDE.search(segment) is not None
    )


def _is_random(token: str) -> bool:
    if _UUID.search(token):
        return True
    groups = _GROUPS.search(token)
    if groups is not None and len(_MIXED_GROUP.findall(groups[0])) >= _MIXED_GROUPS:
        return True
    segments = _SEGMENT.findall(token)
    if any(len(each) >= _SHORTEST_RANDOM and _is_dense(each, _DENSE_SEGMENT) for each in segments):
        return True
    length = sum(map(len, segments))
    changes = sum(len(_CHANGE.findall(each)) for each in segments)
    mixed = any(map(_is_odd, segments))
    return mixed and length >= _SHORTEST_RANDOM and changes / (length - 1) >= _DENSE_TOKEN


def _is_dense(text: str, limit: float) -> bool:
    """Tell whether kinds of characters change often in `text`, or its letters form no words."""
    if len(_CHANGE.findall(text)) / (len(text) - 1) >= limit:
        return True
    few = len(_VOWEL.findall(text)) / len(text) < _FEW_VOWELS
    varied = len(set(text.lower())) >= _FEW_LETTERS
    return few and varied and len(text) >= _LONG_WORD and text.isalpha()
