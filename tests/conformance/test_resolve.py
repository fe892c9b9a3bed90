"""A client sends what `qwenlock resolve` says, for flags, variables and settings."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

import pytest

from conformance.clients import NEW, OLD, RELEASES
from conformance.run import dummies
from support import serving

if TYPE_CHECKING:
    from conformance.run import Client, Machine
    from conformance.server import Request, Server

pytestmark = pytest.mark.slow  # it starts real clients

BELOW = {
    "samplingParams": {"temperature": 0.5, "max_tokens": 1000},
    "customHeaders": {"X-Below": "yes"},
    "extra_body": {"below": True},
    "timeout": 30_000,
}
OWN = {"samplingParams": {"temperature": 0.2}, "customHeaders": {"X-Own": "yes"}, "timeout": 60_000}
ENV = {"OPENAI_BASE_URL": "HERE/env/v1", "OPENAI_MODEL": "of-env"}


def entry(name: str, **fields: Any) -> dict[str, Any]:
    return {"id": name, "envKey": f"{name.upper()}_KEY", "baseUrl": f"HERE/{name}/v1", **fields}


def without(name: str, field: str) -> dict[str, Any]:
    return {key: value for key, value in entry(name).items() if key != field}


def auth(auth_type: str | None, **fields: Any) -> dict[str, Any]:
    chosen = {"selectedType": auth_type} if auth_type else {}
    return {"security": {"auth": {**chosen, **fields}}}


class Case(NamedTuple):
    """The files, flags and variables of a client; `HERE` in them stands for the server.

    `keys` holds the values of keys that do not come from a variable of the environment, by their
    source, `refused` the releases that send nothing, `releases` those that it is tried with.
    """

    user: dict[str, Any]
    project: Mapping[str, Any] = MappingProxyType({})
    flags: str = ""
    variables: Mapping[str, str] = MappingProxyType({})
    files: Mapping[str, str] = MappingProxyType({})
    keys: Mapping[str, str] = MappingProxyType({})
    refused: tuple[str, ...] = ()
    releases: tuple[str, ...] = RELEASES


ENTRIES = {"modelProviders": {"openai": [entry("a", generationConfig=OWN), entry("b")]}}
SELECTED = {**ENTRIES, **auth("openai"), "model": {"name": "a", "generationConfig": BELOW}}
RAW = {
    **ENTRIES,
    **auth("openai"),
    "model": {"name": "raw", "baseUrl": "HERE/b/v1", "generationConfig": BELOW},
}
TWICE = {
    "modelProviders": {"openai": [entry("a"), {**entry("b"), "id": "a"}]},
    **auth("openai"),
    "model": {"name": "a", "baseUrl": "HERE/$WHERE/v1"},
}
BY_NAME = {
    "modelProviders": {"openai": [{**entry("a"), "envKey": "${WHOSE}_KEY"}, entry("b")]},
    **auth("openai"),
    "model": {"name": "$WHICH"},
    "env": {"A_KEY": "$OTHER"},
}
BY_FLAG = "--auth-type openai --model raw --openai-api-key by-flag --openai-base-url HERE/flag/v1"
ANTHROPIC = [{**entry("c"), "baseUrl": "HERE/c"}]
RESPONSES = entry("b", wireApi="responses")
KEYS = dummies(["A_KEY", "B_KEY", "C_KEY", "OPENAI_API_KEY", "ANTHROPIC_API_KEY"])

CASES = {
    "an entry is sealed, whatever lower layers say": Case(
        SELECTED, flags="--openai-base-url HERE/flag/v1", variables={**KEYS, **ENV}
    ),
    "--model chooses another entry": Case(SELECTED, flags="--model b", variables=KEYS),
    "--auth-type and --model choose an entry": Case(
        {**SELECTED, "modelProviders": {**ENTRIES["modelProviders"], "anthropic": ANTHROPIC}},
        flags="--auth-type anthropic --model c",
        variables=KEYS,
    ),
    "a runtime model by flags": Case(
        {"model": {"generationConfig": BELOW}},
        flags=BY_FLAG,
        keys={"--openai-api-key": "by-flag"},
        refused=(OLD,),
    ),
    "flags before variables": Case(
        {},
        flags=BY_FLAG,
        keys={"--openai-api-key": "by-flag"},
        variables={**KEYS, **ENV},
    ),
    "a runtime model by variables alone": Case({}, variables={**KEYS, **ENV}),
    "a runtime model by settings": Case(
        {**auth("openai", apiKey="$OLD_KEY", baseUrl="HERE/old/v1"), "model": RAW["model"]},
        variables=dummies(["OLD_KEY"]),
        keys={"~/.qwen/settings.json:1": "value-of-OLD_KEY"},
    ),
    "variables and a model of the settings that no entry defines": Case(
        RAW, variables={**KEYS, **ENV}
    ),
    "OPENAI_MODEL names an entry, and nothing is selected": Case(
        {**ENTRIES, **auth("openai")}, variables={**KEYS, "OPENAI_MODEL": "b"}
    ),
    ".env of the project before that of home, and settings.env last": Case(
        {**auth("openai"), "env": {"OPENAI_API_KEY": "in-settings", "OPENAI_MODEL": "in-settings"}},
        files={
            "project/.env": "OPENAI_API_KEY=in-project\nOPENAI_BASE_URL=HERE/project/v1\n",
            "home/.qwen/.env": "OPENAI_API_KEY=in-home\nOPENAI_MODEL=in-home\n",
        },
        keys={"OPENAI_API_KEY in .env": "in-project"},
    ),
    "a variable that is empty, and set in settings.env": Case(
        {**auth("openai"), "env": {"OPENAI_MODEL": "in-settings"}},
        variables={**KEYS, "OPENAI_BASE_URL": "HERE/env/v1", "OPENAI_MODEL": ""},
    ),
    "the deprecated key comes last": Case(
        {**auth("openai", apiKey="deprecated", baseUrl="HERE/old/v1"), "model": {"name": "raw"}},
        variables={"OPENAI_API_KEY": "of-env"},
    ),
    "an entry whose variable is not set": Case(
        SELECTED, variables={"OPENAI_API_KEY": "of-env"}, refused=(OLD,)
    ),
    "an entry without baseUrl": Case(
        {
            "modelProviders": {"openai": [without("a", "baseUrl")]},
            **auth("openai"),
            "model": {"name": "a"},
        },
        variables={**KEYS, **ENV},
        releases=(NEW,),  # the other would ask OpenAI; see the test of the proxy
    ),
    "a name that no entry defines, and no key but those of entries": Case(
        RAW, variables=dummies(["A_KEY", "B_KEY"])
    ),
    "the same, with OPENAI_MODEL naming an entry": Case(
        RAW, variables={**dummies(["A_KEY", "B_KEY"]), "OPENAI_MODEL": "b"}
    ),
    "one id for both of OpenAI's APIs, the Responses API selected": Case(
        {
            "modelProviders": {"openai": [entry("a"), {**RESPONSES, "id": "a"}]},
            **auth("openai-responses"),
            "model": {"name": "a"},
        },
        variables=KEYS,
        releases=(NEW,),
    ),
    "the Responses API alone, openai selected": Case(
        {"modelProviders": {"openai": [RESPONSES]}, **auth("openai"), "model": {"name": "b"}},
        variables=KEYS,
        releases=(NEW,),
    ),
    "a variable in model.baseUrl decides between two endpoints": Case(
        TWICE, variables={**KEYS, "WHERE": "b"}
    ),
    "the same, of which none is meant": Case(TWICE, variables={**KEYS, "WHERE": "c"}),
    "variables in the place of names, and in settings.env": Case(
        BY_NAME,
        variables={"WHOSE": "A", "WHICH": "a", "OTHER": "value-of-OTHER"},
        keys={"A_KEY in ~/.qwen/settings.json:1": "value-of-OTHER"},
    ),
    "the same variables, in .env files": Case(
        BY_NAME,
        variables=dummies(["A_KEY"]),
        files={
            "project/.env": "WHICH=b\nWHOSE=B\nB_KEY=in-project\n",
            "home/.qwen/.env": "WHICH=a\nWHOSE=A\n",
        },
        refused=(OLD,),
    ),
    "a file in the home directory that moves the user scope": Case(
        {**ENTRIES, **auth("openai"), "model": {"name": "b"}},
        variables=KEYS,
        files={
            "home/.env": "QWEN_HOME=~/other\n",
            "home/other/settings.json": json.dumps(
                {**ENTRIES, **auth("openai"), "model": {"name": "a"}}
            ),
        },
    ),
    "models of two scopes": Case(
        {"modelProviders": {"openai": [entry("a")]}, **auth("openai"), "model": {"name": "a"}},
        project={"modelProviders": {"anthropic": ANTHROPIC}},
        variables={**KEYS, **ENV},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_client_sends_what_is_resolved(
    client: Client, machine: Machine, server: Server, name: str
) -> None:
    case: Case = filled_in(CASES[name], server.url)
    if client.release not in case.releases:
        return
    start(machine, case)
    said = resolved(machine, client, case)
    machine.run(client, "-p", "hi", *case.flags.split(), variables=case.variables)
    assert (not server.requests) == (client.release in case.refused), said
    for request in server.requests[:1]:
        check_target(request, said["fields"], case)
        check_options(request, said["fields"])


@pytest.mark.parametrize(
    ("providers", "url"),
    [
        ({"openai": [{"id": "a", "envKey": "A_KEY"}]}, "https://api.openai.com/v1"),
        ({}, "https://dashscope.aliyuncs.com/compatible-mode/v1"),
    ],
    ids=["entry", "runtime model"],
)
def test_proxy_and_default_endpoint_that_are_resolved_are_used(
    client: Client, machine: Machine, providers: dict[str, Any], url: str
) -> None:
    settings = {"modelProviders": providers, **auth("openai"), "model": {"name": "a"}}
    with serving(Proxy()) as by_variable, serving(Proxy()) as by_settings:
        case = Case(
            {**settings, "proxy": by_settings.url},
            variables={"A_KEY": "key", "OPENAI_API_KEY": "key", "HTTPS_PROXY": by_variable.url},
        )
        start(machine, case)
        said = resolved(machine, client, case)["fields"]
        machine.run(client, "-p", "hi", variables=case.variables)
        asked = {each.url: each.asked for each in (by_variable, by_settings) if each.asked}
    assert list(asked) == [said["proxy"]["value"]]
    # 0.24.4 opens a connection to OpenAI before it has read its settings.
    assert f"{urlsplit(url).hostname}:443" in asked[said["proxy"]["value"]]
    assert said["baseUrl"]["value"] == url


class Proxy(HTTPServer):
    """A proxy that connects to nothing; `asked` holds the hosts of its requests."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[str] = []
        self.url = f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Proxy

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_CONNECT(self) -> None:
        self.server.asked.append(self.path)
        self.send_error(403)


