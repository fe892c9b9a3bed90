"""Commands over several projects: which they are, and one command for each of them."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, TypeAlias, TypeVar

from qwenlock.cli import declared as typer
from qwenlock.cli.options import directory_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from qwenlock.cli.console import Printed
    from qwenlock.edge.places import Flags
    from qwenlock.findings.errors import QwenlockError

T = TypeVar("T")
_WORTH_A_PROCESS, _PARTS = 64, 4
"""Projects per worker process, and how many parts a worker's share is split into."""
_FORKS = sys.platform == "linux"
"""Windows cannot fork, and macOS not safely."""

ProjectsArgument: TypeAlias = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="[PROJECT]...",
        help=(
            "Directories; by default, the project here. The project here is the nearest directory "
            "upward that has a qwen.lock or a .qwen/settings.json. The root of a workspace stands "
            "for its projects."
        ),
        show_default=False,
    ),
]
RecursiveOption: TypeAlias = Annotated[
    bool,
    typer.Option("--recursive", help="Take every project in and below the directories."),
]


class Chosen(NamedTuple):
    """The projects of a command.

    Attributes:
        directories: where they are.
        several: whether the command is about several, even if only one was found.
    """

    directories: tuple[Path, ...]
    several: bool


def chosen(
    given: Sequence[Path] | None, flags: Flags, *, recursive: bool, every: bool = False
) -> Chosen:
    """Return the projects that a command is about.

    Args:
        given: the directories that the command line names.
        flags: the scope options.
        recursive: take every project below the directories.
        every: also take directories whose settings have no models.

    Raises:
        UsageError: one is not a directory.
        InputError: the configuration is invalid.
        QwenlockError: there is no project.
    """
    from qwenlock.cli.console import painted, say
    from qwenlock.cli.progress import waiting
    from qwenlock.edge.configuration import Nearest
    from qwenlock.edge.walk import configuration_of, projects_below, unmatched, workspace_at
    from qwenlock.findings.errors import InputError, QwenlockError
    from qwenlock.text.foreign import clean

    several = recursive or len(given or ()) > 1
    directories: list[Path] = []
    for each in [*given] if given else [None]:
        directory = directory_of(each)
        root = directory if recursive else None
        if not recursive and not flags.no_config:
            with suppress(InputError):  # each project says what is wrong with the configuration
                root = workspace_at(directory)
        if root is None:
            directories.append(directory)
            continue
        several = True
        with waiting("looking for projects"):
            team = Nearest(()) if flags.no_config else configuration_of(root)
            found = [*projects_below(root, team, every=every)]
            warnings = [*unmatched(root, team, found)]
        directories += found
        for words in warnings:
            say(f"{painted('warning', 'warning')}: {clean(words)}")
    if not directories:
        message = "no project found: no directory has a qwen.lock, or settings with models"
        raise QwenlockError(message, "run `qwenlock init` in a project")
    return Chosen(tuple(dict.fromkeys(directories)), several)


def of_files(files: Sequence[Path] | None) -> Chosen:
    """Return the projects of files, and of those that the next commit deletes."""
    from qwenlock.edge.git import deleted_in_index
    from qwenlock.edge.walk import projects_of

    changed = [*(files or ()), *deleted_in_index(Path.cwd())]
    return Chosen(tuple(dict.fromkeys(projects_of(changed))), several=True)


def for_each(
    projects: Chosen,
    one: Callable[[Path], int],
    report: Callable[[QwenlockError, Path], None] | None = None,
    *,
    as_json: bool = False,
    apart: bool = False,
) -> int:
    """Run a command for each project; return the highest exit code.

    Whatever is wrong with one of several projects is reported, and the others follow.

    Args:
        projects: the projects.
        one: runs the command for the project in a directory.
        report: reports what is wrong with one of several projects, unless it is only printed.
        as_json: put the documents of several projects into one.
        apart: `one` only reads and prints lines, and can run in other processes.
    """
    from qwenlock.cli.console import emit_json, print_kept

    if not projects.several:
        return one(projects.directories[0])
    if apart:
        work = partial(_each_apart, one=one, as_json=as_json)
        exit_code, documents = 0, []
        for result in in_processes(work, projects.directories):
            print_kept(result.printed)
            exit_code = max(exit_code, result.exit_code)
            documents += result.documents
    else:
        exit_code, documents = _each(projects.directories, one, report, as_json=as_json)
    if as_json:
        emit_json({"projects": documents})
    return exit_code


def reading(directories: Sequence[Path]) -> str:
    """Return what to say while projects are read."""
    return f"reading {len(directories)} project{'s' * (len(directories) != 1)}"


def in_processes(work: Callable[[Sequence[Path]], list[T]], directories: Sequence[Path]) -> list[T]:
    """Return what `work` returns for directories, in their order; many are shared by processes.

    Processes are forked, or there are none: a new Python would look for its modules in the working
    directory first, and so run what the checkout has there.

    Args:
        work: takes some of the directories; it can be pickled, and so can what it returns.
        directories: the directories.
    """
    from qwenlock.cli.progress import waiting

    words = reading(directories)
    processes = min(os.cpu_count() or 1, len(directories) // _WORTH_A_PROCESS)
    if processes < 2 or not _FORKS:
        with waiting(words):
            return work(directories)
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    size = -(-len(directories) // (processes * _PARTS))
    parts = [directories[start : start + size] for start in range(0, len(directories), size)]
    with ProcessPoolExecutor(processes, get_context("fork")) as pool:
        pending = pool.map(work, parts)  # forks now, before `waiting` starts a thread
        with waiting(words):
            return [result for results in pending for result in results]


class _Result(NamedTuple):
    """The result of a command in some projects, in another process."""

    exit_code: int
    documents: list[dict[str, Any]]
    printed: list[Printed]


def _each_apart(
    directories: Sequence[Path], one: Callable[[Path], int], *, as_json: bool
) -> list[_Result]:
    from qwenlock.cli.console import kept_back

    with kept_back() as printed:
        return [_Result(*_each(directories, one, None, as_json=as_json), printed)]


def _each(
    directories: Sequence[Path],
    one: Callable[[Path], int],
    report: Callable[[QwenlockError, Path], None] | None,
    *,
    as_json: bool,
) -> tuple[int, list[dict[str, Any]]]:
    from qwenlock.cli.advice import about, from_here
    from qwenlock.cli.console import collected
    from qwenlock.cli.findings import print_error

    def printed(error: QwenlockError, _: Path) -> None:
        print_error(error, "json" if as_json else None)

    documents: list[dict[str, Any]] = []
    exit_code = 0
    for directory in directories:
        with about(directory), collected() as said:
            exit_code = max(exit_code, _tried(one, directory, report or printed))
        documents += ({**each, "project": from_here(directory)} for each in said)
    return exit_code, documents


def _tried(
    one: Callable[[Path], int], directory: Path, report: Callable[[QwenlockError, Path], None]
) -> int:
    from qwenlock.findings.errors import QwenlockError, from_system

    try:
        if not directory.is_dir():
            raise not_there(directory)
        return one(directory)
    except QwenlockError as error:
        problem = error
    except OSError as error:
        problem = from_system(error)
    report(problem, directory)
    return problem.exit_code


def not_there(directory: Path) -> QwenlockError:
    """Return the error for a project that is listed, but does not exist."""
    from qwenlock.cli.advice import from_here
    from qwenlock.findings.errors import InputError

    message = f"{from_here(directory)} is one of the `projects`, but does not exist"
    return InputError(message, "remove it from the configuration")
