"""A plan: models that a vendor publishes in versions, for regions. Nothing here reads the disk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from qwenlock.findings.errors import InputError, UsageError
from qwenlock.plans.digest import PREFIX, models_digest, stringify
from qwenlock.text.pattern import pattern
from qwenlock.text.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from packaging.version import Version

PlanModel: TypeAlias = dict[str, Any]
"""An entry of `modelProviders`, as JSON holds it."""

Keys: TypeAlias = tuple[str, ...]
"""The way to a value of the settings, key by key."""

_RELEASE = pattern(r"[0-9]+(?:\.[0-9]+)*")
_ONE_BOUND = r" *(>=|<) *([0-9]+(?:\.[0-9]+)*) *"
_BOUND = pattern(_ONE_BOUND)
_PLAIN_RANGE = pattern(rf"{_ONE_BOUND}(?:,{_ONE_BOUND})*")


@dataclass(frozen=True, slots=True)
class Region:
    """Where a plan is offered: one endpoint, and what templates write for it."""

    name: str
    base_url: str
    alias: str | None
    text: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Ownership:
    """What a model needs, besides the plan's variable, to belong to the plan: one of these.

    Attributes:
        endpoint: the model's `baseUrl` is the endpoint of a region.
        name_prefix: what the model's `name` begins with, or None.
        hosts: hosts that its `baseUrl` may name; `*.example.org` stands for those below that.
    """

    endpoint: bool
    name_prefix: str | None = None
    hosts: tuple[str, ...] = ()

    def holds(self, entry: Mapping[str, Any], regions: Iterable[Region]) -> bool:
        """Tell whether `entry`, which has the plan's variable, is the plan's."""
        name, url = entry.get("name"), entry.get("baseUrl")
        if self.name_prefix and isinstance(name, str) and name.startswith(self.name_prefix):
            return True
        if not isinstance(url, str):
            return False
        if self.endpoint and any(region.base_url == url for region in regions):
            return True
        return bool(self.hosts) and _is_at(url, self.hosts)


@dataclass(frozen=True, slots=True)
class PlanState:
    """Where clients record what they installed; None if they record no such thing.

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
    """One version of a plan's models.

    Attributes:
        version: what the file is named after: the first release that ships these models.
        file: the file, as messages name it.
        source: where the models come from, in words.
        client: the releases that the template is for, where its file says so.
        state: where those releases record what they installed.
        digests: the published digests by name of region; None if none was published.
        recognised_only: no installable release ships it, so nothing is upgraded to it.
        text: the file's text.
    """

    version: str
    file: str
    source: str
    client: str | None
    state: PlanState
    digests: Mapping[str, str | None]
    recognised_only: bool
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
                f"{self.file}: {self.version!r} is not a version",
                fix="name the file after a release of the client, such as 1.2.3.json.j2",
            ) from error


@dataclass(frozen=True, slots=True)
class Recognition:
    """The result of recognising a plan's models; without a template if they match none."""

    region: Region
    digest: str
    template: Template | None


