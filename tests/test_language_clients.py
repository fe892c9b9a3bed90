"""The language server as a process, with pygls' client, VS Code's library and a real Neovim."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from conformance.clients import package
from editor import Editor, edit, position
from pages import ROOT, blocks
from support import World, write
from test_server import KEY, MODELS

pytestmark = pytest.mark.slow  # each starts processes

PAGE = ROOT / "docs" / "how-to" / "language-server.md"
EXTENSION = ROOT / "examples" / "editors" / "vscode"
PROTOCOL = ("vscode-languageserver-protocol", "3.18.5")
PACKER = ("@vscode/vsce", "3.9.2")


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    made = World(tmp_path, monkeypatch, lambda: ("", ""))
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    for name in ("NODE_OPTIONS", "NVIM_APPNAME", "VIMINIT"):
        monkeypatch.delenv(name, raising=False)
    return made


@pytest.fixture(scope="session")
def protocol() -> Path:
    """Return the library of VS Code, which is installed before a test has its own home."""
    return package(*PROTOCOL, "-".join(PROTOCOL)) / "node_modules"


def files(root: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_process_serves_and_writes_nothing(world: World) -> None:
    write(world.own, MODELS)
    before = files(world.root)

    async def act(editor: Editor) -> None:
        uri = await editor.show(world.own)
        assert {"QL202", "QL209"} <= set(editor.codes(uri))
        at = editor.diagnostic(uri, "QL202").range
        assert await editor.actions(uri, at)
        assert await editor.hover(uri, position(MODELS, '"a"', 1))
        assert await editor.offered(uri, position(MODELS, '"a"', 1))
        assert await editor.lenses(uri)

    edit(world, act, process=True)
    assert files(world.root) == before


def message(method: str, **fields: Any) -> bytes:
    body = json.dumps({"jsonrpc": "2.0", "method": method, **fields}).encode()
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


@pytest.mark.parametrize(
    ("said", "code", "told"),
    [
        (b"", 0, ""),
        (message("exit"), 1, ""),
        (message("shutdown", id=1) + message("shutdown", id=2) + message("exit"), 0, ""),
        (b"Content-Length: 9223372036854775808\r\n\r\n{}", 2, "does not speak the Language"),
        (b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n{}", 2, "does not speak the Language"),
    ],
    ids=["nothing", "exit", "shutdown", "large", "endless"],
)
def test_process_ends_with_its_editor(said: bytes, code: int, told: str) -> None:
    command = [sys.executable, "-m", "qwenlock", "server"]
    done = subprocess.run(command, input=said, capture_output=True, timeout=30, check=False)
    assert done.returncode == code
    assert told in done.stderr.decode()
    assert bool(done.stderr) == bool(told)
    assert (b'"id": 1' in done.stdout) == (b"shutdown" in said)


def test_process_opens_no_connection(world: World) -> None:
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("strace is not installed")
    log = world.root / "calls"
    opened = {"uri": world.own.as_uri(), "languageId": "json", "version": 1, "text": MODELS}
    messages = [
        message("initialize", id=1, params={"capabilities": {}}),
        message("initialized", params={}),
        message("textDocument/didOpen", params={"textDocument": opened}),
        message("textDocument/codeLens", id=2, params={"textDocument": {"uri": opened["uri"]}}),
        message("shutdown", id=3),
        message("exit"),
    ]
    command = [strace, "-f", "-e", "trace=%network", "-o", str(log)]
    done = subprocess.run(
        [*command, sys.executable, "-m", "qwenlock", "server"],
        input=b"".join(messages),
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert b"selected" in done.stdout
    assert "AF_INET" not in log.read_text()


def test_client_library_of_vs_code_shows_and_repairs(protocol: Path, world: World) -> None:
    write(world.own, MODELS)
    script = Path(__file__).with_name("protocol.js")
    done = subprocess.run(
        ["node", str(script), str(protocol), sys.executable, str(world.project), str(world.own)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    told = json.loads(done.stdout)
    assert KEY not in done.stdout
    assert told["capabilities"]["positionEncoding"] == "utf-16"
    first = told["diagnostics"][0]
    assert first["code"] == "QL209"
    assert first["relatedInformation"][0]["message"] == "the first, which wins"
    (change,) = told["edits"]
    assert change["newText"] == ""
    assert "OPENAI_API_KEY`, which is set" in told["hover"]["contents"]["value"]
    assert "gpt-4o" in told["labels"]
    assert told["titles"][0] == "selected"
    assert told["code"] == 0


STUBS = """
const Module = require("module");
const load = Module._load;
const seen = {};
class LanguageClient {
  constructor(...given) { seen.given = given; }
  start() { seen.started = true; }
  stop() { seen.stopped = true; }
}
const workspace = { getConfiguration: () => ({ get: (name, usual) => usual }) };
Module._load = (name, ...rest) =>
  name === "vscode" ? { workspace }
  : name === "vscode-languageclient/node" ? { LanguageClient }
  : load(name, ...rest);
