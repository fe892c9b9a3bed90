"""Simulated differences of other systems, except in writing and in starting programs."""

from __future__ import annotations

import concurrent.futures
import io
import ntpath
import os
import re
import sys
import unicodedata
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Self

import pytest

from qwenlock.cli import console, projects
from qwenlock.cli.start import run
from qwenlock.clients.profile import profile
from qwenlock.edge import checkouts, git, places, walk, windows, writer
from qwenlock.edge.history import History
from qwenlock.edge.history_records import Record
from qwenlock.edge.links import destination
from qwenlock.edge.writer import FileEdit, write
from qwenlock.findings.errors import InputError, WriteError
from qwenlock.lock.options import Options
from support import MODEL, World, models
from support import write as put

if TYPE_CHECKING:
    from multiprocessing.context import BaseContext

COMPOSED, DECOMPOSED = "projé", "proje\u0301"
STUB = """#!/bin/sh
echo 'xcode-select: note: No developer tools were found, requesting install.' >&2
exit 1
"""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    root = tmp_path / "repository"
    (root / ".git").mkdir(parents=True)
    return root


def put_git(folder: Path, script: str, patch: pytest.MonkeyPatch) -> None:
    """Put a script for `sh` on PATH as git."""
    program = folder / "bin" / "git"
    program.parent.mkdir()
    program.write_text(script)
    program.chmod(0o755)
    patch.setenv("PATH", os.pathsep.join([str(program.parent), os.environ["PATH"]]))


# macOS


