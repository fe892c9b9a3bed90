"""The rooms: imports go one way, without cycles, and some modules are only for some rooms."""

from __future__ import annotations

import ast
import importlib
import re
import sys
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from qwenlock.text.pattern import pattern

if TYPE_CHECKING:
    from collections.abc import Iterator

REPOSITORY = Path(__file__).resolve().parent.parent
PACKAGE = REPOSITORY / "compiler" / "qwenlock"
MODULES = sorted(PACKAGE.rglob("*.py"))
ROOMS = (
    "text",
    "findings",
    "clients",
    "plans",
    "lock",
    "settings",
    "compile",
    "resolve",
    "enforce",
    "migrate",
    "change",
    "lint",
    "edge",
    "server",
    "cli",
)
"""Each room imports only those before it."""


@cache
def nodes(module: Path) -> list[ast.AST]:
    """Return every node of a module's syntax tree, the module first."""
    return list(ast.walk(ast.parse(module.read_text(encoding="utf-8"))))


@pytest.fixture(scope="module", autouse=True)
def forget() -> Iterator[None]:
    """Free the trees afterwards: there are half a million nodes."""
    yield
    nodes.cache_clear()


@cache
def imported(module: Path) -> set[str]:
    """Return what a module imports, anywhere in it: in functions and for type checking, too."""
    names: set[str] = set()
    for node in nodes(module):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{module}: a relative import"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def name_of(module: Path) -> str:
    """Return the dotted name of a module."""
    parts = ("qwenlock", *module.relative_to(PACKAGE).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


BY_NAME = {name_of(module): module for module in MODULES}


def sides(module: Path) -> set[Path]:
    """Return the modules that a module imports, or imports names of."""
    return {
        BY_NAME[found]
        for name in imported(module)
        for found in (name, name.rpartition(".")[0])
        if found in BY_NAME and BY_NAME[found] not in (module, PACKAGE / "__init__.py")
    }


def room(module: Path) -> str:
    return module.relative_to(PACKAGE).parts[0]


def test_the_list_of_rooms_is_complete() -> None:
    folders = {path.name for path in PACKAGE.iterdir() if list(path.glob("*.py"))}
    files = {path.name for path in PACKAGE.glob("*.py")}
    assert (folders, files) == (set(ROOMS), {"__init__.py", "__main__.py"})


def test_a_room_imports_only_rooms_before_it() -> None:
    beyond = [
        (name_of(module), name_of(other))
        for module in MODULES
        if room(module) in ROOMS
        for other in sides(module)
        if room(other) not in ROOMS[: ROOMS.index(room(module)) + 1]
    ]
    assert beyond == []


def test_no_files_import_each_other() -> None:
    try:
        TopologicalSorter({module: sides(module) for module in MODULES}).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(name_of(module) for module in error.args[1]))


def test_nothing_imports_a_command() -> None:
    """Code that two commands need is in a module beside them."""
    found = [
        name_of(module)
        for module in MODULES
        for other in sides(module)
        if other.parent.name == "commands" and other.name != "__init__.py"
    ]
    assert found == []


@pytest.mark.parametrize("text", ["qwen-oauth", "$runtime|"])
def test_a_constant_is_written_once(text: str) -> None:
    found = [
        name_of(module)
        for module in MODULES
        for node in nodes(module)
        if isinstance(node, ast.Constant) and node.value in (text, re.escape(text))
    ]
    assert len(found) == 1, found


def test_one_module_walks_the_entries_of_model_providers() -> None:
    lookups = re.compile(r'(get\(|settings\[)"modelProviders"|, \("modelProviders",\)')
    scripts = (REPOSITORY / "migrations").glob("*.py")
    found = [each.name for each in [*MODULES, *scripts] if lookups.search(each.read_text("utf-8"))]
    assert found == []


def defined_types(module: Path) -> Iterator[str]:
    """Yield the public classes and type aliases of a module."""
    for node in nodes(module):
        if isinstance(node, ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.AnnAssign) and ast.unparse(node.annotation) == "TypeAlias":
            yield ast.unparse(node.target)