@dataclass(frozen=True, slots=True)
class Plan:
    """What all versions of a plan share, and its templates in the order they were found.

    Attributes:
        id: the name of the plan's folder; the client's own id of it, where it has one.
        title: what people call it.
        auth_type: the key of `modelProviders` that its models stand under.
        env_key: the variable that holds its key.
        ownership: what else makes a model the plan's.
        client: the releases that a template is for if it does not say so itself. If None, a
            template is for the releases from the one it is named after up to the next template's.
        is_default: this plan is meant if several plans have a region, and no plan is named.
        regions: its regions by name, the clients' default first.
        states: the places where clients record it, by name, the newest clients' place last.
        templates: its versions.
    """

    id: str
    title: str
    auth_type: str
    env_key: str
    ownership: Ownership
    client: str | None
    is_default: bool
    regions: Mapping[str, Region]
    states: Mapping[str, PlanState]
    templates: tuple[Template, ...]

    # Versions

    def ordered(self) -> list[Template]:
        """Return the templates, oldest version first.

        Raises:
            InputError: a file is not named after a version.
        """
        return sorted(self.templates, key=Template.order)

    def offered(self) -> list[Template]:
        """Return the templates that an upgrade may lead to, oldest version first.

        Raises:
            InputError: a file is not named after a version.
        """
        return [each for each in self.ordered() if not each.recognised_only]

    def newest(self, client: str | None = None) -> Template:
        """Return the newest template, of all or of those for release `client`.

        Raises:
            UsageError: no template is for that release.
            InputError: a template's version or range of releases cannot be read.
        """
        for template in reversed(self.offered()):
            if client is None or self._admits(template, client):
                return template
        raise UsageError(
            f"{self.id} has no template for client {client}",
            fix="choose one with --to; `qwenlock template list` shows them",
        )

    def covers(self, template: Template, client: str) -> bool:
        """Tell whether `template` is the one for release `client` (such as `0.12.0`).

        Raises:
            InputError: a template's version or range of releases cannot be read.
        """
        try:
            return self.newest(client) is template
        except UsageError:
            return False

    def releases(self, template: Template) -> str | None:
        """Return the releases that `template` is for as a PEP 440 specifier, or None for none.

        If a newer template is for some of them too, the newer one counts for those.

        Raises:
            InputError: a file is not named after a version.
        """
        if template.recognised_only:
            return None
        said = template.client or self.client
        if said is not None:
            return said
        newer = [each for each in self.offered() if each.order() > template.order()]
        return f">={template.version}" + (f",<{newer[0].version}" if newer else "")

    def template(self, version: str) -> Template:
        """Return the template of `version`, spelled as its file is.

        Raises:
            UsageError: there is none; the message names those there are.
        """
        for template in self.templates:
            if template.version == version:
                return template
        raise _unknown(f"{self.id} version", version, [each.version for each in self.ordered()])

    def target(self, version: str) -> Template:
        """Return the template of `version` as something to upgrade to.

        Raises:
            UsageError: there is none, or it is recognised only.
        """
        template = self.template(version)
        if template.recognised_only:
            known = ", ".join(each.version for each in self.offered())
            raise UsageError(
                f"no release of Qwen Code ships {self.id} {version}, so you cannot upgrade to it",
                f"name one of {known}",
            )
        return template

    # Regions and models

    def region(self, name: str) -> Region:
        """Return the region of that `name` or alias.

        Raises:
            UsageError: there is none; the message names those there are.
        """
        for region in self.regions.values():
            if name in (region.name, region.alias):
                return region
        raise _unknown(f"{self.id} region", name, self.regions)

    def has_region(self, name: str | None) -> bool:
        """Tell whether the plan has a region of that name or alias."""
        return any(name in (region.name, region.alias) for region in self.regions.values())

    def owns(self, entry: Mapping[str, Any]) -> bool:
        """Tell whether `entry` is one of the plan's models.

        The caller has checked that the entry stands under the plan's auth type. The rule is the
        client's own, as data.
        """
        return entry.get("envKey") == self.env_key and self.ownership.holds(
            entry, self.regions.values()
        )

    def region_of(self, entry: Mapping[str, Any]) -> Region | None:
        """Return the region whose endpoint `entry` has, or None for an endpoint of no region."""
        url = entry.get("baseUrl")
        return next((each for each in self.regions.values() if each.base_url == url), None)

    def regions_of(self, entries: Sequence[Mapping[str, Any]]) -> list[Region]:
        """Return the region of each of the plan's models in `entries`.

        A model with an endpoint of no region is taken for one of the first region among the
        others; if there is none, for one of the plan's first region, as the client does.
        """
        found = [self.region_of(entry) for entry in entries]
        usual = next(filter(None, found), next(iter(self.regions.values())))
        return [region or usual for region in found]

    def models(self, template: Template, region: Region) -> list[PlanModel]:
        """Return the models of `template` in `region`.

        Raises:
            UsageError: the template has no such region.
            InputError: the template cannot be rendered, or not to this plan's models.
        """
        if region.name not in template.digests:
            raise _unknown(f"{self.id} {template.version} region", region.name, template.digests)
        from qwenlock.plans.render import render
        from qwenlock.plans.sandbox import template_error

        names: dict[str, dict[str, Any]] = {
            "plan": {
                "title": self.title,
                "env_key": self.env_key,
                "name_prefix": self.ownership.name_prefix or "",
            },
            "region": {
                "name": region.name,
                "base_url": region.base_url,
                "text": dict(region.text),
            },
        }
        models = render(template.text, template.file, names)
        for model in models:
            if not self.owns(model):
                problem = f"`owns` in plan.toml does not match the model {model['id']!r}"
                raise template_error(template.file, problem)
        return models

    def known_ids(self, ids: Iterable[str]) -> set[str]:
        """Return those of `ids` that a list of the plan has, of any version and region.

        Raises:
            InputError: a template cannot be rendered.
        """
        asked = frozenset(ids)
        unknown = asked
        for template, region in self._pairs():
            if not unknown:
                break
            unknown -= {model["id"] for model in self.models(template, region)}
        return {*asked - unknown}

    def may_have_set_up(self, ids: Iterable[str]) -> bool:
        """Tell whether the plan may have set up models of these `ids`, which it owns.

        A plan that owns a whole host also owns what anybody writes by hand for that host.

        Raises:
            InputError: a template cannot be rendered.
        """
        return not self.ownership.hosts or bool(self.known_ids(ids))

    def digest(self, template: Template, region: Region) -> str:
        """Return the published digest of `template` in `region`, else that of its models.

        Raises:
            UsageError: the template has no such region.
            InputError: the template cannot be rendered, or not to this plan's models.
        """
        return template.digests.get(region.name) or models_digest(self.models(template, region))

    # Recognition

    def identify(self, digest: str) -> tuple[Template, Region] | None:
        """Return the template and region whose models have `digest`, or None.

        Published digests are compared first; only templates without one are rendered.

        Args:
            digest: `sha256:` and hexadecimal digits, as `models_digest` returns.

        Raises:
            InputError: a template that had to be rendered cannot be.
        """
        for template, region in self._pairs():
            if template.digests[region.name] == digest:
                return template, region
        for template, region in self._pairs():
            if template.digests[region.name] is None and self.digest(template, region) == digest:
                return template, region
        return None

    def recognise(self, models: Sequence[Mapping[str, Any]]) -> Recognition:
        """Tell which region and template `models` are: by digest, else by equal content.

        Key order does not count in content; order of the models does.

        Args:
            models: at least one model, each owned by the plan and of one region.

        Raises:
            InputError: a template that had to be rendered cannot be.
        """
        region = self.regions_of(models)[0]
        digest = models_digest(models)
        found = self.identify(digest)
        template = found[0] if found else self._alike(models, region)
        return Recognition(region, digest, template)

    def _pairs(self) -> Iterable[tuple[Template, Region]]:
        for template in self.templates:
            for name in template.digests:
                yield template, self.regions[name]

    def _alike(self, models: Sequence[Mapping[str, Any]], region: Region) -> Template | None:
        wanted = stringify(models, sort_keys=True)
        for template, offered in self._pairs():
            if offered == region and wanted == stringify(
                self.models(template, region), sort_keys=True
            ):
                return template
        return None

    def _admits(self, template: Template, client: str) -> bool:
        """Tell whether release `client` is in the template's range, which newer ones may close."""
        said = template.client or self.client
        wanted = said or f">={template.version}"
        if _RELEASE.fullmatch(client) and _PLAIN_RANGE.fullmatch(wanted):
            return _is_in(client, wanted)
        from packaging.specifiers import InvalidSpecifier, SpecifierSet  # takes long to load

        try:
            return SpecifierSet(wanted).contains(client, prereleases=True)
        except InvalidSpecifier as error:
            raise InputError(
                f"{template.file}: client: {said!r} is not a version specifier",
                fix="write a range of releases, such as '>=1.2,<1.3'",
            ) from error


