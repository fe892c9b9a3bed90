"""Text from files is shown literally, and no project hides the others."""

from __future__ import annotations

import json
import os
import re
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from qwenlock.text import foreign
from support import MODEL, World, models, untimed, write

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PIECES = (
    *("##[command]", "##vso[task.setvariable x=y]", "::stop-commands::x", "::error::", "##", "["),
    *("\x1b]0;owned\x07", "\x9b31m", "\r", "\n", "\t", "\x7f", "\x00", "%0A", "%", ",", ":"),
    *("\u202e", "\u2066", "\u200b", "\u2060", "\xad", "\ufeff", "\u2028", "\U000e0041", "\u3164"),
    *("\ud800", "\udcff", "\udfff", "@octocat", "#1", "https://h", "www.h", "GH-1", "a@b.example"),
    *("[x](y)", "![i](s)", "<b>", "`", "|", "\\", "a", " ", "模型", "\u2764\ufe0f"),
)
TEXTS = st.lists(st.sampled_from(PIECES), max_size=8).map("".join)
UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u200b-\u200c\u200e-\u200f\u2028-\u202e\u2060-\u206f"
    "\u3164\ufeff\ud800-\udfff\U000e0000-\U000e0fff]"
)
COMMAND = re.compile(r"##\[|##vso\[|^\s*::", re.MULTILINE)


