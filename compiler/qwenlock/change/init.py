"""The files that a new project needs, as a change; existing files are never overwritten."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from qwenlock.change.init_from_user import settings_from_user
from qwenlock.change.init_settings import settings_from
from qwenlock.clients.profile import GUIDE
from qwenlock.compile.compiler import compile_project
from qwenlock.compile.selection import AUTH_TYPE, MODEL
from qwenlock.findings.errors import InputError
from qwenlock.findings.file_changes import FileChange, ProjectChange
from qwenlock.lock import NAME
from qwenlock.lock.text import as_table
from qwenlock.migrate.change import with_lines
from qwenlock.settings.scopes import PROVIDERS, merged, owner
from qwenlock.text.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from qwenlock.change.init_wishes import InitWishes
    from qwenlock.migrate.change import InGit
    from qwenlock.settings.project import Project

ATTRIBUTES = f"{NAME} text eol=lf -merge"
"""Keep the line endings that the digest needs, and do not merge locks line by line."""
_LEFT_BEHIND = (".qwen/*.orig", ".qwen/*.corrupted*")
"""What releases of the client leave beside a settings file that they rewrite."""
_CONFIGURATION = "# The options of qwenlock in this project, for everyone and in CI.\n"


class File(NamedTuple):
    """A file that may exist; `text` is None if it does not."""

    path: Path
    label: str
    text: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What already exists of a project.

    Attributes:
        project: the project as it was read, with the variables that are set here.
        configured: the file, here or above, that holds a team's choices; None if there is none.
        disagrees: whether it differs from the options.
        configuration: the file to write the choices to.
        attributes: the project's `.gitattributes`; None outside a repository.
        env: what git says about the project's `.env`; None outside a repository.
        ignored: the labels of files that should be committed but are ignored by git.
        files: the files for CI and hooks, by their name in `contents`.
        contents: what to write to these files.
    """

    project: Project
    configured: str | None
    disagrees: bool
    configuration: File
    attributes: File | None
    env: InGit | None
    ignored: Sequence[str]
    files: Mapping[str, File]
    contents: Mapping[str, str]

    @property
    def variables(self) -> Mapping[str, str]:
        """Return the variables of a client in the project; never show them."""
        return self.project.values()

    @property
    def has_settings(self) -> bool:
        """Tell whether the project has settings of its own."""
        return self.project.source("project") is not None

    @property
    def has_models(self) -> bool:
        """Tell whether any scope has models."""
        return owner(self.project.sources) is not None

    @property
    def selects(self) -> bool:
        """Tell whether any scope selects an auth type or a model."""
        sources = self.project.sources
        return any(merged(sources, path) for path in (AUTH_TYPE, MODEL))

    @property
    def only_user_has_models(self) -> bool:
        """Tell whether the models are the user's own, and the project has none."""
        owning = owner(self.project.sources)
        return owning is not None and owning.scope == "user"

    @property
    def owns_models(self) -> bool:
        """Tell whether the project's own settings have models."""
        source = self.project.source("project")
        return source is not None and source.has(PROVIDERS)


def begin(found: Found, wishes: InitWishes) -> ProjectChange:
    """Return the files that the project is missing.

    Raises:
        UsageError: no variable is set that settings could be made from.
        InputError: the settings made from the variables cannot be locked, or a lock would hide a
            model that the client uses here.
    """
    if wishes.without_user and not wishes.projects:
        _refuse_hiding(found)
    files: list[FileChange] = []
    warnings: list[str] = []
    if wishes.from_env and not found.has_settings:
        settings, warnings = settings_from(found.project, found.variables, wishes.region)
        files.append(settings)
    reasons: tuple[str, ...] = ()
    if wishes.from_user:
        copied, said = settings_from_user(found.project, everything=wishes.all_models)
        files += copied
        reasons = (said,)
    files += _configuration(found, wishes)
    files += _for_git(found)
    files += _wanted(found, wishes)
    warnings += _warnings(found, wishes)
    labels = [file.label for file in files]
    if not files:
        reasons = ("nothing to do: all files already exist",)
    return ProjectChange(tuple(files), reasons, tuple(warnings), {"files": labels})


def _refuse_hiding(found: Found) -> None:
    """Refuse a lock without the user scope where the user selects a model of their own."""
    findings = compile_project(found.project).findings
    hidden = tuple(each for each in findings if each.code == "QL308")
    if hidden:
        message = "the lock would hide a model that you use, so nothing was written"
        raise InputError(message, findings=hidden)


def _configuration(found: Found, wishes: InitWishes) -> Iterator[FileChange]:
    import tomli_w

    choices: dict[str, Any] = as_table(found.project.places.options)
    if found.project.client_from == "option" and found.project.client.name != GUIDE:
        choices = {"client": found.project.client.name, **choices}
    if wishes.without_user:
        choices["user"] = False
    if wishes.projects:
        choices["projects"] = list(wishes.projects)
    if choices and found.configured is None:
        path, label, _ = found.configuration
        yield FileChange(path, label, None, _CONFIGURATION + tomli_w.dumps(choices))


def _for_git(found: Found) -> Iterator[FileChange]:
    if found.attributes is not None:
        path, label, text = found.attributes
        if text is None or not any(line.split()[:1] == [NAME] for line in text.splitlines()):
            yield FileChange(path, label, text, with_lines(text, [ATTRIBUTES]))
    if found.env is not None and found.env.ignored is False and not found.env.tracked:
        path, label, text = found.env.ignore_file
        yield FileChange(path, label, text, with_lines(text, [".env", *_LEFT_BEHIND]))


def _wanted(found: Found, wishes: InitWishes) -> Iterator[FileChange]:
    names = {"github": ("github.yml",), "gitlab": ("gitlab.yml", "gitlab-ci.yml"), None: ()}
    for name in (*names[wishes.ci], *(["pre-commit.yaml"] if wishes.pre_commit else [])):
        path, label, text = found.files[name]
        if text is None:
            yield FileChange(path, label, None, found.contents[name])


def _warnings(found: Found, wishes: InitWishes) -> Iterator[str]:
    has_projects = wishes.projects or found.project.configuration.projects
    is_alone = not (wishes.from_user or wishes.from_env or has_projects)
    if found.only_user_has_models and is_alone:
        yield (
            "the models are in your user settings, which nobody else has: add --from-user to copy "
            "those that you use to the project"
        )
    if found.configured is not None and wishes.from_user:
        yield f"set `user = false` in {found.configured}, so that everyone gets the same lock"
    if wishes.from_env and found.has_settings:
        yield f"{found.project.places.labels['project']} exists and was not changed"
    if found.disagrees:
        yield f"{found.configured} sets other options and takes precedence: change them there"
    if found.env is not None and found.env.tracked:
        yield "git tracks .env: run `git rm --cached .env`, and replace the keys in it"
    for label in found.ignored:
        yield f"git ignores {label}: remove it from .gitignore, so that everyone gets it"
    additions = (
        ("gitlab-ci.yml", wishes.ci == "gitlab", "include .gitlab/qwenlock.yml in it"),
        (
            "pre-commit.yaml",
            wishes.pre_commit,
            "add the hook yourself, as the documentation shows",
        ),
    )
    for name, is_wanted, advice in additions:
        _, label, text = found.files[name]
        if is_wanted and text is not None and "qwenlock" not in text:
            yield f"{label} exists: {advice}"
