"""The JSON Schema for settings, made of the table of fields; for editors and validators.

Only what qwenlock knows is constrained; other settings are left free. Keywords that only editors
read stand beside the rules: `examples`, `markdownDescription`, `enumDescriptions`,
`deprecationMessage` and `defaultSnippets` (VS Code; JetBrains reads most of them).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qwenlock.clients.fields import (
    EXAMPLES,
    GENERATION_FIELDS,
    MODEL_FIELDS,
    SAMPLING_FIELDS,
    Field,
    Kind,
)
from qwenlock.clients.profile import API_KEY_VARIABLES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from qwenlock.clients.profile import Profile
    from qwenlock.plans.plan import Plan

DIALECT = "https://json-schema.org/draft/2020-12/schema"

_TYPES = {
    "openai": "OpenAI-compatible APIs: OpenAI, Azure OpenAI, OpenRouter, vLLM, Ollama.",
    "openai-responses": "OpenAI's Responses API.",
    "anthropic": "Anthropic's Claude API.",
    "gemini": "Google's Gemini API.",
    "vertex-ai": "Google's Vertex AI.",
    "qwen-oauth": "Qwen OAuth, whose models are built in.",
}
"""Follows the guide, "Supported Auth Types"."""
_SNIPPETS = {
    "openai": ("gpt-4o", "https://api.openai.com/v1"),
    "anthropic": ("claude-3-5-sonnet", "https://api.anthropic.com/v1"),
    "gemini": ("gemini-2.0-flash", "https://generativelanguage.googleapis.com"),
    "vertex-ai": ("gemini-1.5-pro-vertex", "https://generativelanguage.googleapis.com"),
}
"""A model and its endpoint: the first of the guide's example for each auth type."""
_DEPRECATED = "Deprecated: use a modelProviders entry with envKey."
_REPLACE = (
    "The models that /model offers, by auth type, in order. Those of the highest scope that has "
    "this key replace those of all others."
)


def settings_schema(client: Profile, plans: Sequence[Plan] = ()) -> dict[str, Any]:
    """Return the JSON Schema (2020-12) for a settings.json that `client` reads.

    Args:
        client: whose fields and auth types are known.
        plans: the plans whose variables and endpoints are offered, and whose records are known.
    """
    providers = {name: _provider(name) for name in client.auth_types if name != "qwen-oauth"}
    return {
        "$schema": DIALECT,
        "$id": f"urn:qwenlock:schema:settings:{client.name}",
        "title": "Qwen Code settings, as far as they choose models",
        "type": "object",
        "properties": {
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
            "proxy": _typed("string", "The proxy of all requests."),
            **_records(plans),
        },
        "$defs": {"model": _model(client, plans), "generationConfig": _generation_config(client)},
    }


def _providers(client: Profile, providers: dict[str, Any]) -> dict[str, Any]:
    oauth = {
        "description": "Ignored: the models of qwen-oauth are built in.",
        "deprecated": True,
        "deprecationMessage": "The models of qwen-oauth cannot be overridden.",
    }
    others = {"type": "array", "items": {"$ref": "#/$defs/model"}}
    return {
        **_typed("object", _REPLACE),
        "properties": {**providers, "qwen-oauth": oauth},
        "additionalProperties": others if client.provider_protocols else False,
        "defaultSnippets": [
            {"label": name, "description": _TYPES[name], "body": {name: [_snippet(name)]}}
            for name in providers
            if name in _SNIPPETS
        ],
    }


def _provider(name: str) -> dict[str, Any]:
    snippets = [{"label": "a model", "body": _snippet(name)}] if name in _SNIPPETS else []
    return {
        **_typed("array", _TYPES[name]),
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
            **_typed("object", "The auth type of each provider id that is none itself."),
            "additionalProperties": {"enum": list(providers)},
        }
    }


def _selection(client: Profile) -> dict[str, Any]:
    fields = {
        "name": _typed("string", "The selected model's id."),
        "generationConfig": {
            "description": "How requests of a runtime model are made: one that no entry of "
            "modelProviders defines.",
            "$ref": "#/$defs/generationConfig",
        },
    }
    if client.selects_url:
        fields["baseUrl"] = _typed("string", "The endpoint, where several entries have the id.")
    return _object(**fields)


def _auth(client: Profile) -> dict[str, Any]:
    types = list(client.auth_types)
    selected = {
        "description": "The selected auth type.",
        "enum": types,
        "enumDescriptions": [_TYPES[name] for name in types],
    }
    if client.default_auth_type is not None:
        selected["default"] = client.default_auth_type
    deprecated = {"deprecated": True, "deprecationMessage": _DEPRECATED}
    return _object(
        selectedType=selected,
        apiKey={**_typed("string", _DEPRECATED), **deprecated},
        baseUrl={**_typed("string", _DEPRECATED), **deprecated},
    )


def _records(plans: Sequence[Plan]) -> dict[str, Any]:
    """Return the schemas of what clients record of plans, by the key that they stand under."""
    records: dict[str, Any] = {}
    for plan in plans:
        for state in plan.states.values():
            here: dict[str, Any] = {"properties": records}
            for step in state.at:
                here = here["properties"].setdefault(step, _object())
            here["description"] = f"What the client has installed of {plan.title}."
            here["properties"][state.version[-1]] = _typed("string", "The digest of its models.")
            if state.region:
                region = _typed("string", "The region that was selected in /auth.")
                here["properties"][state.region[-1]] = {**region, "enum": list(plan.regions)}
            if state.base_url:
                endpoint = _typed("string", "The endpoint of the region.")
                urls = [region.base_url for region in plan.regions.values()]
                here["properties"][state.base_url[-1]] = {**endpoint, "examples": urls}
    return records


def _model(client: Profile, plans: Sequence[Plan]) -> dict[str, Any]:
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
    properties["capabilities"]["properties"] = {
        "vision": _typed("boolean", "The model takes images.")
    }
    properties["generationConfig"] = {
        "description": properties["generationConfig"]["description"],
        "anyOf": [{"$ref": "#/$defs/generationConfig"}, {"type": "null"}],
    }
    required = ["id"]
    if client.env_key_required:
        required.append("envKey")
        properties["envKey"]["type"] = "string"
    return {"type": "object", "properties": properties, "required": required}


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
        whole = "*Atomic:* it replaces that of lower layers as a whole."
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


def _type(kind: Kind) -> dict[str, Any]:
    return {} if kind == "any" else {"type": kind}


def _typed(kind: str, description: str) -> dict[str, Any]:
    return {"type": kind, "description": description}


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}
