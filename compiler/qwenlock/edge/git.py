"""Asks git whether it tracks or ignores a file.

A repository's configuration can name programs that git starts. None of them is: nothing is fetched,
no hook, monitor, pager or prompt runs, and git itself is never one of the repository's files.
"""

from __future__ import annotations

import os
import sys
from io import BytesIO
from typing import TYPE_CHECKING, NamedTuple

from qwenlock.edge.files import MAX_LOCK_BYTES, read_text, too_large
from qwenlock.edge.lookup import find
from qwenlock.edge.places import shown, spelled
from qwenlock.findings.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator
    from pathlib import Path
    from subprocess import CompletedProcess

    from qwenlock.migrate.file_changes import IgnoreFile, InGit

_LIST = ("--literal-pathspecs", "ls-files")  # check-ignore does not accept this option

_UNAIDED = (
    "--no-pager",
    "-c",
    "core.fsmonitor=false",
    "-c",
    f"core.hooksPath={os.devnull}",
    "-c",
    "submodule.recurse=false",
    "-c",
    "safe.bareRepository=explicit",
)
_ALONE = {
    "GIT_ALLOW_PROTOCOL": "none",  # a repository's protocol.ext.allow would win over -c
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "",
    "SSH_ASKPASS": "",
    "GCM_INTERACTIVE": "never",
}
"""With `_UNAIDED`, keeps git from starting programs that a repository's configuration names."""

_PATIENCE = 10
"""In seconds: git blocks forever if a .gitignore is a FIFO."""
_MOST_OF_ALL = 4 * MAX_LOCK_BYTES
"""The largest size of all locks of a commit, in bytes: they are in memory at once."""
_PATIENCE_FOR_ALL = 60
"""The same, in seconds, for a command that walks the whole repository."""