@pytest.fixture
def world(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> World:
    def read() -> tuple[str, str]:
        out, err = capfdbinary.readouterr()
        return out.decode(), err.decode()  # which must be UTF-8

    return World(tmp_path, monkeypatch, read)


class TestReaders:
    @untimed(300)
    @given(TEXTS)
    def test_line_is_shown_and_not_obeyed(self, text: str) -> None:
        shown = foreign.clean(text)
        assert not UNSEEN.search(shown)
        assert "\n" not in shown
        assert not COMMAND.search(shown)
        shown.encode()

    @untimed(300)
    @given(TEXTS)
    def test_json_says_the_same(self, text: str) -> None:
        for ascii_only in (True, False):
            shown = foreign.json_text({text: text}, ascii_only=ascii_only)
            same = json.loads(json.dumps(text))  # in which two surrogates can become a pair
            assert json.loads(shown) == {same: same}
            assert not COMMAND.search(shown)
            assert not UNSEEN.search(shown)

    @untimed(300)
    @given(TEXTS)
    def test_property_of_a_command_ends_where_it_ends(self, text: str) -> None:
        shown = foreign.in_property(text)
        assert not set(shown) & set("\r\n:,")
        assert not UNSEEN.search(shown)

    @untimed(300)
    @given(TEXTS)
    def test_markdown_has_no_link(self, text: str) -> None:
        for shown in (foreign.prose(text), foreign.code(text)):
            assert not UNSEEN.search(shown)
            tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(f"| a |\n| - |\n| {shown} |")
            inner = [child for token in tokens for child in token.children or ()]
            assert {child.type for child in inner} <= {"text", "text_special", "code_inline"}
            outside = "".join(child.content for child in inner if child.type != "code_inline")
            assert not re.search(r"[@#]\w|://|www\.|\bGH-\d", outside)

    @untimed(300)
    @given(TEXTS)
    def test_every_name_has_a_uri_and_bytes(self, text: str) -> None:
        assert re.fullmatch(r"[\w%./~-]*", foreign.as_uri(text), re.ASCII)
        foreign.as_bytes(text).decode()

    def test_code_is_one_line_of_a_table(self) -> None:
        assert foreign.code("a`b|c\td\ne") == "`a'b\\|c\\x09d\\x0ae`"
        assert foreign.code("") == foreign.code(" ") == ""

    def test_uri_keeps_the_bytes_of_a_name(self) -> None:
        assert foreign.as_uri(os.fsdecode(b"a/\xff.json")) == "a/%FF.json"

    def test_emoji_are_text(self) -> None:
        assert foreign.clean(text := "\u2764\ufe0f \U0001f468\u200d\U0001f469 模型 é") == text


COMMANDS = (
    *(["check", "--format", each] for each in ("text", "json", "github", "gitlab", "sarif")),
    *(["lint", "--format", each] for each in ("text", "json", "github", "gitlab", "sarif")),
    *(["report", each, "-"] for each in ("--markdown", "--html")),
    ["report", "--format", "json"],
    *(["show", "--format", each] for each in ("text", "json", "markdown")),
    *(["resolve", "--format", each] for each in ("text", "json")),
    ["lock"],
    ["lock", "--check"],
    ["run", "--", "true"],
    ["select", "b", "--dry-run"],
    ["migrate", "--dry-run"],
    ["upgrade", "--dry-run", "--region", "china"],
    ["init", "--dry-run"],
    ["init", "--dry-run", "--format", "json"],
    ["doctor"],
    ["export"],
)


def settings(odd: str) -> Iterator[dict[str, object]]:
    """Yield settings with `odd` in each place, of which not all compile."""
    entry = {**MODEL, "id": odd or "x", "name": odd}
    yield models(MODEL, entry)
    yield models(MODEL | {"generationConfig": {"extra_body": {odd: {odd: odd}}, odd: 1}, odd: odd})
    yield {**models(MODEL), "model": {"name": odd}, "env": {odd: odd}, odd: {}}
    yield {"modelProviders": {odd: [MODEL]}, "security": {"auth": {"selectedType": odd}}}


ODD = (
    *("\ud800", "\udcff", "##[command]rm", "x##vso[task]", "::stop-commands::x", "\x1b[31m\n::x::"),
    *("\u202e\u200b\u2028", "a\r\nb", "%0A::error::", "\x00"),
)


@pytest.mark.slow
@pytest.mark.parametrize("odd", ODD, ids=ascii)
def test_no_command_fails_at_or_obeys_a_text(world: World, odd: str) -> None:
    for each in settings(odd):
        world.clear()
        write(world.own, json.dumps(models(MODEL)))
        world.run("lock")
        write(world.own, json.dumps(each))
        for command in COMMANDS:
            if command[0] == "run" and sys.platform == "win32":
                continue
            result = world.run(*command) if command[0] != "run" else world.run("lock", "--check")
            assert result.exit_code in range(5), (command, result)
            made = command[0] in ("check", "lint") and "github" in command
            for text in (result.out, result.err):
                found = COMMAND.findall(text)
                assert not found or (made and set(found) == {"::"}), (command, found)
                assert not UNSEEN.search(text), command


def test_a_lock_that_differs_is_shown_line_by_line(world: World) -> None:
    write(world.own, models(MODEL))
    world.run("lock")
    write(world.own, models(MODEL, MODEL | {"id": "a\nb"}))
    result = world.run("run", "--", "true")
    assert result.exit_code == 1
    assert "\n+ model openai/a\\x0ab\n" in f"\n{result.err}"
    assert "settings\\x0a" not in result.err


FORMATS = ("text", "json", "github", "gitlab", "sarif")


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="file names are Unicode there")
@pytest.mark.parametrize("format", FORMATS)
def test_one_bad_project_does_not_hide_the_others(world: World, format: str) -> None:  # noqa: A002
    bad = {
        "surrogate": json.dumps(models(MODEL | {"\ud800": 1, "id": "\ud800"})).encode(),
        os.fsdecode(b"\xff"): json.dumps(models(MODEL)).encode(),
        "garbage": b"{",
        "bidi\u202e##[command]": json.dumps(models(MODEL)).encode(),
    }
    for name, content in {"a": json.dumps(models(MODEL)).encode(), **bad}.items():
        folder = world.project / name / ".qwen"
        folder.mkdir(parents=True)
        write(folder / "settings.json", content)
        write(folder.parent / "qwen.lock", "")
    result = world.run("check", "--recursive", "--format", format)
    assert result.exit_code == 3
    for name in ("a", "surrogate", "garbage"):
        assert re.search(rf'"{name}"|{name}/qwen.lock', result.out + result.err)
    if format in ("json", "gitlab", "sarif"):
        json.loads(result.out)
    if format == "github":
        assert result.out.count("\n::error ") + result.out.startswith("::error ") >= 5
        assert "%FF" in result.out or "\\udcff" in result.out


def test_a_bug_in_one_project_does_not_hide_the_others(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from qwenlock.compile import compiler

    compile_project = compiler.compile_project
    for name in ("a", "b", "c"):
        (world.project / name).mkdir()
        write(world.project / name / "qwen.lock", "")

    def failing(project: object) -> object:
        if project.places.project.name == "b":  # type: ignore[attr-defined]
            raise ZeroDivisionError
        return compile_project(project)  # type: ignore[arg-type]

    monkeypatch.setattr(compiler, "compile_project", failing)
    result = world.run("check", "--recursive", "--format", "github")
    assert result.exit_code == 70
    assert "qwenlock has a bug: ZeroDivisionError" in result.out
    assert result.out.count("::error") == 3
