"""The request and the result of an upgrade, as data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from qwenlock.text.record import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from qwenlock.change.plan_in_file import PlanInFile
    from qwenlock.change.three_way import Edited
    from qwenlock.clients.scopes import ScopeName
    from qwenlock.findings.file_changes import FileChange
    from qwenlock.plans.plan import PlanModel, Region, Template

UpgradeStatus: TypeAlias = Literal[
    "due", "dismissed", "current", "edited", "manual", "not-installed"
]
"""`due`: there is an update; `dismissed`: there is one, but it was dismissed in the client;
`current`: there is none; `edited`: edits block it, because of `--on-edited abort`; `manual`: the
models were configured by hand; `not-installed`: there are no models."""


class Aim(NamedTuple):
    """The result of an upgrade.

    Attributes:
        template: the version.
        region: the region.
        models: the plan's new models.
        edited: the edits of the current models.
        shadowed: the ids of custom models that a plan model hides.
        carried: the models among them that a user added to the plan's list.
    """

    template: Template
    region: Region
    models: list[PlanModel]
    edited: list[Edited]
    shadowed: list[str]
    carried: list[PlanModel]

    @property
    def lost(self) -> list[Edited]:
        """Return the edits that the upgrade drops."""
        return [each for each in self.edited if not each.kept]


OnEdited: TypeAlias = Literal["replace", "keep", "abort"]
Decision: TypeAlias = Literal["replace", "keep"]


@dataclass(frozen=True, slots=True, kw_only=True)
class UpgradeWishes:
    """The user's choices; the same as the options of `qwenlock upgrade`.

    Attributes:
        plans: the ids of the plans; empty for every installed one.
        to: the version; None for the client's newest.
        region: the region; None for the current one.
        scope: the scope to write to; None for the one that each plan is in.
        keep_selection: leave the selected model if it is still offered.
        on_edited: what becomes of edits. None: nothing is written while an edit would be lost that
            is not among `decided`.
        decided: what becomes of the edits of single models, by plan and model.
        adopt: also upgrade models that no client recorded.
        allow_downgrade: allow an older version than the installed one.
        lists: the digests of the lists that a client has, by plan and region: `--to client`. None
            for what `to` says.
    """

    plans: tuple[str, ...] = ()
    to: str | None = None
    region: str | None = None
    scope: ScopeName | None = None
    keep_selection: bool = False
    on_edited: OnEdited | None = None
    decided: Mapping[tuple[str, str], Decision] = field(default_factory=dict)
    adopt: bool = False
    allow_downgrade: bool = False
    lists: Mapping[tuple[str, str], str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanUpgrade:
    """What an upgrade does to one plan.

    Attributes:
        there: the plan as it is.
        aim: what it becomes, if that is known.
        status: whether something is due.
        reasons: why nothing is written, in sentences; empty if something is.
        files: the files that change.
        warnings: what the user should know, in sentences.
    """

    there: PlanInFile
    aim: Aim | None
    status: UpgradeStatus
    reasons: Sequence[str] = ()
    files: Sequence[FileChange] = ()
    warnings: Sequence[str] = ()
