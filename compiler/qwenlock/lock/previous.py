"""Reads what compiling again keeps from a lock: client, merge, options, and the plans.

Most commands read this, and a lock may be large. So it is read without pydantic, and only up to
the first model: everything needed comes before it (docs/lock.md).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple, get_args

from qwenlock.clients.profile import GUIDE
from qwenlock.findings.reading import decode
from qwenlock.lock import text
from qwenlock.lock.model import InstalledPlan, Merge
from qwenlock.lock.options import Options
from qwenlock.text import shape, toml
from qwenlock.text.checked import VERSION_PATTERN
from qwenlock.text.pattern import pattern
from qwenlock.text.shape import Shape, anything, problems

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_FIRST_MODEL = pattern(rb"\r?\n\[\[models\]\]\r?\n")
_CONFLICT = "<<<<<<< "
_OTHER = "has another form"
"""What is wrong with a value; nobody reads it, because such a lock is not used."""


class RecordedLock(NamedTuple):
    """What a lock says about how it was compiled.

    Attributes:
        client: the client; None if a lock of version 1.x says `guide`, its default.
        options: what `check` must repeat.
        plans: the plans in the catalogue.
        merge: how scopes' modelProviders were merged.
    """

    client: str | None
    options: Options
    plans: tuple[InstalledPlan, ...] = ()
    merge: Merge = "replace"


def read(content: bytes, label: str) -> RecordedLock | None:
    """Return what a lock records, or None if its form is not known.

    Args:
        content: the lock; of merge conflicts, its own side counts.
        label: the file as messages name it.

    Raises:
        InputError: the lock is not UTF-8, has no version, or another major version.
    """
    if not content.isascii():
        decode(content, label)
    try:
        data = toml.parse(f"{_head(content)}\n")
    except toml.TomlError:
        return None
    text.check_version(data, label)
    if any(problems(data, _HEAD)):
        return None
    is_old = data["lock-version"].split(".")[0] == "1"
    client = None if is_old and data["client"] == GUIDE else data["client"]
    options = Options(**_fields(Options, data.get("options", {})))
    plans = (InstalledPlan(**_fields(InstalledPlan, each)) for each in data.get("plans", ()))
    return RecordedLock(client, options, tuple(plans), data.get("merge", "replace"))


def _head(content: bytes) -> str:
    """Return what stands before the first model; in a merge conflict, on its own side."""
    found = _FIRST_MODEL.search(content)
    head = (content if found is None else content[: found.start()]).decode()
    if _CONFLICT not in head:
        return head.replace("\r\n", "\n")
    own = text.own_side(content.decode().replace("\r\n", "\n"))  # the other may have a model first
    return own.partition("\n[[models]]\n")[0]


def _fields(part: type[DataclassInstance], table: dict[str, Any]) -> dict[str, Any]:
    return {name: table[key] for name, key in text.keys(part) if key in table}


def _file(value: Any) -> str | None:
    return None if isinstance(value, str) and value and "\0" not in value else _OTHER


def _user(value: Any) -> str | None:
    return None if value is False else _file(value)


def _untrusted(value: Any) -> str | None:
    return None if value is True else _OTHER


def _merge(value: Any) -> str | None:
    return None if value in get_args(Merge) else _OTHER


def _version(value: Any) -> str | None:
    is_version = isinstance(value, str) and re.fullmatch(VERSION_PATTERN, value)
    return None if is_version else _OTHER


def _plans(value: Any) -> str | None:
    is_valid = isinstance(value, list) and not any(any(problems(each, _PLAN)) for each in value)
    return None if is_valid else _OTHER


_PLAN = Shape(
    required={"id": shape.text, "region": shape.text, "digest": shape.text},
    optional={"version": _version},
    others=anything,
)
_HEAD = Shape(
    required={"client": shape.text},
    optional={
        "merge": _merge,
        "options": Shape(
            optional={
                "user": _user,
                "untrusted": _untrusted,
                "system": _file,
                "system-defaults": _file,
                "templates": _file,
            },
            others=anything,
        ),
        "plans": _plans,
    },
    others=anything,
)
