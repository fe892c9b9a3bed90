"""What `lint` checks: the settings, their compilation, and facts from around the project.

All of it is data that the edge gathers.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from qwenlock.compile.compiler import compile_project
from qwenlock.findings.reading import parse
from qwenlock.settings.versions import source_of
from qwenlock.text.record import dataclass, field, replace

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from qwenlock.clients.profile import Profile
    from qwenlock.clients.scopes import ScopeName
    from qwenlock.compile.catalogue import Entry
    from qwenlock.compile.compiler import Compilation
    from qwenlock.findings.finding import Finding
    from qwenlock.plans.plan import Plan
    from qwenlock.settings.project import Project
    from qwenlock.settings.scopes import Source
    from qwenlock.text.operations import Path


@dataclass(frozen=True, slots=True)
class World:
    """What is around a project.

    Attributes:
        in_ci: a continuous integration runs this.
        trusted: whether the client trusts the project's folder; None if its list does not say.
        trust_file: that list, as messages name it.
        tracked: whether git tracks the settings and `.env` files in a repository, by label; None
            if git fails.
        unread: files beside the settings that look like settings, and that nothing reads, by label.
        env: `lint --env`: look at the variables that are set here.
        captured: the plans with the lists that `template capture --from-client` kept on this
            machine. No lock depends on them.
    """

    in_ci: bool = False
    trusted: bool | None = None
    trust_file: str = ""
    tracked: Mapping[str, bool | None] = field(default_factory=dict)
    unread: tuple[str, ...] = ()
    env: bool = False
    captured: Sequence[Plan] = ()


@dataclass(frozen=True)
class Subject:
    """What rules look at.

    Attributes:
        project: the project as it was read.
        world: what is around it.
    """

    project: Project
    world: World = field(default_factory=World)

    @property
    def sources(self) -> Sequence[Source]:
        """Return the scopes that have a file, low to high."""
        return self.project.sources

    @property
    def plans(self) -> Sequence[Plan]:
        """Return the plans whose models are recognised."""
        return self.project.plans

    @property
    def client(self) -> Profile:
        """Return the client whose rules hold."""
        return self.project.client

    @cached_property
    def compilation(self) -> Compilation:
        """Return what the settings compile to."""
        return compile_project(self.project)

    @cached_property
    def as_written(self) -> list[Source]:
        """Return the sources whose models are compiled as they are in the file."""
        key = "modelProviders"
        return [
            each for each in self.sources if each.document.value.get(key) == each.settings.get(key)
        ]

    @cached_property
    def entries(self) -> Mapping[Path, Entry]:
        """Return the entries of the catalogue by where they stand."""
        return {entry.path: entry for entry in self.compilation.entries}

    @cached_property
    def _first(self) -> Mapping[tuple[str, str], Entry]:
        first: dict[tuple[str, str], Entry] = {}
        for entry in self.compilation.entries:
            first.setdefault((entry.model.auth_type, entry.model.id), entry)
        return first

    def first_of(self, entry: Entry) -> Entry:
        """Return the first entry of the id and auth type that `entry` has."""
        return self._first[entry.model.auth_type, entry.model.id]

    def source_of(self, finding: Finding) -> Source | None:
        """Return the source whose file `finding` is about."""
        document = finding.place.document if finding.place else None
        return next((source for source in self.sources if source.document is document), None)

    def with_texts(self, texts: Mapping[ScopeName, str]) -> Subject:
        """Return the subject with other texts in the files of some scopes."""
        changed = [_with_text(source, texts.get(source.scope)) for source in self.sources]
        return replace(self, project=self.project.with_sources(changed))


def _with_text(source: Source, text: str | None) -> Source:
    if text is None:
        return source
    return source_of(source.scope, parse(text, source.document.label), source.path)
