"""Public hosts of models, and the paths that a base URL has there; the data are in `hosts.toml`."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import TypeAlias

Paths: TypeAlias = dict[str, tuple[str, ...]]
"""For an auth type the paths, the usual one first; an empty path means none."""

_LIKE = {"openai-responses": "openai"}
"""Auth types that take the base URLs of another one."""


@cache
def hosts() -> dict[str, Paths]:
    """Return the paths of each known host; `*.example` is any host whose name ends so."""
    data = tomllib.loads(Path(__file__).with_name("hosts.toml").read_text(encoding="utf-8"))
    return {
        host: {auth_type: tuple(paths) for auth_type, paths in api.items() if auth_type != "hosts"}
        for api in data["apis"]
        for host in api["hosts"]
    }


def paths(host: str, auth_type: str) -> tuple[str, ...]:
    """Return the paths that a base URL of `auth_type` may have at `host`, the usual one first.

    Args:
        host: the host's name, in any case, without a port.
        auth_type: the auth type that the entry is of, `providerProtocol` and `wireApi` applied.

    Returns:
        Paths that begin with a slash and do not end in one; an empty path for none. Nothing where
        the host, or its API for the auth type, is not known.
    """
    name = host.lower().rstrip(".")
    known = hosts().get(name)
    while known is None and "." in name:
        name = name.partition(".")[2]
        known = hosts().get(f"*.{name}")
    return (known or {}).get(_LIKE.get(auth_type, auth_type), ())


def right_path(host: str, auth_type: str) -> str | None:
    """Return the usual path of a base URL of `auth_type` at `host`; see `paths`.

    Returns:
        The path, empty where there is none to write; or None where the host is not known, or not
        for that auth type. Then nothing can be said of a base URL's path.
    """
    found = paths(host, auth_type)
    return found[0] if found else None


def auth_type_of(host: str, path: str) -> str | None:
    """Return the auth type that `path` is for at `host`, where it is one's alone.

    Args:
        host: the host's name.
        path: the path of a base URL, such as `/apps/anthropic`.
    """
    types = ("openai", "anthropic", "gemini")
    suited = [each for each in types if path.rstrip("/") in paths(host, each)]
    return suited[0] if len(suited) == 1 else None
