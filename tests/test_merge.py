"""`qwenlock merge`: settings are merged by meaning, as a merge driver of git."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwenlock.change.merging import merged_settings
from qwenlock.text.values import TextError
from support import JSON, World, models, plainly_read, strict, untimed, write
from test_workspace import git

if TYPE_CHECKING:
    from pathlib import Path


def entry(word: str) -> str:
    """Return the model whose id is the first letter of a word, with a key of the word's name."""
    return f'{{ "id": "{word[0]}", "envKey": "{word.upper()}_KEY" }}'.replace('"id": "?", ', "")


A, B, C = map(entry, "abc")


def document(*entries: str, more: str = '"model": { "name": "a" }') -> str:
    listed = ",\n".join(f"      {each}" for each in entries)
    return f'{{\n  "modelProviders": {{\n    "openai": [\n{listed}\n    ]\n  }},\n  {more}\n}}\n'


def ids(text: str) -> list[str]:
    return [each["id"] for each in plainly_read(text)["modelProviders"]["openai"]]


def listing(words: str) -> str:
    return document(*map(entry, words.split()))


MERGES = {
    "both append": ("a", "a b", "a c", "a b c"),
    "they insert": ("a b", "a b c", "d a e b", "d a e b c"),
    "both append the same, and one appends more": ("a", "a b", "a b c", "a b c"),
    "both begin": ("", "a b", "a c", "a b c"),
    "they change and remove": ("a b", "a b c", "a1", "a1 c"),
    "they change the last": ("a b c", "b c", "a b c1", "b c1"),
    "they remove all but what we change": ("a b c", "a b c1", "c", "c1"),
    "we remove": ("a b c", "a", "a b c d", "a d"),
    "both change the same, and we change more": ("a b", "a1 b1", "a1 b", "a1 b1"),
    "both change the same, and they change more": ("a b", "a1 b", "a1 b1", "a1 b1"),
    "they move": ("a b c", "a b c", "c a b", "c a b"),
    "both move alike": ("a b", "b a c", "b a1", "b a1 c"),
}
"""The models of the base, of ours, of theirs, and of the merge."""
ARRAY = ("modelProviders", "openai")
CONFLICTS = {
    "both change": ("a", "a1 b", "a2 c", 0, "a1 b c", "a b c", "a2 b c"),
    "both change what we move back": ("a b", "c a1 b", "a2 b", 1, "c a1 b", "c a b", "c a2 b"),
    "both add": ("a", "a b1", "a b2 c", 1, "a b1 c", "a c", "a b2 c"),
    "we remove the last": ("a b", "a", "a b2", 1, "a", "a b", "a b2"),
    "we remove the first": ("a b", "b", "a2 b c", 0, "b c", "a b c", "a2 b c"),
    "they remove": ("a b c", "a b1 c", "a c d", 1, "a b1 c d", "a b c d", "a c d"),
    "both move": ("a b c", "b a c", "c a b", None, "b a c", "a b c", "c a b"),
    "we move": ("a b", "b a", "a1 b", None, "b a", "a b", "a1 b"),
    "one is not told apart": ("? a", "? a b", "? a c", None, "? a b", "? a", "? a c"),
    "one is there twice": ("a a", "a a b", "a a c", None, "a a b", "a a", "a a c"),
}
"""The same with the index of the conflict, and the merge if ours, base and theirs are preferred."""


@pytest.mark.parametrize(("base", "ours", "theirs", "merged"), MERGES.values(), ids=MERGES)
def test_what_the_sides_did_to_models_is_merged(
    base: str, ours: str, theirs: str, merged: str
) -> None:
    found = merged_settings(*map(listing, (base, ours, theirs)))
    assert found == (listing(merged), ())


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "at", "kept", "undone", "taken"), CONFLICTS.values(), ids=CONFLICTS
)
def test_conflict_is_only_where_both_changed_one_model(
    base: str, ours: str, theirs: str, at: int | None, kept: str, undone: str, taken: str
) -> None:
    sides = [listing(each) for each in (base, ours, theirs)]
    path = ARRAY if at is None else (*ARRAY, at)
    assert merged_settings(*sides) == (listing(kept), (path,))
    assert merged_settings(*sides, "base") == (listing(undone), (path,))
    assert merged_settings(*sides, "theirs") == (listing(taken), (path,))


@pytest.mark.parametrize("other", ['"a"', "null", '{ "id": "b" }'])
def test_array_that_became_something_else_is_a_conflict(other: str) -> None:
    theirs = f'{{ "modelProviders": {{ "openai": {other} }}, "model": {{ "name": "a" }} }}'
    merged = merged_settings(listing("a"), listing("a b"), theirs)
    assert merged == (listing("a b"), (ARRAY,))


