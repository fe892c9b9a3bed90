"""A team's choices, in `qwenlock.toml` or in `[tool.qwenlock]` of pyproject.toml.

The file is found and read in `edge.configuration`. Its keys are options of the command line: an
option overrides the file, and the file overrides what a lock records.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

from qwenlock import __version__
from qwenlock.clients.profile import profile
from qwenlock.findings.codes import is_known
from qwenlock.findings.errors import InputError, UsageError
from qwenlock.findings.finding import Finding
from qwenlock.lock.model import Merge
from qwenlock.lock.options import Options, is_foreign
from qwenlock.text import toml
from qwenlock.text.credentials import shown
from qwenlock.text.document import Document, Place
from qwenlock.text.record import dataclass, field
from qwenlock.text.shape import Shape, flag, problems
from qwenlock.text.similar import suggestion

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from qwenlock.text.shape import ShapeRule

FILE = "qwenlock.toml"
PYPROJECT = "pyproject.toml"
TABLES: Mapping[str, tuple[str, ...]] = {FILE: (), PYPROJECT: ("tool", "qwenlock")}
"""The files that may hold the choices, and the table of each that does; the first wins."""


@dataclass(frozen=True, slots=True)
class LintChoices:
    """The options of `qwenlock lint`.

    Attributes:
        strict: whether warnings fail; None if not set.
        select: codes or prefixes of codes to report; empty for all.
        ignore: codes or prefixes of codes not to report.
    """

    strict: bool | None = None
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Configuration:
    """The choices in one file.

    Attributes:
        client: `guide` or a release; None if not set.
        merge: how scopes' modelProviders become one; None if not set.
        keep_selection: whether `upgrade` leaves the selected model; None if not set.
        options: the files of the scopes, as the file spells them, relative to itself; `user` may be
            True, which is the client's own file whatever the lock records.
        lint: the options of `lint`.
        allow_literals: names of headers and fields under which no text is a credential.
        projects: globs of the projects of a workspace, relative to the file; None if not set.
        exclude: globs of directories that are not part of it, relative to the file.
        said: the keys as the files have them.
    """

    client: str | None = None
    merge: Merge | None = None
    keep_selection: bool | None = None
    options: Options = field(default_factory=Options)
    lint: LintChoices = field(default_factory=LintChoices)
    allow_literals: tuple[str, ...] = ()
    projects: tuple[str, ...] | None = None
    exclude: tuple[str, ...] = ()
    said: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)

    def over(self, above: Configuration) -> Configuration:
        """Return the choices in force where these are nearer than those `above`, key by key."""
        lint = {**above.said.get("lint", {}), **self.said.get("lint", {})}
        return _made({**above.said, **self.said, **({"lint": lint} if lint else {})})


def may_configure(name: str, text: str) -> bool:
    """Tell whether the file called `name` can hold choices; most pyproject.toml do not.

    Args:
        name: the file's name, without its folder.
        text: its text.
    """
    return name == FILE or "qwenlock" in text


def judge(name: str, text: str, label: str) -> Configuration | None:
    """Return the choices in a file, or None if it has no table for qwenlock.

    Args:
        name: `FILE` or `PYPROJECT`.
        text: its text.
        label: the file as messages name it.

    Raises:
        InputError: it is not TOML, or holds unknown keys or invalid values; the findings cover
            every one.
    """
    try:
        table: Any = toml.parse(text)
    except toml.TomlError as error:
        raise _error(Finding("QL120", error.message, _place(label, error.at))) from None
    path = TABLES[name]
    for key in path:
        if not isinstance(table, dict) or key not in table:
            return None
        table = table[key]
    _require(table)
    findings = tuple(_findings(text, label, path, table))
    if findings:
        raise _error(*findings)
    return _made(table)


def _require(table: Any) -> None:
    """Refuse to go on if a file needs another version of qwenlock.

    This comes before everything else that is wrong with it: another version may know more keys.

    Raises:
        UsageError: this version is not the required one.
    """
    wanted = table.get(_REQUIRED) if isinstance(table, dict) else None
    if wanted is None or _version(wanted) is not None:
        return
    from packaging.specifiers import SpecifierSet

    if not SpecifierSet(wanted, prereleases=True).contains(__version__):
        message = f"this project needs qwenlock {wanted}, and this is {__version__}"
        raise UsageError(message, f"install it: pip install 'qwenlock{wanted}'")


def _made(table: Mapping[str, Any]) -> Configuration:
    lint: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value
        for key, value in table.get("lint", {}).items()
    }
    options = {key.replace("-", "_"): table[key] for key in _OPTIONS if key in table}
    chosen = {key.replace("-", "_"): table.get(key) for key in _CHOICES}
    return Configuration(
        **chosen,
        options=Options(**options),
        lint=LintChoices(**lint),
        allow_literals=tuple(table.get(_ALLOWED, ())),
        projects=tuple(table[_PROJECTS]) if _PROJECTS in table else None,
        exclude=tuple(table.get(_EXCLUDE, ())),
        said=dict(table),
    )


def complain(text: str, label: str, path: tuple[str, ...], message: str) -> InputError:
    """Return the error for an invalid value, at its place.

    Args:
        text: the text of the file.
        label: the file as messages name it.
        path: the keys that lead to the value.
        message: what is wrong.
    """
    return _error(Finding("QL122", message, _place(label, toml.Positions(text).of(path))))


def _findings(text: str, label: str, path: tuple[str, ...], table: Any) -> Iterator[Finding]:
    positions = toml.Positions(text)
    for keys, what, known in problems(table, _SHAPE, path):
        place = _place(label, positions.of(keys))
        if known:
            message = f'unknown key "{shown(keys[-1])}"'
            yield Finding("QL121", message, place, suggestion(keys[-1], known))
        else:
            yield Finding("QL122", f"{keys[-1]} {what}", place)


def _place(label: str, at: tuple[int, int]) -> Place:
    return Place(Document(label, "", {}), at=at)  # no excerpt: those are masked as JSON


def _error(*findings: Finding) -> InputError:
    return InputError("the configuration is invalid", findings=findings)


def _client(value: Any) -> str | None:
    if not isinstance(value, str):
        return 'must be "guide" or a release, as a string'
    try:
        profile(value)
    except UsageError:
        return f'"{shown(value)}" is neither "guide" nor a release that qwenlock knows'
    return None


def _merge(value: Any) -> str | None:
    return None if value in get_args(Merge) else 'must be "replace" or "client"'


def _file(value: Any) -> str | None:
    if not isinstance(value, str) or not value:
        return "must be a path"
    return "must not name a server or a device" if is_foreign(value) else None


def _user(value: Any) -> str | None:
    if isinstance(value, str) and value:
        return _file(value)
    return None if isinstance(value, bool) else "must be false, true, or a path"


def _codes(value: Any) -> str | None:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        return "must be an array of codes"
    unknown = [each for each in value if not is_known(each)]
    return f'holds "{shown(unknown[0])}", which is not a code or prefix' if unknown else None


def _names(value: Any) -> str | None:
    is_right = isinstance(value, list) and all(isinstance(each, str) and each for each in value)
    return None if is_right else "must be an array of names of headers and fields"


def _globs(value: Any) -> str | None:
    is_right = isinstance(value, list) and all(isinstance(each, str) and each for each in value)
    if not is_right:
        return "must be an array of paths, which may hold *"
    return "must hold paths below the directory of this file" if any(map(_leaves, value)) else None


def _leaves(glob: str) -> bool:
    """Tell whether a glob leads elsewhere, on Windows too."""
    is_of_windows = "\\" in glob or glob[1:2] == ":"
    return is_of_windows or glob.startswith(("/", "~")) or ".." in glob.split("/")


def _version(value: Any) -> str | None:
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        SpecifierSet(value)
    except (InvalidSpecifier, AttributeError, TypeError):
        return 'must be a version specifier, such as ">=1.2"'
    return None if isinstance(value, str) else 'must be a version specifier, such as ">=1.2"'


_ALLOWED = "allow-literals"
_PROJECTS, _EXCLUDE = "projects", "exclude"
_REQUIRED = "required-version"
_OPTIONS: dict[str, ShapeRule] = {
    "user": _user,
    "untrusted": flag,
    "system": _file,
    "system-defaults": _file,
    "templates": _file,
}
_LINT = Shape(optional={"strict": flag, "select": _codes, "ignore": _codes})
_CHOICES: dict[str, ShapeRule] = {"client": _client, "merge": _merge, "keep-selection": flag}
_SHAPE = Shape(
    optional={
        **_CHOICES,
        **_OPTIONS,
        _ALLOWED: _names,
        _PROJECTS: _globs,
        _EXCLUDE: _globs,
        _REQUIRED: _version,
        "lint": _LINT,
    }
)
