"""The lists of the installed client: captured on a terminal, upgraded to, and never in a lock.

The client here is a script that offers an update as releases do; `tests/conformance` uses real
ones.
"""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Any

import pytest

from qwenlock.edge import terminal
from qwenlock.edge.captured_templates import folder
from qwenlock.edge.plans import load
from qwenlock.plans.digest import models_digest
from qwenlock.settings.plan_state import wanted
from support import World, record, write

if TYPE_CHECKING:
    from pathlib import Path

pytest.importorskip("pty")
pytest.importorskip("pexpect")
pytestmark = pytest.mark.slow

CLIENT = f"""#!{sys.executable}
import hashlib, json, os, sys, time
if "--version" in sys.argv:
    print("0.25.0")
    sys.exit()
assert "hunter" not in repr(os.environ), "the user's variables"
file = os.path.join(os.environ["HOME"], ".qwen", "settings.json")
settings = json.load(open(file))
if os.path.exists(MODE) and open(MODE).read() == "crash":
    sys.exit(3)
records = settings.get("providerMetadata", {{}})
offered = [name for name in ("deepseek", "minimax") if name in records]
if os.path.exists(MODE) or not offered:
    print("Type your message")
    time.sleep(60)
print("\\x1b[1mProvider Update\\x1b[0m")
sys.stdin.readline()
for name in offered:
    title, key = {{"deepseek": ("DeepSeek", "DEEPSEEK"), "minimax": ("MiniMax", "MINIMAX")}}[name]
    models = [
        {{"id": f"{{name}}-{{n}}", "name": f"[{{title}}] {{name}}-{{n}}",
         "baseUrl": records[name]["baseUrl"], "envKey": key + "_API_KEY",
         "generationConfig": {{"contextWindowSize": n}}}}
        for n in (98, 99)
    ]
    text = json.dumps(models, separators=(",", ":"))
    records[name]["version"] = hashlib.sha256(text.encode()).hexdigest()
    settings["modelProviders"]["openai"][:0] = models
json.dump(settings, open(file + ".new", "w"))
os.rename(file + ".new", file)
print("Type your message")
time.sleep(60)
"""


