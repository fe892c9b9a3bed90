"""Turns text that was read into a document; if it is unusable, a finding says why."""

from __future__ import annotations

from codecs import BOM_UTF16_BE, BOM_UTF16_LE

from qwenlock.findings.errors import InputError
from qwenlock.findings.finding import Finding
from qwenlock.text import values
from qwenlock.text.document import BOM, Document, Place

_CODES: dict[values.TextErrorKind, str] = {
    "syntax": "QL101",
    "not-an-object": "QL102",
    "limit": "QL104",
    "number": "QL110",
}

FROM_POWERSHELL = "`>` in Windows PowerShell writes UTF-16"


def decode(data: bytes, label: str) -> str:
    """Return the text of a file's `data`, which must be UTF-8.

    Raises:
        InputError: it is not; the finding names the first offending byte's line and column.
    """
    before, fix = "", "save the file as UTF-8"
    if data.startswith((BOM_UTF16_BE, BOM_UTF16_LE)) or _is_wide(data):
        message, fix = "the file is UTF-16", f"{fix}; {FROM_POWERSHELL}"
    else:
        try:
            return data.decode()
        except UnicodeDecodeError as error:
            before = data[: error.start].decode().removeprefix(BOM)
            message = f"byte {data[error.start]:#04x} is not UTF-8"
    place = Place(
        Document(label, before + "\ufffd", {}), at=values.line_and_column(before, len(before))
    )
    raise InputError(message, findings=(Finding("QL103", message, place, fix),))


def _is_wide(data: bytes) -> bool:
    return len(data) % 2 == 0 and b"\0" in data[:2]


def parse(text: str, label: str) -> Document:
    """Read `text` as the client does (How Qwen Code reads settings, "Files").

    Comments and a byte-order mark are accepted; trailing commas, NaN and Infinity are not. An
    empty text is an error, as it is for the client.

    Raises:
        InputError: the text is not valid, not an object, or beyond a limit.
    """
    original, text = text, text.removeprefix(BOM)
    try:
        return Document(label, text, values.object_of(text), original=original)
    except values.TextError as problem:
        place = Place(Document(label, text, {}), at=problem.at)
        finding = Finding(_CODES[problem.kind], problem.message, place, problem.fix)
        raise InputError(problem.message, findings=(finding,)) from None
