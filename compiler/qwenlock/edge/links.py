"""Where the bytes of a file go: symbolic links are followed, but not out of a checkout.

A repository can contain links to any path of the machine, so a link in it must not decide what
else is overwritten. A link outside every checkout is the user's own, for example to dotfiles.
"""

from __future__ import annotations

import os
from pathlib import Path

from qwenlock.edge.checkouts import MARKS, checkout_of, followed, leads_to_server
from qwenlock.edge.places import as_typed, home
from qwenlock.findings.errors import WriteError


def destination(path: Path) -> Path:
    """Return the file that is written for `path`, with every link followed; it need not exist.

    Raises:
        WriteError: a link leads out of the checkout that it is in, into its `.git`, or to a server.
        OSError: the links form a loop, or cannot be read.
    """
    if leads_to_server(path):
        raise _refused(f"{as_typed(path)} is a link to a server")
    target = _real(path)
    if os.path.abspath(path) == str(target):  # noqa: PTH100  (no link, which is the usual case)
        return target
    for folder in dict.fromkeys(folder for folder, _ in followed(path)):
        checkout = checkout_of(folder)
        if checkout is None:
            continue
        root = Path(checkout)
        if not target.is_relative_to(root):
            message = (
                f"{as_typed(path)} is a link to {as_typed(target)}, outside of {as_typed(root)}"
            )
            raise _refused(message)
        if any(part.lower() in MARKS for part in target.relative_to(root).parts):
            raise _refused(f"{as_typed(path)} is a link to {as_typed(target)}")
    return target


def named(path: Path, label: str) -> str:
    """Return the name of the file that is written for `path`: `label`, unless a link leads on.

    Raises:
        WriteError: as `destination`.
        OSError: as `destination`.
    """
    target = destination(path)
    bases = (Path.cwd(), home())
    absolute = os.path.abspath(path)  # noqa: PTH100
    unlinked = [os.path.realpath(base) for base in bases]
    for base, real in zip(bases, unlinked, strict=True):
        if os.path.relpath(absolute, base) == os.path.relpath(target, real):
            return label
    return as_typed(target)


def _refused(message: str) -> WriteError:
    return WriteError(f"{message}; nothing was changed", "replace the link with a file")


def _real(path: Path) -> Path:
    try:
        return Path(os.path.realpath(path, strict=True))
    except FileNotFoundError:
        return Path(os.path.realpath(path))
