"""`qwenlock doctor`: compares what the installed client offers and selects with the lock."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from qwenlock.cli import declared as typer
from qwenlock.cli.options import Format, FormatOption, ProjectArgument, project_directory
from qwenlock.enforce.agreement import REMEDY
from qwenlock.findings.errors import QwenlockError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from qwenlock.edge.copies import Copies
    from qwenlock.edge.enforcement import Machine
    from qwenlock.enforce.agreement import Agreement, Difference
    from qwenlock.enforce.endpoints import Endpoint, EndpointVerdict
    from qwenlock.lock.model import Lock

app = typer.Typer(add_completion=False)

_PLACEHOLDER = "placeholder-of-qwenlock"
_WORDS = {
    "missing": "is not offered",
    "extra": "is offered, but not in the lock",
    "reordered": "models are in a different order",
    "selected": "is not selected",
    "other": "is not used",
}


@app.command()
def doctor(
    project: ProjectArgument = None,
    client_command: Annotated[
        str,
        typer.Option(
            "--client-command", metavar="COMMAND", help="The command that starts the client."
        ),
    ] = "qwen",
    timeout: Annotated[
        float,
        typer.Option("--timeout", min=1, metavar="SECONDS", help="How long the client may take."),
    ] = 30.0,
    ping: Annotated[
        bool,
        typer.Option(
            "--ping", help="Also ask each endpoint which models it has. This sends its key."
        ),
    ] = False,
    format: FormatOption = Format.text,  # noqa: A002
) -> int:
    """Compare what the installed client offers with the lock.

    The client is started twice: normally, and with the lock enforced as `qwenlock run` does. It
    gets copies of all settings, so it changes none of your files. It names the models that it
    offers and the selected one; later releases also name the fast, vision, image, voice and
    compaction models that they use. No release names the others.

    With `--ping`, the endpoints of the locked models are asked too, even if no client is
    installed: is the endpoint reachable, does it accept the key, does it have the models? Without
    `--ping`, nothing is sent to them.

    Exits 1 if something differs or an endpoint has a problem, and 3 if the client cannot be asked.
    """
    from qwenlock.edge.client import command_of
    from qwenlock.edge.enforcement import in_force, machine, trusted_lock
    from qwenlock.edge.places import Flags

    directory = project_directory(project)
    command = command_of(client_command)
    lock = trusted_lock(directory)
    pinged = _ping(directory, lock, timeout) if ping else None
    here = machine(directory, Flags(), lock.options)
    obeyed = in_force(here.project())
    asking = _Asking(command, lock, directory, here, timeout, may_be_missing=ping)
    as_it_is, enforced = asking.both()
    if enforced.status != "agrees":
        as_it_is = as_it_is.without_remedy()
    elif as_it_is.error is not None:
        as_it_is.error.fix = f"{REMEDY}: with the lock enforced, the client agrees with it"
    told = {*as_it_is.told, *enforced.told}
    others = (other.setting for other in lock.other_models if other.role not in told)
    unasked = list(dict.fromkeys(others))
    release = as_it_is.release or enforced.release
    if format is Format.json:
        from qwenlock.cli.console import emit_json

        emit_json(
            {
                "project": str(directory),
                "client": {"command": client_command, "version": release},
                "unset-variables": list(asking.unset),
                "not-asked": unasked,
                **({"enforced-here": obeyed.lock} if obeyed is not None else {}),
                "as-it-is": as_it_is.as_json(),
                "enforced": enforced.as_json(),
                **({"ping": [each.as_json() for each in pinged]} if pinged is not None else {}),
            }
        )
    else:
        if obeyed is not None:
            from qwenlock.cli.console import emit_words
            from qwenlock.text.foreign import clean

            emit_words(clean(str(obeyed)))
        _print(release, asking.unset, as_it_is, enforced)
        if unasked:
            from qwenlock.cli.console import emit_words
            from qwenlock.text.foreign import clean

            names = clean(", ".join(unasked))
            emit_words(f"not compared, because the client does not name them: {names}")
        for each in pinged or ():
            each.print()
        if pinged == []:
            from qwenlock.cli.console import emit_words

            emit_words("ping: the lock has no endpoint to ask")
    troubled = any(each.verdict.is_trouble for each in pinged or ())
    return max(1 if as_it_is.status != "agrees" or troubled else 0, enforced.exit_code)


class _Pinged(NamedTuple):
    """An endpoint of the lock, and the result of asking it."""

    endpoint: Endpoint
    verdict: EndpointVerdict

    def as_json(self) -> dict[str, Any]:
        return {
            "auth-type": self.endpoint.auth_type,
            "base-url": self.endpoint.base_url,
            "variable": self.endpoint.variable,
            "status": self.verdict.status,
            "detail": self.verdict.detail or None,
            "models": self.verdict.models,
        }

    def print(self) -> None:
        from qwenlock.cli.console import emit_words, painted
        from qwenlock.text.foreign import clean

        colour = "error" if self.verdict.is_trouble else "good"
        status = painted(self.verdict.status, colour)
        emit_words(f"ping {clean(self.endpoint.base_url)} with {self.endpoint.variable}: {status}")
        if self.verdict.detail:
            emit_words(f"  {self.verdict.detail}")
        for model, known in self.verdict.models.items():
            if known == "unknown":
                emit_words(f"  {clean(model)} is not one of its models")


def _ping(directory: Path, lock: Lock, timeout: float) -> list[_Pinged]:
    """Ask every endpoint of `lock`, with the keys that a client in `directory` would have."""
    from qwenlock.cli.progress import waiting
    from qwenlock.edge.environment import with_variables
    from qwenlock.edge.ping import ask
    from qwenlock.edge.places import Flags
    from qwenlock.edge.project import read
    from qwenlock.enforce.endpoints import EndpointVerdict, endpoints, judge, question
    from qwenlock.resolve.resolution import resolve

    project = with_variables(read(directory, Flags())).here()
    values, filling = project.values(), project.filling()
    resolution = resolve(project.sources, values, project.client, filling=filling)
    proxy = resolution.fields["proxy"].value
    asked = [(endpoint, question(endpoint, values, filling)) for endpoint in endpoints(lock)]
    questions = [each for _, each in asked if not isinstance(each, EndpointVerdict)]
    with waiting(f"asking {len(questions)} endpoint{'s' * (len(questions) != 1)}"):
        replies = iter(ask(questions, timeout, proxy))
    return [
        _Pinged(
            endpoint, each if isinstance(each, EndpointVerdict) else judge(endpoint, next(replies))
        )
        for endpoint, each in asked
    ]


class _Result(NamedTuple):
    """The result of asking once: an agreement, or an error; and the roles that were answered."""

    release: str | None = None
    found: Agreement | None = None
    error: QwenlockError | None = None
    told: tuple[str, ...] = ()

    @property
    def status(self) -> str:
        if self.found is None:
            return "failed"
        return "differs" if self.found.differences else "agrees"

    @property
    def exit_code(self) -> int:
        if self.error is not None:
            return self.error.exit_code
        return 1 if self.status == "differs" else 0

    def without_remedy(self) -> _Result:
        """Return the same without advice to enforce the lock."""
        if self.found is None:
            return self
        from qwenlock.text.record import replace

        differences = tuple(
            each._replace(remedy=None) if each.remedy == REMEDY else each
            for each in self.found.differences
        )
        return self._replace(found=replace(self.found, differences=differences))

    def as_json(self) -> dict[str, Any]:
        error = self.error
        return {
            "status": self.status,
            "differences": [each._asdict() for each in self.found.differences]
            if self.found
            else [],
            "hidden": list(self.found.hidden) if self.found else [],
            "error": {"message": error.message, "fix": error.fix} if error else None,
        }


class _Asking:
    """Asks one client about one lock.

    A variable of the lock that is not set gets a placeholder: without one, no models are offered.
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
        import os

        from qwenlock.edge.environment import with_variables
        from qwenlock.lint.variables import missing

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

    def both(self) -> tuple[_Result, _Result]:
        """Return what the client does as it is, and with the lock enforced."""
        from qwenlock.cli.progress import waiting
        from qwenlock.edge.copies import copied

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
        from qwenlock.edge import launch
        from qwenlock.edge.places import DEFAULTS

        enforcing = self._machine.enforcing_file(self._lock, self._directory)
        settings = launch.verified(launch.prepare(enforcing))
        return launch.variables(settings, Path(copies.variables[DEFAULTS]))

    def _ask(self, environment: Mapping[str, str], directory: Path) -> _Result:
        from qwenlock.edge.client import ClientError, ClientMissingError, ask
        from qwenlock.enforce.agreement import agreement

        try:
            roles = [other.role for other in self._lock.other_models]
            answer = ask(self._command, directory, environment, self._timeout, roles)
        except ClientError as error:
            return _Result(error.release, error=error)
        except ClientMissingError as error:
            if not self._may_be_missing:
                raise
            return _Result(error=error)
        filling = {**self._filling, **environment}
        found = agreement(self._lock, answer, [*self._machine.found.values()], filling)
        return _Result(answer.release, found, told=tuple(answer.others))


