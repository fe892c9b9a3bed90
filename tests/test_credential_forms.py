"""Every form of a credential, in every place of a lock, with every command; and no false alarms.

docs/credentials.md shows the tables; `pytest --update-docs` writes them.
"""

from __future__ import annotations

import itertools
import json
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import credential_forms as forms
from qwenlock.clients.profile import profile
from qwenlock.clients.schema import settings_schema
from qwenlock.edge.plans import load
from qwenlock.enforce.enforcing import over
from qwenlock.text.credentials import is_credential, is_variable_name
from qwenlock.text.operations import get
from support import MODEL, World, codes, compiled, dump, models, plainly_read, source, write

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "credentials.md"
BEGIN, END = "<!-- tables -->\n", "<!-- end -->\n"

LET_THROUGH = {
    (form, place)
    for form in (
        *("AWS's secret, base64", "32 hex digits", "40 hex digits", "64 hex digits", "a UUID"),
        *("32 letters and digits", "base64 of 32 bytes", "base64url of 48 bytes"),
        *("`Bearer` and words", "groups of a licence"),
    )
    for place in ("`baseUrl`, its path", "`id`, `name`", "`fastModel`")
} | {("`Bearer` and words", "a query")}
"""Random text passes in ids; words after `Bearer` pass outside headers."""


@pytest.mark.parametrize("form", forms.KEYS)
def test_every_form_in_every_place(form: str) -> None:
    missed = {
        (form, place)
        for place, settings in forms.PLACES.items()
        if not forms.is_caught(settings(forms.KEYS[form]))
    }
    assert missed == {each for each in LET_THROUGH if each[0] == form}


SELECTED = {
    "a model of the settings": {**models(MODEL), "model": {"name": MODEL["id"]}},
    "a model that variables give": {"model": {"name": "gpt-x"}},
}


def settings_of(
    node: dict[str, Any], schema: dict[str, Any], path: tuple[Any, ...] = ()
) -> Iterator[tuple[Any, ...]]:
    """Yield every setting that a schema names, and one more below each object."""
    while "$ref" in node:
        node = get(schema, tuple(node["$ref"].split("/")[1:]))
    if path:
        yield path
    for inner in node.get("anyOf", ()):
        yield from settings_of(inner, schema, path)
    for name, inner in node.get("properties", {}).items():
        yield from settings_of(inner, schema, (*path, name))
    if "items" in node:
        yield from settings_of(node["items"], schema, (*path, 0))
    if isinstance(node.get("additionalProperties", True), dict):
        yield from settings_of(node["additionalProperties"], schema, (*path, "x"))


@pytest.mark.slow
@pytest.mark.parametrize("selected", SELECTED)
def test_no_setting_brings_one_into_a_lock(selected: str) -> None:
    """Neither as its text, nor as the name of a key in it."""
    key = forms.KEYS["`sk-` and 48 letters and digits"]
    before = {"security": {"auth": {"selectedType": "openai"}}, **SELECTED[selected]}
    schema = settings_schema(profile("0.24.4"))
    paths = set(settings_of(schema, schema))
    assert {("fastModel",), ("security", "auth", "enforcedType")} < paths
    for path, value in itertools.product(paths, (key, {key: "gpt-x"}, [key])):
        given: Any = value
        for step in reversed(path):
            given = [given] if step == 0 else {step: given}
        lock = compiled(over(before, given), client="0.24.4").lock
        assert lock is None or key not in dump(lock), path


@pytest.mark.parametrize(
    "settings",
    [
        {"security": {"auth": {"enforcedType": "KEY"}}},
        {"agents": {"modelGrades": {"KEY": "gpt-4o"}}},
        {"agents": {"modelGrades": {"high": "KEY"}}},
    ],
)
@pytest.mark.parametrize(("text", "code"), [(f"sk-{'aB3' * 16}", "QL401"), ("\ud800", "QL109")])
def test_what_is_not_a_model_is_judged_too(settings: Any, text: str, code: str) -> None:
    given = json.loads(json.dumps(settings).replace("KEY", text))
    assert code in codes(compiled({**models(MODEL), **given}, client="0.24.4"))


@pytest.mark.parametrize("part", ["customHeaders", "extra_body", "samplingParams"])
def test_any_text_under_the_name_of_a_credential(part: str) -> None:
    names = [
        name
        for name in forms.NAMES
        if not forms.is_caught(forms.in_config(**{part: {name: "hunter two"}}))
    ]
    assert names == []