def test_a_git_that_is_only_a_stub_knows_nothing(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """macOS has such a stub until its developer tools are installed."""
    put_git(repository, STUB, monkeypatch)
    (repository / ".env").touch()
    said = git.ask(repository / ".env")
    assert said is not None
    assert (said.tracked, said.ignored) == (None, None)
    assert git.tracked([repository / ".env"]) == {repository / ".env": None}
    assert git.all_tracked(repository) is None
    assert git.ignored_below(repository) == set()


def test_a_key_that_may_be_tracked_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    world = World(tmp_path, monkeypatch, lambda: tuple(capsys.readouterr()))  # type: ignore[arg-type]
    put_git(tmp_path, STUB, monkeypatch)
    (world.project / ".git").mkdir()
    put(world.project / ".env", "A_KEY=sk-hunter-abcdefgh12345678\n")
    put(world.own, models(MODEL) | {"env": {"B_KEY": "sk-hunter-abcdefgh12345678"}})
    assert world.run("lock").exit_code == 0
    said = world.run("lint").err
    for name in (".env", ".qwen/settings.json"):
        assert f"warning[QL406]: git failed, so it may track {name}, which holds a key" in said
    for _ in range(2):
        checked = world.run("check")
        assert "git failed, so it may track .qwen/settings.json" in checked.err
        assert checked.exit_code == 0


@pytest.mark.parametrize("name", [COMPOSED, DECOMPOSED])
@pytest.mark.parametrize("said", [COMPOSED, DECOMPOSED])
def test_names_of_git_in_other_characters_are_the_same_on_macos(
    repository: Path, monkeypatch: pytest.MonkeyPatch, name: str, said: str
) -> None:
    put_git(repository, f"#!/bin/sh\nprintf '{said}/\\0{said}\\0'", monkeypatch)
    (repository / name).mkdir()
    (repository / name / "qwen.lock").touch()
    file = repository / f"{name}.json"
    file.touch()
    monkeypatch.setattr(sys, "platform", "darwin")
    assert [*walk.projects_below(repository)] == []
    put = repository / "bin" / "git"
    put.write_text(f"#!/bin/sh\nprintf '{said}.json\\0'")
    assert git.tracked([file]) == {file: True}
    monkeypatch.setattr(sys, "platform", "linux")
    assert git.tracked([file]) == {file: said == name}


@pytest.mark.parametrize("name", [COMPOSED, DECOMPOSED])
@pytest.mark.parametrize("said", [COMPOSED, DECOMPOSED])
def test_names_of_a_configuration_in_other_characters_are_the_same_on_macos(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, said: str
) -> None:
    asked = os.lstat

    def as_macos(path: Any, **options: Any) -> os.stat_result:
        there = [unicodedata.normalize(form, os.fspath(path)) for form in ("NFC", "NFD")]  # type: ignore[arg-type]
        return asked(next(filter(os.path.lexists, there), path), **options)

    monkeypatch.setattr(sys, "platform", "darwin")
    for folder in (name, f"{name}2"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "qwen.lock").touch()
    team = f'projects = ["{said}"]\nexclude = ["{said}2"]\n'
    (tmp_path / "qwenlock.toml").write_text(team, encoding="utf-8")
    monkeypatch.setattr(walk, "os", SimpleNamespace(**{**vars(os), "lstat": as_macos}))
    assert [*walk.projects_below(tmp_path)] == [tmp_path / name]
    record = SimpleNamespace(projects=(tmp_path / said,))
    assert Record.is_of(record, tmp_path / name)  # type: ignore[arg-type]


def test_a_lock_names_files_in_composed_characters_on_macos(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / DECOMPOSED / "settings.json"
    assert places._name(file, tmp_path, None) == f"{DECOMPOSED}/settings.json"
    monkeypatch.setattr(sys, "platform", "darwin")
    for spelling in ("NFC", "NFD"):
        project = Path(unicodedata.normalize(spelling, str(tmp_path / DECOMPOSED)))  # type: ignore[arg-type]
        assert places._name(file, project, None) == "settings.json"
    monkeypatch.chdir(tmp_path)
    assert places.as_typed(file) == f"{COMPOSED}/settings.json"


def test_two_spellings_of_one_file_are_not_two_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = tmp_path / "Settings.json", tmp_path / "settings.json"
    one.write_bytes(b"old")
    monkeypatch.setattr(writer, "_identity", lambda _: (1, 2))
    edits = [FileEdit(each, b"old", b"new") for each in (one, other)]
    with pytest.raises(WriteError, match="are the same file"):
        write(edits, reason="lint", history=History(tmp_path / "state"))


# Windows


@pytest.mark.parametrize(
    ("read", "path"),
    [
        ("\\\\?\\C:\\dotfiles", "C:\\dotfiles"),
        ("\\\\?\\UNC\\server\\share", "\\\\server\\share"),
        ("..\\x", "..\\x"),
        ("\\\\?\\GLOBALROOT\\Device\\Mup\\server", "\\\\?\\GLOBALROOT\\Device\\Mup\\server"),
    ],
)
def test_where_a_junction_leads(read: str, path: str) -> None:
    assert checkouts.without_prefix(read) == path


SERVER = "\\\\server\\share"
READING = (
    "check", "status", "lock --check", "doctor", "run -- true", "diff HEAD", "resolve .",
    "init --ci github --dry-run", "migrate --dry-run", "lint --recursive --no-config",
)  # fmt: skip
LINKS = (".qwen/settings.json", "qwen.lock", ".env", "qwenlock.toml", "named", "below/.qwen")


@pytest.mark.parametrize(
    ("link", "target"),
    [
        *((link, SERVER) for link in LINKS),
        *((".qwen", each) for each in ("\\\\?\\UNC\\server\\share", "//server/share", "hop")),
    ],
)
def test_links_to_servers_are_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, link: str, target: str
) -> None:
    """Windows would send the user's credentials there."""
    world = World(tmp_path, monkeypatch, lambda: ("", ""))
    (world.project / ".git").mkdir()
    (world.project / ".qwen").rmdir()
    (world.project / "hop").symlink_to(SERVER)
    path = world.project / link
    path.parent.mkdir(exist_ok=True)
    if link == "named":
        put(world.project / "qwenlock.toml", 'user = "named/settings.json"\n')
    path.symlink_to(
        os.path.relpath(world.project / target, path.parent) if target == "hop" else target
    )
    (world.home / "own").symlink_to(SERVER)
    followed: list[str] = []

    def watched(module: Any, name: str, *, itself: bool) -> None:
        function = getattr(module, name)

        def call(asked: Any = ".", *others: Any, **options: Any) -> Any:
            where = os.path.abspath(os.fspath(asked)) if not isinstance(asked, int) else ""  # noqa: PTH100
            goes_on = itself and options.get("follow_symlinks", True)
            away = (str(path), str(world.project / "hop"))
            if (goes_on and where in away) or where.startswith(tuple(f"{each}/" for each in away)):
                followed.append(f"{name} {where}")
            return function(asked, *others, **options)

        monkeypatch.setattr(module, name, call)

    for name in ("stat", "open", "scandir", "listdir"):
        watched(os, name, itself=True)
    watched(os, "lstat", itself=False)
    watched(io, "open", itself=True)
    watched(os.path, "realpath", itself=True)
    monkeypatch.setattr(sys, "platform", "win32")
    for line in READING:
        before = [*followed]
        code = run(line.split())
        assert (line, followed) == (line, before)
        assert code in (0, 1, 2, 3), line
    with pytest.raises(WriteError, match="is a link to a server"):
        destination(path / "x")
    options = [Options(user=f"{link}/x"), *([Options()] if link in places._OWN else [])]
    for each in options:
        with pytest.raises(InputError, match="a server"):
            places.locate(world.project, places.Flags(), each, profile())
    assert not checkouts.leads_to_server(world.home / "own" / "x")  # the user's own link or folder


def test_what_links_to_servers_lead_to_is_not_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in (".git", SERVER):
        (tmp_path / folder).mkdir()
    (tmp_path / "link").symlink_to(SERVER)
    monkeypatch.setattr(sys, "platform", "win32")
    _, names, files = next(walk._walk(str(tmp_path)))
    assert (sorted(names), files) == ([".git", SERVER], ["link"])


REPOSITORY = "C:\\work\\repo"


@pytest.mark.parametrize(
    ("path", "links", "last"),
    [
        (".qwen/x", {".qwen": "..\\repo\\a"}, f"{REPOSITORY}\\a"),
        (".qwen/x", {".qwen": "..\\repo\\a", "a": "//server/share"}, None),
        ("j\\x", {"j": "\\\\?\\D:\\data"}, "D:\\data"),
        ("j\\x", {"j": "\\work\\repo\\k", "k": SERVER}, None),
        ("C:\\work\\own\\x", {"..\\own": SERVER}, SERVER),  # the user's own link
        (f"{SERVER}\\x\\y", {}, f"{SERVER}\\x"),
    ],
)
def test_links_and_junctions_are_followed_as_on_windows(
    monkeypatch: pytest.MonkeyPatch, path: str, links: dict[str, str], last: str | None
) -> None:
    there = {ntpath.normpath(f"{REPOSITORY}\\{name}"): to for name, to in links.items()}

    def readlink(asked: str) -> str:
        if asked in there:
            return there[asked]
        raise OSError

    system = {"path": ntpath, "sep": "\\", "altsep": "/", "curdir": ".", "pardir": ".."}
    windows = SimpleNamespace(**system, readlink=readlink, getcwd=lambda: REPOSITORY)
    monkeypatch.setattr(checkouts, "os", windows)
    monkeypatch.setattr(sys, "platform", "win32")
    inside = ntpath.normcase(REPOSITORY)
    monkeypatch.setattr(
        checkouts, "checkout_of", lambda each: each if each.lower().startswith(inside) else None
    )
    assert checkouts.leads_to_server(path) == (last is None)
    assert last is None or [*checkouts.followed(path)][-1][0] == last


@pytest.mark.parametrize(
    ("mode", "can", "colours"), [(None, 0, False), (3, 0, False), (3, 1, True), (7, 0, True)]
)
def test_only_consoles_that_obey_escapes_get_colours(
    monkeypatch: pytest.MonkeyPatch, mode: int | None, can: int, *, colours: bool
) -> None:
    def get(handle: Any, found: Any) -> int:
        assert handle.value == 42
        found._obj.value = mode or 0
        return 0 if mode is None else 1

    def put(_: Any, wanted: int) -> int:
        assert wanted == 7
        return can

    library = SimpleNamespace(GetConsoleMode=get, SetConsoleMode=put)
    monkeypatch.setattr(windows, "_library", lambda _: library)
    monkeypatch.setattr(windows, "_handle", lambda _: 42)
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    console._console_has_colours.cache_clear()

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

        def fileno(self) -> int:
            return 1

    assert console.in_colour(Terminal()) == colours
    console._console_has_colours.cache_clear()


@pytest.mark.parametrize("forks", [True, False])
def test_no_new_python_is_started_for_many_projects(
    monkeypatch: pytest.MonkeyPatch, *, forks: bool
) -> None:
    """It would first import a file of a checkout that has the name of a module."""
    methods: list[str] = []

    class Pool:
        def __init__(self, _: int, context: BaseContext) -> None:
            methods.append(context.get_start_method())

        def __enter__(self) -> Self:
            return self

        def __exit__(self, *_: object) -> None: ...

        def map(self, function: Any, parts: list[Any]) -> list[Any]:
            return [function(part) for part in parts]

    monkeypatch.setattr(concurrent.futures, "ProcessPoolExecutor", Pool)
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    monkeypatch.setattr(projects, "_FORKS", forks)
    folders = [Path(str(number)) for number in range(300)]
    assert projects.in_processes(lambda directories: [*directories], folders) == folders
    assert methods == (["fork"] if forks else [])


def test_every_test_can_be_collected_on_windows() -> None:
    """Otherwise the first run on Windows would test nothing."""
    modules = r"^(import|from) (fcntl|grp|pty|pwd|resource|termios|tty)\b"
    absent = re.compile(rf"(?m){modules}|^(?!.*os\.name).*os\.geteuid\(")
    for path in Path(__file__).parent.rglob("*.py"):
        assert not absent.search(path.read_text("utf-8")), path
