"""The endpoints of a lock: how to ask each for its models, and what its answer means.

Guide, SDKs Used for API Requests: a base URL is what the auth type's SDK expects. Asking is done in
`edge.ping`. Nothing that an endpoint says is shown: it could be a key.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias
from urllib.parse import urlsplit

from qwenlock.clients.fields import HEADERS
from qwenlock.clients.profile import API_KEY_VARIABLES, profile
from qwenlock.settings.variables import is_placeholder
from qwenlock.text.credentials import references, substituted
from qwenlock.text.hosts import is_public
from qwenlock.text.record import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from qwenlock.lock.model import Lock

EndpointStatus: TypeAlias = Literal[
    "listed",
    "unknown-model",
    "refused",
    "unreachable",
    "tls-error",
    "redirected",
    "failing",
    "cannot-tell",
    "not-asked",
]
"""The result of asking an endpoint. All but `listed` and `cannot-tell` are problems."""

Known: TypeAlias = Literal["listed", "unknown", "cannot-tell"]

_FINE = ("listed", "cannot-tell")


class _Api(NamedTuple):
    """How an API lists its models.

    Attributes:
        base_url: the SDK's default, for a model without a `baseUrl`.
        path: the path of the list, below the base URL.
        header: the header that takes the key, after `scheme`.
        prefix: what the ids in the list begin with.
        others: further headers.
        lists_with_key: a key that is valid for requests is valid for the list too.
    """

    base_url: str
    path: str
    header: str
    scheme: str = ""
    prefix: str = ""
    others: tuple[tuple[str, str], ...] = ()
    lists_with_key: bool = True


_OPENAI = _Api("https://api.openai.com/v1", "/models", "Authorization", "Bearer ")
_GOOGLE = "https://generativelanguage.googleapis.com"
_APIS = {
    "openai": _OPENAI,
    "openai-responses": _OPENAI,
    "anthropic": _Api(
        "https://api.anthropic.com",
        "/v1/models?limit=1000",
        "x-api-key",
        others=(("anthropic-version", "2023-06-01"),),
    ),
    "gemini": _Api(_GOOGLE, "/v1beta/models?pageSize=1000", "x-goog-api-key", prefix="models/"),
    "vertex-ai": _Api(
        _GOOGLE,
        "/v1beta1/publishers/google/models?pageSize=1000",
        "x-goog-api-key",
        prefix="publishers/google/models/",
        lists_with_key=False,
    ),
}


class Endpoint(NamedTuple):
    """Models of one endpoint, key and set of headers.

    Attributes:
        auth_type: the auth type of the models.
        base_url: the base URL in the lock, or else the SDK's default.
        variable: the variable that holds the key.
        headers: the model's own headers, by name.
        models: the ids.
    """

    auth_type: str
    base_url: str
    variable: str
    headers: tuple[tuple[str, str], ...]
    models: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """A request: its URL and its headers, which hold the key."""

    url: str
    headers: tuple[tuple[str, str], ...] = field(repr=False)


class Reply(NamedTuple):
    """An answer: the status code and the body, or the problem.

    Attributes:
        code: the HTTP status; 0 without an answer.
        body: the body, as far as it was read.
        problem: why the endpoint did not answer; None if it did.
        detail: the same in words.
    """

    code: int = 0
    body: bytes = b""
    problem: EndpointStatus | None = None
    detail: str = ""


class EndpointVerdict(NamedTuple):
    """The verdict on an endpoint.

    Attributes:
        status: the result of asking it.
        detail: the same in words; empty if there is nothing to add.
        models: whether it knows each of the models.
    """

    status: EndpointStatus
    detail: str
    models: dict[str, Known]

    @property
    def is_trouble(self) -> bool:
        """Tell whether a request of the client would fail, as far as this is known."""
        return self.status not in _FINE


def endpoints(lock: Lock) -> list[Endpoint]:
    """Return the endpoints of a lock's models, and of the runtime model it may select."""
    client = profile(lock.client)
    found: dict[Endpoint, list[str]] = {}
    for auth_type, model, base_url, variable, config in _models(lock):
        api = _APIS.get(auth_type)
        if api is None:
            continue
        headers = (config or {}).get(HEADERS)
        named = headers.items() if isinstance(headers, dict) else ()
        own = tuple(
            (name, value)
            for name, value in named
            if isinstance(value, str)
            and not any(is_placeholder(each, client) for each in references(value))
        )
        name = variable or API_KEY_VARIABLES[auth_type]
        each = Endpoint(auth_type, base_url or api.base_url, name, own)
        found.setdefault(each, []).append(model)
    return [each._replace(models=tuple(dict.fromkeys(ids))) for each, ids in found.items()]


