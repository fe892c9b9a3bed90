"""Describes a resolution: the value of every field and what it overrides, never a key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qwenlock.clients.fields import GENERATION_FIELDS
from qwenlock.resolve.fields import Named
from qwenlock.resolve.resolution import NO_OPTIONS
from qwenlock.settings.variables import EnvFile
from qwenlock.text.credentials import (
    MASK,
    masked,
    names_a_credential,
    names_a_variable,
    references,
    shown,
    without,
)
from qwenlock.text.document import Place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from qwenlock.resolve.fields import Candidate, LayerOrigin, ResolvedField
    from qwenlock.resolve.resolution import Resolution
    from qwenlock.settings.variables import Variable

PROGRAMMATIC = ("authType", "model", "apiKey", "baseUrl", "generationConfig")
"""What /auth and /model can change at run time (guide, Programmatic overrides)."""

_NAMES = {*NO_OPTIONS, *(field.name for field in GENERATION_FIELDS)}


def described(
    resolution: Resolution,
    variables: Mapping[str, Variable],
    definitions: Callable[[str], Sequence[Variable]] = lambda _: (),
) -> dict[str, Any]:
    """Return a resolution as a JSON document.

    Args:
        resolution: what a client uses.
        variables: the variables that it was resolved with, to tell where each is set.
        definitions: returns all definitions of a variable; the first is the one in `variables`.

    Returns:
        `kind`, `snapshot` and `fields`, each with `value`, `layer`, `source` and the values it
        `overrides`; keys are masked, and references to variables are shown as written. Also the
        client, what a snapshot is missing, what `/auth` and `/model` could change, and notes.
    """
    describer = _Describer(resolution, variables, definitions)
    snapshot = resolution.snapshot
    return {
        "client": resolution.client.name,
        "kind": resolution.kind,
        "snapshot": None if snapshot is None else describer.text(snapshot),
        "missing": list(resolution.missing),
        "programmatic": {"by": ["/auth", "/model"], "known": False, "fields": [*PROGRAMMATIC]},
        "fields": {
            describer.name(name): describer.field(each) for name, each in resolution.fields.items()
        },
        "notes": list(_notes(resolution, variables)),
    }


class _Describer:
    def __init__(
        self,
        resolution: Resolution,
        variables: Mapping[str, Variable],
        definitions: Callable[[str], Sequence[Variable]],
    ) -> None:
        self._variables, self._definitions = variables, definitions
        named = {each.value for name, each in variables.items() if names_a_credential(name)}
        keys = (each.value for each in resolution.fields["apiKey"].candidates)
        self._secrets = named | {key for key in keys if key}

    def field(self, field: ResolvedField) -> dict[str, Any]:
        said = [row for each in field.candidates for row in self._rows(field.name, each)]
        winner = said[0] if said else {"value": None, "layer": None, "source": None}
        return {**winner, "overrides": said[1:]}

    def name(self, name: str) -> str:
        """Return the name of a field; in the guide, generationConfig may hold any field."""
        return name if name in _NAMES else self.text(name)

    def text(self, text: str) -> str:
        return without(shown(text), self._secrets)

    def _rows(self, name: str, candidate: Candidate) -> Iterator[dict[str, Any]]:
        """Yield the row of a layer, then those of the other places that set the same variable."""
        said = self._candidate(name, candidate)
        yield said
        for origin in candidate.origins:
            if isinstance(origin, Named) and name != "authType":  # that is not a variable's value
                used = self._variables[origin.name]
                for lost in self._definitions(origin.name):
                    if lost.value and lost != used:
                        value = self._lost(origin.name, lost.value, name)
                        yield {**said, "value": value, "source": self._place(origin.name, lost)}

    def _lost(self, variable: str, value: str, name: str) -> Any:
        is_key = name == "apiKey" or names_a_credential(variable)
        return MASK if is_key else self._harmless(masked(value, name))

    def _candidate(self, name: str, candidate: Candidate) -> dict[str, Any]:
        if name == "apiKey":
            value: Any = None if candidate.value is None else MASK
        elif name == "apiKeyEnvKey":
            value = _variable(candidate.written)
        else:
            value = self._harmless(masked(candidate.written, name))
        origins = ", ".join(map(self._origin, candidate.origins))
        return {"value": value, "layer": candidate.layer, "source": origins}

    def _harmless(self, value: Any) -> Any:
        match value:
            case str():
                return self.text(value)
            case dict():
                return {self.text(name): self._harmless(item) for name, item in value.items()}
            case list():
                return [self._harmless(item) for item in value]
            case _:
                return value

    def _origin(self, origin: LayerOrigin) -> str:
        match origin:
            case Named(name):
                return self._place(name, self._variables[name])
            case Place():
                return _line(origin)
            case _:
                return origin

    def _place(self, name: str, variable: Variable) -> str:
        if variable.origin is None:
            return name
        if isinstance(variable.origin, EnvFile):
            return f"{name} in {variable.origin.label}"
        return f"{name} in {_line(variable.origin.place(('env', name), on_key=True))}"


def _variable(name: str) -> str:
    """Return the name of a variable; a key pasted in its place is masked."""
    return name if names_a_variable(name) else MASK


def _line(place: Place) -> str:
    return f"{place.document.label}:{place.position().line}"


def _notes_of_the_key(
    fields: Mapping[str, ResolvedField], variables: Mapping[str, Variable]
) -> Iterator[str]:
    for named in fields["apiKeyEnvKey"].candidates:
        if named.value not in variables:
            instead = fields["apiKey"].candidates
            sent = "no key is sent" if fields["apiKey"].value is None else "another key is sent"
            name = _variable(named.written)
            name = f"the variable that {name} names" if references(name) else name
            yield f"{name} is not set: {sent if instead else 'the client has no key'}"
    for candidate in fields["apiKey"].candidates:
        for name in references(candidate.written or ""):
            if candidate.layer == "settings" and candidate.value is None:
                is_set = "set in a place that does not count there"
                lacks = is_set if name in variables else "not set"
                yield f"security.auth.apiKey refers to {name}, which is {lacks}"


def _notes(resolution: Resolution, variables: Mapping[str, Variable]) -> Iterator[str]:
    """Yield notes that explain the values."""
    client, fields = resolution.client, resolution.fields
    auth_type = resolution.auth_type
    if resolution.kind is None:
        if auth_type is None:
            yield "no auth type is selected: the client asks for a login"
        else:
            yield f'"{shown(auth_type)}" is not an auth type: the client cannot start'
        return
    if resolution.is_first:
        wanted = next((each for each in fields["model"].candidates[1:] if each.value), None)
        named = f'no {auth_type} entry defines "{shown(str(wanted.value))}"' if wanted else ""
        why = "nothing but entries gives a key or a base URL, so the client uses the first entry"
        yield f"{named}; {why}" if named else why
    yield from _notes_of_the_key(fields, variables)
    layers = [each.layer for each in fields["apiKey"].candidates]
    if client.refuses_flag_key and layers == ["cli"]:
        yield f"Qwen Code {client.name} refuses a key given only by flag if there is no terminal"
    if fields["extra_body"].value is not None and auth_type not in client.extra_body_types:
        yield f"extra_body is not sent: {auth_type} requests do not support it"
