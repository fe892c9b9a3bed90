"""The change that a migration makes: the new texts of the files, in order, and its messages.

The order keeps keys safe: git ignores the `.env` before a key is written to it, and the key is
written there before it is removed from the settings.
"""

from __future__ import annotations

import shlex
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from qwenlock.compile.selection import API_KEY, MODEL
from qwenlock.findings.file_changes import FileChange, ProjectChange
from qwenlock.settings.script_api import RefusedError
from qwenlock.settings.values import SETTINGS_VERSION
from qwenlock.text.credentials import references, shown
from qwenlock.text.edit import edit, lost_comments
from qwenlock.text.locate import Locator
from qwenlock.text.operations import Move, Remove, Set, get

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path
    from typing import TypeAlias

    from qwenlock.migrate.migration import MigrationOutcome
    from qwenlock.settings.scopes import Source
    from qwenlock.settings.variables import EnvFile
    from qwenlock.text.operations import Operation

    AskGit: TypeAlias = Callable[[Path], "InGit | None"]

PRIVATE = 0o600
"""The permissions of a file that holds keys."""


class IgnoreFile(NamedTuple):
    """The `.gitignore` at the top of a repository; `text` is None if it does not exist."""

    path: Path
    label: str
    text: str | None


class InGit(NamedTuple):
    """Whether git tracks or ignores a file; None if git cannot tell."""

    tracked: bool | None
    ignored: bool | None
    ignore_file: IgnoreFile


def change_of(outcome: MigrationOutcome, ask_git: AskGit) -> ProjectChange:
    """Return the change that writes `outcome`, with its warnings.

    Args:
        outcome: the result of the migration.
        ask_git: returns what git says about a file; None for a file outside a repository.

    Raises:
        RefusedError: nothing can be written; the message says why.
    """
    try:
        return _change(outcome, cache(ask_git))
    except RefusedError as refused:
        versions = [
            step.script
            for step in outcome.steps
            if step.script.name == SETTINGS_VERSION and not step.refused
        ]
        if not versions or any(script.first_in_files for script in versions):
            raise  # `first_in_files`: it offers models, which may be why all of it is refused
        rest = "to migrate only the rest, run `qwenlock migrate --only settings-version`"
        fix = f"{refused.fix}; {rest}" if refused.fix else rest
        raise RefusedError(refused.message, fix) from None


def _change(outcome: MigrationOutcome, ask_git: AskGit) -> ProjectChange:
    if outcome.refused:
        raise outcome.refused
    env_files = outcome.env_files()
    paths = outcome.before.places.files
    settings = [
        (_settings(source, done, paths[source.scope]), _keys(source, done))
        for source in outcome.before.sources
        for done in [outcome.operations.get(source.scope)]
        if done
    ]
    private = [(new.label, new.path) for _, new in env_files]
    private += [(file.label, file.path) for file, keys in settings if keys]
    return ProjectChange(
        files=(
            *_ignore_files([new for _, new in env_files], ask_git),
            *(FileChange(new.path, new.label, old.text, str(new.text), PRIVATE)
              for old, new in env_files),
            *(file for file, _ in settings),
        ),
        reasons=tuple(_reasons(outcome)),
        warnings=(
            *_notes(outcome),
            *(note for file, _ in settings for note in _lost_comments(file)),
            *(
                f"{file.label}: line {line} also holds the key: remove it there yourself"
                for file, keys in settings
                for line in _lines_with(keys, file.after)
            ),
            *(
                f"git tracks {file.label}, so its history holds the key: replace the key with a "
                "new one"
                for file, keys in settings
                if keys and _is_tracked(file.path, ask_git)
            ),
            *_unknown_to_git(private, ask_git),
        ),
        report=described(outcome),
        secrets=tuple(key for _, keys in settings for key in keys),
    )  # fmt: skip


