"""The JSON Schema for locks, made by pydantic of the model."""

from __future__ import annotations

from typing import Any

from qwenlock.lock.model import Lock


def lock_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) for the data of a qwen.lock."""
    from pydantic import TypeAdapter

    schema = TypeAdapter(Lock).json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
