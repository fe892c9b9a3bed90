"""What a change of settings comes to in the lock: compiled before and after, and compared."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwenlock.clients.scopes import SCOPES
from qwenlock.compile.compiler import compile_lock
from qwenlock.findings.reading import parse
from qwenlock.lock.diff import diff
from qwenlock.settings.versions import source_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qwenlock.change.target import Scopes
    from qwenlock.clients.profile import Profile
    from qwenlock.findings.file_changes import Change
    from qwenlock.lock.diff import Change as Difference
    from qwenlock.plans.plan import Plan
    from qwenlock.settings.scopes import Sources


def effect(
    change: Change, scopes: Scopes, plans: Sequence[Plan], client: Profile
) -> tuple[Difference, ...]:
    """Return what `change` of the files of `scopes` changes in the lock, but for the inputs.

    Nothing where the settings do not compile.
    """
    locks = [
        compile_lock(sources, plans, client).lock
        for sources in (scopes.sources, _sources_after(change, scopes))
    ]
    before, after = locks
    if before is None or after is None:
        return ()
    return tuple(each for each in diff(before, after) if each.kind != "input")


def _sources_after(change: Change, scopes: Scopes) -> Sources:
    sources = {source.scope: source for source in scopes.sources}
    for scope, path in scopes.paths.items():
        for file in change.files:
            if file.path == path:
                sources[scope] = source_of(scope, parse(file.after, file.label))
    return sorted(sources.values(), key=lambda source: SCOPES.index(source.scope))
