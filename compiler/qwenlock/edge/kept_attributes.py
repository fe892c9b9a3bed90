"""What a new file takes over from the file that it replaces: who owns it, and who may read it."""

from __future__ import annotations

import errno
import os
import stat
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from qwenlock.findings.errors import WriteError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OTHERS = 0o077
"""The permissions of others than the owner."""

_LIST, _MORE = 1, 4
"""What `fcopyfile` copies: COPYFILE_ACL, COPYFILE_XATTR."""

_NOT_COPIED = ("system.posix_acl_", "security.ima", "security.evm")
"""Extended attributes that are copied in another way, or belong to the content of one file."""


def modes(target: Path, wanted: int | None) -> tuple[int | None, int]:
    """Return the current and the new permissions of a file that may be replaced.

    Args:
        target: the file; it may be missing.
        wanted: the new permissions; None to keep them, or to use those of the umask.

    Returns:
        The current permissions, or None if the file is missing; and the new ones.

    Raises:
        WriteError: it is not a regular file, or has several names.
        PermissionError: it is read-only.
    """
    try:
        information = target.stat()
    except FileNotFoundError:
        umask = os.umask(0o077)
        os.umask(umask)
        return None, 0o666 & ~umask if wanted is None else wanted
    if not stat.S_ISREG(information.st_mode):
        raise WriteError(f"{target} is not a regular file; nothing was changed", "name a file")
    if not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, "read-only file")
    if information.st_nlink > 1:
        raise WriteError(
            f"{target} has {information.st_nlink} names (hard links), and only this one would be "
            "changed; nothing was changed",
            "remove the others, or make them symbolic links",
        )
    mode = stat.S_IMODE(information.st_mode)
    return mode, mode if wanted is None else wanted


def keep_owner(descriptor: int, target: Path, mode: int) -> None:
    """Give a new file the owner, group and attributes of `target`, then the permissions `mode`.

    Raises:
        WriteError: they cannot be kept.
    """
    if sys.platform != "win32":
        with suppress(FileNotFoundError):
            there, here = target.stat(), os.fstat(descriptor)
            if here.st_gid != there.st_gid:
                _give(descriptor, target, -1, there.st_gid, "group")
            if here.st_uid != there.st_uid:
                _give(descriptor, target, there.st_uid, -1, "owner")
            if sys.platform == "linux":
                _keep_access_list(descriptor, target)
                _keep_attributes(descriptor, target)
            elif sys.platform == "darwin":
                keeps_list = mode == stat.S_IMODE(there.st_mode)
                _keep_of_macos(descriptor, target, _LIST | _MORE if keeps_list else _MORE)
        os.fchmod(descriptor, mode)


def _give(descriptor: int, target: Path, uid: int, gid: int, what: str) -> None:
    if sys.platform != "win32":
        try:
            os.fchown(descriptor, uid, gid)
        except PermissionError:
            fix = "run as its owner, or make the file and its directory your own"
            raise _cannot_keep(target, what, fix) from None


if sys.platform == "linux":

    def _keep_access_list(descriptor: int, target: Path) -> None:
        """Give a new file the access list of `target`, or none if only the directory has one."""
        acl = "system.posix_acl_access"
        with tolerating(errno.ENODATA, errno.ENOTSUP):
            os.removexattr(descriptor, acl)  # which the directory's default has given it
        with tolerating(errno.ENODATA, errno.ENOTSUP):
            os.setxattr(descriptor, acl, os.getxattr(target, acl))

    def _keep_attributes(descriptor: int, target: Path) -> None:
        """Give a new file the extended attributes of `target`."""
        names: list[str] = []
        with tolerating(errno.ENOTSUP):
            names = os.listxattr(target)
        for name in names:
            if name.startswith(_NOT_COPIED):
                continue
            value = os.getxattr(target, name)
            with tolerating(errno.ENODATA, errno.ENOTSUP):
                if os.getxattr(descriptor, name) == value:  # such as a label of SELinux
                    continue
            try:
                os.setxattr(descriptor, name, value)
            except OSError:
                fix = f"remove it with `setfattr -x {name}`"
                raise _cannot_keep(target, f"attribute {name}", fix) from None


def _keep_of_macos(descriptor: int, target: Path, what: int) -> None:
    """Give a new file the access list and the extended attributes of `target`: `copyfile(3)`.

    An access list counts there whatever the permissions say, so one that gets others is private
    without it.
    """
    import ctypes

    copy = ctypes.CDLL(None, use_errno=True).fcopyfile
    with target.open("rb") as file:
        if copy(file.fileno(), descriptor, None, what):
            fix = "check them with `ls -le@`, and remove those that you do not need"
            raise _cannot_keep(target, "access list or extended attributes", fix)


def _cannot_keep(target: Path, what: str, fix: str) -> WriteError:
    return WriteError(f"the {what} of {target} could not be kept; nothing was changed", fix)


@contextmanager
def tolerating(*codes: int) -> Iterator[None]:
    """Ignore the errors of systems that do not support an operation."""
    try:
        yield
    except OSError as error:
        if error.errno not in codes:
            raise
