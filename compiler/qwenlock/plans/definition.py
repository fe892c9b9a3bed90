"""The files of a plan, as text, to the plan: `plan.toml`, and a template a version.

docs/reference/plan-files.md describes both. A template opens with a Jinja comment that holds TOML,
its front matter.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from qwenlock.findings.errors import InputError
from qwenlock.plans.files import DEFINITION, TEMPLATE
from qwenlock.plans.plan import Ownership, Plan, PlanState, Region, Template
from qwenlock.text import toml
from qwenlock.text.pattern import pattern
from qwenlock.text.shape import Shape, flag, problems, strings, text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from qwenlock.plans.files import PlanFile
    from qwenlock.plans.plan import Keys

_FRONT_MATTER = pattern(r"\A\{#---\n(.*?)^---#\}", re.DOTALL | re.MULTILINE)
_DIGEST = pattern(r"sha256:[0-9a-f]{64}")


def _digest(value: Any) -> str | None:
    if isinstance(value, str) and _DIGEST.fullmatch(value):
        return None
    return "must be sha256: and 64 hexadecimal digits"


_PLAN = Shape(
    required={
        "title": text,
        "auth-type": text,
        "env-key": text,
        "regions": Shape(
            others=Shape(
                required={"base-url": text},
                optional={"alias": text, "text": Shape(others=text)},
            ),
            may_be_empty=False,
        ),
    },
    optional={
        "client": text,
        "default": flag,
        "owns": Shape(optional={"endpoint": flag, "name-prefix": text, "hosts": strings}),
        "states": Shape(
            others=Shape(
                required={"at": strings, "version": text},
                optional=dict.fromkeys(
                    ("region", "base-url", "ignored-version", "postponed-version"), text
                ),
            )
        ),
    },
)
_HEAD = Shape(
    required={
        "source": text,
        "regions": Shape(others=Shape(optional={"digest": _digest}), may_be_empty=False),
    },
    optional={"client": text, "state": text, "recognised-only": flag},
)


def plan_of(identifier: str, definition: PlanFile, templates: Sequence[PlanFile]) -> Plan:
    """Return the plan `identifier`.

    Args:
        identifier: the name of its folder.
        definition: its `plan.toml`.
        templates: its templates.

    Raises:
        InputError: a file says something that it may not; the message has the file and the key.
    """
    table = _checked(definition.text, definition.label, _PLAN)
    if table["env-key"] not in definition.text:
        what = "must be written without escapes"
        raise _error(definition.text, definition.label, ("env-key",), what)
    regions = {
        name: Region(
            name=name,
            base_url=each["base-url"],
            alias=each.get("alias"),
            text=each.get("text", {}),
        )
        for name, each in table["regions"].items()
    }
    states = _states(identifier, table.get("states", {}))
    return Plan(
        id=identifier,
        title=table["title"],
        auth_type=table["auth-type"],
        env_key=table["env-key"],
        ownership=_ownership(table.get("owns", {})),
        client=table.get("client"),
        is_default=bool(table.get("default")),
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
    head = _front_matter(file)
    table = _checked(head, file.label, _HEAD)
    state = table.get("state", list(states)[-1])
    if state not in states:
        raise _error(head, file.label, ("state",), _not_among(states))
    for name in table["regions"]:
        if name not in regions:
            raise _error(head, file.label, ("regions", name), _not_among(regions))
    return Template(
        version=file.name.removesuffix(TEMPLATE),
        file=file.label,
        source=table["source"],
        client=table.get("client"),
        state=states[state],
        digests={name: each.get("digest") for name, each in table["regions"].items()},
        recognised_only=bool(table.get("recognised-only")),
        text=file.text,
    )


def _ownership(table: dict[str, Any]) -> Ownership:
    return Ownership(
        endpoint=table.get("endpoint", not table),
        name_prefix=table.get("name-prefix"),
        hosts=tuple(table.get("hosts", ())),
    )


def _states(identifier: str, tables: dict[str, Any]) -> dict[str, PlanState]:
    """Return the places of earlier clients, and the one that clients have now."""
    now = provider_metadata(identifier)
    return {**{name: _state(name, table) for name, table in tables.items()}, now.name: now}


def _state(name: str, table: dict[str, Any]) -> PlanState:
    at = tuple(table["at"])

    def under(key: str) -> Keys | None:
        return (*at, table[key]) if key in table else None

    return PlanState(
        name=name,
        at=at,
        version=(*at, table["version"]),
        region=under("region"),
        base_url=under("base-url"),
        ignored_version=under("ignored-version"),
        postponed_version=under("postponed-version"),
    )


def _front_matter(file: PlanFile) -> str:
    """Return the TOML at the start of a template, each line where the file has it."""
    found = _FRONT_MATTER.match(file.text)
    if found is None:
        raise InputError(
            f"{file.label}: does not begin with front matter",
            fix="begin it with a line `{#---`, then TOML, then a line `---#}`",
        )
    return "\n" + found[1]


def _checked(text: str, label: str, shape: Shape) -> dict[str, Any]:
    try:
        table = toml.parse(text)
    except toml.TomlError as error:
        line, column = error.at
        raise InputError(
            f"{label}:{line}:{column}: {error.message}", fix="correct the TOML there"
        ) from None
    for path, what, known in problems(table, shape):
        keys = f"; the keys are {', '.join(known)}" if known else ""
        raise _error(text, label, path, what + keys)
    return table


def _error(text: str, label: str, path: Keys, what: str) -> InputError:
    line, column = toml.Positions(text).of(path)
    dotted = ".".join(path)
    return InputError(
        f"{label}:{line}:{column}: {dotted} {what}", fix=f"correct {dotted} in that file"
    )


def _not_among(known: Mapping[str, Any]) -> str:
    return f"is not in {DEFINITION}, which has {', '.join(known)}"
