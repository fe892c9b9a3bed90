"""Two locks compared by meaning: what a change is about, not which lines differ."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qwenlock.lockfile.model import Lock, Model


@dataclass(frozen=True, slots=True)
class Change:
    """One difference.

    Attributes:
        kind: what it is about.
        action: what happened to it; `reordered` for the models of one auth type.
        name: which one, such as `openai/gpt-4o`.
        field: the dotted field that changed; empty where the whole thing did.
        old: the value before; None where there was none.
        new: the value after.
    """

    kind: Literal["client", "option", "selection", "input", "plan", "model", "variable"]
    action: Literal["added", "removed", "changed", "reordered"]
    name: str
    field: str = ""
    old: Any = None
    new: Any = None


def diff(old: Lock, new: Lock) -> list[Change]:
    """Return what has changed from `old` to `new`; nothing where they mean the same.

    The version of the lock format is no difference.
    """
    return [
        *_one("client", "client", {"client": old.client}, {"client": new.client}),
        *_one("option", "options", asdict(old.options), asdict(new.options)),
        *_one("selection", "selection", asdict(old.selection), asdict(new.selection)),
        *_many("input", _by_scope(old), _by_scope(new)),
        *_many("plan", _by_region(old), _by_region(new)),
        *_many("model", _by_name(old), _by_name(new)),
        *_reordered(old, new),
        *_many("variable", _by_variable(old), _by_variable(new)),
    ]


def _many(kind: Any, old: dict[str, Any], new: dict[str, Any]) -> Iterator[Change]:
    for name in {**old, **new}:
        if name not in new:
            yield Change(kind, "removed", name)
        elif name not in old:
            yield Change(kind, "added", name)
        elif old[name] != new[name]:
            yield from _one(kind, name, asdict(old[name]), asdict(new[name]))


def _one(kind: Any, name: str, old: dict[str, Any], new: dict[str, Any]) -> Iterator[Change]:
    if old == new:
        return
    from deepdiff import DeepDiff

    tree = DeepDiff(_present(old), _present(new), view="tree", ignore_numeric_type_changes=True)
    leaves = {
        _dotted(leaf.path(output_format="list")): (_value(leaf.t1), _value(leaf.t2))
        for category in tree.values()
        for leaf in category
    }
    for field, (before, after) in sorted(leaves.items()):
        yield Change(kind, "changed", name, field, before, after)


def _reordered(old: Lock, new: Lock) -> Iterator[Change]:
    for auth_type in dict.fromkeys(model.auth_type for model in new.models):
        before, after = _names(old, auth_type), _names(new, auth_type)
        kept, wanted = set(before), set(after)
        before = [name for name in before if name in wanted]
        after = [name for name in after if name in kept]
        if before != after:
            yield Change("model", "reordered", auth_type, "", before, after)


def _names(lock: Lock, auth_type: str) -> list[str]:
    return [name for name, model in _by_name(lock).items() if model.auth_type == auth_type]


def _by_name(lock: Lock) -> dict[str, Model]:
    named: dict[str, Model] = {}
    for model in lock.models:
        name = f"{model.auth_type}/{model.id}"
        named[f"{name} at {model.base_url}" if name in named else name] = model
    return named


def _by_scope(lock: Lock) -> dict[str, Any]:
    return {each.scope: each for each in lock.inputs}


def _by_region(lock: Lock) -> dict[str, Any]:
    return {f"{each.id} {each.region}": each for each in lock.plans}


def _by_variable(lock: Lock) -> dict[str, Any]:
    return {each.name: each for each in lock.environment}


def _present(table: dict[str, Any]) -> dict[str, Any]:
    return {key.replace("_", "-"): value for key, value in table.items() if value is not None}


def _dotted(path: list[Any]) -> str:
    return ".".join(str(step) for step in path)


def _value(value: Any) -> Any:
    return None if type(value).__name__ == "NotPresent" else value
