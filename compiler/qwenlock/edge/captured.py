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
from qwenlock.plans.capture import capture as template_of
from qwenlock.plans.files import TEMPLATE

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


def capture(
    command: Sequence[str],
    release: str,
    plans: Plans,
    wanted: Collection[tuple[str, str]] | None = None,
) -> list[CapturedList]:
    """Make the client write its list of every plan and region, and keep those that are new.

    Args:
        command: the client and its arguments.
        release: its release, as PEP 440 spells it.
        plans: the plans, with those lists that were captured before.
        wanted: the plans and regions that are needed, by name; None for all.

    Raises:
        UsageError: the client cannot be driven here.
        ClientError: it offers no update, or not in a way that is known.
        InputError: a list cannot be kept as a template.
    """
    found = []
    for run in runs(plans, wanted):
        source = update_accepted(command, outdated(plans, run), {VARIABLE: "any"})
        for each in lists_in(plans, run, source):
            found.append(_kept(each, release, plans))
            plans = with_captured(plans)
    if not found:
        raise ClientError(
            "the client offers no update of any plan, or asks in a way that qwenlock does not know",
            "capture the settings that it writes: `qwenlock template capture --from SETTINGS`",
        )
    return found


def _kept(found: ClientList, release: str, plans: Plans) -> CapturedList:
    """Keep a list as a template, unless there is one that has it."""
    plan = plans.plan(found.plan.id)
    known = plan.identify(found.digest)
    if known is not None:
        version, is_bundled = known[0].version, not is_captured(known[0])
    else:
        version, is_bundled = f"{release}+captured", False
        made = template_of(plan, version, found.region, found.models, found.state, found.digest)
        save(folder(), plan, version, made.text)
    return CapturedList(plan.id, found.region.name, found.digest, version, is_bundled)


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
