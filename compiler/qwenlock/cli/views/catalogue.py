"""The catalogue of a lock as a table, a detailed tree, or Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qwenlock.cli.console import emit_words
from qwenlock.cli.views.markdown import details
from qwenlock.cli.views.markdown import table as markdown_table
from qwenlock.cli.views.terminal import draw, fits, is_terminal, text
from qwenlock.text.credentials import shown
from qwenlock.text.foreign import clean, code

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.table import Table
    from rich.tree import Tree

    from qwenlock.lock.model import InstalledPlan, Lock, Model

WINDOW = "contextWindowSize"

_COLUMNS = ("name", "context", "base URL", "variable", "origin", "scope")
_LEFT_OUT_FIRST = ("name", "base URL", "variable", "origin", "scope", "context")
"""The columns in the order in which a narrow terminal drops them."""


def print_table(lock: Lock) -> None:
    """Print the models in order, the selection and the plans."""
    if lock.models and is_terminal():
        _draw_table(lock)
    elif lock.models:
        _print_plain(lock)
    emit_words(f"selected: {selection(lock)}")
    for role, which in other_models(lock):
        emit_words(f"{role}: {which}")
    for plan in lock.plans:
        emit_words(f"plan: {plan_name(plan)}")


def selection(lock: Lock) -> str:
    """Return the selected model, its kind and its source, on one line."""
    chosen = lock.selection
    by = f", from {chosen.source}" if chosen.source else ""
    named = clean(shown(chosen.model)) if chosen.model else "(from the environment)"
    model = f"{clean(chosen.auth_type)}/{named}" if chosen.auth_type else named
    if chosen.kind == "provider":
        model += f" at {clean(shown(chosen.base_url))}" if chosen.base_url else ""
        model += f" by {clean(chosen.wire_api)}" if chosen.wire_api else ""
    return f"{model} ({chosen.kind}{by})"


def other_models(lock: Lock) -> Iterator[tuple[str, str]]:
    """Yield what each other model is for, and which it is, on one line."""
    for other in lock.other_models:
        role = clean(f"{other.role} {shown(other.name)}" if other.name else other.role)
        if other.model is not None:
            at = f" at {clean(shown(other.base_url))}" if other.base_url else ""
            which = f"{clean(str(other.auth_type))}/{clean(shown(other.model))}{at}"
        else:
            which = f"{clean(shown(' '.join(other.value.split(chr(0)))))} (no entry)"
        yield role, f"{which}, from {other.source}"


def plan_name(plan: InstalledPlan) -> str:
    """Return a plan with its version and region."""
    return f"{clean(plan.id)} {plan.version or '(unknown version)'}, region {clean(plan.region)}"


def window(model: Model) -> str:
    """Return the context window in tokens, with commas; empty if unknown."""
    size = (model.generation_config or {}).get(WINDOW)
    return f"{size:,}" if isinstance(size, int) and not isinstance(size, bool) else ""


def _print_plain(lock: Lock) -> None:
    from qwenlock.cli.table import emit_table

    rows = [
        [
            "*" if lock.selects(model) else "",
            model.auth_type,
            clean(shown(model.id)),
            clean(shown(model.name or model.id)),
            clean(shown(model.base_url or "")),
            model.env_key or "",
            model.origin,
            model.scope,
        ]
        for model in lock.models
    ]
    head = ["", "auth type", "id", "name", "base URL", "variable", "origin", "scope"]
    emit_table(head, rows)


def _draw_table(lock: Lock) -> None:
    """Draw the table with as many columns as fit the terminal."""
    left_out = [name for name in _LEFT_OUT_FIRST if not any(_tells(name, m) for m in lock.models)]
    waiting = [name for name in _LEFT_OUT_FIRST if name not in left_out]
    missing: list[str] = []
    drawn = _table(lock, left_out)
    while waiting and not fits(drawn):
        missing.append(waiting.pop(0))
        drawn = _table(lock, [*left_out, *missing])
    draw(drawn)
    if missing:
        hint = f"no room for {', '.join(missing)}: run `qwenlock show --tree` to see everything"
        draw(text(hint, "dim"))


def _tells(column: str, model: Model) -> bool:
    """Tell whether a column adds something about `model` that the others do not show."""
    said = {"name": model.name not in (None, model.id), "context": bool(window(model))}
    return said.get(column, True)


def _table(lock: Lock, left_out: Sequence[str]) -> Table:
    from rich import box
    from rich.table import Table

    columns = [name for name in _COLUMNS if name not in left_out]
    drawn = Table(box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    for name in ["", "auth type", "id", *columns]:
        drawn.add_column(name, overflow="fold", justify="right" if name == "context" else "left")
    before = None
    for model in lock.models:
        selected = lock.selects(model)
        if before not in (None, model.auth_type):
            drawn.add_section()
        auth_type = model.auth_type if before != model.auth_type else ""
        before = model.auth_type
        cells = {
            "name": text(shown(model.name or model.id)),
            "context": text(window(model)),
            "base URL": text(shown(model.base_url or ""), "dim"),
            "variable": text(model.env_key or ""),
            "origin": text(model.origin, "dim" if model.origin == "custom" else "note"),
            "scope": text(model.scope, "dim"),
        }
        drawn.add_row(
            text("*" if selected else "", "bold green"),
            text(auth_type, "bold"),
            text(shown(model.id), "bold green" if selected else ""),
            *(cells[name] for name in columns),
        )
    return drawn


def draw_tree(lock: Lock, hidden: Sequence[str]) -> None:
    """Draw everything in the lock as a tree.

    Args:
        lock: the lock.
        hidden: the models that REPLACE hides, as `auth-type/id`.
    """
    from rich.tree import Tree

    tree = Tree(text(f"compiled for {lock.client}", "bold"), guide_style="dim")
    types: dict[str, Tree] = {}
    for model in lock.models:
        if model.auth_type not in types:
            types[model.auth_type] = tree.add(text(model.auth_type, "bold"))
        _add_model(types[model.auth_type], model, lock)
    tree.add(text(f"selected: {selection(lock)}"))
    for role, which in other_models(lock):
        tree.add(text(f"{role}: {which}"))
    for plan in lock.plans:
        tree.add(text(f"plan: {plan_name(plan)}"))
    _add_list(tree, "hidden by REPLACE", hidden)
    users = [
        f"{each.name}, used by {', '.join(map(shown, each.used_by))}" for each in lock.environment
    ]
    _add_list(tree, "variables", users)
    draw(tree)


def _add_model(branch: Tree, model: Model, lock: Lock) -> None:
    from rich.console import Group
    from rich.table import Table

    selected = lock.selects(model)
    name = text(shown(model.id), "bold green" if selected else "bold")
    grid = Table.grid(padding=(0, 2))
    for key, value in facts(model, lock):
        grid.add_row(text(key, "dim"), text(value))
    branch.add(Group(name.append(" (selected)") if selected else name, grid))


def facts(model: Model, lock: Lock) -> Iterator[tuple[str, str]]:
    """Yield a model's properties as pairs of a label and a value; secrets are masked."""
    if model.name not in (None, model.id):
        yield "name", shown(str(model.name))
    yield "endpoint", shown(model.base_url or "") or "(of the auth type)"
    yield "variable", model.env_key or "(of the auth type)"
    if window(model):
        yield "context window", f"{window(model)} tokens"
    plans = [plan for plan in lock.plans if plan.id == model.origin]
    yield "origin", plan_name(plans[0]) if len(plans) == 1 else model.origin
    yield "scope", model.scope
    yield from more(model)


