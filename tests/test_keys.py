"""The keys at the top of settings, release by release."""

from __future__ import annotations

import pytest

from qwenlock.clients.other_models import OTHER_MODELS
from qwenlock.clients.profile import NEWEST, RELEASES, profile
from settings_keys import known_keys, known_since

COUNTS = {
    "0.10.1": 18, "0.12.0": 19, "0.15.6": 26, "0.15.10": 27, "0.21.2": 41, "0.21.10": 42,
    "0.23.0": 45, "0.23.4": 45, "0.24.0": 46, "0.24.4": 46,
}  # fmt: skip
"""How many keys the schema of settings in a release's package has."""

OF_PLANS = {"codingPlan", "tokenPlan", "providerMetadata"}
"""Keys in which a client records plans: 0.10.1 to 0.15.6 have the first in their schema."""


@pytest.mark.parametrize(("release", "count"), COUNTS.items())
def test_keys_are_those_of_the_releases_schema(release: str, count: int) -> None:
    known = known_keys(profile(release)) - {"$schema", "$version"}
    in_schema = known - OF_PLANS | (
        {"codingPlan"} if release in ("0.10.1", "0.12.0", "0.15.6") else set()
    )
    assert len(in_schema) == count


def test_key_that_disappeared_and_came_back() -> None:
    has = {release: "experimental" in known_keys(profile(release)) for release in RELEASES}
    assert [release for release, known in has.items() if not known] == ["0.12.0"]


def test_guide_knows_every_key() -> None:
    assert known_keys(profile()) >= known_keys(profile(NEWEST)) | known_keys(profile("0.10.1"))


def test_keys_of_other_models_are_known_with_them() -> None:
    for other in OTHER_MODELS:
        assert other.path[0] in known_keys(profile(NEWEST))
        if len(other.path) == 1:
            assert known_since(other.path[0]) == other.since


@pytest.mark.parametrize("key", ["apiKey", "baseUrl", "provider", "temperature", "theme"])
def test_what_nothing_reads_is_not_a_key(key: str) -> None:
    assert known_since(key) is None
    assert key not in known_keys(profile())
