"""The digest SHA-256, without `hashlib`, which loads OpenSSL: that takes a third of a start."""

from __future__ import annotations

try:  # as the standard library's random does
    from _sha2 import sha256 as _lean  # type: ignore[import-not-found, unused-ignore]
except ImportError:
    try:
        from _sha256 import sha256 as _lean  # type: ignore[import-not-found, no-redef, unused-ignore]
    except ImportError:  # pragma: no cover  (another Python)
        from hashlib import sha256 as _lean

_LARGE = 1024 * 1024
"""From this size in bytes on, OpenSSL is faster even so."""


def sha256(data: bytes | memoryview) -> bytes:
    """Return the digest of `data`."""
    if len(data) < _LARGE:
        return bytes(_lean(data).digest())
    import hashlib

    return hashlib.sha256(data).digest()
