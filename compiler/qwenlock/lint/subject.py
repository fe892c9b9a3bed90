"""What is linted: the settings, what they compile to, and what is known of the world around them.

All of it is data, gathered at the edge.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from qwenlock.clients.profile import GUIDE
from qwenlock.compile.compiler import compile_lock
from qwenlock.findings.errors import UsageError
from qwenlock.findings.reading import parse
from qwenlock.settings.scopes import Source, owner
from qwenlock.settings.versions import source_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from qwenlock.clients.profile import Profile
    from qwenlock.clients.scopes import ScopeName
    from qwenlock.compile.catalogue import Entry
    from qwenlock.compile.compiler import Compilation
    from qwenlock.findings.finding import Finding
    from qwenlock.plans.plan import Plan, Template
    from qwenlock.settings.variables import EnvFile
    from qwenlock.text.operations import Path


@dataclass(frozen=True, slots=True)
class World:
    """What is around the settings.

    Attributes:
        in_ci: a continuous integration runs this.
        has_lock: the project has a lock.
        trusted: what the client's list of trusted folders says of the project; None for nothing.
        trust_file: that list, as messages name it.
        env_files: where a client in the project looks for a `.env`.
        environment: the variables that are set here; never to be shown.
        tracked: the settings and `.env` files that git tracks, by label.
        findings: what was found outside of the settings.
    """

    in_ci: bool = False
    has_lock: bool = False
    trusted: bool | None = None
    trust_file: str = ""
    env_files: tuple[EnvFile, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    tracked: frozenset[str] = frozenset()
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class Subject:
    """What rules look at.

    Attributes:
        sources: the scopes that have a file, low to high.
        plans: the plans whose models are recognised.
        client: whose rules hold.
        world: what is around the settings.
    """

    sources: Sequence[Source]
    plans: Sequence[Plan]
    client: Profile
    world: World = field(default_factory=World)

    @cached_property
    def compilation(self) -> Compilation:
        """Return what the settings compile to."""
        return compile_lock(self.sources, self.plans, self.client)

    @cached_property
    def owner(self) -> Source:
        """Return the source that owns the catalogue; asked for only where it has entries."""
        return owner(self.sources) or self.sources[-1]

    @cached_property
    def as_written(self) -> list[Source]:
        """Return the sources whose models stand in the file as they are compiled."""
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

    def newest(self, plan: Plan) -> Template | None:
        """Return the newest template of `plan` for the client, if there is one."""
        try:
            return plan.newest(None if self.client.name == GUIDE else self.client.name)
        except UsageError:
            return None

    def with_texts(self, texts: Mapping[ScopeName, str]) -> Subject:
        """Return the subject with other texts in the files of some scopes."""
        return replace(
            self, sources=[_with_text(source, texts.get(source.scope)) for source in self.sources]
        )


def _with_text(source: Source, text: str | None) -> Source:
    if text is None:
        return source
    return source_of(source.scope, parse(text, source.document.label), source.path)
