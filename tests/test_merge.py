"""`qwenlock merge`: settings are merged by meaning, as a merge driver of git."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwenlock.change.merging import merged_settings
from support import JSON, World, models, plainly_read, strict, untimed, write
from test_workspace import git

if TYPE_CHECKING:
    from pathlib import Path

A = '{ "id": "a", "envKey": "A_KEY" }'
B = '{ "id": "b", "envKey": "B_KEY" }'
C = '{ "id": "c", "envKey": "C_KEY" }'


def document(*entries: str, more: str = '"model": { "name": "a" }') -> str:
    listed = ",\n".join(f"      {each}" for each in entries)
    return f'{{\n  "modelProviders": {{\n    "openai": [\n{listed}\n    ]\n  }},\n  {more}\n}}\n'


def ids(text: str) -> list[str]:
    return [each["id"] for each in plainly_read(text)["modelProviders"]["openai"]]


def test_both_may_append_to_one_array() -> None:
    merged = merged_settings(document(A), document(A, B), document(A, C))
    assert (ids(merged.text), merged.conflicts) == (["a", "b", "c"], ())
    assert merged.text == document(A, B, C)


def test_added_model_comes_with_its_comments_and_ours_stay() -> None:
    ours = document(f"// ours\n      {A}", B)
    theirs = document(A, f"// why\n      // we need it\n      {C} // theirs")
    merged = merged_settings(document(A), ours, theirs)
    for comment in ("// ours", "// why", "// we need it", "// theirs"):
        assert comment in merged.text
    assert ids(merged.text) == ["a", "b", "c"]


def test_byte_order_marks_do_not_hinder_a_merge() -> None:
    base, ours, theirs = (f"\ufeff{each}" for each in (document(A), document(A, B), document(A, C)))
    merged = merged_settings(base, ours, theirs)
    assert (merged.text, merged.conflicts) == (f"\ufeff{document(A, B, C)}", ())


def test_removed_changed_and_moved_entries() -> None:
    changed = A.replace("A_KEY", "OTHER")
    merged = merged_settings(document(A, B), document(A, B, C), document(changed))
    assert merged.text == document(changed, C)
    same = merged_settings(document(A, B, C), document(A, B, C), document(C, A, B))
    assert ids(same.text) == ["c", "a", "b"]
    both = merged_settings(document(A, B, C), document(B, A, C), document(C, A, B))
    assert both.conflicts == (("modelProviders", "openai"),)


def test_conflict_only_where_both_changed_one_entry() -> None:
    mine, other = A.replace("A_KEY", "MINE"), A.replace("A_KEY", "OTHER")
    merged = merged_settings(document(A), document(mine, B), document(other, C))
    assert merged.conflicts == (("modelProviders", "openai", 0),)
    theirs = merged_settings(document(A), document(mine, B), document(other, C), "theirs")
    assert theirs.text == document(other, B, C)
    assert not merged_settings(document(A), document(mine), document(mine)).conflicts


def test_entry_removed_here_and_changed_there_is_a_conflict() -> None:
    changed = B.replace("B_KEY", "OTHER")
    for sides in ((document(A), document(A, changed)), (document(A, changed), document(A))):
        assert len(merged_settings(document(A, B), *sides).conflicts) == 1
    removed, kept = document(A), document(A, changed)
    for ours, theirs in ((removed, kept), (kept, removed)):
        for side, text in (("ours", ours), ("theirs", theirs)):
            merged = merged_settings(document(A, B), ours, theirs, side)  # type: ignore[arg-type]
            assert plainly_read(merged.text) == plainly_read(text)


@pytest.mark.parametrize("field", ["baseUrl", "wireApi"])
def test_one_id_at_two_endpoints_is_two_models(field: str) -> None:
    there, here = (f'{{ "id": "a", "{field}": "https://{name}.example" }}' for name in "xy")
    merged = merged_settings(document(there), document(there, here), document(B, there))
    assert ids(merged.text) == ["b", "a", "a"]
    assert not merged.conflicts


SETTINGS = st.fixed_dictionaries(
    {},
    optional={
        "modelProviders": st.dictionaries(
            st.sampled_from(["openai", "gemini"]),
            st.lists(
                st.fixed_dictionaries({"id": st.sampled_from("abcd")}, optional={"x": JSON}),
                max_size=4,
            )
            | JSON,
        ),
        "model": JSON,
        "x": JSON,
    },
)


@given(SETTINGS, SETTINGS)
@untimed(150)
def test_what_only_one_side_changed_is_taken_as_it_is(base: Any, changed: Any) -> None:
    old, new = (json.dumps(each, indent=2) for each in (base, changed))
    for merged in (
        merged_settings(old, new, old),
        merged_settings(old, old, new),
        merged_settings(old, new, new),
    ):
        assert not merged.conflicts
        assert strict(plainly_read(merged.text)) == strict(changed)


def test_objects_elsewhere_are_not_models() -> None:
    base, ours, theirs = (
        json.dumps({"x": {"y": [{"id": each} for each in ids]}}) for ids in ("a", "ab", "ac")
    )
    assert merged_settings(base, ours, theirs).conflicts == (("x", "y"),)


def test_what_both_added_is_not_in_the_base() -> None:
    old, mine, other = (
        json.dumps({"modelProviders": {"openai": entries}})
        for entries in (
            [{"id": "z"}],
            [{"id": "z"}, {"id": "a"}],
            [{"id": "z"}, {"id": "a", "x": 1}, {"id": "b"}],
        )
    )
    merged = merged_settings(old, mine, other, "base")
    assert merged.conflicts
    assert plainly_read(merged.text)["modelProviders"]["openai"] == [{"id": "z"}, {"id": "b"}]


@given(SETTINGS, SETTINGS, SETTINGS)
@untimed(150)
def test_merge_is_a_document_and_no_order_decides_whether_it_conflicts(
    base: Any, ours: Any, theirs: Any
) -> None:
    old, mine, other = (json.dumps(each, indent=2) for each in (base, ours, theirs))
    one, reverse = merged_settings(old, mine, other), merged_settings(old, other, mine)
    assert bool(one.conflicts) == bool(reverse.conflicts)
    for side in ("ours", "base", "theirs"):
        plainly_read(merged_settings(old, mine, other, side).text)  # type: ignore[arg-type]


# With git


@pytest.fixture
def repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> World:
    world = World(tmp_path, monkeypatch, capsys.readouterr)
    git(world.project, "init", "-q", "-b", "main")
    driver = f"'{sys.executable}' -m qwenlock merge -- %O %A %B %P"
    git(world.project, "config", "merge.qwenlock-settings.driver", driver)
    write(world.project / ".gitattributes", ".qwen/settings.json merge=qwenlock-settings\n")
    commit(world, document(A))
    git(world.project, "branch", "topic")
    return world


def commit(world: World, text: str) -> None:
    write(world.own, text)
    git(world.project, "add", ".")
    git(world.project, "commit", "-q", "-m", "Change")


def test_git_merges_by_the_driver(repository: World) -> None:
    commit(repository, document(A, B))
    git(repository.project, "switch", "-q", "topic")
    commit(repository, document(A, C))
    git(repository.project, "rebase", "-q", "main")
    assert ids(repository.own.read_text()) == ["a", "b", "c"]
    assert git(repository.project, "status", "--short") == ""


def test_conflict_has_the_markers_of_git_only_where_both_changed(
    world: World, tmp_path: Path
) -> None:
    mine, other = A.replace("A_KEY", "MINE"), A.replace("A_KEY", "OTHER")
    files = [
        str(write(tmp_path / name, text))
        for name, text in (
            ("base", document(A)), ("ours", document(mine, B)), ("theirs", document(other, C)),
        )
    ]  # fmt: skip
    result = world.run("merge", *files, ".qwen/settings.json")
    assert result.exit_code == 1
    assert ".qwen/settings.json: both sides changed modelProviders.openai.0" in result.err
    text = (tmp_path / "ours").read_text()
    between = text[text.index("<<<<<<<") : text.index(">>>>>>>")]
    assert '"b"' not in between
    assert '"c"' not in between


def sides(folder: Path, *texts: str) -> list[str]:
    names = ("base", "ours", "theirs")
    return [str(write(folder / name, text)) for name, text in zip(names, texts, strict=True)]


def test_comment_that_both_changed_is_a_conflict(world: World, tmp_path: Path) -> None:
    base, ours, theirs = (document(f"// {each}\n      {A}", B) for each in ("old", "1st", "2nd"))
    result = world.run("merge", *sides(tmp_path, base, ours, theirs), "s.json")
    assert (result.exit_code, "s.json: both sides changed a comment" in result.err) == (1, True)
    text = (tmp_path / "ours").read_text()
    between = text[text.index("<<<<<<<") : text.index(">>>>>>>")]
    assert "// 1st" in between
    assert "// 2nd" in between
    assert '"b"' not in between


def test_comment_is_changed_where_the_other_side_changed_what_it_is_about(
    world: World, tmp_path: Path
) -> None:
    changed = A.replace("A_KEY", "MINE")
    base, ours, theirs = (
        document(f"// {note}\n      {entry}", B)
        for note, entry in (("old", A), ("old", changed), ("new", A))
    )
    assert world.run("merge", *sides(tmp_path, base, ours, theirs)).exit_code == 1
    text = (tmp_path / "ours").read_text()
    assert "// new" in text
    assert "MINE" in text


def test_comment_that_only_they_changed_is_taken_beside_models_that_both_added(
    world: World, tmp_path: Path
) -> None:
    base, ours, theirs = (
        f"// {note}\n{document(*entries)}"
        for note, *entries in (("old", A), ("old", A, B), ("new", A, C))
    )
    assert world.run("merge", *sides(tmp_path, base, ours, theirs)).exit_code == 0
    assert (tmp_path / "ours").read_text() == f"// new\n{document(A, B, C)}"


def test_no_key_in_a_path_is_shown(world: World, tmp_path: Path) -> None:
    key = "sk-hunter2hunter2hunter2"
    files = [
        str(write(tmp_path / name, {key: {"x": number}, "\x1b[31m": number}))
        for number, name in enumerate(("base", "ours", "theirs"))
    ]
    result = world.run("merge", *files)
    assert result.exit_code == 1
    assert "both sides changed ***.x, \\x1b[31m" in result.err
    assert key not in result.err


@pytest.mark.parametrize("other", [{"name": "x"}, {"baseUrl": "https://x.example/v1"}])
def test_what_differs_very_much_is_merged_by_lines(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, other: dict[str, str]
) -> None:
    monkeypatch.setattr("qwenlock.text.merge._MOST", 10_000)
    taken = []
    monkeypatch.setattr(
        "qwenlock.text.merge.transplant", lambda text, *_, **__: taken.append(text) or text
    )

    def text(**fields: str) -> str:
        entries = [{"id": f"m{number}", "envKey": "A_KEY", **fields} for number in range(200)]
        return json.dumps(models(*entries), indent=1)

    files = [
        str(write(tmp_path / name, content))
        for name, content in (("base", text()), ("ours", text()), ("theirs", text(**other)))
    ]
    assert world.run("merge", *files).exit_code == 0
    assert (tmp_path / "ours").read_bytes() == (tmp_path / "theirs").read_bytes()
    assert sum(map(len, taken)) <= 10_000


def test_what_is_not_json_is_merged_by_lines(world: World, tmp_path: Path) -> None:
    for texts, code in (
        (("a\nb\nc\n", "x\nb\nc\n", "a\nb\ny\n"), 0),
        (("a\n", "x\n", "y\n"), 1),
    ):
        files = [
            str(write(tmp_path / name, text))
            for name, text in zip(("base", "ours", "theirs"), texts, strict=True)
        ]
        assert world.run("merge", *files).exit_code == code
    assert "<<<<<<< ours" in (tmp_path / "ours").read_text()


def test_save_while_it_is_merged_is_not_overwritten(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = {"base": document(A), "ours": document(A, B), "theirs": document(A, C)}
    files = [str(write(tmp_path / name, text)) for name, text in texts.items()]

    def saves(*_: str) -> tuple[str, bool]:
        write(tmp_path / "ours", document(B))
        return "", False

    monkeypatch.setattr("qwenlock.edge.git.merge_texts", saves)
    result = world.run("merge", *files)
    assert result.exit_code == 4
    assert "changed since it was read; nothing was changed" in result.err
    assert (tmp_path / "ours").read_text() == document(B)


def test_missing_or_empty_side_is_not_merged_as_if_it_said_nothing(
    world: World, tmp_path: Path
) -> None:
    files = {name: tmp_path / name for name in ("base", "ours", "theirs")}
    for lacking, gone in files.items():
        for file in files.values():
            write(file, document(A))
        gone.unlink()
        result = world.run("merge", *map(str, files.values()))
        assert (result.exit_code, f"{lacking} does not exist" in result.err) == (3, True)
        assert files["ours"].exists() == (lacking != "ours")
    write(files["base"], "")  # as git has it where both sides added the file
    write(files["ours"], document(A))
    write(files["theirs"], document(B))
    assert world.run("merge", *map(str, files.values())).exit_code == 0
    assert ids(files["ours"].read_text()) == ["a", "b"]
    write(files["base"], document(A, B))
    write(files["ours"], document(A, B, C))
    write(files["theirs"], "")
    assert world.run("merge", *map(str, files.values())).exit_code == 1
    assert '"c"' in files["ours"].read_text()
