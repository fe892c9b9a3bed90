"""The language server, used by pygls' own client over two pipes."""

from __future__ import annotations

import gc
import json
import logging
import os
import re
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lsprotocol import types

from editor import Editor, applied, edit, position
from examples import example, write_files
from qwenlock import __version__
from qwenlock.edge.pages import read_page
from qwenlock.edge.plans import load
from qwenlock.findings.errors import UsageError
from qwenlock.findings.rules import RULES
from qwenlock.server.open_files import OpenFile, OpenFiles
from qwenlock.server.positions import Lines
from qwenlock.server.serving import serve
from qwenlock.server.translate import Pages, Translator
from qwenlock.settings.shipped import folder
from qwenlock.text.locate import Position
from support import World, models, untimed, write

if TYPE_CHECKING:
    from pathlib import Path
from test_upgrade import installed

KEY = "hunter2-is-a-key"
URL = '"baseUrl": "https://api.openai.com/v1"'
MODELS = f"""\
{{
  "$version": 4,
  "modelProviders": {{
    "openai": [
      {{"id": "a", "envKey": "OPENAI_API_KEY", {URL}}},
      {{"id": "b", "envKey": "OTHER_API_KEY", {URL}}},
      {{"id": "a", "envKey": "OPENAI_API_KEY", {URL}}}
    ],
    "openaii": []
  }},
  "security": {{"auth": {{"selectedType": "openai"}}}},
  "model": {{"name": "a"}}
}}
"""
USER = {
    "$version": 4,
    "modelProviders": {"openai": [{"id": "mine", "envKey": "MINE", "baseUrl": "https://x.test"}]},
}


