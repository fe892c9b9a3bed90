"""The quick reading of how a lock was compiled agrees with pydantic's, or gives nothing."""

from __future__ import annotations

import sys
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwenlock.findings.errors import InputError
from qwenlock.lock import plain, previous
from qwenlock.lock.model import InstalledPlan, Lock
from qwenlock.lock.options import Options
from qwenlock.lock.previous import RecordedLock
from qwenlock.lock.text import load
from support import MODEL, dump, locked, models, untimed

PLAN = InstalledPlan(id="p", region="r", version="1.0", digest="sha256:" + "0" * 64)
OPTIONS = Options(user=False, system="s.json", untrusted=True, templates="t")
LOCK = replace(locked(models(MODEL)), options=OPTIONS, plans=(PLAN,))
FILES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1)


def read(text: str, label: str) -> RecordedLock | None:
    return previous.read(text.encode(), label)


@untimed(100)
@given(
    st.builds(
        Options,
        user=st.none() | st.just(False) | FILES,
        system=st.none() | FILES,
        untrusted=st.none() | st.just(True),
        templates=st.none() | FILES,
    ),
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1),
)
def test_what_was_written_is_read(options: Options, client: str) -> None:
    lock = replace(LOCK, options=options, client=client)
    assert read(dump(lock), "qwen.lock") == RecordedLock(client, options, (PLAN,))


def loaded(text: str, *, most_models: int) -> Lock | str:
    """Return a lock or the error about it; with fewer models than it has, pydantic decides."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(plain, "MOST_MODELS", most_models)
        try:
            return load(text, "qwen.lock")
        except InputError as error:
            return str([(each.code, each.message) for each in error.findings])


def test_lock_that_was_written_is_read_without_pydantic(monkeypatch: pytest.MonkeyPatch) -> None:
    for part in (LOCK, locked(models(MODEL | {"x": {"y": None}}))):
        with monkeypatch.context() as patched:
            patched.setitem(sys.modules, "pydantic", None)
            assert load(dump(part), "qwen.lock") == part


@untimed(200)
@given(st.data())
def test_what_is_read_of_a_changed_lock_is_what_a_whole_reading_gives(data: st.DataObject) -> None:
    text = dump(LOCK)
    start = data.draw(st.integers(0, len(text)))
    stop = data.draw(st.integers(start, min(len(text), start + 30)))
    put = data.draw(st.sampled_from(["", "\n", '"', "[", "true", "false", "7", '"\\u0000"', "[]"]))
    changed = text[:start] + put + text[stop:]
    lock, plainly = (loaded(changed, most_models=most) for most in (-1, plain.MOST_MODELS))
    assert plainly == lock
    if isinstance(lock, str):
        return
    whole = RecordedLock(lock.client, lock.options, lock.plans, lock.merge)
    assert read(changed, "qwen.lock") in (whole, None)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("user = false", "user = true"),
        ("user = false", "user = 0"),
        ("user = false", 'user = ""'),
        ('system = "s.json"', 'system = "\\u0000"'),
        ('system = "s.json"', "system = false"),
        ('templates = "t"', 'templates = ""'),
        ("untrusted = true", "untrusted = false"),
        ("untrusted = true", "untrusted = 1"),
        ('client = "guide"', "client = 1"),
        ('region = "r"', "region = 1"),
        ('region = "r"\n', ""),
        ('"r"\nversion = "1.0"', '"r"\nversion = "one"'),
        ('"r"\nversion = "1.0"', '"r"\nversion = 1'),
        ('id = "p"', "id = {}"),
        ("[options]\n", "[[options]]\n"),
        ("[[plans]]\n", "[plans]\n"),
    ],
)
def test_invalid_values_are_left_to_the_whole_reading(old: str, new: str) -> None:
    text = dump(LOCK)
    assert old in text
    assert read(text.replace(old, new, 1), "qwen.lock") is None


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_models_are_not_looked_at(end: str) -> None:
    text = f"{dump(LOCK)}\nno toml".replace("\n", end)
    assert read(text, "qwen.lock") == RecordedLock("guide", LOCK.options, (PLAN,))


def test_another_major_version_is_refused() -> None:
    with pytest.raises(InputError):
        read(dump(LOCK).replace('lock-version = "2.0"', 'lock-version = "3.0"'), "qwen.lock")


@pytest.mark.parametrize(("client", "recorded"), [("guide", None), ("0.15.10", "0.15.10")])
def test_guide_of_the_earlier_format_was_a_default(client: str, recorded: str | None) -> None:
    text = dump(replace(LOCK, lock_version="1.0", client=client))
    assert read(text, "qwen.lock") == RecordedLock(recorded, LOCK.options, (PLAN,))


def test_merge_is_read() -> None:
    text = dump(replace(LOCK, merge="client"))
    assert read(text, "qwen.lock") == RecordedLock("guide", LOCK.options, (PLAN,), "client")
    assert read(text.replace('"client"\n', '"x"\n', 1), "qwen.lock") is None


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_first_model_on_the_other_side_of_a_conflict_does_not_end_what_is_read(end: str) -> None:
    text = dump(LOCK)
    conflict = "\n<<<<<<< ours\n=======\n[[models]]\n>>>>>>> theirs\n\n[[plans]]\n"
    text = text.replace("\n[[plans]]\n", conflict, 1).replace("\n", end)
    assert "<<<<<<<" in text
    assert read(text, "qwen.lock") == RecordedLock("guide", LOCK.options, (PLAN,))


def test_lock_that_is_not_utf_8_is_refused() -> None:
    with pytest.raises(InputError, match="not UTF-8"):
        previous.read(dump(LOCK).encode() + b"\xff", "qwen.lock")
