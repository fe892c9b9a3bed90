"""The lock as data. Reading and writing its text is done in `text`.

Plain dataclasses, so that compiling loads no pydantic; pydantic validates them where a lock comes
in from outside, and makes their JSON Schema.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Literal, TypeAlias

LOCK_VERSION = "1.0"

ScopeName: TypeAlias = Literal["system-defaults", "user", "project", "system"]


class _Text:
    """What pydantic holds a string to, in the words of its core; loads nothing until it does."""

    def __init__(self, **constraints: Any) -> None:
        self._constraints = constraints

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        return {"type": "str", "strict": True, **self._constraints}


Digest: TypeAlias = Annotated[str, _Text(pattern="^sha256:[0-9a-f]{64}$")]
Variable: TypeAlias = Annotated[str, _Text(pattern="^[A-Za-z_][A-Za-z0-9_]*$")]
NonEmpty: TypeAlias = Annotated[str, _Text(min_length=1)]
File: TypeAlias = Annotated[str, _Text(pattern="^[^\\x00]+$")]
VERSION = "^[0-9]+(\\.[0-9]+)*[A-Za-z0-9.]*$"
Version: TypeAlias = Annotated[str, _Text(pattern=VERSION)]


def _kebab(name: str) -> str:
    return name.replace("_", "-")


class _LockPart:
    """Configuration that pydantic reads; keys are kebab-case in TOML."""

    __slots__ = ()
    __pydantic_config__: ClassVar[dict[str, Any]] = {
        "alias_generator": _kebab,
        "extra": "ignore",
        "use_attribute_docstrings": True,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Options(_LockPart):
    """What `check` must repeat; a default is left out."""

    user: bool | File | None = None
    """False where the user scope was left out, or the file that stood for it."""
    system: File | None = None
    """The file that stood for the system scope."""
    system_defaults: File | None = None
    """The file that stood for the system-defaults scope."""
    untrusted: bool | None = None
    """True where the project scope was dropped, as the client does in an untrusted folder."""
    templates: File | None = None
    """A folder of plan templates besides the bundled ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection(_LockPart):
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
class Input(_LockPart):
    """A settings file that the lock was compiled from."""

    scope: ScopeName
    """The scope it stands for."""
    path: File
    """The file, relative to the project or to the home directory (~)."""
    digest: Digest
    """Digest of the part of the file that can change the lock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InstalledPlan(_LockPart):
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
class Model(_LockPart):
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
class EnvironmentVariable(_LockPart):
    """A variable that must exist where the client runs."""

    name: Variable
    """The variable."""
    used_by: tuple[str, ...]
    """What uses it: models as `auth-type/id`, or `selection`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock(_LockPart):
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
