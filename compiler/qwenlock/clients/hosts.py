"""Public hosts of models, and the paths that a base URL has there; the data are in `hosts.toml`."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

Paths: TypeAlias = dict[str, tuple[str, ...]]
"""For an auth type the paths, the usual one first; an empty path means none."""

_NO_AUTH_TYPES = ("hosts", "deployments")
_LIKE = {"openai-responses": "openai"}
"""Auth types that take the base URLs of another one."""


@cache
def _data() -> dict[str, Any]:
    text = Path(__file__).with_name("hosts.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


@cache
def hosts() -> dict[str, Paths]:
    """Return the paths of each known host; `*.example` is any host whose name ends so."""
    return {
        host: {name: tuple(paths) for name, paths in api.items() if name not in _NO_AUTH_TYPES}
        for api in _data()["apis"]
        for host in api["hosts"]
    }


def runtime_base_url(auth_type: str) -> str | None:
    """Return the default base URL of a runtime model, if it is known."""
    url: str | None = _data()["runtime"].get(auth_type)
    return url


def local_path(port: int | None) -> str | None:
    """Return the path of the OpenAI-compatible API of a local server that listens on `port`."""
    path: str | None = _data()["ports"].get(str(port))
    return path


def has_deployments(host: str) -> bool:
    """Tell whether every deployment at `host` has its own path."""
    names = (name for api in _data()["apis"] if api.get("deployments") for name in api["hosts"])
    return any(host.lower().endswith(name.removeprefix("*")) for name in names)


def paths(host: str, auth_type: str) -> tuple[str, ...]:
    """Return the paths that a base URL of `auth_type` may have at `host`, the usual one first.

    Args:
        host: the host's name, in any case, without a port.
        auth_type: the auth type that the entry is of, `providerProtocol` and `wireApi` applied.

    Returns:
        Paths that begin with a slash and do not end in one; an empty string for no path. An empty
        tuple if the host, or its API for the auth type, is unknown.
    """
    name = host.rstrip(".").lower()
    known = hosts().get(name)
    while known is None and "." in name:
        name = name.partition(".")[2]
        known = hosts().get(f"*.{name}")
    return (known or {}).get(_LIKE.get(auth_type, auth_type), ())


def auth_type_of(host: str, path: str) -> str | None:
    """Return the only auth type that uses `path` at `host`, or None.

    Args:
        host: the host's name.
        path: the path of a base URL, such as `/apps/anthropic`.
    """
    types = ("openai", "anthropic", "gemini")
    suited = [each for each in types if path.rstrip("/") in paths(host, each)]
    return suited[0] if len(suited) == 1 else None
