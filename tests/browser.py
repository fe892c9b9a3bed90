"""Control a real browser, without a window or scripts, over two pipes."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
_OPTIONS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    "--remote-debugging-pipe",
)
_START = """
import os, sys, fcntl
ours = [fcntl.fcntl(int(given), fcntl.F_DUPFD, 10) for given in sys.argv[1:3]]
for descriptor, wanted in zip(ours, (3, 4)):
    os.dup2(descriptor, wanted)
    os.close(descriptor)
os.execv(sys.argv[3], sys.argv[3:])
"""
"""Start a browser with the pipes at the descriptors 3 and 4, where it expects them."""
_TIMEOUT = 60


def installed() -> str:
    """Return a browser's command; skip the test where there is none."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.skip(f"no browser is installed, such as {NAMES[0]}")
    return found


class Browser:
    """A browser with one page, on which no script runs.

    Attributes:
        asked: the addresses of everything that the page loaded.
        said: what was printed on the page's console, and what its policy refused.
    """

    def __init__(self, profile: Path) -> None:
        command = installed()
        theirs_in, self._out = os.pipe()
        self._in, theirs_out = os.pipe()
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-c", _START, str(theirs_in), str(theirs_out)),
                *(command, *_OPTIONS, f"--user-data-dir={profile}"),
            ],
            env={"PATH": os.environ["PATH"], "HOME": str(profile), "LANG": "C.UTF-8"},
            pass_fds=(theirs_in, theirs_out),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for descriptor in (theirs_in, theirs_out):
            os.close(descriptor)
        self._buffer, self._count, self._session = b"", 0, ""
        self._events: list[dict[str, Any]] = []
        self.asked: list[str] = []
        self.said: list[str] = []
        target = self.do("Target.createTarget", url="about:blank")["targetId"]
        attached = self.do("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Network", "Log", "Runtime"):
            self.do(f"{domain}.enable")
        self.do("Emulation.setScriptExecutionDisabled", value=True)

    def close(self) -> None:
        self._process.kill()
        self._process.wait(timeout=_TIMEOUT)
        os.close(self._out)
        os.close(self._in)

    def do(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send a command of the Chrome DevTools Protocol, and return the answer."""
        self._count += 1
        message = {"id": self._count, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self._count:
                assert "error" not in answer, answer
                result: dict[str, Any] = answer["result"]
                return result

    def show(self, page: Path, *, width: int = 1280, dark: bool = False) -> None:
        """Show a page, and wait until it is loaded."""
        self.do(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=1600,
            deviceScaleFactor=1,
            mobile=False,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.do("Emulation.setEmulatedMedia", features=[scheme])
        self._events.clear()
        self.do("Page.navigate", url=page.as_uri())
        while not any(event["method"] == "Page.loadEventFired" for event in self._events):
            self._next()

    def value(self, expression: str) -> Any:
        """Return the value of an expression on the page, whose own scripts do not run."""
        return self.do("Runtime.evaluate", expression=expression)["result"].get("value")

    def screenshot(self) -> bytes:
        return base64.b64decode(self.do("Page.captureScreenshot")["data"])

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            piece = os.read(self._in, 1 << 16)
            assert piece, "the browser has ended"
            self._buffer += piece
        text, _, self._buffer = self._buffer.partition(b"\0")
        message: dict[str, Any] = json.loads(text)
        if "method" in message:
            self._note(message)
        return message

    def _note(self, event: dict[str, Any]) -> None:
        self._events.append(event)
        match event["method"]:
            case "Network.requestWillBeSent":
                self.asked.append(event["params"]["request"]["url"])
            case "Log.entryAdded":
                self.said.append(event["params"]["entry"]["text"])
            case "Runtime.consoleAPICalled" | "Runtime.exceptionThrown":
                self.said.append(json.dumps(event["params"]))
