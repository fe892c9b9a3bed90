"""If clients are required, a skipped or missing conformance case fails the test run."""

from __future__ import annotations

import os
from pathlib import PurePath
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = PurePath(__file__).parent.name
LEAST_CASES = 450
"""The least number of cases in this folder, so that a lost case is noticed."""


def is_required() -> bool:
    """Tell whether the environment insists on the real clients."""
    return os.environ.get("QWENLOCK_REQUIRE_CLIENTS") == "1"


def insist(config: pytest.Config, least: int = LEAST_CASES) -> None:
    """Count the cases of this test run where clients are required.

    The workers of pytest-xdist do not count: the process that started them gets their reports.
    """
    if is_required() and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Insistence(least))


class Insistence:
    """Count reported cases, and fail a run that skipped one or ran too few."""

    def __init__(self, least: int) -> None:
        self._least = least
        self._ran: set[str] = set()
        self._skipped: set[str] = set()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if FOLDER not in PurePath(report.nodeid.split("::")[0]).parts:
            return
        if report.skipped:
            self._skipped.add(report.nodeid)
        elif report.when == "call":
            self._ran.add(report.nodeid)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if session.exitstatus == pytest.ExitCode.OK and any(self._complaints()):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        terminalreporter.write_line(f"{len(self._ran)} conformance cases ran")
        for complaint in self._complaints():
            terminalreporter.write_line(f"FAILED {complaint}", red=True)

    def _complaints(self) -> Iterator[str]:
        for name in sorted(self._skipped):
            yield f"{name} was skipped, and clients are required"
        if len(self._ran) < self._least:
            yield f"only {len(self._ran)} conformance cases ran, and there are {self._least}"
