"""What people write where no release reads it, and where it belongs: as data.

Collected from settings that people have published, and from reports of why they had no effect.
"""

from __future__ import annotations

from typing import TypeAlias

from qwenlock.clients.fields import GENERATION_FIELDS, SAMPLING_FIELDS

Home: TypeAlias = tuple[str, ...]
"""A path: of settings, or within a model of `modelProviders`."""

SELECTED_TYPE: Home = ("security", "auth", "selectedType")
MODEL_NAME: Home = ("model", "name")

KEYS = ("apiKey", "api_key", "apikey", "apiToken", "openaiApiKey", "openai_api_key", "accessToken")
"""Keys at the top level that are meant to hold an API key."""

URLS = ("baseUrl", "baseURL", "base_url", "apiBase", "apiBaseUrl", "apiUrl", "openaiBaseUrl")
"""Keys at the top level that are meant to hold the endpoint of a model."""

AUTH_TYPES = ("provider", "authMethod", "authType", "auth_type", "defaultProvider", "apiProvider")
"""Keys at the top level that are meant to select an auth type."""

MODEL_NAMES = ("modelName", "defaultModel", "model_name", "selectedModel", "currentModel")
"""Keys at the top level that are meant to select a model."""

LISTS = ("models", "providers", "customModels")
"""Keys at the top level that are meant to define models."""

PROMPTS = ("systemPrompt", "system_prompt", "customInstructions", "instructions")
"""Keys at the top level that are meant to hold instructions."""

_SPELLINGS = {
    "maxTokens": "max_tokens",
    "maxOutputTokens": "max_tokens",
    "max_output_tokens": "max_tokens",
    "topP": "top_p",
    "topK": "top_k",
    "presencePenalty": "presence_penalty",
    "frequencyPenalty": "frequency_penalty",
    "repetitionPenalty": "repetition_penalty",
    "contextWindow": "contextWindowSize",
    "context_window": "contextWindowSize",
    "contextLength": "contextWindowSize",
    "context_length": "contextWindowSize",
    "extraBody": "extra_body",
    "headers": "customHeaders",
    "custom_headers": "customHeaders",
    "max_retries": "maxRetries",
    "retries": "maxRetries",
    "timeoutMs": "timeout",
    "temperatures": "temperature",
    "maxContextTokens": "contextWindowSize",
    "enableThinking": "enable_thinking",
}

_HOMES: dict[str, Home] = {
    **{field.name: ("generationConfig", field.name) for field in GENERATION_FIELDS},
    **{field.name: ("generationConfig", "samplingParams", field.name) for field in SAMPLING_FIELDS},
    "enable_thinking": ("generationConfig", "extra_body", "enable_thinking"),
}


def home_of(option: str) -> Home | None:
    """Return where in a model the client reads `option`, however it is spelled; or None."""
    return _HOMES.get(_SPELLINGS.get(option, option))


VARIABLES = {
    "OPENAI_API_BASE": "OPENAI_BASE_URL",
    "OPENAI_API_BASE_URL": "OPENAI_BASE_URL",
    "OPENAI_API_URL": "OPENAI_BASE_URL",
    "OPENAI_BASEURL": "OPENAI_BASE_URL",
    "OPENAI_ENDPOINT": "OPENAI_BASE_URL",
    "OPENAI_HOST": "OPENAI_BASE_URL",
    "OPENAI_URL": "OPENAI_BASE_URL",
    "QWEN_BASE_URL": "OPENAI_BASE_URL",
    "OPENAI_KEY": "OPENAI_API_KEY",
    "OPENAI_TOKEN": "OPENAI_API_KEY",
    "OPENAI_API_TOKEN": "OPENAI_API_KEY",
    "QWEN_API_KEY": "OPENAI_API_KEY",
    "OPENAI_API_MODEL": "OPENAI_MODEL",
    "OPENAI_DEFAULT_MODEL": "OPENAI_MODEL",
    "OPENAI_MODEL_NAME": "OPENAI_MODEL",
    "ANTHROPIC_AUTH_TOKEN": "ANTHROPIC_API_KEY",
    "ANTHROPIC_API_BASE": "ANTHROPIC_BASE_URL",
    "ANTHROPIC_API_URL": "ANTHROPIC_BASE_URL",
}
"""Variables that no release reads, each with the one that is probably meant."""
