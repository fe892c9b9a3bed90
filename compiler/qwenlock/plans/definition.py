"""The files of a plan, as text, to the plan: `plan.toml`, and a template a version.

docs/reference/plans.md describes both. A template opens with a Jinja comment that holds TOML, its
front matter.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from qwenlock.findings.errors import InputError
from qwenlock.plans.files import DEFINITION, TEMPLATE
from qwenlock.plans.plan import Ownership, Plan, PlanState, Region, Template
from qwenlock.plans.toml_table import parse

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from qwenlock.plans.files import PlanFile
    from qwenlock.plans.plan import Keys
    from qwenlock.plans.toml_table import Table

_FRONT_MATTER = re.compile(r"\A\{#---\n(.*?)^---#\}", re.DOTALL | re.MULTILINE)
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def plan_of(identifier: str, definition: PlanFile, templates: Sequence[PlanFile]) -> Plan:
    """Return the plan `identifier`.

    Args:
        identifier: the name of its folder.
        definition: its `plan.toml`.
        templates: its templates.

    Raises:
        InputError: a file says something that it may not; the message has the file and the key.
    """
    table = parse(definition.text, definition.label)
    table.allow(
        *("title", "auth-type", "env-key", "client", "default", "owns", "regions", "states")
    )
    env_key = table.required("env-key", str)
    if env_key not in definition.text:
        raise table.error("env-key", "write the variable without escapes")
    regions = {name: _region(name, each) for name, each in table.tables("regions").items()}
    states = _states(identifier, table.table("states"))
    return Plan(
        id=identifier,
        title=table.required("title", str),
        auth_type=table.required("auth-type", str),
        env_key=env_key,
        ownership=_ownership(table.table("owns")),
        client=table.optional("client", str),
        is_default=table.optional("default", bool) or False,
        regions=regions,
        states=states,
        templates=tuple(template_of(each, regions, states) for each in templates),
    )


def provider_metadata(identifier: str) -> PlanState:
    """Return where clients from 0.15.10 on record any plan; `identifier` is the plan's id."""
    at = ("providerMetadata", identifier)
    return PlanState(
        name="provider-metadata",
        at=at,
        version=(*at, "version"),
        region=None,
        base_url=(*at, "baseUrl"),
        ignored_version=(*at, "ignoredVersion"),
        postponed_version=(*at, "postponedVersion"),
    )


def template_of(
    file: PlanFile, regions: Mapping[str, Region], states: Mapping[str, PlanState]
) -> Template:
    """Return the template in `file`, of a plan with these regions and states.

    Raises:
        InputError: its front matter says something that it may not.
    """
    table = _front_matter(file)
    table.allow("client", "source", "state", "recognised-only", "regions")
    state = states.get(table.optional("state", str) or list(states)[-1])
    if state is None:
        raise table.error("state", f"is not in {DEFINITION}, which has {', '.join(states)}")
    offered = table.tables("regions")
    for name in offered:
        if name not in regions:
            known = ", ".join(regions)
            raise table.error(f"regions.{name}", f"is not in {DEFINITION}, which has {known}")
    return Template(
        version=file.name.removesuffix(TEMPLATE),
        file=file.label,
        source=table.required("source", str),
        client=table.optional("client", str),
        state=state,
        digests={name: _digest(each) for name, each in offered.items()},
        recognised_only=table.optional("recognised-only", bool) or False,
        text=file.text,
    )


def _ownership(table: Table) -> Ownership:
    table.allow("endpoint", "name-prefix", "hosts")
    if not table.values:
        return Ownership(endpoint=True)
    return Ownership(
        endpoint=table.optional("endpoint", bool) or False,
        name_prefix=table.optional("name-prefix", str),
        hosts=table.strings("hosts") if "hosts" in table.values else (),
    )


def _region(name: str, table: Table) -> Region:
    table.allow("alias", "base-url", "text")
    text = table.table("text")
    return Region(
        name=name,
        base_url=table.required("base-url", str),
        alias=table.optional("alias", str),
        text={key: text.required(key, str) for key in text.values},
    )


def _states(identifier: str, table: Table) -> dict[str, PlanState]:
    """Return the places of earlier clients, and the one that clients have now."""
    earlier = {name: _state(name, table.table(name)) for name in table.values}
    now = provider_metadata(identifier)
    return {**earlier, now.name: now}


def _state(name: str, table: Table) -> PlanState:
    table.allow("at", "version", "region", "base-url", "ignored-version", "postponed-version")
    at = table.strings("at")

    def under(key: str) -> Keys | None:
        last = table.optional(key, str)
        return None if last is None else (*at, last)

    return PlanState(
        name=name,
        at=at,
        version=(*at, table.required("version", str)),
        region=under("region"),
        base_url=under("base-url"),
        ignored_version=under("ignored-version"),
        postponed_version=under("postponed-version"),
    )


def _front_matter(file: PlanFile) -> Table:
    found = _FRONT_MATTER.match(file.text)
    if found is None:
        raise InputError(
            f"{file.label}: does not begin with front matter",
            fix="begin it with a line `{#---`, then TOML, then a line `---#}`",
        )
    # The empty line stands for `{#---`: an error then has the line of the file.
    return parse("\n" + found[1], file.label)


def _digest(table: Table) -> str | None:
    table.allow("digest")
    digest = table.optional("digest", str)
    if digest is not None and not _DIGEST.fullmatch(digest):
        raise table.error("digest", "is not sha256: and 64 hexadecimal digits")
    return digest
