"""Asks endpoints for their models over HTTP: the only module that uses the network.

Questions and answers are defined in `endpoints`. A key is sent only to its own host. The size of an
answer and the time to wait for it are limited.
"""

from __future__ import annotations

import errno
import socket
import ssl
from http.client import HTTPException
from queue import Empty, SimpleQueue
from threading import Thread
from time import monotonic
from typing import TYPE_CHECKING
from urllib.error import URLError
from urllib.parse import urljoin, urlsplit
from urllib.request import (
    HTTPHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
)

from qwenlock import __version__
from qwenlock.enforce.endpoints import Reply

if TYPE_CHECKING:
    from collections.abc import Sequence
    from http.client import HTTPResponse

    from qwenlock.enforce.endpoints import Question

MAX_BYTES = 4 * 1024 * 1024
"""The largest answer that is read, in bytes."""

_AT_ONCE = 16
_CHUNK = 64 * 1024
_REDIRECTS = 3
_REDIRECTING = frozenset({301, 302, 303, 307, 308})
_WORDS = {
    errno.ECONNREFUSED: "connection refused",
    errno.ECONNRESET: "connection reset",
    errno.ENETUNREACH: "network unreachable",
    errno.EHOSTUNREACH: "host unreachable",
}


def ask(questions: Sequence[Question], timeout: float, proxy: str | None) -> list[Reply]:
    """Ask all `questions`, several at a time; return the replies in order.

    Args:
        questions: what to ask.
        timeout: how long each may take in total, in seconds.
        proxy: the proxy for https; plain http requests, which stay in the private network, do
            not use one.
    """
    waiting: SimpleQueue[tuple[int, Question]] = SimpleQueue()
    replies: SimpleQueue[tuple[int, Reply]] = SimpleQueue()
    for pair in enumerate(questions):
        waiting.put(pair)

    def work() -> None:
        while True:
            try:
                index, question = waiting.get_nowait()
            except Empty:
                return
            replies.put((index, _ask(question, timeout, proxy)))

    for _ in range(min(_AT_ONCE, len(questions))):
        Thread(
            target=work, daemon=True
        ).start()  # the process does not wait for a thread that hangs
    rounds = -(-len(questions) // _AT_ONCE)
    deadline = monotonic() + timeout * rounds
    result = [_late(timeout)] * len(questions)
    for _ in questions:
        try:
            index, reply = replies.get(timeout=max(0.0, deadline - monotonic()))
        except Empty:
            break
        result[index] = reply
    return result


def _ask(question: Question, timeout: float, proxy: str | None) -> Reply:
    deadline = monotonic() + timeout
    try:
        return _followed(question, deadline, timeout, proxy)
    except URLError as error:
        return _failed(error.reason, timeout)
    except (OSError, HTTPException, ValueError) as error:
        return _failed(error, timeout)


def _followed(question: Question, deadline: float, timeout: float, proxy: str | None) -> Reply:
    """Return the reply; redirects are followed only within the host, so no other gets the key."""
    opener = _opener(proxy)
    url = question.url
    for _ in range(_REDIRECTS + 1):
        headers = {"User-Agent": f"qwenlock/{__version__}", **dict(question.headers)}
        request = Request(url, headers=headers)  # noqa: S310  (http and https only)
        response = opener.open(request, timeout=max(0.001, deadline - monotonic()))
        with response:
            if response.status not in _REDIRECTING:
                return _read(response, deadline, timeout)
            target = urljoin(url, response.headers.get("Location", ""))
        if _origin(target) != _origin(url):
            return Reply(problem="redirected", detail="it redirects to another host")
        url = target
    return Reply(problem="redirected", detail="it redirects endlessly")


def _opener(proxy: str | None) -> OpenerDirector:
    """Return an opener for http and https URLs that does not follow redirects."""
    opener = OpenerDirector()
    handlers = (
        ProxyHandler({"https": proxy} if proxy else {}),
        HTTPHandler(),
        HTTPSHandler(context=ssl.create_default_context()),
    )
    for handler in handlers:
        opener.add_handler(handler)
    return opener


def _read(response: HTTPResponse, deadline: float, timeout: float) -> Reply:
    body = bytearray()
    while chunk := response.read1(_CHUNK):
        body += chunk
        if len(body) > MAX_BYTES:
            detail = f"its answer is longer than {MAX_BYTES // 1024**2} MiB"
            return Reply(problem="cannot-tell", detail=detail)
        if monotonic() > deadline:
            return _late(timeout)
    return Reply(response.status, bytes(body))


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port


def _late(timeout: float) -> Reply:
    return Reply(problem="unreachable", detail=f"it did not answer within {timeout:g} s")


def _failed(error: object, timeout: float) -> Reply:
    """Return why there is no reply, in our own words, because the error's could hold a key."""
    match error:
        case ssl.SSLCertVerificationError():
            return Reply(problem="tls-error", detail="its certificate is not trusted")
        case ssl.SSLError():
            return Reply(problem="tls-error", detail="its TLS handshake fails")
        case TimeoutError():
            return _late(timeout)
        case socket.gaierror():
            return Reply(problem="unreachable", detail="its host name cannot be resolved")
        case OSError():
            words = _WORDS.get(error.errno or 0, "the connection fails")
            return Reply(problem="unreachable", detail=words)
        case _:
            return Reply(problem="unreachable", detail="its answer is not HTTP")
