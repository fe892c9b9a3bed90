"""Whether templates render to the digests that were published for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from qwenlock.findings.errors import InputError
from qwenlock.plans.digest import models_digest
from qwenlock.text.record import dataclass

if TYPE_CHECKING:
    from qwenlock.plans.plan import Plan, Template


@dataclass(frozen=True, slots=True)
class VerifiedList:
    """What the models of one version and region digest to, beside what was published."""

    version: str
    region: str
    digest: str
    published: str | None
    same_as: str | None = None

    @property
    def status(self) -> Literal["verified", "unpublished", "mismatch", "duplicate"]:
        """Whether the two are equal; `unpublished` if there is nothing to compare with.

        `duplicate` if an earlier version, `same_as`, has the same lists in all regions of this one.
        """
        if self.published not in (None, self.digest):
            return "mismatch"
        if self.same_as is not None:
            return "duplicate"
        return "unpublished" if self.published is None else "verified"


def verify(plan: Plan) -> list[VerifiedList]:
    """Render every template of `plan` for each of its regions, oldest version first.

    Raises:
        InputError: a template cannot be rendered, or says that it is for other releases than the
            one that it is named after.
    """
    lists = []
    before: dict[str, dict[str, str]] = {}
    for template in plan.ordered():
        _check_name(plan, template)
        version = template.version
        digests = {
            name: models_digest(plan.models(template, plan.regions[name]))
            for name in template.digests
        }
        first = None
        if not template.recognised_only:  # a captured list may be one that qwenlock has by now
            same = (each for each, others in before.items() if digests.items() <= others.items())
            first = next(same, None)
            before[version] = digests
        for name, published in template.digests.items():
            lists.append(VerifiedList(version, name, digests[name], published, first))
    return lists


def _check_name(plan: Plan, template: Template) -> None:
    is_named_after_a_release = plan.client is None and not template.recognised_only
    if is_named_after_a_release and not plan.covers(template, template.version):
        raise InputError(
            f"{template.file}: client: {template.client!r} leaves out {template.version}",
            fix="name a template after the first release that ships its models",
        )
