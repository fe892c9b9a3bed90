"""A plan: models that a vendor publishes in versions, for regions. Pure; nothing reads the disk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from qwenlock.findings.errors import InputError, UsageError
from qwenlock.plans.digest import models_digest, stringify

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from packaging.version import Version

Model: TypeAlias = dict[str, Any]
"""An entry of `modelProviders`, as JSON holds it."""

Keys: TypeAlias = tuple[str, ...]
"""The way to a value of the settings, key by key."""


@dataclass(frozen=True, slots=True)
class Region:
    """Where a plan is offered: one endpoint, and what templates write for it."""

    name: str
    base_url: str
    alias: str | None
    text: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class State:
    """Where clients record what they installed; None where they record no such thing.

    Follows the guide, "Regions" and "Automatic Updates".
    """

    name: str
    at: Keys
    version: Keys
    region: Keys | None
    base_url: Keys | None
    ignored_version: Keys | None
    postponed_version: Keys | None


@dataclass(frozen=True, slots=True)
class Template:
    """One version of a plan's models; `digests` are the published ones, by name of region."""

    version: str
    file: str
    client: str
    source: str
    state: State
    digests: Mapping[str, str | None]
    text: str

    def order(self) -> Version:
        """Return the version as PEP 440 orders it.

        Raises:
            InputError: the file is not named after such a version.
        """
        from packaging.version import InvalidVersion, Version

        try:
            return Version(self.version)
        except InvalidVersion as error:
            raise InputError(
                f"{self.file}: {self.version!r} is no version",
                fix="name the file after a release of the client, such as 1.2.3.json.j2",
            ) from error

    def covers(self, client: str) -> bool:
        """Tell whether release `client` (such as `0.12.0`) is one that this template is for.

        Raises:
            InputError: the template's `client` is no version specifier.
        """
        from packaging.specifiers import InvalidSpecifier, SpecifierSet

        try:
            return SpecifierSet(self.client).contains(client, prereleases=True)
        except InvalidSpecifier as error:
            raise InputError(
                f"{self.file}: client: {self.client!r} is no version specifier",
                fix="write a range of releases, such as '>=1.2,<1.3'",
            ) from error


@dataclass(frozen=True, slots=True)
class Recognition:
    """What a plan's models turned out to be; no template where they match none."""

    region: Region
    digest: str
    template: Template | None


@dataclass(frozen=True, slots=True)
class Plan:
    """What all versions of a plan share, and its templates in the order they were found."""

    id: str
    title: str
    auth_type: str
    env_key: str
    regions: Mapping[str, Region]
    states: Mapping[str, State]
    templates: tuple[Template, ...]

    def ordered(self) -> list[Template]:
        """Return the templates, oldest version first.

        Raises:
            InputError: a file is not named after a version.
        """
        return sorted(self.templates, key=Template.order)

    def newest(self, client: str | None = None) -> Template:
        """Return the newest template, of all or of those for release `client`.

        Raises:
            UsageError: no template is for that release.
            InputError: a template's version or range of releases cannot be read.
        """
        for template in reversed(self.ordered()):
            if client is None or template.covers(client):
                return template
        raise UsageError(
            f"no template of {self.id} is for client {client}",
            fix="name one with --to; `qwenlock template list` shows them",
        )

    def template(self, version: str) -> Template:
        """Return the template of `version`, spelled as its file is.

        Raises:
            UsageError: there is none; the message names those there are.
        """
        for template in self.templates:
            if template.version == version:
                return template
        raise _unknown(f"{self.id} version", version, [each.version for each in self.ordered()])

    def region(self, name: str) -> Region:
        """Return the region of that `name` or alias.

        Raises:
            UsageError: there is none; the message names those there are.
        """
        for region in self.regions.values():
            if name in (region.name, region.alias):
                return region
        raise _unknown(f"{self.id} region", name, self.regions)

    def owns(self, entry: Mapping[str, Any]) -> Region | None:
        """Return the region whose model `entry` is, or None for a model that is not the plan's.

        The caller has checked that the entry stands under the plan's auth type. Follows the
        guide, "Manual Configuration (Advanced)": `envKey` and `baseUrl` decide, both.
        """
        if entry.get("envKey") != self.env_key:
            return None
        endpoint = entry.get("baseUrl")
        return next((each for each in self.regions.values() if each.base_url == endpoint), None)

    def models(self, template: Template, region: Region) -> list[Model]:
        """Return the models of `template` in `region`.

        Raises:
            UsageError: the template has no such region.
            InputError: the template cannot be rendered, or not to this plan's models.
        """
        if region.name not in template.digests:
            raise _unknown(f"{self.id} {template.version} region", region.name, template.digests)
        from qwenlock.plans.render import render

        return render(self, template, region)

    def digest(self, template: Template, region: Region) -> str:
        """Return the published digest of `template` in `region`, else that of its models.

        Raises:
            UsageError: the template has no such region.
            InputError: the template cannot be rendered, or not to this plan's models.
        """
        return template.digests.get(region.name) or models_digest(self.models(template, region))

    def identify(self, digest: str) -> tuple[Template, Region] | None:
        """Return the template and region whose models have `digest`, or None.

        Published digests are compared first; only templates without one are rendered.

        Args:
            digest: `sha256:` and hexadecimal digits, as `models_digest` returns.

        Raises:
            InputError: a template that had to be rendered cannot be.
        """
        for template, region in self._offers():
            if template.digests[region.name] == digest:
                return template, region
        for template, region in self._offers():
            if template.digests[region.name] is None and self.digest(template, region) == digest:
                return template, region
        return None

    def recognise(self, models: Sequence[Mapping[str, Any]]) -> Recognition:
        """Tell which region and template `models` are: by digest, else by equal content.

        Key order does not count in content; order of the models does.

        Args:
            models: at least one model, each owned by the plan; the first decides the region.

        Raises:
            ValueError: the first model is not the plan's.
            InputError: a template that had to be rendered cannot be.
        """
        region = self.owns(models[0])
        if region is None:
            raise ValueError("recognise() takes models of the plan")
        digest = models_digest(models)
        found = self.identify(digest)
        template = found[0] if found else self._alike(models, region)
        return Recognition(region, digest, template)

    def _offers(self) -> Iterable[tuple[Template, Region]]:
        for template in self.templates:
            for name in template.digests:
                yield template, self.regions[name]

    def _alike(self, models: Sequence[Mapping[str, Any]], region: Region) -> Template | None:
        wanted = stringify(models, sort_keys=True)
        for template, offered in self._offers():
            if offered == region and wanted == stringify(
                self.models(template, region), sort_keys=True
            ):
                return template
        return None


def _unknown(kind: str, given: str, known: Iterable[str]) -> UsageError:
    """Return the error for a name that is not among the `known`, with the closest of them."""
    from difflib import get_close_matches

    names = list(known)
    closest = get_close_matches(given, names, n=1)
    fix = f"did you mean {closest[0]}?" if closest else None
    return UsageError(f"no {kind} {given!r}; there are: {', '.join(names)}", fix)
