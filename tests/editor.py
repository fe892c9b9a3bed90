"""An editor for tests: pygls' own client, and the server, in a thread or as a process."""

from __future__ import annotations

import ast
import asyncio
import os
import sys
from threading import Thread
from typing import TYPE_CHECKING, Any, TypeVar

from lsprotocol import types
from pygls.io_ import run_async
from pygls.lsp.client import LanguageClient

from qwenlock.server.serving import make
from support import write

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from support import World

T = TypeVar("T")
SECONDS = 20

FULL = types.ClientCapabilities(
    workspace=types.WorkspaceClientCapabilities(
        apply_edit=True,
        workspace_edit=types.WorkspaceEditClientCapabilities(document_changes=True),
    ),
    text_document=types.TextDocumentClientCapabilities(
        completion=types.CompletionClientCapabilities(
            completion_item=types.ClientCompletionItemOptions(snippet_support=True)
        )
    ),
)
"""The capabilities of a usual editor."""


class Editor:
    """An editor that has started the server.

    Attributes:
        said: the diagnostics of each file, by its URI.
        judged: the version of each text that they are about.
        published: how often diagnostics came.
        messages: what was shown to the user, each with its kind.
        logged: what was logged, each with its kind.
        answers: what the user answers to questions, in order.
        asked: the questions.
        choices: the answers that each question offers.
        watched: the files that the server wants to watch.
        edits: the edits that commands made.
        labels: what each of them is called.
        refusal: why the editor refuses edits; None if it does not.
    """

    def __init__(self, client: LanguageClient) -> None:
        self.client = client
        self.said: dict[str, list[types.Diagnostic]] = {}
        self.judged: dict[str, int | None] = {}
        self.published = 0
        self.messages: list[str] = []
        self.logged: list[str] = []
        self.asked: list[str] = []
        self.choices: list[list[str]] = []
        self.watched: list[types.Registration] = []
        self.answers: list[str] = []
        self.edits: list[types.WorkspaceEdit] = []
        self.labels: list[str | None] = []
        self.refusal: str | None = None
        self.texts: dict[str, str] = {}
        self._versions: dict[str, int] = {}
        self._news = asyncio.Event()
        self.result: Any = None
        self._thread: Thread | None = None

    @classmethod
    async def started(
        cls,
        world: World,
        *,
        folder: Path | None = None,
        capabilities: types.ClientCapabilities = FULL,
        process: bool = False,
        folders: bool = True,
    ) -> Editor:
        client = LanguageClient("tests", "1")
        editor = cls(client)
        editor._listen()
        if process:
            await client.start_io(sys.executable, "-m", "qwenlock", "server", cwd=world.project)
        else:
            await editor._start_here()
        root = (folder or world.project).as_uri()
        asked = types.InitializeParams(
            capabilities,
            root_uri=root,
            workspace_folders=[types.WorkspaceFolder(root, "project")] if folders else None,
        )
        editor.result = await client.initialize_async(asked)
        client.initialized(types.InitializedParams())
        return editor

    async def _start_here(self) -> None:
        """Start the server in a thread, at the other end of two pipes."""
        to_server, to_client = os.pipe(), os.pipe()
        stdin, stdout = os.fdopen(to_server[0], "rb"), os.fdopen(to_client[1], "wb")
        self._stdin = stdin
        server = make()
        self._thread = Thread(target=server.start_io, args=(stdin, stdout), daemon=True)
        self._thread.start()
        reader = asyncio.StreamReader(limit=2**27)
        loop, pipe = asyncio.get_running_loop(), os.fdopen(to_client[0], "rb")
        self._pipe, _ = await loop.connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), pipe
        )
        self._writer = os.fdopen(to_server[1], "wb", buffering=0)
        self.client.protocol.set_writer(_Whole(self._writer))
        self._reading = asyncio.create_task(
            run_async(self.client._stop_event, reader, self.client.protocol)
        )

    def _listen(self) -> None:
        @self.client.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
        def published(told: types.PublishDiagnosticsParams) -> None:
            self.said[told.uri] = list(told.diagnostics)
            self.judged[told.uri] = told.version
            self.published += 1
            self._news.set()

        @self.client.feature(types.WINDOW_SHOW_MESSAGE)
        def shown(told: types.ShowMessageParams) -> None:
            self.messages.append(f"{told.type.name}: {told.message}")
            self._news.set()

        @self.client.feature(types.WINDOW_LOG_MESSAGE)
        def logged(told: types.LogMessageParams) -> None:
            self.logged.append(f"{told.type.name}: {told.message}")

        @self.client.feature(types.WINDOW_SHOW_MESSAGE_REQUEST)
        def asked(told: types.ShowMessageRequestParams) -> types.MessageActionItem | None:
            self.asked.append(f"{told.type.name}: {told.message}")
            self.choices.append([each.title for each in told.actions or ()])
            return types.MessageActionItem(self.answers.pop(0)) if self.answers else None

        @self.client.feature(types.CLIENT_REGISTER_CAPABILITY)
        def registered(told: types.RegistrationParams) -> None:
            self.watched += told.registrations
            self._news.set()

        @self.client.feature(types.WORKSPACE_APPLY_EDIT)
        def edit(told: types.ApplyWorkspaceEditParams) -> types.ApplyWorkspaceEditResult:
            self.edits.append(told.edit)
            self.labels.append(told.label)
            return types.ApplyWorkspaceEditResult(self.refusal is None, self.refusal)

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Wait until messages of the server make a condition true."""
        async with asyncio.timeout(SECONDS):
            while not is_so():
                self._news.clear()
                await self._news.wait()

    async def open(self, path: Path, value: Any) -> str:
        """Write and open a file; return its URI after diagnostics came."""
        return await self.show(write(path, value))

    async def show(self, path: Path) -> str:
        """Open a file; return its URI after diagnostics came."""
        uri = self.send(path)
        await self.until(lambda: uri in self.said)
        return uri

    def send(self, path: Path) -> str:
        """Open a file; return its URI."""
        uri = path.as_uri()
        self.texts[uri], self._versions[uri] = path.read_bytes().decode(), 1
        self.said.pop(uri, None)
        item = types.TextDocumentItem(uri, "jsonc", 1, self.texts[uri])
        self.client.text_document_did_open(types.DidOpenTextDocumentParams(item))
        return uri

    def type(self, uri: str, text: str) -> None:
        """Make `text` the text of an open file, without saving it."""
        self._versions[uri] += 1
        self.texts[uri] = text
        name = types.VersionedTextDocumentIdentifier(self._versions[uri], uri)
        whole = types.TextDocumentContentChangeWholeDocument(text)
        self.client.text_document_did_change(types.DidChangeTextDocumentParams(name, [whole]))

    def codes(self, uri: str) -> list[str]:
        return [str(each.code) for each in self.said.get(uri, [])]

    def diagnostic(self, uri: str, code: str) -> types.Diagnostic:
        return next(each for each in self.said[uri] if each.code == code)

    async def actions(
        self, uri: str, at: types.Range, only: list[str] | None = None, *, automatic: bool = False
    ) -> dict[str, types.CodeAction]:
        trigger = types.CodeActionTriggerKind.Automatic if automatic else None
        context = types.CodeActionContext([], only, trigger)  # type: ignore[arg-type]
        asked = types.CodeActionParams(types.TextDocumentIdentifier(uri), at, context)
        found = await self.client.text_document_code_action_async(asked)
        return {each.title: _action(each) for each in found or []}

    async def hover(self, uri: str, at: types.Position) -> str:
        asked = types.HoverParams(types.TextDocumentIdentifier(uri), at)
        found = await self.client.text_document_hover_async(asked)
        assert found is None or isinstance(found.contents, types.MarkupContent)
        return found.contents.value if found else ""

    async def offered(self, uri: str, at: types.Position) -> dict[str, types.CompletionItem]:
        asked = types.CompletionParams(types.TextDocumentIdentifier(uri), at)
        found = await self.client.text_document_completion_async(asked)
        assert isinstance(found, list)
        return {each.label: each for each in found}

    async def lenses(self, uri: str) -> list[tuple[int, types.Command]]:
        asked = types.CodeLensParams(types.TextDocumentIdentifier(uri))
        found = await self.client.text_document_code_lens_async(asked) or []
        return [(each.range.start.line, each.command) for each in found if each.command]

    async def run(self, command: types.Command) -> None:
        asked = types.ExecuteCommandParams(command.command, command.arguments)
        await self.client.workspace_execute_command_async(asked)

    def after(self, edit: types.WorkspaceEdit | None) -> dict[str, str]:
        """Return the texts, after an edit, of the files that it changes."""
        assert edit is not None
        return {
            each.text_document.uri: applied(self.texts[each.text_document.uri], list(each.edits))
            for each in edit.document_changes or ()
            if isinstance(each, types.TextDocumentEdit)
        }

    async def stop(self) -> None:
        await self.client.shutdown_async(None)
        self.client.exit(None)
        if self._thread is None:
            await self.client.stop()
            return
        await self._reading
        self._pipe.close()
        self._writer.close()
        await asyncio.to_thread(self._thread.join, SECONDS)
        assert not self._thread.is_alive()
        self._stdin.close()


def _action(read: types.CodeAction | types.Command) -> types.CodeAction:
    """Return an action as it was sent; lsprotocol reads an action with a command as a command."""
    if isinstance(read, types.CodeAction):
        return read
    return types.CodeAction(read.title, command=types.Command(**ast.literal_eval(read.command)))


class _Whole:
    """Write whole messages to a pipe."""

    def __init__(self, pipe: Any) -> None:
        self._pipe = pipe

    def write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[self._pipe.write(view) :]

    def close(self) -> None:
        self._pipe.close()


def applied(text: str, edits: list[Any]) -> str:
    """Return a text after edits whose positions count UTF-16 units, by other means than ours."""
    data = text.encode("utf-16-le", errors="surrogatepass")
    starts = [0]
    for at, unit in enumerate(text):
        if unit == "\n":
            starts.append(len(text[: at + 1].encode("utf-16-le", errors="surrogatepass")))
    for edit in edits:
        start, end = (
            starts[each.line] + 2 * each.character for each in (edit.range.start, edit.range.end)
        )
        new = edit.new_text.encode("utf-16-le", errors="surrogatepass")
        data = data[:start] + new + data[end:]
    return data.decode("utf-16-le", errors="surrogatepass")


def position(text: str, of: str, add: int = 0) -> types.Position:
    """Return the position of a part of an ASCII text."""
    before = text[: text.index(of) + add]
    return types.Position(before.count("\n"), len(before) - before.rfind("\n") - 1)


def edit(world: World, act: Callable[[Editor], Awaitable[T]], **options: Any) -> T:
    """Start an editor, let it act, and end it."""

    async def session() -> T:
        editor = await Editor.started(world, **options)
        try:
            return await act(editor)
        finally:
            await editor.stop()

    return asyncio.run(session())
