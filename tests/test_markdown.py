"""Markdown as a reader of GitHub sees it: tables are whole, and names are shown literally."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from qwenlock.cli.views.markdown import details, table
from qwenlock.text.foreign import code, prose
from support import World, models, untimed, write

if TYPE_CHECKING:
    from markdown_it.token import Token

SPECIAL = st.sampled_from("|`*_[]<>\\&#@!~$-+.:/ \n\t")
TEXTS = st.text(st.one_of(SPECIAL, st.characters(exclude_categories=["Cs"])), max_size=20)
ODD = "a|b`c` *x* _y_ [l](http://h) ![i](s) <b>&amp; @octocat #1 https://h www.h \\| ~~s~~ \x1b[31m"
ALLOWED_HTML = {"<details>", "</details>", "<summary>", "</summary>"}


def parsed(text: str) -> list[Token]:
    """Return the tokens of GitHub's Markdown, including those within lines."""
    tokens = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(text)
    return [inner for token in tokens for inner in (token, *(token.children or ()))]


def obeyed(tokens: list[Token]) -> set[str]:
    """Return the types of tokens other than text, code and tables."""
    return {token.type for token in tokens} - {
        "inline", "text", "code_inline", "paragraph_open", "paragraph_close", "text_special",
        *(f"{part}_{end}" for part in ("table", "thead", "tbody", "tr", "th", "td")
          for end in ("open", "close")),
    }  # fmt: skip


@untimed(300)
@given(TEXTS, TEXTS)
def test_cells_of_a_table_stay_in_it(one: str, other: str) -> None:
    tokens = parsed(
        table(["a", "b", "c"], [[code(one), prose(other), "x"], ["", code(other), "y"]])
    )
    kinds = [token.type for token in tokens]
    assert (kinds.count("tr_open"), kinds.count("td_open"), kinds.count("table_open")) == (3, 6, 1)
    assert obeyed(tokens) == set()


@untimed(300)
@given(TEXTS.filter(lambda text: bool(text.strip())))
def test_markdown_in_a_sentence_has_no_effect(text: str) -> None:
    """Invisible characters do not count: they keep text from becoming a link."""
    tokens = parsed(f"Here: {prose(text)}")
    assert obeyed(tokens) == set()
    said = "".join(token.content for token in tokens if token.type in ("text", "text_special"))
    assert "@\u200b" in said or "@" not in said or not said.partition("@")[2][:1].isalnum()


def test_details_fold_a_table() -> None:
    tokens = parsed(details("More", table(["a"], [["b"]])))
    assert [token.type for token in tokens].count("table_open") == 1


@pytest.mark.parametrize(
    "command",
    [
        ["show", "--format", "markdown"],
        ["report", "--markdown", "-"],
        ["diff", "old.lock", "qwen.lock", "--format", "markdown"],
    ],
)
def test_markdown_in_a_name_has_no_effect(world: World, command: list[str]) -> None:
    odd = {"id": ODD, "name": ODD, "envKey": "KEY", "generationConfig": {"extra_body": {ODD: ODD}}}
    write(world.own, models({**odd, "name": "x"}, auth_type="openai"))
    world.run("lock")
    write(world.project / "old.lock", world.lock.read_bytes())
    write(world.own, {**models(odd), ODD: {}, "model": {"name": ODD}})
    assert world.run("lock").exit_code == 0
    tokens = parsed(world.run(*command).out)
    kinds = {token.type for token in tokens}
    assert not kinds & {"link_open", "image", "html_inline", "em_open", "s_open", "fence"}
    html = "".join(token.content for token in tokens if token.type == "html_block")
    for tag in ALLOWED_HTML:
        html = html.replace(tag, "")
    assert "<" not in html
    assert len([token for token in tokens if token.type == "tr_open"]) > 1
