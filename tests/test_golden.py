"""The golden cases, run through the command line. golden/README.md describes the layout of a case.

Every case runs with its plain `qwenlock` lines in this process, which takes a tenth of the time. A
sample, marked `slow`, also runs with the installed command, in a process for each line.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
from rich.cells import cell_len

from qwenlock.findings.rules import RULES
from support import a_third, run_here

GOLDEN = Path(__file__).parent.parent / "golden"
CASES = sorted(file.parent for file in GOLDEN.rglob("command") if "expected" not in file.parts)
SECRET = b"hunter"
"""Every credential in a case contains this word. Output must not contain it, nor any written
file but `.env`."""
PLACEHOLDER = b"/case"
"""The name in expectations for the directory that a case runs in."""

PLAIN = re.compile(r"qwenlock( ([\w./:,@%+=-]+|'[^']*'))*")
"""A command line in which a shell only removes quotes."""

UPDATE = (
    "run `pytest tests/test_golden.py --update-golden`, and read the difference before you "
    "commit it"
)

WITHOUT_EXCERPT = {
    "QL105": "there is no line to show of what cannot be read",
    "QL111": "no excerpt of a lock is shown, since excerpts are masked as JSON",
    "QL112": "as QL111",
    "QL113": "as QL111",
    "QL114": "as QL111",
    "QL120": "no excerpt of a configuration is shown, since excerpts are masked as JSON",
    "QL121": "as QL120",
    "QL122": "as QL120",
    "QL123": "as QL111",
    "QL124": "about a file as a whole",
    "QL303": "a note about no one place",
    "QL407": "no excerpt of a .env file is shown, since excerpts are masked as JSON",
}
"""Codes whose golden cases show no excerpt, and why."""

TOO_LARGE = {"QL104"}
"""Codes whose inputs tests/test_limits.py makes."""


class Run(NamedTuple):
    """The result of a case: its transcript, and the files that changed."""

    transcript: str
    written: dict[str, bytes]


class Shown(NamedTuple):
    """A finding as text: its place, the line of the excerpt and the offset of the caret in it."""

    code: str
    file: str
    line: int
    column: int
    excerpt: str
    caret: int


WITH_THE_COMMAND = a_third(CASES)

every_case = pytest.mark.parametrize(
    "case", CASES, ids=lambda case: case.relative_to(GOLDEN).as_posix()
)


@every_case
def test_golden_case(case: Path, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    run = run_case(case, tmp_path)
    if request.config.getoption("--update-golden"):
        write_expectations(case, run)
    compare(case, run)


@pytest.mark.slow
@pytest.mark.parametrize(
    "case", WITH_THE_COMMAND, ids=lambda case: case.relative_to(GOLDEN).as_posix()
)
def test_golden_case_with_the_installed_command(case: Path, tmp_path: Path) -> None:
    compare(case, run_case(case, tmp_path, installed=True))


@pytest.mark.parametrize("case", sorted((GOLDEN / "fine").iterdir()), ids=lambda case: case.name)
def test_file_without_mistakes_has_no_finding(case: Path) -> None:
    said = (case / "expected" / "output").read_text(encoding="utf-8")
    assert said.count("no findings") == said.count("$ qwenlock lint")


def run_case(case: Path, directory: Path, *, installed: bool = False) -> Run:
    """Run the commands of `case` in a copy of its files below `directory`.

    With `installed`, `sh` runs every line; otherwise this process runs those that need no shell.
    """
    root = directory.resolve() / "case"
    shutil.copytree(case, root, symlinks=True, ignore=_not_copied(case))
    for name in ("home", "project", "system"):
        (root / name).mkdir(exist_ok=True)
    before = _snapshot(root)
    lines = (case / "command").read_text(encoding="utf-8").splitlines()
    commands = [line for line in lines if line and not line.startswith("#")]
    transcript = "\n".join(_transcript(command, root, installed) for command in commands)
    after = _snapshot(root)
    changes = [
        f"{_change(name, before, after)} {name}\n"
        for name in sorted(before.keys() | after.keys())
        if before.get(name) != after.get(name)
    ]
    transcript += "\n[files]\n" + ("".join(changes) or "none changed\n")
    written = {
        name: _stable(content, root)
        for name, (_, content) in after.items()
        if before.get(name, (0, None))[1] != content
    }
    return Run(transcript, written)


def _not_copied(case: Path) -> shutil._CopyIgnore:  # type: ignore[name-defined]
    return lambda folder, _: ["command", "expected"] if Path(folder) == case else []


def _transcript(command: str, root: Path, installed: bool) -> str:
    if PLAIN.fullmatch(command) and not installed:
        done = run_here(shlex.split(command)[1:], root / "project", _environment(root))
    else:
        done = subprocess.run(
            ["sh", "-c", command],
            cwd=root / "project",
            env=_environment(root),
            capture_output=True,
            stdin=subprocess.DEVNULL,
            check=False,
            timeout=60,
        )
    _check_output(command, done)
    streams = (("stdout", done.stdout), ("stderr", done.stderr))
    shown = "".join(_stream(name, _stable(data, root)) for name, data in streams)
    return f"$ {command}\n{shown}[exit {done.returncode}]\n"


def _stream(name: str, data: bytes) -> str:
    if not data:
        return ""
    text = data.decode(errors="backslashreplace")
    return f"[{name}]\n{text}" + ("" if text.endswith("\n") else "\n[no newline at its end]\n")


def _environment(root: Path) -> dict[str, str]:
    """Return a case's environment; only coverage variables of this process are in it."""
    handed_on = {name: value for name, value in os.environ.items() if name.startswith("COVERAGE_")}
    return handed_on | {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), "/usr/bin", "/bin"]),  # no qwen
        "HOME": str(root / "home"),
        "XDG_CACHE_HOME": str(root.parent / "cache"),
        "XDG_STATE_HOME": str(root.parent / "state"),
        "QWEN_CODE_SYSTEM_SETTINGS_PATH": str(root / "system" / "settings.json"),
        "QWEN_CODE_SYSTEM_DEFAULTS_PATH": str(root / "system" / "system-defaults.json"),
        "NO_COLOR": "1",
        "COLUMNS": "100",
    }