def more(model: Model) -> Iterator[tuple[str, str]]:
    """Yield the other options of an entry, except the context window, as pairs of key and JSON."""
    for table in (model.generation_config or {}, model.capabilities or {}, model.fields):
        for key, value in table.items():
            if key != WINDOW or not window(model):
                yield shown(key), as_json(value, key)


def as_json(value: Any, key: str) -> str:
    """Return a value as JSON on one line, with possible credentials masked."""
    import json

    from qwenlock.text.credentials import masked

    return json.dumps(masked(value, key), ensure_ascii=False)


def _add_list(tree: Tree, title: str, items: Sequence[str]) -> None:
    if items:
        branch = tree.add(text(title, "bold"))
        for item in items:
            branch.add(text(item))


def as_markdown(lock: Lock) -> str:
    """Return the catalogue as Markdown: a table, and each model's options in a folded block."""
    lines = [f"- selected: {code(selection(lock))}\n"]
    lines += [f"- {role}: {code(which)}\n" for role, which in other_models(lock)]
    lines += [f"- plan: {code(plan_name(plan))}\n" for plan in lock.plans]
    if lock.models:
        lines += ["\n", markdown_models(lock)]
    options = markdown_options(lock)
    if options:
        lines += ["\n", details("Options of the models", options)]
    return "".join(lines)


def markdown_models(lock: Lock) -> str:
    """Return the models in order as a table."""
    head = ["", "auth type", "model", "context", "endpoint", "variable", "origin", "scope"]
    rows = [
        [
            "**✓**" if lock.selects(model) else "",
            code(model.auth_type),
            code(shown(model.id)),
            window(model),
            code(shown(model.base_url or "")),
            code(model.env_key or ""),
            code(model.origin),
            model.scope,
        ]
        for model in lock.models
    ]
    return markdown_table(head, rows)


def markdown_options(lock: Lock) -> str:
    """Return the models' other options as a table; empty if there are none."""
    rows = [
        [code(f"{model.auth_type}/{shown(model.id)}"), code(key), code(value)]
        for model in lock.models
        for key, value in more(model)
    ]
    return markdown_table(["model", "option", "value"], rows) if rows else ""
