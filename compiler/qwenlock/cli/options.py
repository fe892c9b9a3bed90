"""The options that commands share, defined once."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, TypeAlias

from qwenlock.cli import declared as typer
from qwenlock.cli.advice import given_project
from qwenlock.cli.parsed import ARGUMENTS
from qwenlock.edge.places import SETTINGS, Flags, find_project, refuse_servers
from qwenlock.lock import NAME


class Format(StrEnum):
    """The output formats of most commands."""

    text = "text"
    json = "json"


class PageFormat(StrEnum):
    """The output formats of commands whose report fits into a pull request."""

    text = "text"
    json = "json"
    markdown = "markdown"


class GateFormat(StrEnum):
    """The output formats of commands that gate a CI job."""

    text = "text"
    concise = "concise"
    json = "json"
    github = "github"
    gitlab = "gitlab"
    sarif = "sarif"


_SCOPES = "Scopes"
_READING = "Client and plans"
OUTPUT = "Output"
SCOPED = "scoped"
"""The name of the class of commands that have the scope options, see `parsing`."""

ProjectArgument: TypeAlias = Annotated[
    Path | None,
    typer.Argument(
        metavar="[PROJECT]",
        help=(
            "A directory; by default, the project here. The project here is the nearest directory "
            "upward that has a qwen.lock or a .qwen/settings.json."
        ),
        show_default=False,
    ),
]
UserOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--user", metavar="FILE", help="Use this file as the user scope.", rich_help_panel=_SCOPES
    ),
]
NoUserOption: TypeAlias = Annotated[
    bool, typer.Option("--no-user", help="Ignore the user scope.", rich_help_panel=_SCOPES)
]
SystemOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--system",
        metavar="FILE",
        help="Use this file as the system scope.",
        rich_help_panel=_SCOPES,
    ),
]
SystemDefaultsOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--system-defaults",
        metavar="FILE",
        help="Use this file as the system-defaults scope.",
        rich_help_panel=_SCOPES,
    ),
]
UntrustedOption: TypeAlias = Annotated[
    bool | None,
    typer.Option(
        "--untrusted/--trusted",
        help="Ignore the project, as in an untrusted folder.",
        show_default=False,
        rich_help_panel=_SCOPES,
    ),
]


def _known(client: str | None) -> str | None:
    """Return the release that `--client` names; warn if it is newer than any known release."""
    if client == "installed":
        client = _installed()
    if client is not None:
        from qwenlock.clients.profile import NEWEST, is_newer_than_known

        if is_newer_than_known(client):
            from qwenlock.cli.console import painted, say
            from qwenlock.text.foreign import clean

            message = f"Qwen Code {clean(client)} is newer than all known releases"
            say(f"{painted('warning', 'warning')}: {message}; the rules of {NEWEST} are used")
    return client


def _installed() -> str:
    """Return the release of the client installed on this machine."""
    import os

    from qwenlock.cli.progress import waiting
    from qwenlock.edge.client import version
    from qwenlock.edge.installed_client import release

    with waiting("asking the client for its release"):
        return release() or version(["qwen"], os.environ)


def releases(incomplete: str) -> list[str]:
    """Return what the shell completes after `--client`, the newest release first."""
    from qwenlock.clients.profile import GUIDE, RELEASES

    known = ("installed", GUIDE, *reversed(RELEASES))
    return [each for each in known if each.startswith(incomplete)]


ClientOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--client",
        autocompletion=releases,
        callback=_known,
        metavar="RELEASE",
        help=(
            "A version of Qwen Code, `guide` or `installed`. By default, that of the lock, or else "
            "the installed one."
        ),
        show_default=False,
        rich_help_panel=_READING,
    ),
]
TemplatesOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--templates",
        metavar="DIR",
        help="A folder with plans of your own. The bundled ones stay.",
        rich_help_panel=_READING,
    ),
]
FormatOption: TypeAlias = Annotated[
    Format, typer.Option("--format", help="The output format.", rich_help_panel=OUTPUT)
]
PageFormatOption: TypeAlias = Annotated[
    PageFormat, typer.Option("--format", help="The output format.", rich_help_panel=OUTPUT)
]
GateFormatOption: TypeAlias = Annotated[
    GateFormat,
    typer.Option(
        "--format",
        help="The format. `concise` prints one line per finding.",
        rich_help_panel=OUTPUT,
    ),
]
NoConfigOption: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--no-config", help="Ignore qwenlock.toml and pyproject.toml.", rich_help_panel=_READING
    ),
]


def project_directory(given: Path | None) -> Path:
    """Return the directory of the one project that a command works on.

    Raises:
        UsageError: `given` is not a directory, or the root of a workspace and no project, or the
            working directory no longer exists.
    """
    directory = directory_of(given)
    if not (directory / NAME).exists() and not (directory / SETTINGS).exists():
        _refuse_workspace(directory)
    return directory


def _refuse_workspace(directory: Path) -> None:
    from qwenlock.edge.walk import projects_below, workspace_at
    from qwenlock.findings.errors import InputError, UsageError

    try:
        root = workspace_at(directory)
    except InputError:  # the command will say so
        return
    if root is None:
        return
    from itertools import islice

    from qwenlock.cli.advice import from_here

    some = [from_here(each) for each in islice(projects_below(root), 4)]
    named = f": {', '.join([*some[:3], *(['…'] if some[3:] else [])])}" if some else ""
    raise UsageError(f"{from_here(root)} is a workspace", f"name one of its projects{named}")


def directory_of(given: Path | None) -> Path:
    """Return the directory that is given, or else that of the project here.

    Raises:
        UsageError: `given` is not a directory, or the working directory no longer exists.
        InputError: a file of it is a link to a server.
    """
    from qwenlock.findings.errors import UsageError

    try:
        here = Path.cwd()
    except OSError:
        message = "the working directory no longer exists"
        raise UsageError(message, "change to another directory") from None
    if given is None:
        return find_project(here)
    if not given.is_dir():
        raise UsageError(f"{given} is not a directory", "name the directory that holds .qwen")
    refuse_servers(given)
    given_project(given)
    return given


def own_folders(templates: str | None) -> list[Path]:
    """Return the folders of the user's own plans: `--templates`, or else the team's choice.

    If neither is given, the environment variable counts.

    Raises:
        InputError: the configuration of the project is invalid.
    """
    import os

    if templates is None:
        from qwenlock.edge.configuration import configured

        project = directory_of(None)
        chosen = configured(project, Flags()).configuration.options.templates
        if chosen:
            return [project / os.path.expanduser(chosen)]  # noqa: PTH111
        templates = os.environ.get("QWENLOCK_TEMPLATES", "")
    return [Path(path) for path in templates.split(os.pathsep) if path]


def command_again(context: typer.Context, *without: str) -> str:
    """Return the command line that was given, without some flags and without `--format`."""
    import shlex

    given: list[str] = context.meta[ARGUMENTS]
    kept = [
        each
        for before, each in zip(["", *given], given, strict=False)
        if each not in (*without, "--format") and before != "--format"
        if not each.startswith("--format=")
    ]
    return shlex.join([*context.command_path.split(), *kept])


def flags_of(context: typer.Context) -> Flags:
    """Return what the scope options of a `SCOPED` command say."""
    flags: Flags = context.obj
    return flags


def scope_flags(
    user: UserOption = None,
    no_user: NoUserOption = False,
    system: SystemOption = None,
    system_defaults: SystemDefaultsOption = None,
    untrusted: UntrustedOption = None,
    templates: TemplatesOption = None,
    no_config: NoConfigOption = False,
) -> Flags:
    """Return what the scope options say, which every `SCOPED` command has.

    Raises:
        UsageError: two of them contradict each other.
    """
    if user is not None and no_user:
        from qwenlock.findings.errors import UsageError

        raise UsageError("--user and --no-user cannot be combined", "remove one of them")
    user_scope = False if no_user else user
    return Flags(user_scope, system, system_defaults, untrusted, templates, no_config)
