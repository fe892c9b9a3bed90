"""Tells which host names and addresses belong to the public network."""

from __future__ import annotations

from ipaddress import ip_address

from qwenlock.text.pattern import pattern

_LOCAL = pattern(
    r"(?:.*\.)?(?:localhost|local|internal|intranet|lan|home|corp|private|test|home\.arpa)\.?"
)


def is_public(host: str) -> bool:
    """Tell whether `host`, a name or an address, belongs to the public network."""
    try:
        return ip_address(host).is_global
    except ValueError:
        return "." in host.removesuffix(".") and not _LOCAL.fullmatch(host)
