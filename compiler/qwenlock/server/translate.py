"""Translates findings and facts about a project into the editor's protocol."""

from __future__ import annotations

import re
from collections import defaultdict
from functools import cache
from typing import TYPE_CHECKING, Any

from lsprotocol import types
from pygls.uris import from_fs_path

from qwenlock.clients.scopes import WRITABLE
from qwenlock.findings.bounded import MOST_IN_REVIEW, bounded
from qwenlock.findings.repair import repaired
from qwenlock.findings.rules import RULES
from qwenlock.lint.about import about
from qwenlock.lint.completions import completions
from qwenlock.lint.fix import fix
from qwenlock.lint.lint import is_configured
from qwenlock.lint.standing import plan_standings, standings
from qwenlock.lint.suppress import suppression
from qwenlock.lock import NAME
from qwenlock.server.open_files import is_same
from qwenlock.server.positions import Lines
from qwenlock.settings.shipped import folder
from qwenlock.text.credentials import shown
from qwenlock.text.cursor import cursor
from qwenlock.text.foreign import clean
from qwenlock.text.locate import Position as Located

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from qwenlock.findings.finding import Finding
    from qwenlock.findings.rules import Severity
    from qwenlock.lint.completions import Completion, What
    from qwenlock.lint.standing import Standing
    from qwenlock.lint.subject import Subject
    from qwenlock.server.open_files import OpenFile, OpenFiles, OpenProject
    from qwenlock.settings.scopes import Source
    from qwenlock.text.document import Place

SOURCE = "qwenlock"
SELECT, UPGRADE, MIGRATE = "qwenlock.select", "qwenlock.upgrade", "qwenlock.migrate"
"""The commands: their arguments are the project's directory, and what they are about."""

FIX_ALL = f"{types.CodeActionKind.SourceFixAll.value}.qwenlock"

_SEVERITIES: dict[Severity, types.DiagnosticSeverity] = {
    "error": types.DiagnosticSeverity.Error,
    "warning": types.DiagnosticSeverity.Warning,
    "note": types.DiagnosticSeverity.Information,
}
_MIGRATIONS = {
    "QL106": ("settings-version", "Migrate these settings"),
    "QL403": ("api-key", "Migrate this key"),
    "QL404": ("env-secrets", "Move this key to a .env file"),
}
"""The group of migrations that a finding is about, and what a menu calls that."""

_KINDS: dict[What, types.CompletionItemKind] = {
    "name": types.CompletionItemKind.Property,
    "value": types.CompletionItemKind.Value,
    "model": types.CompletionItemKind.EnumMember,
    "variable": types.CompletionItemKind.Variable,
    "snippet": types.CompletionItemKind.Snippet,
}
_TOP = Located(1, 1, 1)
_FILE = re.compile(r"^`[^`]+`:\n\n```", re.MULTILINE)
"""Where the page of a finding shows a file."""


