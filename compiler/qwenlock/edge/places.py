"""Where the files are: the four scopes, the project, and how a path is written in a lock.

How Qwen Code reads settings, "Files". This reads only the environment and the names of files.
"""

from __future__ import annotations

import os
import sys
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from qwenlock.findings.errors import UsageError
from qwenlock.lock import NAME
from qwenlock.settings.project import Places

if TYPE_CHECKING:
    from types import ModuleType

    from qwenlock.clients.profile import Profile
    from qwenlock.clients.scopes import ScopeName
    from qwenlock.lock.options import Options

SYSTEM, DEFAULTS = "QWEN_CODE_SYSTEM_SETTINGS_PATH", "QWEN_CODE_SYSTEM_DEFAULTS_PATH"
"""The variables that move the files of the system and the system-defaults scope."""

SETTINGS = Path(".qwen") / "settings.json"

_SYSTEM_FILES = {
    "darwin": "/Library/Application Support/QwenCode/settings.json",
    "win32": "C:\\ProgramData\\qwen-code\\settings.json",
}


class Flags(NamedTuple):
    """What the command line says about scopes; None where it says nothing.

    `user` is False for `--no-user`; `no_config` leaves a team's configuration out.
    """

    user: str | bool | None = None
    system: str | None = None
    system_defaults: str | None = None
    untrusted: bool | None = None
    templates: str | None = None
    no_config: bool = False


def find_project(start: Path) -> Path:
    """Return the nearest directory from `start` upward that holds a lock, else `start`.

    The home directory is nobody's project, unless it is where one stands.
    """
    start = Path(os.path.abspath(start))  # noqa: PTH100  (a symbolic link stays one)
    for folder in (start, *start.parents):
        if (folder / NAME).exists() and (folder == start or not is_home(folder)):
            return folder
    return start


def is_home(folder: Path) -> bool:
    """Tell whether `folder` is the home directory, by whatever links."""
    there = home()
    try:
        return there.samefile(folder)
    except OSError:  # one of them is not there
        return os.path.realpath(folder) == os.path.realpath(there)


def home() -> Path:
    """Return the home directory, as the client finds it."""
    return _path(os.path.expanduser("~"))  # noqa: PTH111  (does not fail where there is none)


def cache_directory() -> Path:
    """Return the user's directory for what may be lost, as platformdirs does.

    It is not loaded where the answer is plain: that would be a twentieth of the time of a check.
    """
    usual = Path(os.environ.get("HOME", ""), ".cache")
    folder = Path(os.environ.get("XDG_CACHE_HOME") or usual)
    if sys.platform == "linux" and folder.is_absolute():
        return folder / "qwenlock"
    from platformdirs import user_cache_path

    return user_cache_path("qwenlock", appauthor=False)


def locate(project: Path, flags: Flags, recorded: Options, client: Profile) -> Places:
    """Return the files of `project`.

    Args:
        project: its directory.
        flags: what the command line says.
        recorded: what a team's configuration or the lock says, which flags override.
        client: whose places hold.

    Raises:
        UsageError: a file has a name that is no UTF-8, which a lock cannot hold.
    """
    from qwenlock.lock.options import Options

    project = Path(os.path.abspath(project))  # noqa: PTH100
    user = recorded.user if flags.user is None else flags.user
    untrusted = recorded.untrusted if flags.untrusted is None else flags.untrusted
    system = _chosen(flags.system, recorded.system, project)
    defaults = _chosen(flags.system_defaults, recorded.system_defaults, project)
    user_file = _chosen(_text(flags.user), _text(recorded.user), project)
    templates = _chosen(flags.templates, recorded.templates, project)
    home_is_project = is_home(project)

    usual: dict[ScopeName, Path] = {
        "system-defaults": _default_defaults(),
        "user": _default_user(client),
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
    labels = {scope: shown(path) for scope, path in files.items()}
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
    return Places(project, files, labels, names, options, tuple(own), home_is_project)


def shown(path: Path) -> str:
    """Return how messages name `path`: from the working directory, or from the home directory."""
    return named(str(path), os.getcwd(), str(home()))  # noqa: PTH109


def named(
    path: str, base: str, at_home: str, given: object = None, system: ModuleType = os.path
) -> str:
    """Return `path` relative to `base` or to the home directory, whichever is nearer.

    A path that was `given` as a relative one is relative to `base`, wherever it leads; any
    other outside both is absolute. Separators are `/` on every system.

    Args:
        path: an absolute path, as are `base` and `at_home`.
        base: a directory.
        at_home: the home directory.
        given: what the path was given as, if it was.
        system: the rules of the system that the paths are of.
    """
    if isinstance(given, str) and not (given.startswith("~") or system.isabs(given)):
        return relative(path, base, system)
    for folder, prefix in sorted([(base, ""), (at_home, "~/")], key=lambda pair: -len(pair[0])):
        below = _below(path, folder, system)
        if below is not None:
            return prefix + below
    return path.replace(system.sep, "/")


def relative(path: str, base: str, system: ModuleType = os.path) -> str:
    """Return `path` relative to the directory `base`; as it is, where it is on another drive."""
    drives = {system.normcase(system.splitdrive(each)[0]) for each in (path, base)}
    if len(drives) == 1:
        path = system.relpath(path, base)
    return path.replace(system.sep, "/")


def _below(path: str, folder: str, system: ModuleType) -> str | None:
    """Return what follows `folder` in a `path` below it; None elsewhere, or where it is a root."""
    if system.dirname(folder) == folder:
        return None
    start = folder + system.sep
    if not system.normcase(path + system.sep).startswith(system.normcase(start)):
        return None
    return path[len(start) :].replace(system.sep, "/") or "."


def _name(path: Path, project: Path, given: object) -> str:
    """Return `path` as a lock records it, which must be text."""
    name = named(str(path), str(project), str(home()), given)
    if not name.isascii():
        try:
            name.encode()
        except UnicodeEncodeError:
            from qwenlock.findings.errors import UsageError

            message = f"{path} has a name that is no UTF-8, which a lock cannot hold"
            raise UsageError(message, "rename it") from None
    return name


def _chosen(flag: str | None, recorded: str | None, project: Path) -> Path | None:
    if flag is not None:
        path = Path(os.path.abspath(os.path.expanduser(flag)))  # noqa: PTH100, PTH111
        if not os.path.lexists(path):
            raise UsageError(f"{flag} does not exist", "check the option that names it")
        return path
    if recorded is not None:
        return Path(os.path.normpath(project / os.path.expanduser(recorded)))  # noqa: PTH111
    return None


def _text(value: str | bool | None) -> str | None:
    return value if isinstance(value, str) else None


def _default_user(client: Profile) -> Path:
    moved = os.environ.get(client.home_variable) if client.home_variable else None
    return _path(moved, "settings.json") if moved else _path(str(home()), ".qwen", "settings.json")


def _default_system() -> Path:
    moved = os.environ.get(SYSTEM)
    return _path(moved or _SYSTEM_FILES.get(sys.platform, "/etc/qwen-code/settings.json"))


def _default_defaults() -> Path:
    moved = os.environ.get(DEFAULTS)
    return _path(moved) if moved else _default_system().with_name("system-defaults.json")


@lru_cache
def _path(*parts: str) -> Path:
    """Return a path that many projects have in common, made once."""
    return Path(*parts)


def _folders(paths: str) -> list[Path]:
    return [Path(path) for path in paths.split(os.pathsep) if path]