def _print(release: str | None, unset: Sequence[str], as_it_is: _Result, enforced: _Result) -> None:
    from qwenlock.cli.console import emit_words, painted
    from qwenlock.text.foreign import clean

    emit_words(f"client: Qwen Code {clean(release) if release else '(release unknown)'}")
    for name in unset:
        emit_words(f"{name} is not set; the client was given a placeholder")
    for title, result in (("not enforced", as_it_is), ("enforced", enforced)):
        colour = "good" if result.status == "agrees" else "error"
        emit_words(f"{title}: {painted(result.status, colour)}")
        for line in _lines(result):
            emit_words(f"  {clean(line)}")


def _lines(result: _Result) -> Iterator[str]:
    if result.error is not None:
        yield result.error.message
        if result.error.fix:
            yield f"help: {result.error.fix}"
        return
    assert result.found is not None  # noqa: S101  (one of the two)
    yield from map(_line, result.found.differences)
    for name in result.found.hidden:
        yield f"{name} is hidden from the list by its own fields"
    for remedy in dict.fromkeys(each.remedy for each in result.found.differences):
        if remedy is not None:
            yield f"help: {remedy}"


def _line(difference: Difference) -> str:
    reason = f": {difference.reason}" if difference.reason else ""
    return f"{difference.model} {_WORDS[difference.kind]}{reason}"