def test_sides_that_differ_too_much_are_not_merged(monkeypatch: pytest.MonkeyPatch) -> None:
    sides = [listing(each) for each in ("a b", "a b1", "a1 b2")]
    read = len(sides[1]) + len(merged_settings(listing("a b"), listing("a b1"), listing("a1 b"))[0])
    monkeypatch.setattr("qwenlock.text.merge._MOST", read)
    assert merged_settings(*sides).conflicts
    monkeypatch.setattr("qwenlock.text.merge._MOST", read - 1)
    with pytest.raises(TextError, match=r"^too much differs$") as error:
        merged_settings(*sides)
    assert (error.value.kind, error.value.at) == ("limit", None)


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


@pytest.mark.parametrize(
    ("words", "name", "ours", "theirs"),
    [
        (("a", "a1 b", "a2 c"), "openai.0", "a1", "a2"),
        (("a b c", "b c", "a2 b c"), "openai.0", "", "a2"),
        (("a b c", "a b1 c", "a c"), "openai.1", "b1", ""),
    ],
)
def test_conflict_has_the_markers_of_git_only_where_both_changed(
    world: World, tmp_path: Path, words: tuple[str, ...], name: str, ours: str, theirs: str
) -> None:
    result = world.run("merge", *sides(tmp_path, *map(listing, words)), ".qwen/settings.json")
    message = f".qwen/settings.json: both sides changed modelProviders.{name}\n"
    assert (result.exit_code, result.err) == (1, message)
    own, other = (f"      {entry(each)},\n" if each else "" for each in (ours, theirs))
    conflict = f"<<<<<<< ours\n{own}=======\n{other}>>>>>>> theirs\n"
    assert conflict in (tmp_path / "ours").read_text()


@pytest.mark.parametrize(
    "words", [*(each[:3] for each in CONFLICTS.values()), ("a b c d e", "e a b c d", "a b1 c d e")]
)
def test_every_conflict_has_markers(
    world: World, tmp_path: Path, words: tuple[str, str, str]
) -> None:
    assert world.run("merge", *sides(tmp_path, *map(listing, words))).exit_code == 1
    assert "<<<<<<< ours\n" in (tmp_path / "ours").read_text()


def sides(folder: Path, *texts: Any) -> list[str]:
    """Write the three files of a merge and return their paths."""
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
    files = sides(tmp_path, *({key: {"x": number}, "\x1b[31m": number} for number in range(3)))
    result = world.run("merge", *files)
    assert result.exit_code == 1
    assert "both sides changed ***.x, \\x1b[31m" in result.err
    assert key not in result.err


@pytest.mark.parametrize("other", [{"name": "x"}, {"baseUrl": "https://x.example/v1"}])
def test_very_different_texts_are_merged_by_lines(
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

    assert world.run("merge", *sides(tmp_path, text(), text(), text(**other))).exit_code == 0
    assert (tmp_path / "ours").read_bytes() == (tmp_path / "theirs").read_bytes()
    assert sum(map(len, taken)) <= 10_000


def test_text_that_is_not_json_is_merged_by_lines(world: World, tmp_path: Path) -> None:
    for texts, code in (
        (("a\nb\nc\n", "x\nb\nc\n", "a\nb\ny\n"), 0),
        (("a\n", "x\n", "y\n"), 1),
    ):
        assert world.run("merge", *sides(tmp_path, *texts)).exit_code == code
    assert "<<<<<<< ours" in (tmp_path / "ours").read_text()


def test_save_while_it_is_merged_is_not_overwritten(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = sides(tmp_path, document(A), document(A, B), document(A, C))

    def saves(*_: str) -> tuple[str, bool]:
        write(tmp_path / "ours", document(B))
        return "", False

    monkeypatch.setattr("qwenlock.edge.git.merge_texts", saves)
    result = world.run("merge", *files)
    assert result.exit_code == 4
    assert "changed since it was read; nothing was changed" in result.err
    assert (tmp_path / "ours").read_text() == document(B)


def test_missing_or_empty_side_is_not_merged_as_an_empty_document(
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
    write(files["base"], "")  # as git passes it if both sides added the file
    write(files["ours"], document(A))
    write(files["theirs"], document(B))
    assert world.run("merge", *map(str, files.values())).exit_code == 0
    assert ids(files["ours"].read_text()) == ["a", "b"]
    write(files["base"], document(A, B))
    write(files["ours"], document(A, B, C))
    write(files["theirs"], "")
    assert world.run("merge", *map(str, files.values())).exit_code == 1
    assert '"c"' in files["ours"].read_text()
