"""The server that answers every connection of a client, whatever its host.

The end of the path shows whether a request is for an answer of a model. The first that is
part of the conversation (it offers tools) is what the table compares.
"""

from __future__ import annotations

import json
import re
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, NamedTuple

from support import serving

if TYPE_CHECKING:
    from collections.abc import Iterator

_APIS = {
    "/chat/completions": "chat completions",
    "/responses": "responses",
    "/messages": "messages",
    ":generateContent": "generateContent",
    ":streamGenerateContent": "generateContent",
}
_KEYS = ("x-api-key", "x-goog-api-key", "api-key", "authorization")
_VARYING_BODY = {"messages", "input", "contents", "tools", "system", "systemInstruction",
                 "instructions", "metadata", "user", "prompt_cache_key"}  # fmt: skip
_STANDARD_HEADERS = re.compile(
    r"host|connection|content-(type|length)|accept(-.*)?|user-agent|sec-fetch-mode|priority|"
    r"x-(stainless|dashscope|goog)-.*|x-api-key|api-key|authorization|transfer-encoding"
)
_RANDOM = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|\b[0-9a-f]{32}\b")


class Sent(NamedTuple):
    """A request for an answer of a model."""

    url: str
    """The URL, without a query."""
    api: str
    """The wire format, in a word."""
    model: str
    key: str
    """The credential; empty if there is none."""
    options: str
    """What else settings decide: options in the body, and the user's headers, as JSON."""
    is_conversation: bool


class Wire:
    """The requests of clients, in order."""

    def __init__(self) -> None:
        self.sent: list[Sent] = []
        self.others: list[str] = []
        """Other requests, such as for a login: `METHOD URL`."""
        self.ports: dict[str, int] = {}

    def conversation(self) -> Sent | None:
        """Wait for the first request of the conversation, and return it."""
        return next((each for each in self.sent if each.is_conversation), None)

    def first(self) -> Sent | None:
        """Return the first request of the conversation; without one, the first request."""
        return self.conversation() or next(iter(self.sent), None)


@contextmanager
def listening() -> Iterator[Wire]:
    """Serve requests for http and https, each at its own port."""
    wire = Wire()
    with serving(_Server(wire, "http")), serving(_Server(wire, "https")):
        yield wire


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, wire: Wire, scheme: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.wire, self.scheme = wire, scheme
        wire.ports[scheme] = self.server_port


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def handle(self) -> None:
        try:
            super().handle()
        except ConnectionError:
            self.close_connection = True  # the client was ended

    def do_GET(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers.get("content-length", 0))))

    def _answer(self, data: bytes) -> None:
        wire = self.server.wire
        headers = {name.lower(): value for name, value in self.headers.items()}
        url = f"{self.server.scheme}://{headers.get('host', '')}{self.path.split('?')[0]}"
        api = next((api for end, api in _APIS.items() if url.endswith(end)), None)
        if api and self.command == "POST":
            wire.sent.append(_sent(url, api, headers, json.loads(data)))
            self._send(503, {"error": {"message": "not now"}})
        elif url == "https://oauth2.googleapis.com/token":
            self._send(200, {"access_token": ADC, "expires_in": 3600, "token_type": "Bearer"})
        else:
            wire.others.append(f"{self.command} {url}")
            self._send(404, {"error": "not_found"})

    def _send(self, status: int, value: Any) -> None:
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


ADC = "token from Application Default Credentials"
"""The token that a client gets for Application Default Credentials."""


def _sent(url: str, api: str, headers: dict[str, str], body: dict[str, Any]) -> Sent:
    model = body.get("model") or url.rpartition("/")[2].partition(":")[0]
    key = next((headers[name] for name in _KEYS if headers.get(name)), "")
    kept = {name: value for name, value in body.items() if name not in _VARYING_BODY}
    own = {name: value for name, value in headers.items() if not _STANDARD_HEADERS.fullmatch(name)}
    options = json.dumps({**kept, "headers": own}, sort_keys=True)
    key = re.sub(r"^Bearer ?", "", key)
    options = _RANDOM.sub("…", options)
    return Sent(url, api, model, key, options, is_conversation=bool(body.get("tools")))
