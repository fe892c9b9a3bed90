"""Whether templates render to the digests that were published for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from qwenlock.findings.errors import InputError
from qwenlock.plans.digest import models_digest

if TYPE_CHECKING:
    from qwenlock.plans.plan import Plan, Template


@dataclass(frozen=True, slots=True)
class VerifiedList:
    """What the models of one version and region digest to, beside what was published."""

    version: str
    region: str
    digest: str
    published: str | None

    @property
    def status(self) -> Literal["verified", "unpublished", "mismatch"]:
        """Whether the two are equal; `unpublished` if there is nothing to compare with."""
        if self.published is None:
            return "unpublished"
        return "verified" if self.digest == self.published else "mismatch"


def verify(plan: Plan) -> list[VerifiedList]:
    """Render every template of `plan` for each of its regions, oldest version first.

    Raises:
        InputError: a template cannot be rendered, or says that it is for other releases than the
            one that it is named after.
    """
    lists = []
    for template in plan.ordered():
        _check_name(plan, template)
        for name, published in template.digests.items():
            digest = models_digest(plan.models(template, plan.regions[name]))
            lists.append(VerifiedList(template.version, name, digest, published))
    return lists


def _check_name(plan: Plan, template: Template) -> None:
    is_named_after_a_release = plan.client is None and not template.recognised_only
    if is_named_after_a_release and not plan.covers(template, template.version):
        raise InputError(
            f"{template.file}: client: {template.client!r} leaves out {template.version}",
            fix="name a template after the first release that ships its models",
        )
