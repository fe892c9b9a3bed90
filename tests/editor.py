"""An editor for tests: pygls' own client, which starts `qwenlock server` and speaks with it."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Any, TypeVar

from lsprotocol import types
from pygls.lsp.client import LanguageClient

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
"""What a usual editor can do."""


class Editor:
    """An editor that has started the server.

    Attributes:
        said: the diagnostics of each file, by its URI.
        messages: what was shown to the user.
        logged: what was logged.
        answers: what the user answers to questions, in order.
        asked: the questions.
        edits: the edits that commands made.
    """

    def __init__(self, client: LanguageClient) -> None:
        self.client = client
        self.said: dict[str, list[types.Diagnostic]] = {}
        self.messages: list[str] = []
        self.logged: list[str] = []
        self.asked: list[str] = []
        self.answers: list[str] = []
        self.edits: list[types.WorkspaceEdit] = []
        self.texts: dict[str, str] = {}
        self._versions: dict[str, int] = {}
        self._news = asyncio.Event()
        self.result: Any = None

    @classmethod
    async def started(
        cls,
        world: World,
        *,
        folder: Path | None = None,
        capabilities: types.ClientCapabilities = FULL,
    ) -> Editor:
        client = LanguageClient("tests", "1")
        editor = cls(client)
        editor._listen()
        await client.start_io(sys.executable, "-m", "qwenlock", "server", cwd=world.project)
        root = (folder or world.project).as_uri()
        asked = types.InitializeParams(
            capabilities,
            root_uri=root,
            workspace_folders=[types.WorkspaceFolder(root, "project")],
        )
        editor.result = await client.initialize_async(asked)
        client.initialized(types.InitializedParams())
        return editor

    def _listen(self) -> None:
        @self.client.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
        def published(told: types.PublishDiagnosticsParams) -> None:
            self.said[told.uri] = list(told.diagnostics)
            self._news.set()

        @self.client.feature(types.WINDOW_SHOW_MESSAGE)
        def shown(told: types.ShowMessageParams) -> None:
            self.messages.append(told.message)
            self._news.set()

        @self.client.feature(types.WINDOW_LOG_MESSAGE)
        def logged(told: types.LogMessageParams) -> None:
            self.logged.append(told.message)

        @self.client.feature(types.WINDOW_SHOW_MESSAGE_REQUEST)
        def asked(told: types.ShowMessageRequestParams) -> types.MessageActionItem | None:
            self.asked.append(told.message)
            return types.MessageActionItem(self.answers.pop(0)) if self.answers else None

        @self.client.feature(types.WORKSPACE_APPLY_EDIT)
        def edit(told: types.ApplyWorkspaceEditParams) -> types.ApplyWorkspaceEditResult:
            self.edits.append(told.edit)
            return types.ApplyWorkspaceEditResult(applied=True)

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Wait until something that is told makes it so."""
        async with asyncio.timeout(SECONDS):
            while not is_so():
                self._news.clear()
                await self._news.wait()

    async def open(self, path: Path, value: Any) -> str:
        """Write and open a file; return its URI, once something was said about it."""
        return await self.show(write(path, value))

    async def show(self, path: Path) -> str:
        uri = path.as_uri()
        self.texts[uri], self._versions[uri] = path.read_text(encoding="utf-8"), 1
        self.said.pop(uri, None)
        item = types.TextDocumentItem(uri, "jsonc", 1, self.texts[uri])
        self.client.text_document_did_open(types.DidOpenTextDocumentParams(item))
        await self.until(lambda: uri in self.said)
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
        self, uri: str, at: types.Range, only: list[str] | None = None
    ) -> dict[str, types.CodeAction]:
        context = types.CodeActionContext([], only)  # type: ignore[arg-type]
        asked = types.CodeActionParams(types.TextDocumentIdentifier(uri), at, context)
        found = await self.client.text_document_code_action_async(asked)
        return {each.title: each for each in found or [] if isinstance(each, types.CodeAction)}

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
        """Return the texts of the files that an edit changes, as they are afterwards."""
        assert edit is not None
        return {
            each.text_document.uri: applied(self.texts[each.text_document.uri], list(each.edits))
            for each in edit.document_changes or ()
            if isinstance(each, types.TextDocumentEdit)
        }

    async def stop(self) -> None:
        await self.client.shutdown_async(None)
        self.client.exit(None)
        await self.client.stop()


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
    """Return where a part of an ASCII text is."""
    before = text[: text.index(of) + add]
    return types.Position(before.count("\n"), len(before) - before.rfind("\n") - 1)


def edit(
    world: World, act: Callable[[Editor], Awaitable[T]], **options: Any
) -> T:
    """Start an editor, let it act, and end it."""

    async def session() -> T:
        editor = await Editor.started(world, **options)
        try:
            return await act(editor)
        finally:
            await editor.stop()

    return asyncio.run(session())
