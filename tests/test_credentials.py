"""What counts as a literal credential, and what does not: the list, and no example of the guide."""

from __future__ import annotations

import re
from random import Random
from string import ascii_letters, ascii_uppercase, digits
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwenlock.text.credentials import (
    is_credential,
    is_variable_name,
    names_a_credential,
    names_a_variable,
    references,
    shown,
    substituted,
    without,
)
from qwenlock.text.mask import masked_words
from qwenlock.text.secret_forms import (
    KEY_PREFIXES,
    STRONG_ENDINGS,
    WORDLIKE_PREFIXES,
    looks_random,
)
from support import untimed

RANDOM = st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", min_size=8)


@untimed(200)
@given(st.sampled_from(KEY_PREFIXES), RANDOM, st.sampled_from(["", " ", "Bearer ", "a/", "=", "é"]))
def test_known_prefix_is_a_credential_in_any_string(prefix: str, rest: str, lead: str) -> None:
    assert is_credential(lead + prefix + rest)
    assert is_credential(lead + prefix + rest, "description")
    assert shown(lead + prefix + rest) == "***"
    assert not is_variable_name(prefix + rest)


@pytest.mark.parametrize("prefix", WORDLIKE_PREFIXES)
def test_prefix_that_words_have_too_needs_more_behind_it(prefix: str) -> None:
    assert is_credential(f"{prefix}0a1b2c3d4e5f6a7b8c9d")
    assert not is_variable_name(f"{prefix}0a1b2c3d4e5f6a7b8c9d")
    assert not is_credential(f"{prefix}a_plain_name_that_is_long")


CAPITALS, HEX, WORDS = ascii_uppercase, "0123456789abcdef", ascii_letters + digits


@pytest.mark.parametrize(
    ("form", "alphabet"),
    [
        ("AKIA{16}", CAPITALS + "234567"),
        ("LTAI5t{18}", WORDS),
        ("AKID{32}", WORDS),
        ("dapi{32}", HEX),
        ("fc-{32}", HEX),
        ("ark-{8}-{4}-{4}-{4}-{12}", HEX),
        ("app-{24}", WORDS),
        ("pa-{43}", WORDS),
        ("{14}.atlasv1.{60}", WORDS),
        ("sess-{40}", WORDS),
        ("secret_{43}", WORDS),
        ("STS.{25}", WORDS),
        ("sk-1{3}", HEX),
        ("MIIEvQIBADANBgkqhkiG9w0BAQEFAASC{40}", WORDS),
        ("----BEGIN SSH2 ENCRYPTED PRIVATE KEY----{9}", WORDS),
        ("-----begin rsa private key-----{9}", WORDS),
        ("u:{6}@tcp(127.0.0.1:3306)/db", WORDS),
    ],
)
def test_form_of_a_service_is_a_credential_in_an_id_too(form: str, alphabet: str) -> None:
    chance = Random(form)  # noqa: S311
    for _ in range(20):
        text = re.sub(r"\{(\d+)\}", lambda n: "".join(chance.choices(alphabet, k=int(n[1]))), form)
        if re.search(r"(?<=[A-Z])\d|[a-z.\-(]", text):
            assert is_credential(text, "id"), text


@pytest.mark.parametrize(
    "text",
    [
        "rziacskcvoqutsvxsbcgwfwulecxcodrgtitwtob",
        "YIDVRLHXQOAGSAWNIHMVFZPVOTVNYDSW",
        "18634183860328501345330530490162",
        "x#9Kq!vT2@mLp$7w",
        "P@ssw0rd!2024#Prod",
        "admin:hunter2secret",
        "api_key=hunter",
        '{"password": "hunter"}',
        "sk%2Dproj%2Dabcdefghijklmnop",
        "sk-\u200babcdefghijklmnop",
    ],
)
def test_text_of_a_header_is_a_credential(text: str) -> None:
    assert is_credential(text, "X-Team")


@pytest.mark.parametrize("name", ["ASIA_API_KEY", "AKIDA_MODELS_KEY", "QWEN3CODER_API_KEY"])
def test_name_that_begins_like_a_key_is_a_variable(name: str) -> None:
    assert is_variable_name(name)


