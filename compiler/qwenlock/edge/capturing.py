"""Makes an installed client write its lists, and keeps those that no template has.

They are kept in the user's data directory, where `captured_templates` finds them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from qwenlock.change.client_lists import VARIABLE, lists_in, outdated, runs
from qwenlock.edge.captured_templates import folder, is_captured
from qwenlock.edge.client import ClientError
from qwenlock.edge.plans import save
from qwenlock.edge.terminal import update_accepted
from qwenlock.plans.capture import capture as capture_template
from qwenlock.plans.definition import template_of
from qwenlock.plans.files import TEMPLATE, PlanFile
from qwenlock.text.record import replace

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from qwenlock.change.client_lists import ClientList
    from qwenlock.plans.collection import Plans


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


class Capture(NamedTuple):
    """The lists that a client wrote.

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
        ClientError: it offers no update, or asks in an unknown way.
        InputError: no template can render one of the lists.
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
