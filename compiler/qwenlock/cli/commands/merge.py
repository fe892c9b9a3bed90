"""`qwenlock merge`: merges settings model by model, as a merge driver of git."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from qwenlock.cli import declared as typer

if TYPE_CHECKING:
    from qwenlock.text.merge import Merged

app = typer.Typer(add_completion=False)


@app.command()
def merge(
    base: Annotated[Path, typer.Argument(metavar="BASE", help="The common ancestor; %O of git.")],
    ours: Annotated[
        Path, typer.Argument(metavar="OURS", help="Our version, which is overwritten; %A of git.")
    ],
    theirs: Annotated[Path, typer.Argument(metavar="THEIRS", help="Their version; %B of git.")],
    name: Annotated[
        str | None, typer.Argument(metavar="[PATH]", help="The file for messages; %P of git.")
    ] = None,
) -> int:
    """Merge two changed versions of a settings.json, model by model.

    Two branches may each add a model at the same place. Comments are kept. Where both changed the
    same model, key or comment, git's conflict markers are written, and the exit code is 1.

    To use it, run `git config merge.qwenlock-settings.driver 'qwenlock merge -- %O %A %B %P'`, and
    write `**/.qwen/settings.json merge=qwenlock-settings` into .gitattributes.
    """
    from qwenlock.change.merging import merged_settings
    from qwenlock.cli.console import say
    from qwenlock.edge.files import read_bytes
    from qwenlock.edge.git import merge_texts
    from qwenlock.edge.writer import write_output
    from qwenlock.text.foreign import clean
    from qwenlock.text.values import TextError

    label = name or str(ours)
    before = read_bytes(ours, str(ours))
    texts = old, own, other = _text(base), _text(ours), _text(theirs)
    old = old or "{}"  # as git has it where both sides added the file
    found: Merged | None = None
    try:
        found = merged_settings(old, own, other)
        if not found.conflicts:
            text, is_clean = _with_both_comments((old, own, other), found)
            write_output(ours, text, before)
            if not is_clean:
                say(f"{clean(label)}: both sides changed a comment, or the setting beside it")
            return 0 if is_clean else 1
        # Sides that differ only where both changed the same value make the smallest conflicts.
        base_wins = merged_settings(old, own, other, "base").text
        theirs_wins = merged_settings(old, own, other, "theirs").text
        texts = (base_wins, found.text, theirs_wins)
    except TextError:
        pass  # git merges the lines of what is not JSON, or differs very much
    text, is_clean = merge_texts(*texts)
    if is_clean and found is not None:  # the lines do not meet, but their meaning does
        text, _ = merge_texts("", *texts[1:])
    write_output(ours, text, before)
    if is_clean and found is None:
        return 0
    if found is not None:
        where = ", ".join(".".join(map(_step, path)) for path in found.conflicts)
        say(f"{clean(label)}: both sides changed {clean(where)}")
    return 1


def _text(path: Path) -> str:
    from qwenlock.edge.files import read_text
    from qwenlock.findings.errors import InputError

    text = read_text(path, str(path))
    if text is None:
        raise InputError(f"{path} does not exist", "name the three files that git names")
    return text


def _step(step: str | int) -> str:
    """Return a step of a path for a message: a key that could be a credential is masked."""
    from qwenlock.text.credentials import MASK, is_credential_as_name

    return MASK if is_credential_as_name(str(step)) else str(step)


def _with_both_comments(texts: tuple[str, str, str], found: Merged) -> tuple[str, bool]:
    """Return a merge that has the comments of both sides, and whether it is free of conflicts.

    That is git's own merge if it means the same; else one of texts that differ only in comments.
    """
    from qwenlock.change.merging import merged_settings
    from qwenlock.edge.git import merge_texts
    from qwenlock.findings.errors import QwenlockError
    from qwenlock.text.edit import lost_comments
    from qwenlock.text.values import TextError, object_of

    base, _, theirs = texts
    new = {*lost_comments(theirs, base)}
    has_both = new.isdisjoint(lost_comments(theirs, found.text))
    conflicting = ""
    try:
        text, is_clean = merge_texts(*texts)
        if is_clean and object_of(text) == object_of(found.text):
            return text, True
        if has_both:
            return found.text, True
        conflicting = "" if is_clean else text
        alike = [merged_settings(each, each, found.text).text for each in (base, theirs)]
        if new.isdisjoint(lost_comments(theirs, alike[1])):
            text, is_clean = merge_texts(alike[0], found.text, alike[1])
            if not is_clean or object_of(text) == object_of(found.text):
                return text, is_clean
    except (QwenlockError, TextError):
        pass
    return conflicting or found.text, has_both