def test_every_form_of_a_url() -> None:
    urls = [
        name for name, url in forms.URLS.items() if not forms.is_caught(forms.model(baseUrl=url))
    ]
    assert urls == []


@pytest.mark.parametrize("name", forms.HARMLESS)
def test_what_guides_have_is_not_a_credential(name: str) -> None:
    for part in ("customHeaders", "extra_body"):
        assert not forms.is_caught(forms.in_config(**{part: {name: forms.HARMLESS[name]}}))


def test_page_shows_the_tables(request: pytest.FixtureRequest) -> None:
    page = PAGE.read_text(encoding="utf-8")
    head, _, rest = page.partition(BEGIN)
    now = head + BEGIN + forms.table() + END + rest.partition(END)[2]
    if request.config.getoption("--update-docs"):
        PAGE.write_text(now, encoding="utf-8")
    assert now == page or request.config.getoption("--update-docs"), "run `pytest --update-docs`"


class TestAllowed:
    TEXT = """{{
  "modelProviders": {{"openai": [{{
    "id": "a", "envKey": "K",
    "generationConfig": {{"customHeaders": {{
      "X-Team-Key": "AbC123xyz"{same}{above}
      , "X-Other": "fine"
    }}}}
  }}]}}
}}"""

    @pytest.mark.parametrize(
        "comment",
        [
            "// qwenlock: allow-literal",
            "/* qwenlock: allow-literal */",
            "//qwenlock:allow-literal why",
        ],
    )
    def test_by_a_comment(self, comment: str) -> None:
        text = self.TEXT.format(same=f" {comment}", above="")
        assert "QL401" not in codes(compiled(source(text), client="0.24.4"))
        text = self.TEXT.format(same="", above="").replace(
            '"X-Team-Key"', f'{comment}\n"X-Team-Key"'
        )
        assert "QL401" not in codes(compiled(source(text), client="0.24.4"))

    @pytest.mark.parametrize(
        "comment",
        ["", "// allow-literal", "// qwenlock: allow-literals", "// qwenlock: ignore[QL401]"],
    )
    def test_by_no_other(self, comment: str) -> None:
        text = self.TEXT.format(same=f" {comment}", above="")
        assert "QL401" in codes(compiled(source(text), client="0.24.4"))

    def test_only_where_the_comment_is(self) -> None:
        """Equal objects are read once, but a comment allows a key only in its own place."""
        first = self.TEXT.format(same=" // qwenlock: allow-literal", above="")
        entry = first[first.index('{\n    "id"') : first.index("  }]") + 3]
        both = first.replace(entry, f"{entry},\n{entry.replace('a', 'b', 1)}")
        both = both[::-1].replace("laretil-wolla :kcolnewq // "[::1], "", 1)[::-1]
        found = compiled(source(both), client="0.24.4")
        assert codes(found).count("QL401") == 1

    def test_by_the_configuration(self, world: World) -> None:
        write(world.own, forms.in_config(customHeaders={"X-Team-Key": "AbC123xyz"}))
        assert world.run("lock").exit_code == 3
        write(world.project / "qwenlock.toml", 'allow-literals = ["x-team-key"]\n')
        for command in ("lock", "check"):
            assert world.run(command).exit_code == 0
        write(world.project / "qwenlock.toml", "allow-literals = [1]\n")
        assert "must be an array of names" in world.run("lock").err

    def test_the_error_names_the_ways_out(self, world: World) -> None:
        write(world.own, forms.in_config(customHeaders={"X-Team-Key": "AbC123xyz"}))
        assert 'write "$NAME"' in (said := world.run("lock").err)
        assert "`// qwenlock: allow-literal`" in said


COMMANDS = {
    "lock": ["lock"],
    "lock --output -": ["lock", "--output", "-"],
    "lock --check": ["lock", "--check"],
    "check": ["check"],
    "check --format github": ["check", "--format", "github"],
    "check --format json": ["check", "--format", "json"],
    "lint": ["lint"],
    "lint --format sarif": ["lint", "--format", "sarif"],
    "show": ["show"],
    "diff": ["diff"],
    "resolve": ["resolve"],
    "report --markdown -": ["report", "--markdown", "-"],
    "report --html -": ["report", "--html", "-"],
    "select --dry-run": ["select", "b", "--dry-run"],
    "upgrade --dry-run": ["upgrade", "--region", "china", "--dry-run"],
    "migrate --dry-run": ["migrate", "--dry-run"],
    "init --dry-run": ["init", "--dry-run"],
}
"""Every command that reads settings and prints or writes a part of them."""


