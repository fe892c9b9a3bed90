"""The fields of a model and of its generationConfig, as data: types, limits, and since when.

This table is used for three things: the checks of the compiler, the suggestions for typos, and the
JSON Schema for settings. Sources: guide, Configuration Examples; the released
packages (How Qwen Code reads settings, "Models").
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple, TypeAlias

ValueKind: TypeAlias = Literal["string", "boolean", "integer", "number", "object", "array", "any"]

_PYTHON_TYPES: dict[ValueKind, tuple[type, ...]] = {
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "object": (dict,),
    "array": (list,),
    "any": (object,),
}


class Field(NamedTuple):
    """One field.

    Attributes:
        name: as the client spells it.
        kind: the JSON type.
        description: one sentence, for editors.
        since: the release that first reads it; empty for what the guide and 0.10.1 know.
        minimum: the least number that makes sense.
        maximum: the greatest.
        values: every string it may be; empty for any.
        members: the JSON type of every member of an object or element of an array.
        atomic: a provider's object replaces the whole object of lower layers.
    """

    name: str
    kind: ValueKind
    description: str
    since: str = ""
    minimum: float | None = None
    maximum: float | None = None
    values: tuple[str, ...] = ()
    members: ValueKind | None = None
    atomic: bool = False


MODEL_FIELDS: tuple[Field, ...] = (
    Field("id", "string", "The model's id, as sent to the API."),
    Field("name", "string", "The name that /model shows."),
    Field("description", "string", "The description that /model shows below the name."),
    Field("envKey", "string", "The environment variable that holds the API key."),
    Field("baseUrl", "string", "The endpoint, as the auth type's SDK expects it."),
    Field("capabilities", "object", "What the model can do, such as vision."),
    Field("generationConfig", "object", "The options of requests; they apply as a whole."),
    Field("wireApi", "string", "Which OpenAI API an OpenAI-compatible model uses.",
          "0.24.2", values=("chat-completions", "responses")),
    Field("fastOnly", "boolean", "Offered only as the fast model.", "0.21.2"),
    Field("voiceOnly", "boolean", "Offered only for voice.", "0.21.2"),
    Field("visionOnly", "boolean", "Offered only for vision.", "0.21.10"),
    Field("imageOnly", "boolean", "Offered only for images.", "0.21.2"),
    Field("realtimeOnly", "boolean", "Offered only for realtime use.", "0.24.2"),
    Field("supportsImageGeneration", "boolean", "Whether the model can create images.", "0.23.0"),
)  # fmt: skip

CAPABILITY_FIELDS: tuple[Field, ...] = (
    Field("vision", "boolean", "Whether the model accepts images."),
    Field("agent", "boolean", "With vision: takes a whole turn, with tools, for the main "
          "model.", "0.21.2"),
    Field("reasoning", "object", "How to request reasoning.", "0.23.3"),
)  # fmt: skip

GENERATION_FIELDS: tuple[Field, ...] = (
    Field("samplingParams", "object", "Options such as temperature.", atomic=True),
    Field("timeout", "number", "How long a request may take, in milliseconds.", minimum=0),
    Field("maxRetries", "integer", "How often a failed request is retried.", minimum=0),
    Field("enableCacheControl", "boolean", "Ask the API to cache the prompt."),
    Field("schemaCompliance", "string", "The schema of tools.", values=("auto", "openapi_30")),
    Field("reasoning", "any", "How much the model reasons, or false."),
    Field("contextWindowSize", "integer", "The context window, in tokens.", minimum=1),
    Field("customHeaders", "object", "HTTP headers to send.", members="string", atomic=True),
    Field("extra_body", "object", "Further fields of an OpenAI-compatible request.", atomic=True),
    Field("retryErrorCodes", "array", "Status codes to retry on.", "0.12.0", members="integer"),
    Field("modalities", "object", "The inputs the model accepts.", "0.12.0", members="boolean"),
    Field("splitToolMedia", "boolean", "Send a tool's media apart from text.", "0.15.6"),
    Field("retryInitialDelayMs", "number", "The first retry delay, in ms.", "0.21.2", minimum=0),
    Field("retryMaxDelayMs", "number", "The longest retry delay, in ms.", "0.21.2", minimum=0),
    Field("forceGlobalCacheScope", "boolean", "Share the cache between sessions.", "0.21.2"),
    Field("thinkingMandatory", "boolean", "Thinking cannot be turned off.", "0.21.2"),
    Field("toolResultContentFormat", "string", "How a tool's result is sent.", "0.21.2",
          values=("parts", "string")),
    Field("streamIdleTimeoutMs", "number", "How long a stream may pause, in milliseconds.",
          "0.23.0", minimum=0),
    Field("enableRequestMetadata", "boolean", "Send metadata with a request.", "0.23.4"),
    Field("cacheRetention", "string", "How long Anthropic keeps a cached prompt.", "0.21.10",
          values=("ephemeral", "1h")),
    Field("cacheRetentionByBlock", "object", "The same, for each block: system, tool, user.last.",
          "0.21.10", members="string"),
)  # fmt: skip

SAMPLING_FIELDS: tuple[Field, ...] = (
    Field("temperature", "number", "Randomness of the sampling.", minimum=0, maximum=2),
    Field("top_p", "number", "Nucleus sampling.", minimum=0, maximum=1),
    Field("top_k", "integer", "Sample only from this many of the most likely tokens.", minimum=0),
    Field("max_tokens", "integer", "The longest answer, in tokens.", minimum=1),
    Field("presence_penalty", "number", "Discourage repeated topics.", minimum=-2, maximum=2),
    Field("frequency_penalty", "number", "Discourage repeated words.", minimum=-2, maximum=2),
    Field("repetition_penalty", "number", "Discourage repetition.", minimum=0),
)

HEADERS = "customHeaders"
"""The option whose values may hold placeholders of the client's own, see `Profile.placeholders`."""