@pytest.mark.parametrize(
    "text", ["sk-short", "task-abcdefghij", "disk-management-tool", "gsk", "AKIA", "hf_model"]
)
def test_what_only_looks_like_a_prefix_is_not_a_credential(text: str) -> None:
    assert not is_credential(text)
    assert shown(text) == text


FIELDS = st.sampled_from(STRONG_ENDINGS)


@untimed(200)
@given(FIELDS, st.sampled_from([str.upper, str.title, str]), st.data())
def test_any_text_under_a_credential_name_is_a_credential(
    field: str, spelled: Any, data: st.DataObject
) -> None:
    spot = data.draw(st.integers(1, len(field)))
    name = spelled(field[:spot] + data.draw(st.sampled_from(["", "-", "_"])) + field[spot:])
    value = data.draw(st.text("abcdefgh123!", min_size=1))
    assert names_a_credential(name)
    assert is_credential(value, name)
    assert not is_credential(value)


@pytest.mark.parametrize(
    "name",
    ["Authorization", "x-api-key", "api_key", "apiKey", "X-Auth-Token", "Cookie", "X-Goog-Api-Key",
     "client_secret", "access_token", "Ocp-Apim-Subscription-Key", "password", "PRIVATE-TOKEN",
     "X-Authorization", "cf-aig-authorization", "X-Vault-Token", "X-JWT", "Helicone-Auth",
     "X-Api-Key-2", "APIKey", "X-Api-Key-Value", "X-Amz-Security-Token", "OAuthToken", "set-cookie",
     "Proxy-Authorization", "X-Portkey-Virtual-Key", "hmac", "X-Signature", "userPassword",
     "DB_PASSWD", "xaccesstoken"],
)  # fmt: skip
def test_header_and_body_fields_that_name_a_credential(name: str) -> None:
    assert names_a_credential(name)


@pytest.mark.parametrize(
    "name",
    ["max_tokens", "tokens", "key", "X-Client-Request-ID", "service_tier", "id", "cacheKeyId", "",
     "secretary", "token_count", "tokenizer", "eos_token", "stop_token_ids", "max_token",
     "prompt_cache_key", "Idempotency-Key", "HTTP-Referer", "anthropic-beta", "auth_type",
     "X-Auth-Method", "X-Session-Id", "password_policy", "secret_name", "author", "authority"],
)  # fmt: skip
def test_fields_that_name_no_credential(name: str) -> None:
    assert not names_a_credential(name)
    assert not is_credential("some value", name)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("Bearer $TOKEN", "Authorization"),
        ("$TOKEN", "apiKey"),
        ("${TOKEN}", "apiKey"),
        ("Basic ${A}:${B}", "Authorization"),
        ("", "password"),
        ("  ", "password"),
        ("https://$USER:$PASSWORD@host/v1", None),
        ("https://host/v1?api_key=$KEY", None),
        ("https://host/v1?key=${KEY}&x=1", None),
    ],
)
def test_reference_is_not_a_credential(text: str, key: str | None) -> None:
    assert not is_credential(text, key)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("Bearer $TOKEN and-more", "Authorization"),
        ("$NAME-suffix", "apiKey"),
        ("${not closed", "apiKey"),
        ("$1", "password"),
        ("https://user:$PASSWORD@host", None),
        ("https://user@host/v1", None),
        ("https://host/v1?key=$KEY&token=abc", None),
    ],
)
def test_reference_beside_a_literal_is_still_a_credential(text: str, key: str | None) -> None:
    assert is_credential(text, key)


@pytest.mark.parametrize("url", ["https://h/v1", "http://localhost:11434/v1", "https://h/@scope/x"])
@pytest.mark.parametrize(
    "query",
    ["", "?version=1", "?monkey", "?key=", "#key", "?api-version=2024-02-01", "?tokenizer=x",
     "?project_id=0a1b2c3d4e5f60718293a4b5", "?cache_key=x", "?max_tokens=1"],
)  # fmt: skip
def test_plain_address_is_not_a_credential(url: str, query: str) -> None:
    assert not is_credential(url + query)


