"""Base URLs of models, and what the SDK of their auth type makes of them (21x).

A rule is a function from a URL to what is wrong with it. `RULES` lists the rules with their codes.
Guide, SDKs Used for API Requests; How Qwen Code reads settings, "Requests".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import SplitResult, urlsplit

from qwenlock.clients.hosts import auth_type_of, has_deployments, local_path, paths
from qwenlock.clients.profile import GUIDE
from qwenlock.findings.finding import Finding
from qwenlock.findings.repair import Repair
from qwenlock.text.credentials import is_credential, references
from qwenlock.text.hosts import is_public
from qwenlock.text.operations import Set

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from qwenlock.findings.rules import Severity
    from qwenlock.lint.subject import Subject

_EXAMPLE = '"https://api.example.com/v1"'
_REQUESTS = {
    "openai": ("/chat/completions", "/completions", "/responses", "/embeddings"),
    "anthropic": ("/messages",),
}
_SDKS = {"openai": "openai", "openai-responses": "openai", "anthropic": "anthropic"}


class Given(NamedTuple):
    """A base URL, with what decides whether it is right."""

    auth_type: str
    client: str
    url: SplitResult

    @property
    def sdk(self) -> str | None:
        """Return the SDK of the auth type, if its requests are known."""
        return _SDKS.get(self.auth_type)

    @property
    def host(self) -> str:
        """Return the host, in lower case; empty if there is none."""
        return self.url.hostname or ""

    @property
    def path(self) -> str:
        """Return the path without slashes at its end."""
        return self.url.path.rstrip("/")


class Problem(NamedTuple):
    """What is wrong with a base URL, and the URL that is meant, if that is known."""

    message: str
    fix: str
    meant: str | None = None
    severity: Severity | None = None


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
            yield Finding(code, problem.message, place, problem.fix, problem.severity, repair)


def _problems(auth_type: str, text: str, client: str) -> Iterator[tuple[str, Problem]]:
    try:
        url = urlsplit(text.strip())
        usable = url.scheme in ("http", "https") and bool(url.hostname) and " " not in text.strip()
    except ValueError:
        usable = False
    if not usable:
        yield "QL215", Problem("baseUrl is not a URL", f"write one, such as {_EXAMPLE}")
        return
    given = Given(auth_type, client, url)
    for code, rule in RULES:
        problem = rule(given)
        if problem:
            yield code, problem


def wrong_path(given: Given) -> Problem | None:
    """Tell whether the API of a known host has another path, or of an unknown one may need one."""
    host, path = given.host, given.path
    known = paths(host, given.auth_type)
    if _is_request(given) or path in known or _may_be(path, known, given):
        return None
    if known:
        return _elsewhere(given, known[0])
    if given.sdk != "openai" or path:
        return None
    local = None if is_public(host) else local_path(_port(given.url))
    if local:
        return _elsewhere(given, local)
    fix = "look it up in the server's documentation; it often ends in /v1"
    return Problem(
        "baseUrl has no path, and most OpenAI-compatible APIs have one", fix, None, "note"
    )


def _port(url: SplitResult) -> int | None:
    try:
        return url.port
    except ValueError:
        return None


def _may_be(path: str, known: tuple[str, ...], given: Given) -> bool:
    """Tell whether a path that is not `known` does not concern this rule."""
    doubled = given.sdk == "anthropic" and path.removesuffix("/v1") in known  # see doubled_version
    return doubled or (bool(path) and has_deployments(given.host))


def _elsewhere(given: Given, right: str) -> Problem:
    """Say which path is right, and which auth type the wrong one belongs to."""
    host, path = given.host, given.path
    meant = given.url._replace(path=right).geturl()
    other = auth_type_of(host, path) if path else None
    message = f"baseUrl has the path {path}, but" if path else "baseUrl has no path, but"
    message += f" the {given.auth_type} API of {host} is at {right or 'no path'}"
    if not _is_plain(given):
        message = f"baseUrl has the wrong path for the {given.auth_type} API of its host"
    fix = f'write "{meant}"' if _is_plain(given) else f"write {right or 'no path'}"
    if other:
        fix += f", or move the model to {other}"
    return Problem(message, fix, meant)


def request_path(given: Given) -> Problem | None:
    """Tell whether the URL ends in the path of a request, which the SDK adds itself."""
    path = given.path
    ending = _is_request(given)
    if ending is None:
        return None
    meant = given.url._replace(path=path.removesuffix(ending)).geturl()
    message = f"baseUrl ends in {ending}, which the SDK adds itself"
    return Problem(message, f"remove {ending}", meant)


def doubled_version(given: Given) -> Problem | None:
    """Tell whether Anthropic's SDK would add the `/v1` again; the guide's example has it."""
    path = given.path
    if given.sdk != "anthropic" or given.client == GUIDE or not path.endswith("/v1"):
        return None
    known = paths(given.host, given.auth_type)
    if known and path.removesuffix("/v1") not in known:
        return None
    meant = given.url._replace(path=path.removesuffix("/v1")).geturl()
    return Problem("baseUrl ends in /v1, which the SDK adds again", "remove /v1", meant)


def plain_http(given: Given) -> Problem | None:
    """Tell whether requests cross a public network in clear text."""
    if given.url.scheme != "http" or not is_public(given.host):
        return None
    meant = given.url._replace(scheme="https").geturl()
    return Problem(
        "baseUrl is plain http, so the key and the code are sent in clear text", "use https", meant
    )


RULES: tuple[tuple[str, Callable[[Given], Problem | None]], ...] = (
    ("QL216", wrong_path),
    ("QL217", request_path),
    ("QL218", doubled_version),
    ("QL219", plain_http),
)


def _is_request(given: Given) -> str | None:
    """Return the path of the request that the URL ends in, or None."""
    path = given.path
    return next((each for each in _REQUESTS.get(given.sdk or "", ()) if path.endswith(each)), None)


def _is_plain(given: Given) -> bool:
    """Tell whether a message may show the URL: it is only a host and a path."""
    url = given.url
    others = url.query or url.fragment or "@" in url.netloc
    return not others and not is_credential(url.geturl())
