"""The command line with any input: exit codes, no traceback, no key, `check` agrees with `lock`."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import string
import subprocess
import sys
import time
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import typer.main
from hypothesis import given
from hypothesis import strategies as st

from qwenlock.cli import app as app_module
from qwenlock.cli.app import COMMANDS, app
from qwenlock.cli.start import BUG
from qwenlock.lock.text import digest
from qwenlock.settings import shipped
from reference import leaves
from support import JSON, MODEL, OPENAI, World, a_third, models, untimed, write

if TYPE_CHECKING:
    from collections.abc import Callable

    from support import Result


# Every command, found in the code so that a new one is tested too


LEAVES = {name.removeprefix("qwenlock "): command for name, command in leaves()}
GIVEN = {"old": ".", "new": ".", "model": "gpt-4o", "version": "0.12.0", "region": "china"}
WRITTEN = {"output", "html", "markdown"}
"""Options that name a file to write."""


def command_lines(name: str) -> list[list[str]]:
    """Return calls of a command: the shortest one, and one with each flag and choice."""
    base = [*name.split(), *fixed().get(name, [])]
    extra: list[list[str]] = [[]]
    for parameter in LEAVES[name].params:
        is_argument = parameter.param_type_name == "argument"
        value = GIVEN.get(parameter.name, "x")
        kind = getattr(parameter, "type_descriptor", None) or parameter.type  # since Typer 0.29
        choices = getattr(kind, "choices", None)
        if parameter.required:
            base += [value] if is_argument else [parameter.opts[0], value]
        elif getattr(parameter, "is_flag", False):
            extra += [[spelling] for spelling in (*parameter.opts[:1], *parameter.secondary_opts)]
        elif choices and not is_argument:
            extra += [[parameter.opts[0], str(choice)] for choice in choices]
        elif parameter.name in WRITTEN:
            extra.append([parameter.opts[0], "written"])
    if ["--yes"] in extra:
        extra += [[*more, "--yes"] for more in extra if more != ["--yes"]]
    debugged = [more for more in extra if not more or more[0] == "--format"]
    lines = [*([*base, *more] for more in extra), *(["--debug", *base, *more] for more in debugged)]
    return [[*line, *CLIENT] for line in lines] if name == "run" else lines


CLIENT = ["--", sys.executable, "-c", "pass"]


def call(world: World, arguments: list[str]) -> Result:
    """Run a command line; in a new process if it becomes another program."""
    return world.start(*arguments) if arguments[-len(CLIENT) :] == CLIENT else world.run(*arguments)


def fixed() -> dict[str, list[str]]:
    """Return further arguments of commands: no client, and keys where a key can be given."""
    return {
        "doctor": ["--client-command", "false"],
        "resolve": ["--openai-api-key", f"sk-{BARE}", "--openai-base-url", f"https://u:{WORDY}@h"],
    }


def test_walk_finds_every_command() -> None:
    assert {name.split()[0] for name in LEAVES} == set(COMMANDS)
    assert ["check", "--format", "json"] in command_lines("check")
    assert ["lock", "--trusted"] in command_lines("lock")
    assert ["lint", "--fix", "--yes"] in command_lines("lint")
    assert ["--debug", "check", "--format", "sarif"] in command_lines("check")
    assert ["report", "--html", "written"] in command_lines("report")
    assert ["run", "--strict", *CLIENT] in command_lines("run")


# Canaries

LETTERS = string.ascii_uppercase + string.digits
RANDOM = random.Random(3)  # noqa: S311
BARE = "".join(RANDOM.choices(LETTERS, k=24))
WORDY = "".join(RANDOM.choices(string.ascii_uppercase, k=24))
DIGITS = "93847560219384"
CANARIES = (BARE, WORDY, DIGITS)
PIECES = [each[start : start + 6] for each in CANARIES for start in range(len(each) - 5)]


def assert_silent(said: str, about: object) -> None:
    for piece in PIECES:
        assert piece not in said, (about, said)


PLAN_MODEL = {
    "id": "qwen3.5-plus",
    "envKey": "BAILIAN_CODING_PLAN_API_KEY",
    "baseUrl": "https://coding.dashscope.aliyuncs.com/v1",
}


def with_comments(value: Any) -> str:
    """Return settings with keys in comments on every line."""
    text = json.dumps(value, indent=2)
    return text.replace("\n", f" // sk-{WORDY}\n") + f"\n/* key: sk-{BARE}\n {BARE} */"


WARNED = {
    **OPENAI,
    "security": {"auth": {"selectedType": "openai", "apiKey": BARE, "baseUrl": "https://h/v1"}},
    "env": {"OPENAI_API_KEY": f"sk-{BARE}", "OTHER": WORDY, "id": DIGITS, "NUMBER": int(DIGITS)},
    "modelProviders": {"openai": [PLAN_MODEL, MODEL]},
    "codingPlan": {"version": "0" * 64, "region": "china", "token": BARE},
    "theme": {"secret": WORDY},
    "model": {"name": "gpt-4o"},
}
REFUSED = {
    "modelProviders": {
        "openai": [
            {**MODEL, "id": f"sk-{BARE}"},
            {**MODEL, "id": f"sk-{BARE}"},
            {**MODEL, "id": "a", "apiKey": WORDY, "token": int(DIGITS), "password": [int(DIGITS)]},
            {**MODEL, "id": "b", "baseUrl": f"https://user:{WORDY}@host/v1?key={BARE}"},
            {**MODEL, "id": "b", "baseUrl": f"https://host/v1?api_key={BARE}"},
            {**MODEL, "id": "c", "envKey": f"sk-{BARE}"},
            {**MODEL, "id": "d", "envKey": BARE.lower() + BARE},
            {**MODEL, "id": "e", f"sk-{BARE}": 1, "name": [f"sk-{BARE}"], "description": [WORDY]},
            {
                **MODEL,
                "id": "f",
                "generationConfig": {
                    f"sk-{WORDY}": 1,
                    "timeout": f"sk-{WORDY}",
                    "customHeaders": {"Authorization": f"Bearer {WORDY}", "X-Api-Key": BARE},
                    "extra_body": {"access_token": {"a": BARE}, "secret": [WORDY]},
                },
            },
            {**PLAN_MODEL, f"sk-{BARE}": {"api_key": BARE}},
            f"sk-{BARE}",
        ],
        f"sk-{WORDY}": [{"id": f"sk-{WORDY}"}],
    },
    "security": {"auth": {"selectedType": "openai"}},
    "model": {"name": f"sk-{WORDY}", "generationConfig": {"apiKey": BARE}},
}
CHOSEN = {
    "security": {"auth": {"selectedType": f"sk-{BARE}", "apiKey": [BARE], "baseUrl": {"a": BARE}}},
    "model": {"name": f"sk-{WORDY}", "baseUrl": f"https://{BARE}@h"},
    "env": [f"sk-{BARE}"],
}
OLD = {
    "selectedAuthType": f"sk-{BARE}",
    "apiKey": WORDY,
    "env": {"A": BARE},
    "customHeaders": {"Authorization": BARE},
    "disableAutoUpdate": f"sk-{WORDY}",
    "modelProviders": {"openai": {"protocol": BARE, "models": [PLAN_MODEL]}},
}
BROKEN = f"""{{
  "env": {{"A": "{WORDY}", 'B': '{WORDY}', C: "{BARE}" "D": {DIGITS},}}, // sk-{BARE}
  "apiKey": "{WORDY}" : "{BARE}"
"""
PLANTED: dict[str, Any] = {
    "beside what compiles": WARNED,
    "in what does not compile": REFUSED,
    "in the selection": CHOSEN,
    "in old settings": OLD,
    "in broken settings": BROKEN,
    "in an escape": json.dumps(REFUSED).replace("sk-", "\\u0073k-"),
}


def plant(world: World, where: str) -> None:
    """Write settings and `.env` files, all with keys in them, and the lock that they compile to."""
    world.clear()
    planted = PLANTED[where]
    write(world.user, planted if isinstance(planted, str) else with_comments(planted))
    write(world.own, with_comments({"env": {"B": WORDY}, "modelProviders": {"gemini": []}}))
    write(world.project / ".env", f"A={WORDY}\n# sk-{BARE}\nsk-{BARE}\n")
    write(world.home / ".qwen" / ".env", f"OPENAI_API_KEY=sk-{WORDY}\n")
    for name in ("settings.json", "system-defaults.json"):
        write(world.system / name, with_comments({"env": {"SYSTEM": BARE}, "theme": WORDY}))
    write(world.project / "pyproject.toml", f"[tool.qwenlock] # sk-{BARE}\n[tool.x]\nk='{WORDY}'\n")
    said = world.run("lock")
    assert_silent(said.out + said.err, where)


def assert_nothing_left(world: World, before: set[Path], about: object) -> None:
    """Assert that no new file holds a key, except backups and the files that keys were moved to."""
    for path in set(world.root.rglob("*")) - before:
        private = path.parent.name in {"backups", "enforced"} or path.name == ".env"
        if path.is_file() and private:
            assert path.stat().st_mode & 0o077 == 0, (about, path)
        elif path.is_file():
            assert_silent(path.read_text("utf-8", "replace"), (about, path))


OF_CHANGES = {"history", "undo"}
"""Commands that print something after a change."""


@pytest.mark.slow
@pytest.mark.parametrize(("name", "where"), a_third(product(LEAVES, PLANTED)))
def test_no_command_shows_a_key(
    world: World, name: str, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", f"sk-{BARE}")
    monkeypatch.setenv("UNRELATED_TOKEN", WORDY)
    for arguments in command_lines(name):
        plant(world, where)
        before = set(world.root.rglob("*"))
        if name in OF_CHANGES:
            world.run("migrate", "--env-secrets", "--yes")
        for own in (True, False):
            if not own:
                world.own.unlink(missing_ok=True)
            result = call(world, arguments)
            assert result.exit_code in range(5), (arguments, result)
            assert "Traceback" not in result.err
            assert_silent(result.out + result.err, arguments)
            assert_nothing_left(world, before, arguments)


PRINT_THE_LOCK = {"show", "export"}
"""They print the lock as somebody has edited it."""


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(set(LEAVES) - PRINT_THE_LOCK))
def test_no_command_shows_a_key_that_somebody_put_into_a_lock(world: World, name: str) -> None:
    write(world.user, models(MODEL))
    world.run("lock")
    text = world.lock.read_text(encoding="utf-8")
    edited = text.replace("origin =", f'name = "sk-{BARE}"\nfields.token = "{WORDY}"\norigin =')
    for arguments in command_lines(name):
        write(world.user, models(MODEL))
        write(world.lock, edited)
        result = call(world, arguments)
        assert result.exit_code in range(5), (arguments, result)
        assert_silent(result.out + result.err, arguments)


ESCAPE = "\x1b]0;owned\x07\x9b31m\u202e"


@pytest.mark.slow
@pytest.mark.parametrize("name", LEAVES)
def test_no_command_sends_a_control_character_of_a_file_to_the_terminal(
    world: World, name: str
) -> None:
    entry = {**MODEL, "id": f"a{ESCAPE}", "name": ESCAPE, "envKey": "K", ESCAPE: ESCAPE}
    settings = {**models(entry, MODEL, MODEL), ESCAPE: 1, "model": {"name": f"b{ESCAPE}"}}
    for arguments in command_lines(name):
        write(world.user, settings)
        write(world.own, {**OPENAI, "env": {ESCAPE: "hunter2hunter2"}, "theme": ESCAPE})
        assert world.run("lock").exit_code == 0
        result = call(world, arguments)
        assert result.exit_code in range(5), (arguments, result)
        for character in "\x1b\x07\x9b\u202e":
            assert character not in result.out + result.err, (arguments, result)


def crash(**values: Any) -> int:
    secret = f"sk-{BARE}"
    try:
        return int(secret)
    except ValueError as error:
        raise RuntimeError(f"the key is {secret}", values) from error


@pytest.mark.parametrize("debug", [[], ["--debug"]])
@pytest.mark.parametrize("name", LEAVES)
def test_crash_shows_no_key_and_no_traceback(
    world: World, monkeypatch: pytest.MonkeyPatch, name: str, debug: list[str]
) -> None:
    get_command = typer.main.get_command

    def crashing(application: typer.Typer) -> Any:
        command = get_command(application)
        if application is not app:
            for each in getattr(command, "commands", {"": command}).values():
                each.callback = crash
        return command

    monkeypatch.setattr(typer.main, "get_command", crashing)
    result = world.run(*debug, *command_lines(name)[0])
    assert result.exit_code == BUG
    assert "qwenlock has a bug: RuntimeError" in result.err
    assert ("in crash" in result.err) == bool(debug)
    assert "Traceback" not in result.err
    assert_silent(result.out + result.err, name)


def test_error_under_debug_shows_where_it_arose_and_no_key(world: World) -> None:
    write(world.user, BROKEN)
    result = world.run("--debug", "lock")
    assert result.exit_code == 3
    assert re.search(r"project\.py:\d+ in _sources", result.err)
    assert_silent(result.err, "lock")


# Whatever the input


def assert_civil(world: World) -> None:
    for line in ("check", "check --env", "lock --check", "show", "diff . ."):
        form = random.choice(["text", "json"])  # noqa: S311
        result = world.run(*line.split(), "--format", form)
        assert result.exit_code in range(5), (line, result)
        assert "Traceback" not in result.err
        if form == "json":
            assert "schema-version" in json.loads(result.out)


@untimed(15)
@given(st.binary(max_size=60) | JSON.map(lambda value: json.dumps(value).encode()))
def test_garbage_for_settings_lock_and_env_gives_no_traceback(world: World, data: bytes) -> None:
    for target in ("user", "own", "lock", "env"):
        world.clear()
        write(world.user, models(MODEL))
        world.run("lock")
        write({"env": world.project / ".env"}.get(target) or getattr(world, target), data)
        assert_civil(world)
        assert world.run("lock").exit_code in range(5)


@untimed(30)
@given(st.data())
def test_mutated_settings_and_locks_give_no_traceback(world: World, data: st.DataObject) -> None:
    world.clear()
    write(world.user, json.dumps(WARNED, indent=1))
    world.run("lock")
    path = data.draw(st.sampled_from([world.user, world.lock]))
    text = path.read_text(encoding="utf-8")
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(text)))
        piece = data.draw(
            st.sampled_from(["", "\x00", '"', "{", "null", "1e999", "[]", "\ud7ff", "\n"])
        )
        text = text[:start] + piece + text[start + data.draw(st.integers(0, 8)) :]
    write(path, text)
    assert_civil(world)


def fifo(path: Path) -> None:
    os.mkfifo(path)


def loop(path: Path) -> None:
    path.symlink_to(path.name)


def device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def huge(path: Path) -> None:
    path.touch()
    os.truncate(path, 10 * 1024**4)


def failing(path: Path) -> None:
    path.symlink_to("/proc/self/mem")


def unreadable(path: Path) -> None:
    write(path, "{}")
    path.chmod(0)


@pytest.mark.parametrize("scope", ["user", "own", "lock"])
@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (fifo, "it is not a regular file"),
        (Path.mkdir, "it is not a regular file"),
        (loop, "its symbolic links form a loop"),
        (device, "it is not a regular file"),
        (huge, "it is larger than"),
        pytest.param(
            failing,
            "input/output error",
            marks=pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="no such file"),
        ),
        pytest.param(
            unreadable,
            "permission denied",
            marks=pytest.mark.skipif(
                os.name != "posix" or os.geteuid() == 0, reason="root reads everything"
            ),
        ),
    ],
)
def test_what_is_not_a_readable_file_is_refused_at_once(
    world: World, scope: str, kind: Callable[[Path], object], reason: str
) -> None:
    kind(getattr(world, scope))
    reasons = [reason, "it is a symbolic link"] if scope == "lock" else [reason]
    started = time.monotonic()
    for arguments in (["lock"], ["check"], ["lock", "--check"], ["check", "--format", "json"]):
        result = world.run(*arguments)
        assert result.exit_code == 3, (arguments, result)
        assert any(each in result.out + result.err for each in reasons), result
    assert time.monotonic() - started < 10


@pytest.mark.parametrize("kind", [fifo, Path.mkdir, loop, device])
def test_env_file_that_cannot_be_read_sets_nothing(
    world: World, kind: Callable[[Path], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    write(world.user, models(MODEL))
    world.run("lock")
    kind(world.project / ".env")
    result = world.run("check", "--env")
    assert result.exit_code == 1
    assert "OPENAI_API_KEY is not set" in result.err


@pytest.mark.parametrize(
    "data", [b"OPENAI_API_KEY=x", b"\xff\xfe\nOPENAI_API_KEY=x\n", b"export OPENAI_API_KEY='x'\r\n"]
)
def test_env_file_sets_variables(
    world: World, data: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    write(world.user, models(MODEL))
    world.run("lock")
    assert world.run("check", "--env").exit_code == 1
    write(world.project / ".env", data)
    assert world.run("check", "--env").exit_code == 0


def test_env_file_of_the_home_counts_for_a_project_in_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    project = world.home / "work" / "project"
    project.mkdir(parents=True)
    monkeypatch.chdir(project)
    write(world.user, models(MODEL))
    world.run("lock")
    assert world.run("check", "--env").exit_code == 1
    write(world.home / ".qwen" / ".env", "OPENAI_API_KEY=x\n")
    assert world.run("check", "--env").exit_code == 0


def test_home_directory_is_refused_as_a_project(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(world.home)
    write(world.user, models(MODEL))
    findings = json.loads(world.run("lock", "--format", "json").out)["findings"]
    assert "QL303" in [each["code"] for each in findings]
    assert world.agreed() == 0


def test_working_directory_that_is_gone_is_wrong_use(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = world.root / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    for command in ("lock", "check", "show"):
        result = world.run(command)
        assert (result.exit_code, "working directory" in result.err) == (2, True), result


def test_name_that_is_not_utf8_is_wrong_use_where_a_lock_would_hold_it(world: World) -> None:
    odd = os.fsdecode(bytes(world.root) + b"/\xff")
    Path(odd).mkdir()
    write(Path(odd) / "u.json", "{}")
    assert world.run("lock", "--user", f"{odd}/u.json").exit_code == 2
    assert world.run("lock", odd).exit_code == 0
    assert world.run("check", odd).exit_code == 0


# Locks


def test_lock_writes_over_a_broken_lock(world: World) -> None:
    write(world.user, models(MODEL))
    world.run("lock", "--no-user")
    fresh = world.lock.read_text(encoding="utf-8")
    head, body = fresh.split("lock-version", 1)
    conflict = f"{head}<<<<<<< ours\n=======\nx = 1\n>>>>>>> theirs\nlock-version{body}"
    for text in (f"{head}garbage", "", conflict):
        write(world.lock, text)
        assert world.agreed() == 3 if text else 1
        assert world.run("lock").exit_code == 0
        assert world.agreed() == 0
    assert world.run("lock").exit_code == 0


def test_own_side_of_a_conflict_keeps_its_options(world: World) -> None:
    write(world.user, models(MODEL))
    world.run("lock", "--no-user")
    fresh = world.lock.read_text(encoding="utf-8")
    lines = fresh.split("\n")
    lines[1] = f"<<<<<<< ours\n{lines[1]}\n=======\n# digest: sha256:{'0' * 64}\n>>>>>>> theirs"
    write(world.lock, "\n".join(lines))
    assert world.run("lock").exit_code == 0
    assert world.lock.read_text(encoding="utf-8") == fresh


@pytest.mark.parametrize(
    ("version", "code", "exit_code"),
    [("2.7", None, 0), ("1.7", "QL123", 0), ("3.0", "QL113", 3), ("x", "QL112", 3)],
)
def test_version_of_a_lock(world: World, version: str, code: str | None, exit_code: int) -> None:
    world.run("lock", "--client", "0.24.4")
    body = world.lock.read_bytes().split(b"\n", 2)[2].replace(b'"2.0"', f'"{version}"'.encode())
    write(world.lock, b"# x\n# digest: " + digest(body).encode() + b"\n" + body)
    assert world.agreed() == exit_code
    result = world.run("check", "--format", "json")
    findings = json.loads(result.out)["projects"][0]["findings"]
    assert [each["code"] for each in findings] == ([code] if code else [])


def test_unknown_client_of_a_lock_is_a_finding_about_the_lock(world: World) -> None:
    world.run("lock")
    write(world.lock, world.lock.read_bytes().replace(b'"guide"', b'"nonsense"'))
    assert world.agreed() == 3
    assert "QL112" in world.run("lock").err
    assert world.run("lock", "--client", "guide").exit_code == 0
    assert world.agreed() == 0


@pytest.mark.parametrize(
    "arguments",
    [["lock"], ["lock", "--check"], ["check"], ["show"], ["schema", "settings"]],
)
def test_release_newer_than_known_is_reported(world: World, arguments: list[str]) -> None:
    world.run("lock", "--client", "0.24.4")
    newer = world.run(*arguments, "--client", "0.99.0")
    assert "Qwen Code 0.99.0 is newer than all known releases" in newer.err
    assert "0.99.0 is newer" not in newer.out
    for client in ("guide", "0.24.4"):
        assert "newer" not in world.run(*arguments, "--client", client).err


def test_every_command_that_takes_a_client_reports_a_newer_release() -> None:
    for name, command in LEAVES.items():
        for parameter in command.params:
            assert parameter.name != "client" or parameter.callback is not None, name


def test_show_has_json_where_the_lock_has_toml(world: World) -> None:
    config = {"a": None, "$null": {"b": 1e300}, "n": 2**53 + 1}
    write(world.user, models({**MODEL, "generationConfig": config, "name": None}))
    world.run("lock")
    document = json.loads(world.run("show", "--format", "json").out)
    assert document["models"][0]["generation-config"] == config
    assert document["models"][0]["fields"] == {"name": None}


def test_check_says_why_a_template_cannot_be_used(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QWENLOCK_TEMPLATES", "nowhere")
    result = world.run("check")
    assert (result.exit_code, "nowhere: no such directory" in result.err) == (3, True)
    document = json.loads(world.run("check", "--format", "json").out)
    (project,) = document["projects"]
    assert project["status"] == "invalid"
    assert "nowhere" in project["error"]["message"]


def test_locking_again_repeats_the_options_of_the_lock(world: World) -> None:
    write(world.root / "team.json", models(MODEL))
    arguments = ["--user", "../team.json", "--untrusted", "--client", "0.15.10"]
    assert world.run("lock", *arguments).exit_code == 0
    first = world.lock.read_bytes()
    assert str(world.root).encode() not in first.replace(str(world.system).encode(), b"")
    assert world.run("lock").exit_code == 0
    assert world.lock.read_bytes() == first
    assert world.agreed() == 0


def test_lock_is_the_same_in_another_home_and_project(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = []
    for name in ("one", "another"):
        root = tmp_path / name / ("deep" if name == "one" else ".")
        home, project = root / "h", root / "h" / "p"
        (home / ".qwen").mkdir(parents=True)
        (project / ".qwen").mkdir(parents=True)
        write(home / ".qwen" / "settings.json", models(MODEL))
        write(project / ".qwen" / "settings.json", {"model": {"name": "gpt-4o"}})
        monkeypatch.setenv("HOME", str(home))
        monkeypatch.setenv("USERPROFILE", str(home))
        monkeypatch.chdir(project)
        assert world.run("lock", "--client", "guide").exit_code == 0
        written.append((project / "qwen.lock").read_bytes())
    assert written[0] == written[1]


def test_program_is_started_as_a_process_too(world: World) -> None:
    write(world.user, BROKEN)
    done = subprocess.run(
        [sys.executable, "-m", "qwenlock", "--debug", "lock", "--format", "json"],
        cwd=world.project,
        env={**os.environ, "HOME": str(world.home)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 3
    assert json.loads(done.stdout)["findings"][0]["code"] == "QL101"
    assert_silent(done.stdout + done.stderr, "process")


# `check` and `lock --check`

TEXTS = [
    "{}",
    json.dumps(models(MODEL)),
    json.dumps({**models(MODEL, {**MODEL, "id": "b"}), "model": {"name": "b"}}),
    json.dumps({"modelProviders": {}, "theme": "x"}),
    json.dumps({"$version": 5, "modelProviders": {"openai": {"models": [MODEL]}}}),
    json.dumps(models({**MODEL, "apiKey": "hunter2"})),
    json.dumps(models(PLAN_MODEL)),
    "// only\r\n" + json.dumps(models({**MODEL, "generationConfig": {"on": True, "n": 1}})),
    "{,}",
    "\x00",
]


def forge(data: bytes, old: bytes, new: bytes) -> bytes:
    """Return a lock with its body edited and its digest made right again."""
    lines = data.split(b"\n", 2)
    body = lines[2].replace(old, new) if len(lines) == 3 else data
    return b"# x\n# digest: " + digest(body).encode() + b"\n" + body


TWICE = b'[[models]]\nauth-type = "openai"\nid = "b"\norigin = "custom"\nscope = "user"\n'
FORGERIES = [
    (b"gpt-4o", b"gpt-5"),
    (b"on = true", b"on = 1"),
    (b"n = 1", b"n = true"),
    (b"n = 1", b"n = 1.0"),
    (b'client = "guide"', b'client = "0.12.0"'),
    (b'client = "guide"', b'client = "0.99.0"'),
    (b"[selection]", b"[options]\nuser = false\n\n[selection]"),
    (b"[selection]", b'[options]\nuser = "../home/.qwen/settings.json"\n\n[selection]'),
    (b'lock-version = "2.0"', b'lock-version = "2.3"\nnew = 1'),
    (b'lock-version = "2.0"', b'lock-version = "3.0"'),
    (b'version = "0.', b'version = "9.'),
    (b"[[models]]", TWICE + b"[[models]]"),
    (b"\n\n", b"\n\n\n"),
]
EDITS: list[Callable[[bytes], bytes]] = [
    lambda data: data.replace(b"gpt-4o", b"gpt-5"),
    lambda data: data + b"# comment\n",
    lambda data: data.replace(b"\n", b"\r\n"),
    lambda data: data[: len(data) // 2],
    lambda data: b"<<<<<<< a\n" + data + b"=======\n>>>>>>> b\n",
    lambda data: b"options.user = false\n" + data,
    lambda _: b"\xff",
    *((lambda data, pair=pair: forge(data, *pair)) for pair in FORGERIES),  # type: ignore[misc]
]


@st.composite
def steps(draw: st.DrawFn) -> tuple[str, Any]:
    kind = draw(st.sampled_from(["settings", "settings", "lock", "options", "edit", "edit"]))
    if kind == "settings":
        place = draw(st.sampled_from(["user", "own", "system"]))
        return kind, (place, draw(st.none() | st.sampled_from(TEXTS)))
    if kind == "options":
        flags = ["--no-user", "--untrusted", "--trusted", "--client=0.21.2", "--client=guide"]
        return kind, draw(st.sampled_from([*flags, "--user=../home/.qwen/settings.json"]))
    return kind, draw(st.sampled_from(EDITS)) if kind == "edit" else None


def take(world: World, kind: str, what: Any) -> None:
    if kind == "settings":
        path = world.system / "settings.json" if what[0] == "system" else getattr(world, what[0])
        path.unlink(missing_ok=True)
        if what[1] is not None:
            write(path, what[1])
    elif kind == "edit" and world.lock.exists():
        write(world.lock, what(world.lock.read_bytes()))
    elif kind == "lock":
        if world.run("lock").exit_code == 0:
            assert world.agreed() == 0
    elif kind == "options":
        world.run("lock", what)


@untimed(40)
@given(st.lists(steps(), min_size=1, max_size=5))
def test_check_and_lock_check_always_agree(world: World, taken: list[tuple[str, Any]]) -> None:
    world.clear()
    write(world.user, TEXTS[7])
    world.run("lock")
    for kind, what in taken:
        take(world, kind, what)
        assert world.agreed() in range(5)


@pytest.mark.parametrize("edit", EDITS)
@pytest.mark.parametrize("settings", TEXTS[1:3] + TEXTS[6:8])
def test_check_and_lock_check_agree_on_every_edit(
    world: World, settings: str, edit: Callable[[bytes], bytes]
) -> None:
    write(world.user, settings)
    world.run("lock")
    before = world.lock.read_bytes()
    write(world.lock, edit(before))
    exit_code = world.agreed()
    if exit_code == 0:  # then its meaning is the same, and it is written in the same way
        assert world.run("lock").exit_code == 0


def test_forged_lock_that_means_something_else_is_drift(world: World) -> None:
    write(world.user, TEXTS[7])
    world.run("lock")
    before = world.lock.read_bytes()
    for old, new in FORGERIES[:3]:
        write(world.lock, forge(before, old, new))
        assert world.agreed() == 1, new
        assert "would change (drift)" in world.run("lock", "--check").err


def test_new_template_version_makes_no_lock_stale(world: World) -> None:
    """This includes a template of locked models that had no known template before."""
    own = world.root / "own" / "coding-plan"
    own.mkdir(parents=True)
    source = shipped.folder("templates") / "coding-plan" / "0.23.3.json.j2"
    text = source.read_text(encoding="utf-8")
    text = re.sub(r'(china|global)\.digest = ".*"', r"\1 = {}", text)
    write(own / "0.97.0.json.j2", text.replace("glm-5", "glm-97"))
    arguments = ["template", "show", "0.97.0", "--region", "china", "--templates", "../own"]
    entries = json.loads(world.run(*arguments).out)
    write(world.user, {**models(*entries), "model": {"name": entries[0]["id"]}})
    (own / "0.97.0.json.j2").rename(world.root / "kept")
    write(own / "0.96.0.json.j2", text.replace("glm-5", "glm-96"))
    write(own.parent / "README", "what these are")
    assert world.run("lock", "--templates", "../own").exit_code == 0
    assert b'version = "0.97.0"' not in world.lock.read_bytes()
    assert world.agreed() == 0
    shutil.copy(world.root / "kept", own / "0.97.0.json.j2")
    assert world.agreed() == 0
    assert world.run("lock").exit_code == 0
    assert world.agreed() == 0
    (own / "0.96.0.json.j2").unlink()
    assert world.agreed() == 0


# How it is called


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["lokc"], "did you mean lock?"),
        (["zzz"], "unknown command 'zzz'"),
        (["--zzz"], "--zzz"),
        (["lock", "--chekc"], "--chekc"),
        (["lock", "nowhere"], "nowhere is not a directory"),
        (["lock", "--user", "x", "--no-user"], "cannot be combined"),
        (["lock", "--client", "old"], "is not a release of Qwen Code"),
        (["lock", "--client", "0.1"], "is older than 0.10.1"),
        (["check", "--format", "yaml"], "yaml"),
        (["diff", "."], "name two locks"),
    ],
)
def test_wrong_use_says_what_is_wrong(world: World, arguments: list[str], said: str) -> None:
    plain = world.run(*arguments)
    assert (plain.exit_code, plain.out) == (2, "")
    assert said in plain.err
    assert "help: " in plain.err
    if "--format" not in arguments:
        document = json.loads(world.run(*arguments, "--format=json").out)
        assert document["error"]["exit-code"] == 2


def test_no_command_shows_the_help(world: World) -> None:
    result = world.run()
    assert result.exit_code == 2
    assert "Compile the settings" in result.out + result.err


def test_version_is_shown(world: World) -> None:
    assert re.fullmatch(r"qwenlock \d+\.\d+\S*\n", world.run("--version").out)


def test_reader_that_has_gone_ends_it_quietly(world: World) -> None:
    done = subprocess.run(
        ["sh", "-c", f'("{sys.executable}" -m qwenlock schema lock; echo $? >&2) | true'],
        cwd=world.project,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr in {"141\n", "0\n"}  # 0: everything was written before


def test_interrupt_ends_quietly(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(app_module, "app", interrupted)
    assert world.run("lock") == (130, "", "")


def test_help_ends_with_where_the_documentation_is(world: World) -> None:
    end = " ".join(world.run("--help").out.split())[-250:]
    assert "qwenlock explain CODE" in end
    assert "begin with docs/tutorial.md" in end
    assert end.endswith("More about each option is in docs/reference/commands.md.")


@pytest.mark.parametrize("name", [*LEAVES, "", "template", "schema"])
def test_help_has_a_line_for_each_option_at_80_columns(world: World, name: str) -> None:
    result = world.run(*name.split(), "--help")
    text = result.out
    groups = re.findall(r"(?m)^[A-Z][\w ]+:\n((?:  .+\n?)+)", text)
    described = "".join(groups).splitlines()
    assert result.exit_code == 0
    assert [line for line in text.splitlines() if len(line) > 80] == []
    assert [line for line in described if not re.match(r"  \S+.*  \S", line)] == []
    if name in LEAVES:
        assert len(described) == len(LEAVES[name].params) + 1  # and --help itself