class Translator:
    """What an editor shows, in its encoding.

    Use it for one request only: the open files must not change meanwhile.

    Args:
        files: what is open.
        encoding: how the editor counts the characters of a line; `utf-16` if it does not say.
        versioned: the editor takes edits that name the version of a text.
    """

    def __init__(self, files: OpenFiles, encoding: str | None, *, versioned: bool = True) -> None:
        self._files = files
        self._encoding = encoding
        self._versioned = versioned
        self._lines: dict[str, Lines] = {}

    def lines(self, text: str) -> Lines:
        """Return the lines of a text; they are made once, as many findings may be in it."""
        if text not in self._lines:
            self._lines[text] = Lines(text, self._encoding)
        return self._lines[text]

    # Diagnostics

    def diagnostics(self) -> dict[str, list[types.Diagnostic]]:
        """Return what there is to say about every open file, by its URI."""
        found: dict[str, dict[str, types.Diagnostic]] = {uri: {} for uri in self._files.files}
        for project in self._files.projects():
            for uri, diagnostic in self._of_project(project):
                found[uri].setdefault(repr(diagnostic), diagnostic)  # of several projects, once
        return {uri: list(said.values()) for uri, said in found.items()}

    def _of_project(self, project: OpenProject) -> Iterator[tuple[str, types.Diagnostic]]:
        opened = project.opened
        settings = [each for each in opened.values() if each.path.name == "settings.json"]
        anywhere = next(iter([*reversed(settings), *opened.values()]), None)
        shown, rest = bounded(project.findings, MOST_IN_REVIEW)
        for each in rest:
            if anywhere is not None:
                said = f"… and {each.number:,} more {each.code}: `qwenlock lint --format json`"
                yield anywhere.uri, self._plain(said, types.DiagnosticSeverity.Information)
        about = set()
        for finding in shown:
            file = opened.get(finding.place.document.label) if finding.place else anywhere
            if file is not None:
                yield file.uri, self._diagnostic(finding, file, project)
                about.add(file.uri)
        for file in opened.values():
            if project.problem and file.uri not in about:  # something is wrong with another file
                said = f"not checked: {project.problem}"
                yield file.uri, self._plain(said, types.DiagnosticSeverity.Error)
            if project.lock and file.path.name == NAME:
                yield file.uri, self._plain(project.lock, types.DiagnosticSeverity.Warning)

    def _diagnostic(
        self, finding: Finding, file: OpenFile, project: OpenProject
    ) -> types.Diagnostic:
        lines = self.lines(file.text)
        where = finding.place.position() if finding.place else _TOP
        related = [
            types.DiagnosticRelatedInformation(
                self._location(each.place, project), clean(each.message)
            )
            for each in finding.related
        ]
        deprecated = [types.DiagnosticTag.Deprecated] if finding.code == "QL403" else None
        return types.Diagnostic(
            lines.of(where),
            _with_fix(finding),
            _SEVERITIES[finding.level],
            finding.code,
            types.CodeDescription(page_uri(finding.code)),
            SOURCE,
            deprecated,
            related or None,
        )

    def _plain(self, message: str, severity: types.DiagnosticSeverity) -> types.Diagnostic:
        start = types.Position(0, 0)
        where = types.Range(start, start)
        return types.Diagnostic(where, clean(message), severity, source=SOURCE)

    def _location(self, place: Place, project: OpenProject) -> types.Location:
        label = place.document.label
        file = project.opened.get(label)
        text = file.text if file else place.document.text
        uri = file.uri if file else from_fs_path(str(project.paths[label]))
        return types.Location(str(uri), self.lines(text).of(place.position()))

    # Code actions

    def actions(
        self, file: OpenFile, at: types.Range, context: types.CodeActionContext
    ) -> list[types.CodeAction]:
        """Return what can be done about what is at a range of lines of a file.

        Args:
            file: the open file.
            at: the range of lines.
            context: what the editor asks for.
        """
        found: dict[str, types.CodeAction] = {}
        for project in self._files.projects_of(file):
            source = project.source(file.path)
            if source is not None:
                for action in self._actions(project, source, file, at, context):
                    found.setdefault(repr((action.title, action.edit, action.command)), action)
        return [each for each in found.values() if _is_wanted(each.kind, context.only)]

    def _actions(
        self,
        project: OpenProject,
        source: Source,
        file: OpenFile,
        at: types.Range,
        context: types.CodeActionContext,
    ) -> Iterator[types.CodeAction]:
        subject = project.subject
        if subject is None or source.scope not in WRITABLE:
            return
        lines = self.lines(file.text)
        for finding in project.findings:
            place = finding.place
            if place is None or place.document is not source.document:
                continue
            if not _touches(lines.of(place.position()), at):
                continue
            diagnostic = self._diagnostic(finding, file, project)
            yield from self._about(finding, source, project.directory, diagnostic, file)
        yield from self._fix_all(project.findings, subject, source, file, context)
        for title, command in _commands(project, subject, source, lines, at):
            yield types.CodeAction(
                title, types.CodeActionKind.Refactor, command=_command(title, command)
            )

    def _about(
        self,
        finding: Finding,
        source: Source,
        directory: Path,
        diagnostic: types.Diagnostic,
        file: OpenFile,
    ) -> Iterator[types.CodeAction]:
        """Yield the actions for a finding: repair it, migrate, or suppress it."""
        kind = types.CodeActionKind.QuickFix
        repair = finding.repair
        if repair is not None:
            mark = "" if repair.safe else " (unsafe: it may change requests)"
            title = f"Fix {finding.code}: {clean(str(repair))}{mark}"
            edit = self._edit(file, repaired(source.document, [repair]))
            yield types.CodeAction(title, kind, [diagnostic], repair.safe, edit=edit)
        if finding.code in _MIGRATIONS:
            group, words = _MIGRATIONS[finding.code]
            title = f"{words} (qwenlock migrate --only {group})"
            command = [MIGRATE, str(directory), group, source.scope]
            yield types.CodeAction(title, kind, [diagnostic], command=_command(title, command))
        comment = suppression(finding)
        if comment is not None:
            title = f"Ignore {finding.code} here, with a comment"
            edit = self._edit(file, repaired(source.document, [comment]))
            yield types.CodeAction(title, kind, [diagnostic], edit=edit)

    def _fix_all(
        self,
        findings: Iterable[Finding],
        subject: Subject,
        source: Source,
        file: OpenFile,
        context: types.CodeActionContext,
    ) -> Iterator[types.CodeAction]:
        """Yield the action that makes every safe repair of a file, if there is one."""
        automatic = context.trigger_kind == types.CodeActionTriggerKind.Automatic
        if (automatic and not context.only) or not _is_wanted(FIX_ALL, context.only):
            return  # whoever only moves the cursor has not asked for so much work

        def wanted(finding: Finding) -> bool:
            label = finding.place.document.label if finding.place else None
            return label == source.document.label and is_configured(finding, subject)

        if not any(each.repair and each.repair.safe for each in filter(wanted, findings)):
            return
        after = fix(subject, wanted).subject.project.source(source.scope)
        if after is not None:
            edit = self._edit(file, after.document.original)
            title = "Fix everything in this file that is safe to fix"
            yield types.CodeAction(title, FIX_ALL, edit=edit)

    def _edit(self, file: OpenFile, after: str) -> types.WorkspaceEdit:
        return self.workspace_edit([(file.uri, file.version, file.text, after)])

    def workspace_edit(self, texts: list[tuple[str, int | None, str, str]]) -> types.WorkspaceEdit:
        """Return one edit of several texts: their URIs, versions, current and new texts."""
        edits = [
            (uri, version, self.lines(before).edit(after)) for uri, version, before, after in texts
        ]
        if not self._versioned:
            return types.WorkspaceEdit({uri: [edit] for uri, _, edit in edits if edit})
        return types.WorkspaceEdit(
            document_changes=[
                types.TextDocumentEdit(
                    types.OptionalVersionedTextDocumentIdentifier(uri, version), [edit]
                )
                for uri, version, edit in edits
                if edit is not None
            ]
        )

    # Hover, completion, code lenses

    def hover(self, file: OpenFile, at: types.Position, pages: Pages) -> types.Hover | None:
        """Return what there is to say about a place: its findings, and what it is.

        Args:
            file: the open file.
            at: the position, in the editor's units.
            pages: the pages of the findings.
        """
        lines = self.lines(file.text)
        here = types.Range(at, at)
        said: dict[str, None] = {}
        around = None
        for project in self._files.projects_of(file):
            source, opened = project.source(file.path), project.opened
            for finding in project.findings:
                place = finding.place
                if place is None or opened.get(place.document.label) is not file:
                    continue
                where = lines.of(place.position())
                if _touches(where, here, exactly=True):
                    said[pages.of(finding)], around = None, around or where
            if source is None or project.subject is None:
                continue
            found = cursor(file.text, lines.offset(at))
            text = (
                about(project.subject, source, found.path, on_key=found.on_key) if found else None
            )
            if text and found:
                said = {text: None, **said}
                around = lines.range(found.start, found.end)
        if not said:
            return None
        content = types.MarkupContent(types.MarkupKind.Markdown, "\n\n---\n\n".join(said))
        return types.Hover(content, around)

    def completions(
        self, file: OpenFile, at: types.Position, *, snippets: bool
    ) -> list[types.CompletionItem]:
        """Return what can be written at a place."""
        lines = self.lines(file.text)
        found = cursor(file.text, lines.offset(at))
        if found is None:
            return []
        where = lines.range(found.start, found.end)
        for project in self._files.projects_of(file):
            subject = self._files.last_read(project, file)
            if subject is not None and _is_settings(subject, file.path):
                return [
                    _item(offer, where, number, snippets=snippets)
                    for number, offer in enumerate(completions(subject, found))
                ]
        return []

    def lenses(self, file: OpenFile) -> list[types.CodeLens]:
        """Return what stands above each plan and each model of a file."""
        lines = self.lines(file.text)
        for project in self._files.projects_of(file):
            source = project.source(file.path)
            if source is not None and project.subject is not None:
                return list(_lenses(project, project.subject, source, lines))
        return []


