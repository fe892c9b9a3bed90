"""Finds, loads and checks the migration scripts of a folder before any of them runs.

`script_api` describes what a script must contain.
"""

from __future__ import annotations

import sys
from functools import cache
from importlib.machinery import SourceFileLoader
from types import ModuleType
from typing import TYPE_CHECKING, Any

from qwenlock.findings.errors import InputError
from qwenlock.settings.values import SETTINGS_VERSION
from qwenlock.text.pattern import pattern
from qwenlock.text.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from qwenlock.settings.script_api import Note, SettingsChange

_FILE_NAME = pattern(r"(\d{4})_[a-z0-9_]+")
_RELEASE = pattern(r"(\d+\.\d+\.\d+)?")
_TEXTS = ("NAME", "TITLE", "REASON")
_FUNCTIONS = ("detect", "change")


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """One step, with the members that `script_api` asks for.

    Attributes:
        identity: the number and name, as in the file name: `0001_settings_v1_to_v2`.
        since: the first release that it is for; "" for every release and the guide.
        first_in_files: whether it runs before the other steps when a file is written.

    `detect`, `change` and `leaves` are given a `Context`, or a `migrate.context.ProjectContext`
    where they belong to no settings version.
    """

    identity: str
    name: str
    title: str
    reason: str
    detect: Callable[[Any], bool]
    change: Callable[[Any], SettingsChange]
    leaves: Callable[[Any], tuple[Note, ...]] | None = None
    since: str = ""
    first_in_files: bool = False


@cache
def load(folder: Path) -> tuple[Script, ...]:
    """Return the scripts of `folder` in their order.

    Raises:
        InputError: there are none, their numbers do not run 0001, 0002, …, or one of them cannot
            be used.
    """
    files = sorted(folder.glob("*.py"))
    if not files:
        raise InputError(f"{folder} contains no migrations", "install qwenlock again")
    for number, file in enumerate(files, start=1):
        match = _FILE_NAME.fullmatch(file.stem)
        if match is None:
            raise InputError(
                f"{file} is not a valid name for a migration", "name it like 0001_what.py"
            )
        if int(match[1]) != number:
            raise InputError(
                f"{file} should be number {number:04}", "number them without gaps or repeats"
            )
    return tuple(_script(file) for file in files)


def _script(file: Path) -> Script:
    module = _execute(file)
    for name in _TEXTS:
        if not isinstance(getattr(module, name, None), str):
            raise InputError(f"{file} does not define {name}", f"add {name} = '…' to it")
    for name in _FUNCTIONS:
        if not callable(getattr(module, name, None)):
            raise InputError(
                f"{file} does not define the function {name}", f"add def {name}(context) to it"
            )
    since = getattr(module, "SINCE", "")
    if not isinstance(since, str) or not _RELEASE.fullmatch(since):
        raise InputError(f"SINCE in {file} is not a release", "write it like '0.24.0'")
    if since and module.NAME == SETTINGS_VERSION:
        raise InputError(
            f"{file} has SINCE, but a {SETTINGS_VERSION} script is for every release",
            "use context.target_version in detect instead",
        )
    return Script(
        identity=file.stem,
        name=module.NAME,
        title=module.TITLE,
        reason=module.REASON,
        detect=module.detect,
        change=module.change,
        leaves=getattr(module, "leaves", None),
        since=since,
        first_in_files=getattr(module, "FIRST_IN_FILES", False) is True,
    )


def _execute(file: Path) -> ModuleType:
    loader = SourceFileLoader(f"qwenlock.migration_{file.stem}", str(file))
    module = ModuleType(loader.name)
    module.__file__ = str(file)
    sys.modules[module.__name__] = module  # a dataclass in a script looks its module up
    try:
        loader.exec_module(module)
    except Exception as error:
        del sys.modules[module.__name__]
        raise InputError(f"{file} cannot be loaded: {type(error).__name__}: {error}") from error
    return module
