"""Options of the test run."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden",
        action="store_true",
        help="Rewrite what the golden cases expect; read the difference before you commit it.",
    )
    parser.addoption(
        "--update-matrix",
        action="store_true",
        help="Rewrite docs/client-matrix.md from what tests/conformance records.",
    )
