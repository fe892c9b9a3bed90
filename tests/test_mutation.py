"""The mutation run on a project with one function. Without mutmut it is skipped."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("mutmut")
pytestmark = pytest.mark.slow  # every run starts pytest

CONFIGURATION = """
[tool.mutmut]
source_paths = ["src/qwenlock"]
pytest_add_cli_args_test_selection = ["tests"]
"""
SOURCE = "def double(number):\n    return number * 2\n"
STRICT = "def test_double():\n    assert double(3) == 6\n"
LAX = "def test_double():\n    assert double(0) == 0\n"
NONE = "def test_nothing():\n    assert callable(double)\n"
WRONG = "def test_double():\n    assert double(3) == 7\n"


@pytest.mark.parametrize(
    ("test", "code", "said"),
    [
        (STRICT, 0, "2 of 2 mutants noticed: 100.0%"),
        (LAX, 1, "-    return number * 2\n+    return number * 3\n"),
        (NONE, 1, "0 of 2 mutants noticed: 0.0%"),
        (WRONG, 2, "assert 6 == 7"),
    ],
)
def test_mutants_that_no_test_notices_are_shown(
    tmp_path: Path, test: str, code: int, said: str
) -> None:
    for name, text in {
        "pyproject.toml": CONFIGURATION,
        "compiler/qwenlock/__init__.py": "",
        "compiler/qwenlock/numbers.py": SOURCE,
        "tests/test_numbers.py": f"from qwenlock.numbers import double\n\n{test}",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "mutation"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parent)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done
    assert said in done.stdout + done.stderr
