"""Asks git about files: whether it tracks or ignores them, and what they hold in a commit."""

from __future__ import annotations

import os
from io import BytesIO
from typing import TYPE_CHECKING, NamedTuple

from qwenlock.edge.asking_git import (
    is_tracked,
    output,
    records,
    repository_of,
    run,
    start_git,
)
from qwenlock.edge.files import MAX_LOCK_BYTES, read_text, too_large
from qwenlock.edge.git_files import LIST
from qwenlock.edge.places import as_typed, spelled
from qwenlock.findings.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator
    from pathlib import Path
    from subprocess import CompletedProcess

    from qwenlock.migrate.change import IgnoreFile, InGit

_MOST_OF_ALL = 4 * MAX_LOCK_BYTES
"""The largest size of all locks of a commit, in bytes: they are in memory at once."""
_MOST_LOCKS = 20_000
"""How many locks of a commit are read: one tree can be in it any number of times."""
_PATIENCE_FOR_ALL = 60
"""How long git may take to walk a whole repository, in seconds."""


def ask(path: Path) -> InGit | None:
    """Return what git says about `path`, which need not exist; None outside a repository.

    If git is missing or fails, for example in another user's repository ("dubious ownership"),
    `tracked` and `ignored` are None.
    """
    from qwenlock.migrate.change import InGit

    path = path.resolve()
    root = repository_of(path)
    if root is None:
        return None
    return InGit(
        tracked=is_tracked(root, path),
        ignored=_is_ignored(root, path),
        ignore_file=_ignore_file(root),
    )


def tracked(
    paths: Iterable[Path], listed: Callable[[Path], frozenset[str] | None] | None = None
) -> dict[Path, bool | None]:
    """Return whether git tracks each of `paths` that exists in a repository; None if git fails.

    Git runs once per repository.

    Args:
        paths: the files.
        listed: returns `all_tracked` of a repository, for a caller that asks many times.
    """
    by_root: dict[Path, dict[str, Path]] = {}
    for path in paths:
        file = path.resolve()
        root = repository_of(file) if file.is_file() else None
        if root is not None:
            by_root.setdefault(root, {})[file.relative_to(root).as_posix()] = path
    found: dict[Path, bool | None] = {}
    for root, files in by_root.items():
        if listed is not None:
            names = listed(root)
        else:
            names = _listed(run(root, *LIST, "-z", "--", *files))
        for name, path in files.items():
            found[path] = None if names is None else spelled(name) in names
    return found


def is_left_out(path: Path) -> bool:
    """Tell whether git tracks a file or directory that a sparse checkout leaves out."""
    root = repository_of(path)
    if root is None or path.exists():
        return False
    return output(root, *LIST, "-t", "--", str(path)).startswith("S ")


def all_tracked(root: Path) -> frozenset[str] | None:
    """Return every file that git tracks in the repository at `root`, as `spelled` returns paths.

    None is returned if git fails.
    """
    return _listed(run(root, *LIST, "-z", patience=_PATIENCE_FOR_ALL))


def _listed(answer: CompletedProcess[bytes] | None) -> frozenset[str] | None:
    if answer is None or answer.returncode:
        return None
    return frozenset(_names(os.fsdecode(answer.stdout)))


def _names(listing: str) -> Iterator[str]:
    return map(spelled, listing.split("\0"))


def deleted_in_index(directory: Path) -> list[Path]:
    """Return the files that the next commit of the repository around `directory` deletes."""
    root = repository_of(directory / "x")
    if root is None:
        return []
    question = ("diff", "--cached", "--name-only", "--diff-filter=D", "--no-renames", "-z")
    answer = output(root, *question, "--no-ext-diff", "--no-textconv")
    return [root / name for name in answer.split("\0") if name]


class Revision(NamedTuple):
    """A commit of the repository around a directory.

    Attributes:
        root: the root of the repository.
        commit: the commit.
    """

    root: Path
    commit: str

    def contents_below(self, directory: Path, name: str) -> dict[Path, bytes]:
        """Return the files called `name` that the commit has in and below a directory.

        Git is started three times, however many there are.

        Raises:
            InputError: git does not answer, or they are too large.
        """
        below = os.path.relpath(directory.resolve(), self.root)
        question = ("ls-tree", "-r", "-z", "--full-tree", self.commit)
        blobs: dict[Path, str] = {}
        try:
            for each in records(self.root, *question, *(() if below == "." else (f"{below}/",))):
                about, _, path = os.fsdecode(each).partition("\t")
                _, kind, blob = about.split()
                if path.rpartition("/")[2] == name and kind == "blob":
                    blobs[self.root / path] = blob
                    if len(blobs) > _MOST_LOCKS:
                        raise _too_many(f"the commit has more than {_MOST_LOCKS} locks")
        except OSError:
            raise InputError("git cannot list the files of the commit", "run `git fsck`") from None
        names = dict.fromkeys(blobs.values())
        contents = dict(zip(names, _blobs(self.root, names), strict=True))
        return {path: contents[blob] for path, blob in blobs.items()}

    def content(self, path: Path) -> bytes | None:
        """Return what the commit has in a file below its root, or None if it has no such file.

        Raises:
            InputError: the file is larger than a lock can be.
        """
        name = f"{self.commit}:{path.relative_to(self.root).as_posix()}"
        size = output(self.root, "cat-file", "-s", name).strip()
        if size and int(size) > MAX_LOCK_BYTES:
            raise too_large(f"{as_typed(path)} at {self.commit}", MAX_LOCK_BYTES)
        answer = run(self.root, "cat-file", "blob", name)
        return answer.stdout if answer is not None and answer.returncode == 0 else None


