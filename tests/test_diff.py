"""Two locks compared: every difference is found, named by meaning, and shows no key."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given

from qwenlock.cli.findings import changes_as_json
from qwenlock.cli.views.differences import as_markdown, changes_as_text, rows, summary
from qwenlock.lock.diff import ABSENT, LockChange, diff
from qwenlock.lock.groups import grouped, notable
from qwenlock.lock.model import EnvironmentVariable, InstalledPlan, Lock, OtherModel
from qwenlock.lock.options import Options
from qwenlock.lock.text import digest, load
from support import JSON, MODEL, OBJECTS, dump, locked, models, strict, untimed

LOCK = locked({**models(MODEL, {**MODEL, "id": "b"}), "model": {"name": "b"}})
PLAN = InstalledPlan(id="coding-plan", region="china", version="0.12.0", digest=digest(b""))


def lines(new: Lock, old: Lock = LOCK) -> list[str]:
    return changes_as_text(diff(old, new))


def with_model(**fields: Any) -> Lock:
    return replace(LOCK, models=(replace(LOCK.models[0], **fields), *LOCK.models[1:]))


def test_equal_locks_have_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "deepdiff", None)  # which takes time to load
    assert diff(LOCK, LOCK) == []
    assert diff(LOCK, load(dump(LOCK), "qwen.lock")) == []
    assert diff(LOCK, replace(LOCK, lock_version="1.7")) == []


FIRST, SECOND = LOCK.models
DIGEST = digest(b"other")


@pytest.mark.parametrize(
    ("new", "expected"),
    [
        (replace(LOCK, client="0.12.0"), ['~ client: client "guide" → "0.12.0"']),
        (replace(LOCK, options=Options(user=False)), ["~ option: user (none) → false"]),
        (
            replace(LOCK, selection=replace(LOCK.selection, model="gpt-4o")),
            ['~ selection: model "b" → "gpt-4o"'],
        ),
        (replace(LOCK, models=(FIRST,)), ["- model openai/b"]),
        (
            replace(LOCK, models=(replace(FIRST, id="z"), SECOND)),
            ['~ model openai/gpt-4o: id "gpt-4o" → "z"'],
        ),
        (
            replace(LOCK, models=(FIRST, SECOND, replace(FIRST, id="c"))),
            ["+ model openai/c"],
        ),
        (
            replace(
                LOCK, models=(replace(FIRST, id="z"), SECOND, replace(FIRST, id="c", name="C"))
            ),
            ['~ model openai/gpt-4o: id "gpt-4o" → "z"', "+ model openai/c"],
        ),
        (with_model(name="N"), ['~ model openai/gpt-4o: name (none) → "N"']),
        (
            with_model(base_url=None),
            ['~ model openai/gpt-4o: base-url "https://api.openai.com/v1" → (none)'],
        ),
        (
            with_model(generation_config={"timeout": 5}),
            ['~ model openai/gpt-4o: generation-config (none) → {"timeout": 5}'],
        ),
        (
            replace(LOCK, models=(SECOND, FIRST)),
            ["~ models of openai in another order: openai/b, openai/gpt-4o"],
        ),
        (
            replace(LOCK, inputs=(replace(LOCK.inputs[0], digest=DIGEST),)),
            [f'~ input user: digest "{LOCK.inputs[0].digest[:19]}…" → "{DIGEST[:19]}…"'],
        ),
        (replace(LOCK, inputs=()), ["- input user"]),
        (replace(LOCK, plans=(PLAN,)), ["+ plan coding-plan china"]),
        (replace(LOCK, environment=()), ["- variable OPENAI_API_KEY"]),
        (
            replace(LOCK, environment=(replace(LOCK.environment[0], used_by=("openai/b",)),)),
            [
                '~ variable OPENAI_API_KEY: used-by ["openai/gpt-4o"] → (none)',
            ],
        ),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_difference_is_named(new: Lock, expected: list[str]) -> None:
    assert lines(new) == expected


def test_differences_of_the_whole_are_in_one_order_with_their_names() -> None:
    selection = replace(LOCK.selection, model="gpt-4o")
    options = Options(user=False)
    new = replace(LOCK, client="0.12.0", merge="client", options=options, selection=selection)
    assert diff(LOCK, new) == [
        LockChange("client", "changed", "client", "client", "guide", "0.12.0"),
        LockChange("merge", "changed", "merge", "merge", "replace", "client"),
        LockChange("option", "changed", "options", "user", ABSENT, False),
        LockChange("selection", "changed", "selection", "model", "b", "gpt-4o"),
    ]


def test_selection_in_which_nearly_all_differs_is_one_difference() -> None:
    selection = replace(LOCK.selection, auth_type=None, model=None, kind="undecided", source=None)
    (change,) = changes = diff(LOCK, replace(LOCK, selection=selection))
    whole = {"auth-type": "openai", "model": "b", "kind": "provider", "source": "user"}
    told = LockChange("selection", "changed", "selection", "", whole, {"kind": "undecided"})
    assert change == told
    assert [*notable(changes)] == ["another model is selected"]


@pytest.mark.parametrize(
    ("old", "new", "is_renamed"),
    [
        ("gpt-4o", "z", True),  # the id is shown in place of a name
        (None, "z", True),
        ("N", "N", True),
        ("gpt-4o", "N", False),
        ("N", "O", False),
    ],
)
def test_model_with_another_id_is_the_same_if_all_else_is(
    old: str | None, new: str | None, is_renamed: bool
) -> None:
    before = replace(LOCK, models=(replace(FIRST, name=old), SECOND))
    after = replace(LOCK, models=(replace(FIRST, id="z", name=new), SECOND))
    is_one = any('id "gpt-4o"' in each for each in lines(after, before))
    assert is_one is is_renamed


@pytest.mark.parametrize(
    ("client", "expected"),
    [("guide", []), ("0.15.10", ['~ client: client "0.15.10" → "0.24.4"'])],
)
def test_guide_of_the_earlier_format_is_not_a_difference(client: str, expected: list[str]) -> None:
    old = replace(LOCK, lock_version="1.0", client=client)
    assert lines(replace(LOCK, client="0.24.4"), old) == expected


def test_what_the_earlier_format_cannot_hold_is_not_compared() -> None:
    old = replace(with_model(fields={"wireApi": "responses"}), lock_version="1.0")
    new = replace(
        with_model(wire_api="responses"),
        merge="client",
        inputs=(replace(LOCK.inputs[0], digest=DIGEST),),
        selection=replace(LOCK.selection, wire_api="responses", enforced_type="openai"),
        other_models=(OtherModel(role="fast", value="b", source="user"),),
    )
    assert lines(new, old) == []
    assert lines(old, new) == []
    assert lines(LOCK, old) == ['~ model openai/gpt-4o: fields.wireApi "responses" → (none)']


def test_plan_that_got_a_version() -> None:
    old, new = (replace(LOCK, plans=(replace(PLAN, version=version),)) for version in (None, "1.0"))
    assert lines(new, old) == ['~ plan coding-plan china: version (none) → "1.0"']


def test_fields_inside_free_form_objects_are_named_by_their_path() -> None:
    old = with_model(generation_config={"a": {"b": [1, {"c": None}]}, "same": 1, "more": 2})
    new = with_model(generation_config={"a": {"b": [1, {"c": 0.5}]}, "same": 1, "more": 2})
    assert lines(new, old) == ["~ model openai/gpt-4o: generation-config.a.b.1.c null → 0.5"]


def test_models_with_one_id_at_several_addresses_are_distinguished() -> None:
    entries = [{**MODEL, "baseUrl": f"https://{name}/v1"} for name in "abc"]
    old = locked(models(*entries), client="0.21.2")
    new = locked(models(entries[0], {**entries[1], "name": "x"}, entries[2]), client="0.21.2")
    found = [line for line in lines(new, old) if " model " in line]
    assert found == ['~ model openai/gpt-4o at https://b/v1: name (none) → "x"']


# What only somebody with an editor can have done


OTHER = replace(FIRST, auth_type="gemini")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (with_model(fields={"on": True}), with_model(fields={"on": 1})),
        (with_model(fields={"on": 0}), with_model(fields={"on": False})),
        (with_model(fields={"__private": 1}), with_model(fields={"__private": 2})),
        (with_model(fields={"": {"": None}}), with_model(fields={"": {}})),
        (
            with_model(fields={"a.b": 1, "a": {"b": 2}}),
            with_model(fields={"a.b": 2, "a": {"b": 2}}),
        ),
        (LOCK, replace(LOCK, models=(*LOCK.models, FIRST))),
        (replace(LOCK, models=(FIRST, OTHER)), replace(LOCK, models=(OTHER, FIRST))),
        (LOCK, replace(LOCK, inputs=LOCK.inputs * 2)),
        (LOCK, replace(LOCK, environment=LOCK.environment * 2)),
        (
            replace(LOCK, plans=(PLAN, replace(PLAN, region="global"))),
            replace(LOCK, plans=(replace(PLAN, region="global"), PLAN)),
        ),
        (
            replace(LOCK, environment=tuple(EnvironmentVariable(name=n, used_by=()) for n in "AB")),
            replace(LOCK, environment=tuple(EnvironmentVariable(name=n, used_by=()) for n in "BA")),
        ),
    ],
)
def test_difference_that_python_or_a_name_would_hide_is_found(old: Lock, new: Lock) -> None:
    assert diff(old, new)
    assert diff(new, old)
    assert lines(new, old)


def test_order_of_auth_types_and_of_the_rest_is_described_in_words() -> None:
    old = replace(LOCK, models=(FIRST, OTHER))
    assert lines(replace(old, models=(OTHER, FIRST)), old) == [
        "~ auth types in another order: gemini, openai"
    ]
    plans = (PLAN, replace(PLAN, region="global"))
    old = replace(LOCK, plans=plans)
    assert lines(replace(old, plans=plans[::-1]), old) == [
        "~ plans in another order: coding-plan global, coding-plan china"
    ]


@untimed(80)
@given(OBJECTS, OBJECTS)
def test_every_difference_of_two_models_is_found(one: dict[str, Any], two: dict[str, Any]) -> None:
    old, new = (
        load(dump(with_model(fields={"own": fields})), "qwen.lock") for fields in (one, two)
    )
    changes = diff(old, new)
    assert bool(changes) == (strict(one) != strict(two))
    changes_as_text(changes)
    as_markdown(changes)
    strict(changes_as_json(changes))


@untimed(50)
@given(JSON)
def test_text_of_a_change_is_one_line(value: Any) -> None:
    for line in lines(with_model(fields={"own": value}, name="a\nb\x1b[31m\u202e")):
        assert line.isprintable() or not set(line) & set("\n\r\x1b\u202e\x00")


# Credentials


@pytest.mark.parametrize(
    "fields",
    [
        {"apiKey": "hunter2"},
        {"apiKey": 12345678},
        {"x": {"token": ["hunter2"]}},
        {"x": "uses sk-abcdefgh12345"},
        {"sk-abcdefgh12345": 1},
        {"x": {"sk-abcdefgh12345": {"y": 1}}},
    ],
)
def test_key_that_somebody_put_into_a_lock_is_not_shown(fields: dict[str, Any]) -> None:
    edited = with_model(fields=fields)
    for old, new in ((LOCK, edited), (edited, LOCK), (with_model(fields={"x": 1}), edited)):
        changes = diff(old, new)
        said = "\n".join([*changes_as_text(changes), as_markdown(changes)])
        said += strict(changes_as_json(changes))
        assert changes
        for secret in ("hunter", "abcdefgh", "12345678"):
            assert secret not in said


def test_key_in_the_name_of_a_model_is_not_shown() -> None:
    new = with_model(id="sk-abcdefgh12345", base_url="https://u:hunter2@h")
    twice = replace(new, models=(*new.models, replace(new.models[0], name="x")))
    for said in (lines(new), lines(twice), lines(LOCK, twice)):
        assert "abcdefgh" not in "".join(said)
        assert "hunter" not in "".join(said)


def test_markdown_is_a_sentence_and_a_table() -> None:
    change = LockChange("model", "changed", "openai/a|b`c", "name", "old", ABSENT)
    assert as_markdown([change]) == (
        "**1 model changed.**\n"
        "\n"
        "|  | what | field | before | after |\n"
        "| --- | --- | --- | --- | --- |\n"
        '| changed | model `openai/a\\|b\'c` | `name` | `"old"` |  |\n'
    )
    assert as_markdown([]) == "No differences.\n"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ([], "no differences"),
        (
            [
                LockChange("selection", "changed", "selection", "model", "a", "b"),
                LockChange("model", "added", "openai/a"),
                LockChange("model", "added", "openai/b"),
                LockChange("model", "removed", "openai/c"),
                LockChange("model", "changed", "openai/d", "name", "x", "y"),
                LockChange("model", "changed", "openai/d", "env-key", "X", "Y"),
                LockChange("model", "reordered", "openai", "", ["d", "e"], ["e", "d"]),
            ],
            "2 models added, 1 removed, 1 changed, in another order; selection changed",
        ),
        ([LockChange("plan", "reordered", "plans", "", ["a", "b"], ["b", "a"])],
         "plans in another order"),
        ([LockChange("option", "changed", "options", "user", ABSENT, False)], "options changed"),
    ],
)  # fmt: skip
def test_summary_counts_what_changed(changes: list[LockChange], words: str) -> None:
    assert summary(changes) == words


def test_users_of_a_variable_are_listed_without_their_places() -> None:
    users = [[f"openai/m{number}" for number in numbers] for numbers in (range(3), (3, 0, 1))]
    changes = [
        *(LockChange("variable", "changed", "X", f"used-by.{at}", old, new)
          for at, (old, new) in enumerate(zip(*users, strict=True))),
        LockChange("variable", "added", "Y"),
    ]  # fmt: skip
    assert [(row.name, row.field, row.before, row.after) for row in rows(changes)] == [
        ("X", "used-by", '["openai/m2"]', '["openai/m3"]'),
        ("Y", "", "", ""),
    ]


def test_lists_are_compared_item_by_item() -> None:
    """Another way would give an index of one list for some items, and of the other for others."""
    before, after = (
        replace(LOCK, environment=(EnvironmentVariable(name="K", used_by=users),))
        for users in (("a", "a-x", "c"), ("b", "b-x", "a", "c-x"))
    )
    changes = [(each.field, each.old, each.new) for each in diff(before, after)]
    assert changes == [
        ("used-by.0", "a", "b"),
        ("used-by.1", "a-x", "b-x"),
        ("used-by.2", "c", "a"),
        ("used-by.3", ABSENT, "c-x"),
    ]


def test_thousands_of_users_are_listed_quickly() -> None:
    many = range(20_000)
    changes = [LockChange("variable", "changed", "X", f"used-by.{n}", n, n + 20_000) for n in many]
    (row,) = rows(changes)
    assert row.before == str(list(many))


def test_locks_are_not_changed_by_comparing() -> None:
    before = dump(LOCK)
    diff(LOCK, with_model(name="x"))
    assert dump(LOCK) == before


# What a reviewer must see


SHRINKS = "the context window of openai/gpt-4o shrinks"


def with_window(*size: object) -> Lock:
    window = {"contextWindowSize": size[0]} if size else {"timeout": 1}
    return with_model(generation_config=window)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (LOCK, LOCK, []),
        (LOCK, replace(LOCK, models=(FIRST,)), ["openai/b disappears"]),
        (replace(LOCK, models=(FIRST,)), LOCK, []),
        (
            LOCK,
            replace(
                LOCK,
                environment=(*LOCK.environment, EnvironmentVariable(name="NEW", used_by=("x",))),
            ),
            ["NEW must be set"],
        ),
        (
            LOCK,
            replace(LOCK, selection=replace(LOCK.selection, model="gpt-4o")),
            ["another model is selected"],
        ),
        (
            LOCK,
            replace(LOCK, selection=replace(LOCK.selection, auth_type="gemini")),
            ["another model is selected"],
        ),
        (
            LOCK,
            replace(LOCK, selection=replace(LOCK.selection, kind="undecided")),
            ["another model is selected"],
        ),
        (LOCK, replace(LOCK, selection=replace(LOCK.selection, base_url="https://x.test")), []),
        *(
            (with_window(9), with_window(less), [f"{SHRINKS} from 9 to {less}"])
            for less in (8, 8.5)
        ),
        *(
            (with_window(*old), with_window(*new), [])
            for old, new in (
                ([8], [9]),
                ([8], [8.0]),
                ([8], []),
                ([], [8]),
                ([8], [None]),
                (["9"], [8]),
            )
        ),
        (LOCK, with_model(name="N"), []),
    ],
)
def test_what_a_reviewer_must_see_is_notable(old: Lock, new: Lock, said: list[str]) -> None:
    assert [*notable(diff(old, new))] == said


def test_models_with_one_name_are_distinguished() -> None:
    alike = (FIRST, replace(FIRST, base_url=None), FIRST, FIRST, SECOND)
    changes = diff(replace(LOCK, models=(SECOND,)), replace(LOCK, models=alike))
    assert [each.name for each in changes if each.action == "added"] == [
        "openai/gpt-4o",
        "openai/gpt-4o at no URL",
        f"openai/gpt-4o at {MODEL['baseUrl']}",
        f"openai/gpt-4o at {MODEL['baseUrl']} again",
    ]


def test_equal_changes_of_several_projects_are_one_group_largest_first() -> None:
    removed, added = diff(LOCK, replace(LOCK, models=(FIRST,))), diff(LOCK, with_model(name="N"))
    groups = grouped({"a": added, "b": [*added, *removed], "c": removed, "d": removed})
    assert [(each.projects, [*each.changes]) for each in groups] == [
        (("b", "c", "d"), removed),
        (("a", "b"), added),
    ]
