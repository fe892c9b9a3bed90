"""What each release does, in plain words, compared with the guide.

A measure runs a client and says in a few words what it did. What each release was seen to do is in
`observed.json`, which `python -m conformance.matrix` writes.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from conformance.run import Client, Machine, dummies
from qwenlock.edge.client import ClientCrashedError, LoginRequiredError
from qwenlock.enforce.agreement import parse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from conformance.server import Request, Server
    from qwenlock.clients.scopes import ScopeName


class Bench(NamedTuple):
    """What a measure works with: a client, a machine and a server of its own."""

    client: Client
    machine: Machine
    server: Server

    def entry(self, name: str = "a", path: str = "/v1", **fields: Any) -> dict[str, Any]:
        """Return a model entry whose endpoint is the server."""
        return {"id": name, "envKey": "A_KEY", "baseUrl": self.server.url + path, **fields}

    def offered(self, auth_type: str | None = None) -> str:
        """Return the models that the client offers, or why it offers none.

        Args:
            auth_type: return only models of this type; by default all but built-in ones.
        """
        try:
            answer = self.machine.ask(self.client, KEYS)
        except LoginRequiredError:
            return LOGIN
        except ClientCrashedError:
            return ENDS
        seen = [parse(each.model_id, {}) for each in answer.offered]
        shown = [
            f"{each.auth_type}/{each.id}"
            for each in seen
            if each and (each.auth_type == auth_type if auth_type else each.auth_type != OAUTH)
        ]
        return ", ".join(shown) or "none"

    def selected(self, variables: Mapping[str, str]) -> str:
        try:
            answer = self.machine.ask(self.client, variables)
        except LoginRequiredError:
            return LOGIN
        seen = parse(answer.current, {})
        assert seen is not None, answer
        return seen.id

    def request(
        self, *arguments: str, variables: Mapping[str, str] | None = None
    ) -> Request | None:
        """Return the first request that the client sends after a prompt; None if it sends none."""
        variables = KEYS if variables is None else variables
        self.machine.run(self.client, "-p", "hi", *arguments, variables=variables)
        return next(iter(self.server.requests), None)

    def load(self) -> str:
        """Let the client load its settings; return how that ended."""
        done = self.machine.run(self.client, "mcp", "list", variables=KEYS)
        return ENDS if done.returncode else "loads"

    def fate(self, scope: ScopeName, text: str) -> str:
        """Let the client load settings that may be broken; return what becomes of them."""
        self.machine.write(scope, text)
        ended, file = self.load(), self.machine.files[scope]
        if not file.exists():
            return "is renamed"
        now = file.read_text("utf-8")
        if now == text:
            return ended
        copies = list(file.parent.glob("*corrupted*"))
        return f"becomes {now.strip()}, {'beside a copy' if copies else 'and is lost'}"


class Behaviour(NamedTuple):
    """Something that clients do, what the guide says about it, and what each release did."""

    title: str
    guide: str
    observed: dict[str, str]
    measure: Callable[[Bench], str]


KEYS = dummies(["A_KEY", "OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GEMINI_API_KEY"])
OAUTH = "qwen-oauth"
LOGIN, ENDS = "asks for a login", "ends with an error"
UNSAID = "–"

FILE = Path(__file__).with_name("observed.json")
OBSERVED: dict[str, dict[str, str]] = json.loads(FILE.read_text("utf-8"))
BEHAVIOURS: list[Behaviour] = []

Measure: TypeAlias = "Callable[[Bench], str]"


def behaviour(title: str, *, guide: str) -> Callable[[Measure], Measure]:
    """Add a measure: its title, what the guide says, and what each release did."""

    def record(measure: Measure) -> Measure:
        BEHAVIOURS.append(Behaviour(title, guide, OBSERVED.get(title, {}), measure))
        return measure

    return record


def settings(
    providers: dict[str, Any], auth_type: str | None = None, model: str | None = None
) -> dict[str, Any]:
    """Return settings with `modelProviders`, and a selection where one is named."""
    auth = {"security": {"auth": {"selectedType": auth_type}}} if auth_type else {}
    name = {"model": {"name": model}} if model else {}
    return {"$version": 4, "modelProviders": providers, **auth, **name}


# Merging


@behaviour("models offered, if the user has anthropic/a and the project openai/b", guide="openai/b")
def _(bench: Bench) -> str:
    bench.machine.write("user", settings({"anthropic": [bench.entry()]}))
    bench.machine.write("project", settings({"openai": [bench.entry("b")]}, "openai", "b"))
    return bench.offered()


@behaviour("models offered, if the user has openai/a and the project openai/b", guide="openai/b")
def _(bench: Bench) -> str:
    bench.machine.write("user", settings({"openai": [bench.entry()]}))
    bench.machine.write("project", settings({"openai": [bench.entry("b")]}, "openai", "b"))
    return bench.offered()


@behaviour(
    "models offered, if the user has anthropic/a, and the system settings have openai/b "
    "and an empty list for anthropic",
    guide="openai/b",
)
def _(bench: Bench) -> str:
    bench.machine.write("user", settings({"anthropic": [bench.entry()]}, "anthropic", "a"))
    providers = {"anthropic": [], "openai": [bench.entry("b")]}
    bench.machine.write("system", settings(providers, "openai", "b"))
    return bench.offered()


# Models


@behaviour("models offered, if two have the same id and different endpoints", guide="the first")
def _(bench: Bench) -> str:
    entries = [bench.entry(path="/1"), bench.entry(path="/2")]
    bench.machine.write("user", settings({"openai": entries}, "openai", "a"))
    answer = bench.machine.ask(bench.client, KEYS)
    count = sum(each.name == "a" for each in answer.offered)
    return {1: "the first", 2: "both"}[count]


@behaviour(
    "the model used, if two have the same id, and model.baseUrl is that of the second",
    guide=UNSAID,
)
def _(bench: Bench) -> str:
    first, second = bench.entry(path="/1"), bench.entry(path="/2")
    chosen = {"model": {"name": "a", "baseUrl": second["baseUrl"]}}
    bench.machine.write("user", settings({"openai": [first, second]}, "openai") | chosen)
    request = bench.request()
    assert request is not None
    return {"1": "the first", "2": "the second"}[request.path[1]]


@behaviour(
    "models offered, if openai has a, and a name that is not an auth type has b",
    guide="openai/a",
)
def _(bench: Bench) -> str:
    providers = {"openai-custom": [bench.entry("b")], "openai": [bench.entry()]}
    bench.machine.write("user", settings(providers, "openai", "a"))
    return bench.offered()


@behaviour(
    "models offered, if openai has a, and providerProtocol maps a name that has b to openai",
    guide="openai/a",
)
def _(bench: Bench) -> str:
    providers = {"openai-custom": [bench.entry("b")], "openai": [bench.entry()]}
    mapped = {"providerProtocol": {"openai-custom": "openai"}}
    bench.machine.write("user", settings(providers, "openai", "a") | mapped)
    return bench.offered()


@behaviour(
    "models offered, if openai has a, and providerProtocol maps openai to anthropic",
    guide="openai/a",
)
def _(bench: Bench) -> str:
    mapped = {"providerProtocol": {"openai": "anthropic"}}
    bench.machine.write("user", settings({"openai": [bench.entry()]}, "openai", "a") | mapped)
    return bench.offered()


@behaviour(
    "qwen-oauth models offered, if modelProviders has other models for qwen-oauth",
    guide="qwen-oauth/coder-model",
)
def _(bench: Bench) -> str:
    providers = {OAUTH: [bench.entry("b")], "openai": [bench.entry()]}
    bench.machine.write("user", settings(providers, "openai", "a"))
    return bench.offered(OAUTH)


@behaviour("a model without id", guide=ENDS)
def _(bench: Bench) -> str:
    entries = [bench.entry(), {"envKey": "A_KEY"}]
    bench.machine.write("user", settings({"openai": entries}, "openai", "a"))
    return bench.offered()


@behaviour("a model without envKey", guide=ENDS)
def _(bench: Bench) -> str:
    entry = bench.entry()
    del entry["envKey"]
    bench.machine.write("user", settings({"openai": [entry]}, "openai", "a"))
    request = bench.request()
    if request is None:
        return bench.offered()
    used = request.headers["authorization"].removeprefix("Bearer value-of-")
    return f"uses {used}"


@behaviour("an anthropic model without baseUrl", guide=UNSAID)
def _(bench: Bench) -> str:
    entry = bench.entry()
    del entry["baseUrl"]
    bench.machine.write("user", settings({"anthropic": [entry]}, "anthropic", "a"))
    return bench.offered()


@behaviour(
    "models offered, if f is fastOnly, v voiceOnly, i imageOnly and r realtimeOnly",
    guide=UNSAID,
)
def _(bench: Bench) -> str:
    flags = {"f": "fastOnly", "v": "voiceOnly", "i": "imageOnly", "r": "realtimeOnly"}
    entries = [bench.entry(name) | {flag: True} for name, flag in flags.items()]
    bench.machine.write("user", settings({"openai": [bench.entry(), *entries]}, "openai", "a"))
    return bench.offered()


@behaviour("the order of models of several auth types in the list", guide=UNSAID)
def _(bench: Bench) -> str:
    types = ("anthropic", "gemini", "vertex-ai", "openai")
    bench.machine.write("user", settings({name: [bench.entry()] for name in types}, "openai", "a"))
    return bench.offered()


# Selection


@behaviour("the model used, if openai is selected without a model", guide="qwen3-coder-plus")
def _(bench: Bench) -> str:
    bench.machine.write("user", settings({"openai": [bench.entry()]}, "openai"))
    return bench.selected(KEYS)


@behaviour("the model used, if anthropic is selected without a model", guide=UNSAID)
def _(bench: Bench) -> str:
    entries = [bench.entry("a"), bench.entry("b")]
    bench.machine.write("user", settings({"anthropic": entries}, "anthropic"))
    return bench.selected(dummies(["A_KEY"]))


@behaviour(
    "the model used, if anthropic is selected without a model, and ANTHROPIC_API_KEY is set",
    guide=UNSAID,
)
def _(bench: Bench) -> str:
    entries = [bench.entry("a"), bench.entry("b")]
    bench.machine.write("user", settings({"anthropic": entries}, "anthropic"))
    return bench.selected(KEYS)


@behaviour("the start, if no auth type is selected", guide="takes qwen-oauth")
def _(bench: Bench) -> str:
    bench.machine.write("user", settings({"gemini": [bench.entry()]}))
    return bench.offered()


@behaviour("the model used with --model b, if the system settings select a", guide="b")
def _(bench: Bench) -> str:
    entries = [bench.entry("a"), bench.entry("b")]
    bench.machine.write("system", settings({"openai": entries}, "openai", "a"))
    return _model(bench.request("--model", "b"))


@behaviour(
    "the model used with OPENAI_MODEL=b, if a is selected, and modelProviders has it",
    guide="a",
)
def _(bench: Bench) -> str:
    entries = [bench.entry("a"), bench.entry("b")]
    bench.machine.write("user", settings({"openai": entries}, "openai", "a"))
    return _model(bench.request(variables={**KEYS, "OPENAI_MODEL": "b"}))


@behaviour(
    "the model used with OPENAI_MODEL, if another is selected, and modelProviders lacks it",
    guide="OPENAI_MODEL",
)
def _(bench: Bench) -> str:
    bench.machine.write("user", settings({"openai": []}, "openai", "a"))
    variables = {**KEYS, "OPENAI_MODEL": "b", "OPENAI_BASE_URL": bench.server.url}
    model = _model(bench.request(variables=variables))
    return {"a": "the selected one", "b": "OPENAI_MODEL"}[model]


@behaviour(
    "a model whose own variable is not set, if OPENAI_API_KEY is set",
    guide="uses OPENAI_API_KEY",
)
def _(bench: Bench) -> str:
    bench.machine.write("user", settings({"openai": [bench.entry()]}, "openai", "a"))
    request = bench.request(variables=dummies(["OPENAI_API_KEY"]))
    if request is None:
        return "sends nothing"
    return f"uses {request.headers['authorization'].removeprefix('Bearer value-of-')}"


@behaviour("a key that is given only with --openai-api-key", guide="is used")
def _(bench: Bench) -> str:
    flags = {
        "auth-type": "openai",
        "openai-api-key": "by-flag",
        "openai-base-url": bench.server.url,
    }
    given = [word for name, value in flags.items() for word in (f"--{name}", value)]
    request = bench.request(*given, "--model", "a", variables={})
    if request is None:
        return "is refused"
    assert request.headers["authorization"] == "Bearer by-flag"
    return "is used"


# Requests


@behaviour("model.generationConfig, if the selected model has its own", guide="is not sent")
def _(bench: Bench) -> str:
    own = {"samplingParams": {"temperature": 0.2}}
    below = {"samplingParams": {"top_p": 0.123}, "extra_body": {"leak": True}}
    model = {"name": "a", "generationConfig": below}
    entries = [bench.entry(generationConfig=own)]
    bench.machine.write("user", settings({"openai": entries}, "openai") | {"model": model})
    request = bench.request()
    assert request is not None
    assert request.body["temperature"] == 0.2
    return "is sent" if {"top_p", "leak"} & set(request.body) else "is not sent"


@behaviour(
    "the path of a request to anthropic, if baseUrl ends in /v1, as in the guide's example",
    guide="/v1/messages",
)
def _(bench: Bench) -> str:
    bench.machine.write("user", settings({"anthropic": [bench.entry()]}, "anthropic", "a"))
    request = bench.request()
    assert request is not None
    return request.path.split("?")[0]


@behaviour("extra_body of an anthropic model", guide="is not sent")
def _(bench: Bench) -> str:
    entry = bench.entry(path="", generationConfig={"extra_body": {"leak": True}})
    bench.machine.write("user", settings({"anthropic": [entry]}, "anthropic", "a"))
    request = bench.request()
    assert request is not None
    return "is sent" if "leak" in request.body else "is not sent"


# Files


@behaviour("~/.qwen/.env, if the project has a .env file", guide=UNSAID)
def _(bench: Bench) -> str:
    (bench.machine.home / ".qwen" / ".env").write_text("A_KEY=of-home\n")
    (bench.machine.project / ".env").write_text("OTHER=1\n")
    bench.machine.write("user", settings({"openai": [bench.entry()]}, "openai", "a"))
    return "is read" if bench.request(variables={}) else "is not read"


@behaviour("settings with $version 3", guide=UNSAID)
def _(bench: Bench) -> str:
    bench.machine.write("user", {"$version": 3})
    bench.load()
    version = json.loads(bench.machine.files["user"].read_text("utf-8"))["$version"]
    return "is left alone" if version == 3 else f"becomes {version}"


@behaviour("comments in settings that the client migrates", guide=UNSAID)
def _(bench: Bench) -> str:
    bench.machine.write("user", '{\n  // mine\n  "$version": 2,\n  "ui": {}\n}\n')
    bench.load()
    text = bench.machine.files["user"].read_text("utf-8")
    assert '"$version": 2' not in text
    return "are kept" if "// mine" in text else "are dropped"


@behaviour("user settings that are cut off in the middle", guide=UNSAID)
def _(bench: Bench) -> str:
    return bench.fate("user", '{"a": ')


@behaviour("project settings that are cut off in the middle", guide=UNSAID)
def _(bench: Bench) -> str:
    return bench.fate("project", '{"a": ')


@behaviour("user settings that begin with a byte-order mark", guide=UNSAID)
def _(bench: Bench) -> str:
    return bench.fate("user", '\ufeff{"$version": 4}')


@behaviour(
    "project settings, if security.folderTrust.enabled is true, and the folder is not "
    "listed as trusted",
    guide=UNSAID,
)
def _(bench: Bench) -> str:
    user = settings({"openai": [bench.entry("of-the-user")]}, "openai")
    user["security"]["folderTrust"] = {"enabled": True}
    bench.machine.write("user", user)
    bench.machine.write("project", settings({"openai": [bench.entry("of-the-project")]}))
    return "count" if bench.offered("openai") == "openai/of-the-project" else "do not count"


@behaviour("user settings with a trailing comma", guide=UNSAID)
def _(bench: Bench) -> str:
    return bench.fate("user", '{"$version": 4,}')


def _model(request: Request | None) -> str:
    assert request is not None
    return str(request.body["model"])