class Pages:
    """The pages of findings, read when they are asked for.

    Args:
        read: reads the page of a code.
    """

    def __init__(self, read: Callable[[str], str]) -> None:
        self._read = cache(read)

    def of(self, finding: Finding) -> str:
        """Return the page of a finding, with what it says here, as Markdown."""
        code = finding.code
        head, *sections = self._read(code).split("\n## ")
        _title, _severity, _reason, *what = head.strip().split("\n\n")
        todo = next(each for each in sections if each.startswith("What to do\n"))
        lines = [f"**{code}: {RULES[code].title}**", finding.reason]
        lines += [each for each in what if " and later**: " not in each]
        lines += [_FILE.split(todo)[0].partition("\n\n")[2].strip()]
        lines += [f"[The page of {code}]({page_uri(code)})"]
        return "\n\n".join(lines)


@cache
def page_uri(code: str) -> str:
    """Return where the page of a code is: a file that ships with qwenlock."""
    return str(from_fs_path(str(folder("docs/findings") / f"{code}.md")))


def _with_fix(finding: Finding) -> str:
    message = clean(finding.message)
    return f"{message}\nhelp: {clean(finding.fix)}" if finding.fix else message


def _touches(one: types.Range, other: types.Range, *, exactly: bool = False) -> bool:
    """Tell whether two ranges have a line, or exactly a place, in common."""
    if exactly:
        start = (one.start.line, one.start.character)
        end = (one.end.line, one.end.character)
        return start <= (other.start.line, other.start.character) <= end
    return one.start.line <= other.end.line and other.start.line <= one.end.line


