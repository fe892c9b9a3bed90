"""What a migration must not change: the request of the client, and the variables that it has.

This is checked of every migration of credentials, whatever its scripts do: in the project and in
other directories, with the variables that are set here and without them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from qwenlock.migrating.protocol import RefusedError
from qwenlock.migrating.request import request

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from qwenlock.migrating.request import Request
    from qwenlock.migrating.situation import EnvFile, Situation, View


_WORDS = {
    "model": "another model",
    "base_url": "to another base URL",
    "generation_config": "other options",
    "key": "another key",
}


def difference(before: Situation, after: Situation) -> RefusedError | None:
    """Return what would be different for the client, with the way out; None where nothing is."""
    usual = _first(replace(before, environment={}), replace(after, environment={}))
    here = usual or _first(before, after)
    if usual or here is None:
        return usual
    return RefusedError(
        f"{here.message}, by the variables that are set in this shell",
        "unset those that the client takes a key, URL or model from, and run again",
    )


def _first(before: Situation, after: Situation) -> RefusedError | None:
    written = [file for file in after.env_files if file not in before.env_files]
    for then, now in zip(before.views(), after.views(), strict=True):
        what = next(_differences(request(then, before.client), request(now, after.client)), None)
        moved = (
            f"{name} would have another value"
            for name, value in then.variables.items()
            if now.variables.get(name) != value
        )
        what = what or next(moved, None)
        if what:
            return RefusedError(f"{then.place}, {what}", _way_out(now, written))
    return None


def _differences(sent: Request | None, sends: Request | None) -> Iterator[str]:
    """Say how what the client `sends` is not what it sent; it sent nothing without a key."""
    if sent is None or sent.key is None:
        return
    if sends is None or sends.key is None:
        yield "the client would not find the key"
    elif sends != sent:
        changed = [
            words for name, words in _WORDS.items() if getattr(sent, name) != getattr(sends, name)
        ]
        yield f"the client would send {' and '.join(changed)}"


def _way_out(now: View, written: Sequence[EnvFile]) -> str:
    hidden = [file for file in written if file not in now.files]
    if hidden and now.files:
        return (
            f"the client reads {now.files[0].label} there and not {hidden[0].label}: set the "
            "variable in the first yourself, or name a client from 0.21.2 on with --client"
        )
    return "see which settings and .env files differ in it, and leave one value"
