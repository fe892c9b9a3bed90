"""The form of inputs: the files of the golden cases, words, and strategies from both."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer.main
from hypothesis import strategies as st

from fuzz.targets import KEY, NEVER, PLAN, SEPARATOR
from qwenlock.cli.app import app
from qwenlock.settings import shipped
from support import NUMBERS, SCALARS, TEXT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

GOLDEN = Path(__file__).parents[2] / "golden"

# Words

FIELDS = [
    "$version", "modelProviders", "security", "auth", "selectedType", "apiKey", "baseUrl",
    "env", "model", "name", "id", "envKey", "generationConfig", "extra_body", "customHeaders",
    "timeout", "samplingParams", "contextWindowSize", "codingPlan", "version", "region",
    "providerMetadata", "coding-plan", "description", "capabilities", "protocol", "models",
    "openai", "gemini", "anthropic", "selectedAuthType", "disableAutoUpdate", "OPENAI_API_KEY",
    "Authorization", "__proto__", "theme", "tools",
]  # fmt: skip
VALUES = [
    *("openai", "gemini", "qwen-oauth", "gpt-4o", "OPENAI_API_KEY", "$OPENAI_API_KEY", "${A", KEY),
    *("https://api.openai.com/v1", f"https://u:{KEY}@h/v1?key={KEY}", f"Bearer {KEY}", "china"),
    *("BAILIAN_CODING_PLAN_API_KEY", "https://coding.dashscope.aliyuncs.com/v1", "\x1b[31m", ""),
    *("qwen3.5-plus", "0" * 64, "sha256:" + "0" * 64, "\u202e", "\\ud800", "../../../etc/passwd"),
]
TOKENS = [
    *(
        "{",
        "}",
        "[",
        "]",
        '"',
        ",",
        ":",
        "//",
        "/*",
        "*/",
        "null",
        "true",
        "1e999",
        "-0",
        "\\u0000",
    ),
    *("\r\n", "\ufeff", "\x00", "=", "#", "[[models]]", "{{", "}}", "{%", "%}", "{#---\n", "---#}"),
    *("export ", "'", "'''", "$", "${", "\\", "9" * 5000, "[" * 600, '{"a":' * 600),
]

KINDS: Mapping[str, tuple[str, ...]] = {
    "text": ("settings.json",),
    "settings": ("settings.json",),
    "change": ("settings.json",),
    "lock": ("qwen.lock",),
    "template": (".json.j2",),
    "dotenv": (".env",),
    "configuration": ("qwenlock.toml", "pyproject.toml"),
    "command-line": ("command",),
}
"""The ends of the names of files that are examples of inputs for a target."""


@cache
def seeds(target: str) -> list[bytes]:
    """Return valid inputs: those of the golden cases, and the bundled templates."""
    places = [GOLDEN, *([shipped.folder("templates")] if target == "template" else [])]
    files = (file for place in places for file in sorted(place.rglob("*")))
    named = (file for file in files if file.name.endswith(KINDS[target]))
    found = [file.read_bytes() for file in named if file.is_file()]
    if target == "lock":
        found = [data.split(b"\n", 2)[-1] for data in found]
    elif target == "template":
        found += [PLAN + SEPARATOR + data for data in found]
    elif target == "command-line":
        lines = (line.split() for data in found for line in data.splitlines())
        found = [b"\n".join(words[1:]) for words in lines if words[:1] == [b"qwenlock"]]
    return sorted({data for data in found if len(data) < 10_000})


def words(target: str) -> list[str]:
    """Return what a mutation may put into an input."""
    return [*TOKENS, *VALUES, *FIELDS, *(options() if target == "command-line" else [])]


@cache
def options() -> list[str]:
    """Return every command, option and choice of the application."""

    def walk(command: Any) -> Iterator[str]:
        for parameter in command.params:
            yield from (*parameter.opts, *parameter.secondary_opts)
            yield from map(str, getattr(parameter.type, "choices", ()))
        if hasattr(command, "list_commands"):
            for name in command.list_commands(None):
                yield name
                yield from walk(command.get_command(None, name))

    return sorted(set(walk(typer.main.get_command(app))) - NEVER)


# Strategies


def mutated(target: str) -> st.SearchStrategy[bytes]:
    """Give the files of golden cases with a few places changed."""

    @st.composite
    def change(draw: st.DrawFn) -> bytes:
        data = draw(st.sampled_from(seeds(target)))
        pieces = st.sampled_from(words(target)).map(lambda word: word.encode()) | st.binary(
            max_size=4
        )
        for _ in range(draw(st.integers(1, 4))):
            start = draw(st.integers(0, len(data)))
            data = data[:start] + draw(pieces) + data[start + draw(st.integers(0, 12)) :]
        return data

    return change()


def _settings() -> st.SearchStrategy[bytes]:
    values = st.recursive(
        st.sampled_from(VALUES) | SCALARS,
        lambda inner: st.lists(inner, max_size=3) | _object(inner),
        max_leaves=16,
    )
    auth = st.fixed_dictionaries(
        {}, optional={"selectedType": values, "apiKey": values, "baseUrl": values}
    )
    entry = st.fixed_dictionaries(
        {"id": st.sampled_from(VALUES)},
        optional=dict.fromkeys(("name", "envKey", "baseUrl", "generationConfig", "apiKey"), values),
    )
    whole = st.fixed_dictionaries(
        {},
        optional={
            "$version": st.integers(-1, 6) | values,
            "modelProviders": st.dictionaries(
                st.sampled_from(VALUES[:3]), st.lists(entry | values, max_size=3)
            ),
            "security": st.fixed_dictionaries({"auth": auth}) | values,
            "env": _object(st.sampled_from(VALUES) | SCALARS) | values,
            "model": _object(values),
            "codingPlan": _object(values),
            "selectedAuthType": values,
            "": values,
        },
    )
    return st.builds(_layout, whole, st.sampled_from([None, 0, 2, "\t"]), st.booleans())


def _object(values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(st.sampled_from(FIELDS) | TEXT, values, max_size=4)


def _layout(value: Any, indent: int | str | None, odd: bool) -> bytes:
    text = json.dumps(value, indent=indent, ensure_ascii=odd)
    if odd:
        text = "\ufeff" + text.replace("\n", f" // {KEY}\r\n") + f"/* {KEY} */"
    return text.encode("utf-8", "surrogatepass")


def _toml(keys: list[str]) -> st.SearchStrategy[bytes]:
    value = st.one_of(
        st.sampled_from(VALUES).map(json.dumps),
        NUMBERS.map(str),
        st.sampled_from(["true", "false", "[]", "{}", "1979-05-27", "nan", "[[1]]", '["QL1"]']),
    )
    line = st.builds("{} = {}".format, st.sampled_from(keys), value)
    header = st.sampled_from(keys).map("[{}]".format)
    lines = st.lists(line | header, max_size=6)
    return lines.map(lambda each: "\n".join(each).encode("utf-8", "surrogatepass"))


def _template() -> st.SearchStrategy[bytes]:
    head = b'{#---\nclient = ">=0.12"\nsource = "x"\nstate = "only"\n[regions]\nall = {}\n---#}\n'
    name = st.sampled_from(
        [
            "models",
            "id",
            "region",
            "region.base_url",
            "plan.env_key",
            "loop.last",
            "x",
            "[1]",
            "9",
            "-1",
        ]
    )
    piece = st.one_of(
        st.builds("{{{{ {} }}}}".format, name),
        st.builds("{{% for {} in {} %}}".format, name, name),
        st.builds("{{% set {} = {} %}}".format, name, name),
        st.builds("{{% if {} == {} %}}".format, name, name),
        st.builds("{{{{ {} | {} }}}}".format, name, st.sampled_from(["sort", "tojson", "x"])),
        st.sampled_from(
            ["{% endfor %}", "{% endif %}", "{% else %}", "[", "]", ",", '{"id": "a"}']
        ),
        st.sampled_from(['{"id": "a", "envKey": "OWN_KEY", "baseUrl": "https://own.example/v1"}']),
        st.sampled_from(["{{ ''.__class__.__mro__ }}", "{% include '/etc/passwd' %}", KEY]),
    )
    body = st.lists(piece, max_size=8).map(lambda pieces: head + "".join(pieces).encode())
    keys = [
        "title",
        "auth-type",
        "env-key",
        "regions.all",
        "regions.all.base-url",
        "states.only",
        "at",
        "version",
    ]
    return body | st.builds(lambda plan, text: plan + SEPARATOR + text, _toml(keys), body)


def _dotenv() -> st.SearchStrategy[bytes]:
    name = st.sampled_from(
        ["OPENAI_API_KEY", "A", "export B", " C ", "", "é", "1", "a-b", "#", KEY]
    )
    quote = st.sampled_from(["", '"', "'", "`", '"""'])
    text = st.sampled_from([*VALUES, "$A", "${A:-x}", "a\nb", "a # b", "\\n", "\\"]) | TEXT
    line = st.builds(lambda n, q, t, r: f"{n}={q}{t}{r}", name, quote, text, quote)
    end = st.sampled_from(["\n", "\r\n", "\r", "\n\n", "\x00", "\x0b"])
    return st.builds(lambda lines, by: by.join(lines).encode(), st.lists(line, max_size=6), end)


