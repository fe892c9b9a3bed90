"""The commands of the language server: the same changes as those of the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwenlock.change import select, upgrade
from qwenlock.change.upgrade_data import UpgradeWishes
from qwenlock.clients.scopes import WRITABLE
from qwenlock.edge.captured_templates import with_captured
from qwenlock.edge.git import ask
from qwenlock.edge.installed_client import release
from qwenlock.migrate.change import change_of
from qwenlock.migrate.migration import migrate
from qwenlock.migrate.situation import Situation
from qwenlock.plans.collection import Plans
from qwenlock.text.record import replace

if TYPE_CHECKING:
    from qwenlock.change.upgrade_data import OnEdited
    from qwenlock.findings.file_changes import ProjectChange
    from qwenlock.settings.project import Project


def selecting(project: Project, model: str, auth_type: str) -> ProjectChange:
    """Return what `qwenlock select` would change.

    Args:
        project: the project, as it is open in the editor.
        model: the id of the model.
        auth_type: its auth type.

    Raises:
        QwenlockError: it cannot be selected.
    """
    return select.select(project, model, auth_type)


def upgrading(project: Project, plan: str, on_edited: OnEdited | None = None) -> ProjectChange:
    """Return what `qwenlock upgrade --plan` would change; a selected model stays selected.

    Args:
        project: the project.
        plan: the plan's id.
        on_edited: what becomes of edits. None: nothing is written while an edit would be lost, and
            the report's status is `edited`.

    Raises:
        QwenlockError: it cannot be upgraded.
    """
    keep = project.configuration.keep_selection
    wishes = UpgradeWishes(
        plans=(plan,), keep_selection=True if keep is None else keep, on_edited=on_edited
    )
    with_all = replace(project, plans=with_captured(Plans.of(project.plans)))
    return upgrade.upgrade(with_all, wishes, release())


def migrating(project: Project, group: str, scope: str) -> ProjectChange:
    """Return what `qwenlock migrate --only` would change in the file of one scope.

    Args:
        project: the project, as it is open in the editor.
        group: the group of migrations, as `--only` takes it.
        scope: the scope whose file is migrated.

    Raises:
        QwenlockError: it cannot be migrated without changing requests.
    """
    situation = Situation(
        project=project,
        writable=tuple(each for each in WRITABLE if each == scope),
        env_secrets=group == "env-secrets",
    )
    outcome = migrate(situation, project.client.settings_version, (group,))
    return change_of(outcome, ask)