def _is_wanted(kind: Any, only: Sequence[str] | None) -> bool:
    """Tell whether a kind of action is among those that were asked for; any is if none was."""
    return not only or any(kind == each or kind.startswith(each + ".") for each in only)


def _is_settings(subject: Subject, path: Path) -> bool:
    files = subject.project.places.files.values()
    return any(is_same(path, each) for each in files)


def _command(title: str, command: list[str]) -> types.Command:
    return types.Command(title, command[0], arguments=list(command[1:]))


def _commands(
    project: OpenProject, subject: Subject, source: Source, lines: Lines, at: types.Range
) -> Iterator[tuple[str, list[str]]]:
    """Yield the commands about what is at a range: each with its title."""
    for lens in _lenses(project, subject, source, lines):
        command = lens.command
        if command is None or not command.command or not _touches(lens.range, at):
            continue
        titles = {SELECT: "Select this model", UPGRADE: f"Upgrade this plan: {command.title}"}
        yield titles[command.command], [command.command, *map(str, command.arguments or ())]


def _lenses(
    project: OpenProject, subject: Subject, source: Source, lines: Lines
) -> Iterator[types.CodeLens]:
    directory = str(project.directory)
    for plan in plan_standings(subject):
        if plan.first.source is source:
            words = clean(plan.words())
            upgrade = _command(words, [UPGRADE, directory, plan.plan.id])
            command = upgrade if plan.newer else types.Command(words, "")
            yield types.CodeLens(lines.of(plan.first.place("id").position()), command)
    named: dict[tuple[str, str], int] = defaultdict(int)
    for standing in standings(subject, source):
        yield types.CodeLens(
            lines.of(standing.place.position()), _select(standing, directory, named)
        )


def _select(standing: Standing, directory: str, named: dict[tuple[str, str], int]) -> types.Command:
    """Return the line above a model; of several with one id, only the first can be selected."""
    model = str(standing.written.provider.auth_type), standing.written.id
    named[model] += 1
    can_be_named = shown(standing.written.id) == standing.written.id
    if standing.stands == "offered" and named[model] == 1 and can_be_named:
        return _command("select", [SELECT, directory, standing.written.id, model[0]])
    return types.Command(clean(standing.words), "")


def _item(
    offer: Completion, where: types.Range, number: int, *, snippets: bool
) -> types.CompletionItem:
    is_snippet = snippets and bool(offer.snippet)
    return types.CompletionItem(
        clean(offer.label),
        kind=_KINDS[offer.what],
        detail=clean(offer.detail) or None,
        documentation=clean(offer.about) or None,
        sort_text=f"{number:05}",
        filter_text=offer.text,
        insert_text_format=types.InsertTextFormat.Snippet if is_snippet else None,
        text_edit=types.TextEdit(where, offer.snippet if is_snippet else offer.text),
    )
