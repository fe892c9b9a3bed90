"""The lists that an installed client was made to write: kept in the user's data directory.

They are recognised and upgraded to on this machine, but never in a lock: other machines do not have
them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from qwenlock.change.outdated import VARIABLE, lists_in, outdated, runs
from qwenlock.edge.client import ClientError
from qwenlock.edge.plans import read_template, save
from qwenlock.edge.terminal import update_accepted
from qwenlock.findings.errors import InputError
from qwenlock.plans.capture import capture as capture_template
from qwenlock.plans.definition import template_of
from qwenlock.plans.files import TEMPLATE, PlanFile

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from pathlib import Path

    from qwenlock.change.outdated import ClientList
    from qwenlock.plans.collection import Plans
    from qwenlock.plans.plan import Plan, Template


class CapturedList(NamedTuple):
    """A list that a client has.

    Attributes:
        plan: the plan's id.
        region: the region's name.
        digest: the list's digest.
        version: the template that has it.
        is_bundled: the template came with qwenlock, or is one of the user's own.
    """

    plan: str
    region: str
    digest: str
    version: str
    is_bundled: bool


def folder() -> Path:
    """Return the directory of captured templates, which need not exist."""
    from platformdirs import user_data_path

    return user_data_path("qwenlock", appauthor=False) / "captured"


def with_captured(plans: Plans) -> Plans:
    """Return `plans` with the captured templates, which are recognised and never a default.

    Looking at a plan raises an InputError if a captured file of it is invalid.
    """
    return plans.changed(_with_captured)


def is_captured(template: Template) -> bool:
    """Tell whether a template is one of those that `with_captured` adds."""
    return template.file.startswith(str(folder()))


class Capture(NamedTuple):
    """What a client was made to write.

    Attributes:
        lists: its lists.
        plans: the plans, with templates of those that are new.
        new: the texts of these templates by plan and version; `keep` writes them.
    """

    lists: list[CapturedList]
    plans: Plans
    new: dict[tuple[str, str], str]


def capture(
    command: Sequence[str],
    release: str,
    plans: Plans,
    wanted: Collection[tuple[str, str]] | None = None,
) -> Capture:
    """Make the client write its list of every plan and region.

    Args:
        command: the client and its arguments.
        release: its release, as PEP 440 spells it.
        plans: the plans, with those lists that were captured before.
        wanted: the plans and regions that are needed, by name; None for all.

    Raises:
        UsageError: the client cannot be driven here.
        ClientError: it offers no update, or not in a way that is known.
        InputError: no template can say a list.
    """
    found = Capture([], plans, {})
    for run in runs(plans, wanted):
        source = update_accepted(command, outdated(plans, run), {VARIABLE: "any"})
        for each in lists_in(plans, run, source):
            found = _with(found, each, f"{release}+captured")
    if not found.lists:
        raise ClientError(
            "the client offers no update of any plan, or asks in a way that qwenlock does not know",
            "capture the settings that it writes: `qwenlock template capture --from SETTINGS`",
        )
    return found


def keep(found: Capture) -> None:
    """Write the templates that are new.

    Raises:
        WriteError: they cannot be written.
    """
    for (plan, version), text in found.new.items():
        save(folder(), found.plans.plan(plan), version, text)


def _with(found: Capture, of_client: ClientList, version: str) -> Capture:
    """Return `found` with one list more, and with its template unless there is one that has it."""
    plan = found.plans.plan(of_client.plan.id)
    region, digest = of_client.region, of_client.digest
    known = plan.identify(digest)
    if known is not None:
        is_bundled = not is_captured(known[0])
        each = CapturedList(plan.id, region.name, digest, known[0].version, is_bundled)
        return found._replace(lists=[*found.lists, each])
    made = capture_template(plan, version, region, of_client.models, of_client.state, digest)
    name = f"{version}{TEMPLATE}"
    file = PlanFile(name, str(folder() / plan.id / name), made.text)
    template = replace(template_of(file, plan.regions, plan.states), recognised_only=True)
    others = [each for each in plan.templates if each.version != version]
    changed = replace(plan, templates=(*others, template))
    return Capture(
        [*found.lists, CapturedList(plan.id, region.name, digest, version, is_bundled=False)],
        found.plans.changed(lambda each: changed if each.id == plan.id else each),
        {**found.new, (plan.id, version): made.text},
    )


def _with_captured(plan: Plan) -> Plan:
    others = [each for each in plan.templates if not is_captured(each)]
    return replace(plan, templates=(*others, *_templates(plan)))


def _templates(plan: Plan) -> Iterator[Template]:
    own = folder() / plan.id
    for file in sorted(own.glob(f"*{TEMPLATE}")) if own.is_dir() else ():
        try:
            yield replace(read_template(file, plan), recognised_only=True)
        except InputError as error:
            raise InputError(error.message, f"remove {file}", error.findings) from None
