"""`qwenlock doctor`: compares what the installed client offers and selects with the lock."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from qwenlock.cli import declared as typer
from qwenlock.cli.options import Format, FormatOption, ProjectArgument, project_directory
from qwenlock.enforce.agreement import REMEDY

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from qwenlock.edge.asking_client import ClientAnswer
    from qwenlock.edge.enforcement import InForce
    from qwenlock.enforce.agreement import Difference
    from qwenlock.enforce.endpoints import Endpoint, EndpointVerdict
    from qwenlock.lock.model import Lock

app = typer.Typer(add_completion=False)

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
    from qwenlock.cli.console import emit_json
    from qwenlock.cli.progress import waiting
    from qwenlock.edge.asking_client import AskingClient
    from qwenlock.edge.client import command_of
    from qwenlock.edge.enforcement import in_force, machine, trusted_lock
    from qwenlock.edge.places import Flags

    directory = project_directory(project)
    command = command_of(client_command)
    lock = trusted_lock(directory)
    pinged = _ping(directory, lock, timeout) if ping else None
    here = machine(directory, Flags(), lock.options)
    obeyed = in_force(here.project())
    asking = AskingClient(command, lock, directory, here, timeout, may_be_missing=ping)
    as_it_is, enforced = asking.both(waiting)
    if enforced.status != "agrees":
        as_it_is = as_it_is.without_remedy()
    elif as_it_is.error is not None:
        as_it_is.error.fix = f"{REMEDY}: with the lock enforced, the client agrees with it"
    told = {*as_it_is.told, *enforced.told}
    others = (other.setting for other in lock.other_models if other.role not in told)
    unasked = list(dict.fromkeys(others))
    release = as_it_is.release or enforced.release
    if format is Format.json:
        emit_json(
            {
                "project": str(directory),
                "client": {"command": client_command, "version": release},
                "unset-variables": list(asking.unset),
                "not-asked": unasked,
                **({"enforced-here": obeyed.lock} if obeyed is not None else {}),
                "as-it-is": _as_json(as_it_is),
                "enforced": _as_json(enforced),
                **({"ping": [each.as_json() for each in pinged]} if pinged is not None else {}),
            }
        )
    else:
        _print(release, asking.unset, as_it_is, enforced, obeyed)
        _print_more(unasked, pinged)
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


def _as_json(answer: ClientAnswer) -> dict[str, Any]:
    found, error = answer.found, answer.error
    return {
        "status": answer.status,
        "differences": [each._asdict() for each in found.differences] if found else [],
        "hidden": list(found.hidden) if found else [],
        "error": {"message": error.message, "fix": error.fix} if error else None,
    }


def _print(
    release: str | None,
    unset: Sequence[str],
    as_it_is: ClientAnswer,
    enforced: ClientAnswer,
    obeyed: InForce | None,
) -> None:
    from qwenlock.cli.console import emit_words, painted
    from qwenlock.text.foreign import clean

    if obeyed is not None:
        emit_words(clean(str(obeyed)))
    emit_words(f"client: Qwen Code {clean(release) if release else '(release unknown)'}")
    for name in unset:
        emit_words(f"{name} is not set; the client was given a placeholder")
    for title, answer in (("not enforced", as_it_is), ("enforced", enforced)):
        colour = "good" if answer.status == "agrees" else "error"
        emit_words(f"{title}: {painted(answer.status, colour)}")
        for line in _lines(answer):
            emit_words(f"  {clean(line)}")


def _print_more(unasked: Sequence[str], pinged: Sequence[_Pinged] | None) -> None:
    """Print the roles that the client does not name, and the answers of the endpoints, if asked."""
    from qwenlock.cli.console import emit_words
    from qwenlock.text.foreign import clean

    if unasked:
        names = clean(", ".join(unasked))
        emit_words(f"not compared, because the client does not name them: {names}")
    for each in pinged or ():
        each.print()
    if pinged is not None and not pinged:
        emit_words("ping: the lock has no endpoint to ask")


def _lines(result: ClientAnswer) -> Iterator[str]:
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
