"""A team's choices, in `qwenlock.toml` or in `[tool.qwenlock]` of pyproject.toml.

The file is found and read in `edge.configuration`. Its keys are options of the command line: an
option overrides the file, and the file overrides what a lock records.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, get_args

from qwenlock.clients.profile import profile
from qwenlock.findings.codes import is_known
from qwenlock.findings.errors import InputError, UsageError
from qwenlock.findings.finding import Finding
from qwenlock.lock.model import Merge
from qwenlock.lock.options import Options
from qwenlock.text import toml
from qwenlock.text.credentials import shown
from qwenlock.text.document import Document, Place
from qwenlock.text.similar import suggestion

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

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
        options: the files of the scopes, as the file spells them, relative to itself; `user` may be
            True, which is the client's own file whatever the lock records.
        lint: the options of `lint`.
    """

    client: str | None = None
    merge: Merge | None = None
    options: Options = field(default_factory=Options)
    lint: LintChoices = field(default_factory=LintChoices)


def may_configure(name: str, text: str) -> bool:
    """Tell whether the file called `name` can hold choices; most pyproject.toml do not."""
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
    judged = _Judge(text, label)
    values = judged.table(path, table, _KINDS)
    lint = judged.table((*path, "lint"), values.pop("lint", {}), _LINT_KINDS)
    if judged.findings:
        raise _error(*judged.findings)
    client, merge = values.pop("client", None), values.pop("merge", None)
    options = {key.replace("-", "_"): value for key, value in values.items()}
    return Configuration(client, merge, Options(**options), LintChoices(**lint))


def complain(text: str, label: str, path: tuple[str, ...], message: str) -> InputError:
    """Return the error for an invalid value, at its place."""
    return _error(Finding("QL122", message, _place(label, toml.Positions(text).of(path))))


class _Judge:
    """Checks the types of the values in tables, and collects findings."""

    def __init__(self, text: str, label: str) -> None:
        self.findings: list[Finding] = []
        self._positions = toml.Positions(text)
        self._label = label

    def table(
        self, path: tuple[str, ...], table: Any, kinds: Mapping[str, _Kind]
    ) -> dict[str, Any]:
        """Return the valid values of `table`."""
        if not isinstance(table, dict):
            self._report("QL122", path, f"{path[-1]} must be a table")
            return {}
        values = {}
        for key, value in table.items():
            if key not in kinds:
                message = f'unknown key "{shown(key)}"'
                self._report("QL121", (*path, key), message, suggestion(key, tuple(kinds)))
                continue
            complaint = kinds[key](value)
            if complaint is None:
                values[key] = tuple(value) if isinstance(value, list) else value
            else:
                self._report("QL122", (*path, key), f"{key} {complaint}")
        return values

    def _report(
        self, code: str, path: tuple[str, ...], message: str, fix: str | None = None
    ) -> None:
        place = _place(self._label, self._positions.of(path))
        self.findings.append(Finding(code, message, place, fix))


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
    return None if isinstance(value, str) and value else "must be a path"


def _user(value: Any) -> str | None:
    if isinstance(value, bool) or _file(value) is None:
        return None
    return "must be false, true, or a path"


def _flag(value: Any) -> str | None:
    return None if isinstance(value, bool) else "must be true or false"


def _codes(value: Any) -> str | None:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        return "must be an array of codes"
    unknown = [each for each in value if not is_known(each)]
    return f'holds "{shown(unknown[0])}", which is not a code or prefix' if unknown else None


def _any(value: Any) -> str | None:  # noqa: ARG001
    return None


if TYPE_CHECKING:
    _Kind = Callable[[Any], str | None]
    """Returns what is wrong with a value, or None."""

_KINDS: dict[str, _Kind] = {
    "client": _client,
    "merge": _merge,
    "user": _user,
    "untrusted": _flag,
    "system": _file,
    "system-defaults": _file,
    "templates": _file,
    "lint": _any,
}
_LINT_KINDS: dict[str, _Kind] = {"strict": _flag, "select": _codes, "ignore": _codes}
