"""Decides what could be a credential: by the words of its name, its form, and how random it looks.

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
    "xoxe-", "xoxe.xoxp-", "xoxp-", "xoxr-", "xoxs-", "xapp-", "ALTAK-", "GOCSPX-", "dop_v1_",
    "doo_v1_", "lsv2_pt_", "lsv2_sk_", "shpat_", "shppa_", "shpss_", "dckr_pat_", "dckr_oat_",
    "hvs.", "hvb.", "AGE-SECRET-KEY-", "NRAK-", "PMAK-", "tskey-", "pscale_tkn_", "sntrys_",
    "sntryu_", "wandb_v1_", "tgp_v1_", "sq0atp-", "sq0csp-",
)  # fmt: skip
"""What the keys of well-known services begin with."""

WORDLIKE_PREFIXES = (
    "xai-", "hf_", "pplx-", "fw_", "ms-", "npm_", "pypi-", "rpa_", "apify_api_", "jina_", "vck_",
    "cpk_", "sbp_", "sb_secret_", "glsa_", "glc_", "glft-", "glsoat-", "glagent-", "glcbt-",
    "lin_api_", "ntn_", "figd_", "pat_", "key-", "SG.", "AQ.", "eyJ", "ewo", "sess-", "secret_",
    "esecret_", "sk_", "pk_live_", "ark-", "ATATT3", "ATBB", "pcsk_", "e2b_", "squ_", "sqp_",
    "sgp_", "rubygems_", "pul-", "dp.pt.", "dt0c01.", "rdme_", "pnu_", "flp_", "HRKU-",
    "api_org_", "1//0", "AKCp", "EAAA", "fastgpt-", "STS.", "MII",
)  # fmt: skip
"""The same, where words begin so too: what follows is longer, and is not made of words."""

_SHORTEST_AFTER_PREFIX = 8
_CODED = (
    r"(?:AKIA|ASIA|ABIA|ACCA)(?=[A-Z]*[2-7])[A-Z2-7]{16}",
    r"(?:LTAI|AKID|AKLT|ABSK)(?=[A-Za-z]*\d)[A-Za-z0-9]{12,}",
    r"(?:dapi|fc-)[0-9a-f]{32}",
    r"sk-(?=[A-Za-z]*\d)[A-Za-z0-9]{4,}",
    r"(?:app|dataset|pa|al|ak|as)-(?=[A-Za-z]*\d)(?=[a-z0-9]*[A-Z])(?=[A-Z0-9]*[a-z])[A-Za-z0-9]{20,}",
    r"[A-Za-z0-9]{14}\.atlasv1\.",
)
"""Forms of keys whose prefixes could begin words: `ASIA_API_KEY` is not a key."""
_PREFIXED = pattern(
    r"(?<![A-Za-z0-9])(?=[A-Za-z0-9_\-./]{7})(?:(?:"  # most words are shorter than any key
    + "|".join(map(re.escape, KEY_PREFIXES))
    + rf")[A-Za-z0-9_\-.]{{{_SHORTEST_AFTER_PREFIX},}}|"
    + "|".join(_CODED)
    + r"|(?:"
    + "|".join(map(re.escape, WORDLIKE_PREFIXES))
    + r")([A-Za-z0-9_\-.]{16,}))"
)
_PRIVATE_KEY = pattern(
    r"----[ ]?BEGIN[A-Z0-9 ]* PRIVATE KEY(?: BLOCK)?[ ]?----|PuTTY-User-Key-File-\d", re.IGNORECASE
)
_PAIR = pattern(r"(?<![\w.])[0-9a-f]{24,}\.[A-Za-z0-9]{12,}(?![\w.])")
_IN_A_PAIR = pattern(r"(?:AccountKey|SharedAccessKey|SharedAccessSignature|Password|Pwd)=\S")
_AT_A_HOST = pattern(r"(?<![^\s\"'=])\w[\w.\-]*:[^\s:/@\"']+@(?:(?:tcp|unix)\(|[\w.\-]+:\d)")
_SCHEME = pattern(
    r"^bearer[ \t]+\S+$"
    r"|(?:^|[\s\"'=:,])(?:(?:basic|digest|token|apikey)[ \t]+(\S{8,})|bearer[ \t]+\S{8})",
    re.IGNORECASE,
)

STRONG_WORDS = frozenset({
    "apikey", "apitoken", "auth", "authentication", "authorization", "authtoken", "bearer",
    "apikeys", "cookie", "cookies",
    "cred", "credential", "credentials", "creds", "hmac", "jwt", "kennwort", "pass", "passcode",
    "passphrase", "passwd", "passwords", "password", "passwort", "pat", "pw", "pwd", "sas",
    "secret", "secrets", "senha", "signature", "token",
})  # fmt: skip
"""Under a name whose last word is one of these, any text is a credential."""

STRONG_ENDINGS = (
    "accesskey", "accesskeyid", "accesskeysecret", "accesstoken", "apikey", "apitoken", "authkey",
    "authorization", "authtoken", "bearertoken", "clientsecret", "credential", "credentials",
    "idtoken", "passphrase", "password", "privatekey", "refreshtoken", "secret", "secretkey",
    "secretid", "securitytoken", "servicekey", "sessiontoken", "setcookie", "sharedkey",
    "signingkey", "subscriptionkey", "xfunctionskey", "xgoogapikey", "authtokens", "encryptionkey",
    "masterkey", "licensekey", "accountkey", "virtualkey", "privatetoken", "appkey", "basicauth",
    "macaroon", "assertion", "tkn", "akid", "apikeys", "appcode", "authcode", "authhash", "dbpass",
    "functionkey", "keyauth", "userpass",
)  # fmt: skip
"""The same for a name without separators, or whose last word is too general."""

WEAK_WORDS = frozenset({
    "access", "ak", "cert", "certificate", "code", "codes", "csrf", "dsn", "key", "keys", "license",
    "login", "mnemonic", "nonce", "otp", "pem", "pin", "private", "sess", "session", "sessionid",
    "sid", "sig", "sign", "sk", "sso", "ticket", "tk", "tokens", "totp", "verifier", "wsse", "xsrf",
})  # fmt: skip
"""Under a name whose last word is one of these, text is a credential unless it is made of words."""

_TELLING = frozenset({"authorization", "credential", "credentials", "password", "passwd", "secret"})
"""A name that holds one of these, and ends with another word, counts as one of `WEAK_WORDS`."""

_IN_OTHER_LANGUAGES = pattern(
    "密[码碼钥鑰]|[金秘私祕][钥鑰]|令牌|口令|[凭憑][证證据據]|パスワード|비밀번호"
    "|пароль|токен|contraseña",
    re.IGNORECASE,
)
_QUERY_WORDS = STRONG_WORDS | {
    "access", "ak", "code", "csrf", "key", "keys", "otp", "pin", "sess", "session", "sessionid",
    "sid", "sig", "sign", "sk", "ticket", "tk", "xsrf",
}  # fmt: skip
"""In a query string, any text is one under these."""

IDENTIFIERS = frozenset({
    "account", "agent", "baseurl", "beta", "branch", "build", "checksum", "cluster", "commit",
    "container", "context", "date", "deployment", "description", "digest", "endpoint", "etag",
    "file", "fingerprint", "hash", "host", "id", "identifier", "ids", "image", "images", "instance",
    "job", "match", "model", "models", "name", "node", "org", "organization", "path", "pod",
    "project", "referer", "region", "request", "resource", "revision", "run", "seed", "sha",
    "space", "tag", "tenant", "title", "trace", "traceparent", "tracestate", "url", "uri", "urls",
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
_OF_IDENTIFIERS = frozenset({
    "cache", "correlation", "dedup", "hash", "idempotency", "partition", "public", "routing",
    "shard", "trace",
})  # fmt: skip
_FILLERS = frozenset({
    "dev", "hex", "json", "new", "old", "primary", "prod", "secondary", "test", "value", "values",
})  # fmt: skip
_NUMBERED = frozenset({"b", "base", "md", "sha", "v"})
_DIGESTS = frozenset({"md", "sha"})
_WORD = pattern(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")

_URL = pattern(r"\w+://\S+\Z")
_TOKEN = pattern(r"[A-Za-z0-9+/=_~.\-]{16,}")
_SEGMENT = pattern(r"[A-Za-z0-9]+")
_SIGN = pattern(r"[!@#$%^&*]")
_NO_PASSWORD = pattern(r"[/\\{}\[\]()<>\"']|%[0-9A-F]{2}")
_KINDS = (pattern("[a-z]"), pattern("[A-Z]"), pattern("[0-9]"))
_SHORTEST_PASSWORD = 10
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
_TWO_CONSONANTS = pattern(r"(?=([b-df-hj-np-tv-xz]{2}))")
_IN_WORDS = frozenset(
    re.findall(
        "..",
        "thntngstndcttrplnschprckmpcltsllncssrsrtcrbrscfrlsgrpprkrmspblrcptshrvttxtrdcpltflhtddmc"
        "mmsdrndkghphlddsnvnfdjnncspsffskmsrftcwstwdrwrkstpsmmlgngsbsrrccmblmrgtl",
    )
)
"""The pairs of consonants that words have: the 80 commonest of the summaries of packages."""
_SHORTEST_RANDOM = 16
_SHORTEST_MIXED, _SHORTEST_UNMIXED = 8, 10
_LETTERS_A_WORD = 4
_DENSE_SEGMENT, _DENSE_TOKEN = 0.18, 0.24
_NO_WORDS, _NO_SHORT_WORD, _NO_CAPITALISED_WORDS = 0.25, 0.4, 0.15
_LONG_WORD = 20
_LONG_NUMBER = 28
_FEW_LETTERS, _FEW_DIGITS = 8, 6
_REMEMBERED = 1_000


class NameSays(IntEnum):
    """What the name of a value says about it."""

    IDENTIFIER = 0
    NOTHING = 1
    WEAK = 2
    STRONG = 3


@lru_cache(_REMEMBERED)
def named(name: str) -> NameSays:
    """Return what the words of `name`, a header or a field, say about its value."""
    words, is_digest = _words(name)
    plain = "".join(words)
    last = words[-1] if words else ""
    before = words[-2] if len(words) > 1 else ""
    if last == "token" and before in _HARMLESS_TOKENS:
        return NameSays.NOTHING
    if words == ["auth"]:  # which is what clients call the settings of it, too
        return NameSays.WEAK
    if not name.isascii() and _IN_OTHER_LANGUAGES.search(name):
        return NameSays.STRONG
    if last in STRONG_WORDS or plain.endswith(STRONG_ENDINGS):
        return NameSays.STRONG
    if last == "key" and before in _OF_IDENTIFIERS:
        return NameSays.IDENTIFIER
    if last == "key" and before:
        return NameSays.NOTHING if before in _HARMLESS_KEYS else NameSays.STRONG
    if plain.endswith("token") and not plain.startswith(tuple(_HARMLESS_TOKENS)):
        return NameSays.STRONG
    if last == "tokens" and before:
        return NameSays.NOTHING
    is_telling = len(words) > 1 and not _TELLING.isdisjoint(words)
    if last in WEAK_WORDS or plain.endswith(("sessionid", "sessid")) or is_telling:
        return NameSays.WEAK
    return NameSays.IDENTIFIER if last in IDENTIFIERS or is_digest else NameSays.NOTHING


def _words(name: str) -> tuple[list[str], bool]:
    """Return the words of a name, without meaningless ones at its end, and if one is a digest."""
    words = [word.lower() for word in _WORD.findall(name)]
    is_digest = False
    while len(words) > 1 and (words[-1] in _FILLERS or words[-1].isdecimal()):
        if words.pop().isdecimal() and len(words) > 1 and words[-1] in _NUMBERED:
            is_digest = words.pop() in _DIGESTS
    return words, is_digest


def names_in_a_query(name: str) -> bool:
    """Tell whether any text is a credential under the parameter `name` of a URL."""
    words, _ = _words(name)
    is_strong = named(name) is NameSays.STRONG
    return is_strong or (bool(words) and words[-1] in _QUERY_WORDS and not _is_harmless(words))


def _is_harmless(words: list[str]) -> bool:
    return words[-1] == "key" and len(words) > 1 and words[-2] in _HARMLESS_KEYS


def has_prefix(text: str) -> bool:
    """Tell whether a known prefix, followed by enough for a key, stands in `text`."""
    return _PREFIXED.search(text) is not None and any(map(_is_prefixed, _PREFIXED.finditer(text)))


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
        or ("@" in text and _AT_A_HOST.search(text) is not None)
        or ("=" in text and _IN_A_PAIR.search(text) is not None)
        or (("----" in text or "PuTTY" in text) and _PRIVATE_KEY.search(text) is not None)
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
    return any(_is_random(found[0]) for found in _TOKEN.finditer(text)) or is_a_password(text)


def is_a_password(text: str) -> bool:
    """Tell whether a word of `text` mixes letters, capitals, digits and signs as passwords do."""
    return _SIGN.search(text) is not None and any(
        len(word) >= _SHORTEST_PASSWORD
        and len(_SIGN.findall(word[1:-1])) > 1
        and not _NO_PASSWORD.search(word)
        and all(kind.search(word) for kind in _KINDS)
        for word in text.split()
    )


def is_made_of_words(text: str) -> bool:
    """Tell whether `text` is words, numbers and short marks, and so not a credential."""
    return not any(map(_is_odd, _SEGMENT.findall(text)))


def _is_odd(segment: str) -> bool:
    """Tell whether letters and digits are mixed in `segment` as they are in no word."""
    changes = len(_CHANGE.findall(segment))
    return len(segment) >= _SHORTEST_MIXED and (
        changes > len(segment) // _LETTERS_A_WORD
        or _INSIDE.search(segment) is not None
        or (len(segment) >= _SHORTEST_UNMIXED and _is_no_word(segment))
    )


def _is_no_word(segment: str) -> bool:
    return segment.isalpha() and _strange_pairs(segment) >= _NO_SHORT_WORD


def _is_random(token: str) -> bool:
    if _UUID.search(token):
        return True
    groups = _GROUPS.search(token)
    if groups is not None and len(_MIXED_GROUP.findall(groups[0])) >= _MIXED_GROUPS:
        return True
    segments = _SEGMENT.findall(token)
    if any(len(each) >= _SHORTEST_RANDOM and _is_dense(each) for each in segments):
        return True
    length = sum(map(len, segments))
    changes = sum(len(_CHANGE.findall(each)) for each in segments)
    mixed = any(map(_is_odd, segments))
    return mixed and length >= _SHORTEST_RANDOM and changes / (length - 1) >= _DENSE_TOKEN


def _is_dense(text: str) -> bool:
    """Tell whether kinds of characters change often in `text`, or its letters form no words."""
    often = len(_CHANGE.findall(text)) / (len(text) - 1) >= _DENSE_SEGMENT
    if text.isalpha():
        strange = _strange_pairs(text)
        varied = len(set(text.lower())) >= _FEW_LETTERS
        few = strange >= _NO_WORDS and varied and len(text) >= _LONG_WORD
        return few or (often and strange >= _NO_CAPITALISED_WORDS)
    is_number = text.isdecimal() and len(text) >= _LONG_NUMBER
    return often or (is_number and len(set(text)) >= _FEW_DIGITS)


def _strange_pairs(letters: str) -> float:
    """Return how much of the letters are pairs of consonants that words do not have."""
    pairs = _TWO_CONSONANTS.findall(letters.lower())
    return sum(pair not in _IN_WORDS for pair in pairs) / (len(letters) - 1)