EXAMPLES: dict[str, tuple[Any, ...]] = {
    "id": ("gpt-4o",),
    "name": ("GPT-4o",),
    "capabilities": ({"vision": True},),
    "samplingParams": ({"temperature": 0.2, "top_p": 0.8, "max_tokens": 4096},),
    "timeout": (60000,),
    "maxRetries": (3,),
    "reasoning": (False,),
    "contextWindowSize": (128000, 1000000),
    "customHeaders": ({"X-Client-Request-ID": "req-123"},),
    "extra_body": ({"enable_thinking": True},),
    "modalities": ({"image": True, "video": True},),
    "temperature": (0.2,),
    "top_p": (0.8,),
    "top_k": (40,),
    "max_tokens": (4096,),
    "presence_penalty": (0.1,),
    "frequency_penalty": (0.1,),
}
"""What editors offer as the value of a field: most are from the guide."""


def is_of_kind(value: object, kind: ValueKind) -> bool:
    """Tell whether a JSON `value` has the type `kind`; true is not a number, 3.0 is an integer."""
    if isinstance(value, bool):
        return kind in ("boolean", "any")
    if kind == "integer" and isinstance(value, float):
        return value.is_integer()
    return isinstance(value, _PYTHON_TYPES[kind])


def problem(field: Field, value: object) -> str | None:
    """Return what is wrong with `value` for `field`, in words without the value, or None."""
    if isinstance(value, str) and field.kind == "string" and not field.values:
        return None
    if not is_of_kind(value, field.kind):
        return f"must be {_with_article(field.kind)}"
    if isinstance(value, int | float) and not isinstance(value, bool):
        if field.minimum is not None and value < field.minimum:
            return f"must be at least {field.minimum}"
        if field.maximum is not None and value > field.maximum:
            return f"must be at most {field.maximum}"
    if field.values and value not in field.values:
        return "must be " + " or ".join(f'"{allowed}"' for allowed in field.values)
    if field.members is not None and isinstance(value, dict | list):
        members = value.values() if isinstance(value, dict) else value
        if not all(is_of_kind(member, field.members) for member in members):
            return f"must hold only {field.members}s"
    return None


def _with_article(kind: ValueKind) -> str:
    return f"an {kind}" if kind[0] in "aio" else f"a {kind}"
