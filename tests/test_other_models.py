"""The models besides the main one, as settings name them."""

from __future__ import annotations

from typing import Any

import pytest

from qwenlock.clients.other_models import OTHER_MODELS, Wanted, other_models, unfit, wanted
from qwenlock.clients.profile import NEWEST, profile

BY_ROLE = {other.role: other for other in OTHER_MODELS}


@pytest.mark.parametrize(
    ("release", "roles"),
    [
        ("guide", ""),
        ("0.12.0", ""),
        ("0.15.6", "fast"),
        ("0.15.10", "fast"),
        ("0.21.2", "fast vision image voice fallback explore grade web-search"),
        ("0.21.10", "fast vision image voice fallback explore grade web-search compaction"),
        ("0.23.0", "fast vision image voice fallback explore grade web-search compaction advisor"),
    ],
)
def test_releases_read_ever_more_settings(release: str, roles: str) -> None:
    assert [other.role for other in other_models(profile(release))] == roles.split()


@pytest.mark.parametrize(
    ("role", "value", "entries"),
    [
        ("fast", "m", [Wanted("m")]),
        ("fast", " openai : m ", [Wanted("m", "openai")]),
        ("fast", "qwen3:8b", [Wanted("qwen3:8b")]),
        ("fast", "openai:qwen3:8b", [Wanted("qwen3:8b", "openai")]),
        ("fast", "", []),
        ("fast", "inherit", []),
        ("fast", 1, []),
        (
            "vision",
            "openai:m\0https://a.example/v1",
            [Wanted("m", "openai", "https://a.example/v1")],
        ),
        ("vision", "m\0", [Wanted("m")]),
        ("vision", "m\0a\0b", [Wanted("m", None, "a\0b")]),
        ("advisor", "anthropic:m\0", [Wanted("m", "anthropic", "")]),
        ("voice", "openai:m", [Wanted("openai:m")]),
        ("voice", "fast", [Wanted("fast")]),
        ("fallback", "a, openai:b,,a", [Wanted("a"), Wanted("b", "openai")]),
        ("fallback", "a,b,c,d", [Wanted("a"), Wanted("b"), Wanted("c")]),
        ("explore", "fast", []),
        (
            "grade",
            {"small": "a", "large": "openai:b", "odd": 1},
            [Wanted("a"), Wanted("b", "openai")],
        ),
        ("grade", "a", []),
    ],
)
def test_value_names_entries(role: str, value: Any, entries: list[Wanted]) -> None:
    assert wanted(BY_ROLE[role], value, profile(NEWEST)) == tuple(entries)


def test_names_are_ids_alone_up_to_0_15() -> None:
    assert wanted(BY_ROLE["fast"], "openai:m", profile("0.15.10")) == (Wanted("openai:m"),)


def test_only_an_auth_type_of_the_client_counts_before_the_name() -> None:
    value = "openai-responses:m"
    assert wanted(BY_ROLE["fast"], value, profile("0.23.1")) == (Wanted(value),)
    assert wanted(BY_ROLE["fast"], value, profile("0.23.3")) == (Wanted("m", "openai-responses"),)


def test_endpoint_of_an_advisor_counts_from_0_23_4() -> None:
    value = "m\0https://a.example/v1"
    assert wanted(BY_ROLE["advisor"], value, profile("0.23.3")) == (Wanted(value),)
    assert wanted(BY_ROLE["advisor"], value, profile("0.23.4"))[0].base_url is not None


@pytest.mark.parametrize(
    ("role", "entry", "client", "field"),
    [
        ("fast", {"voiceOnly": True}, NEWEST, "voiceOnly"),
        ("fast", {"fastOnly": True}, NEWEST, None),
        ("fast", {"visionOnly": True}, "0.21.2", None),
        ("fast", {"visionOnly": True}, "0.21.10", "visionOnly"),
        ("fast", {"voiceOnly": True}, "0.15.10", None),
        ("compaction", {"fastOnly": True}, NEWEST, "fastOnly"),
        ("image", {"imageOnly": True}, "0.21.2", None),
        ("image", {"supportsImageGeneration": True}, "0.21.2", "!imageOnly"),
        ("image", {"supportsImageGeneration": True}, NEWEST, None),
        ("image", {}, NEWEST, "!supportsImageGeneration"),
    ],
)
def test_unsuitable_entry_is_not_used(
    role: str, entry: dict[str, Any], client: str, field: str | None
) -> None:
    assert unfit(BY_ROLE[role], entry, profile(client)) == field
