"""Finds the files of the four scopes and the project, and writes paths for locks and messages.

See How Qwen Code reads settings, "Files". This reads only the environment, file
names, and whether `qwenlock run` made the system settings.
"""

from __future__ import annotations

import os
import sys
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from qwenlock.edge.checkouts import checkout_of, is_home, is_planted, leads_to_server
from qwenlock.findings.errors import UsageError
from qwenlock.lock import NAME
from qwenlock.settings.project import Places

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import ModuleType

    from qwenlock.clients.profile import Profile
    from qwenlock.clients.scopes import ScopeName
    from qwenlock.lock.options import Options

SYSTEM, DEFAULTS = "QWEN_CODE_SYSTEM_SETTINGS_PATH", "QWEN_CODE_SYSTEM_DEFAULTS_PATH"
"""The variables that relocate the files of the system and system-defaults scopes."""

HOME_VARIABLE = "QWEN_HOME"
"""The variable that relocates the client's folder in the home directory."""

SETTINGS = Path(".qwen") / "settings.json"

_OWN = (
    NAME,
    ".env",
    *(f".qwen/{name}" for name in (".env", "settings.json", "settings.local.json")),
)
"""The files that are read in a project, besides its configuration."""

_SYSTEM_FILES = {
    "darwin": "/Library/Application Support/QwenCode/settings.json",
    "win32": "C:\\ProgramData\\qwen-code\\settings.json",
}


class Flags(NamedTuple):
    """The scope options of the command line; None for an option that is not given.

    `user` is False for `--no-user`; `no_config` ignores a team's configuration.
    """

    user: str | bool | None = None
    system: str | None = None
    system_defaults: str | None = None
    untrusted: bool | None = None
    templates: str | None = None
    no_config: bool = False


def find_project(start: Path) -> Path:
    """Return the nearest directory from `start` upward that is a project, otherwise `start`.

    A project holds a lock, or settings. The search ends at the root of the repository, and does not
    reach the home directory unless that is `start` itself. What somebody else has put into a
    directory for everyone, such as /tmp, counts only if that is `start`.

    Raises:
        InputError: a file of a directory on the way is a link to a server.
    """
    start = Path(os.path.abspath(start))  # noqa: PTH100  (a symbolic link stays one)
    for folder in (start, *start.parents):
        if folder != start and is_home(folder):
            break
        refuse_servers(folder)
        if any(
            (folder / name).exists() and (folder == start or not is_planted(folder / name.parts[0]))
            for name in (Path(NAME), SETTINGS)
        ):
            return folder
        if (folder / ".git").exists():
            break
    return start


def refuse_servers(folder: Path) -> None:
    """Refuse a project with a file that is a link to a server, before any link is followed.

    Raises:
        InputError: it has one.
    """
    for path in (folder / name for name in _OWN if sys.platform == "win32"):
        if leads_to_server(path):
            from qwenlock.findings.errors import InputError

            raise InputError(f"{path} is a link to a server", "replace the link with a file")


def home() -> Path:
    """Return the home directory as the client finds it."""
    return _path(os.path.expanduser("~"))  # noqa: PTH111  (does not fail where there is none)


