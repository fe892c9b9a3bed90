"""What settings result in: the catalogue, its selection, and the other models that are used."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from qwenlock.compile.other_models import other_models
from qwenlock.compile.selection import select

if TYPE_CHECKING:
    from collections.abc import Callable

    from qwenlock.clients.profile import Profile
    from qwenlock.clients.route import Route
    from qwenlock.compile.catalogue import Entry
    from qwenlock.findings.finding import Finding
    from qwenlock.lock.model import Model, OtherModel, Selection
    from qwenlock.settings.scopes import Sources

    Report = Callable[[Finding], None]


class Reading(NamedTuple):
    """What settings result in.

    Attributes:
        entries: the entries that count, skipped ones too.
        models: the catalogue, in order.
        selection: the auth type and model that the settings select.
        others: the models that are used besides.
    """

    entries: tuple[Entry, ...]
    models: tuple[Model, ...]
    selection: Selection
    others: tuple[OtherModel, ...]

    def model(self, route: Route) -> Model | None:
        """Return the model that a selection or another model stands for; None for no entry."""
        return next((model for model in self.models if route.is_of(model.route)), None)


def read(
    sources: Sources,
    entries: tuple[Entry, ...],
    client: Profile,
    report: Report,
) -> Reading:
    """Return what the settings of `sources` result in with the `entries` of a catalogue.

    Args:
        sources: the scopes that have a file, low to high.
        entries: the entries that count, skipped ones too.
        client: the client whose rules apply.
        report: takes each finding about the selection and the other models.
    """
    models = tuple(entry.model for entry in entries if not entry.skipped)
    selection = select(sources, models, client, report)
    others = other_models(sources, models, selection, client, report)
    return Reading(entries, models, selection, others)
