"""The lock as data. Reading and writing its text is done in `text`.

Plain dataclasses, so that compiling loads no pydantic; pydantic validates them where a lock comes
in from outside, and makes their JSON Schema.
"""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

from qwenlock.clients.other_models import path_of
from qwenlock.clients.route import Route
from qwenlock.clients.scopes import ScopeName  # noqa: TC001  (pydantic reads it)
from qwenlock.lock.options import Options
from qwenlock.text.checked import Digest, FileName, KebabCase, NonEmpty, VariableName, Version
from qwenlock.text.record import dataclass, field

LOCK_VERSION = "2.0"

Merge: TypeAlias = Literal["replace", "client"]
"""How scopes' modelProviders become one catalogue: by the guide, or as a client does by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection(KebabCase):
    """The auth type and model that a run starts with."""

    auth_type: NonEmpty | None = None
    """The auth type; left out if the settings choose none."""
    model: str | None = None
    """The model's id; left out if only the environment decides it."""
    kind: Literal["provider", "runtime", "built-in", "undecided"]
    """What defines the model: an entry, the layers, or the client itself; or whether the settings
    leave it to environment variables."""
    source: ScopeName | Literal["default"] | None = None
    """The scope that chose it; `default` if a default did; left out if nothing did."""
    base_url: str | None = None
    """The endpoint: of a runtime model, or if the id alone does not identify the entry; empty for
    an entry without one."""
    wire_api: NonEmpty | None = None
    """The API that an OpenAI-compatible entry names for its requests."""
    env_key: VariableName | None = None
    """The variable that holds a runtime model's key."""
    generation_config: dict[str, Any] | None = None
    """A runtime model's generationConfig."""
    enforced_type: NonEmpty | None = None
    """The only auth type that the settings allow a run without a terminal."""

    @property
    def route(self) -> Route:
        """Return where the requests go."""
        return Route(self.auth_type, self.model, self.base_url, self.wire_api)

    @property
    def is_chosen(self) -> bool:
        """Tell whether settings made it, and neither a default nor environment variables."""
        return self.kind != "undecided" and self.source != "default"


@dataclass(frozen=True, slots=True, kw_only=True)
class Input(KebabCase):
    """A settings file that the lock was compiled from."""

    scope: ScopeName
    """The scope that it defines."""
    path: FileName
    """The file, relative to the project or to the home directory (~)."""
    digest: Digest
    """Digest of the part of the file that can change the lock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InstalledPlan(KebabCase):
    """A plan whose models are in the catalogue."""

    id: NonEmpty
    """The plan."""
    region: NonEmpty
    """The region whose endpoint the models have."""
    version: Version | None = None
    """The template version; left out if the models match no known one."""
    digest: Digest
    """Digest of the plan's models, as the client computes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Model(KebabCase):
    """One model of the catalogue, equal as a JSON value to the entry it came from."""

    auth_type: NonEmpty
    """The auth type it is listed under."""
    provider: str | None = None
    """The key of modelProviders that it is listed under, if that is not its auth type."""
    id: NonEmpty
    """The id, sent to the API as it is."""
    name: str | None = None
    """What /model shows."""
    env_key: VariableName | None = None
    """The variable that holds its key."""
    base_url: str | None = None
    """Its endpoint."""
    wire_api: NonEmpty | None = None
    """The API for its requests, if it names one and the client reads it."""
    origin: NonEmpty
    """The plan that owns it, or `custom`."""
    scope: ScopeName
    """The scope that defines it."""
    generation_config: dict[str, Any] | None = None
    """Its generationConfig, keys as the client spells them."""
    capabilities: dict[str, Any] | None = None
    """Its capabilities, keys as the client spells them."""
    fields: dict[str, Any] = field(default_factory=dict)
    """All other fields of the entry, as spelled."""

    @property
    def route(self) -> Route:
        """Return where its requests go."""
        return Route(self.auth_type, self.id, self.base_url, self.wire_api)


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherModel(KebabCase):
    """A model that a setting names, and the client uses besides the selected one."""

    role: NonEmpty
    """What it is used for, such as `fast`."""
    name: str | None = None
    """Its name in the setting, if the setting gives each model a name."""
    value: NonEmpty
    """The value of the setting, as spelled."""
    source: ScopeName
    """The scope that sets it."""
    auth_type: NonEmpty | None = None
    """The auth type of the entry that is used; left out if there is none."""
    model: NonEmpty | None = None
    """The id of that entry."""
    base_url: str | None = None
    """Its endpoint, if the id alone does not identify the entry."""
    wire_api: NonEmpty | None = None
    """The API that it names for its requests."""

    @property
    def setting(self) -> str:
        """Return the setting that names it, as a dotted path; else the role."""
        return ".".join(path_of(self.role, self.name) or (self.role,))

    @property
    def route(self) -> Route:
        """Return where the requests go."""
        return Route(self.auth_type, self.model, self.base_url, self.wire_api)


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentVariable(KebabCase):
    """A variable that must exist where the client runs."""

    name: VariableName
    """The variable."""
    used_by: tuple[str, ...]
    """What uses it: models as `auth-type/id`, or `selection`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock(KebabCase):
    """The models that a run of Qwen Code gets, and where they come from."""

    lock_version: Version = LOCK_VERSION
    """The version of this format (PEP 440); a reader accepts any 1.x and 2.x."""
    client: NonEmpty = "guide"
    """The client that the lock was compiled for: `guide`, or a release."""
    merge: Merge = "replace"
    """How scopes' modelProviders are merged."""
    options: Options = field(default_factory=Options)
    """What `check` must repeat."""
    selection: Selection
    """The auth type and model that a run starts with."""
    inputs: tuple[Input, ...] = ()
    """The files that it was compiled from."""
    plans: tuple[InstalledPlan, ...] = ()
    """The plans in the catalogue."""
    models: tuple[Model, ...] = ()
    """The catalogue, in order."""
    other_models: tuple[OtherModel, ...] = ()
    """The models besides the selected one."""
    environment: tuple[EnvironmentVariable, ...] = ()
    """The variables that must exist where the client runs."""

    @property
    def is_old(self) -> bool:
        """Tell whether the format is 1.x, which records less, and whose client may be a default."""
        return self.lock_version.split(".")[0] == "1"

    def selects(self, model: Model) -> bool:
        """Tell whether a run starts with `model`, one of the catalogue."""
        return self.selection.kind == "provider" and self.selection.route.is_of(model.route)

    def selected(self) -> Model | None:
        """Return the entry that is selected; None for a model that no entry defines."""
        return next(filter(self.selects, self.models), None)


FIELDS = {
    "id": "id",
    "name": "name",
    "envKey": "env_key",
    "baseUrl": "base_url",
    "wireApi": "wire_api",
    "generationConfig": "generation_config",
    "capabilities": "capabilities",
}
"""The fields of an entry that a model has as attributes."""


def settings_entry(model: Model) -> dict[str, Any]:
    """Return the settings entry that `model` came from, equal as a JSON value."""
    own = {field: getattr(model, name) for field, name in FIELDS.items()}
    return {field: value for field, value in own.items() if value is not None} | model.fields
