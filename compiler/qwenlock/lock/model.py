"""The lock as data. Reading and writing its text is done in `text`.

Plain dataclasses, so that compiling loads no pydantic; pydantic validates them where a lock comes
in from outside, and makes their JSON Schema.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from qwenlock.clients.scopes import ScopeName  # noqa: TC001  (pydantic reads it)
from qwenlock.lock.options import Options
from qwenlock.text.checked import Digest, File, KebabCase, NonEmpty, Variable, Version

LOCK_VERSION = "1.0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection(KebabCase):
    """The auth type and model that a run starts with."""

    auth_type: NonEmpty
    """The auth type."""
    model: str | None = None
    """The model's id; left out where only the environment can tell."""
    kind: Literal["provider", "runtime", "built-in"]
    """Whether an entry defines the model, the layers do, or the client itself."""
    source: ScopeName | Literal["default"]
    """The scope that chose it, or `default`."""
    base_url: str | None = None
    """The endpoint: of a runtime model, or where the id alone does not tell which entry."""
    env_key: Variable | None = None
    """The variable that holds a runtime model's key."""
    generation_config: dict[str, Any] | None = None
    """A runtime model's generationConfig."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Input(KebabCase):
    """A settings file that the lock was compiled from."""

    scope: ScopeName
    """The scope it stands for."""
    path: File
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
    """The template version; left out where the models match none that is known."""
    digest: Digest
    """Digest of the plan's models, as the client computes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Model(KebabCase):
    """One model of the catalogue, equal as a JSON value to the entry it came from."""

    auth_type: NonEmpty
    """The auth type it is listed under."""
    provider: str | None = None
    """The key of modelProviders it stands under, where that is not its auth type."""
    id: NonEmpty
    """The id, sent to the API as it is."""
    name: str | None = None
    """What /model shows."""
    env_key: Variable | None = None
    """The variable that holds its key."""
    base_url: str | None = None
    """Its endpoint."""
    origin: NonEmpty
    """The plan that owns it, or `custom`."""
    scope: ScopeName
    """The scope that defines it."""
    generation_config: dict[str, Any] | None = None
    """Its generationConfig, keys as the client spells them."""
    capabilities: dict[str, Any] | None = None
    """Its capabilities, keys as the client spells them."""
    fields: dict[str, Any] = field(default_factory=dict)
    """Whatever else the entry holds, as spelled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentVariable(KebabCase):
    """A variable that must exist where the client runs."""

    name: Variable
    """The variable."""
    used_by: tuple[str, ...]
    """What uses it: models as `auth-type/id`, or `selection`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock(KebabCase):
    """The models that a run of Qwen Code gets, and where they come from."""

    lock_version: Version = LOCK_VERSION
    """The version of this format (PEP 440); a reader takes any 1.x."""
    client: NonEmpty = "guide"
    """The client that was compiled for: `guide`, or a release."""
    merge: Literal["replace"] = "replace"
    """How scopes' modelProviders are merged."""
    options: Options = field(default_factory=Options)
    """What `check` must repeat."""
    selection: Selection
    """What a run starts with."""
    inputs: tuple[Input, ...] = ()
    """The files it was compiled from."""
    plans: tuple[InstalledPlan, ...] = ()
    """The plans in the catalogue."""
    models: tuple[Model, ...] = ()
    """The catalogue, in order."""
    environment: tuple[EnvironmentVariable, ...] = ()
    """The variables that must exist where the client runs."""
