"""An editor that has started `qwenlock server`: as much of one as a measurement needs."""

from __future__ import annotations

import json
import subprocess
import time
from typing import TYPE_CHECKING, Any

from projects import QWENLOCK

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class Editor:
    """Has one file open, and types in it."""

    def __init__(self, path: Path, environment: Mapping[str, str]) -> None:
        self._server = subprocess.Popen(
            [QWENLOCK, "server"],
            cwd=path.parent.parent,
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self._uri, self._version = path.as_uri(), 1
        self._text = path.read_text(encoding="utf-8")
        self._send("initialize", {"capabilities": {}}, id=1)
        self._send("initialized", {})
        opened = {"uri": self._uri, "languageId": "jsonc", "version": 1, "text": self._text}
        self._send("textDocument/didOpen", {"textDocument": opened})
        self._until_published(1)

    def seconds_after_typing(self) -> float:
        """Return the seconds from a change of the text to what is said about it."""
        self._version += 1
        new = f'"openaii{self._version}": [], "openai"'
        changed = self._text.replace('"openai"', new, 1)
        name = {"uri": self._uri, "version": self._version}
        change = {"textDocument": name, "contentChanges": [{"text": changed}]}
        begin = time.perf_counter()
        self._send("textDocument/didChange", change)
        self._until_published(self._version)
        return time.perf_counter() - begin

    def close(self) -> None:
        """End, and the server with it."""
        assert self._server.stdin is not None
        self._server.stdin.close()
        self._server.wait()

    def _send(self, method: str, params: dict[str, Any], **more: int) -> None:
        body = json.dumps({"jsonrpc": "2.0", "method": method, "params": params, **more}).encode()
        assert self._server.stdin is not None
        self._server.stdin.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        self._server.stdin.flush()

    def _until_published(self, version: int) -> None:
        """Read messages up to the diagnostics of a version of the text."""
        assert self._server.stdout is not None
        while True:
            length = 0
            while (line := self._server.stdout.readline()) not in (b"\r\n", b""):
                name, _, value = line.partition(b":")
                length = int(value) if name == b"Content-Length" else length
            told = json.loads(self._server.stdout.read(length))
            if told.get("params", {}).get("version") == version:
                return
