"""`qwenlock template`: the plan versions that this qwenlock knows."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from qwenlock.cli import declared as typer
from qwenlock.cli.completion import plans, regions, versions
from qwenlock.cli.options import Format, FormatOption, TemplatesOption, own_folders

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qwenlock.plans.collection import Plans
    from qwenlock.plans.plan import Plan

app = typer.Typer(
    help="List, show, verify and capture the templates of plans.",
    cls="group",
    add_completion=False,
)

PlanOption = Annotated[
    str | None,
    typer.Option(
        "--plan",
        autocompletion=plans,
        metavar="ID",
        help="The plan; required if more than one matches.",
    ),
]


@app.command("list")
def list_templates(
    plan: Annotated[
        str | None,
        typer.Option(
            "--plan", autocompletion=plans, metavar="ID", help="The plan; default: every plan."
        ),
    ] = None,
    templates: TemplatesOption = None,
    format: FormatOption = Format.text,  # noqa: A002
) -> int:
    """List the plans, their template versions and regions."""
    from qwenlock.cli.console import emit_json
    from qwenlock.cli.table import emit_table
    from qwenlock.edge.captured_templates import is_captured

    versions = [
        (chosen, template)
        for chosen in _chosen(_plans(templates), plan)
        for template in chosen.ordered()
    ]
    if format is Format.json:
        emit_json(
            {
                "templates": [
                    {
                        "plan": chosen.id,
                        "version": template.version,
                        "regions": list(template.digests),
                        "client": chosen.releases(template),
                        "captured": is_captured(template),
                        "source": template.source,
                    }
                    for chosen, template in versions
                ]
            }
        )
        return 0
    rows = [
        [
            chosen.id,
            template.version,
            ", ".join(template.digests),
            "captured"
            if is_captured(template)
            else chosen.releases(template) or "none: recognised only",
        ]
        for chosen, template in versions
    ]
    emit_table(["plan", "version", "regions", "client"], rows)
    return 0


@app.command()
def show(
    version: Annotated[
        str,
        typer.Argument(
            autocompletion=versions,
            metavar="VERSION",
            help="A template version.",
        ),
    ],
    region: Annotated[
        str,
        typer.Option(
            "--region",
            autocompletion=regions,
            metavar="R",
            help="A region of the plan.",
        ),
    ],
    plan: PlanOption = None,
    templates: TemplatesOption = None,
) -> int:
    """Show the models of a version in a region, as JSON for modelProviders."""
    from qwenlock.cli.console import as_json, emit_raw

    chosen = _plan(_plans(templates), plan, version, region)
    models = chosen.models(chosen.template(version), chosen.region(region))
    emit_raw(as_json(models))
    return 0


@app.command()
def verify(
    plan: Annotated[
        str | None,
        typer.Option(
            "--plan", autocompletion=plans, metavar="ID", help="The plan; default: every plan."
        ),
    ] = None,
    templates: TemplatesOption = None,
    format: FormatOption = Format.text,  # noqa: A002
) -> int:
    """Render every template and compare it with its published digest.

    Exits 1 if one differs, or if two versions have the same models.
    """
    from qwenlock.cli.console import emit_json, say
    from qwenlock.cli.table import emit_table
    from qwenlock.plans.verify import verify as verify_plan
    from qwenlock.text.foreign import clean

    verdicts = [
        (chosen.id, each)
        for chosen in _chosen(_plans(templates), plan)
        for each in verify_plan(chosen)
    ]
    if format is Format.json:
        emit_json(
            {
                "templates": [
                    {
                        "plan": identifier,
                        "version": each.version,
                        "region": each.region,
                        "status": each.status,
                        "digest": each.digest,
                        "published": each.published,
                        "same-as": each.same_as,
                    }
                    for identifier, each in verdicts
                ]
            }
        )
    else:
        rows = [
            [each.status, name, each.version, each.region, _short(each.digest)]
            for name, each in verdicts
        ]
        emit_table(["status", "plan", "version", "region", "digest"], rows)
    twice = {(name, each.version): each.same_as for name, each in verdicts if each.same_as}
    for (name, version), first in twice.items():
        say(clean(f"{name} {version} has the same models as {first}: delete one of the two files"))
    return 1 if any(each.status in ("mismatch", "duplicate") for _, each in verdicts) else 0


@app.command()
def capture(
    settings: Annotated[
        Path | None,
        typer.Option("--from", metavar="SETTINGS", help="A settings file that the client wrote."),
    ] = None,
    from_client: Annotated[
        bool,
        typer.Option("--from-client", help="Start the client, and let it write all its lists."),
    ] = False,
    client_command: Annotated[
        str, typer.Option("--client-command", metavar="C", help="The client's command.")
    ] = "qwen",
    version: Annotated[
        str | None, typer.Option("--version", metavar="V", help="The release of the client.")
    ] = None,
    region: Annotated[
        str | None,
        typer.Option(
            "--region",
            autocompletion=regions,
            metavar="R",
            help="A region of the plan.",
        ),
    ] = None,
    plan: PlanOption = None,
    new_plan: Annotated[
        str | None,
        typer.Option("--new-plan", metavar="ID", help="Begin a plan of your own with this id."),
    ] = None,
    env_key: Annotated[
        str | None,
        typer.Option("--env-key", metavar="NAME", help="The envKey of the new plan's models."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            metavar="DIR",
            help="Write DIR/PLAN/VERSION.json.j2. By default, it goes to stdout.",
        ),
    ] = None,
    templates: TemplatesOption = None,
    format: FormatOption = Format.text,  # noqa: A002
) -> int:
    """Create template versions from what a newer client has.

    --from takes a plan's models out of settings that the client wrote. The digest that the client
    recorded must match them, and the template is written only if it renders to exactly these
    models. If the version exists for another region, this region is added to it.

    --new-plan begins a plan of your own with the models that have the variable --env-key: it
    writes plan.toml and the first version to --output.

    --from-client starts the installed client in a home of its own, without network and without
    your keys, and accepts the update that it offers. Lists that are new are kept in your data
    directory, where `qwenlock upgrade` finds them; no lock depends on them.

    Examples: `qwenlock template capture --from ~/.qwen/settings.json --version 1.2.3
    --region china --output templates`, `qwenlock template capture --from-client`
    """
    from qwenlock.cli.client import release_in_files
    from qwenlock.findings.errors import UsageError

    if from_client:
        if settings or version or region or plan or output or new_plan or env_key:
            fix = "use it alone, or with --client-command"
            raise UsageError("--from-client captures every plan and region", fix)
        return _from_client(client_command, templates, as_json=format is Format.json)
    if new_plan is not None:
        if settings is None or version is None or env_key is None or output is None or plan:
            fix = "add --from, --env-key, --version and --output, and leave --plan out"
            raise UsageError("--new-plan needs the settings with the models, and a folder", fix)
        return _begin(settings, new_plan, env_key, release_in_files(version), region, output)
    if settings is None or version is None or region is None:
        fix = "add --from, --version and --region, or --from-client"
        raise UsageError("nothing to capture was named", fix)

    from qwenlock.change.capture import captured
    from qwenlock.cli.console import emit_raw, painted, say
    from qwenlock.edge.plans import holds_plans, load, save
    from qwenlock.edge.reader import read_settings
    from qwenlock.text.foreign import clean

    own = [*own_folders(templates), *([output] if output and holds_plans(output) else [])]
    source = read_settings(settings)
    chosen, found = captured(load(own), source, plan, release_in_files(version), region)
    say(clean(found.done))
    for each in found.review:
        say(f"{painted('review', 'warning')}: {clean(each)}")
    if output is None:
        emit_raw(found.text)
    elif found.changed:
        file = save(output, chosen, release_in_files(version), found.text)
        say(f"{painted('wrote', 'good')} {clean(str(file))}; see `qwenlock template verify`")
    return 0


def _begin(
    settings: Path, plan_id: str, env_key: str, version: str, region: str | None, output: Path
) -> int:
    """Write a new plan's folder, and say what to do with it."""
    from qwenlock.change.begin_plan import REGION, begun
    from qwenlock.cli.console import painted, say
    from qwenlock.edge.plans import save, save_definition
    from qwenlock.edge.reader import read_settings
    from qwenlock.findings.errors import UsageError
    from qwenlock.text.foreign import clean

    if (output / plan_id).exists():
        fix = "choose another id, or add a version to that plan with --plan"
        raise UsageError(f"{output / plan_id} exists", fix)
    text, plan, found = begun(read_settings(settings), plan_id, env_key, version, region or REGION)
    files = [save_definition(output, plan_id, text), save(output, plan, version, found.text)]
    names = " and ".join(clean(str(file)) for file in files)
    say(f"{painted('wrote', 'good')} {names}")
    say(
        "next: put `templates` into the configuration, and run `qwenlock upgrade --plan "
        f"{plan_id} --adopt`, which records the version"
    )
    return 0


