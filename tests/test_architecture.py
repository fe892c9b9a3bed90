"""The rooms of the house: what may know of what (DESIGN, The house)."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "compiler" / "qwenlock"
MODULES = sorted(PACKAGE.rglob("*.py"))
CORE = [
    module
    for module in MODULES
    if module.relative_to(PACKAGE).parts[0] not in {"cli", "edge", "__main__.py"}
]


def imported(module: Path) -> set[str]:
    """Return what a module imports, anywhere in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


@pytest.mark.parametrize("module", CORE, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_the_core_knows_neither_the_edge_nor_the_command_line(module: Path) -> None:
    known = imported(module)
    assert not [name for name in known if name.startswith(("qwenlock.edge.", "qwenlock.cli."))]


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_only_the_command_line_prints_and_knows_typer(module: Path) -> None:
    if module.relative_to(PACKAGE).parts[0] == "cli":
        return
    assert not [name for name in imported(module) if name.split(".")[0] in {"typer", "rich"}]
    calls = [node for node in ast.walk(ast.parse(module.read_text())) if isinstance(node, ast.Call)]
    names = [call.func.id for call in calls if isinstance(call.func, ast.Name)]
    assert "print" not in names


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_code_names_a_plan(module: Path) -> None:
    text = module.read_text(encoding="utf-8").lower()
    names = ("bailian", "dashscope", '"coding-plan', "'coding-plan")
    assert not [name for name in names if name in text]


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_every_module_says_what_lives_in_it(module: Path) -> None:
    assert ast.get_docstring(ast.parse(module.read_text(encoding="utf-8")))


def test_one_module_opens_network_connections() -> None:
    networks = ("socket", "ssl", "http.", "urllib.request", "asyncio", "ftplib", "smtplib")
    opening = [
        module.relative_to(PACKAGE).as_posix()
        for module in MODULES
        if any(name.startswith(networks) for name in imported(module))
    ]
    assert opening == ["edge/ping.py"]
