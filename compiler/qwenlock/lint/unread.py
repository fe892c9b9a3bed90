"""Rules about keys, at the top level of settings or in `model`, that nothing reads (QL119)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from qwenlock.clients import misplaced
from qwenlock.compile.selection import GENERATION_CONFIG
from qwenlock.findings.finding import Finding
from qwenlock.findings.repair import Repair
from qwenlock.settings.versions import migrate
from qwenlock.text.credentials import references
from qwenlock.text.operations import Move, get
from qwenlock.text.placeholders import is_placeholder

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from qwenlock.findings.rules import Severity
    from qwenlock.lint.subject import Subject
    from qwenlock.settings.scopes import Source
    from qwenlock.text.operations import Path

_ABSENT = object()
_CHOOSES_MODELS = ("model", "security")


class _Advice(NamedTuple):
    """What to do about a key: in words, and the path where it belongs."""

    fix: str
    to: Path | None = None
    severity: Severity | None = None
    is_old: bool = False


def unread_keys(subject: Subject) -> Iterator[Finding]:
    """Report keys at the top level that nothing reads, if their purpose is known."""
    for source in subject.sources:
        left = {key: source.settings[key] for key in source.document.value if source.has((key,))}
        moved = _of_old_versions(left, subject.client.settings_version)
        for key, value in left.items():
            advice = _advice(key, value, subject) or moved.get(key)
            if advice is None:
                continue
            place = source.document.place((key,), on_key=True)
            repair = _repair(key, advice, source)
            yield Finding(
                "QL119", _message(key, advice), place, advice.fix, advice.severity, repair
            )


def misplaced_options(subject: Subject) -> Iterator[Finding]:
    """Report options of requests in `model` and at the top level, where they are not read."""
    sealed = subject.compilation.selection.kind == "provider"
    for source in subject.sources:
        for path in (("model",), *(() if sealed else (GENERATION_CONFIG,))):
            members = get(source.settings, path)
            for key in members if isinstance(members, dict) else ():
                home = misplaced.home_of(key)
                if home is None or (*path[1:], key) == home or not source.has((*path, key)):
                    continue
                place = source.place((*path, key), on_key=True)
                message = f'Qwen Code does not read "{".".join(map(str, path))}.{key}"'
                yield Finding("QL119", message, place, _home_fix(home, subject))


def _home_fix(home: misplaced.Home, subject: Subject) -> str:
    """Return where an option is read: in the model that is selected, or in `model`."""
    where = ".".join(home)
    if subject.compilation.selection.kind != "provider" and not subject.compilation.entries:
        return f"write it as model.{where}"
    return f"write it as {where} of a model in modelProviders"


def _message(key: str, advice: _Advice) -> str:
    if advice.is_old:
        return f'"{key}" is written as in settings version 1, so Qwen Code does not read it here'
    also = ", and it holds a key in clear text" if advice.severity == "error" else ""
    return f'Qwen Code does not read "{key}"{also}'


def _advice(key: str, value: Any, subject: Subject) -> _Advice | None:
    if key in misplaced.KEYS:
        fix = "remove it, put the key into a .env file, and name its variable in a model's envKey"
        return _Advice(fix, severity="error" if _is_key(value) else None)
    if key in misplaced.URLS:
        return _Advice("write it as the baseUrl of a model in modelProviders")
    if key in misplaced.AUTH_TYPES:
        fits = value in subject.client.auth_types
        return _Advice("set security.auth.selectedType", misplaced.SELECTED_TYPE if fits else None)
    if key in misplaced.MODEL_NAMES:
        fits = isinstance(value, str) and bool(value)
        return _Advice("set model.name", misplaced.MODEL_NAME if fits else None)
    if key in misplaced.LISTS:
        return _Advice("define models in modelProviders, under their auth type")
    if key in misplaced.PROMPTS:
        return _Advice("write it into QWEN.md")
    home = ("generationConfig",) if key == "generationConfig" else misplaced.home_of(key)
    return _Advice(_home_fix(home, subject)) if home else None


def _of_old_versions(settings: Mapping[str, Any], target: int) -> dict[str, _Advice]:
    """Return advice for the keys of version 1 in a file of a later one: where they are read now."""
    flat = {key: value for key, value in settings.items() if not isinstance(value, dict | list)}
    flat.pop("$version", None)
    advice = {}
    migration = migrate(flat, target)
    for operation in migration.operations:
        if not isinstance(operation, Move) or operation.path[0] not in flat:
            continue
        to = operation.to
        if get(migration.settings, to, _ABSENT) is not _ABSENT:
            level: Severity | None = None if to[0] in _CHOOSES_MODELS else "note"
            fix = f"write it as {'.'.join(map(str, to))}"
            advice[str(operation.path[0])] = _Advice(fix, to, level, is_old=True)
    return advice


def _is_key(value: Any) -> bool:
    return isinstance(value, str) and not references(value) and not is_placeholder(value)


def _repair(key: str, advice: _Advice, source: Source) -> Repair | None:
    """Move a key to where it is read, if nothing is there."""
    settings = source.document.value
    if advice.to is None or get(settings, advice.to, _ABSENT) is not _ABSENT:
        return None
    for length in range(len(advice.to)):
        if not isinstance(get(settings, advice.to[:length], {}), dict):
            return None
    return Repair((Move((key,), advice.to),), safe=False)
