"""The differences of two locks: in a sentence, as a tree grouped by model, as Markdown."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from qwenlock.cli.report import value_as_text
from qwenlock.cli.views.markdown import code, details, table
from qwenlock.cli.views.terminal import draw, text
from qwenlock.lockfile.diff import ABSENT

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.text import Text

    from qwenlock.lockfile.diff import Change, Kind

_SIGNS = {"added": "+", "removed": "-", "changed": "~", "reordered": "~"}
_STYLES = {"+": "good", "-": "error", "~": "warning"}
_PLURALS = {"model": "models", "variable": "variables", "input": "inputs", "plan": "plans"}
_ORDER: tuple[Kind, ...] = ("model", "selection", "plan", "client", "option", "variable", "input")
_FOLDED: frozenset[Kind] = frozenset({"variable", "input"})
"""What follows from the rest, and is folded away in Markdown."""
_USERS = "used-by"
_DIGEST = re.compile("(sha256:[0-9a-f]{12})[0-9a-f]{52}")


def summary(changes: Sequence[Change]) -> str:
    """Return differences in a sentence: `2 models added, 1 removed; selection changed`."""
    if not changes:
        return "no differences"
    return "; ".join(
        _counted(kind, of_kind)
        for kind in _ORDER
        if (of_kind := [change for change in changes if change.kind == kind])
    )


def _counted(kind: Kind, changes: Sequence[Change]) -> str:
    actions = {change.action: None for change in changes}
    if kind not in _PLURALS:
        return f"{'options' if kind == 'option' else kind} changed"
    words, noun = [], True
    for action in ("added", "removed", "changed"):
        count = len({change.name for change in changes if change.action == action})
        if count:
            named = f" {_PLURALS[kind] if count > 1 else kind}" if noun else ""
            words.append(f"{count}{named} {action}")
            noun = False
    if "reordered" in actions:
        words.append(f"{_PLURALS[kind]} in another order" if noun else "in another order")
    return ", ".join(words)


def draw_differences(changes: Sequence[Change]) -> None:
    """Draw differences as a tree of what changed, with the sentence at its root."""
    from rich.console import Group
    from rich.tree import Tree

    tree = Tree(text(summary(changes), "bold"), guide_style="dim")
    for kind in _ORDER:
        named: dict[str, list[Change]] = {}
        for change in _without_indices(changes):
            if change.kind == kind:
                named.setdefault(change.name, []).append(change)
        branch = tree
        if kind in _PLURALS and named:
            branch = tree.add(text(_PLURALS[kind], "bold"))
        for name, about in named.items():
            head = _head(name, about[0])
            fields = [change for change in about if change.action == "changed"]
            branch.add(Group(head, *map(_field, fields)))
    draw(tree)


def _without_indices(changes: Iterable[Change]) -> list[Change]:
    """Return differences with one for all that uses a variable, where each place in the list was.

    The values are then lists: of what does not use it any more, and of what does now.
    """
    result: list[Change] = []
    users: dict[str, tuple[int, list[Any], list[Any]]] = {}
    for change in changes:
        if not change.field.startswith(f"{_USERS}."):
            result.append(change)
            continue
        if change.name not in users:
            users[change.name] = (len(result), [], [])
            result.append(change)
        index, before, after = users[change.name]
        before.append(change.old)
        after.append(change.new)
        result[index] = replace(
            change, field=_USERS, old=_without(before, after), new=_without(after, before)
        )
    return result


def _without(users: list[Any], others: list[Any]) -> Any:
    return [user for user in users if user is not ABSENT and user not in others] or ABSENT


def _head(name: str, change: Change) -> Text:
    sign = _SIGNS[change.action]
    if change.action == "reordered":
        order = ", ".join(map(str, change.new))
        return text(f"{sign} {name}: another order: {order}", _STYLES[sign])
    return text(f"{sign} {name}", _STYLES[sign])


def _field(change: Change) -> Text:
    line = text(f"  {change.field}  ")
    line.append_text(text(_value(change.old), "error" if change.old is not ABSENT else "dim"))
    line.append(" → ")
    return line.append_text(text(_value(change.new), "good" if change.new is not ABSENT else "dim"))


def _value(value: Any) -> str:
    """Return a value as JSON; of a digest the beginning, which tells enough."""
    return _DIGEST.sub(r"\1…", value_as_text(value))


def as_markdown(changes: Sequence[Change]) -> str:
    """Return differences for a pull request: the sentence, a table, and what follows folded."""
    if not changes:
        return "No differences.\n"
    sentence = summary(changes)
    parts = [f"**{sentence[0].upper()}{sentence[1:]}.**\n"]
    alike = _without_indices(changes)
    first = [change for kind in _ORDER for change in alike if change.kind == kind]
    folded = [change for change in first if change.kind in _FOLDED]
    first = [change for change in first if change.kind not in _FOLDED]
    if first:
        parts.append(_rows(first))
    if folded:
        parts.append(details("Variables and inputs", _rows(folded)))
    return "\n".join(parts)


def _rows(changes: Iterable[Change]) -> str:
    rows = []
    for change in changes:
        what = change.kind if change.kind == change.name else f"{change.kind} {code(change.name)}"
        values = (change.old, change.new)
        before, after = ("" if value is ABSENT else code(_value(value)) for value in values)
        rows.append([change.action, what, code(change.field), before, after])
    return table(["", "what", "field", "before", "after"], rows)
