"""The status of every model in the settings: selected, offered, ignored or hidden.

Guide, Generation Config Layering (last paragraph); How Qwen Code reads settings, "Merging".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from qwenlock.clients.route import chosen
from qwenlock.lint.plans import identified
from qwenlock.plans.collection import Plans
from qwenlock.settings.plan_state import latest, recorded
from qwenlock.settings.providers import providers_in
from qwenlock.settings.scopes import PROVIDERS, highest, owner
from qwenlock.text.operations import get

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qwenlock.compile.catalogue import Entry
    from qwenlock.lint.subject import Subject
    from qwenlock.lock.model import InstalledPlan
    from qwenlock.plans.plan import Plan
    from qwenlock.settings.providers import PlacedEntry, Provider
    from qwenlock.settings.scopes import Source
    from qwenlock.text.document import Place

Stands: TypeAlias = Literal["selected", "offered", "ignored", "hidden"]


class Standing(NamedTuple):
    """The status of a model.

    Attributes:
        written: where it is written.
        entry: its entry in the catalogue; None if it is hidden.
        stands: the status.
        words: the same in words.
    """

    written: PlacedEntry
    entry: Entry | None
    stands: Stands
    words: str

    @property
    def place(self) -> Place:
        """Return the place of its id."""
        return self.written.place("id")


class PlanStanding(NamedTuple):
    """The status of an installed plan.

    Attributes:
        plan: the plan.
        installed: its region, version and models.
        version: the version that is recorded, or else that of its models; None if unknown.
        newer: the version that the client would update it to, if that is another one.
        first: its first model.
    """

    plan: Plan
    installed: InstalledPlan
    version: str | None
    newer: str | None
    first: Entry

    def words(self) -> str:
        """Return the status in words."""
        region = f" ({self.installed.region})" if len(self.plan.regions) > 1 else ""
        words = f"{self.plan.title}{region} {self.version or 'of an unknown version'}"
        return f"{words}; {self.newer} is available" if self.newer else words


def standings(subject: Subject, source: Source) -> Iterator[Standing]:
    """Yield the status of every model in `source`, in order.

    A model that cannot be read is left out: a finding says why.
    """
    counted = {entry.path: entry for entry in subject.compilation.entries if entry.source is source}
    selected = selected_entry(subject)
    for provider in providers_in(source, subject.sources, subject.client):
        if provider.why_skipped(subject.client) is not None:
            continue
        hidden = _hidden(provider, subject)
        for written in provider.models():
            entry = counted.get(written.path)
            if entry is None and hidden is not None:
                yield Standing(written, None, "hidden", hidden)
            elif entry is not None and entry is selected:
                yield Standing(written, entry, "selected", "selected")
            elif entry is not None and entry.skipped:
                line = subject.first_of(entry).place("id").position().line
                words = f"ignored: the first, on line {line}, wins"
                yield Standing(written, entry, "ignored", words)
            elif entry is not None:
                yield Standing(written, entry, "offered", "offered")


def selected_entry(subject: Subject) -> Entry | None:
    """Return the entry that the settings select, or None."""
    selection = subject.compilation.selection
    if selection.kind != "provider":
        return None
    offered = [each for each in subject.compilation.entries if not each.skipped]
    index = chosen([each.model.route for each in offered], selection.route, subject.client)
    return None if index is None else offered[index]


def plan_standings(subject: Subject) -> Iterator[PlanStanding]:
    """Yield the status of each installed plan."""
    known = Plans.of(subject.plans)
    for installed in subject.compilation.plans:
        plan = known.plan(installed.id)
        own = [each for each in subject.compilation.entries if each.model.origin == plan.id]
        where = plan.regions_of([each.raw for each in own])
        first = own[[each.name for each in where].index(installed.region)]
        state = recorded(plan, subject.sources)
        found = identified(plan, subject, state.version) if state else None
        newest = latest(plan, subject.client)
        is_due = found and newest and found.order() < newest.order()
        yield PlanStanding(
            plan,
            installed,
            found.version if found else installed.version,
            newest.version if newest and is_due else None,
            first,
        )


def _hidden(provider: Provider, subject: Subject) -> str | None:
    """Return what hides the models of a provider, in words; None if nothing does."""
    owning = owner(subject.sources)
    path = (*PROVIDERS, provider.name)
    if subject.project.merge == "client":
        above = highest(subject.sources, path)
        is_hidden = above is not None and above is not provider.source
        return f"hidden by {above.document.label}" if above and is_hidden else None
    if owning is None or owning is provider.source:
        return None
    words = f"hidden by {owning.document.label}"
    held = get(owning.settings, PROVIDERS)
    if subject.client.is_release and isinstance(held, dict) and provider.name not in held:
        return f"{words} in the lock; Qwen Code {subject.client.name} still offers it"
    return words
