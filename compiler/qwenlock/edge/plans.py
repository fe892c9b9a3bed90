"""Plans as folders: `plan.toml`, and a template a version; read here, meant in `plans`.

A template opens with a Jinja comment that holds TOML, its front matter: which releases of the
client it is for, where it comes from, how those releases record it, and its regions.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from qwenlock.edge.files import read_regular
from qwenlock.findings.errors import InputError
from qwenlock.plans.plan import Plan, Region, State, Template
from qwenlock.plans.tables import Table, parse
from qwenlock.settings import shipped
from qwenlock.settings.shipped import DEFINITION, TEMPLATE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from qwenlock.plans.plan import Keys

_FRONT_MATTER = re.compile(r"\A\{#---\n(.*?)^---#\}", re.DOTALL | re.MULTILINE)
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


class _Source(NamedTuple):
    file: Path
    text: str


def load(own: Sequence[Path] = ()) -> tuple[Plan, ...]:
    """Return the plans of qwenlock and of folders of one's `own`.

    A plan is a folder in one of these, and its name is the plan's id. The same name in two of
    them is one plan: a version more needs only the template. What is there twice must be equal to
    the character.

    Args:
        own: directories that hold plan folders, as `--templates` names them.

    Raises:
        InputError: a directory holds no plan, or a file of one cannot be used.
    """
    places: dict[str, list[Path]] = {}
    for directory in (shipped.folder("templates"), *own):
        for folder in _plan_folders(directory):
            places.setdefault(folder.name, []).append(folder)
    return tuple(_plan(identifier, folders) for identifier, folders in places.items())


def holds_plans(directory: Path) -> bool:
    """Tell whether `load` finds a plan in `directory`."""
    return directory.is_dir() and any(_files(each) for each in directory.iterdir() if each.is_dir())


def save(directory: Path, plan: Plan, version: str, text: str) -> Path:
    """Write the template of a version into the plan's folder in `directory`, and return the file.

    Raises:
        WriteError: it cannot be written.
    """
    from qwenlock.edge.writer import naming, write_output

    file = directory / plan.id / f"{version}{TEMPLATE}"
    with naming(file):
        file.parent.mkdir(parents=True, exist_ok=True)
    write_output(file, text)
    return file


def _plan_folders(directory: Path) -> list[Path]:
    if not directory.is_dir():
        raise InputError(f"{directory}: no such directory", fix="name one that holds plan folders")
    folders = [each for each in sorted(directory.iterdir()) if each.is_dir() and _files(each)]
    if not folders:
        raise InputError(
            f"{directory}: holds no plan",
            fix=f"put the templates into a folder named after the plan: PLAN/VERSION{TEMPLATE}",
        )
    return folders


def _files(folder: Path) -> list[Path]:
    return [*folder.glob(DEFINITION), *sorted(folder.glob(f"*{TEMPLATE}"))]


def _plan(identifier: str, folders: Sequence[Path]) -> Plan:
    sources = _sources(folders)
    definition = sources.pop(DEFINITION, None)
    if definition is None:
        raise InputError(
            f"{folders[0]}: no plan {identifier!r} is known, and there is no {DEFINITION}",
            fix=f"add a {DEFINITION}, or name the folder after the plan it adds to",
        )
    table = parse(definition.text, str(definition.file))
    table.allow("title", "auth-type", "env-key", "regions", "states")
    regions = {name: _region(name, each) for name, each in table.tables("regions").items()}
    states = {name: _state(name, each) for name, each in table.tables("states").items()}
    if not sources:
        raise InputError(f"{folders[0]}: holds no template", fix=f"add a VERSION{TEMPLATE}")
    return Plan(
        id=identifier,
        title=table.required("title", str),
        auth_type=table.required("auth-type", str),
        env_key=table.required("env-key", str),
        regions=regions,
        states=states,
        templates=tuple(_template(source, regions, states) for source in sources.values()),
    )


def _sources(folders: Sequence[Path]) -> dict[str, _Source]:
    """Return the files of one plan by name, wherever they are."""
    sources: dict[str, _Source] = {}
    for file in (file for folder in folders for file in _files(folder)):
        source = _Source(file, _read(file))
        known = sources.setdefault(file.name, source)
        if known.text != source.text:
            raise InputError(
                f"{file}: differs from {known.file}", fix="keep one of them, or rename it"
            )
    return sources


def _read(file: Path) -> str:
    try:
        return read_regular(file).decode().replace("\r\n", "\n").replace("\r", "\n")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{file}: cannot be read: {error}", fix="make it UTF-8 text") from error


def _region(name: str, table: Table) -> Region:
    table.allow("alias", "base-url", "text")
    text = table.table("text")
    return Region(
        name=name,
        base_url=table.required("base-url", str),
        alias=table.optional("alias", str),
        text={key: text.required(key, str) for key in text.values},
    )


def _state(name: str, table: Table) -> State:
    table.allow("at", "version", "region", "base-url", "ignored-version", "postponed-version")
    at = table.strings("at")

    def under(key: str) -> Keys | None:
        last = table.optional(key, str)
        return None if last is None else (*at, last)

    return State(
        name=name,
        at=at,
        version=(*at, table.required("version", str)),
        region=under("region"),
        base_url=under("base-url"),
        ignored_version=under("ignored-version"),
        postponed_version=under("postponed-version"),
    )


def _template(
    source: _Source, regions: Mapping[str, Region], states: Mapping[str, State]
) -> Template:
    table = _front_matter(source)
    table.allow("client", "source", "state", "regions")
    state = states.get(table.required("state", str))
    if state is None:
        raise table.error("state", f"is none of {DEFINITION}: {', '.join(states)}")
    offered = table.tables("regions")
    for name in offered:
        if name not in regions:
            raise table.error(f"regions.{name}", f"is none of {DEFINITION}: {', '.join(regions)}")
    return Template(
        version=source.file.name.removesuffix(TEMPLATE),
        file=str(source.file),
        client=table.required("client", str),
        source=table.required("source", str),
        state=state,
        digests={name: _digest(each) for name, each in offered.items()},
        text=source.text,
    )


def _front_matter(source: _Source) -> Table:
    found = _FRONT_MATTER.match(source.text)
    if found is None:
        raise InputError(
            f"{source.file}: does not begin with front matter",
            fix="begin it with a line `{#---`, then TOML, then a line `---#}`",
        )
    # The empty line stands for `{#---`: an error then has the line of the file.
    return parse("\n" + found[1], str(source.file))


def _digest(table: Table) -> str | None:
    table.allow("digest")
    digest = table.optional("digest", str)
    if digest is not None and not _DIGEST.fullmatch(digest):
        raise table.error("digest", "is not sha256: and 64 hexadecimal digits")
    return digest
