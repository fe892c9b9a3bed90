"""The files that an editor has open, and their projects, read with the open texts.

A project is read when it is needed, and kept until a text or a file changes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwenlock.compile.verdict import judge
from qwenlock.edge.checkouts import is_home
from qwenlock.edge.lint_subject import gather
from qwenlock.edge.places import SETTINGS, Flags, as_typed, find_project, home, identity
from qwenlock.edge.project import label_of
from qwenlock.findings.errors import InputError, QwenlockError
from qwenlock.lint.lint import configured_findings
from qwenlock.lock import NAME
from qwenlock.settings.configuration import FILE
from qwenlock.text.record import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from qwenlock.clients.scopes import ScopeName
    from qwenlock.findings.finding import Finding
    from qwenlock.lint.subject import Subject
    from qwenlock.settings.scopes import Source


_NAMES = (SETTINGS.name, "system-defaults.json", NAME, FILE)
"""The names of files that matter, whichever project they belong to."""

_DRIFT = "the lock does not match the settings: run `qwenlock lock`"


@dataclass(frozen=True, slots=True)
class OpenFile:
    """A file that is open.

    Attributes:
        uri: what the editor calls it.
        path: where it is.
        text: its text, saved or not.
        version: the number that the editor gave the text.
    """

    uri: str
    path: Path
    text: str = field(repr=False)
    version: int | None = None


@dataclass(frozen=True)
class OpenProject:
    """A project, with the open texts in place of its files.

    Attributes:
        directory: its directory.
        paths: its files, by their names in messages.
        opened: those that are open, by the same names.
        subject: what is linted; None if it cannot be read.
        findings: its findings.
        problem: why it cannot be read, with the place that is wrong.
        lock: that its lock does not match its settings, in words.
    """

    directory: Path
    paths: Mapping[str, Path]
    opened: Mapping[str, OpenFile]
    subject: Subject | None = None
    findings: tuple[Finding, ...] = ()
    problem: str | None = None
    lock: str | None = None

    def has(self, path: Path) -> bool:
        """Tell whether a file is one of the project's."""
        return any(is_same(path, each) for each in self.paths.values())

    def source(self, path: Path) -> Source | None:
        """Return the settings in a file, or None if it holds none that were read."""
        for scope, file in self._files().items():
            if self.subject is not None and is_same(file, path):
                return self.subject.project.source(scope)
        return None

    def _files(self) -> Mapping[ScopeName, Path]:
        return self.subject.project.places.files if self.subject else {}


class OpenFiles:
    """The files that an editor has open.

    Attributes:
        files: the files, by URI.
        folders: the folders of the editor's workspace.
    """

    def __init__(self) -> None:
        self.files: dict[str, OpenFile] = {}
        self.folders: list[Path] = []
        self._projects: list[OpenProject] | None = None
        self._last_read: dict[Path, Subject] = {}

    def put(self, file: OpenFile) -> bool:
        """Store a file and its text; tell whether it matters to any project."""
        if file.path.name not in _NAMES and not any(
            each.has(file.path) for each in self.projects()
        ):
            return False
        self.files[file.uri] = file
        return True

    def forget(self) -> None:
        """Forget the projects: something has changed."""
        self._projects = None

    def projects(self) -> list[OpenProject]:
        """Return the projects that the open files belong to."""
        if self._projects is None:
            self._projects = [self._read(directory) for directory in self._directories()]
            read = {each.directory: each.subject for each in self._projects if each.subject}
            self._last_read |= read
        return self._projects

    def projects_of(self, file: OpenFile) -> list[OpenProject]:
        """Return the projects that a file belongs to."""
        return [each for each in self.projects() if each.has(file.path)]

    def last_read(self, project: OpenProject, file: OpenFile) -> Subject | None:
        """Return a project as it was when it could last be read, or else without the file."""
        if project.subject is not None:
            return project.subject
        if project.directory in self._last_read:
            return self._last_read[project.directory]
        texts = {**self._texts(), file.path: "{}"}
        try:
            return gather(project.directory, Flags(), None, env=False, opened=texts)
        except QwenlockError:
            return None

    def _opened(self, paths: Mapping[str, Path]) -> dict[str, OpenFile]:
        return {
            name: file
            for name, path in paths.items()
            for file in self.files.values()
            if is_same(file.path, path)
        }

    def _texts(self) -> dict[Path, str]:
        return {each.path: each.text for each in self.files.values()}

    def _directories(self) -> list[Path]:
        """Return the directories of the projects that open files belong to.

        A file outside of projects, such as a user's settings, belongs to every project with an open
        file, or else to those of the workspace.
        """
        own = {each.path: _project_of(each.path) for each in self.files.values()}
        found = {project: None for project in own.values() if project is not None}
        if None in own.values():
            found |= {find_project(folder): None for folder in self.folders}
        if self.files and not found:
            found = {home(): None}
        return list(found)

    def _read(self, directory: Path) -> OpenProject:
        usual = [directory / SETTINGS, directory / NAME, directory / FILE]
        paths = [*usual, *(each.path for each in self.files.values())]
        named = {as_typed(path): path for path in paths}
        try:
            subject = gather(directory, Flags(), None, env=False, opened=self._texts())
            return self._linted(directory, subject)
        except QwenlockError as error:
            findings = error.findings if isinstance(error, InputError) else ()
            said = [
                f"{each.place.document.label}:{each.place.position().line}: {each.message}"
                for each in findings
                if each.place
            ]
            problem = next(iter(said), error.message)
            return OpenProject(directory, named, self._opened(named), None, findings, problem)

    def _linted(self, directory: Path, subject: Subject) -> OpenProject:
        project = subject.project
        places = project.places
        paths = {places.labels[scope]: path for scope, path in places.files.items()}
        paths[label_of(directory)] = places.lock
        if project.configured_in is not None:
            paths[as_typed(project.configured_in)] = project.configured_in
        found = [each for each in configured_findings(subject) if not _is_expected(each)]
        opened = self._opened(paths)
        if label_of(directory) not in opened:
            return OpenProject(directory, paths, opened, subject, tuple(found))
        said, lock = _of_lock(subject, label_of(directory))
        return OpenProject(directory, paths, opened, subject, (*found, *said), lock=lock)


def _of_lock(subject: Subject, label: str) -> tuple[tuple[Finding, ...], str | None]:
    """Return the findings about a lock, and in words that it does not match, if it does not."""
    try:
        verdict = judge(subject.project.stored, label, subject.compilation)
    except InputError as error:
        return error.findings, None
    return verdict.of_lock, _DRIFT if verdict.status == "drift" else None


def _is_expected(finding: Finding) -> bool:
    """Tell whether a finding is about the directory that was chosen for lack of a project."""
    return finding.code == "QL303"


def _project_of(path: Path) -> Path | None:
    """Return the directory of the project that has a file of its own at `path`, or None."""
    if path.name in (NAME, FILE):
        return path.parent
    if path.parts[-2:] != SETTINGS.parts or is_home(path.parent.parent):
        return None
    return path.parent.parent


def is_same(one: Path, other: Path) -> bool:
    """Tell whether two paths are those of one file."""
    return one == other or identity(one) == identity(other)
