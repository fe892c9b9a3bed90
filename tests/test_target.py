"""Objects that a change empties: some stay, some are removed."""

from __future__ import annotations

import pytest

from qwenlock.change.target import without_empty
from qwenlock.text.values import value_of

PATH = ("a", "b", "c")


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ('{"a": {"b": {"c": {}}}}', "{}"),
        ('{"a": {"b": {"c": {}}}, "d": 1}', '{"d": 1}'),
        ('{"a": {"b": {"c": {}}, "d": 1}}', '{"a": {"d": 1}}'),
        ('{"a": {"b": {"c": 1}}}', '{"a": {"b": {"c": 1}}}'),
        ('{"a": {"b": {}}}', "{}"),
        ('{"a": {"b": {"c": {/* mine */}}}}', '{"a": {"b": {"c": {/* mine */}}}}'),
        ('{"d": {}}', '{"d": {}}'),
    ],
)
def test_empty_objects_go_with_their_empty_parents(text: str, after: str) -> None:
    assert without_empty(text, value_of(text), [PATH]) == after
