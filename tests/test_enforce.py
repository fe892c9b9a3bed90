"""The enforcing settings, `export`, and `doctor` with a simulated client."""

from __future__ import annotations

import json
import shlex
import stat
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given

from qwenlock.clients.other_models import OTHER_MODELS
from qwenlock.clients.profile import profile
from qwenlock.edge.copies import copied
from qwenlock.edge.places import Flags, locate
from qwenlock.enforce.enforcing import enforcing_settings, over, overriding
from qwenlock.lock.model import Selection
from qwenlock.lock.options import Options
from qwenlock.settings.scopes import merge
from qwenlock.text.operations import Set, apply
from support import MODEL, OBJECTS, OPENAI, World, compiled, locked, models, source, strict, write

A = {"id": "a", "envKey": "A_KEY", "baseUrl": "https://a.example/v1", "futureField": [None]}
B = {"id": "b", "envKey": "B_KEY", "baseUrl": "https://a.example/v1"}
USER: dict[str, Any] = {
    "$version": 4,
    "modelProviders": {"anthropic": [B], "typo": [B], "gemini": {"not": "an array"}},
    "security": {"auth": {"selectedType": "anthropic"}},
    "model": {"name": "b", "baseUrl": "https://a.example/v1"},
    "ui": {"theme": "dark"},
}
PROJECT: dict[str, Any] = {
    "$version": 4,
    "modelProviders": {"openai": [A, B]},
    "security": {"auth": {"selectedType": "openai"}},
    "model": {"name": "a"},
}
NOT_REPLACED = "the client does not apply REPLACE: it merges in the user scope's modelProviders"
LOCK = locked(source(USER), source(PROJECT, "project"))


# The settings


def test_settings_hold_the_catalogue_the_selection_and_nothing_else() -> None:
    assert enforcing_settings(
        LOCK, [PROJECT, {"modelProviders": {"typo": [], "anthropic": [B]}}]
    ) == {
        "$version": 4,
        "modelProviders": {"openai": [A, B], "anthropic": [], "typo": []},
        "security": {"auth": {"selectedType": "openai"}},
        "model": {"name": "a", "baseUrl": ""},
    }


def test_every_key_of_every_scope_counts_as_a_provider() -> None:
    scopes = [USER, PROJECT, {}, {"modelProviders": None}, {"modelProviders": {"x": 1}}, []]
    providers = enforcing_settings(LOCK, scopes)["modelProviders"]
    assert list(providers) == ["openai", "anthropic", "gemini", "typo", "x"]


def test_selection_between_entries_of_one_id_names_its_endpoint() -> None:
    other = A | {"baseUrl": "https://b.example/v1"}
    model = {"name": "a", "baseUrl": "https://b.example/v1"}
    settings = PROJECT | {"modelProviders": {"openai": [A, other]}, "model": model}
    assert enforcing_settings(locked(settings, client="0.24.4"), [])["model"] == model


def test_runtime_selection_brings_what_the_layers_have() -> None:
    config = {"timeout": 30000, "samplingParams": {"temperature": 0.5}}
    auth = {"selectedType": "openai", "apiKey": "$MY_KEY", "baseUrl": "https://a.example/v1"}
    settings = {"security": {"auth": auth}, "model": {"name": "x", "generationConfig": config}}
    enforcing = enforcing_settings(locked(settings), [{"modelProviders": {"openai": [A]}}])
    assert enforcing["security"]["auth"] == auth
    assert enforcing["model"] == {"name": "x", "baseUrl": "", "generationConfig": config}
    assert enforcing["modelProviders"] == {"openai": []}


def test_nothing_below_is_added_to_a_runtime_model() -> None:
    below = {
        "model": {"name": "y", "generationConfig": {"timeout": 1, "samplingParams": {"top_p": 1}}},
        "security": {"auth": {"baseUrl": "https://elsewhere.example", "apiKey": "$OTHER_KEY"}},
    }
    wanted = {"samplingParams": {"temperature": 0.5}}
    settings = {**OPENAI, "model": {"name": "x", "generationConfig": wanted}}
    enforcing = enforcing_settings(locked(settings), [below, settings])
    assert enforcing["model"]["generationConfig"] == {
        "samplingParams": {"temperature": 0.5, "top_p": None},
        "timeout": None,
    }
    assert enforcing["security"]["auth"] == {"selectedType": "openai", "baseUrl": ""}
    bare = enforcing_settings(locked(OPENAI | {"model": {"name": "x"}}), [below])
    assert bare["model"] == {"name": "x", "baseUrl": "", "generationConfig": None}


