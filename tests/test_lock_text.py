"""The text of a lock: deterministic, lossless, guarded by its digest, read with care."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from typing import Any

import pytest
import tomlkit
from hypothesis import given
from hypothesis import strategies as st

from qwenlock.compile.entries import canonical
from qwenlock.findings.errors import InputError
from qwenlock.lock.model import Input, Lock, Selection, settings_entry
from qwenlock.lock.options import Options
from qwenlock.lock.text import digest, is_unedited, load, own_side
from qwenlock.text.credentials import is_credential, is_credential_as_name, names_a_credential
from support import (
    JSON,
    KEYS,
    MODEL,
    OBJECTS,
    OPENAI,
    compiled,
    dump,
    locked,
    models,
    source,
    strict,
    untimed,
)

SELECTION = Selection(auth_type="openai", model="x", kind="provider", source="user")
LOCK = locked(models(MODEL))


def is_harmless(value: Any, key: str = "") -> bool:
    if isinstance(value, dict):
        return all(not is_credential_as_name(k) and is_harmless(v, k) for k, v in value.items())
    if isinstance(value, list):
        return all(is_harmless(item, key) for item in value)
    return not names_a_credential(key) and not (
        isinstance(value, str) and is_credential(value, key)
    )


ENTRIES = st.builds(
    lambda known, unknown: {**unknown, **known},
    st.fixed_dictionaries(
        {"id": KEYS.filter(bool), "envKey": st.just("OPENAI_API_KEY")},
        optional={
            "name": st.none() | KEYS,
            "baseUrl": st.none() | KEYS,
            "description": st.none() | KEYS,
            "generationConfig": st.none() | OBJECTS,
            "capabilities": st.none() | OBJECTS,
        },
    ),
    st.dictionaries(KEYS, JSON, max_size=3),
).filter(is_harmless)


@untimed(200)
@given(ENTRIES)
def test_model_comes_out_of_a_lock_as_it_went_in(entry: dict[str, Any]) -> None:
    lock = compiled(models(entry)).lock
    assert lock is not None
    text = dump(lock)
    back = load(text, "qwen.lock")
    assert strict(settings_entry(back.models[0])) == strict(entry)
    assert back == lock
    assert dump(back) == text
    assert is_unedited(text.encode())


@untimed(50)
@given(ENTRIES)
def test_text_of_a_lock_is_toml_to_another_parser_too(entry: dict[str, Any]) -> None:
    text = dump(locked(models(entry)))
    assert strict(tomlkit.parse(text).unwrap()) == strict(tomllib.loads(text))


@pytest.mark.parametrize(
    "entry",
    [
        {**MODEL, "id": "a\x00b"},
        {**MODEL, "generationConfig": None, "name": None},
        {**MODEL, "generationConfig": {}, "capabilities": {}},
        {**MODEL, "generationConfig": {"$null": None}},
        {**MODEL, "": {"": {"": None}}},
        {**MODEL, "fields": {"fields": 1}, "auth-type": "x", "origin": "y"},
        {**MODEL, "description": '\x00\x1f\x7f\x85\u2028\U0001f600\\"\'\'\'"""'},
        {**MODEL, "generationConfig": {"timeout": 2**53 + 1}},
        {**MODEL, "generationConfig": {"timeout": 10**30, "maxRetries": 1e300}},
    ],
    ids=repr,
)
def test_odd_model_comes_out_of_a_lock_as_it_went_in(entry: dict[str, Any]) -> None:
    lock = load(dump(locked(models(entry))), "qwen.lock")
    assert strict(settings_entry(lock.models[0])) == strict(entry)


@pytest.mark.parametrize(
    "field",
    [{"name": ""}, {"baseUrl": ""}, {"generationConfig": {}}, {"capabilities": {}}],
    ids=str,
)
def test_an_empty_field_is_written_once(field: dict[str, Any]) -> None:
    (model,) = locked(models({"id": "x", "envKey": "K", **field})).models
    assert model.fields == {}
    assert settings_entry(model) == {"id": "x", "envKey": "K", **field}


def test_empty_env_key_of_a_newer_client_stays() -> None:
    entry = {"id": "x", "envKey": ""}
    lock = load(dump(locked(models(entry), client="0.21.2")), "qwen.lock")
    assert settings_entry(lock.models[0]) == entry
    assert lock.environment[0].name == "OPENAI_API_KEY"


def has_prototype(value: Any) -> bool:
    """Tell whether an object to be merged has a key that the client skips."""
    return isinstance(value, dict) and (
        "__proto__" in value or any(map(has_prototype, value.values()))
    )


