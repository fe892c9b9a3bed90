"""Texts of a plan's models as templates write them: with slots for what differs by region or id."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from qwenlock.plans.plan import Plan, Region


class Slot(NamedTuple):
    """A name that a template prints, such as `region.base_url`."""

    name: str


SlottedText: TypeAlias = "tuple[str | Slot, ...]"
"""Literal pieces and slots in turn; no two pieces stand side by side, and none is empty."""

ID = Slot("id")

Values: TypeAlias = "Mapping[Slot, str]"
"""What each slot is in one region, for one model."""


def values(plan: Plan, region: Region, identifier: str) -> Values:
    """Return what the slots of a template are for the model `identifier` in `region`."""
    return {
        Slot("region.base_url"): region.base_url,
        Slot("plan.env_key"): plan.env_key,
        Slot("plan.name_prefix"): plan.ownership.name_prefix or "",
        **{Slot(f"region.text.{name}"): text for name, text in region.text.items()},
        ID: identifier,
    }


def written(form: SlottedText, given: Values) -> str | None:
    """Return the text of `form`, or None if it has a slot that has no value."""
    pieces = [given.get(piece) if isinstance(piece, Slot) else piece for piece in form]
    return None if None in pieces else "".join(piece or "" for piece in pieces)


def candidates(
    texts: Sequence[tuple[str, Values]], learned: Iterable[SlottedText]
) -> list[SlottedText]:
    """Return the forms that give every one of `texts`, the most likely first.

    Args:
        texts: one field of one model, in each region, with the values of the slots there.
        learned: forms that other versions have for the field; those that fit come first.
    """
    own = (form for text, given in texts for form in _of(text, given))
    return [
        form
        for form in dict.fromkeys([*learned, *sorted(own, key=_slots, reverse=True)])
        if all(written(form, given) == text for text, given in texts)
    ]


def _of(text: str, given: Values) -> Iterator[SlottedText]:
    """Yield `text` with every slot, with only those that are not ids, and unchanged."""
    regional = _replaced((text,) if text else (), {s: v for s, v in given.items() if s != ID})
    yield _replaced(regional, {ID: given[ID]})
    yield regional
    yield (text,) if text else ()


def _replaced(form: SlottedText, given: Values) -> SlottedText:
    for slot, value in sorted(given.items(), key=lambda each: -len(each[1])):
        if value:
            form = tuple(_split(form, slot, value))
    return form


def _split(form: SlottedText, slot: Slot, value: str) -> Iterator[str | Slot]:
    for piece in form:
        if isinstance(piece, Slot):
            yield piece
            continue
        first, *others = piece.split(value)
        if first:
            yield first
        for other in others:
            yield slot
            if other:
                yield other


def _slots(form: SlottedText) -> int:
    return sum(isinstance(piece, Slot) for piece in form)
