"""Credentials as people have them: their forms, names and URLs, their places, and a table.

This file contains no key. The tests generate the same random keys at every run.
"""

from __future__ import annotations

import base64
import json
import string
from random import Random
from typing import TYPE_CHECKING, Any

from support import MODEL, codes, compiled, models

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

RANDOM = Random(14)  # noqa: S311  (the same keys each time)
WORDS, HEX = string.ascii_letters + string.digits, "0123456789abcdef"


def made(length: int, alphabet: str = WORDS) -> str:
    return "".join(RANDOM.choices(alphabet, k=length))


def encoded(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def uuid() -> str:
    return "-".join(made(length, HEX) for length in (8, 4, 4, 4, 12))


KEYS: Mapping[str, str] = {
    "`sk-` and 48 letters and digits": f"sk-{made(48)}",
    "`sk-proj-`, `_` and `-`": f"sk-proj-{made(40)}-{made(30)}_{made(20)}",
    "`sk-ant-`": f"sk-ant-api03-{made(80)}",
    "`sk-or-v1-` and hex": f"sk-or-v1-{made(64, HEX)}",
    "`sk_live_`": f"sk_live_{made(24)}",
    "`AIza`": f"AIza{made(35)}",
    "`gsk_`": f"gsk_{made(52)}",
    "`xai-`": f"xai-{made(80)}",
    "`hf_`": f"hf_{made(34, string.ascii_letters)}",
    "`nvapi-`": f"nvapi-{made(64)}",
    "`pplx-`": f"pplx-{made(48)}",
    "`csk-`": f"csk-{made(48, string.ascii_lowercase + string.digits)}",
    "`ms-` and a UUID": f"ms-{uuid()}",
    "`ghp_`": f"ghp_{made(36)}",
    "`glpat-`": f"glpat-{made(20)}",
    "`xoxb-`": f"xoxb-{made(12, string.digits)}-{made(24)}",
    "`AKIA`": f"AKIA{made(16, string.ascii_uppercase + '234567')}",
    "AWS's secret, base64": base64.b64encode(RANDOM.randbytes(30)).decode(),
    "`LTAI`": f"LTAI{made(20)}",
    "`bce-v3/`": f"bce-v3/ALTAK-{made(21)}/{made(40, HEX)}",
    "`id.secret`": f"{made(32, HEX)}.{made(16)}",
    "a JWT": f"{encoded({'alg': 'HS256', 'typ': 'JWT'})}.{encoded({'sub': made(9)})}.{made(43)}",
    "a JWT, `typ` first": f"{encoded({'typ': 'JWT', 'alg': 'RS256'})}.{encoded({})}.{made(86)}",
    "32 hex digits": made(32, HEX),
    "40 hex digits": made(40, HEX),
    "64 hex digits": made(64, HEX),
    "32 letters and digits": made(32),
    "a UUID": uuid(),
    "base64 of 32 bytes": base64.b64encode(RANDOM.randbytes(32)).decode(),
    "base64url of 48 bytes": base64.urlsafe_b64encode(RANDOM.randbytes(48)).decode(),
    "`Bearer` and words": "Bearer correct-horse-battery",
    "groups of a licence": "AB1C-4D2E-F7G8-9HJ1-K2LM",
    "a private key of PGP": "-----BEGIN PGP PRIVATE KEY BLOCK-----",
    "a private key in PEM": f"-----BEGIN PRIVATE KEY-----\n{made(64)}\n-----END PRIVATE KEY-----",
}
"""The forms of keys, and one of each."""

NAMES = (
    "Authorization", "authorization", "Proxy-Authorization", "X-Authorization",
    "X-Forwarded-Authorization", "cf-aig-authorization", "Helicone-Auth", "X-Auth", "X-Auth-Token",
    "X-Access-Token", "X-Api-Token", "X-API-Key", "x-api-key", "api-key", "apikey", "API_KEY",
    "X-Goog-Api-Key",
    "Ocp-Apim-Subscription-Key", "X-Functions-Key", "X-Subscription-Key", "X-Portkey-Api-Key",
    "x-portkey-virtual-key", "x-litellm-api-key", "PRIVATE-TOKEN", "JOB-TOKEN", "X-Vault-Token",
    "X-Gitlab-Token", "X-GitHub-Token", "X-JWT", "X-JWT-Assertion-Token", "X-Amz-Security-Token",
    "X-Session-Token", "X-CSRF-Token", "X-Secret", "X-Client-Secret", "X-Shared-Secret",
    "X-App-Secret", "X-Password", "X-Proxy-Pass", "X-Creds", "X-Passphrase", "Cookie", "Set-Cookie",
    "X-Signature",
    "X-Hub-Signature", "X-HMAC", "X-Credential", "X-Bearer", "accessKeySecret", "clientSecret",
    "refresh_token", "db_password", "X-Service-Key", "X-License-Key", "X-Master-Key",
    "X-Key", "Fastly-Key", "DD-APPLICATION-KEY", "X-OpenAI-Key", "Azure-Key",
    "Authentication", "basicauth", "macaroon", "X-JWT-Assertion", "X-OAuth", "X-Tkn",
    "passwords", "apiKeys", "X-Signature-V4", "X-Hmac-Sha256", "X-Bind-PW", "AppCode", "akid",
    "Passwort", "密码", "密钥", "访问令牌", "пароль",
)  # fmt: skip
"""Names of headers and fields that hold credentials."""

HARMLESS: Mapping[str, str] = {
    "anthropic-beta": "interleaved-thinking-2025-05-14,context-1m-2025-08-07",
    "anthropic-version": "2023-06-01",
    "HTTP-Referer": "https://github.com/QwenLM/qwen-code",
    "X-Title": "Qwen Code",
    "User-Agent": "QwenCode/0.24.4 (linux; x64)",
    "X-Request-Id": "req-123",
    "X-Client-Request-Id": "0a1b2c3d-0a1b-2c3d-4e5f-0a1b2c3d4e5f",
    "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    "OpenAI-Organization": "org-AbCdEf0123456789AbCdEf01",
    "OpenAI-Project": "proj_AbCdEf0123456789",
    "X-Sort-By-Key": "created",
    "metadata_key": "team-a",
    "X-DashScope-CacheControl": "enable",
    "X-DashScope-AuthType": "QWEN_OAUTH",
    "cf-aig-cache-key": "team-a",
    "Idempotency-Key": "run-42",
    "X-Session-Id": "${session_id}",
    "tokenizer": "cl100k_base",
    "eos_token": "<|im_end|>",
    "max_tokens": "4096",
    "prompt_cache_key": "my-project-v2",
    "service_tier": "flex",
    "response_format": "json_schema",
    "X-Team": "platform-engineering",
    "Accept": "application/json;charset=utf-8",
    "model": "accounts/fireworks/models/llama-v3p1-405b-instruct",
    "X-DashScope-WorkSpace": "ws-9dk2mq7xl4pr8st1",
    "X-Pod": "qwen-gateway-7d9f8b6c5-x2k4p",
    "X-Build-Commit": "9fceb02d0ae598e95dc970b74767f19372d61af8",
    "X-Checksum-Sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "If-None-Match": '"33a64df551425fcc55e4d42a148795d9f25f89d4"',
    "X-Group": "rechtsschutzversicherungsgesellschaften",
    "X-Region": "ASIA-PACIFIC-SOUTHEAST-1",
    "X-Client": "FitPosOrStrainsOMP",
    "X-Package": "npm:lodash@4.17.21",
    "X-Contact": "mailto:ops@example.com",
    "X-Ratio": "16:9",
    "X-Note": "rotate tokens: monthly; password: see the vault",
    "guided_regex": "^Qwen[0-9]{1,2}.*$",
    "draft": "unsloth/Qwen2.5-Coder-32B-Instruct-bnb-4bit",
    "Authorization": "Bearer $GATEWAY_TOKEN",
    "X-Api-Key": "${GATEWAY_KEY}",
}
"""Headers and fields from guides, which must give no finding."""

PARAMETERS = (
    "key", "api_key", "api-key", "apikey", "apiKey", "API_KEY", "x-api-key", "api%5Fkey",
    "api%255Fkey", "%61pi_key", "access_key", "accessKey", "AccessKeyId", "access_token",
    "accessToken", "auth", "auth_token", "authToken", "authorization", "token", "id_token",
    "refresh_token", "jwt", "bearer", "code", "client_secret", "clientSecret", "secret",
    "app_secret", "password", "passwd", "pwd", "pass", "sig", "sign", "signature",
    "X-Amz-Signature", "X-Goog-Signature", "X-Amz-Credential", "X-Amz-Security-Token", "sas",
    "subscription-key", "Ocp-Apim-Subscription-Key", "ak", "sk", "hmac", "private_key",
    "credential", "cookie", "otp",
    "appkey", "session", "sessionid", "ticket", "tk", "keys[0]", "api_keys", "csrf", "pin",
    "authcode", "hmac_sha256",
)  # fmt: skip
"""Parameters of a query that hold credentials."""

URLS: Mapping[str, str] = {
    **{f"`?{name}=…`": f"https://gateway.example/v1?{name}=hunter" for name in PARAMETERS},
    "`?region=eu&key=…`": "https://gateway.example/v1?region=eu&key=hunter",
    "`#access_token=…`": "https://gateway.example/v1#access_token=hunter",
    "`;secret=…`": "https://gateway.example/v1;secret=hunter",
    r"`https:\\user:…@`": r"https:\\user:hunter@gateway.example/v1",
    "`https:/user:…@`": "https:/user:hunter@gateway.example/v1",
    "`?to⇥ken=…`": "https://gateway.example/v1?to\tken=hunter",
    "`?url=https%3A%2F%2Fuser%3A…%40`": "https://gateway.example/v1?u=https%3A%2F%2Fa%3Ahunter%40b",
    "`?…`, random": f"https://gateway.example/v1?{made(32)}",
    "`?x=`, random": f"https://gateway.example/v1?x={made(32)}",
    "`?x=`, a known form": f"https://gateway.example/v1?x=sk-{made(24)}",
    "`host/v1?key=…`": "gateway.example/v1?key=hunter",
    "`user:key@`": "https://user:hunter@gateway.example/v1",
    "`key@`": "https://hunter@gateway.example/v1",
    "`//user:key@`": "//user:hunter@gateway.example/v1",
    "`user:key@`, no slashes": "user:hunter@gateway.example/v1",
    "`key@`, no slashes": "hunter@gateway.example/v1",
    "`user:ke/y@`": "https://user:hun/ter@gateway.example/v1",
    "`?a=1;api_key=…`": "https://gateway.example/v1?a=1;api_key=hunter",
    "`?a=1,api_key=…`": "https://gateway.example/v1?a=1,api_key=hunter",
    "`/key=…/`": "https://gateway.example/key=hunter/v1",
    "`/token/…`, random": f"https://gateway.example/token/{made(12)}7b9/v1",
    "`?key%3D…`": "https://gateway.example/v1?key%3Dhunter",
    "`%3Fkey%3D…`": "https://gateway.example/v1%3Fkey%3Dhunter",
    "`?a=%26key%3D…`": "https://gateway.example/v1?a=%26key%3Dhunter",
    "`?u=https%3A%2F%2Fx%3Ftoken%3D…`": "https://a.example/v1?u=https%3A%2F%2Fx%3Ftoken%3Dhunter",
    "`?q=key:…`": "https://gateway.example/v1?q=key:hunter",
    "`/sk%2D…`": f"https://gateway.example/sk%2D{made(24)}/v1",
    "`?k` U+200B `ey=…`": "https://gateway.example/v1?k\u200bey=hunter",
    "`?key=…`, full width": "https://gateway.example/v1?\uff4b\uff45\uff59=hunter",
}
"""URLs that hold credentials."""


def model(**more: Any) -> dict[str, Any]:
    return models({**MODEL, **more})


def in_config(**config: Any) -> dict[str, Any]:
    return model(generationConfig=config)


PLACES: Mapping[str, Callable[[str], dict[str, Any]]] = {
    "a header": lambda text: in_config(customHeaders={"X-Team": text}),
    "the body": lambda text: in_config(extra_body={"team": text}),
    "deep in the body": lambda text: in_config(extra_body={"a": [{"b": ["c", {"d": text}]}]}),
    "a query": lambda text: model(baseUrl=f"https://gateway.example/v1?x={text}"),
    "an unknown field": lambda text: model(anything=text),
    "`envKey`": lambda text: model(envKey=text),
    "`baseUrl`, its path": lambda text: model(baseUrl=f"https://gateway.example/{text}/v1"),
    "`id`, `name`": lambda text: model(name=text),
    "a field's name": lambda text: in_config(extra_body={text: "x"}),
    "`fastModel`": lambda text: {**model(), "fastModel": text},
}
"""The places of texts that go into a lock."""


def is_caught(settings: dict[str, Any]) -> bool:
    """Tell whether settings do not compile because they hold a credential."""
    compilation = compiled(settings, client="0.24.4")
    caught = {"QL401", "QL402"} & set(codes(compilation))
    assert bool(caught) is (compilation.lock is None), codes(compilation)
    return bool(caught)


def table() -> str:
    rows = [
        f"| {form} | "
        + " | ".join("error" if is_caught(place(key)) else "–" for place in PLACES.values())
        + " |"
        for form, key in KEYS.items()
    ]
    head = f"| a key | {' | '.join(PLACES)} |\n| --- |{' --- |' * len(PLACES)}"
    names = ", ".join(f"`{name}`" for name in NAMES)
    urls = ", ".join(URLS)
    harmless = "\n".join(f"- `{name}: {value}`" for name, value in HARMLESS.items())
    return (
        f"{head}\n" + "\n".join(rows) + "\n\n"
        f"Under each of these {len(NAMES)} names any text is an error, in headers and "
        f"in bodies: {names}.\n\n"
        f"Each of these {len(URLS)} forms of a `baseUrl` is an error: {urls}.\n\n"
        f"These pass:\n\n{harmless}\n"
    )
