"""The models besides the selected one, each resolved to the entry that the client uses for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwenlock.clients.other_models import (
    MAX_FALLBACKS,
    named,
    path_of,
    read,
    unfit,
)
from qwenlock.clients.other_models import other_models as settings_of
from qwenlock.clients.profile import OAUTH
from qwenlock.clients.route import Route
from qwenlock.compile.entries import EntryReader
from qwenlock.findings.finding import Finding
from qwenlock.lock.model import OtherModel, settings_entry
from qwenlock.settings.scopes import highest, merged
from qwenlock.text.credentials import references, shown
from qwenlock.text.similar import suggestion

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from qwenlock.clients.other_models import ModelSetting, Wanted
    from qwenlock.clients.profile import Profile
    from qwenlock.lock.model import Model, Selection
    from qwenlock.settings.scopes import Source, Sources
    from qwenlock.text.operations import Path

    Report = Callable[[Finding], None]

_TYPES_TRIED = (OAUTH, "openai", "vertex-ai", "anthropic", "gemini")
"""The auth types in which a bare id is looked up, after the selected one."""


def other_models(
    sources: Sources,
    models: Sequence[Model],
    selection: Selection,
    client: Profile,
    report: Report,
) -> tuple[OtherModel, ...]:
    """Return the other models that the settings of `sources` name for `client`.

    Args:
        sources: the scopes that have a file, low to high.
        models: the catalogue, in order.
        selection: the selection; a bare id is looked up in its auth type.
        client: the client whose rules apply.
        report: takes each finding.
    """
    reader = _Reader(sources, models, selection, client, report)
    return tuple(each for setting in settings_of(client) for each in reader.read(setting))


class _Reader:
    def __init__(
        self,
        sources: Sources,
        models: Sequence[Model],
        selection: Selection,
        client: Profile,
        report: Report,
    ) -> None:
        self._sources = sources
        self._models = models
        self._selected = selection.route.protocol
        self._client = client
        self._report = report

    def read(self, setting: ModelSetting) -> Iterator[OtherModel]:
        """Yield the models that `setting` names, in order."""
        value = merged(self._sources, setting.path)
        source = highest(self._sources, setting.path)
        if not value or source is None:
            return
        place = source.place(setting.path)
        dotted = ".".join(setting.path)
        kind, right = ("an object", dict) if setting.form == "map" else ("a string", str)
        if not isinstance(value, right):
            message = f"{dotted} must be {kind}, so it is ignored"
            self._report(Finding("QL606", message, place, f"write {kind}"))
        texts = named(setting, value)
        if setting.form == "list" and len(texts) > MAX_FALLBACKS:
            message = f"{dotted} names {len(texts)} models, but only {MAX_FALLBACKS} are tried"
            self._report(Finding("QL610", message, place, f"name at most {MAX_FALLBACKS}"))
            texts = texts[:MAX_FALLBACKS]
        for name, text in texts:
            yield self._one(setting, name, text)

    def _one(self, setting: ModelSetting, name: str | None, text: str) -> OtherModel:
        path: Path = path_of(setting.role, name) or setting.path
        source = highest(self._sources, path) or self._sources[-1]
        reader = EntryReader(self._client, self._report, source.place)
        if name is not None:
            reader.check_names([name], setting.path)
        reader.check_text(text, path)
        wanted = read(setting, text, self._client)
        route = self._route(setting, wanted, source, path) if wanted else Route(None, None)
        return OtherModel(
            role=setting.role,
            name=name,
            value=text,
            source=source.scope,
            auth_type=route.auth_type,
            model=route.model,
            base_url=route.base_url,
            wire_api=route.wire_api,
        )

    def _route(self, setting: ModelSetting, wanted: Wanted, source: Source, path: Path) -> Route:
        """Return the route of the entry that is used; an empty route if there is none."""
        found = self._matching(setting, wanted)
        fits = [each for each in found if self._unfit(setting, each) is None]
        if fits and not (setting.search == "only-one" and len(fits) > 1):
            return self._recorded(min(fits, key=self._rank))
        if not found and wanted.model in self._client.oauth_models:
            return Route(OAUTH, wanted.model)
        if not found and any(map(references, [wanted.model, *(each.id for each in self._models)])):
            return Route(None, None)  # variables decide
        finding = self._explained(setting, wanted, found, fits, ".".join(map(_shown, path)))
        self._report(Finding(finding[0], finding[1], source.place(path), finding[2]))
        return Route(None, None)

    def _matching(self, setting: ModelSetting, wanted: Wanted) -> list[Model]:
        """Return the entries that a text can mean, in the order of the catalogue."""
        only_selected = setting.search == "selected" and wanted.auth_type is None
        types = {wanted.auth_type, self._selected if only_selected else None} - {None}
        return [
            model
            for model in self._models
            if model.id == wanted.model
            and (not types or model.route.protocol in types)
            and wanted.base_url in (None, model.base_url or "")
        ]

    def _unfit(self, setting: ModelSetting, model: Model) -> str | None:
        return unfit(setting, settings_entry(model), self._client)

    def _rank(self, model: Model) -> tuple[int, bool]:
        """Return the sort key of an entry: the client tries the lowest first."""
        order = [self._selected, *_TYPES_TRIED]
        protocol = model.route.protocol
        at = order.index(protocol) if protocol in order else len(order)
        return at, bool(model.base_url)  # it tries an entry without a base URL first

    def _recorded(self, model: Model) -> Route:
        """Return the route of an entry, with its base URL where the id does not tell which."""
        alike = sum(each.id == model.id for each in self._models) > 1
        url = (model.base_url or "") if alike and self._client.identity_has_url else None
        return model.route._replace(base_url=url)

    def _explained(
        self,
        setting: ModelSetting,
        wanted: Wanted,
        found: Sequence[Model],
        fits: Sequence[Model],
        name: str,
    ) -> tuple[str, str, str]:
        """Return the code, the message and the help about a text for which no entry is used."""
        model = shown(wanted.model)
        if not found:
            ids = tuple(each.id for each in self._models)
            where = " for this auth type and base URL" if wanted.model in ids else ""
            message = f'{name}: no entry defines "{model}"{where}; {setting.without}'
            near = None if where else suggestion(wanted.model, ids)
            return "QL609", message, near or "name a model of modelProviders"
        if fits:
            types = sorted({str(each.route.protocol) for each in fits})
            message = f'{name}: several entries define "{model}"; {setting.without}'
            fix = f"write the auth type before it, as in {types[0]}:{model}"
            if setting.form == "id":
                fix = "keep one of them"
            elif len(types) == 1:
                fix = "choose it with /model in the client, which records its base URL too"
            return "QL610", message, fix
        field = str(self._unfit(setting, found[0]))
        if field.startswith("!"):
            message = f'{name}: "{model}" has no {field[1:]}; {setting.without}'
            return "QL610", message, f'add "{field[1:]}": true to it, if it can do that'
        message = f'{name}: "{model}" is not used because of its {field}; {setting.without}'
        return "QL610", message, "name another model"


def _shown(step: str | int) -> str:
    return shown(str(step))
