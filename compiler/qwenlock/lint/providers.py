"""Rules about models (2xx), besides those that compiling reports and those about base URLs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwenlock.clients.fields import HEADERS
from qwenlock.clients.profile import API_KEY_VARIABLES, GUIDE
from qwenlock.clients.reasoning import reasoning_problem
from qwenlock.compile.catalogue import CUSTOM
from qwenlock.findings.finding import Finding, Related
from qwenlock.plans.collection import Plans
from qwenlock.settings.plan_state import latest
from qwenlock.settings.scopes import merged
from qwenlock.settings.variables import is_placeholder
from qwenlock.text.credentials import references, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qwenlock.compile.catalogue import Entry
    from qwenlock.lint.subject import Subject
    from qwenlock.text.operations import Path

_DYNAMIC_HEADERS: Path = ("outboundCorrelation", "allowDynamicHeaderValues")


def shadowed_by_update(subject: Subject) -> Iterator[Finding]:
    """Report custom models that the next update of an installed plan will hide.

    A template is rendered only if its text contains one of their ids.
    """
    for plan in Plans.of(subject.plans).named(each.id for each in subject.compilation.plans):
        installed = [each for each in subject.compilation.plans if each.id == plan.id]
        template = latest(plan, subject.client)
        if template is None or installed[0].region not in template.digests:
            continue
        region = plan.regions[installed[0].region]
        custom = [
            entry
            for entry in subject.compilation.entries
            if entry.model.origin == CUSTOM
            and entry.model.auth_type == plan.auth_type
            and not entry.skipped
            and entry.model.id in template.text
            and (not subject.client.identity_has_url or entry.model.base_url == region.base_url)
        ]
        ids = {model["id"] for model in plan.models(template, region)} if custom else set()
        for entry in custom:
            if entry.model.id in ids:
                message = (
                    f'{plan.title} {template.version} also has a model "{shown(entry.model.id)}"'
                )
                fix = "remove this one, or expect Qwen Code to ignore it after the update"
                yield Finding("QL208", message, entry.place("id"), fix)


def without_env_key(subject: Subject) -> Iterator[Finding]:
    """Report models without envKey, which only later releases accept."""
    if subject.client.env_key_required:
        return
    keyless = ("vertex-ai",) if subject.client.application_default_credentials else ()
    for entry in subject.compilation.entries:
        if entry.model.env_key is None and entry.model.auth_type not in keyless:
            variable = API_KEY_VARIABLES[entry.model.auth_type]
            message = (
                f"this model has no envKey, so Qwen Code {subject.client.name} uses {variable}"
            )
            fix = f'write "envKey": "{variable}"'
            yield Finding("QL220", message, entry.place(), fix)


def same_id_elsewhere(subject: Subject) -> Iterator[Finding]:
    """Report models that only later releases offer beside another one of the same id.

    A release that can select each of them needs no such note.
    """
    client = subject.client
    if not client.identity_has_url or client.selects_url or client.name == GUIDE:
        return
    seen: dict[tuple[str, str], Entry] = {}
    for entry in subject.compilation.entries:
        name = (entry.model.auth_type, entry.model.id)
        if name in seen and not entry.skipped:
            message = f'duplicate id "{shown(entry.model.id)}", at another base URL'
            fix = "remove one of the two if anybody uses a release before 0.15.10"
            related = (Related(seen[name].place("id"), "the first of this id"),)
            yield Finding("QL221", message, entry.place("id"), fix, related=related)
        seen.setdefault(name, entry)


def invalid_reasoning(subject: Subject) -> Iterator[Finding]:
    """Report a capabilities.reasoning that the client does not accept."""
    for entry in subject.compilation.entries:
        model = entry.model
        declared = (model.capabilities or {}).get("reasoning")
        if declared is None:
            continue
        wrong = reasoning_problem(declared, model.auth_type, subject.client)
        if wrong is not None:
            place = entry.place("capabilities", "reasoning")
            message = f"capabilities.reasoning: {wrong}"
            yield Finding("QL223", message, place, "correct it, or remove it")


def without_base_url(subject: Subject) -> Iterator[Finding]:
    """Report models without a baseUrl, if the client has no default for their auth type."""
    for entry in subject.compilation.entries:
        model = entry.model
        if model.auth_type in subject.client.base_url_required and not model.base_url:
            message = f"this {model.auth_type} model has no baseUrl"
            fix = 'add one, such as "https://api.anthropic.com" for Anthropic\'s own API'
            yield Finding("QL224", message, entry.place("id"), fix)


def headers_that_are_not_sent(subject: Subject) -> Iterator[Finding]:
    """Report headers with a placeholder of the client's own that it may not fill in."""
    outside = [source for source in subject.sources if source.scope != "project"]
    if not subject.client.placeholders or merged(outside, _DYNAMIC_HEADERS) is True:
        return
    for entry in subject.compilation.entries:
        headers = (entry.model.generation_config or {}).get(HEADERS)
        for name, value in headers.items() if isinstance(headers, dict) else ():
            named = references(value) if isinstance(value, str) else []
            if any(is_placeholder(each, subject.client) for each in named):
                message = f"Qwen Code {subject.client.name} does not send the header {shown(name)}"
                fix = f"set {'.'.join(map(str, _DYNAMIC_HEADERS))} to true in the user's settings"
                place = entry.place("generationConfig", HEADERS, name)
                yield Finding("QL225", message, place, fix)