def locate(project: Path, flags: Flags, recorded: Options, client: Profile) -> Places:
    """Return the files of `project`.

    Args:
        project: its directory.
        flags: the scope options of the command line.
        recorded: the options of the team's configuration or the lock; flags override them.
        client: the client whose places apply.

    Raises:
        UsageError: a file's name is not UTF-8, so a lock cannot hold it.
        InputError: `recorded` names a server or a device, or a file is a link to a server.
    """
    from qwenlock.lock.options import Options

    project = Path(os.path.abspath(project))  # noqa: PTH100
    refuse_servers(project)
    user = recorded.user if flags.user is None else flags.user
    untrusted = recorded.untrusted if flags.untrusted is None else flags.untrusted
    system = _chosen(flags.system, recorded.system, project)
    defaults = _chosen(flags.system_defaults, recorded.system_defaults, project)
    user_file = _chosen(_text(flags.user), _text(recorded.user), project)
    templates = _chosen(flags.templates, recorded.templates, project)
    home_is_project = is_home(project)

    usual: dict[ScopeName, Path] = {
        "system-defaults": _default_defaults(),
        "user": users_file(client),
        "system": _default_system(),
    }
    files: dict[ScopeName, Path] = {"system-defaults": defaults or usual["system-defaults"]}
    if user is not False:
        files["user"] = user_file or usual["user"]
    if not untrusted and not home_is_project:
        files["project"] = project / SETTINGS
    files["system"] = system or usual["system"]
    given: dict[ScopeName, object] = {
        "system-defaults": flags.system_defaults or recorded.system_defaults,
        "user": user,
        "system": flags.system or recorded.system,
    }
    unusual = {scope for scope, path in files.items() if path != usual.get(scope)}
    names = {
        scope: _name(path, project, given.get(scope) if scope in unusual else None)
        for scope, path in files.items()
    }
    labels = {scope: as_typed(path) for scope, path in files.items()}
    options = Options(
        user=False if user is False else names["user"] if "user" in unusual else None,
        system=names["system"] if "system" in unusual else None,
        system_defaults=names["system-defaults"] if "system-defaults" in unusual else None,
        untrusted=True if untrusted else None,
        templates=_name(templates, project, flags.templates or recorded.templates)
        if templates
        else None,
    )
    own = [templates] if templates else _folders(os.environ.get("QWENLOCK_TEMPLATES", ""))
    named = [
        path
        for path, flag in (
            (user_file, flags.user),
            (system, flags.system),
            (defaults, flags.system_defaults),
        )
        if path is not None and flag is None and path not in usual.values()
    ]
    outside = _outside(project, named)
    return Places(project, files, labels, names, options, tuple(own), home_is_project, outside)


def as_typed(path: Path) -> str:
    """Return `path` for messages, as it can be typed.

    That is relative to the working directory, where it is below that or elsewhere in the same
    repository, or else relative to the home directory.
    """
    return _shown(str(path), os.getcwd(), str(home()))  # noqa: PTH109


@lru_cache(maxsize=64)
def _shown(path: str, here: str, at_home: str) -> str:
    name, here = spelled(path), spelled(here)
    root = _repository(here)
    if root is not None and _below(name, root, os.path) is not None:
        return relative(name, here)
    return named(name, here, spelled(at_home))


def spelled(name: str) -> str:
    """Return a name for comparison: for macOS, composed and decomposed characters are equal."""
    if sys.platform == "darwin":
        from unicodedata import normalize

        name = normalize("NFC", name)
    return name


def identity(path: Path) -> str:
    """Return a path that is the same for all spellings of one file's name."""
    return os.path.normcase(spelled(os.path.realpath(path)))


def from_project(path: Path, project: Path) -> str:
    """Return `path` relative to `project` or to the home directory, links in both followed."""
    return named(str(path), os.path.realpath(project), os.path.realpath(home()))


@lru_cache(maxsize=8)
def _repository(folder: str) -> str | None:
    """Return the root of the repository above a directory; None if that is the root itself."""
    above = Path(folder).parents if not os.path.lexists(Path(folder, ".git")) else ()
    found = next((each for each in above if os.path.lexists(each / ".git")), None)
    return None if found is None or is_home(found) else str(found)


def named(
    path: str, base: str, at_home: str, given: object = None, system: ModuleType = os.path
) -> str:
    """Return `path` relative to `base` or to the home directory, whichever is nearer.

    A path that was `given` as relative stays relative to `base`; any other path outside both is
    absolute. Separators are `/` on every system.

    Args:
        path: an absolute path, as are `base` and `at_home`.
        base: a directory.
        at_home: the home directory.
        given: the path as the user gave it, if they did.
        system: the path rules of the system.
    """
    if isinstance(given, str) and not (given.startswith("~") or system.isabs(given)):
        return relative(path, base, system)
    for folder, prefix in sorted([(base, ""), (at_home, "~/")], key=lambda pair: -len(pair[0])):
        below = _below(path, folder, system)
        if below is not None:
            return prefix + below
    return path.replace(system.sep, "/")


def relative(path: str, base: str, system: ModuleType = os.path) -> str:
    """Return `path` relative to the directory `base`; unchanged if it is on another drive."""
    drives = {system.normcase(system.splitdrive(each)[0]) for each in (path, base)}
    if len(drives) == 1:
        path = system.relpath(path, base)
    return path.replace(system.sep, "/")


