"""The base URLs of public hosts."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from qwenlock.clients.hosts import auth_type_of, hosts, paths
from qwenlock.clients.profile import AUTH_TYPES
from qwenlock.edge.plans import load


@pytest.mark.parametrize(
    ("host", "auth_type", "path"),
    [
        ("dashscope.aliyuncs.com", "openai", "/compatible-mode/v1"),
        ("DashScope.Aliyuncs.com.", "openai", "/compatible-mode/v1"),
        ("dashscope.aliyuncs.com", "openai-responses", "/compatible-mode/v1"),
        ("dashscope-intl.aliyuncs.com", "anthropic", "/apps/anthropic"),
        ("coding.dashscope.aliyuncs.com", "openai", "/v1"),
        ("coding-intl.dashscope.aliyuncs.com", "anthropic", "/apps/anthropic"),
        ("token-plan.cn-beijing.maas.aliyuncs.com", "openai", "/compatible-mode/v1"),
        ("open.bigmodel.cn", "openai", "/api/paas/v4"),
        ("api.z.ai", "anthropic", "/api/anthropic"),
        ("api.deepseek.com", "openai", ""),
        ("openrouter.ai", "openai", "/api/v1"),
        ("mine.openai.azure.com", "openai", "/openai/v1"),
        ("api.anthropic.com", "anthropic", ""),
        ("generativelanguage.googleapis.com", "gemini", ""),
        ("api.groq.com", "anthropic", None),
        ("dashscope.aliyuncs.com", "gemini", None),
        ("api.z.aiX.", "openai", None),
        ("llm.example", "openai", None),
        ("maas.aliyuncs.com", "openai", None),
        ("openai.azure.com", "openai", None),
        ("", "openai", None),
    ],
)
def test_path_is_that_of_the_host(host: str, auth_type: str, path: str | None) -> None:
    assert next(iter(paths(host, auth_type)), None) == path


def test_other_paths_of_a_host_are_right_too() -> None:
    assert paths("api.z.ai", "openai") == ("/api/paas/v4", "/api/coding/paas/v4")
    assert "/v1" in paths("api.deepseek.com", "openai")


def test_path_can_tell_the_auth_type() -> None:
    assert auth_type_of("coding.dashscope.aliyuncs.com", "/apps/anthropic/") == "anthropic"
    assert auth_type_of("coding.dashscope.aliyuncs.com", "/v1") == "openai"
    assert auth_type_of("coding.dashscope.aliyuncs.com", "/v1X") is None
    assert auth_type_of("api.deepseek.com", "/anthropic") == "anthropic"
    assert auth_type_of("llm.example", "/v1") is None


def test_every_path_can_be_put_after_a_host() -> None:
    for host, known in hosts().items():
        assert host == host.lower()
        assert set(known) <= set(AUTH_TYPES)
        for path in (each for found in known.values() for each in found):
            assert path == "" or (path.startswith("/") and not path.endswith("/"))


def test_endpoints_of_every_plan_are_right() -> None:
    for plan in load():
        for region in plan.regions.values():
            url = urlsplit(region.base_url)
            known = paths(url.hostname or "", plan.auth_type)
            assert not known or url.path.rstrip("/") in known, region.base_url
