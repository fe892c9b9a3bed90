"""`qwenlock lint`: reports every finding about the settings, and repairs what it safely can."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

from qwenlock.cli import declared as typer
from qwenlock.cli.change import DryRunOption, YesOption
from qwenlock.cli.completion import codes
from qwenlock.cli.options import (
    SCOPED,
    ClientOption,
    GateFormat,
    GateFormatOption,
    flags_of,
)
from qwenlock.cli.projects import ProjectsArgument, RecursiveOption, chosen, for_each
from qwenlock.text.record import replace

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from qwenlock.cli.views.annotations import Annotation
    from qwenlock.findings.errors import QwenlockError
    from qwenlock.findings.finding import Finding
    from qwenlock.findings.rules import Severity
    from qwenlock.lint.subject import Subject

app = typer.Typer(add_completion=False)

_LEVELS: tuple[Severity, ...] = ("error", "warning", "note")
_IN_ONE_DOCUMENT = (GateFormat.github, GateFormat.gitlab, GateFormat.sarif)


@app.command(cls=SCOPED)
def lint(
    context: typer.Context,
    projects: ProjectsArgument = None,
    recursive: RecursiveOption = False,
    fix: Annotated[bool, typer.Option("--fix", help="Repair what can be repaired safely.")] = False,
    unsafe_fixes: Annotated[
        bool,
        typer.Option(
            "--unsafe-fixes",
            help="With --fix: also repairs that may change requests.",
        ),
    ] = False,
    select: Annotated[
        list[str] | None,
        typer.Option(
            "--select",
            autocompletion=codes,
            metavar="CODES",
            help="Report only these codes: QL2,QL301. Repeatable.",
        ),
    ] = None,
    ignore: Annotated[
        list[str] | None,
        typer.Option(
            "--ignore",
            autocompletion=codes,
            metavar="CODES",
            help="Do not report these codes. Repeatable.",
        ),
    ] = None,
    strict: Annotated[
        bool | None,
        typer.Option("--strict/--no-strict", help="Exit 1 on warnings too.", show_default=False),
    ] = None,
    env: Annotated[
        bool, typer.Option("--env", help="Also report variables that are not set.")
    ] = False,
    dry_run: DryRunOption = False,
    yes: YesOption = False,
    client: ClientOption = None,
    format: GateFormatOption = GateFormat.text,  # noqa: A002
) -> int:
    """Report every error, warning and note about the settings.

    Exits 1 if there is an error. To suppress a finding, write `// qwenlock: ignore[QL203]` on its
    line or the line above. `qwenlock explain CODE` explains a finding. --select, --ignore and
    --strict can also be set in qwenlock.toml.

    Examples: `qwenlock lint`, `qwenlock lint --fix --dry-run`, `qwenlock lint --strict --env`
    """
    from qwenlock.cli.client import opening, say_other_installed
    from qwenlock.cli.console import say
    from qwenlock.edge.lint_subject import gather
    from qwenlock.edge.reader import Reader
    from qwenlock.findings.codes import codes, is_wanted

    flags = flags_of(context)
    _check_options(format, fix=fix, about_fix=unsafe_fixes or dry_run or yes)
    selected, ignored = codes(select or ()), codes(ignore or ())
    as_json = format is GateFormat.json
    annotations: list[Annotation] = []

    def lint_one(directory: Path) -> int:
        subject = gather(directory, flags, client, env=env, reader=reader)
        project = subject.project
        say(opening(project))
        say_other_installed(project)
        choices = project.configuration.lint
        fails_on_warnings = bool(choices.strict) if strict is None else strict

        def wanted(finding: Finding) -> bool:
            codes = selected or choices.select, ignored or choices.ignore
            return is_wanted(finding.code, *codes)

        if fix:
            from qwenlock.cli.change import Writing, carry_out
            from qwenlock.lint.fix import change_of
            from qwenlock.lint.fix import fix as repaired

            fixed = repaired(subject, wanted, unsafe=unsafe_fixes)
            change = change_of(subject, fixed, project.places.files)
            writing = Writing(dry_run, yes, as_json)
            if as_json:
                left = _Left(subject if dry_run else fixed.subject, wanted)
                change = replace(change, report=left.as_json())
                carry_out(change, "lint", project, writing)
                return left.exit_code(strict=fails_on_warnings)
            if change.files:
                carry_out(change, "lint", project, writing)
                subject = gather(directory, flags, client, env=env)
        left = _Left(subject, wanted)
        annotations.extend(left.show(format, directory))
        return left.exit_code(strict=fails_on_warnings)

    def report(error: QwenlockError, directory: Path) -> None:
        annotations.extend(_annotations(error, directory, format))

    found = chosen(projects, flags, recursive=recursive, every=True)
    # a repair of one project may change what the next one reads
    reader = Reader() if found.several and not fix else None
    exit_code = for_each(found, lint_one, report, as_json=as_json)
    if format in _IN_ONE_DOCUMENT:
        from qwenlock.cli.views.annotations import emit_annotations

        emit_annotations(annotations, format)
    return exit_code


def _annotations(
    error: QwenlockError,
    project: Path,
    format: GateFormat,  # noqa: A002
) -> list[Annotation]:
    """Report an error in one of several projects; return its annotations, if that is the format."""
    from qwenlock.cli.findings import error_as_annotations, print_error

    if format not in _IN_ONE_DOCUMENT:
        print_error(error, format)
        return []
    print_error(error)
    return list(error_as_annotations(error, project))


def _check_options(format: GateFormat, *, fix: bool, about_fix: bool) -> None:  # noqa: A002
    from qwenlock.findings.errors import UsageError

    if about_fix and not fix:
        raise UsageError("--unsafe-fixes, --dry-run and --yes need --fix", "add --fix")
    if fix and format not in (GateFormat.text, GateFormat.json):
        raise UsageError(f"--format {format} cannot show the diff of --fix", "use --format json")


class _Left:
    """The findings, and how they are reported."""

    def __init__(self, subject: Subject, wanted: Callable[[Finding], bool]) -> None:
        from qwenlock.lint.fix import can_repair
        from qwenlock.lint.lint import lint

        self._project = subject.project
        self._findings = [finding for finding in lint(subject) if wanted(finding)]
        self._levels = Counter(finding.level for finding in self._findings)
        self._can_repair = partial(can_repair, subject=subject)
        repairs = Counter(map(self._repair, self._findings))
        self._fixable, self._unsafe = repairs["safe"], repairs["unsafe"]

    def exit_code(self, *, strict: bool) -> int:
        return 1 if self._levels["error"] or (strict and self._levels["warning"]) else 0

    def as_json(self) -> dict[str, Any]:
        from qwenlock.cli.client import client_as_json
        from qwenlock.cli.findings import findings_as_json, in_order

        documents = findings_as_json(self._findings)
        for document, finding in zip(documents, in_order(self._findings), strict=True):
            document["repair"] = self._repair(finding)
        counts = {f"{level}s": self._levels[level] for level in _LEVELS}
        return {
            **client_as_json(self._project),
            "findings": documents,
            "summary": {**counts, "fixable": self._fixable},
        }

    def _repair(self, finding: Finding) -> str | None:
        """Return which option repairs a finding: `--fix`, only `--unsafe-fixes`, or neither."""
        if self._can_repair(finding, unsafe=False):
            return "safe"
        return "unsafe" if self._can_repair(finding, unsafe=True) else None

    def show(self, format: GateFormat, project: Path) -> list[Annotation]:  # noqa: A002
        """Print the findings; return their annotations instead, if that is the format."""
        from qwenlock.cli.console import emit, emit_json
        from qwenlock.cli.findings import findings_as_json, findings_in_lines, print_findings

        if format is GateFormat.json:
            emit_json(self.as_json())
            return []
        if format is GateFormat.concise:
            for line in findings_in_lines(findings_as_json(self._findings)):
                emit(line)
            return []
        if format is GateFormat.text:
            print_findings(self._findings)
        self.say_counts()
        if format is GateFormat.text:
            return []
        from qwenlock.cli.views.annotations import of_findings

        return list(of_findings(findings_as_json(self._findings), project))

    def say_counts(self) -> None:
        from qwenlock.cli.console import say

        if not self._findings:
            say("no findings")
            return
        counts = [_counted(self._levels[level], level) for level in _LEVELS if self._levels[level]]
        say(f"found {', '.join(counts)}")
        if self._fixable:
            say(f"{self._fixable} fixable with `qwenlock lint --fix`")
        if self._unsafe:
            count = f"{self._unsafe} more" if self._fixable else self._unsafe
            say(f"{count} fixable with `--fix --unsafe-fixes`, which may change requests")


def _counted(count: int, level: str) -> str:
    return f"{count} {level}{'s' * (count > 1)}"
