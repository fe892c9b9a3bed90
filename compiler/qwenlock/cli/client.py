"""Says which release a command follows, and why; and what the installed client is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwenlock.clients.profile import GUIDE

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from qwenlock.edge.capturing import Capture
    from qwenlock.edge.places import Flags
    from qwenlock.plans.collection import Plans
    from qwenlock.settings.project import Project


def read_project(directory: Path, flags: Flags, client: str | None) -> Project:
    """Read a project as `edge.project.read` does, and say which client it is for."""
    from qwenlock.cli.console import say
    from qwenlock.edge.project import read

    project = read(directory, flags, client)
    say(opening(project))
    return project


def opening(project: Project) -> str:
    """Return which client a project is for, and which project it is, unless it is the one here."""
    from qwenlock.cli.advice import from_here
    from qwenlock.text.foreign import clean

    name = from_here(project.places.project)
    line = client_line(project)
    return line if name == "." else f"{clean(name)}: {line}"


def client_line(project: Project) -> str:
    """Return which client a project is for, and why: `for Qwen Code 0.24.4, installed`."""
    from qwenlock.edge.places import as_typed
    from qwenlock.text.foreign import clean

    why = {"option": "as --client says", "lock": "as qwen.lock says"}.get(
        project.client_from, project.client_from
    )
    if project.client_from == "configuration":
        where = as_typed(project.configured_in) if project.configured_in else ""
        why = f"as {where} says"
    elif project.client_from == "newest":
        from qwenlock.edge.installed_client import is_there

        installed = "the installed one states no release" if is_there() else "none is installed"
        why = f"the newest known ({installed})"
    return clean(f"for {named(project.client.name)}, {why}")


def named(client: str) -> str:
    """Return a client as sentences name it."""
    return "the guide" if client == GUIDE else f"Qwen Code {client}"


def say_other_installed(project: Project) -> None:
    """Note that another release is installed than the one a project is for."""
    from qwenlock.cli.console import painted, say
    from qwenlock.text.foreign import clean

    installed = project.installed
    if installed in (None, project.client.name) or project.client_from == "option":
        return
    fix = ": `qwenlock lock --client installed` locks for it"
    message = f"Qwen Code {clean(str(installed))} is installed"
    say(f"{painted('note', 'dim')}: {message}{fix if project.client_from == 'lock' else ''}")


def client_as_json(project: Project) -> dict[str, str]:
    """Return the fields of a document that say which client it is for, and why."""
    return {"client": project.client.name, "client-from": project.client_from}


def captured_lists(
    command: str, plans: Plans, wanted: Collection[tuple[str, str]] | None = None
) -> tuple[str, Capture]:
    """Return the release of a client, and its lists.

    Args:
        command: the client's command, as in a shell.
        plans: the plans.
        wanted: the plans and regions that are needed, by name; None for all.
    """
    import os

    from qwenlock.cli.console import say
    from qwenlock.cli.progress import waiting
    from qwenlock.clients.profile import release_of
    from qwenlock.edge.capturing import capture as capture_from
    from qwenlock.edge.client import command_of
    from qwenlock.edge.client import version as version_of
    from qwenlock.text.foreign import clean

    words = command_of(command)
    with waiting("asking the client for its release"):
        release = release_in_files(release_of(version_of(words, os.environ)))
    say(clean(f"starting Qwen Code {release} to get its lists"))
    with waiting("waiting for the client's lists"):
        return release, capture_from(words, release, plans, wanted)


def release_in_files(version: str) -> str:
    """Return a release as template files spell it.

    Raises:
        UsageError: `version` is not a version.
    """
    from packaging.version import InvalidVersion, Version

    from qwenlock.findings.errors import UsageError

    try:
        return str(Version(version))
    except InvalidVersion:
        raise UsageError(f"{version!r} is not a version", "name a release, such as 1.2.3") from None
