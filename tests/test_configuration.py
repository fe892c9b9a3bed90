"""A team's configuration: where it is found, and what overrides what."""

from __future__ import annotations

import json
import os
import re
import shutil
import tomllib
from pathlib import Path
from typing import Any

import pytest
import tomli_w
from hypothesis import given
from hypothesis import strategies as st

from qwenlock import __version__
from qwenlock.edge.configuration import configured
from qwenlock.edge.places import Flags, find_project
from qwenlock.edge.project import read
from qwenlock.findings.errors import InputError
from qwenlock.lock.options import Options
from qwenlock.settings import configuration
from qwenlock.settings.configuration import FILE, PYPROJECT, Configuration, LintChoices, judge
from qwenlock.settings.shipped import folder
from support import MODEL, World, models, untimed, write


@pytest.fixture
def world(world: World) -> World:
    """Return a project with a catalogue, and a user who selects a model from it."""
    write(world.own, models(MODEL))
    write(world.user, {"model": {"name": "gpt-4o"}})
    return world


def lock(world: World) -> dict[str, Any]:
    return tomllib.loads(world.lock.read_text())


def client_of(folder: Path, **flags: Any) -> str | None:
    return configured(folder, Flags(**flags)).configuration.client


def test_nearest_file_counts_for_each_key(world: World) -> None:
    above = 'client = "0.12.0"\nuser = false\n[lint]\nstrict = true\nignore = ["QL2"]'
    write(world.root / FILE, above)
    assert client_of(world.project) == "0.12.0"
    write(world.project / PYPROJECT, '[tool.qwenlock]\nclient = "0.21.2"\nlint.ignore = []')
    found = configured(world.project, Flags())
    assert found.configuration.client == "0.21.2"
    assert found.file == world.project / PYPROJECT
    assert found.configuration.options.user is False
    assert found.configuration.lint == LintChoices(strict=True)


def test_inherited_files_are_relative_to_the_file_that_names_them(world: World) -> None:
    write(world.root / "u.json", "{}")
    write(world.root / FILE, 'client = "0.12.0"\nuser = "u.json"')
    write(world.project / FILE, 'system = "s.json"')
    with pytest.raises(InputError) as error:
        configured(world.project, Flags())
    assert str(error.value.findings[0].place.document.label) == FILE  # type: ignore[union-attr]
    write(world.project / "s.json", "{}")
    found = configured(world.project, Flags())
    assert found.configuration.options == Options(user="../u.json", system="s.json")
    assert found.file == world.root / FILE  # which names the client


def test_another_required_version_of_qwenlock_refuses(world: World) -> None:
    write(world.project / FILE, f'required-version = ">={__version__}"')
    assert world.run("lock").exit_code == 0
    write(world.project / FILE, 'required-version = ">=99"\na-key-of-the-future = 1')
    write(world.lock, 'lock-version = "99.0"\n')
    for command in ("check", "lock", "lint", "upgrade", "migrate"):
        refused = world.run(command)
        assert refused.exit_code == 2, refused
        assert (
            f"error: this project needs qwenlock >=99, and this is {__version__}\n" in refused.err
        )
        assert "install it: pip install 'qwenlock>=99'\n" in refused.err
    assert world.run("lock", "--no-config", "--output", "-").exit_code != 2


FILE_NAMES = ("system", "system-defaults", "templates")
WRONG: dict[str, tuple[str, ...]] = {
    'client must be "guide" or a release, as a string': ("client = 1", "client = []"),
    'client "new" is neither "guide" nor a release that qwenlock knows': ('client = "new"',),
    'merge must be "replace" or "client"': ('merge = "guide"', "merge = 1"),
    "keep-selection must be true or false": ('keep-selection = "yes"', "keep-selection = 1"),
    "untrusted must be true or false": ('untrusted = ""',),
    "user must be false, true, or a path": ('user = ""', "user = 1"),
    "user must not name a server or a device": ("user = '//server/file'",),
    **{f"{name} must be a path": (f"{name} = ''", f"{name} = true") for name in FILE_NAMES},
    **{
        f"{name} must not name a server or a device": (f"{name} = '//server/a'",)
        for name in FILE_NAMES
    },
    "strict must be true or false": ("lint.strict = 1",),
    "select must be an array of codes": ('lint.select = "QL2"', "lint.select = [2]"),
    'ignore holds "x", which is not a code or prefix': ('lint.ignore = ["QL2", "x", "y"]',),
    "allow-literals must be an array of names of headers and fields": (
        'allow-literals = "a"', 'allow-literals = ["a", ""]', "allow-literals = [1]",
    ),
    "projects must be an array of paths, which may hold *": (
        'projects = "a"', 'projects = ["a", ""]', "projects = [1]",
    ),
    "exclude must be an array of paths, which may hold *": ("exclude = [1]",),
    "projects must hold paths below the directory of this file": (
        'projects = ["a", "../a"]', 'projects = ["a/.."]', "projects = ['..\\a']",
        "projects = ['\\\\server\\a']", "projects = ['c:a']", 'projects = ["~"]',
    ),
    "exclude must hold paths below the directory of this file": ('exclude = ["/a"]',),
    'required-version must be a version specifier, such as ">=1.2"': (
        'required-version = "new"', "required-version = 1", 'required-version = [">=1"]',
    ),
    "lint must be a table": ("lint = 1",),
}  # fmt: skip
"""Messages about values of a wrong type, and such values."""


