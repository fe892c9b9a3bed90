"""Refuses to enforce a lock that would change requests which the lock does not decide.

There are two cases: the lock was made for another release, or its selection is undecided, so that
the client chooses. In both, enforcing the catalogue could send requests elsewhere.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from qwenlock.enforce.enforcing import enforcing_settings
from qwenlock.findings.errors import InputError, QwenlockError
from qwenlock.findings.reading import parse
from qwenlock.resolve.resolution import resolve
from qwenlock.settings.versions import source_of
from qwenlock.text.credentials import shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from qwenlock.clients.profile import Profile
    from qwenlock.compile.compiler import Compilation
    from qwenlock.lock.model import Lock
    from qwenlock.resolve.resolution import Resolution
    from qwenlock.settings.scopes import Source

_ROUTE = ("authType", "model", "baseUrl", "apiKeyEnvKey", "apiKey")


def refuse_other_client(
    lock: Lock, release: str, compilation: Compilation, scopes: Sequence[Any], way_out: str
) -> None:
    """Refuse a lock that means something else for the release that is installed.

    Args:
        lock: a lock for another client.
        release: the release that is installed.
        compilation: what the settings compile to for that release.
        scopes: the settings of every scope of this machine.
        way_out: how to lock for that release.

    Raises:
        InputError: for that release the settings have errors.
        QwenlockError: a lock for that release would be enforced differently.
    """
    here = f"Qwen Code {release} is installed"
    made = "the guide" if lock.client == "guide" else f"Qwen Code {lock.client}"
    if compilation.lock is None:
        message = f"the lock is for {made}, but {here}, for which the settings have errors"
        raise InputError(message, findings=compilation.findings)
    before, after = (enforcing_settings(each, scopes) for each in (lock, compilation.lock))
    if before == after:
        return
    differing = [name for name in after | before if before.get(name) != after.get(name)]
    message = (
        f"the lock is for {made}, but {here}, which reads these settings differently: a lock for "
        f"it would enforce another {_listed(differing)}"
    )
    raise QwenlockError(message, way_out)


def refuse_other_request(
    sources: Sequence[Source],
    enforcing: dict[str, Any],
    variables: Mapping[str, str],
    filling: Mapping[str, str],
    client: Profile,
) -> None:
    """Refuse to enforce a lock that leaves the choice to the client, and yet changes it.

    Args:
        sources: the settings that the client reads here, low to high.
        enforcing: the whole settings of the system scope with the lock enforced.
        variables: the variables that the client has here; never to be shown.
        filling: those of them that it puts in the place of `$NAME` in settings.
        client: the client whose rules apply.

    Raises:
        QwenlockError: with the lock enforced, the client would use another model, endpoint or key.
    """
    system = source_of("system", parse(json.dumps(enforcing), "system"))
    under = [*sources, system]
    before, after = (resolve(each, variables, client, filling=filling) for each in (sources, under))
    if _request(before) == _request(after):
        return
    used, instead = _named(before), _named(after)
    if used == instead:
        instead = "another endpoint or key for it"
    message = (
        f"the lock leaves the model to the client, which would use {used}; with the locked models "
        f"it would use {instead}"
    )
    fix = "select one of the locked models in your settings, or start the client without qwenlock"
    raise QwenlockError(message, fix)


def _request(resolution: Resolution) -> tuple[Any, ...]:
    return resolution.kind, *(resolution.fields[name].value for name in _ROUTE)


def _named(resolution: Resolution) -> str:
    if resolution.kind is None:
        return "none"
    model = resolution.fields["model"].value
    name = f"{resolution.auth_type}/{shown(model)}" if model else f"{resolution.auth_type}"
    return f"{name} (as a runtime model)" if resolution.kind == "runtime" else name


def _listed(names: Sequence[str]) -> str:
    words = {"modelProviders": "list of models", "model": "model", "security": "selection"}
    return " and ".join(dict.fromkeys(words.get(name, name) for name in names))