@pytest.mark.parametrize(
    "query",
    ["/sk-hun\tter2hunter", "/%73k-hun\tter2hunter", "/api_key%3Dhunter", "?x=api_key=a=b",
     "?key=x", "?a=1&api_key=x", "?api-key=x", "#access_token=x", "?sig=x", "?X-Amz-Signature=x",
     ";secret=x", "?password=x", "?code=x", "?clientSecret=x", "?ak=x&sk=y", "?api%5Fkey=x",
     "?%61pi_key=x", "?api%255Fkey=x", "?subscription-key=x", "?accessToken=x", "?jwt=x", "?sign=x",
     "?x=0a1b2c3d4e5f60718293a4b5", "?q=sk-abcdefgh", "?q=%73k-abcdefgh", "?pwd=x"],
)  # fmt: skip
def test_key_parameter_of_an_address_is_a_credential(query: str) -> None:
    assert is_credential(f"https://host/v1{query}")


@pytest.mark.parametrize(
    "url", ["//u:key@host", "https://u:key@host", "see //u:key@host", "postgres://u:p@host/x"]
)
def test_user_of_an_address_is_a_credential(url: str) -> None:
    assert is_credential(url)


def test_user_of_an_address_without_slashes_is_a_credential_in_a_base_url() -> None:
    assert is_credential("u:key@host/v1", "baseUrl")
    assert not is_credential("qwen:free@preset", "id")


ALPHABETS = {
    "hex": "0123456789abcdef",
    "HEX": "0123456789ABCDEF",
    "base36": "abcdefghijklmnopqrstuvwxyz0123456789",
    "base62": "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789",
    "base64": "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/",
    "base64url": "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_",
}


@pytest.mark.parametrize("length", [24, 32, 40, 48, 64])
@pytest.mark.parametrize("alphabet", ALPHABETS)
def test_text_as_random_as_a_key_is_a_credential(alphabet: str, length: int) -> None:
    random = Random(length)  # noqa: S311  (the same keys each time)
    keys = ["".join(random.choices(ALPHABETS[alphabet], k=length)) for _ in range(500)]
    found = sum(is_credential(key, "x-anything") for key in keys)
    assert found >= 0.95 * len(keys)
    assert not any(is_credential(key, "x-request-id") for key in keys if not is_credential(key))


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        ("sha256", False),
        ("fileMd5", False),
        ("fileMd5New", False),
        ("imageFileMd5", False),
        ("valueV2", True),
    ],
)
def test_random_text_is_a_digest_by_its_name(name: str, is_one: bool) -> None:
    assert is_credential("0a1b2c3d4e5f60718293a4b5", name) is is_one


@pytest.mark.parametrize(
    "text",
    ["interleaved-thinking-2025-05-14,context-1m-2025-08-07", "qwen3-coder-480b-a35b-instruct",
     "accounts/fireworks/models/llama-v3p1-405b-instruct", "application/json;charset=utf-8",
     "see ---- below", "PuTTY is a client", "-----BEGIN CERTIFICATE-----",
     "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36", "2025-05-14T12:00:00.000Z",
     "https://github.com/QwenLM/qwen-code", "us.anthropic.claude-3-5-sonnet-20241022-v2:0",
     "projects/my-proj-123/locations/us-central1/endpoints/1234567890123456789",
     "DeepSeek-R1-Distill-Qwen-32B-Q4_K_M.gguf", "x86_64-unknown-linux-gnu", "req-123",
     "InterleavedThinkingModeEnabled", "fine-grained-tool-streaming-2025-05-14",
     "unsloth/Qwen2.5-Coder-32B-Instruct-bnb-4bit", "token efficient-tools", "basic authentication",
     "/usr/local/share/models/qwen2.5-coder-32b", "+49 30 1234567890123456", "a" * 40, "1" * 40],
)  # fmt: skip
def test_text_made_of_words_is_not_a_credential(text: str) -> None:
    assert not looks_random(text)
    assert not is_credential(text, "x-anything")


@pytest.mark.parametrize("name", ["key", "code", "answer_code", "sid", "nonce"])
def test_only_words_pass_under_a_name_that_may_mean_a_credential(name: str) -> None:
    assert is_credential("AbC123xyz", name)
    assert is_credential("hunter2abc", name)
    assert not is_credential("my-app-v2", name)
    assert not is_credential("${KEY}", name)


