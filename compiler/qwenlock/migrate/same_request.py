"""Checks that a migration changes neither the client's request nor its variables.

Every migration of credentials is checked, whatever its scripts do: in the project and in other
directories, with and without the variables that are set here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwenlock.migrate.request import request
from qwenlock.settings.script_api import RefusedError
from qwenlock.text.record import replace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qwenlock.migrate.request import Request
    from qwenlock.settings.project import Project, View
    from qwenlock.settings.variables import EnvFile


_WORDS = {
    "model": "another model",
    "base_url": "to another base URL",
    "generation_config": "other options",
    "key": "another key",
}


_BY_HAND = "add the model to modelProviders yourself, with envKey, baseUrl and generationConfig"


def difference(before: Project, after: Project) -> RefusedError | None:
    """Return what would change for the client, and the fix; None if nothing would.

    Args:
        before: the project before the migration.
        after: the project after it.
    """
    usual = _first(replace(before, environment={}), replace(after, environment={}))
    here = usual or _first(before, after)
    if usual or here is None:
        return usual
    return RefusedError(
        f"{here.message}, because of the variables that are set in this shell",
        "unset those that hold a key, URL or model for the client, and run again",
    )


def _first(before: Project, after: Project) -> RefusedError | None:
    written = [file for file in after.env_files if file not in before.env_files]
    views = {each.place: each for each in after.views()}
    for then in before.views():
        now = views[then.place]
        if _is_same(then, now):
            continue
        changed = _changed(request(then, before.client), request(now, after.client))
        if changed:
            way_out = _where_it_is_hidden(now, written) or _BY_HAND
            return RefusedError(f"{then.place}, the client would {changed}", way_out)
        for name, value in then.variables.items():
            if now.variables.get(name) != value:
                way_out = (
                    _where_it_is_hidden(now, written)
                    or f"keep only one value of {name}, and remove the others"
                )
                return RefusedError(f"{then.place}, {name} would have another value", way_out)
    return None


def _is_same(then: View, now: View) -> bool:
    """Tell whether everything that a request depends on is equal."""
    settings = [[each.settings for each in view.sources] for view in (then, now)]
    return settings[0] == settings[1] and then.variables == now.variables


def _changed(sent: Request | None, sends: Request | None) -> str | None:
    """Say how the new request differs from the old one; None if it does not, or had no key."""
    if sent is None or sent.key is None or sends == sent:
        return None
    if sends is None or sends.key is None:
        return "not find the key"
    changed = [
        words for name, words in _WORDS.items() if getattr(sent, name) != getattr(sends, name)
    ]
    return f"send {' and '.join(changed)}"


def _where_it_is_hidden(now: View, written: Sequence[EnvFile]) -> str | None:
    hidden = [file for file in written if file not in now.files]
    if not hidden or not now.files:
        return None
    return (
        f"the client reads {now.files[0].label} there and not {hidden[0].label}: set the "
        "variable in the first file yourself, or use --client 0.21.2 or later"
    )
