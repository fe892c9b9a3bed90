"""Valid values of `capabilities.reasoning`, as recorded from the client's own functions."""

from __future__ import annotations

from typing import Any

import pytest

from qwenlock.clients.profile import NEWEST, profile
from qwenlock.clients.reasoning import reasoning_problem

COMPLETE = {
    "thinking": True,
    "disableField": "thinking",
    "efforts": ["low", "high"],
    "defaultEffort": "high",
}
VALID: list[tuple[str, Any]] = [
    ("openai", COMPLETE),
    ("openai", {"thinking": True, "disableField": "enable_thinking", "toggleOnly": True}),
    ("openai", {**COMPLETE, "canDisable": False}),
    ("openai", {"profile": "openai-effort", "efforts": ["low"], "defaultEffort": "low"}),
    ("openai", {"profile": "qwen-chat-template"}),
    ("openai", {"defaultEffort": "medium"}),
    ("gemini", {"profile": "gemini"}),
    ("openai-responses", {"profile": "openai-reasoning", "efforts": ["max"]}),
    ("anthropic", {"profile": "anthropic-adaptive", "efforts": ["xhigh"]}),
    ("vertex-ai", {"profile": "gemini", "efforts": ["low", "high"], "defaultEffort": "low"}),
]
MAY_HOLD = (
    "may hold profile, efforts, defaultEffort, thinking, disableField, toggleOnly or canDisable "
    "only"
)
DISABLE_FIELD = "disableField must be enable_thinking, reasoning_effort or thinking"
COMBINED = "efforts and defaultEffort cannot be combined with this profile"
FOR_GEMINI = "efforts must be low, medium or high for this profile"
PROFILES = "openai-effort, openai-reasoning, deepseek-openai, dashscope-effort, dashscope-thinking"
OF_ANTHROPIC = "anthropic-manual, anthropic-adaptive or deepseek-anthropic"
OTHER_PROFILES = (
    "qwen-chat-template, anthropic-manual, anthropic-adaptive, deepseek-anthropic or gemini"
)
INVALID: list[tuple[str, Any, str]] = [
    ("openai", "high", "must be an object"),
    ("openai", {}, "must not be empty"),
    ("openai", {"effort": "high"}, MAY_HOLD),
    ("openai", {**COMPLETE, "thinking": "yes"}, "thinking must be true"),
    ("openai", {"disableField": "thinking", "efforts": ["low"]}, "thinking must be true"),
    ("openai", {**COMPLETE, "disableField": "think"}, DISABLE_FIELD),
    ("openai", {"thinking": True, "efforts": ["low"]}, DISABLE_FIELD),
    ("openai", {**COMPLETE, "toggleOnly": "yes"}, "toggleOnly must be a boolean"),
    ("openai", {**COMPLETE, "canDisable": True}, "canDisable can only be false"),
    ("openai", {**COMPLETE, "efforts": []}, "efforts must be a non-empty array"),
    (
        "openai",
        {**COMPLETE, "efforts": ["low", "huge"]},
        "efforts must be low, medium, high, xhigh or max",
    ),
    ("openai", {**COMPLETE, "efforts": ["low", "low"]}, "efforts lists one twice"),
    ("openai", {**COMPLETE, "defaultEffort": "max"}, "defaultEffort must be one of the efforts"),
    ("openai", {"thinking": True, "disableField": "thinking"}, "efforts must be given"),
    ("openai", {"profile": "gemini"}, f"profile must be {PROFILES} or qwen-chat-template"),
    ("openai", {"profile": None}, f"profile must be {PROFILES} or qwen-chat-template"),
    ("openai", {"profile": "openai-effort", "thinking": 1}, "thinking must be true"),
    ("openai", {"profile": "qwen-chat-template", "efforts": ["low"]}, COMBINED),
    ("openai", {"profile": "dashscope-thinking", "defaultEffort": "low"}, COMBINED),
    ("openai-responses", {"profile": "openai-effort"}, "profile must be openai-reasoning"),
    ("anthropic", {"profile": "openai-effort"}, f"profile must be {OF_ANTHROPIC}"),
    ("gemini", {"profile": "gemini", "efforts": ["max"]}, FOR_GEMINI),
    ("qwen-oauth", {"profile": "mine"}, f"profile must be {PROFILES}, {OTHER_PROFILES}"),
]


@pytest.mark.parametrize(("auth_type", "declaration"), VALID)
def test_valid_declaration_has_no_problem(auth_type: str, declaration: Any) -> None:
    assert reasoning_problem(declaration, auth_type, profile(NEWEST)) is None


@pytest.mark.parametrize(("auth_type", "declaration", "said"), INVALID)
def test_problem_of_a_declaration_is_reported(auth_type: str, declaration: Any, said: str) -> None:
    assert reasoning_problem(declaration, auth_type, profile(NEWEST)) == said


def test_releases_that_do_not_read_it_find_nothing() -> None:
    for client in ("guide", "0.10.1", "0.23.1"):
        assert reasoning_problem("x", "openai", profile(client)) is None


def test_profiles_are_read_from_0_23_5() -> None:
    declaration = {"profile": "openai-effort", "efforts": ["low"], "defaultEffort": "low"}
    assert reasoning_problem(declaration, "openai", profile("0.23.4")) == "thinking must be true"
    assert reasoning_problem(declaration, "openai", profile("0.23.5")) is None
    assert reasoning_problem(COMPLETE, "openai", profile("0.23.3")) is None