const extension = require(process.argv[1]);
extension.activate();
extension.deactivate();
console.log(JSON.stringify(seen));
"""


def test_extension_starts_and_stops_the_server() -> None:
    if shutil.which("node") is None:
        pytest.skip("node is not installed")
    done = subprocess.run(
        ["node", "-e", STUBS, str(EXTENSION / "extension.js")],
        capture_output=True,
        text=True,
        check=True,
    )
    seen = json.loads(done.stdout)
    _, _, server, options = seen["given"]
    assert server == {"command": "qwenlock", "args": ["server"]}
    patterns = {each["pattern"] for each in options["documentSelector"]}
    assert {"**/.qwen/settings.json", "**/qwen.lock", "**/qwenlock.toml"} <= patterns
    assert seen["started"]
    assert seen["stopped"]


def test_extension_packs(tmp_path: Path) -> None:
    folder = tmp_path / "vscode"
    shutil.copytree(EXTENSION, folder, ignore=shutil.ignore_patterns("node_modules"))
    client, version = next(
        iter(json.loads((folder / "package.json").read_text())["dependencies"].items())
    )
    shutil.copytree(
        package(client, version, f"{client}-{version}") / "node_modules", folder / "node_modules"
    )
    packer = package(*PACKER, "vsce-" + PACKER[1]) / "node_modules" / ".bin" / "vsce"
    done = subprocess.run(
        [str(packer), "package", "--allow-missing-repository", "--skip-license"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (packed,) = folder.glob("*.vsix")
    listed = subprocess.run(
        [sys.executable, "-m", "zipfile", "-l", str(packed)],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "extension/extension.js" in listed
    assert "extension/node_modules/vscode-languageclient/package.json" in listed


NEOVIM = """
local result = {}
local function problems()
  return vim.tbl_map(function(each) return each.code end, vim.diagnostic.get(0))
end
local ok, error = pcall(function()
  assert(vim.wait(20000, function() return #problems() > 0 end), "nothing was said")
  result.before = problems()
  for _, each in ipairs(vim.diagnostic.get(0)) do
    if each.code == "QL202" then
      vim.api.nvim_win_set_cursor(0, { each.lnum + 1, each.col })
    end
  end
  vim.ui.select = function(items, options, choose)
    result.offered = vim.tbl_map(options.format_item, items)
    for index, title in ipairs(result.offered) do
      if title:find("gemini") then return choose(items[index], index) end
    end
  end
  vim.lsp.buf.code_action()
  assert(vim.wait(20000, function()
    return not vim.tbl_contains(problems(), "QL202")
  end), "it was not repaired")
  vim.cmd("write")
  result.after = problems()
end)
result.error = not ok and error or nil
local file = io.open(vim.env.RESULT, "w")
file:write(vim.json and vim.json.encode(result) or vim.fn.json_encode(result))
file:close()
vim.cmd("qall!")
"""


def test_neovim_shows_repairs_and_saves(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    nvim = shutil.which("nvim")
    if nvim is None:
        pytest.skip("nvim is not installed")
    text = MODELS.replace('"openaii": []', '/* é😀 */ "gemnii": []')
    write(world.own, text)
    folder = Path(sys.executable).parent
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("RESULT", str(world.root / "result.json"))
    (setup,) = (
        each.body for each in blocks(PAGE.read_text()) if (each.title or "").endswith("init.lua")
    )
    init = write(world.root / "init.lua", setup)
    script = write(world.root / "script.lua", NEOVIM)
    subprocess.run(
        [str(nvim), "--headless", "-n", "-u", str(init), str(world.own), "-c", f"luafile {script}"],
        capture_output=True,
        timeout=90,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    result = json.loads((world.root / "result.json").read_text())
    assert "error" not in result, result
    assert {"QL202", "QL209"} <= set(result["before"])
    assert "QL209" in result["after"]
    assert any(title.startswith("Ignore QL202 here") for title in result["offered"])
    assert world.own.read_text(encoding="utf-8") == text.replace('"gemnii"', '"gemini"')
