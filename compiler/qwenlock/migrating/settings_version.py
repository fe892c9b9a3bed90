"""The settings versions: whether a migration is needed, and the migration of one file's settings.

The steps between the versions are scripts of the folder `migrations`. Here stands what belongs to
no single step: the versions there are, and the version written where no step applies.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qwenlock.migrating.values import VERSION, version_of

if TYPE_CHECKING:
    from qwenlock.migrating.protocol import Change, Context
    from qwenlock.migrating.runner import Migration
    from qwenlock.migrating.scripts import Script

NAME = "settings-version"
"""What the scripts of these steps, and `migrate --only`, call the group."""

TARGETS = (3, 4)
"""The versions that clients use: 3 from 0.10.1 to 0.15.6, 4 from 0.15.10."""

_DOWN = (5, 4)


def needed(settings: dict[str, Any], target: int) -> bool:
    """Return whether `migrate` would change anything, at the cost of reading one key."""
    version = version_of(settings)
    return version is None or version < target or (version, target) == _DOWN


def migrate(settings: dict[str, Any], target: int) -> Migration:
    """Return `settings` as a client of settings version `target` reads them.

    Follows CLIENT.md, "Settings versions", with its one deliberate difference: where old and new
    keys collide, both are kept.

    Args:
        settings: the settings of one file; left as they are.
        target: one of `TARGETS`.

    Raises:
        UsageError: `target` is another version.
        InputError: the migration scripts cannot be used.
    """
    from qwenlock.migrating.protocol import Context
    from qwenlock.migrating.runner import Migration, run

    if target not in TARGETS:
        from qwenlock.errors import UsageError

        known = " or ".join(map(str, TARGETS))
        raise UsageError(f"there is no settings version {target}", f"choose {known}")
    if not needed(settings, target):
        return Migration(settings=settings)
    return run(steps(), Context(settings=settings, target_version=target))


def steps() -> tuple[Script, ...]:
    """Return the steps in their order, as `runner.run` takes them."""
    from qwenlock.content import folder
    from qwenlock.migrating.scripts import Script, load

    record = Script(
        identity=NAME,
        name=NAME,
        title="Record the settings version",
        reason="The client writes the version it uses into settings that name none or an older one",
        detect=_unrecorded,
        change=_record,
    )
    return (*(script for script in load(folder("migrations")) if script.name == NAME), record)


def _unrecorded(context: Context) -> bool:
    version = version_of(context.settings)
    return version is None or version < context.target_version


def _record(context: Context) -> Change:
    from qwenlock.documents.operations import Set
    from qwenlock.migrating.protocol import Change

    return Change(operations=(Set(VERSION, context.target_version),))
