"""Commands over several projects: which they are, and one command for each of them."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, TypeAlias

from qwenlock.cli import declared as typer
from qwenlock.cli.options import directory_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from qwenlock.edge.places import Flags
    from qwenlock.findings.errors import QwenlockError

ProjectsArgument: TypeAlias = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="[PROJECT]...",
        help=(
            "Project directories; by default, the nearest one, from here upward, that has a "
            "qwen.lock or a .qwen/settings.json. The root of a workspace stands for its projects."
        ),
        show_default=False,
    ),
]
RecursiveOption: TypeAlias = Annotated[
    bool, typer.Option("--recursive", help="Take every project below.")
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
    from qwenlock.edge.walk import projects_below, workspace_at
    from qwenlock.findings.errors import InputError, QwenlockError

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
        directories += projects_below(root, every=every, no_config=flags.no_config)
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


def for_each(projects: Chosen, one: Callable[[Path], int], *, as_json: bool = False) -> int:
    """Run a command for each project; return the highest exit code.

    Whatever is wrong with one of several projects is reported, and the others follow.

    Args:
        projects: the projects.
        one: runs the command for the project in a directory.
        as_json: put the documents of several projects into one.
    """
    from qwenlock.cli.advice import about, from_here
    from qwenlock.cli.console import collected, emit_json

    if not projects.several:
        return one(projects.directories[0])
    documents: list[dict[str, Any]] = []
    exit_code = 0
    for directory in projects.directories:
        with about(directory), collected() as said:
            exit_code = max(exit_code, _tried(one, directory, as_json=as_json))
        documents += ({**each, "project": from_here(directory)} for each in said)
    if as_json:
        emit_json({"projects": documents})
    return exit_code


def _tried(one: Callable[[Path], int], directory: Path, *, as_json: bool) -> int:
    from qwenlock.cli.report import print_error
    from qwenlock.findings.errors import QwenlockError, from_system

    try:
        if not directory.is_dir():
            raise not_there(directory)
        return one(directory)
    except QwenlockError as error:
        problem = error
    except OSError as error:
        problem = from_system(error)
    print_error(problem, "json" if as_json else None)
    return problem.exit_code


def not_there(directory: Path) -> QwenlockError:
    """Return the error for a project that is listed, but does not exist."""
    from qwenlock.cli.advice import from_here
    from qwenlock.findings.errors import InputError

    message = f"{from_here(directory)} is one of the `projects`, but does not exist"
    return InputError(message, "remove it from the configuration")
