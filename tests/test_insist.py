"""A test run that requires real clients fails if a conformance case is skipped or lost."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow  # every test is a test run

CONFTEST = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
from conformance.insist import insist

def pytest_configure(config):
    insist(config, least=3)
"""
THREE = """
import pytest

@pytest.mark.parametrize("number", range(3))
def test_passes(number):
    pass
"""
ONE_MORE = """
def test_one_more():
    pytest.skip("no client")
"""
FEWER = THREE.replace("3", "2")


def run(root: Path, tests: str, workers: str, *, required: bool = True) -> tuple[int, str]:
    folder = root / "conformance"
    folder.mkdir()
    (root / "conftest.py").write_text(CONFTEST)
    (folder / "test_toy.py").write_text(tests)
    (root / "test_other.py").write_text("import pytest\ndef test(): pytest.skip('not ours')\n")
    environment = {
        **os.environ,
        "QWENLOCK_REQUIRE_CLIENTS": "1" if required else "",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",  # they take longer than the tests
        "PYTEST_PLUGINS": "xdist",
    }
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n", workers, str(root)],
        cwd=root,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


@pytest.mark.parametrize(
    ("tests", "workers", "said"),
    [
        (THREE + ONE_MORE, "0", "conformance/test_toy.py::test_one_more was skipped"),
        (THREE + ONE_MORE, "2", "conformance/test_toy.py::test_one_more was skipped"),
        (FEWER, "2", "only 2 conformance cases ran, and there are 3"),
    ],
    ids=["skipped", "skipped by a worker", "lost"],
)
def test_run_with_missing_cases_fails(tmp_path: Path, tests: str, workers: str, said: str) -> None:
    code, out = run(tmp_path, tests, workers)
    assert code == pytest.ExitCode.TESTS_FAILED, out
    assert said in out


def test_run_in_which_every_case_ran_passes(tmp_path: Path) -> None:
    code, out = run(tmp_path, THREE, "2")
    assert code == pytest.ExitCode.OK, out
    assert "3 conformance cases ran" in out


def test_clients_that_are_not_required_may_be_missing(tmp_path: Path) -> None:
    code, out = run(tmp_path, FEWER + ONE_MORE, "0", required=False)
    assert code == pytest.ExitCode.OK, out