def _is_in(release: str, plain_range: str) -> bool:
    from packaging.version import Version

    there = Version(release)
    bounds = [(each[1], Version(each[2])) for each in _BOUND.finditer(plain_range)]
    return all(there >= bound if sign == ">=" else there < bound for sign, bound in bounds)


def proves(models: Sequence[Any], recorded: str) -> bool:
    """Tell whether `models` are exactly what a client wrote and recorded: nobody edited them.

    A template need not have them: a client may be newer than every template, and in its `/auth` a
    user may choose some models of a plan, or add others.

    Args:
        models: a plan's models as the settings hold them, in their order.
        recorded: the digest that the client recorded, in bare hexadecimal.
    """
    return models_digest(models) == PREFIX + recorded


def _is_at(url: str, hosts: Iterable[str]) -> bool:
    from urllib.parse import urlsplit

    try:
        host = urlsplit(url).hostname
    except ValueError:
        return False
    return host is not None and any(
        host.endswith(each[1:]) if each.startswith("*.") else host == each for each in hosts
    )


def _unknown(kind: str, given: str, known: Iterable[str]) -> UsageError:
    """Return the error for a name that is not among the `known`, with the closest of them."""
    from difflib import get_close_matches

    names = list(known)
    closest = get_close_matches(given, names, n=1)
    fix = f"did you mean {closest[0]}?" if closest else None
    return UsageError(f"unknown {kind} {given!r}; known: {', '.join(names)}", fix)
