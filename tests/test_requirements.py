"""The requirements can be installed: the pins with the oldest pip, the rest without a compiler."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from pages import ROOT

PINNED = re.compile(r"^([a-z0-9.-]+(?:\[[a-z0-9,-]+\])?==[^ ]+)", re.MULTILINE)


def test_extras_that_are_asked_for_are_pinned_with_their_distribution() -> None:
    # With hashes, pip 23.2 takes the newest `coverage[toml]` beside a pinned `coverage`,
    # and fails as soon as there is a newer one.
    text = (ROOT / "requirements" / "dev.txt").read_text(encoding="utf-8")
    pins = {pin.name: pin for pin in map(Requirement, PINNED.findall(text))}
    assert len(pins) > 70
    asked = [Requirement(each) for name in pins for each in _requires(name)]
    needed = [each for each in asked if each.marker is None or each.marker.evaluate({"extra": ""})]
    assert any(each.extras for each in needed)
    for each in needed:
        assert each.extras <= pins[canonicalize_name(each.name)].extras, each


def _requires(name: str) -> list[str]:
    """Return what a distribution requires; nothing if it is not installed on this system."""
    try:
        return requires(name) or []
    except PackageNotFoundError:
        return []


SYSTEMS = (
    *("x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu"),
    *("x86_64-unknown-linux-musl", "aarch64-unknown-linux-musl"),
    *("x86_64-apple-darwin", "aarch64-apple-darwin"),
    "x86_64-pc-windows-msvc",
)


@pytest.mark.slow
@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13", "3.14", "3.15"])
@pytest.mark.parametrize("system", SYSTEMS)
def test_every_dependency_has_wheels(system: str, python: str, tmp_path: Path) -> None:
    """This needs the package index."""
    found = tmp_path / "requirements.txt"
    asked = ["--only-binary", ":all:", "--python-platform", system, "--python-version", python]
    done = subprocess.run(
        [Path(sys.executable).with_name("uv"), "pip", "compile", "--quiet", *asked,
         "--output-file", found, ROOT / "pyproject.toml"],
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "pydantic==" in found.read_text(encoding="utf-8")
