"""What git knows of a file: whether it keeps it, and whether it would."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from qwenlock.edge.places import shown
from qwenlock.edge.reader import read_bytes
from qwenlock.migrating.change import IgnoreFile, InGit


def ask(path: Path) -> InGit | None:
    """Return what git says of `path`, which need not exist; None outside a repository.

    Where git itself is missing, the file counts as neither kept nor ignored.
    """
    path = path.resolve()
    root = next((folder for folder in path.parents if (folder / ".git").exists()), None)
    if root is None:
        return None
    return InGit(
        tracked=_says_yes(root, "ls-files", "--error-unmatch", "--", str(path)),
        ignored=_says_yes(root, "check-ignore", "--quiet", "--", str(path)),
        ignore_file=_ignore_file(root),
    )


def _ignore_file(root: Path) -> IgnoreFile:
    from qwenlock.documents.document import decode

    path = root / ".gitignore"
    label = shown(path, Path.cwd())
    data = read_bytes(path, label)
    return IgnoreFile(path, label, None if data is None else decode(data, label))


def _says_yes(root: Path, *question: str) -> bool:
    environment = {name: value for name, value in os.environ.items() if name[:4] != "GIT_"}
    try:
        answer = subprocess.run(
            ["git", "-C", str(root), *question],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
        )
    except OSError:
        return False
    return answer.returncode == 0
