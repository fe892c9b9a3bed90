"""The settings versions: whether a migration is needed, and the migration of one file's settings.

The steps between the versions are scripts in the folder `migrations`. This module has the rest:
which versions exist, and which version is written if no step applies.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qwenlock.settings.scopes import CURRENT_VERSION, Source
from qwenlock.settings.values import SETTINGS_VERSION, VERSION, version_of

if TYPE_CHECKING:
    from qwenlock.clients.scopes import ScopeName
    from qwenlock.settings.script_api import Context, SettingsChange
    from qwenlock.settings.script_files import Script
    from qwenlock.settings.script_runner import Migration
    from qwenlock.text.document import Document

TARGETS = (3, 4)
"""The versions that clients use: 3 from 0.10.1 to 0.15.6, 4 from 0.15.10."""

_DOWN = (5, 4)


def needed(settings: dict[str, Any], target: int) -> bool:
    """Return whether `migrate` would change anything; reads only one key.

    Args:
        settings: the settings of one file.
        target: the settings version that the client uses.
    """
    version = version_of(settings)
    return version is None or version < target or (version, target) == _DOWN


def migrate(settings: dict[str, Any], target: int) -> Migration[Context]:
    """Return `settings` as a client of settings version `target` reads them.

    It does what How Qwen Code reads settings, "Settings versions", says, with one deliberate
    difference: if an old and a new key collide, both values are kept.

    Args:
        settings: the settings of one file; left as they are.
        target: one of `TARGETS`.

    Raises:
        UsageError: `target` is another version.
        InputError: the migration scripts cannot be used.
    """
    from qwenlock.settings.script_api import Context
    from qwenlock.settings.script_runner import Migration, run

    if target not in TARGETS:
        from qwenlock.findings.errors import UsageError

        known = " or ".join(map(str, TARGETS))
        raise UsageError(f"unknown settings version {target}", f"choose {known}")
    context = Context(settings=settings, target_version=target)
    if not needed(settings, target):
        return Migration(context=context)
    return run(steps(), context)


def source_of(scope: ScopeName, document: Document, path: str = "") -> Source:
    """Return the settings of `document` for `scope` as they would be after migration.

    Args:
        scope: the scope it stands for.
        document: the file as it is.
        path: the file as a lock names it; by default, as messages do.

    Raises:
        InputError: the migration scripts cannot be used.
    """
    migration = migrate(document.value, CURRENT_VERSION)
    return Source(scope, document, migration.settings, migration.operations, path or document.label)


def steps(*, for_files: bool = False) -> tuple[Script, ...]:
    """Return the steps in their order, as `runner.run` takes them.

    Args:
        for_files: the order in which a file is migrated, instead of the client's own.
    """
    from qwenlock.settings.script_files import Script, load
    from qwenlock.settings.shipped import folder

    record = Script(
        identity=SETTINGS_VERSION,
        name=SETTINGS_VERSION,
        title="Record the settings version",
        reason="The client writes the version it uses into settings that name none or an older one",
        detect=_unrecorded,
        change=_record,
    )
    between = [each for each in load(folder("migrations")) if each.name == SETTINGS_VERSION]
    if for_files:
        between.sort(key=lambda script: not script.first_in_files)
    return (*between, record)


def _unrecorded(context: Context) -> bool:
    version = version_of(context.settings)
    return version is None or version < context.target_version


def _record(context: Context) -> SettingsChange:
    from qwenlock.settings.script_api import SettingsChange
    from qwenlock.text.operations import Set

    return SettingsChange(operations=(Set(VERSION, context.target_version),))
