"""Compares two locks by meaning: what has changed, not which lines differ."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from qwenlock.clients.profile import GUIDE
from qwenlock.lock.model import EnvironmentVariable, Input, InstalledPlan, Lock, Model, OtherModel
from qwenlock.text.credentials import masked, shown
from qwenlock.text.record import as_dict, dataclass, replace

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ChangeKind: TypeAlias = Literal[
    "client",
    "merge",
    "option",
    "selection",
    "input",
    "plan",
    "model",
    "other model",
    "variable",
]
Part: TypeAlias = Input | InstalledPlan | Model | OtherModel | EnvironmentVariable


class Absent(Enum):
    """Represents a missing value; JSON null is a value."""

    ABSENT = "absent"


ABSENT = Absent.ABSENT
_LEFT_OUT = ""
"""What stands in place of a text that is not compared."""


@dataclass(frozen=True, slots=True)
class LockChange:
    """One difference.

    Attributes:
        kind: what it is about.
        action: what happened to it; `reordered` for the models of one auth type, the auth types,
            or all of a kind.
        name: which one, such as `openai/gpt-4o`.
        field: the dotted field that changed; empty if the whole thing did.
        old: the value before; `ABSENT` if there was none.
        new: the value after.
    """

    kind: ChangeKind
    action: Literal["added", "removed", "changed", "reordered"]
    name: str
    field: str = ""
    old: Any = ABSENT
    new: Any = ABSENT


def diff(old: Lock, new: Lock) -> list[LockChange]:
    """Return what has changed from `old` to `new`; nothing if they are the same.

    The version of the lock format is not a difference. If only one of the two is of version 1.x,
    the parts that this version cannot hold are not compared. A text that could be a credential,
    which somebody must have written into a lock by hand, is masked.
    """
    if old.is_old != new.is_old:
        was_default = GUIDE in (lock.client for lock in (old, new) if lock.is_old)
        old, new = (_comparable(lock, with_client=not was_default) for lock in (old, new))
    pairs: list[tuple[ChangeKind, dict[str, Part], dict[str, Part]]] = [
        ("input", _named(old.inputs), _named(new.inputs)),
        ("plan", _named(old.plans), _named(new.plans)),
        ("model", _named(old.models), _named(new.models)),
        ("other model", _named(old.other_models), _named(new.other_models)),
        ("variable", _named(old.environment), _named(new.environment)),
    ]
    changes = [
        *_one("client", "client", {"client": old.client}, {"client": new.client}),
        *_one("merge", "merge", {"merge": old.merge}, {"merge": new.merge}),
        *_one("option", "options", old.options, new.options),
        *_one("selection", "selection", old.selection, new.selection),
        *(change for pair in pairs[:-1] for change in _many(*pair)),
        *_models_reordered(old, new),
        *_many(*pairs[-1]),
    ]
    # The order of the others follows from that of models; alone it is the work of a hand.
    return changes or [
        change
        for kind, before, after in pairs
        for change in _reordered(kind, f"{kind}s", list(before), list(after))
    ]


def _comparable(lock: Lock, *, with_client: bool) -> Lock:
    """Return the parts of `lock` that a lock of version 1.x can hold, without a default client.

    The digests of inputs are left out, because they cover only those parts in version 1.x.
    """
    models = (
        replace(model, wire_api=None, fields={**model.fields, "wireApi": model.wire_api})
        if model.wire_api
        else model
        for model in lock.models
    )
    return replace(
        lock,
        client=lock.client if with_client else _LEFT_OUT,
        merge="replace",
        inputs=tuple(replace(each, digest=_LEFT_OUT) for each in lock.inputs),
        selection=replace(lock.selection, wire_api=None, enforced_type=None),
        models=tuple(models),
        other_models=(),
    )


def _named(parts: Sequence[Part]) -> dict[str, Part]:
    """Return parts of a lock in their order, each by a name of its own."""
    named: dict[str, Part] = {}
    for part in parts:
        name = _name(part)
        if name in named and isinstance(part, Model):
            name = f"{name} at {shown(part.base_url or 'no URL')}"
        while name in named:
            name += " again"
        named[name] = part
    return named


def _name(part: Part) -> str:
    match part:
        case Model():
            return f"{part.auth_type}/{shown(part.id)}"
        case Input():
            return part.scope
        case InstalledPlan():
            return f"{part.id} {part.region}"
        case OtherModel():
            return f"{part.role} {shown(part.name)}" if part.name else part.role
        case _:
            return part.name


def _many(kind: ChangeKind, old: dict[str, Part], new: dict[str, Part]) -> Iterator[LockChange]:
    renamed = dict(_renamed(old, new))
    for name in {**old, **new}:
        if name in renamed:
            before, after = as_dict(old[name]), as_dict(new[renamed[name]])
            yield LockChange(kind, "changed", name, "id", before["id"], after["id"])
        elif name in renamed.values():
            continue
        elif name not in new:
            yield LockChange(kind, "removed", name)
        elif name not in old:
            yield LockChange(kind, "added", name)
        else:
            yield from _one(kind, name, old[name], new[name])


def _renamed(old: dict[str, Part], new: dict[str, Part]) -> Iterator[tuple[str, str]]:
    """Yield the models of which only the id has changed, and a name that is the id.

    A model that could be several others is not one of them.
    """
    gone = {name: _without_id(old[name]) for name in old if name not in new}
    come = {name: _without_id(new[name]) for name in new if name not in old}
    for name, part in gone.items():
        alike = [other for other, added in come.items() if added == part is not None]
        if len(alike) == 1 and sum(each == part for each in gone.values()) == 1:
            yield name, alike[0]


def _without_id(part: Part) -> str | None:
    """Return a model without its id, as text; None for another part."""
    if not isinstance(part, Model):
        return None
    fields = as_dict(part)
    if fields.pop("id") == part.name:
        fields["name"] = None
    return repr(fields)


def _one(kind: ChangeKind, name: str, old: object, new: object) -> Iterator[LockChange]:
    """Yield the fields that differ in two tables or parts of a lock."""
    if _same(old, new):
        return
    from deepdiff import DeepDiff

    tree = DeepDiff(
        _present(old),
        _present(new),
        view="tree",
        ignore_private_variables=False,
        zip_ordered_iterables=True,  # else an index could be that of one list or of the other
    )
    leaves = {}
    for leaf in (leaf for category in tree.values() for leaf in category):
        path = leaf.path(output_format="list")
        leaves[_dotted(path)] = (_value(leaf.t1, path), _value(leaf.t2, path))
    for field, (before, after) in sorted(leaves.items()):
        yield LockChange(kind, "changed", name, field, before, after)


def _same(old: object, new: object) -> bool:
    """Tell whether two values are equal as JSON: to Python, true is 1 as well."""
    return repr(old) == repr(new)


def _models_reordered(old: Lock, new: Lock) -> Iterator[LockChange]:
    before, after = _by_auth_type(old), _by_auth_type(new)
    for auth_type in after:
        yield from _reordered("model", auth_type, before.get(auth_type, []), after[auth_type])
    yield from _reordered("model", "auth types", list(before), list(after))


def _by_auth_type(lock: Lock) -> dict[str, list[str]]:
    names: dict[str, list[str]] = {}
    for name, model in _named(lock.models).items():
        assert isinstance(model, Model)  # noqa: S101  (for mypy)
        names.setdefault(model.auth_type, []).append(name)
    return names


def _reordered(kind: ChangeKind, name: str, old: list[str], new: list[str]) -> Iterator[LockChange]:
    """Yield a change if the parts that are in both `old` and `new` are in another order."""
    kept, wanted = set(old), set(new)
    before = [each for each in old if each in wanted]
    after = [each for each in new if each in kept]
    if before != after:
        yield LockChange(kind, "reordered", name, "", before, after)


def _present(part: object) -> dict[str, Any]:
    """Return what a table or a part of a lock holds, with keys in kebab-case."""
    table = part if isinstance(part, dict) else as_dict(part)
    return {key.replace("_", "-"): value for key, value in table.items() if value is not None}


def _dotted(path: list[Any]) -> str:
    return ".".join(shown(str(step)) for step in path)


def _value(value: Any, path: list[Any]) -> Any:
    if type(value).__name__ == "NotPresent":
        return ABSENT
    names = [step for step in path if isinstance(step, str)]  # none if too much differs
    return masked(value, *names[-1:])
