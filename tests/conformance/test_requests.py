"""Under `qwenlock run`, a client sends only what the locked model decides.

The tests use the command line as a user does: `qwenlock lock`, then `qwenlock run -- qwen -p hi`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from conformance.run import QUIET, dummies

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.run import Client, Machine
    from conformance.server import Request, Server

pytestmark = pytest.mark.slow  # it starts real clients

# The guide's example of "Generation Config Layering", with the headers and extra_body of its
# example for OpenAI, and more in the layers below that must not leak.
LEAKING = {
    "timeout": 30000,
    "samplingParams": {"temperature": 0.5, "max_tokens": 1000, "top_p": 0.123},
    "customHeaders": {"X-Leaked": "yes"},
    "extra_body": {"leaked": True},
}
OWN = {
    "timeout": 60000,
    "samplingParams": {"temperature": 0.2, "presence_penalty": 0.1},
    "customHeaders": {"X-Client-Request-ID": "req-123"},
    "extra_body": {"enable_thinking": True, "service_tier": "priority"},
}
EXCLUDED = "read_file"


def test_request_is_the_locked_models_and_nothing_leaks(
    client: Client, machine: Machine, server: Server
) -> None:
    entry = {
        "id": "gpt-4o",
        "envKey": "LOCKED_KEY",
        "baseUrl": f"{server.url}/locked/v1",
        "generationConfig": OWN,
    }
    user: dict[str, Any] = {
        "$version": 4,
        "modelProviders": {
            "openai": [{**entry, "baseUrl": f"{server.url}/user/v1", "envKey": "OPENAI_API_KEY"}],
            "anthropic": [{"id": "claude", "envKey": "LOCKED_KEY", "baseUrl": server.url}],
        },
        "model": {"name": "claude", "baseUrl": server.url, "generationConfig": LEAKING},
        "security": {"auth": {"selectedType": "anthropic", "baseUrl": f"{server.url}/auth"}},
    }
    project: dict[str, Any] = {
        "$version": 4,
        "modelProviders": {"openai": [{**entry, "id": "gpt-4o-mini"}, entry]},
        "model": {"name": "gpt-4o", "generationConfig": LEAKING},
        "security": {"auth": {"selectedType": "openai"}},
    }
    machine.write("user", user)
    machine.write("project", project)
    # The machine's files of other scopes stay in force for settings that the lock does not hold.
    machine.write("system", {"$version": 4, "tools": {"exclude": [EXCLUDED]}})
    defaults = {"$version": 4, "env": dummies(["LOCKED_KEY"]), **QUIET}
    machine.write("system-defaults", defaults)
    before = {scope: file.read_bytes() for scope, file in machine.files.items()}

    variables = {
        **dummies(["OPENAI_API_KEY"]),
        "OPENAI_MODEL": "leaked",
        "OPENAI_BASE_URL": f"{server.url}/environment",
    }
    request = sent(machine, client, server, variables)

    assert request.path == "/locked/v1/chat/completions"
    assert request.headers["authorization"] == "Bearer value-of-LOCKED_KEY"
    assert request.headers["x-client-request-id"] == "req-123"
    assert request.body["model"] == "gpt-4o"
    assert request.body["temperature"] == 0.2
    assert request.body["presence_penalty"] == 0.1
    assert request.body["enable_thinking"] is True
    assert request.body["service_tier"] == "priority"
    assert "top_p" not in request.body
    assert request.body.get("max_tokens") != 1000
    assert "x-leaked" not in request.headers
    assert "leaked" not in request.body
    tools = [tool["function"]["name"] for tool in request.body["tools"]]
    assert tools
    assert EXCLUDED not in tools
    another = ("run", "--select", "gpt-4o-mini", "--", "qwen", "-p", "hi")
    done = machine.qwenlock(client, *another, variables=variables)
    assert done.returncode == 0, done.stderr
    assert server.requests[-1].body["model"] == "gpt-4o-mini"
    assert before == {scope: file.read_bytes() for scope, file in machine.files.items()}


def test_runtime_model_has_the_locked_configuration_and_nothing_leaks(
    client: Client, machine: Machine, server: Server
) -> None:
    project = {
        "$version": 4,
        "model": {"name": "my-model", "generationConfig": OWN},
        "security": {
            "auth": {
                "selectedType": "openai",
                "apiKey": "$RUNTIME_KEY",
                "baseUrl": f"{server.url}/runtime",
            }
        },
    }
    machine.write("project", project)
    # A user's settings that the lock leaves out, and that still exist when the client runs.
    auth = {"selectedType": "openai", "apiKey": "leaked", "baseUrl": f"{server.url}/leaked"}
    leaking = {"name": "leaked", "generationConfig": LEAKING}
    machine.write("user", {"$version": 4, "model": leaking, "security": {"auth": auth}})
    request = sent(machine, client, server, dummies(["RUNTIME_KEY"]), "--no-user")
    assert request.path == "/runtime/chat/completions"
    assert request.headers["authorization"] == "Bearer value-of-RUNTIME_KEY"
    assert request.body["model"] == "my-model"
    assert request.body["temperature"] == 0.2
    assert request.body["service_tier"] == "priority"
    assert request.body.get("top_p") is None
    assert request.body.get("leaked") is None
    assert request.body.get("max_tokens") != 1000
    assert "x-leaked" not in request.headers


def sent(
    machine: Machine, client: Client, server: Server, variables: Mapping[str, str], *options: str
) -> Request:
    """Lock, run a client with the lock enforced, and return its first request."""
    for command in (["lock", *options], ["run", "--", "qwen", "-p", "hi"]):
        done = machine.qwenlock(client, *command, variables=variables)
        assert done.returncode == 0, done.stderr
    return server.requests[0]
