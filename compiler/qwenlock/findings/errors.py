"""Errors that stop a command, each kind with its exit code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwenlock.text.record import replace

if TYPE_CHECKING:
    from qwenlock.findings.finding import Finding
    from qwenlock.findings.rules import Client


class QwenlockError(Exception):
    """An error that the user can do something about; it is never shown as a traceback."""

    exit_code = 1

    def __init__(self, message: str, fix: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix


class UsageError(QwenlockError):
    """The command line asks for something impossible."""

    exit_code = 2


class InputError(QwenlockError):
    """An input is unusable: settings, a lock or a template; `findings` say where and why."""

    exit_code = 3

    def __init__(
        self, message: str, fix: str | None = None, findings: tuple[Finding, ...] = ()
    ) -> None:
        super().__init__(message, fix)
        self.findings = findings

    def of(self, client: Client) -> InputError:
        """Return the same error, with findings that are about `client`."""
        findings = tuple(replace(finding, client=client) for finding in self.findings)
        return InputError(self.message, self.fix, findings)


class WriteError(QwenlockError):
    """A change or the output could not be written; if it is a change, nothing was changed."""

    exit_code = 4


def from_system(error: OSError) -> InputError:
    """Return the error for a file that could not be looked at."""
    name = f"{error.filename}: " if isinstance(error.filename, str) else ""
    return InputError(f"{name}{_reason(error)}", "check that the file is readable")


def of_output(error: OSError) -> WriteError:
    """Return the error for output that could not be written to stdout."""
    message = f"the output could not be written: {_reason(error)}"
    return WriteError(message, "write it to another place")


def _reason(error: OSError) -> str:
    return (error.strerror or type(error).__name__).lower()
