"""Asks the installed client what it does, as it is and with a lock enforced, and compares."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from qwenlock.edge import launch
from qwenlock.edge.client import ClientError, ClientMissingError, ask
from qwenlock.edge.copies import copied
from qwenlock.edge.environment import with_variables
from qwenlock.edge.places import DEFAULTS
from qwenlock.enforce.agreement import REMEDY, agreement
from qwenlock.lint.variables import missing
from qwenlock.text.record import replace

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager

    from qwenlock.edge.copies import Copies
    from qwenlock.edge.enforcement import Machine
    from qwenlock.enforce.agreement import Agreement
    from qwenlock.findings.errors import QwenlockError
    from qwenlock.lock.model import Lock

_PLACEHOLDER = "placeholder-of-qwenlock"
"""The value of a variable that is not set; it is not a credential."""


class ClientAnswer(NamedTuple):
    """The result of asking once.

    Attributes:
        release: the release of the client, if that is known.
        found: how what it does compares with the lock; None if it could not be asked.
        error: why it could not.
        told: the roles of other models that it has named.
    """

    release: str | None = None
    found: Agreement | None = None
    error: QwenlockError | None = None
    told: tuple[str, ...] = ()

    @property
    def status(self) -> str:
        """Return `agrees`, `differs` or `failed`."""
        if self.found is None:
            return "failed"
        return "differs" if self.found.differences else "agrees"

    @property
    def exit_code(self) -> int:
        """Return the exit code."""
        if self.error is not None:
            return self.error.exit_code
        return 1 if self.status == "differs" else 0

    def without_remedy(self) -> ClientAnswer:
        """Return the same without advice to enforce the lock."""
        if self.found is None:
            return self
        differences = tuple(
            each._replace(remedy=None) if each.remedy == REMEDY else each
            for each in self.found.differences
        )
        return self._replace(found=replace(self.found, differences=differences))


class AskingClient:
    """Asks one client about one lock.

    A variable of the lock that is not set gets a placeholder: without one, no models are offered.

    Args:
        command: the command that starts the client.
        lock: the lock.
        directory: the project.
        machine: the settings of every scope here.
        timeout: how many seconds the client may take.
        may_be_missing: whether a client that is not installed is an answer, not an error.

    Attributes:
        unset: the variables that got a placeholder.
    """

    def __init__(
        self,
        command: Sequence[str],
        lock: Lock,
        directory: Path,
        machine: Machine,
        timeout: float,
        *,
        may_be_missing: bool = False,
    ) -> None:
        self._command = command
        self._lock = lock
        self._directory = directory
        self._machine = machine
        self._timeout = timeout
        self._may_be_missing = may_be_missing
        here = with_variables(machine.project())
        self._filling = here.filling()
        self.unset = tuple(each.name for each in missing(lock, here))
        self._environment = {**dict.fromkeys(self.unset, _PLACEHOLDER), **os.environ}

    def both(
        self, waiting: Callable[[str], AbstractContextManager[None]]
    ) -> tuple[ClientAnswer, ClientAnswer]:
        """Return what the client does as it is, and with the lock enforced.

        Args:
            waiting: makes a context that says what is being waited for.

        Raises:
            ClientMissingError: the command is missing, and it is required.
        """
        places = self._machine.places
        results = []
        for enforces in (False, True):
            how = "with the lock enforced" if enforces else "as it is"
            with (
                waiting(f"asking the client {how}"),
                copied(places, self._environment) as copies,
            ):
                variables = {**self._environment, **copies.variables}
                if enforces:
                    variables |= self._enforcing(copies)
                results.append(self._ask(variables, copies.project))
        as_it_is, enforced = results
        return as_it_is, enforced.without_remedy()

    def _enforcing(self, copies: Copies) -> dict[str, str]:
        enforcing = self._machine.enforcing_file(self._lock, self._directory)
        settings = launch.verified(launch.prepare(enforcing))
        return launch.variables(settings, Path(copies.variables[DEFAULTS]))

    def _ask(self, environment: Mapping[str, str], directory: Path) -> ClientAnswer:
        try:
            roles = [other.role for other in self._lock.other_models]
            answer = ask(self._command, directory, environment, self._timeout, roles)
        except ClientError as error:
            return ClientAnswer(error.release, error=error)
        except ClientMissingError as error:
            if not self._may_be_missing:
                raise
            return ClientAnswer(error=error)
        filling = {**self._filling, **environment}
        found = agreement(self._lock, answer, [*self._machine.found.values()], filling)
        return ClientAnswer(answer.release, found, told=tuple(answer.others))
