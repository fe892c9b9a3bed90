"""Selects another model of a lock for one run; nothing is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwenlock.clients.profile import profile
from qwenlock.clients.route import api_of
from qwenlock.findings.errors import UsageError
from qwenlock.lock.model import Selection
from qwenlock.text.credentials import shown
from qwenlock.text.record import replace
from qwenlock.text.similar import suggestion

if TYPE_CHECKING:
    from qwenlock.lock.model import Lock


def with_selected(lock: Lock, name: str) -> Lock:
    """Return `lock` with another of its models selected.

    Of several entries with one id and auth type, the locked one stays selected if it is one of
    them; else the first is selected, as the client does.

    Args:
        lock: the lock.
        name: the model's id, or `auth-type/id`.

    Raises:
        UsageError: the lock has no such model, has it for several auth types, or allows only
            another auth type.
    """
    found = [each for each in lock.models if name in (each.id, f"{each.auth_type}/{each.id}")]
    types = list(dict.fromkeys(each.auth_type for each in found))
    if not found:
        known = tuple(each.id for each in lock.models)
        fix = suggestion(name, known) or "run `qwenlock show` to list the models"
        raise UsageError(f"the lock has no model {shown(name)!r}", fix)
    if types[1:]:
        fix = f"write {' or '.join(f'{each}/{shown(name)}' for each in types)}"
        raise UsageError(f"{shown(name)} is defined for {' and '.join(types)}", fix)
    first, allowed = found[0], lock.selection.enforced_type
    if allowed not in (None, first.auth_type):
        message = f"the settings allow only models of {allowed}"
        raise UsageError(message, "select one of them, or change security.auth.enforcedType")
    locked = lock.selection
    if (locked.kind, locked.auth_type, locked.model) == ("provider", first.auth_type, first.id):
        return lock
    is_ambiguous = len(found) > 1 and profile(lock.client).selects_url
    selection = Selection(
        auth_type=first.auth_type,
        model=first.id,
        kind="provider",
        base_url=(first.base_url or "") if is_ambiguous else None,
        wire_api=api_of(first.route) if first.wire_api else None,
        enforced_type=allowed,
    )
    return replace(lock, selection=selection)
