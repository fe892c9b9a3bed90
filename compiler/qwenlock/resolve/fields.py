"""A field and its layers: the value from each layer, highest first.

Guide, Resolution Layers and Atomicity.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

from qwenlock.findings.errors import InputError
from qwenlock.findings.finding import Finding
from qwenlock.lock.values import MAX_DEPTH
from qwenlock.settings.scopes import contribution, highest, is_cut_off, merged
from qwenlock.text.credentials import substituted
from qwenlock.text.operations import get
from qwenlock.text.record import dataclass, field
from qwenlock.text.values import deeper_than

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from qwenlock.settings.scopes import Sources
    from qwenlock.text.document import Place
    from qwenlock.text.operations import Path

Layer: TypeAlias = Literal["provider", "cli", "env", "settings", "default"]
"""The layers that are known before a run; /auth and /model override all of them."""


class Named(NamedTuple):
    """A variable as the source of a value, by its name."""

    name: str


LayerOrigin: TypeAlias = "Named | Place | str"
"""Where a value comes from: a variable, a place in settings, or a text such as a flag."""


class Candidate(NamedTuple):
    """The value of a field in one layer.

    Attributes:
        layer: the layer.
        origins: where it comes from; several if scopes are merged into one object.
        value: the value that the client uses; None leaves the field unset.
        written: the value as written, with its references to variables.
    """

    layer: Layer
    origins: tuple[LayerOrigin, ...]
    value: Any
    written: Any


class ResolvedField(NamedTuple):
    """A field of what the client uses.

    Attributes:
        name: its name in the guide, such as `baseUrl` or `samplingParams`.
        candidates: the values of the layers, highest first: the first wins.
    """

    name: str
    candidates: tuple[Candidate, ...] = ()

    @property
    def value(self) -> Any:
        """Return the value in force; None if there is none. May be a key."""
        return self.candidates[0].value if self.candidates else None


@dataclass(frozen=True, slots=True)
class Arguments:
    """The client's flags; None for a flag that is not given or empty."""

    auth_type: str | None = None
    model: str | None = None
    api_key: str | None = field(default=None, repr=False)
    base_url: str | None = None
    proxy: str | None = None


def by_flag(flag: str, value: str | None) -> list[Candidate]:
    """Return the value of `flag` on the command line.

    Args:
        flag: the flag, as it is typed.
        value: its value; None or empty if it is not given.
    """
    return [Candidate("cli", (flag,), value, value)] if _is_present(value) else []


def by_variable(name: str | None, variables: Mapping[str, str], layer: Layer) -> list[Candidate]:
    """Return the value of the variable `name`, if it is set.

    Args:
        name: the name of the variable.
        variables: the variables that the client has.
        layer: the layer that a value from it belongs to.
    """
    value = variables.get(name) if name else None
    return [Candidate(layer, (Named(str(name)),), value, value)] if _is_present(value) else []


def by_settings(sources: Sources, path: Path, variables: Mapping[str, str]) -> list[Candidate]:
    """Return the text that each scope has at `path`, the highest scope first.

    Empty if the merged settings have no text there.

    Args:
        sources: the settings that count, low to high.
        path: the keys that lead to the text.
        variables: the variables for `$NAME` in it.
    """
    return _by_scopes(sources, path, variables, _is_present)


def by_option(sources: Sources, path: Path, variables: Mapping[str, str]) -> list[Candidate]:
    """Return the values at `path`, of any type; the objects of several scopes become one.

    Args:
        sources: the settings that count, low to high.
        path: the keys that lead to the value.
        variables: the variables for `$NAME` in it.
    """
    whole = merged(sources, path)
    source = highest(sources, path)
    if source is None or not isinstance(whole, dict):
        return _by_scopes(sources, path, variables, lambda value: value is not None)
    said = by_value("settings", source.place(path, on_key=True), whole, variables)
    giving = [
        source
        for index, source in enumerate(sources)
        if contribution(sources, index, path) is not None
    ]
    places = tuple(source.place(path, on_key=True) for source in reversed(giving))
    return [said._replace(origins=places)]


def by_value(layer: Layer, place: Place, value: Any, variables: Mapping[str, str]) -> Candidate:
    """Return the candidate of `layer` for a JSON `value` at `place`.

    Args:
        value: the value as written.
        place: where it is written.
        layer: the layer that it belongs to.
        variables: the variables for `$NAME` in it.

    Raises:
        InputError: it is nested deeper than a model may be.
    """
    if isinstance(value, dict | list) and deeper_than(value, MAX_DEPTH):
        message = f"the value is nested deeper than {MAX_DEPTH} levels"
        raise InputError(message, findings=(Finding("QL104", message, place),))
    return Candidate(layer, (place,), _filled(value, variables), value)


def _filled(value: Any, variables: Mapping[str, str]) -> Any:
    """Return a JSON `value` with references replaced by the variables that are set."""
    match value:
        case str():
            return substituted(value, variables)
        case dict():
            return {name: _filled(item, variables) for name, item in value.items()}
        case list():
            return [_filled(item, variables) for item in value]
        case _:
            return value


def _by_scopes(
    sources: Sources,
    path: Path,
    variables: Mapping[str, str],
    is_usable: Callable[[object], bool],
) -> list[Candidate]:
    result: list[Candidate] = []
    for source in reversed(sources):
        value = get(source.settings, path)
        if is_usable(value):
            place = source.place(path, on_key=True)
            result.append(by_value("settings", place, value, variables))
        elif not result and (source.has(path) or is_cut_off(source.settings, path)):
            break  # it replaces the values of lower scopes
    return result


def _is_present(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())
