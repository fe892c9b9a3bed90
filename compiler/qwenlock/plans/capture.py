"""A template made of what a client wrote into its settings, verified before anybody sees it."""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from packaging.version import Version

from qwenlock.findings.errors import InputError
from qwenlock.plans.compose import Path, compose, forms
from qwenlock.plans.digest import models_digest, stringify
from qwenlock.plans.plan import Template

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from qwenlock.plans.forms import Form
    from qwenlock.plans.plan import Model, Plan, Region, State

_SOURCE = "captured from settings that the client wrote"
_REGIONS = re.compile(r"^\[regions\]\n", re.MULTILINE)
_HALF = re.compile("[\ud800-\udfff]")
"""Half of a character, which JSON can hold and a file cannot."""
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_END = "---#}"


class Captured(NamedTuple):
    """A template that was captured.

    Attributes:
        text: the file.
        done: what was done, in a sentence; nothing is to be written where `changed` is not.
        changed: whether the text is another than that of the template there is.
        review: what a person has to see to, a sentence each.
    """

    text: str
    done: str
    changed: bool
    review: tuple[str, ...]


def capture(
    plan: Plan,
    version: str,
    region: Region,
    models: Sequence[Model],
    state: State,
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
        InputError: the models are not what is recorded, or no template can say them.
    """
    if models_digest(models) != digest:
        raise InputError(
            f"the models of {plan.title} are not those that the client recorded: they were edited",
            "capture from settings as the client wrote them, after its update or /auth",
        )
    known = next((each for each in plan.templates if each.version == version), None)
    if known is None:
        text = _new(plan, version, {region.name: models}, {region.name: digest}, state)
        done = f"{plan.id} {version} is new, with the region {region.name}"
    else:
        text, done = _extended(plan, known, region, models, digest)
    changed = known is None or known.text != text
    return Captured(text, done, changed, tuple(_review(plan, version, known, text)))


def _new(
    plan: Plan,
    version: str,
    models: Mapping[str, Sequence[Model]],
    digests: Mapping[str, str | None],
    state: State,
    client: str = "",
    source: str = _SOURCE,
) -> str:
    """Return the text of a template, which renders to `models`."""
    head = [
        "{#---",
        f"client = {_toml(client or _range(plan, version))}",
        f"source = {_toml(source)}",
        f"state = {_toml(state.name)}",
        "",
        "[regions]",
        *(_published(name, digest) for name, digest in digests.items()),
        _END,
    ]
    text = "\n".join(head) + "\n" + compose(plan, models, _learned(plan, version))
    made = Template(version, f"{version}.json.j2", client, source, state, dict(digests), text)
    for name, wanted in models.items():
        _verify(plan, made, plan.regions[name], wanted)
    return text


def _extended(
    plan: Plan, known: Template, region: Region, models: Sequence[Model], digest: str
) -> tuple[str, str]:
    """Return the text of a template there is with one more region, and what was done."""
    published = known.digests.get(region.name)
    if published == digest:
        return known.text, f"{plan.id} {known.version} has the region {region.name} already"
    if published is not None:
        raise InputError(
            f"{known.file}: another digest is published for the region {region.name}",
            f"see which release wrote the settings: it is not the {known.version} of this file",
        )
    digests = {**known.digests, region.name: digest}
    offered = replace(known, digests=digests)
    if stringify(plan.models(offered, region)) == stringify(models):
        text = _with_digest(known, region, digest)
        return text, f"{plan.id} {known.version} renders the region {region.name}; digest added"
    others = {name: plan.models(known, plan.regions[name]) for name in known.digests}
    both = {**others, region.name: models}
    text = _new(plan, known.version, both, digests, known.state, known.client, known.source)
    what = f"rewritten to render {region.name} as well: its table and comments are new"
    return text, f"{plan.id} {known.version} is {what}"


def _with_digest(known: Template, region: Region, digest: str) -> str:
    """Return the text of a template with one digest more, and nothing else changed."""
    line = _published(region.name, digest) + "\n"
    unpublished = rf"^{re.escape(_key(region.name))}\s*=\s*\{{\s*\}}\n"
    text = re.sub(unpublished, "", known.text, flags=re.MULTILINE)
    wanted = {**known.digests, region.name: digest}
    for changed in (
        text.replace(_END, line + _END, 1),
        _REGIONS.sub(lambda found: found[0] + line, text, count=1),
    ):
        if _digests(changed) == wanted:
            return changed
    raise InputError(
        f"{known.file}: the digest cannot be added to its [regions]",
        f"write it there by hand: {line.strip()}",
    )


def _digests(text: str) -> dict[str, str | None] | None:
    """Return the digests in the front matter of a template, or None where it cannot be read."""
    try:
        head = tomllib.loads(text[text.index("\n") : text.index(_END)])
        return {name: each.get("digest") for name, each in head["regions"].items()}
    except (ValueError, LookupError, AttributeError):
        return None


def _verify(plan: Plan, template: Template, region: Region, models: Sequence[Model]) -> None:
    """See that a template renders to `models`, to the order of the keys, and is UTF-8."""
    if _HALF.search(template.text) or stringify(plan.models(template, region)) != stringify(models):
        raise InputError(
            f"no template was found that renders these models of {plan.title} exactly",
            "write it by hand: `qwenlock template verify` compares it with the digest",
        )


def _learned(plan: Plan, version: str) -> dict[Path, list[Form]]:
    """Return the forms of strings in the other versions, newest first, those of most regions."""
    learned: dict[Path, list[Form]] = {}
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


def _range(plan: Plan, version: str) -> str:
    """Return the releases from `version` on, to the next template's."""
    newer = [each for each in plan.ordered() if each.order() > Version(version)]
    return f">={version},<{newer[0].version}" if newer else f">={version}"


def _review(plan: Plan, version: str, known: Template | None, text: str) -> Iterator[str]:
    """Give what a person has to see to."""
    if known is None:
        yield f"client: which releases have these models? it says {_range(plan, version)!r}"
        yield f"source: where do they come from? it says {_SOURCE!r}"
        for each in plan.ordered():
            if each.covers(version):
                yield f"{each.version}: its client, {each.client!r}, covers {version} too"
    missing = [name for name in plan.regions if f"\n{_key(name)}.digest" not in text]
    if missing:
        yield f"no digest for {', '.join(missing)}: capture again with --region {missing[0]}"


def _published(name: str, digest: str | None) -> str:
    return f"{_key(name)}.digest = {_toml(digest)}" if digest else f"{_key(name)} = {{}}"


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _toml(name)


def _toml(text: str) -> str:
    return json.dumps(text)
