"""The migrations of the settings version, compared with the real client's, and their runner."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwenlock.findings.errors import InputError, UsageError
from qwenlock.settings import shipped
from qwenlock.settings.script_api import Context
from qwenlock.settings.script_files import Script, load
from qwenlock.settings.script_runner import Migration, run
from qwenlock.settings.shipped import folder
from qwenlock.settings.versions import TARGETS, migrate, needed, steps
from qwenlock.text.operations import Remove, Set, apply, get
from support import strict, untimed

DATA = Path(__file__).parent / "data"


def cases(name: str) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = json.loads((DATA / name).read_text("utf-8"))["cases"]
    return found


PUBLISHED = cases("settings-migrations.json")
ODD = cases("settings-migrations-odd.json")
EQUAL = {**PUBLISHED, **{name: case for name, case in ODD.items() if "why" not in case}}
DELIBERATE = {name: case for name, case in ODD.items() if "why" in case}


def script(number: int) -> Script:
    return load(folder("migrations"))[number - 1]


def notes_of(migration: Migration) -> dict[str, str]:
    return {".".join(map(str, note.path)): note.message for note in migration.notes}


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("name", EQUAL)
def test_result_is_what_the_client_writes(name: str, target: int) -> None:
    case = EQUAL[name]
    assert strict(migrate(case["before"], target).settings) == strict(case["after"][str(target)])


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("name", DELIBERATE)
def test_where_the_client_loses_something_both_are_kept(name: str, target: int) -> None:
    case = DELIBERATE[name]
    client = strict(case["after"][str(target)])
    ours = strict(case["ours"].get(str(target), case["after"][str(target)]))
    assert strict(migrate(case["before"], target).settings) == ours
    assert (ours != client) == (str(target) in case["ours"])


def test_selected_auth_type_joins_the_credentials_that_the_client_puts_in_its_place() -> None:
    before = {"selectedAuthType": "openai", "security": {"auth": {"apiKey": "$KEY"}}}
    after = migrate(before, 4).settings
    assert after["security"]["auth"] == {"apiKey": "$KEY", "selectedType": "openai"}


def test_flat_setting_gives_way_to_the_grouped_one_with_a_note() -> None:
    migration = migrate({"theme": "flat-secret", "ui": {"theme": "grouped-secret"}}, 4)
    assert migration.settings == {"ui": {"theme": "grouped-secret"}, "$version": 4}
    assert notes_of(migration) == {
        "theme": "is dropped in favour of ui.theme, which is already set"
    }


def test_setting_whose_group_is_not_an_object_stays_where_it_is() -> None:
    migration = migrate({"theme": "x", "ui": "dark"}, 4)
    assert migration.settings == {"theme": "x", "ui": "dark", "$version": 4}
    assert notes_of(migration) == {"theme": "was not moved and has no effect: ui is in the way"}


def test_null_gives_way_to_a_moved_setting_of_the_same_name() -> None:
    before = {
        "excludeTools": None,
        "theme": "x",
        "tools": {"exclude": ["a"]},
        "ui": {"theme": None},
    }
    after = {"tools": {"exclude": ["a"]}, "ui": {"theme": "x"}, "$version": 3}
    assert migrate(before, 3).settings == after


def test_objects_that_collide_are_merged_member_by_member() -> None:
    migration = migrate(
        {
            "vimMode": True,
            "contentGenerator": {"timeout": 1, "samplingParams": {"top_p": 1, "top_k": 2}},
            "model": {"generationConfig": {"timeout": 2, "samplingParams": {"top_k": {"a": 3}}}},
        },
        3,
    )
    assert migration.settings["model"]["generationConfig"] == {
        "timeout": 2,
        "samplingParams": {"top_k": {"a": 3}, "top_p": 1},
    }
    assert migration.settings["contentGenerator"] == {"samplingParams": {"top_k": 2}}
    assert notes_of(migration).keys() == {
        "contentGenerator.timeout",
        "contentGenerator.samplingParams.top_k",
    }


def test_note_names_the_place_in_the_settings_before_the_run() -> None:
    migration = migrate({"theme": "x", "disableAutoUpdate": "no", "accessibility": {}}, 3)
    assert notes_of(migration).keys() == {"disableAutoUpdate"}
    before = {"vimMode": True, "fileFiltering": {"disableFuzzySearch": "perhaps"}}
    assert notes_of(migrate(before, 3)).keys() == {"fileFiltering.disableFuzzySearch"}


def test_protocol_that_differs_from_the_provider_is_removed_with_a_note() -> None:
    before = {
        "$version": 5,
        "modelProviders": {
            "vertex-ai": {"protocol": "gemini", "models": []},
            "openai": {"protocol": "gemini", "models": [], "timeout": 1},
        },
    }
    migration = migrate(before, 4)
    assert migration.settings["modelProviders"] == {"vertex-ai": [], "openai": []}
    assert notes_of(migration).keys() == {
        "modelProviders.openai.protocol",
        "modelProviders.openai.timeout",
    }


def test_co_author_that_is_not_a_boolean_is_turned_off_with_a_note_that_hides_it() -> None:
    migration = migrate({"$version": 3, "general": {"gitCoAuthor": "maybe"}}, 4)
    assert notes_of(migration) == {
        "general.gitCoAuthor": "is neither yes nor no, so it is turned off"
    }


def test_steps_are_reported_in_order() -> None:
    migration = migrate({"theme": "x"}, 4)
    assert [step.identity[:4] for step in migration.steps] == ["0001", "0002", "0003"]
    recorded = migrate({}, 4)
    assert [step.identity for step in recorded.steps] == ["settings-version"]


def test_moved_key_keeps_its_comments() -> None:
    migration = migrate({"$version": 2, "general": {"disableAutoUpdate": True}}, 3)
    assert [type(operation).__name__ for operation in migration.operations] == [
        "Move",
        "Set",
        "Set",
    ]


def test_unknown_target_is_wrong_use() -> None:
    with pytest.raises(UsageError, match="unknown settings version 5"):
        migrate({}, 5)


# Settings with many keys of the tables, which often collide.

LEAVES: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, False, 0, 1, 2.5, "x", "true", " FALSE ", "on", "maybe", "", [], ["a"], {}]
)
VALUES = st.one_of(LEAVES, st.dictionaries(st.sampled_from("ab"), LEAVES, max_size=2))
FLAT = st.sampled_from([
    "theme", "model", "vimMode", "accessibility", "chatCompression", "selectedAuthType",
    "contentGenerator", "fileFiltering", "folderTrust", "shellPager", "disableAutoUpdate",
    "disableUpdateNag", "disableFuzzySearch", "disableLoadingPhrases", "disableCacheControl",
    "summarizeToolOutput", "telemetry", "mine",
])  # fmt: skip
GROUPED = st.sampled_from([
    "ui.theme", "ui.accessibility", "ui.accessibility.a", "ui.accessibility.disableLoadingPhrases",
    "general.vimMode", "general.disableAutoUpdate", "general.disableUpdateNag",
    "general.enableAutoUpdate", "general.gitCoAuthor", "general", "model.name",
    "model.chatCompression", "model.generationConfig",
    "model.generationConfig.disableCacheControl", "security.auth", "security.auth.apiKey",
    "security.folderTrust.featureEnabled", "tools.shell", "tools.shell.showColor",
    "context.fileFiltering", "context.fileFiltering.disableFuzzySearch", "modelProviders.openai",
    "modelProviders.x.models",
])  # fmt: skip
VERSIONS = st.sampled_from([None, True, "3", 0, 1, 1.5, 2, 2.0, 2.5, 3, 3.0, 4, 4.5, 5, 5.0, 6])


@st.composite
def any_settings(draw: st.DrawFn) -> dict[str, Any]:
    settings: dict[str, Any] = draw(st.dictionaries(FLAT, VALUES, max_size=5))
    for path, value in draw(st.dictionaries(GROUPED, VALUES, max_size=4)).items():
        keys = tuple(path.split("."))
        parents = [get(settings, keys[:length], {}) for length in range(1, len(keys))]
        if all(isinstance(parent, dict) for parent in parents):
            settings = apply(settings, [Set(keys, value)])
    if draw(st.booleans()):
        settings["$version"] = draw(VERSIONS)
    return settings


@untimed(100)
@given(any_settings(), st.sampled_from(TARGETS))
def test_second_run_changes_nothing(settings: dict[str, Any], target: int) -> None:
    once = migrate(settings, target).settings
    twice = migrate(once, target)
    assert (twice.settings, twice.operations, twice.steps, twice.notes) == (once, (), (), ())


@untimed(100)
@given(any_settings(), st.sampled_from(TARGETS))
def test_given_settings_are_not_changed(settings: dict[str, Any], target: int) -> None:
    before = copy.deepcopy(settings)
    migrate(settings, target)
    assert strict(settings) == strict(before)


@untimed(100)
@given(any_settings(), st.sampled_from(TARGETS))
def test_operations_lead_to_the_result(settings: dict[str, Any], target: int) -> None:
    migration = migrate(settings, target)
    assert strict(apply(settings, list(migration.operations))) == strict(migration.settings)


@untimed(100)
@given(any_settings(), st.sampled_from(TARGETS))
def test_needed_says_whether_the_whole_run_would_change_anything(
    settings: dict[str, Any], target: int
) -> None:
    ran = run(steps(), Context(settings=settings, target_version=target))
    assert needed(settings, target) == bool(ran.operations)


@untimed(100)
@given(any_settings(), st.sampled_from(TARGETS))
def test_notes_show_no_value(settings: dict[str, Any], target: int) -> None:
    secret = "sk-planted"
    planted = json.loads(json.dumps(settings).replace(': "x"', f': "{secret}"'))
    assert secret not in str(migrate(planted, target).notes)


def leaves(value: Any) -> list[str]:
    """Return every scalar of `value` except null, which means nothing."""
    if isinstance(value, dict):
        return [leaf for item in value.values() for leaf in leaves(item)]
    if isinstance(value, list):
        return [leaf for item in value for leaf in leaves(item)]
    return [] if value is None else [strict(value)]


@untimed(100)
@given(any_settings())
def test_no_value_is_lost_but_those_that_a_note_names(settings: dict[str, Any]) -> None:
    settings.pop("$version", None)
    change = script(1).change(Context(settings=settings, target_version=3))
    after = apply(settings, list(change.operations))
    found = leaves(after)
    given_way = {note.path for note in change.notes if not note.message.startswith("was not moved")}
    kept = apply(settings, [Remove(path) for path in given_way])
    for leaf in leaves(kept):
        assert leaf in found
        found.remove(leaf)


# The folder of scripts, and the runner.

WORKING = """
NAME = TITLE = REASON = "x"
def detect(context): return False
def change(context): raise NotImplementedError
"""
VERSION_STEP = WORKING.replace('"x"', '"settings-version"')


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "contains no migrations"),
        ({"0001_a.py": WORKING, "0003_b.py": WORKING}, "0003_b.py should be number 0002"),
        ({"0001_a.py": WORKING, "0001_b.py": WORKING}, "0001_b.py should be number 0002"),
        ({"helpers.py": ""}, "helpers.py is not a valid name for a migration"),
        ({"0001_a.py": WORKING.replace("TITLE = ", "")}, "0001_a.py does not define TITLE"),
        (
            {"0001_a.py": WORKING.replace("def change", "def other")},
            "does not define the function change",
        ),
        ({"0001_a.py": WORKING + "SINCE = 1"}, "SINCE in .*0001_a.py is not a release"),
        ({"0001_a.py": WORKING + "SINCE = '>=1.0.0'"}, "SINCE in .*0001_a.py is not a release"),
        ({"0001_a.py": VERSION_STEP + "SINCE = '1.0.0'"}, "a settings-version script is for every"),
        ({"0001_a.py": "def"}, "0001_a.py cannot be loaded: SyntaxError"),
        ({"0001_a.py": "import no_such_module"}, "cannot be loaded: ModuleNotFoundError"),
    ],
)
def test_broken_folder_is_named(tmp_path: Path, files: dict[str, str], message: str) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        load(tmp_path)


def test_script_may_hold_a_dataclass(tmp_path: Path) -> None:
    text = "from __future__ import annotations\nfrom dataclasses import dataclass\n" + WORKING
    text += "@dataclass\nclass Key:\n    name: str\n"
    (tmp_path / "0001_a.py").write_text(text, encoding="utf-8")
    assert [script.identity for script in load(tmp_path)] == ["0001_a"]


def test_script_is_what_its_file_holds(tmp_path: Path) -> None:
    """With what it must hold alone, and with all that it may hold."""
    text = """
