"""Text for people: compact drift and findings, a summary of many projects, help, folding."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from typer.core import TyperCommand, TyperGroup

from qwenlock.cli import completion, options
from qwenlock.cli.app import GROUPS
from qwenlock.cli.console import folded
from qwenlock.cli.start import run
from qwenlock.cli.table import as_lines
from qwenlock.findings.rules import RULES
from support import MODEL, World, models, write
from test_cli import LEAVES
from test_views import on_terminal

TWICE = [{**MODEL, "id": each, "basUrl": "x"} for each in ("a", "b")]


def many(world: World, *names: str) -> None:
    for name in names:
        folder = world.project / name / ".qwen"
        folder.mkdir(parents=True)
        write(folder / "settings.json", models(MODEL))
        assert world.run("lock", name, "--client", "0.24.4", "--no-user").exit_code == 0


# Drift


def test_drift_of_a_renamed_model_is_a_line_without_digests(world: World) -> None:
    write(world.own, models(MODEL))
    world.run("lock")
    write(world.own, models({**MODEL, "id": "gpt-5"}))
    result = world.run("check")
    assert result.out.splitlines()[0].endswith('~ model openai/gpt-4o: id "gpt-4o" → "gpt-5"')
    assert "sha256" not in result.out
    assert result.out.count("\n") <= 2


def test_drift_of_a_whole_selection_has_no_empty_field(world: World) -> None:
    write(world.own, models(MODEL))
    world.run("lock", "--client", "0.24.4")
    write(world.own, {"modelProviders": {"openai": [MODEL]}})
    assert re.search(r"~ selection: \S", world.run("check").out)


def test_digests_are_short_where_nothing_else_differs(world: World) -> None:
    write(world.own, models(MODEL))
    world.run("lock")
    text = re.sub(r'(digest = "sha256:)\w{4}', r"\g<1>0000", world.lock.read_text())
    world.lock.write_text(text)
    assert not re.search(r"[0-9a-f]{20}", world.run("check").out)


# Findings


def test_reason_and_help_are_given_once_for_each_kind(world: World) -> None:
    write(world.own, models(*TWICE))
    said = world.run("lint", "--select", "QL212").err
    assert said.count("QL212") == 2
    assert said.count("= why: ") == 1


def test_concise_is_a_line_for_each_finding(world: World) -> None:
    write(world.own, models(*TWICE))
    world.run("lock")
    for command in (("lint", "--select", "QL212"), ("check",)):
        lines = world.run(*command, "--format", "concise").out.splitlines()
        found = [each for each in lines if "QL212" in each]
        assert len(found) == 2
        assert re.match(r"\.qwen/settings\.json:1:\d+: warning\[QL212\] ", found[0])
    write(world.own, models(MODEL))
    last = world.run("check", "--format", "concise").out.splitlines()[-1]
    assert last.startswith("qwen.lock: error[drift] qwen.lock differs from its settings")


def test_warnings_about_the_users_file_do_not_fill_a_projects_gate(world: World) -> None:
    write(world.user, {**models(*TWICE), "$version": 4})
    write(world.own, {"$version": 4, "model": {"name": "a"}})
    world.run("lock", "--client", "0.24.4")
    result = world.run("check")
    assert result.exit_code == 0
    assert "QL212" not in result.err
    assert re.search(r"\d+ warnings about ~/.qwen/settings.json: run `qwenlock lint`", result.err)
    found = json.loads(world.run("check", "--format", "json").out)["projects"][0]["findings"]
    assert [each["code"] for each in found].count("QL212") == 2
    assert "QL212" in world.run("lint").err


# Many projects


def test_check_of_many_projects_names_failures_and_counts_the_rest(world: World) -> None:
    many(world, "a", "b", "c")
    result = world.run("check", "a", "b", "c")
    assert (
        result.err.splitlines()[-1]
        == "ok: 3 projects are up to date; 3 with warnings, which -v shows"
    )
    assert "ok: a/qwen.lock is up to date" in world.run("check", "a", "b", "-v").err
    assert world.run("check", "a", "b", "c", "-q").err == ""
    write(world.project / "b" / ".qwen" / "settings.json", models({**MODEL, "id": "x"}))
    result = world.run("check", "a", "b", "c")
    assert result.exit_code == 1
    assert result.err.splitlines()[-2:] == [
        "drift: b/qwen.lock differs from its settings: run `qwenlock lock b`",
        "ok: 2 more projects are up to date; 2 with warnings, which -v shows",
    ]
    quiet = world.run("check", "a", "b", "c", "-q").err
    assert quiet.splitlines()[-1] == result.err.splitlines()[-2]
    assert "ok: " not in quiet


def test_check_at_a_root_without_settings_says_how_to_check_the_projects_below(
    world: World,
) -> None:
    many(world, "repository/a")
    assert "run `qwenlock lock repository`" in world.run("check", "repository").err
    subprocess.run(["git", "init", "-q", world.project / "repository"], check=True)
    result = world.run("check", "repository")
    assert result.exit_code == 1
    advised = "no project: repository/qwen.lock is missing; for the projects below, run"
    assert f"{advised} `qwenlock check --recursive repository`" in result.err
    assert world.run("check", "--recursive", "repository").exit_code == 0


# Folding


@pytest.mark.parametrize("width", [80, 100])
def test_findings_fold_at_words(world: World, width: int) -> None:
    write(world.own, json.dumps(models(*TWICE), indent=1))
    system = {"QWEN_CODE_SYSTEM_SETTINGS_PATH": str(world.system / "settings.json")}
    screen = on_terminal(world.project, width, ["lint", "--client", "guide"], **system)
    assert all(len(line) <= width for line in screen.lines), screen.lines
    plain = world.run("lint").err
    words = set(re.findall(r"\w{4,}", plain))
    assert set(re.findall(r"\w{4,}", "\n".join(screen.lines))) == words


@pytest.mark.parametrize("text", ["", " " * 200, "模型 " * 99])
def test_excerpt_of_a_long_line_keeps_its_place_on_the_screen(world: World, text: str) -> None:
    write(world.own, json.dumps({f"{text}x": 1, **models(*TWICE)}, ensure_ascii=False))
    system = {"QWEN_CODE_SYSTEM_SETTINGS_PATH": str(world.system / "settings.json")}
    arguments = ["lint", "--client", "guide", "--select", "QL212"]
    lines = on_terminal(world.project, 80, arguments, **system).lines
    carets = [(lines[at - 1], line) for at, line in enumerate(lines) if "^" in line]
    assert len(carets) == 2
    for excerpt, line in carets:
        assert max(cell_len(excerpt), len(line)) <= 80
        assert excerpt.count('"basUrl"') == 1
        assert cell_len(excerpt.partition('"basUrl"')[0]) == line.index("^")
        assert line.count("^") == len('"basUrl"')


@given(st.text(st.sampled_from("ab `模\x1b[3m"), max_size=60), st.integers(10, 30))
def test_folding_changes_only_spaces(line: str, width: int) -> None:
    assert folded(line, width).split() == line.split()


@pytest.mark.slow
@pytest.mark.parametrize(
    "command",
    [
        "template list",
        "template verify",
        "resolve",
        "check",
        "lock --check",
        "doctor --ping --client-command none",
    ],
)
def test_tables_and_what_differs_fold_at_words(world: World, command: str) -> None:
    long = {**MODEL, "baseUrl": "https://api.a-long-name-of-a-host.example.com/compatible/v1"}
    write(world.own, json.dumps({**models(MODEL), "model": {"name": "gpt-4o"}}, indent=1))
    world.run("lock")
    write(world.own, json.dumps({**models(long), "model": {"name": "gpt-4o"}}, indent=1))
    if command.startswith("doctor"):
        world.run("lock")
    system = {"QWEN_CODE_SYSTEM_SETTINGS_PATH": str(world.system / "settings.json")}
    screen = on_terminal(world.project, 80, command.split(), **system)
    assert len(screen.lines) > 3
    assert [line for line in screen.lines if len(line) > 80] == []


@given(st.lists(st.text("ab/ .-_", max_size=40), min_size=3, max_size=3), st.integers(20, 90))
def test_a_folded_table_has_the_same_words(row: list[str], width: int) -> None:
    head = ["one", "two", "three"]
    wide, narrow = as_lines(head, [row]), as_lines(head, [row], width)
    for before, after in zip(wide, narrow, strict=True):
        assert Counter("".join(before.split())) == Counter("".join(after.split()))
        assert all(len(line) <= max(width, len(before)) for line in after.split("\n"))


def test_commands_and_excerpts_are_not_folded() -> None:
    command = "  help: run `qwenlock lock --client installed --no-user` to lock it"
    assert "`qwenlock lock --client installed --no-user`" in folded(command, 50)
    assert folded('  ~ "a  b" → "c" and more', 16) == '  ~ "a  b" → "c"\n    and more'
    excerpt = f"12 | {'x ' * 50}"
    assert folded(excerpt, 40) == excerpt


# Help and completion


def test_help_has_a_line_for_each_command_in_its_group(world: World) -> None:
    screen = on_terminal(world.home, 80, ["--help"])
    for group, names in GROUPS.items():
        (start,) = [at for at, line in enumerate(screen.lines) if line == f"{group}:"]
        shown = [line.split()[0] for line in screen.lines[start + 1 : start + 1 + len(names)]]
        assert shown == [*names]


@pytest.mark.parametrize(
    ("command", "usage"),
    [
        ("", "qwenlock [OPTIONS] COMMAND [ARGS]..."),
        ("template", "qwenlock template [OPTIONS] COMMAND [ARGS]..."),
        ("template show", "qwenlock template show [OPTIONS] VERSION"),
        ("diff", "qwenlock diff [OPTIONS] OLD [NEW]"),
        ("check", "qwenlock check [OPTIONS] [PROJECT]..."),
    ],
)
def test_usage_is_written_alike_with_every_typer(
    world: World, monkeypatch: pytest.MonkeyPatch, command: str, usage: str
) -> None:
    for kind in (TyperCommand, TyperGroup):
        monkeypatch.setattr(kind, "get_usage", lambda *_: "Usage: {OLD} [[NEW]]")
    assert world.run(*command.split(), "--help").out.startswith(f"Usage: {usage}\n")


@pytest.mark.parametrize("name", LEAVES)
def test_shared_options_are_in_groups(name: str) -> None:
    panels = {each.name: getattr(each, "rich_help_panel", None) for each in LEAVES[name].params}
    own = ["format"] if name == "export" else []
    for option in ("format", "yes", "dry_run", "client", "user"):
        assert option in own or panels.get(option, "a group"), (name, option)


def test_what_the_shell_completes(world: World) -> None:
    assert completion.codes("QL20") == [each for each in RULES if each.startswith("QL20")]
    assert "coding-plan" in completion.plans("coding")
    assert completion.regions("chi") == ["china"]
    assert "0.10.1" in completion.versions("0.1")
    assert completion.migrations("api") == ["api-key"]
    assert completion.offered_models("gpt") == completion.locked_models("gpt") == []
    write(world.own, models(MODEL))
    world.run("lock")
    assert completion.offered_models("gpt") == completion.locked_models("gpt") == ["gpt-4o"]
    assert options.releases("0.1") == ["0.15.10", "0.15.6", "0.12.0", "0.10.1"]
    assert {"guide", "installed"} <= set(options.releases(""))
    hostile = (
        "\\$(touch x)",
        "`touch x`",
        "$(touch x)",
        "'; touch x; '",
        "*",
        "a b",
        "a\nb",
        "--yes",
    )
    write(world.own, models({**MODEL, "id": "qwen2.5:7b"}, *({**MODEL, "id": i} for i in hostile)))
    offered = completion.offered_models("")
    assert "qwen2.5:7b" in offered
    assert not {*offered} & {*hostile}
    write(world.own, "{")
    assert completion.offered_models("gpt") == []


def test_shell_completes_through_the_command(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    write(world.own, models(MODEL))
    monkeypatch.setenv("_QWENLOCK_COMPLETE", "complete_bash")
    for words, found in (
        ("select g", "gpt-4o"),
        ("explain QL20", "QL203"),
        ("migrate --only a", "api-key"),
        ("upgrade --plan = cod", "coding-plan"),
    ):
        monkeypatch.setenv("COMP_WORDS", "\n".join(["qwenlock", *words.split()]))
        monkeypatch.setenv("COMP_CWORD", str(len(words.split())))
        assert found in world.start().out.split(), words


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("select qwen2.5 :", ["7b", "14b"]),
        ("select qwen2.5 : 1", ["14b"]),
        ("select a/b = c : d", ["d:e"]),
        ("select org @ v1 : f", ["free"]),
        ("select qwen", ["qwen2.5:7b", "qwen2.5:14b"]),
        ("upgrade --plan = cod", ["coding-plan"]),
        ("upgrade --plan =", ["alibabaStandard", "coding-plan"]),
    ],
)
def test_bash_completes_words_that_it_takes_apart(
    world: World, monkeypatch: pytest.MonkeyPatch, words: str, found: list[str]
) -> None:
    ids = ("qwen2.5:7b", "qwen2.5:14b", "a/b=c:d:e", "org@v1:free")
    write(world.own, models(*({**MODEL, "id": each} for each in ids)))
    monkeypatch.setenv("_QWENLOCK_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", "\n".join(["qwenlock", *words.split()]))
    monkeypatch.setenv("COMP_CWORD", str(len(words.split())))
    assert run([]) == 0
    said = world.read()[0].split()
    assert said[: len(found)] == found
    assert len(said) == len(found) or words.endswith("=")


IN_SHELLS = {
    "bash": """eval "$(qwenlock --show-completion)"
        COMP_WORDS=(qwenlock select qwen2.5 :) COMP_CWORD=3
        _qwenlock_completion qwenlock
        printf 'qwen2.5:%s\\n' "${COMPREPLY[@]}"
        """,
    "zsh": """compdef() { :; }
        _arguments() { print -rl -- "$@"; }
        eval "$(qwenlock --show-completion)"
        words=(qwenlock select qwen2.5:) CURRENT=3
        _qwenlock_completion
        """,
    "fish": """qwenlock --show-completion | source
        complete -C 'qwenlock select qwen2.5:'
        """,
}
"""A script for each shell that completes a command line, and prints the results."""


@pytest.mark.slow
@pytest.mark.parametrize("shell", IN_SHELLS)
def test_shells_complete_with_the_script_that_is_shown(
    world: World, monkeypatch: pytest.MonkeyPatch, shell: str
) -> None:
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"{shell} is not installed")
    evaluated = (
        "$(touch evaluated)",
        "`touch evaluated`",
        "\\$(touch evaluated)",
        "'; touch evaluated",
    )
    ids = ("7b", "14b", *evaluated)
    write(world.own, models(*({**MODEL, "id": f"qwen2.5:{each}"} for each in ids)))
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)
    done = subprocess.run(
        [program, "-c", IN_SHELLS[shell]], capture_output=True, text=True, check=False
    )
    found = re.findall(r"qwen2\.5\\*:\d+b", done.stdout)
    assert sorted(each.replace("\\", "") for each in found) == ["qwen2.5:14b", "qwen2.5:7b"]
    assert "touch" not in done.stdout
    assert not (world.project / "evaluated").exists()


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_messages_are_printed_however_python_buffers(
    world: World, monkeypatch: pytest.MonkeyPatch, unbuffered: str
) -> None:
    write(world.own, models(*TWICE))
    monkeypatch.setenv("PYTHONUNBUFFERED", unbuffered)
    for _ in range(2):  # the second is remembered
        assert "QL212" in world.start("lint").err


# Progress


def slow_check(world: World) -> list[str]:
    many(world, "a", "b")
    slow = (
        "import sys, time; from qwenlock.cli.commands import check\n"
        "from qwenlock.cli.start import run\n"
        "from qwenlock.cli import progress; progress.PATIENCE = 0.05\n"
        "judge = check._report_or_error\n"
        "check._report_or_error = lambda *given: time.sleep(0.3) or judge(*given)\n"
        "sys.exit(run(['check', '--recursive']))"
    )
    return ["-c", slow]


def test_what_takes_long_says_so_on_a_terminal_only(world: World) -> None:
    arguments = slow_check(world)
    system = {"QWEN_CODE_SYSTEM_SETTINGS_PATH": str(world.system / "settings.json")}
    screen = on_terminal(world.project, 80, arguments, program=(), **system)
    assert "reading 2 projects …" in screen.sent
    assert screen.sent.rstrip().endswith("which -v shows")
    done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=True)
    assert "reading 2 projects" not in done.stdout + done.stderr


ASKED = "asking the client for its release"
LOOKED, READ, WROTE = "looking for projects", "reading 1 project", "writing"


def test_every_command_that_may_take_long_says_what_it_does(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []

    def waiting(words: str) -> AbstractContextManager[None]:
        said.append(words)
        return nullcontext()

    monkeypatch.setattr("qwenlock.cli.progress.waiting", waiting)
    client = write(world.root / "qwen", "#!/bin/sh\necho 0.24.4\n")
    client.chmod(0o755)
    monkeypatch.setenv("PATH", str(world.root), prepend=":")
    write(world.own, models(MODEL))
    for command, expected in (
        ("lock --client installed", [ASKED]),
        ("select gpt-4o --yes", [WROTE]),
        ("undo --yes", [WROTE]),
        ("check", [READ]),
        ("check --recursive", [LOOKED, READ]),
        ("status --recursive", [LOOKED, READ]),
        ("lint --recursive", [LOOKED]),
        ("export --recursive --format env", [LOOKED, READ]),
        ("init --dry-run below", [LOOKED]),
        ("diff main", ["reading the locks and the commit"]),
        (f"template capture --from-client --client-command {world.root}/none", [ASKED]),
        (f"doctor --client-command {world.root}/none", ["asking the client as it is"]),
    ):
        said.clear()
        (world.project / "below").mkdir(exist_ok=True)
        run(command.split())
        world.read()
        assert said == expected, command