def question(
    endpoint: Endpoint, variables: Mapping[str, str], filling: Mapping[str, str]
) -> Question | EndpointVerdict:
    """Return the question for `endpoint`, or the verdict if it cannot or must not be asked.

    Args:
        endpoint: an endpoint.
        variables: the variables that a client has, with the key.
        filling: those of them that it puts in the place of `$NAME` in settings.
    """
    api = _APIS[endpoint.auth_type]
    written = [endpoint.base_url, *(value for _, value in endpoint.headers)]
    named = [(name, filling) for text in written for name in references(text)]
    for name, there in [(endpoint.variable, variables), *named]:
        if not there.get(name, "").strip():
            return _verdict(endpoint, "not-asked", f"{name} is not set")
    base = substituted(endpoint.base_url, filling)
    try:
        parts = urlsplit(base)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if host is None or parts.scheme not in ("http", "https") or "@" in parts.netloc:
        return _verdict(endpoint, "not-asked", "its base URL is not a plain http or https URL")
    if parts.scheme == "http" and is_public(host):
        detail = "plain http would expose the key on the network: use https"
        return _verdict(endpoint, "not-asked", detail)
    path, key, bearer = api.path, variables[endpoint.variable], {}
    if endpoint.auth_type == "anthropic":
        if parts.path.rstrip("/").endswith("/v1"):
            path = path.removeprefix("/v1")  # the guide's example; its SDK would double it
        if host != urlsplit(api.base_url).hostname:
            bearer = {"Authorization": f"Bearer {key}"}  # as 0.24.4 sends it to other hosts
    url = parts._replace(path=parts.path.rstrip("/") + path, query="", fragment="").geturl()
    headers = {
        "Accept": "application/json",
        **dict(api.others),
        api.header: api.scheme + key,
        **bearer,
        **{name: substituted(value, filling) for name, value in endpoint.headers},
    }
    if any(not _fits_a_header(text) for pair in headers.items() for text in pair):
        return _verdict(
            endpoint, "not-asked", "its key or headers contain characters that a header cannot hold"
        )
    return Question(url, tuple(headers.items()))


def judge(endpoint: Endpoint, reply: Reply) -> EndpointVerdict:
    """Return what `reply` shows about `endpoint` and its models."""
    if reply.problem is not None:
        return _verdict(endpoint, reply.problem, reply.detail)
    code = reply.code
    if code in (401, 403) and _APIS[endpoint.auth_type].lists_with_key:
        return _verdict(endpoint, "refused", f"it rejects the key in {endpoint.variable} ({code})")
    if code >= 500:
        return _verdict(endpoint, "failing", f"it answers {code}")
    if code in (404, 405):
        return _verdict(endpoint, "cannot-tell", f"it has no list of models ({code})")
    if code != 200:
        return _verdict(endpoint, "cannot-tell", f"it answers {code}")
    listed = _listed(reply.body, _APIS[endpoint.auth_type].prefix)
    if listed is None:
        return _verdict(endpoint, "cannot-tell", "its answer is not a list of models")
    ids, is_whole = listed
    absent: Known = "unknown" if is_whole else "cannot-tell"
    models = {model: "listed" if model in ids else absent for model in endpoint.models}
    if "unknown" in models.values():
        return EndpointVerdict("unknown-model", "", models)
    if "cannot-tell" in models.values():
        return EndpointVerdict("cannot-tell", "its list continues on another page", models)
    return EndpointVerdict("listed", "", models)


def _models(
    lock: Lock,
) -> Iterator[tuple[str, str, str | None, str | None, dict[str, Any] | None]]:
    for model in lock.models:
        yield model.auth_type, model.id, model.base_url, model.env_key, model.generation_config
    chosen = lock.selection
    if chosen.kind == "runtime" and chosen.model is not None and chosen.auth_type is not None:
        config = chosen.generation_config
        yield chosen.auth_type, chosen.model, chosen.base_url, chosen.env_key, config


def _verdict(endpoint: Endpoint, status: EndpointStatus, detail: str) -> EndpointVerdict:
    return EndpointVerdict(status, detail, dict.fromkeys(endpoint.models, "cannot-tell"))


def _fits_a_header(text: str) -> bool:
    return text.isprintable() and text.isascii() and bool(text)


def _listed(body: bytes, prefix: str) -> tuple[set[str], bool] | None:
    """Return the ids that a list of models has, and whether it is whole; None if it is not one."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return None
    listed = value.get("data", value.get("models")) if isinstance(value, dict) else value
    if not isinstance(listed, list):
        return None
    is_whole = isinstance(value, list) or not (value.get("has_more") or value.get("nextPageToken"))
    return set(_ids(listed, prefix)), is_whole


def _ids(listed: Iterable[Any], prefix: str) -> Iterator[str]:
    for each in listed:
        name = each.get("id", each.get("name")) if isinstance(each, dict) else None
        if isinstance(name, str):
            yield name.removeprefix(prefix)
