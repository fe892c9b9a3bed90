"""`qwenlock template`: the versions of plans that this qwenlock knows."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qwenlock.cli.options import Format, FormatOption, TemplatesOption

if TYPE_CHECKING:
    from qwenlock.plans.plan import Plan

app = typer.Typer(
    help="List, show and verify the templates of plans.",
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
    import json

    from qwenlock.cli.console import emit_raw

    chosen = _plan(_plans(templates), plan, version)
    models = chosen.models(chosen.template(version), chosen.region(region))
    emit_raw(json.dumps(models, indent=2, ensure_ascii=False) + "\n")
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


def _plans(templates: str | None) -> tuple[Plan, ...]:
    from qwenlock.edge.plans import load

    named = templates if templates is not None else os.environ.get("QWENLOCK_TEMPLATES", "")
    return load([Path(path) for path in named.split(os.pathsep) if path])


def _plan(plans: tuple[Plan, ...], wanted: str | None, version: str) -> Plan:
    """Return the plan of that id; without one, the only plan that has `version`."""
    from qwenlock.errors import UsageError

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
