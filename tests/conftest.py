"""Options of the test run, and checks of the whole run."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from conformance.insist import insist
from said import Said
from support import FEWER

if TYPE_CHECKING:
    from pathlib import Path

    from support import World

# A deadline would fail tests on a busy machine. CI has the profile "ci" of Hypothesis.
settings.register_profile("home", deadline=None, max_examples=100 // FEWER)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "home"))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden",
        action="store_true",
        help="Rewrite what the golden cases expect, and add to tests/data/said.txt; read the "
        "difference before you commit it.",
    )
    parser.addoption(
        "--update-docs",
        action="store_true",
        help="Rewrite what the commands of the documentation print, and its generated pages.",
    )
    parser.addoption(
        "--update-matrix",
        action="store_true",
        help="Rewrite docs/client-matrix.md from what tests/conformance records.",
    )
    parser.addoption(
        "--all-faults",
        action="store_true",
        help="Inject every fault into every command that writes, not a sample of them.",
    )
    parser.addoption(
        "--update-faults",
        action="store_true",
        help="Inject them all, and write what came of it into docs/explanation/writing.md.",
    )
    parser.addoption(
        "--writers-seconds",
        type=float,
        default=3,
        help="How long eight writers write the same files at once.",
    )


def pytest_configure(config: pytest.Config) -> None:
    insist(config)
    config.pluginmanager.register(Said(update=config.getoption("--update-golden")), "said")
    if config.getoption("dist", "no") != "no":  # workers, which this process starts
        config.pluginmanager.register(FirstFailure(config))


@pytest.fixture
def world(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> World:
    """Return an empty home and an empty project, in which the command line runs."""
    from support import World

    return World(tmp_path, monkeypatch, capsys.readouterr)


class FirstFailure:
    """Show the first failure of a long run at once; pytest shows all of them only at the end."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._shown = False

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        terminal = self._config.pluginmanager.get_plugin("terminalreporter")
        if report.failed and not self._shown and terminal is not None:
            self._shown = True
            terminal.write_line(f"\nThe first failure, {report.nodeid}:", red=True)
            terminal.write_line(report.longreprtext)
