"""A client sends the same before and after its credentials are migrated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from conformance.clients import NEW
from support import a_third

if TYPE_CHECKING:
    from conformance.run import Client, Machine
    from conformance.server import Request, Server
    from qwenlock.clients.scopes import ScopeName

pytestmark = pytest.mark.slow  # it starts real clients

KEY = "the-moved-key-0123"
OPTIONS = {
    "samplingParams": {"temperature": 0.3, "max_tokens": 1234},
    "timeout": 12000,
    "customHeaders": {"X-Kept": "yes"},
    "extra_body": {"kept": True},
}
ENTRY = {"id": "other", "envKey": "OTHER_KEY", "baseUrl": "http://127.0.0.1:9/v1"}


def auth(**fields: Any) -> dict[str, Any]:
    return {"security": {"auth": {"selectedType": "openai", **fields}}}


def model(name: str = "my-model", **fields: Any) -> dict[str, Any]:
    return {"model": {"name": name, **fields}}


def catalogue(*entries: Any) -> dict[str, Any]:
    return {"modelProviders": {"openai": list(entries)}}


CASES: dict[str, dict[str, Any]] = {
    "user": {"user": {**auth(apiKey=KEY, baseUrl="URL"), **model(generationConfig=OPTIONS)}},
    "no model": {"user": auth(apiKey=KEY, baseUrl="URL")},
    "flat": {
        "user": {
            "model": "my-model",
            "contentGenerator": OPTIONS,
            "disableCacheControl": True,
            **auth(apiKey=KEY, baseUrl="URL"),
        }
    },
    "project": {"project": {**auth(apiKey=KEY, baseUrl="URL"), **model()}},
    "user, whose catalogue it is": {
        "user": {**auth(apiKey=KEY, baseUrl="URL"), **model(), **catalogue(ENTRY)}
    },
    "user, the project's catalogue": {
        "user": {**auth(apiKey=KEY, baseUrl="URL"), **model(generationConfig=OPTIONS)},
        "project": catalogue(ENTRY),
    },
    "project, the user's catalogue": {
        "user": {**auth(), **catalogue(ENTRY)},
        "project": {**auth(apiKey=KEY, baseUrl="URL"), **model(generationConfig=OPTIONS)},
    },
    "key and URL in two scopes": {
        "user": {**auth(baseUrl="URL"), **model("elsewhere")},
        "project": {**auth(apiKey=KEY), **model()},
    },
    "reference": {
        "user": {**auth(apiKey="${MY_KEY}", baseUrl="URL"), **model()},
        "variables": {"MY_KEY": KEY},
    },
    "existing entry": {
        "user": {
            **auth(apiKey=KEY, baseUrl="URL"),
            **model(generationConfig=OPTIONS),
            **catalogue({"id": "my-model", "baseUrl": "URL"}),
        }
    },
    "key of the environment": {
        "user": {**auth(apiKey=KEY, baseUrl="URL"), **model()},
        "variables": {"OPENAI_API_KEY": "of-the-environment"},
    },
    "settings.env": {
        "user": {
            **auth(),
            **model(),
            **catalogue({**ENTRY, "id": "my-model", "baseUrl": "URL"}),
            "env": {"OTHER_KEY": KEY},
        }
    },
}
SENT_BEFORE = {"existing entry": (NEW,)}
"""The releases that send something before the migration, if not all do."""


@pytest.mark.parametrize("name", a_third(CASES))
def test_request_is_the_same_after_migration(
    client: Client, machine: Machine, server: Server, name: str
) -> None:
    settings = filled_in(CASES[name], f"{server.url}/v1")
    variables = settings.pop("variables", {})
    write(machine, settings)
    before = sent(machine, client, server, variables)
    assert (before is not None) == (client.release in SENT_BEFORE.get(name, (client.release,)))

    write(machine, settings)  # the client has rewritten them
    migrate(machine, client, variables)

    text = "".join(file.read_text("utf-8") for file in machine.files.values() if file.exists())
    assert KEY not in text
    after = sent(machine, client, server, variables)
    assert after is not None
    assert before in (None, after)


def write(machine: Machine, settings: dict[ScopeName, Any]) -> None:
    for scope, value in settings.items():
        machine.write(scope, value)


def filled_in(value: Any, url: str) -> Any:
    if isinstance(value, dict):
        return {name: filled_in(inner, url) for name, inner in value.items()}
    if isinstance(value, list):
        return [filled_in(inner, url) for inner in value]
    return url if value == "URL" else value


def sent(
    machine: Machine, client: Client, server: Server, variables: dict[str, str]
) -> dict[str, Any] | None:
    """Return the client's first request, without the conversation; None if it sends none."""
    server.requests.clear()
    machine.run(client, "-p", "hi", variables=variables)
    return comparable(server.requests[0]) if server.requests else None


def comparable(request: Request) -> dict[str, Any]:
    varying = ("messages", "tools", "metadata")
    body = {name: value for name, value in request.body.items() if name not in varying}
    headers = ("authorization", "x-kept", "x-stainless-timeout")
    return {"path": request.path, **body, **{name: request.headers.get(name) for name in headers}}


def migrate(machine: Machine, client: Client, variables: dict[str, str]) -> None:
    options = ["--yes", "--env-secrets", "--client", client.release]
    done = machine.qwenlock(client, "migrate", *options, variables=variables)
    assert done.returncode == 0, done.stderr
    assert KEY not in done.stdout + done.stderr
