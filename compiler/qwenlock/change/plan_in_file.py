"""The plan installed in a settings file: its models, recorded state and version.

How Qwen Code reads settings, "Plans".
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from qwenlock.change.plan_models import by_id, is_owned
from qwenlock.change.selection import SELECTION_PATHS
from qwenlock.change.target import Target, catalogue_scope, check_usable, dotted, target
from qwenlock.clients.scopes import WRITABLE
from qwenlock.findings.errors import InputError, UsageError
from qwenlock.plans.digest import PREFIX
from qwenlock.plans.edits import choice_of, closest
from qwenlock.plans.plan import proves
from qwenlock.settings import plan_state
from qwenlock.settings.scopes import PROVIDERS, owner
from qwenlock.text.operations import get

if TYPE_CHECKING:
    from qwenlock.clients.scopes import ScopeName
    from qwenlock.plans.plan import Plan, PlanModel, Region, Template
    from qwenlock.settings.project import Project
    from qwenlock.settings.scopes import Sources
    from qwenlock.text.operations import Path


def array(plan: Plan) -> Path:
    """Return the path of the array that holds the models of `plan`."""
    return (*PROVIDERS, plan.auth_type)


def owned(plan: Plan, settings: dict[str, Any]) -> list[PlanModel]:
    """Return the models of `plan` in `settings`, of any region, in their order."""
    entries = get(settings, array(plan))
    if not isinstance(entries, list):
        return []
    variable = plan.env_key  # asked first: most entries are of no plan
    alike = (each for each in entries if isinstance(each, dict) and each.get("envKey") == variable)
    return [each for each in alike if plan.owns(each)]


class PlanInFile:
    """A plan in the settings file that an upgrade would change.

    Attributes:
        project: the project.
        plan: the plan.
        target: the file.
        sources: the scopes whose record is about the models of this file.
        entries: the provider's array in it.
        models: the plan's models in that.
        recorded: what a client recorded of them.

    Raises:
        UsageError: the models in force are in a file that qwenlock does not write.
        InputError: the file cannot be changed in its current state.
    """

    def __init__(self, project: Project, plan: Plan, wanted: ScopeName | None) -> None:
        self.project, self.plan = project, plan
        self.target = _writable(project, plan, wanted)
        check_usable(self.target, [array(plan), *SELECTION_PATHS, *plan_state.recorded_paths(plan)])
        self.entries: list[Any] = get(self.target.value, array(plan), [])
        if not isinstance(self.entries, list):
            message = f"{self.target.label}: {dotted(array(plan))} must be an array"
            raise InputError(message, "write [ ] instead, or remove the key")
        self.models = owned(plan, self.target.value)
        owning = owner(project.sources)
        is_of_others = (
            owning is not None
            and owning.scope != self.target.scope
            and bool(owned(plan, owning.settings))
        )
        self.sources: Sources = [self.target.source] if is_of_others else project.sources
        self.recorded = plan_state.recorded(plan, self.sources)

    @cached_property
    def region(self) -> Region | None:
        """Return the region of the models, or the recorded region if they have several."""
        found = {each.name: each for each in self.plan.regions_of(self.models)}
        known = self.recorded.region if self.recorded else None
        if len(found) != 1 and known:
            return known
        return next(iter(found.values()), None)

    @cached_property
    def ours(self) -> list[PlanModel]:
        """Return the models of that region, only the first of each id."""
        regions = self.plan.regions_of(self.models)
        here = [model for at, model in enumerate(self.models) if regions[at] == self.region]
        return list(by_id(here).values())

    @cached_property
    def added(self) -> list[PlanModel]:
        """Return the models that a user added to the plan's list: no known list has them.

        The client lets users add models in `/auth`, and its updates keep them.
        """
        known = self.plan.known_ids(model["id"] for model in by_id(self.models).values())
        return [model for name, model in by_id(self.models).items() if name not in known]

    @cached_property
    def chosen_from(self) -> Template | None:
        """Return the template of which the user chose some models in the client's `/auth`.

        Such a choice is unedited: its digest is recorded. None if a template has exactly these
        models.
        """
        if not self.is_unedited or self.template or self.region is None:
            return None
        return choice_of(self.plan, self.region, self.ours)

    @cached_property
    def left_out(self) -> set[str]:
        """Return the ids of the list's models that a user did not choose in the client's `/auth`.

        They are unknown, and so empty, for a list that no template has.
        """
        if self.chosen_from is None or self.region is None:
            return set()
        return by_id(self.plan.models(self.chosen_from, self.region)).keys() - by_id(self.ours)

    @cached_property
    def is_unedited(self) -> bool:
        """Tell whether the models are exactly those whose digest a client recorded."""
        return self.recorded is not None and proves(self.models, self.recorded.version)

    @cached_property
    def custom(self) -> dict[str, PlanModel]:
        """Return the other models of the array by id."""
        return by_id([entry for entry in self.entries if not is_owned(self.plan, entry)])

    @cached_property
    def recorded_template(self) -> Template | None:
        """Return the template whose digest is recorded, or None if it is unknown."""
        found = self.recorded and self.plan.identify(PREFIX + self.recorded.version)
        return found[0] if found else None

    @cached_property
    def template(self) -> Template | None:
        """Return the recorded template, or else the one that equals the models."""
        if self.recorded_template or not self.ours:
            return self.recorded_template
        return self.plan.recognise(self.ours).template

    @cached_property
    def base(self) -> Template | None:
        """Return the template that edits are compared with; None if there are no models."""
        if self.region is None or not self.ours:
            return None
        if self.template and self.region.name in self.template.digests:
            return self.template
        return closest(self.plan, self.region, self.ours)

    def base_models(self) -> list[PlanModel]:
        """Return the models of `base`, or `ours` if there is no `base` or nobody edited them."""
        if self.base is None or self.region is None or self.is_unedited:
            return self.ours
        return self.plan.models(self.base, self.region)


def _writable(project: Project, plan: Plan, wanted: ScopeName | None) -> Target:
    owning = owner(project.sources)
    if owning and owning.scope not in WRITABLE and owned(plan, owning.settings):
        raise UsageError(
            f"the models of {plan.title} are in {owning.document.label}, "
            f"the {owning.scope} scope, which qwenlock does not write to",
            f"if you may change that file, add --user {owning.document.label}",
        )
    scope = None if wanted or owning is None or owned(plan, owning.settings) else _of(project, plan)
    return target(project, scope or catalogue_scope(project, wanted))


def _of(project: Project, plan: Plan) -> ScopeName | None:
    """Return the highest scope that has models of `plan`, if one of those that may be written."""
    having = (each for each in map(project.source, WRITABLE) if each and owned(plan, each.settings))
    return next((each.scope for each in having), None)
