"""All findings of a subject: those of compiling, and those of the rules listed here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwenlock.findings.codes import is_wanted
from qwenlock.lint import (
    credentials,
    files,
    plans,
    providers,
    scopes,
    selection,
    unread,
    urls,
    variables,
)
from qwenlock.lint.repairs import with_repairs
from qwenlock.lint.suppress import suppressed
from qwenlock.settings.scopes import owner
from qwenlock.text.record import replace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from qwenlock.findings.finding import Finding
    from qwenlock.lint.subject import Subject
    from qwenlock.settings.scopes import Source

RULES: tuple[Callable[[Subject], Iterator[Finding]], ...] = (
    files.duplicate_keys,
    files.local_settings,
    files.rewritten,
    files.misspelt_keys,
    unread.unread_keys,
    unread.misplaced_options,
    providers.shadowed_by_update,
    providers.without_env_key,
    providers.same_id_elsewhere,
    providers.invalid_reasoning,
    providers.without_base_url,
    providers.headers_that_are_not_sent,
    urls.base_urls,
    scopes.defined_otherwise,
    scopes.depends_on_user,
    scopes.untrusted,
    credentials.tracked_keys,
    variables.hidden_env_files,
    variables.unset_variables,
    variables.different_values,
    variables.unread_variables,
    variables.idle_variables,
    plans.plan_versions,
    selection.default_of_the_release,
    selection.base_url_without_effect,
    selection.sealed,
    selection.enforced_elsewhere,
    selection.undecided_here,
)


def lint(subject: Subject) -> list[Finding]:
    """Return all findings that no comment in the settings suppresses."""
    findings = with_repairs(subject.compilation.findings, subject)
    found = (finding for rule in RULES for finding in rule(subject))
    findings += [replace(finding, client=subject.client) for finding in found]
    findings = plans.without_doubles(findings, subject)
    documents = [source.document for source in subject.sources]
    return suppressed(findings, documents, [each.document for each in _whole(subject)])


def _whole(subject: Subject) -> list[Source]:
    """Return the sources of which everything is said here.

    A user's file is about other projects too; by REPLACE the models of a scope that does not own
    the catalogue are not looked at.
    """
    names = [source.scope for source in subject.sources]
    owning = owner(subject.sources) if subject.project.merge == "replace" else None
    lowest = names.index(owning.scope) if owning else 0
    return [
        source
        for source in subject.sources[lowest:]
        if source.scope == "project" or "project" not in names
    ]


def configured_findings(subject: Subject) -> list[Finding]:
    """Return the findings that the configuration of a subject's project selects."""
    return [each for each in lint(subject) if is_configured(each, subject)]


def is_configured(finding: Finding, subject: Subject) -> bool:
    """Tell whether the configuration of a subject's project selects a finding."""
    choices = subject.project.configuration.lint
    return is_wanted(finding.code, choices.select, choices.ignore)
