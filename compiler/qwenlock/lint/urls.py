"""Base URLs of models, and what the SDK of their auth type makes of them (21x).

A rule is a function from a URL to what is wrong with it. `RULES` lists the rules with their codes.
Guide, SDKs Used for API Requests; How Qwen Code reads settings, "Requests".
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import SplitResult, urlsplit

from qwenlock.clients.profile import GUIDE
from qwenlock.findings.finding import Finding
from qwenlock.findings.repair import Repair
from qwenlock.text.credentials import is_credential, references
from qwenlock.text.hosts import is_public
from qwenlock.text.operations import Set

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from qwenlock.lint.subject import Subject

_OPENAI_PATHS = {
    "api.cerebras.ai": "/v1",
    "api.fireworks.ai": "/inference/v1",
    "api.groq.com": "/openai/v1",
    "api.mistral.ai": "/v1",
    "api.moonshot.ai": "/v1",
    "api.moonshot.cn": "/v1",
    "api.openai.com": "/v1",
    "api.siliconflow.cn": "/v1",
    "api.together.xyz": "/v1",
    "api.x.ai": "/v1",
    "generativelanguage.googleapis.com": "/v1beta/openai",
    "integrate.api.nvidia.com": "/v1",
    "openrouter.ai": "/api/v1",
}
"""Public hosts, and the path of their OpenAI-compatible API."""

_WITHOUT_PATH = frozenset(
    {"api.deepseek.com", "api.perplexity.ai", "models.inference.ai.azure.com"}
)
"""Hosts whose OpenAI-compatible API needs no path."""

_EXAMPLE = '"https://api.example.com/v1"'
_AZURE = ".openai.azure.com"
_REQUESTS = {
    "openai": ("/chat/completions", "/completions", "/responses", "/embeddings"),
    "anthropic": ("/messages",),
}
_SDKS = {"openai": "openai", "openai-responses": "openai", "anthropic": "anthropic"}
_VERSION = re.compile(r"/v\d[a-z0-9]*(?=/|$)")


class Given(NamedTuple):
    """A base URL, with what decides whether it is right."""

    sdk: str | None
    client: str
    url: SplitResult


class Problem(NamedTuple):
    """What is wrong with a base URL, and the URL that is probably meant."""

    message: str
    fix: str
    meant: str | None = None


def base_urls(subject: Subject) -> Iterator[Finding]:
    """Report wrong base URLs; a URL with a reference to a variable is not checked."""
    judged: dict[tuple[str, str], list[tuple[str, Problem]]] = {}
    for entry in subject.compilation.entries:
        model = entry.model
        if not model.base_url or references(model.base_url):
            continue
        asked = (model.auth_type, model.base_url)
        if asked not in judged:
            judged[asked] = list(_problems(*asked, subject.client.name))
        for code, problem in judged[asked]:
            place = entry.place("baseUrl")
            repair = None
            if problem.meant and entry.source in subject.as_written:
                repair = Repair((Set(place.path, problem.meant),), safe=False)
            yield Finding(code, problem.message, place, problem.fix, repair=repair)


def _problems(auth_type: str, text: str, client: str) -> Iterator[tuple[str, Problem]]:
    try:
        url = urlsplit(text.strip())
        usable = url.scheme in ("http", "https") and bool(url.hostname) and " " not in text.strip()
    except ValueError:
        usable = False
    if not usable:
        yield "QL215", Problem("baseUrl is not a URL", f"write one, such as {_EXAMPLE}")
        return
    given = Given(_SDKS.get(auth_type), client, url)
    for code, rule in RULES:
        problem = rule(given)
        if problem:
            yield code, problem


def missing_path(given: Given) -> Problem | None:
    """Tell whether the path of an OpenAI-compatible API is left out."""
    host, path = given.url.hostname or "", given.url.path.rstrip("/")
    if given.sdk != "openai" or _VERSION.search(path):
        return None
    known = "/openai/v1" if host.endswith(_AZURE) else _OPENAI_PATHS.get(host)
    is_bare = path == "" and host not in _WITHOUT_PATH
    if not is_bare and (known is None or host.endswith(_AZURE) or _is_request(given)):
        return None
    meant = given.url._replace(path=known or "/v1").geturl()
    message = f"baseUrl has no {known or '/v1'}, which the SDK does not add"
    return Problem(message, f'write "{meant}"' if _is_plain(given) else "add it", meant)


def request_path(given: Given) -> Problem | None:
    """Tell whether the URL ends in the path of a request, which the SDK adds itself."""
    path = given.url.path.rstrip("/")
    ending = _is_request(given)
    if ending is None:
        return None
    meant = given.url._replace(path=path.removesuffix(ending)).geturl()
    message = f"baseUrl ends in {ending}, which the SDK adds itself"
    return Problem(message, f"remove {ending}", meant)


def doubled_version(given: Given) -> Problem | None:
    """Tell whether Anthropic's SDK would add the `/v1` again; the guide's example has it."""
    path = given.url.path.rstrip("/")
    if given.sdk != "anthropic" or given.client == GUIDE or not path.endswith("/v1"):
        return None
    meant = given.url._replace(path=path.removesuffix("/v1")).geturl()
    return Problem("baseUrl ends in /v1, which the SDK adds again", "remove /v1", meant)


def plain_http(given: Given) -> Problem | None:
    """Tell whether requests cross a public network in clear text."""
    if given.url.scheme != "http" or not is_public(given.url.hostname or ""):
        return None
    meant = given.url._replace(scheme="https").geturl()
    return Problem(
        "baseUrl is plain http, so the key and the code are sent in clear text", "use https", meant
    )


RULES: tuple[tuple[str, Callable[[Given], Problem | None]], ...] = (
    ("QL216", missing_path),
    ("QL217", request_path),
    ("QL218", doubled_version),
    ("QL219", plain_http),
)


def _is_request(given: Given) -> str | None:
    """Return the path of the request that the URL ends in, or None."""
    path = given.url.path.rstrip("/")
    return next((each for each in _REQUESTS.get(given.sdk or "", ()) if path.endswith(each)), None)


def _is_plain(given: Given) -> bool:
    """Tell whether a message may show the URL: it is only a host and a path."""
    url = given.url
    others = url.query or url.fragment or "@" in url.netloc
    return not others and not is_credential(url.geturl())
