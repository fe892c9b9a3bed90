"""A user's edits of a plan's models: compares the template, the current and the new models.

Values are masked like excerpts, because they could hold a key.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from qwenlock.change.plan_models import by_id
from qwenlock.plans.edits import ABSENT, edits, same
from qwenlock.text.credentials import MASK, shown
from qwenlock.text.locate import Locator
from qwenlock.text.operations import get

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qwenlock.plans.edits import Edit
    from qwenlock.plans.plan import PlanModel

WHOLE = ("added", "removed", "moved")
_LONGEST = 60


class Edited(NamedTuple):
    """One edit; the values are those of a field, or None if the field is missing.

    Attributes:
        model: the model's id.
        what: `added`, `removed`, `moved` or the dotted field that changed.
        template: the value in the recorded version.
        yours: the current value.
        new: the value in the new version.
        kept: whether the edit survives the upgrade.
        retired: whether the new version does not have the model, so that the edit cannot be kept.
    """

    model: str
    what: str
    template: Any
    yours: Any
    new: Any
    kept: bool
    retired: bool

    def as_json(self) -> dict[str, Any]:
        """Return the edit in the form of reports."""
        return self._asdict()

    def __str__(self) -> str:
        """Return the edit as a clause."""
        if self.what in WHOLE:
            return f"{self.model} {self.what}"
        values = f"template {brief(self.template)}, yours {brief(self.yours)}"
        return f"{self.model} {self.what}: {values}, new {brief(self.new)}"


def compare(
    template: Sequence[PlanModel],
    ours: Sequence[PlanModel],
    new: Sequence[PlanModel],
    final: Sequence[PlanModel],
) -> list[Edited]:
    """Return the edits of `ours` relative to `template`, and whether `final` keeps them.

    A model that `template` lacks is not an edit, unless `new` would replace it: it was added
    by a user, or retired.
    """
    base, mine, newer, after = (by_id(models) for models in (template, ours, new, final))
    result = []
    for edit in edits(ours, template):
        if edit.what == "added" and edit.model not in newer:
            continue
        sides = [_value(models, edit) for models in (base, mine, newer)]
        if edit.what == "moved":
            kept = _names(mine, among=after) == _names(after, among=mine)
        else:
            kept = same(sides[1], _value(after, edit))
        was, yours, will = (None if edit.what in WHOLE else _masked(edit, each) for each in sides)
        retired = edit.model not in newer
        result.append(Edited(shown(edit.model), shown(edit.what), was, yours, will, kept, retired))
    return result


def _value(models: dict[str, PlanModel], edit: Edit) -> Any:
    return get(models, (edit.model, *edit.path), ABSENT)


def _names(models: dict[str, PlanModel], *, among: dict[str, PlanModel]) -> list[str]:
    return [name for name in models if name in among]


def _masked(edit: Edit, value: Any) -> Any:
    if value is ABSENT or value is None:
        return None
    text = json.dumps({edit.path[-1]: value})
    try:
        return json.loads(Locator(text).masked()).popitem()[1]
    except ValueError:  # a value other than a string was masked
        return MASK


def brief(value: Any) -> str:
    """Return a value of an edit as messages show it; `none` if there is none."""
    if value is None:
        return "none"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
