"""All findings of a subject: those of compiling, and those of the rules listed here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwenlock.linting import credentials, files, merging, plans, providers, selection, urls
from qwenlock.linting.repairs import with_repairs
from qwenlock.linting.suppress import suppressed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from qwenlock.findings import Finding
    from qwenlock.linting.subject import Subject

RULES: tuple[Callable[[Subject], Iterator[Finding]], ...] = (
    files.byte_order_mark,
    files.duplicate_keys,
    providers.shadowed_by_update,
    providers.without_env_key,
    providers.same_id_elsewhere,
    urls.base_urls,
    merging.defined_otherwise,
    merging.depends_on_user,
    merging.untrusted,
    merging.replace_not_honoured,
    credentials.tracked_keys,
    credentials.hidden_env_files,
    plans.plan_versions,
    selection.default_of_the_release,
    selection.sealed,
)


def lint(subject: Subject) -> list[Finding]:
    """Return all findings, but for those that a comment in the settings suppresses."""
    findings = with_repairs(subject.compilation.findings, subject)
    findings += subject.world.findings
    findings += [finding for rule in RULES for finding in rule(subject)]
    return suppressed(findings, [source.document for source in subject.sources])
