"""What compiling again takes over from a lock: client, merge, options, what it says of plans.

Most commands read this, and a lock may be large: so it is read without pydantic, and only as far as
the first model, before which it stands (docs/lock.md).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple, get_args

from qwenlock.clients.profile import GUIDE
from qwenlock.lock import text
from qwenlock.lock.model import InstalledPlan, Merge
from qwenlock.lock.options import Options
from qwenlock.text import toml
from qwenlock.text.checked import VERSION

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_FIRST_MODEL = "\n[[models]]\n"
_SWITCHES = {"user": False, "untrusted": True}
"""The options that can be a boolean, and which one."""


class RecordedLock(NamedTuple):
    """What a lock says of how it was compiled.

    Attributes:
        client: the client; None where a lock of version 1.x says `guide`, its default.
        options: what `check` must repeat.
        plans: the plans in the catalogue.
        merge: how scopes' modelProviders were merged.
    """

    client: str | None
    options: Options
    plans: tuple[InstalledPlan, ...] = ()
    merge: Merge = "replace"


def read(content: str, label: str) -> RecordedLock | None:
    """Return what a lock records, or None where it says that in no form that is known.

    Args:
        content: the text of the lock; of merge conflicts, its own side counts.
        label: the file as messages name it.

    Raises:
        InputError: the lock has no version, or another major version.
    """
    head, _, _ = text.own_side(content.replace("\r\n", "\n")).partition(_FIRST_MODEL)
    try:
        data = toml.parse(f"{head}\n")
    except toml.TomlError:
        return None
    text.check_version(data, label)
    try:
        plans = tuple(_plan(table) for table in data.get("plans", ()))
        options = _options(data.get("options", {}))
        return RecordedLock(_client(data), options, plans, _merge(data))
    except (ValueError, TypeError, AttributeError):
        return None


def _fields(part: type[DataclassInstance], table: Any) -> dict[str, Any]:
    if not isinstance(table, dict):
        raise TypeError
    return {name: table[key] for name, key in text.keys(part) if key in table}


def _client(data: dict[str, Any]) -> str | None:
    client = data.get("client")
    if not isinstance(client, str):
        raise TypeError
    is_old = data["lock-version"].split(".")[0] == "1"
    return None if is_old and client == GUIDE else client


def _merge(data: dict[str, Any]) -> Merge:
    merge = data.get("merge", "replace")
    if merge not in get_args(Merge):
        raise ValueError
    return merge  # type: ignore[no-any-return]


def _options(table: Any) -> Options:
    values = _fields(Options, table)
    for name, value in values.items():
        is_file = isinstance(value, str) and value and "\0" not in value
        if not is_file and value is not _SWITCHES.get(name):
            raise TypeError
    return Options(**values)


def _plan(table: Any) -> InstalledPlan:
    values = _fields(InstalledPlan, table)
    if not all(isinstance(value, str) for value in values.values()):
        raise TypeError
    if not re.fullmatch(VERSION, values.get("version", "1")):
        raise ValueError
    return InstalledPlan(**values)
