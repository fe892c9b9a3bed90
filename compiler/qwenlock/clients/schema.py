"""The JSON Schema for settings, generated from the table of fields, for editors and validators.

Only settings that qwenlock knows are constrained. Keywords that only editors
read stand beside the rules: `examples`, `markdownDescription`, `enumDescriptions`,
`deprecationMessage` and `defaultSnippets` (VS Code; JetBrains reads most of them).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from qwenlock.clients.fields import (
    CAPABILITY_FIELDS,
    EXAMPLES,
    GENERATION_FIELDS,
    MODEL_FIELDS,
    SAMPLING_FIELDS,
    Field,
    ValueKind,
)
from qwenlock.clients.other_models import ModelSetting, other_models
from qwenlock.clients.profile import API_KEY_VARIABLES, OAUTH, OAUTH_ENDED
from qwenlock.clients.reasoning import names as reasoning_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from qwenlock.clients.profile import Profile

DIALECT = "https://json-schema.org/draft/2020-12/schema"

_TYPES = {
    "openai": "OpenAI-compatible APIs: OpenAI, Azure OpenAI, OpenRouter, vLLM, Ollama.",
    "openai-responses": "OpenAI's Responses API.",
    "anthropic": "Anthropic's Claude API.",
    "gemini": "Google's Gemini API.",
    "vertex-ai": "Google's Vertex AI.",
    OAUTH: "Qwen OAuth, whose models are built in.",
}
"""Follows the guide, "Supported Auth Types"."""
_SNIPPETS = {
    "openai": ("gpt-4o", "https://api.openai.com/v1"),
    "anthropic": ("claude-3-5-sonnet", "https://api.anthropic.com/v1"),
    "gemini": ("gemini-2.0-flash", "https://generativelanguage.googleapis.com"),
    "vertex-ai": ("gemini-1.5-pro-vertex", "https://generativelanguage.googleapis.com"),
}
"""A model and its endpoint: the first of the guide's example for each auth type."""
_ENDED = f"Qwen OAuth, whose free tier ended on {OAUTH_ENDED}: the client refuses it."
_EFFORT_SINCE, _NO_EFFORT_SINCE = "0.21", "0.23"
_DEPRECATED = "Deprecated: use a modelProviders entry with envKey."
_LEGACY = 'Still read; write "wireApi": "responses" in a model of openai instead.'
_REPLACE = (
    "The models that /model offers, by auth type, in order. Those of the highest scope that has "
    "this key replace those of all others."
)


class _Region(Protocol):
    """What the schema says of a plan's region."""

    @property
    def base_url(self) -> str: ...


class _State(Protocol):
    """Where a client records what is installed of a plan: the keys below `at`."""

    @property
    def at(self) -> tuple[str, ...]: ...
    @property
    def version(self) -> tuple[str, ...]: ...
    @property
    def region(self) -> tuple[str, ...] | None: ...
    @property
    def base_url(self) -> tuple[str, ...] | None: ...


class _Plan(Protocol):
    """What the schema says of a plan; every plan of the room of plans is one."""

    @property
    def title(self) -> str: ...
    @property
    def env_key(self) -> str: ...
    @property
    def regions(self) -> Mapping[str, _Region]: ...
    @property
    def states(self) -> Mapping[str, _State]: ...


def settings_schema(client: Profile, plans: Sequence[_Plan] = ()) -> dict[str, Any]:
    """Return the JSON Schema (2020-12) for a settings.json that `client` reads.

    Args:
        client: whose fields and auth types are known.
        plans: the plans whose variables and endpoints are offered, and whose records are known.
    """
    providers = {name: _provider(name, client) for name in client.auth_types if name != OAUTH}
    properties: dict[str, Any] = {
        "$version": {
            **_typed("integer", "The version of the settings."),
            "minimum": 1,
            "default": client.settings_version,
        },
        "modelProviders": _providers(client, providers),
        **(_protocols(providers) if client.provider_protocols else {}),
        "model": _selection(client),
        "security": _object(auth=_auth(client)),
        "env": {
            **_typed("object", "Variables in clear text; a .env file is the better place."),
            "additionalProperties": {"type": "string"},
        },
    }
    if "settings" in client.proxy_layers:
        properties["proxy"] = _typed("string", "The proxy of all requests.")
    for other in other_models(client):
        _below(properties, other.path[:-1])[other.path[-1]] = _other_model(other)
    if client.placeholders:
        _below(properties, ("outboundCorrelation",))["allowDynamicHeaderValues"] = _typed(
            "boolean", "Fill in ${session_id} in customHeaders; else such a header is not sent."
        )
    for plan in plans:
        _put_records(properties, plan)
    return {
        "$schema": DIALECT,
        "$id": f"urn:qwenlock:schema:settings:{client.name}",
        "title": "Qwen Code settings that choose models",
        "type": "object",
        "properties": properties,
        "$defs": {"model": _model(client, plans), "generationConfig": _generation_config(client)},
    }