@pytest.mark.parametrize(("said", "texts"), WRONG.items(), ids=WRONG)
def test_value_of_the_wrong_type_is_refused_with_the_right_type(
    said: str, texts: tuple[str, ...]
) -> None:
    for text in texts:
        with pytest.raises(InputError, match=r"^the configuration is invalid$") as error:
            judge(FILE, text, FILE)
        assert [(each.code, each.message) for each in error.value.findings] == [("QL122", said)]


RIGHT = """
client = "guide"
merge = "client"
keep-selection = false
user = "u.json"
untrusted = true
system = "s/s.json"
system-defaults = "d.json"
templates = "t"
allow-literals = ["x-title"]
projects = ["apps/*", "a..b"]
exclude = []
required-version = ">=0"
lint.strict = false
lint.select = ["QL2", "QL301"]
lint.ignore = ["QL3"]
"""


def test_every_key_is_taken() -> None:
    found = judge(FILE, RIGHT, FILE)
    options = Options(
        user="u.json", untrusted=True, system="s/s.json", system_defaults="d.json", templates="t"
    )
    assert found == Configuration(
        client="guide",
        merge="client",
        keep_selection=False,
        options=options,
        lint=LintChoices(strict=False, select=("QL2", "QL301"), ignore=("QL3",)),
        allow_literals=("x-title",),
        projects=("apps/*", "a..b"),
    )
    assert set(tomllib.loads(RIGHT)) == set(configuration._SHAPE.optional)


def test_qwenlock_toml_goes_before_pyproject(world: World) -> None:
    write(world.project / PYPROJECT, '[tool.qwenlock]\nclient = "0.12.0"')
    assert client_of(world.project) == "0.12.0"
    write(world.project / FILE, "")
    assert client_of(world.project) is None


@pytest.mark.parametrize("text", ["[project]\n", "[tool.x]\n[tool.y]", "broken = ", "a.qwenlock=1"])
def test_pyproject_without_a_table_is_ignored(world: World, text: str) -> None:
    write(world.root / FILE, 'client = "0.12.0"')
    write(world.project / PYPROJECT, text)
    assert client_of(world.project) == "0.12.0"


@pytest.mark.parametrize("kind", ["a folder", "a file, as in a worktree"])
def test_search_ends_at_the_root_of_the_repository(world: World, kind: str) -> None:
    write(world.root / FILE, 'client = "0.12.0"')
    below = world.project / "packages" / "app"
    below.mkdir(parents=True)
    assert client_of(below) == "0.12.0"
    if kind == "a folder":
        (world.project / ".git").mkdir()
    else:
        (world.project / ".git").touch()
    assert client_of(below) is None
    write(world.project / FILE, 'client = "0.21.2"')
    assert client_of(below) == "0.21.2"


def test_search_never_reaches_the_home_directory(world: World) -> None:
    write(world.root / FILE, 'client = "0.10.1"')
    write(world.home / FILE, 'client = "0.12.0"')
    below = world.home / "code"
    below.mkdir()
    assert client_of(below) is None
    assert client_of(world.home) == "0.12.0"
    (world.home / FILE).unlink()
    assert client_of(world.home) is None


def test_deep_directory_is_searched_as_any_other(world: World) -> None:
    write(world.project / "qwenlock.toml", 'client = "0.15.10"\n')
    deep = world.project.joinpath(*["a"] * 600)
    (deep / ".qwen").mkdir(parents=True)
    write(deep / ".qwen" / "settings.json", models(MODEL))
    assert "Qwen Code 0.15.10" in world.run("lock", str(deep)).err


