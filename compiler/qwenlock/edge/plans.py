"""Plans as folders, read from the disk; what the files mean is decided in `plans`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwenlock.edge.files import read_regular
from qwenlock.findings.errors import InputError
from qwenlock.plans.collection import Offer, Plans
from qwenlock.plans.definition import plan_of, template_of
from qwenlock.plans.files import DEFINITION, TEMPLATE, PlanFile, is_of_a_plan
from qwenlock.settings import shipped

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from qwenlock.plans.plan import Plan, Template


def load(own: Sequence[Path] = ()) -> Plans:
    """Return the plans of qwenlock and of folders of one's `own`.

    A plan is a folder in one of these, and its name is the plan's id. Folders of one name make one
    plan, so a new version needs only its template. Files of one name must be equal. The bundled
    plans are read when they are needed, the user's own at once.

    Args:
        own: directories that hold plan folders, as `--templates` names them.

    Raises:
        InputError: a directory holds no plan, or a file of a plan is invalid.
    """
    places: dict[str, list[Path]] = {}
    for directory in (shipped.folder("templates"), *own):
        for folder in _plan_folders(directory):
            places.setdefault(folder.name, []).append(folder)
    plans = Plans([_offer(identifier, folders) for identifier, folders in places.items()])
    plans.named({folder.name for directory in own for folder in _plan_folders(directory)})
    return plans


def holds_plans(directory: Path) -> bool:
    """Tell whether `load` finds a plan in `directory`."""
    return directory.is_dir() and any(_is_plan(each) for each in directory.iterdir())


def save(directory: Path, plan: Plan, version: str, text: str) -> Path:
    """Write a version's template to the plan's folder in `directory`, and return the file.

    Args:
        directory: the folder that holds the plan's folder.
        plan: the plan.
        version: the version, which becomes the file's name.
        text: the template.

    Raises:
        WriteError: it cannot be written.
    """
    return _save(directory / plan.id / f"{version}{TEMPLATE}", text)


def save_definition(directory: Path, plan_id: str, text: str) -> Path:
    """Write the `plan.toml` of a new plan to its folder in `directory`, and return the file.

    Raises:
        WriteError: it cannot be written.
    """
    return _save(directory / plan_id / DEFINITION, text)


def _save(file: Path, text: str) -> Path:
    from qwenlock.edge.writer import naming, write_output

    with naming(file):
        file.parent.mkdir(parents=True, exist_ok=True)
    write_output(file, text)
    return file


def read_template(file: Path, plan: Plan) -> Template:
    """Return the template of `plan` in `file`.

    Raises:
        InputError: it cannot be read, or is invalid.
    """
    return template_of(_read(file), plan.regions, plan.states)


def _plan_folders(directory: Path) -> list[Path]:
    if not directory.is_dir():
        raise InputError(
            f"{directory}: no such directory", fix="name a directory that contains plan folders"
        )
    folders = [each for each in sorted(directory.iterdir()) if _is_plan(each)]
    if not folders:
        raise InputError(
            f"{directory} contains no plan",
            fix=f"put the templates in a folder named after the plan: PLAN/VERSION{TEMPLATE}",
        )
    return folders


def _is_plan(folder: Path) -> bool:
    return folder.is_dir() and any(is_of_a_plan(each.name) for each in folder.iterdir())


def _offer(identifier: str, folders: Sequence[Path]) -> Offer:
    found = [file for folder in folders if (file := folder / DEFINITION).exists()]
    if not found:
        raise InputError(
            f"{folders[0]}: the plan {identifier!r} is not known, and {DEFINITION} is missing",
            fix=f"add a {DEFINITION}, or name the folder after the plan it adds to",
        )
    definition = _same([_read(file) for file in found])
    return Offer(identifier, definition.text, lambda: _plan(identifier, definition, folders))


def _plan(identifier: str, definition: PlanFile, folders: Sequence[Path]) -> Plan:
    files: dict[str, list[PlanFile]] = {}
    for folder in folders:
        for file in sorted(folder.iterdir()):
            if file.name.endswith(TEMPLATE):
                files.setdefault(file.name, []).append(_read(file))
    plan = plan_of(identifier, definition, [_same(each) for each in files.values()])
    if not files:
        raise InputError(f"{folders[0]} contains no template", fix=f"add a VERSION{TEMPLATE}")
    return plan


def _same(files: Sequence[PlanFile]) -> PlanFile:
    """Return what files of one name in several folders are, which must all be equal."""
    first, *others = files
    for other in others:
        if other.text != first.text:
            raise InputError(
                f"{other.label} differs from {first.label}", fix="keep one of them, or rename it"
            )
    return first


def _read(file: Path) -> PlanFile:
    try:
        text = read_regular(file).decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{file} cannot be read: {error}", fix="save it as UTF-8 text") from error
    return PlanFile(file.name, str(file), text)