def node_at(schema: dict[str, Any], path: Iterable[str | int]) -> dict[str, Any]:
    """Return what a schema says of the value at `path`; empty if it says nothing.

    Args:
        schema: what `settings_schema` returns.
        path: the keys and indexes that lead to the value.
    """
    node = _resolved(schema, schema)
    for step in path:
        if isinstance(step, int):
            inner = node.get("items")
        else:
            inner = node.get("properties", {}).get(step, node.get("additionalProperties"))
        node = _resolved(schema, inner if isinstance(inner, dict) else {})
    return node


def _resolved(schema: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    """Return a node merged with the one it refers to; its own keywords win."""
    for other in [node, *node.get("anyOf", ())]:
        if "$ref" in other:
            name = other["$ref"].removeprefix("#/$defs/")
            return {**schema["$defs"][name], **node}
    return node


def _providers(client: Profile, providers: dict[str, Any]) -> dict[str, Any]:
    oauth = {
        "description": "Ignored: the models of qwen-oauth are built in.",
        "deprecated": True,
        "deprecationMessage": "The models of qwen-oauth cannot be overridden.",
    }
    others = {"type": "array", "items": {"$ref": "#/$defs/model"}}
    return {
        **_typed("object", _REPLACE),
        "properties": {**providers, OAUTH: oauth},
        "additionalProperties": others if client.provider_protocols else False,
        "defaultSnippets": [
            {"label": name, "description": _TYPES[name], "body": {name: [_snippet(name)]}}
            for name in providers
            if name in _SNIPPETS
        ],
    }


def _provider(name: str, client: Profile) -> dict[str, Any]:
    snippets = [{"label": "a model", "body": _snippet(name)}] if name in _SNIPPETS else []
    legacy = {"deprecated": True, "deprecationMessage": _LEGACY}
    return {
        **_typed("array", _TYPES[name]),
        **(legacy if name in client.legacy_auth_types else {}),
        "items": {"$ref": "#/$defs/model", "defaultSnippets": snippets},
    }


def _snippet(auth_type: str) -> dict[str, str]:
    """Return a model with the places that an editor goes through."""
    model, url = _SNIPPETS[auth_type]
    return {
        "id": f"${{1:{model}}}",
        "name": f"${{2:{model}}}",
        "envKey": f"${{3:{API_KEY_VARIABLES[auth_type]}}}",
        "baseUrl": f"${{4:{url}}}",
    }


def _protocols(providers: Iterable[str]) -> dict[str, Any]:
    return {
        "providerProtocol": {
            **_typed(
                "object", "The auth type of each provider id that is not an auth type itself."
            ),
            "additionalProperties": {"enum": list(providers)},
        }
    }


def _selection(client: Profile) -> dict[str, Any]:
    fields = {
        "name": _typed("string", "The selected model's id."),
        "generationConfig": {
            "description": "The request options of a runtime model: a model that no entry of "
            "modelProviders defines.",
            "$ref": "#/$defs/generationConfig",
        },
    }
    if client.selects_url:
        fields["baseUrl"] = _typed("string", "The endpoint, if several entries have the same id.")
    if client.knows(_EFFORT_SINCE):
        off = ["none"] if client.knows(_NO_EFFORT_SINCE) else []
        fields["reasoningEffort"] = {
            "description": "How much models reason, if that is configurable.",
            "enum": [*off, *reasoning_names()["efforts"]],
        }
    return _object(**fields)


def _other_model(other: ModelSetting) -> dict[str, Any]:
    if other.form == "map":
        values = {"additionalProperties": {"type": "string"}}
        return {**_typed("object", other.description), **values}
    return _typed("string", other.description)


def _below(properties: dict[str, Any], path: Iterable[str]) -> dict[str, Any]:
    """Return the properties of the object at `path`, which is made where it is not there."""
    for step in path:
        properties = properties.setdefault(step, _object()).setdefault("properties", {})
    return properties


def _auth(client: Profile) -> dict[str, Any]:
    types = list(client.auth_types)
    said = {**_TYPES, OAUTH: _ENDED} if client.refuses_oauth else _TYPES
    known = {"enum": types, "enumDescriptions": [said[name] for name in types]}
    selected: dict[str, Any] = {"description": "The selected auth type.", **known}
    if client.default_auth_type is not None:
        selected["default"] = client.default_auth_type
    deprecated = {"deprecated": True, "deprecationMessage": _DEPRECATED}
    enforced = {
        "description": "Without a terminal, the client refuses any other auth type.",
        **known,
    }
    return _object(
        selectedType=selected,
        **({"enforcedType": enforced} if client.enforces_auth_type else {}),
        apiKey={**_typed("string", _DEPRECATED), **deprecated},
        baseUrl={**_typed("string", _DEPRECATED), **deprecated},
    )


def _put_records(properties: dict[str, Any], plan: _Plan) -> None:
    """Add what clients record of a plan, under the keys that it stands under."""
    for state in plan.states.values():
        here = _below(properties, state.at)
        owner = _below(properties, state.at[:-1])[state.at[-1]]
        owner["description"] = f"What the client has installed of {plan.title}."
        here[state.version[-1]] = _typed("string", "The digest of its models.")
        if state.region:
            region = _typed("string", "The region that was selected in /auth.")
            here[state.region[-1]] = {**region, "enum": list(plan.regions)}
        if state.base_url:
            endpoint = _typed("string", "The endpoint of the region.")
            urls = [region.base_url for region in plan.regions.values()]
            here[state.base_url[-1]] = {**endpoint, "examples": urls}


def _model(client: Profile, plans: Sequence[_Plan]) -> dict[str, Any]:
    properties = _properties(MODEL_FIELDS, client, nullable=True)
    variables = [API_KEY_VARIABLES.get(name) for name in client.auth_types]
    properties["id"] |= {"type": "string", "minLength": 1}
    properties["envKey"] |= {
        "pattern": "^[A-Za-z_][A-Za-z0-9_]*$",
        "examples": _once(*variables, *(plan.env_key for plan in plans)),
    }
    properties["baseUrl"]["examples"] = _once(
        *(url for _, url in _SNIPPETS.values()),
        "http://localhost:11434/v1",
        *(region.base_url for plan in plans for region in plan.regions.values()),
    )
    capabilities = _properties(CAPABILITY_FIELDS, client)
    if "reasoning" in capabilities:
        capabilities["reasoning"] |= _reasoning()
    properties["capabilities"]["properties"] = capabilities
    properties["generationConfig"] = {
        "description": properties["generationConfig"]["description"],
        "anyOf": [{"$ref": "#/$defs/generationConfig"}, {"type": "null"}],
    }
    required = ["id"]
    if client.env_key_required:
        required.append("envKey")
        properties["envKey"]["type"] = "string"
    return {"type": "object", "properties": properties, "required": required}


def _reasoning() -> dict[str, Any]:
    known = reasoning_names()
    profiles = dict.fromkeys(name for each in known["profiles"].values() for name in each)
    fields = {
        "profile": {"description": "How the API is asked to reason.", "enum": list(profiles)},
        "efforts": {
            **_typed("array", "The efforts that the model knows."),
            "items": {"enum": known["efforts"]},
        },
        "defaultEffort": {"description": "The effort by default.", "enum": known["efforts"]},
        "thinking": {"description": "The model reasons.", "enum": [True]},
        "disableField": {
            "description": "The field of a request that turns reasoning off.",
            "enum": known["disable-fields"],
        },
        "toggleOnly": _typed("boolean", "Reasoning is on or off, and has no efforts."),
        "canDisable": {"description": "Reasoning cannot be turned off.", "enum": [False]},
    }
    example = {"profile": "openai-effort", "efforts": ["low", "high"], "defaultEffort": "high"}
    return {"properties": fields, "examples": [example]}


def _once(*values: str | None) -> list[str]:
    return list(dict.fromkeys(filter(None, values)))


def _generation_config(client: Profile) -> dict[str, Any]:
    properties = _properties(GENERATION_FIELDS, client)
    properties["samplingParams"]["properties"] = _properties(SAMPLING_FIELDS, client)
    return {"type": "object", "properties": properties}


def _properties(
    fields: Iterable[Field], client: Profile, *, nullable: bool = False
) -> dict[str, dict[str, Any]]:
    return {
        field.name: _schema(field, nullable=nullable)
        for field in fields
        if client.knows(field.since)
    }


def _schema(field: Field, *, nullable: bool) -> dict[str, Any]:
    schema: dict[str, Any] = {"description": field.description, **_type(field.kind)}
    if field.atomic:
        whole = "*Atomic:* it replaces the whole object of lower layers."
        schema["markdownDescription"] = f"{field.description}\n\n{whole}"
    if nullable and "type" in schema:
        schema["type"] = [schema["type"], "null"]
    if field.minimum is not None:
        schema["minimum"] = field.minimum
    if field.maximum is not None:
        schema["maximum"] = field.maximum
    if field.values:
        schema["enum"] = list(field.values)
    if field.members is not None:
        inner = "items" if field.kind == "array" else "additionalProperties"
        schema[inner] = _type(field.members)
    if field.name in EXAMPLES:
        schema["examples"] = list(EXAMPLES[field.name])
    return schema


def _type(kind: ValueKind) -> dict[str, Any]:
    return {} if kind == "any" else {"type": kind}


def _typed(kind: str, description: str) -> dict[str, Any]:
    return {"type": kind, "description": description}


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}