def described(outcome: MigrationOutcome) -> dict[str, Any]:
    """Return what applies and why, for programs, without values of variables."""
    refused = outcome.refused
    return {
        "client": outcome.before.client.name,
        "client-from": outcome.before.client_from,
        "steps": [
            {
                "migration": step.script.identity,
                "group": step.script.name,
                "title": step.script.title,
                "reason": step.script.reason,
                "scope": step.scope,
                "file": step.label,
            }
            for step in outcome.steps
        ],
        "variables": [
            {"name": name, "file": new.label}
            for old, new in outcome.env_files()
            for name in new.variables().keys() - old.variables().keys()
        ],
        "refused": {"message": refused.message, "fix": refused.fix} if refused else None,
    }


def _settings(source: Source, done: Sequence[Operation], path: Path) -> FileChange:
    before = source.document.original
    return FileChange(path, source.document.label, before, edit(before, done))


def _keys(source: Source, done: Sequence[Operation]) -> list[str]:
    """Return the keys that are removed from the settings of `source`."""
    found = [
        get(source.document.value, operation.path)
        for operation in done
        if isinstance(operation, Remove | Move)
        if operation.path == API_KEY or operation.path[:1] == ("env",)
    ]
    return [key for key in found if isinstance(key, str) and key and not references(key)]


def _ignore_files(env_files: Sequence[EnvFile], ask_git: AskGit) -> Iterator[FileChange]:
    """Yield the new `.gitignore` of each repository that would track a `.env`, or a part of it."""
    missing: dict[IgnoreFile, dict[str, None]] = {}
    for file in env_files:
        half_written = file.path.with_name(f"{file.path.name}.qwenlock-0")
        for path, pattern in ((file.path, ".env"), (half_written, ".env.qwenlock-*")):
            answer = ask_git(path)
            if answer and answer.tracked:
                way_out = f"run `git rm --cached {shlex.quote(str(path))}`, then run this again"
                raise RefusedError(f"git tracks {file.label} and would commit the key", way_out)
            if answer and not answer.ignored:
                missing.setdefault(answer.ignore_file, {})[pattern] = None
    for (path, label, text), patterns in missing.items():
        yield FileChange(path, label, text, with_lines(text, list(patterns)))


def with_lines(text: str | None, lines: Sequence[str]) -> str:
    """Return `text`, or a new one, with `lines` added at its end, with the same line breaks."""
    there = text or ""
    line_break = "\r\n" if "\r\n" in there else "\n"
    start = line_break if there and not there.endswith("\n") else ""
    return there + start + "".join(line + line_break for line in lines)


def _is_tracked(path: Path, ask_git: AskGit) -> bool:
    answer = ask_git(path)
    return answer is not None and answer.tracked is True


def _unknown_to_git(files: Sequence[tuple[str, Path]], ask_git: AskGit) -> Iterator[str]:
    """Warn about each of the labelled `files` for which git fails."""
    for label, path in files:
        answer = ask_git(path)
        if answer and answer.tracked is None:
            yield f"git failed: check with `git status` that it does not track {label}"


def _reasons(outcome: MigrationOutcome) -> Iterator[str]:
    if not outcome.steps:
        yield "nothing to migrate"
    for step in outcome.steps:
        yield f"{step.label}: {step.script.title}. {step.script.reason}."
    for old, new in outcome.env_files():
        if old.mode not in (None, PRIVATE):
            yield f"{new.label}: its permissions become {PRIVATE:04o}: only you can read it."


def _notes(outcome: MigrationOutcome) -> Iterator[str]:
    for label, note in outcome.notes:
        yield f"{label}: {'.'.join(shown(str(step)) for step in note.path)} {note.message}"
    client = outcome.before.client.name
    for operations in outcome.operations.values():
        for operation in operations:
            if isinstance(operation, Set) and operation.path == MODEL:
                yield (
                    f"no model was selected, so {operation.value}, the default of {client}, is "
                    "selected now; for another release's default, use --client"
                )
    for _, new in outcome.env_files():
        if new.at == "above":
            yield f"{new.label} also applies to every directory below it"


def _lost_comments(file: FileChange) -> Iterator[str]:
    for comment in lost_comments(file.before or "", file.after):
        yield f"{file.label}: this comment will be deleted: {Locator(comment).masked()}"


def _lines_with(keys: Sequence[str], text: str) -> Iterator[int]:
    for number, line in enumerate(text.split("\n"), start=1):
        if any(key in line for key in keys):
            yield number