NAME, TITLE, REASON, SINCE, FIRST_IN_FILES = "name", "title", "reason", "0.24.0", True
def detect(context): return "detected"
def change(context): return "changed"
def leaves(context): return "left"
"""
    for number, each in enumerate((WORKING, text), start=1):
        (tmp_path / f"000{number}_a.py").write_text(each, encoding="utf-8")
    least, most = load(tmp_path)
    assert least == Script(
        identity="0001_a",
        name="x",
        title="x",
        reason="x",
        detect=least.detect,
        change=least.change,
    )
    assert most == Script(
        identity="0002_a",
        name="name",
        title="title",
        reason="reason",
        detect=most.detect,
        change=most.change,
        leaves=most.leaves,
        since="0.24.0",
        first_in_files=True,
    )
    given: Any = None
    assert most.leaves is not None
    called = most.detect(given), most.change(given), most.leaves(given)
    assert called == ("detected", "changed", "left")


def test_script_that_applies_again_after_its_change_is_stopped() -> None:
    endless = replace(script(1), identity="0009_endless", detect=lambda _: True)
    with pytest.raises(InputError, match="0009_endless applies again"):
        run([endless], Context(settings={"theme": "x"}, target_version=3))


# Every key of every table

KEYS = json.loads((Path(__file__).parent / "data" / "settings-keys.json").read_text("utf-8"))


@pytest.mark.parametrize("target", [3, 4])
@pytest.mark.parametrize(
    ("key", "path"),
    [each for each in KEYS["v1_to_v2"].items() if each[0] != each[1]],
)
def test_flat_key_goes_into_its_group(key: str, path: str, target: int) -> None:
    settings = migrate({key: "some value"}, target).settings
    assert get(settings, tuple(path.split("."))) == "some value"
    assert settings["$version"] == target


@pytest.mark.parametrize(
    ("key", "path"),
    [
        *((key, path) for key, path in KEYS["v1_disable_keys_to_v2"].items()),
        *((path, path) for path in KEYS["v2_to_v3_inverted_booleans"]),
    ],
)
def test_disabling_key_becomes_its_opposite(key: str, path: str) -> None:
    before: Any = True
    for step in reversed(key.split(".")):
        before = {step: before}
    settings = migrate(before if key != path else before | {"$version": 2}, 4).settings
    enabling = KEYS["v2_to_v3_inverted_booleans"][path]
    assert get(settings, tuple(enabling.split("."))) is False
    assert get(settings, tuple(path.split("."))) is None


@pytest.mark.parametrize(("key", "path"), KEYS["v1_to_v2_until_0.15"].items())
def test_key_that_only_earlier_clients_move_stays_for_later_ones(key: str, path: str) -> None:
    flat = {key: True, "theme": "x"}
    assert get(migrate(flat, 3).settings, tuple(path.split("."))) is True
    assert migrate(flat, 4).settings[key] is True
    assert migrate({key: True}, 4).settings == {key: True, "$version": 4}


@pytest.mark.parametrize("target", [3, 4])
@pytest.mark.parametrize(
    "beside", [{"theme": "Dark"}, {"general": {"gitCoAuthor": True}}, {"selectedAuthType": "x"}]
)
def test_file_never_gets_a_version_while_a_provider_is_wrapped(
    beside: dict[str, Any], target: int
) -> None:
    models = [{"id": "ash-1", "envKey": "ASH"}]
    wrapped = {**beside, "modelProviders": {"openai": {"protocol": "openai", "models": models}}}
    context = Context(settings=wrapped, target_version=target)
    settings = run(steps(for_files=True), context).settings
    assert settings["modelProviders"] == {"openai": models}
    assert settings["$version"] == target
    assert not beside.keys() & {"theme", "selectedAuthType"} & settings.keys()


@untimed(100)
@given(any_settings(), st.sampled_from(TARGETS))
def test_files_are_migrated_like_settings_in_memory_unless_a_provider_is_wrapped(
    settings: dict[str, Any], target: int
) -> None:
    context = Context(settings=settings, target_version=target)
    providers = settings.get("modelProviders")
    values = providers.values() if isinstance(providers, dict) else ()
    if not any(isinstance(value, dict) for value in values):
        in_file = run(steps(for_files=True), context).settings
        assert strict(in_file) == strict(run(steps(), context).settings)


@pytest.mark.parametrize("target", [3, 4])
def test_wrapped_provider_without_a_version_is_unwrapped_for_every_client(target: int) -> None:
    models = [{"id": "lab-large", "envKey": "LAB_KEY"}]
    wrapped = {"modelProviders": {"openai": {"protocol": "openai", "models": models}}}
    settings = migrate(wrapped, target).settings
    assert settings == {"modelProviders": {"openai": models}, "$version": target}


def test_content_is_in_the_wheel_or_else_in_the_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "compiler" / "qwenlock"
    (package / "_content" / "findings").mkdir(parents=True)
    monkeypatch.setattr(shipped, "_PACKAGE", package)
    assert folder("docs/findings") == package / "_content" / "findings"
    assert folder("docs/other") == tmp_path / "docs" / "other"
