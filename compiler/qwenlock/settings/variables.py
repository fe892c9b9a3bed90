"""The variables of a client: from its environment, `.env` files and `settings.env`.

How Qwen Code reads settings, "Variables". The edge decides where the files are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias, TypeVar

from qwenlock.clients.fields import HEADERS
from qwenlock.settings.scopes import highest, merged
from qwenlock.text.credentials import references, substituted
from qwenlock.text.operations import get
from qwenlock.text.record import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from qwenlock.clients.profile import Profile
    from qwenlock.settings.scopes import Source


def references_in(value: Any, client: Profile, key: str | None = None) -> Iterator[str]:
    """Yield the names of the variables that a JSON value refers to, in order.

    Args:
        value: the value.
        client: the client; its own placeholders in `customHeaders` are not variables.
        key: the key that it stands under.
    """
    if isinstance(value, str):
        yield from references(value)
    elif isinstance(value, list):
        for item in value:
            yield from references_in(item, client, key)
    elif isinstance(value, dict):
        for name, item in value.items():
            for reference in references_in(item, client, name):
                if key != HEADERS or not is_placeholder(reference, client):
                    yield reference


def is_placeholder(name: str, client: Profile) -> bool:
    """Tell whether `$NAME` in a header is a placeholder of the client, and not a variable.

    Args:
        name: the name after the `$`.
        client: the client whose placeholders count.
    """
    return name.lower() in client.placeholders


T = TypeVar("T")


class AnyCase(dict[str, T]):
    """Values by the names of variables where the system compares them without case: Windows.

    Of several names that are equal there, the first counts, as the client sets no variable twice.
    """

    def __init__(self, values: Mapping[str, T]) -> None:
        last_first = reversed([*values.items()])
        super().__init__({name.upper(): value for name, value in last_first})

    def __contains__(self, name: object) -> bool:
        return super().__contains__(str(name).upper())

    def __getitem__(self, name: str) -> T:
        return super().__getitem__(name.upper())

    def get(self, name: str, default: Any = None) -> Any:
        """Return the value of a variable, or `default`."""
        return super().get(name.upper(), default)


def alike(environment: Mapping[str, Any], values: Mapping[str, T]) -> dict[str, T]:
    """Return `values` as a mapping that compares names in the way that `environment` does."""
    return AnyCase(values) if isinstance(environment, AnyCase) else dict(values)


Location: TypeAlias = Literal["project", "above", "home"]
"""Where a `.env` is: in the project, in a directory above it, or in the home directory."""


_NOT_FROM_PROJECTS = ("DEBUG", "DEBUG_MODE")


@dataclass(frozen=True, slots=True)
class EnvFile:
    """A place where the client looks for a `.env`.

    Attributes:
        path: the file.
        label: the file as messages name it.
        at: where it is.
        text: its text; None if there is no file.
        mode: its permissions, if it exists.
    """

    path: Path
    label: str
    at: Location
    text: str | None = field(default=None, repr=False)
    mode: int | None = None

    def assignments(self) -> dict[str, str]:
        """Return its variables, including empty ones."""
        from qwenlock.text import dotenv

        return dotenv.parse(self.text or "")

    def line_of(self, name: str) -> int:
        """Return the line that sets one of its variables."""
        from qwenlock.text import dotenv

        return dotenv.line_of(self.text or "", name)

    def variables(self) -> dict[str, str]:
        """Return its variables; an empty one counts as not set."""
        return {name: value for name, value in self.assignments().items() if value}


class Variable(NamedTuple):
    """A variable that is set.

    Attributes:
        value: its value; never to be shown where it could be a key.
        origin: the file or the settings that set it; None for the environment.
    """

    value: str
    origin: EnvFile | Source | None = None


def read_files(files: Sequence[EnvFile], client: Profile) -> list[EnvFile]:
    """Return those of `files` that `client` reads, the strongest first."""
    there = [file for file in files if file.text is not None]
    if not client.reads_home_env_too:
        return there[:1]
    home = [file for file in there if file.at == "home"]
    below_home = there[: there.index(home[0])] if home else there
    return [file for file in below_home if file.at != "home"][:1] + home


def filling(
    read: Sequence[EnvFile], environment: Mapping[str, str], client: Profile
) -> dict[str, str]:
    """Return the variables that the client puts in the place of `$NAME` in settings.

    It reads settings before the `.env` files of projects, and before `settings.env`.

    Args:
        read: the `.env` files that are read, the strongest first.
        environment: the variables that are set already; empty ones count.
        client: the client whose rules apply.
    """
    counted = read if client.expands_home_env else ()
    at_home = [file.variables() for file in reversed(counted) if file.at == "home"]
    result: dict[str, str] = {}
    for layer in (*at_home, environment):
        result |= alike(environment, layer)
    return alike(environment, result)


def variables(
    sources: Sequence[Source],
    read: Sequence[EnvFile],
    environment: Mapping[str, str],
    client: Profile,
) -> dict[str, Variable]:
    """Return the variables: the environment wins, then the first file, then `settings.env`.

    Args:
        sources: the settings that count, low to high.
        read: the `.env` files that are read, the strongest first.
        environment: the variables that are set already.
        client: the client whose rules apply. Empty variables are not set; whether they hide
            others depends on the client.
    """
    in_settings = merged(sources, ("env",))
    named = in_settings.items() if isinstance(in_settings, dict) else ()
    filled = filling(read, environment, client)
    layers = [
        {
            name: Variable(substituted(value, filled), highest(sources, ("env", name)))
            for name, value in named
            if isinstance(value, str)
        }
    ]
    layers += reversed(_of_files(sources, read))
    layers.append({name: Variable(value) for name, value in environment.items()})
    result: dict[str, Variable] = {}
    for layer in layers:
        there: dict[str, Variable] = alike(environment, layer)
        result |= {name: each for name, each in there.items() if each.value or client.empty_counts}
    return alike(environment, {name: each for name, each in result.items() if each.value})


def definitions(
    name: str,
    sources: Sequence[Source],
    read: Sequence[EnvFile],
    environment: Mapping[str, str],
    client: Profile,
) -> list[Variable]:
    """Return everything that sets the variable `name`, even to nothing, the strongest first.

    The arguments are those of `variables`.
    """
    found = [Variable(environment[name])] if name in environment else []
    layers = [alike(environment, each) for each in _of_files(sources, read)]
    found += [layer[name] for layer in layers if name in layer]
    filled = filling(read, environment, client)
    for source in reversed(sources):
        named = get(source.settings, ("env",))
        value = alike(environment, named).get(name) if isinstance(named, dict) else None
        if isinstance(value, str):
            found.append(Variable(substituted(value, filled), source))
    return found


def _of_files(sources: Sequence[Source], read: Sequence[EnvFile]) -> list[dict[str, Variable]]:
    """Return what each of the `.env` files sets, in their order."""
    configured = merged(sources, ("advanced", "excludedEnvVars"))
    excluded = configured if isinstance(configured, list) else _NOT_FROM_PROJECTS
    layers = []
    for file in read:
        skipped = () if file.path.parent.name == ".qwen" else excluded
        said = file.assignments().items()
        layers.append({name: Variable(value, file) for name, value in said if name not in skipped})
    return layers
