"""The JSON Schema for settings, made of the table of fields; for editors and validators.

Only what qwenlock knows is constrained; other settings are left free.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qwenlock.clients.fields import GENERATION_FIELDS, MODEL_FIELDS, SAMPLING_FIELDS, Field, Kind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from qwenlock.clients.profile import Profile

DIALECT = "https://json-schema.org/draft/2020-12/schema"

_DEPRECATED = "Deprecated: use a modelProviders entry with envKey."


def settings_schema(client: Profile) -> dict[str, Any]:
    """Return the JSON Schema (2020-12) for a settings.json that `client` reads."""
    types = client.auth_types
    providers = {
        name: {"type": "array", "items": {"$ref": "#/$defs/model"}, "description": f"{name} models"}
        for name in types
        if name != "qwen-oauth"
    }
    others: Any = False
    protocols = {}
    if client.provider_protocols:
        others = {"type": "array", "items": {"$ref": "#/$defs/model"}}
        protocols["providerProtocol"] = {
            "description": "The auth type of each provider id that is none itself.",
            "type": "object",
            "additionalProperties": {"enum": list(providers)},
        }
    oauth = {"description": "Ignored: the models of qwen-oauth are built in.", "deprecated": True}
    return {
        "$schema": DIALECT,
        "title": "Qwen Code settings, as far as they choose models",
        "type": "object",
        "properties": {
            "$version": {"type": "integer", "minimum": 1, "description": "The settings version."},
            "modelProviders": {
                "description": "The models that /model offers, by auth type, in order.",
                "type": "object",
                "properties": {**providers, "qwen-oauth": oauth},
                "additionalProperties": others,
            },
            **protocols,
            "model": _object(
                name=_text("The selected model's id."),
                generationConfig={"$ref": "#/$defs/generationConfig"},
            ),
            "security": _object(
                auth=_object(
                    selectedType={"enum": list(types), "description": "The selected auth type."},
                    apiKey={**_text(_DEPRECATED), "deprecated": True},
                    baseUrl={**_text(_DEPRECATED), "deprecated": True},
                )
            ),
            "env": {
                "description": "Variables in clear text; a .env file is the better place.",
                "type": "object",
                "additionalProperties": {"type": "string"},
            },
        },
        "$defs": {"model": _model(client), "generationConfig": _generation_config(client)},
    }


def _model(client: Profile) -> dict[str, Any]:
    properties = _properties(MODEL_FIELDS, client, nullable=True)
    properties["id"] |= {"type": "string", "minLength": 1}
    properties["envKey"] |= {"pattern": "^[A-Za-z_][A-Za-z0-9_]*$"}
    properties["generationConfig"] = {
        "description": properties["generationConfig"]["description"],
        "anyOf": [{"$ref": "#/$defs/generationConfig"}, {"type": "null"}],
    }
    required = ["id"]
    if client.env_key_required:
        required.append("envKey")
        properties["envKey"]["type"] = "string"
    return {"type": "object", "properties": properties, "required": required}


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
    return schema


def _type(kind: Kind) -> dict[str, Any]:
    return {} if kind == "any" else {"type": kind}


def _text(description: str) -> dict[str, Any]:
    return {"type": "string", "description": description}


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}