@untimed(50)
@given(OBJECTS.filter(is_harmless).filter(lambda config: not has_prototype(config)))
def test_generation_config_of_a_runtime_model_is_kept(config: dict[str, Any]) -> None:
    settings = {**OPENAI, "model": {"name": "mine", "generationConfig": config}}
    lock = load(dump(locked(settings)), "qwen.lock")
    assert strict(lock.selection.generation_config or {}) == strict(canonical(config))


def test_numbers_of_one_value_give_one_lock() -> None:
    spellings = ("1e6", "1000000", "1000000.0", "10.0e5")
    texts = set()
    for spelling in spellings:
        settings = f'{{"modelProviders":{{"openai":[{{"id":"x","envKey":"K","n":{spelling}}}]}}}}'
        texts.add(dump(locked(source(settings))))
    assert len(texts) == 1


# The format


def test_lock_is_laid_out_as_documented() -> None:
    text = dump(LOCK)
    lines = text.split("\n")
    assert lines[0] == "# Generated by qwenlock. Do not edit: run `qwenlock lock`."
    assert lines[1] == "# digest: " + digest(text.split("\n", 2)[2].encode())
    assert lines[2] == ""
    assert text.endswith("\n")
    assert "\r" not in text
    tables = [line for line in lines if line.startswith("[")]
    assert tables == ["[selection]", "[[inputs]]", "[[models]]", "[[environment]]"]


def test_options_are_in_the_lock_only_where_they_differ_from_the_default() -> None:
    lock = replace(LOCK, options=Options(user=False, system="../s.json", untrusted=True))
    assert '[options]\nuser = false\nsystem = "../s.json"\nuntrusted = true\n' in dump(lock)
    assert load(dump(lock), "qwen.lock") == lock


# Edits


@pytest.mark.parametrize(
    "edit",
    [
        lambda data: data.replace(b"gpt-4o", b"gpt-5"),
        lambda data: data + b"\n",
        lambda data: data[:-1],
        lambda data: data.replace(b"\n", b"\r\n"),
        lambda data: b"options.user = false\n" + data,
        lambda data: data.replace(b"# Generated", b'client = "x"\n# Generated'),
        lambda data: data.split(b"\n", 2)[2],
        lambda data: b"\n" + data,
        lambda _: b"",
    ],
)
def test_edit_is_noticed(edit: Any) -> None:
    data = dump(LOCK).encode()
    assert is_unedited(data)
    assert not is_unedited(edit(data))


# Reading


def problem(text: str) -> tuple[str, str]:
    with pytest.raises(InputError) as caught:
        load(text, "qwen.lock")
    (finding,) = caught.value.findings
    assert finding.fix is not None
    return finding.code, finding.message


@pytest.mark.parametrize("version", ["2.0", "2.7", "2.99.3", "2", "1.0", "1.7", "1"])
def test_any_version_of_this_major_and_the_one_before_is_read(version: str) -> None:
    text = dump(LOCK).replace('lock-version = "2.0"', f'lock-version = "{version}"\nnew = true')
    lock = load(text, "qwen.lock")
    assert replace(lock, lock_version="2.0") == LOCK
    assert lock.is_old == version.startswith("1")


@pytest.mark.parametrize("version", ["3.0", "0.9", "10.0", "20.0", "3"])
def test_other_major_version_is_refused_with_what_to_do(version: str) -> None:
    text = dump(LOCK).replace('lock-version = "2.0"', f'lock-version = "{version}"')
    code, message = problem(text)
    assert code == "QL113"
    assert version in message


@pytest.mark.parametrize("version", ['"one"', '""', '"1."', '"-1"', "1.0", "[]", "{}", "true"])
def test_garbage_for_a_version_is_not_a_lock(version: str) -> None:
    text = dump(LOCK).replace('lock-version = "2.0"', f"lock-version = {version}")
    assert problem(text)[0] == "QL112"


CONFLICT = """\
lock-version = "1.0"
<<<<<<< HEAD
client = "guide"
=======
client = "0.12.0"
>>>>>>> theirs
"""


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_merge_conflict_is_named_with_its_line(ending: str) -> None:
    with pytest.raises(InputError) as caught:
        load(CONFLICT.replace("\n", ending), "qwen.lock")
    (finding,) = caught.value.findings
    assert finding.code == "QL111"
    assert finding.fix == "keep either side, then run `qwenlock lock`"
    assert finding.place is not None
    assert finding.place.position()[:2] == (2, 1)


