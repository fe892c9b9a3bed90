"""`qwenlock doctor --ping`: the requests to endpoints, and the verdict on each answer."""

from __future__ import annotations

import json
import shlex
import socket
import sys
import time
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Barrier
from typing import TYPE_CHECKING, Any

import pytest

import support
from qwenlock.edge import ping
from qwenlock.enforce.endpoints import (
    Endpoint,
    EndpointVerdict,
    Question,
    Reply,
    endpoints,
    judge,
    question,
)
from qwenlock.lock.model import Selection
from support import World, locked, models, write

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

KEY = "hunter-2-of-a-test"
TIMEOUT, SHORT = 30.0, 0.5


class Server(ThreadingHTTPServer):
    """A server that answers every GET with `answer`; `asked` holds its requests."""

    daemon_threads = True

    def __init__(self, answer: Callable[[BaseHTTPRequestHandler], None]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer = answer
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.url = f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, *_: object) -> None:
        """Say nothing about a client that closes the connection before the answer ends."""


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.asked.append((self.path, headers))
        self.server.answer(self)


def serving(answer: Callable[[BaseHTTPRequestHandler], None]) -> AbstractContextManager[Server]:
    return support.serving(Server(answer))


def sending(
    body: object = b"", code: int = 200, **headers: str
) -> Callable[[BaseHTTPRequestHandler], None]:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(code)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("content-length", str(len(data)))
        handler.end_headers()
        handler.wfile.write(data)

    return answer


def listing(*ids: str, **more: Any) -> dict[str, Any]:
    return {"object": "list", "data": [{"id": name} for name in ids], **more}


def endpoint(url: str, *ids: str, auth_type: str = "openai") -> Endpoint:
    return Endpoint(auth_type, url, "MY_KEY", (), ids or ("mine",))


def pinged(
    url: str, *ids: str, auth_type: str = "openai", timeout: float = TIMEOUT
) -> EndpointVerdict:
    """Return the verdict of an endpoint after it was asked."""
    asked = question(endpoint(url, *ids, auth_type=auth_type), {"MY_KEY": KEY}, {})
    assert isinstance(asked, Question), asked
    (reply,) = ping.ask([asked], timeout, None)
    return judge(endpoint(url, *ids, auth_type=auth_type), reply)


@pytest.mark.parametrize(
    ("auth_type", "asked_for"),
    [
        ("openai", "/MAX/models"),
        ("anthropic", "/MAX/v1/models?limit=1000"),
        ("gemini", "/MAX/v1beta/models?pageSize=1000"),
    ],
)
def test_list_is_asked_for_below_the_base_url(auth_type: str, asked_for: str) -> None:
    at = "https://api.example.com"
    asked = question(endpoint(f"{at}/MAX/?a=b#c", auth_type=auth_type), {"MY_KEY": KEY}, {})
    assert isinstance(asked, Question), asked
    assert asked.url == at + asked_for


# Answers


