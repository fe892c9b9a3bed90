"""The report of an upgrade: sentences for people, and fields for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qwenlock import __version__
from qwenlock.change.plan_models import by_id
from qwenlock.plans.digest import stringify
from qwenlock.settings.providers import providers_in
from qwenlock.settings.scopes import PROVIDERS
from qwenlock.text.credentials import shown
from qwenlock.text.edit import lost_comments
from qwenlock.text.locate import Locator
from qwenlock.text.operations import get

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from qwenlock.change.plan_in_file import PlanInFile
    from qwenlock.change.selection import Choice
    from qwenlock.change.upgrade_data import Aim, PlanUpgrade, UpgradeStatus
    from qwenlock.clients.profile import Profile
    from qwenlock.findings.file_changes import FileChange
    from qwenlock.plans.plan import Plan, PlanModel, Template


def report(
    steps: Sequence[PlanUpgrade], selected: tuple[Choice | None, Choice | None]
) -> dict[str, Any]:
    """Return the report of an upgrade; it has every field, whatever the status.

    Args:
        steps: what happens to each plan. If there is one plan, its fields are at the top level,
            too.
        selected: the selection before and after.
    """
    before, after = (None if each is None else str(each) for each in selected)
    plans = [_of_plan(each.status, each.there, each.aim) for each in steps]
    return {
        **(plans[0] if len(plans) == 1 else _of_plan(_worst(steps), None, None)),
        "plans": plans,
        "selection": {"from": before, "to": after},
    }


def _worst(steps: Sequence[PlanUpgrade]) -> UpgradeStatus:
    order: list[UpgradeStatus] = ["edited", "due", "dismissed", "current", "manual"]
    found = {each.status for each in steps}
    return next((status for status in order if status in found), "not-installed")


def _of_plan(status: UpgradeStatus, there: PlanInFile | None, aim: Aim | None) -> dict[str, Any]:
    region = aim.region if aim else there.region if there else None
    return {
        "status": status,
        "plan": there.plan.id if there else None,
        "region": region.name if region else None,
        "from": there.template.version if there and there.template else None,
        "to": aim.template.version if aim else None,
        "scope": there.target.scope if there else None,
        "file": there.target.label if there else None,
        "models": difference(there, aim.models if aim else there.models if there else []),
        "edited": [each.as_json() for each in aim.edited] if aim else [],
        "shadowed": aim.shadowed if aim else [],
    }


def difference(there: PlanInFile | None, models: Sequence[PlanModel]) -> dict[str, list[str]]:
    """Return the ids that an upgrade to `models` adds, removes, changes and keeps.

    Custom models count as kept.
    """
    before, custom = (by_id(there.models), there.custom) if there else ({}, {})
    after = by_id(models)
    both = [name for name in after if name in before]
    same = [name for name in both if stringify(before[name]) == stringify(after[name])]
    found = {
        "added": [name for name in after if name not in before],
        "removed": [name for name in before if name not in after],
        "changed": [name for name in both if name not in same],
        "kept": [*same, *(name for name in custom if name not in after)],
    }
    return {what: [shown(name) for name in names] for what, names in found.items()}


def not_installed(plans: Sequence[Plan]) -> str:
    """Say that none of `plans` is installed, and how to install one."""
    if len(plans) > 1:
        return (
            "no plan is installed: `qwenlock upgrade --plan ID --region REGION` installs one, and "
            "`qwenlock template list` lists them"
        )
    return "; ".join(
        f"{plan.title} is not installed; "
        f"`qwenlock upgrade --plan {plan.id} --region {'|'.join(plan.regions)}` installs it"
        for plan in plans
    )


def manual(there: PlanInFile) -> str:
    """Say that models without a record are not changed."""
    count = f"{len(there.models)} model{'' if len(there.models) == 1 else 's'}"
    return (
        f"{there.target.label} has {count} of {there.plan.title} without a recorded "
        "version: they were configured by hand and are not changed; add --adopt to upgrade them"
    )


def current(there: PlanInFile, aim: Aim) -> Iterator[str]:
    """Say that there is nothing to do, and list the edits."""
    where = f"region {aim.region.name}, in {there.target.label}"
    yield f"{there.plan.title} is up to date: {aim.template.version}, {where}"
    if aim.edited:
        yield "these edits were kept; `--on-edited replace` restores the template:"
        yield from (f"  {each}" for each in aim.edited)


def newer(there: PlanInFile, installed: Template, aim: Aim, client: Profile) -> str:
    """Say that the installed version is newer than that of the client, and stays."""
    return (
        f"{there.plan.title} {installed.version} is installed, which is newer than "
        f"{aim.template.version}, the newest that qwenlock knows for Qwen Code {client.name}: no "
        "update is due; add --allow-downgrade to go back"
    )


def unknown(there: PlanInFile) -> str:
    """Say that the settings record a list that only another qwenlock can know."""
    return (
        f"{there.target.label} records a list of {there.plan.title} that this qwenlock "
        f"({__version__}) does not know. It may be newer or older than every list here, so it is "
        "not replaced: install a newer qwenlock; or, if you know that the list is older, add "
        "--allow-downgrade to replace it"
    )


def newer_than_known(there: PlanInFile, version: str) -> str:
    """Say that a newer qwenlock has installed a version that this one does not know."""
    return (
        f"{there.plan.title} {version} is in the lock, and this qwenlock ({__version__}) is older "
        "and does not know it: install a newer qwenlock, or add --allow-downgrade to go back"
    )


def of_a_newer_client(there: PlanInFile, installed: str) -> str:
    """Say that the list is one of an installed client that is newer than this qwenlock."""
    return (
        f"{there.plan.title} is not changed: no template has these models, and the installed Qwen "
        f"Code {installed} is newer than this qwenlock ({__version__}); `--to client` upgrades to "
        "its list, and --allow-downgrade goes back"
    )


def not_in_client(there: PlanInFile, client: Profile) -> str:
    """Say that the client does not have the plan, so that it has no list to upgrade to."""
    return f"{there.plan.title} is not changed: Qwen Code {client.name} does not have this plan"


def stopped(there: PlanInFile, aim: Aim) -> Iterator[str]:
    """List the edits that block an upgrade."""
    yield f"nothing was written: edits of {there.plan.title} would be lost"
    yield from (f"  {each}" for each in aim.lost)
    yield "`--on-edited keep` keeps the edits that still apply, `--on-edited replace` drops them"


def summary(steps: Sequence[PlanUpgrade]) -> Iterator[str]:
    """Say what happens to each plan, and sum up."""
    total = dict.fromkeys(("added", "changed", "removed"), 0)
    for step in steps:
        if step.aim is None:
            continue
        there, aim = step.there, step.aim
        yield from _headline(there, aim)
        found = difference(there, aim.models)
        for what in total:
            total[what] += len(found[what])
            if found[what]:
                yield f"  {what}: {', '.join(found[what])}"
        left_out = [shown(name) for name in by_id(aim.models) if name in there.left_out]
        if left_out:
            names = ", ".join(left_out)
            yield f"  you had left out: {names}; `--on-edited keep` leaves them out"
        if aim.carried:
            yield f"  kept, as you added them: {', '.join(shown(m['id']) for m in aim.carried)}"
        yield from (f"  your edit is kept: {each}" for each in aim.edited if each.kept)
    yield f"{total['added']} to add, {total['changed']} to change, {total['removed']} to remove"


def _headline(there: PlanInFile, aim: Aim) -> Iterator[str]:
    moves = there.region not in (None, aim.region)
    region = (
        f"{there.region.name} → {aim.region.name}" if there.region and moves else aim.region.name
    )
    to = f"{aim.template.version}, region {region}, in {there.target.label}"
    if there.models or there.recorded:
        yield f"upgrade {there.plan.title}: {_was(there)} to {to}"
    else:
        yield f"install {there.plan.title}: {to}"
        yield f"it needs {there.plan.env_key} in the client's environment or in a .env file"


def _was(there: PlanInFile) -> str:
    if there.chosen_from:
        return f"{there.chosen_from.version} (models that you chose)"
    return there.template.version if there.template else "an unknown version"


def warnings(there: PlanInFile, aim: Aim, running: str | None) -> Iterator[str]:
    """Yield warnings about an upgrade."""
    if there.recorded and there.recorded_template is None and there.chosen_from is None:
        by = there.base.version if there.base and not there.is_unedited else None
        judged = f"; edits are compared with the closest, {by}" if by else ""
        yield f"the recorded version is unknown, perhaps newer than this qwenlock{judged}"
    yield from (f"your edit is lost: {each}" for each in aim.lost)
    for name in aim.shadowed:
        yield f"the plan's model {name} comes first, and hides the custom model with this id"
    yield from _hidden(there, aim)
    if running and not there.plan.covers(aim.template, running):
        yield (
            f"the installed Qwen Code {running} has another template, and will offer that as an "
            "update; add "
            f"`--client {running}` to install that one"
        )


def shadowed(there: PlanInFile, models: Sequence[PlanModel], client: Profile) -> list[str]:
    """Return the ids of custom models that `client` hides because a plan model comes first.

    Whether two entries are the same model depends on the release
    (How Qwen Code reads settings, "Models").
    """
    first = by_id(models)
    return [
        shown(name)
        for name, entry in there.custom.items()
        if name in first
        and (not client.identity_has_url or entry.get("baseUrl") == first[name].get("baseUrl"))
    ]


def comments(files: Sequence[FileChange]) -> Iterator[str]:
    """List the comments that will be deleted, with possible keys in them masked."""
    for file in files:
        for comment in lost_comments(file.before or "", file.after):
            line = " ".join(Locator(comment).masked().split())
            yield f"this comment will be deleted: {line}"


def _hidden(there: PlanInFile, aim: Aim) -> Iterator[str]:
    """List the models that REPLACE hides if the file had no modelProviders before."""
    if get(there.target.value, PROVIDERS) is not None:
        return
    offered = by_id(aim.models)
    for source in there.project.sources:
        providers = providers_in(source, there.project.sources, there.project.client)
        named = (entry.id for provider in providers for entry in provider.models())
        names = [shown(name) for name in dict.fromkeys(named) if name not in offered]
        if names:
            yield (
                f"{there.target.label} gets modelProviders, which replaces that of the "
                f"{source.scope} scope: {', '.join(names)} will no longer be offered"
            )