def _check_output(command: str, done: subprocess.CompletedProcess[bytes]) -> None:
    """Assert what holds for every command: no traceback, no bug, no secret, valid JSON."""
    both = done.stdout + done.stderr
    assert b"Traceback" not in both, both.decode()
    assert done.returncode in range(5), both.decode()
    assert SECRET not in both.lower(), "a secret is shown"
    if command.startswith("qwenlock") and "--format json" in command:
        assert "schema-version" in json.loads(done.stdout)


def _snapshot(root: Path) -> dict[str, tuple[int, bytes]]:
    """Return the mode and the content of every file below `root`, by its relative name."""
    return {
        file.relative_to(root).as_posix(): (file.lstat().st_mode, file.read_bytes())
        for file in root.rglob("*")
        if file.is_file()
    }


def _change(name: str, before: dict[str, tuple[int, bytes]], after: dict[str, object]) -> str:
    if name not in before:
        return "new"
    return "changed" if name in after else "removed"


def _stable(data: bytes, root: Path) -> bytes:
    """Return `data` without the directory it came from; a lock gets the matching digest.

    A lock holds the whole path of a system file outside home and project.
    """
    result = re.sub(rb"\(backup: .*\)", b"(backup: FILE)", data)
    result = result.replace(os.fsencode(root), PLACEHOLDER)
    stated = re.match(rb"# Generated by qwenlock.*\n# digest: sha256:([0-9a-f]{64})\n", data)
    if result == data or stated is None:
        return result
    assert stated[1].decode() == hashlib.sha256(data[stated.end() :]).hexdigest()
    body = result[stated.end() :]
    return result[: stated.start(1)] + hashlib.sha256(body).hexdigest().encode() + b"\n" + body


def write_expectations(case: Path, run: Run) -> None:
    """Write the result `run` as the expectation of `case`."""
    expected = case / "expected"
    shutil.rmtree(expected, ignore_errors=True)
    for name, content in _expectations(run).items():
        target = expected / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)


def compare(case: Path, run: Run) -> None:
    """Fail if any byte of `run` differs from what `case` expects."""
    folder = case / "expected"
    if not folder.is_dir():
        pytest.fail(f"{case.name} has no expectations: {UPDATE}")
    expected = {name: content for name, (_, content) in _snapshot(folder).items()}
    actual = _expectations(run)
    for name in sorted(actual.keys() | expected.keys()):
        if name not in actual:
            pytest.fail(f"expected/{name} is stale, the case does not write it: {UPDATE}")
        if name not in expected:
            pytest.fail(f"expected/{name} is missing, the case writes it: {UPDATE}")
        if actual[name] != expected[name]:
            difference = "".join(_difference(name, expected[name], actual[name]))
            pytest.fail(f"expected/{name} differs; if it should, {UPDATE}\n{difference}")


def _expectations(run: Run) -> dict[str, bytes]:
    return {"output": run.transcript.encode(errors="surrogateescape"), **run.written}


def _difference(name: str, expected: bytes, actual: bytes) -> list[str]:
    old, new = (
        [
            repr(line)[1:-1] + "\n"
            for line in data.decode(errors="replace").splitlines(keepends=True)
        ]
        for data in (expected, actual)
    )
    return list(difflib.unified_diff(old, new, f"expected/{name}", "now"))


def test_every_file_in_golden_belongs_to_a_case() -> None:
    known = ("home", "project", "system", "expected", "command", "changed", "templates")
    for file in GOLDEN.rglob("*"):
        if file.is_dir() or file == GOLDEN / "README.md":
            continue
        case = next((folder for folder in file.parents if folder in CASES), None)
        assert case is not None, f"{file} belongs to no case: no folder above it has a command"
        assert file.relative_to(case).parts[0] in known, file


def test_no_expectation_shows_a_secret() -> None:
    for case in CASES:
        for name, (_, content) in _snapshot(case / "expected").items():
            is_private = Path(name).name == ".env" and content  # where a moved key belongs
            assert is_private or SECRET not in content.lower(), case / "expected" / name


