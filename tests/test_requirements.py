"""What development pins can be installed by the oldest pip there is with a Python we support."""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, requires

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from pages import ROOT

PINNED = re.compile(r"^([a-z0-9.-]+(?:\[[a-z0-9,-]+\])?==[^ ]+)", re.MULTILINE)


def test_extras_that_are_asked_for_are_pinned_with_their_distribution() -> None:
    # With hashes, pip 23.2 takes the newest `coverage[toml]` there is beside a pinned `coverage`,
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
    """Return what a distribution asks for; nothing where it is another system's."""
    try:
        return requires(name) or []
    except PackageNotFoundError:
        return []
