"""Everything that a report says about a project, as Markdown; `page` renders it as HTML."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from qwenlock.cli.findings import changes_as_json, in_order, underline
from qwenlock.cli.views import catalogue, differences
from qwenlock.cli.views.markdown import details, table
from qwenlock.findings.bounded import bounded
from qwenlock.text.foreign import clean, code, prose
from qwenlock.text.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from qwenlock.compile.roles import ScopeFile
    from qwenlock.findings.finding import Finding
    from qwenlock.lock.diff import LockChange
    from qwenlock.lock.model import Lock

STATUS = {
    "ok": "The lock is up to date.",
    "drift": "The lock differs from its settings: run `qwenlock lock`.",
    "edited": "The lock was edited by hand: run `qwenlock lock`.",
    "missing": "The lock is missing: run `qwenlock lock`.",
    "invalid": "The settings or the lock are invalid.",
}
SYMBOLS = {"ok": "✅", "drift": "⚠️", "edited": "⚠️", "missing": "⚠️", "invalid": "❌"}


class Update(NamedTuple):
    """The update status of a plan.

    Attributes:
        title: the plan.
        status: `due`, `dismissed`, `current` or `manual`; `unknown` if it cannot be determined.
        sentences: the status in sentences.
        changes: what the upgrade would change in the lock.
    """

    title: str
    status: str
    sentences: tuple[str, ...]
    changes: tuple[LockChange, ...] = ()


class Said(NamedTuple):
    """A finding, ready to be shown, without secrets."""

    severity: str
    code: str
    message: str
    place: str
    excerpt: tuple[str, ...]
    reason: str
    fix: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """The contents of a report.

    Attributes:
        name: the project.
        status: the status of `check`.
        changes: from the stored lock to what the settings compile to.
        lock: what the settings compile to; None if they do not compile.
        hidden: the models that REPLACE hides, as `auth-type/id`.
        files: the settings files, low to high.
        updates: the installed plans.
        findings: the findings about the settings.
        problem: why nothing compiles, if no finding says so.
    """

    name: str
    status: str
    changes: tuple[LockChange, ...] = ()
    lock: Lock | None = None
    hidden: tuple[str, ...] = ()
    files: tuple[ScopeFile, ...] = ()
    updates: tuple[Update, ...] = ()
    findings: tuple[Said, ...] = ()
    problem: str = ""


def said(findings: Sequence[Finding]) -> tuple[Said, ...]:
    """Return findings sorted by place, ready to be shown."""
    return tuple(_said(finding) for finding in in_order(findings))


def _said(finding: Finding) -> Said:
    place, lines = "", list[str]()
    if finding.place is not None:
        position, excerpt = finding.place.position(), finding.place.excerpt()
        place = f"{finding.place.document.label}:{position.line}:{position.column}"
        if excerpt.text.strip():
            lines = [clean(excerpt.text), "".join(underline(excerpt))]
    return Said(
        finding.level,
        finding.code,
        finding.message,
        place,
        tuple(lines),
        finding.reason,
        finding.fix or "",
    )


def counted(findings: Sequence[Said]) -> str:
    """Return how many findings there are: `1 error, 2 warnings`."""
    counts = {
        level: sum(finding.severity == level for finding in findings)
        for level in ("error", "warning", "note")
    }
    words = [f"{count} {level}{'s' * (count > 1)}" for level, count in counts.items() if count]
    return ", ".join(words) or "no findings"


def overview(picture: Picture) -> Iterator[tuple[str, str]]:
    """Yield the facts at the top of the report as pairs of a label and a value."""
    lock = picture.lock
    if lock is not None:
        yield "models", str(len(lock.models))
        yield "selected", catalogue.selection(lock)
        yield from catalogue.other_models(lock)
        yield "compiled for", f"Qwen Code {lock.client}" if lock.client != "guide" else "the guide"
        for plan in lock.plans:
            yield "plan", catalogue.plan_name(plan)
    yield "findings", counted(picture.findings)


def as_json(picture: Picture) -> dict[str, Any]:
    """Return the report as a JSON document, without the catalogue, which `show` prints."""
    return {
        "project": picture.name,
        "status": picture.status,
        "problem": picture.problem or None,
        "changes": changes_as_json(picture.changes),
        "findings": [
            {
                "code": each.code,
                "severity": each.severity,
                "message": each.message,
                "place": each.place or None,
                "fix": each.fix or None,
            }
            for each in picture.findings
        ],
        "inputs": [file._asdict() for file in picture.files],
        "hidden": list(picture.hidden),
        "plans": [
            {
                "plan": each.title,
                "status": each.status,
                "reasons": list(each.sentences),
                "changes": changes_as_json(each.changes),
            }
            for each in picture.updates
        ],
    }


def as_markdown(picture: Picture) -> str:
    """Return the report for a job summary or a comment in a pull request."""
    parts = [
        f"## {SYMBOLS[picture.status]} {code(picture.name)}: {picture.status}\n",
        f"{STATUS[picture.status]}\n",
        *([f"{prose(picture.problem)}\n"] if picture.problem else []),
        table(["", ""], ([word, prose(value)] for word, value in overview(picture))),
    ]
    if picture.changes:
        parts += ["### Drift\n", differences.as_markdown(picture.changes)]
    if picture.findings:
        shown, rest = bounded(picture.findings)
        parts += ["### Findings\n", _markdown_findings(shown)]
        parts += [f"{each}\n" for each in rest]
    if picture.lock is not None:
        parts += ["### Catalogue\n", *_markdown_catalogue(picture.lock)]
    for update in picture.updates:
        parts += [f"### {prose(update.title)}: {update.status}\n", *_markdown_update(update)]
    if picture.files:
        rows = [[file.scope, code(file.label), file.role] for file in picture.files]
        parts += ["### Provenance\n", table(["scope", "file", "role"], rows)]
    if picture.hidden:
        hidden = "".join(f"- {code(name)}\n" for name in picture.hidden)
        parts.append(details(f"Hidden by REPLACE: {len(picture.hidden)}", hidden))
    if picture.lock is not None and picture.lock.environment:
        variables = (
            [code(each.name), ", ".join(map(code, each.used_by))]
            for each in picture.lock.environment
        )
        parts += ["### Environment variables\n", table(["variable", "used by"], variables)]
    return "\n".join(parts)


def _markdown_catalogue(lock: Lock) -> Iterator[str]:
    yield catalogue.markdown_models(lock) if lock.models else "No models.\n"
    options = catalogue.markdown_options(lock)
    if options:
        yield details("Options of the models", options)


def _markdown_findings(findings: Sequence[Said]) -> str:
    rows = [
        [each.severity, each.code, prose(each.message), code(each.place), prose(each.fix)]
        for each in findings
    ]
    return table(["", "code", "finding", "place", "what to do"], rows)


def _markdown_update(update: Update) -> Iterator[str]:
    yield "".join(f"- {prose(sentence)}\n" for sentence in update.sentences)
    if update.changes:
        yield details("What the upgrade changes", differences.as_markdown(update.changes))
