"""The differences of two locks: in a sentence, as a tree grouped by model, as Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from qwenlock.cli.findings import value_as_text
from qwenlock.cli.views.markdown import details, table
from qwenlock.cli.views.terminal import draw, text
from qwenlock.lock.diff import ABSENT
from qwenlock.text.foreign import clean, code
from qwenlock.text.pattern import pattern
from qwenlock.text.record import replace

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.text import Text

    from qwenlock.lock.diff import ChangeKind, LockChange

_SIGNS = {"added": "+", "removed": "-", "changed": "~", "reordered": "~"}
_STYLES = {"+": "good", "-": "error", "~": "warning"}
_PLURALS = {
    "model": "models",
    "other model": "other models",
    "variable": "variables",
    "input": "inputs",
    "plan": "plans",
}
_ORDER: tuple[ChangeKind, ...] = (
    *("model", "selection", "other model", "plan", "client", "merge"),
    *("option", "variable", "input"),
)
_MOST_LINES, _MOST_ROWS = 100, 1_000
_FOLDED: frozenset[str] = frozenset({"variable", "input"})
"""Kinds that follow from the others and are folded in Markdown."""
_USERS = "used-by"
_DIGEST = pattern("(sha256:[0-9a-f]{12})[0-9a-f]{52}")


def summary(changes: Sequence[LockChange]) -> str:
    """Summarize differences in a sentence: `2 models added, 1 removed; selection changed`."""
    if not changes:
        return "no differences"
    return "; ".join(
        _counted(kind, of_kind)
        for kind in _ORDER
        if (of_kind := [change for change in changes if change.kind == kind])
    )


def sentence(words: str) -> str:
    """Return a sentence with a capital letter and a full stop."""
    return f"{words[:1].upper()}{words[1:]}."


def _counted(kind: ChangeKind, changes: Sequence[LockChange]) -> str:
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


def changes_as_text(changes: Sequence[LockChange]) -> list[str]:
    """Return the differences of two locks, one line each; what follows from others is left out."""
    alike = _without_indices(changes)
    telling = [each for each in alike if each.kind not in _FOLDED or each.action != "changed"]
    return [_change_as_text(change) for change in telling or alike]


def first_changes_as_text(
    changes: Sequence[LockChange], most: int = _MOST_LINES, command: str = "check"
) -> list[str]:
    """Return the first of `changes_as_text`, and how many more there are and how to see them.

    Args:
        changes: the differences.
        most: how many are returned.
        command: the command that shows all as JSON.
    """
    lines = changes_as_text(changes)
    rest = len(lines) - most
    if rest > 0:
        lines[most:] = [f"… and {rest} more differences: {_see(command)}"]
    return lines


def all_changes_as_text(changes: Sequence[LockChange]) -> list[str]:
    """Return what `diff` prints: all differences, unless they are very many."""
    return first_changes_as_text(changes, _MOST_ROWS, "diff")


def _see(command: str) -> str:
    return f"run `qwenlock {command} --format json` to see all"


def _change_as_text(change: LockChange) -> str:
    name = clean(change.name)
    match change.action:
        case "added":
            return f"+ {change.kind} {name}"
        case "removed":
            return f"- {change.kind} {name}"
        case "reordered":
            of_models = change.kind == "model" and name != "auth types"
            subject = f"models of {name}" if of_models else name
            return f"~ {subject} in another order: {', '.join(map(clean, change.new))}"
        case _:
            subject = (
                change.kind
                if change.kind == name or change.kind in ("client", "merge", "option")
                else f"{change.kind} {name}"
            )
            field = f"{clean(change.field)} " if change.field else ""
            return f"~ {subject}: {field}{_value(change.old)} → {_value(change.new)}"


def draw_differences(changes: Sequence[LockChange]) -> None:
    """Draw differences as a tree, with the summary at its root."""
    from rich.console import Group
    from rich.tree import Tree

    tree = Tree(text(summary(changes), "bold"), guide_style="dim")
    alike = _without_indices(changes)
    for kind in _ORDER:
        named: dict[str, list[LockChange]] = {}
        for change in alike:
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


def _without_indices(changes: Iterable[LockChange]) -> list[LockChange]:
    """Merge the differences about the users of one variable into one.

    Its values are lists: the models that no longer use the variable, and those that do now.
    """
    merged: dict[object, LockChange] = {}
    users: dict[str, list[LockChange]] = {}
    for change in changes:
        if change.field.startswith(f"{_USERS}."):
            users.setdefault(change.name, []).append(change)
            merged[change.name] = change  # in the place of the first
        else:
            merged[len(merged)] = change
    for name, each in users.items():
        before, after = [one.old for one in each], [one.new for one in each]
        merged[name] = replace(
            each[0], field=_USERS, old=_without(before, after), new=_without(after, before)
        )
    return list(merged.values())


def _without(users: list[Any], others: list[Any]) -> Any:
    """Return the users that are not in the other list."""
    both = {ABSENT, *others}
    return [user for user in users if user not in both] or ABSENT


def _head(name: str, change: LockChange) -> Text:
    sign = _SIGNS[change.action]
    if change.action == "reordered":
        order = ", ".join(map(str, change.new))
        return text(f"{sign} {name}: another order: {order}", _STYLES[sign])
    return text(f"{sign} {name}", _STYLES[sign])


def _field(change: LockChange) -> Text:
    line = text(f"  {change.field}  ")
    line.append_text(text(_value(change.old), "error" if change.old is not ABSENT else "dim"))
    line.append(" → ")
    return line.append_text(text(_value(change.new), "good" if change.new is not ABSENT else "dim"))


def _value(value: Any) -> str:
    """Return a value as JSON; a digest is shortened."""
    return shortened(value_as_text(value))


def shortened(text: str) -> str:
    """Return a text with its digests shortened."""
    return _DIGEST.sub(r"\1…", text)


class Row(NamedTuple):
    """A difference as a row of a table; values are JSON, or empty if there is none."""

    action: str
    kind: str
    name: str
    field: str
    before: str
    after: str


def rows(changes: Iterable[LockChange]) -> list[Row]:
    """Return differences as rows, models first; a name that repeats its kind is empty."""
    alike = _without_indices(changes)
    return [
        Row(
            change.action,
            change.kind,
            "" if change.name == change.kind else change.name,
            change.field,
            *("" if each is ABSENT else _value(each) for each in (change.old, change.new)),
        )
        for kind in _ORDER
        for change in alike
        if change.kind == kind
    ]


def as_markdown(changes: Sequence[LockChange]) -> str:
    """Return differences for a pull request: the summary, a table, and a folded block."""
    if not changes:
        return "No differences.\n"
    parts = [f"**{sentence(summary(changes))}**\n"]
    first = [row for row in rows(changes) if row.kind not in _FOLDED]
    folded = [row for row in rows(changes) if row.kind in _FOLDED]
    if first:
        parts.append(_table(first))
    if folded:
        parts.append(details("Variables and inputs", _table(folded)))
    return "\n".join(parts)


def _table(rows: Sequence[Row]) -> str:
    cells = (
        [row.action, f"{row.kind} {code(row.name)}".strip(), *map(code, row[3:])]
        for row in rows[:_MOST_ROWS]
    )
    rest = len(rows) - _MOST_ROWS
    more = f"\n… and {rest} more differences: {_see('diff')}\n" if rest > 0 else ""
    return table(["", "what", "field", "before", "after"], cells) + more