def _short(digest: str) -> str:
    """Return a digest as a terminal has room for it; in a file it is whole."""
    from qwenlock.cli.views.differences import shortened

    return shortened(digest).removeprefix("sha256:") if sys.stdout.isatty() else digest


def _from_client(command: str, templates: str | None, *, as_json: bool) -> int:
    """Capture all lists of the installed client, and say which are new."""
    from qwenlock.cli.client import captured_lists
    from qwenlock.cli.console import emit_json, say
    from qwenlock.cli.table import emit_table
    from qwenlock.edge.captured_templates import folder
    from qwenlock.edge.capturing import keep
    from qwenlock.text.foreign import clean

    release, captured = captured_lists(command, _plans(templates))
    keep(captured)
    found = captured.lists
    if as_json:
        emit_json({"release": release, "lists": [each._asdict() for each in found]})
        return 0
    rows = [
        [
            each.plan,
            each.region,
            each.version if each.is_bundled else "captured",
            _short(each.digest),
        ]
        for each in found
    ]
    emit_table(["plan", "region", "version", "digest"], rows)
    new = [each for each in found if not each.is_bundled]
    say(
        clean(f"{len(new)} of {len(found)} lists are kept in {folder()}")
        if new
        else f"{len(found)} lists: this qwenlock knows all of them"
    )
    return 0


def _chosen(plans: Plans, wanted: str | None) -> Sequence[Plan]:
    """Return the plan with that id, or all plans."""
    return plans if wanted is None else [plans.plan(wanted)]


def _plans(templates: str | None) -> Plans:
    from qwenlock.edge.captured_templates import with_captured
    from qwenlock.edge.plans import load

    return with_captured(load(own_folders(templates)))


def _plan(plans: Plans, wanted: str | None, version: str, region: str) -> Plan:
    """Return the plan with that id; without an id, the plan that has `version` in `region`."""
    from qwenlock.findings.errors import UsageError
    from qwenlock.plans.collection import meant

    if wanted is not None:
        return plans.plan(wanted)
    having = [plan for plan in plans if any(t.version == version for t in plan.templates)]
    if not having:
        fix = "`qwenlock template list` shows the versions of all plans"
        raise UsageError(f"no plan has a version {version}", fix)
    found = meant([plan for plan in having if plan.has_region(region)] or having)
    if found is None:
        known = ", ".join(plan.id for plan in having)
        raise UsageError(
            f"several plans have a version {version}", f"name one with --plan: {known}"
        )
    return found
