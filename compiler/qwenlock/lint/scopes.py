"""Rules about scopes (3xx), besides those that compiling reports."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwenlock.compile.entries import canonical
from qwenlock.compile.hiding import counted
from qwenlock.findings.finding import Finding, Related
from qwenlock.settings.providers import providers_in
from qwenlock.settings.scopes import PROVIDERS, merged, owner
from qwenlock.text.credentials import shown
from qwenlock.text.pattern import pattern

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qwenlock.findings.rules import Severity
    from qwenlock.lint.subject import Subject
    from qwenlock.settings.providers import PlacedEntry
    from qwenlock.settings.scopes import Source

_RELATED = 10
"""How many models that are defined differently a finding leads to."""
_TRUST = ("security", "folderTrust", "enabled")
_OF_THE_MACHINE = pattern(r"~|/|[A-Za-z]:")  # what a path begins with, as a lock records it
_TRUST_FIX = "trust it in Qwen Code with /trust (/permissions in earlier releases)"


def defined_otherwise(subject: Subject) -> Iterator[Finding]:
    """Report models that a scope below the owning one defines differently."""
    owning = owner(subject.sources)
    if owning is None or subject.project.merge == "client":
        return
    own = _by_name(owning, subject)
    for source in subject.sources:
        if source is owning:
            return
        other = [
            (name, entry)
            for name, entry in _by_name(source, subject).items()
            if name in own and canonical(entry.value) != canonical(own[name].value)
        ]
        if other:
            names = [f"{auth_type}/{shown(identity)}" for (auth_type, identity), _ in other]
            related = [
                Related(each.place("id"), words)
                for name, entry in other[:_RELATED]
                for each, words in ((own[name], "here"), (entry, "defined differently"))
            ]
            message = f"{counted(names)} defined differently in the {source.scope} scope"
            place = owning.place(PROVIDERS, on_key=True)
            fix = f"make them equal, or remove them from {source.document.label}"
            yield Finding("QL304", message, place, fix, related=tuple(related))


def depends_on_user(subject: Subject) -> Iterator[Finding]:
    """Report that a shared lock depends on the user scope; in CI that is a warning.

    A file of the project that stands for the user scope is shared as well.
    """
    lock = subject.compilation.lock
    if subject.project.stored is None or lock is None:
        return
    for source in subject.sources:
        counts = any(each.scope == "user" for each in lock.inputs)
        if counts and source.scope == "user" and _OF_THE_MACHINE.match(source.path):
            message = f"qwen.lock depends on {source.document.label}, which is not in the project"
            fix = (
                "put all settings into the project and lock with --no-user, or name a file in the "
            )
            severity: Severity | None = "warning" if subject.world.in_ci else None
            place = source.document.place(())
            yield Finding("QL305", message, place, f"{fix}project with --user", severity)


def untrusted(subject: Subject) -> Iterator[Finding]:
    """Report that the client ignores the project's settings."""
    outside = [source for source in subject.sources if source.scope != "project"]
    inside = [source for source in subject.sources if source.scope == "project"]
    if not inside or merged(outside, _TRUST) is not True or subject.world.trusted:
        return
    place = inside[0].document.place(())
    if subject.world.trusted is None:
        message = "no list mentions this folder; from 0.24.2 on, Qwen Code does not trust it"
        if not subject.client.trusts_unlisted:
            message = "no list mentions this folder, so its settings are ignored"
        level: Severity | None = "note" if subject.client.trusts_unlisted else None
        yield Finding("QL306", message, place, _TRUST_FIX, level)
        return
    message = (
        f"{subject.world.trust_file} says not to trust this folder, so its settings are ignored"
    )
    yield Finding("QL306", message, place, f"{_TRUST_FIX}, or add --untrusted")


def _by_name(source: Source, subject: Subject) -> dict[tuple[str, str], PlacedEntry]:
    """Return the entries of a source by the key of their provider and id, the first of each."""
    result: dict[tuple[str, str], PlacedEntry] = {}
    for provider in providers_in(source, subject.sources, subject.client):
        for entry in provider.models():
            result.setdefault((provider.name, entry.id), entry)
    return result
