"""The options that commands share, spelled and explained once."""

from __future__ import annotations

import functools
import inspect
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

from qwenlock.edge.places import Flags, find_project

if TYPE_CHECKING:
    from collections.abc import Callable


class Format(StrEnum):
    """How a command reports."""

    text = "text"
    json = "json"


class PageFormat(StrEnum):
    """How a command reports that has something to put into a pull request."""

    text = "text"
    json = "json"
    markdown = "markdown"


class GateFormat(StrEnum):
    """How a command reports that code is held to."""

    text = "text"
    json = "json"
    github = "github"
    gitlab = "gitlab"
    sarif = "sarif"


_SCOPES = "Scopes"

ProjectArgument: TypeAlias = Annotated[
    Path | None,
    typer.Argument(
        metavar="[PROJECT]",
        help="A directory; default: the nearest one upward that holds qwen.lock, else this one.",
        show_default=False,
    ),
]
UserOption: TypeAlias = Annotated[
    str | None,
    typer.Option("--user", metavar="FILE", help="The user scope's file.", rich_help_panel=_SCOPES),
]
NoUserOption: TypeAlias = Annotated[
    bool, typer.Option("--no-user", help="Leave the user scope out.", rich_help_panel=_SCOPES)
]
SystemOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--system", metavar="FILE", help="The system scope's file.", rich_help_panel=_SCOPES
    ),
]
SystemDefaultsOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--system-defaults",
        metavar="FILE",
        help="The system-defaults scope's file.",
        rich_help_panel=_SCOPES,
    ),
]
UntrustedOption: TypeAlias = Annotated[
    bool | None,
    typer.Option(
        "--untrusted/--trusted",
        help="Drop the project scope, as the client does in a folder that is not trusted.",
        show_default=False,
        rich_help_panel=_SCOPES,
    ),
]


def _known(client: str | None) -> str | None:
    """Return the release that `--client` names; say where it is newer than what was measured."""
    if client == "installed":
        client = _installed()
    if client is not None:
        from qwenlock.clients.profile import NEWEST, is_newer_than_known

        if is_newer_than_known(client):
            from qwenlock.cli.console import clean, painted, say

            message = f"Qwen Code {clean(client)} is newer than all that are known"
            say(f"{painted('warning', 'warning')}: {message}: taken to be as {NEWEST} is")
    return client


def _installed() -> str:
    """Return the release of the client on this machine."""
    import os

    from qwenlock.edge.client import version
    from qwenlock.edge.installed_client import release

    return release() or version(["qwen"], os.environ)


ClientOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--client",
        callback=_known,
        metavar="guide|VERSION|installed",
        help="The Qwen Code to compile for; default: the lock's, else the one installed.",
        show_default=False,
    ),
]
TemplatesOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--templates", metavar="DIR", help="A folder of plans of one's own, besides the bundled."
    ),
]
FormatOption: TypeAlias = Annotated[Format, typer.Option("--format", help="How to report.")]
PageFormatOption: TypeAlias = Annotated[PageFormat, typer.Option("--format", help="How to report.")]
GateFormatOption: TypeAlias = Annotated[
    GateFormat,
    typer.Option("--format", help="How to report; github: annotations; gitlab: code quality."),
]
NoConfigOption: TypeAlias = Annotated[
    bool,
    typer.Option("--no-config", help="Leave qwenlock.toml and pyproject.toml out."),
]


def project_directory(given: Path | None) -> Path:
    """Return the directory a command is about.

    Raises:
        UsageError: the directory given is none, or the working directory is gone.
    """
    from qwenlock.findings.errors import UsageError

    try:
        here = Path.cwd()
    except OSError:
        message = "the working directory does not exist any more"
        raise UsageError(message, "change into one that does") from None
    if given is None:
        return find_project(here)
    if not given.is_dir():
        raise UsageError(f"{given} is no directory", "name the directory that holds .qwen")
    return given


def own_folders(templates: str | None) -> list[Path]:
    """Return the folders of plans of one's own: what `--templates` names, else what a team chose.

    Where neither says anything, the variable counts.

    Raises:
        InputError: the configuration of the project here cannot be used.
    """
    import os

    if templates is None:
        from qwenlock.edge.configuration import configured

        project = project_directory(None)
        chosen = configured(project, Flags()).configuration.options.templates
        if chosen:
            return [project / os.path.expanduser(chosen)]  # noqa: PTH111
        templates = os.environ.get("QWENLOCK_TEMPLATES", "")
    return [Path(path) for path in templates.split(os.pathsep) if path]


def scoped(command: Callable[..., object]) -> Callable[..., object]:
    """Give a command the scope options: its parameter `flags` takes what they say.

    They are the same everywhere, so they are declared once, in `_flags`.
    """
    declared = inspect.signature(_flags, eval_str=True).parameters.values()
    own = inspect.signature(command, eval_str=True).parameters.values()

    @functools.wraps(command)
    def with_flags(**values: Any) -> object:
        given = {each.name: values.pop(each.name) for each in declared}
        return command(**values, flags=_flags(**given))

    parameters = [*(each for each in own if each.name != "flags"), *declared]
    with_flags.__annotations__ = {each.name: each.annotation for each in parameters}
    with_flags.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in parameters]
    )
    return with_flags


def _flags(
    user: UserOption = None,
    no_user: NoUserOption = False,
    system: SystemOption = None,
    system_defaults: SystemDefaultsOption = None,
    untrusted: UntrustedOption = None,
    templates: TemplatesOption = None,
    no_config: NoConfigOption = False,
) -> Flags:
    if user is not None and no_user:
        from qwenlock.findings.errors import UsageError

        raise UsageError("--user and --no-user exclude each other", "leave one of them out")
    user_scope = False if no_user else user
    return Flags(user_scope, system, system_defaults, untrusted, templates, no_config)