def test_what_somebody_put_into_a_directory_for_everyone_counts_only_there(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For example /tmp: `run` below it would enforce a lock with somebody else's endpoint."""
    below = world.project / "mine"
    below.mkdir()
    write(world.project / "qwenlock.toml", 'client = "0.15.10"\n')
    write(world.own, models(MODEL))
    world.project.chmod(0o1777)
    assert find_project(below) == world.project
    assert configured(below, Flags()).configuration.client == "0.15.10"
    for name in ("qwenlock.toml", ".qwen"):
        if os.getuid() == 0:
            os.chown(world.project / name, 54321, -1)
    monkeypatch.setattr(os, "getuid", lambda: 12345)
    assert find_project(below) == below
    assert configured(below, Flags()).configuration.client is None
    assert configured(world.project, Flags()).configuration.client == "0.15.10"


def test_no_config_looks_for_nothing(world: World) -> None:
    write(world.project / FILE, "broken")
    found = configured(world.project, Flags(no_config=True))
    assert found.configuration == Configuration()
    assert found.states == ()


def test_files_are_relative_to_the_file_that_names_them(world: World) -> None:
    below = world.project / "packages" / "app"
    (below / ".qwen").mkdir(parents=True)
    write(below / ".qwen" / "settings.json", models(MODEL))
    (world.project / "team").mkdir()
    write(world.project / "team" / "settings.json", {"model": {"name": "gpt-4o"}})
    write(world.project / FILE, 'user = "team/settings.json"')
    assert world.run("lock", str(below)).exit_code == 0
    assert tomllib.loads((below / "qwen.lock").read_text())["options"] == {
        "user": "../../team/settings.json"
    }
    assert world.run("lock").exit_code == 0
    assert world.run("check", "--recursive").exit_code == 0


def test_files_in_the_home_directory_and_elsewhere(world: World, tmp_path: Path) -> None:
    write(world.home / "u.json", {"model": {"name": "gpt-4o"}})
    system = write(tmp_path / "s.json", "{}")
    write(world.project / FILE, f'user = "~/u.json"\nsystem = "{system.as_posix()}"')
    assert world.run("lock").exit_code == 0
    assert lock(world)["options"] == {"user": "~/u.json", "system": system.as_posix()}


def test_option_goes_before_the_file_and_the_file_before_the_lock(world: World) -> None:
    world.run("lock", "--client", "0.12.0", "--no-user")
    write(world.project / FILE, 'client = "0.21.2"\nuser = true')
    assert world.agreed() == 1
    world.run("lock")
    assert lock(world)["client"] == "0.21.2"
    assert "options" not in lock(world)
    world.run("lock", "--client", "0.15.10", "--no-user")
    assert lock(world)["client"] == "0.15.10"
    assert lock(world)["options"] == {"user": False}
    assert world.agreed() == 1


def test_untrusted_can_be_taken_back(world: World) -> None:
    write(world.project / FILE, "untrusted = true")
    world.run("lock")
    assert lock(world)["options"] == {"untrusted": True}
    write(world.project / FILE, "untrusted = false")
    assert world.agreed() == 1


@pytest.mark.parametrize(
    "command",
    [
        ("lock",), ("lock", "--check"), ("check",), ("show",), ("upgrade", "--check"),
        ("migrate", "--check"), ("select", "gpt-4o"), ("run", "--", "true"),
    ],
)  # fmt: skip
def test_every_command_refuses_a_file_that_it_cannot_use(
    world: World, command: tuple[str, ...]
) -> None:
    if command[0] == "run":
        world.run("lock")
    write(world.project / FILE, "client = 3")
    result = world.run(*command)
    assert (result.exit_code, "QL122" in result.err) == (3, True), result


def test_templates_of_a_team(world: World) -> None:
    write(world.project / FILE, 'templates = "plans"')
    assert '"plans" does not exist' in world.run("lock").err
    shutil.copytree(folder("templates"), world.project / "plans")
    shutil.move(world.project / "plans" / "coding-plan", world.project / "plans" / "own")
    assert world.run("lock").exit_code == 0, world.run("lock")
    assert lock(world)["options"] == {"templates": "plans"}
    listed = json.loads(world.run("template", "list", "--format", "json").out)["templates"]
    assert {"coding-plan", "own"} <= {each["plan"] for each in listed}
    assert world.agreed() == 0


def test_change_of_a_scope_that_is_left_out_names_the_way_out(world: World) -> None:
    write(world.own, "{}")
    write(world.project / FILE, "user = false")
    refused = world.run("upgrade", "--region", "china", "--yes")
    assert refused.exit_code == 2
    assert "--scope project" in refused.err
    assert "`user = false`" in refused.err
    assert world.run("upgrade", "--region", "china", "--scope", "project", "--yes").exit_code == 0


def test_mistakes_are_json_too(world: World) -> None:
    write(world.project / FILE, "clint = 3\n")
    result = world.run("check", "--format", "json")
    (finding,) = json.loads(result.out)["projects"][0]["findings"]
    assert finding["code"] == "QL121"
    assert finding["fix"] == 'did you mean "client"?'


USERS = st.sampled_from([None, False, "file"])
CLIENTS = st.sampled_from([None, "0.12.0", "0.15.10", "0.21.2"])


def toml_of(client: str | None, **options: Any) -> tuple[str, str]:
    """Return the client and the options that a file sets."""
    said = {name: value for name, value in options.items() if value is not None}
    return f'client = "{client}"\n' if client else "", tomli_w.dumps(said)


@given(
    clients=st.tuples(CLIENTS, CLIENTS, CLIENTS),
    users=st.tuples(USERS, USERS | st.just(True), USERS),
    untrusted=st.tuples(
        st.none() | st.booleans(), st.none() | st.booleans(), st.none() | st.just(True)
    ),
)
@untimed(60)
def test_flags_then_configuration_then_lock(
    world: World, clients: Any, users: Any, untrusted: Any
) -> None:
    names = ("flag.json", "config.json", "lock.json")
    users = [name if each == "file" else each for each, name in zip(users, names, strict=True)]
    for name in names:
        write(world.project / name, "{}")
    client, options = toml_of(clients[1], user=users[1], untrusted=untrusted[1])
    write(world.project / FILE, client + options)
    client, options = toml_of(clients[2] or "guide", user=users[2], untrusted=untrusted[2])
    write(world.lock, f'lock-version = "2.0"\n{client}\n[options]\n{options}')
    found = read(world.project, Flags(user=users[0], untrusted=untrusted[0]), clients[0])

    def winner(values: Any) -> Any:
        return next((each for each in values if each is not None), None)

    user = winner(users)
    assert found.client.name == (winner(clients) or "guide")
    assert found.places.options.user == (None if user is True else user)
    assert found.places.options.untrusted == (winner(untrusted) or None)
    assert ("user" in found.places.files) == (user is not False)


def test_every_key_is_documented() -> None:
    page = (Path(__file__).parent.parent / "docs" / "configuration.md").read_text()
    rows = re.findall(r"^\| (`[^|]+`) \|", page, re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"`([\w.-]+)`", row)}
    lint = {f"lint.{name}" for name in configuration._LINT.optional}
    assert named == (set(configuration._SHAPE.optional) - {"lint"}) | lint


