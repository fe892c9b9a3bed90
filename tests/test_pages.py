"""Pages are run as by a reader, and wrong output is noticed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pages import blocks, matches, rewritten, steps

if TYPE_CHECKING:
    from pathlib import Path


def console(*lines: str) -> str:
    return "```console\n" + "".join(f"{line}\n" for line in lines) + "```\n"


def test_files_are_written_where_the_shell_is_and_the_shell_stays_open(tmp_path: Path) -> None:
    page = (
        console("$ export NAME=x HOME=~/other", "$ mkdir -p ~/in && cd ~/in")
        + '```json title="~/a.json"\n{}\n```\n'
        + '```json title=".qwen/b.json"\n[]\n```\n'
        + console("$ cat ~/a.json .qwen/b.json", "$ echo $NAME ~", "$ pwd")
    )
    now = rewritten(page, tmp_path)
    assert now.endswith(
        console(
            "$ cat ~/a.json .qwen/b.json",
            *("{}", "[]"),
            *("$ echo $NAME ~", "x /home/you/other"),
            *("$ pwd", "/home/you/other/in"),
        )
    )


def test_a_correct_page_is_not_changed(tmp_path: Path) -> None:
    page = "# Title\n\n" + console(
        "$ qwenlock --version", "[…]", "$ printf '%s\\n' a \\", "> b", "a", "b"
    )
    assert rewritten(page, tmp_path) == page


def test_what_is_printed_replaces_what_is_shown(tmp_path: Path) -> None:
    now = rewritten(console("$ seq 3", "1", "[…]", "4", "$ echo a", "b"), tmp_path)
    assert now == console("$ seq 3", "1", "2", "3", "$ echo a", "a")


def test_a_failure_must_be_shown(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="exits 3"):
        rewritten(console("$ (exit 3)", "$ echo on"), tmp_path / "hidden")
    now = rewritten(console("$ (exit 3)", "$ echo $?"), tmp_path / "shown")
    assert now == console("$ (exit 3)", "$ echo $?", "3")


def test_a_secret_must_not_be_shown(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="shows a secret"):
        rewritten(console("$ echo key-of-Hunter2"), tmp_path)


def test_output_that_would_end_the_block_must_be_shortened(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="prints the end of a block"):
        rewritten(console("$ echo '```'"), tmp_path)


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [
        ("a\n", "a\n", True),
        ("[…]\n", "", True),
        ("a\n[…]\nc\n", "a\nb\nb\nc\n", True),
        ("a\n[…]\nc\n", "a\nb\n", False),
        ("[…]\nb\n", "a\nb\nc\n", False),
        ("a.\n", "ab\n", False),
    ],
)
def test_left_out_lines_stand_for_any(shown: str, printed: str, same: bool) -> None:
    assert matches(shown, printed) is same


def test_blocks_know_their_file_and_the_comment_before_them() -> None:
    text = '<!-- not run: no -->\n```sh\nnpm\n```\n\n```json title="a/b.json"\n{}\n```\n'
    first, second = blocks(text)
    assert (first.language, first.mark, first.title) == ("sh", "not run: no", None)
    assert (second.language, second.mark, second.title) == ("json", "", "a/b.json")


def test_output_without_a_command_is_noticed() -> None:
    (block,) = blocks(console("a"))
    with pytest.raises(AssertionError, match="without a command"):
        steps(block)
