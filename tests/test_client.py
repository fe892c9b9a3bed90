"""Asking a client: the answers of a good one, and how every bad one is recognised."""

from __future__ import annotations

import os
import shlex
import sys
import textwrap
import time
from typing import TYPE_CHECKING

import pytest

from qwenlock.edge.client import (
    ClientCrashedError,
    ClientError,
    ClientMissingError,
    ClientRefusedError,
    ClientTimeoutError,
    LoginRequiredError,
    ask,
    command_of,
    version,
)
from qwenlock.enforce.agreement import Offered
from qwenlock.findings.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from qwenlock.enforce.agreement import Answer

KEY = "hunter-2-is-a-long-key"
HELLO = '{"jsonrpc": "2.0", "id": 1, "result": {"agentInfo": {"version": "0.24.4"}}}'
MODELS = (
    '{"jsonrpc": "2.0", "id": 2, "result": {"models": {"currentModelId": "a(openai)",'
    ' "availableModels": [{"modelId": "a(openai)", "name": "A"}, {"modelId": "b(openai)"}]}}}'
)
SESSION = '"sessionId": "s1", "models"'


class Fake:
    """A client that is a few lines of Python, in its own directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def command(self, script: str) -> list[str]:
        file = self._directory / "client.py"
        file.write_text("import os, sys, time\n" + textwrap.dedent(script), encoding="utf-8")
        return [sys.executable, "-u", str(file)]

    def ask(self, script: str, timeout: float = 20, roles: tuple[str, ...] = ()) -> Answer:
        environment = {"PATH": os.environ["PATH"], "A_KEY": KEY}
        return ask(self.command(script), self._directory, environment, timeout, roles)

    def answering(self, *answers: str) -> str:
        """Return a script that prints each of `answers` when it is sent a line, and stays."""
        lines = [f"sys.stdin.readline()\nprint({answer!r})" for answer in answers]
        return "\n".join([*lines, "time.sleep(60)"])


@pytest.fixture
def fake(tmp_path: Path) -> Fake:
    return Fake(tmp_path)


def test_answer_is_the_release_the_models_and_the_selection(fake: Fake) -> None:
    answer = fake.ask(fake.answering(HELLO, MODELS))
    offered = (Offered("a(openai)", "A"), Offered("b(openai)", ""))
    assert answer == ("0.24.4", offered, "a(openai)", {})


def test_other_models_are_asked_for_only_where_the_release_is_known_to_report_them(
    fake: Fake,
) -> None:
    said = (
        '{"jsonrpc": "2.0", "method": "session/update", "params": {"update": {"content": '
        '{"type": "text", "text": "Current fast model: b  \\nUse …"}}}}'
    )
    hello, models = HELLO.replace("0.24.4", "0.23.3"), MODELS.replace('"models"', SESSION, 1)
    script = f"""
    import json
    for answer in ({hello!r}, {models!r}):
        sys.stdin.readline()
        print(answer)
    for line in sys.stdin:
        asked = json.loads(line)
        assert asked["params"]["sessionId"] == "s1"
        print({said!r} if "/model --fast" in line else "")
        print(json.dumps({{"jsonrpc": "2.0", "id": asked["id"], "result": {{}}}}))
    """
    roles = ("fast", "fallback", "vision", "fast")
    assert fake.ask(script, roles=roles).others == {"fast": "Current fast model: b  "}
    older = script.replace("0.23.3", "0.12.0")
    assert fake.ask(older, roles=roles).others == {}


def test_client_is_asked_in_the_project_over_acp_with_the_given_environment_only(
    fake: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OF_THE_TESTS", "1")
    script = f"""
    import json
    assert sys.argv[1:] == ["--acp"] and "OF_THE_TESTS" not in os.environ
    first, second = json.loads(sys.stdin.readline()), None
    assert first["method"] == "initialize" and first["params"]["protocolVersion"] == 1
    print({HELLO!r})
    second = json.loads(sys.stdin.readline())
    assert second["method"] == "session/new", second
    assert second["params"] == {{"cwd": os.getcwd(), "mcpServers": []}}, second
    print({MODELS!r})
    """
    assert fake.ask(script).release == "0.24.4"


@pytest.mark.parametrize(
    "noise",
    [
        "Welcome!",
        "[1, 2]",
        "{",
        "[" * 100_000,
        '{"jsonrpc": "2.0", "method": "session/update", "params": {}}',
        '{"jsonrpc": "2.0", "id": 1, "method": "fs/read_text_file", "params": {}}',
        '{"jsonrpc": "2.0", "id": 7, "result": {}}',
        "\\udcff",
    ],
    ids=lambda noise: noise[:20],
)
def test_noise_is_ignored(fake: Fake, noise: str) -> None:
    script = f"""
    sys.stdout.reconfigure(errors="surrogateescape")
    print({noise!r})
    """
    script = textwrap.dedent(script) + fake.answering(HELLO, MODELS)
    assert fake.ask(script).current == "a(openai)"


def test_client_that_says_nothing_is_not_waited_for(fake: Fake) -> None:
    start = time.monotonic()
    with pytest.raises(ClientTimeoutError, match=r"within 0\.5 s$"):
        fake.ask("time.sleep(60)", timeout=0.5)
    assert time.monotonic() - start < 10


def test_client_that_never_stops_talking_is_not_waited_for(fake: Fake) -> None:
    with pytest.raises(ClientTimeoutError):
        fake.ask("while True: print('noise'); time.sleep(0.01)", timeout=0.5)


def test_what_the_client_started_is_gone_afterwards(fake: Fake, tmp_path: Path) -> None:
    script = """
    import subprocess
    code = "import time, pathlib; time.sleep(3); pathlib.Path('alive').touch()"
    subprocess.Popen([sys.executable, "-c", code])
    """
    fake.ask(textwrap.dedent(script) + fake.answering(HELLO, MODELS))
    time.sleep(3.5)
    assert not (tmp_path / "alive").exists()


def test_child_that_left_the_group_and_keeps_the_pipes_is_not_waited_for(fake: Fake) -> None:
    script = """
    import subprocess
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(5)"], start_new_session=True)
    """
    start = time.monotonic()
    fake.ask(textwrap.dedent(script) + fake.answering(HELLO, MODELS))
    assert time.monotonic() - start < 4


def test_crash_is_reported_with_its_exit_code_and_error(fake: Fake) -> None:
    script = "sys.stdin.readline(); print('Error: no such setting', file=sys.stderr); sys.exit(41)"
    with pytest.raises(ClientCrashedError, match=r"exit code 41 .*: Error: no such setting"):
        fake.ask(script)


def test_signal_is_reported(fake: Fake) -> None:
    with pytest.raises(ClientCrashedError, match="killed by signal 9"):
        fake.ask("os.kill(os.getpid(), 9)")


@pytest.mark.parametrize(
    "said",
    [
        f"Error: bad key {KEY}",
        "Error: Authorization: Bearer hunter2-abcdefgh",
        "Error: sk-hunterhunter",
        "Error: https://user:hunter2@example.com",
    ],
)
def test_no_key_in_the_clients_words_is_shown(fake: Fake, said: str) -> None:
    refusal = f'{{"id": 1, "error": {{"code": 1, "message": "{said}"}}}}'
    for script in (f"print({said!r}, file=sys.stderr); sys.exit(1)", fake.answering(refusal)):
        with pytest.raises(ClientError) as caught:
            fake.ask(script)
        assert "hunter" not in caught.value.message


def test_only_an_error_of_what_a_crashed_client_prints_is_shown(fake: Fake) -> None:
    said = "hunter2\nloading\nTypeError: x\n  at y"
    script = f"print({said!r}, file=sys.stderr); sys.exit(1)"
    with pytest.raises(ClientCrashedError, match=r"answered: TypeError: x$"):
        fake.ask(script)


def test_login_is_reported(fake: Fake) -> None:
    refusal = '{"id": 2, "error": {"code": -32000, "message": "Authentication required"}}'
    with pytest.raises(LoginRequiredError, match="login: Authentication required") as caught:
        fake.ask(fake.answering(HELLO, refusal))
    assert caught.value.exit_code == 3
    assert caught.value.release == "0.24.4"
    assert "selectedType" in (caught.value.fix or "")


@pytest.mark.parametrize(
    "answer",
    [
        '{"id": 2, "error": {"code": -32603, "message": "Internal error"}}',
        '{"id": 2, "error": "no"}',
        '{"id": 2}',
        '{"id": 2, "result": {}}',
        '{"id": 2, "result": {"models": {"availableModels": 1}}}',
        '{"id": 2, "result": {"models": {"availableModels": ["a"], "currentModelId": "a"}}}',
        '{"id": 2, "result": {"models": {"availableModels": [{}], "currentModelId": "a"}}}',
        '{"id": 2, "result": {"models": {"availableModels": []}}}',
    ],
)
def test_invalid_answer_is_refused(fake: Fake, answer: str) -> None:
    with pytest.raises(ClientRefusedError) as caught:
        fake.ask(fake.answering(HELLO, answer))
    assert not isinstance(caught.value, LoginRequiredError)


def test_missing_command_is_reported(tmp_path: Path) -> None:
    with pytest.raises(ClientMissingError, match="command not found: no-such-client") as caught:
        ask(["no-such-client"], tmp_path, {"PATH": os.environ["PATH"]})
    assert caught.value.exit_code == 2


def test_command_that_cannot_be_started_is_reported(tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.write_text("#!/no/such/interpreter\n")
    broken.chmod(0o755)
    with pytest.raises(ClientMissingError, match="cannot be started"):
        ask([str(broken)], tmp_path, {})


def test_version_is_found_among_other_lines(fake: Fake) -> None:
    command = fake.command("assert sys.argv[1:] == ['--version']; print('hello\\n0.24.4')")
    assert version(command, {"PATH": os.environ["PATH"]}) == "0.24.4"


def test_command_without_a_version_is_reported(fake: Fake) -> None:
    with pytest.raises(ClientRefusedError, match="does not print a version"):
        version(fake.command("print('hello')"), {})


def test_command_line_is_split_as_a_shell_would() -> None:
    assert command_of("npx 'my qwen'") == ["npx", "my qwen"]
    assert command_of(shlex.join(["a b", "c"])) == ["a b", "c"]


@pytest.mark.parametrize("text", ["", " ", "'qwen"])
def test_invalid_command_line_is_wrong_use(text: str) -> None:
    with pytest.raises(UsageError):
        command_of(text)