def start(machine: Machine, case: Case) -> None:
    machine.write("user", {"$version": 4, **case.user})
    machine.write("project", {"$version": 4, **case.project})
    for file, text in case.files.items():
        (machine.root / file).parent.mkdir(exist_ok=True)
        (machine.root / file).write_text(text)


def filled_in(value: Any, url: str) -> Any:
    if isinstance(value, Case):
        return Case(*(filled_in(inner, url) for inner in value))
    if isinstance(value, Mapping):
        return {name: filled_in(inner, url) for name, inner in value.items()}
    if isinstance(value, list):
        return [filled_in(inner, url) for inner in value]
    return value.replace("HERE", url) if isinstance(value, str) else value


def resolved(machine: Machine, client: Client, case: Case) -> dict[str, Any]:
    command = ["resolve", "--client", client.release, "--format", "json", *case.flags.split()]
    done = subprocess.run(
        [sys.executable, "-m", "qwenlock", *command],
        cwd=machine.project,
        env=machine.environment(case.variables),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def check_target(request: Request, said: dict[str, Any], case: Case) -> None:
    """Assert that the request has the URL, model and key that `resolve` says."""
    is_anthropic = said["authType"]["value"] == "anthropic"
    path = urlsplit(said["baseUrl"]["value"]).path
    ending = "/v1/messages" if is_anthropic else "/chat/completions"
    if said["apiKeyEnvKey"]["value"] == RESPONSES["envKey"] and "responses" in str(case.user):
        ending = "/responses"
    assert request.path.split("?")[0] == path + ending
    assert request.body["model"] == said["model"]["value"]
    key = {**case.variables, **case.keys}[said["apiKey"]["source"]]
    sent = request.headers.get("x-api-key") or request.headers["authorization"]
    assert sent.removeprefix("Bearer ") == key


def check_options(request: Request, said: dict[str, Any]) -> None:
    """Assert that the request has the options that `resolve` says, and no others."""
    sampling, headers, body = (
        said[name]["value"] or {} for name in ("samplingParams", "customHeaders", "extra_body")
    )
    if said["authType"]["value"] == "openai":
        assert request.body.get("temperature") == sampling.get("temperature")
    assert ("max_tokens" in sampling) == (request.body.get("max_tokens") == 1000)
    assert ("below" in body) == ("below" in request.body)
    for name in ("X-Own", "X-Below"):
        assert request.headers.get(name.lower()) == headers.get(name)