NO_LIST = "its answer is not a list of models"
ANSWERS: list[tuple[Callable[[BaseHTTPRequestHandler], None], str, str, str]] = [
    (sending(listing("other", "mine")), "listed", "listed", ""),
    (sending(listing("other")), "unknown-model", "unknown", ""),
    (
        sending(listing("other", has_more=True)),
        "cannot-tell", "cannot-tell", "its list continues on another page",
    ),
    (
        sending({"models": [{"name": "other"}], "nextPageToken": "more"}),
        "cannot-tell", "cannot-tell", "its list continues on another page",
    ),
    (sending([{"id": "mine"}]), "listed", "listed", ""),
    (sending({"models": [{"name": "mine"}, 5, {"name": 5}]}), "listed", "listed", ""),
    (sending({}, 401), "refused", "cannot-tell", "it rejects the key in MY_KEY (401)"),
    (sending({}, 403), "refused", "cannot-tell", "it rejects the key in MY_KEY (403)"),
    (sending({}, 404), "cannot-tell", "cannot-tell", "it has no list of models (404)"),
    (sending({}, 405), "cannot-tell", "cannot-tell", "it has no list of models (405)"),
    (sending({}, 429), "cannot-tell", "cannot-tell", "it answers 429"),
    (sending({}, 499), "cannot-tell", "cannot-tell", "it answers 499"),
    (sending({}, 500), "failing", "cannot-tell", "it answers 500"),
    (sending({}, 502), "failing", "cannot-tell", "it answers 502"),
    (sending(b"<html>"), "cannot-tell", "cannot-tell", NO_LIST),
    (sending(b"\xff\xfe"), "cannot-tell", "cannot-tell", NO_LIST),
    (sending({"data": {}}), "cannot-tell", "cannot-tell", NO_LIST),
    (sending(b"[" * 100_000), "cannot-tell", "cannot-tell", NO_LIST),
    (
        sending(listing("x" * ping.MAX_BYTES)),
        "cannot-tell", "cannot-tell", "its answer is longer than 4 MiB",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("answer", "status", "known", "detail"), ANSWERS)
def test_answer(
    answer: Callable[[BaseHTTPRequestHandler], None], status: str, known: str, detail: str
) -> None:
    with serving(answer) as server:
        verdict = pinged(f"{server.url}/v1")
    assert verdict == (status, detail, {"mine": known})
    assert verdict.is_trouble == (status not in ("listed", "cannot-tell"))


def test_closed_port_is_unreachable() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    verdict = pinged(f"http://127.0.0.1:{port}/v1")
    assert (verdict.status, verdict.detail) == ("unreachable", "connection refused")


def test_host_without_an_address_is_unreachable() -> None:
    verdict = pinged("http://nobody.localhost.invalid.local/v1")
    assert verdict.status == "unreachable"


def sleeping(_: BaseHTTPRequestHandler) -> None:
    time.sleep(4 * SHORT)


def dripping(handler: BaseHTTPRequestHandler) -> None:
    """Send one byte at a time, each after a short pause."""
    for _ in range(40):
        handler.wfile.write(b"H")
        time.sleep(SHORT / 10)


def dripping_body(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("content-length", "1000")
    handler.end_headers()
    for _ in range(40):
        handler.wfile.write(b" ")
        time.sleep(SHORT / 10)


@pytest.mark.parametrize("answer", [sleeping, dripping, dripping_body])
def test_slow_answer_is_not_waited_for(answer: Callable[[BaseHTTPRequestHandler], None]) -> None:
    with serving(answer) as server:
        verdict = pinged(f"{server.url}/v1", timeout=SHORT)
    assert verdict.detail == "it did not answer within 0.5 s"
    assert verdict.status == "unreachable"


def test_server_of_another_protocol() -> None:
    def garbage(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"SSH-2.0-OpenSSH_9.6\r\n")

    with serving(garbage) as server:
        assert pinged(f"{server.url}/v1").detail == "its answer is not HTTP"
        over_tls = pinged(server.url.replace("http:", "https:"))
    assert (over_tls.status, over_tls.detail) == ("tls-error", "its TLS handshake fails")


# Redirects


def test_key_goes_to_no_other_host() -> None:
    with serving(sending(listing("mine"))) as other:
        moved = sending(b"", 307, Location=f"{other.url}/v1/models")
        with serving(moved) as server:
            verdict = pinged(f"{server.url}/v1")
        assert len(server.asked) == 1
        assert other.asked == []
    assert (verdict.status, verdict.detail) == ("redirected", "it redirects to another host")


def test_redirect_within_the_host_is_followed_to_an_end() -> None:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        if handler.path.endswith("/"):
            sending(listing("mine"))(handler)
        else:
            sending(b"", 301, Location=f"{handler.path}/")(handler)

    with serving(answer) as server:
        assert pinged(f"{server.url}/v1").status == "listed"
        assert [path for path, _ in server.asked] == ["/v1/models", "/v1/models/"]
    with serving(sending(b"", 302, Location="/again")) as server:
        assert pinged(f"{server.url}/v1").detail == "it redirects endlessly"
        assert len(server.asked) == 4


# Questions


@pytest.mark.parametrize(
    ("auth_type", "base", "path", "header", "value"),
    [
        ("openai", "/v1", "/v1/models", "authorization", f"Bearer {KEY}"),
        ("openai", "/compatible-mode/v1/", "/compatible-mode/v1/models", "authorization", None),
        ("anthropic", "", "/v1/models?limit=1000", "x-api-key", KEY),
        ("anthropic", "/v1", "/v1/models?limit=1000", "x-api-key", KEY),
        ("anthropic", "/a/", "/a/v1/models?limit=1000", "x-api-key", KEY),
        ("anthropic", "/v1X", "/v1X/v1/models?limit=1000", "x-api-key", KEY),
        ("gemini", "", "/v1beta/models?pageSize=1000", "x-goog-api-key", KEY),
        ("gemini", "/a/", "/a/v1beta/models?pageSize=1000", "x-goog-api-key", KEY),
        ("vertex-ai", "", "/v1beta1/publishers/google/models?pageSize=1000", "x-goog-api-key", KEY),
    ],
)
def test_each_api_is_asked_as_it_expects(
    auth_type: str, base: str, path: str, header: str, value: str | None
) -> None:
    prefix = {"gemini": "models/", "vertex-ai": "publishers/google/models/"}.get(auth_type, "")
    name = "name" if prefix else "id"
    with serving(sending({"data": [{name: f"{prefix}mine"}]})) as server:
        assert pinged(server.url + base, auth_type=auth_type).status == "listed"
        ((asked, headers),) = server.asked
    assert asked == path
    assert headers[header] == (value or f"Bearer {KEY}")
    assert headers["user-agent"].startswith("qwenlock/")


@pytest.mark.parametrize(
    ("url", "bearer"),
    [
        ("https://api.anthropic.com", {}),
        ("https://gate.example/anthropic", {"Authorization": f"Bearer {KEY}"}),
    ],
)
def test_anthropic_key_goes_to_other_hosts_as_a_bearer_token_too(
    url: str, bearer: dict[str, str]
) -> None:
    asked = question(endpoint(url, auth_type="anthropic"), {"MY_KEY": KEY}, {})
    assert isinstance(asked, Question)
    assert dict(asked.headers) == {
        "Accept": "application/json",
        "anthropic-version": "2023-06-01",
        "x-api-key": KEY,
        **bearer,
    }


def test_list_of_vertex_ai_says_nothing_about_a_key() -> None:
    refusal = Reply(401, b"{}")
    vertex = endpoint("https://aiplatform.googleapis.com", auth_type="vertex-ai")
    assert judge(vertex, refusal).status == "cannot-tell"
    assert judge(endpoint("https://api.example.com/v1"), refusal).status == "refused"


PLAIN = "plain http would expose the key on the network: use https"
NO_URL = "its base URL is not a plain http or https URL"


@pytest.mark.parametrize(
    ("url", "detail"),
    [
        ("http://api.example.com/v1", PLAIN),
        ("http://8.8.8.8/v1", PLAIN),
        ("file:///etc/passwd", NO_URL),
        ("ftp://host/v1", NO_URL),
        ("https://user:hunter@host/v1", NO_URL),
        ("https://host:port/v1", NO_URL),
        ("not a url", NO_URL),
        ("https://$HOST/v1", "HOST is not set"),
    ],
)
def test_endpoint_that_must_not_be_asked_is_not_asked(url: str, detail: str) -> None:
    verdict = question(endpoint(url), {"MY_KEY": KEY}, {})
    assert isinstance(verdict, EndpointVerdict)
    assert verdict.status == "not-asked"
    assert verdict.is_trouble
    assert verdict.detail == detail


NO_HEADER = "its key or headers contain characters that a header cannot hold"


@pytest.mark.parametrize(
    ("key", "detail"),
    [
        ("", "MY_KEY is not set"),
        ("  ", "MY_KEY is not set"),
        ("a\nb", NO_HEADER),
        ("a\r\nX-Other: b", NO_HEADER),
        ("schlüssel", NO_HEADER),
    ],
)
def test_unusable_key_is_not_sent(key: str, detail: str) -> None:
    verdict = question(endpoint("https://api.example.com/v1"), {"MY_KEY": key}, {})
    assert isinstance(verdict, EndpointVerdict)
    assert verdict == ("not-asked", detail, {"mine": "cannot-tell"})


def test_headers_of_a_model_are_sent_with_their_references_filled_in() -> None:
    one = endpoint("https://$HOST/v1")._replace(headers=(("X-Team", "$TEAM"),))
    asked = question(one, {"MY_KEY": KEY}, {"HOST": "host.example", "TEAM": "blue"})
    own = ("Accept", "application/json"), ("Authorization", f"Bearer {KEY}"), ("X-Team", "blue")
    assert asked == Question("https://host.example/v1/models", own)
    assert KEY not in repr(asked)


def test_each_endpoint_and_key_is_asked_once() -> None:
    url = "https://one.example/v1"
    lock = locked(
        models(
            {"id": "a", "envKey": "KEY_1", "baseUrl": url},
            {"id": "b", "envKey": "KEY_1", "baseUrl": url},
            {"id": "c", "envKey": "KEY_2", "baseUrl": url},
            {"id": "d", "envKey": "KEY_1"},
        )
    )
    unknown = replace(lock.models[0], auth_type="of-a-later-release")
    lock = replace(lock, models=(unknown, *lock.models))
    found = [(each.base_url, each.variable, each.models) for each in endpoints(lock)]
    assert found == [
        (url, "KEY_1", ("a", "b")),
        (url, "KEY_2", ("c",)),
        ("https://api.openai.com/v1", "KEY_1", ("d",)),
        ("https://api.openai.com/v1", "OPENAI_API_KEY", ("qwen3-coder-plus",)),
    ]
    assert endpoints(locked({})) == []
    of_an_earlier_lock = Selection(auth_type="openai", kind="runtime")
    assert endpoints(replace(locked({}), selection=of_an_earlier_lock)) == []


def test_headers_that_the_client_does_not_send_as_written_are_left_out() -> None:
    headers = {"X-Session": "${session_id}", "X-Number": 5, "X-Team": "$TEAM"}
    entry = {"id": "a", "envKey": "K", "baseUrl": "https://one.example/v1"}
    config = {"generationConfig": {"customHeaders": headers}}
    settings = models(entry | config) | {"model": {"name": "a"}}
    auth = {"selectedType": "openai", "apiKey": "$K", "baseUrl": entry["baseUrl"]}
    runtime = {"security": {"auth": auth}, "model": {"name": "a", **config}}
    expected = Endpoint("openai", entry["baseUrl"], "K", (("X-Team", "$TEAM"),), ("a",))
    for each in (settings, runtime):
        assert endpoints(locked(each, client="0.24.4")) == [expected]


def test_many_endpoints_are_asked_at_once() -> None:
    all_there = Barrier(8)

    def answer(handler: BaseHTTPRequestHandler) -> None:
        all_there.wait(TIMEOUT)
        sending(listing(handler.path))(handler)

    with serving(answer) as server:
        paths = [f"/{number}/models" for number in range(8)]
        asked = [Question(server.url + path, ()) for path in paths]
        replies = ping.ask(asked, TIMEOUT, None)
    assert [json.loads(each.body)["data"][0]["id"] for each in replies] == paths


def test_https_goes_through_the_proxy_and_plain_http_does_not() -> None:
    connected = []

    class Proxy(_Handler):
        def do_CONNECT(self) -> None:
            connected.append(self.path)
            self.send_error(403)

    with serving(sending(listing("mine"))) as server:
        server.RequestHandlerClass = Proxy
        asked = [
            Question("https://api.example.com/v1/models", (("Authorization", KEY),)),
            Question(f"{server.url}/v1/models", ()),
        ]
        through, direct = ping.ask(asked, 5, server.url)
    assert connected == ["api.example.com:443"]
    assert through == Reply(problem="unreachable", detail="the connection fails")
    assert direct.code == 200


# The command


@pytest.fixture
def world(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MY_KEY", KEY)
    return world


CLIENT = """
import json, sys

for line in sys.stdin:
    models = {"availableModels": [{"modelId": "mine(openai)", "name": "mine"}]}
    result = {"models": {**models, "currentModelId": "mine(openai)"}}
    print(json.dumps({"id": json.loads(line)["id"], "result": result}), flush=True)
"""


@pytest.mark.parametrize(("known", "exit_code"), [("mine", 0), ("other", 1)])
def test_ping_decides_the_exit_code_where_the_client_agrees(
    world: World, known: str, exit_code: int
) -> None:
    script = world.root / "client.py"
    script.write_text(CLIENT)
    command = shlex.join([sys.executable, str(script)])
    with serving(sending(listing(known))) as server:
        result = doctor(world, server, "--ping", "--client-command", command)
    assert "enforced: agrees" in result.out
    assert result.exit_code == exit_code


def doctor(world: World, server: Server, *options: str) -> Any:
    entry = {"id": "mine", "envKey": "MY_KEY", "baseUrl": f"{server.url}/v1"}
    write(world.own, models(entry) | {"model": {"name": "mine"}})
    assert world.run("lock").exit_code == 0
    return world.run("doctor", "--client-command", "no-such-client", *options)


def test_nothing_is_sent_without_the_flag(world: World) -> None:
    with serving(sending(listing("mine"))) as server:
        result = doctor(world, server)
    assert server.asked == []
    assert result.exit_code == 2


def test_ping_is_shown_without_a_client(world: World) -> None:
    with serving(sending(listing("other"))) as server:
        result = doctor(world, server, "--ping")
        as_json = doctor(world, server, "--ping", "--format", "json")
    assert f"ping {server.url}/v1 with MY_KEY: unknown-model" in result.out
    assert "mine is not one of its models" in result.out
    assert "command not found: no-such-client" in result.out
    assert result.exit_code == 2
    document = json.loads(as_json.out)
    assert document["as-it-is"]["status"] == "failed"
    assert document["ping"] == [
        {
            "auth-type": "openai",
            "base-url": f"{server.url}/v1",
            "variable": "MY_KEY",
            "status": "unknown-model",
            "detail": None,
            "models": {"mine": "unknown"},
        }
    ]
    assert [headers["authorization"] for _, headers in server.asked] == [f"Bearer {KEY}"] * 2


def test_lock_without_endpoints_asks_nothing(world: World) -> None:
    write(world.own, {})
    assert world.run("lock").exit_code == 0
    result = world.run("doctor", "--client-command", "no-such-client", "--ping")
    assert "ping: the lock has no endpoint to ask" in result.out


@pytest.mark.parametrize("output", ["text", "json"])
def test_key_that_comes_back_is_not_shown(world: World, output: str) -> None:
    for code in (200, 307, 401, 500):
        back = sending({"error": KEY, "data": [{"id": KEY}]}, code, Location=f"https://{KEY}.test/")
        with serving(back) as server:
            result = doctor(world, server, "--ping", "--format", output)
        assert server.asked
        assert KEY not in result.out + result.err
