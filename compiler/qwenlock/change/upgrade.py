"""Upgrades a plan's models to a template: from settings and options to a change.

Guide, "Automatic Updates"; How Qwen Code reads settings, "Plans".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from qwenlock.change import selecting
from qwenlock.change import upgrade_report as said_of
from qwenlock.change.plan_in_file import PlanInFile, array, owned
from qwenlock.change.plan_models import by_id, carried_over, replaced
from qwenlock.change.target import dotted, target, without_empty
from qwenlock.change.three_way import compare
from qwenlock.change.upgrade_report import Aim, Status
from qwenlock.clients.profile import GUIDE, OAUTH, profile
from qwenlock.clients.scopes import SCOPES, WRITABLE
from qwenlock.findings.errors import UsageError
from qwenlock.findings.file_changes import ProjectChange
from qwenlock.plans.collection import Plans, meant
from qwenlock.settings import plan_state
from qwenlock.settings.providers import providers_in
from qwenlock.settings.scopes import merged, owner
from qwenlock.settings.script_api import Draft
from qwenlock.text.operations import Remove, Set, get

if TYPE_CHECKING:
    from qwenlock.change.selecting import Choice
    from qwenlock.clients.profile import Profile
    from qwenlock.clients.scopes import ScopeName
    from qwenlock.findings.file_changes import FileChange
    from qwenlock.plans.plan import Plan, Region, Template
    from qwenlock.settings.project import Project
    from qwenlock.settings.scopes import Source
    from qwenlock.text.operations import Path

OnEdited: TypeAlias = Literal["replace", "keep", "abort"]


@dataclass(frozen=True, slots=True, kw_only=True)
class UpgradeWishes:
    """The user's choices; the same as the options of `qwenlock upgrade`.

    If `on_edited` is None, an update replaces edits, but edits alone do not cause an update.
    """

    plan: str | None = None
    to: str | None = None
    region: str | None = None
    scope: ScopeName | None = None
    keep_selection: bool = False
    on_edited: OnEdited | None = None
    adopt: bool = False
    allow_downgrade: bool = False


def upgrade(project: Project, wishes: UpgradeWishes, running: str | None = None) -> ProjectChange:
    """Return the change that upgrades a plan, installs it, or moves it to another region.

    Args:
        project: the project; its client's newest template it is by default.
        wishes: what the user asks for.
        running: the release of the client that is installed here, where that is known.

    Returns:
        The change; its report is that of `upgrade_report.report`. Without files there is nothing
        to do, and the reasons say why.

    Raises:
        UsageError: the request is impossible; the message says what to do.
        InputError: the settings or a template are invalid.
    """
    client = project.client
    plan = _meant(project, wishes)
    if plan is None:
        offered = [each for each in project.plans if wishes.plan in (None, each.id)]
        return ProjectChange(
            reasons=(said_of.not_installed(offered),),
            report=said_of.report("not-installed"),
        )
    there = PlanInFile(project, plan, wishes.scope)
    selected = selecting.chosen(project.sources)
    unchanged = (selected, selected)
    if there.models and there.recorded is None and not wishes.adopt:
        said = said_of.report("manual", there, None, unchanged)
        return ProjectChange(reasons=(said_of.manual(there),), report=said)
    aim = _aim(there, client, wishes)
    newer = _newer(there, aim, wishes)
    if newer is not None:
        said = said_of.report("current", there, aim, unchanged)
        return ProjectChange(reasons=(said_of.newer(there, newer, client),), report=said)
    if _is_current(there, aim) and not (wishes.on_edited == "replace" and aim.lost):
        said = said_of.report("current", there, aim, unchanged)
        return ProjectChange(reasons=tuple(said_of.current(there, aim)), report=said)
    if wishes.on_edited == "abort" and aim.lost:
        said = said_of.report("edited", there, aim, unchanged)
        return ProjectChange(reasons=tuple(said_of.stopped(there, aim)), report=said)
    return _Upgrade(there, aim, client, wishes).change(selected, running)


def _meant(project: Project, wishes: UpgradeWishes) -> Plan | None:
    """Return the plan that is meant, or None where none is installed and none shall be."""
    plans = Plans.of(project.plans)
    named = [plans.plan(wishes.plan)] if wishes.plan else plans
    there = [plan for plan in named if _is_there(plan, project, wishes.scope)]
    if not there and wishes.region is None:
        return None
    possible = there or [plan for plan in named if plan.has_region(wishes.region)] or named
    found = possible[0] if len(possible) == 1 else None if there else meant(possible)
    if found is None:
        names = " or ".join(plan.id for plan in possible)
        raise UsageError("several plans could be meant", f"name one with --plan: {names}")
    return found


def _is_there(plan: Plan, project: Project, scope: ScopeName | None) -> bool:
    source = project.source(scope) if scope else owner(project.sources)
    models = owned(plan, source.settings) if source else []
    return bool(models) or plan_state.recorded(plan, project.sources) is not None


def _aim(there: PlanInFile, client: Profile, wishes: UpgradeWishes) -> Aim:
    plan = there.plan
    release = None if client.name == GUIDE else client.name
    template = plan.target(wishes.to) if wishes.to else plan.newest(release)
    region = _region(there, template, wishes.region)
    published = plan.models(template, region)
    base = there.base_models()
    keeps = wishes.on_edited == "keep" and there.ours
    models = carried_over(base, there.ours, published) if keeps else published
    edited = compare(base, there.ours, published, models)
    return Aim(template, region, models, edited, said_of.shadowed(there, models, client))


def _region(there: PlanInFile, template: Template, wanted: str | None) -> Region:
    plan = there.plan
    region = plan.region(wanted) if wanted else there.region
    if region is None:
        raise UsageError(
            f"the region of {plan.title} is unknown: it is not recorded, and no models show it",
            f"name it with --region {'|'.join(plan.regions)}",
        )
    if region.name not in template.digests:
        raise UsageError(
            f"{plan.id} {template.version} is not offered in the region {region.name}",
            f"add --region {'|'.join(template.digests)}, or choose another version with --to",
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
    if wishes.to is None and wishes.region is None:
        return installed
    like = "installed" if there.template else "the closest to these models"
    raise UsageError(
        f"{there.plan.id} {installed.version} is {like}; {aim.template.version} is older",
        "add --allow-downgrade to go back, or name another version with --to",
    )


def _is_current(there: PlanInFile, aim: Aim) -> bool:
    """Tell whether a client of the template would find nothing to update."""
    plan, sources = there.plan, there.sources
    wanted = plan_state.wanted(plan, aim.template, aim.region)
    return (
        all(merged(sources, path) == value for path, value in wanted.items())
        and not plan_state.stale(plan, aim.template, aim.region, sources)
        and all(plan.region_of(model) in (aim.region, None) for model in there.models)
    )


class _Upgrade:
    """The edits of one upgrade, made step by step on a draft of the file's settings."""

    def __init__(self, there: PlanInFile, aim: Aim, client: Profile, wishes: UpgradeWishes) -> None:
        self._there, self._aim, self._client, self._wishes = there, aim, client, wishes
        self._draft = Draft(there.target.value)
        self._warnings: list[str] = []

    def change(self, before: Choice | None, running: str | None) -> ProjectChange:
        """Return the change; `before` is the current selection."""
        there, aim = self._there, self._aim
        self._replace_models()
        plan_state.record(self._draft, there.plan, aim.template, aim.region)
        self._select(before)
        files = (*there.target.file_change(self._text()), *self._elsewhere())
        sources = there.target.sources_after(there.project, self._draft.settings)
        after = selecting.chosen(sources)
        warnings = [*said_of.warnings(there, aim, running), *self._warnings]
        status = self._status() if files else "current"
        done = said_of.reasons(there, aim, after) if files else said_of.current(there, aim)
        return ProjectChange(
            files=files,
            reasons=tuple(done),
            warnings=(*warnings, *said_of.comments(files)),
            report=said_of.report(status, there, aim, (before, after)),
        )

    def _text(self) -> str:
        states = self._there.plan.states.values()
        other = [each.at for each in states if each.at != self._aim.template.state.at]
        return without_empty(self._there.target.edited(self._draft.finish().operations), other)

    def _status(self) -> Status:
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

    def _select(self, before: Choice | None) -> None:
        """Select the first model (guide, "Automatic Updates"), or keep the selected one."""
        if self._wishes.keep_selection:
            if before and self._is_offered(before):
                self._keep(before)
                return
            was = f"{before} is no longer offered" if before else "no model was selected"
            self._warnings.append(f"{was}, so the plan's first model is selected")
        models = by_id(self._draft.get(array(self._there.plan)))
        for name, model in list(models.items())[:1]:
            self._choose(selecting.Choice(self._there.plan.auth_type, name, self._url(model)))

    def _is_offered(self, choice: Choice) -> bool:
        if choice.auth_type == OAUTH:
            return choice.model in self._client.oauth_models
        return choice.model in by_id(self._entries(choice.auth_type))

    def _entries(self, auth_type: str) -> list[Any]:
        """Return the entries of every provider that the client maps to `auth_type`."""
        target, project = self._there.target, self._there.project
        after = target.sources_after(project, self._draft.settings)
        written = next(each for each in after if each.scope == target.scope)
        return [
            entry.value
            for provider in providers_in(written, after, self._client)
            if provider.auth_type == auth_type
            for entry in provider.models()
        ]

    def _keep(self, choice: Choice) -> None:
        """Keep the model; update its base URL to that of its current entry."""
        entries = self._entries(choice.auth_type)
        named = [each for each in entries if choice.model in by_id([each])]
        urls = [model.get("baseUrl") for model in named]
        if choice.base_url and urls and choice.base_url not in urls:
            self._choose(choice._replace(base_url=self._url(named[0])))

    def _choose(self, choice: Choice) -> None:
        selecting.choose(self._draft, choice)
        there = self._there
        after = there.target.sources_after(there.project, self._draft.settings)
        self._warnings += selecting.overridden(after, there.target.scope, choice)

    def _url(self, model: dict[str, object]) -> str | None:
        """Return the base URL that selects `model`, if this client uses one."""
        url = model.get("baseUrl")
        return url if isinstance(url, str) and self._selects_url() else None

    def _selects_url(self) -> bool:
        if self._client.name != GUIDE:
            return self._client.selects_url
        try:
            return profile(self._aim.template.version).selects_url
        except UsageError:  # older than every known release
            return False

    def _elsewhere(self) -> list[FileChange]:
        """Remove records of these models in other files that a client would believe."""
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
        text = other.edited([Remove(path) for path in paths])
        return other.file_change(without_empty(text, [path[:-1] for path in paths]))