@pytest.fixture
def world(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    commands = tmp_path / "bin"
    commands.mkdir()
    script = CLIENT.replace("MODE", repr(str(tmp_path / "mode")))
    write(commands / "qwen", script).chmod(0o755)
    monkeypatch.setenv("PATH", os.pathsep.join([str(commands), os.environ["PATH"]]))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("DEEPSEEK_API_KEY", "sk-hunter-1")
    monkeypatch.setattr(terminal, "_SETTLED", 0.3)
    return world


def installed(plan_id: str, region_name: str) -> dict[str, Any]:
    plan = load().plan(plan_id)
    template, region = plan.newest(), plan.regions[region_name]
    models = plan.models(template, region)
    settings: dict[str, Any] = {
        "$version": 4,
        "modelProviders": {"openai": models},
        "security": {"auth": {"selectedType": "openai"}},
        "model": {"name": models[0]["id"]},
    }
    return record(settings, wanted(plan, template, region))


def test_new_lists_are_kept_listed_and_verified(world: World) -> None:
    done = world.run("template", "capture", "--from-client", "--format", "json")
    assert done.exit_code == 0, done.err
    document = json.loads(done.out)
    assert document["release"] == "0.25.0"
    found = {(each["plan"], each["region"]): each for each in document["lists"]}
    expected = {("deepseek", "default"), ("minimax", "international"), ("minimax", "china")}
    assert found.keys() == expected
    assert not any(each["is_bundled"] for each in found.values())
    listed = world.run("template", "list", "--plan", "minimax").out.splitlines()[-1]
    assert listed.split() == ["minimax", "0.25.0+captured", "international,", "china", "captured"]
    verified = world.run("template", "verify", "--plan", "minimax")
    assert (verified.exit_code, "mismatch" in verified.out) == (0, False)
    again = world.run("template", "capture", "--from-client")
    assert "3 of 3 lists are kept in" in again.err
    assert sorted(each.name for each in folder().iterdir()) == [
        "deepseek",
        "minimax",
    ]


@pytest.mark.parametrize("region", ["international", "china"])
def test_upgrade_to_client_writes_exactly_the_clients_list_and_no_lock_knows(
    world: World, region: str
) -> None:
    write(world.user, installed("minimax", region))
    assert world.run("upgrade", "--to", "client", "--check", "--client", "0.24.4").exit_code == 1
    assert not folder().exists()
    done = world.run("upgrade", "--to", "client", "--yes", "--client", "0.24.4")
    assert done.exit_code == 0, done.err
    assert "0.23.0 to 0.25.0+captured" in done.err
    after = json.loads(world.user.read_text(encoding="utf-8"))
    models = after["modelProviders"]["openai"]
    assert [each["id"] for each in models] == ["minimax-98", "minimax-99"]
    recorded = after["providerMetadata"]["minimax"]
    assert "sha256:" + recorded["version"] == models_digest(models)
    assert world.run("upgrade", "--to", "client", "--check", "--client", "0.24.4").exit_code == 0
    plain = world.run("upgrade", "--check", "--client", "0.24.4")
    assert plain.exit_code == 0
    assert "the newest that qwenlock knows for Qwen Code 0.24.4" in plain.err
    assert world.run("lock", "--client", "0.24.4").exit_code == 0
    with_it = world.lock.read_bytes()
    assert b"captured" not in with_it
    assert "QL505" not in world.run("lint").err
    assert world.run("status").out.count("0.25.0+captured, up to date") == 1
    for file in folder().rglob("*.j2"):
        write(file, "no front matter")
        assert "QL505" in world.run("lint").err  # and no error, although `upgrade` has one
        assert world.run("upgrade", "--check").exit_code == 3
        file.unlink()
    assert "QL505" in world.run("lint").err
    assert world.run("check").exit_code == 0
    assert world.run("lock", "--check").exit_code == 0


def test_plan_that_the_client_does_not_have_is_reported(world: World) -> None:
    write(world.user, installed("zai", "coding-plan"))
    done = world.run("upgrade", "--to", "client", "--yes", "--client", "0.24.4")
    assert done.exit_code == 2
    assert "has no list of Z.AI" in done.err
    world.user.unlink()
    done = world.run("upgrade", "--to", "client", "--yes", "--client", "0.24.4")
    assert (done.exit_code, "no plan is installed" in done.err) == (0, True)


@pytest.mark.parametrize(
    ("mode", "said"),
    [("none", "offers no update of any plan"), ("crash", "did not start as expected")],
)
def test_client_that_asks_differently_is_reported(world: World, mode: str, said: str) -> None:
    write(world.root / "mode", mode)
    done = world.run("template", "capture", "--from-client")
    assert done.exit_code == 3
    assert said in done.err
    assert "template capture --from SETTINGS" in done.err
    assert not folder().exists()


def test_missing_option_is_named(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for options in (["--from-client", "--version", "1.0"], [], ["--from", "x"]):
        assert world.run("template", "capture", *options).exit_code == 2
    write(world.user, installed("minimax", "china"))
    for words in (("template", "capture", "--from-client"), ("upgrade", "--to", "client")):
        missing = world.run(*words, "--client-command", "nowhere")
        assert "command not found: nowhere" in missing.err
    assert world.run("upgrade", "--client-command", "nowhere").exit_code == 2
    monkeypatch.setattr(terminal, "_HAS_TERMINALS", False)
    assert "Windows has no pseudo-terminal" in world.run("template", "capture", "--from-client").err
    monkeypatch.setattr(terminal, "_HAS_TERMINALS", True)
    monkeypatch.setitem(sys.modules, "pyte", None)
    done = world.run("template", "capture", "--from-client")
    assert (done.exit_code, "pip install 'qwenlock[capture]'" in done.err) == (2, True)


def test_broken_captured_file_names_itself(world: World) -> None:
    minimax = folder() / "minimax"
    minimax.mkdir(parents=True)
    write(minimax / "0.25.0+captured.json.j2", "no front matter")
    done = world.run("template", "list", "--plan", "minimax")
    assert done.exit_code == 3
    assert "help: remove " in done.err
