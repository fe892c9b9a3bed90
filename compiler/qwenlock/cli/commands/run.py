"""`qwenlock run`: runs a client, or any command, with the locked catalogue enforced."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple, NoReturn

from qwenlock.cli import declared as typer
from qwenlock.cli.completion import locked_models
from qwenlock.cli.options import (
    ClientOption,
    ProjectArgument,
    flags_of,
    project_directory,
)
from qwenlock.cli.parsed import COMMAND
from qwenlock.edge.places import Flags

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qwenlock.edge.file_states import States
    from qwenlock.edge.watch import Watch
    from qwenlock.settings.project import Project

app = typer.Typer(add_completion=False)

_LEAVING = (
    "--model", "-m", "--fallback-model", "--fallbackModel", "--auth-type", "--authType",
    "--openai-api-key", "--openai-base-url", "--openaiApiKey", "--openaiBaseUrl",
)  # fmt: skip
"""The options with which a client asks another model, another endpoint, or with another key."""
_YES = ("1", "true", "yes", "on")


class _Prepared(NamedTuple):
    """A command that is ready to be started, with the settings that enforce the lock."""

    command: Sequence[str]
    settings: Path
    defaults: Path

    def start(self, watch: Watch | None) -> NoReturn:
        """Have the preparation remembered, and become the command.

        Raises:
            UsageError: there is no such command, or it cannot be started.
        """
        from qwenlock.edge import launch

        if watch is not None:
            variables = launch.variables(self.settings, self.defaults)
            changes = [f"{name}={value}" for name, value in variables.items()]
            watch.finish(None, changes, _options_that_leave())
        launch.start(self.command, self.settings, self.defaults)


class _Enforced(NamedTuple):
    """What a run needs, as text.

    Attributes:
        settings: the name of the enforcing settings.
        defaults: where system-defaults.json is.
        variables: the names of the variables that the lock needs.
        overriding: `NAME=value` for each variable that overrides the lock, with the locked value.
    """

    settings: str
    defaults: str
    variables: tuple[str, ...]
    overriding: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> _Enforced:
        """Return what `as_text` wrote."""
        settings, defaults, variables, *overriding = text.split("\n")
        return cls(settings, defaults, tuple(variables.split()), tuple(overriding))

    def as_text(self) -> str:
        """Return a line for each part; `overriding` has one for each variable."""
        return "\n".join((self.settings, self.defaults, " ".join(self.variables), *self.overriding))


@app.command(
    cls="run",
    options_metavar="[OPTIONS]",
    epilog="The command follows `--`.",
)
def run(
    context: typer.Context,
    project: ProjectArgument = None,
    select: Annotated[
        str | None,
        typer.Option(
            "--select",
            autocompletion=locked_models,
            metavar="MODEL",
            help="Another locked model, for this run alone. Name its id, or `auth-type/id`.",
        ),
    ] = None,
    no_check: Annotated[
        bool,
        typer.Option(
            "--no-check",
            help="Enforce the lock even if settings or client changed.",
        ),
    ] = False,
    strict: Annotated[
        bool,
        typer.Option("--strict", help="Refuse options and variables that override the lock."),
    ] = False,
    client: ClientOption = None,
) -> _Prepared:
    """Run a client with exactly the locked models and selection.

    For example: `qwenlock run -- qwen -p "hi"`.

    The lock is checked first. The client gets a settings file for the system scope through its
    environment; the user's and the project's own files are not changed. So two terminals can run
    two models at once: `qwenlock run --select MODEL -- qwen`.
    """
    from qwenlock.edge import file_states, launch
    from qwenlock.edge.installed_client import release_started_by

    flags = flags_of(context)
    command: list[str] = context.meta[COMMAND]
    if not command:
        from qwenlock.findings.errors import UsageError

        raise UsageError("no command was given", "add it after --: `qwenlock run -- qwen`")
    _judge_options(command, strict=strict)
    directory = project_directory(project)
    seen = file_states.States()
    release = release_started_by(command[0])
    asking = _Asking(directory, flags, client, release, select, no_check=no_check)
    enforced = _remembered(asking, seen) or _enforce(asking)
    path = launch.verified(enforced.settings)
    _judge_environment(enforced.overriding, strict=strict)
    _say_missing(enforced.variables, directory, flags, client, seen)
    return _Prepared(command, path, Path(enforced.defaults))


def _judge_options(command: Sequence[str], *, strict: bool) -> None:
    """Report the options of the command that override the lock."""
    names = [each.partition("=")[0] for each in command[1:]]
    leaving = _options_that_leave()
    _say_leaving([name for name in names if name in leaving], strict=strict)


def _options_that_leave() -> tuple[str, ...]:
    from qwenlock.clients.profile import NEWEST, profile

    return (*_LEAVING, *profile(NEWEST).ignores_settings)


def _judge_environment(overriding: Sequence[str], *, strict: bool) -> None:
    """Report the variables set here that override the lock."""
    from qwenlock.clients.profile import NEWEST, profile

    said = [each.partition("=") for each in overriding]
    leaving = [name for name, _, value in said if (os.environ.get(name) or value) != value]
    leaving += [
        name
        for name in profile(NEWEST).ignores_settings
        if os.environ.get(name, "").strip().lower() in _YES
    ]
    _say_leaving(leaving, strict=strict)


def _say_leaving(names: Sequence[str], *, strict: bool) -> None:
    if not names:
        return
    message = f"{', '.join(names)} {'overrides' if len(names) == 1 else 'override'} the lock"
    if strict:
        from qwenlock.findings.errors import UsageError

        raise UsageError(message, "remove it, or run without --strict")
    from qwenlock.cli.console import painted, say

    say(f"{painted('warning', 'warning')}: {message}")


class _Asking(NamedTuple):
    """What a run depends on, besides files.

    Attributes:
        directory: the project.
        flags: the scope options.
        client: the client that is asked for.
        release: the release that will be started; None if that is not known.
        select: the model to select instead of the locked one, if any.
        no_check: enforce the lock whatever the settings say.
    """

    directory: Path
    flags: Flags
    client: str | None
    release: str | None
    select: str | None
    no_check: bool

    def __str__(self) -> str:
        """Return all of it in a line."""
        from qwenlock.edge import file_states

        request = file_states.request(self.flags, self.client)
        asked = file_states.request_about(self.directory, request)
        return f"run {self.no_check} {self.release} {self.select!r} {Path.cwd()} {asked}"


def _remembered(asking: _Asking, seen: States) -> _Enforced | None:
    """Return what an earlier run prepared, if nothing it depends on has changed since."""
    from qwenlock.edge import file_states, launch

    said = file_states.passed(str(asking), seen)
    if said is None:
        return None
    enforced = _Enforced.parse(said)
    return None if launch.prepared(enforced.settings) is None else enforced


def _enforce(asking: _Asking) -> _Enforced:
    """Check the lock and prepare the settings that enforce it."""
    from qwenlock.cli.client import say_other_installed
    from qwenlock.edge import file_states, launch
    from qwenlock.edge.enforcement import machine, refuse_changed_request, trusted_lock
    from qwenlock.edge.places import deciding
    from qwenlock.edge.project import read
    from qwenlock.edge.reader import Reader
    from qwenlock.enforce.enforcing import overriding
    from qwenlock.enforce.other_model import with_selected
    from qwenlock.lock import NAME

    directory, flags, client, release, select, no_check = asking
    reader = Reader()
    before = reader.states.lines([directory / NAME, *deciding()])
    stored = trusted_lock(directory)
    lock = with_selected(stored, select) if select is not None else stored
    here = machine(Path.cwd(), flags, lock.options)  # where the client looks
    before += reader.states.lines(here.files)
    if not no_check:
        project = read(directory, flags, client, reader)
        _refuse_drift(project)
        decided = stored if stored.selection.kind != "undecided" else lock
        refuse_changed_request(directory, flags, decided, here, release)
        say_other_installed(project)
        before += project.states
    enforced = _Enforced(
        launch.prepare(here.enforcing_file(lock, directory)),
        str(here.places.files["system-defaults"]),
        tuple(variable.name for variable in lock.environment),
        tuple(f"{name}={' '.join(said.split())}" for name, said in overriding(lock).items()),
    )
    if lock.selection.kind != "undecided":  # else the variables that are set count
        file_states.record(before, str(asking), enforced.as_text())
    return enforced


def _refuse_drift(project: Project) -> None:
    from qwenlock.cli.console import say
    from qwenlock.cli.views.differences import first_changes_as_text
    from qwenlock.compile.compiler import compile_project
    from qwenlock.compile.verdict import judge
    from qwenlock.edge.project import label_of
    from qwenlock.findings.errors import InputError, QwenlockError

    label = label_of(project.places.project)
    verdict = judge(project.stored, label, compile_project(project))
    if verdict.status == "invalid":
        raise InputError("the settings have errors", findings=verdict.findings)
    if verdict.status != "ok":
        for line in first_changes_as_text(verdict.changes):
            say(line)
        raise QwenlockError(
            f"{label} differs from its settings",
            "run `qwenlock lock`, or `qwenlock run --no-check`",
        )


def _say_missing(
    variables: Sequence[str], directory: Path, flags: Flags, client: str | None, seen: States
) -> None:
    """Warn about variables that are not set, before the client fails on them."""
    absent = [name for name in variables if not os.environ.get(name)]
    if not absent:
        return
    from qwenlock.cli.console import painted, say

    for name in _nowhere(absent, directory, flags, client, seen):
        say(f"{painted('warning', 'warning')}: {name} is not set, but models of the lock need it")


def _nowhere(
    names: Sequence[str], directory: Path, flags: Flags, client: str | None, seen: States
) -> list[str]:
    """Return the variables that the client will lack; remembered until the files change."""
    from qwenlock.edge import file_states

    request = file_states.request_about(directory, file_states.request(flags, client))
    asked = f"variables {' '.join(names)} {request}"
    said = file_states.passed(asked, seen)
    if said is not None:
        return said.split()
    from qwenlock.edge.environment import env_files, with_variables
    from qwenlock.edge.places import users_file
    from qwenlock.edge.project import read
    from qwenlock.edge.reader import Reader, read_lock
    from qwenlock.lint.variables import missing

    project = read(directory, flags, client, Reader())
    looked_at = [each.path for each in env_files(project.places, project.client)]
    looked_at.append(users_file(project.client))
    before = [*project.states, *file_states.States().lines(looked_at)]
    lacked = {
        each.name for each in missing(read_lock(project.places.lock), with_variables(project))
    }
    absent = [name for name in names if name in lacked]
    file_states.record(before, asked, " ".join(absent))
    return absent