def _command_line() -> st.SearchStrategy[bytes]:
    commands = st.sampled_from([each for each in options() if not each.startswith("-")])
    word = st.sampled_from([*options(), *VALUES, ".", "gpt-4o", "x", "-"]) | TEXT
    said = st.builds(lambda first, more: [first, *more], commands, st.lists(word, max_size=5))
    return said.map(lambda each: "\n".join(each).encode())


OPTIONS = [
    "client",
    "user",
    "untrusted",
    "system",
    "system-defaults",
    "templates",
    "lint",
    "lint.strict",
    "tool.qwenlock",
]
LOCK = [
    "lock-version", "client", "merge", "options", "options.user", "options.system",
    "options.templates", "selection", "selection.auth-type", "selection.model",
    "selection.kind", "[inputs]", "[models]", "scope", "path", "digest", "[plans]", "id",
    "auth-type", "name", "env-key", "base-url", "origin", "models.generation-config",
    "models.fields", "[environment]", "used-by",
]  # fmt: skip


def inputs(target: str) -> st.SearchStrategy[bytes]:
    """Give inputs for a target: by its grammar, mutations of valid ones, and any bytes."""
    made = {
        "text": _settings,
        "settings": _settings,
        "change": _settings,
        "lock": lambda: _toml(LOCK),
        "template": _template,
        "dotenv": _dotenv,
        "configuration": lambda: _toml([*OPTIONS, "lint.select", "lint.ignore"]),
        "command-line": _command_line,
    }[target]()
    return st.one_of(made, mutated(target), st.binary(max_size=60))