@pytest.mark.parametrize(
    "name",
    [
        "OPENAI_API_KEY",
        "_",
        "a",
        "Key2",
        "YOUR_CUSTOM_ENV_KEY",
        "hf_token",
        "a1b2c3",
        "AZURE_OPENAI_API_KEY_GPT4_EASTUS2",
        "jina_api_key_for_all_of_us",
        "KEY_2024_PROD",
    ],
)
def test_variable_name(name: str) -> None:
    assert is_variable_name(name)
    assert all(map(names_a_variable, (name, f"${name}", f"${{{name}}}")))


@pytest.mark.parametrize(
    "name",
    ["", "2A", "A-B", "A B", "é", "A\n", "$A", "sk_live_abcdefgh", "LTAI4Gabcdefgh123", "sk_live_1",
     "0a1b2c3d4e5f60718293a4b5c6d7e8f9", "a0b1c2d3e4f5a6b7c8d9"],
)  # fmt: skip
def test_pasted_key_or_garbage_is_not_a_variable_name(name: str) -> None:
    assert not is_variable_name(name)
    assert not any(map(names_a_variable, (f"${name}", f"${{{name}}}")))


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", []),
        ("$A ${B} $A", ["A", "B", "A"]),
        ("$1 ${} ${1} $", []),
        ("x$A_b1-y", ["A_b1"]),
        ("$$A", ["A"]),
        ("${A", []),
        ("${A}B", ["A"]),
    ],
)
def test_references(text: str, names: list[str]) -> None:
    assert references(text) == names


@pytest.mark.parametrize(
    ("text", "replaced"),
    [
        ("plain", "plain"),
        ("$A and ${A}", "1 and 1"),
        ("$A$UNSET ${UNSET}", "1$UNSET ${UNSET}"),
        ("$", "$"),
    ],
)
def test_variables_that_are_set_stand_in_for_their_references(text: str, replaced: str) -> None:
    assert substituted(text, {"A": "1"}) == replaced


def test_space_before_a_value_is_read_in_linear_time() -> None:
    assert is_credential(" " * 500_000 + "x", "Authorization")
    assert not is_credential(" " * 500_000 + "Bearer $TOKEN", "Authorization")


@given(
    st.text("abcXYZ019-", min_size=4, max_size=9),
    st.text("abcXYZ019-", min_size=1, max_size=9),
    st.booleans(),
)
def test_a_secret_that_begins_another_leaves_no_tail_of_it(
    short: str, tail: str, is_first: bool
) -> None:
    secrets = [short, short + tail] if is_first else [short + tail, short]
    assert without(f"<{short}{tail}>", secrets) == "<***>"


def test_the_scheme_of_a_token_alone_needs_no_length() -> None:
    assert is_credential("Bearer abcdef", "X-Upstream")
    assert not is_credential("bearer of news", "X-Upstream")
    assert not is_credential("Bearer $TOKEN", "X-Upstream")


@pytest.mark.parametrize(
    "key", ["3qLf+lYVp1c/a9Kq7Zw2/Tb4x==", "24.116e8c6c4c1b38.2592000.17-35", "aB3dE7gH1jK9"]
)
def test_no_part_of_a_word_of_a_comment_stays(key: str) -> None:
    assert masked_words(f"the old one is {key} here") == "the old one is *** here"


def test_comment_is_masked_by_the_same_judgement() -> None:
    letters = "lbrtjdjrqksjlennsurloeftmspgetcl"
    for text in (letters, letters.upper(), "t.lWBUkFpZvd.kR8HJsqZjh"):
        assert is_credential(text, "X-Custom")
        assert masked_words(f"// was {text} once") == "// was *** once"
    words = "// see the how-to-configure of internationalisation"
    assert masked_words(words) == words


def test_session_is_distinguished_from_the_id_of_a_thing() -> None:
    for name in ("X-Session-Id", "sessionId", "session_id"):
        assert is_credential("Zq7XkP2mVb9TcR4wYh6NdJ8s", name)
        assert not is_credential("run-42", name)


def test_auth_type_is_not_the_name_of_a_credential() -> None:
    assert not is_credential("coder-model", "qwen-oauth")
