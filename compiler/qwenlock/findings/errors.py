"""What stops a command, and the exit code each kind of stop has."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qwenlock.findings.finding import Finding


class QwenlockError(Exception):
    """A stop that the user can act on; never a traceback."""

    exit_code = 1

    def __init__(self, message: str, fix: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix


class UsageError(QwenlockError):
    """The command was asked for something that cannot be."""

    exit_code = 2


class InputError(QwenlockError):
    """An input cannot be used: settings, a lock or a template; `findings` say where and why."""

    exit_code = 3

    def __init__(
        self, message: str, fix: str | None = None, findings: tuple[Finding, ...] = ()
    ) -> None:
        super().__init__(message, fix)
        self.findings = findings


class WriteError(QwenlockError):
    """A change could not be written, and nothing was changed."""

    exit_code = 4