def ask(path: Path) -> InGit | None:
    """Return what git says about `path`, which need not exist; None outside a repository.

    If git is missing or fails, as in another user's repository ("dubious ownership"), it is unknown
    whether the file is tracked or ignored.
    """
    from qwenlock.migrate.file_changes import InGit

    path = path.resolve()
    root = repository_of(path)
    if root is None:
        return None
    return InGit(
        tracked=_is_tracked(root, path),
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
            names = _listed(_run(root, *_LIST, "-z", "--", *files))
        for name, path in files.items():
            found[path] = None if names is None else spelled(name) in names
    return found


def is_left_out(path: Path) -> bool:
    """Tell whether git tracks a file or directory that a sparse checkout leaves out."""
    root = repository_of(path)
    if root is None or path.exists():
        return False
    return _answer(root, *_LIST, "-t", "--", str(path)).startswith("S ")


def all_tracked(root: Path) -> frozenset[str] | None:
    """Return every file that git tracks in the repository at `root`, as `spelled` returns paths.

    None is returned if git fails.
    """
    return _listed(_run(root, *_LIST, "-z", patience=_PATIENCE_FOR_ALL))


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
    answer = _answer(root, *question, "--no-ext-diff", "--no-textconv")
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
        answer = _run(self.root, *question, *(() if below == "." else (f"{below}/",)))
        if answer is None or answer.returncode != 0:
            raise InputError("git cannot list the files of the commit", "run `git fsck`")
        listing = os.fsdecode(answer.stdout).split("\0")
        entries = (each.partition("\t") for each in listing)
        blobs = {
            self.root / path: about.split()[2]
            for about, _, path in entries
            if path.rpartition("/")[2] == name and about.split()[1] == "blob"
        }
        names = dict.fromkeys(blobs.values())
        contents = dict(zip(names, _blobs(self.root, names), strict=True))
        return {path: contents[blob] for path, blob in blobs.items()}

    def content(self, path: Path) -> bytes | None:
        """Return what the commit has in a file below its root, or None if it has no such file.

        Raises:
            InputError: the file is larger than a lock can be.
        """
        name = f"{self.commit}:{path.relative_to(self.root).as_posix()}"
        size = _answer(self.root, "cat-file", "-s", name).strip()
        if size and int(size) > MAX_LOCK_BYTES:
            raise too_large(f"{shown(path)} at {self.commit}", MAX_LOCK_BYTES)
        answer = _run(self.root, "cat-file", "blob", name)
        return answer.stdout if answer is not None and answer.returncode == 0 else None


def _blobs(root: Path, names: Collection[str]) -> Iterator[bytes]:
    """Yield the contents of blobs, each once, in their order.

    Raises:
        InputError: git does not answer, or they are too large.
    """
    asked = "".join(f"{name}\n" for name in names).encode()
    sizes = _run(root, "cat-file", "--batch-check=%(objectsize)", given=asked)
    known = [int(size) for size in sizes.stdout.split() if size.isdigit()] if sizes else []
    fix = "run `git fsck`; in a partial clone, fetch the commit first"
    unreadable = InputError("git cannot read every lock of the commit", fix)
    if len(known) < len(names):
        raise unreadable
    if max(known, default=0) > MAX_LOCK_BYTES:
        raise too_large("a lock of the commit", MAX_LOCK_BYTES)
    if sum(known) > _MOST_OF_ALL:
        message = f"the locks of the commit have more than {_MOST_OF_ALL // 1024**2} MiB"
        raise InputError(message, "name fewer projects: run it in a directory below")
    answer = _run(root, "cat-file", "--batch", patience=_PATIENCE_FOR_ALL, given=asked)
    said = BytesIO(answer.stdout if answer is not None else b"")
    for name in names:
        head = said.readline()  # "NAME blob SIZE"
        if not head.startswith(f"{name} blob ".encode()):
            raise unreadable
        yield said.read(int(head.split()[2]))
        said.readline()


def revision(directory: Path, name: str) -> Revision:
    """Return the commit that `name` stands for; `A...` is where the current branch left A.

    Raises:
        UsageError: there is no such commit.
    """
    from qwenlock.findings.errors import UsageError

    root = repository_of(directory.resolve() / "x")
    if root is None:
        raise UsageError(f"{shown(directory)} is not in a git repository", "name two locks")
    start = name.removesuffix("...")
    if start != name and not start.startswith("-"):
        answer = _answer(root, "merge-base", start or "HEAD", "HEAD")
    else:
        verify = ("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
        answer = _answer(root, *verify)
    if not answer.strip() or len(answer.split()) > 1:  # a range
        fix = "name a branch, tag or commit; in a shallow clone, fetch it first"
        raise UsageError(f"git knows no commit {name!r}", fix)
    return Revision(root, answer.strip())


def merge_texts(base: str, ours: str, theirs: str) -> tuple[str, bool]:
    """Merge texts line by line; return the result, and whether it is free of conflicts.

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
        answer = _run(Path(folder), "merge-file", "-p", "-q", *labels, *names)
    if answer is None or answer.returncode > 127:
        raise QwenlockError("git cannot merge these files", "check that git is installed")
    return answer.stdout.decode(), answer.returncode == 0


def ignored_below(directory: Path) -> set[str]:
    """Return what git ignores below `directory`; nothing if git cannot tell.

    Of a directory that it ignores as a whole, only that is returned.

    Their paths are as `spelled` returns them.

    Raises:
        InputError: git does not answer.
    """
    listing = ["--others", "--ignored", "--exclude-standard", "--directory", "-z"]
    try:
        answer = _ask(directory, _PATIENCE_FOR_ALL, "ls-files", *listing)
    except TimeoutError:
        message = (
            f"git took over {_PATIENCE_FOR_ALL} s to list what it ignores in {shown(directory)}"
        )
        fix = "check that each .gitignore there is a regular file, or name fewer directories"
        raise InputError(message, fix) from None
    except OSError:
        return set()
    names = os.fsdecode(answer.stdout).split("\0") if answer.returncode == 0 else []
    paths = (os.path.join(directory, name.rstrip("/")) for name in names if name)  # noqa: PTH118
    return set(map(spelled, paths))


def repository_of(path: Path) -> Path | None:
    """Return the repository that contains a path, which need not exist."""
    return next((folder for folder in path.parents if (folder / ".git").exists()), None)


def _ignore_file(root: Path) -> IgnoreFile:
    from qwenlock.migrate.file_changes import IgnoreFile

    path = root / ".gitignore"
    label = shown(path)
    return IgnoreFile(path, label, read_text(path, label))


def _is_tracked(root: Path, path: Path) -> bool | None:
    """Return what git says; None if it fails."""
    answer = _run(root, *_LIST, "--", str(path))
    return bool(answer.stdout) if answer is not None and answer.returncode == 0 else None


def _is_ignored(root: Path, path: Path) -> bool | None:
    """Return what git says; None if it fails.

    An exit code of 1 alone is not an answer: the stub of macOS without its developer tools has it.
    """
    answer = _run(root, "check-ignore", "--verbose", "--non-matching", "--", str(path))
    if answer is None or not answer.stdout:
        return None
    return {0: True, 1: False}.get(answer.returncode)


def _answer(root: Path, *question: str) -> str:
    answer = _run(root, *question)
    return os.fsdecode(answer.stdout) if answer is not None else ""


def _run(
    root: Path, *question: str, patience: int = _PATIENCE, given: bytes = b""
) -> CompletedProcess[bytes] | None:
    """Return git's output in the repository at `root`; None if git is missing or fails."""
    try:
        return _ask(root, patience, *question, given=given)
    except OSError:
        return None


def _ask(
    directory: Path, patience: int, *question: str, given: bytes = b""
) -> CompletedProcess[bytes]:
    """Return git's output in `directory`, for the input that it is given.

    Raises:
        OSError: git cannot be started.
        TimeoutError: it did not answer within `patience` seconds.
    """
    import subprocess

    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("GIT_")
        or name.startswith("GIT_CONFIG")  # these would point to another repository
    }
    try:
        return subprocess.run(
            [_program(), *_UNAIDED, "-C", str(directory), *question],
            env=environment | _ALONE,
            input=given,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            check=False,
            timeout=patience,
        )
    except subprocess.TimeoutExpired as error:
        raise TimeoutError from error


def _program() -> str:
    """Return the path of git.

    Raises:
        FileNotFoundError: git is not installed.
    """
    found = find("git.exe" if sys.platform == "win32" else "git")
    if found is None:
        raise FileNotFoundError("git")
    return found
