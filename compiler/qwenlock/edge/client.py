"""The only module that starts the client, to ask what it offers and which release it is.

It speaks the Agent Client Protocol: JSON-RPC on the client's standard input and output, one
message per line. Any other output is ignored. The client's messages may hold keys, so they are
shown only if they hold none. What an answer means is decided in `compile.agreement`.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
from contextlib import contextmanager, suppress
from queue import Empty, SimpleQueue
from threading import Thread
from time import monotonic
from typing import IO, TYPE_CHECKING, Any

from qwenlock.clients.other_models import told_roles
from qwenlock.clients.profile import GUIDE, profile
from qwenlock.edge import programs
from qwenlock.enforce.agreement import Answer, Offered
from qwenlock.findings.errors import QwenlockError, UsageError
from qwenlock.text.credentials import MASK, is_credential
from qwenlock.text.pattern import pattern

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

TIMEOUT = 30.0
"""How long a client may take to answer, in seconds, from its start."""

_LINE_LIMIT = 32 * 1024 * 1024
_LONGEST_ERRORS = 64 * 1024
_LOGIN_REQUIRED = -32000
_VERSION = pattern(r"^v?(\d+\.\d+\.\d+\S*)$", re.MULTILINE)
_ERROR_LINE = pattern(r"^[ \t]*(?:\w*Error|error|fatal)\b.*", re.MULTILINE)
_LONGEST_REASON = 300
_COULD_BE_A_KEY = pattern(r"(?=[\w.-]*\d)[\w.-]{16,}")
_SHORTEST_VALUE = 6


class ClientMissingError(UsageError):
    """There is no such command."""


class ClientError(QwenlockError):
    """The client cannot be asked.

    `release` is the release that the client reported, if it got that far.
    """

    exit_code = 3
    release: str | None = None


class ClientTimeoutError(ClientError):
    """The client did not answer in time."""


class ClientCrashedError(ClientError):
    """The client ended before it answered."""


class ClientRefusedError(ClientError):
    """The client answered with an error, or with something other than a catalogue."""


class LoginRequiredError(ClientRefusedError):
    """The client asks for a login: no auth type is selected, or its variable is not set."""


def command_of(text: str) -> list[str]:
    """Split a command line such as `npx qwen` into words.

    Raises:
        UsageError: it is empty, or a quotation mark is not closed.
    """
    lexer = shlex.shlex(text, posix=True, punctuation_chars=False)
    lexer.whitespace_split = True
    lexer.commenters = ""
    if sys.platform == "win32":
        lexer.quotes, lexer.escape = '"', ""  # a path has backslashes
    try:
        words = [*lexer]
    except ValueError as error:
        message = f"the client's command cannot be read: {str(error).lower()}"
        raise UsageError(message, "quote it as in a shell") from None
    if not words:
        raise UsageError("the client's command is empty", "name a command, such as qwen")
    return words


def ask(
    command: Sequence[str],
    project: Path,
    environment: Mapping[str, str],
    timeout: float = TIMEOUT,
    roles: Sequence[str] = (),
) -> Answer:
    """Start a client in `project`, and return what it offers and selects.

    Args:
        command: the client and its arguments, without `--acp`.
        project: the directory it runs in.
        environment: all its variables.
        timeout: how long it may take in total, in seconds.
        roles: the other models to ask for too, such as `fast`, if the release can name them.

    Raises:
        ClientMissingError: there is no such command.
        ClientError: it crashes, hangs, asks for a login, or gives an invalid answer.
    """
    with started([*command, "--acp"], project, environment, timeout) as client:
        release = client.initialize()
        try:
            answer = client.session(project, release)
            return answer._replace(others=client.others(_told(roles, release)))
        except ClientError as error:
            error.release = release
            raise


def _told(roles: Sequence[str], release: str | None) -> list[str]:
    """Return those of `roles` that a release answers itself, without a request to its model."""
    try:
        client = profile(release or GUIDE)
    except UsageError:
        return []
    return [role for role in dict.fromkeys(roles) if role in told_roles(client)]


def version(
    command: Sequence[str], environment: Mapping[str, str], timeout: float = TIMEOUT
) -> str:
    """Return the release of the client that `command` starts, such as `0.24.4`.

    Args:
        command: the client and its arguments.
        environment: all its variables.
        timeout: how long it may take, in seconds.

    Raises:
        ClientMissingError: there is no such command.
        ClientError: it names no version, or takes too long.
    """
    with started([*command, "--version"], None, environment, timeout) as client:
        output = "\n".join(client.lines())
    found = _VERSION.search(output)
    if found is None:
        message = f"`{shlex.join([*command, '--version'])}` does not print a version"
        raise ClientRefusedError(message, "name Qwen Code's command with --client-command")
    return found[1]


@contextmanager
def started(
    command: Sequence[str],
    directory: Path | None,
    environment: Mapping[str, str],
    timeout: float = TIMEOUT,
) -> Iterator[RunningClient]:
    """Start a client; afterwards, end it and every process in its process group.

    Args:
        command: the client and its arguments.
        directory: the directory it runs in.
        environment: all its variables.
        timeout: how long it may take in total, in seconds.

    Raises:
        ClientMissingError: there is no such command.
    """
    variables = dict(environment)
    try:
        words = programs.words(command, variables)
    except FileNotFoundError:
        message = f"command not found: {command[0]}"
        fix = "install Qwen Code, or name its command with --client-command"
        raise ClientMissingError(message, fix) from None
    with tempfile.TemporaryFile() as errors:
        try:
            process = subprocess.Popen(
                words,
                cwd=directory,
                env=variables,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                start_new_session=sys.platform != "win32",
            )
        except OSError as error:
            reason = (error.strerror or type(error).__name__).lower()
            raise ClientMissingError(f"{command[0]} cannot be started: {reason}") from None
        client = RunningClient(process, errors, environment, timeout)
        try:
            yield client
        finally:
            client.end()


class RunningClient:
    """A running client; no wait for it exceeds its timeout.

    Args:
        process: the client, started with pipes for its standard input and output.
        errors: the file that takes its standard error.
        environment: its variables, whose values are never shown.
        timeout: how long it may take in total, in seconds from now.
    """

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        errors: IO[bytes],
        environment: Mapping[str, str],
        timeout: float,
    ) -> None:
        self._process = process
        self._errors = errors
        self._environment = environment
        self._timeout = timeout
        self._deadline = monotonic() + timeout
        self._requests = 0
        self._session = self._said = ""
        self._received: SimpleQueue[str | None] = SimpleQueue()
        self._reader = Thread(target=self._receive, daemon=True)
        self._reader.start()

    def initialize(self) -> str | None:
        """Open the conversation; return the release that the client reports."""
        files = {"readTextFile": False, "writeTextFile": False}  # 0.10.1 insists on both
        parameters = {"protocolVersion": 1, "clientCapabilities": {"fs": files}}
        agent = self._request("initialize", parameters).get("agentInfo")
        release = agent.get("version") if isinstance(agent, dict) else None
        return release if isinstance(release, str) else None

    def session(self, directory: Path, release: str | None = None) -> Answer:
        """Return what a new session in `directory` offers and selects."""
        parameters = {"cwd": str(directory), "mcpServers": []}
        answer = self._request("session/new", parameters)
        models: Any = answer.get("models")
        try:
            self._session = str(answer["sessionId"]) if "sessionId" in answer else ""
            offered = [
                Offered(str(each["modelId"]), str(each.get("name", "")))
                for each in models["availableModels"]
            ]
            return Answer(release, tuple(offered), str(models["currentModelId"] or ""))
        except (TypeError, KeyError, AttributeError):
            message = "the client does not list its models over the Agent Client Protocol"
            raise ClientRefusedError(message, "use Qwen Code 0.10.1 or later") from None

    def others(self, roles: Sequence[str]) -> dict[str, str]:
        """Return what the client says about its other models, by role, if it answers."""
        said: dict[str, str] = {}
        for role in roles:
            self._said = ""
            prompt = [{"type": "text", "text": f"/model --{role}"}]
            with suppress(ClientError):
                self._request("session/prompt", {"sessionId": self._session, "prompt": prompt})
                line = next(iter(self._said.splitlines()), "")
                said |= {role: line} if re.search(r"[:\uff1a]", line) else {}
        return said

    def lines(self) -> Iterator[str]:
        """Yield the client's output line by line until it ends.

        Raises:
            ClientTimeoutError: its time is up.
        """
        while True:
            try:
                line = self._received.get(timeout=max(0.0, self._deadline - monotonic()))
            except Empty:
                message = f"the client did not answer within {self._timeout:g} s"
                raise ClientTimeoutError(
                    message, "start the client yourself to see what it is waiting for"
                ) from None
            if line is None:
                return
            yield line

    def end(self) -> None:
        """Kill the client and what it has started, and close its pipes."""
        if sys.platform == "win32":
            system = os.environ.get("SYSTEMROOT", "C:\\Windows")
            tool = os.path.join(system, "System32", "taskkill.exe")  # noqa: PTH118
            with suppress(OSError):
                subprocess.run(
                    [tool, "/T", "/F", "/PID", str(self._process.pid)],
                    stdin=subprocess.DEVNULL,
                    capture_output=True,
                    check=False,
                )
        else:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.kill()
        self._process.wait()
        assert self._process.stdin is not None  # noqa: S101  (it was asked for)
        with suppress(OSError):
            self._process.stdin.close()
        # A process that left the group may keep the output open: its reader waits, then closes it.
        self._reader.join(1)

    def _receive(self) -> None:
        assert self._process.stdout is not None  # noqa: S101
        with suppress(OSError, ValueError), self._process.stdout as output:
            while line := output.readline(_LINE_LIMIT):
                self._received.put(line.decode(errors="replace"))
        self._received.put(None)

    def _request(self, method: str, parameters: dict[str, Any]) -> dict[str, Any]:
        """Return the result of a request; other messages and output are skipped."""
        self._requests += 1
        message = {
            "jsonrpc": "2.0",
            "id": self._requests,
            "method": method,
            "params": parameters,
        }
        assert self._process.stdin is not None  # noqa: S101
        with suppress(OSError):  # the client has ended, so its output ends too
            self._process.stdin.write(json.dumps(message).encode() + b"\n")
            self._process.stdin.flush()
        for line in self.lines():
            answer = _message(line)
            if answer.get("id") == self._requests and "method" not in answer:
                return self._result(answer, method)
            self._said += _said(answer)
        raise self._crashed()

    def _result(self, answer: dict[str, Any], method: str) -> dict[str, Any]:
        result, error = answer.get("result"), answer.get("error")
        if isinstance(result, dict):
            return result
        if not isinstance(error, dict):
            message = f"the client's answer to {method} contains neither a result nor an error"
            raise ClientRefusedError(message, "name Qwen Code's command with --client-command")
        reason = self._harmless(error.get("message"))
        if error.get("code") == _LOGIN_REQUIRED:
            fix = "select an auth type in security.auth.selectedType, and set the model's variable"
            raise LoginRequiredError(f"the client asks for a login{reason}", fix)
        message = f"the client refuses {method}{reason}"
        raise ClientRefusedError(message, "start the client yourself in the project to see why")

    def _crashed(self) -> ClientCrashedError:
        code = self._process.wait()
        how = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
        self._errors.seek(max(0, self._errors.seek(0, os.SEEK_END) - _LONGEST_ERRORS))
        found = _ERROR_LINE.search(self._errors.read().decode(errors="replace"))
        message = f"the client {how} before it answered{self._harmless(found and found[0])}"
        return ClientCrashedError(message, "start the client yourself in the project to see why")

    def _harmless(self, said: object) -> str:
        """Return the client's message as the end of ours; empty if it holds a key."""
        words = " ".join(said.split()) if isinstance(said, str) else ""
        if not words or is_credential(words):
            return ""
        for value in self._environment.values():
            if len(value) >= _SHORTEST_VALUE:
                words = words.replace(value, MASK)
        return ": " + _COULD_BE_A_KEY.sub(MASK, words[:_LONGEST_REASON])


def _said(message: dict[str, Any]) -> str:
    """Return the piece of text in a message of the client; empty if there is none."""
    try:
        text = message["params"]["update"]["content"]["text"]
    except (KeyError, TypeError):
        return ""
    return text if isinstance(text, str) else ""


def _message(line: str) -> dict[str, Any]:
    """Return a line as a JSON-RPC message; empty if it is something else."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
