"""Files that somebody names are read whole, and with little memory."""

from __future__ import annotations

import tracemalloc
from typing import TYPE_CHECKING

import pytest

from qwenlock.edge import files
from qwenlock.edge.files import holds, read_regular

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("size", [0, 1, 64 * 1024 - 1, 64 * 1024, 64 * 1024 + 1, 300_000])
def test_reading_a_file_takes_memory_in_proportion_to_it(tmp_path: Path, size: int) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"x" * size)
    tracemalloc.start()
    try:
        assert read_regular(file) == b"x" * size
        assert tracemalloc.get_traced_memory()[1] < 2 * size + 200_000
    finally:
        tracemalloc.stop()
    assert read_regular(file, None) == b"x" * size


@pytest.mark.parametrize("most", [1, 64 * 1024, 100_000])
def test_file_that_is_larger_than_allowed_is_refused(tmp_path: Path, most: int) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"x" * most)
    assert len(read_regular(file, most)) == most
    file.write_bytes(b"x" * (most + 1))
    with pytest.raises(OSError, match="large"):
        read_regular(file, most)


@pytest.mark.parametrize("size", [0, 1, 7, 8, 9, 16, 17])
def test_content_is_compared_to_its_last_byte(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(files, "_BLOCK", 8)
    content = bytes(range(size))
    file = tmp_path / "file"
    file.write_bytes(content)
    assert holds(file, content)
    assert not holds(file, content + b"x")
    for at in range(size):
        assert not holds(file, content[:at])
        assert not holds(file, content[:at] + b"x" + content[at + 1 :])
