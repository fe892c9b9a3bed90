"""Chooses the `.env` file for a key, and adds the key to its text.

It is the file that the client reads, never a new file that would hide another
(How Qwen Code reads settings, "Variables").
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwenlock.settings.script_api import RefusedError
from qwenlock.settings.variables import read_files
from qwenlock.text import dotenv
from qwenlock.text.operations import get
from qwenlock.text.record import replace

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qwenlock.clients.scopes import ScopeName
    from qwenlock.migrate.situation import Situation
    from qwenlock.settings.variables import EnvFile


def add(situation: Situation, scope: ScopeName, variables: Mapping[str, str]) -> Situation:
    """Return the situation with `variables` in the `.env` that belongs to `scope`.

    A variable that has the same value there already is not written again.

    Args:
        situation: the migration so far.
        scope: the scope whose settings held the variables.
        variables: names and values; never show the values.

    Raises:
        RefusedError: no file can hold them, or one has another value.
    """
    file = _file_for(situation, scope)
    there = file.variables()
    for name in sorted(variables.keys() & there.keys()):
        if there[name] != variables[name]:
            if file.path in situation.created:
                message = f"the settings hold two different values for {name}"
                raise RefusedError(message, "delete the one that you do not use")
            raise RefusedError(
                f"{file.label} already sets {name} to another value",
                f"remove {name} there, or remove the value from the settings",
            )
    source = situation.project.source(scope)
    in_settings = get(source.settings, ("env",), {}) if source else {}
    known = {**in_settings, **there} if isinstance(in_settings, dict) else there
    missing = {name: value for name, value in variables.items() if known.get(name) != value}
    if not missing:
        return situation
    if file.text is None:
        _check_hides_nothing(situation, file)
    return situation.with_file(replace(file, text=_added(file, missing)))


def _file_for(situation: Situation, scope: ScopeName) -> EnvFile:
    """Return the file that the client reads first for `scope`, or a new one if there is none."""
    places = situation.project.env_files
    if scope == "user":
        at_home = [file for file in places if file.at == "home"]
        return next((file for file in at_home if file.text is not None), at_home[0])
    read = [file for file in read_files(places, situation.project.client) if file.at != "home"]
    return read[0] if read else places[0]


def _check_hides_nothing(situation: Situation, file: EnvFile) -> None:
    views = situation.with_file(replace(file, text="")).project.views()
    after = {each.place: each.files for each in views}
    for before in situation.project.views():
        still_read = {each.path for each in after[before.place]}
        for hidden in before.files:
            if hidden.path not in still_read and hidden.variables():
                fix = f"copy the variables you need from {hidden.label} to {file.label}"
                if hidden.at == "home":
                    fix += ", or use --client 0.21.2 or later, which reads both"
                raise RefusedError(
                    f"a new {file.label} would hide {hidden.label} from the client", fix
                )


def _added(file: EnvFile, variables: Mapping[str, str]) -> str:
    text = file.text or ""
    if "\ufffd" in text or "\0" in text:
        raise RefusedError(f"{file.label} is not UTF-8", "save it as UTF-8")
    try:
        return dotenv.add(text, variables)
    except ValueError as error:
        raise RefusedError(
            f"a .env file cannot hold the value of {error} in a way that every reader understands",
            f"set {error} in the environment, and remove the value from the settings",
        ) from None
