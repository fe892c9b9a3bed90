"""`qwenlock template`: the versions of plans that this qwenlock knows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qwenlock.cli.options import Format, FormatOption, TemplatesOption, own_folders

if TYPE_CHECKING:
    from qwenlock.plans.plan import Plan

app = typer.Typer(
    help="List, show, verify and capture the templates of plans.",
    no_args_is_help=True,
    add_completion=False,
)

PlanOption = Annotated[
    str | None,
    typer.Option("--plan", metavar="ID", help="The plan; needed where there are several."),
]


@app.command("list")
def list_templates(
    templates: TemplatesOption = None,
    format: FormatOption = Format.text,  # noqa: A002
) -> int:
    """List the plans, their template versions and regions."""
    from qwenlock.cli.console import emit, emit_json
    from qwenlock.cli.table import as_text

    offered = [
        {
            "plan": plan.id,
            "version": template.version,
            "regions": list(template.digests),
            "client": template.client,
            "source": template.source,
        }
        for plan in _plans(templates)
        for template in plan.ordered()
    ]
    if format is Format.json:
        emit_json({"templates": offered})
        return 0
    rows = [
        [str(each["plan"]), str(each["version"]), ", ".join(each["regions"]), str(each["client"])]
        for each in offered
    ]
    emit(as_text(["plan", "version", "regions", "client"], rows))
    return 0


@app.command()
def show(
    version: Annotated[str, typer.Argument(metavar="VERSION", help="A template version.")],
    region: Annotated[str, typer.Option("--region", metavar="R", help="A region of the plan.")],
    plan: PlanOption = None,
    templates: TemplatesOption = None,
) -> int:
    """Show the models of a template version in a region, as JSON for modelProviders."""
    from qwenlock.cli.console import as_json, emit_raw

    chosen = _plan(_plans(templates), plan, version)
    models = chosen.models(chosen.template(version), chosen.region(region))
    emit_raw(as_json(models))
    return 0


@app.command()
def verify(
    templates: TemplatesOption = None,
    format: FormatOption = Format.text,  # noqa: A002
) -> int:
    """Render every template, and compare it with the digest that was published for it.

    Exits 1 where one differs.
    """
    from qwenlock.cli.console import emit, emit_json
    from qwenlock.cli.table import as_text
    from qwenlock.plans.verify import verify as verify_plan

    verdicts = [(plan.id, each) for plan in _plans(templates) for each in verify_plan(plan)]
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
                    }
                    for identifier, each in verdicts
                ]
            }
        )
    else:
        rows = [
            [each.status, name, each.version, each.region, each.digest] for name, each in verdicts
        ]
        emit(as_text(["status", "plan", "version", "region", "digest"], rows))
    return 1 if any(each.status == "mismatch" for _, each in verdicts) else 0


@app.command()
def capture(
    settings: Annotated[
        Path, typer.Option("--from", metavar="SETTINGS", help="A settings file of that client.")
    ],
    version: Annotated[
        str, typer.Option("--version", metavar="V", help="The release of the client.")
    ],
    region: Annotated[str, typer.Option("--region", metavar="R", help="A region of the plan.")],
    plan: PlanOption = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", metavar="DIR", help="Write PLAN/VERSION.json.j2 there; default: stdout."
        ),
    ] = None,
    templates: TemplatesOption = None,
) -> int:
    """Make a template version of what a newer client wrote into its settings.

    The digest that the client recorded there must be that of its models, and the template is
    written only where it renders to exactly these. Of a version that is there for another region,
    the template gets this one too.

    Example: `qwenlock template capture --from ~/.qwen/settings.json --version 1.2.3
    --region china --output templates`
    """
    from qwenlock.change.capture import captured
    from qwenlock.cli.console import clean, emit_raw, painted, say
    from qwenlock.edge.plans import holds_plans, load, save
    from qwenlock.edge.reader import read_settings

    own = [*own_folders(templates), *([output] if output and holds_plans(output) else [])]
    source = read_settings(settings)
    chosen, found = captured(load(own), source, plan, _release(version), region)
    say(clean(found.done))
    for each in found.review:
        say(f"{painted('review', 'warning')}: {clean(each)}")
    if output is None:
        emit_raw(found.text)
    elif found.changed:
        file = save(output, chosen, _release(version), found.text)
        say(f"{painted('wrote', 'good')} {clean(str(file))}; see `qwenlock template verify`")
    return 0


def _release(version: str) -> str:
    """Return a release as files of templates are named after it."""
    from packaging.version import InvalidVersion, Version

    from qwenlock.findings.errors import UsageError

    try:
        return str(Version(version))
    except InvalidVersion:
        raise UsageError(f"{version!r} is no version", "name a release, such as 1.2.3") from None


def _plans(templates: str | None) -> tuple[Plan, ...]:
    from qwenlock.edge.plans import load

    return load(own_folders(templates))


def _plan(plans: tuple[Plan, ...], wanted: str | None, version: str) -> Plan:
    """Return the plan of that id; without one, the only plan that has `version`."""
    from qwenlock.findings.errors import UsageError

    known = ", ".join(plan.id for plan in plans)
    if wanted is not None:
        named = [plan for plan in plans if plan.id == wanted]
        if not named:
            raise UsageError(f"no plan {wanted!r}; there are: {known}")
        return named[0]
    having = [plan for plan in plans if any(t.version == version for t in plan.templates)]
    if len(having) > 1:
        raise UsageError(
            f"several plans have a version {version}", f"name one with --plan: {known}"
        )
    return (having or plans)[0]
