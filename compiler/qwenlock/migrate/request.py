"""The request that the client would make, which a migration of credentials must not change.

Guide, Resolution Layers and Atomicity, without flags. The selection that a lock records, which is
made by settings alone, is that of `compile.selection`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qwenlock.clients.hosts import runtime_base_url
from qwenlock.clients.profile import (
    API_KEY_VARIABLES,
    DEFAULT_BASE_URLS,
    GUIDE,
    profile,
)
from qwenlock.clients.route import Route, chosen
from qwenlock.compile.selection import AUTH_TYPE, MODEL, MODEL_URL, default_model
from qwenlock.settings.providers import providers
from qwenlock.settings.scopes import merged
from qwenlock.text.record import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qwenlock.clients.profile import Profile
    from qwenlock.settings.project import View
    from qwenlock.text.operations import Path


@dataclass(frozen=True, slots=True)
class Request:
    """The parts of a request; never show `key`."""

    model: str | None
    base_url: str | None
    generation_config: dict[str, Any]
    key: str | None = field(repr=False)


def auth_type(view: View) -> str | None:
    """Return the auth type that is selected in `view`, if it is one that takes a key."""
    selected = merged(view.sources, AUTH_TYPE)
    return selected if isinstance(selected, str) and selected in API_KEY_VARIABLES else None


def chosen_model(view: View, client: Profile) -> str | None:
    """Return the selected model, or else the built-in default, or else the first entry.

    Args:
        view: the settings and variables of the client.
        client: the client whose rules apply.
    """
    first = next((entry["id"] for entry in entries(view)), None)
    return text_at(view, MODEL) or default_model(str(auth_type(view)), first, client)


def entries(view: View) -> list[dict[str, Any]]:
    """Return the entries of the selected auth type that REPLACE leaves, unchanged."""
    selected = auth_type(view)
    found = providers(view.sources, profile(), "replace")
    return [each.value for one in found if one.auth_type == selected for each in one.models()]


def find(
    entries: Sequence[Any], view: View, client: Profile, model: str | None
) -> dict[str, Any] | None:
    """Return the entry that defines `model`, or None if it is a runtime model."""
    known = [entry for entry in entries if isinstance(entry, dict)]
    selected = auth_type(view)
    routes = [Route(selected, entry.get("id"), entry.get("baseUrl")) for entry in known]
    index = chosen(routes, Route(selected, model, text_at(view, MODEL_URL)), client)
    return None if index is None else known[index]


def request(view: View, client: Profile) -> Request | None:
    """Return what the client sends in `view`, or None if it uses no key.

    A model without a base URL uses that of its SDK. Not every release takes the base URL of the
    environment for such an entry; without `--client`, the entry is assumed to get none.

    Args:
        view: the settings and variables of the client.
        client: the client whose rules apply.
    """
    from qwenlock.resolve.resolution import NO_OPTIONS, resolve

    resolution = resolve(view.sources, view.variables, client, filling=view.filling)
    if resolution.auth_type not in API_KEY_VARIABLES:
        return None
    fields = resolution.fields
    options = {
        name: field.value
        for name, field in fields.items()
        if name not in NO_OPTIONS and field.value is not None
    }
    urls = fields["baseUrl"].candidates
    if client.name == GUIDE and resolution.kind == "provider":
        urls = tuple(each for each in urls if each.layer != "env")
    usual = dict(DEFAULT_BASE_URLS).get(resolution.auth_type)
    if resolution.kind == "runtime":
        usual = runtime_base_url(resolution.auth_type)
    base_url = urls[0].value if urls else usual
    return Request(fields["model"].value, base_url, options, fields["apiKey"].value)


def text_at(view: View, path: Path) -> str | None:
    """Return the text that the merged settings have at `path`, unless it is empty."""
    value = merged(view.sources, path)
    return value if isinstance(value, str) and value else None