def test_no_two_public_types_share_a_name() -> None:
    places: dict[str, list[str]] = {}
    for module in MODULES:
        for name in defined_types(module):
            if not name.startswith("_") and name_of(module) != "qwenlock.cli.declared":
                places.setdefault(name, []).append(name_of(module))  # whose names are Typer's
    assert {name: found for name, found in places.items() if len(found) > 1} == {}


def test_contributing_shows_every_room_in_order() -> None:
    text = (REPOSITORY / "CONTRIBUTING.md").read_text(encoding="utf-8")
    shown = [line.split("/")[0].strip() for line in text.splitlines() if line.startswith("  ")]
    assert [name for name in shown if name in ROOMS] == list(ROOMS)


def test_modules_that_contributing_names_exist() -> None:
    text = (REPOSITORY / "CONTRIBUTING.md").read_text(encoding="utf-8")
    page = text.partition("## Architecture in one page")[2].partition("\n## ")[0]
    named = re.findall(r"`(\w+/\w+\.py)`", page)
    assert len(named) > 20
    missing = [each for each in named if not (PACKAGE / each).exists()]
    assert [each for each in missing if not each.startswith("tests/")] == []


def test_only_the_command_line_prints_and_knows_typer() -> None:
    calls = [
        name_of(module)
        for module in MODULES
        if room(module) != "cli"
        for node in nodes(module)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "print"
    ]
    knowing = [
        name_of(module)
        for module in MODULES
        if room(module) != "cli"
        and any(name.split(".")[0] in {"typer", "rich"} for name in imported(module))
    ]
    assert (calls, knowing) == ([], [])


def test_no_code_names_a_plan() -> None:
    names = ("bailian", "dashscope", '"coding-plan', "'coding-plan")
    texts = {module: module.read_text(encoding="utf-8").lower() for module in MODULES}
    assert [name_of(each) for each in MODULES if any(name in texts[each] for name in names)] == []


def test_every_module_has_a_docstring() -> None:
    trees = {module: nodes(module)[0] for module in MODULES}
    silent = [
        name_of(module)
        for module, tree in trees.items()
        if isinstance(tree, ast.Module) and not ast.get_docstring(tree)
    ]
    assert silent == []


def test_one_module_opens_network_connections() -> None:
    networks = ("socket", "ssl", "http.", "urllib.request", "asyncio", "ftplib", "smtplib")
    opening = [
        module.relative_to(PACKAGE).as_posix()
        for module in MODULES
        if any(name.startswith(networks) for name in imported(module))
    ]
    # The server's library runs it in a loop of asyncio, over standard input and output.
    assert opening == ["edge/ping.py", "server/serving.py"]


def loose_repeats(parsed: Any) -> Iterator[Any]:
    """Yield the body of each possessive repeat in a parsed pattern that could backtrack."""
    for operator, argument in parsed:
        if str(operator) == "POSSESSIVE_REPEAT":
            (kind, _), *others = argument[2]
            if others or str(kind) not in {"ATOMIC_GROUP", "IN", "LITERAL", "NOT_LITERAL", "ANY"}:
                yield argument[2]
        parts = list(argument) if isinstance(argument, tuple) else [argument]
        while parts:
            part = parts.pop()
            if isinstance(part, list):
                parts += part  # the branches of an alternation
            elif hasattr(part, "data"):
                yield from loose_repeats(part)


def test_what_is_repeated_possessively_is_atomic() -> None:
    """Python before 3.11.5 matches any other group wrongly (python/cpython#106052)."""
    parse = sys.modules["re._parser"].parse
    assert [*loose_repeats(parse("(?:a|bc)*+"))]
    assert not [*loose_repeats(parse("(?:(?>a|bc))*+c++"))]
    patterns = {
        value
        for name in BY_NAME
        if not name.endswith("__main__")
        for value in vars(importlib.import_module(name)).values()
        if isinstance(value, (re.Pattern, pattern))
    }
    assert len(patterns) > 50
    found = {each.pattern for each in patterns if [*loose_repeats(parse(each.pattern, each.flags))]}
    assert found == set()
