"""All plans, each read only when it is needed: most settings have models of one plan."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, overload

from qwenlock.findings.errors import UsageError

if TYPE_CHECKING:
    from qwenlock.plans.plan import Plan


class Offer:
    """A plan that may not have been read yet.

    Attributes:
        id: the plan's id.
    """

    def __init__(self, id: str, definition: str, read: Callable[[], Plan]) -> None:  # noqa: A002
        """Take the plan's id, the text of its `plan.toml`, and what reads the rest."""
        self.id, self._definition, self._read = id, definition, read

    @cached_property
    def plan(self) -> Plan:
        """Return the plan, read once.

        Raises:
            InputError: a file of it cannot be used.
        """
        return self._read()

    def changed(self, change: Callable[[Plan], Plan]) -> Offer:
        """Return an offer of the plan as `change` returns it."""
        return Offer(self.id, self._definition, lambda: change(self.plan))

    def may_own(self, variable: str) -> bool:
        """Tell whether the plan can have models with that variable, without reading the plan."""
        return variable in self._definition


class Plans(Sequence["Plan"]):
    """Plans in the order of their ids. A plan is read when it is first used."""

    def __init__(self, offers: Sequence[Offer]) -> None:
        self._offers = tuple(offers)
        self._by_variable: dict[str, list[Plan]] = {}

    @classmethod
    def of(cls, plans: Sequence[Plan]) -> Plans:
        """Return `plans` as a collection; a collection is returned as it is."""
        if isinstance(plans, Plans):
            return plans
        return cls([Offer(each.id, each.env_key, lambda each=each: each) for each in plans])  # type: ignore[misc]

    def __len__(self) -> int:
        """Return how many plans there are."""
        return len(self._offers)

    @overload
    def __getitem__(self, index: int) -> Plan: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Plan]: ...

    def __getitem__(self, index: int | slice) -> Plan | Sequence[Plan]:
        """Return the plan at a place, or a tuple of those in a range."""
        if isinstance(index, slice):
            return tuple(each.plan for each in self._offers[index])
        return self._offers[index].plan

    @property
    def ids(self) -> list[str]:
        """The ids of all plans."""
        return [each.id for each in self._offers]

    def changed(self, change: Callable[[Plan], Plan]) -> Plans:
        """Return these plans, each changed by `change` when it is first used."""
        return Plans([each.changed(change) for each in self._offers])

    def named(self, ids: Iterable[str]) -> list[Plan]:
        """Return the plans with these ids, in the order of this collection; others are left out."""
        wanted = set(ids)
        return [each.plan for each in self._offers if each.id in wanted]

    def plan(self, identifier: str) -> Plan:
        """Return the plan with that id.

        Raises:
            UsageError: there is none; the message names those there are.
        """
        for plan in self.named([identifier]):
            return plan
        raise UsageError(f"unknown plan {identifier!r}; known plans: {', '.join(self.ids)}")

    def owner(self, provider: str, entry: Mapping[str, Any]) -> Plan | None:
        """Return the plan that owns `entry`, which stands under `provider` in `modelProviders`."""
        variable = entry.get("envKey")
        if not isinstance(variable, str) or not variable:
            return None
        plans = self._by_variable.get(variable)
        if plans is None:
            plans = [each.plan for each in self._offers if each.may_own(variable)]
            self._by_variable[variable] = plans
        for each in plans:
            if each.auth_type == provider and each.owns(entry):
                return each
        return None


def meant(plans: Sequence[Plan]) -> Plan | None:
    """Return which of `plans` is meant if none is named: the only one, or the default one."""
    default = [each for each in plans if each.is_default]
    candidates = plans if len(plans) == 1 else default
    return candidates[0] if len(candidates) == 1 else None