def _blobs(root: Path, names: Collection[str]) -> Iterator[bytes]:
    """Yield the contents of blobs, each once, in their order.

    Raises:
        InputError: git does not answer, or they are too large.
    """
    asked = "".join(f"{name}\n" for name in names).encode()
    sizes = run(root, "cat-file", "--batch-check=%(objectsize)", given=asked)
    known = [int(size) for size in sizes.stdout.split() if size.isdigit()] if sizes else []
    fix = "run `git fsck`; in a partial clone, fetch the commit first"
    unreadable = InputError("git cannot read every lock of the commit", fix)
    if len(known) < len(names):
        raise unreadable
    if max(known, default=0) > MAX_LOCK_BYTES:
        raise too_large("a lock of the commit", MAX_LOCK_BYTES)
    if sum(known) > _MOST_OF_ALL:
        raise _too_many(f"the locks of the commit have more than {_MOST_OF_ALL // 1024**2} MiB")
    answer = run(root, "cat-file", "--batch", patience=_PATIENCE_FOR_ALL, given=asked)
    said = BytesIO(answer.stdout if answer is not None else b"")
    for name in names:
        head = said.readline()  # "NAME blob SIZE"
        if not head.startswith(f"{name} blob ".encode()):
            raise unreadable
        yield said.read(int(head.split()[2]))
        said.readline()


def _too_many(message: str) -> InputError:
    return InputError(message, "name fewer projects: run it in a directory below")


def revision(directory: Path, name: str) -> Revision:
    """Return the commit that `name` stands for; `A...` is where the current branch left A.

    Raises:
        UsageError: there is no such commit.
    """
    from qwenlock.findings.errors import UsageError

    root = repository_of(directory.resolve() / "x")
    if root is None:
        raise UsageError(f"{as_typed(directory)} is not in a git repository", "name two locks")
    start = name.removesuffix("...")
    if start != name and not start.startswith("-"):
        answer = output(root, "merge-base", start or "HEAD", "HEAD")
    else:
        verify = ("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
        answer = output(root, *verify)
    if not answer.strip() or len(answer.split()) > 1:  # a range
        fix = "name a branch, tag or commit; in a shallow clone, fetch it first"
        raise UsageError(f"git does not know the commit {name!r}", fix)
    return Revision(root, answer.strip())


def merge_texts(base: str, ours: str, theirs: str) -> tuple[str, bool]:
    """Merge texts line by line; return the result, and whether it is free of conflicts.

    Args:
        base: the common ancestor.
        ours: our version.
        theirs: their version.

    Raises:
        QwenlockError: git cannot do it.
    """
    import tempfile
    from pathlib import Path

    from qwenlock.findings.errors import QwenlockError

    with tempfile.TemporaryDirectory(prefix="qwenlock-") as folder:
        names = ("ours", "base", "theirs")
        for name, text in zip(names, (ours, base, theirs), strict=True):
            Path(folder, name).write_bytes(text.encode())
        labels = [part for name in names for part in ("-L", name)]
        answer = run(Path(folder), "merge-file", "-p", "-q", *labels, *names)
    if answer is None or answer.returncode > 127:
        raise QwenlockError("git cannot merge these files", "check that git is installed")
    return answer.stdout.decode(), answer.returncode == 0


def ignored_below(directory: Path) -> set[str]:
    """Return what git ignores below `directory`; nothing if git cannot tell.

    If it ignores a directory as a whole, only the directory is returned. The paths are as `spelled`
    returns them.

    Raises:
        InputError: git does not answer.
    """
    listing = ["--others", "--ignored", "--exclude-standard", "--directory", "-z"]
    try:
        answer = start_git(directory, _PATIENCE_FOR_ALL, "ls-files", *listing)
    except TimeoutError:
        message = (
            f"git took over {_PATIENCE_FOR_ALL} s to list what it ignores in {as_typed(directory)}"
        )
        fix = "check that each .gitignore there is a regular file, or name fewer directories"
        raise InputError(message, fix) from None
    except OSError:
        return set()
    names = os.fsdecode(answer.stdout).split("\0") if answer.returncode == 0 else []
    paths = (os.path.join(directory, name.rstrip("/")) for name in names if name)  # noqa: PTH118
    return set(map(spelled, paths))


def _ignore_file(root: Path) -> IgnoreFile:
    from qwenlock.migrate.change import IgnoreFile

    path = root / ".gitignore"
    label = as_typed(path)
    return IgnoreFile(path, label, read_text(path, label))


def _is_ignored(root: Path, path: Path) -> bool | None:
    """Return what git says; None if it fails.

    An exit code of 1 alone is not an answer: the stub of macOS without its developer tools has it.
    """
    answer = run(root, "check-ignore", "--verbose", "--non-matching", "--", str(path))
    if answer is None or not answer.stdout:
        return None
    return {0: True, 1: False}.get(answer.returncode)