SECRET = "sk-ZQXJKVWBPYGFMUCLDRHS0246"


@pytest.mark.parametrize(
    "key", ["client", "user", "system", "system-defaults", "templates", SECRET]
)
@pytest.mark.parametrize("table", ["", "[lint]\n"])
def test_no_value_that_could_be_a_key_is_shown(world: World, key: str, table: str) -> None:
    for value in (f'"{SECRET}"', f'["{SECRET}"]', f'{{ {SECRET} = "{SECRET}" }}', f'"{SECRET}'):
        write(world.project / FILE, f"{table}{key} = {value}\nlint.ignore = [{value}]\n")
        for form in ("text", "json", "github", "gitlab", "sarif"):
            result = world.run("check", "--format", form)
            assert result.exit_code == 3
            assert SECRET[3:9] not in result.out + result.err


JUNK = st.one_of(st.booleans(), st.integers(), st.text(max_size=5), st.lists(st.text(max_size=3)))
KEYS = ["client", "user", "untrusted", "system", "system-defaults", "templates", "lint", "x"]


@given(
    st.dictionaries(st.sampled_from(KEYS), JUNK),
    st.dictionaries(st.sampled_from(["strict", "select", "ignore", "x"]), JUNK),
)
@untimed(200)
def test_every_value_is_taken_or_named_at_its_line(
    values: dict[str, Any], lint: dict[str, Any]
) -> None:
    text = tomli_w.dumps({**values, "lint": lint} if lint else values)
    try:
        judge(FILE, text, FILE)
    except InputError as error:
        for finding in error.findings:
            assert finding.place is not None
            line = text.split("\n")[finding.place.position().line - 1]
            key = finding.message.split('"')[1] if finding.code == "QL121" else finding.message
            assert key.split()[0] in line
    else:
        assert "x" not in values
        assert "x" not in lint
