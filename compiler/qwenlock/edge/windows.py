r"""What only Windows has: access lists of files, replacing that keeps them, and files held open.

Written by Microsoft's documentation of the functions that are called; no test of ours ran on
Windows yet (docs/reference/systems.md).
"""

from __future__ import annotations

import errno
import os
import time
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

T = TypeVar("T")

PATIENCE = 1.0
"""How long a file that another program holds open is tried again, in seconds."""

_PAUSE = 0.05
_DENIED, _SHARED, _LOCKED, _NOT_REMOVED, _MAPPED = 5, 32, 33, 1175, 1224
_MAY_END = {_DENIED, _SHARED, _LOCKED, _NOT_REMOVED, _MAPPED}
"""The errors of a file that another program holds open, and may close soon."""

_TARGET_GONE = {1176, 1177}
"""The errors after which the replaced file has lost its name, and the new one still has its own."""

_ACCESS_LIST, _PROTECTED = 0x4, 0x8000_0000  # DACL_SECURITY_INFORMATION, and not inherited
_ESCAPES = 0x4  # ENABLE_VIRTUAL_TERMINAL_PROCESSING
_QUERY, _USER = 0x8, 1  # TOKEN_QUERY, TokenUser


def patiently(action: Callable[[], T]) -> T:
    """Return the result of `action` on a file; on Windows, wait until others have closed the file.

    Raises:
        OSError: it fails; with ETXTBSY if another program still holds the file open.
    """
    end = time.monotonic() + PATIENCE
    while True:
        try:
            return action()
        except OSError as error:
            code = getattr(error, "winerror", None)  # no other system has such
            if code not in _MAY_END:
                raise
            if time.monotonic() >= end:
                if code == _DENIED:
                    raise
                reason = os.strerror(errno.ETXTBSY)
                raise OSError(errno.ETXTBSY, reason, error.filename) from None
        time.sleep(_PAUSE)


def replace(new: Path, target: Path) -> None:
    """Put `new` in the place of an existing `target`, with the target's access list.

    `ReplaceFileW` also keeps its attributes, its other streams and when it was created.

    Raises:
        OSError: it cannot be done; the target is as it was.
    """
    kernel = _library("kernel32")
    if not kernel.ReplaceFileW(str(target), str(new), None, 0, None, None):
        error = _error(str(target))
        if getattr(error, "winerror", None) not in _TARGET_GONE:
            raise error
        new.replace(target)


def restrict(path: Path) -> None:
    """Let only this user, and the system itself, read and write a file.

    Raises:
        OSError: it cannot be done.
    """
    import ctypes

    rules = f"D:P(A;;FA;;;{_user()})(A;;FA;;;SY)"
    security, kernel = _library("advapi32"), _library("kernel32")
    descriptor = ctypes.c_void_p()
    made = security.ConvertStringSecurityDescriptorToSecurityDescriptorW(
        rules, 1, ctypes.byref(descriptor), None
    )
    if not made:
        raise _error(str(path))
    try:
        if not security.SetFileSecurityW(str(path), _ACCESS_LIST | _PROTECTED, descriptor):
            raise _error(str(path))
    finally:
        kernel.LocalFree(descriptor)


def has_colours(descriptor: int) -> bool:
    """Tell whether a console obeys escape sequences, after asking it to: legacy ones do not."""
    import ctypes

    kernel, mode = _library("kernel32"), ctypes.c_ulong()
    handle = ctypes.c_void_p(_handle(descriptor))
    if not kernel.GetConsoleMode(handle, ctypes.byref(mode)):
        return False
    return bool(mode.value & _ESCAPES or kernel.SetConsoleMode(handle, mode.value | _ESCAPES))


def _handle(descriptor: int) -> int:
    from importlib import import_module

    return int(import_module("msvcrt").get_osfhandle(descriptor))


def _user() -> str:
    """Return the identifier of this process's user, such as S-1-5-21-1-2-3-1001."""
    import ctypes

    security, kernel = _library("advapi32"), _library("kernel32")
    kernel.GetCurrentProcess.restype = ctypes.c_void_p
    token, size, text = ctypes.c_void_p(), ctypes.c_ulong(), ctypes.c_wchar_p()
    process = ctypes.c_void_p(kernel.GetCurrentProcess())
    if not security.OpenProcessToken(process, _QUERY, ctypes.byref(token)):
        raise _error()
    try:
        security.GetTokenInformation(token, _USER, None, 0, ctypes.byref(size))
        buffer = ctypes.create_string_buffer(size.value)
        if not security.GetTokenInformation(token, _USER, buffer, size, ctypes.byref(size)):
            raise _error()
        identifier = ctypes.c_void_p.from_buffer(buffer)  # TOKEN_USER begins with it
        if not security.ConvertSidToStringSidW(identifier, ctypes.byref(text)):
            raise _error()
        said = str(text.value)
        kernel.LocalFree(text)
        return said
    finally:
        kernel.CloseHandle(token)


def _library(name: str) -> Any:
    """Return a library of Windows; mypy knows it on Windows alone."""
    import ctypes

    return vars(ctypes)["WinDLL"](name, use_last_error=True)


def _error(path: str | None = None) -> OSError:
    """Return the error of the last call."""
    import ctypes

    error: OSError = vars(ctypes)["WinError"](vars(ctypes)["get_last_error"]())
    error.filename = path
    return error