@given(OBJECTS, OBJECTS)
def test_runtime_configuration_is_the_locked_one_whatever_is_below(below: Any, own: Any) -> None:
    settings = {**OPENAI, "model": {"name": "x", "generationConfig": own}}
    compilation = compiled(settings)
    assume(compilation.lock is not None)
    assert compilation.lock is not None
    beneath = {"model": {"generationConfig": below}}
    enforcing = enforcing_settings(compilation.lock, [beneath, settings])
    result = merge(merge({}, beneath), enforcing)["model"].get("generationConfig")
    wanted = compilation.lock.selection.generation_config
    assert strict(_without_nulls(result or {})) == strict(_without_nulls(merge({}, wanted or {})))


def _without_nulls(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {key: _without_nulls(each) for key, each in value.items() if each is not None}


def test_runtime_selection_writes_no_key_and_no_variable_that_the_client_reads_anyway() -> None:
    auth = {"selectedType": "openai", "apiKey": "sk-hunterhunter"}
    settings = {"security": {"auth": auth}, "model": {"name": "x"}}
    enforcing = enforcing_settings(locked(settings), [])
    assert enforcing["security"]["auth"] == {"selectedType": "openai"}


@pytest.mark.parametrize(
    ("settings", "client"),
    [
        ({}, "guide"),
        ({"security": {"auth": {"selectedType": "gemini"}}}, "guide"),
        (OPENAI, "guide"),
        ({}, "0.24.4"),
        (OPENAI, "0.24.4"),
        ({**PROJECT, "model": {"name": "router"}}, "0.15.10"),
    ],
)
def test_selection_that_settings_do_not_make_is_left_to_the_client(
    settings: Any, client: str
) -> None:
    enforcing = enforcing_settings(locked(settings, client=client), [USER])
    assert set(enforcing) == {"$version", "modelProviders"}


OTHERS = {
    **PROJECT,
    "fastModel": "openai:b",
    "modelFallbacks": "b, a",
    "agents": {"modelGrades": {"high": "a"}, "builtin": {"exploreModel": "fast"}},
    "tools": {"webSearch": {"model": "b"}},
}


def test_other_models_are_named_as_the_settings_name_them() -> None:
    enforcing = enforcing_settings(locked(OTHERS, client="0.24.4"), [OTHERS])
    assert enforcing["fastModel"] == "openai:b"
    assert enforcing["modelFallbacks"] == "b,a"
    assert enforcing["agents"] == OTHERS["agents"]
    assert enforcing["tools"] == OTHERS["tools"]


def test_other_models_that_the_lock_lacks_are_emptied() -> None:
    enforcing = enforcing_settings(locked(PROJECT, client="0.24.4"), [OTHERS])
    assert enforcing["fastModel"] == ""
    assert enforcing["modelFallbacks"] == ""
    assert enforcing["agents"] == {"modelGrades": {"high": ""}, "builtin": {"exploreModel": ""}}


@pytest.mark.parametrize("client", ["guide", "0.12.0"])
def test_other_models_that_the_client_of_a_lock_does_not_know_are_left_alone(client: str) -> None:
    enforcing = enforcing_settings(locked(OTHERS, client=client), [OTHERS])
    assert not {"fastModel", "modelFallbacks", "agents", "tools"} & set(enforcing)


def test_lock_of_the_earlier_format_says_nothing_about_other_models() -> None:
    old = replace(locked(PROJECT, client="0.24.4"), lock_version="1.0")
    assert "fastModel" not in enforcing_settings(old, [OTHERS])


def test_selection_of_an_earlier_lock_that_names_no_model_hides_the_name_below() -> None:
    selection = Selection(auth_type="of-an-earlier-lock", kind="runtime", source="user")
    lock = replace(LOCK, selection=selection)
    assert enforcing_settings(lock, [USER])["model"] == {"name": "", "baseUrl": ""}
    assert enforcing_settings(lock, [{}])["model"] == {"baseUrl": ""}
    assert overriding(lock) == {}
    assert overriding(replace(lock, selection=replace(selection, model="m"))) == {}


def test_enforced_type_of_the_lock_is_enforced() -> None:
    auth = {"selectedType": "openai", "enforcedType": "openai"}
    lock = locked(PROJECT | {"security": {"auth": auth}})
    assert enforcing_settings(lock, [])["security"]["auth"] == auth


def test_api_of_the_selected_entry_is_enforced() -> None:
    responses = A | {"wireApi": "responses"}
    settings = PROJECT | {"modelProviders": {"openai": [A, responses]}}
    settings["security"] = {"auth": {"selectedType": "openai-responses"}}
    enforcing = enforcing_settings(locked(settings, client="0.24.4"), [])
    assert enforcing["modelProviders"] == {"openai": [A, responses]}
    assert enforcing["security"]["auth"] == {"selectedType": "openai-responses"}
    assert enforcing["model"] == {"name": "a", "baseUrl": A["baseUrl"]}


def test_system_file_keeps_everything_else() -> None:
    system = {
        "ui": {"theme": "light"},
        "security": {"auth": {"selectedType": "gemini", "enforcedType": "openai"}},
        "modelProviders": {"openai": [B], "gemini": [B]},
    }
    enforcing = enforcing_settings(LOCK, [USER, system])
    result = over(system, enforcing)
    assert result["ui"] == {"theme": "light"}
    assert result["security"]["auth"] == {"selectedType": "openai", "enforcedType": "openai"}
    assert result["modelProviders"] == enforcing["modelProviders"]
    assert result["modelProviders"]["gemini"] == []


# export


@pytest.fixture
def project(world: World) -> World:
    write(world.user, USER)
    write(world.own, PROJECT)
    assert world.run("lock").exit_code == 0
    return world


def test_export_prints_settings_for_the_scopes_of_this_machine(project: World) -> None:
    write(project.system / "settings.json", {"modelProviders": {"of-system": []}, "ui": {}})
    write(project.system / "system-defaults.json", {"modelProviders": {"of-defaults": []}})
    result = project.run("export")
    assert result.exit_code == 0
    providers = json.loads(result.out)["modelProviders"]
    assert providers["openai"] == [A, B]
    emptied = {name for name, entries in providers.items() if not entries}
    assert emptied == {"anthropic", "typo", "gemini", "of-system", "of-defaults"}


def test_export_counts_scopes_that_the_lock_leaves_out(project: World) -> None:
    assert project.run("lock", "--no-user", "--untrusted").exit_code == 0
    providers = json.loads(project.run("export").out)["modelProviders"]
    assert set(providers) == {"anthropic", "typo", "gemini", "openai"}


def test_export_counts_the_user_scope_where_later_releases_have_it(
    project: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = project.root / "elsewhere"
    elsewhere.mkdir()
    write(elsewhere / "settings.json", {"modelProviders": {"of-elsewhere": []}})
    monkeypatch.setenv("QWEN_HOME", str(elsewhere))
    providers = json.loads(project.run("export").out)["modelProviders"]
    assert {"of-elsewhere", "anthropic"} <= set(providers)


def test_export_prints_variables_with_their_users_and_no_values(
    project: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A_KEY", "hunter2")
    assert project.run("export", "--format", "env").out == (
        "# The variables of qwen.lock: give each a value, and do not commit this file.\n"
        "\n# used by openai/a\nA_KEY=\n"
        "\n# used by openai/b\nB_KEY=\n"
    )
    assert project.run("export", "--format", "github-env").out == (
        "env:\n"
        "  # used by openai/a\n  A_KEY: ${{ secrets.A_KEY }}\n"
        "  # used by openai/b\n  B_KEY: ${{ secrets.B_KEY }}\n"
    )


@pytest.mark.parametrize("format", ["settings", "env", "github-env"])
def test_export_writes_what_it_prints(project: World, format: str) -> None:  # noqa: A002
    printed = project.run("export", "--format", format).out
    file = write(project.project / "out.txt", "mine")
    result = project.run("export", "--format", format, "--output", "out.txt")
    assert result == (0, "", "wrote out.txt; `qwenlock undo` reverts it\n")
    assert file.read_bytes() == printed.encode()
    assert project.run("undo", "--yes").exit_code == 0
    assert file.read_bytes() == b"mine"


def test_exported_settings_survive_every_encoding(world: World) -> None:
    """PowerShell decodes redirected output with the codepage of the console."""
    write(world.own, models({**A, "name": "模型 é 😀"}))
    world.run("lock")
    printed = world.run("export").out
    assert printed.isascii()
    assert "模型 é 😀" in json.dumps(json.loads(printed), ensure_ascii=False)


def test_export_of_a_lock_without_variables_is_valid(world: World) -> None:
    world.run("lock")
    assert world.run("export", "--format", "github-env").out == "env: {}\n"
    assert world.run("export", "--format", "env").out.startswith("# The variables")


def test_id_with_line_ends_stays_in_its_comment(project: World) -> None:
    odd = A | {"id": "a\nINJECTED=1\r\u2028\x1b[31m"}
    write(project.own, PROJECT | {"modelProviders": {"openai": [A, odd]}})
    project.run("lock")
    lines = project.run("export", "--format", "env").out.splitlines()
    assert [line for line in lines if line and not line.startswith("#")] == ["A_KEY="]


@pytest.mark.parametrize("command", ["export", "doctor"])
def test_lock_that_is_missing_or_edited_is_a_finding(world: World, command: str) -> None:
    assert world.run(command).exit_code == 1
    world.run("lock")
    world.lock.write_text(world.lock.read_text().replace("guide", "0.12.0"))
    result = world.run(command)
    assert result.exit_code == 1
    assert "edited by hand" in result.err
    write(world.lock, "<<<<<<< ours\n")
    assert world.run(command).exit_code == 3


# doctor

CLIENT = """
import json, os, sys
from pathlib import Path

def value(file):
    return json.loads(Path(file).read_text()) if Path(file).exists() else {}

home = Path(os.environ["HOME"])
system = Path(os.environ["QWEN_CODE_SYSTEM_SETTINGS_PATH"])
scopes = [value(home / ".qwen/settings.json"), value(".qwen/settings.json"), value(system)]
with Path(os.environ["SEEN"]).open("a") as seen:
    mode, keys = system.exists() and system.stat().st_mode, sorted(value(system))
    defaults = os.environ.get("QWEN_CODE_SYSTEM_DEFAULTS_PATH")
    for name in (home / ".qwen/settings.json", ".qwen/settings.json"):
        Path(name).exists() and Path(name).write_text("{}")  # as a client that resets a file
    record = {"mode": mode, "keys": keys, "defaults": defaults, "b": os.environ.get("B_KEY")}
    seen.write(json.dumps(record) + "\\n")
providers = {}
for scope in scopes:
    providers |= scope.get("modelProviders", {})
    name = scope.get("model", {}).get("name")
    auth_type = scope.get("security", {}).get("auth", {}).get("selectedType")
    selected = f"{name}({auth_type})" if name else selected
models = [
    {"modelId": f"{entry['id']}({auth_type})", "name": entry["id"]}
    for auth_type, entries in providers.items() if auth_type in ("openai", "anthropic")
    for entry in entries
]
print("Welcome!")
for line in sys.stdin:
    request = json.loads(line)
    result = {"agentInfo": {"version": "0.24.4"}}
    if request["method"] == "session/new":
        result = {"models": {"availableModels": models, "currentModelId": selected}}
    print(json.dumps({"id": request["id"], "result": result}), flush=True)
"""


@pytest.fixture
def client(world: World, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the command of a client that ignores REPLACE, and records its settings."""
    monkeypatch.setenv("SEEN", str(world.root / "seen"))
    script = world.root / "client.py"
    script.write_text(CLIENT)
    return shlex.join([sys.executable, str(script)])


def test_doctor_says_what_differs_and_that_enforcing_helps(project: World, client: str) -> None:
    result = project.run("doctor", "--client-command", client)
    assert result.exit_code == 1
    assert result.out.splitlines() == [
        "client: Qwen Code 0.24.4",
        "A_KEY is not set; the client was given a placeholder",
        "B_KEY is not set; the client was given a placeholder",
        "not enforced: differs",
        f"  anthropic/b is offered, but not in the lock: {NOT_REPLACED}",
        "  help: qwenlock run -- qwen",
        "enforced: agrees",
    ]


def test_doctor_as_json(project: World, client: str) -> None:
    result = project.run("doctor", "--client-command", client, "--format", "json")
    report = json.loads(result.out)
    assert report["client"] == {"command": client, "version": "0.24.4"}
    assert report["as-it-is"]["status"] == "differs"
    (difference,) = report["as-it-is"]["differences"]
    assert (difference["kind"], difference["model"]) == ("extra", "anthropic/b")
    assert report["enforced"] == {
        "status": "agrees",
        "differences": [],
        "hidden": [],
        "error": None,
    }


def test_doctor_passes_where_the_client_agrees(world: World, client: str) -> None:
    write(world.user, PROJECT)
    world.run("lock")
    assert world.run("doctor", "--client-command", client).exit_code == 0


def test_doctor_enforces_by_a_private_file_over_the_machines_own(
    project: World, client: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("B_KEY", "of-the-user")
    write(project.system / "settings.json", {"$version": 4, "ui": {"theme": "light"}})
    project.run("doctor", "--client-command", client)
    lines = (project.root / "seen").read_text().splitlines()
    as_it_is, enforced = map(json.loads, lines)
    assert as_it_is["keys"] == ["$version", "ui"]
    assert stat.S_IMODE(enforced["mode"]) == 0o600
    keys = ["$version", "model", "modelProviders", "qwenlock", "security", "ui"]
    assert enforced["keys"] == keys
    for each in (as_it_is, enforced):
        assert each["defaults"].endswith(str(project.system / "system-defaults.json"))
    assert enforced["b"] == "of-the-user"


def test_doctor_touches_no_settings(project: World, client: str) -> None:
    before = [file.read_bytes() for file in (project.user, project.own, project.lock)]
    project.run("doctor", "--client-command", client)
    assert before == [file.read_bytes() for file in (project.user, project.own, project.lock)]


def test_doctor_starts_no_client_on_broken_settings(project: World, client: str) -> None:
    write(project.own, "{")
    assert project.run("doctor", "--client-command", client).exit_code == 3
    assert not (project.root / "seen").exists()


@pytest.mark.parametrize(
    ("command", "exit_code", "words"),
    [
        ("no-such-client", 2, "command not found: no-such-client"),
        ("'", 2, "cannot be read"),
        ("false", 3, "ended with exit code 1"),
    ],
)
def test_doctor_says_why_a_client_cannot_be_asked(
    project: World, command: str, exit_code: int, words: str
) -> None:
    result = project.run("doctor", "--client-command", command)
    assert result.exit_code == exit_code
    assert words in result.out + result.err


@pytest.mark.usefixtures("client")
def test_doctor_says_that_enforcing_helps_a_client_that_asks_for_a_login(project: World) -> None:
    """As in a folder that is not trusted: the project's selection is not read."""
    refusal = '{"error": {"code": -32000, "message": "Authentication required"}, "id": 2}'
    answer = "    print(json.dumps("
    refusing = f"    if not system.exists() and request['id'] == 2: print({refusal!r}, flush=True)"
    script = project.root / "client.py"
    script.write_text(CLIENT.replace(answer, f"{refusing}\n{answer}"))
    result = project.run("doctor", "--client-command", shlex.join([sys.executable, str(script)]))
    assert result.exit_code == 1
    assert result.out.splitlines()[0] == "client: Qwen Code 0.24.4"
    assert result.out.splitlines()[3:] == [
        "not enforced: failed",
        "  the client asks for a login: Authentication required",
        "  help: qwenlock run -- qwen: with the lock enforced, the client agrees with it",
        "enforced: agrees",
    ]


def test_doctor_gives_up_on_a_client_that_hangs(project: World) -> None:
    hanging = shlex.join([sys.executable, "-c", "import time; time.sleep(60)"])
    result = project.run(
        "doctor", "--client-command", hanging, "--timeout", "1", "--format", "json"
    )
    assert result.exit_code == 3
    report = json.loads(result.out)
    assert report["enforced"]["status"] == "failed"
    assert "within 1 s" in report["enforced"]["error"]["message"]


def test_doctor_advises_enforcing_only_if_the_client_agrees_then(
    project: World, client: str
) -> None:
    """A client that ignores the system scope offers another model in both cases."""
    script = project.root / "client.py"
    script.write_text(script.read_text().replace("value(system)]", "{}]"))
    result = project.run("doctor", "--client-command", client)
    assert result.exit_code == 1
    assert "enforced: differs" in result.out
    assert "qwenlock run" not in result.out


def test_doctor_names_what_it_cannot_ask(world: World, client: str) -> None:
    write(world.user, PROJECT | {"fastModel": "a"})
    world.run("lock", "--client", "0.24.4")
    result = world.run("doctor", "--client-command", client)
    assert "not compared, because the client does not name them: fastModel" in result.out


def test_copies_are_found_by_the_clients_own_rules(world: World) -> None:
    places = locate(world.project, Flags(), Options(), profile("0.24.4"))
    write(world.user, USER)
    write(world.own, PROJECT)
    write(world.project / ".env", "A_KEY=hunter-2")
    write(world.home / ".qwen" / "trustedFolders.json", {str(world.project): "TRUST_FOLDER"})
    with copied(places, {}) as copies:
        home = Path(copies.variables["HOME"])
        assert json.loads((home / ".qwen" / "settings.json").read_text()) == USER
        assert json.loads((copies.project / ".qwen" / "settings.json").read_text()) == PROJECT
        assert (copies.project / ".env").is_symlink()
        trusted = json.loads((home / ".qwen" / "trustedFolders.json").read_text())
        assert trusted == {str(copies.project): "TRUST_FOLDER"}
    assert not copies.project.exists()


def test_copies_are_found_where_an_env_file_moves_the_clients_folder(world: World) -> None:
    """The link to that file does not lead the client to the real folder."""
    write(world.home / ".qwen" / ".env", f"QWEN_HOME={world.home / 'other'}\n")
    (world.home / "other").mkdir()
    moved = write(world.home / "other" / "settings.json", {"$version": 4})
    named = write(world.home / "list.json", {str(world.project): "TRUST_FOLDER"})
    write(world.home / "other" / ".env", f"QWEN_CODE_TRUSTED_FOLDERS_PATH={named}\n")
    write(world.user, {"$version": 3})
    places = locate(world.project, Flags(), Options(), profile("0.24.4"))
    with copied(places, {}) as copies:
        copy = Path(copies.variables["QWEN_HOME"]) / "settings.json"
        assert copy.read_bytes() == moved.read_bytes()
        assert copy != moved
        usual = Path(copies.variables["HOME"]) / ".qwen" / "settings.json"
        assert usual.read_bytes() == world.user.read_bytes()
        trusted = Path(copies.variables["QWEN_CODE_TRUSTED_FOLDERS_PATH"])
        assert json.loads(trusted.read_text()) == {str(copies.project): "TRUST_FOLDER"}


# Variables that take precedence over the lock


def without_url(auth_type: str) -> dict[str, Any]:
    return models({"id": "m", "envKey": "K"}, auth_type=auth_type) | {"model": {"name": "m"}}


def runtime(auth_type: str, **auth: str) -> dict[str, Any]:
    return {"security": {"auth": {"selectedType": auth_type, **auth}}, "model": {"name": "r"}}


OF_RUNTIME = {"OPENAI_MODEL": "r", "QWEN_MODEL": "r", "OPENAI_BASE_URL": "https://r.example"}


@pytest.mark.parametrize("client", ["guide", "0.24.4"])
@pytest.mark.parametrize(
    ("settings", "variables"),
    [
        ({}, {}),
        (models(MODEL) | {"model": {"name": MODEL["id"]}}, {}),
        (without_url("openai"), {"OPENAI_BASE_URL": ""}),
        (without_url("anthropic"), {"ANTHROPIC_BASE_URL": ""}),
        (without_url("gemini"), {}),
        (runtime("openai", baseUrl="https://r.example"), OF_RUNTIME),
        (
            runtime("openai", baseUrl="https://r.example", apiKey="$MY"),
            OF_RUNTIME | {"OPENAI_API_KEY": ""},
        ),
        (runtime("gemini", apiKey="$MY"), {"GEMINI_MODEL": "r", "GEMINI_API_KEY": ""}),
        (runtime("gemini", apiKey="$GEMINI_API_KEY"), {"GEMINI_MODEL": "r"}),
    ],
)
def test_variables_that_override_the_lock_are_known(
    settings: dict[str, Any], variables: dict[str, str], client: str
) -> None:
    assert overriding(locked(settings, client=client)) == variables


def test_variable_of_another_model_overrides_what_settings_name() -> None:
    settings = models(MODEL) | {"model": {"name": MODEL["id"]}}
    (path,) = (each.path for each in OTHER_MODELS if each.variable)
    lock = locked(apply(settings, [Set(path, MODEL["id"])]), client="0.24.4")
    assert overriding(lock) == {"WEB_SEARCH_MODEL": MODEL["id"]}
    lock = locked(apply(runtime("gemini"), [Set(path, "r")]), client="0.24.4")
    assert overriding(lock) == {"WEB_SEARCH_MODEL": "r", "GEMINI_MODEL": "r"}
