"""The server: answers an editor over standard input and output.

It never writes unless a user has agreed, sends nothing anywhere, and ends with its editor.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from lsprotocol import types
from pygls.lsp.server import LanguageServer
from pygls.uris import from_fs_path, to_fs_path

from qwenlock import __version__
from qwenlock.edge.changes import diff_of, to_show, write_all
from qwenlock.edge.files import read_bytes
from qwenlock.edge.pages import read_page
from qwenlock.findings.errors import QwenlockError, UsageError
from qwenlock.server.commands import migrating, selecting, upgrading
from qwenlock.server.open_files import OpenFile, OpenFiles, is_same
from qwenlock.server.translate import FIX_ALL, MIGRATE, SELECT, UPGRADE, Pages, Translator
from qwenlock.text.document import BOM
from qwenlock.text.foreign import clean

if TYPE_CHECKING:
    from collections.abc import Callable

    from qwenlock.findings.file_changes import FileChange, ProjectChange
    from qwenlock.server.open_files import OpenProject
    from qwenlock.settings.project import Project

    Handler = TypeVar("Handler", bound=Callable[..., Any])

PAUSE = 0.1
"""How long nothing must have been typed before the settings are checked, in seconds."""

_WATCHED = ("**/.qwen/settings.json", "**/qwen.lock", "**/qwenlock.toml", "**/.env")
_WRITE, _STOP = "Write it", "Stop"
_KEEP, _REPLACE = "Keep my edits", "Replace them"


class Server(LanguageServer):
    """A language server for the settings of Qwen Code."""

    def __init__(self) -> None:
        super().__init__(
            "qwenlock", __version__, text_document_sync_kind=types.TextDocumentSyncKind.Full
        )
        self.open_files = OpenFiles()
        self.pages = Pages(read_page)
        self._pending: asyncio.TimerHandle | None = None
        self._told: dict[str, list[types.Diagnostic]] = {}
        self._bugs: set[str] = set()
        self.is_shut_down = False
        self.exit_code = 0

    def report_server_error(self, error: Exception, source: Any) -> None:  # noqa: ARG002
        """Say once that there is a bug, but not its message, which could hold a key."""
        name = type(error).__name__
        if name not in self._bugs:
            self._bugs.add(name)
            self.say(f"qwenlock has a bug: {name}", types.MessageType.Error)

    def say(self, message: str, kind: types.MessageType = types.MessageType.Info) -> None:
        """Show a message to the user."""
        self.window_show_message(types.ShowMessageParams(kind, _cleaned(message)))

    @property
    def translator(self) -> Translator:
        """Return what translates for this editor."""
        edits = self.client_capabilities.workspace
        edits_of = edits.workspace_edit if edits else None
        versioned = bool(edits_of and edits_of.document_changes)
        encoding = self.server_capabilities.position_encoding
        return Translator(self.open_files, encoding, versioned=versioned)

    def file(self, uri: str) -> OpenFile | None:
        """Return an open file, or None."""
        return self.open_files.files.get(uri)

    # What is open

    def opened(self, uri: str) -> None:
        """Take note of the text of a file that was opened or changed."""
        path = _file_of(uri)
        if path is not None:
            document = self.workspace.get_text_document(uri)
            file = OpenFile(uri, Path(path), document.source, document.version)
            if self.open_files.put(file):
                self.changed()

    def closed(self, uri: str) -> None:
        """Forget a file that was closed, and what was said about it."""
        if uri in self.open_files.files:
            del self.open_files.files[uri]
            self._tell(uri, [])
            self.changed()

    def changed(self) -> None:
        """Check everything again, once nothing has changed for a moment."""
        self.open_files.forget()
        roots = [*self.workspace.folders] or [self.workspace.root_uri]
        folders = (to_fs_path(uri) for uri in roots if uri)
        self.open_files.folders = [Path(folder) for folder in folders if folder]
        if self._pending is not None:
            self._pending.cancel()
        self._pending = asyncio.get_running_loop().call_later(PAUSE, self.check)

    def check(self) -> None:
        """Publish the diagnostics of the open files that have changed."""
        try:
            for uri, said in self.translator.diagnostics().items():
                self._tell(uri, said)
        except Exception as error:  # noqa: BLE001  (the editor goes on)
            self.report_server_error(error, None)

    def _tell(self, uri: str, said: list[types.Diagnostic]) -> None:
        file = self.file(uri)
        if self._told.get(uri) == said:
            return
        self._told[uri] = said
        version = file.version if file else None
        self.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, said, version))

    # Commands

    def project(self, directory: str) -> tuple[OpenProject, Project]:
        """Return an open project.

        Raises:
            UsageError: it is not open, or cannot be read.
        """
        for each in self.open_files.projects():
            if str(each.directory) == directory and each.subject is not None:
                return each, each.subject.project
        raise UsageError("the settings cannot be read: correct their errors first")

    async def carry_out(self, change: ProjectChange, command: str, project: Project) -> None:
        """Show a change and carry it out: as an edit in the editor, or else as qwenlock writes.

        An editor cannot create a file that only its owner may read. So a change that creates files
        or gives one other permissions is written by qwenlock, when the user has seen the diff and
        agreed; `qwenlock undo` reverts it.
        """
        change = to_show(change, project.places.outside)
        for warning in change.warnings:
            self.say(warning, types.MessageType.Warning)
        if not change.files:
            self.say("; ".join(change.reasons))
        elif any(file.before is None or file.mode is not None for file in change.files):
            await self._write(change, command, project)
        else:
            await self._edit(change)

    async def _edit(self, change: ProjectChange) -> None:
        texts = [self._text(file) for file in change.files]
        edit = self.translator.workspace_edit(texts)
        reasons = _cleaned("; ".join(change.reasons or change.summary[:1]))
        self._annotate(edit, reasons)
        asked = types.ApplyWorkspaceEditParams(edit, reasons)
        answer = await self.workspace_apply_edit_async(asked)
        if not answer.applied:
            self.say(f"nothing was changed: {answer.failure_reason or 'the editor refused'}")

    def _text(self, file: FileChange) -> tuple[str, int | None, str, str]:
        """Return a changed file: its URI, its version and text in the editor, and its new text."""
        for each in self.open_files.files.values():
            if is_same(each.path, file.path):
                return each.uri, each.version, each.text, file.after
        before, after = ((text or "").removeprefix(BOM) for text in (file.before, file.after))
        return str(from_fs_path(str(file.path))), None, before, after  # editors count no mark

    def _annotate(self, edit: types.WorkspaceEdit, reasons: str) -> None:
        """Ask the editor to show the change before it makes it, if it can."""
        workspace = self.client_capabilities.workspace
        edits = workspace.workspace_edit if workspace else None
        if not edits or not edits.change_annotation_support:
            return
        edit.change_annotations = {"qwenlock": types.ChangeAnnotation("qwenlock", True, reasons)}
        for changed in edit.document_changes or ():
            if isinstance(changed, types.TextDocumentEdit):
                changed.edits = [
                    types.AnnotatedTextEdit("qwenlock", each.range, each.new_text)
                    for each in changed.edits
                    if isinstance(each, types.TextEdit)
                ]

    async def _write(self, change: ProjectChange, command: str, project: Project) -> None:
        for file in change.files:
            there = read_bytes(file.path, file.label)
            if there != (None if file.before is None else file.before.encode()):
                raise UsageError(f"{file.label} is not saved: save it, then try again")
        names = ", ".join(file.name for file in change.files)
        self.window_log_message(types.LogMessageParams(types.MessageType.Info, diff_of(change)))
        question = "\n".join([*change.reasons, f"Write {names}? The diff is in the server's log."])
        if await self.ask(question, _WRITE, _STOP) == _WRITE:
            write_all(change, command, project.places.project)
            self.say(f"wrote {names}; `qwenlock undo` reverts it")
            self.changed()

    async def ask(self, question: str, *answers: str) -> str | None:
        """Ask the user; None if they give no answer."""
        actions = [types.MessageActionItem(each) for each in answers]
        chosen = await self.window_show_message_request_async(
            types.ShowMessageRequestParams(types.MessageType.Info, _cleaned(question), actions)
        )
        return chosen.title if chosen else None


def _cleaned(message: str) -> str:
    return "\n".join(map(clean, message.split("\n")))


def _file_of(uri: str) -> str | None:
    """Return the path of a file of this machine, or None: `git:` is another version of it."""
    parts = urlsplit(uri)
    is_here = parts.scheme.lower() == "file" and parts.netloc.lower() in ("", "localhost")
    return to_fs_path(uri) if is_here else None


def _guarded(handler: Handler) -> Handler:
    """Return a handler that shows its errors to the user, and never parts of a text."""

    def told(server: Server, error: Exception) -> None:
        if isinstance(error, QwenlockError):
            text = f"{error.message}\n{error.fix}" if error.fix else error.message
            server.say(text, types.MessageType.Error)
        else:
            server.report_server_error(error, None)

    if asyncio.iscoroutinefunction(handler):

        @wraps(handler)
        async def later(server: Server, *arguments: Any) -> Any:
            try:
                return await handler(server, *arguments)
            except Exception as error:  # noqa: BLE001
                told(server, error)

        return later  # type: ignore[return-value]

    @wraps(handler)
    def now(server: Server, *arguments: Any) -> Any:
        try:
            return handler(server, *arguments)
        except Exception as error:  # noqa: BLE001
            told(server, error)

    return now  # type: ignore[return-value]


def _initialized(ls: Server, _: types.InitializedParams) -> None:
    """Ask the editor to say when a file changes on the disk."""
    workspace = ls.client_capabilities.workspace
    watched = workspace.did_change_watched_files if workspace else None
    if watched and watched.dynamic_registration:
        watchers = [types.FileSystemWatcher(pattern) for pattern in _WATCHED]
        options = types.DidChangeWatchedFilesRegistrationOptions(watchers)
        method = types.WORKSPACE_DID_CHANGE_WATCHED_FILES
        registration = types.Registration("files", method, options)
        ls.client_register_capability(types.RegistrationParams([registration]))


def _shut_down(ls: Server, *_: object) -> None:
    ls.is_shut_down = True


def _exits(ls: Server, *_: object) -> None:
    ls.exit_code = 0 if ls.is_shut_down else 1  # as the protocol says


def _opened(ls: Server, told: types.DidOpenTextDocumentParams) -> None:
    ls.opened(told.text_document.uri)


def _changed(ls: Server, told: types.DidChangeTextDocumentParams) -> None:
    ls.opened(told.text_document.uri)


def _closed(ls: Server, told: types.DidCloseTextDocumentParams) -> None:
    ls.closed(told.text_document.uri)


def _on_disk(ls: Server, _: object) -> None:
    ls.changed()


def _actions(ls: Server, asked: types.CodeActionParams) -> list[types.CodeAction]:
    file = ls.file(asked.text_document.uri)
    return ls.translator.actions(file, asked.range, asked.context) if file else []


def _hover(ls: Server, asked: types.HoverParams) -> types.Hover | None:
    file = ls.file(asked.text_document.uri)
    return ls.translator.hover(file, asked.position, ls.pages) if file else None


def _completion(ls: Server, asked: types.CompletionParams) -> list[types.CompletionItem]:
    file = ls.file(asked.text_document.uri)
    document = ls.client_capabilities.text_document
    completion = document.completion if document else None
    item = completion.completion_item if completion else None
    snippets = bool(item and item.snippet_support)
    if file is None:
        return []
    return ls.translator.completions(file, asked.position, snippets=snippets)


def _lenses(ls: Server, asked: types.CodeLensParams) -> list[types.CodeLens]:
    file = ls.file(asked.text_document.uri)
    return ls.translator.lenses(file) if file else []


async def _select(ls: Server, directory: str, model: str, auth_type: str) -> None:
    _, project = ls.project(directory)
    await ls.carry_out(selecting(project, model, auth_type), "select", project)


async def _upgrade(ls: Server, directory: str, plan: str) -> None:
    _, project = ls.project(directory)
    change = upgrading(project, plan)
    if change.report.get("status") == "edited":
        question = "\n".join([*change.reasons, "You edited models of this plan."])
        answer = await ls.ask(question, _KEEP, _REPLACE, _STOP)
        if answer not in (_KEEP, _REPLACE):
            return
        change = upgrading(project, plan, "keep" if answer == _KEEP else "replace")
    await ls.carry_out(change, "upgrade", project)


async def _migrate(ls: Server, directory: str, group: str, scope: str) -> None:
    _, project = ls.project(directory)
    await ls.carry_out(migrating(project, group, scope), "migrate", project)


def make() -> Server:
    """Return a server that answers everything that it knows."""
    server = Server()
    features: list[tuple[str, Callable[..., Any], Any]] = [
        (types.INITIALIZED, _initialized, None),
        (types.SHUTDOWN, _shut_down, None),
        (types.EXIT, _exits, None),
        (types.TEXT_DOCUMENT_DID_OPEN, _opened, None),
        (types.TEXT_DOCUMENT_DID_CHANGE, _changed, None),
        (types.TEXT_DOCUMENT_DID_CLOSE, _closed, None),
        (types.TEXT_DOCUMENT_DID_SAVE, _on_disk, None),
        (types.WORKSPACE_DID_CHANGE_WATCHED_FILES, _on_disk, None),
        (types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS, _on_disk, None),
        (types.TEXT_DOCUMENT_HOVER, _hover, None),
        (types.TEXT_DOCUMENT_CODE_LENS, _lenses, types.CodeLensOptions()),
        (
            types.TEXT_DOCUMENT_COMPLETION,
            _completion,
            types.CompletionOptions(trigger_characters=['"']),
        ),
        (
            types.TEXT_DOCUMENT_CODE_ACTION,
            _actions,
            types.CodeActionOptions(
                [types.CodeActionKind.QuickFix, types.CodeActionKind.Refactor, FIX_ALL]
            ),
        ),
    ]
    for name, handler, options in features:
        server.feature(name, options)(_guarded(handler))
    for name, handler in ((SELECT, _select), (UPGRADE, _upgrade), (MIGRATE, _migrate)):
        server.command(name)(_guarded(handler))
    return server


def serve() -> int:
    """Serve the editor that has started this process, until it ends; return the exit code.

    Raises:
        UsageError: what the editor says is not the Language Server Protocol.
    """
    logging.getLogger("pygls").addHandler(logging.NullHandler())
    logging.getLogger("pygls").propagate = False  # a log could hold what a text holds
    protocol = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # nothing else gets between the answers
    server = make()
    try:
        server.start_io(stdout=protocol)
    except (MemoryError, OverflowError, ValueError):  # a length that no message has
        message = "the editor does not speak the Language Server Protocol"
        raise UsageError(message, "see docs/how-to/language-server.md") from None
    return server.exit_code