def test_own_side_of_a_conflict_is_taken() -> None:
    assert own_side(CONFLICT) == 'lock-version = "1.0"\nclient = "guide"\n'
    based = CONFLICT.replace("=======", '||||||| base\nclient = "0.10.1"\n=======')
    assert own_side(based) == own_side(CONFLICT)
    assert own_side("no = true\n") == "no = true\n"


HEAD = 'lock-version = "1.0"\nclient = "guide"\nmerge = "replace"\n'
CHOSEN = '[selection]\nauth-type = "openai"\nkind = "provider"\nsource = "user"\n'
ENTRY = '[[models]]\nauth-type = "openai"\nid = "x"\norigin = "custom"\nscope = "user"\n'


def test_least_lock_is_read() -> None:
    assert load(HEAD + CHOSEN + ENTRY, "qwen.lock").models[0].id == "x"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no toml",
        HEAD,
        HEAD + CHOSEN.replace("provider", "other"),
        HEAD + CHOSEN.replace('"openai"', '""'),
        HEAD + CHOSEN.replace('"openai"', "5"),
        HEAD.replace("replace", "deep") + CHOSEN,
        HEAD + 'options = "none"\n' + CHOSEN,
        HEAD + 'options.user = "a\\u0000b"\n' + CHOSEN,
        HEAD + 'options.system = "\\u0000"\n' + CHOSEN,
        HEAD + "models = 5\n" + CHOSEN,
        HEAD + "models = [5]\n" + CHOSEN,
        HEAD + CHOSEN + ENTRY + "fields = 5\n",
        HEAD + CHOSEN + ENTRY + "fields.x = 2026-01-01\n",
        HEAD + CHOSEN + ENTRY + "fields.x = nan\n",
        HEAD + CHOSEN + ENTRY + "fields.x = -inf\n",
        HEAD + CHOSEN + ENTRY + 'fields.x = {"$number" = "many"}\n',
        HEAD + CHOSEN + ENTRY + "fields.x = " + "9" * 5000 + "\n",
        HEAD + CHOSEN + ENTRY + "fields.x = " + "[" * 3000 + "]" * 3000 + "\n",
        HEAD + CHOSEN + ENTRY + "fields.x = " + "[" * 150 + "]" * 150 + "\n",
        HEAD + CHOSEN + ENTRY + "[models.fields" + ".x" * 3000 + "]\n",
        HEAD + CHOSEN + ENTRY.replace("id =", 'env-key = "not a name"\nid ='),
        HEAD + CHOSEN + "generation-config.x = 00:00:00\n",
        HEAD + CHOSEN + '[[environment]]\nname = "A B"\nused-by = []\n',
        HEAD + CHOSEN + '[[inputs]]\nscope = "user"\npath = "p"\ndigest = "sha256:1"\n',
        HEAD + CHOSEN + '[[plans]]\nid = "p"\nregion = "r"\nversion = "x"\ndigest = ""\n',
    ],
)
def test_file_that_is_not_a_lock_is_named(text: str) -> None:
    assert problem(text)[0] == "QL112"


def test_syntax_error_is_reported_with_its_place() -> None:
    with pytest.raises(InputError) as caught:
        load('lock-version = "1.0"\n  x = = 1\n', "qwen.lock")
    (finding,) = caught.value.findings
    assert finding.place is not None
    assert finding.place.position()[:2] == (2, 7)
    assert finding.message == "not valid TOML: Invalid value"


@untimed(100)
@given(st.data())
def test_mutated_lock_is_read_or_refused(data: st.DataObject) -> None:
    text = dump(LOCK)
    start = data.draw(st.integers(0, len(text)))
    stop = data.draw(st.integers(start, min(len(text), start + 40)))
    piece = data.draw(
        st.sampled_from(["", "[", "\n", '"', "= 5", "[[models]]\n", "x = 1e400\n", "\x00", "nan"])
    )
    mutated = text[:start] + piece + text[stop:]
    try:
        lock = load(mutated, "qwen.lock")
    except InputError as error:
        assert error.findings[0].code in {"QL111", "QL112", "QL113"}  # noqa: PT017
    else:
        assert load(dump(lock), "qwen.lock") == lock


def test_path_that_no_system_has_is_refused() -> None:
    lock = Lock(
        selection=SELECTION, inputs=(Input(scope="user", path="a\x00", digest=digest(b"")),)
    )
    assert problem(dump(lock))[0] == "QL112"