@pytest.fixture
def world(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setenv("PATH", os.defpath)  # without a client
    for name in [name for name in os.environ if name.endswith("_API_KEY")]:
        monkeypatch.delenv(name)
    return world


# Diagnostics


def diagnostic(
    message: str, severity: types.DiagnosticSeverity = types.DiagnosticSeverity.Warning
) -> types.Diagnostic:
    """Return what is said of a whole file."""
    start = types.Position(0, 0)
    return types.Diagnostic(types.Range(start, start), message, severity, source="qwenlock")


def test_finding_has_code_severity_link_and_related_place(world: World) -> None:
    async def act(editor: Editor) -> None:
        uri = await editor.open(world.own, MODELS)
        found = editor.diagnostic(uri, "QL209")
        assert found.severity == types.DiagnosticSeverity.Warning
        assert found.range == types.Range(types.Position(6, 13), types.Position(6, 16))
        assert found.code_description is not None
        assert found.code_description.href == (folder("docs/findings") / "QL209.md").as_uri()
        (related,) = found.related_information or ()
        assert related.message == "the first, which wins"
        assert related.location == types.Location(
            uri, types.Range(types.Position(4, 13), types.Position(4, 16))
        )

    edit(world, act)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
def test_places_are_right_beyond_ascii_in_each_encoding(world: World, encoding: str) -> None:
    before = '{"é😀\u2028": "漢",'
    text = f'{before} "modelProviders": {{"openaii": []}}}}'
    capabilities = types.ClientCapabilities(
        general=types.GeneralClientCapabilities(
            position_encodings=[types.PositionEncodingKind(encoding)]
        )
    )

    async def act(editor: Editor) -> None:
        assert editor.result.capabilities.position_encoding == encoding
        uri = await editor.open(world.own, text)
        start = editor.diagnostic(uri, "QL202").range.start
        before = text[: text.index('"openaii"')]
        encoded = before.encode(
            {"utf-8": "utf-8", "utf-16": "utf-16-le"}.get(encoding, "utf-32-le")
        )
        width = {"utf-8": 1, "utf-16": 2, "utf-32": 4}[encoding]
        assert (start.line, start.character) == (0, len(encoded) // width)
        assert "is not an auth type" not in await editor.hover(uri, types.Position(0, 1))
        assert "unknown auth type" in await editor.hover(uri, start)

    edit(world, act, capabilities=capabilities)


def test_change_in_one_scope_updates_the_other_open_files(world: World) -> None:
    async def act(editor: Editor) -> None:
        user = await editor.open(world.user, USER)
        own = await editor.open(world.own, {"$version": 4, "model": {"name": "mine"}})
        assert "QL301" not in editor.codes(own)
        text = json.dumps({"$version": 4, "modelProviders": {"openai": []}})
        editor.type(own, text)
        await editor.until(lambda: "QL301" in editor.codes(own))
        (related,) = editor.diagnostic(own, "QL301").related_information or ()
        assert related.location.uri == user
        editor.type(user, "{}")
        await editor.until(lambda: "QL301" not in editor.codes(own))

    edit(world, act)


def test_models_that_are_defined_differently_lead_to_each_other(world: World) -> None:
    async def act(editor: Editor) -> None:
        other = MODELS.replace("OTHER_API_KEY", "ANOTHER_API_KEY")
        user = await editor.open(world.user, other)
        own = await editor.open(world.own, MODELS)
        related = editor.diagnostic(own, "QL304").related_information or ()
        assert [(each.location.uri, each.location.range.start.line) for each in related] == [
            (own, 5),
            (user, 5),
        ]

    edit(world, act)


def test_unsaved_text_counts_and_not_the_disk(world: World) -> None:
    async def act(editor: Editor) -> None:
        uri = await editor.open(world.own, MODELS)
        editor.type(uri, "{}")
        await editor.until(lambda: not editor.said[uri])
        assert editor.judged[uri] == 2
        assert world.own.read_text() == MODELS

    edit(world, act)


def test_error_in_one_file_is_named_in_the_others(world: World) -> None:
    async def act(editor: Editor) -> None:
        user = await editor.open(world.user, USER)
        own = await editor.open(world.own, MODELS)
        editor.type(user, '{\n  "model": ,\n}')
        await editor.until(lambda: editor.codes(user) == ["QL101"])
        await editor.until(lambda: len(editor.said[own]) == 1)
        (only,) = editor.said[own]
        assert only.message == "not checked: ~/.qwen/settings.json:2: expected a value"
        editor.type(user, json.dumps(USER))
        await editor.until(lambda: "QL209" in editor.codes(own))

    edit(world, act)


def test_file_that_is_not_open_can_keep_a_project_unread(world: World) -> None:
    async def act(editor: Editor) -> None:
        write(world.user, "{")
        own = await editor.open(world.own, MODELS)
        (only,) = editor.said[own]
        said = "not checked: ~/.qwen/settings.json:1: unterminated object"
        assert only == diagnostic(said, types.DiagnosticSeverity.Error)

    edit(world, act)


def test_lock_is_checked_where_it_is_open(world: World) -> None:
    async def act(editor: Editor) -> None:
        write(world.own, MODELS.replace('"openaii": []', '"gemini": []'))
        assert world.run("lock").exit_code == 0
        lock = await editor.show(world.lock)
        assert editor.said[lock] == []
        own = await editor.open(world.own, MODELS.replace('"id": "b"', '"id": "c"'))
        await editor.until(lambda: bool(editor.said[lock]))
        (only,) = editor.said[lock]
        assert only == diagnostic("the lock does not match the settings: run `qwenlock lock`")
        editor.type(own, MODELS.replace('"id": "b"', '"id": "c"'))
        editor.type(lock, editor.texts[lock].replace('"b"', '"c"'))
        await editor.until(lambda: "QL114" in editor.codes(lock))
        editor.type(lock, "<<<<<<< ours")
        await editor.until(lambda: bool(editor.codes(lock)) and "QL114" not in editor.codes(lock))
        assert own in editor.said

    edit(world, act)


def test_configuration_is_checked_and_counts(world: World) -> None:
    async def act(editor: Editor) -> None:
        own = await editor.open(world.own, MODELS)
        toml = await editor.open(world.project / "qwenlock.toml", 'clientt = "guide"\n')
        assert editor.codes(toml) == ["QL121"]
        assert editor.said[toml][0].range.start == types.Position(0, 0)
        editor.type(toml, '[lint]\nignore = ["QL2"]\n')
        await editor.until(lambda: editor.codes(own) == [] and editor.codes(toml) == [])

    edit(world, act)


def test_file_of_the_system_is_checked(world: World) -> None:
    async def act(editor: Editor) -> None:
        write(world.own, "{}")
        uri = await editor.open(world.system / "settings.json", MODELS)
        assert "QL209" in editor.codes(uri)
        at = editor.diagnostic(uri, "QL209").range
        assert await editor.actions(uri, at) == {}  # qwenlock writes no file of the system

    edit(world, act)


@pytest.mark.parametrize("folders", [True, False])
def test_users_file_alone_is_checked_with_the_workspace(world: World, folders: bool) -> None:
    async def act(editor: Editor) -> None:
        write(world.own, {"modelProviders": {"openai": []}})
        uri = await editor.open(world.user, MODELS.replace("openaii", "gemini"))
        assert "QL209" not in editor.codes(uri)  # the project owns the catalogue
        write(world.own, "{}")
        editor.client.workspace_did_change_watched_files(
            types.DidChangeWatchedFilesParams(
                [types.FileEvent(world.own.as_uri(), types.FileChangeType.Changed)]
            )
        )
        await editor.until(lambda: "QL209" in editor.codes(uri))

    edit(world, act, folders=folders)


def test_other_files_are_left_alone(world: World) -> None:
    async def act(editor: Editor) -> None:
        own = await editor.open(world.own, "{}")
        uri = editor.send(write(world.project / "package.json", '{"modelProviders": 1,}'))
        editor.type(own, MODELS)
        await editor.until(lambda: "QL209" in editor.codes(own))
        assert await editor.lenses(uri) == []
        assert await editor.hover(uri, types.Position(0, 2)) == ""
        assert (
            await editor.actions(uri, types.Range(types.Position(0, 2), types.Position(0, 2))) == {}
        )
        assert await editor.offered(uri, types.Position(0, 2)) == {}
        editor.client.text_document_did_close(
            types.DidCloseTextDocumentParams(types.TextDocumentIdentifier(uri))
        )
        editor.type(own, "{}")
        await editor.until(lambda: editor.said[own] == [])
        assert list(editor.said) == [own]
        assert editor.messages == []

    edit(world, act)


@pytest.mark.parametrize("scheme", ["git:", "untitled:", "vscode-remote://host", "file://server"])
def test_uri_that_is_not_a_local_file_is_ignored(world: World, scheme: str) -> None:
    """An editor shows the version of a commit under the path of the file."""

    async def act(editor: Editor) -> None:
        uri = await editor.open(world.own, MODELS)
        other = types.TextDocumentItem(f"{scheme}{world.own.as_posix()}", "json", 1, "{}")
        editor.client.text_document_did_open(types.DidOpenTextDocumentParams(other))
        editor.type(uri, f"\n{MODELS}")
        await editor.until(lambda: editor.diagnostic(uri, "QL209").range.start.line == 7)
        await editor.lenses(uri)
        assert list(editor.said) == [uri]

    edit(world, act)


def test_editor_gets_some_of_many_findings_and_the_number_of_the_others(world: World) -> None:
    fields = ", ".join(f'"unknown-{number}": 1' for number in range(1_005))

    async def act(editor: Editor) -> None:
        await editor.open(world.lock, "{}")
        await editor.open(world.user, "{}")
        uri = await editor.open(world.own, MODELS.replace('"id": "b"', f'"id": "b", {fields}'))
        codes = editor.codes(uri)
        assert codes.count("QL212") == 1_000
        more = "… and 5 more QL212: `qwenlock lint --format json`"
        assert diagnostic(more, types.DiagnosticSeverity.Information) in editor.said[uri]

    edit(world, act)


def test_many_changes_are_checked_once(world: World) -> None:
    async def act(editor: Editor) -> None:
        uri = await editor.open(world.own, "{}")
        before = editor.published
        for number in range(20):
            editor.type(uri, MODELS.replace('"b"', f'"b{number}"'))
        await editor.until(lambda: "QL209" in editor.codes(uri))
        assert editor.published == before + 1

    edit(world, act)


def test_closed_file_has_no_findings(world: World) -> None:
    async def act(editor: Editor) -> None:
        uri = await editor.open(world.own, MODELS)
        name = types.TextDocumentIdentifier(uri)
        editor.client.text_document_did_close(types.DidCloseTextDocumentParams(name))
        await editor.until(lambda: editor.said[uri] == [])
        assert editor.judged[uri] is None

    edit(world, act)


# Code actions

REPAIRED = [
    code
    for code in RULES
    if example(code).repair and example(code).at.startswith(".qwen/settings.json:")
]


@pytest.mark.parametrize("code", REPAIRED)
def test_action_repairs_as_lint_does(world: World, code: str) -> None:
    page = example(code)
    _, _, *arguments = page.command.split()
    client = arguments[arguments.index("--client") + 1] if "--client" in arguments else None

    async def act(editor: Editor) -> None:
        if client:
            write(world.project / "qwenlock.toml", f'client = "{client}"\n')
        write_files(page.before, world)
        uri = await editor.show(world.own)
        found = [each for each in editor.said[uri] if each.code == code]
        actions = await editor.actions(uri, found[0].range)
        fixes = {title: each for title, each in actions.items() if title.startswith(f"Fix {code}")}
        title, action = next(iter(fixes.items()))
        assert ("(unsafe" in title) == (page.repair == "unsafe")
        assert action.is_preferred == (page.repair == "safe")
        assert [each.code for each in action.diagnostics or ()] == [code]
        (after,) = editor.after(action.edit).values()
        options = ["--unsafe-fixes"] if page.repair == "unsafe" else []
        done = world.run("lint", "--fix", *options, "--select", code, "--yes", *arguments)
        assert world.own.read_text(encoding="utf-8") == after, done

    edit(world, act)


@pytest.mark.parametrize(
    ("automatic", "ignored", "fixed"),
    [(False, "", "QL115"), (True, "QL209", "QL115"), (True, "QL115", "QL209")],
)
def test_everything_safe_that_counts_is_fixed_at_once(
    world: World, automatic: bool, ignored: str, fixed: str
) -> None:
    text = MODELS.replace('"$version": 4,', '"$version": 4, // qwenlock: ignore[QL101]')

    async def act(editor: Editor) -> None:
        uri = await editor.open(world.own, text)
        anywhere = types.Range(types.Position(0, 0), types.Position(0, 0))
        assert await editor.actions(uri, anywhere, ["quickfix"]) == {}
        assert await editor.actions(uri, anywhere, automatic=True) == {}  # the cursor moved
        (action,) = (
            await editor.actions(uri, anywhere, ["source.fixAll"], automatic=automatic)
        ).values()
        (after,) = editor.after(action.edit).values()
        world.run("lint", "--fix", "--yes", "--client", "0.24.4")
        assert world.own.read_text() == after
        write(
            world.user, {"$version": 4, "security": {"auth": {"apiKey": ""}}}
        )  # that is safe, too
        editor.type(uri, after)
        await editor.until(lambda: fixed not in editor.codes(uri))
        assert await editor.actions(uri, anywhere, ["source.fixAll"]) == {}

    if ignored:
        write(world.project / "qwenlock.toml", f'[lint]\nignore = ["{ignored}"]\n')
    edit(world, act)


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_comment_suppresses_a_finding(world: World, ending: str) -> None:
    async def act(editor: Editor) -> None:
        uri = await editor.open(world.own, MODELS.replace("\n", ending).encode())
        for code in ("QL202", "QL209"):
            at = editor.diagnostic(uri, code).range
            action = (await editor.actions(uri, at))[f"Ignore {code} here, with a comment"]
            (after,) = editor.after(action.edit).values()
            editor.type(uri, after)
            await editor.until(lambda code=code: code not in editor.codes(uri))  # type: ignore[misc]
        assert after.count(f"    // qwenlock: ignore[QL202]{ending}") == 1

    edit(world, act)


def test_editor_without_versions_gets_plain_edits(world: World) -> None:
    async def act(editor: Editor) -> None:
        uri = await editor.open(world.own, MODELS)
        actions = await editor.actions(uri, editor.diagnostic(uri, "QL202").range)
        change = next(iter(actions.values())).edit
        assert change is not None
        assert list(change.changes or ()) == [uri]
        assert change.document_changes is None

    edit(world, act, capabilities=types.ClientCapabilities())


# Commands


@pytest.mark.parametrize(
    ("refusal", "said"),
    [
        (None, []),
        ("", ["Info: nothing was changed: the editor refused"]),
        ("it is locked", ["Info: nothing was changed: it is locked"]),
    ],
)
def test_model_is_selected_by_an_edit(world: World, refusal: str | None, said: list[str]) -> None:
    async def act(editor: Editor) -> None:
        editor.refusal = refusal
        uri = await editor.open(world.own, MODELS)
        at = types.Range(position(MODELS, '"b"'), position(MODELS, '"b"'))
        action = (await editor.actions(uri, at, ["refactor"]))["Select this model"]
        assert await editor.actions(uri, at, ["quickfix", "ref"]) == {}
        assert action.command is not None
        await editor.run(action.command)
        (change,) = editor.edits
        (after,) = editor.after(change).values()
        assert json.loads(after)["model"]["name"] == "b"
        assert editor.labels == ["select openai/b in .qwen/settings.json"]
        assert editor.messages == said
        assert world.own.read_text() == MODELS  # the editor saves, if its user does

    edit(world, act)


def test_editor_that_can_shows_a_change_first(world: World) -> None:
    capabilities = types.ClientCapabilities(
        workspace=types.WorkspaceClientCapabilities(
            apply_edit=True,
            workspace_edit=types.WorkspaceEditClientCapabilities(
                document_changes=True,
                change_annotation_support=types.ChangeAnnotationsSupportOptions(),
            ),
        )
    )

    async def act(editor: Editor) -> None:
        uri = await editor.open(world.own, MODELS)
        lenses = await editor.lenses(uri)
        await editor.run(next(command for _, command in lenses if command.title == "select"))
        (change,) = editor.edits
        assert change.change_annotations == {
            "qwenlock": types.ChangeAnnotation("qwenlock", True, editor.labels[0])
        }
        (changed,) = change.document_changes or ()
        assert isinstance(changed, types.TextDocumentEdit)
        (after,) = changed.edits
        assert isinstance(after, types.AnnotatedTextEdit)
        assert after.annotation_id == "qwenlock"
        assert json.loads(applied(MODELS, [after]))["model"]["name"] == "b"

    edit(world, act, capabilities=capabilities)


@pytest.mark.parametrize(
    ("keeps", "options"), [(None, ["--keep-selection"]), ("true", []), ("false", [])]
)
def test_plan_is_upgraded_by_an_edit(world: World, keeps: str | None, options: list[str]) -> None:
    settings = installed("0.12.0")
    if keeps:
        write(world.project / "qwenlock.toml", f"keep-selection = {keeps}\n")
    settings["model"]["name"] = settings["modelProviders"]["openai"][1]["id"]

    async def act(editor: Editor) -> None:
        uri = await editor.open(world.own, json.dumps(settings, indent=2))
        assert "QL504" in editor.codes(uri)
        at = editor.diagnostic(uri, "QL504").range
        actions = await editor.actions(uri, at)
        (title,) = (each for each in actions if each.startswith("Upgrade this plan: "))
        await editor.run(actions[title].command or pytest.fail("no command"))
        (change,) = editor.edits
        (after,) = editor.after(change).values()
        done = world.run("upgrade", *options, "--yes", "--client", "0.24.4")
        assert world.own.read_text() == after, done
        (label,) = editor.labels
        assert label is not None
        assert label.startswith("upgrade Bailian Coding Plan: 0.12.0 to ")

    edit(world, act)


@pytest.mark.parametrize(
    ("answer", "kept"), [("Keep my edits", True), ("Replace them", False), ("Stop", None)]
)
def test_edits_of_a_plan_are_asked_about(world: World, answer: str, kept: bool | None) -> None:
    settings = installed("0.12.0")
    settings["modelProviders"]["openai"][0]["generationConfig"]["contextWindowSize"] = 7

    async def act(editor: Editor) -> None:
        uri = await editor.open(world.own, json.dumps(settings, indent=2))
        editor.answers = [answer]
        lenses = await editor.lenses(uri)
        await editor.run(next(each for _, each in lenses if each.command == "qwenlock.upgrade"))
        (asked,) = editor.asked
        edited = "generationConfig.contextWindowSize"
        assert asked.splitlines() == [
            "Info: nothing was written: edits of Bailian Coding Plan would be lost",
            f"  qwen3.5-plus {edited}: template 1000000, yours 7, new 1000000",
            "`--on-edited keep` keeps the edits that still apply, `--on-edited replace` drops them",
            "You edited models of this plan.",
        ]
        assert editor.choices == [["Keep my edits", "Replace them", "Stop"]]
        assert bool(editor.edits) == (kept is not None)
        for change in editor.edits:
            (after,) = editor.after(change).values()
            assert ('"contextWindowSize": 7' in after) == kept

    edit(world, act)


LEGACY = json.dumps(
    {
        "$version": 4,
        "security": {
            "auth": {"selectedType": "openai", "apiKey": KEY, "baseUrl": "https://x.test/v1"}
        },
        "model": {"name": "m"},
    },
    indent=2,
)


@pytest.mark.parametrize("answer", ["Write it", "Stop"])
def test_key_is_migrated_only_after_a_preview(world: World, answer: str) -> None:
    async def act(editor: Editor) -> None:
        uri = await editor.open(world.own, LEGACY)
        actions = await editor.actions(uri, editor.diagnostic(uri, "QL403").range)
        action = actions["Migrate this key (qwenlock migrate --only api-key)"]
        editor.answers = [answer]
        await editor.run(action.command or pytest.fail("no command"))
        files = ".qwen/.env, .qwen/settings.json"
        (asked,) = editor.asked
        reason, question = asked.splitlines()
        assert reason.startswith("Info: .qwen/settings.json: Move security.auth.apiKey and baseUrl")
        assert question == f"Write {files}? The diff is in the server's log."
        assert editor.choices == [["Write it", "Stop"]]
        wrote = f"Info: wrote {files}; `qwenlock undo` reverts it"
        assert editor.messages == ([wrote] if answer == "Write it" else [])
        (logged,) = editor.logged
        assert logged.startswith(
            "Info: --- /dev/null\n+++ b/.qwen/.env\n@@ -0,0 +1 @@\n+OPENAI_API_K"
        )
        assert KEY not in asked + logged
        assert (world.own.read_text() == LEGACY) == (answer == "Stop")
        files = list(world.project.rglob(".env"))
        assert bool(files) == (answer == "Write it")
        for path in files:
            assert KEY in path.read_text()
            assert path.stat().st_mode & 0o777 == 0o600
            assert " migrate " in world.run("history").out
            assert world.run("undo", "--yes").exit_code == 0
            assert world.own.read_text() == LEGACY

    edit(world, act)


def test_settings_are_migrated_by_an_edit(world: World) -> None:
    auth = {"auth": {"apiKey": KEY, "baseUrl": "https://x.test/v1"}}  # which can be migrated, too
    settings = {"selectedAuthType": "openai", "theme": "x", "security": auth}
    old = json.dumps({**settings, "model": {"name": "m"}}, indent=2)

    async def act(editor: Editor) -> None:
        uri = await editor.open(world.own, old)
        actions = await editor.actions(uri, editor.diagnostic(uri, "QL106").range)
        action = actions["Migrate these settings (qwenlock migrate --only settings-version)"]
        await editor.run(action.command or pytest.fail("no command"))
        (after,) = editor.after(editor.edits[0]).values()
        options = ["--only", "settings-version", "--client", "0.24.4"]
        done = world.run("migrate", *options, "--yes")
        assert world.own.read_text() == after, done

    edit(world, act)


def test_key_in_the_settings_is_moved_out_of_them(world: World) -> None:
    settings = json.loads(MODELS) | {"env": {"OPENAI_API_KEY": KEY}}

    async def act(editor: Editor) -> None:
        uri = await editor.open(world.own, json.dumps(settings, indent=2))
        actions = await editor.actions(uri, editor.diagnostic(uri, "QL404").range)
        action = actions["Move this key to a .env file (qwenlock migrate --only env-secrets)"]
        editor.answers = ["Write it"]
        await editor.run(action.command or pytest.fail("no command"))
        assert KEY not in world.own.read_text()
        assert KEY not in "\n".join([*editor.asked, *editor.messages, *editor.logged])

    edit(world, act)


def test_file_that_is_not_open_is_changed_by_an_edit_too(world: World) -> None:
    text = "\ufeff" + json.dumps({**USER, "security": {}})

    async def act(editor: Editor) -> None:
        write(world.user, text)
        await editor.open(world.own, {"model": {}})
        arguments = [str(world.project), "mine", "openai"]
        await editor.run(types.Command("", "qwenlock.select", arguments=list(arguments)))
        (change,) = editor.edits[0].document_changes or ()
        assert isinstance(change, types.TextDocumentEdit)
        assert change.text_document.uri == world.user.as_uri()
        assert change.text_document.version is None
        after = applied(text[1:], list(change.edits))  # an editor does not count the mark
        assert json.loads(after)["model"]["name"] == "mine"

    edit(world, act)


def test_unsaved_text_is_not_overwritten(world: World) -> None:
    async def act(editor: Editor) -> None:
        uri = await editor.open(world.own, LEGACY)
        editor.type(uri, LEGACY + "\n")
        actions = await editor.actions(uri, editor.diagnostic(uri, "QL403").range)
        action = next(each for title, each in actions.items() if title.startswith("Migrate"))
        await editor.run(action.command or pytest.fail("no command"))
        assert editor.asked == []
        assert editor.messages == [
            "Error: .qwen/settings.json is not saved: save it, then try again"
        ]
        assert world.own.read_text() == LEGACY

    edit(world, act)


def test_command_that_fails_says_why(world: World) -> None:
    async def act(editor: Editor) -> None:
        await editor.open(world.own, MODELS)
        arguments = [str(world.project), "nothing", "openai"]
        await editor.run(types.Command("", "qwenlock.select", arguments=list(arguments)))
        assert editor.edits == []
        await editor.run(types.Command("", "qwenlock.select", arguments=["/elsewhere", "a", "b"]))
        assert editor.messages == [
            "Error: the model 'nothing' is not offered\nrun `qwenlock show` to list the models",
            "Error: the settings cannot be read: correct their errors first",
        ]

    edit(world, act)


def test_command_that_changes_nothing_says_why(world: World) -> None:
    async def act(editor: Editor) -> None:
        oauth = {"security": {"auth": {"apiKey": KEY, "selectedType": "qwen-oauth"}}}
        await editor.open(world.own, {"$version": 4, **oauth, "model": {"name": "coder-model"}})
        arguments = [str(world.project), "api-key", "project"]
        await editor.run(types.Command("", "qwenlock.migrate", arguments=list(arguments)))
        assert editor.messages == [
            f"Warning: .qwen/settings.json: security.auth.apiKey {stays}",
            "Info: nothing to migrate",
        ]
        assert editor.edits == []

    stays = "is not used by the selection, so it stays: select its auth type, or remove it"
    edit(world, act)


# Hover


def test_hover_explains_what_is_there(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    write(world.home / ".qwen" / ".env", f"OTHER_API_KEY={KEY}\n")
    write(world.user, {"$version": 4, "modelProvider": {}})  # with the same finding
    options = '"generationConfig": {"samplingParams": {}}'
    text = MODELS.replace('"name": "a"', f'"name": "a", {options}').replace(
        '"security"', '"fastModel": "b",\n  "modelProvider": {},\n  "security"'
    )

    async def act(editor: Editor) -> None:
        uri = await editor.open(world.own, text)

        async def about(part: str, add: int = 1) -> str:
            said = await editor.hover(uri, position(text, part, add))
            assert KEY not in said
            return said

        assert (await about('"samplingParams"')).startswith(
            "Options such as temperature.\n\n*Atomic"
        )
        assert "OpenAI-compatible APIs" in await about('"openai"')
        assert "OpenAI-compatible APIs" in await about('"selectedType": "openai"', 18)
        assert "The environment variable that holds the API key." in await about('"envKey"')
        model = await about('"a"')
        assert "**a** (openai): selected" in model
        assert "`OPENAI_API_KEY`, which is set in the environment" in model
        assert "Defined in `.qwen/settings.json`, the project scope." in model
        assert "set in `~/.qwen/.env`" in await about('"OTHER_API_KEY"')
        assert "Selects **a** (openai) at `https://api.openai.com/v1`" in await about(
            '"name": "a"', 9
        )
        assert "fast: **b** (openai)" in await about('"fastModel": "b"', 14)
        finding = await about('"openaii"')
        assert "**QL202: " in finding
        assert "docs/findings/QL202.md" in finding
        assert await about('"openaii"', 0) == await about('"openaii"', 9) == finding
        assert (await about('"modelProvider"')).startswith("**QL118: ")
        assert await about("{", 0) == ""

    edit(world, act)


def test_text_of_a_file_is_shown_literally_in_an_editor(world: World) -> None:
    """A picture in a hover would tell a server who opened the repository, and when."""
    odd = "![i](http://evil.example/i) <img src=x> \u202e\x1b[31m"
    entry = {"id": odd, "name": odd, "envKey": "A_KEY", "baseUrl": f"https://x.example/{odd}"}
    settings = {**models(entry), "model": {"name": odd}, "fastModel": odd}
    auth = {"security": {"auth": {"selectedType": "openai"}}}
    text = json.dumps({"$version": 4, **auth, **settings}, indent=1)
    write(world.own, text)
    at = {'"id": ': 8, '"model": {\n  "name": ': 22, '"fastModel": ': 15}

    async def act(editor: Editor) -> None:
        uri = await editor.show(world.own)
        said = [each.message for each in editor.said[uri]]
        said += [command.title for _, command in await editor.lenses(uri)]
        for place, offset in at.items():
            hover = await editor.hover(uri, position(text, place, offset))
            assert "evil" in hover
            assert not re.search(r"(?<!\\)[\[<]", re.sub(r"(?<!\\)`[^`]*`", "", hover))
            said.append(hover)
        said += await editor.offered(uri, position(text, '"fastModel": ', 13))
        assert not re.search("[\u202e\x1b]", "".join(said))

    edit(world, act)


def test_hover_on_a_model_of_a_plan_says_its_version_and_edits(world: World) -> None:
    settings = installed("0.12.0")
    settings["modelProviders"]["openai"][0]["generationConfig"]["contextWindowSize"] = 7
    text = json.dumps(settings, indent=2)

    async def act(editor: Editor) -> None:
        uri = await editor.open(world.own, text)
        said = await editor.hover(uri, position(text, '"id": ', 8))
        assert "(china) 0.12.0; " in said
        assert " is available" in said
        assert "Differs from the template 0.12.0: generationConfig.contextWindowSize." in said
        assert "which is not set" in said

    edit(world, act)


# Completion


def test_names_and_values_are_offered_while_the_text_is_broken(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("HARMLESS", "x")

    async def act(editor: Editor) -> None:
        uri = await editor.open(world.own, MODELS)

        async def offered(part: str, instead: str) -> dict[str, types.CompletionItem]:
            text = MODELS.replace(part, instead, 1)
            editor.type(uri, text.replace("|", "", 1))
            found = await editor.offered(uri, position(text, "|"))
            assert KEY not in repr(found)
            return found

        assert {"anthropic", "gemini"} <= (await offered('"openaii": []', "|")).keys()
        assert "openai" in await offered('"selectedType": "openai"', '"selectedType": |')
        assert {"a", "b"} <= (await offered('"name": "a"', '"name": |')).keys()
        assert list(await offered('"name": "a"', '"name": "|"'))[:2] == ["a", "b"]
        assert {"a", "b"} <= (await offered('"model": {', '"fastModel": "|", "model": {')).keys()
        fields = await offered('{"id": "b", ', '{"id": "b", |, ')
        assert "generationConfig" in fields
        assert "id" not in fields
        options = await offered('{"id": "b", ', '{"id": "b", "generationConfig": {|}, ')
        assert {"timeout", "samplingParams"} <= options.keys()
        variables = await offered('"OTHER_API_KEY"', "|")
        assert next(iter(variables)) == "OPENAI_API_KEY"
        assert variables["OPENAI_API_KEY"].detail == "set in the environment"
        assert "HARMLESS" not in variables
        urls = await offered(f'"OTHER_API_KEY", {URL}', '"OTHER_API_KEY", "baseUrl": "|"')
        plan = load().plan("coding-plan")
        assert {region.base_url for region in plan.regions.values()} <= urls.keys()
        state = '"codingPlan": {"region": |}, "model": {'
        assert list(plan.regions) == list(await offered('"model": {', state))
        item = (await offered('"openaii": []', "|"))["gemini"]
        assert item.text_edit is not None
        assert item.text_edit.new_text == '"gemini": [$1]'

    edit(world, act)


def test_file_that_was_never_valid_is_offered_what_other_open_files_hold(world: World) -> None:
    async def act(editor: Editor) -> None:
        write(world.user, "{")
        await editor.show(world.user)
        editor.type(world.user.as_uri(), json.dumps(USER))
        uri = await editor.open(world.own, '{"model": {"name": }')
        offered = await editor.offered(uri, position('{"model": {"name": }', ": }", 2))
        assert "mine" in offered

    edit(world, act)


def test_offer_replaces_the_token_at_the_cursor(world: World) -> None:
    async def act(editor: Editor) -> None:
        uri = await editor.open(world.own, MODELS)
        text = MODELS.replace('"name": "a"', '"name": "x"')
        editor.type(uri, text)
        found = await editor.offered(uri, position(text, '"x"', 2))
        after = applied(text, [found["b"].text_edit])
        assert json.loads(after)["model"]["name"] == "b"

    edit(world, act)


def test_whole_model_is_offered_as_text_and_as_snippet(world: World) -> None:
    text = '{"modelProviders": {"openai": [ ]}}'

    async def act(editor: Editor) -> None:
        uri = await editor.open(world.own, text)
        item = (await editor.offered(uri, position(text, " ]")))["a model"]
        assert item.text_edit is not None
        is_snippet = item.insert_text_format == types.InsertTextFormat.Snippet
        assert ("${1:" in item.text_edit.new_text) == is_snippet
        if not is_snippet:
            assert json.loads(item.text_edit.new_text)["id"]

    edit(world, act)
    edit(world, act, capabilities=types.ClientCapabilities())


def test_nothing_is_offered_in_a_lock(world: World) -> None:
    async def act(editor: Editor) -> None:
        write(world.own, MODELS)
        uri = await editor.open(world.lock, "{ }")
        assert await editor.offered(uri, types.Position(0, 1)) == {}
        assert await editor.lenses(uri) == []

    edit(world, act)


# Code lenses


def test_lenses_show_the_state_of_models_and_plans(world: World) -> None:
    settings = installed("0.12.0", custom=[])

    async def act(editor: Editor) -> None:
        user = await editor.open(world.user, USER)
        own = await editor.open(world.own, MODELS)
        titles = [command.title for _, command in await editor.lenses(own)]
        assert titles == ["selected", "select", "ignored: the first, on line 5, wins"]
        (hidden,) = (command.title for _, command in await editor.lenses(user))
        assert hidden == "hidden by .qwen/settings.json"
        editor.type(own, json.dumps(settings, indent=2))
        (plan, *models) = [command for _, command in await editor.lenses(own)]
        newest = load().plan("coding-plan").newest().version
        title = f"{load().plan('coding-plan').title} (china)"
        assert plan.title == f"{title} 0.12.0; {newest} is available"
        assert plan.command == "qwenlock.upgrade"
        assert [each.title for each in models].count("selected") == 1
        editor.type(own, json.dumps(installed(newest, custom=[])))
        assert (await editor.lenses(own))[0] == (0, types.Command(f"{title} {newest}", ""))

    edit(world, act)


# Positions

TEXTS = st.text(st.sampled_from('ab"\r\n\u2028\x0cé漢😀\ud800'), max_size=30)
UNITS = {"utf-8": ("utf-8", 1), "utf-16": ("utf-16-le", 2), "utf-32": ("utf-32-le", 4)}


def columns(text: str, encoding: str) -> int:
    codec, width = UNITS[encoding]
    return len(text.encode(codec, errors="surrogatepass")) // width


@given(TEXTS, st.sampled_from(list(UNITS)), st.data())
@untimed(150)
def test_every_offset_comes_back(text: str, encoding: str, data: Any) -> None:
    lines = Lines(text, encoding)
    offset = data.draw(st.integers(0, len(text)))
    if text[offset - 1 : offset + 1] == "\r\n":
        offset -= 1  # an offset cannot be between the two
    at = lines.position(offset)
    last = max(text.rfind("\n", 0, offset), text.rfind("\r", 0, offset)) + 1
    assert at.character == columns(text[last:offset], encoding)
    assert lines.offset(at) == offset


@pytest.mark.parametrize(
    ("before", "after", "where", "new"),
    [
        ("", "a", (0, 0, 0, 0), "a"),
        ("a", "", (0, 0, 0, 1), ""),
        ("abc", "abbc", (0, 2, 0, 2), "b"),
        ("😀a\nb", "😀ab", (0, 3, 1, 0), ""),
        ("a\r\nb", "a\nb", (0, 1, 1, 0), "\n"),
        ("a\nb", "a\r\nb", (0, 1, 1, 0), "\r\n"),
        ("a\r\nb", "a\rb", (0, 1, 1, 0), "\r"),
        ("a\rb", "a\r\nb", (0, 1, 1, 0), "\r\n"),
        ("a\r\nb", "a\r\r\nb", (0, 1, 0, 1), "\r"),
    ],
)
def test_edit_is_small_and_splits_no_line_break(
    before: str, after: str, where: tuple[int, int, int, int], new: str
) -> None:
    line, column, last_line, end = where
    place = types.Range(types.Position(line, column), types.Position(last_line, end))
    assert Lines(before, "utf-16").edit(after) == types.TextEdit(place, new)


@given(TEXTS, TEXTS)
@untimed(150)
def test_edit_makes_the_new_text(before: str, after: str) -> None:
    lines = Lines(before, "utf-16")
    found = lines.edit(after)
    if found is None:
        assert before == after
        return
    start, end = lines.offset(found.range.start), lines.offset(found.range.end)
    assert before[:start] + found.new_text + before[end:] == after


MARKS = st.sampled_from(["", "\ufeff"])


@given(MARKS, TEXTS, st.sampled_from(list(UNITS)), st.tuples(*[st.integers(1, 9)] * 3))
@untimed(100)
def test_place_beyond_the_text_is_at_its_end(
    mark: str, text: str, encoding: str, place: tuple[int, int, int]
) -> None:
    line, column, width = place
    found = Lines(mark + text, encoding).of(Position(line, column, width))
    every = re.split("\r\n|\r|\n", mark + text)
    number = min(line, len(every)) - 1
    first = column - 1 + (len(mark) if number == 0 else 0)
    start, end = (columns(every[number][:at], encoding) for at in (first, first + width))
    assert found == types.Range(types.Position(number, start), types.Position(number, end))


def test_position_beyond_a_line_is_at_its_end() -> None:
    lines = Lines("a😀\r\nb", "utf-16")
    assert [lines.offset(types.Position(0, at)) for at in (0, 1, 2, 3, 9)] == [0, 1, 1, 2, 2]
    assert [lines.offset(types.Position(1, at)) for at in (0, 1, 9)] == [4, 5, 5]
    assert [lines.offset(types.Position(at, 0)) for at in (2, 5)] == [5, 5]


# Any text

PIECES = st.sampled_from(
    ["{", "}", "[", "]", ",", ":", '"', "\\", "//", "/*", "*/", "\n", "\r\n", "é😀", "1", "null",
     '"modelProviders"', '"openai"', '"id"', '"envKey": "X"', '"model"', '"name"', '"$version": 1']
)  # fmt: skip


def changed(data: Any) -> str:
    """Return settings into which something was typed, or from which something was cut."""
    start = data.draw(st.integers(0, len(MODELS)))
    end = data.draw(st.integers(start, min(len(MODELS), start + 40)))
    return MODELS[:start] + "".join(data.draw(st.lists(PIECES, max_size=4))) + MODELS[end:]


@given(st.data())
@untimed(25)
def test_anything_can_be_typed(world: World, data: Any) -> None:
    files = OpenFiles()
    pages = Pages(read_page)
    encoding = data.draw(st.sampled_from(list(UNITS)))
    for _ in range(2):
        text = changed(data)
        file = OpenFile(world.own.as_uri(), world.own, text, 1)
        files.put(file)
        files.forget()
        translator = Translator(files, encoding)
        translator.diagnostics()
        at = translator.lines(text).position(data.draw(st.integers(0, len(text))))
        translator.hover(file, at, pages)
        translator.completions(file, at, snippets=True)
        translator.lenses(file)
        translator.actions(file, types.Range(at, at), types.CodeActionContext([]))


SECRET = "sk-hunter2abcdefghij0123456789"
PLANTED = f"""\
{{
  "$version": 4,
  "env": {{"OPENAI_API_KEY": "{SECRET}"}},
  "modelProviders": {{
    "openai": [
      {{"id": "a", "envKey": "{SECRET}", "baseUrl": "https://u:{SECRET}@x.test/v1"}},
      {{"id": "{SECRET}", "envKey": "OPENAI_API_KEY", "generationConfig": {{
        "customHeaders": {{"Authorization": "Bearer {SECRET}"}}, "{SECRET}": 1}}}},
      {{"id": "{SECRET}", "envKey": "OPENAI_API_KEY"}}
    ],
    "{SECRET}": []
  }},
  "security": {{"auth": {{"selectedType": "openai", "apiKey": "{SECRET}"}}}},
  "model": {{"name": "{SECRET}"}},
  "fastModel": "{SECRET}"
}}
"""


def test_no_answer_holds_a_key(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    write(world.project / ".env", f"OTHER_API_KEY={SECRET}\n")
    for text in (PLANTED, PLANTED.replace('"fastModel"', '"fastModel" "x"')):
        files = OpenFiles()
        translator = Translator(files, "utf-16")
        file = OpenFile(world.own.as_uri(), world.own, text, 1)
        files.put(file)
        said: list[Any] = [*translator.diagnostics().values(), translator.lenses(file)]
        for offset in range(0, len(text), 13):
            at = translator.lines(text).position(offset)
            context = types.CodeActionContext([])
            actions = translator.actions(file, types.Range(at, at), context)
            said += [each.title for each in actions], [each.command for each in actions]
            said += (translator.hover(file, at, Pages(read_page)),)
            said += translator.completions(file, at, snippets=True)
        assert len(repr(said)) > 1000
        assert SECRET not in repr(said)


# Behaviour in an editor


def test_bug_is_reported_without_the_content_of_a_file(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise ValueError(KEY)

    async def act(editor: Editor) -> None:
        uri = await editor.open(world.own, MODELS)
        monkeypatch.setattr("qwenlock.server.translate.about", fails)
        assert await editor.hover(uri, position(MODELS, '"a"', 1)) == ""
        monkeypatch.setattr("qwenlock.server.open_files.configured_findings", fails)
        editor.type(uri, MODELS + " ")
        await editor.hover(uri, position(MODELS, '"a"', 1))
        assert editor.messages == ["Error: qwenlock has a bug: ValueError"]  # once

    edit(world, act)


def test_server_names_its_capabilities(world: World) -> None:
    async def act(editor: Editor) -> None:
        can: types.ServerCapabilities = editor.result.capabilities
        assert editor.result.server_info == types.ServerInfo("qwenlock", __version__)
        assert isinstance(can.text_document_sync, types.TextDocumentSyncOptions)
        assert can.text_document_sync.change == types.TextDocumentSyncKind.Full
        assert can.hover_provider
        assert can.completion_provider == types.CompletionOptions(('"',))
        assert can.code_lens_provider
        kinds = ("quickfix", "refactor", "source.fixAll.qwenlock")
        assert can.code_action_provider == types.CodeActionOptions(kinds)
        commands = ("qwenlock.select", "qwenlock.upgrade", "qwenlock.migrate")
        assert can.execute_command_provider == types.ExecuteCommandOptions(commands)

    edit(world, act)


def test_editor_that_can_is_asked_to_watch_files(world: World) -> None:
    watching = types.DidChangeWatchedFilesClientCapabilities(dynamic_registration=True)
    workspace = types.WorkspaceClientCapabilities(did_change_watched_files=watching)

    async def act(editor: Editor) -> None:
        await editor.until(lambda: bool(editor.watched))
        (watched,) = editor.watched
        names = (".qwen/settings.json", "qwen.lock", "qwenlock.toml", ".env")
        patterns = {"watchers": [{"globPattern": f"**/{name}"} for name in names]}
        method = "workspace/didChangeWatchedFiles"
        assert watched == types.Registration("files", method, patterns)

    edit(world, act, capabilities=types.ClientCapabilities(workspace=workspace))


def test_titles_say_what_a_repair_does(world: World) -> None:
    async def act(editor: Editor) -> None:
        text = MODELS.replace('"id": "b",', '"id": "b", "temperature": 1,')
        uri = await editor.open(world.own, text.replace("openaii", "gemnii"))
        titles = [
            title.removeprefix("Fix ")
            for each in editor.said[uri]
            for title in await editor.actions(uri, each.range)
            if title.startswith("Fix ")
        ]
        unsafe = " (unsafe: it may change requests)"
        assert set(titles) == {
            "QL209: remove this entry",
            f'QL202: rename "gemnii" to "gemini"{unsafe}',
            f'QL212: move "temperature" to generationConfig.samplingParams.temperature{unsafe}',
            "everything in this file that is safe to fix",
        }

    edit(world, act)


def message(method: str, **more: Any) -> bytes:
    body = json.dumps({"jsonrpc": "2.0", "method": method, **more}).encode()
    return b"Content-Length: %d\r\n\r\n%s" % (len(body), body)


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (b"Content-Length: 3\r\n\r\n{x}" + message("exit"), 1),  # which pygls logs
        (message("exit"), 1),
        (b"", 0),
        (message("shutdown", id=1) + message("exit"), 0),
        (message("initialize", id=1, params={"capabilities": {}}) + message("exit"), 1),
        (b"Content-Length: 99999999999999999999\r\n\r\n{}", None),
    ],
)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_streams_are_for_the_protocol_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: bytes, code: int | None
) -> None:
    log = logging.getLogger("pygls")
    monkeypatch.setattr(log, "propagate", True)
    write(tmp_path / "in", said)
    out, err = (tmp_path / name for name in ("out", "err"))
    with (tmp_path / "in").open() as given, out.open("w") as answers, err.open("w") as others:
        for name, stream in (("stdin", given), ("stdout", answers), ("stderr", others)):
            monkeypatch.setattr(sys, name, stream)
        if code is None:
            with pytest.raises(UsageError, match="does not speak the Language Server Protocol"):
                serve()
        else:
            assert serve() == code
        print("a stray word")  # noqa: T201
        assert not log.propagate
        monkeypatch.undo()
    gc.collect()  # otherwise the end of the process would close this stream
    assert err.read_text() == "a stray word\n"
    assert ('"capabilities"' in out.read_text()) == (b"initialize" in said)


def test_person_who_starts_it_sees_a_message(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", SimpleNamespace(isatty=lambda: True))
    result = world.run("server")
    assert result.exit_code == 2
    assert "speaks with an editor" in result.err


def test_missing_extra_is_named(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pygls.lsp.server", None)
    result = world.run("server")
    assert result.exit_code == 2
    assert "pip install" in result.err
    assert "qwenlock[server]" in result.err
