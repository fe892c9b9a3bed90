"""Rules about keys (4xx), besides those that compiling reports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qwenlock.findings.errors import InputError
from qwenlock.findings.finding import Finding
from qwenlock.findings.reading import parse
from qwenlock.lint.variables import line_of
from qwenlock.text.credentials import is_credential, references
from qwenlock.text.document import BOM, Document, Place
from qwenlock.text.mask import Mask
from qwenlock.text.placeholders import is_placeholder
from qwenlock.text.values import line_and_column

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qwenlock.lint.subject import Subject
    from qwenlock.settings.variables import EnvFile
    from qwenlock.text.operations import Path

_SHORTEST_KEY = 12
_REPLACE = "replace the key at its vendor: everyone with the repository has it"


def tracked_keys(subject: Subject) -> Iterator[Finding]:
    """Report files that git tracks, or may track, and that hold a key, at the first key of each."""
    for source in subject.sources:
        said = subject.world.tracked.get(source.document.label, False)
        if said is not False:
            yield from tracked_key(source.document, is_known=said is True)
    for file in subject.project.env_files:
        said = subject.world.tracked.get(file.label, False)
        name = _first_variable(file) if said is not False else None
        if name is not None:
            fix = (
                f"{_REPLACE}, put a new one in a .env file that git ignores, and stop tracking "
                "this file with `git rm --cached`"
            )
            yield _tracked(line_of(name, file), file.label, fix, is_known=said is True)


def tracked_key(document: Document, *, is_known: bool = True) -> Iterator[Finding]:
    """Report the first literal key of a settings file that git tracks, if it holds one.

    Args:
        document: the file.
        is_known: whether git has said so; otherwise git failed.
    """
    path = _first_key(document.value)
    if path is None:
        return
    ways = {
        "env": "move it to a .env file with `qwenlock migrate --env-secrets`",
        "security": "move it to a .env file with `qwenlock migrate`",
    }
    variable = "the name of its variable" if path[-1] == "envKey" else "its variable, as $NAME,"
    way = ways.get(str(path[0]), f"put a new one in a .env file, and {variable} here")
    yield _tracked(
        Place(document, path), document.label, f"{_REPLACE}, and {way}", is_known=is_known
    )


def tracked_key_of(text: str, label: str, *, is_known: bool) -> Iterator[Finding]:
    """Report what `tracked_key` reports, even if the text is not JSON."""
    try:
        document = parse(text, label)
    except InputError:
        document = Document(label, text.removeprefix(BOM), {})
    else:
        yield from tracked_key(document, is_known=is_known)
        return
    for offset, key, value in Mask(document.text).strings():
        if _is_key(value, None if key == "envKey" else key):
            place = Place(document, at=line_and_column(document.text, offset))
            fix = f"{_REPLACE}, and put a new one in a .env file that git ignores"
            yield _tracked(place, label, fix, is_known=is_known)
            return


def _tracked(place: Place, label: str, fix: str, *, is_known: bool) -> Finding:
    if not is_known:
        message = f"git failed, so it may track {label}, which holds a key"
        fix = "check with `git status` that it does not track the file"
        return Finding("QL406", message, place, fix, severity="warning")
    return Finding("QL406", f"git tracks {label}, which holds a key", place, fix)


def _first_key(settings: Any) -> Path | None:
    """Return the path of the first literal key in a file."""
    pending: list[tuple[Path, str | None, Any]] = [((), None, settings)]
    while pending:
        path, key, value = pending.pop()
        if isinstance(value, str):
            name = None if key == "envKey" else key  # by its name, every envKey could be a key
            if _is_key(value, name):
                return path
        elif isinstance(value, dict):
            pending += [((*path, name), name, value[name]) for name in reversed(value)]
        elif isinstance(value, list):
            pending += [((*path, at), key, value[at]) for at in reversed(range(len(value)))]
    return None


def _first_variable(file: EnvFile) -> str | None:
    return next((name for name, value in file.variables().items() if _is_key(value, name)), None)


def _is_key(value: str, name: str | None) -> bool:
    """Tell whether `value` is a real key: not a reference, and not a placeholder."""
    parameter = value.rpartition("=")[2] if "://" in value else value  # `?api_key=` says nothing
    if len(value) < _SHORTEST_KEY or not is_credential(value, name):
        return False
    return not references(value) and not is_placeholder(parameter)