def _below(path: str, folder: str, system: ModuleType) -> str | None:
    """Return the rest of a `path` below `folder`; None if it is elsewhere or `folder` is a root."""
    if system.dirname(folder) == folder:
        return None
    start = folder + system.sep
    if not system.normcase(path + system.sep).startswith(system.normcase(start)):
        return None
    return path[len(start) :].replace(system.sep, "/") or "."


def _name(path: Path, project: Path, given: object) -> str:
    """Return `path` as a lock records it; it must be valid UTF-8."""
    if isinstance(given, str):
        given = spelled(given)
    name = named(spelled(str(path)), spelled(str(project)), spelled(str(home())), given)
    if not name.isascii():
        try:
            name.encode()
        except UnicodeEncodeError:
            from qwenlock.findings.errors import UsageError

            message = f"the name of {path} is not UTF-8, so a lock cannot hold it"
            raise UsageError(message, "rename it") from None
    return name


def _outside(project: Path, named: list[Path]) -> tuple[Path, ...]:
    """Return those of `named` that are not in the checkout that the project is in."""
    root = checkout_of(os.path.realpath(project)) if named else None
    if root is None:
        return ()
    return tuple(path for path in named if not Path(os.path.realpath(path)).is_relative_to(root))


def _chosen(flag: str | None, recorded: str | None, project: Path) -> Path | None:
    if flag is not None:
        path = Path(os.path.abspath(os.path.expanduser(flag)))  # noqa: PTH100, PTH111
        if not os.path.lexists(path):
            raise UsageError(f"{flag} does not exist", "check the option that names it")
        return path
    if recorded is not None:
        from qwenlock.lock.options import is_foreign

        path = Path(os.path.normpath(project / os.path.expanduser(recorded)))  # noqa: PTH111
        if is_foreign(recorded) or leads_to_server(path):
            from qwenlock.findings.errors import InputError
            from qwenlock.text import credentials

            message = (
                f'"{credentials.shown(recorded)}" names a server or a device, so it is not read'
            )
            raise InputError(message, "name a file on this machine with an option, and lock again")
        return path
    return None


def _text(value: str | bool | None) -> str | None:
    return value if isinstance(value, str) else None


def qwen_folder(client: Profile) -> Path:
    """Return the client's folder in the home directory, or where its variable moves it.

    Like the client, this takes a leading `~` for the home directory.
    """
    moved = set_at_home(client.home_variable, deciding()) if client.home_variable else None
    if not moved:
        return _path(str(home()), ".qwen")
    if moved == "~" or moved[:2] in ("~/", "~\\"):
        return _path(str(home()), *filter(None, moved[2:].replace("\\", "/").split("/")))
    return _path(os.path.abspath(moved))  # noqa: PTH100


def deciding() -> tuple[Path, ...]:
    """Return the files that can move the client's folder: none if the environment says where."""
    if HOME_VARIABLE in os.environ:
        return ()
    return _path(str(home()), ".qwen", ".env"), _path(str(home()), ".env")


def set_at_home(variable: str, files: Iterable[Path]) -> str | None:
    """Return the value of a variable, from the environment or else the first file that sets it."""
    from qwenlock.edge.files import read_regular

    for path in () if variable in os.environ else files:
        try:
            content = read_regular(path)
        except OSError:  # the client says nothing of it, either
            continue
        if variable.encode() in content:
            from qwenlock.text import dotenv

            said = dotenv.parse(content.decode(errors="replace")).get(variable)
            if said:
                return said
    return os.environ.get(variable)


def users_file(client: Profile) -> Path:
    """Return the settings file of the user that a client started here reads."""
    return qwen_folder(client) / "settings.json"


def system_file() -> Path:
    """Return the file that a client started here reads for the system scope."""
    moved = os.environ.get(SYSTEM)
    return _path(moved or _SYSTEM_FILES.get(sys.platform, "/etc/qwen-code/settings.json"))


def _default_system() -> Path:
    """Return the machine's own system file, also inside `qwenlock run`."""
    if not os.environ.get(SYSTEM):
        return system_file()
    from qwenlock.edge.enforcing_marks import own_file

    return own_file(system_file())


def _default_defaults() -> Path:
    moved = os.environ.get(DEFAULTS)
    return _path(moved) if moved else _default_system().with_name("system-defaults.json")


@lru_cache
def _path(*parts: str) -> Path:
    """Return a path that many projects share, created once."""
    return Path(*parts)


def _folders(paths: str) -> list[Path]:
    return [Path(path) for path in paths.split(os.pathsep) if path]
