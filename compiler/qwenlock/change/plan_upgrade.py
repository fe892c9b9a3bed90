"""Upgrades one plan in its file: from settings and wishes to its new models and record.

Guide, "Automatic Updates"; How Qwen Code reads settings, "Plans".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.version import Version

from qwenlock.change import upgrade_report as said_of
from qwenlock.change.plan_in_file import PlanInFile, array, owned
from qwenlock.change.plan_models import carried_over, replaced
from qwenlock.change.target import dotted, target, without_empty
from qwenlock.change.three_way import compare
from qwenlock.change.upgrade_data import Aim, PlanUpgrade
from qwenlock.clients.profile import GUIDE, is_newer_than_known
from qwenlock.clients.scopes import SCOPES, WRITABLE
from qwenlock.findings.errors import InputError, UsageError
from qwenlock.plans.digest import models_digest
from qwenlock.settings import plan_state
from qwenlock.settings.scopes import merged
from qwenlock.settings.script_api import Draft
from qwenlock.text.operations import Remove, Set, apply, get

if TYPE_CHECKING:
    from qwenlock.change.upgrade_data import UpgradeStatus, UpgradeWishes
    from qwenlock.clients.profile import Profile
    from qwenlock.findings.file_changes import FileChange
    from qwenlock.plans.plan import Plan, PlanModel, Region, Template
    from qwenlock.settings.project import Project
    from qwenlock.settings.scopes import Source
    from qwenlock.text.operations import Path


def upgrade_plan(
    project: Project, plan: Plan, wishes: UpgradeWishes, running: str | None = None
) -> PlanUpgrade:
    """Return what upgrading, installing or moving `plan` changes; the selection stays.

    Args:
        project: the project; its client's newest template is the aim by default.
        plan: the plan.
        wishes: what the user asks for.
        running: the release of the client that is installed here, where that is known.

    Raises:
        UsageError: the request is impossible; the message says what to do.
        InputError: the settings or a template are invalid.
    """
    client = project.client
    there = PlanInFile(project, plan, wishes.scope)
    is_manual = bool(there.models) and there.recorded is None
    if is_manual and not wishes.adopt:
        return PlanUpgrade(there=there, aim=None, status="manual", reasons=[said_of.manual(there)])
    is_asked_for = wishes.plans or wishes.to or wishes.lists is not None
    if not is_asked_for and plan_state.latest(plan, client) is None:
        reasons = [said_of.not_in_client(there, client)]
        return PlanUpgrade(there=there, aim=None, status="current", reasons=reasons)
    aim = _aim(there, client, wishes)
    unknown = _newer_than_known(there, aim, wishes)
    if unknown is not None:
        reasons = [said_of.newer_than_known(there, unknown)]
        return PlanUpgrade(there=there, aim=aim, status="current", reasons=reasons)
    installed = _of_a_newer_client(there, wishes)
    if installed is not None:
        reasons = [said_of.of_a_newer_client(there, installed)]
        return PlanUpgrade(there=there, aim=aim, status="current", reasons=reasons)
    if _is_unknown(there, wishes):
        reasons = [said_of.unknown(there)]
        return PlanUpgrade(there=there, aim=aim, status="current", reasons=reasons)
    newer = _newer(there, aim, wishes)
    if newer is not None:
        reasons = [said_of.newer(there, newer, aim, client)]
        return PlanUpgrade(there=there, aim=aim, status="current", reasons=reasons)
    if _is_current(there, aim) and not (wishes.on_edited == "replace" and aim.lost):
        reasons = [*said_of.current(there, aim)]
        return PlanUpgrade(there=there, aim=aim, status="current", reasons=reasons)
    if _blocking(there, aim, wishes):
        reasons = [*said_of.stopped(there, aim)]
        return PlanUpgrade(there=there, aim=aim, status="edited", reasons=reasons)
    return _Change(there, aim).made(running if wishes.lists is None else None)


def _blocking(there: PlanInFile, aim: Aim, wishes: UpgradeWishes) -> bool:
    """Tell whether edits would be lost that the user has not given up."""
    if wishes.on_edited is None:
        decided = {shown for plan, shown in wishes.decided if plan == there.plan.id}
        return any(each.what != "moved" and each.model not in decided for each in aim.lost)
    return wishes.on_edited == "abort" and bool(aim.lost)


def _aim(there: PlanInFile, client: Profile, wishes: UpgradeWishes) -> Aim:
    plan = there.plan
    keeps_all = wishes.on_edited == "keep"
    region = _region(there, wishes.region)
    template = _template(plan, region, client, wishes)
    if region.name not in template.digests:
        raise UsageError(
            f"{plan.id} {template.version} is not offered in the region {region.name}",
            f"add --region {'|'.join(template.digests)}, or choose another version with --to",
        )
    published = plan.models(template, region)
    base = there.base_models()

    def keeps(model: str) -> bool:
        return keeps_all or wishes.decided.get((plan.id, model)) == "keep"

    listed = carried_over(base, there.ours, published, keeps) if there.ours else published
    left_out = there.left_out if keeps_all else set()
    models = [model for model in listed if model["id"] not in left_out]
    carried = [_in_region(plan, model, region) for model in there.added]
    edited = compare(base, there.ours, published, models)
    everything = [*models, *carried]
    shadowed = said_of.shadowed(there, everything, client)
    return Aim(template, region, everything, edited, shadowed, carried)


def _in_region(plan: Plan, model: PlanModel, region: Region) -> PlanModel:
    """Return a model that a user added; an endpoint of another region becomes that of this one."""
    is_elsewhere = plan.region_of(model) not in (None, region)
    return {**model, "baseUrl": region.base_url} if is_elsewhere else model


def _template(plan: Plan, region: Region, client: Profile, wishes: UpgradeWishes) -> Template:
    """Return the version that is wanted.

    Raises:
        UsageError: there is none.
    """
    if wishes.lists is None:
        release = None if client.name == GUIDE else client.name
        return plan.target(wishes.to) if wishes.to else plan.newest(release)
    digest = wishes.lists.get((plan.id, region.name))
    found = plan.identify(digest) if digest else None
    if found is None:
        raise UsageError(
            f"the installed client has no list of {plan.title} in the region {region.name}",
            "name the plans that it has with --plan",
        )
    if models_digest(plan.models(*found)) != plan.digest(*found):
        raise InputError(f"{found[0].file}: its models are not those of its digest", "remove it")
    return found[0]


def _region(there: PlanInFile, wanted: str | None) -> Region:
    plan = there.plan
    region = plan.region(wanted) if wanted else there.region
    if region is None:
        raise UsageError(
            f"the region of {plan.title} is unknown: the settings do not record it, and no model "
            "shows it",
            f"use --plan {plan.id} --region {'|'.join(plan.regions)}",
        )
    return region


def _newer(there: PlanInFile, aim: Aim, wishes: UpgradeWishes) -> Template | None:
    """Return the installed template if it is newer than the client's, so that nothing is due.

    Raises:
        UsageError: the user explicitly asked for the older template.
    """
    installed = there.template or there.base
    if installed is None or wishes.allow_downgrade:
        return None
    if aim.template.order() >= installed.order():
        return None
    if wishes.to is None and wishes.region is None and wishes.lists is None:
        return installed
    like = "installed" if there.template else "the closest to these models"
    raise UsageError(
        f"{there.plan.id} {installed.version} is {like}; {aim.template.version} is older",
        "add --allow-downgrade to go back, or name another version with --to",
    )


def _newer_than_known(there: PlanInFile, aim: Aim, wishes: UpgradeWishes) -> str | None:
    """Return the version that the lock records, if it must come from a newer qwenlock.

    Raises:
        UsageError: the user explicitly asked for an older template.
    """
    previous = there.project.previous
    if wishes.allow_downgrade or there.template is not None or previous is None:
        return None
    recorded = [each.version for each in previous.plans if each.id == there.plan.id]
    newest = max(filter(None, recorded), key=Version, default=None)
    if newest is None or Version(newest) <= aim.template.order():
        return None
    if wishes.to is None and wishes.region is None and wishes.lists is None:
        return newest
    raise UsageError(
        f"the lock records {there.plan.id} {newest}; {aim.template.version} is older",
        "add --allow-downgrade to go back, or install a newer qwenlock",
    )


def _is_unknown(there: PlanInFile, wishes: UpgradeWishes) -> bool:
    """Tell whether the settings record the list that they have, but no template knows it.

    It may be newer than every list that this qwenlock knows, so it is not replaced unasked.

    Raises:
        UsageError: the user explicitly asked for a known template.
    """
    is_known = there.template is not None or there.chosen_from is not None
    if is_known or not there.is_unedited or wishes.allow_downgrade or wishes.lists is not None:
        return False
    if wishes.to is None and wishes.region is None:
        return True
    raise UsageError(
        f"this qwenlock does not know the list of {there.plan.title} that "
        f"{there.target.label} records; it may be newer or older than the one you ask for",
        "install a newer qwenlock; or, if you know that the list is older, add --allow-downgrade",
    )


def _of_a_newer_client(there: PlanInFile, wishes: UpgradeWishes) -> str | None:
    """Return the installed release if the unedited list must come from it.

    That client would offer its own list again at the next start.
    """
    installed = there.project.installed
    is_asked_for = wishes.to or wishes.region or wishes.allow_downgrade or wishes.lists is not None
    is_known = there.template is not None or there.chosen_from is not None
    if is_asked_for or is_known or not there.is_unedited or installed is None:
        return None
    return installed if is_newer_than_known(installed) else None


def _is_current(there: PlanInFile, aim: Aim) -> bool:
    """Tell whether a client of the template would find nothing to update."""
    plan, sources = there.plan, there.sources
    wanted = plan_state.wanted(plan, aim.template, aim.region)
    return (
        all(merged(sources, path) == value for path, value in wanted.items())
        and not plan_state.stale(plan, aim.template, aim.region, sources)
        and all(plan.region_of(model) in (aim.region, None) for model in there.models)
    )


class _Change:
    """The edits of one plan, made step by step on a draft of the file's settings."""

    def __init__(self, there: PlanInFile, aim: Aim) -> None:
        self._there, self._aim = there, aim
        self._draft = Draft(there.target.value)
        self._warnings: list[str] = []

    def made(self, running: str | None) -> PlanUpgrade:
        """Return the change."""
        there, aim = self._there, self._aim
        self._replace_models()
        plan_state.record(self._draft, there.plan, aim.template, aim.region)
        files = [*there.target.file_change(self._text()), *self._elsewhere()]
        warnings = [*said_of.warnings(there, aim, running), *self._warnings]
        return PlanUpgrade(
            there=there,
            aim=aim,
            status=self._status() if files else "current",
            reasons=() if files else [*said_of.current(there, aim)],
            files=files,
            warnings=warnings,
        )

    def _text(self) -> str:
        states = self._there.plan.states.values()
        other = [each.at for each in states if each.at != self._aim.template.state.at]
        text = self._there.target.edited(self._draft.finish().operations)
        return without_empty(text, self._draft.settings, other)

    def _status(self) -> UpgradeStatus:
        """Tell whether the client would offer this update."""
        plan, aim = self._there.plan, self._aim
        kept = aim.template.state
        digest = plan_state.wanted(plan, aim.template, aim.region)[kept.version]
        dismissals = [path for path in (kept.ignored_version, kept.postponed_version) if path]
        dismissed = any(merged(self._there.sources, path) == digest for path in dismissals)
        return "dismissed" if dismissed else "due"

    def _replace_models(self) -> None:
        path, entries = array(self._there.plan), self._there.entries
        if not entries:
            self._draft.do(Set(path, self._aim.models))
            return
        for operation in replaced(entries, self._aim.models, self._there.plan, path):
            self._draft.do(operation)

    def _elsewhere(self) -> list[FileChange]:
        """Remove records of these models from other files that a client would read."""
        plan, target_scope = self._there.plan, self._there.target.scope
        right = plan_state.wanted(plan, self._aim.template, self._aim.region)
        files: list[FileChange] = []
        for source in self._there.sources:
            wins = SCOPES.index(source.scope) > SCOPES.index(target_scope)
            paths = [
                path
                for path in plan_state.recorded_paths(plan)
                if get(source.document.value, path) not in (None, "", right.get(path))
                and (wins or path not in right)
            ]
            if source.scope == target_scope or not paths:
                continue
            if source.scope in WRITABLE and not owned(plan, source.settings):
                files += self._without(source, paths)
            else:
                names = " and ".join(map(dotted, paths))
                self._warnings.append(
                    f"{source.document.label} records {names} for the {source.scope} scope; a "
                    "client that reads it will offer an update: change or remove it there"
                )
        return files

    def _without(self, source: Source, paths: list[Path]) -> tuple[FileChange, ...]:
        other = target(self._there.project, source.scope)
        removals = [Remove(path) for path in paths]
        text, value = other.edited(removals), apply(other.value, removals)
        return other.file_change(without_empty(text, value, [path[:-1] for path in paths]))
