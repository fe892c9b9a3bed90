"""Where the files are, on every system, and how a lock and messages name them."""

from __future__ import annotations

import ntpath
import os
import sys
from pathlib import Path, PureWindowsPath

import platformdirs
import pytest
import tomli_w

from qwenlock.clients.profile import profile
from qwenlock.edge import cache
from qwenlock.edge import places as places_module
from qwenlock.edge.environment import env_files
from qwenlock.edge.places import (
    Flags,
    Places,
    find_project,
    locate,
    named,
    relative,
)
from qwenlock.findings.errors import InputError, UsageError
from qwenlock.lock.options import Options, is_foreign
from qwenlock.settings.configuration import judge


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a home, and in it a project, which is the working directory; unset variables."""
    for name in [name for name in os.environ if name.startswith("QWEN")]:
        monkeypatch.delenv(name)
    folder = tmp_path / "home"
    project = folder / "code" / "project"
    project.mkdir(parents=True)
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("USERPROFILE", str(folder))
    monkeypatch.chdir(project)
    return folder


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """Make a file that is neither in the project nor in the home directory."""
    file = tmp_path / "elsewhere.json"
    file.touch()
    return file


def located(
    flags: Flags | None = None, recorded: Options | None = None, client: str = "guide"
) -> Places:
    return locate(Path.cwd(), flags or Flags(), recorded or Options(), profile(client))


# The four scopes


def test_default_places(home: Path) -> None:
    found = located()
    assert {scope: path.as_posix() for scope, path in found.files.items()} == {
        "system-defaults": "/etc/qwen-code/system-defaults.json",
        "user": f"{home.as_posix()}/.qwen/settings.json",
        "project": f"{home.as_posix()}/code/project/.qwen/settings.json",
        "system": "/etc/qwen-code/settings.json",
    }
    assert list(found.files) == ["system-defaults", "user", "project", "system"]
    assert found.lock == home / "code" / "project" / "qwen.lock"
    assert found.options == Options()


@pytest.mark.parametrize(
    ("platform", "folder"),
    [
        ("darwin", "/Library/Application Support/QwenCode"),
        ("linux", "/etc/qwen-code"),
        ("freebsd14", "/etc/qwen-code"),
    ],
)
def test_system_file_of_a_platform(
    monkeypatch: pytest.MonkeyPatch, platform: str, folder: str
) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    files = located().files
    assert files["system"].as_posix() == f"{folder}/settings.json"
    assert files["system-defaults"].as_posix() == f"{folder}/system-defaults.json"


def test_system_file_of_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(places_module, "Path", PureWindowsPath)
    system = places_module._default_system()
    defaults = places_module._default_defaults()
    assert system == PureWindowsPath("C:/ProgramData/qwen-code/settings.json")
    assert defaults == PureWindowsPath("C:/ProgramData/qwen-code/system-defaults.json")


def test_variable_moves_the_system_file_and_the_defaults_beside_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("QWEN_CODE_SYSTEM_SETTINGS_PATH", "/srv/qwen/managed.json")
    assert located().files["system"] == Path("/srv/qwen/managed.json")
    assert located().files["system-defaults"] == Path("/srv/qwen/system-defaults.json")
    monkeypatch.setenv("QWEN_CODE_SYSTEM_DEFAULTS_PATH", "/opt/defaults.json")
    assert located().files["system-defaults"] == Path("/opt/defaults.json")
    assert located().options == Options()


@pytest.mark.parametrize(
    ("client", "is_moved"),
    [("guide", False), ("0.15.6", False), ("0.15.10", True), ("0.24.4", True)],
)
def test_qwen_home_moves_the_user_file_for_the_clients_that_read_it(
    monkeypatch: pytest.MonkeyPatch, home: Path, client: str, is_moved: bool
) -> None:
    monkeypatch.setenv("QWEN_HOME", "/data/qwen")
    default = home / ".qwen" / "settings.json"
    expected = Path("/data/qwen/settings.json") if is_moved else default
    assert located(client=client).files["user"] == expected


def test_home_directory_is_not_a_project(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    link = home.parent / "link"
    link.symlink_to(home)
    for folder in (home, link):
        monkeypatch.chdir(folder)
        found = locate(folder, Flags(), Options(), profile())
        assert found.home_is_project
        assert "project" not in found.files
    assert not locate(home / "code", Flags(), Options(), profile()).home_is_project


# Flags and what a lock records


def test_flags_choose_files(home: Path, elsewhere: Path) -> None:
    project = home / "code" / "project"
    for file in (project / "u.json", home / "s.json", home / "code" / "plans"):
        file.touch()
    flags = Flags("u.json", "~/s.json", str(elsewhere), None, "../plans")
    found = located(flags)
    assert found.files["user"] == project / "u.json"
    assert found.files["system"] == home / "s.json"
    assert found.files["system-defaults"] == elsewhere
    assert found.templates == (home / "code" / "plans",)
    assert found.options == Options(
        user="u.json", system="~/s.json", system_defaults=str(elsewhere), templates="../plans"
    )
    assert located(recorded=found.options) == found


def test_usual_file_has_its_usual_name_however_it_was_given(home: Path) -> None:
    (home / ".qwen").mkdir()
    (home / ".qwen" / "settings.json").touch()
    for given in ("../../.qwen/settings.json", "~/.qwen/settings.json"):
        assert located(Flags(user=given)) == located()
        assert located(recorded=Options(user=given)) == located()


def test_scopes_are_left_out() -> None:
    found = located(Flags(user=False, untrusted=True))
    assert list(found.files) == ["system-defaults", "system"]
    assert found.options == Options(user=False, untrusted=True)
    assert located(recorded=found.options) == found


def test_flag_wins_over_what_the_lock_records(home: Path, elsewhere: Path) -> None:
    (home / ".qwen").mkdir()
    (home / ".qwen" / "settings.json").touch()
    recorded = Options(user=False, untrusted=True, system="a.json")
    flags = Flags(user="~/.qwen/settings.json", system=str(elsewhere), untrusted=False)
    found = located(flags, recorded)
    assert found.files["user"] == home / ".qwen" / "settings.json"
    assert found.options == Options(system=str(elsewhere))
    assert "project" in found.files


def test_templates_of_the_environment_are_not_recorded(
    monkeypatch: pytest.MonkeyPatch, elsewhere: Path
) -> None:
    monkeypatch.setenv("QWENLOCK_TEMPLATES", os.pathsep.join(["/one", "", "/two"]))
    found = located()
    assert found.templates == (Path("/one"), Path("/two"))
    assert found.options.templates is None
    assert located(Flags(templates=str(elsewhere))).templates == (elsewhere,)


# Names


@pytest.mark.parametrize(
    ("path", "given", "name"),
    [
        ("~/code/project/.qwen/settings.json", None, ".qwen/settings.json"),
        ("~/.qwen/settings.json", None, "~/.qwen/settings.json"),
        ("~/code/other.json", None, "~/code/other.json"),
        ("~/code/other.json", "~/code/other.json", "~/code/other.json"),
        ("~/code/other.json", "/somewhere/given/absolutely", "~/code/other.json"),
        ("~/code/other.json", "../other.json", "../other.json"),
        ("~/code/project/x.json", "x.json", "x.json"),
        ("/etc/qwen-code/settings.json", None, "/etc/qwen-code/settings.json"),
        ("/etc/qwen-code/settings.json", "/etc/qwen-code/settings.json", None),
        ("/homework/x.json", None, "/homework/x.json"),
    ],
)
def test_name_is_never_absolute_under_project_or_home(
    home: Path, path: str, given: str | None, name: str | None
) -> None:
    full = path.replace("~", str(home))
    assert named(full, str(home / "code" / "project"), str(home), given) == (name or path)


def test_name_of_a_home_below_the_project_is_the_nearer() -> None:
    settings = "/project/home/.qwen/settings.json"
    assert named(settings, "/project", "/project/home") == "~/.qwen/settings.json"
    assert named("/project/x.json", "/project", "/project/home") == "x.json"


def test_root_as_home_names_nothing() -> None:
    assert named("/.qwen/settings.json", "/srv", "/") == "/.qwen/settings.json"
    assert named("/etc/x.json", "/", "/root") == "/etc/x.json"


def test_directory_names_itself() -> None:
    assert named("/srv/project", "/srv/project", "/root") == "."
    assert named("/srv/project", "/srv", "/root") == "project"


@pytest.mark.parametrize(
    ("path", "given", "name"),
    [
        (r"C:\Users\Me\code\.qwen\settings.json", None, ".qwen/settings.json"),
        (r"c:\users\me\CODE\.qwen\settings.json", None, ".qwen/settings.json"),
        (r"C:\Users\Me\.qwen\settings.json", None, "~/.qwen/settings.json"),
        (r"C:\Users\Mey\settings.json", None, "C:/Users/Mey/settings.json"),
        (r"C:\Users\Me\other\x.json", r"..\other\x.json", "../other/x.json"),
        (r"C:\Users\Me\other\x.json", r"~\other\x.json", "~/other/x.json"),
        (r"C:\srv\x.json", r"C:\srv\x.json", "C:/srv/x.json"),
        (r"D:\code\x.json", None, "D:/code/x.json"),
        (r"D:\code\x.json", "x.json", "D:/code/x.json"),
        (r"\\server\share\x.json", None, "//server/share/x.json"),
    ],
)
def test_name_on_windows(path: str, given: str | None, name: str) -> None:
    assert named(path, r"C:\Users\Me\code", r"C:\Users\Me", given, ntpath) == name


def test_drive_as_home_names_nothing_on_windows() -> None:
    assert named("C:\\x.json", "D:\\code", "C:\\", None, ntpath) == "C:/x.json"


def test_relative_on_windows() -> None:
    assert relative(r"C:\a\b", r"c:\A\c", ntpath) == "../b"
    assert relative(r"D:\a\b", r"C:\a", ntpath) == "D:/a/b"


def test_lock_names_files_from_the_project_and_messages_from_where_one_is(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(home / "code")
    (home / "code" / "s.json").touch()
    found = locate(Path("project"), Flags(system="s.json"), Options(), profile())
    assert found.recorded["project"] == ".qwen/settings.json"
    assert found.labels["project"] == "project/.qwen/settings.json"
    assert found.recorded["system"] == "../s.json"
    assert found.labels["system"] == "s.json"


def test_name_that_a_lock_cannot_hold_is_wrong_use(tmp_path: Path) -> None:
    for name in ("\udcff.json", "é.json"):
        (tmp_path / name).touch()
    with pytest.raises(UsageError, match="not UTF-8"):
        located(Flags(system=str(tmp_path / "\udcff.json")))
    assert str(located(Flags(system=str(tmp_path / "é.json"))).options.system).endswith("é.json")


def test_file_that_a_flag_names_must_exist() -> None:
    for flags in (Flags(user="x"), Flags(system="x"), Flags(templates="x")):
        with pytest.raises(UsageError, match="x does not exist"):
            located(flags)
    assert located(recorded=Options(system="x")).files["system"] == Path.cwd() / "x"


# The user's directories


@pytest.mark.parametrize("kind", ["cache", "state", "data"])
@pytest.mark.parametrize("folder", [None, "", " ", "relative", "/srv/cache", "/srv/cache/"])
@pytest.mark.parametrize("at_home", [None, "", "/", "/home/me", "/home/me/"])
def test_folders_are_where_platformdirs_says(
    monkeypatch: pytest.MonkeyPatch, folder: str | None, at_home: str | None, kind: str
) -> None:
    for name, value in ((f"XDG_{kind.upper()}_HOME", folder), ("HOME", at_home)):
        if value is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, value)
    said = getattr(platformdirs, f"user_{kind}_path")("qwenlock", appauthor=False)
    assert Path(cache.place(kind)) == said


# The project


def test_project_is_the_nearest_directory_upward_with_a_lock(home: Path) -> None:
    inner = home / "code" / "project" / "src" / "deep"
    inner.mkdir(parents=True)
    assert find_project(inner) == inner
    (home / "qwen.lock").touch()
    assert find_project(inner) == inner  # the home directory is never a project
    assert find_project(home) == home
    (home / "code" / "project" / "qwen.lock").touch()
    assert find_project(inner) == home / "code" / "project"


@pytest.mark.parametrize(("client", "goes_on"), [("0.15.10", True), ("0.21.2", False)])
def test_search_for_env_files_ends_at_the_home_directory(
    home: Path, client: str, *, goes_on: bool
) -> None:
    def looked_at(project: Path) -> list[Path]:
        places = locate(project, Flags(), Options(), profile(client))
        return [each.path for each in env_files(places, profile(client))]

    above = home.parent / ".env"
    assert (above in looked_at(home / "code" / "project")) == goes_on
    assert above in looked_at(home.parent / "elsewhere")


@pytest.mark.parametrize(
    ("said", "below_home"),
    [("~", ""), ("~/other", "other"), ("~\\other", "other"), ("{home}/other", "other")],
)
def test_qwen_home_may_begin_with_a_tilde(
    home: Path, monkeypatch: pytest.MonkeyPatch, said: str, below_home: str
) -> None:
    monkeypatch.setenv("QWEN_HOME", said.format(home=home))
    places = locate(home / "code" / "project", Flags(), Options(), profile("0.24.4"))
    assert places.files["user"] == home / below_home / "settings.json"
    earlier = locate(home / "code" / "project", Flags(), Options(), profile("0.12.0"))
    assert earlier.files["user"] == home / ".qwen" / "settings.json"


@pytest.mark.parametrize(
    ("environment", "files", "there"),
    [
        (None, {".qwen/.env": "QWEN_HOME=~/one"}, "one"),
        (None, {".env": "export QWEN_HOME='~/two' # mine"}, "two"),
        (None, {".qwen/.env": "\ufeffQWEN_HOME=~/one", ".env": "QWEN_HOME=~/two"}, "one"),
        (None, {".qwen/.env": "QWEN_HOME=", ".env": "QWEN_HOME=~/two"}, "two"),
        (None, {".qwen/.env": "QWEN_HOME=~\\a\\b"}, "a/b"),
        (None, {"code/project/.env": "QWEN_HOME=~/one"}, ".qwen"),
        ("", {".qwen/.env": "QWEN_HOME=~/one"}, ".qwen"),
        ("~/own", {".qwen/.env": "QWEN_HOME=~/one"}, "own"),
    ],
)
def test_qwen_home_may_be_set_in_the_home_directory(
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    environment: str | None,
    files: dict[str, str],
    there: str,
) -> None:
    """As in `preResolveHomeEnvOverrides` of 0.15.10 and 0.24.4."""
    monkeypatch.delenv("QWEN_HOME", raising=False)
    if environment is not None:
        monkeypatch.setenv("QWEN_HOME", environment)
    for name, text in files.items():
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(text, encoding="utf-8")
    project = home / "code" / "project"
    for client, folder in (("0.24.4", there), ("0.15.10", there), ("0.12.0", ".qwen")):
        places = locate(project, Flags(), Options(), profile(client))
        assert places.files["user"] == home / folder / "settings.json"


FOREIGN = [
    "//server/share/x.json", "\\\\server\\share\\x.json", "/\\server\\x", "\\\\?\\C:\\x",
    "\\\\.\\COM1", "//?/UNC/server/x", "\\??\\C:\\x",
]  # fmt: skip
DEVICES = ["NUL", "nul.json", "a/COM1", "a\\lpt9.txt", "CON:", "aux .json", "nul/x", "CONIN$"]


@pytest.mark.parametrize("path", FOREIGN)
@pytest.mark.parametrize("option", ["user", "system", "system_defaults", "templates"])
def test_servers_and_devices_of_a_lock_are_not_read(path: str, option: str) -> None:
    with pytest.raises(InputError, match="names a server or a device"):
        located(recorded=Options(**{option: path}))


@pytest.mark.parametrize("path", FOREIGN)
def test_servers_and_devices_of_a_configuration_are_not_read(path: str) -> None:
    for key in ("user", "system", "system-defaults", "templates"):
        with pytest.raises(InputError) as raised:
            judge("qwenlock.toml", tomli_w.dumps({key: path}), "qwenlock.toml")
        assert "must not name a server or a device" in raised.value.findings[0].message


def test_names_of_devices_are_those_of_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not any(map(is_foreign, DEVICES))
    monkeypatch.setattr(sys, "platform", "win32")
    assert all(map(is_foreign, DEVICES))
    plain = [
        "settings.json",
        "C:\\x\\y.json",
        "~/console.json",
        "com10",
        "null",
        "a/con1/x",
        "../x",
    ]
    assert not any(map(is_foreign, plain))
