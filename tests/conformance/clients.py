"""Real releases of the client, installed by npm once, into a cache keyed by their version."""

from __future__ import annotations

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import NoReturn

import pytest
from filelock import FileLock
from platformdirs import user_cache_path

from conformance.insist import is_required

OLD, NEW = "0.12.0", "0.24.4"
RELEASES = (OLD, NEW)

PACKAGE = "@qwen-code/qwen-code"
INSTALL_TIMEOUT = 300


def installed(release: str) -> Path:
    """Return the command of a release; skip the test if it cannot be installed.

    `QWENLOCK_TEST_CLIENTS` names another cache directory, `QWENLOCK_REQUIRE_CLIENTS=1` turns the
    skip into a failure.
    """
    return package(PACKAGE, release, release) / "node_modules" / ".bin" / "qwen"


def package(name: str, version: str, folder: str) -> Path:
    """Return the directory in which npm has installed a package; skip as `installed` does.

    Args:
        name: the package.
        version: its version.
        folder: what its directory in the cache is called.
    """
    found = _installed(name, version, folder)
    if isinstance(found, str):
        _missing(f"{name} {version} is not here: {found}")
    return found


@cache
def _installed(name: str, version: str, folder: str) -> Path | str:
    """Return the directory of a package, or why it could not be installed."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        return "there is no node or npm"
    directory = _cache() / folder
    with FileLock(_cache() / f"{folder}.lock"):
        if not (directory / "node_modules" / name).exists():
            problem = _install(f"{name}@{version}", directory)
            if problem:
                return problem
    return directory


def _cache() -> Path:
    named = os.environ.get("QWENLOCK_TEST_CLIENTS")
    folder = Path(named) if named else user_cache_path("qwenlock") / "test-clients"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _install(package: str, folder: Path) -> str | None:
    """Install a package beside `folder` and rename it to `folder`; return what went wrong."""
    partial = folder.with_name(f"{folder.name}.partial")
    for leftover in (folder, partial):
        shutil.rmtree(leftover, ignore_errors=True)
    options = ["--no-audit", "--no-fund", "--ignore-scripts", "--fetch-retries=1"]
    command = ["npm", "install", *options, "--prefix", str(partial), package]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=INSTALL_TIMEOUT, check=False
        )
    except subprocess.TimeoutExpired:
        return f"npm took longer than {INSTALL_TIMEOUT} seconds"
    if done.returncode:
        return f"npm failed: {done.stderr[-500:]}"
    partial.rename(folder)
    return None


def _missing(reason: str) -> NoReturn:
    if is_required():
        pytest.fail(reason)
    pytest.skip(reason)
