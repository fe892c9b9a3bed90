"""Public hosts of models, and the paths that a base URL has there, by auth type.

A base URL is what the SDK of the auth type takes: OpenAI's adds `/chat/completions`, Anthropic's
`/v1/messages`, Google's its own version. Sources: the presets of Qwen Code's releases, and each
host's documentation of its API.
"""

from __future__ import annotations

from typing import TypeAlias

Paths: TypeAlias = dict[str, tuple[str, ...]]
"""For an auth type the paths, the usual one first; an empty path means none."""


def _paths(*openai: str, anthropic: tuple[str, ...] = ()) -> Paths:
    found = {"openai": openai, "anthropic": anthropic}
    return {auth_type: paths for auth_type, paths in found.items() if paths}


_DASHSCOPE = _paths(
    "/compatible-mode/v1",
    "/api/v2/apps/protocols/compatible-mode/v1",
    anthropic=("/apps/anthropic", "/api/v2/apps/claude-code-proxy"),
)
_CODING_PLAN = _paths("/v1", anthropic=("/apps/anthropic",))
_ZHIPU = _paths("/api/paas/v4", "/api/coding/paas/v4", anthropic=("/api/anthropic",))
_ANTHROPIC_BESIDE = _paths("/v1", anthropic=("/anthropic",))
_V1 = _paths("/v1")

HOSTS: dict[str, Paths] = {
    "ai-gateway.vercel.sh": _paths("/v1", anthropic=("",)),
    "api-inference.modelscope.cn": _paths("/v1", anthropic=("",)),
    "api.anthropic.com": _paths("/v1", anthropic=("",)),
    "api.cerebras.ai": _V1,
    "api.deepinfra.com": _paths("/v1/openai", anthropic=("/anthropic",)),
    "api.deepseek.com": _paths("", "/v1", "/beta", anthropic=("/anthropic",)),
    "api.fireworks.ai": _paths("/inference/v1", anthropic=("/inference",)),
    "api.groq.com": _paths("/openai/v1"),
    "api.hunyuan.cloud.tencent.com": _V1,
    "api.kimi.com": _paths("/coding/v1", anthropic=("/coding",)),
    "api.lkeap.cloud.tencent.com": _paths(
        "/v1", "/coding/v3", anthropic=("/api/anthropic", "/coding/anthropic")
    ),
    "api.minimax.io": _ANTHROPIC_BESIDE,
    "api.minimaxi.com": _ANTHROPIC_BESIDE,
    "api.mistral.ai": _V1,
    "api.moonshot.ai": _ANTHROPIC_BESIDE,
    "api.moonshot.cn": _ANTHROPIC_BESIDE,
    "api.openai.com": _V1,
    "api.perplexity.ai": _paths("", "/v1"),
    "api.siliconflow.cn": _paths("/v1", anthropic=("",)),
    "api.siliconflow.com": _paths("/v1", anthropic=("",)),
    "api.stepfun.com": _paths("/v1", "/step_plan/v1"),
    "api.together.xyz": _V1,
    "api.x.ai": _paths("/v1", anthropic=("",)),
    "api.xiaomimimo.com": _ANTHROPIC_BESIDE,
    "api.z.ai": _ZHIPU,
    "ark.cn-beijing.volces.com": _paths(
        *("/api/v3", "/api/coding/v3", "/api/plan/v3"),
        anthropic=("/api/compatible", "/api/coding", "/api/plan"),
    ),
    "cn-hongkong.dashscope.aliyuncs.com": _DASHSCOPE,
    "coding-intl.dashscope.aliyuncs.com": _CODING_PLAN,
    "coding.dashscope.aliyuncs.com": _CODING_PLAN,
    "dashscope-intl.aliyuncs.com": _DASHSCOPE,
    "dashscope-us.aliyuncs.com": _DASHSCOPE,
    "dashscope.aliyuncs.com": _DASHSCOPE,
    "generativelanguage.googleapis.com": {
        "openai": ("/v1beta/openai",),
        "gemini": ("",),
        "vertex-ai": ("",),
    },
    "integrate.api.nvidia.com": _V1,
    "models.github.ai": _paths("/inference"),
    "models.inference.ai.azure.com": _paths(""),
    "ollama.com": _V1,
    "open.bigmodel.cn": _ZHIPU,
    "openrouter.ai": _paths("/api/v1", anthropic=("/api",)),
    "qianfan.baidubce.com": _paths("/v2", "/v2/coding", anthropic=("/anthropic",)),
    "router.huggingface.co": _V1,
    "router.requesty.ai": _V1,
}

_ENDINGS: dict[str, Paths] = {
    ".maas.aliyuncs.com": _DASHSCOPE,
    ".openai.azure.com": _paths("/openai/v1"),
}
"""The same of all hosts whose names end so."""

_LIKE = {"openai-responses": "openai"}
"""Auth types that take the base URLs of another one."""


def paths(host: str, auth_type: str) -> tuple[str, ...]:
    """Return the paths that a base URL of `auth_type` may have at `host`, the usual one first.

    Args:
        host: the host's name, in any case, without a port.
        auth_type: the auth type that the entry is of, `providerProtocol` and `wireApi` applied.

    Returns:
        Paths that begin with a slash and do not end in one; an empty path for none. Nothing where
        the host, or its API for the auth type, is not known.
    """
    name = host.lower().rstrip(".")
    known = HOSTS.get(name)
    if known is None:
        known = next((each for ending, each in _ENDINGS.items() if name.endswith(ending)), {})
    return known.get(_LIKE.get(auth_type, auth_type), ())


def right_path(host: str, auth_type: str) -> str | None:
    """Return the usual path of a base URL of `auth_type` at `host`; see `paths`.

    Returns:
        The path, empty where there is none to write; or None where the host is not known, or not
        for that auth type. Then nothing can be said of a base URL's path.
    """
    found = paths(host, auth_type)
    return found[0] if found else None


def auth_type_of(host: str, path: str) -> str | None:
    """Return the auth type that `path` is for at `host`, where it is one's alone.

    Args:
        host: the host's name.
        path: the path of a base URL, such as `/apps/anthropic`.
    """
    suited = [
        auth_type for auth_type in ("openai", "anthropic", "gemini")
        if path.rstrip("/") in paths(host, auth_type)
    ]  # fmt: skip
    return suited[0] if len(suited) == 1 else None