def test_examples_of_the_guide_give_no_warning() -> None:
    for case in CASES:
        if case.parent.name == "guide":
            output = (case / "expected" / "output").read_text(encoding="utf-8")
            assert not re.search(r"^(error|warning)\b", output, re.MULTILINE), case
            assert "[exit 0]" in output
            assert (case / "expected" / "project" / "qwen.lock").exists(), case


def test_every_code_has_a_golden_case_with_its_line_column_and_excerpt() -> None:
    shown = {finding.code for case in CASES for finding in findings_shown(case)}
    assert set(RULES) - shown - TOO_LARGE == set(WITHOUT_EXCERPT)


def test_every_code_without_excerpt_has_a_golden_case_too() -> None:
    outputs = "".join((case / "expected" / "output").read_text(encoding="utf-8") for case in CASES)
    for code in WITHOUT_EXCERPT:
        assert f"[{code}]" in outputs or f'"code": "{code}"' in outputs, code


def test_every_caret_is_under_the_place_that_is_named() -> None:
    for case in CASES:
        for finding in findings_shown(case):
            lines = _source_lines(case, finding)
            if lines is None:
                continue
            assert finding.line <= len(lines), (case, finding)
            source = lines[finding.line - 1][finding.column - 1 :]
            shown = finding.excerpt[finding.caret :]
            assert is_masked(finding) or shown[:1] == source[:1], (case, finding)


def is_masked(finding: Shown) -> bool:
    """Tell whether the caret is under, or right after, what replaces the text of the file."""
    replaced = re.finditer(r'"?\*\*\*"?|// …|/\* … \*/|\\x..', finding.excerpt)
    return any(match.start() <= finding.caret <= match.end() for match in replaced)


def findings_shown(case: Path) -> list[Shown]:
    """Return the findings with an excerpt in the expected output of `case`."""
    output = (case / "expected" / "output").read_bytes().decode()
    pattern = re.compile(
        r"^(?:error|warning|note)\[(QL\d{3})\]: .*\n"
        r" *--> (.+):(\d+):(\d+)\n"
        r" +\|\n"
        r"(\d+) \| (.*)\n"
        r" +\| ([\t ]*)\^+\n",
        re.MULTILINE,
    )
    found = []
    for code, file, line, column, number, excerpt, lead in pattern.findall(output):
        assert number == line, (case, code)
        found.append(Shown(code, file, int(line), int(column), excerpt, _offset(excerpt, lead)))
    return found


def _offset(excerpt: str, lead: str) -> int:
    """Return how many characters of `excerpt` are as wide on a screen as `lead`."""
    widths = [cell_len(character) if character != "\t" else 1 for character in excerpt]
    return next(count for count in range(len(excerpt) + 1) if sum(widths[:count]) >= len(lead))


def _source_lines(case: Path, finding: Shown) -> list[str] | None:
    """Return the lines of the file that `finding` names, if the case still has it."""
    name = finding.file
    if name.startswith("~/"):
        path = case / "home" / name[2:]
    elif name.startswith("/case/"):
        path = case / name[len("/case/") :]
    else:
        path = case / "project" / name
    if not path.is_file() or (case / "changed").exists():
        return None
    text = path.read_bytes().decode(errors="replace").removeprefix("\ufeff")
    return re.split(r"\r\n|\r|\n", text)


@pytest.fixture
def case(tmp_path: Path) -> Path:
    """Return a new case that writes a lock."""
    folder = tmp_path / "golden" / "a-case"
    (folder / "home" / ".qwen").mkdir(parents=True)
    (folder / "home" / ".qwen" / "settings.json").write_text("{}")
    (folder / "command").write_text("# Nothing is configured.\nqwenlock lock\n")
    return folder


def test_case_without_expectations_fails_and_says_how_to_make_them(
    case: Path, tmp_path: Path
) -> None:
    run = run_case(case, tmp_path / "run")
    with pytest.raises(pytest.fail.Exception, match="--update-golden"):
        compare(case, run)
    write_expectations(case, run)
    compare(case, run_case(case, tmp_path / "again"))


def test_stale_missing_and_different_expectations_fail(case: Path, tmp_path: Path) -> None:
    run = run_case(case, tmp_path / "run")
    write_expectations(case, run)
    lock = case / "expected" / "project" / "qwen.lock"
    stale = case / "expected" / "home" / "notes"
    stale.parent.mkdir()
    stale.touch()
    with pytest.raises(pytest.fail.Exception, match="home/notes is stale"):
        compare(case, run)
    stale.unlink()
    lock.write_bytes(lock.read_bytes() + b"\n")
    with pytest.raises(pytest.fail.Exception, match=r"project/qwen\.lock differs"):
        compare(case, run)
    lock.unlink()
    with pytest.raises(pytest.fail.Exception, match=r"project/qwen\.lock is missing"):
        compare(case, run)


def test_case_that_changes_a_users_file_fails(case: Path, tmp_path: Path) -> None:
    (case / "command").write_text("chmod 600 ~/.qwen/settings.json\n")
    run = run_case(case, tmp_path / "run")
    assert "changed home/.qwen/settings.json" in run.transcript
