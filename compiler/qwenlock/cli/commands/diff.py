"""`qwenlock diff`: two locks, or two projects, compared by meaning."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from qwenlock.cli import declared as typer
from qwenlock.cli.options import PageFormat, PageFormatOption

if TYPE_CHECKING:
    from qwenlock.lock.diff import LockChange
    from qwenlock.lock.model import Lock

app = typer.Typer(add_completion=False)


@app.command()
def diff(
    old: Annotated[
        Path,
        typer.Argument(
            metavar="OLD",
            help="A lock, or a project that has a lock. Without NEW, a commit of git: `main...` is "
            "where the current branch left main.",
        ),
    ],
    new: Annotated[
        Path | None,
        typer.Argument(
            metavar="[NEW]",
            help="The lock, or project, to compare with. Without it, OLD is a commit of git, and "
            "the project here is compared with that.",
            show_default=False,
        ),
    ] = None,
    recursive: Annotated[
        bool,
        typer.Option("--recursive", help="Compare every project below with the commit OLD."),
    ] = False,
    format: PageFormatOption = PageFormat.text,  # noqa: A002
) -> int:
    """Compare two locks by meaning, not line by line.

    With a commit, equal changes of several projects are shown once, after what a reviewer must see
    first: an edit of a plan's model that is lost, a model that disappears, a context window that
    shrinks, a new variable.

    Exits 1 if they differ.

    Examples: `qwenlock diff before.lock qwen.lock`, `qwenlock diff main... --recursive`
    """
    from qwenlock.lock.diff import diff as compare

    if new is None:
        return _since(str(old), recursive=recursive, format=format)
    if recursive:
        from qwenlock.findings.errors import UsageError

        raise UsageError("--recursive compares with a commit of git", "name only that")
    changes = compare(_read(old), _read(new))
    if format is PageFormat.json:
        from qwenlock.cli.console import emit_json
        from qwenlock.cli.findings import changes_as_json

        emit_json({"old": str(old), "new": str(new), "changes": changes_as_json(changes)})
    elif format is PageFormat.markdown:
        from qwenlock.cli.console import emit_raw
        from qwenlock.cli.views.differences import as_markdown

        emit_raw(as_markdown(changes))
    else:
        _print(changes)
    return 1 if changes else 0


def _since(commit: str, *, recursive: bool, format: PageFormat) -> int:  # noqa: A002
    """Compare the locks here with those of a commit."""
    from qwenlock.cli.advice import from_here
    from qwenlock.cli.findings import print_error
    from qwenlock.cli.options import directory_of, own_folders
    from qwenlock.cli.progress import waiting
    from qwenlock.cli.views.since import SinceCommit
    from qwenlock.edge.git import revision
    from qwenlock.edge.plans import load
    from qwenlock.edge.walk import projects_below
    from qwenlock.findings.errors import InputError
    from qwenlock.lock import NAME

    directory = directory_of(None).resolve()
    exit_code = 0
    with waiting("reading the locks and the commit"):
        then = revision(directory, commit)
        if recursive:
            locks = then.contents_below(directory, NAME)
            directories = set(projects_below(directory))  # a link stays one, as in the commit
            directories |= {each.parent for each in locks}
        else:
            directories = {directory}
            content = then.content(directory / NAME)
            locks = {} if content is None else {directory / NAME: content}
        since = SinceCommit(commit, load(own_folders(None)))
        for each in sorted(directories):
            name = from_here(each)
            try:
                since.add(name, locks.get(each / NAME), _content(each / NAME))
            except InputError as error:
                if not recursive:
                    raise
                print_error(error)
                since.unread.append(name)
                exit_code = error.exit_code
    since.show(format.value)
    return exit_code or int(since.differs)


def _content(path: Path) -> bytes | None:
    from qwenlock.edge.files import MAX_LOCK_BYTES, read_bytes
    from qwenlock.edge.places import as_typed

    return read_bytes(path, as_typed(path), MAX_LOCK_BYTES)


def _print(changes: list[LockChange]) -> None:
    """Print differences: as a tree on a terminal, otherwise one line each."""
    from qwenlock.cli.views.terminal import is_terminal

    if changes and is_terminal():
        from qwenlock.cli.views.differences import draw_differences

        draw_differences(changes)
        return
    from qwenlock.cli.console import emit
    from qwenlock.cli.views.differences import all_changes_as_text

    for line in all_changes_as_text(changes):
        emit(line)


def _read(path: Path) -> Lock:
    from qwenlock.edge.reader import read_lock
    from qwenlock.lock import NAME

    return read_lock(path / NAME if path.is_dir() else path)
