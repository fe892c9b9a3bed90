"""`qwenlock doctor` asks a client for its other models, and reports one that the lock lacks."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from conformance.clients import NEW, installed
from conformance.run import Client

if TYPE_CHECKING:
    from conformance.run import Machine

pytestmark = pytest.mark.slow  # it starts real clients

OTHERS = ("fastModel", "visionModel", "imageModel", "voiceModel", "compactionModel")


@pytest.mark.parametrize(("release", "told"), [("0.15.10", OTHERS[:1]), (NEW, OTHERS)])
def test_another_model_than_the_locked_one_is_seen(
    machine: Machine, release: str, told: tuple[str, ...]
) -> None:
    client = Client(release, installed(release))
    machine.write("user", settings("small"))
    locked = machine.qwenlock(client, "lock")
    assert locked.returncode == 0, locked.stderr
    machine.write("user", settings("large"))
    done = machine.qwenlock(client, "doctor", "--format", "json", variables={"KEY": "any"})
    said = json.loads(done.stdout)
    assert done.returncode == 1
    assert said["enforced"]["status"] == "agrees", said
    differences = said["as-it-is"]["differences"]
    assert [each["model"].split()[0] for each in differences] == [*told], said
    assert {each["kind"] for each in differences} == {"other"}


def settings(other: str) -> dict[str, Any]:
    """Return settings in which each of the other models is `other`, with its role's options."""
    named = dict.fromkeys(OTHERS, other) | {"imageModel": f"{other}-draws"}
    entries = [entry("main"), entry("small"), entry("large")]
    drawing = [
        entry(f"{name}-draws", supportsImageGeneration=True, imageOnly=True)
        for name in ("small", "large")
    ]
    return {
        "$version": 4,
        "modelProviders": {"openai": entries + drawing},
        "model": {"name": "main"},
        "security": {"auth": {"selectedType": "openai"}},
        **named,
    }


def entry(name: str, **fields: Any) -> dict[str, Any]:
    return {"id": name, "envKey": "KEY", "baseUrl": "https://lab.example/v1", **fields}
