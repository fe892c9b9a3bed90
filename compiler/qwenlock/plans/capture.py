"""Creates a template from the settings that a client wrote, and verifies it."""

from __future__ import annotations

import json
import re
import shlex
from typing import TYPE_CHECKING, NamedTuple

from qwenlock.findings.errors import InputError
from qwenlock.plans.definition import template_of
from qwenlock.plans.digest import models_digest, stringify
from qwenlock.plans.files import TEMPLATE, PlanFile
from qwenlock.plans.plan import Template
from qwenlock.plans.template_body import body, forms
from qwenlock.text.pattern import pattern
from qwenlock.text.record import replace

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from qwenlock.plans.plan import Keys, Plan, PlanModel, PlanState, Region
    from qwenlock.plans.slots import SlottedText

_SOURCE = "captured from settings that the client wrote"
_REGIONS = "\n[regions]\n"
_HALF = pattern("[\ud800-\udfff]")
"""Half of a character, which JSON can hold and a file cannot."""
_BARE = pattern(r"[A-Za-z0-9_-]+")
_END = "---#}"


class Captured(NamedTuple):
    """A template that was captured.

    Attributes:
        text: the file.
        done: what was done, as a sentence.
        changed: whether the text differs from the existing template, and must be written.
        review: what a person has to check, as sentences.
    """

    text: str
    done: str
    changed: bool
    review: tuple[str, ...]


def capture(
    plan: Plan,
    version: str,
    region: Region,
    models: Sequence[PlanModel],
    state: PlanState,
    digest: str,
) -> Captured:
    """Return the template of `version` that renders to `models` in `region`.

    Args:
        plan: the plan.
        version: the release of the client that wrote the models, as PEP 440 spells it.
        region: where they are from.
        models: the plan's models as the client wrote them, in order.
        state: where it recorded them.
        digest: what it recorded.

    Raises:
        InputError: the models do not have the recorded digest, or no template can render them.
    """
    if models_digest(models) != digest:
        raise InputError(
            f"the models of {plan.title} were edited: they differ from the recorded digest",
            "capture settings that the client has just written with /auth or an update",
        )
    known = next((each for each in plan.templates if each.version == version), None)
    if known is None:
        new = Template(
            version=version,
            file=f"{version}{TEMPLATE}",
            source=_SOURCE,
            client=None,
            state=state,
            digests={region.name: digest},
            recognised_only=False,
            text="",
        )
        text = _written(plan, new, {region.name: models})
        done = f"{plan.id} {version} is new, with the region {region.name}"
    else:
        text, done = _extended(plan, known, region, models, digest)
    changed = known is None or known.text != text
    return Captured(text, done, changed, tuple(_review(plan, version, known, text)))


def _written(plan: Plan, template: Template, models: Mapping[str, Sequence[PlanModel]]) -> str:
    """Return the text of `template`, which renders to `models`; the text that it has is ignored."""
    facts: dict[str, object] = {"source": template.source}
    if template.client is not None:
        facts["client"] = template.client
    if template.recognised_only:
        facts["recognised-only"] = True
    if template.state.name != list(plan.states)[-1]:
        facts["state"] = template.state.name
    head = [
        "{#---",
        *(f"{key} = {json.dumps(value)}" for key, value in facts.items()),
        "",
        "[regions]",
        *(_published(name, digest) for name, digest in template.digests.items()),
        _END,
    ]
    text = "\n".join(head) + "\n" + body(plan, models, _learned(plan, template.version))
    made = replace(template, text=text)
    for name, wanted in models.items():
        _verify(plan, made, plan.regions[name], wanted)
    return text


def _extended(
    plan: Plan, known: Template, region: Region, models: Sequence[PlanModel], digest: str
) -> tuple[str, str]:
    """Return the text of a template there is with one more region, and what was done."""
    published = known.digests.get(region.name)
    if published == digest:
        return known.text, f"{plan.id} {known.version} already has the region {region.name}"
    if published is not None:
        raise InputError(
            f"{known.file}: another digest is published for the region {region.name}",
            f"check which release wrote the settings: it was not {known.version}",
        )
    digests = {**known.digests, region.name: digest}
    offered = replace(known, digests=digests)
    if stringify(plan.models(offered, region)) == stringify(models):
        text = _with_digest(plan, known, region, digest)
        return text, f"{plan.id} {known.version} renders the region {region.name}; digest added"
    others = {name: plan.models(known, plan.regions[name]) for name in known.digests}
    both = {**others, region.name: models}
    text = _written(plan, offered, both)
    what = f"rewritten to render {region.name} as well: its table and comments are new"
    return text, f"{plan.id} {known.version} is {what}"


def _with_digest(plan: Plan, known: Template, region: Region, digest: str) -> str:
    """Return the text of a template with one digest more, and nothing else changed."""
    line = _published(region.name, digest) + "\n"
    unpublished = rf"^{re.escape(_key(region.name))}\s*=\s*\{{\s*\}}\n"
    text = re.sub(unpublished, "", known.text, flags=re.MULTILINE)
    wanted = {**known.digests, region.name: digest}
    head, end, rest = text.partition(_END)
    first, regions, others = text.partition(_REGIONS)
    for changed in (f"{head}{line}{end}{rest}", f"{first}{regions}{line}{others}"):
        if _digests(plan, changed) == wanted:
            return changed
    raise InputError(
        f"{known.file}: the digest cannot be added to its [regions]",
        f"write it there by hand: {line.strip()}",
    )


def _digests(plan: Plan, text: str) -> Mapping[str, str | None] | None:
    """Return the digests in the front matter of a template, or None if it cannot be read."""
    try:
        return template_of(PlanFile("", "", text), plan.regions, plan.states).digests
    except InputError:
        return None


def _verify(plan: Plan, template: Template, region: Region, models: Sequence[PlanModel]) -> None:
    """Check that a template renders to `models`, to the order of the keys, and is UTF-8."""
    if _HALF.search(template.text) or stringify(plan.models(template, region)) != stringify(models):
        raise InputError(
            f"no template was found that renders exactly these models of {plan.title}",
            "write it by hand: `qwenlock template verify` compares it with the digest",
        )


def _learned(plan: Plan, version: str) -> dict[Keys, list[SlottedText]]:
    """Return the forms of strings in the other versions: newest first, most regions first."""
    learned: dict[Keys, list[SlottedText]] = {}
    others = [each for each in reversed(plan.ordered()) if each.version != version]
    for template in sorted(others, key=lambda each: -len(each.digests)):
        models = {name: plan.models(template, plan.regions[name]) for name in template.digests}
        try:
            found = forms(plan, models)
        except InputError:  # its regions differ in more than text
            continue
        for path, each in found.items():
            learned.setdefault(path, []).extend(each)
    return learned


def _review(plan: Plan, version: str, known: Template | None, text: str) -> Iterator[str]:
    """Yield what a person has to check, as sentences."""
    if known is None:
        if plan.client is None:
            yield f"the file's name: is {version} the first release with these models?"
        yield f"source: where do they come from? it says {_SOURCE!r}"
    missing = [name for name in plan.regions if f"\n{_key(name)}.digest" not in text]
    if missing:
        region = shlex.quote(missing[0])
        yield f"no digest for {', '.join(missing)}: capture again with --region {region}"


def _published(name: str, digest: str | None) -> str:
    return f"{_key(name)}.digest = {_toml(digest)}" if digest else f"{_key(name)} = {{}}"


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _toml(name)


def _toml(text: str) -> str:
    return json.dumps(text)