@pytest.mark.parametrize("command", COMMANDS)
def test_no_command_shows_or_locks_one(world: World, command: str) -> None:
    """All forms at once, in each place where they are caught, in the settings of the project."""
    for place, settings in forms.PLACES.items():
        keys = [key for form, key in forms.KEYS.items() if (form, place) not in LET_THROUGH]
        world.clear()
        write(world.own, json.dumps(together(map(settings, keys)), indent=2))
        result = world.run(*COMMANDS[command])
        for text in (
            result.out,
            result.err,
            *(each.read_text() for each in world.project.glob("*.lock")),
        ):
            for key, last in itertools.product(keys, (False, True)):
                assert (key[-8:] if last else key) not in text, place


@pytest.mark.parametrize("command", ["select --dry-run", "migrate --dry-run", "lint", "lock"])
def test_no_comment_shows_one(world: World, command: str) -> None:
    """Each form in a comment beside a change, with words before and after it."""
    for form, key in forms.KEYS.items():
        if "\n" in key or form == "`Bearer` and words":
            continue
        world.clear()
        text = json.dumps({**models(MODEL, MODEL | {"id": "b"}), "$version": 3}, indent=2)
        write(
            world.own, re.sub(r",$", f", // the old one was {key} once", text, flags=re.MULTILINE)
        )
        result = world.run(*COMMANDS[command])
        assert key not in result.out + result.err, form
        assert key[-8:] not in result.out + result.err, form


def together(settings: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Return settings with all models, each with a different id."""
    entries, result = [], {}
    for number, each in enumerate(settings):
        entries += [{**entry, "id": f"m{number}"} for entry in each["modelProviders"]["openai"]]
        result = each
    return {**result, "modelProviders": {"openai": entries}}


# False alarms


def strings(value: Any, key: str | None = None) -> Iterator[tuple[str, str | None]]:
    if isinstance(value, dict):
        for name, item in value.items():
            yield name, "field"
            yield from strings(item, name)
    elif isinstance(value, list):
        for item in value:
            yield from strings(item, key)
    elif isinstance(value, str):
        yield value, key


def examples() -> Iterator[tuple[str, Any]]:
    """Yield the settings of every example that is not about credentials."""
    for path in sorted((ROOT / "golden").rglob("*.json")):
        if path.is_file() and "expected" not in path.parts and "credentials" not in path.parts:
            yield from settings_in(str(path.relative_to(ROOT)), path.read_bytes())
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    for page in pages:
        if "findings" not in page.parts:
            for block in re.findall(r"```json[^\n]*\n(.*?)```", page.read_text("utf-8"), re.DOTALL):
                yield from settings_in(page.name, block.encode())
    for path in sorted((ROOT / "tests" / "conformance").rglob("*.toml")):
        for text in strings(tomllib.loads(path.read_text("utf-8"))):
            yield from settings_in(path.name, text[0].encode())


def settings_in(name: str, text: bytes) -> Iterator[tuple[str, Any]]:
    try:
        yield name, plainly_read(text.decode())
    except (ValueError, UnicodeError):
        return


def test_no_example_raises_a_false_alarm() -> None:
    count, alarms = 0, []
    for name, settings in examples():
        for text, key in strings(
            settings.get("modelProviders") if isinstance(settings, dict) else 0
        ):
            count += 1
            pasted = key == "envKey" and text.isidentifier() and not is_variable_name(text)
            is_one = "hunter" in text  # every credential of an example contains this
            alarms += [(name, key, text)] * ((pasted or is_credential(text, key)) and not is_one)
    assert alarms == []
    assert count > 1_000


def test_no_list_of_a_plan_raises_a_false_alarm() -> None:
    count = 0
    for plan in load(()):
        for template, region in plan._pairs():
            for text, key in strings(plan.models(template, region)):
                count += 1
                assert not is_credential(text, key), (plan.id, key, text)
    assert count > 1_000
