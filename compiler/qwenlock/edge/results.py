"""Reads results of `check --format json` from files or stdin."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qwenlock.edge.files import MAX_LOCK_BYTES, read_bytes
from qwenlock.findings.errors import InputError
from qwenlock.findings.reading import decode
from qwenlock.text.document import BOM

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_FIX = "name a file that `qwenlock check --format json` printed"


def read_results(names: Iterable[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the JSON documents in files, each with the file's name; a file may hold several.

    Args:
        names: files, directories with files that end in `.json`, at any depth, or `-` for stdin.

    Raises:
        InputError: a file does not exist, or holds something else.
    """
    for name in names:
        if name == "-":
            yield from _documents("stdin", sys.stdin.buffer.read())
        elif Path(name).is_dir():
            for file in sorted(Path(name).rglob("*.json")):
                yield from _in_file(file)
        else:
            yield from _in_file(Path(name))


def _in_file(file: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    data = read_bytes(file, str(file), MAX_LOCK_BYTES)
    if data is None:
        raise InputError(f"{file} does not exist", _FIX)
    yield from _documents(str(file), data)


def _documents(label: str, data: bytes) -> Iterator[tuple[str, dict[str, Any]]]:
    text, at = decode(data, label), 0
    decoder = json.JSONDecoder()
    while at < len(text):
        if text[at].isspace() or text[at] == BOM:
            at += 1
            continue
        try:
            document, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            line = text.count("\n", 0, at) + 1
            raise InputError(f"{label}: line {line} does not start a JSON document", _FIX) from None
        if not isinstance(document, dict):
            raise InputError(f"{label}: a result must be a JSON object", _FIX)
        yield label, document
